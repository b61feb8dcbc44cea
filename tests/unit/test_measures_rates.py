import numpy as np
import pandas as pd
import pytest
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures import funnels, intervals, rates
from svd_lib.vocabulary import RESULT_COLUMNS

ESP = list(rates.EUROPEAN_STANDARD_2013.values())


def test_the_european_standard_population_has_19_bands_and_adds_up():
    assert len(ESP) == 19
    assert sum(ESP) == 100_000


def test_a_crude_rate_is_exact_below_ten_events_and_byar_from_ten():
    out = rates.crude_rate(pd.DataFrame({"area": ["a", "b"], "count": [5, 65], "population": [100, 100]}), per=100)
    assert list(out.columns) == ["area", *RESULT_COLUMNS]
    assert out["method"].tolist() == ["exact Poisson", "Byar"]
    np.testing.assert_allclose(out["lower_ci"], [1.62348639011842, 50.163187710459454], rtol=1e-12)
    np.testing.assert_allclose(out["upper_ci"], [11.668332079322669, 82.84913854593984], rtol=1e-12)


def test_no_events_has_a_lower_limit_of_zero_and_an_upper_above_it():
    out = rates.crude_rate(pd.DataFrame({"count": [0], "population": [1_000]})).iloc[0]
    assert out["value"] == out["lower_ci"] == 0
    assert out["upper_ci"] == pytest.approx(-np.log(0.025))


@pytest.mark.parametrize("count,population", [(np.nan, 100), (3, np.nan), (3, 0)])
def test_a_missing_count_or_population_gives_a_missing_rate(count, population):
    out = rates.crude_rate(pd.DataFrame({"count": [count], "population": [population]})).iloc[0]
    assert out[["value", "lower_ci", "upper_ci"]].isna().all()


def test_counts_below_zero_are_refused():
    with pytest.raises(SnaError, match="below zero"):
        rates.crude_rate(pd.DataFrame({"count": [-1], "population": [100]}))


def test_an_absent_column_is_named():
    with pytest.raises(SnaError, match="residents"):
        rates.crude_rate(pd.DataFrame({"count": [1]}), denominator="residents")


def test_a_confidence_level_in_per_cent_is_refused():
    with pytest.raises(SnaError, match="0.95"):
        rates.crude_rate(pd.DataFrame({"count": [1], "population": [1]}), confidence=95)


