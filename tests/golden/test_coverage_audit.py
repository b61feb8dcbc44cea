"""The coverage audit finds by itself what the mirror's index says of the police files, for each of its four forces.

The expected values are those of ../shared/mirror/INDEX.md, section 1: written down there by hand, when the mirror was made.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.ingest import coverage_audit, data_quality
from svd_lib.ingest.loaders import open_view

FORCES = ("suffolk", "norfolk", "essex", "cambridgeshire")
GAPS = "March 2019 to February 2021 (24), April 2022 to December 2023 (21), May 2024 to December 2024 (8)"
STREET_ROWS = {"suffolk": 154_834, "norfolk": 206_104, "essex": 511_723, "cambridgeshire": 233_807}
OUTCOME_ROWS = {"suffolk": 55_150, "norfolk": 73_192, "essex": 175_854, "cambridgeshire": 72_465}
PERIODS = {  # rows, without location and its per cent, outside the force area and its per cent of located, without Crime ID, codes
    "suffolk": [
        (25_268, 348, 1.38, 128, 0.51, 2_895, "2011"),
        (65_086, 446, 0.69, 944, 1.46, 9_556, "2011"),
        (16_287, 81, 0.50, 185, 1.14, 1_317, "2021"),
        (48_193, 299, 0.62, 590, 1.23, 4_011, "2021"),
    ],
    "norfolk": [
        (31_191, 878, 2.81, 164, 0.54, 5_283, "2011"),
        (85_840, 1_768, 2.06, 1_138, 1.35, 10_987, "2011"),
        (21_706, 403, 1.86, 182, 0.85, 2_735, "2021"),
        (67_367, 1_122, 1.67, 601, 0.91, 8_696, "2021"),
    ],
    "essex": [
        (84_233, 369, 0.44, 225, 0.27, 16_460, "2011"),
        (216_436, 1_732, 0.80, 172, 0.08, 36_519, "2011"),
        (52_837, 1_394, 2.64, 42, 0.08, 4_506, "2021"),
        (158_217, 2_140, 1.35, 155, 0.10, 14_541, "2021"),
    ],
    "cambridgeshire": [
        (32_665, 1_025, 3.14, 199, 0.63, 6_090, "2011"),
        (89_680, 3_633, 4.05, 628, 0.73, 15_273, "2011"),
        (26_521, 917, 3.46, 144, 0.56, 3_930, "2021"),
        (84_941, 2_651, 3.12, 620, 0.75, 14_406, "2021"),
    ],
}
SPANS = [("2018-10", "2019-02"), ("2021-03", "2022-03"), ("2024-01", "2024-04"), ("2025-01", "2025-12")]


@pytest.fixture(scope="module")
def evidence(root: Path) -> dict[str, coverage_audit.Evidence]:
    """Return what the audit looks at of each force, from the embedded figures."""
    view = open_view(open_edition("suffolk-2025", str(root)))
    return {force: data_quality.evidence_of(view, force) for force in FORCES}


@pytest.fixture(scope="module")
def audits(evidence: dict[str, coverage_audit.Evidence]) -> dict[str, pd.DataFrame]:
    """Return the audit of each force, by check."""
    return {force: coverage_audit.audit(one).set_index("check") for force, one in evidence.items()}


def number(audit: pd.DataFrame, check: str) -> tuple[int, int]:
    """Return what a check counted and out of how many."""
    return int(audit.loc[check, "count"]), int(audit.loc[check, "total"])


@pytest.mark.parametrize("force", FORCES)
class TestOfEveryForce:
    def test_rows_of_both_kinds_of_files(self, audits, evidence, force):
        assert number(audits[force], "locations")[1] == STREET_ROWS[force]
        assert evidence[force].held("outcomes")["rows_total"].sum() == OUTCOME_ROWS[force]
        assert f"{OUTCOME_ROWS[force]:,} rows" in audits[force].loc["repeated-outcome-ids", "found"]

    def test_missing_months(self, audits, force):
        assert audits[force].loc["months", "found"] == GAPS
        assert number(audits[force], "months") == (24 + 21 + 8, 87)

    def test_outcomes_files_of_one_stretch_only(self, audits, force):
        assert audits[force].loc["outcomes-files", "found"] == "held for March 2021 to March 2022 (13) only"
        assert number(audits[force], "outcomes-files") == (21, 34)

    def test_quality_table_by_period(self, evidence, force):
        found = coverage_audit.stretches(evidence[force])
        assert list(zip(found["first"].dt.strftime("%Y-%m"), found["last"].dt.strftime("%Y-%m"), strict=True)) == SPANS
        names = ["rows", "no_location", "percent_no_location", "outside", "percent_outside", "without_id", "vintage"]
        assert list(found[names].round(2).itertuples(index=False, name=None)) == PERIODS[force]

    def test_vintages_of_codes(self, audits, force):
        said = "2011 codes from October 2018 to March 2022; 2021 codes from January 2024 to December 2025"
        assert audits[force].loc["vintage", "found"].startswith(said)
        assert audits[force].loc["vintage", "is_odd"]

    def test_place_and_point_are_blank_together(self, audits, force):
        assert number(audits[force], "half-located") == (0, STREET_ROWS[force])

    def test_a_crime_id_is_blank_for_anti_social_behaviour_and_only_there(self, audits, force):
        assert number(audits[force], "ids") == (0, STREET_ROWS[force])

    def test_crime_ids_are_unique_but_for_one_in_essex(self, audits, force):
        assert number(audits[force], "repeated-ids")[0] == (1 if force == "essex" else 0)
        assert audits[force].loc["repeated-ids", "found"] == ("February 2025" if force == "essex" else "none")

    def test_context_is_always_empty(self, audits, force):
        assert number(audits[force], "context") == (STREET_ROWS[force], STREET_ROWS[force])

    def test_no_month_looks_truncated(self, audits, force):
        assert number(audits[force], "truncated") == (0, 34)

    def test_newest_months_are_provisional(self, audits, force):
        assert audits[force].loc["provisional", "found"] == "November 2025 to December 2025 (2)"

    def test_every_check_says_what_it_means(self, audits, force):
        assert audits[force]["meaning"].str.len().min() > 20
        assert audits[force]["found"].str.len().min() > 0


def test_suffolk_rows_without_a_location(audits):
    assert number(audits["suffolk"], "locations") == (1_174, 154_834)
    assert "highest in November 2018: 161 of 5,023 (3.2%)" in audits["suffolk"].loc["locations", "found"]
    assert audits["suffolk"].loc["locations-by-type", "found"] == "from 0.07% of anti-social behaviour to 1.51% of burglary"


def test_essex_locations_worsen_in_2024_and_cambridgeshire_lacks_three_to_four_per_cent(audits):
    assert "Oct 2018 to Feb 2019 0.4%" in audits["essex"].loc["locations", "found"]
    assert "Jan 2024 to Apr 2024 2.6%" in audits["essex"].loc["locations", "found"]
    percents = [float(part.split(" ")[-1].rstrip("%")) for part in audits["cambridgeshire"].loc["locations", "found"].split("; ")[:4]]
    assert all(3 <= share <= 4.1 for share in percents)


def test_suffolk_rows_far_outside_the_county(audits):
    assert number(audits["suffolk"], "outside") == (1_847, 153_660)
    found = audits["suffolk"].loc["outside", "found"]
    assert "from -5.54 to" in found
    assert "50.12 to 55.41 north" in found


def test_suffolk_districts_that_no_longer_exist(audits):
    assert audits["suffolk"].loc["former-districts", "found"] == "Forest Heath, St Edmundsbury, Suffolk Coastal, Waveney, to March 2022"


def test_suffolk_rows_of_anti_social_behaviour_equal_to_another(audits):
    assert number(audits["suffolk"], "repeated-rows") == (3_635, 17_779)


@pytest.mark.parametrize(("force", "words"), [("suffolk", "from about 736 to 342 a month"), ("essex", "from about 3,526 to 1,421 a month from October 2021")])
def test_levels_of_anti_social_behaviour_fell_and_the_register_knows(audits, force, words):
    found = next(part for part in audits[force].loc["levels", "found"].split("; ") if part.startswith("Anti-social behaviour"))
    assert words in found
    assert found.endswith("(in the register)")


def test_suffolk_outcomes(audits):
    assert audits["suffolk"].loc["repeated-outcome-ids", "found"] == "55,150 rows of 52,522 crimes"
    assert number(audits["suffolk"], "repeated-outcome-ids") == (1_965, 52_522)
    assert audits["suffolk"].loc["matched", "found"] == "91.5% of rows"


def test_outcomes_age(root):
    """The download of early 2024 has crimes under investigation; 2018 and 2019 keep court results that later files lack."""
    view = open_view(open_edition("suffolk-2025", str(root)))
    words = data_quality.outcome_words_by_month(view).set_index(["outcome", "month"])["count"]
    assert words["Under investigation"]["2024-01":"2024-04"].sum() == 4_149
    by_year = data_quality.outcomes_by_year(view).set_index("outcome")
    for result in ("Offender sent to prison", "Offender fined", "Defendant found not guilty"):
        assert by_year.loc[result, ["2018", "2019"]].min() > 0
        assert by_year.loc[result, ["2021", "2022", "2024", "2025"]].max() == 0
    assert by_year.loc["Status update unavailable", "2025"] > by_year.loc["Status update unavailable", "2018"]


def test_street_level_and_recorded_crime_agree(root):
    view = open_view(open_edition("suffolk-2025", str(root)))
    found = data_quality.reconciliation_by_force(view).set_index(["force", "category", "street_period"])
    assert set(found.index.get_level_values("force")) == {"Suffolk", "Norfolk", "Essex", "Cambridgeshire"}
    own = found.loc[("Suffolk", "Violence and sexual offences", "Jan 2025 to Dec 2025")]
    assert (own["street"], own["recorded"], round(own["ratio"])) == (21_045, 20_566, 102)
    assert found["ratio"].between(99, 106).all()
    assert found["reason"].str.len().min() > 20


def test_a_truncated_month_is_seen():
    """As in the publisher's archive of Dyfed-Powys: four months of a tenth of the usual rows."""
    rows = [3500, 3480, 3600, 3550, 3490, 1187, 300, 164, 283, 3510, 3620]
    held = pd.DataFrame({"month": pd.date_range("2023-08-01", periods=len(rows), freq="MS"), "rows_total": rows})
    found = coverage_audit.truncated_months(held)
    assert found["rows_total"].tolist() == [1187, 300, 164, 283]


def test_an_even_series_has_no_jump_and_a_step_is_dated():
    months = pd.date_range("2024-01-01", periods=18, freq="MS")
    even = pd.DataFrame({"month": months, "crime_type": "a", "count": [100, 110] * 9})
    assert coverage_audit.level_changes(even).empty
    step = even.assign(count=[100] * 10 + [40] * 8)
    found = coverage_audit.level_changes(step)
    assert (len(found), found.loc[0, "month"], found.loc[0, "before"], found.loc[0, "after"]) == (1, months[10], 100, 40)


def test_a_force_without_files_gives_no_audit():
    none = pd.DataFrame({"dataset": [], "status": [], "month": []})
    assert coverage_audit.audit(coverage_audit.Evidence(none, none, none, none)).empty
