"""Forecasts of monthly counts, and the back-test that decides whether one may be published."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.regression import count_regression, predict_counts, time_terms
from svd_lib.measures.results import floats, keys, level, need, result
from svd_lib.measures.series import Array, long_rows, month_matrix, months_between
from svd_lib.vocabulary import RESULT_COLUMNS

Method = Literal["seasonal_naive", "ets", "arima", "count_regression"]
METHODS: Final[tuple[Method, ...]] = ("seasonal_naive", "ets", "arima", "count_regression")
FLOOR: Final = "seasonal_naive"
SIMULATION_SEED: Final = 20_230_131
SIMULATED_PATHS: Final = 5_000

METHOD_TITLES: Final[dict[str, str]] = {
    "seasonal_naive": "the same period of the year before",
    "ets": "exponential smoothing",
    "arima": "seasonal ARIMA",
    "count_regression": "regression on season and trend",
}
"""What readers call the methods."""

ETS_CANDIDATES: Final = (
    {"error": "add", "trend": "add", "seasonal": "add"},
    {"error": "add", "trend": "add", "seasonal": "add", "damped_trend": True},
    {"error": "add", "trend": None, "seasonal": "add"},
)
ARIMA_CANDIDATES: Final = tuple(
    {"order": (p, d, q), "seasonal_order": (sp, 1, sq)}
    for (p, d, q), (sp, sq) in product(((0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 1)), ((0, 1), (1, 0)))
)


def forecast(
    frame: pd.DataFrame,
    *,
    method: Method = "seasonal_naive",
    horizon: int = 12,
    by: str | Sequence[str] = (),
    value: str = "count",
    month: str = "month",
    levels: Sequence[float] = (0.8, 0.95),
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Return forecasts of the months after each series' end, with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month (or quarter), at least two years; absent or NaN is missing.
    method : {"seasonal_naive", "ets", "arima", "count_regression"}
        The same month last year; exponential smoothing; seasonal ARIMA; or a quasi-Poisson (or negative binomial)
        regression on calendar month and trend.
    horizon : int, default 12
        Steps ahead.
    by : str or sequence of str, default ()
    value, month : str
    levels : sequence of float, default (0.8, 0.95)
    options : mapping, optional
        ``ets``: ``error, trend, seasonal`` ("add", "mul", None), ``damped_trend``. ``arima``: ``order``,
        ``seasonal_order`` (p, d, q), ``log``, ``back_transform`` (False leaves logarithms), ``mean`` (bool; by default a series that
        is not differenced has one). ``count_regression``: ``family``, ``trend`` (bool). Without them, ``ets`` and ``arima`` choose
        among a short list by AICc; ``arima`` works on logarithms when no count is zero.

    Returns
    -------
    pandas.DataFrame
        One row per series, month ahead and level: ``by``, ``month``, ``method_name``, ``origin`` (last month known), ``step``,
        ``model``, result columns (``value`` the forecast; ``numerator`` and ``denominator`` empty).

    Notes
    -----
    Nominal intervals usually cover too little: publish only what :func:`publication_verdict` lets pass, or give intervals made of
    past errors (:func:`conformal_intervals`). A known future step (a recording change) is beyond any of these methods. Intervals
    of multiplicative smoothing are simulated, always with the same draws.

    References
    ----------
    Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice.
    """
    names = keys(by)
    identity, calendar, values = month_matrix(frame, names, month, value)
    step = months_between(calendar)
    ahead = pd.date_range(calendar[-1], periods=horizon + 1, freq=f"{step}MS")[1:]
    tables = []
    for row in range(len(values)):
        _enough(values[row], 12 // step)
        parts = _fit(method, values[row], calendar, ahead, [level(one) for one in levels], options)
        series = long_rows(identity.iloc[[row]].reset_index(drop=True), month, ahead)
        series = series.assign(method_name=method, origin=calendar[-1], step=np.arange(1, horizon + 1), model=parts["model"])
        tables += [_forecast_rows(series, parts["mean"], *limits, one) for one, limits in parts["limits"].items()]
    return pd.concat(tables, ignore_index=True)


def _fit(
    method: Method,
    values: Array,
    calendar: pd.DatetimeIndex,
    ahead: pd.DatetimeIndex,
    levels: list[float],
    options: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return ``mean``, ``limits`` by level, ``model`` in words and the ``options`` given or chosen."""
    if method not in _FITTERS:
        raise SnaError(f"A forecast method is one of {', '.join(METHODS)}; '{method}' is not.")
    return _FITTERS[method](values, calendar, ahead, levels, dict(options or {}))


def _enough(values: Array, period: int) -> None:
    if (~np.isnan(values)).sum() < 2 * period:
        raise SnaError(f"A forecast needs two years of observed points ({2 * period}); a series has fewer.")


def _forecast_rows(series: pd.DataFrame, mean: Array, lower: Array, upper: Array, one: float) -> pd.DataFrame:
    return result(
        series,
        numerator=np.nan,
        denominator=np.nan,
        value=mean,
        lower=lower,
        upper=upper,
        statistic="forecast count",
        method=series["model"].to_list(),
        confidence=one,
    )


def seasonal_naive_fit(frame: pd.DataFrame, *, value: str = "count", month: str = "month") -> pd.DataFrame:
    """Return one series beside the value of the same month a year before.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per month; absent or NaN is missing.
    value, month : str

    Returns
    -------
    pandas.DataFrame
        ``month``, ``value``, ``fitted``, ``residual`` (missing in the first year and beside gaps).
    """
    _, calendar, values = month_matrix(frame, [], month, value)
    period = 12 // months_between(calendar)
    before = np.r_[np.full(period, np.nan), values[0, :-period]]
    return pd.DataFrame({month: calendar, value: values[0], "fitted": before, "residual": values[0] - before})


def _seasonal_naive(
    values: Array, calendar: pd.DatetimeIndex, ahead: pd.DatetimeIndex, levels: list[float], options: dict[str, Any]
) -> dict[str, Any]:
    period = 12 // months_between(calendar)
    differences = values[period:] - values[:-period]
    sigma = np.sqrt(np.nanmean(differences**2))
    last = np.array([_last_seen(values, len(values) - period + place, period) for place in range(period)])
    steps = np.arange(len(ahead))
    mean = last[steps % period]
    error = sigma * np.sqrt(steps // period + 1)
    limits = {one: (mean - _z(one) * error, mean + _z(one) * error) for one in levels}
    return {"mean": mean, "limits": limits, "model": "seasonal naive", "options": options}


def _last_seen(values: Array, place: int, period: int) -> float:
    history = values[place % period : place + 1 : period]
    seen = history[~np.isnan(history)]
    return float(seen[-1]) if len(seen) else float("nan")


def _z(one: float) -> float:
    return float(stats.norm.isf((1 - one) / 2))


def _ets(
    values: Array, calendar: pd.DatetimeIndex, ahead: pd.DatetimeIndex, levels: list[float], options: dict[str, Any]
) -> dict[str, Any]:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    period = 12 // months_between(calendar)
    series = pd.Series(_filled(values, period), index=calendar)
    candidates = [options] if options else ETS_CANDIDATES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [
            ETSModel(series, seasonal_periods=period, **candidate).fit(disp=False, maxiter=2_000)
            for candidate in candidates
        ]
    chosen = min(range(len(fits)), key=lambda place: fits[place].aicc)
    mean, limits = _ets_prediction(fits[chosen], candidates[chosen], period, len(ahead), levels)
    return {
        "mean": mean,
        "limits": limits,
        "model": f"ETS {_ets_name(candidates[chosen])}",
        "options": candidates[chosen],
    }


def _ets_prediction(
    fit: Any, options: Mapping[str, Any], period: int, steps: int, levels: list[float]
) -> tuple[Array, dict[float, tuple[Array, Array]]]:
    """Return point forecasts and limits: exact for additive models, from seeded paths for multiplicative ones."""
    still = {"nsimulations": steps, "anchor": "end", "rng": np.random.default_rng(SIMULATION_SEED)}
    mean = np.asarray(fit.simulate(repetitions=1, random_errors=np.zeros((steps, 1)), **still), float).ravel()
    if "mul" in (options.get("error"), options.get("trend"), options.get("seasonal")):
        paths = np.asarray(fit.simulate(repetitions=SIMULATED_PATHS, **still), float)
        return mean, {one: tuple(np.quantile(paths, [(1 - one) / 2, (1 + one) / 2], axis=1)) for one in levels}
    error = np.sqrt(fit.mse * _additive_growth(fit, options, period, steps))
    return mean, {one: (mean - _z(one) * error, mean + _z(one) * error) for one in levels}


def _additive_growth(fit: Any, options: Mapping[str, Any], period: int, steps: int) -> Array:
    """Return the variance of forecast errors over that of one step (Hyndman, Koehler, Ord and Snyder 2008, table 6.1)."""
    lag = np.arange(1, steps)
    damping = float(fit.damping_trend) if options.get("damped_trend") else 1.0
    weight = np.full(len(lag), float(fit.smoothing_level))
    if options.get("trend"):
        weight += float(fit.smoothing_trend) * np.cumsum(damping**lag)
    if options.get("seasonal"):
        weight += float(fit.smoothing_seasonal) * (lag % period == 0)
    return 1 + np.r_[0.0, np.cumsum(weight**2)]


def _ets_name(options: Mapping[str, Any]) -> str:
    letter = {"add": "A", "mul": "M", None: "N"}
    trend = letter[options.get("trend")] + ("d" if options.get("damped_trend") else "")
    return f"({letter[options.get('error', 'add')]},{trend},{letter[options.get('seasonal')]})"


def _filled(values: Array, period: int) -> Array:
    """Return the series with gaps bridged by the mean of the same month a year before and after, where a method needs it."""
    gaps = np.flatnonzero(np.isnan(values))
    out = values.copy()
    for gap in gaps:
        near = [values[place] for place in (gap - period, gap + period) if 0 <= place < len(values)]
        seen = [one for one in near if not np.isnan(one)]
        out[gap] = np.mean(seen) if seen else np.nanmean(values)
    return out


def arima_fit(
    values: ArrayLike,
    *,
    order: Sequence[int],
    seasonal_order: Sequence[int] = (0, 0, 0),
    period: int = 12,
    log: bool = False,
    mean: bool | None = None,
) -> pd.DataFrame:
    """Return the likelihood and coefficients of a (seasonal) ARIMA by exact maximum likelihood.

    Parameters
    ----------
    values : array-like, shape (times,)
        One series; NaN is missing.
    order : sequence of three int
        Autoregressive terms, differences, moving-average terms.
    seasonal_order : sequence of three int, default (0, 0, 0)
    period : int, default 12
        Points in a season.
    log : bool, default False
        Model the logarithms.
    mean : bool, optional
        Fit a mean; by default only of a series that is not differenced.

    Returns
    -------
    pandas.DataFrame
        One row per coefficient: ``term`` ("mean", "ar.L1", "ma.L1", "ma.S.L12", ..., "sigma2"), ``estimate, standard_error``, and on
        each ``loglik`` (exact, of the differenced series), ``aic``, ``aicc``.

    References
    ----------
    Box and Jenkins (1970); Durbin and Koopman (2012), Time Series Analysis by State Space Methods.
    """
    series = np.log(np.asarray(values, float)) if log else np.asarray(values, float)
    model = _sarimax(series, tuple(order), _season(seasonal_order, period), mean, covariance="approx")
    names = ["mean" if name == "const" else name for name in model.param_names]
    terms = pd.DataFrame({"term": names, "estimate": model.params, "standard_error": model.bse})
    return terms.assign(loglik=float(model.llf), aic=float(model.aic), aicc=float(model.aicc))


def _season(seasonal_order: Sequence[int], period: int) -> tuple[int, ...]:
    """Return the seasonal part with its period; none at all where it has no term."""
    parts = tuple(seasonal_order[:3])
    return (*parts, period if any(parts) else 0)


def _sarimax(
    values: Array, order: tuple[int, ...], seasonal: tuple[int, ...], mean: bool | None = None, covariance: str = "none"
) -> Any:
    """Fit on the differenced series, whose state is half as large."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    is_differenced = bool(order[1] or seasonal[1])
    if mean and is_differenced:
        raise SnaError("A differenced series has no mean; leave `mean` out.")
    shape = {"order": order, "seasonal_order": seasonal, "simple_differencing": is_differenced}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SARIMAX(values, exog=_constant(len(values), order, seasonal, mean), **shape)
        return model.fit(disp=False, maxiter=200, cov_type=covariance)


def _constant(length: int, order: tuple[int, ...], seasonal: tuple[int, ...], mean: bool | None) -> Array | None:
    """Return a column of ones where the series has a mean."""
    return None if mean is False or order[1] or seasonal[1] else np.ones(length)


def _undifferenced(values: Array, order: tuple[int, ...], seasonal: tuple[int, ...], mean: bool | None) -> Any:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    return SARIMAX(values, order=order, seasonal_order=seasonal, exog=_constant(len(values), order, seasonal, mean))


def _arima(
    values: Array, calendar: pd.DatetimeIndex, ahead: pd.DatetimeIndex, levels: list[float], options: dict[str, Any]
) -> dict[str, Any]:
    period = 12 // months_between(calendar)
    log = options.get("log", bool(np.nanmin(values) > 0))
    series = np.log(values) if log else values
    candidates = [options] if "order" in options else ARIMA_CANDIDATES
    orders = [(tuple(one["order"]), _season(one.get("seasonal_order", (0, 0, 0)), period)) for one in candidates]
    mean = options.get("mean")
    fits = [_sarimax(series, *one, mean) for one in orders]
    # differencing costs points, so AICc is compared per point
    chosen = int(np.argmin([fit.aicc / fit.nobs for fit in fits]))
    fitted = _undifferenced(series, *orders[chosen], mean).filter(fits[chosen].params)
    prediction = fitted.get_forecast(len(ahead), exog=_constant(len(ahead), *orders[chosen], mean))
    back = np.exp if log and options.get("back_transform", True) else np.asarray
    limits = {one: tuple(back(side) for side in prediction.conf_int(alpha=1 - one).T) for one in levels}
    name = f"ARIMA{orders[chosen][0]}{orders[chosen][1][:3]}[{period}]{' of the logarithm' if log else ''}".replace(
        " ", "", 2
    )
    kept = {"log": log, **candidates[chosen]}
    return {"mean": back(prediction.predicted_mean), "limits": limits, "model": name, "options": kept}


def _count_regression(
    values: Array, calendar: pd.DatetimeIndex, ahead: pd.DatetimeIndex, levels: list[float], options: dict[str, Any]
) -> dict[str, Any]:
    family, trend = options.get("family", "quasipoisson"), options.get("trend", True)
    terms = time_terms(pd.DataFrame({"month": calendar, "count": values}))
    later = time_terms(pd.DataFrame({"month": ahead}), origin=calendar[0].year)
    fit = count_regression(terms, f"count ~ C(calendar_month){' + years' if trend else ''}", family=family)
    rows = predict_counts(fit, later, levels)
    parts = {one: rows[rows["confidence"] == one] for one in levels}
    limits = {one: (part["lower_ci"].to_numpy(), part["upper_ci"].to_numpy()) for one, part in parts.items()}
    mean = parts[levels[0]]["value"].to_numpy()
    model = f"{family} regression, month" + (" + trend" if trend else "")
    return {"mean": mean, "limits": limits, "model": model, "options": options}


_FITTERS: Final = {
    "seasonal_naive": _seasonal_naive,
    "ets": _ets,
    "arima": _arima,
    "count_regression": _count_regression,
}


def accuracy(
    frame: pd.DataFrame,
    *,
    actual: str = "actual",
    predicted: str = "value",
    training: ArrayLike | None = None,
    period: int = 12,
) -> pd.DataFrame:
    """Return the errors of one series of forecasts.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per forecast, in order of time; rows without an actual value are left out.
    actual, predicted : str
    training : array-like, optional
        History that scales MASE: the mean absolute difference to the same month a year before.
    period : int, default 12

    Returns
    -------
    pandas.DataFrame
        One row: ``ME, RMSE, MAE, MPE, MAPE`` (per cent), ``MASE``, ``ACF1`` (of the errors), ``theils_u``.

    References
    ----------
    Hyndman and Koehler (2006), International Journal of Forecasting 22:679-688.
    """
    need(frame, (actual, predicted), "Accuracy")
    pairs = frame[[actual, predicted]].astype(float).dropna()
    true, guess = pairs[actual].to_numpy(), pairs[predicted].to_numpy()
    error = true - guess
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 100 * error / true
        moved, meant = true[1:] / true[:-1] - 1, guess[1:] / true[:-1] - 1
        theil = np.sqrt(((meant - moved) ** 2).sum() / (moved**2).sum())
    scale = _mase_scale(training, period) if training is not None else np.nan
    centred = error - error.mean()
    row = {
        "ME": error.mean(),
        "RMSE": np.sqrt((error**2).mean()),
        "MAE": np.abs(error).mean(),
        "MPE": share.mean(),
        "MAPE": np.abs(share).mean(),
        "MASE": np.abs(error).mean() / scale,
        "ACF1": (centred[1:] * centred[:-1]).sum() / (centred**2).sum(),
        "theils_u": theil,
    }
    return pd.DataFrame([row])


def _mase_scale(training: ArrayLike, period: int = 12) -> float:
    """Return the mean absolute difference between values a cycle apart, gaps left out."""
    values = floats(training)
    return float(np.nanmean(np.abs(values[period:] - values[:-period])))


def backtest(
    frame: pd.DataFrame,
    *,
    methods: Sequence[Method] = METHODS,
    by: str | Sequence[str] = (),
    value: str = "count",
    month: str = "month",
    horizon: int = 12,
    initial: int = 48,
    step: int = 1,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """Return forecasts from rolling origins beside what happened.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month; absent or NaN is missing and is not scored.
    methods : sequence of str
    by : str or sequence of str, default ()
    value, month : str
    horizon : int, default 12
    initial : int, default 48
        Points before the first origin.
    step : int, default 1
        Points from one origin to the next.
    options : mapping of method to options, optional
        As in :func:`forecast`; what is not given is chosen at the first origin and kept.

    Returns
    -------
    pandas.DataFrame
        One row per series, method, origin, step ahead and level: ``by``, ``method_name``, ``origin``, ``month``,
        ``step``, ``actual``, ``scale`` (of MASE, from the history), result columns (levels 0.8 and 0.95).
    """
    names = keys(by)
    identity, calendar, values = month_matrix(frame, names, month, value)
    if len(calendar) < initial + 1:
        raise SnaError(
            f"A back-test needs more than {initial} points; the series has {len(calendar)}. Lower `initial`."
        )
    tables = [
        _backtest_series(values[row], calendar, methods, horizon, initial, step, options or {}).merge(
            identity.iloc[[row]], how="cross"
        )
        for row in range(len(values))
    ]
    rows = pd.concat(tables, ignore_index=True).rename(columns={"month": month})
    order = [*names, *(column for column in rows.columns if column not in (*names, *RESULT_COLUMNS)), *RESULT_COLUMNS]
    return rows[order]


def _backtest_series(
    values: Array,
    calendar: pd.DatetimeIndex,
    methods: Sequence[Method],
    horizon: int,
    initial: int,
    step: int,
    options: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """Return every forecast of one series; a model is chosen at the first origin and fitted anew at each."""
    chosen: dict[str, Mapping[str, Any]] = dict(options)
    tables = []
    for cut in range(initial, len(calendar), step):
        past, ahead = values[:cut], calendar[cut : cut + horizon]
        scale = _mase_scale(past, 12 // months_between(calendar))
        for method in methods:
            parts = _fit(method, past, calendar[:cut], ahead, [0.8, 0.95], chosen.get(method))
            chosen[method] = parts["options"]
            series = pd.DataFrame({"month": ahead, "step": np.arange(1, len(ahead) + 1), "model": parts["model"]})
            series = series.assign(
                method_name=method, origin=calendar[cut - 1], actual=values[cut : cut + horizon], scale=scale
            )
            tables += [_forecast_rows(series, parts["mean"], *limits, one) for one, limits in parts["limits"].items()]
    return pd.concat(tables, ignore_index=True)


def conformal_intervals(
    forecasts: pd.DataFrame, history: pd.DataFrame, *, by: str | Sequence[str] = (), month: str = "month"
) -> pd.DataFrame:
    """Return forecasts with intervals made of the errors that the same method made before, as many steps ahead.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        The result of :func:`forecast`, or of :func:`backtest` itself: each origin then sees only errors known by then.
    history : pandas.DataFrame
        The result of :func:`backtest`.
    by : str or sequence of str, default ()
    month : str

    Returns
    -------
    pandas.DataFrame
        The forecasts with new ``lower_ci, upper_ci`` and ``method``; both limits missing where too few errors are known for the
        level (95% takes 19, 80% takes 4). Limits are not below zero unless the forecast is.

    Notes
    -----
    The reach is the ``ceil((n + 1) * level)``-th smallest absolute error: if errors to come are like those before, in any order, the
    interval covers at least its level whatever the model. Errors of one series depend on one another, so measure coverage too.

    References
    ----------
    Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World; Lei et al. (2018), JASA 113:1094-1111.
    """
    names = [*keys(by), "method_name", "step"]
    need(forecasts, (*names, "origin", "value", "confidence"), "Conformal intervals")
    need(history, (*names, month, "actual", "value"), "Conformal intervals")
    seen = history[history["actual"].notna()].drop_duplicates([*names, month])
    errors = seen[[*names, month]].assign(_error=(seen["actual"] - seen["value"]).abs())
    known = dict(list(errors.groupby(names, sort=False, dropna=False)))
    reach = np.full(len(forecasts), np.nan)
    for key, places in forecasts.groupby(names, sort=False, dropna=False).indices.items():
        rows = forecasts.iloc[places]
        reach[places] = _error_quantiles(known.get(key), rows["origin"], rows["confidence"], month)
    value = forecasts["value"].to_numpy(float)
    lower = np.where(value >= 0, np.maximum(value - reach, 0.0), value - reach)
    how = forecasts["method"].astype(str) + ", conformal"
    return forecasts.assign(lower_ci=np.where(np.isnan(reach), np.nan, lower), upper_ci=value + reach, method=how)


def _error_quantiles(errors: pd.DataFrame | None, origins: pd.Series, levels: pd.Series, month: str) -> Array:
    """Return the order statistic of the errors known at each origin; missing where the level needs more of them."""
    out = np.full(len(origins), np.nan)
    if errors is None:
        return out
    size, when = errors["_error"].to_numpy(), errors[month].to_numpy()
    for place, (origin, one) in enumerate(zip(origins.to_numpy(), levels, strict=True)):
        past = np.sort(size[when <= origin])
        rank = int(np.ceil((len(past) + 1) * one - 1e-9))
        out[place] = past[rank - 1] if 0 < rank <= len(past) else np.nan
    return out


def backtest_scores(rows: pd.DataFrame, *, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Return each method's scores over a back-test.

    Parameters
    ----------
    rows : pandas.DataFrame
        The result of :func:`backtest`, or of :func:`conformal_intervals` on it; rows without limits are not scored.
    by : str or sequence of str, default ()

    Returns
    -------
    pandas.DataFrame
        ``by``, ``method_name``, ``forecasts``, ``origins``, ``MAE``, ``MASE`` (mean of errors over their own scale),
        ``coverage_80``, ``coverage_95`` (shares), ``interval_score_80``, ``interval_score_95`` (mean, in counts), ``scored_80,
        scored_95`` (intervals scored).

    References
    ----------
    Gneiting and Raftery (2007), JASA 102:359-378 (interval score).
    """
    names = [*keys(by), "method_name"]
    need(rows, (*names, "actual", "scale", "value", "lower_ci", "upper_ci", "confidence"), "Scores of a back-test")
    seen = rows[rows[["actual", "lower_ci", "upper_ci"]].notna().all(axis=1)]
    error = (seen["actual"] - seen["value"]).abs()
    alpha = 1 - seen["confidence"]
    below, above = (seen["lower_ci"] - seen["actual"]).clip(lower=0), (seen["actual"] - seen["upper_ci"]).clip(lower=0)
    work = seen[[*names, "confidence", "origin"]].assign(
        MAE=error,
        MASE=error / seen["scale"],
        coverage=((below == 0) & (above == 0)).astype(float),
        interval_score=seen["upper_ci"] - seen["lower_ci"] + 2 / alpha * (below + above),
    )
    one = work[work["confidence"] == work["confidence"].max()].groupby(names, sort=False)
    table = one.agg(
        forecasts=("MAE", "size"), origins=("origin", "nunique"), MAE=("MAE", "mean"), MASE=("MASE", "mean")
    )
    for share, part in work.groupby("confidence"):
        means = part.groupby(names, sort=False).agg(
            coverage=("coverage", "mean"), interval_score=("interval_score", "mean"), scored=("coverage", "size")
        )
        table = table.join(means.add_suffix(f"_{100 * share:.0f}"), validate="one_to_one")
    return table.reset_index()


def publication_verdict(
    scores: pd.DataFrame, *, by: str | Sequence[str] = (), floor: str = FLOOR, significance: float = 0.05
) -> pd.DataFrame:
    """Return which forecasts may be published: those that beat the floor and cover what they claim.

    Parameters
    ----------
    scores : pandas.DataFrame
        The result of :func:`backtest_scores`.
    by : str or sequence of str, default ()
    floor : str, default "seasonal_naive"
        Method whose MASE is to be beaten.
    significance : float, default 0.05
        Coverage fails when a two-sided binomial test against its nominal level, with as many trials as intervals scored, is
        significant at this level.

    Returns
    -------
    pandas.DataFrame
        The scores plus ``beats_floor``, ``p_coverage_80``, ``p_coverage_95``, ``covers``, ``is_publishable`` and
        ``reason`` (a sentence).

    Notes
    -----
    Forecasts from overlapping windows depend on one another, so the binomial test is stricter than its level says.
    """
    names = keys(by)
    need(scores, (*names, "method_name", "MASE", "forecasts"), "A verdict on forecasts")
    lowest = scores.loc[scores["method_name"] == floor, [*names, "MASE"]].rename(columns={"MASE": "_floor"})
    if lowest.empty:
        raise SnaError(f"The scores hold no row of the floor '{floor}'; back-test it with the others.")
    how = {"on": names, "how": "left", "validate": "many_to_one"} if names else {"how": "cross"}
    table = scores.merge(lowest, **how)
    beats = table["MASE"] < table.pop("_floor")
    shares = [name for name in table.columns if name.startswith("coverage_")]
    trials = {name: table.get(name.replace("coverage", "scored"), table["forecasts"]) for name in shares}
    tests = {f"p_{name}": _coverage_p(table[name], trials[name], float(name[9:]) / 100) for name in shares}
    covers = pd.DataFrame(tests, index=table.index).ge(significance).all(axis=1)
    reasons = np.select(
        [table["method_name"] == floor, ~beats & ~covers, ~beats, ~covers],
        [
            "The floor that others are measured against.",
            "Not published: no better than the same period last year, and its intervals do not cover what they claim.",
            "Not published: no better than the same period last year.",
            "Not published: its intervals do not cover what they claim.",
        ],
        "Published: better than the same period last year, and its intervals cover what they claim.",
    )
    return table.assign(
        beats_floor=beats, **tests, covers=covers, is_publishable=beats & covers, reason=reasons.astype(object)
    )


def publication_test(
    frame: pd.DataFrame,
    *,
    methods: Sequence[Method] = METHODS,
    value: str = "count",
    month: str = "month",
    horizon: int = 12,
    initial: int = 48,
    step: int = 1,
    floor: str = FLOOR,
) -> pd.DataFrame:
    """Return how each method did on the past of one series, in the words of the rule that decides on publication.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per month (or quarter); absent or NaN is missing.
    methods, value, month, horizon, initial, step
        As :func:`backtest`.
    floor : str, default "seasonal_naive"

    Returns
    -------
    pandas.DataFrame
        The rows of :func:`publication_verdict` with ``title`` (the method's name for readers), ``relative_error`` (mean absolute
        error over that of the floor) and ``coverage_80_pct, coverage_95_pct``, smallest error first. No row when the series is too short for one origin.
    """
    if len(frame) <= initial:
        return pd.DataFrame(columns=[*VERDICT_COLUMNS])
    rows = backtest(frame[[month, value]], methods=methods, value=value, month=month, horizon=horizon, initial=initial, step=step)
    verdict = publication_verdict(backtest_scores(rows), floor=floor)
    lowest = float(verdict.loc[verdict["method_name"] == floor, "MAE"].iloc[0])
    named = verdict.assign(title=verdict["method_name"].map(METHOD_TITLES), relative_error=verdict["MAE"] / lowest)
    named = named.assign(**{f"coverage_{one}_pct": named[f"coverage_{one}"] * 100 for one in (80, 95)})
    return named.sort_values("MAE", kind="stable").reset_index(drop=True)[[*VERDICT_COLUMNS]]


VERDICT_COLUMNS: Final = (
    "method_name", "title", "forecasts", "origins", "MAE", "MASE", "relative_error", "coverage_80", "coverage_95",
    "coverage_80_pct", "coverage_95_pct", "interval_score_80", "interval_score_95",
    "beats_floor", "p_coverage_80", "p_coverage_95", "covers", "is_publishable", "reason",
)  # fmt: skip


def publication_decision(
    verdict: pd.DataFrame, *, known_to: pd.Timestamp | str, wanted_from: pd.Timestamp | str, reach_months: int = 12, floor: str = FLOOR
) -> pd.DataFrame:
    """Return whether a forecast is published, and why or why not, in a sentence.

    Parameters
    ----------
    verdict : pandas.DataFrame
        The result of :func:`publication_test`.
    known_to : timestamp
        Last day of the newest period held.
    wanted_from : timestamp
        Day after which readers want to know what comes (the end of the edition).
    reach_months : int, default 12
        How far ahead the methods were tested.
    floor : str, default "seasonal_naive"

    Returns
    -------
    pandas.DataFrame
        One row: result columns (``value`` and ``numerator`` the methods that passed, ``denominator`` those tried beside the floor; no
        interval; missing without a verdict), ``forecasts`` (scored for each), ``method_name`` (of those that passed, the one with the
        smallest error; empty without one), ``is_published``, ``reason``.
    """
    need(verdict, ("method_name", "title", "forecasts", "is_publishable"), "A decision on publication")
    tried = verdict[verdict["method_name"] != floor]
    passed = int(tried["is_publishable"].sum())
    known, wanted = pd.Timestamp(known_to), pd.Timestamp(wanted_from)
    behind = (wanted.year - known.year) * 12 + wanted.month - known.month
    reason = "A forecast is published."
    if not passed:
        reason = "So no forecast is published."
    elif behind >= reach_months:
        reason = f"No forecast is published all the same: the newest figures held end {behind} months before this edition does, further back than a forecast reaches."
    many = float(len(tried)) if len(tried) else np.nan
    row = result(
        pd.DataFrame(index=[0]), numerator=passed if len(tried) else np.nan, denominator=many, value=passed if len(tried) else np.nan,
        lower=np.nan, upper=np.nan, statistic="methods that pass", method="rolling-origin back-test", confidence=np.nan,
    )  # fmt: skip
    best = tried.loc[tried["is_publishable"].astype(bool), "method_name"].head(1).sum() or ""
    count = int(verdict["forecasts"].iloc[0]) if len(verdict) else 0
    return row.assign(forecasts=count, method_name=best, is_published=bool(passed) and behind < reach_months, reason=reason)


def published_forecast(
    frame: pd.DataFrame, decision: pd.DataFrame, *, horizon: int = 12, value: str = "count", month: str = "month", confidence: float = 0.95
) -> pd.DataFrame:
    """Return the forecast that was decided on; no row where none is published.

    Parameters
    ----------
    frame : pandas.DataFrame
        The series that was tested.
    decision : pandas.DataFrame
        The result of :func:`publication_decision`.
    horizon, value, month
        As :func:`forecast`.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        As :func:`forecast` with one level; empty, with its columns, where nothing is published.
    """
    need(decision, ("is_published", "method_name"), "A published forecast")
    if not bool(decision["is_published"].iloc[0]):
        return pd.DataFrame(columns=[month, "method_name", "origin", "step", "model", *RESULT_COLUMNS])
    how = {"method": decision["method_name"].iloc[0], "horizon": horizon, "levels": (confidence,)}
    return forecast(frame[[month, value]], value=value, month=month, **how)


def _coverage_p(share: pd.Series, trials: pd.Series, nominal: float) -> NDArray[np.float64]:
    hits = np.round(share * trials).astype(int)
    return np.array([stats.binomtest(int(k), int(n), nominal).pvalue for k, n in zip(hits, trials, strict=True)])
