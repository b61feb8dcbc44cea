"""What must hold of every clustering, concentration and prediction result."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.measures.concentration import concentration_shares, gini, lorenz_curve
from svd_lib.measures.prediction import prediction_curve
from svd_lib.measures.smoothing import empirical_bayes
from svd_lib.measures.spatial import false_discovery, gi_star, local_moran, morans_i
from svd_lib.measures.spatial_weights import lattice_pairs

PAIRS = lattice_pairs(4, 4)
COUNTS = st.lists(st.integers(0, 200), min_size=16, max_size=16).filter(lambda x: len(set(x)) > 3)
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=40, deadline=None)


@FEW
@given(COUNTS, SEEDS)
def test_moran_is_unchanged_by_relabelling(counts, seed):
    names = np.random.default_rng(seed).permutation(16) + 100
    frame = pd.DataFrame({"id": range(16), "value": counts})
    renamed = frame.assign(id=names).sample(frac=1, random_state=seed % 1000)
    pairs = pd.DataFrame({"id": names[PAIRS["id"]], "neighbour": names[PAIRS["neighbour"]]})
    for style in ("row", "binary"):
        first, second = morans_i(frame, PAIRS, style=style), morans_i(renamed, pairs, style=style)
        assert np.allclose(first[["value", "variance"]], second[["value", "variance"]])


@FEW
@given(COUNTS, st.floats(0.1, 1000), st.floats(-100, 100))
def test_local_statistics_are_unchanged_by_units(counts, scale, shift):
    frame = pd.DataFrame({"id": range(16), "value": counts})
    other = frame.assign(value=frame["value"] * scale + shift)
    for measure, options in ((local_moran, {"inference": "analytic"}), (gi_star, {"inference": "analytic"})):
        first, second = measure(frame, PAIRS, **options), measure(other, PAIRS, **options)
        assert np.allclose(first["value"], second["value"], rtol=1e-6, atol=1e-8)


@FEW
@given(COUNTS, SEEDS)
def test_gini_is_free_of_order_and_in_range(counts, seed):
    shuffled = np.random.default_rng(seed).permutation(counts)
    for generalised in (False, True):
        value = gini(counts, generalised=generalised)
        assert np.isclose(value, gini(shuffled, generalised=generalised)) and -1e-9 <= value <= 1
    curve = lorenz_curve(counts)
    assert (np.diff(curve["event_share"]) >= -1e-12).all()
    area = np.trapezoid(curve["event_share"], curve["place_share"])
    assert np.isclose(2 * area - 1, gini(counts), atol=1e-9)


@FEW
@given(COUNTS)
def test_more_of_the_events_need_more_places(counts):
    out = concentration_shares(pd.DataFrame({"count": counts}), draws=19, rng=np.random.default_rng(0))
    assert out["value"].is_monotonic_increasing and out["value"].between(0, 1).all()


@FEW
@given(COUNTS, st.lists(st.integers(100, 5000), min_size=16, max_size=16), st.integers(2, 20))
def test_smoothing_trusts_places_more_with_more_events_and_scales_with_population(counts, people, times):
    frame = pd.DataFrame({"events": np.array(counts) + 1, "people": people})
    once, scaled = empirical_bayes(frame, "events", "people"), empirical_bayes(frame * [1, times], "events", "people")
    assert np.allclose(once["value"], scaled["value"] * times)
    many, raw = empirical_bayes(frame * times, "events", "people")["value"], frame["events"] / frame["people"]
    assert ((many - raw).abs() <= (once["value"] - raw).abs() * (1 + 1e-9) + 1e-12).all()
    assert ((once["lower_ci"] <= once["value"]) & (once["value"] <= once["upper_ci"])).all()


@FEW
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_adjusted_p_is_never_below_p_and_keeps_the_order(p):
    for method in ("bh", "by", "holm", "bonferroni"):
        adjusted = false_discovery(p, method=method)["p_adjusted"].to_numpy()
        assert (adjusted >= np.array(p) - 1e-12).all() and (
            np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12
        ).all()


@FEW
@given(COUNTS, COUNTS)
def test_choosing_every_place_catches_everything(seen, before):
    curve = prediction_curve(pd.DataFrame({"seen": seen, "before": before}), "seen", "before")
    assert np.isclose(curve["value"].iloc[-1], 1) and np.isclose(curve["pai"].iloc[-1], 1)
    assert (curve["pei"] <= 1 + 1e-9).all() and curve["value"].is_monotonic_increasing


def test_local_tests_keep_their_level_without_signal():
    rng = np.random.default_rng(7)
    pairs = lattice_pairs(10, 10, "queen")
    rejected = []
    for _ in range(30):
        frame = pd.DataFrame({"id": range(100), "value": rng.normal(size=100)})
        found = local_moran(frame, pairs, permutations=999, rng=rng)
        rejected.append((found["p_value"] <= 0.05).mean())
    assert np.mean(rejected) < 0.06
