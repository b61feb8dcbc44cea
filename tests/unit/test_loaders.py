"""Loaders: what a chapter is handed is typed, checked and recorded; a gap stays a gap and a zero a zero."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import shapely
from street_world import ALPHA, ROBBERY, SPLIT_PARTS, VIOLENCE
from view_world import HELD, make_edition, make_tables

from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest import loaders
from svd_lib.ingest.areas import area_of
from svd_lib.ingest.loaders import View, open_view
from svd_lib.ingest.view import write_view


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with an edition and its snapshot."""
    root = tmp_path_factory.mktemp("project")
    edition, tables = make_edition(root), make_tables(root)
    write_view(edition, area_of(edition, tables["places"]), tables, edition.snapshot_path)
    return root


@pytest.fixture
def view(folder: Path) -> View:
    """Return the edition's view, freshly opened."""
    return open_view(open_edition("alpha", str(folder)))


def test_view_records_what_it_handed_out(view: View) -> None:
    assert view.used == set()
    view.table("places")
    view.table("coverage")
    assert view.used == {"places", "coverage"}


def test_table_can_be_changed_without_harm_to_the_next(view: View) -> None:
    places = view.table("places")
    places["label"] = "spoilt"
    places.loc[0, "ward24nm"] = "spoilt"
    assert "spoilt" not in set(view.table("places")[["label", "ward24nm"]].to_numpy().ravel())


def test_a_view_without_boundaries_says_so(view: View) -> None:
    assert view.boundaries() is None
    assert not view.has_boundaries
    with pytest.raises(SnaError, match="no boundaries of 'parish'"):
        view.boundaries("parish")


@pytest.mark.parametrize(("level", "count"), [("lsoa21cd", 449), ("msoa21nm", 90), ("lad24nm", 5), ("csp_name", 4)])
def test_embedded_boundaries_make_larger_places_without_gap_or_overlap(root: Path, level: str, count: int) -> None:
    own = open_view(open_edition("suffolk-2025", str(root)))
    shapes = own.boundaries(level)
    geometry = shapes.geometry.to_numpy()
    assert list(shapes.columns) == [level, "geometry"] and len(shapes) == shapes[level].nunique() == count and shapes.crs == "EPSG:27700"
    assert shapely.is_valid(geometry).all() and shapely.coverage_is_valid(geometry)
    assert shapes.area.sum() == pytest.approx(own.boundaries().area.sum()) == pytest.approx(3.8e9, rel=0.01)
    assert own.has_boundaries and "boundaries_lsoa" in own.used


def test_unknown_table_is_refused(view: View) -> None:
    with pytest.raises(SnaError, match="no tidy table 'weather'"):
        view.table("weather")


def test_months_held_are_those_with_a_file(view: View) -> None:
    assert [f"{month:%Y-%m}" for month in loaders.months_held(view)] == HELD
    assert len(loaders.months_held(view, force_slug="beta")) == 1
    assert len(loaders.months_held(view, "outcomes")) == 1


def test_whole_years_are_twelve_held_months_in_a_row(view: View) -> None:
    assert loaders.whole_years(view) == ["2025-01/2025-12"]
    assert loaders.latest_year(view) == "2025-01/2025-12"


def test_month_without_a_file_is_a_gap_and_month_without_a_record_a_zero(view: View) -> None:
    series = loaders.street_by_month(view, "Drugs").set_index("month")["count"]
    assert len(series) == 24
    assert series["2025-03-01"] == 0
    assert pd.isna(series["2024-05-01"]) and pd.isna(series["2024-12-01"])


def test_bases_differ_by_rows_outside_and_without_location(view: View) -> None:
    located = loaders.street_by_month(view, VIOLENCE).set_index("month")["count"]
    recorded = loaders.street_by_month(view, VIOLENCE, basis="recorded_by").set_index("month")["count"]
    assert (located["2025-01-01"], recorded["2025-01-01"]) == (2, 4)
    with pytest.raises(SnaError, match="basis 'both' is not known"):
        loaders.street_by_month(view, basis="both")


@pytest.mark.parametrize("by", ["crime_type", "lad24nm", "lsoa21cd"])
def test_series_by_kind_add_up_to_the_whole(view: View, by: str) -> None:
    parts = loaders.street_by_month(view, by=by)
    whole = loaders.street_by_month(view).set_index("month")["count"]
    assert list(parts.columns) == ["month", by, "count"]
    pd.testing.assert_series_equal(parts.groupby("month")["count"].sum(min_count=1), whole)


