"""Selections of the data-quality chapter, on the committed figures."""

from __future__ import annotations

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.ingest import data_quality, recorded_levels
from svd_lib.ingest.loaders import open_view
from svd_lib.report.gaps import Gap, gap_frame


@pytest.fixture(scope="module")
def view(root):
    return open_view(open_edition("suffolk-2025", str(root)))


def test_every_row_is_accounted_for(view):
    found = data_quality.rows_accounted(view)
    assert found["count"].sum() == found["total"].iloc[0] == 154834
    assert data_quality.account_words(found)["whole"] == "All"


def test_a_missing_row_is_not_hidden():
    found = pd.DataFrame({"kind": ["located", "rejected, why"], "count": [8, 1], "total": [10, 10]})
    assert data_quality.account_words(found)["whole"] == "9 of"
    assert data_quality.account_words(found)["kinds"] == "8 located and 1 rejected"


def test_missing_months_are_gaps_and_never_zero(view):
    monthly = data_quality.unlocated_by_month(view)
    assert monthly["total"].isna().sum() == 53
    assert monthly["total"].min() > 0


def test_street_records_beside_recorded_crime(view):
    found = data_quality.street_against_recorded(view).set_index("category")
    assert tuple(found.loc["Violence and sexual offences", ["street", "recorded"]]) == (21045, 18086 + 2480)
    partnerships = data_quality.street_against_partnerships(view).set_index("csp_name")
    assert partnerships["street"].sum() == 5462 + 5045 + 5949 + 2044 + 2008


def test_years_without_a_common_month_are_not_compared(root):
    older = open_view(open_edition("suffolk-2022", str(root)))
    assert data_quality.street_against_recorded(older).empty
    assert data_quality.street_against_partnerships(older).empty


def test_newest_levels_of_force_and_partnerships(view):
    newest = recorded_levels.newest_levels(view)
    assert recorded_levels.period_of(newest) == "2024-07/2025-06"
    assert recorded_levels.level_of(newest, "Violence with injury") == {"value": 5869.0}
    assert recorded_levels.level_of(newest, "Piracy") is None
    robbery = recorded_levels.newest_levels(view, "csp").query("offence == 'Robbery'").set_index("area_name")["count"]
    assert robbery.to_dict() == {"Ipswich": 101, "Suffolk Coastal": 23, "Waveney": 33, "Western Suffolk": 61}


def test_gaps_of_other_editions_are_left_out(view):
    gaps = (Gap("trends-a-b", ("*",), "Why?", "x", "y"), Gap("data-quality-a-b", ("district",), "How?", "x", "y"))
    assert list(gap_frame(gaps, view.edition)["chapter"]) == ["Trends"]


def test_a_conditional_gap_is_listed_only_where_a_chapter_meets_it(view):
    gap = Gap("trends-a-b", ("*",), "Why?", "x", "y", is_conditional=True)
    assert gap_frame((gap,), view.edition).empty and gap.covers("trends-a-b", view.edition)
