"""Did it work, is it worth it, and where: displacement difference, E-test, break-even, discounting, targeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import wilson_limits, z_value
from svd_lib.measures.results import floats, level, need, positive, result

GREEN_BOOK: Final[tuple[tuple[int, float], ...]] = ((30, 0.035), (75, 0.030), (125, 0.025))
"""HM Treasury's standard discount rates: up to and including this year, this rate."""

Pair = Sequence[float]


def weighted_displacement_difference(
    treated: Pair,
    control: Pair,
    displacement_treated: Pair | None = None,
    displacement_control: Pair | None = None,
    *,
    area_weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    time_weights: Sequence[float] = (1.0, 1.0),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate how many crimes an action prevented, allowing for displacement to nearby areas.

    Parameters
    ----------
    treated, control : pair of float
        Crimes before and after, in the area of the action and in its comparison area.
    displacement_treated, displacement_control : pair of float, optional
        The same for the surroundings of the two areas.
    area_weights : four floats
        Sizes of control, treated, displacement control and displacement treated; counts are divided by them.
    time_weights : two floats
        Lengths of the periods before and after; counts are divided by them.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, three rows
        ``part`` (local, displacement, total), ``standard_error, z, p_value`` (two-sided) and the result columns; value below zero means
        fewer crimes than the comparison would have it.

    Notes
    -----
    Counts are taken as independent Poisson. The comparison area must be like the treated one and out of its reach.

    References
    ----------
    Wheeler and Ratcliffe (2018), Crime Science 7:11.
    """
    local, local_variance = _difference(treated, control, (area_weights[1], area_weights[0]), time_weights)
    near, near_variance = 0.0, 0.0
    if displacement_treated is not None and displacement_control is not None:
        sizes = area_weights[3], area_weights[2]
        near, near_variance = _difference(displacement_treated, displacement_control, sizes, time_weights)
    value = np.array([local, near, local + near])
    error = np.sqrt([local_variance, near_variance, local_variance + near_variance])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = value / error
    reach = z_value(confidence) * error
    identity = pd.DataFrame(
        {
            "part": ["local", "displacement", "total"],
            "standard_error": error,
            "z": z,
            "p_value": 2 * stats.norm.sf(abs(z)),
        }
    )
    return result(
        identity, numerator=np.nan, denominator=np.nan, value=value, lower=value - reach, upper=value + reach,
        statistic="crimes more or fewer", method="weighted displacement difference, Poisson normal limits", confidence=confidence,
    )  # fmt: skip


def displacement_power(
    treated_before: float,
    control_before: float,
    reduction: ArrayLike,
    *,
    displacement_before: float = 0.0,
    displacement_control_before: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the chance that a weighted displacement difference will show a given reduction, before the action is begun.

    Parameters
    ----------
    treated_before, control_before : float
        Crimes expected in one period without the action.
    reduction : array-like, shape (k,)
        True reductions in the treated area, as shares 0 to 1.
    displacement_before, displacement_control_before : float, default 0
        Crimes expected in the surroundings of the two areas.
    confidence : float, default 0.95
        One minus the two-sided level of the test.

    Returns
    -------
    pandas.DataFrame, k rows
        ``reduction, prevented`` (crimes), ``standard_error, power`` (0 to 1).
    """
    share = np.atleast_1d(np.asarray(reduction, float))
    if ((share < 0) | (share > 1)).any():
        raise SnaError("A reduction is a share between 0 and 1, such as 0.14.")
    prevented = treated_before * share
    still = 2 * (control_before + displacement_before + displacement_control_before)
    error = np.sqrt(treated_before * (2 - share) + still)
    power = stats.norm.cdf(prevented / error - z_value(confidence)) + stats.norm.cdf(
        -prevented / error - z_value(confidence)
    )
    return pd.DataFrame({"reduction": share, "prevented": prevented, "standard_error": error, "power": power})


def detectable_reduction(
    treated_before: float,
    control_before: float,
    *,
    displacement_before: float = 0.0,
    displacement_control_before: float = 0.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the smallest reduction that a weighted displacement difference would show with the wanted power.

    Parameters
    ----------
    treated_before, control_before, displacement_before, displacement_control_before, confidence
        As :func:`displacement_power`.
    power : float, default 0.8
        Wanted chance of showing it.

    Returns
    -------
    pandas.DataFrame, one row
        ``reduction`` (a share, to 0.001), ``prevented, standard_error, power``; no row when even a reduction to nought
        would not be shown.
    """
    table = displacement_power(
        treated_before, control_before, np.arange(1, 1001) / 1000, displacement_before=displacement_before,
        displacement_control_before=displacement_control_before, confidence=confidence,
    )  # fmt: skip
    return table[table["power"] >= power].head(1).reset_index(drop=True)


def detectable_fall(
    frame: pd.DataFrame, years: Sequence[float] = (1, 3, 5), *, count: str = "count", power: float = 0.8, confidence: float = 0.95
) -> pd.DataFrame:
    """Return the smallest fall of a yearly count that so many years before and after would show.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a measure.
    years : sequence of float, default (1, 3, 5)
        Years on each side.
    count : str, default "count"
        Events a year before the fall.
    power : float, default 0.8
        Chance of a clear difference when the fall is real.
    confidence : float, default 0.95
        Of the two-sided interval that must exclude no change.

    Returns
    -------
    pandas.DataFrame, one row a measure and number of years
        The frame's other columns, ``years`` and the result columns: value = the fall as a proportion of the yearly count,
        above 1 where even a fall to nothing would not be shown so surely.

    Notes
    -----
    Two Poisson counts on the square-root scale: the difference of the roots has a variance of one half. Swings beyond chance,
    changes of recording and trends make the true figure larger.

    """
    need(frame, [count], "A detectable fall")
    wide = frame.loc[frame.index.repeat(len(years))].assign(years=list(years) * len(frame))
    events = positive(floats(wide[count])) * wide["years"].to_numpy(float)
    needed = (stats.norm.isf((1 - level(confidence)) / 2) + stats.norm.ppf(level(power))) / np.sqrt(2 * events)
    return result(
        wide.drop(columns=[count]), numerator=events, denominator=np.nan, value=np.where(needed < 1, 1 - (1 - needed) ** 2, needed),
        lower=np.nan, upper=np.nan, statistic="proportion of the count", method=f"two Poisson counts, square-root scale, power {power:g}", confidence=confidence,
    )  # fmt: skip


def e_test(
    events: float,
    reference_events: float,
    *,
    exposure: float = 1.0,
    reference_exposure: float = 1.0,
    difference: float = 0.0,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Test whether two Poisson rates differ (the E-test, more powerful than the conditional test for small counts).

    Parameters
    ----------
    events, reference_events : float
        Counts compared.
    exposure, reference_exposure : float, default 1
        Population or time of each.
    difference : float, default 0
        Difference of the rates under the null hypothesis, zero or more.
    alternative : {"two-sided", "greater", "less"}
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row
        ``events, reference_events, z, p_value`` and the result columns: value = difference of the rates, normal limits.

    References
    ----------
    Krishnamoorthy and Thomson (2004), Journal of Statistical Planning and Inference 119:23-35.
    """
    rate, reference = events / exposure, reference_events / reference_exposure
    error = np.sqrt(events / exposure**2 + reference_events / reference_exposure**2)
    z = (rate - reference - difference) / error if error > 0 else 0.0
    p = _e_test_p(events, reference_events, exposure, reference_exposure, difference, z, alternative)
    reach = z_value(confidence) * error
    identity = pd.DataFrame({"events": [events], "reference_events": [reference_events], "z": [z], "p_value": [p]})
    return result(
        identity, numerator=events, denominator=reference_events, value=rate - reference, lower=rate - reference - reach,
        upper=rate - reference + reach, statistic="difference of rates", method=f"E-test, {alternative}; normal limits", confidence=confidence,
    )  # fmt: skip


def break_even(cost: ArrayLike, unit_cost: ArrayLike, baseline: ArrayLike) -> pd.DataFrame:
    """Return how many offences, and what share of them, must be prevented for an action to pay for itself.

    Parameters
    ----------
    cost : array-like
        Cost of the action, pounds, in the price base of the unit cost.
    unit_cost : array-like
        Cost to society of one offence, pounds.
    baseline : array-like
        Offences expected without the action.

    Returns
    -------
    pandas.DataFrame
        ``cost, unit_cost, baseline, offences, percent`` (of the baseline; above 100 it cannot pay).
    """
    cost, unit, base = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(part, float)) for part in (cost, unit_cost, baseline))
    )
    if (unit <= 0).any() or (base <= 0).any():
        raise SnaError("Break-even needs a unit cost and a baseline above zero.")
    return pd.DataFrame(
        {
            "cost": cost,
            "unit_cost": unit,
            "baseline": base,
            "offences": cost / unit,
            "percent": 100 * cost / unit / base,
        }
    )


