"""An edition's view: the slice of every tidy table that its report needs, as a folder of Parquet files.

The embedded snapshot is the same slice, committed; so a build from the snapshot and one from raw files read the same
numbers and draw the same maps. Of boundaries a view holds those of LSOAs alone, as fine as a page can show: whatever is
larger is made of them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from svd_lib.edition import Area, Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, tidy
from svd_lib.ingest.areas import area_of
from svd_lib.ingest.published import Raw
from svd_lib.sources import lock
from svd_lib.sources.registry import Registry, read_registry
from svd_lib.sources.swap import swap_in

SCHEMA = 1
MANIFEST = "view.json"
OPEN_RULE = "as_published"
SMALL = 9
"""No source's rule hides a count above this."""
BOUNDARIES = "boundaries_lsoa"
_MADE_FROM = "made_from.txt"
_LEVEL = 19


def refresh_view(edition: Edition, tell: Callable[[str], None] | None = None) -> Path:
    """Make an edition's view from its raw files, through the tidy tables; reuse whatever is current.

    Parameters
    ----------
    edition : Edition
        Its raw files must have been fetched.
    tell : callable, optional
        Told one line per step.

    Returns
    -------
    pathlib.Path
        The folder ``_build/<edition>/view``.
    """
    raw = tidy.RawFiles.of(edition)
    tables = tidy.make_tables(raw, tell=tell)
    folder = make_view(edition, area_of(edition, tables["places"]), tables, raw)
    if tell:
        rows = sum(held["rows"] for held in read_manifest(folder)["tables"].values())
        tell(f"view of {edition.area_code}: {rows:,} rows")
    return folder


def write_snapshot(edition: Edition, tell: Callable[[str], None] | None = None) -> Path:
    """Write the embedded aggregates of an edition, its view, into ``snapshot/``."""
    raw = tidy.RawFiles.of(edition)
    tables = tidy.make_tables(raw, tell=tell)
    write_view(edition, area_of(edition, tables["places"]), tables, edition.snapshot_path, raw)
    return edition.snapshot_path


def make_view(edition: Edition, area: Area, tables: tidy.TidyTables, raw: tidy.RawFiles | None = None) -> Path:
    """Write an edition's view into its build folder, unless the one there is made of the same things.

    Parameters
    ----------
    edition : Edition
        Whose view it is.
    area : Area
        The resolved area.
    tables : TidyTables
        Tidy tables of the edition's lock.
    raw : RawFiles, optional
        Where boundaries come from; without it the view has none.
    """
    folder = edition.build_path / "view"
    made_from = _fingerprint(edition, area, tables, raw)
    record = folder / _MADE_FROM
    if not (record.is_file() and record.read_text(encoding="utf-8") == made_from):
        write_view(edition, area, tables, folder, raw, made_from)
    return folder


