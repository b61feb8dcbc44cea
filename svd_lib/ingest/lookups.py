"""Lookups of the Office for National Statistics: every LSOA 2021 with its areas, and how LSOA 2011 became LSOA 2021."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.ingest import boundaries, contracts
from svd_lib.ingest.published import Raw, numbers, read_optional, read_required

SOURCE = "ons_lookups"
POPULATION = "ons_population"

_CHANGES = ("lookup_lsoa11_lsoa21_ltla22.csv.gz", ["lsoa11_code", "change_code", "lsoa21_code"])
_WARDS = (
    "lookup_lsoa21_ward24_ltla24.csv.gz",
    ["lsoa21_code", "lsoa21_name", "ward24_code", "ward24_name", "ltla24_code", "ltla24_name"],
)
_PARTNERSHIPS = ("lookup_ltla24_csp24_pfa24.csv.gz", ["ltla24_code", "csp24_code", "csp24_name", "pfa24_code", "pfa24_name"])
_OLD_DISTRICTS = ("lookup_lsoa11_ltla18.csv.gz", ["lsoa11_code", "ltla18_name"])
_UPPER_TIER = ("lookup_ltla23_utla23.csv.gz", ["ltla23_code", "utla23_code", "utla23_name"])
_REGIONS = ("lookup_ltla24_region24.csv.gz", ["ltla24_code", "region24_name"])
_CARE_BOARDS = ("lookup_lsoa21_icb24.csv.gz", ["lsoa21_code", "icb24_code", "icb24_name"])
_RURAL_URBAN = ("ruc21_lsoa21.csv.gz", ["lsoa21_code", "ruc", "classification"])
_MSOAS = ("lookup_msoa11_msoa21_ltla22.csv.gz", ["msoa21_code", "msoa21_name"])
_CENSUS = ("census21_pop.csv.gz", ["lsoa21_code", "usual_residents"])


def build_places(raw: Raw, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return every LSOA 2021 of England and Wales with the areas it lies in.

    Parameters
    ----------
    raw : Raw
        The raw files; without boundaries the points and a few MSOA codes are null.
    tables : mapping, optional
        Not used.

    Returns
    -------
    pandas.DataFrame
        Table ``places``: one row per LSOA 2021 (35,672).

    Notes
    -----
    A district with one Community Safety Partnership belongs to it; where a district has several, the LSOA's district
    before April 2019 decides (:func:`match_partnerships`). Wards are the publisher's best fit.
    """
    places = read_required(raw, SOURCE, *_WARDS).rename(columns=_PLACE_NAMES)
    places["label"] = _labels(places)
    places["msoa21nm"] = places["lsoa21nm"].str[:-1]
    places = places.merge(_msoas(raw), on="msoa21nm", how="left", validate="many_to_one")
    places = _with_upper_tier(places, raw)
    places = places.merge(_partnerships(raw, places), on="lsoa21cd", how="left", validate="one_to_one")
    places["force_slug"] = places["pfa_name"].map(vocabulary.force_slug)
    places = places.merge(_care_boards(raw), on="lsoa21cd", how="left", validate="one_to_one")
    places = places.merge(_rural_urban(raw), on="lsoa21cd", how="left", validate="one_to_one")
    places = places.merge(boundaries.representative_points(raw), on="lsoa21cd", how="left", validate="one_to_one")
    return contracts.validate("places", places, SOURCE)


_PLACE_NAMES = {
    "lsoa21_code": "lsoa21cd",
    "lsoa21_name": "lsoa21nm",
    "ward24_code": "ward24cd",
    "ward24_name": "ward24nm",
    "ltla24_code": "lad24cd",
    "ltla24_name": "lad24nm",
}


def _labels(places: pd.DataFrame) -> pd.Series:
    """Return ``Ward, District (007B)``; where two LSOAs would share a label, the whole LSOA name stands in the brackets."""
    suffix = places["lsoa21nm"].str.rsplit(" ", n=1).str[-1]
    start = places["ward24nm"] + ", " + places["lad24nm"]
    short = start + " (" + suffix + ")"
    return short.mask(short.duplicated(keep=False), start + " (" + places["lsoa21nm"] + ")")


