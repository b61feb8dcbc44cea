"""The parts recommendations are made of: target sets, owners, power, facts in calculations, words of pictures."""

from types import SimpleNamespace

import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.ingest import targets
from svd_lib.measures.evaluation import detectable_reduction, displacement_power
from svd_lib.report import alt, owners
from svd_lib.report.facts import Fact


@pytest.mark.parametrize(("places", "size"), [(449, 23), (85, 5), (2000, 25), (8, 4)])
def test_a_target_is_one_in_twenty_within_bounds(places, size):
    assert targets.target_size(places) == size


def test_comparison_places_do_not_touch_the_target(monkeypatch):
    ranked = pd.DataFrame({"lsoa21cd": list("abcdef"), "value": [9, 8, 7, 6, 5, 4], "numerator": [9, 8, 7, 6, 5, 4]})
    pairs = pd.DataFrame({"id": ["a", "b", "c", "d"], "neighbour": ["b", "a", "d", "c"]})
    monkeypatch.setattr(targets, "contiguity", lambda view: pairs)
    sets = targets.trial_sets(ranked, None, 1)
    assert list(sets["set"]) == ["target", "around target", "comparison", "around comparison", "rest", "rest"]
    assert targets.records_by_set(sets) == {"target": 9, "around target": 8, "comparison": 7, "around comparison": 6, "rest": 9}


def test_the_smallest_detectable_reduction_has_the_power_and_the_one_below_has_not():
    least = detectable_reduction(3571, 2134, displacement_before=3094, displacement_control_before=3265).iloc[0]
    below = displacement_power(3571, 2134, least["reduction"] - 0.001, displacement_before=3094, displacement_control_before=3265)
    assert least["power"] >= 0.8 > below["power"].iloc[0]
    assert detectable_reduction(1, 1).empty


def test_owners_are_named_where_the_partnership_names_them_and_generic_elsewhere(tmp_path):
    path = tmp_path / "partnership.yml"
    edition = SimpleNamespace(partnership_path=path, partnership="Anyshire partnership", period_end=pd.Timestamp(2025, 12, 31))
    assert owners.proposed_owners(edition)["police"] == "the police"
    path.write_text("duty_holders:\n- {name: Police and Crime Commissioner}\n- {name: Anyshire Constabulary}\n", encoding="utf-8")
    assert owners.proposed_owners(edition)["police"] == "Anyshire Constabulary"
    assert owners.review_month(edition) == "December 2026"


def test_a_fact_from_memory_enters_no_calculation():
    fact = Fact("cost", "A cost.", "14,050", "£ per offence", "A report", "", "second-hand", "2026-11")
    assert fact.number == 14050
    with pytest.raises(SnaError, match="from memory"):
        _ = Fact("cost", "A cost.", "14,050", "£", "A report", "", "from memory", "2026-11").number


def test_pictures_are_worded_by_their_ends_and_an_empty_one_by_nothing():
    frame = pd.DataFrame({"year": ["2001", "2002", "2003"], "value": [1.0, 3.0, None]})
    assert alt.extremes(frame, "year") == {"most": "2002", "top": "3", "least": "2001", "bottom": "1"}
    assert alt.course(frame, "year", "year") == {"first": "2001", "start": "1", "last": "2002", "end": "3"}
    assert set(alt.extremes(frame.iloc[:0], "year").values()) == {""}
