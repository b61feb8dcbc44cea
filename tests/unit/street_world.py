"""A world of six neighbourhoods and two forces, small enough to count by hand, written as the publisher writes files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from svd_lib.ingest.month_files import COLUMNS
from svd_lib.ingest.tidy import RawFiles
from svd_lib.sources.lock import Lock, LockedInput, lock_of, measure

SOURCE = "police_uk_archive"
ALPHA, BETA = "E01000001", "E01000005"
SPLIT, SPLIT_PARTS = "E01000090", ("E01000002", "E01000003")
MERGED, MERGED_INTO = ("E01000091", "E01000092"), "E01000004"
VIOLENCE, ROBBERY = "Violence and sexual offences", "Robbery"


def place_changes() -> pd.DataFrame:
    """Return one unchanged area per force, one split 60:40, and two merged."""
    rows = [
        (ALPHA, ALPHA, "U", 1.0),
        (BETA, BETA, "U", 1.0),
        (SPLIT, SPLIT_PARTS[0], "S", 0.6),
        (SPLIT, SPLIT_PARTS[1], "S", 0.4),
        *((old, MERGED_INTO, "M", 1.0) for old in MERGED),
    ]
    return pd.DataFrame(rows, columns=["lsoa11cd", "lsoa21cd", "change_code", "share"])


def places() -> pd.DataFrame:
    """Return the five LSOA 2021: four of force alpha in two districts, one of force beta."""
    rows = [
        ("E01000001", "Northby 001A", "Eastgate", "E07000001", "Northby", "alpha"),
        ("E01000002", "Northby 001B", "Eastgate", "E07000001", "Northby", "alpha"),
        ("E01000003", "Northby 002A", "Westgate", "E07000001", "Northby", "alpha"),
        ("E01000004", "Midby 001A", "Castle", "E07000003", "Midby", "alpha"),
        ("E01000005", "Southby 001A", "Harbour", "E07000002", "Southby", "beta"),
    ]
    frame = pd.DataFrame(rows, columns=["lsoa21cd", "lsoa21nm", "ward24nm", "lad24cd", "lad24nm", "force_slug"])
    number = frame["lsoa21cd"].str[-1]
    msoa = frame["lsoa21nm"].str[:-1]
    force = frame["force_slug"].map({"alpha": "E23000001", "beta": "E23000002"})
    return frame.assign(
        label=frame["ward24nm"] + ", " + frame["lad24nm"],
        msoa21cd="E0200000" + number,
        msoa21nm=msoa,
        ward24cd="E0500000" + number,
        utla_code="E10000001",
        utla_name="Shire",
        csp24cd=frame["lad24cd"].str.replace("E07", "E22"),
        csp_name=frame["lad24nm"],
        pfa24cd=force,
        pfa_name=frame["force_slug"].str.title(),
        region_name="East of England",
        icb24cd=None,
        icb_name=None,
        ruc="Urban",
        ruc_class="Urban",
        lon=0.0,
        lat=52.0,
    )


def street_row(month: str, code: str | None, crime_type: str = VIOLENCE, crime_id: str = "", outcome: str = "") -> list[str]:
    """Return one row of a street file; no code means no location."""
    return [crime_id, month, "Force", "Force", "0.1", "52.1", "On or near Street", code or "", "", crime_type, outcome, ""]


def outcome_row(month: str, code: str | None, crime_id: str, outcome: str) -> list[str]:
    """Return one row of an outcomes file."""
    return [crime_id, month, "Force", "Force", "0.1", "52.1", "On or near Street", code or "", "", outcome]


def write_month(
    root: Path, archive: str, month: str, force: str, rows: Sequence[Sequence[str]], dataset: str = "street", header: Sequence[str] = ()
) -> Path:
    """Write one member of an archive as an unpacked raw file and return its path."""
    path = root / "data" / "raw" / SOURCE / f"{archive}.d" / month / f"{month}-{force}-{dataset}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header or COLUMNS[dataset])
        writer.writerows(rows)
    return path


def locked(root: Path) -> Lock:
    """Return the lock of everything written below a root, as it now is."""
    folder = root / "data" / "raw"
    return lock_of([_locked(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()])


def raw_files(root: Path) -> RawFiles:
    """Return the raw files of everything written below a root."""
    return RawFiles(locked(root).inputs, root / "data" / "raw")


def _locked(path: Path, folder: Path) -> LockedInput:
    source, rest = path.relative_to(folder).as_posix().split("/", 1)
    name, _, member = rest.partition(".d/")
    with path.open("rb") as stream:
        size, digest = measure(stream)
    return LockedInput(source, name if member else rest, member or None, size, digest, "2026-01-01", "test")