def _msoas(raw: Raw) -> pd.DataFrame:
    held = boundaries.msoa_codes(raw)
    listed = read_optional(raw, SOURCE, *_MSOAS)
    if listed is not None:
        listed = listed.rename(columns={"msoa21_code": "msoa21cd", "msoa21_name": "msoa21nm"})
        held = pd.concat([held, listed], ignore_index=True)
    return held.drop_duplicates().reset_index(drop=True)


def _with_upper_tier(places: pd.DataFrame, raw: Raw) -> pd.DataFrame:
    upper = read_required(raw, SOURCE, *_UPPER_TIER)
    upper = upper.rename(columns={"ltla23_code": "lad24cd", "utla23_code": "utla_code", "utla23_name": "utla_name"})
    regions = read_required(raw, SOURCE, *_REGIONS).rename(columns={"ltla24_code": "lad24cd", "region24_name": "region_name"})
    out = places.merge(upper, on="lad24cd", how="left", validate="many_to_one")
    out = out.merge(regions, on="lad24cd", how="left", validate="many_to_one")
    out["region_name"] = out["region_name"].mask(out["lad24cd"].str.startswith("W"), "Wales")
    for column, file in (("utla_code", _UPPER_TIER[0]), ("region_name", _REGIONS[0])):
        _all_known(out, column, file)
    return out


def _all_known(places: pd.DataFrame, column: str, file: str) -> None:
    lost = places[column].isna()
    if lost.any():
        row = places[lost].iloc[0]
        raise SnaError(f"{file} has no row for {row['lad24nm']} ({row['lad24cd']}), a district of {_WARDS[0]}; fetch lookups of one year.")


def _partnerships(raw: Raw, places: pd.DataFrame) -> pd.DataFrame:
    """Return ``lsoa21cd, csp24cd, csp_name, pfa24cd, pfa_name``, one row per LSOA."""
    listed = read_required(raw, SOURCE, *_PARTNERSHIPS).rename(columns=_PARTNERSHIP_NAMES)
    several = listed["lad24cd"].duplicated(keep=False)
    lsoas = places[["lsoa21cd", "lad24cd", "lad24nm"]]
    direct = lsoas.merge(listed[~several], on="lad24cd", how="inner", validate="many_to_one")
    divided = lsoas[lsoas["lad24cd"].isin(listed.loc[several, "lad24cd"])]
    out = direct if divided.empty else pd.concat([direct, _divided(raw, divided, listed[several])])
    missing = lsoas[~lsoas["lsoa21cd"].isin(out["lsoa21cd"])]
    if len(missing):
        raise SnaError(f"{_PARTNERSHIPS[0]} has no row for the district {missing['lad24nm'].iloc[0]}; fetch lookups of one year.")
    return out[["lsoa21cd", "csp24cd", "csp_name", "pfa24cd", "pfa_name"]]


_PARTNERSHIP_NAMES = {
    "ltla24_code": "lad24cd",
    "csp24_code": "csp24cd",
    "csp24_name": "csp_name",
    "pfa24_code": "pfa24cd",
    "pfa24_name": "pfa_name",
}


