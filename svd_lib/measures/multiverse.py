"""The multiverse of a headline: every combination of defensible choices, what they agree on, which choice matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, need

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
        ``choice, sum_of_squares, share``; the residual holds the interactions.
    """
    need(curve, [*choices, value], "Variance by choice")
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


def _compared(wide: pd.DataFrame, first: object, second: object, k: int) -> dict[str, object]:
    both = wide[[first, second]].dropna()
    a, b = (set(both[name].sort_values(ascending=False, kind="stable").head(k).index) for name in (first, second))
    tau = stats.kendalltau(both[first], both[second]).statistic
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
