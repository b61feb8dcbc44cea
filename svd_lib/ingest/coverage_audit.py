"""The coverage audit: what is missing, odd or about to change in a force's files, and what each thing means for conclusions.

Everything is found in the tables themselves; nothing about any force is written down here. Each check says what it found
in words, with the counts behind it, also when it found nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from svd_lib import vocabulary

PROVISIONAL_MONTHS = 2
"""The newest months, which the publisher revises most."""
TRUNCATED_BELOW = 0.6
"""A month with fewer rows than this share of the median of the months around it may be cut short."""
LEVEL_RATIO = 0.6
"""A category whose months fall below this share of those before, or rise above its inverse, has changed its level."""
_AROUND = 6
_SIDE = 3
_WINDOW = 12

MEANING = {
    "months": "Compare the same months only; no total of a year with a gap, and no month is read as zero.",
    "outcomes-files": "What happened to crimes can be followed over these months alone.",
    "forces": "Only what these recorded inside the area is counted beside it; it enters no rate.",
    "provisional": "Do not read a fall in the newest months: records and outcomes are still added.",
    "truncated": "A month cut short would look like a fall in crime.",
    "locations": "These count in the force's totals and in no neighbourhood's rate; where their share moves, rates move with it.",
    "locations-by-type": "Maps of a category with many of them understate it.",
    "half-located": "Both would have to be mended before mapping.",
    "outside": "Totals by the recording force and by place differ; each exhibit says which it shows.",
    "vintage": "Neighbourhoods are compared over time through the official lookup alone.",
    "former-districts": "Older files name districts that were merged; their records are placed by code.",
    "repeated-rows": "Kept: identical rows of anti-social behaviour can be separate incidents on one map point.",
    "repeated-ids": "Kept: too few to move any figure of the report.",
    "repeated-outcome-ids": "One crime can have several outcomes; rows of outcomes are not crimes.",
    "ids": "Crimes can be matched to their outcomes; anti-social behaviour cannot.",
    "context": "Violence cannot be split by weapon, injury, domestic abuse or age.",
    "levels": "Changes of this size are as likely recording as crime; no trend is drawn across one without saying so.",
    "register": "A break in a series is neither a rise nor a fall.",
    "revised": "Figures from different archives differ a little; the newest is used.",
    "matched": "The rest belong to crimes of months not held.",
}
"""What a check means for conclusions."""

ABOUT = {
    "months": "Months without a street-level file",
    "outcomes-files": "Months without an outcomes file",
    "forces": "Forces held beside the area's own",
    "provisional": "Newest months, still provisional",
    "truncated": "Months that may be cut short",
    "locations": "Records without a location",
    "locations-by-type": "Records without a location by category",
    "half-located": "Records with a place and no point, or the reverse",
    "outside": "Records located outside the force's area",
    "vintage": "Neighbourhood codes of two censuses",
    "former-districts": "Districts that no longer exist",
    "repeated-rows": "Rows equal to another in every field",
    "repeated-ids": "Crimes listed twice",
    "repeated-outcome-ids": "Crimes with several outcomes",
    "ids": "Crime identifiers absent or unexpected",
    "context": "Details of the crime",
    "levels": "Categories whose level jumped",
    "register": "Breaks listed in the register",
    "revised": "Months held in several archives",
    "matched": "Outcomes matched to their crime",
}


@dataclass(frozen=True)
class Evidence:
    """All that the audit looks at, of one force.

    Attributes
    ----------
    coverage : pandas.DataFrame
        The force's rows of the table ``coverage``, of both kinds of files.
    counts : pandas.DataFrame
        The force's rows of ``street_counts``.
    events : pandas.DataFrame
        The force's rows of ``outcome_counts`` of kind outcome_event; empty where they are not all held.
    register : pandas.DataFrame
        Recording changes that bear on the force: ``area_name, dataset, offence, date``.
    others : tuple of str
        Other forces with files.
    """

    coverage: pd.DataFrame
    counts: pd.DataFrame
    events: pd.DataFrame
    register: pd.DataFrame
    others: tuple[str, ...] = ()

    def held(self, dataset: str = "street") -> pd.DataFrame:
        """Return the months that have a file, in order."""
        rows = self.coverage[(self.coverage["dataset"] == dataset) & (self.coverage["status"] == "present")]
        return rows.sort_values("month", kind="stable").reset_index(drop=True)


Found = tuple[str, str, float, float]
"""Check, what was found in words, count, and the total it is a part of."""


def audit(evidence: Evidence) -> pd.DataFrame:
    """Return what every check found.

    Returns
    -------
    pandas.DataFrame
        ``check`` (id), ``about`` and ``found`` (in words), ``count, total, percent`` (rows, months or categories as
        ``about`` says), ``is_odd`` (whether anything was found), ``meaning``.
    """
    if evidence.held().empty:
        return pd.DataFrame(columns=["check", "about", "found", "count", "total", "percent", "is_odd", "meaning"])
    checks = (_months, _volumes, _locations, _places, _repeats, _fields, _changes, _outcomes)
    rows = [found for check in checks for found in check(evidence)]
    out = pd.DataFrame(rows, columns=["check", "found", "count", "total"])
    percent = out["count"] / out["total"].where(out["total"] > 0) * 100
    return pd.DataFrame(
        {
            "check": out["check"],
            "about": out["check"].map(ABOUT),
            "found": out["found"],
            "count": out["count"],
            "total": out["total"],
            "percent": percent,
            "is_odd": out["count"] > 0,
            "meaning": out["check"].map(MEANING),
        }
    )


def stretches(evidence: Evidence) -> pd.DataFrame:
    """Return the runs of consecutive months held, with what their rows are like.

    Returns
    -------
    pandas.DataFrame
        ``first, last`` (months), ``months``, ``rows``, ``no_location``, ``percent_no_location`` (of rows), ``outside``,
        ``percent_outside`` (of located rows), ``without_id`` (rows), ``vintage``.
    """
    held = evidence.held()
    run = (held["month"].dt.to_period("M").astype("int64").diff() != 1).cumsum()
    out = held.groupby(run).agg(
        first=("month", "min"), last=("month", "max"), months=("month", "size"), rows=("rows_total", "sum"), located=("rows_located", "sum"),
        no_location=("rows_no_location", "sum"), inside=("rows_in_force_area", "sum"), without_id=("rows_without_id", "sum"), vintage=("lsoa_vintage", _joined),
    )  # fmt: skip
    out["outside"] = out["located"] - out["inside"]
    out["percent_no_location"] = out["no_location"] / out["rows"] * 100
    out["percent_outside"] = out["outside"] / out["located"] * 100
    names = ["first", "last", "months", "rows", "no_location", "percent_no_location", "outside", "percent_outside", "without_id", "vintage"]
    return out[names].reset_index(drop=True)


def level_changes(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the categories whose monthly level jumped, and when.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``month, crime_type, count``; any number of rows a month.

    Returns
    -------
    pandas.DataFrame
        ``crime_type, month`` (the first of the new level), ``before, after`` (mean records a month, over up to twelve
        months held on either side) and ``ratio``; at most two changes a category.

    Notes
    -----
    A screen, not a test: it finds steps of more than :data:`LEVEL_RATIO` where at least three months are held on each side.
    """
    monthly = counts.pivot_table(index="month", columns="crime_type", values="count", aggfunc="sum").sort_index().fillna(0)
    rows = [(name, *step) for name in monthly for step in _steps(monthly[name], 2)]
    return pd.DataFrame(rows, columns=["crime_type", "month", "before", "after", "ratio"]).sort_values(["crime_type", "month"], ignore_index=True)


