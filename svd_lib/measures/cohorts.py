"""People and groups: risks compared, disproportionality, and repeat victimisation against chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

from svd_lib.errors import SnaError
from svd_lib.measures import intervals
from svd_lib.measures.rates import beside_reference, rate_ratio
from svd_lib.measures.results import each_level, floats, keys, level, need, result

Array = NDArray[np.float64]
Comparison = Literal["risk_ratio", "odds_ratio", "risk_difference"]
TableMethod = Literal["wald", "small", "exact", "midp"]

WALD_NAMES: Final = {"risk_ratio": "Katz, log", "odds_ratio": "Woolf, logit", "risk_difference": "Wald"}
CONDITIONAL_NAMES: Final = {"exact": "conditional, Fisher exact", "midp": "conditional, mid-P, median unbiased"}
LARGEST_ODDS_RATIO: Final = 1_000.0
"""Where the search for a mid-P odds ratio ends."""


@each_level
def compare_risks(
    frame: pd.DataFrame,
    cases: str = "cases",
    total: str = "total",
    reference_cases: str = "reference_cases",
    reference_total: str = "reference_total",
    *,
    comparison: Comparison = "risk_ratio",
    method: TableMethod = "wald",
    totals: bool = True,
    correction: bool = False,
    resolution: float = 1e-12,
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return the ratio, odds ratio or difference of two risks, row by row.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per two-by-two table.
    cases, total : str
        People with the outcome, and all people, in the group of interest.
    reference_cases, reference_total : str
        Those of the reference group.
    comparison : {"risk_ratio", "odds_ratio", "risk_difference"}
    method : {"wald", "small", "exact", "midp"}
        ``wald``: Katz's log limits, Woolf's logit limits, or Wald limits of the difference. ``small``: the ratios adjusted for
        small samples. ``exact`` and ``midp`` (odds ratio only): the conditional estimate with Fisher's exact limits, or the
        median-unbiased estimate with mid-P limits, which also stand where a cell is empty.
    totals : bool, default True
        False when the columns called totals hold the people without the outcome.
    correction : bool, default False
        Yates's continuity correction of the chi-square.
    resolution : float, default 1e-12
        Where the search for mid-P odds ratios ends; 0.0001220703125 reproduces tables made with R's default.
    confidence : float or sequence of float, default 0.95
        Several give all rows once for each.

    Returns
    -------
    pandas.DataFrame
        Identifying columns, result columns (``numerator`` and ``denominator`` the group of interest), ``chi_square``
        (Pearson, 1 degree of freedom) and ``p_value`` (of the chi-square; Fisher's or mid-P with those methods; two-sided). A
        Wald or small-sample ratio with an empty cell is NaN.

    References
    ----------
    Katz et al. (1978), Biometrics 34:469-474; Woolf (1955); Jewell (2004), Statistics for Epidemiology, sections 7.1 to 7.3;
    Rothman, Greenland and Lash (2008), chapter 14.
    """
    columns = (cases, total, reference_cases, reference_total)
    need(frame, columns, "Comparing risks")
    a, n, b, m = (floats(frame[column]) for column in columns)
    n, m = (n, m) if totals else (a + n, b + m)
    if ((a > n) | (b > m) | (a < 0) | (b < 0)).any():
        raise SnaError("Cases lie between zero and the total in both groups; a row does not.")
    value, lower, upper = _compared(a, n, b, m, comparison, method, level(confidence), resolution)
    chi_square = _chi_square(a, n, b, m, correction)
    p_value = _conditional_p(a, n, b, m, method) if method in CONDITIONAL_NAMES else stats.chi2.sf(chi_square, 1)
    how = CONDITIONAL_NAMES.get(method, WALD_NAMES[comparison] + (", small samples" if method == "small" else ""))
    return result(
        frame.drop(columns=[cases, total]),
        numerator=a,
        denominator=n,
        value=value,
        lower=lower,
        upper=upper,
        statistic=comparison.replace("_", " "),
        method=how,
        confidence=confidence,
    ).assign(chi_square=chi_square, p_value=p_value)


