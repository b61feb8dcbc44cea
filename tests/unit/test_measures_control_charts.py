import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures import control_charts as charts


def _chart(values, **options):
    return charts.xmr(pd.DataFrame({"value": values, "time": range(len(values))}), time="time", **options)


def test_limits_are_the_mean_and_2_66_mean_moving_ranges():
    limits = charts.xmr_limits([1, 3, 2, 4, 5, 3], screen=False).iloc[0]
    assert limits["mean"] == 3
    assert limits["mean_moving_range"] == pytest.approx(1.6)
    assert limits["upper"] == pytest.approx(3 + 2.66 * 1.6)


def test_one_spike_is_screened_out_of_the_moving_ranges_once():
    values = [10, 11, 10, 9, 10, 11, 10, 9, 10, 60, 10, 11, 10, 9, 10, 11, 10, 9, 10, 11]
    wide, narrow = (charts.xmr_limits(values, screen=screen).iloc[0] for screen in (False, True))
    assert narrow["mean_moving_range"] < 1.2 < wide["mean_moving_range"]
    assert narrow["mean"] == wide["mean"]


def test_signals_by_priority():
    rising = _chart([5, 4, 6, 5, 4, 1, 2, 3, 4, 5, 6, 7, 5, 4, 6, 5], screen=False)
    assert (rising.loc[5:11, "rule"].isin(["trend of seven", "outside limits"])).all()
    assert (rising.loc[6:10, "direction"] == 1).all()
    shifted = _chart([1, 2, 1, 2, 1, 2, 1, 3.0, 3.2, 3.1, 3.0, 3.2, 3.1, 3.0])
    assert shifted.loc[7:, "rule"].ne("").all()


def test_an_outlier_outranks_other_rules_and_good_depends_on_direction():
    values = [10, 11, 9, 10, 11, 9, 10, 11, 9, 40]
    down, up = (_chart(values, improvement=way).iloc[-1] for way in ("low", "high"))
    assert down["rule"] == "outside limits"
    assert (down["point_type"], up["point_type"]) == ("concern", "improvement")


def test_a_missing_month_has_no_moving_range_and_breaks_a_run():
    months = pd.date_range("2020-01-01", periods=14, freq="MS")
    values = [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 5, 4, 5, 4]
    frame = pd.DataFrame({"month": months, "value": values})
    assert charts.xmr(frame).loc[:6, "rule"].isin(["trend of seven", "outside limits"]).all()
    gap = charts.xmr(frame.drop(index=3))
    assert gap.loc[3, "point_type"] == "missing"
    assert gap.loc[[3, 4], "moving_range"].isna().all()
    assert not (gap["rule"] == "trend of seven").any()


def test_rebasing_computes_new_limits_from_the_date_given():
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    values = np.r_[np.tile([10.0, 12.0], 6), np.tile([20.0, 22.0], 6)]
    out = charts.xmr(pd.DataFrame({"month": months, "value": values}), rebase=["2021-01-01"])
    assert out.groupby("segment")["mean"].first().tolist() == [11, 21]
    assert (out["rule"] == "").all()


def test_a_baseline_fixes_the_limits():
    out = _chart([10, 12, 10, 12, 10, 12, 30, 31, 30], baseline_points=6)
    assert (out["mean"] == 11).all()
    assert (out.loc[6:, "rule"] == "outside limits").all()


def test_many_series_are_charted_apart():
    one = pd.DataFrame({"area": "a", "time": range(9), "value": [1, 2, 1, 2, 1, 2, 1, 2, 1]})
    both = charts.xmr(pd.concat([one, one.assign(area="b", value=one["value"] * 10)]), by="area", time="time")
    assert both.groupby("area")["mean"].first().tolist() == [pytest.approx(13 / 9), pytest.approx(130 / 9)]


def test_deseasonalising_removes_a_season_and_not_a_trend():
    t = np.arange(60)
    season = np.tile([0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8], 5)
    frame = pd.DataFrame({"month": pd.date_range("2019-01-01", periods=60, freq="MS"), "count": (100 + 2 * t) * season})
    out = charts.deseasonalise(frame)
    np.testing.assert_allclose(out["seasonal_factor"].head(12), season[:12], atol=0.01)
    np.testing.assert_allclose(out["deseasonalised"], 100 + 2 * t, rtol=0.02)


def test_a_missing_month_stays_missing_when_the_season_is_taken_out():
    frame = pd.DataFrame({"month": pd.date_range("2019-01-01", periods=36, freq="MS"), "count": 10.0}).drop(index=7)
    out = charts.deseasonalise(frame).set_index("month")
    assert np.isnan(out.loc["2019-08-01", "deseasonalised"])
    assert out["deseasonalised"].notna().sum() == 35


def test_a_season_needs_two_years():
    frame = pd.DataFrame({"month": pd.date_range("2019-01-01", periods=20, freq="MS"), "count": 1.0})
    with pytest.raises(SnaError, match="two years"):
        charts.deseasonalise(frame)


def test_a_long_wait_is_a_signal_on_the_t_chart():
    days = np.cumsum([0, 20, 30, 25, 22, 28, 31, 19, 24, 26, 900])
    out = charts.t_chart(pd.DataFrame({"date": pd.Timestamp("2015-01-01") + pd.to_timedelta(days, unit="D")}))
    assert out["point_type"].tolist()[-1] == "longer than expected"
    assert (out["point_type"].iloc[:-1] == "common cause").all()
    assert out["value"].iloc[0] == 20


def test_the_g_chart_follows_the_geometric_distribution():
    out = charts.g_chart(pd.DataFrame({"event": range(4), "cases_between": [0, 2, 4, 6]})).iloc[0]
    assert out["mean"] == 3
    assert out["upper_ci"] == pytest.approx(3 + 3 * np.sqrt(12))
    assert out["lower_ci"] == 0


def test_a_target_is_judged_against_the_limits_of_its_segment():
    values = [50.0, 52, 49, 51, 50, 48, 51, 30, 31, 29, 30, 32, 31, 30]
    frame = pd.DataFrame({"month": pd.date_range("2020-01-01", periods=14, freq="MS"), "value": values})
    out = charts.xmr(frame, rebase=["2020-08-01"], improvement="low", target=40)
    assert out["assurance"].tolist() == ["consistent_fail"] * 7 + ["consistent_pass"] * 7
    with pytest.raises(SnaError, match="improvement"):
        charts.xmr(frame, target=40)
