"""Violence offences per 1,000 residents by district, 2018/19: Public Health England, Fingertips indicator 11202."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest.gazetteer import Gazetteer, plain
from svd_lib.ingest.published import Raw, marker_of, numbers, read_optional

SOURCE = "fingertips"
NO_COUNT: Final = "no count of its own"
"""Our marker for a district without a count: its rate is nought or repeats that of a larger area."""

_FILE = "fingertips_11202_2018_19_districts.csv"
_VALUES: Final = {
    "Value": ("violence_offences_rate", "all", "per 1,000 residents"),
    "Lower_CI": ("violence_offences_rate", "lower 95% limit", "per 1,000 residents"),
    "Upper_CI": ("violence_offences_rate", "upper 95% limit", "per 1,000 residents"),
    "Numerator": ("violence_offences", "all", "offences"),
    "Denominator": ("violence_offences_population", "all", "residents"),
}


def build_fingertips(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the published violence rate of each district, with its limits, count and population.

    Parameters
    ----------
    raw : Raw
        The raw files; the lookup of 2018 districts gives the codes of districts that are no more.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``. A district of neither 2024 nor 2018 has its name for a code. A rate without a count
        is null with the marker :data:`NO_COUNT`. No rows when the file is not held.
    """
    table = read_optional(raw, SOURCE, _FILE, ["Area_name", "period", *_VALUES])
    if table is None:
        return pd.DataFrame()
    if set(table["period"]) != {"2018/19"}:
        raise SnaError(f"{_FILE} holds a period other than 2018/19; give it a file name of its own.")
    codes = _districts(raw, tables, table["Area_name"])
    return pd.concat([_rows(table, codes, column) for column in _VALUES], ignore_index=True)


def _rows(table: pd.DataFrame, codes: Mapping[str, str], column: str) -> pd.DataFrame:
    indicator, category, unit = _VALUES[column]
    blank = table["Numerator"].str.strip() == ""
    marked = table[column].mask(blank, NO_COUNT)
    return pd.DataFrame(
        {
            "indicator": indicator,
            "source": SOURCE,
            "area_code": table["Area_name"].map(codes),
            "area_name": table["Area_name"],
            "area_kind": "district",
            "period_label": table["period"],
            "period_start": pd.Timestamp(2018, 4, 1),
            "period_end": pd.Timestamp(2019, 3, 1),
            "category": category,
            "value": numbers(marked, _FILE, (NO_COUNT,)),
            "unit": unit,
            "marker": marker_of(marked, (NO_COUNT,)),
        }
    )


def _districts(raw: Raw, tables: Mapping[str, pd.DataFrame], names: pd.Series) -> dict[str, str]:
    gazetteer = Gazetteer.of(tables["places"])
    former = read_optional(raw, "ons_lookups", "lookup_lsoa11_ltla18.csv.gz", ["ltla18_name", "ltla18_code"])
    old = {} if former is None else {plain(name): code for name, code in former.drop_duplicates().itertuples(index=False)}
    codes = {}
    for name in names:
        known = gazetteer.district(name)
        codes[name] = old.get(plain(name)) or (known[0] if known else f"name:{name}")
    return codes
