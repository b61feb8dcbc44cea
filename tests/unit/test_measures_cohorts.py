import numpy as np
import pandas as pd
import pytest
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures import cohorts

TABLES = pd.DataFrame({"cases": [35, 12], "total": [64, 6], "reference_cases": [2, 2], "reference_total": [29, 29]})
TABLE = pd.DataFrame({"cases": [178], "total": [1_589], "reference_cases": [79], "reference_total": [1_565]})


def test_risk_and_odds_ratios_match_the_western_collaborative_group_study():
    ratio = cohorts.compare_risks(TABLE).iloc[0]
    odds = cohorts.compare_risks(TABLE, comparison="odds_ratio").iloc[0]
    assert [ratio["value"], ratio["lower_ci"], ratio["upper_ci"]] == pytest.approx([2.219, 1.719, 2.865], abs=5e-4)
    assert [odds["value"], odds["lower_ci"], odds["upper_ci"]] == pytest.approx([2.373, 1.803, 3.123], abs=5e-4)


def test_people_without_the_outcome_may_stand_for_totals():
    without = TABLE.assign(total=1_411, reference_total=1_486)
    pd.testing.assert_series_equal(
        cohorts.compare_risks(without, totals=False)["value"], cohorts.compare_risks(TABLE)["value"]
    )


def test_a_risk_difference_and_its_chi_square():
    frame = pd.DataFrame({"cases": [56], "total": [400], "reference_cases": [24], "reference_total": [400]})
    out = cohorts.compare_risks(frame, comparison="risk_difference").iloc[0]
    assert out["value"] == pytest.approx(0.08)
    assert out["chi_square"] == pytest.approx(14.2222, abs=1e-4)


def test_an_empty_cell_has_no_ratio_and_too_many_cases_are_refused():
    assert np.isnan(cohorts.compare_risks(TABLE.assign(cases=0)).loc[0, "value"])
    with pytest.raises(SnaError, match="between zero and the total"):
        cohorts.compare_risks(TABLE.assign(cases=2_000))


def test_disproportionality_is_shown_for_every_denominator():
    frame = pd.DataFrame(
        {"group": ["A", "B"], "count": [40, 100], "residents": [1_000, 5_000], "street": [4_000, 5_000]}
    )
    out = cohorts.disproportionality(frame, reference="B", denominators=["residents", "street"]).set_index(
        "denominator_name"
    )
    assert out.loc["residents", "value"] == pytest.approx(2)
    assert out.loc["street", "value"] == pytest.approx(0.5)
    assert out["numerator"].tolist() == [40, 40]


def test_few_events_get_the_exact_interval():
    frame = pd.DataFrame({"group": ["A", "B"], "count": [3, 100], "residents": [1_000, 5_000]})
    out = cohorts.disproportionality(frame, reference="B", denominators=["residents"]).iloc[0]
    assert out["method"] == "conditional exact"


def test_shares_of_the_1992_survey():
    frame = pd.DataFrame(
        {
            "times": [0, 1, 2, 3, 4, "5+"],
            "people": [59.5, 20.3, 9.0, 4.5, 2.4, 4.3],
            "mean": [0, 1, 2, 3, 4, 10.98],
        }
    )
    out = cohorts.repeat_table(frame, mean_times="mean")
    assert out["pct_incidents"].round(1).tolist() == pytest.approx([0, 18.7, 16.6, 12.4, 8.8, 43.5], abs=0.11)
    assert out["ratio_to_expected"].iloc[-1] > 5
    whole = cohorts.repeat_victimisation(frame, mean_times="mean").iloc[0]
    assert whole["value"] == pytest.approx(49.88, abs=0.01)


def test_poisson_victims_repeat_as_often_as_expected():
    counts = np.random.default_rng(1).poisson(0.7, 20_000)
    table = pd.Series(counts).value_counts().sort_index()
    for start in (0, 1):
        frame = pd.DataFrame({"times": table.index[start:], "people": table.to_numpy()[start:]})
        out = cohorts.repeat_victimisation(frame).iloc[0]
        assert out["ratio_to_expected"] == pytest.approx(1, abs=0.03)


def test_an_open_class_needs_its_mean():
    with pytest.raises(SnaError, match="mean number of times"):
        cohorts.repeat_table(pd.DataFrame({"times": [1, "2+"], "people": [5, 5]}))


def test_incidents_are_counted_by_place():
    incidents = pd.DataFrame({"point": list("aaabbc")})
    out = cohorts.repeats_by_place(incidents, place="point", places=10)
    assert dict(zip(out["times"], out["people"], strict=True)) == {0: 7, 1: 1, 2: 1, 3: 1}
    with pytest.raises(SnaError, match="only 2 at risk"):
        cohorts.repeats_by_place(incidents, place="point", places=2)


@pytest.mark.parametrize(("method", "scale"), [("exact", "conditional"), ("midp", None)])
def test_conditional_odds_ratios_are_those_of_the_noncentral_distribution(method, scale):
    row = cohorts.compare_risks(TABLES, comparison="odds_ratio", method=method, totals=False).iloc[1]
    table = np.array([[12, 6], [2, 29]])
    if scale:
        theirs = stats.contingency.odds_ratio(table, kind=scale)
        assert row["value"] == pytest.approx(theirs.statistic)
        assert tuple(row[["lower_ci", "upper_ci"]]) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
        assert row["p_value"] == pytest.approx(stats.fisher_exact(table).pvalue)
        return
    for limit, share in (("value", 0.5), ("lower_ci", 0.975), ("upper_ci", 0.025)):
        law = stats.nchypergeom_fisher(49, 14, 18, row[limit])
        assert law.cdf(12) - law.pmf(12) / 2 == pytest.approx(share, abs=1e-6)


def test_small_sample_ratios_are_nearer_to_one_and_printed_as_jewell_has_them():
    wald, small = (cohorts.compare_risks(TABLES, comparison="odds_ratio", method=one, totals=False) for one in ("wald", "small"))
    assert (small["value"] < wald["value"]).all()
    assert small["value"].tolist() == pytest.approx([35 * 29 / (65 * 3), 12 * 29 / (7 * 3)])
    risk = cohorts.compare_risks(TABLES, method="small", totals=False)["value"]
    assert risk.tolist() == pytest.approx([35 / 100 / (2 / 32), 12 / 19 / (2 / 32)])
    with pytest.raises(SnaError, match="odds ratio"):
        cohorts.compare_risks(TABLES, method="midp", totals=False)


def test_yates_correction_is_that_of_scipy():
    found = cohorts.compare_risks(TABLES, totals=False, correction=True)
    theirs = [stats.chi2_contingency([[a, b], [2, 29]], correction=True) for a, b in ((35, 64), (12, 6))]
    assert found["chi_square"].tolist() == pytest.approx([one.statistic for one in theirs])
