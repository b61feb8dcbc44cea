"""Change over time: equal periods, same months, index series, annual trends and decomposition, with gaps kept as gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures import intervals
from svd_lib.measures.results import floats, keys, level, need, positive, result
from svd_lib.measures.series import long_rows, month_matrix, months_between

Array = NDArray[np.float64]


def monthly_series(
    frame: pd.DataFrame,
    present: pd.DataFrame | Sequence[pd.Timestamp],
    *,
    by: str | Sequence[str] = (),
    month: str = "month",
    count: str = "count",
) -> pd.DataFrame:
    """Return one row per series and month: zero where a month's file is held, missing where it is not.

    Tables of counts hold no rows for zero. Only the list of months held can tell a month without events from a month
    without data.

    Parameters
    ----------
    frame : pandas.DataFrame
        Counts; rows of the same series and month are added up.
    present : sequence of timestamps, or pandas.DataFrame
        Months held (first days). A frame has column ``month`` and any of the ``by`` columns (coverage by force).
    by : str or sequence of str, default ()
        Columns that name a series.
    month, count : str

    Returns
    -------
    pandas.DataFrame
        ``by``, ``month``, ``count`` (NaN in months that are not held), from the first to the last month held.

    Raises
    ------
    SnaError
        If a month that is not held has events.
    """
    names = keys(by)
    need(frame, (*names, month, count), "A monthly series")
    held = present if isinstance(present, pd.DataFrame) else pd.DataFrame({month: pd.to_datetime(list(present))})
    held = held.drop_duplicates()
    calendar = pd.DataFrame(
        {month: pd.date_range(held[month].min(), held[month].max(), freq="MS").astype(held[month].dtype)}
    )
    sums = frame.groupby([*names, month], dropna=False, as_index=False)[count].sum(min_count=1)
    series = sums[names].drop_duplicates() if names else pd.DataFrame(index=[0])
    grid = series.merge(calendar, how="cross").merge(sums, on=[*names, month], how="left", validate="one_to_one")
    shared = [name for name in held.columns if name in (*names, month)]
    grid = grid.merge(held[shared].assign(_held=True), on=shared, how="left", validate="many_to_one")
    is_held = grid.pop("_held").notna()
    if grid.loc[~is_held, count].notna().any() or len(sums) != sums.merge(calendar, on=month).shape[0]:
        raise SnaError("A month that is not listed as held has events; correct the coverage or the counts.")
    return grid.assign(**{count: grid[count].astype(float).fillna(0).where(is_held)})


def compare_periods(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    month: str = "month",
    count: str = "count",
    end: pd.Timestamp | str | None = None,
    months: int = 12,
    previous_end: pd.Timestamp | str | None = None,
    min_dispersion: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each series' latest period over an earlier one of equal length, as a quasi-Poisson rate ratio.

    Only calendar months present in both periods are added up, so that a missing month takes its partner with it.
    The dispersion is Pearson's, from the model period x calendar month; the interval uses Student's t.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month; a month that is absent or NaN is missing (see :func:`monthly_series`). Quarters,
        named by their first month, are recognised.
    by : str or sequence of str, default ()
    month, count : str
    end : timestamp, optional
        Last month of the latest period; by default the last in the frame.
    months : int, default 12
        Length of a period, at least 2.
    previous_end : timestamp, optional
        Last month of the earlier period; by default ``months`` before ``end``. The distance must be whole years.
    min_dispersion : float, default 0
        Smallest dispersion used; 1 never lets counts vary less than Poisson.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``period_start``, ``period_end``, ``previous_start``, ``previous_end``, ``months_compared``,
        ``months_missing``, result columns (``numerator`` and ``denominator`` are the events of the two periods),
        ``dispersion``, ``p_value``. NaN when fewer than 2 months can be compared or either period has no events.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, sections 6.2 and 9.2.
    """
    names = keys(by)
    identity, calendar, counts = month_matrix(frame, names, month, count)
    last = calendar[-1] if end is None else pd.Timestamp(end)
    before = last - pd.DateOffset(months=months) if previous_end is None else pd.Timestamp(previous_end)
    every = months_between(calendar)
    if months < 2 * every or ((last.year - before.year) * 12 + last.month - before.month) % 12:
        raise SnaError("Periods are compared month by month: at least 2 months long, and whole years apart.")
    now, then = (_window(counts, calendar, day, months // every) for day in (last, before))
    both = ~np.isnan(now) & ~np.isnan(then)
    spans = {
        "period_start": last - pd.DateOffset(months=months - every),
        "period_end": last,
        "previous_start": before - pd.DateOffset(months=months - every),
        "previous_end": before,
        "months_compared": both.sum(axis=1),
        "months_missing": months // every - both.sum(axis=1),
    }
    return _quasi_poisson_ratio(identity.assign(**spans), now, then, both, min_dispersion, confidence)


def _window(counts: Array, calendar: pd.DatetimeIndex, end: pd.Timestamp, steps: int) -> Array:
    wanted = pd.date_range(end=end, periods=steps, freq=f"{months_between(calendar)}MS")
    place = calendar.get_indexer(wanted)
    return np.where(place >= 0, counts[:, place], np.nan)


def _quasi_poisson_ratio(
    identity: pd.DataFrame, now: Array, then: Array, both: NDArray[np.bool_], floor: float, confidence: float
) -> pd.DataFrame:
    a, b = np.where(both, now, 0).sum(axis=1), np.where(both, then, 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = np.where(both, now + then, 0.0)
        expected_now, expected_then = pairs * (a / (a + b))[:, None], pairs * (b / (a + b))[:, None]
        terms = (now - expected_now) ** 2 / expected_now + (then - expected_then) ** 2 / expected_then
        filled = both & (pairs > 0)
        freedom = filled.sum(axis=1) - 1
        phi = np.where(freedom > 0, np.where(filled, terms, 0).sum(axis=1) / freedom, np.nan)
        phi = np.maximum(phi, floor)
        ratio = np.where((a > 0) & (b > 0), a / b, np.nan)
        error = np.sqrt(phi * (1 / a + 1 / b))
        reach = stats.t.isf((1 - level(confidence)) / 2, np.maximum(freedom, 1))
        p_value = 2 * stats.t.sf(np.abs(np.log(ratio)) / error, np.maximum(freedom, 1))
    return result(
        identity,
        numerator=a,
        denominator=b,
        value=np.where(np.isnan(phi), np.nan, ratio),
        lower=ratio * np.exp(-reach * error),
        upper=ratio * np.exp(reach * error),
        statistic="rate ratio of two equal periods",
        method="quasi-Poisson, same calendar months",
        confidence=confidence,
    ).assign(dispersion=phi, p_value=p_value)


def same_month_comparison(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    month: str = "month",
    count: str = "count",
    years: int = 1,
    dispersion: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each month's count over that of the same month some years before, as a rate ratio.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month; absent or NaN is missing.
    by : str or sequence of str, default ()
    month, count : str
    years : int, default 1
        How far back the month lies that each is compared with.
    dispersion : float, default 1
        Variance over mean of monthly counts (as :func:`compare_periods` reports it).
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``month``, ``previous_month``, result columns; only months present in both years.
    """
    names = keys(by)
    identity, calendar, counts = month_matrix(frame, names, month, count)
    lag = 12 * years // months_between(calendar)
    now, then = counts[:, lag:], counts[:, :-lag] if lag < counts.shape[1] else counts[:, :0]
    row, column = np.nonzero(~np.isnan(now) & ~np.isnan(then))
    a, b = now[row, column], then[row, column]
    lower, upper = intervals.poisson_ratio_limits(a, b, 1.0, confidence, "wald", dispersion)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where((a > 0) & (b > 0), a / b, np.nan)
    when = {month: calendar[lag:][column], "previous_month": calendar[:-lag][column] if lag < len(calendar) else []}
    return result(
        identity.iloc[row].reset_index(drop=True).assign(**when),
        numerator=a,
        denominator=b,
        value=value,
        lower=lower,
        upper=upper,
        statistic="rate ratio to the same month before",
        method="Wald on the log ratio" if dispersion == 1 else "Wald on the log ratio, over-dispersed",
        confidence=confidence,
    )


def rolling_totals(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    month: str = "month",
    count: str = "count",
    months: int = 12,
) -> pd.DataFrame:
    """Return totals of each span of consecutive months; a span with a missing month has no total.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month; absent or NaN is missing.
    by : str or sequence of str, default ()
    month, count : str
    months : int, default 12

    Returns
    -------
    pandas.DataFrame
        ``by``, ``month`` (last of the span), ``total``, ``months_present``.
    """
    names = keys(by)
    identity, calendar, counts = month_matrix(frame, names, month, count)
    steps = months // months_between(calendar)
    if len(calendar) < steps:
        raise SnaError(f"Totals of {months} months need at least as many; the series is shorter.")
    spans = np.lib.stride_tricks.sliding_window_view(counts, steps, axis=1)
    out = identity.merge(pd.DataFrame({month: calendar[steps - 1 :]}), how="cross")
    return out.assign(total=spans.sum(axis=2).ravel(), months_present=(~np.isnan(spans)).sum(axis=2).ravel())


def index_series(
    frame: pd.DataFrame,
    *,
    base: object,
    period: str = "year",
    by: str | Sequence[str] = (),
    count: str = "count",
    population: str | None = None,
    dispersion: float | str = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each period's rate as an index on a base period (100), with the interval of the ratio to it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and period.
    base : object
        Value of ``period`` that is 100; every series must have it.
    period : str, default "year"
    by : str or sequence of str, default ()
    count : str, default "count"
        Events; a missing count gives a missing index.
    population : str, optional
        Persons; without it counts are indexed.
    dispersion : float or str, default 1
        Variance over mean, or the column that holds it.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``period``, result columns (``denominator`` is the base period's events). The base's limits are 100.
    """
    names = keys(by)
    need(frame, (*names, period, count, *([population] if population else [])), "An index series")
    rows = frame[[*names, period]].assign(
        _o=floats(frame[count]), _n=positive(floats(frame[population])) if population else 1.0
    )
    anchor = rows.loc[rows[period] == base, [*names, "_o", "_n"]].rename(columns={"_o": "_ob", "_n": "_nb"})
    if anchor.empty:
        raise SnaError(f"No row has {period} = {base!r} to stand for 100.")
    how = {"on": names, "how": "left"} if names else {"how": "cross"}
    rows = rows.merge(anchor, validate="many_to_one", **how) if names else rows.merge(anchor, **how)
    phi = floats(frame[dispersion]) if isinstance(dispersion, str) else dispersion
    return _index_result(rows, [*names, period], rows[period] == base, phi, confidence)


def _index_result(
    rows: pd.DataFrame, identity: list[str], is_base: pd.Series, phi: float | Array, confidence: float
) -> pd.DataFrame:
    a, b = rows["_o"].to_numpy(), rows["_ob"].to_numpy()
    scale = (rows["_nb"] / rows["_n"]).to_numpy()
    lower, upper = intervals.poisson_ratio_limits(a, b, scale, confidence, "wald", phi)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(b > 0, a / b * scale, np.nan) * 100
    fixed = is_base.to_numpy() & ~np.isnan(value)
    return result(
        rows[identity],
        numerator=a,
        denominator=b,
        value=value,
        lower=np.where(fixed, 100.0, lower * 100),
        upper=np.where(fixed, 100.0, upper * 100),
        statistic="index, base period 100",
        method="Wald on the log ratio to the base",
        confidence=confidence,
    )


def annual_trend(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    year: str = "year",
    count: str = "count",
    population: str | None = None,
    min_dispersion: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each series' mean change a year as a ratio, from a quasi-Poisson log-linear trend.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and year; a missing count leaves its year out.
    by : str or sequence of str, default ()
    year : str, default "year"
        A number (2018, or 2018.25 for quarters), unit years.
    count : str, default "count"
    population : str, optional
        Persons of that year (offset).
    min_dispersion : float, default 0
        Smallest dispersion used.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``first_year``, ``last_year``, ``years`` (rows used), result columns (``value`` 1.03 is 3% more a
        year; ``numerator`` events in all, ``denominator`` years), ``dispersion``, ``p_value``. NaN with fewer than
        3 years. All series are fitted at once.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 6.
    """
    names = keys(by)
    need(frame, (*names, year, count, *([population] if population else [])), "An annual trend")
    rows = frame[names].assign(
        _t=floats(frame[year]), _y=floats(frame[count]), _n=floats(frame[population]) if population else 1.0
    )
    rows = rows[rows[["_t", "_y", "_n"]].notna().all(axis=1) & (rows["_n"] > 0)]
    identity, t, y, n = _stacked(rows, names)
    fit = _log_linear_slopes(t, y, n)
    freedom = np.maximum(fit["rows"] - 2, 1)
    phi = np.where(fit["rows"] > 2, np.maximum(fit["pearson"] / freedom, min_dispersion), np.nan)
    error = np.sqrt(phi) * fit["error"]
    reach = stats.t.isf((1 - level(confidence)) / 2, freedom) * error
    spans = {"first_year": np.nanmin(t, axis=1), "last_year": np.nanmax(t, axis=1), "years": fit["rows"]}
    return result(
        identity.assign(**spans),
        numerator=np.nansum(y, axis=1),
        denominator=fit["rows"],
        value=np.where(np.isnan(phi), np.nan, np.exp(fit["slope"])),
        lower=np.exp(fit["slope"] - reach),
        upper=np.exp(fit["slope"] + reach),
        statistic="rate ratio per year",
        method="quasi-Poisson log-linear trend",
        confidence=confidence,
    ).assign(dispersion=phi, p_value=2 * stats.t.sf(np.abs(fit["slope"]) / error, freedom))


def _stacked(rows: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, Array, Array, Array]:
    groups = rows.groupby(names, sort=False, dropna=False) if names else rows.groupby(np.zeros(len(rows), int))
    series, place = groups.ngroup().to_numpy(), groups.cumcount().to_numpy()
    shape = (series.max() + 1, place.max() + 1)
    arrays = []
    for column in ("_t", "_y", "_n"):
        array = np.full(shape, np.nan)
        array[series, place] = rows[column].to_numpy(float)
        arrays.append(array)
    identity = rows[names].drop_duplicates().reset_index(drop=True) if names else pd.DataFrame(index=[0])
    return identity, *arrays


def _log_linear_slopes(t: Array, y: Array, n: Array, rounds: int = 50) -> dict[str, Array]:
    """Fit ``log(E y) = log n + a + b t`` to every row by Newton's method at once; NaN marks absent places."""
    used = ~np.isnan(y)
    centred = np.where(used, t - np.nanmean(t, axis=1, keepdims=True), 0.0)
    events, exposure = np.where(used, y, 0.0), np.where(used, n, 0.0)
    slope = np.zeros(len(y))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(rounds):
            # the intercept has a closed form given the slope, so each round is one step in the slope alone
            weight = exposure * np.exp(centred * slope[:, None])
            fitted = weight * (events.sum(1) / weight.sum(1))[:, None]
            centre = (fitted * centred).sum(1) / fitted.sum(1)
            information = (fitted * (centred - centre[:, None]) ** 2).sum(1)
            step = ((events - fitted) * centred).sum(1) / information
            slope = slope + np.clip(np.nan_to_num(step), -1, 1)
            if np.nanmax(np.abs(np.nan_to_num(step))) < 1e-12:
                break
        pearson = np.where(used & (fitted > 0), (events - fitted) ** 2 / fitted, 0.0).sum(1)
        error = np.where(events.sum(1) > 0, 1 / np.sqrt(information), np.nan)
    slope = np.where(events.sum(1) > 0, slope, np.nan)
    return {"slope": slope, "error": error, "pearson": pearson, "rows": used.sum(1)}


def decompose(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    value: str = "count",
    month: str = "month",
    seasonal: int | Literal["periodic"] = "periodic",
    trend: int | None = None,
    trend_jump: int | None = None,
    robust: bool = False,
    transform: Literal["log", "sqrt", "none"] = "log",
    periods: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Return trend, season and remainder by STL, or MSTL when there are several periods.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month (or quarter), at least two years. A missing month is bridged for the fit and has
        no remainder.
    by : str or sequence of str, default ()
    value, month : str
    seasonal : int or "periodic"
        Odd seasonal window in years; "periodic", or more than ten times the points, has one season for all years.
    trend : int, optional
        Trend window in months, raised to an odd number; by default the next odd number from ``1.5 period / (1 - 1.5 / seasonal)``.
    trend_jump : int, optional
        Fit the trend at every so many points and interpolate; by default a tenth of its window.
    robust : bool, default False
        Fifteen robustness rounds.
    transform : {"log", "sqrt", "none"}
        Scale on which the parts add up. Zero has no logarithm.
    periods : sequence of int, optional
        Points in a cycle; by default 12 for months, 4 for quarters.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``month``, ``value``, ``trend``, ``seasonal``, ``remainder`` (on the transformed scale), ``deseasonalised``
        (on the scale of the value) and ``is_bridged``. With several periods also ``seasonal_<period>``.

    References
    ----------
    Cleveland, Cleveland, McRae and Terpenning (1990), Journal of Official Statistics 6:3-73; Bandara, Hyndman and
    Bergmeir (2021), MSTL.
    """
    names = keys(by)
    identity, calendar, values = month_matrix(frame, names, month, value)
    cycles = list(periods) if periods else [12 // months_between(calendar)]
    if values.shape[1] < 2 * max(cycles):
        raise SnaError(
            f"A decomposition needs two cycles ({2 * max(cycles)} points); the series has {values.shape[1]}."
        )
    scaled = _scaled(values, transform)
    parts = [_stl_parts(_bridged(row, max(cycles)), cycles, seasonal, (trend, trend_jump), robust) for row in scaled]
    table = pd.concat(parts, ignore_index=True)
    gap = np.isnan(values.ravel())
    rows = long_rows(identity, month, calendar).assign(**{value: values.ravel()})
    table["remainder"] = np.where(gap, np.nan, table["remainder"])
    plain = _unscaled(scaled.ravel() - table["seasonal"].to_numpy(), transform)
    return pd.concat([rows, table], axis=1).assign(deseasonalised=plain, is_bridged=gap)


def _scaled(values: Array, transform: str) -> Array:
    if transform == "log" and np.nanmin(values) <= 0:
        raise SnaError("A count of zero has no logarithm; decompose with transform='sqrt' or 'none'.")
    return {"log": np.log, "sqrt": np.sqrt, "none": np.array}[transform](values)


def _unscaled(values: Array, transform: str) -> Array:
    return {"log": np.exp, "sqrt": lambda v: np.maximum(v, 0) ** 2, "none": np.array}[transform](values)


def _bridged(row: Array, period: int) -> Array:
    """Return the series with gaps filled by its calendar-month means plus interpolated departures from them."""
    gap = np.isnan(row)
    if not gap.any():
        return row
    if gap.all():
        raise SnaError("A series has no value at all; leave it out of the decomposition.")
    places = np.arange(len(row)) % period
    means = np.array(
        [
            np.mean(row[(places == p) & ~gap]) if ((places == p) & ~gap).any() else np.mean(row[~gap])
            for p in range(period)
        ]
    )
    departure = row - means[places]
    return means[places] + np.interp(np.arange(len(row)), np.flatnonzero(~gap), departure[~gap])


def _stl_parts(row: Array, cycles: list[int], seasonal: int | str, trend: tuple[int | None, int | None], robust: bool) -> pd.DataFrame:
    from statsmodels.tsa.seasonal import MSTL

    if len(cycles) == 1:
        return _one_stl(row, cycles[0], seasonal, trend, robust)
    windows = [_seasonal_window(seasonal, len(row))] * len(cycles)
    fit = MSTL(row, periods=cycles, windows=windows, stl_kwargs={"seasonal_deg": 0, "robust": robust}).fit()
    each = pd.DataFrame(np.asarray(fit.seasonal), columns=[f"seasonal_{cycle}" for cycle in sorted(cycles)])
    total = each.sum(axis=1).to_numpy()
    return pd.DataFrame({"trend": fit.trend, "seasonal": total, "remainder": fit.resid}).join(each)


def _one_stl(row: Array, period: int, seasonal: int | str, trend: tuple[int | None, int | None], robust: bool) -> pd.DataFrame:
    from statsmodels.tsa.seasonal import STL

    window = _seasonal_window(seasonal, len(row))
    smooth = _next_odd(1.5 * period / (1 - 1.5 / window)) if trend[0] is None else _next_odd(trend[0])
    low = _next_odd(period)
    jumps = {
        f"{name}_jump": int(np.ceil(w / 10)) for name, w in (("seasonal", window), ("trend", smooth), ("low_pass", low))
    }
    if trend[1]:
        jumps["trend_jump"] = trend[1]
    model = STL(row, period=period, seasonal=window, trend=smooth, low_pass=low, seasonal_deg=0, robust=robust, **jumps)
    fit = model.fit(inner_iter=1 if robust else 2, outer_iter=15 if robust else 0)
    season = fit.seasonal
    if window > 10 * len(row):
        places = np.arange(len(row)) % period
        season = np.array([season[places == place].mean() for place in range(period)])[places]
    return pd.DataFrame({"trend": fit.trend, "seasonal": season, "remainder": row - fit.trend - season})


def _seasonal_window(seasonal: int | str, length: int) -> int:
    return 10 * length + 1 if seasonal == "periodic" else int(seasonal)


def _next_odd(value: float) -> int:
    whole = int(np.ceil(value))
    return whole if whole % 2 else whole + 1


def component_strengths(parts: pd.DataFrame, *, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Return how strong trend and season are beside the remainder, 0 (none) to 1.

    Parameters
    ----------
    parts : pandas.DataFrame
        The result of :func:`decompose`.
    by : str or sequence of str, default ()

    Returns
    -------
    pandas.DataFrame
        One row per series: ``by``, ``strength_trend``, ``strength_seasonal``, ``sd_remainder``.

    References
    ----------
    Wang, Smith and Hyndman (2006), Data Mining and Knowledge Discovery 13:335-364.
    """
    names = keys(by)
    need(parts, (*names, "trend", "seasonal", "remainder"), "Strength of components")
    parts = parts[parts["remainder"].notna()]
    work = parts[names].assign(
        _r=parts["remainder"], _t=parts["trend"] + parts["remainder"], _s=parts["seasonal"] + parts["remainder"]
    )
    spread = work.groupby(names, sort=False, dropna=False).var().reset_index() if names else work.var().to_frame().T
    return spread[names].assign(
        strength_trend=(1 - spread["_r"] / spread["_t"]).clip(lower=0),
        strength_seasonal=(1 - spread["_r"] / spread["_s"]).clip(lower=0),
        sd_remainder=np.sqrt(spread["_r"]),
    )


def in_units(parts: pd.DataFrame, *, value: str = "count") -> pd.DataFrame:
    """Return a decomposition made on the log scale in the units of its series, as readers see it.

    Parameters
    ----------
    parts : pandas.DataFrame
        The result of :func:`decompose` with ``transform="log"``.
    value : str, default "count"

    Returns
    -------
    pandas.DataFrame
        The frame with ``trend`` in the units of ``value``, and ``seasonal`` and ``remainder`` as percentages by which they
        lift the trend.
    """
    need(parts, (value, "trend", "seasonal", "remainder"), "A decomposition in units")
    return parts.assign(
        trend=np.exp(parts["trend"]),
        seasonal=np.expm1(parts["seasonal"]) * 100,
        remainder=np.expm1(parts["remainder"]) * 100,
    )
