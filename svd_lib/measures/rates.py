"""Rates, proportions, standardised rates and rate ratios with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures import intervals
from svd_lib.measures.intervals import EXACT_BELOW, PoissonMethod, RatioMethod, poisson_names
from svd_lib.measures.results import each_level, floats, grouped_sums, keys, level, need, positive, result

EUROPEAN_STANDARD_2013: Final[Mapping[str, int]] = {
    "0-4": 5000, "5-9": 5500, "10-14": 5500, "15-19": 5500, "20-24": 6000, "25-29": 6000, "30-34": 6500,
    "35-39": 7000, "40-44": 7000, "45-49": 7000, "50-54": 7000, "55-59": 6500, "60-64": 6000, "65-69": 5500,
    "70-74": 5000, "75-79": 4000, "80-84": 2500, "85-89": 1500, "90+": 1000,
}  # fmt: skip
"""European Standard Population 2013, 19 age bands, adding up to 100,000 (Eurostat, 2013)."""


@each_level
def crude_rate(
    frame: pd.DataFrame,
    numerator: str = "count",
    denominator: str = "population",
    *,
    per: float | str = 1_000,
    confidence: float | Sequence[float] = 0.95,
    method: PoissonMethod = "auto",
) -> pd.DataFrame:
    """Return events per unit of population with Poisson limits, row by row.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per rate; every column but the two below identifies the row.
    numerator : str, default "count"
        Events. A missing count gives a missing rate, never a rate of zero.
    denominator : str, default "population"
        Persons or person-years; for several years the sum of the years' populations. Missing or zero gives a
        missing rate. Any population may stand here: residents, ages 16 to 34, workday population.
    per : float or str, default 1000
        The rate is events per this many, or per the number in this column.
    confidence : float or sequence of float, default 0.95
        Several, such as ``(0.95, 0.998)``, give all rows once for each.
    method : {"auto", "exact", "byar"}
        ``auto``: exact below 10 events, Byar from 10.

    Returns
    -------
    pandas.DataFrame
        Identifying columns and result columns; ``method`` names the limits of each row.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II; Public Health England (2018), Technical Guide:
    Confidence Intervals.
    """
    need(frame, (numerator, denominator), "A crude rate")
    events, base = floats(frame[numerator]), positive(floats(frame[denominator]))
    unit = _units(frame, per)
    lower, upper = intervals.poisson_limits(events, confidence, method)
    return result(
        frame.drop(columns=[numerator, denominator]),
        numerator=events,
        denominator=base,
        value=events / base * unit,
        lower=lower / base * unit,
        upper=upper / base * unit,
        statistic=[f"rate per {one:,.10g}" for one in unit],
        method=poisson_names(events, method),
        confidence=confidence,
    )


def _units(frame: pd.DataFrame, per: float | str) -> NDArray[np.float64]:
    return floats(frame[per]) if isinstance(per, str) else np.full(len(frame), float(per))


@each_level
def proportion(
    frame: pd.DataFrame,
    numerator: str = "count",
    denominator: str = "total",
    *,
    per: float | str = 1,
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return the share of a whole with Wilson score limits, row by row.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per proportion; every column but the two below identifies the row.
    numerator, denominator : str
        The part and the whole, ``0 <= part <= whole``. Missing gives missing; a whole of zero too.
    per : float or str, default 1
        100 for a percentage; or a column that holds it.
    confidence : float or sequence of float, default 0.95
        Several, such as ``(0.95, 0.998)``, give all rows once for each.

    Returns
    -------
    pandas.DataFrame
        Identifying columns and result columns.

    References
    ----------
    Wilson (1927), JASA 22:209-212; Newcombe (1998), Statistics in Medicine 17:857-872.
    """
    need(frame, (numerator, denominator), "A proportion")
    part, whole = floats(frame[numerator]), positive(floats(frame[denominator]))
    lower, upper = intervals.wilson_limits(part, whole, confidence)
    unit = _units(frame, per)
    return result(
        frame.drop(columns=[numerator, denominator]),
        numerator=part,
        denominator=whole,
        value=part / whole * unit,
        lower=lower * unit,
        upper=upper * unit,
        statistic=["proportion" if one == 1 else f"proportion per {one:,.10g}" for one in unit],
        method="Wilson",
        confidence=confidence,
    )


