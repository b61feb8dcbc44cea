import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures import trends
from svd_lib.vocabulary import RESULT_COLUMNS

MONTHS = pd.date_range("2020-01-01", periods=36, freq="MS")


def _series(seed=1, months=MONTHS, mean=50.0):
    return pd.DataFrame(
        {"month": months, "count": np.random.default_rng(seed).poisson(mean, len(months)).astype(float)}
    )


def test_a_month_without_rows_is_zero_only_when_its_file_is_held():
    rows = pd.DataFrame(
        {
            "lsoa": ["a", "a", "b"],
            "month": pd.to_datetime(["2020-01-01", "2020-04-01", "2020-04-01"]),
            "count": [3, 2, 1],
        }
    )
    held = [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-01"), pd.Timestamp("2020-04-01")]
    out = trends.monthly_series(rows, held, by="lsoa").pivot(index="lsoa", columns="month", values="count")
    assert out.loc["a"].fillna(-1).tolist() == [3, 0, -1, 2]
    assert out.loc["b"].fillna(-1).tolist() == [0, 0, -1, 1]


def test_events_in_a_month_that_is_not_held_are_refused():
    rows = pd.DataFrame({"month": pd.to_datetime(["2020-02-01"]), "count": [1]})
    with pytest.raises(SnaError, match="not listed as held"):
        trends.monthly_series(rows, [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-03-01")])


def test_comparing_periods_is_the_quasi_poisson_regression_on_period_and_month():
    rows = _series()
    out = trends.compare_periods(rows).iloc[0]
    recent = rows.tail(24).assign(period=lambda f: (f["month"] >= "2022-01-01").astype(float))
    design = pd.get_dummies(recent["month"].dt.month, dtype=float).assign(period=recent["period"])
    fit = sm.GLM(recent["count"], design, family=sm.families.Poisson()).fit(scale="X2")
    reach = stats.t.ppf(0.975, 11) * fit.bse["period"]
    assert out["value"] == pytest.approx(np.exp(fit.params["period"]))
    assert out["dispersion"] == pytest.approx(fit.scale)
    assert out["lower_ci"] == pytest.approx(np.exp(fit.params["period"] - reach))
    assert list(RESULT_COLUMNS) == [name for name in out.index if name in RESULT_COLUMNS]


def test_a_missing_month_takes_its_partner_with_it():
    rows = _series()
    gap = rows[rows["month"] != "2022-03-01"]
    blank = rows.assign(count=rows["count"].where(rows["month"] != "2022-03-01"))
    out = trends.compare_periods(gap).iloc[0]
    pd.testing.assert_series_equal(out, trends.compare_periods(blank).iloc[0])
    kept = rows[rows["month"].dt.month != 3].set_index("month")["count"]
    assert out["numerator"] == kept["2022"].sum()
    assert out["denominator"] == kept["2021"].sum()
    assert (out["months_compared"], out["months_missing"]) == (11, 1)


def test_periods_years_apart_and_quarters_can_be_compared():
    quarters = _series(months=pd.date_range("2010-04-01", periods=40, freq="3MS"))
    out = trends.compare_periods(quarters, end="2018-01-01", previous_end="2014-01-01").iloc[0]
    values = quarters.set_index("month")["count"]
    assert out["numerator"] == values["2017-04":"2018-01"].sum()
    assert out["denominator"] == values["2013-04":"2014-01"].sum()
    assert (out["months_compared"], out["months_missing"]) == (4, 0)


def test_periods_a_few_months_apart_are_refused():
    with pytest.raises(SnaError, match="whole years apart"):
        trends.compare_periods(_series(), previous_end="2022-06-01")


def test_two_rows_for_one_month_are_refused():
    with pytest.raises(SnaError, match="two rows for one time"):
        trends.compare_periods(pd.concat([_series(), _series()]))


def test_comparing_nothing_gives_a_missing_ratio():
    rows = _series().assign(count=0.0)
    assert np.isnan(trends.compare_periods(rows).loc[0, "value"])


def test_same_months_are_compared_where_both_are_held():
    rows = _series()
    gap = rows[rows["month"] != "2021-05-01"]
    out = trends.same_month_comparison(gap)
    assert len(out) == 24 - 2
    first = out.iloc[0]
    assert first["value"] == pytest.approx(rows.loc[12, "count"] / rows.loc[0, "count"])
    assert first["previous_month"] == pd.Timestamp("2020-01-01")


def test_a_rolling_total_with_a_gap_is_missing():
    rows = _series()
    out = trends.rolling_totals(rows[rows["month"] != "2021-05-01"]).set_index("month")
    assert out.loc["2020-12-01", "total"] == rows["count"].head(12).sum()
    assert out.loc["2021-05-01":"2022-04-01", "total"].isna().all()
    assert out.loc["2022-12-01", "total"] == rows["count"].tail(12).sum()


def test_an_index_is_100_in_its_base_and_missing_where_the_count_is():
    rows = pd.DataFrame({"year": [2015, 2016, 2017], "count": [200, None, 300], "population": [100, 100, 120]})
    out = trends.index_series(rows, base=2015, population="population").set_index("year")
    assert out.loc[2015, ["lower_ci", "value", "upper_ci"]].tolist() == [100, 100, 100]
    assert np.isnan(out.loc[2016, "value"])
    assert out.loc[2017, "value"] == pytest.approx(125)
    with pytest.raises(SnaError, match="stand for 100"):
        trends.index_series(rows, base=2014)


def test_annual_trends_of_many_series_are_the_regressions_one_by_one():
    rng = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "area": np.repeat(list("abc"), 8),
            "year": np.tile(np.arange(2015, 2023), 3),
            "count": rng.poisson(40, 24).astype(float),
            "population": rng.integers(900, 1_100, 24),
        }
    )
    rows.loc[3, "count"] = np.nan
    out = trends.annual_trend(rows, by="area", population="population").set_index("area")
    for area, part in rows.dropna().groupby("area"):
        design = sm.add_constant(part["year"].astype(float) - 2018)
        fit = sm.GLM(part["count"], design, family=sm.families.Poisson(), offset=np.log(part["population"])).fit(
            scale="X2"
        )
        assert out.loc[area, "value"] == pytest.approx(np.exp(fit.params["year"]), rel=1e-8)
        assert out.loc[area, "dispersion"] == pytest.approx(fit.scale, rel=1e-8)
        reach = stats.t.ppf(0.975, len(part) - 2) * fit.bse["year"]
        assert out.loc[area, "upper_ci"] == pytest.approx(np.exp(fit.params["year"] + reach), rel=1e-7)


def test_two_years_make_no_trend():
    out = trends.annual_trend(pd.DataFrame({"year": [2015, 2016], "count": [3, 4]}))
    assert np.isnan(out.loc[0, "value"])


def test_a_decomposition_adds_up_and_keeps_a_gap():
    t = np.arange(60)
    rows = pd.DataFrame(
        {
            "month": pd.date_range("2018-01-01", periods=60, freq="MS"),
            "count": np.exp(4 + 0.01 * t + 0.3 * np.sin(np.pi * t / 6)),
        }
    )
    rows.loc[30, "count"] = np.nan
    out = trends.decompose(rows)
    whole = out["trend"] + out["seasonal"] + out["remainder"]
    np.testing.assert_allclose(whole.drop(30), np.log(rows["count"]).drop(30))
    assert np.isnan(out.loc[30, "remainder"]) and out.loc[30, "is_bridged"]
    strong = trends.component_strengths(out).iloc[0]
    assert strong["strength_seasonal"] > 0.95
    assert strong["strength_trend"] > 0.95


def test_mstl_returns_a_season_for_each_period():
    rows = _series(months=pd.date_range("2012-01-01", periods=96, freq="MS"))
    out = trends.decompose(rows, periods=(6, 12), seasonal=13)
    np.testing.assert_allclose(out["seasonal"], out["seasonal_6"] + out["seasonal_12"])


def test_zero_has_no_logarithm():
    with pytest.raises(SnaError, match="no logarithm"):
        trends.decompose(_series().assign(count=0))
