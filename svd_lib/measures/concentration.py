"""How few places hold how much crime: Lorenz curves, Gini coefficients, shares of places against chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, level, need, result

Floats = NDArray[np.float64]


def lorenz_curve(counts: ArrayLike) -> pd.DataFrame:
    """Return the Lorenz curve of counts, from the places with most to those with fewest.

    Parameters
    ----------
    counts : array-like, shape (n,)
        Events of each place, zero or more; missing places are left out.

    Returns
    -------
    pandas.DataFrame, n + 1 rows
        ``place_share, event_share``, both from 0 to 1. The curve lies above the diagonal.
    """
    ordered = np.sort(_counts(counts))[::-1]
    return pd.DataFrame(
        {
            "place_share": np.arange(len(ordered) + 1) / len(ordered),
            "event_share": np.concatenate([[0.0], np.cumsum(ordered) / ordered.sum()]),
        }
    )


def gini(counts: ArrayLike, *, generalised: bool = False, unbiased: bool = False) -> float:
    """Return the Gini coefficient of the counts of places.

    Parameters
    ----------
    counts : array-like, shape (n,)
        Events of each place, zero or more; missing places are left out.
    generalised : bool, default False
        Compare with the most even spread *possible*: with fewer events than places some place must have none, which the
        standard coefficient mistakes for concentration.
    unbiased : bool, default False
        Multiply by m / (m - 1), m the number of places (or of events, if that is less and ``generalised``).

    Returns
    -------
    float
        0 = as even as can be, towards 1 = all events in one place.

    References
    ----------
    Gini (1912); Bernasco and Steenbeek (2017), Journal of Quantitative Criminology 33:451-467.
    """
    x = np.sort(_counts(counts))
    places, events = len(x), x.sum()
    ranks = np.arange(1, places + 1)
    value = float(np.sum((2 * ranks - places - 1) * x) / (places * events))
    units = places
    if generalised:
        value = max(1.0, places / events) * (value - 1) + 1
        units = min(places, events)
    if not unbiased:
        return value
    return value * units / (units - 1) if units > 1 else np.nan


def gini_size(counts: ArrayLike) -> tuple[int, float]:
    """Return the number of places and of events that a Gini coefficient is made of, missing places left out."""
    x = _counts(counts)
    return len(x), float(x.sum())


def gini_coefficients(
    frame: pd.DataFrame,
    counts: str = "count",
    *,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    draws: int = 999,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the standard and the generalised Gini coefficient with bootstrap limits.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    counts : str
        Column of the events of each place.
    by : sequence of str
        Columns that split the frame into groups with one result each (such as the offence or the year).
    confidence : float, default 0.95
    draws : int, default 999
        Resamples of places.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame, two rows a group
        ``by`` columns, ``coefficient`` (standard, generalised) and the result columns: numerator = events, denominator = places.

    Notes
    -----
    Limits are those of the basic bootstrap over places, cut to 0..1: the percentile method is biased downwards for a Gini.
    """
    need(frame, [counts, *by], "Gini coefficients")
    groups = frame.groupby(list(by), sort=True) if by else [((), frame)]
    return pd.concat(
        [_gini_rows(group[counts], dict(zip(by, key)), confidence, draws, rng) for key, group in groups],
        ignore_index=True,
    )


