"""Inequality by deprivation: rates by quantile, slope and relative index, and regression on deprivation domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from svd_lib.errors import SnaError
from svd_lib.measures import intervals
from svd_lib.measures.rates import crude_rate
from svd_lib.measures.regression import CountFit, count_regression
from svd_lib.measures.results import floats, grouped_sums, keys, level, need, positive, result

Array = NDArray[np.float64]
Scale = Literal["identity", "log", "logit"]


def quantile_rate_ratios(
    frame: pd.DataFrame,
    *,
    quantile: str = "quantile",
    numerator: str = "count",
    denominator: str = "population",
    by: str | Sequence[str] = (),
    reference: int | None = None,
    per: float = 1_000,
    dispersion: float | Literal["pearson"] = "pearson",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each quantile's rate over the reference quantile's, as a rate ratio.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per small area, or per quantile; areas with a missing count are left out with their population.
    quantile : str, default "quantile"
        1 to 5, or 10; say which end is 1 (:func:`svd_lib.measures.rates.quantiles`).
    numerator, denominator : str
        Events and persons.
    by : str or sequence of str, default ()
        Columns within which to compare.
    reference : int, optional
        Quantile compared with; by default the highest, the least deprived where 1 is the most deprived.
    per : float, default 1000
        Unit of ``rate``.
    dispersion : float or "pearson", default "pearson"
        Variance over mean of the areas' counts about their quantile's rate; estimated when there are more areas than
        quantiles, never below 1.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``quantile``, result columns (the ratio; the reference's is 1 by definition), ``rate``,
        ``rate_lower_ci``, ``rate_upper_ci`` (Poisson limits) and ``dispersion``.
    """
    names = keys(by)
    need(frame, (*names, quantile, numerator, denominator), "Quantile rate ratios")
    areas = frame[[*names, quantile]].assign(_o=floats(frame[numerator]), _n=positive(floats(frame[denominator])))
    areas = areas.dropna(subset=[quantile, "_o", "_n"])
    phi = _area_dispersion(areas, [*names, quantile]) if dispersion == "pearson" else float(dispersion)
    totals = grouped_sums(areas, [*names, quantile]).sort_values([*names, quantile]).reset_index(drop=True)
    wanted = totals[quantile].max() if reference is None else reference
    anchor = totals.loc[totals[quantile] == wanted, [*names, "_o", "_n"]].rename(columns={"_o": "_ob", "_n": "_nb"})
    if anchor.empty and len(totals):
        raise SnaError(f"No row has {quantile} {wanted} to compare the others with.")
    both = (
        totals.merge(anchor, on=names, how="left", validate="many_to_one")
        if names
        else totals.merge(anchor, how="cross")
    )
    return _ratio_rows(both, [*names, quantile], both[quantile] == wanted, phi, per, confidence)


def _area_dispersion(areas: pd.DataFrame, groups: list[str]) -> float:
    sums = areas.groupby(groups, dropna=False)[["_o", "_n"]].transform("sum")
    expected = areas["_n"] * sums["_o"] / sums["_n"]
    freedom = len(areas) - areas[groups].drop_duplicates().shape[0]
    if freedom < 1:
        return 1.0
    return max(1.0, float(((areas["_o"] - expected) ** 2 / expected.where(expected > 0)).sum() / freedom))


def _ratio_rows(
    both: pd.DataFrame, identity: list[str], is_reference: pd.Series, phi: float, per: float, confidence: float
) -> pd.DataFrame:
    a, n, b, m = (both[column].to_numpy(float) for column in ("_o", "_n", "_ob", "_nb"))
    lower, upper = intervals.poisson_ratio_limits(a, b, m / n, confidence, "wald", phi)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(b > 0, a / b * m / n, np.nan)
    fixed = is_reference.to_numpy() & (a > 0)
    rates = crude_rate(both, "_o", "_n", per=per, confidence=confidence)
    return result(
        both[identity],
        numerator=a,
        denominator=n,
        value=value,
        lower=np.where(fixed, 1.0, lower),
        upper=np.where(fixed, 1.0, upper),
        statistic="rate ratio to the reference quantile",
        method="Wald on the log ratio" if phi == 1 else "quasi-Poisson, Wald on the log ratio",
        confidence=confidence,
    ).assign(rate=rates["value"], rate_lower_ci=rates["lower_ci"], rate_upper_ci=rates["upper_ci"], dispersion=phi)