@each_level
def directly_standardised_rate(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    numerator: str = "count",
    denominator: str = "population",
    standard: str | Sequence[float] = "standard_population",
    frequency: str | None = None,
    stratum: str = "age_band",
    per: float = 100_000,
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return rates standardised directly to a standard population, with Dobson limits on Byar's.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group and stratum (age band).
    by : str or sequence of str, default ()
        Columns that name a group; none means one group.
    numerator, denominator : str
        Events and persons of the stratum. One missing stratum makes the group's rate missing.
    standard : str or sequence of float
        Column with the standard population, or its values in the order of each group's rows
        (``list(EUROPEAN_STANDARD_2013.values())``).
    frequency : str, optional
        Where one person can count several times (admissions): column with the times that each person of the row counts;
        ``numerator`` is then persons, one row per group, stratum and number of times, and the limits allow for it.
    stratum : str, default "age_band"
        Column that names the stratum; read with ``frequency`` only.
    per : float, default 100000
    confidence : float or sequence of float, default 0.95
        Several, such as ``(0.95, 0.998)``, give all rows once for each.

    Returns
    -------
    pandas.DataFrame
        One row per group; value and limits are NaN when a group has fewer than 10 events in all or a stratum is
        missing. ``numerator`` is the events that are known.

    Raises
    ------
    SnaError
        When the standard has another number of strata than a group, or a stratum has events and no population.

    References
    ----------
    Dobson, Kuulasmaa, Eberle and Scherer (1991), Statistics in Medicine 10:457-462; Public Health England (2018),
    Technical Guide: Confidence Intervals.
    """
    names = keys(by)
    need(frame, (*names, numerator, denominator), "A directly standardised rate")
    times = floats(frame[frequency]) if frequency else 1.0
    strata = frame[names].assign(
        _events=floats(frame[numerator]) * times,
        _base=floats(frame[denominator]),
        _weight=_standard_weights(frame, names, standard),
    )
    if ((strata["_base"] <= 0) & (strata["_events"] > 0)).any():
        raise SnaError("A stratum has events and no population; join it with a neighbouring age band.")
    populated = strata["_base"].where(strata["_base"] != 0, 1.0)
    strata["_rate"] = strata["_weight"] * strata["_events"] / populated
    strata["_variance"] = strata["_weight"] ** 2 * strata["_events"] * times / populated**2
    known = strata.assign(_known=strata["_events"].fillna(0))
    if frequency:
        known = _once_a_stratum(known, frame, names, stratum)
    return _dobson(grouped_sums(known, names), names, per, confidence)


def _once_a_stratum(strata: pd.DataFrame, frame: pd.DataFrame, names: list[str], stratum: str) -> pd.DataFrame:
    """Return strata listed once for each number of times, with weights and populations counted the first time only."""
    need(frame, (stratum,), "A directly standardised rate")
    is_first = ~frame.duplicated([*names, stratum]).to_numpy()
    return strata.assign(_weight=strata["_weight"].where(is_first, 0.0), _base=strata["_base"].where(is_first, 0.0))


def _standard_weights(frame: pd.DataFrame, names: list[str], standard: str | Sequence[float]) -> NDArray[np.float64]:
    if isinstance(standard, str):
        need(frame, (standard,), "A directly standardised rate")
        return floats(frame[standard])
    values = floats(standard)
    position = frame.groupby(names, sort=False, dropna=False).cumcount() if names else pd.Series(np.arange(len(frame)))
    sizes = frame.groupby(names, sort=False, dropna=False).size() if names else pd.Series([len(frame)])
    if (sizes != len(values)).any():
        raise SnaError(
            f"The standard population has {len(values)} strata but a group has {sizes[sizes != len(values)].iloc[0]}."
        )
    return values[position.to_numpy()]


def _dobson(totals: pd.DataFrame, names: list[str], per: float, confidence: float) -> pd.DataFrame:
    events, weight = totals["_events"].to_numpy(float), totals["_weight"].to_numpy(float)
    value = totals["_rate"].to_numpy(float) / weight
    lower_events, upper_events = intervals.poisson_limits(events, confidence, "byar")
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(totals["_variance"].to_numpy(float) / weight**2 / events)
    enough = np.where(events >= EXACT_BELOW, per, np.nan)
    return result(
        totals[names],
        numerator=totals["_known"],
        denominator=totals["_base"],
        value=value * enough,
        lower=(value + scale * (lower_events - events)) * enough,
        upper=(value + scale * (upper_events - events)) * enough,
        statistic=f"directly standardised rate per {per:,.10g}",
        method="Dobson",
        confidence=confidence,
    )


def expected_events(
    frame: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    on: str | Sequence[str],
    denominator: str = "population",
    reference_numerator: str = "count",
    reference_denominator: str = "population",
) -> pd.DataFrame:
    """Return the frame with the events that a reference's stratum rates would give.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group and stratum, with ``on`` and ``denominator``.
    reference : pandas.DataFrame
        One row per stratum of the reference population.
    on : str or sequence of str
        Columns that name a stratum (``"age_band"``).
    denominator, reference_numerator, reference_denominator : str
        Persons in the frame; events and persons in the reference.

    Returns
    -------
    pandas.DataFrame
        The frame plus ``expected`` (events).
    """
    names = keys(on)
    need(frame, (*names, denominator), "Expected events")
    need(reference, (*names, reference_numerator, reference_denominator), "Expected events")
    rate = reference[names].assign(
        _rate=floats(reference[reference_numerator]) / positive(floats(reference[reference_denominator]))
    )
    joined = frame.merge(rate, on=names, how="left", validate="many_to_one")
    return joined.assign(expected=floats(joined[denominator]) * joined["_rate"]).drop(columns="_rate")


@each_level
def indirectly_standardised_ratio(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    numerator: str = "count",
    expected: str = "expected",
    per: float = 1,
    reference_rate: float | None = None,
    confidence: float | Sequence[float] = 0.95,
    method: PoissonMethod = "auto",
) -> pd.DataFrame:
    """Return observed over expected events per group, or the rate that follows from it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group, or per group and stratum (then summed).
    by : str or sequence of str, default ()
    numerator, expected : str
        Observed events, and expected ones (see :func:`expected_events`).
    per : float, default 1
        100 gives a ratio with 100 as par. With ``reference_rate``, the unit of the rate.
    reference_rate : float, optional
        The reference population's crude rate per person; when given, the result is the indirectly standardised rate
        ``observed / expected * reference_rate * per``.
    confidence : float or sequence of float, default 0.95
        Several, such as ``(0.95, 0.998)``, give all rows once for each.
    method : {"auto", "exact", "byar"}

    Returns
    -------
    pandas.DataFrame
        One row per group; ``denominator`` is the expected events.

    References
    ----------
    Breslow and Day (1987), chapter 2; Public Health England (2018), Technical Guide: Confidence Intervals.
    """
    names = keys(by)
    need(frame, (*names, numerator, expected), "An indirectly standardised ratio")
    totals = grouped_sums(frame[names].assign(_o=floats(frame[numerator]), _e=floats(frame[expected])), names)
    observed, base = totals["_o"].to_numpy(float), positive(totals["_e"].to_numpy(float))
    lower, upper = intervals.poisson_limits(observed, confidence, method)
    scale = per * (1.0 if reference_rate is None else reference_rate)
    kind = "ratio" if reference_rate is None else "rate"
    return result(
        totals[names],
        numerator=observed,
        denominator=base,
        value=observed / base * scale,
        lower=lower / base * scale,
        upper=upper / base * scale,
        statistic=f"indirectly standardised {kind} per {per:,.10g}",
        method=poisson_names(observed, method),
        confidence=confidence,
    )


@each_level
def indirectly_standardised_rate(
    frame: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    on: str | Sequence[str],
    by: str | Sequence[str] = (),
    numerator: str = "count",
    denominator: str = "population",
    reference_numerator: str = "count",
    reference_denominator: str = "population",
    per: float = 100_000,
    confidence: float | Sequence[float] = 0.95,
    method: PoissonMethod = "auto",
) -> pd.DataFrame:
    """Return rates standardised indirectly: observed over expected events, times the reference population's crude rate.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per group and stratum, with ``on``, ``by``, ``numerator`` and ``denominator``.
    reference : pandas.DataFrame
        One row per stratum of the reference population, with ``on`` and its two columns.
    on : str or sequence of str
        Columns that name a stratum (``"age_band"``).
    by : str or sequence of str, default ()
        Columns that name a group.
    numerator, denominator : str
        Events and persons of the frame.
    reference_numerator, reference_denominator : str
        Events and persons of the reference.
    per : float, default 100000
    confidence : float or sequence of float, default 0.95
    method : {"auto", "exact", "byar"}

    Returns
    -------
    pandas.DataFrame
        As :func:`indirectly_standardised_ratio`, plus ``reference_rate`` (per ``per``).

    References
    ----------
    Breslow and Day (1987), chapter 2; Public Health England (2018), Technical Guide: Confidence Intervals.
    """
    names = {"reference_numerator": reference_numerator, "reference_denominator": reference_denominator}
    strata = expected_events(frame, reference, on=on, denominator=denominator, **names)
    crude = float(floats(reference[reference_numerator]).sum() / floats(reference[reference_denominator]).sum())
    options = {"by": by, "numerator": numerator, "per": per, "confidence": confidence, "method": method}
    return indirectly_standardised_ratio(strata, reference_rate=crude, **options).assign(reference_rate=crude * per)


@each_level
def group_mean(
    frame: pd.DataFrame,
    value: str = "value",
    *,
    by: str | Sequence[str] = (),
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return the mean of a value over the rows of each group with Student's t limits.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per observation; rows with a missing value are left out.
    value : str, default "value"
    by : str or sequence of str, default ()
        Columns that name a group; none means one group.
    confidence : float or sequence of float, default 0.95
        Several give all rows once for each.

    Returns
    -------
    pandas.DataFrame
        One row per group: ``by``, ``standard_deviation`` and the result columns (``numerator`` the sum, ``denominator`` the
        number of values). Limits are NaN with a single value. In the unit of ``value``.

    References
    ----------
    Student (1908), Biometrika 6:1-25; Public Health England (2018), Technical Guide: Confidence Intervals.
    """
    names = keys(by)
    need(frame, (*names, value), "A mean")
    rows = frame[names].assign(_v=floats(frame[value]), _all=0).dropna(subset=["_v"])
    parts = rows.groupby(names or ["_all"], sort=False, dropna=False)["_v"].agg(["sum", "count", "mean", "std"]).reset_index()
    reach = stats.t.isf((1 - level(confidence)) / 2, np.maximum(parts["count"] - 1, 1)) * parts["std"] / np.sqrt(parts["count"])
    return result(
        parts[names].assign(standard_deviation=parts["std"]),
        numerator=parts["sum"],
        denominator=parts["count"],
        value=parts["mean"],
        lower=parts["mean"] - reach,
        upper=parts["mean"] + reach,
        statistic="mean",
        method="Student's t",
        confidence=confidence,
    )


@each_level
def rate_ratio(
    frame: pd.DataFrame,
    numerator: str = "count",
    denominator: str = "population",
    reference_numerator: str = "reference_count",
    reference_denominator: str = "reference_population",
    *,
    method: RatioMethod = "wald",
    dispersion: float | str = 1.0,
    resolution: float = 1e-15,
    confidence: float | Sequence[float] = 0.95,
) -> pd.DataFrame:
    """Return the ratio of two rates with its interval and p-value, row by row.

    Two areas or groups are compared by this, never by whether their intervals overlap.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per comparison.
    numerator, denominator : str
        Events and persons (or person-years) of the area of interest.
    reference_numerator, reference_denominator : str
        Those of the area it is compared with.
    method : {"wald", "exact", "midp"}
        Normal on the log ratio; conditional exact; or mid-P with the median-unbiased estimate.
    dispersion : float or str, default 1
        Variance over mean of the counts, or a column holding it; Wald only (a quasi-Poisson ratio).
    resolution : float, default 1e-15
        Where the search for the mid-P estimate and limits ends, as a share of all events; 0.0001220703125 reproduces
        tables made with R's default.
    confidence : float or sequence of float, default 0.95
        Several, such as ``(0.95, 0.998)``, give all rows once for each.

    Returns
    -------
    pandas.DataFrame
        Identifying columns (``reference_*`` kept), result columns, and ``p_value`` (two-sided, ratio 1).
        ``value`` is NaN for Wald when either count is zero; use ``exact`` there.

    References
    ----------
    Rothman, Greenland and Lash (2008), Modern Epidemiology, chapter 14.
    """
    columns = (numerator, denominator, reference_numerator, reference_denominator)
    need(frame, columns, "A rate ratio")
    a, n, b, m = (floats(frame[column]) for column in columns)
    scale = positive(m) / positive(n)
    phi = floats(frame[dispersion]) if isinstance(dispersion, str) else np.full(len(frame), float(dispersion))
    lower, upper = intervals.poisson_ratio_limits(a, b, scale, confidence, method, phi, resolution)
    return result(
        frame.drop(columns=[numerator, denominator]),
        numerator=a,
        denominator=n,
        value=_ratio_estimate(a, b, scale, method, resolution),
        lower=lower,
        upper=upper,
        statistic="rate ratio",
        method={"wald": "Wald on the log ratio", "exact": "conditional exact", "midp": "mid-P, median unbiased"}[
            method
        ],
        confidence=confidence,
    ).assign(p_value=_ratio_p_value(a, b, scale, phi, method))


def _ratio_estimate(
    a: NDArray[np.float64], b: NDArray[np.float64], scale: NDArray[np.float64], method: str, resolution: float
) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if method == "midp":
            share = intervals.mid_p_share(a, a + b, 0.5, resolution)
            return share / (1 - share) * scale
        plain = a / b * scale
        return np.where((a > 0) & (b > 0), plain, np.nan) if method == "wald" else plain


def _ratio_p_value(
    a: NDArray[np.float64], b: NDArray[np.float64], scale: NDArray[np.float64], phi: NDArray[np.float64], method: str
) -> NDArray[np.float64]:
    if method == "wald":
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where((a > 0) & (b > 0), np.log(a / b * scale) / np.sqrt(phi * (1 / a + 1 / b)), np.nan)
        return 2 * stats.norm.sf(np.abs(z))
    share = 1 / (1 + scale)
    if method == "exact":
        return np.array([_binomial_p(*one) for one in zip(a, a + b, share, strict=True)])
    below = stats.binom.cdf(a, a + b, share) - stats.binom.pmf(a, a + b, share) / 2
    return np.minimum(1.0, 2 * np.minimum(below, 1 - below))


def _binomial_p(x: float, n: float, share: float) -> float:
    if np.isnan([x, n, share]).any() or n == 0:
        return np.nan
    return float(stats.binomtest(round(x), round(n), share).pvalue)


def beside_reference(
    frame: pd.DataFrame,
    *,
    key: str,
    reference: str,
    by: str | Sequence[str] = (),
    numerator: str = "count",
    denominator: str = "population",
) -> pd.DataFrame:
    """Return every other row beside its reference row, ready for :func:`rate_ratio`.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows that ``key`` and ``by`` identify.
    key : str
        Column that tells areas or groups apart.
    reference : str
        The value of ``key`` that the others are compared with.
    by : str or sequence of str, default ()
        Columns within which to compare (period, offence group).
    numerator, denominator : str
        Events and persons.

    Returns
    -------
    pandas.DataFrame
        The frame without the reference's rows, plus ``reference_count`` and ``reference_population``.

    Raises
    ------
    SnaError
        If the reference is not there.
    """
    names = keys(by)
    need(frame, (key, *names, numerator, denominator), "A comparison")
    is_reference = frame[key] == reference
    if not is_reference.any():
        raise SnaError(f"No row has {key} = '{reference}' to compare with.")
    other = frame.loc[is_reference, [*names, numerator, denominator]].rename(
        columns={numerator: "reference_count", denominator: "reference_population"}
    )
    rows = frame[~is_reference]
    if not names:
        return rows.merge(other, how="cross") if len(other) == 1 else _one_reference(reference)
    return rows.merge(other, on=names, how="left", validate="many_to_one")


def _one_reference(reference: str) -> pd.DataFrame:
    raise SnaError(f"'{reference}' has more than one row; name the columns that tell them apart in `by`.")


def quantiles(
    frame: pd.DataFrame,
    value: str = "value",
    *,
    groups: int = 5,
    first: Literal["highest", "lowest"],
    by: str | Sequence[str] = (),
    name: str = "quantile",
    ties: Literal["average", "min", "max", "first"] = "min",
    larger: Literal["first", "last"] = "first",
) -> pd.DataFrame:
    """Return the frame with the quantile of each row, 1 to ``groups``, its polarity stated.

    Parameters
    ----------
    frame : pandas.DataFrame
    value : str, default "value"
        What to rank by; a missing value gets no quantile.
    groups : int, default 5
    first : {"highest", "lowest"}
        Which end quantile 1 is. A deprivation score ``"highest"``, a deprivation rank ``"lowest"``.
    by : str or sequence of str, default ()
        Rank within these columns.
    name : str, default "quantile"
        Name of the new column.
    ties : {"min", "average", "max", "first"}
        Rank of equal values; ``first`` keeps group sizes equal.
    larger : {"first", "last"}
        Which quantiles hold one row more where the rows do not divide evenly: ``first`` as the public-health tools have it,
        ``floor((rank - 1) * groups / rows) + 1``; ``last`` as the Indices of Deprivation's deciles,
        ``ceil(rank * groups / rows)``.

    Returns
    -------
    pandas.DataFrame
        The frame plus ``name`` (nullable whole number); missing where there are fewer values than quantiles.

    References
    ----------
    Public Health England (2018), Technical Guide: Assigning Deprivation Categories.
    """
    names = keys(by)
    need(frame, (*names, value), "Quantiles")
    if groups < 2:
        raise SnaError(f"Quantiles need at least 2 groups; {groups} was asked for.")
    series = frame.groupby(names, dropna=False)[value] if names else frame[value]
    rank = series.rank(method=ties, ascending=first == "lowest")
    size = series.transform("count") if names else pd.Series(frame[value].count(), index=frame.index)
    position = np.ceil(np.round(rank * groups / size, 9))
    if larger == "first":
        position = np.floor(np.round((rank - 1) * groups / size, 9)) + 1
    return frame.assign(**{name: position.where(size >= groups).astype("Int64")})
