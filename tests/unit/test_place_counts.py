"""Selections of the geography chapter, on the committed figures and on small frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.ingest import place_counts
from svd_lib.ingest.loaders import View, contiguity, latest_year, open_view
from svd_lib.measures.seeds import seeded
from svd_lib.measures.spatial import local_moran_of_rates, local_moran_of_smoothed_rates
from svd_lib.measures.spatial_weights import lattice_pairs
from svd_lib.report import text
from svd_lib.vocabulary import VIOLENCE


@pytest.fixture(scope="module")
def view(root: Path) -> View:
    """Return the 2025 edition's view."""
    return open_view(open_edition("suffolk-2025", str(root)))


@pytest.fixture(scope="module")
def earlier_view(root: Path) -> View:
    """Return the view of the edition that holds one whole year."""
    return open_view(open_edition("suffolk-2022", str(root)))


def test_every_place_has_one_row_with_point_and_residents(view: View) -> None:
    places = place_counts.place_profile(view, VIOLENCE, latest_year(view))
    assert len(places) == len(view.area.lsoa21cd) == places["lsoa21cd"].nunique()
    assert places[["label", "population", "count", "lon", "lat", "ruc"]].notna().all().all()


def test_districts_and_partnerships_hold_the_same_records(view: View) -> None:
    found = place_counts.authority_counts(view, VIOLENCE, latest_year(view))
    totals = found.groupby("kind")[["count", "population", "population_16_34"]].sum()
    assert totals.loc["District"].equals(totals.loc["Partnership"].rename("District"))
    assert (found["population_16_34"] + found["population_65_plus"] < found["population"]).all()


def test_highest_stands_beside_lowest_and_one_place_beside_none() -> None:
    frame = pd.DataFrame({"label": ["a", "b", "c"], "count": [5, 1, 3], "population": [10, 10, 10]})
    pair = place_counts.highest_beside_lowest(frame)
    assert pair[["label", "reference_label"]].to_numpy().tolist() == [["a", "b"]]
    alone = place_counts.highest_beside_lowest(frame.head(1))
    assert alone.empty and list(alone.columns) == list(pair.columns)


def test_two_years_are_compared_only_where_two_are_held(view: View, earlier_view: View) -> None:
    both = place_counts.counts_in_two_years(view, VIOLENCE)
    assert len(both) == len(view.area.lsoa21cd)
    assert both[["earlier", "later"]].sum().gt(0).all() and both["is_recoded"].any()
    assert place_counts.year_before(earlier_view) == ""
    none = place_counts.counts_in_two_years(earlier_view, VIOLENCE)
    assert none.empty and list(none.columns) == list(both.columns)


def test_a_year_without_any_record_leaves_nothing_to_compare(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, counted = place_counts.counts_in_two_years(view, VIOLENCE), place_counts.street_by_place
    for silent in place_counts.whole_years(view)[:2]:
        monkeypatch.setattr(
            place_counts, "street_by_place", lambda *asked, silent=silent: counted(*asked).assign(count=0) if asked[-1] == silent else counted(*asked)
        )
        none = place_counts.counts_in_two_years(view, VIOLENCE)
        assert none.empty and list(none.columns) == list(whole.columns)


def test_the_crime_domain_is_left_out_and_the_index_follows_the_edition(view: View, earlier_view: View) -> None:
    newer = place_counts.counts_by_deprivation(view, VIOLENCE, latest_year(view))
    older = place_counts.counts_by_deprivation(earlier_view, VIOLENCE, latest_year(earlier_view))
    assert set(newer["domain"]) == set(place_counts.DOMAINS) and "crime" not in set(newer["domain"])
    assert (set(newer["index_edition"]), set(older["index_edition"])) == ({"imd_2025"}, {"imd_2019"})


def test_each_name_has_draws_of_its_own_that_repeat() -> None:
    assert seeded("a").integers(10**9) == seeded("a").integers(10**9)
    assert seeded("a").integers(10**9) != seeded("b").integers(10**9)


def test_one_extreme_area_does_not_hide_a_cluster_elsewhere() -> None:
    side = 16
    pairs = lattice_pairs(side, side, "queen")
    grid = np.random.default_rng(1).poisson(20, (side, side))
    grid[2:6, 2:6] += 45
    grid[12, 12] = 2_000
    events, inner = grid.ravel(), [row * side + column for row in (3, 4) for column in (3, 4)]
    frame = pd.DataFrame({"id": sorted(set(pairs["id"])), "events": events, "people": 1_000})
    named = {"numerator": "events", "denominator": "people", "permutations": 9_999}
    index = local_moran_of_rates(frame, pairs, **named, rng=seeded("index"))
    logged = local_moran_of_smoothed_rates(frame, pairs, **named, rng=seeded("log"))
    assert not index["is_significant"][inner].any()
    assert (logged["is_significant"] & (logged["quadrant"] == "high-high"))[inner].all()


def test_doubling_the_violence_of_one_part_moves_ranking_and_clusters(view: View) -> None:
    places = place_counts.place_profile(view, VIOLENCE, latest_year(view))
    named = {"id": "lsoa21cd", "numerator": "count", "denominator": "population", "permutations": 9_999}
    pairs = contiguity(view)

    def seen(frame: pd.DataFrame) -> tuple[pd.Series, set[str]]:
        found = local_moran_of_smoothed_rates(frame, pairs, **named, rng=seeded("doubling"))
        high = found["is_significant"] & (found["quadrant"] == "high-high")
        return (found["numerator"] / found["denominator"]).rank(ascending=False), set(found.loc[high, "lsoa21cd"])

    rank, clusters = seen(places)
    sums = places.groupby("msoa21nm")[["count", "population"]].sum()
    second = (sums["count"] / sums["population"]).sort_values().index[-2]
    inside = places["msoa21nm"] == second
    moved, more = seen(places.assign(count=places["count"].where(~inside, places["count"] * 2)))
    assert (moved[inside] <= rank[inside]).all() and (moved[inside] < rank[inside]).any()
    assert more != clusters and len(more & set(places.loc[inside, "lsoa21cd"])) > len(
        clusters & set(places.loc[inside, "lsoa21cd"])
    )


def test_tests_are_worded_by_one_rule() -> None:
    assert text.chance_words(0.049, "yes", "no") == "yes"
    assert text.chance_words(0.05, "yes", "no") == text.chance_words(float("nan"), "yes", "no") == "no"
    assert (text.p_words(0.0004), text.p_words(0.0231), text.p_words(float("nan"))) == (
        "p below 0.001",
        "p 0.023",
        "p not available",
    )


def test_a_published_figure_of_every_neighbourhood(view: View, earlier_view: View) -> None:
    injury = place_counts.place_indicator(view, "violence_with_injury_rate")
    assert len(injury) == injury["lsoa21cd"].nunique() == 449 and injury["reference"].unique().tolist() == ["imd_2025"]
    assert (injury["value"].median(), injury["value"].min(), injury["value"].max()) == (4.4, 0.5, 35.2)
    assert place_counts.place_indicator(earlier_view, "violence_with_injury_rate").empty
    white = place_counts.place_indicator(earlier_view, "residents_by_ethnic_group", "Ethnic group White")
    assert len(white) == 449 and white["unit"].unique().tolist() == ["residents"]
