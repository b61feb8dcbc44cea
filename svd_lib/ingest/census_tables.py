"""Census 2021 by LSOA 2021: residents by ethnic group, households by tenure, by crowding and by dimensions of deprivation.

Counts as published, in the publisher's words. Cells of the census are perturbed, so the totals of two tables of one
neighbourhood differ by a few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest.published import Raw, numbers, read_optional

SOURCE = "ons_population"
REFERENCE: Final = "census_2021"


@dataclass(frozen=True)
class CensusTable:
    """One table: its file, the columns of group and count, our id, the word before a group, the unit, and the groups."""

    file: str
    group: str
    count: str
    indicator: str
    word: str
    unit: str
    groups: tuple[str, ...]


CENSUS_TABLES: Final = (
    CensusTable(
        "ethnicity21_lsoa21.csv.gz",
        "ethnic_group",
        "n",
        "residents_by_ethnic_group",
        "Ethnic group",
        "residents",
        (
            "Asian, Asian British or Asian Welsh",
            "Black, Black British, Black Welsh, Caribbean or African",
            "Mixed or Multiple ethnic groups",
            "White",
            "Other ethnic group",
        ),
    ),
    CensusTable(
        "household_tenure21_lsoa21.csv.gz",
        "tenure",
        "n",
        "households_by_tenure",
        "Tenure",
        "households",
        (
            "Owned: Owns outright",
            "Owned: Owns with a mortgage or loan",
            "Shared ownership: Shared ownership",
            "Social rented: Rents from council or Local Authority",
            "Social rented: Other social rented",
            "Private rented: Private landlord or letting agency",
            "Private rented: Other private rented",
            "Lives rent free",
        ),
    ),
    CensusTable(
        "household_overcrowding21_lsoa21.csv.gz",
        "occupancy_rating",
        "n",
        "households_by_occupancy_rating",
        "Occupancy rating",
        "households",
        ("+2 or more (under-occupied)", "+1 (under-occupied)", "0 (ideal)", "-1 (overcrowded)", "-2 or less (overcrowded)"),
    ),
    CensusTable(
        "census21_deprivation_england_wales_lsoa21.csv.gz",
        "households_number_deprivation_dimensions",
        "count",
        "households_by_deprivation_dimensions",
        "Dimensions",
        "households",
        ("0", "1", "2", "3", "4"),
    ),
)
"""Every census table taken, with all its groups."""


def build_census_tables(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the counts of every census table that is held.

    Parameters
    ----------
    raw : Raw
        The raw files; a table whose file is not held is left out.
    tables : mapping
        Not read; the census is by LSOA 2021 already.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``place_indicators``: residents or households, category ``<word> <group>``.

    Raises
    ------
    SnaError
        When a group is not one of the table's, or a neighbourhood lacks one.
    """
    parts = [part for table in CENSUS_TABLES if (part := _counts(raw, table)) is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _counts(raw: Raw, table: CensusTable) -> pd.DataFrame | None:
    frame = read_optional(raw, SOURCE, table.file, ["lsoa21_code", table.group, table.count])
    if frame is None:
        return None
    groups = frame[table.group].str.removesuffix(".0")
    _check_groups(frame["lsoa21_code"], groups, table)
    return pd.DataFrame(
        {
            "lsoa21cd": frame["lsoa21_code"],
            "reference": REFERENCE,
            "indicator": table.indicator,
            "category": table.word + " " + groups,
            "value": numbers(frame[table.count], table.file),
            "unit": table.unit,
            "marker": None,
            "source": SOURCE,
        }
    )


def _check_groups(places: pd.Series, groups: pd.Series, table: CensusTable) -> None:
    unknown = sorted(set(groups) - set(table.groups))
    if unknown:
        raise SnaError(f"{table.file} has the group '{unknown[0]}', which is not one of its {len(table.groups)}; has the publisher renamed it?")
    held = groups.groupby(places).nunique()
    short = held[held < len(table.groups)]
    if len(short):
        raise SnaError(f"{table.file} gives {short.index[0]} {short.iloc[0]} of {len(table.groups)} groups; fetch the file again.")