def _compared(
    a: Array, n: Array, b: Array, m: Array, comparison: Comparison, method: TableMethod, confidence: float, resolution: float
) -> tuple[Array, Array, Array]:
    """Return estimates with their limits."""
    if method in CONDITIONAL_NAMES:
        if comparison != "odds_ratio":
            raise SnaError("Exact and mid-P limits are there for an odds ratio; for risks use method='wald' or 'small'.")
        one = _exact_odds if method == "exact" else _midp_odds
        rows = [one(*(int(part) for part in row), confidence, resolution) for row in np.column_stack([a, n, b, m])]
        return tuple(np.array(rows, dtype=float).reshape(-1, 3).T)
    if method not in ("wald", "small") or (method == "small" and comparison == "risk_difference"):
        raise SnaError(f"A {comparison.replace('_', ' ')} has no method '{method}'; see the documented ones.")
    reach = intervals.z_value(confidence)
    if method == "small":
        value, centre, error = _small_samples(a, n, b, m, comparison)
        return value, centre * np.exp(-reach * error), centre * np.exp(reach * error)
    value, error = _risk_estimates(a, n, b, m, comparison)
    if comparison == "risk_difference":
        return value, value - reach * error, value + reach * error
    return value, value * np.exp(-reach * error), value * np.exp(reach * error)