def test_wilson_limits_match_newcombes_worked_examples():
    out = rates.proportion(pd.DataFrame({"count": [81, 15, 0, 1], "total": [263, 148, 20, 29]}))
    np.testing.assert_allclose(out["lower_ci"], [0.2553, 0.0624, 0.0000, 0.0061], atol=5e-5)
    np.testing.assert_allclose(out["upper_ci"], [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_a_part_larger_than_the_whole_is_refused():
    with pytest.raises(SnaError, match="events <= trials"):
        rates.proportion(pd.DataFrame({"count": [5], "total": [4]}))


def test_standardising_to_the_areas_own_ages_returns_the_crude_rate():
    frame = pd.DataFrame({"count": [5, 20, 40], "population": [100, 300, 900]})
    out = rates.directly_standardised_rate(frame, standard="population", per=1_000).iloc[0]
    crude = rates.crude_rate(pd.DataFrame({"count": [65], "population": [1_300]})).iloc[0]
    assert out["value"] == pytest.approx(crude["value"])
    assert out["lower_ci"] == pytest.approx(crude["lower_ci"])


def test_no_standardised_rate_from_fewer_than_ten_events():
    frame = pd.DataFrame({"count": [4, 5], "population": [100, 100]})
    out = rates.directly_standardised_rate(frame, standard=[1, 1]).iloc[0]
    assert np.isnan(out["value"])
    assert out["numerator"] == 9


def test_a_missing_stratum_makes_the_standardised_rate_missing():
    frame = pd.DataFrame({"count": [40, None], "population": [100, 100]})
    assert np.isnan(rates.directly_standardised_rate(frame, standard=[1, 1]).loc[0, "value"])


def test_a_standard_of_another_length_is_refused():
    with pytest.raises(SnaError, match="19 strata"):
        rates.directly_standardised_rate(pd.DataFrame({"count": [4], "population": [100]}), standard=ESP)


def test_events_without_people_are_refused():
    with pytest.raises(SnaError, match="no population"):
        rates.directly_standardised_rate(pd.DataFrame({"count": [4], "population": [0]}), standard=[1])


def test_an_indirectly_standardised_ratio_and_rate():
    areas = pd.DataFrame({"area": "a", "age": ["young", "old"], "count": [30, 10], "population": [1_000, 1_000]})
    reference = pd.DataFrame({"age": ["young", "old"], "count": [200, 100], "population": [10_000, 20_000]})
    expected = rates.expected_events(areas, reference, on="age")
    assert expected["expected"].tolist() == [20, 5]
    ratio = rates.indirectly_standardised_ratio(expected, by="area", per=100).iloc[0]
    assert ratio["value"] == pytest.approx(160)
    rate = rates.indirectly_standardised_ratio(expected, by="area", per=1_000, reference_rate=0.01).iloc[0]
    assert rate["value"] == pytest.approx(16)


def test_a_rate_ratio_three_ways():
    frame = pd.DataFrame(
        {"count": [41], "population": [28_010], "reference_count": [15], "reference_population": [19_017]}
    )
    wald, exact, midp = (rates.rate_ratio(frame, method=method).iloc[0] for method in ("wald", "exact", "midp"))
    assert (wald["lower_ci"], wald["upper_ci"]) == (pytest.approx(1.0272, abs=1e-4), pytest.approx(3.3526, abs=1e-4))
    assert (exact["lower_ci"], exact["upper_ci"]) == (pytest.approx(1.0057, abs=1e-4), pytest.approx(3.6093, abs=1e-4))
    assert exact["lower_ci"] < midp["lower_ci"] < midp["upper_ci"] < exact["upper_ci"]
    assert exact["p_value"] == pytest.approx(0.04085, abs=1e-5)


def test_a_dispersed_rate_ratio_is_wider():
    frame = pd.DataFrame({"count": [40], "population": [1], "reference_count": [20], "reference_population": [1]})
    plain, wide = rates.rate_ratio(frame).iloc[0], rates.rate_ratio(frame, dispersion=4).iloc[0]
    assert np.log(wide["upper_ci"] / wide["value"]) == pytest.approx(2 * np.log(plain["upper_ci"] / plain["value"]))


def test_a_ratio_with_no_events_needs_the_exact_method():
    frame = pd.DataFrame({"count": [0], "population": [9], "reference_count": [5], "reference_population": [9]})
    assert np.isnan(rates.rate_ratio(frame).loc[0, "value"])
    exact = rates.rate_ratio(frame, method="exact").iloc[0]
    assert exact["lower_ci"] == 0
    assert 0 < exact["upper_ci"] < 2


def test_areas_are_put_beside_their_reference():
    frame = pd.DataFrame({"area": ["a", "b", "all"], "count": [1, 2, 30], "population": [10, 20, 300]})
    out = rates.beside_reference(frame, key="area", reference="all")
    assert out["reference_count"].tolist() == [30, 30]
    with pytest.raises(SnaError, match="No row"):
        rates.beside_reference(frame, key="area", reference="England")


def test_quantiles_say_which_end_is_one():
    frame = pd.DataFrame({"score": [10, 40, 20, 50, 30, None]})
    high = rates.quantiles(frame, "score", first="highest")["quantile"]
    assert high.tolist()[:5] == [5, 2, 4, 1, 3]
    assert pd.isna(high[5])
    assert rates.quantiles(frame, "score", first="lowest")["quantile"].tolist()[:5] == [1, 4, 2, 5, 3]


def test_bisection_agrees_with_the_closed_form_to_its_step():
    counts = np.array([0, 1, 5, 40, 700])
    lower, upper = intervals.poisson_limits(counts, 0.95, "exact")
    np.testing.assert_allclose(intervals.poisson_limit_by_bisection(counts, 0.025, "lower", 1e-9), lower, rtol=1e-6)
    np.testing.assert_allclose(intervals.poisson_limit_by_bisection(counts, 0.025, "upper", 1e-9), upper, rtol=1e-6)


def test_funnel_points_are_labelled_by_their_own_limits():
    frame = pd.DataFrame({"count": [100, 60, 100, 140, 2_000], "population": [1_000] * 4 + [20_000]})
    out = funnels.funnel_points(frame, baseline=100)
    assert out["significance"].tolist() == [
        "Not significant",
        "Low (0.001)",
        "Not significant",
        "High (0.001)",
        "Not significant",
    ]
    assert (out["baseline"] == 100).all()


def test_a_point_with_few_events_or_none_gets_no_label():
    out = funnels.funnel_points(pd.DataFrame({"count": [9, np.nan, 50], "population": [10, 10, 10]}), min_events=10)
    assert out["significance"].tolist() == ["", "", "Not significant"]


def test_funnel_limits_narrow_with_size_and_hold_the_baseline():
    sizes = pd.DataFrame({"size": [10, 100, 1_000]})
    for kind, baseline in (("proportion", 20), ("rate", 5), ("ratio", 100)):
        out = funnels.funnel_limits(sizes, kind=kind, baseline=baseline, per=100)
        assert (out["lower_3s"] <= out["lower_2s"]).all()
        assert ((out["lower_2s"] < baseline) & (out["upper_2s"] > baseline)).all()
        assert (out["upper_2s"] - out["lower_2s"]).is_monotonic_decreasing


def test_no_over_dispersion_is_found_where_there_is_none():
    rng = np.random.default_rng(3)
    base = rng.integers(500, 5_000, 400)
    none = funnels.overdispersion(pd.DataFrame({"count": rng.poisson(base * 0.1), "population": base})).iloc[0]
    assert none["tau2"] < 0.002
    real = rng.poisson(base * 0.1 * np.exp(rng.normal(0, 0.3, 400)))
    some = funnels.overdispersion(pd.DataFrame({"count": real, "population": base}), tails=0.0).iloc[0]
    assert some["tau2"] == pytest.approx(0.09, rel=0.25)


def test_over_dispersion_widens_limits_and_spares_points():
    frame = pd.DataFrame({"count": [130, 100, 100], "population": [1_000, 1_000, 1_000]})
    plain = funnels.funnel_points(frame, baseline=100)["significance"].tolist()
    spared = funnels.funnel_points(frame, baseline=100, tau2=0.04)["significance"].tolist()
    assert plain[0].startswith("High") and spared[0] == "Not significant"
    axis = pd.DataFrame({"size": [1_000]})
    narrow, wide = (funnels.funnel_limits(axis, baseline=100, tau2=t, transform="log") for t in (0.0, 0.04))
    assert wide.loc[0, "upper_2s"] > narrow.loc[0, "upper_2s"]


def test_several_levels_give_all_rows_once_for_each():
    frame = pd.DataFrame({"area": ["a", "b"], "count": [5, 65], "population": [100, 100]})
    both = rates.crude_rate(frame, per=100, confidence=(0.95, 0.998))
    assert both["confidence"].tolist() == [0.95, 0.95, 0.998, 0.998]
    pd.testing.assert_frame_equal(both.tail(2).reset_index(drop=True), rates.crude_rate(frame, per=100, confidence=0.998))


def test_a_mean_has_the_limits_of_students_t():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"area": ["a"] * 12 + ["b"] * 7, "value": rng.normal(40, 9, 19)})
    out = rates.group_mean(frame, by="area", confidence=0.998)
    for row, (_, part) in zip(out.itertuples(), frame.groupby("area")):
        low, high = stats.t.interval(0.998, len(part) - 1, part["value"].mean(), stats.sem(part["value"]))
        assert [row.value, row.lower_ci, row.upper_ci] == pytest.approx([part["value"].mean(), low, high])
    assert rates.group_mean(frame.head(1))["lower_ci"].isna().all()


