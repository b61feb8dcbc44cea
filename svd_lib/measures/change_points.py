"""When a series changed its level: optimal partitions, and what a dated register knows of those dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special, stats

from svd_lib.errors import SnaError
from svd_lib.measures.results import keys, level, need, result
from svd_lib.measures.series import Array, ordered_matrix

Cost = Literal["l2", "log_l2", "poisson"]


def change_points(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    value: str = "count",
    time: str = "month",
    method: Literal["dynp", "pelt"] = "dynp",
    cost: Cost = "log_l2",
    min_size: int | float = 6,
    changes: int | None = None,
    max_changes: int = 5,
    penalty_multiple: float = 2.0,
    penalty: float | None = None,
    variance: Literal["differences", "series"] = "differences",
    lags: Sequence[int] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the times at which each series changed its level.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and time; a missing month counts towards no segment. Take the season out first.
    by : str or sequence of str, default ()
    value, time : str
    method : {"dynp", "pelt"}
        ``dynp``: the best partition for each number of changes, the number given or chosen by BIC. ``pelt``: the
        partition with the smallest cost plus penalty.
    cost : {"l2", "log_l2", "poisson"}
        Squared deviation from the segment's mean, of the value or its logarithm; or Poisson deviance.
    min_size : int or float, default 6
        Fewest points in a segment; below 1, the share of all points.
    changes : int, optional
        Number of changes, for ``dynp``.
    max_changes : int, default 5
        Most changes that BIC may choose.
    penalty_multiple : float, default 2
        ``pelt`` adds this times ``log(n)`` times the variance (``l2``) or dispersion (``poisson``) per change.
    penalty : float, optional
        ``pelt`` adds this per change instead, in the unit of the cost.
    variance : {"differences", "series"}
        Estimate that variance from successive differences, or from the whole series.
    lags : sequence of int, default ()
        Fit an autoregression on these lags in each segment (squared costs only).
    confidence : float, default 0.95
        Of the interval of each date.

    Returns
    -------
    pandas.DataFrame
        One row per change: ``by``, ``change`` (1, 2, ...), ``position`` (points up to and including the last before
        it, counted after lags are taken), ``last_before``, ``first_after``, result columns (``numerator`` and
        ``denominator`` the mean after and before, ``value`` their ratio; no interval, since the date was chosen to
        make the difference large), ``cost`` of the whole partition, and the interval of the date as ``position_lower,
        position_upper, earliest, latest`` (last time before the change). No row where nothing changed.

    Notes
    -----
    On 84 months of steady Poisson counts about 7 series in 100 show a change under BIC or ``penalty_multiple`` 2, fewer
    than 1 in 100 under ``penalty_multiple`` 3. A remaining season or trend is read as changes. The interval of a date takes the
    change as real and lets the variance differ before and after it; it is cut at the ends of the series, and missing where the
    approximation fails (a small change beside noisy values).

    References
    ----------
    Bai (1997), Review of Economics and Statistics 79:551-563 (interval of a date); Bai and Perron (2003), Journal of Applied Econometrics 18:1-22; Killick, Fearnhead and Eckley (2012), JASA
    107:1590-1598; Yao (1988) for BIC.
    """
    names = keys(by)
    identity, times, values = ordered_matrix(frame, names, time, value)
    tables = []
    for place in range(len(values)):
        parts = _Segments(values[place], cost, lags)
        weight = (penalty_multiple, variance) if penalty is None else penalty
        found, total = _chosen(parts, method, min_size, changes, max_changes, weight)
        rows = identity.iloc[[place] * len(found)].reset_index(drop=True)
        when = times[parts.first :]
        table = _change_rows(rows, found, when, values[place, parts.first :], total, method, cost)
        tables.append(table.assign(**_date_limits(parts, found, when, level(confidence))))
    return pd.concat(tables, ignore_index=True)


def _chosen(
    parts: _Segments, method: str, min_size: float, changes: int | None, most: int, weight: tuple[float, str] | float
) -> tuple[list[int], float]:
    matrix = parts.costs(min_size)
    if method == "pelt":
        return _penalised(matrix, parts.penalty(*weight) if isinstance(weight, tuple) else weight)
    ladder = _partitions(matrix, most if changes is None else changes)
    if changes is not None:
        if len(ladder) <= changes:
            raise SnaError(f"The series is too short for {changes} changes at least {min_size} points apart.")
        return ladder[changes]
    return ladder[int(np.argmin([parts.bic(total, count) for count, (_, total) in enumerate(ladder)]))]


