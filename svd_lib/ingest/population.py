"""Residents by LSOA 2021 and age: the Census of 2021 as it stands, and the mid-2020 estimates carried over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.published import Raw, find, numbers, read_required, read_text

SOURCE = "ons_population"

CENSUS_AGES: Final = {
    "Aged 15 years and under": "0-15",
    "Aged 16 to 24 years": "16-24",
    "Aged 25 to 34 years": "25-34",
    "Aged 35 to 49 years": "35-49",
    "Aged 50 to 64 years": "50-64",
    "Aged 65 years and over": "65+",
}
"""The six age groups of the census table, in the publisher's words and in ours."""

MID_2020_AGES: Final = {"0-9": (0, 9), "10-17": (10, 17), "18-24": (18, 24), "25-34": (25, 34), "35-64": (35, 64), "65+": (65, 90)}
"""Age groups made of the single years of the mid-2020 estimates: first and last year; 90 stands for 90 and over."""

_CENSUS = ("census21_pop.csv.gz", ["lsoa21_code", "age_group", "usual_residents"])
_MID_2020 = "population20_lsoa11.csv.gz"


def build_population(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return residents by LSOA 2021 and age group.

    Parameters
    ----------
    raw : Raw
        The raw files; without the mid-2020 file only the census is delivered.
    tables : mapping
        Holds ``place_changes``.

    Returns
    -------
    pandas.DataFrame
        Table ``population``: persons, whole for the census, fractional for mid-2020 where an LSOA 2011 was divided.

    Notes
    -----
    The mid-2020 estimates rest on the 2011 Census and are by LSOA 2011; a divided area's residents are shared by the
    Census 2021 residents of its parts (``place_changes``), the same shares at every age, and totals are conserved.
    """
    frame = pd.concat([_census(raw), _mid_2020(raw, tables["place_changes"])], ignore_index=True)
    return contracts.validate("population", frame, SOURCE)


def _census(raw: Raw) -> pd.DataFrame:
    census = read_required(raw, SOURCE, *_CENSUS)
    unknown = sorted(set(census["age_group"]) - set(CENSUS_AGES))
    if unknown:
        raise SnaError(f"{_CENSUS[0]} has the age group '{unknown[0]}', which is not one of its six; has the publisher renamed it?")
    return pd.DataFrame(
        {
            "lsoa21cd": census["lsoa21_code"],
            "reference": "census_2021",
            "age_group": census["age_group"].map(CENSUS_AGES),
            "count": numbers(census["usual_residents"], _CENSUS[0]),
        }
    )


def _mid_2020(raw: Raw, changes: pd.DataFrame) -> pd.DataFrame:
    path = find(raw, SOURCE, _MID_2020)
    if path is None:
        return contracts.empty("population")
    ages = [*(str(age) for age in range(90)), "90+"]
    single = read_text(path, ["lsoa11_code", *ages])
    counts = pd.DataFrame({age: numbers(single[age], path.name) for age in ages})
    bands = pd.DataFrame({band: counts.iloc[:, first : last + 1].sum(axis=1) for band, (first, last) in MID_2020_AGES.items()})
    return _carried(bands.assign(lsoa11cd=single["lsoa11_code"]), changes)


def _carried(bands: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    long = bands.melt(id_vars="lsoa11cd", var_name="age_group", value_name="residents")
    joined = long.merge(changes[["lsoa11cd", "lsoa21cd", "share"]], on="lsoa11cd", how="left", validate="many_to_many")
    if joined["lsoa21cd"].isna().any():
        code = joined.loc[joined["lsoa21cd"].isna(), "lsoa11cd"].iloc[0]
        raise SnaError(f"{_MID_2020} has residents of {code}, which the LSOA 2011 to 2021 lookup does not know; check the file.")
    joined["count"] = joined["residents"] * joined["share"]
    out = joined.groupby(["lsoa21cd", "age_group"], as_index=False)["count"].sum()
    return out.assign(reference="mid_2020")