def _chi_square(a: Array, n: Array, b: Array, m: Array, correction: bool) -> Array:
    cross = np.abs(a * (m - b) - b * (n - a))
    if correction:
        cross = np.maximum(cross - (n + m) / 2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return cross**2 * (n + m) / (n * m * (a + b) * (n + m - a - b))


def _small_samples(a: Array, n: Array, b: Array, m: Array, comparison: Comparison) -> tuple[Array, Array, Array]:
    """Return the adjusted ratio, the ratio that its limits lie around, and the standard error of its logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if comparison == "risk_ratio":
            value = a / (n + 1) / (b / (m + 1))
            return value, value, np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
        cells = np.array([a, n - a, b, m - b])
        centre = (cells[0] + 0.5) * (cells[3] + 0.5) / ((cells[1] + 0.5) * (cells[2] + 0.5))
        value = cells[0] * cells[3] / ((cells[1] + 1) * (cells[2] + 1))
        return value, centre, np.sqrt((1 / (cells + 0.5)).sum(axis=0))


def _exact_odds(a: int, n: int, b: int, m: int, confidence: float, resolution: float) -> tuple[float, float, float]:
    """Return the conditional maximum likelihood odds ratio with Fisher's exact limits."""
    found = stats.contingency.odds_ratio([[a, n - a], [b, m - b]], kind="conditional")
    return (found.statistic, *found.confidence_interval(confidence))


def _midp_odds(a: int, n: int, b: int, m: int, confidence: float, resolution: float) -> tuple[float, float, float]:
    """Return the median-unbiased odds ratio with mid-P limits."""
    tail = (1 - confidence) / 2

    def root(share: float) -> float:
        def excess(odds: float) -> float:
            law = stats.nchypergeom_fisher(n + m, a + b, n, max(odds, 1e-12))
            return float(law.cdf(a) - law.pmf(a) / 2) - share

        if excess(0.0) <= 0:
            return 0.0
        if excess(LARGEST_ODDS_RATIO) >= 0:
            return np.inf
        return float(optimize.brentq(excess, 0.0, LARGEST_ODDS_RATIO, xtol=resolution, rtol=4 * np.finfo(float).eps))

    return root(0.5), root(1 - tail), root(tail)


def _conditional_p(a: Array, n: Array, b: Array, m: Array, method: TableMethod) -> Array:
    if method == "exact":
        tables = np.stack([a, n - a, b, m - b], axis=1).astype(int).reshape(-1, 2, 2)
        return np.array([stats.fisher_exact(table).pvalue for table in tables])
    law = stats.hypergeom(n + m, a + b, n)
    below = law.cdf(a) - law.pmf(a) / 2
    return 2 * np.minimum(below, 1 - below)


def _risk_estimates(a: Array, n: Array, b: Array, m: Array, comparison: Comparison) -> tuple[Array, Array]:
    """Return the estimate and its standard error, on the log scale for ratios."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if comparison == "risk_difference":
            p, q = a / n, b / m
            return p - q, np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        if comparison == "odds_ratio":
            value, error = a * (m - b) / (b * (n - a)), np.sqrt(1 / a + 1 / (n - a) + 1 / b + 1 / (m - b))
        else:
            value, error = a / n / (b / m), np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    usable = np.isfinite(error) & (value > 0)
    return np.where(usable, value, np.nan), np.where(usable, error, np.nan)


def disproportionality(
    frame: pd.DataFrame,
    *,
    group: str = "group",
    reference: str,
    denominators: Sequence[str],
    numerator: str = "count",
    by: str | Sequence[str] = (),
    exact_below: int = 10,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return each group's rate over the reference group's, once for every denominator, with the numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group.
    group : str, default "group"
    reference : str
        Group that the others are compared with.
    denominators : sequence of str
        Columns with populations: residents, people on the street, suspects described. Give more than one; a ratio
        that depends on its denominator says so by itself.
    numerator : str, default "count"
    by : str or sequence of str, default ()
    exact_below : int, default 10
        With fewer events in either group, the conditional exact interval is used.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        ``by``, ``group``, ``denominator_name``, ``reference_count``, ``reference_population``, result columns,
        ``p_value``.
    """
    names = keys(by)
    need(frame, (group, numerator, *names, *denominators), "Disproportionality")
    parts = []
    for denominator in denominators:
        data = frame[[*names, group, numerator]].assign(_population=frame[denominator], denominator_name=denominator)
        pairs = beside_reference(
            data, key=group, reference=reference, by=names, numerator=numerator, denominator="_population"
        )
        few = (floats(pairs[numerator]) < exact_below) | (floats(pairs["reference_count"]) < exact_below)
        wald = rate_ratio(pairs, numerator, "_population", confidence=confidence)
        exact = rate_ratio(pairs, numerator, "_population", method="exact", confidence=confidence)
        parts.append(wald.where(pd.Series(~few), exact))
    return pd.concat(parts, ignore_index=True)


def repeat_table(
    frame: pd.DataFrame,
    *,
    times: str = "times",
    people: str = "people",
    mean_times: str | None = None,
) -> pd.DataFrame:
    """Return how incidents concentrate on people harmed more than once, beside chance.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per number of times, the first being 0 when those never harmed are known.
    times : str, default "times"
        0, 1, 2, ...; the last may be open, as in "5+".
    people : str, default "people"
        People (or places) harmed so many times: counts or percentages.
    mean_times : str, optional
        Mean number of times in the class; needed for an open class.

    Returns
    -------
    pandas.DataFrame
        ``times``, ``people``, ``incidents`` (in the unit of people), ``pct_people``, ``pct_victims`` (empty for 0),
        ``pct_incidents``, ``expected_pct_people`` (Poisson with the same mean) and ``ratio_to_expected``; the last
        two are empty when those never harmed are not given.

    References
    ----------
    Farrell and Pease (1993), Once Bitten, Twice Bitten.
    """
    need(frame, (times, people, *([mean_times] if mean_times else [])), "A table of repeats")
    label = frame[times].astype(str).str.strip()
    least = label.str.removesuffix("+").astype(float).to_numpy()
    is_open = label.str.endswith("+").to_numpy()
    if is_open[:-1].any() or (is_open.any() and mean_times is None):
        raise SnaError("Only the last class may be open, and it needs its mean number of times.")
    count, each = floats(frame[people]), floats(frame[mean_times]) if mean_times else least
    incidents, victims = count * each, np.where(least > 0, count, 0.0)
    expected = (
        _poisson_classes(least, is_open, incidents.sum() / count.sum())
        if least[0] == 0
        else np.full(len(least), np.nan)
    )
    share = 100 * count / count.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = share / (100 * expected)
    return pd.DataFrame(
        {
            "times": label,
            "people": count,
            "incidents": incidents,
            "pct_people": share,
            "pct_victims": np.where(least > 0, 100 * victims / victims.sum(), np.nan),
            "pct_incidents": 100 * incidents / incidents.sum(),
            "expected_pct_people": 100 * expected,
            "ratio_to_expected": ratio,
        }
    )


def _poisson_classes(least: Array, is_open: NDArray[np.bool_], mean: float) -> Array:
    return np.where(is_open, stats.poisson.sf(least - 1, mean), stats.poisson.pmf(least, mean))


def repeat_victimisation(
    frame: pd.DataFrame,
    *,
    times: str = "times",
    people: str = "people",
    mean_times: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the share of victims who are repeat victims, and how much of it chance would give.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for :func:`repeat_table`; ``people`` are counts if the limits are to mean anything.
    times, people, mean_times : str
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame
        One row: result columns (``value`` the percentage of victims harmed twice or more, Wilson),
        ``repeat_pct_incidents``, ``expected_pct`` (Poisson with the same mean over everybody; without those never
        harmed, the zero-truncated Poisson of the victims) and ``ratio_to_expected``.
    """
    table = repeat_table(frame, times=times, people=people, mean_times=mean_times)
    least = table["times"].str.removesuffix("+").astype(float)
    victims, repeats = table.loc[least >= 1, "people"].sum(), table.loc[least >= 2, "people"].sum()
    if victims == 0:
        raise SnaError("Nobody was harmed; there are no repeats to describe.")
    mean = table["incidents"].sum() / (table["people"].sum() if least.iloc[0] == 0 else victims)
    rate = mean if least.iloc[0] == 0 else _untruncated(mean)
    expected = 100 * (1 - rate * np.exp(-rate) / (1 - np.exp(-rate)))
    lower, upper = intervals.wilson_limits([repeats], [victims], confidence)
    return result(
        pd.DataFrame(index=[0]),
        numerator=[repeats],
        denominator=[victims],
        value=[100 * repeats / victims],
        lower=lower * 100,
        upper=upper * 100,
        statistic="repeat victims per 100 victims",
        method="Wilson",
        confidence=confidence,
    ).assign(
        repeat_pct_incidents=table.loc[least >= 2, "pct_incidents"].sum(),
        expected_pct=expected,
        ratio_to_expected=100 * repeats / victims / expected,
    )


def _untruncated(mean: float) -> float:
    """Return the Poisson mean whose zero-truncated mean is this."""
    if mean <= 1:
        return 1e-9
    return float(optimize.brentq(lambda rate: rate / (1 - np.exp(-rate)) - mean, 1e-9, mean))


def repeats_by_place(
    frame: pd.DataFrame, *, place: str | Sequence[str], places: int | None = None, count: str | None = None
) -> pd.DataFrame:
    """Return the number of people or places by how often each occurs, ready for :func:`repeat_table`.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per incident, or per place with ``count``.
    place : str or sequence of str
        Columns that name the person or place. Points of street-level data are snapped: repeats at one are biased up.
    places : int, optional
        All people or places at risk, from which those never harmed follow.
    count : str, optional
        Incidents of the row.

    Returns
    -------
    pandas.DataFrame
        ``times``, ``people``.
    """
    names = keys(place)
    need(frame, (*names, *([count] if count else [])), "Counting repeats")
    groups = frame.groupby(names, dropna=True)
    per_place = groups[count].sum() if count else groups.size()
    tally = per_place[per_place > 0].astype(int).value_counts()
    if places is not None:
        if places < tally.sum():
            raise SnaError(f"There are {tally.sum()} places with incidents and only {places} at risk.")
        tally.loc[0] = places - tally.sum()
    full = tally.reindex(range(0 if places is not None else 1, int(tally.index.max()) + 1), fill_value=0)
    return pd.DataFrame({"times": full.index, "people": full.to_numpy()})
