"""Empirical Bayes smoothing of area rates: small areas lean on the whole, or on their surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import poisson_limits
from svd_lib.measures.results import floats, need, result
from svd_lib.measures.spatial_weights import spatial_weights

Islands = Literal["missing", "global"]
Departures = Literal["own", "shared"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RatePrior:
    """What the areas say together: mean and variance of the underlying rate, in events per unit of the denominator."""

    mean: Floats
    variance: Floats


def empirical_bayes_prior(numerator: ArrayLike, denominator: ArrayLike) -> RatePrior:
    """Estimate the mean and variance of the underlying rates by Marshall's moments.

    Parameters
    ----------
    numerator, denominator : array-like, shape (n,)
        Events and population at risk of each area; rows with either missing or no population are left out.

    Returns
    -------
    RatePrior
        ``mean`` = sum of events over sum of population; ``variance`` = the variance between areas beyond chance,
        never below zero. Both are events per unit of the denominator.

    References
    ----------
    Marshall (1991), Applied Statistics 40:283-294.
    """
    events, population = _usable(numerator, denominator)
    return RatePrior(*(np.float64(part) for part in _moments(events, population)))


def empirical_bayes(
    frame: pd.DataFrame,
    numerator: str = "numerator",
    denominator: str = "denominator",
    *,
    multiplier: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Smooth area rates towards the rate of all areas together (global empirical Bayes).

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area
        With the two count columns named next; other columns are carried through.
    numerator, denominator : str
        Columns of events and of population at risk.
    multiplier : float, default 1
        Rates are per this many, such as 1000.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        The frame's other columns, ``raw_value`` (rate before smoothing, same unit), ``shrinkage`` (0 = own rate, 1 = the
        overall rate) and the result columns. Missing counts, and areas with no population, give missing values.

    Notes
    -----
    The limits are those of the gamma distribution with the prior's mean and variance, updated by the area's own events; where
    areas differ no more than chance, they are the limits of the overall rate. Use for maps and ranking, with the raw
    rate alongside; a smoothed rate is not an estimate of what was recorded.

    References
    ----------
    Marshall (1991), Applied Statistics 40:283-294; Clayton and Kaldor (1987), Biometrics 43:671-681.
    """
    need(frame, [numerator, denominator], "Empirical Bayes smoothing")
    prior = empirical_bayes_prior(frame[numerator], frame[denominator])
    events, population = floats(frame[numerator]), floats(frame[denominator])
    rows = RatePrior(*(np.full(len(events), part) for part in (prior.mean, prior.variance)))
    total = float(np.nansum(np.where(np.isfinite(population), events, np.nan)))
    return _smoothed(
        frame, numerator, denominator, rows, total, multiplier, confidence, "Global empirical Bayes (Marshall)"
    )


