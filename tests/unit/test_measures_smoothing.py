"""Empirical Bayes smoothing: shrinkage, missing areas, islands."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.smoothing import (
    empirical_bayes,
    empirical_bayes_index,
    empirical_bayes_prior,
    freeman_tukey_rate,
    spatial_empirical_bayes,
)
from svd_lib.vocabulary import RESULT_COLUMNS

AREAS = pd.DataFrame({"id": list("abcde"), "events": [1, 0, 30, 12, 5], "people": [100, 150, 900, 1000, 600]})
CHAIN = pd.DataFrame({"id": list("abbccd"), "neighbour": list("bacbdc")})


def test_a_smoothed_rate_lies_between_its_own_and_the_overall_rate():
    out = empirical_bayes(AREAS, "events", "people", multiplier=1000)
    overall = 1000 * AREAS["events"].sum() / AREAS["people"].sum()
    between = (out["value"] - overall) * (out["raw_value"] - overall)
    assert (between >= -1e-9).all()
    assert ((out["value"] - overall).abs() <= (out["raw_value"] - overall).abs() + 1e-9).all()
    assert (out["lower_ci"] <= out["value"]).all() and (out["value"] <= out["upper_ci"]).all()
    assert set(RESULT_COLUMNS) <= set(out.columns)


def test_areas_that_differ_by_chance_only_share_the_overall_rate_and_its_limits():
    same = pd.DataFrame({"events": [10, 11, 9, 10], "people": [1000, 1000, 1000, 1000]})
    out = empirical_bayes(same, "events", "people")
    assert empirical_bayes_prior(same["events"], same["people"]).variance == 0
    assert out["value"].to_numpy() == pytest.approx([0.01] * 4)
    assert out["lower_ci"].nunique() == 1


def test_a_missing_count_stays_missing_and_an_area_without_people_has_no_rate():
    gaps = AREAS.assign(events=[1, np.nan, 30, 12, 5], people=[100, 150, 900, 1000, 0])
    out = empirical_bayes(gaps, "events", "people")
    assert out["value"].isna().tolist() == [False, True, False, False, True]
    assert np.isnan(empirical_bayes_index(gaps["events"], gaps["people"])).tolist() == [False, True, False, False, True]


def test_an_island_is_missing_or_takes_the_overall_rate_as_asked():
    options = {"numerator": "events", "denominator": "people"}
    alone = spatial_empirical_bayes(AREAS, CHAIN, **options)
    joined = spatial_empirical_bayes(AREAS, CHAIN, islands="global", **options)
    assert np.isnan(alone["value"].iloc[4])
    assert joined["value"].iloc[4] == pytest.approx(empirical_bayes(AREAS, "events", "people")["value"].iloc[4])
    assert joined["lower_ci"].iloc[4] < joined["value"].iloc[4] < joined["upper_ci"].iloc[4]


def test_shared_departures_are_those_about_one_local_mean():
    shared = spatial_empirical_bayes(AREAS, CHAIN, numerator="events", denominator="people", departures="shared")
    n, x = AREAS["people"].to_numpy(float)[:3], AREAS["events"].to_numpy(float)[:3]
    mean = x.sum() / n.sum()
    between = max((n * (x / n - mean) ** 2).sum() / n.sum() - mean / n.mean(), 0)
    expected = mean + between * (x[1] / n[1] - mean) / (between + mean / n[1])
    assert shared["value"].iloc[1] == pytest.approx(expected)


def test_negative_events_are_refused():
    with pytest.raises(SnaError, match="below zero"):
        empirical_bayes_prior([-1, 2], [10, 10])


def test_freeman_tukey_is_defined_for_no_events():
    assert freeman_tukey_rate([0], [1000]) == pytest.approx([1.0])