def benefit_cost(
    effect: ArrayLike,
    *,
    baseline: float,
    unit_cost: float,
    cost: float,
    optimism_bias: float = 0.0,
) -> pd.DataFrame:
    """Return the benefit, net benefit and benefit-cost ratio of an action.

    Parameters
    ----------
    effect : array-like, shape (k,)
        Share of the baseline prevented, such as 0.14; give the estimate and its limits as three values.
    baseline : float
        Offences expected without the action.
    unit_cost, cost : float
        Pounds, same price base.
    optimism_bias : float, default 0
        Share added to the cost.

    Returns
    -------
    pandas.DataFrame, k rows
        ``effect, prevented, benefit, cost, net_benefit, benefit_cost_ratio``.

    References
    ----------
    HM Treasury, The Green Book, chapters 5 and 6.
    """
    share = np.atleast_1d(np.asarray(effect, float))
    spent = cost * (1 + optimism_bias)
    benefit = share * baseline * unit_cost
    return pd.DataFrame(
        {
            "effect": share,
            "prevented": share * baseline,
            "benefit": benefit,
            "cost": spent,
            "net_benefit": benefit - spent,
            "benefit_cost_ratio": benefit / spent,
        }
    )


def discount_factor(years: ArrayLike, schedule: Sequence[tuple[int, float]] = GREEN_BOOK) -> np.ndarray:
    """Return the present value of one pound after so many years.

    Parameters
    ----------
    years : array-like of int
        Years from now, 0 to the schedule's last.
    schedule : sequence of (last year, rate)
        Each rate holds up to and including its year. The default is the Green Book's standard schedule.

    Returns
    -------
    array
        1 at year 0; years after a change of rate are discounted at the new rate from there on.

    References
    ----------
    HM Treasury (2022), The Green Book, annex A6.
    """
    when = np.asarray(years, float)
    if (when < 0).any() or (when > schedule[-1][0]).any():
        raise SnaError(f"Discount factors run from year 0 to year {schedule[-1][0]}.")
    log_factor, start = np.zeros_like(when), 0
    for last, rate in schedule:
        log_factor -= np.log1p(rate) * np.clip(when - start, 0, last - start)
        start = last
    return np.exp(log_factor)