def spatial_empirical_bayes(
    frame: pd.DataFrame,
    neighbours: pd.DataFrame,
    *,
    id: str = "id",
    numerator: str = "numerator",
    denominator: str = "denominator",
    islands: Islands = "missing",
    departures: Departures = "own",
    multiplier: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Smooth area rates towards the rate of each area's surroundings, itself included (local empirical Bayes).

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area
    neighbours : pandas.DataFrame
        Directed pairs (area, neighbour), as the table ``neighbours``.
    id, numerator, denominator : str
        Columns of the area's code, events and population at risk.
    islands : {"missing", "global"}
        An area without neighbours gets no value, or is smoothed towards all areas.
    departures : {"own", "shared"}
        How the variance between areas is measured within a surrounding: each member's departure from the mean of its *own*
        surroundings (what spdep's published results use), or all members' from the one mean of that surrounding (esda's).
    multiplier : float, default 1
        Rates are per this many.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        As :func:`empirical_bayes`.

    Notes
    -----
    A surrounding is a handful of areas: its variance is often estimated as zero, and limits made from it covered the true
    rate in 57 to 87% of simulated areas. The limits therefore take the variance within surroundings pooled over the
    whole map, and add the uncertainty of the local mean; they always hold the value.

    References
    ----------
    Marshall (1991), Applied Statistics 40:283-294, section 4.
    """
    need(frame, [id, numerator, denominator], "Spatial empirical Bayes smoothing")
    events, population = floats(frame[numerator]), floats(frame[denominator])
    usable = np.isfinite(events) & np.isfinite(population) & (population > 0)
    weights = spatial_weights(neighbours, frame[id].tolist(), "binary")
    counted = np.where(usable, events, 0), np.where(usable, population, 0)
    around = weights.with_self().matrix
    prior, total = _local_moments(*counted, around, departures)
    spread = _pooled_variance(*counted, around, prior.mean)
    if islands == "global":
        everywhere = empirical_bayes_prior(events, population)
        prior = _where_alone(weights.islands, everywhere, prior)
        spread = np.where(weights.islands, everywhere.variance, spread)
        total = np.where(weights.islands, np.nansum(events), total)
    else:
        prior = RatePrior(np.where(weights.islands, np.nan, prior.mean), prior.variance)
    name = "Spatial empirical Bayes (Marshall)"
    return _smoothed(frame, numerator, denominator, prior, total, multiplier, confidence, name, RatePrior(prior.mean, spread))


def empirical_bayes_index(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Return rates standardised for the different sizes of areas, fit for Moran's I.

    Parameters
    ----------
    numerator, denominator : array-like, shape (n,)
        Events and population at risk.

    Returns
    -------
    array, shape (n,)
        (rate - overall rate) over its standard deviation, which has a part between areas and a part that falls with the
        population; NaN where a count is missing or there is no population.

    References
    ----------
    Assuncao and Reis (1999), Statistics in Medicine 18:2147-2162.
    """
    events, population = floats(numerator), floats(denominator)
    usable = np.isfinite(events) & np.isfinite(population) & (population > 0)
    mean, between = _moments(*_usable(events, population), truncate=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = between + mean / population
        variance = np.where(variance > 0, variance, mean / population)
        index = (events / population - mean) / np.sqrt(variance)
    return np.where(usable, index, np.nan)


def freeman_tukey_rate(numerator: ArrayLike, denominator: ArrayLike, multiplier: float = 1000.0) -> Floats:
    """Return the Freeman-Tukey square-root transformed rate, which steadies the variance of small counts.

    Parameters
    ----------
    numerator, denominator : array-like, shape (n,)
        Events and population at risk.
    multiplier : float, default 1000
        Rates are per this many before the roots are taken.

    Returns
    -------
    array, shape (n,)
        sqrt(m x / n) + sqrt(m (x + 1) / n).

    References
    ----------
    Freeman and Tukey (1950), Annals of Mathematical Statistics 21:607-611; Cressie and Chan (1989), JASA 84:393-401.
    """
    events, population = floats(numerator), floats(denominator)
    with np.errstate(divide="ignore", invalid="ignore"):
        transformed = np.sqrt(multiplier * events / population) + np.sqrt(multiplier * (events + 1) / population)
    return np.where(population > 0, transformed, np.nan)


def _usable(numerator: ArrayLike, denominator: ArrayLike) -> tuple[Floats, Floats]:
    events, population = floats(numerator), floats(denominator)
    usable = np.isfinite(events) & np.isfinite(population) & (population > 0)
    if not usable.any():
        raise SnaError("Empirical Bayes smoothing needs at least one area with a count and a population above zero.")
    if (events[usable] < 0).any():
        raise SnaError("A number of events is below zero; correct the counts before smoothing.")
    return events[usable], population[usable]


def _moments(events: Floats, population: Floats, truncate: bool = True) -> tuple[float, float]:
    mean = events.sum() / population.sum()
    spread = np.sum(population * (events / population - mean) ** 2) / population.sum()
    between = spread - mean / population.mean()
    return mean, max(between, 0.0) if truncate else between


def _local_moments(
    events: Floats, population: Floats, around: sparse.csr_array, departures: Departures
) -> tuple[RatePrior, Floats]:
    """Moments over each row's surroundings, from sums over neighbours only."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(population > 0, events / population, 0.0)
        people, count, size = around @ population, around @ events, around @ (population > 0).astype(float)
        mean = count / people
        if departures == "own":
            spread = around @ np.where(population > 0, population * (rate - mean) ** 2, 0.0) / people
        else:
            spread = around @ (population * rate**2) / people - mean**2
        between = spread - mean / (people / size)
    return RatePrior(mean, np.maximum(between, 0.0)), count


def _where_alone(islands: NDArray[np.bool_], everywhere: RatePrior, local: RatePrior) -> RatePrior:
    return RatePrior(
        np.where(islands, everywhere.mean, local.mean), np.where(islands, everywhere.variance, local.variance)
    )


def _pooled_variance(events: Floats, population: Floats, around: sparse.csr_array, mean: Floats) -> Floats:
    """Variance of a rate about its surroundings' mean, pooled over the map, plus the uncertainty of that mean."""
    known = (population > 0) & np.isfinite(mean)
    n, rate, centre = population[known], events[known] / population[known], mean[known]
    with np.errstate(divide="ignore", invalid="ignore"):
        people, size = around @ population, around @ (population > 0).astype(float)
        # a mean of k areas lies nearer to each of them than the truth does, by one part in k
        spread = np.sum(n * (rate - centre) ** 2) / n.sum() / (1 - 1 / max(float(size[known].mean()), 1.001))
        between = max(spread - np.sum(n * centre) / n.sum() / n.mean(), 0.0)
        return between * (1 + 1 / size) + mean / people


def _smoothed(
    frame: pd.DataFrame,
    numerator: str,
    denominator: str,
    prior: RatePrior,
    prior_events: ArrayLike,
    multiplier: float,
    confidence: float,
    method: str,
    limits: RatePrior | None = None,
) -> pd.DataFrame:
    events, population = floats(frame[numerator]), floats(frame[denominator])
    population = np.where(population > 0, population, np.nan)
    between = prior.variance
    weight = between * population / (between * population + prior.mean)
    value = np.where(prior.mean == 0, 0.0, prior.mean + weight * (events / population - prior.mean))
    value = np.where(np.isnan(events) | np.isnan(population), np.nan, value)
    lower, upper = _gamma_limits(events, population, limits or prior, prior_events, confidence)
    if limits is not None:
        lower, upper = np.minimum(lower, value), np.maximum(upper, value)
    identity = frame.drop(columns=[numerator, denominator]).assign(
        raw_value=multiplier * events / population, shrinkage=np.where(np.isnan(value), np.nan, 1 - weight)
    )
    return result(
        identity,
        numerator=events,
        denominator=population,
        value=multiplier * value,
        lower=multiplier * lower,
        upper=multiplier * upper,
        statistic=f"smoothed rate per {multiplier:,.0f}",
        method=method + ", gamma limits",
        confidence=confidence,
    )


def _gamma_limits(
    events: Floats, population: Floats, prior: RatePrior, prior_events: ArrayLike, confidence: float
) -> tuple[Floats, Floats]:
    tail = (1 - confidence) / 2
    low, high = poisson_limits(np.broadcast_to(np.asarray(prior_events, float), events.shape), confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape, rate = prior.mean**2 / prior.variance + events, prior.mean / prior.variance + population
        pooled = prior.mean / np.asarray(prior_events, float)
        lower, upper = stats.gamma.ppf(tail, shape) / rate, stats.gamma.isf(tail, shape) / rate
    equal = (prior.variance == 0) & ~np.isnan(events) & ~np.isnan(population)
    return np.where(equal, pooled * low, lower), np.where(equal, pooled * high, upper)
