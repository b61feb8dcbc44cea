"""Funnel plots: points, control limits, and over-dispersion after Spiegelhalter."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from svd_lib.errors import SnaError
from svd_lib.measures import intervals
from svd_lib.measures.intervals import poisson_names
from svd_lib.measures.results import floats, need, positive, result

Kind = Literal["proportion", "rate", "ratio"]
Scale = Literal["log", "sqrt", "arcsine"]

FUNNEL_TAILS: Final = {"2s": 0.025, "3s": 0.001}


def funnel_points(
    frame: pd.DataFrame,
    numerator: str = "count",
    denominator: str = "population",
    *,
    kind: Kind = "rate",
    baseline: float | None = None,
    rate: str | None = None,
    per: float = 1_000,
    min_events: int = 0,
    tau2: float = 0.0,
    transform: Scale | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each point of a funnel plot with its significance against the baseline.

    A point is significant when its own interval excludes the baseline: Wilson for proportions, exact Poisson below
    10 events and Byar from 10 for rates and ratios. With ``tau2`` it is significant when it lies outside the limits
    that allow for over-dispersion.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per area.
    numerator, denominator : str
        Events, and persons (``rate``), trials (``proportion``) or expected events (``ratio``).
    kind : {"proportion", "rate", "ratio"}
    baseline : float, optional
        Target in the unit of the rates (per ``per``); by default all events over all denominators, or par for
        ``ratio``.
    rate : str, optional
        Column with a directly standardised rate per ``per``. Denominators become ``events / rate * per``, the
        population at which the standardised rate would be crude. Rows without a rate fall out of the baseline.
    per : float, default 1000
        Unit of value, limits and ``rate``.
    min_events : int, default 0
        Rows with fewer events get no label (10 for directly standardised rates).
    tau2 : float, default 0
        Additive over-dispersion from :func:`overdispersion`, on the scale ``transform``.
    transform : {"log", "sqrt", "arcsine"}, optional
        By default arcsine for proportions, log for the others.
    confidence : float, default 0.95
        Of ``lower_ci`` and ``upper_ci``.

    Returns
    -------
    pandas.DataFrame
        Identifying columns, result columns, ``baseline`` (per ``per``) and ``significance``: "High (0.001)",
        "High (0.025)", "Not significant", "Low (0.025)", "Low (0.001)", or "" where there is none to give.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202; Association of Public Health Observatories (2008),
    Technical Briefing 2.
    """
    need(frame, [numerator, denominator, *([rate] if rate else [])], "A funnel plot")
    events, base = floats(frame[numerator]), _funnel_base(frame, numerator, denominator, rate, per)
    usable = ~np.isnan(events) & ~np.isnan(base) & (events >= min_events)
    target = _funnel_target(events[usable], base[usable], kind, None if baseline is None else baseline / per)
    limits = _point_limits(kind, events, base, confidence)
    labels = (
        _dispersed_significance(kind, events, base, target, tau2, _default_scale(kind, transform))
        if tau2 > 0 or transform is not None
        else _significance(kind, events, base, target)
    )
    return result(
        frame.drop(columns=[numerator, denominator]),
        numerator=events,
        denominator=base,
        value=events / base * per,
        lower=limits[0] * per,
        upper=limits[1] * per,
        statistic=f"{kind} per {per:,.10g}",
        method="Wilson" if kind == "proportion" else poisson_names(events, "auto"),
        confidence=confidence,
    ).assign(baseline=target * per, significance=np.where(usable, labels, ""))


def _funnel_base(
    frame: pd.DataFrame, numerator: str, denominator: str, rate: str | None, per: float
) -> NDArray[np.float64]:
    base = positive(floats(frame[denominator]))
    if rate is None:
        return base
    return floats(frame[numerator]) * per / positive(floats(frame[rate]))


def _funnel_target(events: NDArray[np.float64], base: NDArray[np.float64], kind: str, baseline: float | None) -> float:
    if baseline is not None:
        return float(baseline)
    return 1.0 if kind == "ratio" else float(events.sum() / base.sum())


def _point_limits(
    kind: str, events: NDArray[np.float64], base: NDArray[np.float64], confidence: float
) -> intervals.Limits:
    if kind == "proportion":
        return intervals.wilson_limits(events, base, confidence)
    lower, upper = intervals.poisson_limits(events, confidence)
    return lower / base, upper / base


def _significance(
    kind: str, events: NDArray[np.float64], base: NDArray[np.float64], target: float
) -> NDArray[np.object_]:
    labels = np.full(len(events), "Not significant", dtype=object)
    for tail in sorted(FUNNEL_TAILS.values(), reverse=True):
        lower, upper = _point_limits(kind, events, base, 1 - 2 * tail)
        labels[lower > target] = f"High ({tail:g})"
        labels[upper < target] = f"Low ({tail:g})"
    return labels


