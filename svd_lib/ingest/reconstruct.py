"""Quarterly counts recovered from rolling twelve-month totals.

Two totals a quarter apart share three quarters, so their difference is the newest quarter less the same quarter a year
earlier: ``X(t) - X(t-1) = q(t) - q(t-4)``. With the four quarters of one year known (2017/18, from the table by offence
code) every other quarter follows, backwards and forwards, as whole numbers.

Three things have to be watched, and :func:`check_quarters` and :func:`reconciliation` report the last two.

* A quarter can be negative where transfers and cancellations outweigh new records, as in the open data by code.
* Where a force revised the anchor year, its four quarters do not add up to the rolling total. Such a series is not
  published for a force. For England and Wales the four quarters are scaled to the total when they differ by no more
  than :data:`ANCHOR_TOLERANCE`.
* From 2019 each total comes from an edition of its own, and a revision between two editions falls into one quarter. The
  editions' Table P2 gives the year before as revised; a series stops where that revision exceeds
  :data:`REVISION_TOLERANCE`, and the publication of a quarter says how large it was.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError

KEYS: Final = ["area_code", "offence"]
ANCHOR_TOLERANCE: Final = 0.005
REVISION_TOLERANCE: Final = 0.02

ENGLAND_AND_WALES_EXCLUDING: Final = f"{vocabulary.ENGLAND_AND_WALES}:ex-E23000005"
_ABSENT_FORCE: Final = "E23000005"
_ROLLING: Final = "rolling years"
_EDITION: Final = "Police force area tables, year ending"
_YEAR_BEFORE: Final = ": the year before"
_BY_CODE: Final = "by offence code"
_BURGLARY: Final = {"Domestic burglary": "Residential burglary", "Non-domestic burglary": "Non-residential burglary"}
_BURGLARY_CHANGED: Final = pd.Period("2017Q2", "Q")
_VIOLENCE: Final = (
    "Homicide",
    "Death or serious injury caused by illegal driving",
    "Violence with injury",
    "Violence without injury",
    "Stalking and harassment",
)
_PARTS: Final = {
    vocabulary.VIOLENCE_AGAINST_THE_PERSON: _VIOLENCE,
    "Burglary": ("Residential burglary", "Non-residential burglary"),
    "Theft offences": (
        "Residential burglary",
        "Non-residential burglary",
        "Vehicle offences",
        "Theft from the person",
        "Bicycle theft",
        "Shoplifting",
        "All other theft offences",
    ),
    vocabulary.TOTAL_EXCLUDING_FRAUD: vocabulary.OFFENCE_GROUPS,
}
"""Groups that are sums of leaf groups; total burglary is comparable across the redefinition of 2017."""


def recover_quarters(totals: pd.DataFrame, anchor: pd.DataFrame) -> pd.DataFrame:
    """Return quarterly counts from overlapping rolling twelve-month totals.

    Parameters
    ----------
    totals : pandas.DataFrame
        ``area_code, offence, period_end, count``: one rolling total per series and quarter; ``period_end`` is the first
        day of its last month (March, June, September or December).
    anchor : pandas.DataFrame
        The same columns: the counts of four consecutive quarters of each series.

    Returns
    -------
    pandas.DataFrame
        ``area_code, offence, period_start, period_end, count``, whole numbers, one row per recovered quarter, the
        anchor included. Without an anchor nothing is recovered; past a gap in the totals, no quarter that needs them.

    Raises
    ------
    SnaError
        When a series has two totals or two anchors for one quarter.

    Notes
    -----
    No smoothing and no estimate: every count is a sum and difference of published counts. A revision between two
    totals falls wholly into one quarter; see :func:`check_quarters`.
    """
    rolling = _wide(totals, "total")
    quarters = _wide(anchor, "anchor").reindex(columns=rolling.columns)
    span = pd.period_range(min(rolling.index.min() - 4, quarters.index.min()), max(rolling.index.max(), quarters.index.max()), freq="Q")
    step = rolling.reindex(span).diff()
    known = quarters.reindex(span)
    for quarter in span[4:]:
        known.loc[quarter] = known.loc[quarter].fillna(known.loc[quarter - 4] + step.loc[quarter])
    for quarter in span[4:][::-1]:
        known.loc[quarter - 4] = known.loc[quarter - 4].fillna(known.loc[quarter] - step.loc[quarter])
    return _long(known)


def check_quarters(quarters: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return every published rolling total beside the sum of the four recovered quarters.

    Parameters
    ----------
    quarters : pandas.DataFrame
        ``area_code, offence, period_end, count`` as :func:`recover_quarters` returns them.
    totals : pandas.DataFrame
        ``area_code, offence, period_end, count`` and, where several editions are checked, ``publication``.

    Returns
    -------
    pandas.DataFrame
        The rows of ``totals`` with ``reconstructed`` (null where a quarter is missing) and
        ``deviation = reconstructed - count``, in offences.
    """
    sums = _wide(quarters, "quarter").rolling(4).sum()
    flat = sums.stack([0, 1]).dropna().rename("reconstructed")
    flat.index = flat.index.set_names(["quarter", *KEYS])
    checked = totals.assign(quarter=_quarter(totals["period_end"])).merge(flat.reset_index(), on=["quarter", *KEYS], how="left", validate="many_to_one")
    checked["deviation"] = checked["reconstructed"] - checked["count"]
    return checked.drop(columns="quarter").sort_values([*KEYS, "period_end"], kind="stable").reset_index(drop=True)


