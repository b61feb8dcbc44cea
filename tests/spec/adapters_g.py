"""Adapters of the survey cases: rename, select, set options."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from svd_lib.measures import survey
from tests.spec.runner import columns, first_row, read_csv

STRATIFIED = survey.SurveyDesign("pw", strata="stype", population="fpc")
STRATIFIED_NO_FPC = survey.SurveyDesign("pw", strata="stype")
CLUSTERED = survey.SurveyDesign("pw", cluster="dnum", population="fpc")
SIMPLE = survey.SurveyDesign("pw", population="fpc")
WEIGHTS_ONLY = survey.SurveyDesign("pw")
DESIGNS = {"strat": (0, STRATIFIED), "clus": (1, CLUSTERED), "srs": (2, SIMPLE)}
ENDINGS = ("_mean", "_total")
MEASURES = {"mean": survey.survey_mean, "total": survey.survey_total}
SHARES = {"strat_prop": STRATIFIED, "strat_prop_nofpc": STRATIFIED_NO_FPC, "wonly_prop": WEIGHTS_ONLY}
AWARDS = ["awardsNo", "awardsYes"]
ESTIMATE = {"est": "value", "se": "standard_error"}
MEAN_BY = {"stype": "stype", "mean": "value", "se": "standard_error"}
YES_BY = {"stype": "stype", "yes": "value", "se": "standard_error"}
GROUPS = {
    "by_stype": (survey.survey_mean, ("api00", STRATIFIED), {}, MEAN_BY),
    "awards_by_stype": (survey.survey_proportions, ("awards", STRATIFIED), {"levels": ["Yes"]}, YES_BY),
}
TEST_F = {"F": "f_statistic", "ndf": "df_numerator", "ddf": "df_denominator", "p": "p_value"}
TEST_T = {"t": "t", "df": "degrees_of_freedom", "p": "p_value", "diff": "value"}
TESTS = {
    "ttest": (survey.survey_difference, ("api00", "awards", STRATIFIED), TEST_T),
    "chisq": (survey.rao_scott_test, ("awards", "stype", STRATIFIED), TEST_F),
}
QUARTILES = partial(survey.weighted_quantiles, probabilities=[0.25, 0.5, 0.75])


def adapt_G_kish(case: dict, folder: Path) -> dict:
    size = survey.effective_size(read_csv(folder, case["inputs"]["csv"])[case["inputs"]["weight"]])
    return {"neff": size.n_eff, "deff_w": size.design_effect}


def adapt_G_krippendorff(case: dict, folder: Path) -> dict:
    coders = case["inputs"]["coders"]
    alpha = {name: survey.krippendorff_alpha(coders, name) for name in ("nominal", "ordinal", "interval", "ratio")}
    return alpha | {"precise": alpha}


def adapt_G_raking_api(case: dict, folder: Path) -> dict:
    given, sample = case["inputs"], read_csv(folder, case["inputs"]["csv"])
    weighted = sample.assign(w=survey.rake(sample, given["margins"], start=given["start_weight"]))
    raked = survey.SurveyDesign("w", cluster="dnum", calibrated=[*given["margins"]], start=given["start_weight"])
    cells = weighted.drop_duplicates([*given["margins"]]).rename(columns={"sch.wide": "sch"})
    mean, total = survey.survey_mean(weighted, "api00", raked), survey.survey_total(weighted, "enroll", raked)
    size = {"sumw": total["denominator"][0], "kish_neff": survey.effective_size(weighted["w"]).n_eff}
    means = {"est": {"api00": mean["value"][0]}, "se": mean["standard_error"]}
    totals = {"est": {"enroll": total["value"][0]}, "se": total["standard_error"]}
    return {"w": cells[["stype", "sch", "w"]].to_dict("records"), "mean_api00": means, "total_enroll": totals} | size


def adapt_G_survey_api(case: dict, folder: Path) -> dict:
    files = [read_csv(folder, case["inputs"][f"csv_{name}"]) for name in ("strat", "clus1", "srs")]
    asked = {key: (key.split("_"), next(iter(due["est"]))) for key, due in case["expected"].items() if key.endswith(ENDINGS)}
    rows = {key: MEASURES[name[1]](files[DESIGNS[name[0]][0]], of, DESIGNS[name[0]][1]) for key, (name, of) in asked.items()}
    means = {key: {"est": {asked[key][1]: row["value"][0]}, "se": row["standard_error"]} for key, row in rows.items()}
    shares = {key: survey.survey_proportions(files[0], "awards", design) for key, design in SHARES.items()}
    named = {key: columns(share.set_axis(AWARDS), ESTIMATE).to_dict() for key, share in shares.items()}
    by = {key: columns(made(files[0], *of, by=["stype"], **more), to) for key, (made, of, more, to) in GROUPS.items()}
    tests = {key: first_row(made(files[0], *of), to) for key, (made, of, to) in TESTS.items()}
    rest = {"quant": QUARTILES(files[0]["api00"], files[0]["pw"])}
    return means | named | by | tests | rest | {"strat_mean_deff": rows["strat_mean"]["design_effect"][0]}


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