def present_value(amounts: ArrayLike, schedule: Sequence[tuple[int, float]] = GREEN_BOOK) -> float:
    """Return the present value of yearly amounts, the first of them now (pounds, real terms)."""
    flows = np.asarray(amounts, float)
    return float(flows @ discount_factor(np.arange(len(flows)), schedule))


def targeting_simulation(
    frame: pd.DataFrame,
    rules: Mapping[str, str],
    outcome: str,
    *,
    k: Sequence[int] = (10, 20, 50),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Choose places by several rules on one period and score each on the next.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    rules : mapping
        Name of a rule -> column it ranks by (count, smoothed rate, harm ...), known *before* the outcome.
    outcome : str
        Column of the events or harm of the next period.
    k : sequence of int
        Numbers of places chosen.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a rule and k
        ``rule, k, best_share`` (had the next period been known), ``regret`` (best share minus share caught), ``random_share`` and the
        result columns: numerator = caught, denominator = all, value = share caught. Wilson limits where the outcome is whole counts.
        Ties in a rule go to the places with the lowest outcome.
    """
    need(frame, [outcome, *rules.values()], "A targeting simulation")
    known = frame.dropna(subset=[outcome, *rules.values()])
    happened, total = floats(known[outcome]), float(floats(known[outcome]).sum())
    if total <= 0:
        raise SnaError("Nothing happened in the period to be scored; a targeting simulation needs events.")
    sizes = np.asarray(k, int)
    if sizes.min() < 1 or sizes.max() > len(known):
        raise SnaError(f"Between 1 and {len(known)} places can be chosen; k is {sizes.min()} to {sizes.max()}.")
    best = np.cumsum(np.sort(happened)[::-1])[sizes - 1] / total
    rows = [_scored(name, floats(known[column]), happened, sizes, best, confidence) for name, column in rules.items()]
    return pd.concat(rows, ignore_index=True)


def _difference(treated: Pair, control: Pair, sizes: Sequence[float], times: Sequence[float]) -> tuple[float, float]:
    counts = np.array([[*treated], [*control]], dtype=float)
    if counts.shape != (2, 2) or (counts < 0).any():
        raise SnaError("Each area needs two counts of zero or more: before and after.")
    scale = np.outer(sizes, times)
    scaled = counts / scale
    change = scaled[:, 1] - scaled[:, 0]
    return float(change[0] - change[1]), float((counts / scale**2).sum())


def _e_test_p(
    a: float, b: float, n: float, m: float, difference: float, z: float, alternative: str, tail: float = 1e-12
) -> float:
    pooled = (a + b) / (n + m) - difference * n / (n + m)
    means = n * max(pooled + difference, 0.0), m * max(pooled, 0.0)
    if max(means) == 0:
        return 1.0
    grids = [np.arange(stats.poisson.ppf(tail, mean), stats.poisson.isf(tail, mean) + 1) for mean in means]
    x, y = grids[0][:, None], grids[1][None, :]
    spread = np.sqrt(x / n**2 + y / m**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(spread > 0, (x / n - y / m - difference) / spread, 0.0)
    slack = 1e-10
    extreme = {"two-sided": abs(drawn) >= abs(z) - slack, "greater": drawn >= z - slack, "less": drawn <= z + slack}
    if alternative not in extreme:
        raise SnaError(f"A test is 'two-sided', 'greater' or 'less', not '{alternative}'.")
    chance = stats.poisson.pmf(grids[0], means[0])[:, None] * stats.poisson.pmf(grids[1], means[1])[None, :]
    return float(min(chance[extreme[alternative]].sum(), 1.0))


def _scored(
    name: str, score: np.ndarray, happened: np.ndarray, sizes: np.ndarray, best: np.ndarray, confidence: float
) -> pd.DataFrame:
    order = np.lexsort((happened, -score))
    caught, total = np.cumsum(happened[order])[sizes - 1], happened.sum()
    whole = bool((happened == np.round(happened)).all())
    lower, upper = wilson_limits(caught, np.full(len(sizes), total), confidence) if whole else (np.nan, np.nan)
    identity = pd.DataFrame(
        {
            "rule": name,
            "k": sizes,
            "best_share": best,
            "regret": best - caught / total,
            "random_share": sizes / len(score),
        }
    )
    return result(
        identity, numerator=caught, denominator=total, value=caught / total, lower=lower, upper=upper,
        statistic="share of the next period", method="chosen before, scored after; ties pessimistic", confidence=confidence,
    )  # fmt: skip
