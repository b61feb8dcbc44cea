"""An edition of the small world of street_world, with every tidy table, ready to be cut into a view."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from street_world import (
    ALPHA,
    BETA,
    ROBBERY,
    SPLIT_PARTS,
    locked,
    outcome_row,
    place_changes,
    places,
    raw_files,
    street_row,
    write_month,
)

from svd_lib.edition import Edition, open_edition
from svd_lib.ingest import contracts
from svd_lib.ingest.street import build_street_tables
from svd_lib.sources.lock import write_lock

EDITION = """\
name: alpha-2025
title: Alpha needs assessment
area: {kind: force, code: E23000001}
period_end: 2025-12-31
definition: suffolk-ten@2024
partnership: Alpha partnership
inputs: raw
status: demonstration
"""
HELD = [f"2024-{month:02d}" for month in range(1, 5)] + [f"2025-{month:02d}" for month in range(1, 13)]


def make_edition(root: Path) -> Edition:
    """Write an edition and its month files: alpha's for 2024-01..04 and all of 2025, beta's for 2025-01."""
    folder = root / "data" / "editions" / "alpha-2025"
    folder.mkdir(parents=True)
    (folder / "edition.yml").write_text(EDITION)
    (root / "data" / "sources.yml").write_bytes((Path(__file__).parents[2] / "data" / "sources.yml").read_bytes())
    for month in HELD:
        rows = [street_row(month, ALPHA)] * 2 + [street_row(month, SPLIT_PARTS[0], ROBBERY), street_row(month, BETA), street_row(month, None)]
        write_month(root, "2025-12.zip", month, "alpha", rows)
    write_month(root, "2025-12.zip", "2025-01", "beta", [street_row("2025-01", BETA)] * 3 + [street_row("2025-01", ALPHA)])
    write_month(root, "2025-12.zip", "2025-01", "alpha", [outcome_row("2025-01", ALPHA, "x", "Charged")], "outcomes")
    write_lock(locked(root), folder / "lock.json")
    return open_edition("alpha-2025", str(root))


def make_tables(root: Path) -> dict[str, pd.DataFrame]:
    """Return every tidy table of the world."""
    lookups = {"places": places(), "place_changes": place_changes()}
    built = {**lookups, **build_street_tables(raw_files(root), lookups), **_others()}
    return {table: contracts.validate(table, built.get(table, contracts.empty(table))) for table in contracts.CONTRACTS}


def _others() -> dict[str, pd.DataFrame]:
    codes = places()["lsoa21cd"]
    pairs = pd.DataFrame({"lsoa21cd": codes, "neighbour_lsoa21cd": codes.to_list()[1:] + codes.to_list()[:1]})
    people = pd.DataFrame({"lsoa21cd": codes, "reference": "census_2021", "age_group": "all", "count": [100.0, 200, 300, 400, 500]})
    return {"neighbours": pairs, "population": people, "recorded_crime": _recorded_crime(), "indicators": _indicators()}


def _recorded_crime() -> pd.DataFrame:
    areas = [
        ("force", "E23000001", "Alpha", "E23000001"),
        ("force", "E23000002", "Beta", "E23000002"),
        ("csp", "E22000001", "Northby", "E23000001"),
        ("csp", "E22000002", "Southby", "E23000002"),
        ("region", "E12000006", "East Of England", None),
        ("region", "E12000007", "London", None),
        ("country", "K04000001", "England and Wales", None),
    ]
    frame = pd.DataFrame(areas, columns=["area_kind", "area_code", "area_name", "pfa24cd"])
    day = pd.Timestamp("2024-07-01")
    return frame.assign(
        period_start=day,
        period_end=pd.Timestamp("2025-06-01"),
        period_kind="year",
        level="group",
        offence_code=None,
        offence=ROBBERY,
        measure="offences",
        count=1,
        status="published",
        publication="Force area tables",
    )


def _indicators() -> pd.DataFrame:
    areas = [("E07000001", "Northby", "district"), ("E07000002", "Southby", "district"), ("E23000002", "Beta", "force"), ("891", "Shire", "county")]
    frame = pd.DataFrame(areas, columns=["area_code", "area_name", "area_kind"])
    day = pd.Timestamp("2024-01-01")
    return frame.assign(
        indicator="first_time_entrants_rate",
        source="dfe_lait",
        period_label="2024",
        period_start=day,
        period_end=day,
        category="all",
        value=1.0,
        unit="per 100,000",
        marker=None,
    )
