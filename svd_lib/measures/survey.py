"""Surveys: raking, effective sample sizes, design-based estimates, scales, several answers, agreement of coders.

Standard errors are Taylor linearised with the variance between primary sampling units within strata, and finite
population corrections where population sizes are given. A self-selected survey has no design: its intervals rest on
the weighting model, and its pages must say so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import wilson_limits, z_value
from svd_lib.measures.results import floats, keys, level, need, result

Floats = NDArray[np.float64]
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Limits = Literal["wilson", "korn-graubard"]
LIMIT_NAMES: Final = {"wilson": "Wilson", "korn-graubard": "Korn-Graubard"}
Margins = Mapping[str, Mapping[Hashable, float]]


@dataclass(frozen=True)
class SurveyDesign:
    """How respondents came to be asked, as column names.

    Attributes
    ----------
    weight : str
        Column of weights (persons or units that a respondent stands for).
    strata : str, optional
        Column of the stratum.
    cluster : str or sequence of str, optional
        Column of the primary sampling unit, and of the units drawn within it where there were further stages; each respondent is one
        when absent.
    population : str or sequence of str, optional
        Column of the number of primary sampling units in the stratum's population (finite population correction), and so on
        for each stage; or, from 0 to 1, of the share of them that was drawn. Without it units count as drawn with replacement.
    calibrated : sequence of str
        Columns whose margins the weights were raked to; the variance then counts only what they leave unexplained.
    start : str, optional
        Column of the weights before raking; equal when absent. Used with ``calibrated`` only.
    """

    weight: str
    strata: str | None = None
    cluster: str | Sequence[str] | None = None
    population: str | Sequence[str] | None = None
    calibrated: Sequence[str] = ()
    start: str | None = None


@dataclass(frozen=True)
class EffectiveSize:
    """Kish's effective number of respondents, and the design effect of unequal weights."""

    n_eff: float
    design_effect: float


def effective_size(weights: ArrayLike) -> EffectiveSize:
    """Return how many equally weighted respondents the weighted ones are worth.

    Parameters
    ----------
    weights : array-like, shape (n,)
        Zero or more; missing weights are refused.

    Returns
    -------
    EffectiveSize
        ``n_eff`` = (sum w)^2 / sum w^2; ``design_effect`` = n / n_eff.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    w = floats(weights)
    if not len(w) or np.isnan(w).any() or (w < 0).any() or w.sum() == 0:
        raise SnaError("Weights are zero or more, none missing, and not all zero.")
    size = float(w.sum() ** 2 / (w**2).sum())
    return EffectiveSize(size, len(w) / size)


def rake(
    frame: pd.DataFrame,
    margins: Margins,
    *,
    start: str | None = None,
    tolerance: float = 1e-10,
    most_rounds: int = 1_000,
    trim: float | None = None,
) -> pd.Series:
    """Weight respondents so that they add up to known margins (iterative proportional fitting).

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    margins : mapping
        Column -> category -> persons in the population. All columns should have the same total.
    start : str, optional
        Column of the weights to begin with; one for all when absent.
    tolerance : float, default 1e-10
        Greatest relative departure from a margin at the end.
    most_rounds : int, default 1000
    trim : float, optional
        Cut weights above this many times the median and rake again, until none is cut.

    Returns
    -------
    pandas.Series, the frame's index
        Weights.

    Raises
    ------
    SnaError
        If a category is without respondents or without a margin, or raking does not settle.

    References
    ----------
    Deming and Stephan (1940), Annals of Mathematical Statistics 11:427-444.
    """
    need(frame, [*margins, *([start] if start else [])], "Raking")
    coded = [_coded(frame[column], targets, column) for column, targets in margins.items()]
    weights = floats(frame[start]) if start else np.ones(len(frame))
    for _ in range(most_rounds):
        for codes, wanted in coded:
            sums = np.bincount(codes, weights, len(wanted))
            weights = weights * (wanted / np.where(sums > 0, sums, 1.0))[codes]
        cap = trim * np.median(weights) if trim else np.inf
        apart = max(
            float(np.abs(np.bincount(codes, weights, len(wanted)) / wanted - 1).max()) for codes, wanted in coded
        )
        if apart <= tolerance and weights.max() <= cap * (1 + 1e-6):
            return pd.Series(weights, index=frame.index, name="weight")
        weights = np.minimum(weights, cap)
    raise SnaError(
        f"Raking did not settle after {most_rounds} rounds; merge small categories or check that the margins agree."
    )


def survey_mean(
    frame: pd.DataFrame, value: str, design: SurveyDesign, *, by: Sequence[str] = (), confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate the mean of a value in the population, or in groups of it.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    value : str
        Numeric column; respondents without a value are left out (as a domain of the sample).
    design : SurveyDesign
    by : sequence of str
        Columns of the groups with one result each.
    confidence : float, default 0.95
        Student's t on primary sampling units minus strata.

    Returns
    -------
    pandas.DataFrame, one row a group
        ``by, respondents, standard_error, design_effect, degrees_of_freedom`` and the result columns: denominator = sum of weights.

    References
    ----------
    Sarndal, Swensson and Wretman (1992), Model Assisted Survey Sampling; Lumley (2010), Complex Surveys.
    """
    return _by_domain(frame, value, design, by, confidence, _mean_row, "mean")


