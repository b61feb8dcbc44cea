"""Surveys: raking, design effects, proportions, scales, coders."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

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
    survey_ratio,
    survey_total,
    two_reader_agreement,
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
    with pytest.raises(SnaError, match="one sampling unit"):
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


def _two_stage(seed=5):
    rng = np.random.default_rng(seed)
    rows = [(c, u, 20.0, m) for c, m in zip(range(6), [8, 5, 9, 7, 6, 10]) for u in range(3)]
    frame = pd.DataFrame(rows, columns=["c", "u", "clusters", "units"])
    return frame.assign(w=20 / 6 * frame["units"] / 3, y=rng.normal(50, 9, len(frame)) + frame["c"] * 4)


def test_two_stage_totals_have_cochrans_variance():
    frame = _two_stage()
    design = SurveyDesign("w", cluster=["c", "u"], population=["clusters", "units"])
    total = survey_total(frame, "y", design).iloc[0]
    parts = [(rows["units"].iloc[0], rows["y"]) for _, rows in frame.groupby("c")]
    estimates = np.array([size * y.mean() for size, y in parts])
    between = 20**2 * (1 - 6 / 20) * estimates.var(ddof=1) / 6
    within = 20 / 6 * sum(size**2 * (1 - 3 / size) * y.var(ddof=1) / 3 for size, y in parts)
    assert total["value"] == pytest.approx(20 / 6 * estimates.sum())
    assert total["standard_error"] == pytest.approx(np.sqrt(between + within))
    shares = frame.assign(clusters=6 / 20, units=3 / frame["units"])
    assert survey_total(shares, "y", design)["standard_error"].iloc[0] == pytest.approx(total["standard_error"])


def test_a_ratio_of_totals_has_the_textbook_error():
    rng = np.random.default_rng(2)
    x = rng.uniform(1, 5, 60)
    frame = pd.DataFrame({"x": x, "y": 3 * x + rng.normal(0, 1, 60), "w": 10.0, "size": 600.0})
    row = survey_ratio(frame, "y", "x", SurveyDesign("w", population="size")).iloc[0]
    ratio = frame["y"].sum() / frame["x"].sum()
    residual = frame["y"] - ratio * frame["x"]
    error = np.sqrt((1 - 60 / 600) * residual.var(ddof=1) / 60) / frame["x"].mean()
    assert row["value"] == pytest.approx(ratio) and row["standard_error"] == pytest.approx(error, rel=1e-9)
    flat = survey_ratio(frame.assign(one=1.0), "y", "one", SurveyDesign("w")).iloc[0]
    mean = survey_mean(frame, "y", SurveyDesign("w")).iloc[0]
    assert flat["value"] == pytest.approx(mean["value"]) and flat["standard_error"] == pytest.approx(mean["standard_error"])


def test_exact_limits_on_the_effective_size_are_clopper_pearsons_without_a_design():
    frame = pd.DataFrame({"answer": ["yes"] * 9 + ["no"] * 31, "w": 1.0})
    row = survey_proportions(frame, "answer", EQUAL, limits="korn-graubard").set_index("answer").loc["yes"]
    size = row["n_eff"]
    low, high = stats.beta.ppf(0.025, 0.225 * size, 0.775 * size + 1), stats.beta.ppf(0.975, 0.225 * size + 1, 0.775 * size)
    assert [row["lower_ci"], row["upper_ci"]] == pytest.approx([low, high])
    wilson = survey_proportions(frame, "answer", EQUAL).set_index("answer").loc["yes"]
    assert row["upper_ci"] - row["lower_ci"] > wilson["upper_ci"] - wilson["lower_ci"]


@pytest.mark.parametrize(("both", "one", "neither"), [(40, 6, 54), (3, 2, 95), (50, 0, 50), (1, 98, 1)])
def test_two_readers_agree_as_krippendorff_says(both, one, neither):
    marks = np.stack([np.repeat([1, 1, 0], [both, one, neither]), np.repeat([1, 0, 0], [both, one, neither])])
    made = two_reader_agreement(pd.DataFrame({"both": [both], "one": [one], "neither": [neither]}))
    assert made["alpha"].item() == pytest.approx(krippendorff_alpha(marks), abs=1e-12)


def test_agreement_is_missing_where_a_count_is_withheld_or_nothing_was_marked():
    made = two_reader_agreement(pd.DataFrame({"both": [np.nan, 0], "one": [3, 0], "neither": [10, 100]}))
    assert made["alpha"].isna().all()
