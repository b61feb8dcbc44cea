"""What must hold of every harm score, survey estimate, evaluation and suppression."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.disclosure.audit import audit_intervals, cross_table
from svd_lib.disclosure.suppression import primary_cells, secondary_suppression
from svd_lib.errors import SnaError
from svd_lib.measures.evaluation import discount_factor, e_test, weighted_displacement_difference
from svd_lib.measures.harm import severity_score
from svd_lib.measures.multiverse import specifications
from svd_lib.measures.survey import (
    SurveyDesign,
    effective_size,
    krippendorff_alpha,
    rake,
    survey_mean,
    survey_proportions,
)

FEW = settings(max_examples=40, deadline=None)
WEIGHTS = st.lists(st.floats(0.1, 50), min_size=6, max_size=6)
PAIR = st.tuples(st.integers(0, 500), st.integers(0, 500))


@FEW
@given(st.lists(st.integers(1, 300), min_size=3, max_size=3), st.integers(2, 9))
def test_harm_limits_hold_the_score_and_narrow_with_more_events(counts, times):
    frame = pd.DataFrame({"count": counts, "weight": [1.0, 30.0, 700.0]})
    once, many = severity_score(frame).iloc[0], severity_score(frame.assign(count=frame["count"] * times)).iloc[0]
    assert once["lower_ci"] <= once["value"] <= once["upper_ci"]
    assert (many["upper_ci"] - many["lower_ci"]) / many["value"] < (once["upper_ci"] - once["lower_ci"]) / once["value"]


@FEW
@given(WEIGHTS, st.floats(0.01, 100))
def test_survey_means_do_not_depend_on_the_scale_of_weights(weights, scale):
    frame = pd.DataFrame({"w": weights, "v": np.array(weights) * scale, "x": [1.0, 5, 2, 8, 3, 9]})
    first, second = (survey_mean(frame, "x", SurveyDesign(name)).iloc[0] for name in ("w", "v"))
    assert np.isclose(first["value"], second["value"]) and np.isclose(first["standard_error"], second["standard_error"])
    assert 1 - 1e-9 <= effective_size(weights).n_eff <= 6 + 1e-9


@FEW
@given(WEIGHTS)
def test_shares_add_up_and_lie_in_their_limits(weights):
    out = survey_proportions(pd.DataFrame({"w": weights, "a": list("xxyyzz")}), "a", SurveyDesign("w"))
    assert np.isclose(out["value"].sum(), 1)
    assert ((out["lower_ci"] <= out["value"]) & (out["value"] <= out["upper_ci"])).all()


@FEW
@given(st.floats(1, 100), st.floats(1, 100), st.floats(0.1, 0.9))
def test_raking_to_the_margins_one_has_changes_nothing(first, second, share):
    frame = pd.DataFrame({"a": list("xxyy"), "b": list("uvuv")})
    total = first + second
    weights = rake(frame, {"a": {"x": first, "y": second}, "b": {"u": total * share, "v": total * (1 - share)}})
    again = rake(frame.assign(w=weights), {"a": {"x": first, "y": second}}, start="w")
    assert np.allclose(weights, again)


@FEW
@given(PAIR, PAIR)
def test_swapping_the_areas_turns_the_difference_round(treated, control):
    first = weighted_displacement_difference(treated, control).iloc[2]
    second = weighted_displacement_difference(control, treated).iloc[2]
    assert first["value"] == -second["value"] and np.isclose(first["lower_ci"], -second["upper_ci"])


@FEW
@given(st.integers(0, 60), st.integers(0, 60))
def test_e_test_does_not_mind_which_comes_first(a, b):
    first, second = e_test(a, b)["p_value"][0], e_test(b, a)["p_value"][0]
    assert np.isclose(first, second) and 0 <= first <= 1


@FEW
@given(st.integers(1, 125))
def test_a_later_pound_is_worth_less(year):
    now, before = discount_factor([year, year - 1])
    assert 0 < now < before <= 1


@FEW
@given(st.lists(st.lists(st.integers(1, 4), min_size=8, max_size=8), min_size=2, max_size=4))
def test_agreement_does_not_mind_the_order_of_coders(ratings):
    for metric in ("nominal", "ordinal", "interval", "ratio"):
        first, second = krippendorff_alpha(ratings, metric), krippendorff_alpha(ratings[::-1], metric)
        assert (np.isnan(first) and np.isnan(second)) or (np.isclose(first, second) and first <= 1 + 1e-12)


@FEW
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_a_multiverse_has_every_combination(sizes):
    choices = {f"c{place}": list(range(size)) for place, size in enumerate(sizes)}
    assert len(specifications(choices).drop_duplicates()) == np.prod(sizes)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=3))
def test_no_small_count_can_be_worked_out(table):
    system = cross_table(table)
    small = list(system.cells[primary_cells(system.values, threshold=4)])
    try:
        pattern = secondary_suppression(system, small, width=3, zeros_may_be_withheld=True)
    except SnaError:
        return
    audit = audit_intervals(system, [*pattern.primary, *pattern.secondary]).set_index("cell")
    assert (audit.loc[small, "width"] >= 3 - 1e-6).all()
    assert ((audit["lower"] <= audit["value"]) & (audit["value"] <= audit["upper"])).all()
