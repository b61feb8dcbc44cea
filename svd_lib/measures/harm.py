"""Harm beside counts: severity scores, offence mixes, economic and social cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import poisson_limits
from svd_lib.measures.results import floats, level, need, result

FROM_MEMORY = "from memory"


@dataclass(frozen=True)
class FineEquivalent:
    """A fine in days: mean fine in pounds, as printed without pence, and over a day's earnings."""

    mean_fine: float
    mean_fine_rounded: int
    days: float
    days_from_rounded: float


def fine_equivalent(fines_total: float, fines_count: float, daily_earnings: float) -> FineEquivalent:
    """Turn fines into days, as the Crime Severity Score does.

    Parameters
    ----------
    fines_total : float
        Sum of the fines of an offence, pounds.
    fines_count : float
        Number of fines.
    daily_earnings : float
        Pounds earned in a working day (hourly wage x hours).

    Returns
    -------
    FineEquivalent
        ``days`` from the mean fine itself, ``days_from_rounded`` from the mean fine in whole pounds, as the publisher worked it.

    References
    ----------
    ONS (2016), Research outputs: developing a Crime Severity Score for England and Wales.
    """
    mean = fines_total / fines_count
    return FineEquivalent(mean, round(mean), mean / daily_earnings, round(mean) / daily_earnings)


def sentence_weights(
    sentences: pd.DataFrame, *, by: str = "offence_code", cases: str = "cases", days: str = "days"
) -> pd.DataFrame:
    """Return the severity weight of each offence: mean sentence in days over all who were sentenced.

    Parameters
    ----------
    sentences : pandas.DataFrame
        One row an offence and disposal: number of cases and their mean days (custody, community order 8, 15 or 30 days, fine
        by :func:`fine_equivalent`, 0 for a discharge).
    by, cases, days : str
        Column names.

    Returns
    -------
    pandas.DataFrame, one row an offence
        ``by, cases, weight`` (days).
    """
    need(sentences, [by, cases, days], "Severity weights")
    served = sentences.assign(_days=sentences[cases] * sentences[days])
    sums = served.groupby(by, sort=True)[[cases, "_days"]].sum(min_count=1).reset_index()
    return pd.DataFrame({by: sums[by], "cases": sums[cases], "weight": sums["_days"] / sums[cases]})


