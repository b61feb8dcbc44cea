"""Concentration: shares of places, the chance null, Gini limits."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.concentration import (
    concentration_shares,
    gini,
    gini_coefficients,
    lorenz_curve,
    places_for_shares,
)


def test_the_fewest_places_that_hold_a_share():
    assert places_for_shares([[10, 8, 2, 0, 0]], [0.25, 0.5, 0.8, 1.0]).tolist() == [[1, 1, 2, 3]]


def test_poisson_places_are_not_called_concentrated_and_hot_ones_are():
    rng = np.random.default_rng(1)
    chance = pd.DataFrame({"count": rng.poisson(3, 400)})
    hot = pd.DataFrame({"count": rng.negative_binomial(0.3, 0.1, 400)})
    assert not concentration_shares(chance, rng=np.random.default_rng(2))["is_concentrated"].any()
    found = concentration_shares(hot, rng=np.random.default_rng(2))
    assert found["is_concentrated"].all() and (found["ratio_to_null"] < 1).all()


def test_few_events_in_many_places_look_concentrated_but_are_not():
    few = pd.DataFrame({"count": [1] * 10 + [0] * 490})
    row = concentration_shares(few, shares=[0.8], rng=np.random.default_rng(2)).iloc[0]
    assert row["value"] == pytest.approx(8 / 500) and row["null_value"] == pytest.approx(8 / 500, rel=0.1)
    assert gini(few["count"]) > 0.97 and gini(few["count"], generalised=True) == pytest.approx(0.0)


def test_a_missing_place_is_left_out_not_counted_as_empty():
    gap = pd.DataFrame({"count": [5, np.nan, 5]})
    assert concentration_shares(gap, shares=[0.5], rng=np.random.default_rng(0))["denominator"].tolist() == [2]
    assert gini(gap["count"]) == 0


def test_gini_limits_hold_the_estimate():
    frame = pd.DataFrame(
        {"year": [1] * 50 + [2] * 50, "count": np.random.default_rng(0).negative_binomial(1, 0.2, 100)}
    )
    out = gini_coefficients(frame, by=["year"], rng=np.random.default_rng(0))
    assert len(out) == 4
    assert ((out["lower_ci"] <= out["value"]) & (out["value"] <= out["upper_ci"])).all()


def test_lorenz_curve_runs_from_nothing_to_everything():
    curve = lorenz_curve([1, 2, 3, 4])
    assert curve.iloc[0].tolist() == [0, 0] and curve.iloc[-1].tolist() == [1, 1]
    assert curve["event_share"][1] == 0.4


def test_no_events_is_refused():
    with pytest.raises(SnaError, match="one event"):
        gini([0, 0])
