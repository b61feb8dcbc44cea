"""What an area lacks gives no rows, not an error: no children's measures, one district, few neighbourhoods."""

from dataclasses import replace

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.ingest import people, place_counts, recorded_series
from svd_lib.ingest.loaders import open_view

VIOLENCE = "Violence and sexual offences"


@pytest.fixture
def view(root):
    return open_view(open_edition("suffolk-2025", str(root)))


def test_an_authority_without_measures_has_an_empty_table(view, monkeypatch):
    whole = people.children_table(view)
    rows = people.indicator_rows
    monkeypatch.setattr(people, "indicator_rows", lambda *given, **named: rows(*given, **named).query("area_kind != 'county'"))
    assert len(whole) > 3 and people.children_table(view).empty


def test_factors_that_are_withheld_name_no_authority():
    factors = pd.DataFrame({"factor": ["Gangs"], "area_kind": ["county"], "area_name": ["Shire"], "count": [None], "total": [9.0], "period": ["p"], "date": ["d"]})
    assert people.authorities_together(factors, "Gangs")["authorities"].str.cat() == ""


def test_few_neighbourhoods_are_not_set_in_fifths(view, monkeypatch):
    assert len(place_counts.counts_by_choice(view, {"violence": [VIOLENCE]})) > 0
    monkeypatch.setattr(place_counts, "FEWEST_IN_FIFTHS", 1000)
    assert place_counts.counts_by_choice(view, {"violence": [VIOLENCE]}).empty


def test_one_district_is_not_compared_with_itself(view, monkeypatch):
    assert len(recorded_series.districts_in_two_years(view)) > 0
    monkeypatch.setattr(type(view), "area", replace(view.area, lad={"E07000202": "Ipswich"}))
    assert recorded_series.districts_in_two_years(view).empty
