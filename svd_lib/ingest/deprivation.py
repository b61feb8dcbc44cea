"""English Indices of Deprivation by LSOA 2021: the 2025 edition as it stands, the 2019 edition carried over.

England only. Decile and rank 1 are the most deprived. The editions are not comparable as scores, and the crime domain is
built from police data: it has no place in a model that has crime as its outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.published import Raw, numbers, read_optional

SOURCE = "mhclg_iod"

DOMAINS: Final = {
    "IMD": "imd",
    "Income": "income",
    "Employment": "employment",
    "Education": "education",
    "Health": "health",
    "Crime": "crime",
    "Housing_and_Access": "housing",
    "Housing_and_Services": "housing",
    "Environment": "environment",
}
"""The index and its seven domains, in the publisher's words (of either edition) and in ours."""

SUB_DOMAINS: Final = ("children_and_young_people", "adult_skills", "geographical_barriers", "wider_barriers", "indoors", "outdoors")
"""Parts of the domains education, housing and environment, in the words of both editions; 2019 begins them with a capital."""

_IMD_2025, _IMD_2019 = "imd2025_england_lsoa21.csv.gz", "imd2019_england_lsoa11.csv.gz"
_PARTS_2025, _PARTS_2019 = "imd2025_england_lsoa21_subdomains.csv.gz", "imd2019_england_lsoa11_subdomains.csv.gz"
_RESIDENTS = ("population20_lsoa11.csv.gz", ["lsoa11_code", "total_population"])


def build_deprivation(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return deciles, ranks and scores of the index, its domains and their parts.

    Parameters
    ----------
    raw : Raw
        The raw files; an edition whose file is not held is left out.
    tables : mapping
        Holds ``place_changes``.

    Returns
    -------
    pandas.DataFrame
        Table ``deprivation``; 2019 has no scores.

    Notes
    -----
    The 2019 edition is by LSOA 2011. Unchanged and split areas pass their values on. An LSOA 2021 that was made of
    several LSOAs 2011 takes the values of the one that gave it most residents (mid-2020 estimate times share; the
    lowest code when residents are not held or equal), because ranks cannot be averaged.
    """
    now = {title: title for title in SUB_DOMAINS}
    then = {title.capitalize(): title for title in SUB_DOMAINS}
    direct = _together(
        _edition(raw, _IMD_2025, "lsoa21_code", _domains("Housing_and_Services"), with_score=True),
        _edition(raw, _PARTS_2025, "lsoa21_code", now, with_score=True),
    )
    earlier = _together(
        _edition(raw, _IMD_2019, "lsoa11_code", _domains("Housing_and_Access"), with_score=False),
        _edition(raw, _PARTS_2019, "lsoa11_code", then, with_score=False),
    )
    parts = [] if direct is None else [direct.rename(columns={"code": "lsoa21cd"}).assign(index_edition="imd_2025")]
    if earlier is not None:
        parts.append(_carried(earlier, main_contributors(raw, tables["place_changes"])).assign(index_edition="imd_2019"))
    if not parts:
        return contracts.empty("deprivation")
    return contracts.validate("deprivation", pd.concat(parts, ignore_index=True), SOURCE)


def _domains(housing: str) -> dict[str, str]:
    return {title: name for title, name in DOMAINS.items() if not title.startswith("Housing") or title == housing}


def _together(*parts: pd.DataFrame | None) -> pd.DataFrame | None:
    held = [part for part in parts if part is not None]
    return pd.concat(held, ignore_index=True) if held else None


def _edition(raw: Raw, file: str, key: str, titles: Mapping[str, str], with_score: bool) -> pd.DataFrame | None:
    measures = ("decile", "rank", "score") if with_score else ("decile", "rank")
    wide = read_optional(raw, SOURCE, file, [key, *(f"{title}_{measure}" for title in titles for measure in measures)])
    if wide is None:
        return None
    parts = []
    for title, domain in titles.items():
        values = {measure: numbers(wide[f"{title}_{measure}"], file) for measure in measures}
        parts.append(pd.DataFrame({"code": wide[key], "domain": domain, "score": float("nan"), **values}))
    return pd.concat(parts, ignore_index=True)


def main_contributors(raw: Raw, changes: pd.DataFrame) -> pd.DataFrame:
    """Return for each LSOA 2021 the one LSOA 2011 that gave it most residents.

    Parameters
    ----------
    raw : Raw
        The raw files; the mid-2020 residents by LSOA 2011 are optional.
    changes : pandas.DataFrame
        Table ``place_changes``.

    Returns
    -------
    pandas.DataFrame
        ``lsoa21cd, lsoa11cd``, one row per LSOA 2021.
    """
    weighted = changes[["lsoa11cd", "lsoa21cd", "share"]].copy()
    residents = read_optional(raw, "ons_population", *_RESIDENTS)
    if residents is not None:
        count = numbers(residents["total_population"], _RESIDENTS[0])
        weighted["share"] *= weighted["lsoa11cd"].map(dict(zip(residents["lsoa11_code"], count))).fillna(0.0)
    ordered = weighted.sort_values(["lsoa21cd", "share", "lsoa11cd"], ascending=[True, False, True], kind="stable")
    return ordered.drop_duplicates("lsoa21cd")[["lsoa21cd", "lsoa11cd"]].reset_index(drop=True)


def _carried(edition: pd.DataFrame, contributors: pd.DataFrame) -> pd.DataFrame:
    """Return the values by LSOA 2021: one LSOA 2011 has several domains and may be the source of several LSOAs 2021."""
    unknown = sorted(set(edition["code"]) - set(contributors["lsoa11cd"]))
    merged_away = [code for code in unknown if not code.startswith("E01")]
    if merged_away:
        raise SnaError(f"{_IMD_2019} has the code {merged_away[0]}, which is not an English LSOA 2011; check the file.")
    return contributors.merge(edition, left_on="lsoa11cd", right_on="code", how="inner", validate="many_to_many")
