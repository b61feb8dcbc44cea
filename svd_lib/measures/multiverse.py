"""The multiverse of a headline: every combination of defensible choices, what they agree on, which choice matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.inequality import quantile_rate_ratios
from svd_lib.measures.rates import quantiles
from svd_lib.measures.results import floats, need, result
from svd_lib.vocabulary import RESULT_COLUMNS

Choices = Mapping[str, Sequence[Any]]


def specifications(choices: Choices) -> pd.DataFrame:
    """Return every combination of the choices (full factorial), the last choice varying fastest.

    Parameters
    ----------
    choices : mapping
        Name of a choice -> its options, the preferred one first. Include only options that are truly interchangeable.

    Returns
    -------
    pandas.DataFrame, one row a specification, one column a choice

    References
    ----------
    Steegen et al. (2016), Perspectives on Psychological Science 11:702-712; Del Giudice and Gangestad (2021), AMPPS 4(1).
    """
    return pd.DataFrame(list(product(*choices.values())), columns=list(choices))


def run_specifications(choices: Choices, estimate: Callable[..., Mapping[str, Any]]) -> pd.DataFrame:
    """Estimate a headline under every combination of choices.

    Parameters
    ----------
    choices : mapping
        As :func:`specifications`.
    estimate : callable
        Takes one option of every choice by name and returns the estimate's fields, such as ``value, lower_ci, upper_ci``.

    Returns
    -------
    pandas.DataFrame, one row a specification
        The choices and the fields.
    """
    table = specifications(choices)
    fields = [dict(estimate(**row)) for row in table.to_dict("records")]
    return pd.concat([table, pd.DataFrame(fields, index=table.index)], axis=1)


def regression_curve(
    frame: pd.DataFrame,
    *,
    outcomes: Sequence[str],
    predictors: Sequence[str],
    controls: Sequence[str] = ("none",),
    subsets: Sequence[str] = ("all",),
    subset_column: str | None = None,
) -> pd.DataFrame:
    """Fit least squares of every outcome on every predictor with every set of controls in every subset.

    Parameters
    ----------
    frame : pandas.DataFrame
    outcomes, predictors : sequence of str
        Columns.
    controls : sequence of str
        Sets of columns joined by ``+``; ``none`` for no control.
    subsets : sequence of str
        Values of ``subset_column``; ``all`` for every row.
    subset_column : str, optional

    Returns
    -------
    pandas.DataFrame, one row a fit
        ``y, x, controls, subset, n, estimate, se, t, p, std_beta`` (in standard deviations of the subset's outcome and predictor).

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4:1208-1214.
    """

    def fitted(y: str, x: str, controls: str, subset: str) -> dict[str, float]:
        rows = frame if subset == "all" else frame[frame[subset_column] == subset]
        return _least_squares(rows, y, x, [] if controls == "none" else controls.split("+"))

    if subset_column is None and list(subsets) != ["all"]:
        raise SnaError("Subsets need subset_column, the column that tells them apart.")
    return run_specifications({"y": outcomes, "x": predictors, "controls": controls, "subset": subsets}, fitted)


def curve_summary(
    curve: pd.DataFrame,
    value: str = "value",
    *,
    p_value: str | None = None,
    probabilities: Sequence[float] = (0, 0.25, 0.5, 0.75, 1),
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Summarise the estimates of a multiverse.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`run_specifications`.
    value : str
        Column of the estimates.
    p_value : str, optional
        Column of their p-values.
    probabilities : sequence of float
        Quantiles returned.
    alpha : float, default 0.05

    Returns
    -------
    dict
        ``n, median, quantiles, share_negative, share_significant, share_negative_significant`` (shares of all specifications; the last
        two None without p-values). Not a joint test: specifications are not independent.
    """
    need(curve, [value, *([p_value] if p_value else [])], "A summary of the multiverse")
    x = floats(curve[value])
    negative = x < 0
    significant = floats(curve[p_value]) < alpha if p_value else None
    return {
        "n": len(x),
        "median": float(np.median(x)),
        "quantiles": np.quantile(x, probabilities).tolist(),
        "share_negative": float(negative.mean()),
        "share_significant": None if significant is None else float(significant.mean()),
        "share_negative_significant": None if significant is None else float((negative & significant).mean()),
    }


def agreement(
    curve: pd.DataFrame,
    value: str = "value",
    *,
    reference: float = 0.0,
    lower: str | None = None,
    upper: str | None = None,
) -> pd.DataFrame:
    """Return the share of specifications that agree with the first one on the side of a reference value.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`run_specifications`; its first row is the headline's own specification.
    value, lower, upper : str
        Columns of the estimate and, where there are, its limits.
    reference : float, default 0
        Such as 0 for a change or 1 for a ratio.

    Returns
    -------
    pandas.DataFrame, one row
        ``specifications, agreeing, share_agreeing, agreeing_clearly, share_agreeing_clearly`` (limits on the same side as well; NaN
        without limits). Specifications without an estimate count as not agreeing.
    """
    need(curve, [value, *(name for name in (lower, upper) if name)], "Agreement of specifications")
    x = floats(curve[value]) - reference
    side = np.sign(x[0])
    same = np.sign(x) == side
    clear = np.full(len(x), np.nan)
    if lower and upper:
        bound = floats(curve[lower if side > 0 else upper]) - reference
        clear = same & (np.sign(bound) == side)
    return pd.DataFrame(
        {
            "specifications": [len(x)],
            "agreeing": [int(same.sum())],
            "share_agreeing": [float(same.mean())],
            "agreeing_clearly": [float(np.sum(clear))],
            "share_agreeing_clearly": [float(np.mean(clear))],
        }
    )


def complete_options(curve: pd.DataFrame, choices: Sequence[str], value: str = "value") -> pd.DataFrame:
    """Return the specifications of those options that all have an estimate, leaving out as few options as a stepwise search finds.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`run_specifications`; a full factorial.
    choices : sequence of str
        Columns of the choices.
    value : str
        Column of the estimates.

    Returns
    -------
    pandas.DataFrame
        Rows of the curve, again a full factorial: the option under which most specifications lack an estimate is left out, in turn. Empty where
        every option of a choice would have to be.
    """
    need(curve, [*choices, value], "Complete options")
    left = curve
    while left[value].isna().any():
        missing = {(name, option): share for name in choices for option, share in left[value].isna().groupby(left[name], sort=False).mean().items()}
        name, option = max(missing, key=missing.__getitem__)
        left = left[left[name] != option]
    return left


def options_left_out(curve: pd.DataFrame, complete: pd.DataFrame, choices: Sequence[str]) -> list[str]:
    """Return the options of a curve that :func:`complete_options` left out, in the curve's order.

    Parameters
    ----------
    curve, complete : pandas.DataFrame
        Before and after.
    choices : sequence of str
        Columns of the choices.

    Returns
    -------
    list of str
    """
    return [str(option) for name in choices for option in curve[name].unique() if not (complete[name] == option).any()]


def variance_by_choice(curve: pd.DataFrame, choices: Sequence[str], value: str = "value") -> pd.DataFrame:
    """Split the spread of the estimates by the choices that made it (analysis of variance, main effects).

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`run_specifications`; a full factorial, so that the order of the choices does not matter.
    choices : sequence of str
        Columns of the choices.
    value : str
        Column of the estimates.

    Returns
    -------
    pandas.DataFrame, one row a choice and one ``residual``
        ``choice, sum_of_squares, share``; the residual holds the interactions. No row without a specification.
    """
    need(curve, [*choices, value], "Variance by choice")
    if curve.empty:
        return pd.DataFrame(columns=["choice", "sum_of_squares", "share"])
    x = floats(curve[value])
    if np.isnan(x).any():
        raise SnaError("A specification has no estimate; leave out its option before splitting the variance.")
    total = float(((x - x.mean()) ** 2).sum())
    sizes = curve.groupby(list(choices), observed=True).size()
    if sizes.nunique() > 1 or len(sizes) != np.prod([curve[name].nunique() for name in choices]):
        raise SnaError(
            "The specifications are not a full factorial; run every combination before splitting the variance."
        )
    means = {name: curve.assign(_x=x).groupby(name, observed=True)["_x"].transform("mean") for name in choices}
    parts = {name: float(((mean - x.mean()) ** 2).sum()) for name, mean in means.items()}
    parts["residual"] = total - sum(parts.values())
    frame = pd.DataFrame({"choice": list(parts), "sum_of_squares": list(parts.values())})
    return frame.assign(share=frame["sum_of_squares"] / total if total else np.nan)


def rank_stability(
    curve: pd.DataFrame,
    *,
    specification: str = "specification",
    area: str = "area",
    value: str = "value",
    k: int = 10,
    against: Literal["first", "pairs"] = "first",
) -> pd.DataFrame:
    """Compare the ranking of areas between specifications.

    Parameters
    ----------
    curve : pandas.DataFrame, one row a specification and area
    specification, area, value : str
        Column names.
    k : int, default 10
        Size of the top compared.
    against : {"first", "pairs"}
        Each specification with the first, or every pair.

    Returns
    -------
    pandas.DataFrame, one row a comparison
        ``first, second, areas, tau`` (Kendall's tau-b), ``top_jaccard`` (areas in both tops over areas in either; ties at the edge by area code).
    """
    need(curve, [specification, area, value], "Rank stability")
    order = list(dict.fromkeys(curve[specification]))
    wide = curve.pivot(index=area, columns=specification, values=value)[order]
    pairs = [(order[0], other) for other in order[1:]] if against == "first" else list(combinations(order, 2))
    return pd.DataFrame([_compared(wide, first, second, k) for first, second in pairs])


def gradient_curve(
    frame: pd.DataFrame,
    *,
    denominators: Mapping[str, str],
    geographies: Mapping[str, str],
    definition: str = "definition",
    period: str = "period",
    count: str = "count",
    rank: str = "rank",
    groups: int = 5,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the rate of the most deprived places over that of the least deprived under every combination of choices.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per small area, definition and period; the first definition and period met are the headline's.
    denominators : mapping of str to str
        Name of the choice -> column of the population.
    geographies : mapping of str to str
        Name of the choice -> column that names the places counts are added up to.
    definition, period, count, rank : str
        Columns; rank 1 is the most deprived. A larger place has the mean rank of its small areas, weighted by the first population.
    groups : int, default 5
        Fifths, or tenths.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a specification
        ``definition, population, period, geography`` (the choices) and the result columns (``value`` the ratio, quasi-Poisson).
    """
    need(frame, (definition, period, count, rank, *denominators.values(), *geographies.values()), "A multiverse of gradients")
    choices = {
        "definition": list(dict.fromkeys(frame[definition])), "population": list(denominators),
        "period": list(dict.fromkeys(frame[period])), "geography": list(geographies),
    }  # fmt: skip
    weight = next(iter(denominators.values()), "")

    def estimate(**chosen: str) -> dict[str, Any]:
        rows = frame[(frame[definition] == chosen["definition"]) & (frame[period] == chosen["period"])]
        places = _gathered(rows, geographies[chosen["geography"]], count, rank, weight, denominators[chosen["population"]])
        ranked = quantiles(places, "rank", first="lowest", groups=groups, larger="last")
        ratios = quantile_rate_ratios(ranked, confidence=confidence)
        return ratios.loc[ratios["quantile"] == 1, list(RESULT_COLUMNS)].iloc[0].to_dict()

    return run_specifications(choices, estimate) if len(frame) else pd.DataFrame(columns=[*choices, *RESULT_COLUMNS])


def _gathered(rows: pd.DataFrame, place: str, count: str, rank: str, weight: str, population: str) -> pd.DataFrame:
    """Return places with their count, population and mean rank."""
    parts = pd.DataFrame(
        {"place": rows[place], "count": rows[count], "population": rows[population], "_w": rows[weight], "_r": rows[rank] * rows[weight]}
    )
    sums = parts.groupby("place").sum(min_count=1).reset_index()
    return sums.assign(rank=sums["_r"] / sums["_w"])[["place", "count", "population", "rank"]]


def area_curve(
    frame: pd.DataFrame,
    *,
    area: str,
    denominators: Mapping[str, str],
    definition: str = "definition",
    period: str = "period",
    count: str = "count",
) -> pd.DataFrame:
    """Return the rate of each area under every combination of definition, denominator and period.

    Parameters
    ----------
    frame, denominators, definition, period, count
        As :func:`gradient_curve`.
    area : str
        Column of the area.

    Returns
    -------
    pandas.DataFrame, one row a specification and area
        ``specification`` (the choices in words), ``definition, population, period``, ``area`` and ``value`` (events per person), ready for
        :func:`rank_stability`.
    """
    need(frame, (area, definition, period, count, *denominators.values()), "A multiverse of areas")
    sums = frame.groupby([definition, period, area], sort=False)[[count, *dict.fromkeys(denominators.values())]].sum(min_count=1).reset_index()
    parts = [
        sums.assign(_people=name, value=sums[count] / sums[column])[[definition, "_people", period, area, "value"]]
        for name, column in denominators.items()
    ]
    long = pd.concat(parts, ignore_index=True).set_axis(["definition", "population", "period", "area", "value"], axis=1)
    long = long.assign(_order=long.groupby(["definition", "population", "period"], sort=False).ngroup()).sort_values("_order", kind="stable")
    words = long["definition"] + ", " + long["population"] + ", " + long["period"]
    return long.assign(specification=words).drop(columns="_order").reset_index(drop=True)


def curve_headline(curve: pd.DataFrame, *, reference: float = 1.0) -> pd.DataFrame:
    """Return how many specifications agree with the headline, as one row for a sentence.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`run_specifications`, with ``value, lower_ci, upper_ci``.
    reference : float, default 1
        1 for a ratio, 0 for a difference.

    Returns
    -------
    pandas.DataFrame, one row
        Result columns (``value`` and ``numerator`` the specifications that agree, ``denominator`` all of them; no interval: they are
        not independent; missing without a curve), ``clearly`` (those whose limits agree too), ``lowest``, ``highest``.
    """
    if curve.empty:
        agreed, clearly, spread, many = np.nan, np.nan, (np.nan, np.nan), np.nan
    else:
        found = agreement(curve, reference=reference, lower="lower_ci", upper="upper_ci").iloc[0]
        agreed, clearly, many = found["agreeing"], found["agreeing_clearly"], found["specifications"]
        spread = float(curve["value"].min()), float(curve["value"].max())
    row = result(
        pd.DataFrame(index=[0]), numerator=agreed, denominator=many, value=agreed, lower=np.nan, upper=np.nan,
        statistic="specifications that agree", method="full factorial of choices", confidence=np.nan,
    )  # fmt: skip
    return row.assign(clearly=clearly, lowest=spread[0], highest=spread[1])


def leading_area(curve: pd.DataFrame) -> pd.DataFrame:
    """Return how often the area that leads in the first specification leads in the others, as one row for a sentence.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`area_curve`.

    Returns
    -------
    pandas.DataFrame, one row
        Result columns (``value`` and ``numerator`` the specifications it leads in, ``denominator`` all), ``leader``, ``lowest_tau`` (least
        agreement of any specification's ranking with the first's; Kendall's tau-b). Missing without a curve.
    """
    need(curve, ("specification", "area", "value"), "A leading area")
    order = list(dict.fromkeys(curve["specification"]))
    leads = curve.sort_values("value", ascending=False, kind="stable").drop_duplicates("specification").set_index("specification")["area"]
    first = leads.get(order[0]) if order else None
    taus = rank_stability(curve, k=1)["tau"] if len(order) > 1 else pd.Series([np.nan])
    count = float((leads == first).sum()) if order else np.nan
    row = result(
        pd.DataFrame(index=[0]), numerator=count, denominator=float(len(order)) if order else np.nan, value=count, lower=np.nan, upper=np.nan,
        statistic="specifications with the same leading area", method="full factorial of choices", confidence=np.nan,
    )  # fmt: skip
    return row.assign(leader=first, lowest_tau=float(taus.min()))


def _compared(wide: pd.DataFrame, first: object, second: object, k: int) -> dict[str, object]:
    both = wide[[first, second]].dropna()
    a, b = (set(both[name].sort_values(ascending=False, kind="stable").head(k).index) for name in (first, second))
    tau = stats.kendalltau(both[first], both[second]).statistic if len(both) > 1 else np.nan
    return {
        "first": first,
        "second": second,
        "areas": len(both),
        "tau": float(tau),
        "top_jaccard": len(a & b) / len(a | b),
    }


def _least_squares(rows: pd.DataFrame, y: str, x: str, controls: Sequence[str]) -> dict[str, float]:
    used = rows[[y, x, *controls]].dropna().astype(float)
    design = np.column_stack([np.ones(len(used)), used[x], *(used[name] for name in controls)])
    freedom = len(used) - design.shape[1]
    if freedom < 1:
        raise SnaError(f"{y} on {x}: {len(used)} complete rows are too few for {design.shape[1]} coefficients.")
    outcome = used[y].to_numpy()
    coefficients, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    residual = outcome - design @ coefficients
    error = float(np.sqrt(residual @ residual / freedom * np.linalg.inv(design.T @ design)[1, 1]))
    slope = float(coefficients[1])
    return {
        "n": len(used),
        "estimate": slope,
        "se": error,
        "t": slope / error,
        "p": float(2 * stats.t.sf(abs(slope / error), freedom)),
        "std_beta": slope * float(used[x].std()) / float(used[y].std()),
    }