def survey_total(
    frame: pd.DataFrame, value: str, design: SurveyDesign, *, by: Sequence[str] = (), confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate the total of a value in the population, or in groups of it.

    Parameters
    ----------
    frame, value, design, by, confidence
        As :func:`survey_mean`.

    Returns
    -------
    pandas.DataFrame, one row a group
        As :func:`survey_mean`, without design effect.
    """
    return _by_domain(frame, value, design, by, confidence, _total_row, "total")


def survey_ratio(
    frame: pd.DataFrame,
    numerator: str,
    denominator: str,
    design: SurveyDesign,
    *,
    by: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the ratio of two totals in the population, or in groups of it.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    numerator, denominator : str
        Numeric columns; respondents without both are left out.
    design, by, confidence
        As :func:`survey_mean`.

    Returns
    -------
    pandas.DataFrame, one row a group
        ``by, respondents, standard_error, degrees_of_freedom`` and the result columns: numerator and denominator the weighted totals.

    References
    ----------
    Sarndal, Swensson and Wretman (1992), section 5.6; Lumley (2010), Complex Surveys.
    """
    need(frame, [numerator, denominator, design.weight, *by], "A survey ratio")
    rows = [dict(zip(by, key)) | _ratio_row(frame, numerator, denominator, inside, design) for key, inside in _domains(frame, by)]
    found, freedom = pd.DataFrame(rows), _freedom(frame, design)
    reach = stats.t.isf((1 - level(confidence)) / 2, freedom) * found["standard_error"]
    identity = found[[*by, "respondents", "standard_error"]].assign(degrees_of_freedom=freedom)
    return result(
        identity, numerator=found["above"], denominator=found["below"], value=found["estimate"], lower=found["estimate"] - reach,
        upper=found["estimate"] + reach, statistic="ratio of totals", method="Taylor linearised, Student's t", confidence=confidence,
    )  # fmt: skip


def survey_proportions(
    frame: pd.DataFrame,
    answer: str,
    design: SurveyDesign,
    *,
    by: Sequence[str] = (),
    levels: Sequence[Hashable] | None = None,
    limits: Limits = "wilson",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate the share of the population that gives each answer.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    answer : str
        Column of the answer; respondents without one are left out.
    design : SurveyDesign
    by : sequence of str
        Columns of the groups.
    levels : sequence, optional
        Answers in their order, also those that nobody gave; those found, sorted, when absent.
    limits : {"wilson", "korn-graubard"}
        On the effective sample size; Korn and Graubard's are exact (beta) ones, wider, for shares near 0 or 1.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a group and answer
        ``by``, the answer, ``respondents`` (asked, in the group), ``standard_error, design_effect, n_eff`` and the result columns: numerator and
        denominator weighted, limits on the effective sample size p(1-p)/SE^2 (Kish's where p is 0 or 1).

    References
    ----------
    Wilson (1927); Korn and Graubard (1998), Survey Methodology 24:193-201 (effective sample size).
    """
    need(frame, [answer, *by], "Survey proportions")
    known = list(levels) if levels is not None else sorted(frame[answer].dropna().unique())
    rows = [
        _proportion_rows(frame, answer, known, inside, dict(zip(by, key)), design, limits, confidence)
        for key, inside in _domains(frame, by)
    ]
    return pd.concat(rows, ignore_index=True)


def survey_difference(
    frame: pd.DataFrame, value: str, group: str, design: SurveyDesign, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Test whether two groups have the same mean.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    value : str
        Numeric column.
    group : str
        Column with two values; the first in sort order is subtracted from the second.
    design : SurveyDesign
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row
        ``group, reference, standard_error, t, degrees_of_freedom, p_value`` and the result columns: value = difference of means.
    """
    need(frame, [value, group], "A survey difference")
    names = sorted(frame[group].dropna().unique())
    if len(names) != 2:
        raise SnaError(f"A difference needs two groups; {group} has {len(names)}.")
    means, scores = zip(*(_mean_scores(frame, value, (frame[group] == name).to_numpy(), design) for name in names))
    variance = float(design_covariance(frame, (scores[1] - scores[0])[:, None], design)[0, 0])
    difference, error, freedom = means[1] - means[0], np.sqrt(variance), _freedom(frame, design) - 1
    t = difference / error
    reach = stats.t.isf((1 - level(confidence)) / 2, freedom) * error
    identity = pd.DataFrame(
        {
            "group": [names[1]],
            "reference": [names[0]],
            "standard_error": [error],
            "t": [t],
            "degrees_of_freedom": [freedom],
            "p_value": [2 * stats.t.sf(abs(t), freedom)],
        }
    )
    return result(
        identity, numerator=means[1], denominator=means[0], value=difference, lower=difference - reach, upper=difference + reach,
        statistic="difference of means", method="Taylor linearised, Student's t", confidence=confidence,
    )  # fmt: skip


def rao_scott_test(frame: pd.DataFrame, row: str, column: str, design: SurveyDesign) -> pd.DataFrame:
    """Test whether two answers are independent, allowing for the design (Rao-Scott, second order, F).

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    row, column : str
        Columns of the two answers; respondents without one are left out.
    design : SurveyDesign

    Returns
    -------
    pandas.DataFrame, one row
        ``chi_square`` (Pearson's, on weighted shares times respondents), ``f_statistic, df_numerator, df_denominator, p_value``, and
        the first-order correction beside it: ``mean_design_effect``, ``p_first_order`` (chi-square over that effect).

    References
    ----------
    Rao and Scott (1984), Annals of Statistics 12:46-60; Thomas and Rao (1987), JASA 82:630-636.
    """
    need(frame, [row, column], "A Rao-Scott test")
    asked = (frame[row].notna() & frame[column].notna()).to_numpy()
    a, b = (pd.Categorical(frame[name]).codes for name in (row, column))
    shape = int(a.max()) + 1, int(b.max()) + 1
    cells = np.zeros((len(frame), shape[0] * shape[1]))
    cells[np.flatnonzero(asked), a[asked] * shape[1] + b[asked]] = 1.0
    w = floats(frame[design.weight]) * asked
    shares = w @ cells / w.sum()
    covariance = design_covariance(frame, (w / w.sum())[:, None] * (cells - shares), design)
    statistic, delta = _pearson(shares.reshape(shape), covariance, int(asked.sum()))
    mean_effect = np.trace(delta)
    df = mean_effect**2 / np.trace(delta @ delta)
    freedom = df * _freedom(frame, design)
    f = statistic / mean_effect
    return pd.DataFrame(
        {
            "chi_square": [statistic],
            "f_statistic": [f],
            "df_numerator": [df],
            "df_denominator": [freedom],
            "p_value": [stats.f.sf(f, df, freedom)],
            "mean_design_effect": [mean_effect / len(delta)],
            "p_first_order": [stats.chi2.sf(statistic * len(delta) / mean_effect, len(delta))],
        }
    )


def weighted_quantiles(values: ArrayLike, weights: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Return the least value at or below which at least the given shares of the weight lie.

    Parameters
    ----------
    values, weights : array-like, shape (n,)
        Missing values are left out.
    probabilities : array-like, shape (k,)
        0 to 1.

    Returns
    -------
    array, shape (k,)
    """
    x, w = floats(values), floats(weights)
    kept = np.isfinite(x) & (w > 0)
    order = np.argsort(x[kept], kind="stable")
    x, w = x[kept][order], w[kept][order]
    reached = np.cumsum(w) / w.sum()
    place = np.searchsorted(reached, np.asarray(probabilities, float) - 1e-12)
    return x[np.minimum(place, len(x) - 1)]


def likert(
    frame: pd.DataFrame,
    answer: str,
    design: SurveyDesign,
    *,
    levels: Sequence[Hashable],
    positive: Sequence[Hashable],
    negative: Sequence[Hashable],
    by: Sequence[str] = (),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Describe a scale by the distribution of its answers and by net agreement, never by a bare mean.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    answer : str
        Column of the answer.
    design : SurveyDesign
    levels : sequence
        All answers of the scale in order.
    positive, negative : sequence
        Those counted for and against; the rest are neutral.
    by : sequence of str
        Columns of the groups.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a group and answer, and one ``net`` row a group
        As :func:`survey_proportions`; ``net`` = share positive minus share negative (-1 to 1), normal limits.
    """
    stray = set(frame[answer].dropna().unique()) - set(levels)
    if stray:
        raise SnaError(f"{answer} holds '{sorted(map(str, stray))[0]}', which is not an answer of the scale.")
    shares = survey_proportions(frame, answer, design, by=by, levels=levels, confidence=confidence)
    score = frame[answer].isin(positive).astype(float) - frame[answer].isin(negative).astype(float)
    scored = frame.assign(_net=score.where(frame[answer].notna()))
    net = survey_mean(scored, "_net", design, by=by, confidence=confidence)
    reach = z_value(confidence) * net["standard_error"]
    net = net.assign(
        **{answer: "net"}, lower_ci=(net["value"] - reach).clip(-1), upper_ci=(net["value"] + reach).clip(upper=1)
    )
    net = net.assign(statistic="net share", method="Taylor linearised, normal limits").drop(
        columns="degrees_of_freedom"
    )
    return pd.concat([shares.astype({answer: object}), net.astype({answer: object})], ignore_index=True)[
        list(shares.columns)
    ]


def multiple_response(
    frame: pd.DataFrame,
    answers: Sequence[str],
    design: SurveyDesign,
    *,
    by: Sequence[str] = (),
    base: Literal["asked", "answered"] = "answered",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the share of respondents that ticked each of several boxes; shares add up to more than one.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    answers : sequence of str
        Columns that are true (or 1) where the box was ticked; all missing where the question was not asked.
    design : SurveyDesign
    by : sequence of str
        Columns of the groups.
    base : {"answered", "asked"}
        Respondents with at least one tick, or all who were asked.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a group and box
        ``by, answer``, then as :func:`survey_proportions`.
    """
    need(frame, [*answers, *by], "Multiple responses")
    ticks = frame[list(answers)].apply(lambda column: pd.Series(floats(column), index=column.index))
    inside = (ticks.sum(axis=1) > 0) if base == "answered" else ticks.notna().any(axis=1)
    rows = []
    for name in answers:
        box = ticks[name].fillna(0).where(inside)
        shares = survey_proportions(frame.assign(_box=box), "_box", design, by=by, levels=[1.0], confidence=confidence)
        rows.append(shares.rename(columns={"_box": "answer"}).assign(answer=name))
    return pd.concat(rows, ignore_index=True)


def krippendorff_alpha(ratings: ArrayLike, metric: Metric = "nominal") -> float:
    """Return Krippendorff's alpha, the agreement of coders beyond chance, with missing codes allowed.

    Parameters
    ----------
    ratings : array-like, shape (coders, units)
        None or NaN where a coder did not code a unit. Text codes are allowed for ``nominal``.
    metric : {"nominal", "ordinal", "interval", "ratio"}
        How far two codes are apart.

    Returns
    -------
    float
        1 = full agreement, 0 = chance, below 0 = systematic disagreement. NaN where only one code was ever used.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability; (2018), Content Analysis, chapter 12.
    """
    table = pd.DataFrame(ratings)
    codes = pd.Index(pd.unique(table.to_numpy().ravel())).dropna().sort_values()
    tallies = np.stack([(table == code).sum(axis=0).to_numpy(float) for code in codes], axis=1)
    paired = tallies[tallies.sum(axis=1) > 1]
    if not len(paired):
        raise SnaError("Agreement needs at least one unit that two coders have coded.")
    coincidences = _coincidences(paired)
    margin = coincidences.sum(axis=0)
    apart = _distances(codes, margin, metric)
    expected = (np.outer(margin, margin) * apart).sum() / (margin.sum() - 1)
    return float(1 - (coincidences * apart).sum() / expected) if expected > 0 else float("nan")


def two_reader_agreement(frame: pd.DataFrame, both: str = "both", one: str = "one", neither: str = "neither") -> pd.DataFrame:
    """Add the agreement beyond chance of two readers who each marked a theme or not, from counts of what they marked.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a theme
    both, one, neither : str
        Columns with the numbers of answers in which both readers, one of them, or neither found the theme.

    Returns
    -------
    pandas.DataFrame
        The frame with ``alpha``, Krippendorff's for two coders and two codes: 1 = full agreement, 0 = chance. Missing where a
        count is, or where only one code was ever used.

    References
    ----------
    Krippendorff (2018), Content Analysis, chapter 12; equal to :func:`krippendorff_alpha` on the same marks.
    """
    need(frame, [both, one, neither], "Agreement of two readers")
    agreed, parted, unmarked = (frame[name].astype(float) for name in (both, one, neither))
    marks, blanks = 2 * agreed + parted, 2 * unmarked + parted
    expected = 2 * marks * blanks / (marks + blanks - 1)
    return frame.assign(alpha=1 - 2 * parted / expected.where(expected > 0))


def design_covariance(frame: pd.DataFrame, scores: ArrayLike, design: SurveyDesign) -> Floats:
    """Return the covariance of weighted sums over a sample, from the design.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a respondent
    scores : array-like, shape (n, q)
        What each respondent adds to each of q estimates (weight x linearised value); zero outside a domain.
    design : SurveyDesign

    Returns
    -------
    array, shape (q, q)

    Raises
    ------
    SnaError
        If a stratum has one sampling unit only, of several.

    References
    ----------
    Sarndal, Swensson and Wretman (1992), section 4.2: ultimate clusters within strata.
    """
    left = _unexplained(frame, np.asarray(scores, float), design)
    stratum = frame[design.strata].to_numpy() if design.strata else np.zeros(len(frame), int)
    units = [frame[name].to_numpy() for name in _stages(design.cluster)] or [np.arange(len(frame))]
    sizes = [floats(frame[name]) for name in _stages(design.population)]
    return _staged_covariance(left, stratum, units, sizes)


def _stages(columns: str | Sequence[str] | None) -> list[str]:
    return [] if columns is None else keys(columns)


def _staged_covariance(left: Floats, stratum: NDArray, units: list[NDArray], sizes: list[Floats]) -> Floats:
    """Sum the variance between the units of each stratum, and of what was drawn within them by the share of them drawn."""
    table = pd.DataFrame(left).groupby([stratum, units[0]]).sum()
    total = np.zeros((left.shape[1], left.shape[1]))
    for name, rows in table.groupby(level=0):
        here = stratum == name
        taken = _drawn_share(sizes[0][here][0], len(rows)) if sizes else 0.0
        if len(rows) == 1 and taken < 1:
            raise SnaError(f"Stratum {name} has one sampling unit; merge it with another before estimating its variance.")
        if len(rows) > 1:
            apart = rows.to_numpy() - rows.to_numpy().mean(axis=0)
            total += (1 - taken) * len(rows) / (len(rows) - 1) * apart.T @ apart
        if taken > 0 and len(units) > 1 and len(sizes) > 1:
            total += taken * _within_units(left, here, units, sizes)
    return total


def _within_units(left: Floats, here: NDArray[np.bool_], units: list[NDArray], sizes: list[Floats]) -> Floats:
    parts = [here & (units[0] == unit) for unit in pd.unique(units[0][here])]
    return sum(
        _staged_covariance(
            left[part], np.zeros(int(part.sum()), int), [unit[part] for unit in units[1:]], [size[part] for size in sizes[1:]]
        )
        for part in parts
    )


def _drawn_share(size: float, drawn: int) -> float:
    return float(size) if size <= 1 else drawn / float(size)


# --- estimates ---------------------------------------------------------------------------------------------------


def _domains(frame: pd.DataFrame, by: Sequence[str]) -> list[tuple[tuple, NDArray[np.bool_]]]:
    if not by:
        return [((), np.ones(len(frame), bool))]
    groups = frame.groupby(list(by), sort=True).indices
    return [
        (key if isinstance(key, tuple) else (key,), np.isin(np.arange(len(frame)), rows))
        for key, rows in groups.items()
    ]


def _by_domain(
    frame: pd.DataFrame,
    value: str,
    design: SurveyDesign,
    by: Sequence[str],
    confidence: float,
    row: Callable,
    statistic: str,
) -> pd.DataFrame:
    need(frame, [value, design.weight, *by], "A survey estimate")
    found = pd.DataFrame(
        [dict(zip(by, key)) | row(frame, value, inside, design) for key, inside in _domains(frame, by)]
    )
    freedom = _freedom(frame, design)
    reach = stats.t.isf((1 - level(confidence)) / 2, freedom) * found["standard_error"]
    identity = found.drop(columns=["estimate", "weight_sum"]).assign(degrees_of_freedom=freedom)
    return result(
        identity, numerator=np.nan, denominator=found["weight_sum"], value=found["estimate"], lower=found["estimate"] - reach,
        upper=found["estimate"] + reach, statistic=statistic, method="Taylor linearised, Student's t", confidence=confidence,
    )  # fmt: skip


def _mean_scores(
    frame: pd.DataFrame, value: str, inside: NDArray[np.bool_], design: SurveyDesign
) -> tuple[float, Floats]:
    x, w = floats(frame[value]), floats(frame[design.weight])
    used = inside & np.isfinite(x)
    if not used.any():
        raise SnaError(f"No respondent of a group has a value of {value}.")
    x, w = np.where(used, x, 0.0), np.where(used, w, 0.0)
    mean = float(x @ w / w.sum())
    return mean, w * np.where(used, x - mean, 0.0) / w.sum()


def _mean_row(frame: pd.DataFrame, value: str, inside: NDArray[np.bool_], design: SurveyDesign) -> dict[str, float]:
    mean, scores = _mean_scores(frame, value, inside, design)
    variance = float(design_covariance(frame, scores[:, None], design)[0, 0])
    x, w = floats(frame[value]), floats(frame[design.weight])
    used = inside & np.isfinite(x)
    return {
        "estimate": mean,
        "respondents": int(used.sum()),
        "weight_sum": float(w[used].sum()),
        "standard_error": np.sqrt(variance),
        "design_effect": _design_effect(variance, x[used], w[used], design),
    }


def _total_row(frame: pd.DataFrame, value: str, inside: NDArray[np.bool_], design: SurveyDesign) -> dict[str, float]:
    x, w = floats(frame[value]), floats(frame[design.weight])
    used = inside & np.isfinite(x)
    scores = np.where(used, np.where(used, x, 0.0) * w, 0.0)
    variance = float(design_covariance(frame, scores[:, None], design)[0, 0])
    return {
        "estimate": float(scores.sum()),
        "respondents": int(used.sum()),
        "weight_sum": float(w[used].sum()),
        "standard_error": np.sqrt(variance),
    }


def _ratio_row(
    frame: pd.DataFrame, numerator: str, denominator: str, inside: NDArray[np.bool_], design: SurveyDesign
) -> dict[str, float]:
    y, x, w = floats(frame[numerator]), floats(frame[denominator]), floats(frame[design.weight])
    used = inside & np.isfinite(y) & np.isfinite(x)
    y, x, w = np.where(used, y, 0.0), np.where(used, x, 0.0), np.where(used, w, 0.0)
    above, below = float(w @ y), float(w @ x)
    if below == 0:
        raise SnaError(f"The total of {denominator} is zero; a ratio to it cannot be estimated.")
    scores = w * (y - above / below * x) / below
    error = np.sqrt(float(design_covariance(frame, scores[:, None], design)[0, 0]))
    return {"estimate": above / below, "above": above, "below": below, "respondents": int(used.sum()), "standard_error": error}


def _design_effect(variance: float, x: Floats, w: Floats, design: SurveyDesign) -> float:
    """Variance over that of a simple random sample of the same size, without replacement where populations are known."""
    n = len(x)
    if n < 2:
        return float("nan")
    mean = x @ w / w.sum()
    simple = (w @ (x - mean) ** 2) / w.sum() * n / (n - 1) / n
    finite = (w.sum() - n) / w.sum() if design.population else 1.0
    return float(variance / (simple * finite)) if simple * finite > 0 else float("nan")


def _proportion_rows(
    frame: pd.DataFrame,
    name: str,
    levels: Sequence[Hashable],
    inside: NDArray[np.bool_],
    key: Mapping[str, Hashable],
    design: SurveyDesign,
    limits: Limits,
    confidence: float,
) -> pd.DataFrame:
    answers = frame[name]
    used = inside & answers.notna().to_numpy()
    if not used.any():
        raise SnaError(f"No respondent of a group answered {name}.")
    w = np.where(used, floats(frame[design.weight]), 0.0)
    given = np.stack([(answers == answer).to_numpy(float) for answer in levels], axis=1) * used[:, None]
    shares = w @ given / w.sum()
    variance = np.diag(design_covariance(frame, (w / w.sum())[:, None] * (given - shares * used[:, None]), design))
    n, size = int(used.sum()), _effective(shares, variance, w[used])
    lower, upper = _share_limits(shares, size, (n - 1, _freedom(frame, design)), limits, confidence)
    kept = {column: [part] * len(levels) for column, part in key.items()}
    effect = [_design_effect(v, given[used, place], w[used], design) for place, v in enumerate(variance)]
    identity = pd.DataFrame(
        {
            **kept,
            name: list(levels),
            "respondents": n,
            "standard_error": np.sqrt(variance),
            "design_effect": effect,
            "n_eff": size,
        }
    )
    return result(
        identity, numerator=w @ given, denominator=w.sum(), value=shares, lower=lower, upper=upper,
        statistic="share of respondents, weighted", method=f"{LIMIT_NAMES[limits]} on the effective sample size", confidence=confidence,
    )  # fmt: skip


def _share_limits(
    shares: Floats, size: Floats, freedom: tuple[int, int], limits: Limits, confidence: float
) -> tuple[Floats, Floats]:
    if limits == "wilson":
        return wilson_limits(shares * size, size, confidence)
    if limits != "korn-graubard":
        raise SnaError(f"Limits of a share are 'wilson' or 'korn-graubard', not '{limits}'.")
    tail = (1 - level(confidence)) / 2
    size = size * (stats.t.isf(tail, freedom[0]) / stats.t.isf(tail, freedom[1])) ** 2
    lower = np.where(shares > 0, stats.beta.ppf(tail, size * shares, size * (1 - shares) + 1), 0.0)
    upper = np.where(shares < 1, stats.beta.isf(tail, size * shares + 1, size * (1 - shares)), 1.0)
    return lower, upper


def _effective(shares: Floats, variance: Floats, weights: Floats) -> Floats:
    kish = effective_size(weights).n_eff
    with np.errstate(divide="ignore", invalid="ignore"):
        size = shares * (1 - shares) / variance
    return np.where(variance > 0, np.maximum(size, 1.0), kish)


def _freedom(frame: pd.DataFrame, design: SurveyDesign) -> int:
    stratum = frame[design.strata] if design.strata else pd.Series(0, index=frame.index)
    first = _stages(design.cluster)[:1]
    unit = frame[first[0]] if first else pd.Series(np.arange(len(frame)), index=frame.index)
    return len(pd.DataFrame({"s": stratum, "u": unit}).drop_duplicates()) - stratum.nunique()


def _unexplained(frame: pd.DataFrame, scores: Floats, design: SurveyDesign) -> Floats:
    """Leave of the linearised values what the raked margins do not explain; the scores themselves without raking."""
    if not design.calibrated:
        return scores
    w = floats(frame[design.weight])[:, None]
    margins = np.column_stack([pd.get_dummies(frame[name]).to_numpy(float) for name in design.calibrated])
    root = np.sqrt(floats(frame[design.start]))[:, None] if design.start else np.ones_like(w)
    coefficients, *_ = np.linalg.lstsq(root * margins, root * scores / w, rcond=None)
    return w * (scores / w - margins @ coefficients)


def _pearson(shares: Floats, covariance: Floats, respondents: int) -> tuple[float, Floats]:
    """Pearson's statistic and the matrix whose trace is the sum of the generalised design effects."""
    rows, columns = shares.shape
    independent = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(independent > 0, (shares - independent) ** 2 / independent, 0.0)
        inverse = np.where(shares.ravel() > 0, 1 / shares.ravel(), 0.0)
    row, column = np.divmod(np.arange(rows * columns), columns)
    main = np.column_stack(
        [np.ones(rows * columns), *(row == k for k in range(1, rows)), *(column == k for k in range(1, columns))]
    ).astype(float)
    both = np.column_stack([(row == i) & (column == j) for i in range(1, rows) for j in range(1, columns)]).astype(
        float
    )
    contrast = both - main @ np.linalg.lstsq(main, both, rcond=None)[0]
    weighted = contrast * inverse[:, None]
    bread = contrast.T @ weighted / respondents
    return respondents * float(terms.sum()), np.linalg.solve(bread, weighted.T @ covariance @ weighted)


# --- raking and agreement ----------------------------------------------------------------------------------------


def _coded(values: pd.Series, targets: Mapping[Hashable, float], column: str) -> tuple[NDArray[np.int64], Floats]:
    names = pd.Index(list(targets))
    codes = names.get_indexer(values)
    if (codes < 0).any():
        raise SnaError(
            f"{column} holds '{values[codes < 0].iloc[0]}', which has no margin; add it or leave the respondent out."
        )
    wanted = np.asarray(list(targets.values()), float)
    empty = [name for place, name in enumerate(names) if wanted[place] > 0 and not (codes == place).any()]
    if empty:
        raise SnaError(f"No respondent has {column} = '{empty[0]}'; merge the category before raking.")
    return codes, np.where(wanted > 0, wanted, 1e-300)


def _coincidences(tallies: Floats) -> Floats:
    """Pairs of codes within units, each unit counting as many values as it has."""
    pairs = tallies[:, :, None] * tallies[:, None, :]
    diagonal = np.arange(tallies.shape[1])
    pairs[:, diagonal, diagonal] -= tallies
    return (pairs / (tallies.sum(axis=1) - 1)[:, None, None]).sum(axis=0)


def _distances(codes: pd.Index, margin: Floats, metric: Metric) -> Floats:
    if metric == "nominal":
        return 1.0 - np.eye(len(codes))
    if metric == "ordinal":
        middle = np.cumsum(margin) - margin / 2
        return np.subtract.outer(middle, middle) ** 2
    number = codes.to_numpy(float)
    apart = np.subtract.outer(number, number)
    if metric == "interval":
        return apart**2
    if metric == "ratio":
        together = np.add.outer(number, number)
        return np.divide(apart, together, out=np.zeros_like(apart), where=together != 0) ** 2
    raise SnaError(f"Codes are 'nominal', 'ordinal', 'interval' or 'ratio', not '{metric}'.")