def slope_index(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    quantile: str = "quantile",
    population: str = "denominator",
    value: str = "value",
    error: str | None = None,
    limits: tuple[str, str] | None = ("lower_ci", "upper_ci"),
    limits_confidence: float = 0.95,
    scale: Scale = "identity",
    transform: bool = False,
    multiplier: float = 1.0,
    relative: bool = True,
    rng: np.random.Generator | None = None,
    repetitions: int = 100_000,
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return the slope and the relative index of inequality (SII, RII).

    Values are regressed on the mid-rank of each quantile by least squares weighted by population; the SII is the
    fitted value at rank 1 less that at rank 0, the RII their ratio. With quantile 1 the most deprived, a negative SII
    means higher values in deprived places.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group and quantile; the result of a rate or proportion by quantile fits as it is.
    by : str or sequence of str, default ()
    quantile, population, value : str
    error : str, optional
        Column with standard errors, on ``scale``.
    limits : pair of str, optional
        Columns with limits from which standard errors are computed when ``error`` is not given; ``None`` for none.
    limits_confidence : float, default 0.95
    scale : {"identity", "log", "logit"}
        Scale on which values vary normally: ``log`` for rates, ``logit`` for proportions.
    transform : bool, default False
        Regress on that scale too, and transform back.
    multiplier : float, default 1
        The SII is multiplied by this; below zero it also turns the RII over.
    relative : bool, default True
        Return the RII too; it means nothing where values may be zero or below.
    rng : numpy.random.Generator, optional
        With it, limits are percentiles of ``repetitions`` simulated fits; without it, by the delta method.
    repetitions : int, default 100000
    confidence : float or sequence of float, default 0.95

    Returns
    -------
    pandas.DataFrame
        Two rows per group (one without the RII) and level: ``by``, ``index`` ("SII", "RII"), result columns, ``intercept`` (fitted at rank 0).

    References
    ----------
    Low and Low (2004), Journal of Public Health 26:390-395; Public Health England (2018), Technical Guide: Assigning
    Deprivation Categories.
    """
    names = keys(by)
    need(frame, (*names, quantile, population, value), "A slope index of inequality")
    ordered = frame.sort_values([*names, quantile], kind="stable")
    errors = _standard_errors(ordered, value, error, limits, limits_confidence, scale)
    work = ordered[names].assign(_n=floats(ordered[population]), _v=floats(ordered[value]), _e=errors)
    if not (work["_n"] > 0).all() or work["_v"].isna().any():
        raise SnaError("A slope index needs a population above zero and a value for every quantile.")
    groups = work.groupby(names, sort=False, dropna=False) if names else [((), work)]
    levels = [level(one) for one in np.atleast_1d(confidence)]
    rows = []
    for key, group in groups:
        fit = _slopes(group, scale, transform, multiplier, rng, repetitions, levels)
        rows += [dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True)) | one for one in fit]
    table = pd.DataFrame(rows)
    table = table if relative else table[table["index"] == "SII"]
    return result(
        table[[*names, "index"]],
        numerator=np.nan,
        denominator=table["population"],
        value=table["value"],
        lower=table["lower"],
        upper=table["upper"],
        statistic=np.where(table["index"] == "SII", "slope index of inequality", "relative index of inequality"),
        method=f"weighted least squares on mid-rank{f' of the {scale}' if transform else ''}, "
        + ("simulated limits" if rng is not None else "delta method"),
        confidence=table["confidence"],
    ).assign(intercept=table["intercept"].to_numpy())


def _standard_errors(
    frame: pd.DataFrame,
    value: str,
    error: str | None,
    limits: tuple[str, str] | None,
    confidence: float,
    scale: Scale,
) -> Array:
    if error is not None:
        need(frame, (error,), "A slope index of inequality")
        return floats(frame[error])
    if limits is None or not set(limits) <= set(frame.columns):
        return np.full(len(frame), np.nan)
    low, high = (_to_scale(floats(frame[name]), scale) for name in limits)
    return (high - low) / (2 * intervals.z_value(confidence))


def _to_scale(values: Array, scale: Scale) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"identity": lambda v: v, "log": np.log, "logit": special.logit}[scale](values)


def _from_scale(values: Array, scale: Scale) -> Array:
    return {"identity": lambda v: v, "log": np.exp, "logit": special.expit}[scale](values)


def _slopes(
    group: pd.DataFrame,
    scale: Scale,
    transform: bool,
    multiplier: float,
    rng: np.random.Generator | None,
    repetitions: int,
    levels: list[float],
) -> list[dict[str, object]]:
    ends = _end_weights(group["_n"].to_numpy())
    centre, error = _to_scale(group["_v"].to_numpy(), scale), group["_e"].to_numpy()
    fitted = _fitted_ends(centre, ends, scale, transform)
    indices = {"SII": (fitted[1] - fitted[0]) * multiplier, "RII": _relative(fitted, multiplier)}
    population, intercept = group["_n"].sum(), float(fitted[0])
    draws = None
    if rng is not None and not np.isnan(error).any():
        draws = _fitted_ends(rng.normal(centre, error, (repetitions, len(centre))), ends, scale, transform)
    rows = []
    for one in levels:
        if draws is None:
            spread = _delta_limits(centre, error, ends, scale, transform, multiplier, indices, one)
        else:
            spread = _drawn_limits(draws, multiplier, one)
        shared = {"population": population, "intercept": intercept, "confidence": one}
        rows += [
            shared | {"index": name, "value": float(indices[name]), "lower": spread[name][0], "upper": spread[name][1]}
            for name in indices
        ]
    return rows


def _drawn_limits(draws: Array, multiplier: float, confidence: float) -> dict[str, Array]:
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    slope = np.quantile((draws[1] - draws[0]) * multiplier, tails)
    return {"SII": slope, "RII": np.quantile(_relative(draws, multiplier), tails)}


def _relative(ends: Array, multiplier: float) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return ends[1] / ends[0] if multiplier >= 0 else ends[0] / ends[1]


def _end_weights(population: Array) -> Array:
    """Return the (2, quantiles) matrix that turns values into fitted values at rank 0 and rank 1."""
    share = population / population.sum()
    rank = np.cumsum(share) - share / 2
    design = np.column_stack([np.ones(len(rank)), rank])
    solved = np.linalg.solve(design.T @ (share[:, None] * design), design.T * share)
    return np.array([[1.0, 0.0], [1.0, 1.0]]) @ solved


def _fitted_ends(on_scale: Array, ends: Array, scale: Scale, transform: bool) -> Array:
    if transform:
        return _from_scale(ends @ on_scale.T, scale)
    return ends @ _from_scale(on_scale, scale).T


def _delta_limits(
    centre: Array,
    error: Array,
    ends: Array,
    scale: Scale,
    transform: bool,
    multiplier: float,
    indices: dict[str, Array],
    confidence: float,
) -> dict[str, Array]:
    step = 1e-6
    moved = centre + step * np.eye(len(centre))
    slopes = (
        _fitted_ends(moved, ends, scale, transform)
        - _fitted_ends(centre - step * np.eye(len(centre)), ends, scale, transform)
    ) / (2 * step)
    fitted, z = _fitted_ends(centre, ends, scale, transform), intervals.z_value(confidence)
    absolute = z * np.sqrt(((slopes[1] - slopes[0]) ** 2 * error**2).sum()) * abs(multiplier)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = z * np.sqrt(((slopes[1] / fitted[1] - slopes[0] / fitted[0]) ** 2 * error**2).sum())
    reach, sign = np.array([-1.0, 1.0]), indices["SII"]
    return {"SII": sign + reach * absolute, "RII": indices["RII"] * np.exp(reach * relative)}


def variance_inflation(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the variance inflation factor of each explanatory column.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows with a missing value are left out.
    columns : sequence of str
        At least two numeric columns.

    Returns
    -------
    pandas.DataFrame
        ``term``, ``vif`` (1: unrelated to the others; infinite: made of them), ``correlated_most_with``.

    References
    ----------
    Belsley, Kuh and Welsch (1980), Regression Diagnostics.
    """
    need(frame, columns, "Variance inflation")
    names = list(columns)
    if len(names) < 2:
        raise SnaError("Variance inflation compares at least two columns.")
    related = frame[names].dropna().astype(float).corr()
    with np.errstate(divide="ignore"):
        singular = np.linalg.matrix_rank(related.to_numpy()) < len(names)
    vif = np.full(len(names), np.inf) if singular else np.diag(np.linalg.inv(related.to_numpy()))
    others = related.abs().mask(np.eye(len(names), dtype=bool))
    return pd.DataFrame({"term": names, "vif": vif, "correlated_most_with": others.idxmax().to_list()})


def deprivation_regression(
    frame: pd.DataFrame,
    domains: Sequence[str],
    *,
    count: str = "count",
    population: str = "population",
    outcome_is_crime: bool = True,
    standardise: bool = True,
    confidence: float = 0.95,
) -> CountFit:
    """Return a negative binomial regression of area counts on deprivation domains, with variance inflation.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per small area.
    domains : sequence of str
        Columns with the domains' scores.
    count, population : str
        Events, and persons (offset).
    outcome_is_crime : bool, default True
        Refuse a domain named "crime", which holds the outcome itself.
    standardise : bool, default True
        Divide by the standard deviation, so that a ratio is per standard deviation.
    confidence : float, default 0.95

    Returns
    -------
    CountFit
        ``coefficients`` have a ``vif`` column; ``rows`` hold the residuals to test with
        :func:`svd_lib.measures.spatial.morans_i` before and after. Domains overlap: do not rank coefficients.
    """
    need(frame, (*domains, count, population), "A deprivation regression")
    if outcome_is_crime and any(domain.lower().startswith("crime") for domain in domains):
        raise SnaError("The crime domain is made of recorded crime; leave it out when crime is the outcome.")
    data = frame.copy()
    if standardise:
        for domain in domains:
            data[domain] = (floats(frame[domain]) - np.nanmean(floats(frame[domain]))) / np.nanstd(
                floats(frame[domain]), ddof=1
            )
    terms = " + ".join(f"Q('{domain}')" for domain in domains)
    fit = count_regression(data, f"Q('{count}') ~ {terms}", family="negbin", exposure=population, confidence=confidence)
    if len(domains) < 2:
        return fit
    inflation = variance_inflation(data, domains).assign(term=lambda table: "Q('" + table["term"] + "')")
    named = fit.coefficients.merge(inflation[["term", "vif"]], on="term", how="left", validate="one_to_one")
    return fit.with_coefficients(named)