def summarise_check(checked: pd.DataFrame) -> pd.DataFrame:
    """Return one row per series: totals compared, totals not covered, largest deviation, whether all agree."""
    grouped = checked.assign(size=checked["deviation"].abs()).groupby(KEYS)["size"]
    out = grouped.agg(totals_checked="count", totals="size", max_deviation="max").reset_index()
    out["totals_not_covered"] = out["totals"] - out["totals_checked"]
    out["reconciles"] = (out["max_deviation"] == 0) & (out["totals_checked"] > 0)
    return out.drop(columns="totals")


def reconstruct(published: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the recovered quarters of every series that reconciles, as rows of ``recorded_crime``.

    Parameters
    ----------
    published : pandas.DataFrame
        Rows of ``recorded_crime`` before any quarter is added.
    groups : pandas.Series
        Leaf offence group by offence code. Deaths and serious injuries by driving are a group of their own there,
        although the table by code files them under violence with injury.
    """
    if not _holds(published, _BY_CODE) or not _holds(published, _ROLLING):
        return published.iloc[:0]
    totals, anchor = rolling_totals(published), anchor_quarters(published, groups)
    anchor = _national_anchor(anchor, totals)
    quarters = recover_quarters(totals, anchor)
    kept = _stop_at_revisions(_reconciled(quarters, totals), published)
    return _as_rows(kept, published)


def rolling_totals(published: pd.DataFrame) -> pd.DataFrame:
    """Return one chain of rolling totals per force and group, and for England and Wales with and without one force.

    To December 2018 the totals are those of the one edition of open data, later ones those of each year's force area
    tables. Groups that are sums are added up from their parts; a retired burglary group counts with its successor, and
    the two groups themselves begin with the first year that lies wholly after the redefinition of April 2017.
    """
    is_group = (published["level"] == "group") & (published["measure"] == "offences") & published["area_kind"].isin(["force", "country"])
    rows = published.loc[is_group, ["area_kind", "area_code", "offence", "period_end", "status", "publication", "count"]]
    open_data = _leaves(rows[rows["publication"].str.contains(_ROLLING) & (rows["area_kind"] == "force")])
    held = ["area_code", "offence", "period_end", "count"]
    national = _national(open_data)
    tables = rows[_is_edition(rows) & (rows["period_end"] > open_data["period_end"].max())]
    tables = tables[tables["period_end"] < pd.Timestamp("2020-04-01")]
    both = with_sums(pd.concat([open_data, national]))
    mixed = both["offence"].isin(_PARTS["Burglary"]) & (_quarter(both["period_end"]) - 3 < _BURGLARY_CHANGED)
    later = _editions(tables)
    return pd.concat([both[~mixed], later[later["area_code"].isin(both["area_code"].unique())]], ignore_index=True)[held]


def anchor_quarters(published: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return quarterly counts by leaf and summed group from the table by offence code, fraud left out."""
    rows = published[published["level"] == "code"]
    frame = rows.assign(offence=rows["offence_code"].map(groups))
    frame = frame[frame["offence"].isin(vocabulary.OFFENCE_GROUPS)]
    leaves = frame.groupby(["area_code", "offence", "period_end"], as_index=False)["count"].sum()
    full = leaves.pivot(index=["area_code", "period_end"], columns="offence", values="count").fillna(0).stack()
    leaves = full.rename("count").reset_index().astype({"count": "int64"})
    return with_sums(pd.concat([leaves, _national(leaves)], ignore_index=True))


def with_sums(leaves: pd.DataFrame) -> pd.DataFrame:
    """Return leaf groups and, after them, the groups that are their sums, for each area and period."""
    sums = [
        leaves[leaves["offence"].isin(parts)].groupby(["area_code", "period_end"], as_index=False)["count"].sum().assign(offence=name)
        for name, parts in _PARTS.items()
    ]
    return pd.concat([leaves, *sums], ignore_index=True)


def reconciliation(recorded_crime: pd.DataFrame) -> pd.DataFrame:
    """Return, for every series with rolling totals, what was recovered and what every published total says.

    Parameters
    ----------
    recorded_crime : pandas.DataFrame
        The tidy table, recovered quarters included.

    Returns
    -------
    pandas.DataFrame
        One row per area and offence group: ``quarters, first, last`` recovered; ``totals_checked`` and ``max_deviation``
        against the chain of totals used; ``max_superseded``, the largest difference from a first-published total that
        a later edition replaced; ``max_revision``, the largest later revision of a total in the chain; ``note``.
    """
    rows = recorded_crime[(recorded_crime["level"] == "group") & (recorded_crime["measure"] == "offences")]
    quarters = rows[(rows["period_kind"] == "quarter") & (rows["status"] == "reconstructed")]
    chain = rolling_totals(recorded_crime)
    out = chain[KEYS].drop_duplicates().sort_values(KEYS, kind="stable")
    spans = quarters.groupby(KEYS)["period_end"].agg(quarters="count", first="min", last="max").reset_index()
    out = out.merge(spans, on=KEYS, how="left", validate="one_to_one")
    used = summarise_check(check_quarters(quarters, chain))[[*KEYS, "totals_checked", "max_deviation"]]
    out = out.merge(used, on=KEYS, how="left", validate="one_to_one")
    for name, others in (("max_superseded", rows[_is_edition(rows)]), ("max_revision", rows[rows["publication"].str.contains(_YEAR_BEFORE)])):
        out = out.merge(_largest_difference(chain, others, name), on=KEYS, how="left", validate="one_to_one")
    out["quarters"] = out["quarters"].fillna(0).astype(int)
    return out.assign(note=_notes(out))


def _notes(out: pd.DataFrame) -> np.ndarray:
    last = out["last"].max()
    return np.select(
        [out["quarters"] == 0, out["last"] < last, out["max_revision"].fillna(0) > 0],
        [
            "not recovered: the quarters of 2017/18 do not add up to the published total of that year, which was revised",
            "reproduces its totals but stops early: a later edition revised the year before by too much, or gives no figure",
            "reproduces every total; later editions revised the year before, which can move single quarters of 2019",
        ],
        "reproduces every total",
    )


def _largest_difference(chain: pd.DataFrame, others: pd.DataFrame, name: str) -> pd.DataFrame:
    both = chain.merge(others[[*KEYS, "period_end", "count"]], on=[*KEYS, "period_end"], suffixes=("", "_other"), validate="one_to_many")
    both[name] = (both["count_other"] - both["count"]).abs()
    return both.groupby(KEYS)[name].max().reset_index()


def _quarter(dates: pd.Series) -> pd.Series:
    return pd.to_datetime(dates).dt.to_period("Q")


def _wide(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    keyed = frame.assign(quarter=_quarter(frame["period_end"]))
    doubled = keyed.duplicated([*KEYS, "quarter"])
    if doubled.any():
        row = keyed[doubled].iloc[0]
        raise SnaError(f"Two {what}s for {row['offence']} of area {row['area_code']} in {row['quarter']}; give one edition of each.")
    wide = keyed.pivot(index="quarter", columns=KEYS, values="count")
    return wide.reindex(pd.period_range(wide.index.min(), wide.index.max(), freq="Q")).astype("float64")


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    wide.index.name = "quarter"
    flat = wide.stack([0, 1]).dropna().rename("count").reset_index()
    flat["period_start"] = flat["quarter"].dt.start_time.dt.to_period("M").dt.to_timestamp()
    flat["period_end"] = flat["period_start"] + pd.DateOffset(months=2)
    flat["count"] = flat["count"].astype("int64")
    return flat[[*KEYS, "period_start", "period_end", "count"]].sort_values([*KEYS, "period_end"]).reset_index(drop=True)


def _holds(frame: pd.DataFrame, words: str) -> bool:
    return bool(frame["publication"].str.contains(words).any())


def _is_edition(rows: pd.DataFrame) -> pd.Series:
    return rows["publication"].str.startswith(_EDITION) & (rows["status"] == "published")


def _leaves(rows: pd.DataFrame) -> pd.DataFrame:
    renamed = rows.assign(offence=rows["offence"].replace(_BURGLARY))
    renamed = renamed[renamed["offence"].isin(vocabulary.OFFENCE_GROUPS)]
    return renamed.groupby(["area_code", "offence", "period_end"], as_index=False)["count"].sum()


def _national(forces: pd.DataFrame) -> pd.DataFrame:
    """Return England and Wales as the sum of all forces and the transport police, with and without one force."""
    parts = {vocabulary.ENGLAND_AND_WALES: forces, ENGLAND_AND_WALES_EXCLUDING: forces[forces["area_code"] != _ABSENT_FORCE]}
    return pd.concat(
        [part.groupby(["offence", "period_end"], as_index=False)["count"].sum().assign(area_code=code) for code, part in parts.items()]
    )


def _editions(tables: pd.DataFrame) -> pd.DataFrame:
    """Return the totals of later editions, with England and Wales less one force where the edition still includes it."""
    both = tables[tables["area_code"].isin([vocabulary.ENGLAND_AND_WALES, _ABSENT_FORCE])]
    wide = both.pivot(index=["offence", "period_end"], columns="area_code", values="count").reindex(
        columns=[vocabulary.ENGLAND_AND_WALES, _ABSENT_FORCE]
    )
    less = (wide[vocabulary.ENGLAND_AND_WALES] - wide[_ABSENT_FORCE]).dropna()
    less = less.rename("count").reset_index().assign(area_code=ENGLAND_AND_WALES_EXCLUDING)
    return pd.concat([tables, less], ignore_index=True)


def _national_anchor(anchor: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Scale the national anchor to the published year where the two differ by no more than the tolerance."""
    target = totals.set_index([*KEYS, "period_end"])["count"]
    end = anchor["period_end"].max()
    out = anchor.sort_values([*KEYS, "period_end"]).reset_index(drop=True)
    national = out["area_code"].isin([vocabulary.ENGLAND_AND_WALES, ENGLAND_AND_WALES_EXCLUDING])
    for (area, offence), part in out[national].groupby(KEYS):
        wanted, have = target.get((area, offence, end)), part["count"].sum()
        if wanted and 0 < abs(wanted - have) <= ANCHOR_TOLERANCE * wanted:
            out.loc[part.index, "count"] = scale_to(part["count"].to_numpy(), int(wanted))
    return out


def scale_to(counts: np.ndarray, total: int) -> np.ndarray:
    """Return whole counts in proportion to ``counts`` that add up to ``total`` (largest remainders)."""
    exact = counts * (total / counts.sum())
    floor = np.floor(exact).astype("int64")
    order = np.argsort(-(exact - floor), kind="stable")
    floor[order[: total - floor.sum()]] += 1
    return floor


def _reconciled(quarters: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Keep the series that reproduce every total of their chain."""
    fine = summarise_check(check_quarters(quarters, totals)).query("reconciles")[KEYS]
    return quarters.merge(fine, on=KEYS, validate="many_to_one")


def _stop_at_revisions(quarters: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Cut each series before the first quarter of 2019 that a revision could have distorted beyond the tolerance."""
    revisions = _revisions(published)
    out = quarters.merge(revisions, on=[*KEYS, "period_end"], how="left", validate="one_to_one")
    late = out["period_end"] >= pd.Timestamp("2019-01-01")
    broken = late & (out["share"].abs() > REVISION_TOLERANCE)
    first = out[broken].groupby(KEYS)["period_end"].min().rename("stop").reset_index()
    out = out.merge(first, on=KEYS, how="left", validate="many_to_one")
    return out[out["stop"].isna() | (out["period_end"] < out["stop"])].drop(columns="stop").reset_index(drop=True)


def _revisions(published: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each edition of 2019 revised the year before: offences, and share of the earlier figure."""
    chain = rolling_totals(published)
    rows = published[published["publication"].str.contains(_YEAR_BEFORE)]
    both = rows.merge(chain, on=[*KEYS, "period_end"], suffixes=("", "_chain"), validate="one_to_one")
    both = both.assign(revision=both["count"] - both["count_chain"])
    both["share"] = both["revision"] / both["count_chain"]
    both["period_end"] = both["period_end"] + pd.DateOffset(years=1)
    return both[[*KEYS, "period_end", "revision", "share"]]


def _as_rows(kept: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    areas = published.loc[published["area_kind"].isin(["force", "country"]), ["area_code", "area_name", "area_kind", "pfa24cd"]]
    out = kept.merge(areas.drop_duplicates("area_code"), on="area_code", how="left", validate="many_to_one")
    whole = (out["area_code"] == ENGLAND_AND_WALES_EXCLUDING) & out["area_name"].isna()
    out.loc[whole, ["area_name", "area_kind"]] = ["England and Wales (excluding one force)", "country"]
    out["publication"] = _source_words(out)
    return out.assign(period_kind="quarter", level="group", offence_code=None, measure="offences", status="reconstructed")


def _source_words(rows: pd.DataFrame) -> pd.Series:
    """Return which edition each recovered quarter rests on, and whether that edition revised the year before."""
    late = rows["period_end"] >= pd.Timestamp("2019-01-01")
    anchor = (rows["period_end"] >= pd.Timestamp("2017-06-01")) & (rows["period_end"] <= pd.Timestamp("2018-03-01"))
    scaled = anchor & rows["area_code"].str.startswith(vocabulary.ENGLAND_AND_WALES)
    edition = "Recovered from rolling totals, force area tables to " + rows["period_end"].dt.strftime("%B %Y")
    edition = edition + np.where(rows["revision"].fillna(0) == 0, "", " (year before revised)")
    summed = "Summed from offence codes, 2017/18"
    words = np.select([late, scaled, anchor], [edition, summed + ", scaled to the published year", summed], "Recovered from rolling totals to December 2018")
    return pd.Series(words, index=rows.index)
