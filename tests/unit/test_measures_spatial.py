"""Spatial clustering: agreement with esda, islands, missing values, permutations, adjustment."""

from itertools import permutations

import esda
import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.spatial import (
    areas_to_test,
    false_discovery,
    gearys_c,
    getis_ord_g,
    gi_star,
    local_moran,
    local_moran_of_rates,
    local_moran_of_smoothed_rates,
    morans_i,
    morans_i_of_rates,
    neighbourhood_adjustment,
    permutations_needed,
)
from svd_lib.measures.spatial_weights import distance_band_pairs, lattice_pairs, spatial_weights

PAIRS = lattice_pairs(6, 5, "queen")
AREAS = pd.DataFrame({"id": range(30), "value": np.random.default_rng(3).gamma(2, size=30)})
ISLAND = pd.concat([AREAS, pd.DataFrame({"id": [99], "value": [50.0]})], ignore_index=True)


@pytest.fixture(scope="module")
def pysal():
    weights = libpysal.weights.W({key: list(rows["neighbour"]) for key, rows in PAIRS.groupby("id")})
    weights.transform = "r"
    return weights


def test_permutations_grow_with_the_number_of_areas():
    assert [permutations_needed(n) for n in (10, 449, 499, 500, 4_000)] == [9_999, 9_999, 9_999, 99_999, 99_999]


def test_moran_equals_esda(pysal):
    ours, theirs = morans_i(AREAS, PAIRS), esda.Moran(AREAS["value"].to_numpy(), pysal, permutations=0)
    assert ours["value"][0] == pytest.approx(theirs.I)
    assert ours["variance"][0] == pytest.approx(theirs.VI_rand)


def test_moran_of_rates_equals_esda(pysal):
    rng = np.random.default_rng(1)
    people = rng.integers(500, 3000, 30)
    events = rng.poisson(people * rng.gamma(4, 0.005, size=30))
    frame = pd.DataFrame({"id": range(30), "events": events, "people": people})
    theirs = esda.Moran_Rate(events.astype(float), people.astype(float), pysal, permutations=0)
    assert morans_i_of_rates(frame, PAIRS, numerator="events", denominator="people")["value"][0] == pytest.approx(
        theirs.I
    )


@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_local_moran_and_its_permutations_agree_with_esda(pysal):
    theirs = esda.Moran_Local(AREAS["value"].to_numpy(), pysal, permutations=9999, seed=1, n_jobs=1)
    ours = local_moran(AREAS, PAIRS, rng=np.random.default_rng(1), alternative="directed", scale="n-1")
    assert ours["value"].to_numpy() == pytest.approx(theirs.Is)
    assert ours["p_value"].to_numpy() == pytest.approx(theirs.p_sim, abs=0.02)
    names = np.array(["", "high-high", "low-high", "low-low", "high-low"])
    assert (ours["quadrant"].to_numpy() == names[theirs.q]).all()


def test_gi_star_permutations_agree_with_the_normal_tail():
    drawn = gi_star(AREAS, PAIRS, rng=np.random.default_rng(1))
    exact = gi_star(AREAS, PAIRS, include_self=False, inference="analytic")
    assert stats.spearmanr(drawn["p_value"], exact["p_value"]).statistic > 0.95
    assert (drawn["value"] == gi_star(AREAS, PAIRS, inference="analytic")["value"]).all()


def test_permutation_moran_agrees_with_randomisation():
    drawn = morans_i(AREAS, PAIRS, inference="permutation", rng=np.random.default_rng(1))
    exact = morans_i(AREAS, PAIRS)
    assert drawn["variance"][0] == pytest.approx(exact["variance"][0], rel=0.1)
    assert drawn["p_value"][0] == pytest.approx(exact["p_value"][0], abs=0.05)


def test_islands_follow_the_declared_policy():
    assert morans_i(ISLAND, PAIRS)["areas"][0] == 30
    assert morans_i(ISLAND, PAIRS, islands="keep")["areas"][0] == 31
    with pytest.raises(SnaError, match="no neighbour"):
        morans_i(ISLAND, PAIRS, islands="refuse")
    local = local_moran(ISLAND, PAIRS, rng=np.random.default_rng(1))
    assert local.iloc[-1][["value", "p_value"]].isna().all()
    assert local["quadrant"].iloc[-1] == "none" and not local["is_significant"].iloc[-1]
    assert gi_star(ISLAND, PAIRS, rng=np.random.default_rng(1))["spot"].iloc[-1] == "none"


def test_a_missing_area_has_no_result_and_the_others_are_tested_without_it():
    gap = AREAS.assign(value=AREAS["value"].where(AREAS["id"] != 7))
    local = local_moran(gap, PAIRS, inference="analytic")
    without = local_moran(gap[gap["id"] != 7], PAIRS, inference="analytic")
    assert np.isnan(local["value"].iloc[7]) and len(local) == 30
    assert local["value"].dropna().to_numpy() == pytest.approx(without["value"].to_numpy())


def test_weights_made_once_give_the_same_result():
    weights = spatial_weights(PAIRS, range(30))
    assert local_moran(AREAS, weights, inference="analytic").equals(local_moran(AREAS, PAIRS, inference="analytic"))
    with pytest.raises(SnaError, match="other areas"):
        local_moran(AREAS.iloc[::-1], weights, inference="analytic")


