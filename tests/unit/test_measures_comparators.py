"""Comparator areas: nearest first, weights, scaling."""

import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.comparators import comparator_areas

AREAS = pd.DataFrame({"id": list("abcde"), "age": [30, 31, 40, 29, 60], "density": [100, 110, 5000, 90, 100]})


def test_the_nearest_come_first_and_the_target_is_left_out():
    out = comparator_areas(AREAS, "a", ["age", "density"], number=2)
    assert set(out["id"]) == {"b", "d"} and out["rank"].tolist() == [1, 2]
    assert out["value"].is_monotonic_increasing


def test_a_weight_changes_who_is_near():
    by_age = comparator_areas(AREAS, "a", {"age": 1, "density": 0.0001}, number=None)["id"].tolist()
    by_density = comparator_areas(AREAS, "a", {"age": 0.0001, "density": 1}, number=None)["id"].tolist()
    assert by_age[-1] == "e" and by_density[-1] == "c"


@pytest.mark.parametrize("scaling", ["z-score", "robust", "rank", "none"])
def test_every_scaling_gives_distances(scaling):
    out = comparator_areas(AREAS, "a", ["age", "density"], scaling=scaling, log=["density"], exclude=["b"])
    assert "b" not in out["id"].tolist() and (out["value"] >= 0).all()


def test_an_area_without_every_characteristic_is_left_out_and_said():
    gap = AREAS.assign(age=[None, 31, 40, 29, 60])
    with pytest.raises(SnaError, match="Area a"):
        comparator_areas(gap, "a", ["age"])
    assert "a" not in comparator_areas(gap, "b", ["age"])["id"].tolist()