def partitions(
    frame: pd.DataFrame,
    *,
    value: str = "count",
    time: str = "month",
    cost: Cost = "log_l2",
    min_size: int | float = 6,
    max_changes: int = 5,
    lags: Sequence[int] = (),
) -> pd.DataFrame:
    """Return the best partition of one series for each number of changes.

    Parameters
    ----------
    frame : pandas.DataFrame
        One series, one row per time.
    value, time, cost, min_size, lags
        As in :func:`change_points`.
    max_changes : int, default 5

    Returns
    -------
    pandas.DataFrame
        One row per number of changes from 0: ``changes``, ``positions`` (tuple), ``dates`` (tuple, last before each
        change), ``cost`` (residual sum of squares, or Poisson deviance), ``bic``, ``is_best``.
    """
    _, times, values = ordered_matrix(frame, [], time, value)
    parts = _Segments(values[0], cost, lags)
    ladder = _partitions(parts.costs(min_size), max_changes)
    when = times[parts.first :]
    table = pd.DataFrame(
        {
            "changes": range(len(ladder)),
            "positions": [tuple(found) for found, _ in ladder],
            "dates": [tuple(when[end - 1] for end in found) for found, _ in ladder],
            "cost": [total for _, total in ladder],
            "bic": [parts.bic(total, count) for count, (_, total) in enumerate(ladder)],
        }
    )
    return table.assign(is_best=table["bic"] == table["bic"].min())


class _Segments:
    """Costs of every segment of one series."""

    def __init__(self, values: Array, cost: Cost, lags: Sequence[int]) -> None:
        if cost == "log_l2" and np.nanmin(values) <= 0:
            raise SnaError("A count of zero has no logarithm; use cost='poisson' or 'l2'.")
        if cost == "poisson" and (lags or np.nanmin(values) < 0):
            raise SnaError("A Poisson cost takes counts of zero or more and no lags.")
        series = np.log(values) if cost == "log_l2" else values
        self.cost, self.first = cost, max(lags, default=0)
        self.y = series[self.first :]
        shifted = [series[self.first - lag : len(series) - lag] for lag in lags]
        self.x = np.column_stack([np.ones(len(self.y)), *shifted])
        self.used = ~np.isnan(self.y) & ~np.isnan(self.x).any(axis=1)

    @property
    def n(self) -> int:
        return int(self.used.sum())

    def costs(self, min_size: float) -> Array:
        """Return cost[a, b] of the segment from a up to, not including, b; infinite when it is too short."""
        min_size = int(min_size * self.n + 1e-9) if min_size < 1 else int(min_size)
        y, x = np.where(self.used, self.y, 0.0), np.where(self.used[:, None], self.x, 0.0)
        centre = y[self.used].mean() if self.cost != "poisson" else 0.0
        y = np.where(self.used, y - centre, 0.0)
        points = _between(self.used.astype(float))
        if self.cost == "poisson":
            total, log = _between(y), _between(special.xlogy(y, y) - y)
            with np.errstate(divide="ignore", invalid="ignore"):
                fit = 2 * (log - special.xlogy(total, total / points) + total)
        else:
            fit = self._squares(y, x, points)
        return np.where(points >= max(min_size, x.shape[1]), np.nan_to_num(fit, nan=np.inf), np.inf)

    def _squares(self, y: Array, x: Array, points: Array) -> Array:
        if x.shape[1] == 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                return _between(y**2) - _between(y) ** 2 / points
        middle = np.r_[0.0, x[self.used, 1:].mean(axis=0)]
        x = np.where(self.used[:, None], x - middle, 0.0)
        cross = np.stack([[_between(x[:, i] * x[:, j]) for j in range(x.shape[1])] for i in range(x.shape[1])])
        right = np.stack([_between(x[:, i] * y) for i in range(x.shape[1])])
        long = points > x.shape[1]
        out = np.full(points.shape, np.inf)
        a, b = np.moveaxis(cross[:, :, long], 2, 0), right[:, long].T
        slopes = np.linalg.solve(a + 1e-12 * np.eye(x.shape[1]), b[:, :, None])[:, :, 0]
        out[long] = _between(y**2)[long] - (slopes * b).sum(axis=1)
        return out

    def bic(self, total: float, changes: int) -> float:
        if self.cost == "poisson":
            return total + np.log(self.n) * (2 * changes + 1)
        parameters = (self.x.shape[1] + 1) * (changes + 1)
        total = max(total, 1e-12 * self.n)  # a constant series is fitted exactly by any partition
        return self.n * (np.log(2 * np.pi * total / self.n) + 1) + np.log(self.n) * parameters

    def penalty(self, multiple: float, variance: str) -> float:
        y = self.y[self.used]
        spread = np.var(y) if variance == "series" else np.mean(np.diff(y) ** 2) / 2
        if self.cost == "poisson":
            spread = max(1.0, spread / y.mean()) if y.mean() > 0 else 1.0
        return float(multiple * spread * np.log(self.n))


    def fitted(self, a: int, b: int) -> tuple[Array, Array, float]:
        """Return coefficients, mean cross products and variance of the segment from a up to, not including, b."""
        used = self.used[a:b]
        x, y = self.x[a:b][used], self.y[a:b][used]
        slopes, *_ = np.linalg.lstsq(x, y, rcond=None)
        return slopes, x.T @ x / len(x), float(((y - x @ slopes) ** 2).mean())


