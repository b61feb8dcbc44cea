"""Certainty of evidence: floor, ceiling, unknown domains."""

import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.evidence import certainty, certainty_table


def test_certainty_has_a_floor_and_a_ceiling():
    assert certainty("rct", {"imprecision": 2, "indirectness": 2}) == "Very low"
    assert certainty("rct", {}, {"large_effect": 2}) == "High"


@pytest.mark.parametrize(("down", "up"), [({"vagueness": 1}, {}), ({"imprecision": 3}, {}), ({}, {"dose_response": 2})])
def test_unknown_domains_and_steps_are_refused(down, up):
    with pytest.raises(SnaError, match="certainty"):
        certainty("rct", down, up)


def test_a_table_keeps_what_it_was_given():
    out = certainty_table([{"name": "x", "design": "observational", "down": {}, "up": {}}])
    assert out[["name", "certainty"]].iloc[0].tolist() == ["x", "Low"]