def _steps(values: pd.Series, most: int) -> Iterator[tuple[pd.Timestamp, float, float, float]]:
    """Yield the largest step of a series and then, on either side of it, the largest left."""
    best = None
    for at in range(_SIDE, len(values) - _SIDE + 1):
        before, after = values.iloc[max(0, at - _WINDOW) : at].mean(), values.iloc[at : at + _WINDOW].mean()
        if min(before, after) >= 1 and (best is None or abs(np.log(after / before)) > abs(np.log(best[3]))):
            best = (at, before, after, after / before)
    if best is None or LEVEL_RATIO < best[3] < 1 / LEVEL_RATIO:
        return
    yield values.index[best[0]], *best[1:]
    if most > 1:
        for part in (values.iloc[: best[0]], values.iloc[best[0] :]):
            yield from _steps(part, most - 1)


def truncated_months(held: pd.DataFrame) -> pd.DataFrame:
    """Return the months with far fewer rows than those around them: ``month, rows_total, expected`` (median of up to six either side)."""
    rows = held["rows_total"]
    around = [pd.concat([rows.iloc[max(0, at - _AROUND) : at], rows.iloc[at + 1 : at + 1 + _AROUND]]).median() for at in range(len(rows))]
    out = held[["month", "rows_total"]].assign(expected=around)
    return out[out["rows_total"] < TRUNCATED_BELOW * out["expected"]].reset_index(drop=True)


