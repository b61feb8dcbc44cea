"""Confidence limits of counts, proportions and ratios of counts, as arrays; every family builds on these."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from svd_lib.errors import SnaError
from svd_lib.measures.results import level

EXACT_BELOW = 10
"""Number of events under which Byar's approximation gives way to exact Poisson limits."""

POISSON_NAMES: Final = {"exact": "exact Poisson", "byar": "Byar"}
"""What a result calls its Poisson limits."""

PoissonMethod = Literal["auto", "exact", "byar"]
RatioMethod = Literal["wald", "exact", "midp"]
Limits = tuple[NDArray[np.float64], NDArray[np.float64]]


def z_value(confidence: float) -> float:
    """Return the two-sided standard normal quantile, e.g. 0.95 -> 1.959964."""
    return float(stats.norm.isf((1 - level(confidence)) / 2))


def poisson_limits(events: ArrayLike, confidence: float = 0.95, method: PoissonMethod = "auto") -> Limits:
    """Return lower and upper limits of Poisson counts.

    Parameters
    ----------
    events : array-like, shape (n,)
        Observed events, zero or more; NaN gives NaN.
    confidence : float, default 0.95
    method : {"auto", "exact", "byar"}
        ``auto`` is exact below 10 events and Byar from 10.

    Returns
    -------
    lower, upper : arrays, shape (n,), events

    Raises
    ------
    SnaError
        For negative events or an unknown method.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, section 2.3 (exact and Byar's limits).
    """
    observed = np.asarray(events, dtype=float)
    if (observed < 0).any():
        raise SnaError("A number of events is below zero; correct the counts before computing limits.")
    if method not in ("auto", "exact", "byar"):
        raise SnaError(f"Poisson limits are 'auto', 'exact' or 'byar', not '{method}'.")
    exact = _exact_poisson(observed, confidence)
    if method == "exact":
        return exact
    byar = _byar(observed, confidence)
    if method == "byar":
        return byar
    few = observed < EXACT_BELOW
    return np.where(few, exact[0], byar[0]), np.where(few, exact[1], byar[1])


def _exact_poisson(observed: NDArray[np.float64], confidence: float) -> Limits:
    tail = (1 - level(confidence)) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(observed == 0, 0.0, stats.chi2.ppf(tail, 2 * observed) / 2)
        upper = stats.chi2.isf(tail, 2 * observed + 2) / 2
    return np.where(np.isnan(observed), np.nan, lower), upper