def test_series_by_place_has_every_place_and_keeps_gaps(view: View) -> None:
    wide = loaders.street_by_month(view, ROBBERY, by="lsoa21cd").pivot(index="month", columns="lsoa21cd", values="count")
    assert wide.loc["2025-06-01"].to_dict() == {ALPHA: 0, SPLIT_PARTS[0]: 1, SPLIT_PARTS[1]: 0, "E01000004": 0}
    assert wide.loc["2024-06-01"].isna().all()
    with pytest.raises(SnaError, match="need the basis 'located_in'"):
        loaders.street_by_month(view, by="lsoa21cd", basis="recorded_by")
    with pytest.raises(SnaError, match="cannot be counted by 'parish'"):
        loaders.street_by_month(view, by="parish")


def test_outcomes_are_those_of_the_own_force(view: View) -> None:
    assert loaders.outcome_mix(view).to_dict("list") == {"outcome": ["Charged"], "count": [1], "share": [1.0]}
    assert loaders.outcome_mix(view, VIOLENCE, "2025-01/2025-12", "last_outcome")["count"].tolist() == [48]


def test_contiguity_is_in_the_measures_words(view: View) -> None:
    assert list(loaders.contiguity(view).columns) == ["id", "neighbour"]
    assert loaders.deprivation_at(view).columns.tolist() == ["lsoa21cd", "decile", "rank", "score"]


def test_every_place_is_there_with_zero_where_nothing_was_recorded(view: View) -> None:
    out = loaders.street_by_place(view, ROBBERY).set_index("lsoa21cd")
    assert out["count"].to_dict() == {ALPHA: 0, SPLIT_PARTS[0]: 12, SPLIT_PARTS[1]: 0, "E01000004": 0}
    assert out["population"].to_dict() == {ALPHA: 100, SPLIT_PARTS[0]: 200, SPLIT_PARTS[1]: 300, "E01000004": 400}
    assert out.loc[ALPHA, "label"] == "Eastgate, Northby"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("lad24nm", {"Midby": 0, "Northby": 36}),
        ("csp_name", {"Midby": 0, "Northby": 36}),
        ("msoa21nm", {"Midby 001": 0, "Northby 001": 36, "Northby 002": 0}),
        ("ward24nm", {"Castle": 0, "Eastgate": 36, "Westgate": 0}),
    ],
)
def test_places_add_up_at_every_level(view: View, level: str, expected: dict[str, int]) -> None:
    out = loaders.street_by_place(view, [VIOLENCE, ROBBERY], "2025-01/2025-12", level)
    assert out.set_index(level)["count"].to_dict() == expected
    assert out["population"].sum() == 1000
    assert out["label"].is_unique and out["label"].notna().all()


def test_period_with_a_missing_month_gives_no_count(view: View) -> None:
    out = loaders.street_by_place(view, VIOLENCE, "2024-04/2025-03")
    assert out["count"].isna().all()
    assert out["months"].unique().tolist() == [4]


def test_unknown_level_and_crime_type_are_refused(view: View) -> None:
    with pytest.raises(SnaError, match="no level of place 'parish'"):
        loaders.street_by_place(view, VIOLENCE, level="parish")
    with pytest.raises(SnaError, match="no crime type 'Piracy'"):
        loaders.street_by_month(view, "Piracy")


def test_shares_by_location_add_up_to_one(view: View) -> None:
    out = loaders.located_share(view).set_index("location")
    assert out["count"].to_dict() == {"in_area": 36, "outside_area": 12, "none": 12}
    assert out["share"].sum() == 1


def test_force_without_files_is_refused_rather_than_shown_as_zero(view: View) -> None:
    view.manifest["area"] = {**view.manifest["area"], "force_slug": "gamma"}
    with pytest.raises(SnaError, match="No street-level file of gamma is held"):
        loaders.street_by_month(view)
    with pytest.raises(SnaError, match="No twelve consecutive months of gamma"):
        loaders.street_by_place(view)


def test_altered_table_is_refused(tmp_path: Path) -> None:
    edition, tables = make_edition(tmp_path), make_tables(tmp_path)
    write_view(edition, area_of(edition, tables["places"]), tables, edition.snapshot_path)
    path = edition.snapshot_path / "coverage.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(SnaError, match=r"coverage\.parquet is not the file that view\.json names"):
        open_view(edition).table("coverage")
    path.unlink()
    with pytest.raises(SnaError, match="has no table 'coverage'"):
        open_view(edition).table("coverage")


def test_view_of_another_lock_is_refused(tmp_path: Path) -> None:
    edition, tables = make_edition(tmp_path), make_tables(tmp_path)
    write_view(edition, area_of(edition, tables["places"]), tables, edition.snapshot_path)
    edition.lock_path.write_text(edition.lock_path.read_text().replace('"bytes": ', '"bytes": 1'))
    with pytest.raises(SnaError, match="was computed from another lock"):
        open_view(edition)
