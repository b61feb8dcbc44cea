"""Harm: severity scores, offence mixes, cost."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.harm import (
    economic_cost,
    price_factor,
    sentence_weights,
    severity_by_mix,
    severity_score,
    total_cost,
)

OFFENCES = pd.DataFrame(
    {
        "area": ["a", "a", "b", "b"],
        "count": [100, 2, 50, 0],
        "weight": [10, 4000, 10, 4000],
        "people": [1000, 1000, 500, 500],
    }
)
MIX = pd.DataFrame({"crime_type": ["V", "V", "D"], "offence_count": [990, 10, 50], "weight": [100, 7000, 10]})


def test_a_score_is_points_over_residents():
    out = severity_score(OFFENCES, population="people", by=["area"])
    assert out["value"].tolist() == pytest.approx([9.0, 1.0])
    assert ((out["lower_ci"] < out["value"]) & (out["value"] < out["upper_ci"])).all()


def test_rare_grave_offences_widen_the_limits():
    plain = pd.DataFrame({"count": [900], "weight": [10.0]})
    grave = pd.DataFrame({"count": [100, 2], "weight": [10.0, 4000.0]})
    width = [
        (row["upper_ci"] - row["lower_ci"]) / row["value"]
        for row in (severity_score(f).iloc[0] for f in (plain, grave))
    ]
    assert width[1] > 5 * width[0]


def test_one_missing_count_makes_the_score_missing():
    out = severity_score(OFFENCES.assign(count=[100, np.nan, 50, 0]), by=["area"])
    assert np.isnan(out["value"][0]) and out["value"][1] == 500


def test_limits_cover_a_compound_poisson_score():
    rng, rates, weights = np.random.default_rng(1), np.array([80.0, 6.0]), np.array([5.0, 60.0])
    counts = rng.poisson(rates, size=(600, 2))
    sets = pd.DataFrame({"set": np.repeat(range(600), 2), "count": counts.ravel(), "weight": np.tile(weights, 600)})
    out = severity_score(sets, by=["set"])
    assert ((out["lower_ci"] <= rates @ weights) & (rates @ weights <= out["upper_ci"])).mean() > 0.92


def test_weights_within_a_category_are_weighted_by_the_offences_recorded():
    out = severity_by_mix(pd.DataFrame({"crime_type": ["V"], "count": [200]}), MIX, rng=np.random.default_rng(0)).iloc[
        0
    ]
    assert out["value"] == pytest.approx(200 * (990 * 100 + 10 * 7000) / 1000)
    assert out["lower_ci"] < out["value"] < out["upper_ci"]


def test_a_category_without_a_mix_is_refused():
    with pytest.raises(SnaError, match="No offence mix is stated for X"):
        severity_by_mix(pd.DataFrame({"crime_type": ["X"], "count": [1]}), MIX, rng=np.random.default_rng(0))


def test_weights_from_memory_make_an_illustration():
    tagged = MIX.assign(tag=["read", "from memory", "read"])
    counts = pd.DataFrame({"crime_type": ["V"], "count": [20]})
    assert severity_by_mix(counts, tagged, rng=np.random.default_rng(0))["is_illustration"].all()
    assert not severity_by_mix(counts, MIX, rng=np.random.default_rng(0))["is_illustration"].any()


def test_sentence_weights_are_means_over_all_who_were_sentenced():
    sentences = pd.DataFrame({"offence_code": ["1", "1", "1"], "cases": [10, 30, 60], "days": [365, 15, 1]})
    assert sentence_weights(sentences)["weight"].tolist() == pytest.approx([(3650 + 450 + 60) / 100])


def test_cost_is_number_times_multiplier_times_price():
    frame = pd.DataFrame({"offence": ["x", "y"], "number": [10, 20], "unit_cost": [100, 50], "multiplier": [2, 1]})
    costs = economic_cost(frame, multiplier="multiplier", price_factor=price_factor(100, 110))
    assert costs["value"].tolist() == pytest.approx([2200, 1100])
    total = total_cost(costs).iloc[0]
    assert total["value"] == pytest.approx(3300) and total["lower_ci"] < 3300 < total["upper_ci"]
    assert np.isnan(total_cost(costs.assign(value=[np.nan, 1]))["value"][0])