def _byar(observed: NDArray[np.float64], confidence: float) -> Limits:
    z = z_value(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = observed * (1 - 1 / (9 * observed) - z / (3 * np.sqrt(observed))) ** 3
    above = observed + 1
    upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return np.where(observed == 0, 0.0, np.maximum(lower, 0.0)), upper


def poisson_names(events: NDArray[np.float64], method: PoissonMethod) -> list[str | None]:
    """Return the name of the Poisson limits used for each count; none for a missing count."""
    exact = (method == "exact") | ((method == "auto") & (events < EXACT_BELOW))
    names = np.where(exact, POISSON_NAMES["exact"], POISSON_NAMES["byar"])
    return [None if missing else str(name) for name, missing in zip(names, np.isnan(events), strict=True)]


def poisson_limit_by_bisection(
    events: ArrayLike, tail: float, side: Literal["lower", "upper"], step: float = 1e-7, negligible: float = 1e-10
) -> NDArray[np.float64]:
    """Return exact Poisson limits found by halving intervals, to a chosen resolution.

    Parameters
    ----------
    events : array-like, shape (n,)
        Observed events.
    tail : float
        Probability beyond the limit (0.025 for 95%).
    side : {"lower", "upper"}
    step : float, default 1e-7
        The search on ``x / (1 + events + x)`` ends when its step is no longer above this.
    negligible : float, default 1e-10
        Poisson terms under this share of the sum so far are left out.

    Returns
    -------
    array, shape (n,), events

    References
    ----------
    Pezzullo, Exact Confidence Intervals for Samples from the Binomial and Poisson Distributions (statpages.info).
    """
    observed = np.asarray(events, dtype=float)
    share, width = np.full(observed.shape, 0.5), 0.5
    while width > step:
        width /= 2
        below, at_most = _truncated_poisson(observed, (1 + observed) * share / (1 - share), negligible)
        beyond = 1 - below > tail if side == "lower" else at_most < tail
        share = np.where(beyond, share - width, share + width)
    limit = (1 + observed) * share / (1 - share)
    return np.where((observed == 0) & (side == "lower"), 0.0, limit)


def _truncated_poisson(observed: NDArray[np.float64], mean: NDArray[np.float64], negligible: float) -> Limits:
    """Return P(X < observed) and P(X <= observed) of a Poisson series cut off at its negligible terms."""
    top = int(np.ceil(mean.max() + 10 * np.sqrt(mean.max()) + 30))
    k = np.arange(top)
    terms = stats.poisson.pmf(k, mean[:, None])
    sums = np.cumsum(terms, axis=1)
    stop = (k[1:] >= mean[:, None]) & (terms[:, 1:] <= negligible * sums[:, :-1])
    total = np.take_along_axis(sums, np.argmax(stop, axis=1)[:, None], axis=1)[:, 0]
    whole = np.minimum(observed, top - 1).astype(int)[:, None]
    at_most = np.take_along_axis(sums, whole, axis=1)[:, 0]
    below = at_most - np.take_along_axis(terms, whole, axis=1)[:, 0]
    return below / total, np.minimum(at_most / total, 1.0)


def wilson_limits(events: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> Limits:
    """Return Wilson score limits of proportions.

    Parameters
    ----------
    events, trials : array-like, shape (n,)
        Need not be whole (an effective sample size is not); zero trials give NaN.
    confidence : float, default 0.95

    Returns
    -------
    lower, upper : arrays, shape (n,), proportions between 0 and 1

    References
    ----------
    Wilson (1927), JASA 22:209-212; Newcombe (1998), Statistics in Medicine 17:857-872.
    """
    x, n = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    if (x < 0).any() or (x > n).any():
        raise SnaError("A proportion needs 0 <= events <= trials in every row.")
    z = z_value(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, spread = 2 * x + z**2, z * np.sqrt(z**2 + 4 * x * (1 - x / n))
        lower, upper = (centre - spread) / (2 * (n + z**2)), (centre + spread) / (2 * (n + z**2))
    lower, upper = np.where(x == 0, 0.0, lower), np.where(x == n, 1.0, upper)
    missing = np.isnan(x) | np.isnan(n) | (n <= 0)
    return np.where(missing, np.nan, lower), np.where(missing, np.nan, upper)


def poisson_ratio_limits(
    events: ArrayLike,
    reference_events: ArrayLike,
    scale: ArrayLike = 1.0,
    confidence: float = 0.95,
    method: RatioMethod = "wald",
    dispersion: ArrayLike = 1.0,
    resolution: float = 1e-15,
) -> Limits:
    """Return limits of the ratio of two Poisson rates.

    Parameters
    ----------
    events, reference_events : array-like, shape (n,)
        Counts above and below the line.
    scale : array-like
        Exposure below the line over exposure above it; the ratio is ``events / reference_events * scale``.
    confidence : float, default 0.95
    method : {"wald", "exact", "midp"}
        Normal on the log ratio; or conditional on the total (binomial), Clopper-Pearson or mid-P.
    dispersion : array-like, default 1
        Variance over mean; multiplies the variance of the log ratio (Wald only).
    resolution : float, default 1e-15
        Where the search for mid-P limits ends, see :func:`mid_p_share`.

    Returns
    -------
    lower, upper : arrays, shape (n,)
        NaN where both counts are zero or, for Wald, where either is.

    References
    ----------
    Rothman, Greenland and Lash (2008), Modern Epidemiology, chapter 14.
    """
    a, b, scale, phi = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (events, reference_events, scale, dispersion))
    )
    if method == "wald":
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = z_value(confidence) * np.sqrt(phi * (1 / a + 1 / b))
            ratio = np.where((a > 0) & (b > 0), a / b * scale, np.nan)
            return ratio * np.exp(-spread), ratio * np.exp(spread)
    if method not in ("exact", "midp"):
        raise SnaError(f"Limits of a rate ratio are 'wald', 'exact' or 'midp', not '{method}'.")
    if (phi != 1).any():
        raise SnaError("Exact and mid-P limits of a rate ratio take no dispersion; use method='wald'.")
    if method == "exact":
        lower, upper = _clopper_pearson(a, a + b, confidence)
    else:
        tail = (1 - level(confidence)) / 2
        lower, upper = (mid_p_share(a, a + b, one, resolution) for one in (1 - tail, tail))
    with np.errstate(divide="ignore", invalid="ignore"):
        return lower / (1 - lower) * scale, upper / (1 - upper) * scale


def _clopper_pearson(x: NDArray[np.float64], n: NDArray[np.float64], confidence: float) -> Limits:
    tail = (1 - level(confidence)) / 2
    lower = np.where(x == 0, 0.0, stats.beta.ppf(tail, x, n - x + 1))
    upper = np.where(x == n, 1.0, stats.beta.isf(tail, x + 1, n - x))
    missing = np.isnan(x) | np.isnan(n) | (n == 0)
    return np.where(missing, np.nan, lower), np.where(missing, np.nan, upper)


def mid_p_share(events: ArrayLike, trials: ArrayLike, tail: float, resolution: float = 1e-15) -> NDArray[np.float64]:
    """Return the binomial share p at which P(X < events) + P(X = events)/2 equals ``tail``.

    ``tail`` 0.5 gives the median-unbiased estimate, 0.975 and 0.025 the 95% mid-P limits. Brent's search for p ends at
    ``resolution``; 0.0001220703125 (2 to the power -13) reproduces tables made with R's default for it.
    """
    x, n = np.broadcast_arrays(np.asarray(events, float), np.asarray(trials, float))
    out = np.full(x.shape, np.nan)
    for place in np.ndindex(x.shape):
        if n[place] > 0:
            out[place] = _mid_p_root(x[place], n[place], tail, resolution)
    return out


def _mid_p_root(x: float, n: float, tail: float, resolution: float) -> float:
    def excess(p: float) -> float:
        return float(stats.binom.cdf(x, n, p) - stats.binom.pmf(x, n, p) / 2) - tail

    if excess(0.0) <= 0:
        return 0.0
    if excess(1.0) >= 0:
        return 1.0
    return float(optimize.brentq(excess, 0.0, 1.0, xtol=resolution, rtol=4 * np.finfo(float).eps))
