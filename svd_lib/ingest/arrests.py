"""Arrests, and stops and searches, by force and year: Home Office, Police powers and procedures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from svd_lib.ingest.gazetteer import Gazetteer
from svd_lib.ingest.published import Raw, numbers, read_optional

SOURCE = "home_office_stats"
MISSING: Final = "NA"

NEW_GROUPS: Final = "2015/16 onwards - "
"""How the publisher marks the offence groups in use since 2015/16; the two classifications are not comparable."""

DETAILED: Final = ("Violence against the person", "Robbery", "Sexual offences", "Possession of weapons offences")
"""Offence groups whose arrests are kept by age, sex and ethnic group; the others as one number."""

_ARRESTS = (
    "police-arrests-data.csv.gz",
    ["financial_year", "force_name", "offence_group", "ethnic_group", "age_group", "sex", "arrests"],
)
_SEARCHES = (
    "search-arrests-data.csv.gz",
    [
        "year_ending",
        "force_name",
        "legislation",
        "reason_for_search_arrest",
        "ethnic_group_self_defined",
        "searches",
        "resultant_arrests",
    ],
)


def build_arrests(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return arrests by force and financial year.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``, no rows when the file is not held. Indicators: ``arrests`` (every offence) and
        ``arrests_<offence group>``; a group of the classification before 2015/16 ends in ``_old_groups``. Categories:
        ``all``, ``Age ...|Sex ...``, ``Ethnic group ...``.

    Notes
    -----
    A sum over a cell that is not available (``NA``) is not available either. The publisher moved to new offence groups
    in 2015/16 (two forces a year earlier), so a group's old and new series are never one.
    """
    arrests = read_optional(raw, SOURCE, *_ARRESTS)
    if arrests is None:
        return _no_rows()
    arrests["count"] = numbers(arrests["arrests"], _ARRESTS[0], (MISSING,))
    is_new = arrests["offence_group"].str.startswith(NEW_GROUPS)
    arrests["group"] = arrests["offence_group"].str.removeprefix(NEW_GROUPS)
    arrests["indicator"] = "arrests_" + arrests["group"].map(slug) + is_new.map({True: "", False: "_old_groups"})
    arrests["age_sex"] = "Age " + arrests["age_group"] + "|Sex " + arrests["sex"]
    arrests["ethnic"] = "Ethnic group " + arrests["ethnic_group"]
    detailed = arrests[arrests["group"].isin(DETAILED)]
    every = arrests.assign(indicator="arrests")
    parts = [_summed(every, ""), _summed(arrests, "")]
    parts += [_summed(frame, category) for frame in (every, detailed) for category in ("age_sex", "ethnic")]
    return _arrest_rows(pd.concat(parts, ignore_index=True), Gazetteer.of(tables["places"]))


def _summed(frame: pd.DataFrame, category: str) -> pd.DataFrame:
    """Return totals by indicator, force, year and category, null where any cell of the sum is null."""
    keyed = frame.assign(category=frame[category] if category else "all")
    groups = keyed.groupby(["indicator", "force_name", "financial_year", "category"])["count"]
    return groups.agg(lambda values: values.sum(skipna=False)).rename("value").reset_index()


def _arrest_rows(totals: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    starts = pd.to_datetime(totals["financial_year"].str[:4] + "-04-01")
    frame = totals.assign(
        source=SOURCE,
        period_label=totals["financial_year"],
        period_start=starts,
        period_end=starts + pd.DateOffset(months=11),
        unit="arrests",
        marker=totals["value"].isna().map({True: MISSING, False: None}),
    )
    return with_forces(frame, gazetteer)


def build_searches(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return stops and searches, and the arrests that followed, by force and financial year.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``stop_searches`` and ``stop_search_arrests``, categories ``all``,
        ``Legislation ...``, ``Reason ...`` (weapons: ``Reason Offensive Weapons``), ``Ethnic group ...``.

    Notes
    -----
    The file never shows a zero: an empty cell (``NA``) is either none or not available, and nobody can tell which. A
    total therefore adds the cells that are there, and is null when none is. The three columns on weapons found under
    section 60 hold only TRUE and NA, a reading error of the copy held, and are not used.
    """
    searches = read_optional(raw, SOURCE, *_SEARCHES)
    if searches is None:
        return _no_rows()
    for column in ("searches", "resultant_arrests"):
        searches[column] = numbers(searches[column], _SEARCHES[0], (MISSING,))
    parts = [
        _search_totals(searches, value, title, column)
        for value in ("searches", "resultant_arrests")
        for title, column in _SEARCH_CATEGORIES.items()
    ]
    return with_forces(pd.concat(parts, ignore_index=True), Gazetteer.of(tables["places"]))


_SEARCH_CATEGORIES: Final = {
    "": "",
    "Legislation ": "legislation",
    "Reason ": "reason_for_search_arrest",
    "Ethnic group ": "ethnic_group_self_defined",
}


def _search_totals(searches: pd.DataFrame, value: str, title: str, column: str) -> pd.DataFrame:
    keyed = searches.assign(category=title + searches[column] if column else "all")
    totals = keyed.groupby(["force_name", "year_ending", "category"])[value].sum(min_count=1).rename("value").reset_index()
    ends = pd.to_datetime(totals["year_ending"])
    first = ends.dt.to_period("M").dt.to_timestamp()
    return totals.assign(
        indicator="stop_searches" if value == "searches" else "stop_search_arrests",
        source=SOURCE,
        period_label="Year ending March " + ends.dt.year.astype(str),
        period_start=first - pd.DateOffset(months=11),
        period_end=first,
        unit="searches" if value == "searches" else "arrests",
        marker=totals["value"].isna().map({True: MISSING, False: None}),
    )


def with_forces(frame: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    """Return the frame with ``area_code, area_name, area_kind`` from its ``force_name``."""
    found = {name: gazetteer.force(name) for name in frame["force_name"].unique()}
    return frame.assign(
        area_code=[found[name][0] for name in frame["force_name"]],
        area_name=[found[name][1] for name in frame["force_name"]],
        area_kind="force",
    ).drop(columns="force_name")


def slug(title: str) -> str:
    """Return a title as part of an indicator's id: lower case, underscores."""
    words: Sequence[str] = "".join(letter if letter.isalnum() else " " for letter in title.lower()).split()
    return "_".join(words)


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame()
