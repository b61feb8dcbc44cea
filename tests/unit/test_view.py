"""A view: the slice an area needs, every row of its force kept by kind, written in one step."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from raw_folder import RawFolder
from street_world import ALPHA, SPLIT_PARTS
from view_world import make_edition, make_tables

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import tidy, view
from svd_lib.ingest.areas import area_of


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    """Return the edition of the small world."""
    return make_edition(tmp_path)


@pytest.fixture
def tables(edition: Edition) -> dict[str, pd.DataFrame]:
    """Return its tidy tables."""
    return make_tables(edition.root)


@pytest.fixture
def sliced(edition: Edition, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the slices of the edition's area, force alpha."""
    return view.slices(tables, area_of(edition, tables["places"]))


def test_places_and_what_hangs_on_them_are_the_areas_own(sliced: dict[str, pd.DataFrame]) -> None:
    own = {ALPHA, *SPLIT_PARTS, "E01000004"}
    for table in ("places", "place_changes", "population", "neighbours"):
        assert set(sliced[table]["lsoa21cd"]) <= own
    assert set(sliced["places"]["lsoa21cd"]) == own
    assert set(sliced["neighbours"]["neighbour_lsoa21cd"]) <= own


def test_no_row_is_lost_and_only_rows_inside_keep_their_lsoa(sliced: dict[str, pd.DataFrame], tables: dict[str, pd.DataFrame]) -> None:
    street = sliced["street_counts"]
    assert street["count"].sum() == tables["street_counts"]["count"].sum()
    assert (street["lsoa21cd"].notna() == (street["location"] == "in_area")).all()
    by_kind = street[street["force_slug"] == "alpha"].groupby("location")["count"].sum().to_dict()
    assert by_kind == {"in_area": 48, "none": 16, "outside_area": 16}


def test_rows_neighbours_recorded_inside_are_kept_apart(sliced: dict[str, pd.DataFrame]) -> None:
    beta = sliced["street_counts"].query("force_slug == 'beta'")
    assert dict(zip(beta["location"], beta["count"])) == {"in_area": 1, "outside_area": 3}
    assert beta.loc[beta["location"] == "in_area", "lsoa21cd"].item() == ALPHA


def test_coverage_says_what_became_of_the_rows_of_each_file(sliced: dict[str, pd.DataFrame]) -> None:
    coverage = sliced["coverage"]
    parts = coverage[["rows_in_area", "rows_outside_area", "rows_no_location", "rows_rejected"]].sum(axis=1)
    assert (parts == coverage["rows_total"]).all()
    january = coverage[coverage["month"] == "2025-01-01"].set_index(["dataset", "force_slug"])
    assert january.loc[("street", "alpha"), "rows_in_area"] == 3
    assert january.loc[("street", "beta"), "rows_in_area"] == 1
    assert january.loc[("outcomes", "alpha"), "rows_in_area"] == 1


def test_recorded_crime_keeps_all_forces_and_the_own_partnerships_and_region(sliced: dict[str, pd.DataFrame]) -> None:
    assert sorted(sliced["recorded_crime"]["area_name"]) == ["Alpha", "Beta", "East Of England", "England and Wales", "Northby"]


def test_indicators_keep_all_forces_and_own_areas_by_code_or_name(sliced: dict[str, pd.DataFrame]) -> None:
    assert sorted(sliced["indicators"]["area_name"]) == ["Beta", "Northby", "Shire"]


def test_view_folder_names_every_table_with_rows_and_hash(edition: Edition, tables: dict[str, pd.DataFrame]) -> None:
    area = area_of(edition, tables["places"])
    view.write_view(edition, area, tables, edition.snapshot_path)
    manifest = json.loads((edition.snapshot_path / "view.json").read_text())
    assert set(manifest) == {"schema", "edition", "lock_digest", "area", "tables", "has_boundaries", "has_small_counts"}
    assert manifest["area"] == area.to_dict()
    files = {path.stem for path in edition.snapshot_path.glob("*.parquet")}
    assert files == set(manifest["tables"]) == set(tables)
    assert manifest["tables"]["places"]["rows"] == 4
    assert edition.area == area


def test_same_tables_give_the_same_bytes(edition: Edition, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    area = area_of(edition, tables["places"])
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        view.write_view(edition, area, tables, folder)
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


def test_boundaries_come_with_every_place_or_not_at_all(edition: Edition, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    area = area_of(edition, tables["places"])
    raw = RawFolder(tmp_path / "raw")
    spots = {code: (1.0 + number * 0.01, 52.0) for number, code in enumerate([*area.lsoa21cd, "E01999999"])}
    raw.add_squares("some", dict(list(spots.items())[1:]))
    view.write_view(edition, area, tables, edition.snapshot_path, raw)
    assert not view.read_manifest(edition.snapshot_path)["has_boundaries"] and not list(edition.snapshot_path.glob("boundaries*"))
    raw.add_squares("rest", dict(list(spots.items())[:1]))
    view.write_view(edition, area, tables, edition.snapshot_path, raw)
    held = pd.read_parquet(edition.snapshot_path / "boundaries_lsoa.parquet", columns=["lsoa21cd"])["lsoa21cd"]
    assert view.read_manifest(edition.snapshot_path)["has_boundaries"] and held.tolist() == sorted(area.lsoa21cd)


def test_failure_leaves_the_old_view_alone(edition: Edition, tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    area = area_of(edition, tables["places"])
    view.write_view(edition, area, tables, edition.snapshot_path)
    before = sorted(path.name for path in edition.snapshot_path.iterdir())

    def broken(*arguments: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(tidy, "write_table", broken)
    with pytest.raises(OSError, match="disk full"):
        view.write_view(edition, area, tables, edition.snapshot_path)
    assert sorted(path.name for path in edition.snapshot_path.iterdir()) == before
    assert [path.name for path in edition.folder.iterdir() if path.name.startswith(".")] == []


def test_view_made_of_the_same_things_is_reused(edition: Edition, tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(view, "write_view", lambda *arguments: made.append(arguments) or arguments[3].mkdir(parents=True, exist_ok=True))
    area = area_of(edition, tables["places"])
    paths = {}
    for name, frame in tables.items():
        paths[name] = edition.root / "tidy" / f"{name}.parquet"
        tidy.write_table(frame, paths[name])
    view.make_view(edition, area, tidy.TidyTables(paths))
    (edition.build_path / "view" / "made_from.txt").write_text(made[0][5])
    view.make_view(edition, area, tidy.TidyTables(paths))
    assert len(made) == 1


def test_view_of_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "view.json").write_text('{"schema": 9}')
    with pytest.raises(SnaError, match="has schema 9, this version reads 1"):
        view.read_manifest(tmp_path)
    (tmp_path / "view.json").write_text("{")
    with pytest.raises(SnaError, match="is not readable"):
        view.read_manifest(tmp_path)
    with pytest.raises(SnaError, match="is missing; run 'sna build"):
        view.read_manifest(tmp_path / "nowhere")


def test_no_period_after_the_end_of_the_edition_is_in_its_view(root):
    """A file published later holds years that an earlier edition must not know."""
    import pandas as pd

    for name, until in (("suffolk-2022", "2022-03-31"), ("suffolk-2025", "2025-12-31")):
        folder = root / "data" / "editions" / name / "snapshot"
        for table, column in (("indicators", "period_end"), ("recorded_crime", "period_end"), ("street_counts", "month")):
            frame = pd.read_parquet(folder / f"{table}.parquet")
            assert frame[column].max() <= pd.Timestamp(until), (name, table)
