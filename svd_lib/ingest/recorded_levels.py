"""Selections of recorded crime: the newest level of each offence group, and the year held by offence code.

The level comes from the newest table of offence groups, the composition from the older table by offence code. A reader
is always told which is which, so both carry their own period.
"""

from __future__ import annotations

import pandas as pd

from svd_lib import vocabulary
from svd_lib.ingest.loaders import CENSUS, View

_TABLES = "Police force area tables, year ending"


def newest_levels(view: View, area_kind: str = "force") -> pd.DataFrame:
    """Return the newest published year of recorded crime by offence group.

    Parameters
    ----------
    view : View
        The edition's tables.
    area_kind : str
        ``force``: the area's force; ``csp``: the Community Safety Partnerships the area lies in.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area_name, offence, period_start, period_end, publication, count`` (offences), one row per area
        and offence group; empty when no such table is held.
    """
    rows = view.table("recorded_crime")
    wanted = [view.area.pfa24cd] if area_kind == "force" else list(view.area.csp)
    rows = rows[(rows["level"] == "group") & (rows["measure"] == "offences") & (rows["period_kind"] == "year") & (rows["status"] == "published")]
    rows = rows[(rows["area_kind"] == area_kind) & rows["area_code"].isin(wanted) & rows["publication"].str.startswith(_TABLES)]
    newest = rows[rows["period_end"] == rows["period_end"].max()]
    columns = ["area_code", "area_name", "offence", "period_start", "period_end", "publication", "count"]
    return newest[columns].sort_values(["area_name", "offence"]).reset_index(drop=True)


def code_year(view: View, own_force: bool = False) -> pd.DataFrame:
    """Return recorded crime by offence code of the territorial forces, or of the area's force alone.

    Returns
    -------
    pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code``; quarters of one financial year.

    Notes
    -----
    The transport police have no area and no residents, and are left out.
    """
    rows = view.table("recorded_crime")
    rows = rows[(rows["level"] == "code") & rows["area_code"].str.match(vocabulary.GSS_PATTERN.pattern)]
    return rows[rows["area_code"] == view.area.pfa24cd] if own_force else rows


def level_of(levels: pd.DataFrame, offence: str) -> dict[str, float] | None:
    """Return the count of one offence group as a result row; None when the table does not have it."""
    found = levels.loc[levels["offence"] == offence, "count"]
    return {"value": float(found.sum())} if len(found) else None


def period_of(rows: pd.DataFrame) -> str:
    """Return the period that some rows cover together, as ``2017-04/2018-03``; empty for no rows."""
    if rows.empty:
        return ""
    return f"{rows['period_start'].min():%Y-%m}/{rows['period_end'].max():%Y-%m}"


def force_residents(view: View) -> float:
    """Return the usual residents of the force's whole area at the census; missing for an area that is not a whole force."""
    if view.area.kind != "force":
        return float("nan")
    people = view.table("population")
    return float(people.loc[people["reference"] == CENSUS, "count"].sum())
