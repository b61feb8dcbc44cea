"""A mirror in which a Welsh force has street-level files: made-up rows on its real neighbourhoods, beside the real files.

No Welsh file is held, so the rows are drawn at random, never kept, and say nothing of any place.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.ingest.month_files import COLUMNS

FORCE, NAME = "gwent", "Gwent"
TYPES = ("Violence and sexual offences",) * 12 + ("Robbery", "Possession of weapons", "Public order", "Anti-social behaviour", "Burglary", "Shoplifting")
ROWS_A_MONTH = 3000


def mirror_with_wales(mirror: Path, target: Path) -> Path:
    """Write a mirror that links to every source of another but the street-level archive, which holds Gwent in 2025 alone.

    Parameters
    ----------
    mirror : pathlib.Path
        The real one.
    target : pathlib.Path
        Folder to make.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    target.mkdir(parents=True)
    for source in (path for path in mirror.iterdir() if path.name != "police_uk_archive"):
        (target / source.name).symlink_to(source)
    (target / "police_uk_archive").mkdir()
    lookups = mirror / "ons_lookups"
    partnerships = pd.read_csv(lookups / "lookup_ltla24_csp24_pfa24.csv.gz")
    here = partnerships.loc[partnerships["pfa24_name"] == NAME, "ltla24_code"].unique()
    wards = pd.read_csv(lookups / "lookup_lsoa21_ward24_ltla24.csv.gz")
    codes = wards.loc[wards["ltla24_code"].isin(here), "lsoa21_code"].to_numpy(dtype=object)
    rng = np.random.default_rng(51)
    with zipfile.ZipFile(target / "police_uk_archive" / "2025-12.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for month in pd.period_range("2025-01", "2025-12", freq="M"):
            archive.writestr(f"{month}/{month}-{FORCE}-street.csv", _month(str(month), codes, rng))
    return target


def _month(month: str, codes: np.ndarray, rng: np.random.Generator) -> str:
    weights = rng.pareto(2.0, len(codes)) + 0.2
    places = rng.choice(codes, ROWS_A_MONTH, p=weights / weights.sum())
    kinds = rng.choice(np.asarray(TYPES, dtype=object), ROWS_A_MONTH)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS["street"])
    for number, (place, kind) in enumerate(zip(places, kinds)):
        writer.writerow(_row(month, number, place if number % 50 else "", kind))
    return stream.getvalue()


def _row(month: str, number: int, place: str, kind: str) -> list[str]:
    is_crime = not kind.startswith("Anti-social")
    outcome = ("Unable to prosecute suspect", "Under investigation")[number % 2] if is_crime else ""
    where = ("-3.0", "51.6", "On or near Street") if place else ("", "", "No Location")
    return [f"{month}{number:057d}" if is_crime else "", month, f"{NAME} Police", f"{NAME} Police", *where, place, "", kind, outcome, ""]