def _divided(raw: Raw, lsoas: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    old = lsoas.merge(_districts_before_2019(raw), on="lsoa21cd", how="left", validate="one_to_many")
    if old["ltla18_name"].isna().any() or old["lsoa21cd"].duplicated().any():
        row = old[old["ltla18_name"].isna() | old["lsoa21cd"].duplicated(keep=False)].iloc[0]
        raise SnaError(f"{_OLD_DISTRICTS[0]} does not say which district of 2018 {row['lsoa21cd']} ({row['lad24nm']}) was in.")
    pairs = old[["lad24cd", "ltla18_name"]].drop_duplicates()
    names = {
        (district, name): csp
        for district, group in pairs.groupby("lad24cd")
        for name, csp in match_partnerships(group["ltla18_name"], listed.loc[listed["lad24cd"] == district, "csp_name"]).items()
    }
    old["csp_name"] = [names[key] for key in zip(old["lad24cd"], old["ltla18_name"])]
    return old.merge(listed, on=["lad24cd", "csp_name"], how="left", validate="many_to_one")


def _districts_before_2019(raw: Raw) -> pd.DataFrame:
    changes = read_required(raw, SOURCE, *_CHANGES)
    old = read_required(raw, SOURCE, *_OLD_DISTRICTS)
    joined = changes.merge(old, on="lsoa11_code", how="inner", validate="many_to_one")
    return joined[["lsoa21_code", "ltla18_name"]].drop_duplicates().rename(columns={"lsoa21_code": "lsoa21cd"})


def match_partnerships(districts: Collection[str], partnerships: Collection[str]) -> dict[str, str]:
    """Return which partnership each pre-2019 district belongs to, among those of one present district.

    Parameters
    ----------
    districts : collection of str
        Names of the districts of 2018.
    partnerships : collection of str
        Names of the Community Safety Partnerships.

    Returns
    -------
    dict
        From district to partnership: the one of the same name; else the one whose name contains the district's;
        else the only one that no other district has.

    Raises
    ------
    SnaError
        When a district fits none, or more than one.
    """
    matched = {name: name for name in districts if name in partnerships}
    for name in sorted(set(districts) - set(matched)):
        holding = [csp for csp in partnerships if re.search(rf"\b{re.escape(name)}\b", csp)]
        if len(holding) == 1:
            matched[name] = holding[0]
    spare = sorted(set(partnerships) - set(matched.values()))
    rest = sorted(set(districts) - set(matched))
    if len(rest) > 1 or (rest and len(spare) != 1):
        raise SnaError(f"No Community Safety Partnership can be told for the former district {rest[0]} among {', '.join(sorted(partnerships))}.")
    return {**matched, **dict(zip(rest, spare))}


def _care_boards(raw: Raw) -> pd.DataFrame:
    boards = read_optional(raw, SOURCE, *_CARE_BOARDS)
    if boards is None:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("lsoa21cd", "icb24cd", "icb_name")})
    return boards.rename(columns={"lsoa21_code": "lsoa21cd", "icb24_code": "icb24cd", "icb24_name": "icb_name"})


def _rural_urban(raw: Raw) -> pd.DataFrame:
    return read_required(raw, SOURCE, *_RURAL_URBAN).rename(columns={"lsoa21_code": "lsoa21cd", "classification": "ruc_class"})


def build_place_changes(raw: Raw, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return how each LSOA 2011 becomes LSOA 2021 and the share of its counts that each part takes.

    Parameters
    ----------
    raw : Raw
        The raw files: the official lookup and the Census 2021 residents by LSOA 2021.
    tables : mapping, optional
        Not used.

    Returns
    -------
    pandas.DataFrame
        Table ``place_changes``; the shares of an LSOA 2011 add up to 1.

    Notes
    -----
    Unchanged and merged areas pass whole. The count of an area that was split, or that changed irregularly, is shared
    by the Census 2021 residents of the LSOAs 2021 it went to; for the few irregular ones (X) this is an approximation,
    because such an LSOA 2021 also holds residents of other LSOAs 2011.
    """
    changes = read_required(raw, SOURCE, *_CHANGES)
    changes = changes.rename(columns={"lsoa11_code": "lsoa11cd", "lsoa21_code": "lsoa21cd"})
    changes = changes.merge(_residents(raw), on="lsoa21cd", how="left", validate="many_to_one")
    if changes["residents"].isna().any():
        code = changes.loc[changes["residents"].isna(), "lsoa21cd"].iloc[0]
        raise SnaError(f"{_CENSUS[0]} has no residents for {code}, which {_CHANGES[0]} names; fetch both again.")
    whole = changes.groupby("lsoa11cd")["residents"].transform("sum")
    parts = changes.groupby("lsoa11cd")["residents"].transform("size")
    changes["share"] = (changes["residents"] / whole).where(parts > 1, 1.0)
    return contracts.validate("place_changes", changes, _CHANGES[0])


def _residents(raw: Raw) -> pd.DataFrame:
    census = read_required(raw, POPULATION, *_CENSUS)
    census["residents"] = numbers(census["usual_residents"], _CENSUS[0])
    return census.groupby("lsoa21_code", as_index=False)["residents"].sum().rename(columns={"lsoa21_code": "lsoa21cd"})
