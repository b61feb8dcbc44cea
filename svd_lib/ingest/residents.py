"""Residents by district, age and sex at mid-2020: Office for National Statistics, ward estimates added up.

The area tables are by LSOA without sex; these are the denominators of rates by age and sex, such as arrests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest.published import Raw, check_columns, find, numbers

SOURCE = "ons_population"
AGES: Final = {
    "0 - 9 years": (0, 9),
    "10 - 17 years": (10, 17),
    "18 - 20 years": (18, 20),
    "21 - 24 years": (21, 24),
    "25 - 34 years": (25, 34),
    "35 - 49 years": (35, 49),
    "50 - 64 years": (50, 64),
    "65 years and over": (65, 90),
}
"""Age bands that meet those of the arrest tables: first and last single year; 90 stands for 90 and over."""

_FILES: Final = {"Male": "Mid-2020 Males-Table 1.csv*", "Female": "Mid-2020 Females-Table 1.csv*"}
_CODE, _NAME = "LA Code (2021 boundaries)", "LA name (2021 boundaries)"
_TITLE_LINES = 4


def build_residents(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return residents by district of 2021, age band and sex.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Not read: the districts keep the names and codes of their year.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``residents``, category ``Age <band>|Sex <sex>``, persons. No rows when neither
        file is held.

    Raises
    ------
    SnaError
        When the single years of a ward do not add up to its total.
    """
    parts = [_of_sex(path, sex) for sex, pattern in _FILES.items() if (path := find(raw, SOURCE, pattern)) is not None]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _of_sex(path: Path, sex: str) -> pd.DataFrame:
    single = _single_years(path)
    bands = pd.DataFrame({f"Age {band}|Sex {sex}": single.iloc[:, first : last + 1].sum(axis=1) for band, (first, last) in AGES.items()})
    districts = bands.groupby(level=[0, 1]).sum().rename_axis(index=["area_code", "area_name"], columns="category")
    long = districts.stack().rename("value").reset_index()
    june = pd.Timestamp(2020, 6, 1)
    return long.assign(
        indicator="residents", source=SOURCE, area_kind="district", period_label="Mid-2020", period_start=june, period_end=june, unit="residents", marker=None
    )


def _single_years(path: Path) -> pd.DataFrame:
    """Return residents by single year, columns ``0`` to ``90+``, a row a ward, indexed by district code and name."""
    try:
        wide = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig", skiprows=_TITLE_LINES)
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError) as error:
        raise SnaError(f"{path.name} cannot be read as a CSV file; fetch it again.") from error
    ages = [*(str(age) for age in range(90)), "90+"]
    check_columns(wide, path.name, [_CODE, _NAME, "All Ages", *ages])
    wards = wide[wide[_CODE].str.fullmatch(r"[EW]\d{8}")].reset_index(drop=True)
    counts = pd.DataFrame({age: numbers(wards[age], path.name) for age in ages})
    wrong = counts.sum(axis=1) != numbers(wards["All Ages"], path.name)
    if wrong.any():
        raise SnaError(f"{path.name}: the single years of ward {wards.iloc[wrong.idxmax(), 0]} do not add up to its total; fetch it again.")
    return counts.set_index([wards[_CODE], wards[_NAME]])