def test_an_indirectly_standardised_rate_is_the_ratio_times_the_crude_reference_rate():
    bands = pd.DataFrame({"age_band": ["y", "o"], "count": [40, 30], "population": [2_000, 6_000]})
    local = pd.DataFrame({"area": list("aabb"), "age_band": ["y", "o"] * 2, "count": [9, 4, 2, 3], "population": [300, 500, 250, 400]})
    out = rates.indirectly_standardised_rate(local, bands, on="age_band", by="area", per=1_000)
    expected = np.array([300 * 0.02 + 500 * 0.005, 250 * 0.02 + 400 * 0.005])
    np.testing.assert_allclose(out["value"], np.array([13, 5]) / expected * 70 / 8_000 * 1_000)
    assert out["method"].tolist() == ["Byar", "exact Poisson"] and out["reference_rate"].tolist() == [8.75, 8.75]
    itself = rates.indirectly_standardised_rate(bands, bands, on="age_band", per=1_000)
    assert itself["value"].iloc[0] == pytest.approx(8.75)


def test_events_of_the_same_people_widen_a_standardised_rate():
    once = pd.DataFrame({"age_band": ["y", "o"], "count": [40, 30], "population": [2_000, 6_000], "standard_population": [4, 6]})
    twice = pd.concat([once.assign(times=1), once.assign(times=2, count=[10, 5])])
    out = rates.directly_standardised_rate(twice, frequency="times").iloc[0]
    events, rate = np.array([60.0, 40.0]), np.array([60 / 2_000, 40 / 6_000])
    value, weights = (rate * [4, 6]).sum() / 10, np.array([4, 6]) / 10
    variance = (weights**2 * np.array([40 + 4 * 10, 30 + 4 * 5]) / np.array([2_000, 6_000]) ** 2).sum()
    low, high = intervals.poisson_limits([100.0], method="byar")
    scale = np.sqrt(variance / events.sum())
    assert out["value"] == pytest.approx(value * 100_000) and out["numerator"] == 100
    assert out["lower_ci"] == pytest.approx((value + scale * (low[0] - 100)) * 100_000)
    assert out["upper_ci"] == pytest.approx((value + scale * (high[0] - 100)) * 100_000)
    plain = rates.directly_standardised_rate(once.assign(count=[60, 40])).iloc[0]
    assert plain["value"] == pytest.approx(out["value"]) and plain["upper_ci"] < out["upper_ci"]


@pytest.mark.parametrize(("larger", "sizes"), [("first", [4, 3, 3]), ("last", [3, 3, 4])])
def test_rows_that_do_not_divide_evenly_go_to_the_stated_end(larger, sizes):
    frame = pd.DataFrame({"value": np.arange(10.0), "region": "a"})
    out = rates.quantiles(frame, groups=3, first="lowest", larger=larger)["quantile"]
    assert out.value_counts().sort_index().tolist() == sizes
    few = pd.concat([frame, pd.DataFrame({"value": [1.0, 2.0], "region": "b"})])
    grouped = rates.quantiles(few, groups=3, first="lowest", by="region")
    assert grouped.loc[grouped["region"] == "b", "quantile"].isna().all()