def _months(evidence: Evidence) -> Iterator[Found]:
    held = evidence.held()
    whole = pd.date_range(held["month"].min(), held["month"].max(), freq="MS")
    missing = whole.difference(pd.DatetimeIndex(held["month"]))
    yield "months", _runs(missing) or "none between the first and the last", len(missing), len(whole)
    outcomes = pd.DatetimeIndex(evidence.held("outcomes")["month"])
    without = pd.DatetimeIndex(held["month"]).difference(outcomes)
    words = f"held for {_runs(outcomes)} only" if len(outcomes) else "none is held"
    yield "outcomes-files", words if len(without) else "held for every month", len(without), len(held)
    yield "forces", ", ".join(name.replace("-", " ").title() for name in evidence.others) or "none", len(evidence.others), np.nan
    yield "provisional", _runs(pd.DatetimeIndex(held["month"].tail(PROVISIONAL_MONTHS))), min(PROVISIONAL_MONTHS, len(held)), len(held)


def _volumes(evidence: Evidence) -> Iterator[Found]:
    held = evidence.held()
    short = truncated_months(held)
    words = ", ".join(f"{row.month:%B %Y} ({row.rows_total:,} rows where about {row.expected:,.0f} are usual)" for row in short.itertuples())
    yield "truncated", words or "none: no month has far fewer rows than those around it", len(short), len(held)
    several = held[held["superseded"].notna()]
    yield "revised", _runs(pd.DatetimeIndex(several["month"])) or "none", len(several), len(held)


def _locations(evidence: Evidence) -> Iterator[Found]:
    held = evidence.held()
    share = held["rows_no_location"] / held["rows_total"] * 100
    top = held.loc[share.idxmax()]
    periods = "; ".join(f"{row.first:%b %Y} to {row.last:%b %Y} {row.percent_no_location:.1f}%" for row in stretches(evidence).itertuples())
    peak = f"highest in {top['month']:%B %Y}: {top['rows_no_location']:,} of {top['rows_total']:,} ({share.max():.1f}%)"
    yield "locations", f"{periods}; {peak}", held["rows_no_location"].sum(), held["rows_total"].sum()
    counts = evidence.counts
    whole = counts.groupby("crime_type")["count"].sum()
    part = counts[counts["location"] == "none"].groupby("crime_type")["count"].sum().reindex(whole.index, fill_value=0)
    percent = (part / whole * 100).sort_values(kind="stable")
    words = f"from {percent.iloc[0]:.2f}% of {percent.index[0].lower()} to {percent.iloc[-1]:.2f}% of {percent.index[-1].lower()}"
    yield "locations-by-type", words, part[percent.index[-1]], whole[percent.index[-1]]
    yield "half-located", _none(held["rows_half_located"].sum(), "place and point are always blank together"), held["rows_half_located"].sum(), held["rows_total"].sum()


