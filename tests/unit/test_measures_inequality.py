import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures import inequality, rates


def _areas(n=250, seed=1, slope=0.4):
    rng = np.random.default_rng(seed)
    income, health = rng.normal(size=n), rng.normal(size=n)
    population = rng.integers(1_000, 2_000, n)
    count = rng.poisson(population * 0.02 * np.exp(slope * income))
    return pd.DataFrame({"income": income, "health": health, "population": population, "count": count})


def test_quantile_rate_ratios_compare_with_the_least_deprived():
    frame = pd.DataFrame({"quantile": [1, 2, 3], "count": [90, 60, 30], "population": [1_000, 1_000, 1_000]})
    out = inequality.quantile_rate_ratios(frame)
    assert out["value"].tolist() == [3, 2, 1]
    assert out.loc[2, ["lower_ci", "upper_ci"]].tolist() == [1, 1]
    assert out["rate"].tolist() == [90, 60, 30]
    assert out.loc[0, "lower_ci"] == pytest.approx(3 * np.exp(-1.959964 * np.sqrt(1 / 90 + 1 / 30)), rel=1e-6)


def test_areas_that_differ_within_a_quantile_widen_its_interval():
    areas = rates.quantiles(_areas(), "income", first="highest")
    wide = inequality.quantile_rate_ratios(areas)
    plain = inequality.quantile_rate_ratios(areas, dispersion=1)
    assert wide["dispersion"].iloc[0] > 1
    assert wide.loc[0, "upper_ci"] > plain.loc[0, "upper_ci"]
    assert wide.loc[0, "value"] == plain.loc[0, "value"] > 1.5


def test_an_area_with_a_missing_count_leaves_with_its_population():
    frame = pd.DataFrame({"quantile": [1, 1, 2], "count": [10, None, 10], "population": [100, 900, 100]})
    assert inequality.quantile_rate_ratios(frame).loc[0, "value"] == 1


def test_an_absent_reference_is_refused():
    with pytest.raises(SnaError, match="quantile 5"):
        inequality.quantile_rate_ratios(pd.DataFrame({"quantile": [1], "count": [1], "population": [1]}), reference=5)


def test_the_slope_of_a_straight_line_is_its_slope():
    frame = pd.DataFrame({"quantile": range(1, 6), "denominator": 100, "value": [9, 7, 5, 3, 1]})
    out = inequality.slope_index(frame, limits=None).set_index("index")
    assert out.loc["SII", "value"] == pytest.approx(-10)
    assert out.loc["SII", "intercept"] == pytest.approx(10)
    assert out.loc["RII", "value"] == pytest.approx(0, abs=1e-9)


def test_the_rates_of_quantiles_go_straight_into_the_slope_index():
    frame = pd.DataFrame({"quantile": range(1, 6), "count": [90, 70, 50, 40, 30], "population": 10_000})
    by_rate = rates.crude_rate(frame)
    delta = inequality.slope_index(by_rate, scale="log", transform=True).set_index("index")
    drawn = inequality.slope_index(by_rate, scale="log", transform=True, rng=np.random.default_rng(1)).set_index(
        "index"
    )
    assert delta.loc["RII", "value"] == drawn.loc["RII", "value"] < 0.4
    np.testing.assert_allclose(delta["lower_ci"], drawn["lower_ci"], rtol=0.05)
    np.testing.assert_allclose(delta["upper_ci"], drawn["upper_ci"], rtol=0.05)


def test_a_negative_multiplier_turns_the_index_over():
    frame = pd.DataFrame({"quantile": [1, 2, 3], "denominator": [5, 6, 7], "value": [3.0, 2.0, 1.5]})
    plain, turned = (inequality.slope_index(frame, limits=None, multiplier=by).set_index("index") for by in (1, -1))
    assert turned.loc["SII", "value"] == -plain.loc["SII", "value"]
    assert turned.loc["RII", "value"] == pytest.approx(1 / plain.loc["RII", "value"])


def test_groups_and_levels_make_rows_of_their_own():
    frame = pd.DataFrame(
        {
            "area": ["a"] * 3 + ["b"] * 3,
            "quantile": [1, 2, 3] * 2,
            "denominator": 10,
            "value": [3, 2, 1, 6, 4, 2],
            "se": 0.1,
        }
    )
    out = inequality.slope_index(frame, by="area", error="se", confidence=(0.95, 0.99))
    assert len(out) == 8
    sii = out[out["index"] == "SII"].set_index(["area", "confidence"])
    assert sii.loc[("b", 0.95), "value"] == pytest.approx(2 * sii.loc[("a", 0.95), "value"])
    assert sii.loc[("a", 0.99), "lower_ci"] < sii.loc[("a", 0.95), "lower_ci"]


def test_a_missing_quantile_value_is_refused():
    with pytest.raises(SnaError, match="every quantile"):
        inequality.slope_index(pd.DataFrame({"quantile": [1, 2], "denominator": 1, "value": [1, None]}), limits=None)


def test_variance_inflation_of_two_columns_follows_their_correlation():
    frame = _areas().assign(both=lambda f: f["income"] + 0.1 * f["health"])
    out = inequality.variance_inflation(frame, ["income", "both"])
    r = frame["income"].corr(frame["both"])
    np.testing.assert_allclose(out["vif"], 1 / (1 - r**2), rtol=1e-6)
    whole = inequality.variance_inflation(frame.assign(c=frame["income"]), ["income", "c"])
    assert np.isinf(whole["vif"]).all()


def test_the_deprivation_regression_finds_the_domain_that_matters():
    fit = inequality.deprivation_regression(_areas(), ["income", "health"], standardise=False)
    table = fit.coefficients.set_index("term")
    assert table.loc["Q('income')", "lower_ci"] < np.exp(0.4) < table.loc["Q('income')", "upper_ci"]
    assert table.loc["Q('health')", "lower_ci"] < 1 < table.loc["Q('health')", "upper_ci"]
    assert table.loc["Q('income')", "vif"] < 1.1
    assert "pearson_residual" in fit.rows


def test_the_crime_domain_is_refused_for_a_crime_outcome():
    with pytest.raises(SnaError, match="crime domain"):
        inequality.deprivation_regression(_areas().assign(crime=1.0), ["income", "crime"])
