"""Surveys: raking, design effects, proportions, scales, coders."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.survey import (
    SurveyDesign,
    effective_size,
    krippendorff_alpha,
    likert,
    multiple_response,
    rake,
    rao_scott_test,
    survey_mean,
    survey_proportions,
    survey_total,
    weighted_quantiles,
)

SAMPLE = pd.DataFrame(
    {
        "sex": list("ffffmmmmmm"),
        "age": list("yyooyyoooo"),
        "w": 1.0,
        "score": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "answer": ["Agree", "Agree", "Neither", "Disagree", "Agree", "Agree", "Agree", None, "Neither", "Disagree"],
    }
)
EQUAL = SurveyDesign("w")


def test_raked_weights_meet_every_margin():
    margins = {"sex": {"f": 51, "m": 49}, "age": {"y": 30, "o": 70}}
    weights = rake(SAMPLE, margins)
    for column, wanted in margins.items():
        assert weights.groupby(SAMPLE[column]).sum().to_dict() == pytest.approx(wanted)


def test_trimmed_weights_meet_the_margins_as_well():
    margins = {"sex": {"f": 60, "m": 40}, "age": {"y": 60, "o": 40}}
    free, cut = rake(SAMPLE, margins), rake(SAMPLE, margins, trim=1.9)
    assert cut.max() <= 1.9 * cut.median() * 1.001 <= free.max() * 1.9
    assert cut.groupby(SAMPLE["sex"]).sum().to_dict() == pytest.approx(margins["sex"])


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        ({"sex": {"f": 1, "m": 1, "x": 1}}, "No respondent"),
        ({"sex": {"f": 1}}, "no margin"),
        ({"sex": {"f": 1, "m": 1}, "age": {"y": 1, "o": 9}}, "settle"),
    ],
)
def test_raking_says_why_it_cannot(margins, message):
    with pytest.raises(SnaError, match=message):
        rake(SAMPLE, margins)


def test_equal_weights_lose_nothing():
    assert effective_size([2, 2, 2]).n_eff == pytest.approx(3)
    assert effective_size([1, 0, 0]).n_eff == pytest.approx(1)


def test_a_simple_random_mean_has_the_textbook_error():
    row = survey_mean(SAMPLE, "score", EQUAL).iloc[0]
    assert row["standard_error"] == pytest.approx(SAMPLE["score"].std() / np.sqrt(10))
    assert row["design_effect"] == pytest.approx(1)
    assert survey_total(SAMPLE, "score", EQUAL)["value"][0] == 55


def test_a_census_has_no_sampling_error():
    whole = SAMPLE.assign(population=10)
    assert survey_mean(whole, "score", SurveyDesign("w", population="population"))["standard_error"][0] == 0


def test_respondents_without_an_answer_are_left_out_not_counted_as_no():
    out = survey_proportions(SAMPLE, "answer", EQUAL).set_index("answer")
    assert out["respondents"].unique().tolist() == [9]
    assert out.loc["Agree", "value"] == pytest.approx(5 / 9)
    assert ((out["lower_ci"] < out["value"]) & (out["value"] < out["upper_ci"])).all()


def test_an_answer_that_nobody_gave_has_an_upper_limit():
    out = survey_proportions(SAMPLE, "answer", EQUAL, levels=["Agree", "Strongly agree"]).set_index("answer")
    assert out.loc["Strongly agree", "value"] == 0 and out.loc["Strongly agree", "upper_ci"] > 0.1


def test_likert_gives_a_distribution_and_a_net():
    scale = ["Agree", "Neither", "Disagree"]
    out = likert(SAMPLE, "answer", EQUAL, levels=scale, positive=["Agree"], negative=["Disagree"]).set_index("answer")
    assert out.loc[scale, "value"].sum() == pytest.approx(1)
    assert out.loc["net", "value"] == pytest.approx(3 / 9)
    with pytest.raises(SnaError, match="not an answer"):
        likert(SAMPLE, "answer", EQUAL, levels=["Agree"], positive=["Agree"], negative=[])


def test_several_answers_may_add_up_to_more_than_one():
    boxes = pd.DataFrame({"w": 1.0, "lighting": [1, 1, 0, np.nan], "patrols": [1, 0, 0, np.nan]})
    answered = multiple_response(boxes, ["lighting", "patrols"], EQUAL).set_index("answer")
    asked = multiple_response(boxes, ["lighting", "patrols"], EQUAL, base="asked").set_index("answer")
    assert answered["value"].to_dict() == pytest.approx({"lighting": 1.0, "patrols": 0.5})
    assert asked["value"].to_dict() == pytest.approx({"lighting": 2 / 3, "patrols": 1 / 3})


def test_a_stratum_of_one_is_refused():
    with pytest.raises(SnaError, match="one primary sampling unit"):
        survey_mean(SAMPLE.assign(s=[1] * 9 + [2]), "score", SurveyDesign("w", strata="s"))


def test_rao_scott_without_a_design_is_near_pearson():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.choice(list("xy"), 800), "b": rng.choice(list("uvw"), 800), "w": 1.0})
    row = rao_scott_test(frame, "a", "b", EQUAL).iloc[0]
    assert row["f_statistic"] * 2 == pytest.approx(row["chi_square"], rel=0.02)


def test_weighted_quantiles_are_observed_values():
    assert weighted_quantiles([1, 2, 3, np.nan], [1, 1, 2, 9], [0.25, 0.5, 1.0]).tolist() == [1, 2, 3]


def test_agreement_of_coders():
    assert krippendorff_alpha([["a", "b", "c"], ["a", "b", "c"]]) == 1
    assert krippendorff_alpha([[1, 2, 1, 2], [2, 1, 2, 1]]) < 0
    with pytest.raises(SnaError, match="two coders"):
        krippendorff_alpha([[1, None], [None, 2]])