def _dispersed_significance(
    kind: str, events: NDArray[np.float64], base: NDArray[np.float64], target: float, tau2: float, scale: str
) -> NDArray[np.object_]:
    centre, error = _on_scale(target, base, scale, kind)
    z = (_transformed(events / base, scale) - centre) / np.sqrt(error**2 + tau2)
    labels = np.full(len(events), "Not significant", dtype=object)
    for tail in sorted(FUNNEL_TAILS.values(), reverse=True):
        reach = intervals.z_value(1 - 2 * tail)
        labels[z > reach] = f"High ({tail:g})"
        labels[z < -reach] = f"Low ({tail:g})"
    return labels


def funnel_limits(
    frame: pd.DataFrame,
    size: str = "size",
    *,
    kind: Kind = "rate",
    baseline: float | str | None = None,
    per: float = 1_000,
    years: float = 1,
    tau2: float = 0.0,
    transform: Scale | None = None,
    step: float | None = None,
) -> pd.DataFrame:
    """Return the control limits of a funnel plot along its horizontal axis.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per position on the axis.
    size : str, default "size"
        Column of the positions: trials for ``proportion``; observed events for ``rate`` and ``ratio`` (each limit then
        stands at the population, or expected events, at which that count would just touch it). With ``tau2``:
        trials, or expected events.
    kind : {"proportion", "rate", "ratio"}
    baseline : float or str, optional
        Target in the unit of the limits (per ``per``), as :func:`funnel_points` reports it, or its column; by default
        ``per``, which is par for a ratio.
    per : float, default 1000
        Unit of the limits.
    years : float, default 1
        Years of events pooled: populations are returned per year.
    tau2 : float, default 0
        Additive over-dispersion on the ``transform`` scale, from :func:`overdispersion`.
    transform : {"log", "sqrt", "arcsine"}, optional
        Scale of ``tau2``; by default arcsine for proportions, log for ratios and rates.
    step : float, optional
        Find Poisson limits by bisection and stop at this step on the scale ``x / (1 + events + x)`` instead of
        computing them in closed form; 1e-7 reproduces tables of the public-health funnel tools.

    Returns
    -------
    pandas.DataFrame
        ``size, baseline, lower_2s, upper_2s, lower_3s, upper_3s`` (95% and 99.8%, per ``per``); for Poisson kinds
        without ``tau2`` also ``<limit>_size`` (population a year, or expected events) and ``<limit>_excess``
        (observed over expected, less 1).

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202; Association of Public Health Observatories (2008).
    """
    need(frame, [size, *([baseline] if isinstance(baseline, str) else [])], "Funnel limits")
    points = floats(frame[size])
    shown = floats(frame[baseline]) if isinstance(baseline, str) else np.full(len(points), float(baseline or per))
    axis = pd.DataFrame({"size": points, "baseline": shown})
    target = shown / per
    if tau2 > 0 or transform is not None:
        return axis.assign(**_dispersed_limits(points, kind, target, per, tau2, transform))
    if kind == "proportion":
        return axis.assign(**_proportion_funnel(points, target, per))
    return axis.assign(**_poisson_funnel(points, target, per, years, step))


def _proportion_funnel(
    sizes: NDArray[np.float64], baseline: NDArray[np.float64], per: float
) -> dict[str, NDArray[np.float64]]:
    out = {}
    spread = np.sqrt(baseline * (1 - baseline) / sizes)
    for name, tail in FUNNEL_TAILS.items():
        z = intervals.z_value(1 - 2 * tail)
        out[f"lower_{name}"] = np.clip(baseline - z * spread, 0, 1) * per
        out[f"upper_{name}"] = np.clip(baseline + z * spread, 0, 1) * per
    return out


def _poisson_funnel(
    events: NDArray[np.float64], baseline: NDArray[np.float64], per: float, years: float, step: float | None
) -> dict[str, NDArray[np.float64]]:
    out = {}
    for name, tail in FUNNEL_TAILS.items():
        low, high = intervals.poisson_limits(events, 1 - 2 * tail, "exact")
        if step is not None:
            low, high = (intervals.poisson_limit_by_bisection(events, tail, side, step) for side in ("lower", "upper"))
        # a count lies on the lower limit of the funnel where the expected events equal its own upper limit
        for side, expected in (("lower", high), ("upper", low)):
            out[f"{side}_{name}"] = events / expected * baseline * per
            out[f"{side}_{name}_size"] = expected / baseline / years
            out[f"{side}_{name}_excess"] = events / expected - 1
    return out