def test_the_same_seed_gives_the_same_p():
    first, second = (local_moran(AREAS, PAIRS, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.equals(second)
    with pytest.raises(SnaError, match="rng"):
        local_moran(AREAS, PAIRS)


def test_local_moran_of_rates_keeps_the_counts():
    frame = AREAS.assign(events=range(30), people=1000)
    out = local_moran_of_rates(frame, PAIRS, numerator="events", denominator="people", inference="analytic")
    assert out["numerator"].tolist() == list(range(30)) and out["method"].str.startswith("empirical Bayes").all()


def test_missing_tests_are_not_counted():
    with_gap = false_discovery([0.01, np.nan, 0.04])
    assert with_gap["p_adjusted"].tolist()[::2] == pytest.approx([0.02, 0.04])
    assert np.isnan(with_gap["p_adjusted"][1]) and not with_gap["is_significant"][1]


@pytest.mark.parametrize("method", ["bh", "by"])
def test_adjustment_equals_scipy(method):
    p = np.random.default_rng(0).random(40)
    assert false_discovery(p, method=method)["p_adjusted"].to_numpy() == pytest.approx(
        stats.false_discovery_control(p, method=method)
    )


def test_pairs_are_checked():
    with pytest.raises(SnaError, match="twice"):
        spatial_weights(pd.concat([PAIRS, PAIRS.head(1)]), range(30))
    with pytest.raises(SnaError, match="same codes"):
        spatial_weights(PAIRS, ["x", "y"])
    assert len(distance_band_pairs([[0, 0], [0, 15], [0, 31]], 15)) == 2


def test_g_needs_values_of_zero_or_more():
    with pytest.raises(SnaError, match="zero or more"):
        getis_ord_g(AREAS.assign(value=AREAS["value"] - 5), PAIRS)


def test_own_weights_in_a_third_column_are_used():
    weighted = PAIRS.assign(weight=2.0)
    assert morans_i(AREAS, weighted, style="binary")["value"][0] == pytest.approx(
        morans_i(AREAS, PAIRS, style="binary")["value"][0]
    )


@pytest.mark.parametrize("inference", ["randomisation", "normality"])
def test_geary_equals_esda(pysal, inference):
    ours = gearys_c(AREAS, PAIRS, inference=inference)
    theirs = esda.Geary(AREAS["value"].to_numpy(), pysal, permutations=0)
    assert ours["value"][0] == pytest.approx(theirs.C)
    assert ours["variance"][0] == pytest.approx(theirs.VC_rand if inference == "randomisation" else theirs.VC_norm)
    assert ours["z"][0] == pytest.approx(-(theirs.z_rand if inference == "randomisation" else theirs.z_norm))


def test_total_moments_are_those_of_reshuffling_all_values():
    few = pd.DataFrame({"id": range(6), "value": [1.0, 4.0, 2.0, 8.0, 5.0, 7.0]})
    pairs = lattice_pairs(2, 3)
    found = local_moran(few, pairs, inference="analytic", moments="total")
    weights = spatial_weights(pairs, range(6)).matrix.toarray()
    z = few["value"].to_numpy() - few["value"].mean()
    drawn = np.array([[z[list(order)][i] * (weights[i] @ z[list(order)]) / (z @ z / 6) for i in range(6)] for order in permutations(range(6))])
    assert found["expected"].to_numpy() == pytest.approx(drawn.mean(axis=0))
    assert found["variance"].to_numpy() == pytest.approx(drawn.var(axis=0))


def test_adjustments_grow_milder_from_holm_to_hommel():
    p = np.random.default_rng(1).uniform(size=12) ** 3
    holm, hochberg, hommel = (false_discovery(p, method=one)["p_adjusted"].to_numpy() for one in ("holm", "hochberg", "hommel"))
    assert (hochberg <= holm + 1e-12).all() and (hommel <= hochberg + 1e-12).all() and (hommel >= p - 1e-12).all()
    with pytest.raises(SnaError, match="hommel"):
        false_discovery(p, method="sidak")


def test_an_adjustment_by_neighbourhood_counts_only_the_tests_around():
    p = np.full(30, 0.004)
    found = neighbourhood_adjustment(p, PAIRS, ids=range(30))
    size = PAIRS.groupby("id").size().to_numpy() + 1
    assert found["p_adjusted"].to_numpy() == pytest.approx(0.004 * size)
    again = neighbourhood_adjustment(p, spatial_weights(PAIRS, range(30)), method="none")
    assert again["p_adjusted"].to_numpy() == pytest.approx(p)


def test_a_test_is_possible_with_four_joined_areas_whose_rates_differ():
    places = pd.DataFrame({"id": range(5), "numerator": [3, 5, 8, 2, 9], "denominator": [100] * 5})
    ring = pd.DataFrame({"id": [0, 1, 2, 3, 1, 2, 3, 0], "neighbour": [1, 2, 3, 0, 0, 1, 2, 3]})
    assert len(areas_to_test(places, ring)) == 5
    assert areas_to_test(places.head(3), ring).empty and areas_to_test(places, ring.head(0)).empty
    assert areas_to_test(places.assign(numerator=5), ring).empty
    assert list(areas_to_test(places.head(3), ring).columns) == list(places.columns)


def test_no_areas_give_no_rows_of_every_test():
    nothing = pd.DataFrame({"id": pd.Series(dtype="object"), "value": [], "numerator": [], "denominator": []})
    rng = np.random.default_rng(1)
    for made, full in (
        (morans_i_of_rates(nothing, PAIRS), morans_i(AREAS, PAIRS)), (local_moran_of_rates(nothing, PAIRS, rng=rng), local_moran(AREAS, PAIRS, rng=rng)),
        (local_moran_of_smoothed_rates(nothing, PAIRS, rng=rng), local_moran(AREAS, PAIRS, rng=rng)), (gi_star(nothing, PAIRS, rng=rng), gi_star(AREAS, PAIRS, rng=rng)),
    ):
        assert made.empty and set(made.columns) == set(full.columns)