def write_view(
    edition: Edition,
    area: Area,
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    raw: tidy.RawFiles | None = None,
    made_from: str = "",
) -> None:
    """Write the slices, the boundaries where there are raw files, and ``view.json``; swap the folder in at the end."""
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        sliced = slices(tables, area, edition.period_end)
        written = {table: _write(frame, partial / f"{table}.parquet") for table, frame in sliced.items()}
        has_boundaries = write_boundaries(area, raw, partial) if raw else False
        manifest = {
            "schema": SCHEMA,
            "edition": edition.name,
            "lock_digest": lock_digest(edition),
            "area": area.to_dict(),
            "tables": written,
            "has_boundaries": has_boundaries,
            "has_small_counts": has_small_counts(sliced.get("indicators"), read_registry(edition.root)),
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        if made_from:
            (partial / _MADE_FROM).write_text(made_from, encoding="utf-8")
        swap_in(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def has_small_counts(indicators: pd.DataFrame | None, registry: Registry) -> bool:
    """Tell whether indicators of a source that is not shown as published hold a count from 1 to :data:`SMALL`, so that a build must be attacked."""
    if indicators is None:
        return False
    guarded = [source.id for source in registry.sources.values() if source.disclosure_rule != OPEN_RULE]
    return bool((indicators["source"].isin(guarded) & indicators["value"].between(1, SMALL)).any())


def lock_digest(edition: Edition) -> str:
    """Return the digest of the edition's lock."""
    return lock.read_lock(edition.lock_path).digest


def slices(tables: Mapping[str, pd.DataFrame], area: Area, until: date | None = None) -> dict[str, pd.DataFrame]:
    """Return what an area's report needs of each tidy table, typed and sorted by the contracts.

    With ``until``, the last day of an edition, periods that end later are left out: a file published later may hold
    years that the edition must not know.
    """
    out = {name: contracts.coerce(name, rule(tables[name], area)) for name, rule in _RULES.items() if name in tables}
    region = set(out["places"]["region_name"].str.casefold())
    for name in ("recorded_crime", "indicators"):
        if name in out:
            frame = out[name]
            foreign = (frame["area_kind"] == "region") & ~frame["area_name"].str.casefold().isin(region)
            out[name] = frame[~foreign & _ended(frame["period_end"], until)].reset_index(drop=True)
    if "coverage" in tables:
        out["coverage"] = contracts.coerce("coverage", _coverage(tables, area))
    return out


def _ended(months: pd.Series, until: date | None) -> pd.Series:
    return months <= pd.Timestamp(until) if until else months.notna()


def _of_area(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    return frame[frame["lsoa21cd"].isin(area.lsoa21cd)]


def _neighbours(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    return frame[frame["lsoa21cd"].isin(area.lsoa21cd) & frame["neighbour_lsoa21cd"].isin(area.lsoa21cd)]


def _street_counts(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    """Rows inside the area keep their LSOA; those elsewhere and nowhere are added up by force, month and type."""
    inside = frame["lsoa21cd"].isin(area.lsoa21cd)
    location = frame["location"].replace({"lsoa": "outside_area"}).mask(inside, "in_area")
    placed = frame.assign(location=location, lsoa21cd=frame["lsoa21cd"].where(inside))
    return _added_up("street_counts", placed)


def _outcome_counts(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    """The area's force wholly; of other forces what they recorded in the area's districts."""
    return frame[(frame["force_slug"] == area.force_slug) | frame["lad24cd"].isin(area.lad)]


def _recorded_crime(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    """Every force, region and country; partnerships of the area's force alone."""
    return frame[~frame["area_kind"].isin(["csp", "unassigned"]) | (frame["pfa24cd"] == area.pfa24cd)]


def _indicators(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    """Every force, region and country; the area's own districts, counties and partnerships, by code or by name."""
    local = {**area.lad, **area.utla, **area.csp}
    wide = frame["area_kind"].isin(["force", "region", "country"])
    return frame[wide | frame["area_code"].isin(local) | frame["area_name"].isin(local.values())]


def _coverage(tables: Mapping[str, pd.DataFrame], area: Area) -> pd.DataFrame:
    """Fill in how many located rows lie in the area: for outcomes, in its districts."""
    street, outcomes = tables["street_counts"], tables["outcome_counts"]
    events = outcomes[(outcomes["kind"] == "outcome_event") & outcomes["lad24cd"].isin(area.lad)]
    inside = pd.concat([_of_area(street, area).assign(dataset="street"), events.assign(dataset="outcomes")])
    key = ["dataset", "force_slug", "month"]
    counted = inside.groupby(key, as_index=False)["count"].sum()
    out = tables["coverage"].merge(counted, how="left", on=key, validate="one_to_one")
    rows_in_area = out["count"].fillna(0).astype("int64")
    return out.assign(rows_in_area=rows_in_area, rows_outside_area=out["rows_located"] - rows_in_area)


def _whole(frame: pd.DataFrame, area: Area) -> pd.DataFrame:
    return frame


_RULES: Mapping[str, Callable[[pd.DataFrame, Area], pd.DataFrame]] = {
    "places": _of_area,
    "place_changes": _of_area,
    "neighbours": _neighbours,
    "population": _of_area,
    "deprivation": _of_area,
    "place_indicators": _of_area,
    "street_counts": _street_counts,
    "outcome_counts": _outcome_counts,
    "recorded_crime": _recorded_crime,
    "indicators": _indicators,
    "rejects": _whole,
}


def _added_up(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    key = list(contracts.contract(table).key)
    out = frame.groupby(key, as_index=False, dropna=False, sort=False)["count"].sum()
    if out["count"].sum() != frame["count"].sum():
        raise AssertionError(f"slicing {table} lost rows")
    return out


def _write(frame: pd.DataFrame, path: Path) -> dict[str, object]:
    tidy.write_table(frame, path, level=_LEVEL)
    return {"rows": len(frame), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def write_boundaries(area: Area, raw: Raw, folder: Path) -> bool:
    """Write the boundaries of an area's LSOAs and tell whether every one is held; nothing is written otherwise.

    Parameters
    ----------
    area : Area
        Whose LSOAs.
    raw : Raw
        Where the published boundaries lie.
    folder : pathlib.Path
        Where ``boundaries_lsoa.parquet`` goes: ``lsoa21cd`` and geometry in EPSG:27700.
    """
    # geopandas is heavy, and a view without raw files does without it
    from svd_lib.ingest.boundaries import read_boundaries

    shapes = read_boundaries(raw, "lsoa", area.lsoa21cd)
    if not set(area.lsoa21cd) <= set(shapes["lsoa21cd"]):
        return False
    shapes[["lsoa21cd", "geometry"]].to_parquet(folder / f"{BOUNDARIES}.parquet", compression="zstd", compression_level=_LEVEL)
    return True


def _fingerprint(edition: Edition, area: Area, tables: tidy.TidyTables, raw: tidy.RawFiles | None) -> str:
    """Say what a view is made of: tables, area, lock, the code that slices, and whether it has boundaries."""
    code = [hashlib.sha256(path.read_bytes()).hexdigest() for path in tidy.code_files(__name__)]
    parts = {
        "tables": tables.digests(),
        "area": area.to_dict(),
        "lock": lock_digest(edition),
        "code": code,
        "contracts": [contracts.digest(name) for name in contracts.CONTRACTS],
        "boundaries": raw is not None,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> dict:
    """Return ``view.json`` of a view folder.

    Raises
    ------
    SnaError
        When there is none, it is not JSON, or it has another schema.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SnaError(f"{path} is missing; run 'sna build --mirror ...' to make the view, or 'sna snapshot' to embed it.") from None
    except json.JSONDecodeError as error:
        raise SnaError(f"{path} is not readable ({error}); make the view again with 'sna build' or 'sna snapshot'.") from None
    if manifest.get("schema") != SCHEMA:
        raise SnaError(f"{path} has schema {manifest.get('schema')!r}, this version reads {SCHEMA}; make the view again.")
    return manifest