def concentration_shares(
    frame: pd.DataFrame,
    counts: str = "count",
    *,
    shares: Sequence[float] = (0.25, 0.5, 0.8),
    exposure: str | None = None,
    confidence: float = 0.95,
    draws: int = 999,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the share of places that holds 25, 50, 80 % of events, beside what chance alone would give.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    counts : str
        Column of the events of each place; missing places are left out.
    shares : sequence of float
        Shares of events, 0 to 1.
    exposure : str, optional
        Column of the weight of each place under chance (such as residents); equal when absent.
    confidence : float, default 0.95
        Level of the chance interval.
    draws : int, default 999
        Poisson data sets with the same total, drawn for the chance columns.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame, one row a share
        ``event_share, null_value, null_lower, null_upper, ratio_to_null, is_concentrated`` and the result columns: numerator =
        fewest places that hold the share, denominator = places, value = their share. The places are all counted, so
        there is no sampling interval.

    Notes
    -----
    Independent Poisson counts with a fixed total are multinomial; fewer places than in all but (1 - confidence)/2 of those data sets
    is concentration beyond chance. With few events chance alone leaves most places empty.

    References
    ----------
    Weisburd (2015), Criminology 53:133-157; Hipp and Kim (2017), J. Quantitative Criminology 33:595-632; Levin, Rosenfeld and Deckard
    (2017), 33:633-647.
    """
    need(frame, [counts, *([exposure] if exposure else [])], "Concentration")
    known = np.isfinite(floats(frame[counts]))
    x = _counts(frame[counts])
    weight = floats(frame[exposure])[known] if exposure else np.ones(len(x))
    null = places_for_shares(rng.multinomial(int(x.sum()), weight / weight.sum(), size=draws), shares) / len(x)
    needed = places_for_shares(x[None, :], shares)[0]
    tail = (1 - level(confidence)) / 2
    low, high = np.quantile(null, [tail, 1 - tail], axis=0)
    identity = pd.DataFrame(
        {"event_share": list(shares), "null_value": null.mean(axis=0), "null_lower": low, "null_upper": high}
    )
    identity = identity.assign(
        ratio_to_null=needed / len(x) / identity["null_value"], is_concentrated=needed / len(x) < low
    )
    return result(
        identity, numerator=needed, denominator=len(x), value=needed / len(x), lower=np.nan, upper=np.nan,
        statistic="share of places", method=f"fewest places; null of {draws:,} Poisson data sets with the same total", confidence=confidence,
    )  # fmt: skip


def places_for_shares(counts: ArrayLike, shares: Sequence[float]) -> NDArray[np.int64]:
    """Return the fewest places that hold each share of the events.

    Parameters
    ----------
    counts : array-like, shape (sets, n)
        Events of n places in each of several data sets.
    shares : sequence of float, length k
        Shares of events, 0 to 1.

    Returns
    -------
    array of int, shape (sets, k)
    """
    x = np.asarray(counts, float)
    held = np.cumsum(np.sort(x, axis=1)[:, ::-1], axis=1)
    wanted = np.asarray(shares, float) * held[:, -1:]
    return np.stack([(held < wanted[:, [k]] - 1e-9).sum(axis=1) + 1 for k in range(wanted.shape[1])], axis=1)


def _counts(counts: ArrayLike) -> Floats:
    x = floats(counts)
    x = x[np.isfinite(x)]
    if (x < 0).any():
        raise SnaError("A place has fewer than zero events; correct the counts before measuring concentration.")
    if not len(x) or x.sum() == 0:
        raise SnaError("Concentration needs at least one place and one event.")
    return x


def _gini_rows(
    counts: pd.Series, key: dict[str, object], confidence: float, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    x = _counts(counts)
    estimate = np.array([gini(x), gini(x, generalised=True)])
    resampled = np.sort(rng.choice(x, size=(draws, len(x))), axis=1)
    drawn = _gini_of_sorted(resampled)
    tail = (1 - level(confidence)) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    identity = pd.DataFrame(
        {**{name: [value] * 2 for name, value in key.items()}, "coefficient": ["standard", "generalised"]}
    )
    return result(
        identity, numerator=x.sum(), denominator=len(x), value=estimate,
        lower=np.clip(2 * estimate - high, 0, estimate), upper=np.clip(2 * estimate - low, estimate, 1),
        statistic="Gini coefficient", method=f"basic bootstrap over places, {draws:,} draws", confidence=confidence,
    )  # fmt: skip


def _gini_of_sorted(x: Floats) -> Floats:
    """Both coefficients of each row of ascending counts; a row without events is as even as can be."""
    places, events = x.shape[1], x.sum(axis=1)
    ranks = 2 * np.arange(1, places + 1) - places - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        standard = (x @ ranks) / (places * events)
        general = np.maximum(1.0, places / events) * (standard - 1) + 1
    return np.where(events[:, None] > 0, np.column_stack([standard, general]), 0.0)
