"""Where an action would go and what it would reach: target places, comparison places, and levels of recorded crime.

Selections only: a view in, a frame out.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from svd_lib.ingest.loaders import View, contiguity, street_by_place, whole_years
from svd_lib.ingest.recorded_levels import newest_levels

ONE_IN = 20
FEWEST, MOST = 5, 25
TARGET, COMPARISON, AROUND_TARGET, AROUND_COMPARISON, REST = "target", "comparison", "around target", "around comparison", "rest"


def target_size(places: int) -> int:
    """Return how many places a target set holds: one in twenty, rounded up, at least five and at most twenty-five, never over half."""
    return min(max(FEWEST, min(MOST, -(-places // ONE_IN))), places // 2)


def two_years(view: View, crime_type: str | Sequence[str]) -> pd.DataFrame:
    """Return every LSOA's records in the newest whole year and in the whole year before it.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_type : str or sequence of str
        Street-level categories.

    Returns
    -------
    pandas.DataFrame
        lsoa21cd, lad24nm, label, population, before, after (records) and the two periods; no rows when fewer than two
        whole years are held.
    """
    years = whole_years(view)
    after = street_by_place(view, crime_type, years[0]).rename(columns={"count": "after"}).drop(columns="months")
    if len(years) < 2:
        return after.assign(before=pd.Series(dtype="float64"), period_before="", period_after=years[0]).iloc[:0]
    before = street_by_place(view, crime_type, years[1])[["lsoa21cd", "count"]].rename(columns={"count": "before"})
    both = after.merge(before, on="lsoa21cd", how="left", validate="one_to_one")
    return both.assign(period_before=years[1], period_after=years[0])


def trial_sets(ranked: pd.DataFrame, view: View, size: int, value: str = "value") -> pd.DataFrame:
    """Mark which places are the target, which its comparison, and which lie around either.

    Parameters
    ----------
    ranked : pandas.DataFrame
        One row an LSOA with lsoa21cd and the value to rank by.
    view : View
        For contiguity.
    size : int
        Places in the target and in the comparison.
    value : str
        Column to rank by; ties go by code.

    Returns
    -------
    pandas.DataFrame
        ``ranked`` from the highest, with ``rank`` and ``set``: the first ``size`` are the target, the next ``size`` that
        do not touch it the comparison; of the rest those that touch the target lie around it, then those that touch the
        comparison.
    """
    out = ranked.sort_values([value, "lsoa21cd"], ascending=[False, True]).reset_index(drop=True)
    out = out.assign(rank=out.index + 1, set=REST)
    pairs = contiguity(view)
    out.loc[: size - 1, "set"] = TARGET
    near = out["lsoa21cd"].isin(_beside(pairs, out.loc[out["set"] == TARGET, "lsoa21cd"])) & (out["set"] == REST)
    out.loc[near, "set"] = AROUND_TARGET
    out.loc[out.index[out["set"] == REST][:size], "set"] = COMPARISON
    close = out["lsoa21cd"].isin(_beside(pairs, out.loc[out["set"] == COMPARISON, "lsoa21cd"])) & (out["set"] == REST)
    out.loc[close, "set"] = AROUND_COMPARISON
    return out


def _beside(pairs: pd.DataFrame, codes: pd.Series) -> set[str]:
    return set(pairs.loc[pairs["id"].isin(codes), "neighbour"])


def records_by_set(sets: pd.DataFrame, count: str = "numerator") -> dict[str, float]:
    """Return the records of each set of :func:`trial_sets`, nought where a set is empty."""
    totals = sets.groupby("set")[count].sum()
    return {name: float(totals.get(name, 0.0)) for name in (TARGET, COMPARISON, AROUND_TARGET, AROUND_COMPARISON, REST)}


def levels_here(view: View, offences: Sequence[str]) -> pd.DataFrame:
    """Return the newest recorded level of some offence groups for the force, or for the partnerships of a smaller area.

    Parameters
    ----------
    view : View
        The edition's tables.
    offences : sequence of str
        Offence groups to add up.

    Returns
    -------
    pandas.DataFrame
        One row: value (offences), whose (areas in words), period; or no rows when a group is not held.
    """
    rows = newest_levels(view, "force" if view.area.kind == "force" else "csp")
    rows = rows if len(rows) else newest_levels(view, "force")
    rows = rows[rows["offence"].isin(offences)]
    if rows.empty or rows["count"].isna().any() or set(offences) - set(rows["offence"]):
        return rows.iloc[:0]
    period = f"{rows['period_start'].iloc[0]:%Y-%m}/{rows['period_end'].iloc[0]:%Y-%m}"
    names = sorted(rows["area_name"].unique())
    whose = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return pd.DataFrame({"value": [float(rows["count"].sum())], "whose": [whose], "period": [period]})