def severity_score(
    frame: pd.DataFrame,
    *,
    count: str = "count",
    weight: str = "weight",
    population: str | None = None,
    by: Sequence[str] = (),
    multiplier: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return severity points, or points per resident: the sum of count x weight, over the population where one is named.

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area (or other group) and offence
    count, weight : str
        Columns of the offences recorded and the points of one of them.
    population : str, optional
        Column of residents, the same on every row of a group.
    by : sequence of str
        Columns of the groups with one result each.
    multiplier : float, default 1
        Points are per this many residents.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a group
        ``by, events, mean_weight`` and the result columns: numerator = points, denominator = population. One missing count or weight
        makes its group's result missing. ``is_illustration`` is True where a ``tag`` column says that a weight is from memory.

    Notes
    -----
    A weighted sum of independent Poisson counts with known weights: the exact or Byar limits of each row's count, added in
    quadrature, which holds where a few grave offences carry the score. Rows of zero count as rows: leave a grave offence in
    though it did not happen. The limits hold the chance of events, not doubt about the weights.

    References
    ----------
    ONS (2016), Developing a Crime Severity Score; Zou, Huang and Zhang (2009), Computational Statistics and Data Analysis
    53:1080-1085 (limits of a linear function of Poisson rates, recovered from those of each).
    """
    need(frame, [count, weight, *([population] if population else []), *by], "A severity score")
    n, w = floats(frame[count]), floats(frame[weight])
    low, high = poisson_limits(n, confidence)
    reaches = {"_below": (w * (n - low)) ** 2, "_above": (w * (high - n)) ** 2}
    parts = frame.assign(_events=n, _points=n * w, **reaches, _memory=_from_memory(frame))
    groups = parts.groupby(list(by), sort=True) if by else parts.groupby(lambda _: 0)
    sums = groups[["_events", "_points", "_below", "_above"]].agg(lambda values: values.sum(skipna=False))
    people = _one_population(groups, population) if population else pd.Series(1.0, index=sums.index)
    scale = multiplier / people
    lower = (sums["_points"] - np.sqrt(sums["_below"])) * scale
    upper = (sums["_points"] + np.sqrt(sums["_above"])) * scale
    identity = sums.reset_index()[list(by)].assign(
        events=sums["_events"].to_numpy(),
        mean_weight=(sums["_points"] / sums["_events"].where(sums["_events"] > 0)).to_numpy(),
        is_illustration=groups["_memory"].any().to_numpy(),
    )
    return result(
        identity, numerator=sums["_points"], denominator=people if population else np.nan, value=sums["_points"] * scale,
        lower=lower.clip(lower=0), upper=upper, statistic=_points_unit(population, multiplier),
        method="sum of count x weight; Poisson limits added in quadrature", confidence=confidence,
    )  # fmt: skip


def severity_by_mix(
    counts: pd.DataFrame,
    mix: pd.DataFrame,
    *,
    category: str = "crime_type",
    count: str = "count",
    offence_count: str = "offence_count",
    weight: str = "weight",
    by: Sequence[str] = (),
    confidence: float = 0.95,
    draws: int = 2_000,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Put severity points on broad categories through a stated mix of offences, with the doubt about the mix.

    Parameters
    ----------
    counts : pandas.DataFrame
        Events by category (and ``by``).
    mix : pandas.DataFrame
        One row a category and offence: how many of the offence the force recorded, and its weight. Averages are weighted by
        these numbers, never plain.
    category, count, offence_count, weight : str
        Column names.
    by : sequence of str
        Columns of the groups with one result each.
    confidence : float, default 0.95
    draws : int, default 2000
        Simulated data sets.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame, one row a group
        ``by, events, is_illustration`` and the result columns: numerator = points, value = points.

    Notes
    -----
    Each draw takes a mix from the Dirichlet of the force's own offences (half an event added to each) and Poisson counts: the limits
    are of the points that such a place brings on average under the mix, not of which offences its events happened to be. Counts of zero stay
    in; a missing count makes its group missing. That the area's mix is the force's mix is an assumption.
    """
    need(counts, [category, count, *by], "Severity by mix")
    need(mix, [category, offence_count, weight], "Severity by mix")
    absent = sorted(set(counts[category]) - set(mix[category]))
    if absent:
        raise SnaError(f"No offence mix is stated for {absent[0]}; add its offences with their counts and weights.")
    used = mix[mix[offence_count] > 0]
    moments = {name: _Mix(floats(rows[offence_count]), floats(rows[weight])) for name, rows in used.groupby(category)}
    groups = counts.groupby(list(by), sort=True) if by else [((), counts)]
    rows = [_mix_row(rows, moments, category, count, confidence, draws, rng) for _, rows in groups]
    keys_ = pd.DataFrame([key for key, _ in groups], columns=list(by)) if by else pd.DataFrame(index=[0])
    found = pd.DataFrame(rows)
    identity = keys_.assign(events=found["events"], is_illustration=bool(_from_memory(used).any()))
    return result(
        identity, numerator=found["points"], denominator=np.nan, value=found["points"], lower=found["lower"], upper=found["upper"],
        statistic="severity points", method=f"stated offence mix; Poisson counts and mix simulated, {draws:,} draws", confidence=confidence,
    )  # fmt: skip


def economic_cost(
    frame: pd.DataFrame,
    *,
    number: str = "number",
    unit_cost: str = "unit_cost",
    multiplier: str | None = None,
    price_factor: float = 1.0,
    scale: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the economic and social cost of each offence: number x multiplier x unit cost x price factor.

    Parameters
    ----------
    frame : pandas.DataFrame, one row an offence
    number : str
        Column of offences: estimated crimes, or police-recorded ones with a multiplier.
    unit_cost : str
        Column of pounds an offence, in the price base of its source.
    multiplier : str, optional
        Column of crimes for each recorded one; say where it is from.
    price_factor : float, default 1
        From :func:`price_factor`, to bring unit costs to the year reported.
    scale : float, default 1
        Divide by this: 1e6 for millions, 1e9 for billions.
    confidence : float, default 0.95
        Level of the limits, which hold the chance of the number only (Poisson).

    Returns
    -------
    pandas.DataFrame, one row an offence
        Other columns of the frame and the result columns: numerator = offences with the multiplier, value = cost.

    References
    ----------
    Heeks, Reed, Tafsiri and Prince (2018), The economic and social costs of crime, Home Office Research Report 99.
    """
    need(frame, [number, unit_cost, *([multiplier] if multiplier else [])], "Economic cost")
    crimes = floats(frame[number])
    each = floats(frame[unit_cost]) * price_factor / scale * (floats(frame[multiplier]) if multiplier else 1.0)
    low, high = poisson_limits(crimes, confidence)
    identity = frame.drop(columns=[number, unit_cost]).assign(unit_cost=frame[unit_cost].to_numpy())
    return result(
        identity, numerator=crimes * (floats(frame[multiplier]) if multiplier else 1.0), denominator=np.nan, value=crimes * each,
        lower=low * each, upper=high * each, statistic="pounds" if scale == 1 else f"pounds / {scale:,.0f}",
        method="number x unit cost; limits from the number only", confidence=confidence,
    )  # fmt: skip


def total_cost(costs: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Add up the costs of offences, with limits from independent Poisson numbers.

    Parameters
    ----------
    costs : pandas.DataFrame
        From :func:`economic_cost`.
    by : sequence of str
        Columns of the groups; all rows together when empty.

    Returns
    -------
    pandas.DataFrame, one row a group
        ``by`` and the result columns. A missing cost makes its group's total missing.
    """
    below, above = (costs["value"] - costs["lower_ci"]) ** 2, (costs["upper_ci"] - costs["value"]) ** 2
    parts = costs.assign(_below=below, _above=above)
    groups = parts.groupby(list(by), sort=True) if by else parts.groupby(lambda _: 0)
    sums = groups[["numerator", "value", "_below", "_above"]].agg(lambda values: values.sum(skipna=False)).reset_index()
    return result(
        sums[list(by)], numerator=sums["numerator"], denominator=np.nan, value=sums["value"],
        lower=sums["value"] - np.sqrt(sums["_below"]), upper=sums["value"] + np.sqrt(sums["_above"]),
        statistic=str(costs["statistic"].iloc[0]), method="sum of costs; limits added in quadrature", confidence=float(costs["confidence"].iloc[0]),
    )  # fmt: skip


def price_factor(index_base: float, index_target: float) -> float:
    """Return the factor that brings prices of one year to another by a deflator's index numbers of both years."""
    if min(index_base, index_target) <= 0:
        raise SnaError("A price index is above zero in both years.")
    return index_target / index_base


@dataclass(frozen=True)
class _Mix:
    recorded: np.ndarray
    weight: np.ndarray

    @property
    def mean(self) -> float:
        return float(self.recorded @ self.weight / self.recorded.sum())

    def points(self, events: float, draws: int, rng: np.random.Generator) -> np.ndarray:
        shares = rng.dirichlet(self.recorded + 0.5, size=draws)
        return rng.poisson(events, size=draws) * (shares @ self.weight)


def _mix_row(
    rows: pd.DataFrame,
    mixes: dict[str, _Mix],
    category: str,
    count: str,
    confidence: float,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    events = floats(rows[count])
    if np.isnan(events).any():
        return {"events": np.nan, "points": np.nan, "lower": np.nan, "upper": np.nan}
    mixed = [mixes[name] for name in rows[category]]
    drawn = sum((mix.points(n, draws, rng) for mix, n in zip(mixed, events)), np.zeros(draws))
    points = float(sum(mix.mean * n for mix, n in zip(mixed, events)))
    tail = (1 - level(confidence)) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return {"events": events.sum(), "points": points, "lower": min(low, points), "upper": max(high, points)}


def _one_population(groups: object, population: str) -> pd.Series:
    if (groups[population].nunique(dropna=False) > 1).any():
        raise SnaError(f"The column {population} differs within a group; give each group one population.")
    return groups[population].first()


def _from_memory(frame: pd.DataFrame) -> ArrayLike:
    return frame["tag"].eq(FROM_MEMORY) if "tag" in frame else pd.Series(False, index=frame.index)


def _points_unit(population: str | None, multiplier: float) -> str:
    if population is None:
        return "severity points"
    return "severity points per resident" if multiplier == 1 else f"severity points per {multiplier:,.0f} residents"
