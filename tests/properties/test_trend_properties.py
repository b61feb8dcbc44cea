"""What every trend measure must satisfy: scale, order, gaps, and its level on data with no signal."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.measures import change_points, control_charts, forecasts, near_repeat, trends

FAST = settings(max_examples=20, deadline=None)
SERIES = st.lists(st.integers(1, 200), min_size=24, max_size=48)
SEEDS = st.integers(0, 2**32 - 1)


def _frame(values):
    return pd.DataFrame(
        {"month": pd.date_range("2018-01-01", periods=len(values), freq="MS"), "count": np.asarray(values, float)}
    )


@FAST
@given(SERIES, st.integers(2, 9))
def test_multiplying_counts_leaves_the_ratio_of_periods(values, factor):
    one, two = (trends.compare_periods(_frame(np.array(values) * by)).iloc[0] for by in (1, factor))
    assert two["value"] == pytest.approx(one["value"])
    assert two["dispersion"] == pytest.approx(one["dispersion"] * factor, abs=1e-9)
    assert one["lower_ci"] <= one["value"] <= one["upper_ci"]


@FAST
@given(SERIES, st.data())
def test_a_missing_month_is_the_same_absent_or_blank_and_never_zero(values, data):
    frame = _frame(values)
    lost = data.draw(st.integers(len(values) - 12, len(values) - 2))
    absent = trends.compare_periods(frame.drop(index=lost)).iloc[0]
    blank = trends.compare_periods(frame.assign(count=frame["count"].where(frame.index != lost))).iloc[0]
    zero = trends.compare_periods(frame.assign(count=frame["count"].where(frame.index != lost, 0.0))).iloc[0]
    assert absent["value"] == blank["value"]
    assert absent["months_missing"] == 1
    assert zero["months_missing"] == 0
    assert absent["denominator"] == zero["denominator"] - values[lost - 12]


@FAST
@given(SERIES, st.randoms(use_true_random=False))
def test_the_order_of_rows_means_nothing(values, random):
    frame = _frame(values)
    order = list(frame.index)
    random.shuffle(order)
    mixed = frame.loc[order]
    pd.testing.assert_frame_equal(trends.compare_periods(frame), trends.compare_periods(mixed))
    pd.testing.assert_frame_equal(control_charts.xmr(frame, value="count"), control_charts.xmr(mixed, value="count"))


@FAST
@given(SERIES, st.floats(-50, 50), st.floats(0.1, 20))
def test_control_limits_move_and_scale_with_the_series(values, shift, scale):
    one = control_charts.xmr_limits(values).iloc[0]
    two = control_charts.xmr_limits(np.array(values) * scale + shift).iloc[0]
    for name in ("mean", "lower", "upper"):
        assert two[name] == pytest.approx(one[name] * scale + shift, rel=1e-6, abs=1e-6)


@FAST
@given(SERIES)
def test_turning_a_chart_over_turns_its_signals_over(values):
    up = control_charts.xmr(_frame(values), value="count")
    down = control_charts.xmr(_frame(values).assign(count=lambda f: -f["count"]), value="count")
    assert up["rule"].tolist() == down["rule"].tolist()
    assert up["direction"].tolist() == [-one for one in down["direction"]]


@FAST
@given(SERIES)
def test_a_deseasonalised_series_keeps_its_gaps_and_its_season_averages_one(values):
    frame = _frame(values)
    frame.loc[5, "count"] = np.nan
    out = control_charts.deseasonalise(frame)
    assert out["deseasonalised"].isna().tolist() == out["count"].isna().tolist()
    assert out["seasonal_factor"].head(12).mean() == pytest.approx(1)


@FAST
@given(SERIES, st.integers(2, 5))
def test_change_points_do_not_depend_on_the_unit(values, factor):
    one = change_points.change_points(_frame(values))
    two = change_points.change_points(_frame(np.array(values) * factor))
    assert one["position"].tolist() == two["position"].tolist()
    assert (one["position"].diff().dropna() >= 6).all()


@FAST
@given(SERIES)
def test_wider_levels_hold_narrower_ones_in_a_forecast(values):
    out = forecasts.forecast(_frame(values))
    narrow, wide = (out[out["confidence"] == level].reset_index(drop=True) for level in (0.8, 0.95))
    assert (wide["lower_ci"] <= narrow["lower_ci"]).all()
    assert (wide["upper_ci"] >= narrow["upper_ci"]).all()


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_shuffled_dates_have_a_knox_ratio_near_one(seed):
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60, 150), unit="D")
    frame = pd.DataFrame({"x": rng.uniform(0, 1_000, 150), "y": rng.uniform(0, 1_000, 150), "date": days})
    out = near_repeat.knox_table(frame, space_breaks=[0, 300, np.inf], time_breaks=[0, 14, np.inf])
    assert out["value"].between(0.8, 1.2).all()
    moved = near_repeat.knox_table(
        frame.assign(x=frame["x"] + 5_000), space_breaks=[0, 300, np.inf], time_breaks=[0, 14, np.inf]
    )
    assert out["numerator"].tolist() == moved["numerator"].tolist()


def test_intervals_of_trends_cover_what_they_claim_on_null_data():
    rng = np.random.default_rng(20)
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    series = pd.DataFrame({"s": np.repeat(range(3_000), 24), "month": np.tile(months, 3_000)})
    season = np.tile(30 * (1 + 0.3 * np.sin(np.arange(24) * np.pi / 6)), 3_000)
    for counts in (rng.poisson(season), rng.negative_binomial(10, 10 / (10 + season))):
        out = trends.compare_periods(series.assign(count=counts), by="s")
        assert 0.93 <= ((out["lower_ci"] < 1) & (out["upper_ci"] > 1)).mean() <= 0.97
    years = pd.DataFrame({"s": np.repeat(range(3_000), 10), "year": np.tile(range(10), 3_000)})
    out = trends.annual_trend(years.assign(count=rng.poisson(40, 30_000)), by="s")
    assert 0.93 <= ((out["lower_ci"] < 1) & (out["upper_ci"] > 1)).mean() <= 0.97