def _date_limits(parts: _Segments, found: list[int], when: pd.Index, confidence: float) -> dict[str, object]:
    """Return the interval of each change's position and date, by Bai's limit distribution."""
    bounds = [0, *found, len(parts.y)]
    fits = [parts.fitted(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    reaches = [_date_reach(before, after, confidence) for before, after in zip(fits[:-1], fits[1:], strict=True)]
    low = np.array([end - np.ceil(late) for end, (_, late) in zip(found, reaches, strict=True)], dtype=float)
    high = np.array([end - np.floor(early) for end, (early, _) in zip(found, reaches, strict=True)], dtype=float)
    low, high = np.maximum(low, 1.0), np.minimum(high, float(len(parts.y)))
    dates = {name: _times_at(when, place) for name, place in (("earliest", low), ("latest", high))}
    return {"position_lower": low, "position_upper": high, **dates}


def _times_at(when: pd.Index, places: Array) -> pd.Series:
    known = np.nan_to_num(places, nan=1.0).astype(int) - 1
    return pd.Series(when[known]).where(~np.isnan(places)).to_numpy()


def _date_reach(before: tuple, after: tuple, confidence: float) -> tuple[float, float]:
    """Return how far a date may lie after and before its estimate, in points (a negative and a positive number)."""
    (slopes, cross, variance), (slopes_after, cross_after, variance_after) = before, after
    delta = slopes_after - slopes
    size, size_after = float(delta @ cross @ delta), float(delta @ cross_after @ delta)
    if min(size, size_after) <= 0:
        return np.nan, np.nan
    if min(variance, variance_after) <= 1e-12 * size:
        return 0.0, 0.0
    xi = size_after / size
    phi = xi * variance_after / variance
    at_zero, tail = _argmax_share(0.0, xi, phi), (1 - confidence) / 2
    if not tail < at_zero < 1 - tail:
        return np.nan, np.nan
    ends = [_argmax_quantile(share, xi, phi) for share in (tail, 1 - tail)]
    return ends[0] * variance / size, ends[1] * variance / size


def _argmax_quantile(share: float, xi: float, phi: float) -> float:
    sign = 1.0 if share > 0.5 else -1.0
    far = sign
    while (_argmax_share(far, xi, phi) - share) * sign < 0 and abs(far) < 1e7:
        far *= 2
    return float(optimize.brentq(lambda x: _argmax_share(x, xi, phi) - share, *sorted((0.0, far))))


def _argmax_share(x: float, xi: float, phi: float) -> float:
    """Return the distribution function of the place of the maximum of Bai's two-sided process (Bai 1997, appendix B)."""
    far, root = abs(x), np.sqrt(abs(x))
    if x <= 0:
        ratio = xi / phi
        first = -root / np.sqrt(2 * np.pi) * np.exp(-far / 8)
        second = -phi * (phi + 2 * xi) / (xi * (phi + xi)) * _lifted_tail(ratio * (1 + ratio) / 2 * far, (0.5 + ratio) * root)
        return first + second + ((phi + 2 * xi) ** 2 / ((phi + xi) * xi) - 2 + far / 2) * stats.norm.cdf(-root / 2)
    spread = np.sqrt(phi)
    first = 1 + xi / spread * root / np.sqrt(2 * np.pi) * np.exp(-(xi**2) * far / (8 * phi))
    second = xi * (2 * phi + xi) / (phi * (phi + xi)) * _lifted_tail((phi + xi) / 2 * far, (2 * phi + xi) / (2 * spread) * root)
    third = 2 - (xi + 2 * phi) ** 2 / ((phi + xi) * phi) - xi**2 * far / (2 * phi)
    return first + second + third * stats.norm.cdf(-xi * root / (2 * spread))


def _lifted_tail(exponent: float, z: float) -> float:
    """Return ``exp(exponent)`` times the normal tail below ``-z``, which are huge and tiny."""
    return float(np.exp(exponent + stats.norm.logcdf(-z)))


def _between(values: Array) -> Array:
    """Return the (n + 1, n + 1) matrix of sums of values from a up to, not including, b."""
    running = np.r_[0.0, np.cumsum(values)]
    return running[None, :] - running[:, None]


def _partitions(costs: Array, most: int) -> list[tuple[list[int], float]]:
    """Return ``(ends of all but the last segment, total cost)`` for 0 to ``most`` changes, by dynamic programming."""
    best, origins = [costs[0]], []
    for _ in range(most):
        reach = best[-1][:, None] + costs
        origins.append(np.argmin(reach, axis=0))
        best.append(reach.min(axis=0))
    ladder = []
    for count, totals in enumerate(best):
        if not np.isfinite(totals[-1]):
            break
        ends, end = [], len(totals) - 1
        for origin in reversed(origins[:count]):
            end = int(origin[end])
            ends.append(end)
        ladder.append((ends[::-1], float(totals[-1])))
    if not ladder:
        raise SnaError("The series is shorter than one segment; use a smaller min_size.")
    return ladder


def _penalised(costs: Array, penalty: float) -> tuple[list[int], float]:
    """Return the partition with the least cost plus penalty per change (the optimum that PELT finds)."""
    size = costs.shape[0]
    best, origin = np.full(size, np.inf), np.zeros(size, dtype=int)
    best[0] = -penalty
    for end in range(1, size):
        reach = best[:end] + costs[:end, end] + penalty
        origin[end] = int(np.argmin(reach))
        best[end] = reach[origin[end]]
    ends, end = [], size - 1
    while origin[end] > 0:
        end = int(origin[end])
        ends.append(end)
    return ends[::-1], float(best[-1] - penalty * len(ends))


def _change_rows(
    rows: pd.DataFrame, found: list[int], when: pd.Index, values: Array, total: float, method: str, cost: str
) -> pd.DataFrame:
    bounds = [0, *found, len(values)]
    means = np.array([np.nanmean(values[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)])
    before, after = means[:-1], means[1:]
    identity = rows.assign(
        change=np.arange(1, len(found) + 1, dtype=int),
        position=np.asarray(found, dtype=int),
        last_before=when[np.asarray(found, dtype=int) - 1],
        first_after=when[np.asarray(found, dtype=int)],
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after / before
    return result(
        identity,
        numerator=after,
        denominator=before,
        value=ratio,
        lower=np.nan,
        upper=np.nan,
        statistic="ratio of mean level after to before",
        method=f"{'PELT' if method == 'pelt' else 'dynamic programming'}, {cost} cost",
        confidence=np.nan,
    ).assign(cost=total)


def match_register(
    changes: pd.DataFrame,
    register: pd.DataFrame,
    *,
    time: str = "first_after",
    date: str = "date",
    within_months: int = 2,
    on: str | Sequence[str] = (),
) -> pd.DataFrame:
    """Return each change with the nearest entry of a dated register of recording and definition changes.

    Parameters
    ----------
    changes : pandas.DataFrame
        The result of :func:`change_points`.
    register : pandas.DataFrame
        Column ``date`` and whatever describes the entry.
    time, date : str
        Date columns of the two frames.
    within_months : int, default 2
        Furthest distance that counts as a match.
    on : str or sequence of str, default ()
        Columns that must agree (offence group).

    Returns
    -------
    pandas.DataFrame
        The changes plus the register's columns (prefix ``register_``; missing without a match), ``months_apart`` and
        ``is_explained``. A change that no entry explains is not thereby real.
    """
    names = keys(on)
    need(changes, (time, *names), "Matching a register")
    need(register, (date, *names), "Matching a register")
    entries = register.rename(columns={column: f"register_{column}" for column in register if column not in names})
    left = changes.reset_index(drop=True).assign(_row=lambda frame: np.arange(len(frame)))
    pairs = (
        left[["_row", time, *names]].merge(entries, how="inner", on=names)
        if names
        else left[["_row", time]].merge(entries, how="cross")
    )
    apart = _months(pairs[f"register_{date}"]) - _months(pairs[time])
    near = pairs.assign(months_apart=apart)[np.abs(apart) <= within_months]
    nearest = near.assign(_far=near["months_apart"].abs()).sort_values(["_row", "_far"]).drop_duplicates("_row")
    extra = nearest.drop(columns=[time, "_far", *names])
    joined = left.merge(extra, on="_row", how="left", validate="one_to_one").drop(columns="_row")
    return joined.assign(is_explained=joined["months_apart"].notna())


def _months(dates: pd.Series) -> NDArray[np.int64]:
    stamps = pd.to_datetime(dates)
    return (stamps.dt.year * 12 + stamps.dt.month).to_numpy()
