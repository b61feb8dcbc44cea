"""Control charts: XmR with the NHS "Making Data Count" rules, and charts of time between rare events.

A missing month is a gap: it has no moving range, and no run of points crosses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, keys, need, result
from svd_lib.measures.series import Array, long_rows, month_matrix, months_between, ordered_matrix

LIMIT_FACTOR: Final = 2.66
"""3 / d2 for moving ranges of two points (1.128), as the NHS prints it."""

SCREEN_FACTOR: Final = 3.267
"""D4: a moving range at or above this many mean moving ranges is left out of the mean, once."""

RUN: Final = 7
"""Points that make a shift or a trend."""

RULES: Final = ("outside limits", "trend of seven", "two of three near a limit", "seven on one side")
"""Signals in order of priority."""

Direction = Literal["low", "high"]


def xmr(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    value: str = "value",
    time: str = "month",
    screen: bool = True,
    rebase: Sequence[object] = (),
    baseline_points: int | None = None,
    improvement: Direction | None = None,
    target: float | None = None,
) -> pd.DataFrame:
    """Return an XmR chart: each point with its mean, natural process limits and signal.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and time; NaN, or an absent month, is a gap. Take the season out first
        (:func:`deseasonalise`). Not for counts under 10 a month (:func:`t_chart`).
    by : str or sequence of str, default ()
    value : str, default "value"
    time : str, default "month"
        Anything that sorts.
    screen : bool, default True
        Leave out moving ranges of 3.267 times their mean or more, in one pass.
    rebase : sequence, default ()
        Times from which new limits begin, such as the date of a recording change.
    baseline_points : int, optional
        Compute each segment's limits from its first so many observed points.
    improvement : {"low", "high"}, optional
        Which direction is good; without it a signal is "special cause".
    target : float, optional
        What the process should reach; needs ``improvement``.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``time``, result columns (``value`` the point, ``lower_ci`` and ``upper_ci`` the process limits, which
        are no confidence interval), ``mean``, ``moving_range``, ``segment``, ``rule`` ("" for none),
        ``direction`` (-1, 0, 1) and ``point_type``: "common cause", "special cause", "improvement", "concern", or
        "missing". With a target also ``target`` and ``assurance`` (:func:`assurance` of the point's limits).

    References
    ----------
    NHS England, Making Data Count; Wheeler (2000), Understanding Variation.
    """
    names = keys(by)
    identity, times, values = ordered_matrix(frame, names, time, value)
    parts = [_segment(values[:, a:b], screen, baseline_points) for a, b in _segments(times, rebase)]
    chart = {key: np.concatenate([part[key] for part in parts], axis=1) for key in parts[0]}
    numbers = np.concatenate([np.full(part["mean"].shape[1], i + 1) for i, part in enumerate(parts)])
    rows = result(
        long_rows(identity, time, times),
        numerator=np.nan,
        denominator=np.nan,
        value=values.ravel(),
        lower=chart["lower"].ravel(),
        upper=chart["upper"].ravel(),
        statistic="natural process limits",
        method=f"XmR, {LIMIT_FACTOR} mean moving ranges{', screened once' if screen else ''}",
        confidence=np.nan,
    )
    extra = {"mean": chart["mean"].ravel(), "moving_range": chart["moving_range"].ravel()}
    if target is not None:
        if improvement is None:
            raise SnaError("A target needs improvement='low' or 'high', the direction that is good.")
        extra |= {"target": target, "assurance": assurance(rows["lower_ci"], rows["upper_ci"], target, improvement)}
    rule, side = chart["rule"].ravel(), chart["side"].ravel().astype(int)
    return rows.assign(
        **extra,
        segment=np.tile(numbers, len(identity)),
        rule=np.array(["", *RULES], dtype=object)[rule],
        direction=side,
        point_type=_point_types(rule, side, np.isnan(values.ravel()), improvement),
    )


def _segments(times: pd.Index, rebase: Sequence[object]) -> list[tuple[int, int]]:
    if len(rebase) and isinstance(times, pd.DatetimeIndex):
        rebase = list(pd.to_datetime(list(rebase)))
    starts = sorted({0, *(int(times.searchsorted(start)) for start in rebase)} - {len(times)})
    return list(zip(starts, [*starts[1:], len(times)], strict=True))


def _segment(values: Array, screen: bool, baseline_points: int | None) -> dict[str, NDArray]:
    observed = np.cumsum(~np.isnan(values), axis=1)
    used = values if baseline_points is None else np.where(observed <= baseline_points, values, np.nan)
    limits = xmr_limits(used, screen=screen)
    mean, reach = (
        limits["mean"].to_numpy()[:, None],
        limits["upper"].to_numpy()[:, None] - limits["mean"].to_numpy()[:, None],
    )
    rule, side = _signals(values, mean, reach)
    full = np.ones(values.shape)
    ranges = np.abs(np.diff(values, axis=1, prepend=np.nan))
    return {"mean": mean * full, "lower": (mean - reach) * full, "upper": (mean + reach) * full} | {
        "moving_range": ranges,
        "rule": rule,
        "side": side,
    }


def xmr_limits(values: ArrayLike, *, screen: bool = True) -> pd.DataFrame:
    """Return mean and natural process limits of one series, or of each row of a matrix.

    Parameters
    ----------
    values : array-like, shape (times,) or (series, times)
        In order of time; NaN is a gap.
    screen : bool, default True
        Leave out moving ranges of 3.267 times their mean or more, in one pass.

    Returns
    -------
    pandas.DataFrame
        One row per series: ``mean``, ``lower``, ``upper``, ``mean_moving_range``, ``points``.
    """
    matrix = np.atleast_2d(np.asarray(values, dtype=float))
    ranges = np.abs(np.diff(matrix, axis=1))
    average = _row_mean(ranges)
    if screen:
        average = _row_mean(np.where(ranges < SCREEN_FACTOR * average[:, None], ranges, np.nan), average)
    mean = _row_mean(matrix)
    reach = LIMIT_FACTOR * average
    columns = {"mean": mean, "lower": mean - reach, "upper": mean + reach, "mean_moving_range": average}
    return pd.DataFrame(columns | {"points": (~np.isnan(matrix)).sum(axis=1)})


def _row_mean(matrix: Array, empty: Array | float = np.nan) -> Array:
    count = (~np.isnan(matrix)).sum(axis=1)
    return np.where(count > 0, np.nansum(matrix, axis=1) / np.maximum(count, 1), empty)


def _signals(values: Array, mean: Array, reach: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    side = np.nan_to_num(np.sign(values - mean)).astype(int)
    outside = np.abs(values - mean) > reach
    near = ~outside & (np.abs(values - mean) > 2 / 3 * reach)
    trend = back_fill(seven_point_trend(values))
    shift = back_fill(seven_on_one_side(side))
    pair = two_of_three(near, side) * near
    rule = np.select([outside, trend != 0, pair != 0, shift != 0], [1, 2, 3, 4], 0)
    return rule, np.where(rule == 2, trend, np.where(rule > 0, side, 0))


def _point_types(
    rule: NDArray[np.intp], side: NDArray[np.intp], missing: NDArray[np.bool_], improvement: Direction | None
) -> NDArray[np.object_]:
    good = {"low": -1, "high": 1, None: 0}[improvement]
    special = np.where(side == good, "improvement", "concern") if good else np.full(rule.shape, "special cause")
    return np.where(missing, "missing", np.where(rule > 0, special, "common cause")).astype(object)


def seven_on_one_side(side: ArrayLike) -> NDArray[np.intp]:
    """Return 1 where a point and the six before it lie on the same side of the mean.

    Parameters
    ----------
    side : array-like, shape (..., times)
        Sign of value less mean: -1, 0, 1.

    Returns
    -------
    array of the same shape, 0 or 1
    """
    return (np.abs(_run_sums(np.asarray(side, dtype=float), RUN)) == RUN).astype(int)


def seven_point_trend(values: ArrayLike) -> NDArray[np.intp]:
    """Return 1 (-1) where a point ends seven that rise (fall) strictly.

    Parameters
    ----------
    values : array-like, shape (..., times)

    Returns
    -------
    array of the same shape, -1, 0 or 1
    """
    matrix = np.asarray(values, dtype=float)
    steps = np.sign(np.diff(matrix, axis=-1, prepend=np.nan))
    sums = _run_sums(steps, RUN - 1)
    return np.where(np.abs(sums) == RUN - 1, np.sign(sums), 0).astype(int)


def _run_sums(matrix: Array, length: int) -> Array:
    out = np.full(matrix.shape, np.nan)
    if matrix.shape[-1] >= length:
        out[..., length - 1 :] = sliding_window_view(matrix, length, axis=-1).sum(axis=-1)
    return out


def back_fill(flags: ArrayLike, length: int = RUN) -> NDArray[np.intp]:
    """Return flags carried back over the points that made each signal.

    Parameters
    ----------
    flags : array-like, shape (..., times)
        Non-zero where a run of ``length`` points ends.
    length : int, default 7

    Returns
    -------
    array of the same shape; the sign of a flag is kept, the later of two runs wins
    """
    marks = np.asarray(flags, dtype=int)
    out = marks.copy()
    for back in range(1, min(length, marks.shape[-1])):
        later = marks[..., back:]
        out[..., : marks.shape[-1] - back] = np.where(
            out[..., : marks.shape[-1] - back] == 0, later, out[..., : marks.shape[-1] - back]
        )
    return out


def two_of_three(near: ArrayLike, side: ArrayLike) -> NDArray[np.intp]:
    """Return 1 for the points of every three in a row on one side of which two or more lie near the limit.

    Parameters
    ----------
    near : array-like, shape (..., times)
        Whether a point lies beyond two thirds of the way to a limit, and not outside it.
    side : array-like of the same shape
        Sign of value less mean.

    Returns
    -------
    array of the same shape, 0 or 1; a signal is a flagged point that is itself near
    """
    close, sign = np.asarray(near, dtype=float), np.asarray(side, dtype=float)
    ends = (_run_sums(close, 3) >= 2) & (np.abs(_run_sums(sign, 3)) == 3)
    return back_fill(ends.astype(int), 3)


def assurance(lower: ArrayLike, upper: ArrayLike, target: float, improvement: Direction) -> NDArray[np.object_]:
    """Return whether a process will meet a target consistently.

    Parameters
    ----------
    lower, upper : array-like, shape (n,)
        Natural process limits.
    target : float
    improvement : {"low", "high"}
        Which direction is good.

    Returns
    -------
    array of "consistent_pass", "consistent_fail" or "inconsistent"
    """
    above, below = np.asarray(lower, dtype=float) > target, np.asarray(upper, dtype=float) < target
    passes, fails = (above, below) if improvement == "high" else (below, above)
    return np.select([passes, fails], ["consistent_pass", "consistent_fail"], "inconsistent").astype(object)


def deseasonalise(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    value: str = "count",
    month: str = "month",
) -> pd.DataFrame:
    """Return each series with its season divided out, by the means of the same calendar month.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month (or quarter), at least two years; absent or NaN is missing.
    by : str or sequence of str, default ()
    value : str, default "count"
        Not below zero.
    month : str, default "month"

    Returns
    -------
    pandas.DataFrame
        ``by``, ``month``, ``value``, ``seasonal_factor`` (mean 1 over the year) and ``deseasonalised``
        (``value / seasonal_factor``; NaN for a missing month).

    Notes
    -----
    A factor is the mean, over years, of the month's share of the year's mean, where a year's mean is taken over the
    twelve months around it, so that a trend does not pass for a season. With STL see :func:`svd_lib.measures.trends.decompose`.
    """
    names = keys(by)
    identity, calendar, values = month_matrix(frame, names, month, value)
    if np.nanmin(values) < 0:
        raise SnaError("A season is divided out of values of zero or more; a value is below zero.")
    period = 12 // months_between(calendar)
    factor = _seasonal_factors(values, period)
    places = np.arange(len(calendar)) % period
    spread = factor[:, places]
    return long_rows(identity, month, calendar).assign(
        **{value: values.ravel()}, seasonal_factor=spread.ravel(), deseasonalised=(values / spread).ravel()
    )


def _seasonal_factors(values: Array, period: int) -> Array:
    if values.shape[1] < 2 * period:
        raise SnaError(f"A season needs at least two years ({2 * period} points); the series has {values.shape[1]}.")
    weights = np.r_[0.5, np.ones(period - 1), 0.5] / period
    local = np.full(values.shape, np.nan)
    half = period // 2
    local[:, half : values.shape[1] - half] = sliding_window_view(values, period + 1, axis=1) @ weights
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(local > 0, values / local, np.nan)
    fallback = np.where(_row_mean(values)[:, None] > 0, values / _row_mean(values)[:, None], np.nan)
    columns = [_row_mean(share[:, place::period], _row_mean(fallback[:, place::period])) for place in range(period)]
    factor = np.nan_to_num(np.stack(columns, axis=1), nan=1.0)
    factor = np.where(factor > 0, factor, 1.0)
    return factor / factor.mean(axis=1, keepdims=True)


def t_chart(frame: pd.DataFrame, *, by: str | Sequence[str] = (), date: str = "date") -> pd.DataFrame:
    """Return a chart of days between rare events, such as homicides.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per event.
    by : str or sequence of str, default ()
    date : str, default "date"

    Returns
    -------
    pandas.DataFrame
        One row per interval: ``by``, ``date`` (of the later event), result columns (``value`` days since the last,
        ``lower_ci`` and ``upper_ci`` the limits), ``mean`` and ``point_type`` ("common cause", "longer than expected",
        "shorter than expected").

    References
    ----------
    Nelson (1994), Journal of Quality Technology 26:15-20 (power 1/3.6); Provost and Murray (2011), chapter 7.
    """
    names = keys(by)
    need(frame, (*names, date), "A chart of rare events")
    events = frame[names].assign(**{date: pd.to_datetime(frame[date])}).sort_values([*names, date], kind="stable")
    gaps = events.groupby(names, sort=False, dropna=False)[date].diff() if names else events[date].diff()
    events = events.assign(_days=gaps.dt.total_seconds() / 86_400)[gaps.notna()].reset_index(drop=True)
    scaled = events["_days"] ** (1 / 3.6)
    limits = _limits_by_group(scaled, events, names)
    return _rare_chart(
        events,
        limits.clip(lower=0) ** 3.6,
        names,
        date,
        "days between events",
        "t chart, XmR on days to the power 1/3.6",
    )


def _limits_by_group(scaled: pd.Series, events: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    group = events.groupby(names, sort=False, dropna=False).ngroup() if names else pd.Series(0, index=events.index)
    parts = [xmr_limits(scaled[group == number], screen=False).assign(_group=number) for number in group.unique()]
    table = pd.concat(parts).set_index("_group")[["mean", "lower", "upper"]]
    return table.loc[group].reset_index(drop=True)


def _rare_chart(
    events: pd.DataFrame, limits: pd.DataFrame, names: list[str], time: str, statistic: str, method: str
) -> pd.DataFrame:
    days = events["_days"].to_numpy()
    kinds = np.select(
        [days > limits["upper"], days < limits["lower"]],
        ["longer than expected", "shorter than expected"],
        "common cause",
    )
    return result(
        events[[*names, time]],
        numerator=np.nan,
        denominator=np.nan,
        value=days,
        lower=limits["lower"],
        upper=limits["upper"],
        statistic=statistic,
        method=method,
        confidence=np.nan,
    ).assign(mean=limits["mean"].to_numpy(), point_type=kinds.astype(object))


def g_chart(
    frame: pd.DataFrame, *, by: str | Sequence[str] = (), cases: str = "cases_between", time: str = "event"
) -> pd.DataFrame:
    """Return a chart of cases (or whole days) between rare events.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per event, in order.
    by : str or sequence of str, default ()
    cases : str, default "cases_between"
        Cases, or days, since the event before.
    time : str, default "event"
        Column that names the event.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``time``, result columns (``value`` the cases, limits at three standard deviations, not below 0),
        ``mean``, ``median`` (0.693 times the mean) and ``point_type``.

    References
    ----------
    Benneyan (2001), Health Care Management Science 4:305-318; Provost and Murray (2011), p. 228.
    """
    names = keys(by)
    need(frame, (*names, cases, time), "A chart of rare events")
    events = frame[[*names, time]].assign(_days=floats(frame[cases])).reset_index(drop=True)
    mean = (
        events.groupby(names, sort=False, dropna=False)["_days"].transform("mean")
        if names
        else events["_days"] * 0 + events["_days"].mean()
    )
    reach = 3 * np.sqrt(mean * (mean + 1))
    limits = pd.DataFrame({"mean": mean, "lower": (mean - reach).clip(lower=0), "upper": mean + reach})
    chart = _rare_chart(events, limits, names, time, "cases between events", "g chart, three standard deviations")
    return chart.assign(median=0.693 * chart["mean"])


def signal_summary(chart: pd.DataFrame, *, by: str | Sequence[str] = (), skip: int = 0) -> pd.DataFrame:
    """Return how many points of an XmR chart carry a signal, and how many lie above or below the average.

    Parameters
    ----------
    chart : pandas.DataFrame
        The result of :func:`xmr`.
    by : str or sequence of str, default ()
    skip : int, default 0
        Leave out each series' first so many points, such as those that the limits were drawn from.

    Returns
    -------
    pandas.DataFrame
        One row per series: ``by``, result columns (``value`` the points with a signal, ``denominator`` the points
        looked at; no interval), ``high`` and ``low`` (points with a signal above and below the average).
    """
    names = keys(by)
    need(chart, (*names, "rule", "direction", "point_type"), "A summary of signals")
    rows = chart if not names else chart[chart.groupby(names, sort=False, dropna=False).cumcount() >= skip]
    rows = rows.iloc[skip:] if not names else rows
    held = rows[rows["point_type"] != "missing"]
    marked = held[names].assign(
        points=1, signals=held["rule"] != "", high=(held["direction"] > 0) * 1, low=(held["direction"] < 0) * 1
    )
    totals = marked.groupby(names, sort=False, dropna=False).sum().reset_index() if names else marked.sum().to_frame().T
    out = result(
        totals[names],
        numerator=totals["signals"],
        denominator=totals["points"],
        value=totals["signals"],
        lower=np.nan,
        upper=np.nan,
        statistic="points with a signal",
        method=f"XmR, {LIMIT_FACTOR} mean moving ranges",
        confidence=np.nan,
    )
    return out.assign(high=totals["high"].to_numpy(), low=totals["low"].to_numpy())