def _dispersed_limits(
    sizes: NDArray[np.float64], kind: str, baseline: NDArray[np.float64], per: float, tau2: float, transform: str | None
) -> dict[str, NDArray[np.float64]]:
    scale = _default_scale(kind, transform)
    centre, error = _on_scale(baseline, sizes, scale, kind)
    out = {}
    for name, tail in FUNNEL_TAILS.items():
        reach = intervals.z_value(1 - 2 * tail) * np.sqrt(error**2 + tau2)
        out[f"lower_{name}"] = _from_scale(centre - reach, scale) * per
        out[f"upper_{name}"] = _from_scale(centre + reach, scale) * per
    return out


def overdispersion(
    frame: pd.DataFrame,
    numerator: str = "count",
    denominator: str = "population",
    *,
    kind: Kind = "rate",
    baseline: float | None = None,
    per: float = 1_000,
    transform: Scale | None = None,
    tails: float = 0.1,
    extremes: Literal["winsorise", "trim"] = "winsorise",
) -> pd.DataFrame:
    """Return how much more the points of a funnel vary than chance allows.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per area; rows that a logarithm cannot take (no events) fall out.
    numerator, denominator : str
        Events, and trials, persons or expected events.
    kind : {"proportion", "rate", "ratio"}
    baseline : float, optional
        Target per ``per``; by default all events over all denominators, or par for ``ratio``.
    per : float, default 1000
        Unit of ``baseline``.
    transform : {"log", "sqrt", "arcsine"}, optional
        By default arcsine for proportions, log for the others. Prefer ``sqrt`` where areas have few events.
    tails : float, default 0.1
        Share of z-scores at each end that is winsorised or trimmed before phi is computed.
    extremes : {"winsorise", "trim"}

    Returns
    -------
    pandas.DataFrame
        One row: ``points``, ``phi`` (mean squared z), ``tau2`` (additive variance on the transformed scale, zero when
        phi is within chance), ``baseline``, ``transform``, ``method``.

    References
    ----------
    Spiegelhalter (2005), Quality and Safety in Health Care 14:347-351; Spiegelhalter et al. (2012), JRSS A 175:1-47.
    """
    need(frame, (numerator, denominator), "Over-dispersion")
    events, base = floats(frame[numerator]), positive(floats(frame[denominator]))
    scale = _default_scale(kind, transform)
    usable = ~np.isnan(events) & ~np.isnan(base) & ((events > 0) | (scale != "log"))
    if usable.sum() < 3:
        raise SnaError("Over-dispersion needs at least three areas with events and a denominator.")
    target = _funnel_target(events[usable], base[usable], kind, None if baseline is None else baseline / per)
    centre, error = _on_scale(target, base[usable], scale, kind)
    z = (_transformed(events[usable] / base[usable], scale) - centre) / error
    z, error = _without_extremes(z, error, tails, extremes)
    phi, count, weight = float(np.mean(z**2)), len(z), error**-2.0
    excess = (count * phi - (count - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    row = {"points": count, "phi": phi, "tau2": max(0.0, float(excess)), "baseline": target * per, "transform": scale}
    return pd.DataFrame([row | {"method": f"Spiegelhalter, {extremes} {tails:.0%} at each end"}])


def _default_scale(kind: str, transform: str | None) -> str:
    """Return the scale on which over-dispersion is measured: arcsine for proportions, log for the others."""
    return transform or ("arcsine" if kind == "proportion" else "log")


def _without_extremes(
    z: NDArray[np.float64], error: NDArray[np.float64], tails: float, extremes: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = np.quantile(z, [tails, 1 - tails])
    if extremes == "winsorise":
        return np.clip(z, low, high), error
    kept = (z >= low) & (z <= high)
    return z[kept], error[kept]


def _transformed(value: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return {"log": np.log, "sqrt": np.sqrt, "arcsine": lambda v: np.arcsin(np.sqrt(v))}[scale](value)


def _from_scale(value: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "log":
        return np.exp(value)
    if scale == "sqrt":
        return np.maximum(value, 0) ** 2
    return np.sin(np.clip(value, 0, np.pi / 2)) ** 2


def _on_scale(
    target: NDArray[np.float64] | float, sizes: NDArray[np.float64], scale: str, kind: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the target and each point's standard error on the transformed scale (delta method)."""
    aim = np.asarray(target, dtype=float)
    centre = _transformed(aim, scale)
    if scale == "log":
        chance = 1 - aim if kind == "proportion" else 1.0
        return centre, np.sqrt(chance / (sizes * aim))
    return centre, 1 / (2 * np.sqrt(sizes))
