"""How well places chosen on one period foretell the next: hit rate, PAI, PEI, RRI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import wilson_limits
from svd_lib.measures.results import floats, need, result

Ties = Literal["pessimistic", "optimistic", "as given"]


def prediction_accuracy_index(event_share: ArrayLike, area_share: ArrayLike) -> np.ndarray:
    """Return the prediction accuracy index: share of events caught over share of the area covered.

    Parameters
    ----------
    event_share : array-like
        Events (or harm) inside the chosen places over all events, 0 to 1.
    area_share : array-like
        Their area over the whole area, above 0, at most 1.

    Returns
    -------
    array
        1 = no better than choosing at random.

    References
    ----------
    Chainey, Tompson and Uhlig (2008), Security Journal 21:4-28.
    """
    caught, covered = np.asarray(event_share, float), np.asarray(area_share, float)
    if (covered <= 0).any() or (covered > 1).any():
        raise SnaError("A share of the area lies above 0 and at most at 1.")
    return caught / covered


def prediction_curve(
    frame: pd.DataFrame,
    observed: str,
    predicted: str,
    *,
    area: str | None = None,
    ties: Ties = "pessimistic",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Score a ranking of places on the events of the next period, for every number of places chosen.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    observed : str
        Column of the events of the period to be foretold, *after* the one the prediction was made on.
    predicted : str
        Column of the predicted (or earlier) events.
    area : str, optional
        Column of the size of each place; equal when absent.
    ties : {"pessimistic", "optimistic", "as given"}
        Among places with the same predicted density, those with the lowest observed come first, or the highest, or the frame's order stays.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a number of places, best predicted first
        The frame's other columns; ``order, observed, observed_cumulative, predicted, predicted_cumulative, area, area_cumulative,
        area_share, pai, pei`` (PAI over the best possible PAI), ``rri`` (predicted over observed, cumulative) and the result columns:
        numerator = events caught, denominator = all events, value = hit rate with Wilson limits.

    References
    ----------
    Chainey, Tompson and Uhlig (2008), Security Journal 21:4-28; Hunt (2016), PEI; Drawve and Wooditch (2019), J. Criminal Justice 64:101625.
    """
    need(frame, [observed, predicted, *([area] if area else [])], "A prediction curve")
    size = frame[area] if area else 1.0
    given = frame.assign(_observed=floats(frame[observed]), _predicted=floats(frame[predicted]), _area=size)
    ranked = _ranked(given.dropna(subset=["_observed", "_predicted"]), ties)
    events, extent = ranked["_observed"].to_numpy(), ranked["_area"].to_numpy(float)
    if events.sum() == 0:
        raise SnaError("No event was observed in the period to be foretold; there is nothing to hit.")
    caught, covered = np.cumsum(events), np.cumsum(extent)
    hit, share = caught / events.sum(), covered / extent.sum()
    lower, upper = wilson_limits(caught, np.full(len(caught), events.sum()), confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = {
            "pai": hit / share,
            "pei": hit / _best_hit(events, extent),
            "rri": np.cumsum(ranked["_predicted"].to_numpy()) / caught,
        }
    identity = ranked.drop(columns=[observed, predicted, "_observed", "_predicted", "_area", *([area] if area else [])]).assign(
        order=np.arange(1, len(ranked) + 1), observed=events, observed_cumulative=caught,
        predicted=ranked["_predicted"].to_numpy(), predicted_cumulative=np.cumsum(ranked["_predicted"].to_numpy()),
        area=extent, area_cumulative=covered, area_share=share, **scores,
    )  # fmt: skip
    return result(
        identity, numerator=caught, denominator=events.sum(), value=hit, lower=lower, upper=upper,
        statistic="hit rate", method=f"Wilson; ties {ties}", confidence=confidence,
    )  # fmt: skip


def prediction_at(curve: pd.DataFrame, k: int | Sequence[int]) -> pd.DataFrame:
    """Return the rows of a prediction curve for the given numbers of places.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`prediction_curve`.
    k : int or sequence of int
        Numbers of places chosen.

    Returns
    -------
    pandas.DataFrame, one row a k
    """
    wanted = list(np.atleast_1d(np.asarray(k, int)))
    absent = [int(size) for size in wanted if not 1 <= size <= len(curve)]
    if absent:
        raise SnaError(f"{absent[0]} places cannot be chosen out of {len(curve)}.")
    return curve.set_index("order", drop=False).loc[wanted].reset_index(drop=True)


def _ranked(frame: pd.DataFrame, ties: Ties) -> pd.DataFrame:
    density, seen = frame["_predicted"] / frame["_area"], frame["_observed"] / frame["_area"]
    tie_break = {"pessimistic": seen, "optimistic": -seen, "as given": pd.Series(0.0, index=frame.index)}
    if ties not in tie_break:
        raise SnaError(f"Ties are 'pessimistic', 'optimistic' or 'as given', not '{ties}'.")
    return frame.iloc[np.lexsort((tie_break[ties].to_numpy(), -density.to_numpy()))]


def _best_hit(events: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """Hit rate at each row's cumulative area, had the places been taken in order of what was observed."""
    best = np.argsort(-events / extent, kind="stable")
    covered = np.concatenate([[0.0], np.cumsum(extent[best])])
    caught = np.concatenate([[0.0], np.cumsum(events[best])]) / events.sum()
    return np.interp(np.cumsum(extent), covered, caught)