def _places(evidence: Evidence) -> Iterator[Found]:
    held = evidence.held()
    outside = held["rows_located"].sum() - held["rows_in_force_area"].sum()
    span = f"points from {held['lon_west'].min():.2f} to {held['lon_east'].max():.2f} degrees east and {held['lat_south'].min():.2f} to {held['lat_north'].max():.2f} north"
    yield "outside", span, outside, held["rows_located"].sum()
    kinds = held.dropna(subset="lsoa_vintage").groupby("lsoa_vintage")["month"].agg(["min", "max"]).sort_values("min", kind="stable")
    words = "; ".join(f"{kind} codes from {row['min']:%B %Y} to {row['max']:%B %Y}" for kind, row in kinds.iterrows())
    yield "vintage", f"{words}; {held['rows_recoded'].sum():,} records were recoded", len(kinds) if len(kinds) > 1 else 0, len(kinds)
    former = held[held["former_districts"].notna()]
    names = sorted({name for text in former["former_districts"] for name in text.split(", ")})
    words = f"{', '.join(names)}, to {former['month'].max():%B %Y}" if names else "none is named"
    yield "former-districts", words, len(former), len(held)


def _repeats(evidence: Evidence) -> Iterator[Found]:
    held, outcomes = evidence.held(), evidence.held("outcomes")
    yield "repeated-rows", "all without a Crime ID", held["rows_repeated"].sum(), held["rows_without_id"].sum()
    again = held[held["rows_repeated_id"] > 0]
    yield "repeated-ids", _runs(pd.DatetimeIndex(again["month"])) or "none", held["rows_repeated_id"].sum(), held["rows_total"].sum()
    if len(outcomes):
        ids = outcomes["rows_total"].sum() - outcomes["rows_without_id"].sum() - outcomes["rows_repeated_id"].sum()
        yield "repeated-outcome-ids", f"{outcomes['rows_total'].sum():,} rows of {ids:,} crimes", outcomes["ids_repeated"].sum(), ids


def _fields(evidence: Evidence) -> Iterator[Found]:
    held = evidence.held()
    total = held["rows_total"].sum()
    clean = "every crime has one, and anti-social behaviour has none"
    yield "ids", _none(held["rows_id_unexpected"].sum(), clean), held["rows_id_unexpected"].sum(), total
    filled = held["rows_context"].sum()
    yield "context", "the column is empty in every row" if filled == 0 else f"filled in {filled:,} rows", total - filled, total


def _changes(evidence: Evidence) -> Iterator[Found]:
    steps = level_changes(evidence.counts)
    listed = set(evidence.register.loc[evidence.register["dataset"] == "street", "offence"])
    words = [
        f"{row.crime_type} from about {row.before:,.0f} to {row.after:,.0f} a month from {row.month:%B %Y}{' (in the register)' if row.crime_type in listed else ''}"
        for row in steps.itertuples()
    ]
    yield "levels", "; ".join(words) or "none", steps["crime_type"].nunique(), len(vocabulary.CRIME_TYPES)
    yield "register", f"{len(evidence.register)} changes bear on the force", len(evidence.register), np.nan


def _outcomes(evidence: Evidence) -> Iterator[Found]:
    if len(evidence.events):
        matched = evidence.events.loc[evidence.events["crime_type"].notna(), "count"].sum()
        total = evidence.events["count"].sum()
        yield "matched", f"{matched / total * 100:.1f}% of rows", matched, total


def _none(number: int, clean: str) -> str:
    return clean if number == 0 else f"{number:,} rows"


def _joined(values: pd.Series) -> str:
    return ", ".join(sorted(set(values.dropna())))


def _runs(months: pd.DatetimeIndex) -> str:
    """Return months in words, consecutive ones as a span with their number."""
    if not len(months):
        return ""
    ordered = pd.Series(months.sort_values())
    run = (ordered.dt.to_period("M").astype("int64").diff() != 1).cumsum()
    spans = ordered.groupby(run).agg(["min", "max", "size"]).itertuples(index=False)
    return ", ".join(f"{first:%B %Y}" if size == 1 else f"{first:%B %Y} to {last:%B %Y} ({size})" for first, last, size in spans)
