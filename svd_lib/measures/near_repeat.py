"""Near-repeat patterns: the Knox test in bands of distance and time, for data that carry a day and a place.

Street-level open data have a month and a snapped point; this test cannot be run on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.stats import false_discovery_control

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, need, result

Array = NDArray[np.float64]


def knox_table(
    frame: pd.DataFrame,
    *,
    space_breaks: Sequence[float],
    time_breaks: Sequence[float],
    x: str = "x",
    y: str = "y",
    date: str = "date",
    metric: Literal["manhattan", "euclidean"] = "euclidean",
    permutations: int = 999,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return pairs of events by band of distance and time, beside what chance would give.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per event.
    space_breaks : sequence of float
        Edges of half-open bands ``[a, b)`` in the unit of the coordinates; the first band of ``0, 1, 100`` is the
        same place. Pairs beyond the last edge are left out, so end with ``inf`` to keep all.
    time_breaks : sequence of float
        Edges of half-open bands in days.
    x, y : str
        Coordinates in metres.
    date : str
        Day of the event.
    metric : {"manhattan", "euclidean"}
    permutations : int, default 999
        Shuffles of the dates over the places; 0, or no ``rng``, for none.
    rng : numpy.random.Generator, optional

    Returns
    -------
    pandas.DataFrame
        One row per pair of bands: ``space_band``, ``time_band`` (printed as half-open), result columns (``numerator``
        pairs observed; ``denominator`` pairs expected; ``value`` their ratio; limits are the ratios to the 2.5% and
        97.5% points of the shuffles), ``expected_margins``, ``ratio_margins`` (row total times column total over all
        pairs), ``expected_permuted``, ``ratio_permuted``, ``p_value`` (one-sided, more pairs than chance) and
        ``p_fdr`` (Benjamini-Hochberg over the bands).

    References
    ----------
    Knox (1964), Applied Statistics 13:25-29; Ratcliffe and Rengert (2008), Security Journal 21:58-76.
    """
    need(frame, (x, y, date), "A Knox table")
    if len(frame) < 3:
        raise SnaError("A Knox table needs at least three events.")
    places = np.column_stack([floats(frame[x]), floats(frame[y])])
    days = pd.to_datetime(frame[date]).to_numpy().astype("datetime64[s]").astype(float) / 86_400
    if np.isnan(places).any() or pd.to_datetime(frame[date]).isna().any():
        raise SnaError("Every event of a Knox table needs a place and a day; leave the others out and say how many.")
    space, time = _edges(space_breaks), _edges(time_breaks)
    rows = _band(pdist(places, "cityblock" if metric == "manhattan" else "euclidean"), space)
    columns = _band(pdist(days[:, None], "cityblock"), time)
    shape = (len(space) - 1, len(time) - 1)
    observed = _cross(rows, columns, shape)
    expected = observed.sum(1, keepdims=True) * observed.sum(0, keepdims=True) / max(observed.sum(), 1)
    draws = None
    if permutations and rng is not None:
        draws = _permuted(rows, days, time, shape, permutations, rng)
    return _knox_rows(observed, expected, draws, space, time, metric)


def _edges(breaks: Sequence[float]) -> Array:
    edges = np.array([float(edge) for edge in breaks])
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise SnaError("Band edges rise, and there are at least two of them.")
    return edges


def _band(distance: Array, edges: Array) -> NDArray[np.int64]:
    """Return the band of each distance, -1 outside all of them; a band holds its lower edge."""
    place = np.searchsorted(edges, distance, side="right") - 1
    return np.where(place >= len(edges) - 1, -1, place)


def _cross(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> Array:
    inside = (rows >= 0) & (columns >= 0)
    cells = rows[inside] * shape[1] + columns[inside]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(float)


def _permuted(
    rows: NDArray[np.int64],
    days: Array,
    time: Array,
    shape: tuple[int, int],
    permutations: int,
    rng: np.random.Generator,
) -> Array:
    """Return counts of shuffles (permutations, space, time).

    The numbers of pairs by time band do not change when dates are shuffled, so the commonest space band is counted
    by subtraction and only the pairs of the others are looked at.
    """
    count = len(days)
    first, second = np.triu_indices(count, 1)
    common = int(np.argmax(np.bincount(rows + 1, minlength=shape[0] + 1)))  # 0 stands for pairs outside all bands
    kept = rows + 1 != common
    a, b, band = first[kept], second[kept], rows[kept]
    totals = np.bincount(_band(pdist(days[:, None], "cityblock"), time) + 1, minlength=shape[1] + 1)[1:]
    draws = np.empty((permutations, *shape))
    for place in range(permutations):
        shuffled = rng.permutation(days)
        columns = _band(np.abs(shuffled[a] - shuffled[b]), time)
        draws[place] = _cross(band, columns, shape)
        if common > 0:
            outside = np.bincount(columns[band < 0] + 1, minlength=shape[1] + 1)[1:]
            draws[place, common - 1] = totals - draws[place].sum(axis=0) - outside
    return draws


def _knox_rows(
    observed: Array, expected: Array, draws: Array | None, space: Array, time: Array, metric: str
) -> pd.DataFrame:
    labels = [(one, other) for one in _labels(space) for other in _labels(time)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed / expected
        mean = np.full(observed.shape, np.nan) if draws is None else draws.mean(axis=0)
        low, high = (mean, mean) if draws is None else np.quantile(draws, [0.025, 0.975], axis=0)
        permuted, lower, upper = observed / mean, observed / high, observed / low
    p_value = mean if draws is None else (1 + (draws >= observed).sum(axis=0)) / (len(draws) + 1)
    base, value = (expected, ratio) if draws is None else (mean, permuted)
    times = "expected from margins" if draws is None else f"{len(draws)} permutations of dates"
    return result(
        pd.DataFrame(labels, columns=["space_band", "time_band"]),
        numerator=observed.ravel(),
        denominator=base.ravel(),
        value=value.ravel(),
        lower=lower.ravel(),
        upper=upper.ravel(),
        statistic="Knox ratio",
        method=f"{metric}, {times}",
        confidence=np.nan if draws is None else 0.95,
    ).assign(
        expected_margins=expected.ravel(),
        ratio_margins=ratio.ravel(),
        expected_permuted=mean.ravel(),
        ratio_permuted=permuted.ravel(),
        p_value=p_value.ravel(),
        p_fdr=np.nan if draws is None else false_discovery_control(p_value.ravel()),
    )


def _labels(edges: Array) -> list[str]:
    return [f"[{a:g}, {b:g})" for a, b in zip(edges[:-1], edges[1:], strict=True)]
