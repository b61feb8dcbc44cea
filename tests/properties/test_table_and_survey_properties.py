"""Two-by-two tables, means, indirect rates, ratios of a survey, Geary's C and dates of change, whatever the numbers."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.measures import change_points, cohorts, rates, spatial, survey
from svd_lib.measures.spatial_weights import lattice_pairs

FEW = settings(max_examples=25, deadline=None)
CELLS = st.integers(2, 60)
COUNTS = st.lists(st.integers(0, 40), min_size=16, max_size=16).filter(lambda values: len(set(values)) > 2)


@FEW
@given(CELLS, CELLS, CELLS, CELLS, st.sampled_from(["wald", "exact", "midp"]))
def test_an_odds_ratio_lies_in_its_limits_and_turns_over_with_the_groups(a, b, c, d, method):
    table = pd.DataFrame({"cases": [a, c], "total": [b, d], "reference_cases": [c, a], "reference_total": [d, b]})
    found = cohorts.compare_risks(table, comparison="odds_ratio", method=method, totals=False)
    assert ((found["lower_ci"] < found["value"]) & (found["value"] < found["upper_ci"])).all()
    assert np.isclose(found["value"][0] * found["value"][1], 1, rtol=1e-4)
    assert np.isclose(found["lower_ci"][0] * found["upper_ci"][1], 1, rtol=1e-3) and found["p_value"].between(0, 1).all()


@FEW
@given(st.lists(st.floats(-50, 50), min_size=4, max_size=30).filter(lambda values: np.ptp(values) > 1), st.floats(0.1, 20))
def test_a_mean_lies_in_limits_that_scale_and_narrow_with_more_of_the_same(values, scale):
    once = rates.group_mean(pd.DataFrame({"value": values})).iloc[0]
    scaled = rates.group_mean(pd.DataFrame({"value": np.array(values) * scale})).iloc[0]
    twice = rates.group_mean(pd.DataFrame({"value": values * 2})).iloc[0]
    assert once["lower_ci"] < once["value"] < once["upper_ci"] and np.isclose(scaled["upper_ci"], once["upper_ci"] * scale)
    assert twice["upper_ci"] - twice["lower_ci"] < once["upper_ci"] - once["lower_ci"]


@FEW
@given(st.lists(st.tuples(st.integers(5, 90), st.integers(500, 5_000)), min_size=2, max_size=6))
def test_a_population_standardised_to_itself_has_its_own_crude_rate(strata):
    bands = pd.DataFrame(strata, columns=["count", "population"]).assign(age_band=range(len(strata)))
    found = rates.indirectly_standardised_rate(bands, bands, on="age_band", per=1_000).iloc[0]
    assert np.isclose(found["value"], bands["count"].sum() / bands["population"].sum() * 1_000)
    missing = bands.assign(count=bands["count"].where(bands.index > 0))
    assert np.isnan(rates.indirectly_standardised_rate(missing, bands, on="age_band").iloc[0]["value"])


@FEW
@given(COUNTS, st.integers(0, 10_000))
def test_geary_is_unchanged_by_relabelling_and_by_units(counts, seed):
    pairs, order = lattice_pairs(4, 4), np.random.default_rng(seed).permutation(16)
    frame = pd.DataFrame({"id": range(16), "value": counts})
    named = pairs.assign(id=order[pairs["id"]], neighbour=order[pairs["neighbour"]])
    first = spatial.gearys_c(frame, pairs).iloc[0]
    second = spatial.gearys_c(pd.DataFrame({"id": order, "value": np.array(counts) * 3.0 + 7}), named).iloc[0]
    assert np.isclose(first["value"], second["value"]) and np.isclose(first["variance"], second["variance"])


@FEW
@given(st.lists(st.tuples(st.floats(1, 9), st.floats(1, 9), st.floats(0.5, 4)), min_size=5, max_size=25), st.floats(0.2, 30))
def test_a_survey_ratio_scales_with_its_numerator_and_not_with_weights(rows, factor):
    frame = pd.DataFrame(rows, columns=["y", "x", "w"])
    design = survey.SurveyDesign("w")
    once, more = survey.survey_ratio(frame, "y", "x", design), survey.survey_ratio(frame.assign(y=frame["y"] * factor, w=frame["w"] * 7), "y", "x", design)
    assert np.isclose(more["value"][0], once["value"][0] * factor)
    assert np.isclose(more["standard_error"][0], once["standard_error"][0] * factor, atol=1e-9)


@FEW
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_the_interval_of_a_date_holds_it_and_stays_in_the_series(seed, size):
    values = np.random.default_rng(seed).poisson(np.r_[np.full(24, 40), np.full(24, 40 + size)]).astype(float)
    frame = pd.DataFrame({"month": pd.date_range("2018-01-01", periods=48, freq="MS"), "count": values})
    row = change_points.change_points(frame, cost="poisson", changes=1).iloc[0]
    if not np.isnan(row["position_lower"]):
        assert 1 <= row["position_lower"] <= row["position"] <= row["position_upper"] <= 48
