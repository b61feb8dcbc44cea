"""The runner: what was made is reused, what changed is made again, and nothing half-written is left."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from street_world import ALPHA, place_changes, places, raw_files, street_row, write_month

from svd_lib.errors import SnaError
from svd_lib.ingest import street, tidy
from svd_lib.ingest.tidy import RawFiles, Recipe, TidyTables, make_tables, read_table, write_table

STREET = ("street_counts", "outcome_counts", "coverage", "rejects")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one street file and recipes whose lookups come from memory."""
    monkeypatch.setattr(street, "build_places", lambda raw, tables: places(), raising=False)
    monkeypatch.setattr(street, "build_place_changes", lambda raw, tables: place_changes(), raising=False)
    module = "svd_lib.ingest.street"
    recipes = (
        Recipe(("places",), module, "build_places", ()),
        Recipe(("place_changes",), module, "build_place_changes", ()),
        Recipe(STREET, module, "build_street_tables", (("police_uk_archive", "*"),), ("places", "place_changes")),
    )
    monkeypatch.setattr(tidy, "RECIPES", recipes)
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 3)
    return tmp_path


def told(root: Path, wanted: list[str] | None = None) -> tuple[TidyTables, list[str]]:
    """Return the tables of a project and the lines that were told."""
    lines: list[str] = []
    return make_tables(raw_files(root), wanted, lines.append), lines


def test_second_run_reuses_every_table(world: Path) -> None:
    first, made = told(world)
    second, reused = told(world)
    assert [line.split(": ")[1] for line in made] == ["made"] * 3
    assert [line.split(": ")[1] for line in reused] == ["reused"] * 3
    assert first.paths == second.paths
    assert second["street_counts"]["count"].sum() == 3


def test_tables_lie_under_their_digest(world: Path) -> None:
    tables, _ = told(world)
    for table, digest in tables.digests().items():
        assert tables.paths[table] == world / "data" / "tidy" / table / f"{digest}.parquet"


def test_changed_input_makes_only_what_depends_on_it(world: Path) -> None:
    told(world)
    write_month(world, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 4)
    tables, lines = told(world)
    assert [line.split(": ")[1] for line in lines] == ["reused", "reused", "made"]
    assert tables["street_counts"]["count"].sum() == 4


def test_wanted_table_brings_what_it_needs_and_no_more(world: Path) -> None:
    assert set(told(world, ["places"])[0]) == {"places"}
    assert set(told(world, ["coverage"])[0]) == {"places", "place_changes", *STREET}


def test_same_input_gives_the_same_bytes(world: Path) -> None:
    tables, _ = told(world)
    before = {table: path.read_bytes() for table, path in tables.paths.items()}
    for path in tables.paths.values():
        path.unlink()
    again, _ = told(world)
    assert {table: path.read_bytes() for table, path in again.paths.items()} == before


def test_bad_input_leaves_no_table_at_all(world: Path) -> None:
    write_month(world, "2025-12.zip", "2025-02", "alpha", [street_row("2025-02", ALPHA), street_row("2025-01", ALPHA)])
    with pytest.raises(SnaError, match="row 2"):
        told(world)
    assert not [path for table in STREET for path in (world / "data" / "tidy").glob(f"{table}/*")]


def test_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(table: object, path: Path, **options: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(tidy.pq, "write_table", broken)
    with pytest.raises(OSError, match="disk full"):
        write_table(places(), tmp_path / "places" / "x.parquet")
    assert list((tmp_path / "places").iterdir()) == []


def test_code_of_a_builder_counts_with_all_it_imports() -> None:
    names = {path.stem for path in tidy.code_files("svd_lib.ingest.street")}
    assert names == {"month_files", "street", "vocabulary"}
    assert "published" in {path.stem for path in tidy.code_files("svd_lib.ingest.lookups")}


def test_digest_changes_with_code_inputs_contract_and_needed_tables(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, recipe = raw_files(world), tidy.RECIPES[-1]
    needed = {"places": "a", "place_changes": "b"}
    digests = [tidy.table_digest("coverage", recipe, raw, needed), tidy.table_digest("coverage", recipe, raw, {**needed, "places": "c"})]
    digests.append(tidy.table_digest("rejects", recipe, raw, needed))
    monkeypatch.setattr(tidy, "code_files", lambda module: [Path(__file__)])
    digests.append(tidy.table_digest("coverage", recipe, raw, needed))
    assert len(set(digests)) == 4


def test_every_real_recipe_names_a_builder_and_comes_after_what_it_needs() -> None:
    seen: set[str] = set()
    for recipe in tidy.RECIPES:
        module = tidy.importlib.import_module(recipe.module)
        assert callable(getattr(module, recipe.function))
        assert set(recipe.needs) <= seen
        seen.update(recipe.tables)
    assert seen == set(tidy.contracts.CONTRACTS)


def test_changed_raw_file_is_refused(world: Path) -> None:
    raw = raw_files(world)
    path = write_month(world, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 4)
    with pytest.raises(SnaError, match=f"{path.name} has .* bytes, the lock says"):
        raw.members("police_uk_archive")


def test_absent_raw_file_is_refused(world: Path) -> None:
    raw = raw_files(world)
    next((world / "data" / "raw").rglob("*.csv")).unlink()
    with pytest.raises(SnaError, match="is not in .*run 'sna fetch'"):
        raw.members("police_uk_archive")


def test_raw_files_are_found_by_source_and_pattern(world: Path) -> None:
    raw = raw_files(world)
    member = raw.members("police_uk_archive", "*/2025-01-alpha-street.csv")[0]
    assert (member.archive, member.member) == ("2025-12.zip", "2025-01/2025-01-alpha-street.csv")
    assert raw.paths("police_uk_archive") == []
    assert raw.holds("police_uk_archive") and not raw.holds("ons_lookups")
    with pytest.raises(SnaError, match="names 0 files 'x.csv'"):
        raw.path("ons_lookups", "x.csv")


def test_builder_may_not_read_a_source_its_recipe_does_not_declare(world: Path) -> None:
    allowed: RawFiles = raw_files(world).only([("ons_lookups", "*")])
    assert allowed.paths("ons_lookups") == []
    with pytest.raises(AssertionError, match="police_uk_archive"):
        allowed.members("police_uk_archive")


def test_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    frame = tidy.contracts.coerce("places", places())
    write_table(frame, tmp_path / "places.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "places.parquet"), frame)
