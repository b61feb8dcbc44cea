"""Whether the same places lead from one period to the next: ranks, overlap of the top, change of pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.intervals import wilson_limits, z_value
from svd_lib.measures.results import floats, need, result
from svd_lib.measures.spatial import Adjustment, false_discovery

FEWEST_PLACES = 5
"""With fewer the limits of a rank correlation are not defined."""


def rank_correlation(
    frame: pd.DataFrame,
    first: str,
    second: str,
    *,
    method: Literal["spearman", "kendall"] = "spearman",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Correlate the ranks of places in two periods.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    first, second : str
        Columns of the values of the two periods; places with either missing are left out.
    method : {"spearman", "kendall"}
        Rho, or tau-b (which allows for ties).
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row
        ``places, p_value`` (two-sided) and the result columns.

    References
    ----------
    Bonett and Wright (2000), Psychometrika 65:23-28 (limits of rho); Fieller, Hartley and Pearson (1957), Biometrika 44:470-481 (of tau).
    """
    x, y = _both(frame, first, second)
    if len(x) < FEWEST_PLACES:
        raise SnaError("A rank correlation needs at least five places with a value in both periods.")
    if method == "spearman":
        value, p = stats.spearmanr(x, y)
        error = np.sqrt((1 + value**2 / 2) / (len(x) - 3))
    else:
        value, p = stats.kendalltau(x, y)
        error = np.sqrt(0.437 / (len(x) - 4))
    centre, reach = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12)), z_value(confidence) * error
    identity = pd.DataFrame({"places": [len(x)], "p_value": [float(p)]})
    return result(
        identity, numerator=np.nan, denominator=len(x), value=float(value), lower=np.tanh(centre - reach), upper=np.tanh(centre + reach),
        statistic="Spearman's rho" if method == "spearman" else "Kendall's tau-b", method="Fisher z", confidence=confidence,
    )  # fmt: skip


def top_overlap(
    frame: pd.DataFrame,
    first: str,
    second: str,
    *,
    k: int | Sequence[int] = 10,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return how many of the k leading places of one period lead again in the next.

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    first, second : str
        Columns of the values of the two periods; places with either missing are left out.
    k : int or sequence of int
        Sizes of the top, at most the number of places.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row a k
        ``k, jaccard, expected`` (share by chance, k / places), ``p_value`` (as many or more by chance) and the result columns: numerator =
        places in both tops, denominator = k, value = their share with Wilson limits. Ties at the edge count against overlap.
    """
    x, y = _both(frame, first, second)
    sizes = np.atleast_1d(np.asarray(k, dtype=int))
    if sizes.min() < 1 or sizes.max() > len(x):
        raise SnaError(f"The top must hold between 1 and {len(x)} places; k is {sizes.min()} to {sizes.max()}.")
    rank_x, rank_y = _ranks_against(x, y), _ranks_against(y, x)
    shared = np.array([np.sum((rank_x < size) & (rank_y < size)) for size in sizes])
    lower, upper = wilson_limits(shared, sizes, confidence)
    identity = pd.DataFrame(
        {
            "k": sizes,
            "jaccard": shared / (2 * sizes - shared),
            "expected": sizes / len(x),
            "p_value": stats.hypergeom.sf(shared - 1, len(x), sizes, sizes),
        }
    )
    return result(
        identity, numerator=shared, denominator=sizes, value=shared / sizes, lower=lower, upper=upper,
        statistic="share of the top places that stay", method="Wilson; ties count against overlap", confidence=confidence,
    )  # fmt: skip


def point_pattern_test(
    frame: pd.DataFrame,
    first: str,
    second: str,
    *,
    id: str = "id",
    test: Literal["chi-square", "fisher"] = "chi-square",
    correction: Literal["yates", "none"] = "yates",
    drop: Literal["both zero", "nothing"] = "both zero",
    alpha: float = 0.05,
    adjustment: Adjustment = "bh",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Test place by place whether its share of all events changed (spatial point pattern test, chi-square form).

    Parameters
    ----------
    frame : pandas.DataFrame, one row a place
    first, second : str
        Columns of the counts of the two periods.
    id : str
        Column of the place's code.
    test : {"chi-square", "fisher"}
        Of each place's 2 x 2 table; ``chi-square`` without correction is the test of two proportions.
    correction : {"yates", "none"}
        Continuity correction of the 2 x 2 chi-square.
    drop : {"both zero", "nothing"}
        Places without events in either period are not tests.
    alpha, adjustment
        As :func:`svd_lib.measures.spatial.false_discovery`.
    confidence : float, default 0.95
        Level of the (unadjusted) limits of the difference.

    Returns
    -------
    pandas.DataFrame, one row a tested place
        ``id, first_share, second_share, p_value, p_adjusted, is_significant`` and the result columns: numerator and denominator are the
        place's counts in the second and first period, value = second share minus first (Newcombe limits).

    References
    ----------
    Andresen (2009), Applied Geography 29:333-345; Wheeler, Steenbeek and Andresen (2018), Transactions in GIS 22:1035-1056.
    """
    need(frame, [id, first, second], "The point pattern test")
    kept = frame.dropna(subset=[first, second])
    if drop == "both zero":
        kept = kept[(kept[first] > 0) | (kept[second] > 0)]
    a, b = floats(kept[first]), floats(kept[second])
    totals = a.sum(), b.sum()
    if min(totals) == 0:
        raise SnaError("The point pattern test needs events in both periods.")
    if test == "fisher":
        p, how = _fisher_p(a, b, *totals), "Fisher exact"
    else:
        p, how = _chi_square_p(a, b, *totals, yates=correction == "yates"), f"chi-square ({correction})"
    share_a, share_b = a / totals[0], b / totals[1]
    lower, upper = _newcombe(a, totals[0], b, totals[1], confidence)
    shares = pd.DataFrame({id: kept[id].to_numpy(), "first_share": share_a, "second_share": share_b})
    identity = pd.concat([shares, false_discovery(p, alpha, adjustment)], axis=1)
    return result(
        identity, numerator=b, denominator=a, value=share_b - share_a, lower=lower, upper=upper,
        statistic="change in share of events", method=f"{how}, {adjustment} at {alpha:g}; Newcombe limits", confidence=confidence,
    )  # fmt: skip


def pattern_similarity(tests: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the S index: the share of tested places whose share of events did not change.

    Parameters
    ----------
    tests : pandas.DataFrame
        Rows of :func:`point_pattern_test`.
    confidence : float, default 0.95

    Returns
    -------
    pandas.DataFrame, one row
        The result columns: numerator = places not significantly different, denominator = places tested, value = S (1 = same pattern).
    """
    need(tests, ["is_significant"], "The S index")
    same, tested = int((~tests["is_significant"]).sum()), len(tests)
    lower, upper = wilson_limits([same], [tested], confidence)
    return result(
        pd.DataFrame(index=[0]), numerator=same, denominator=tested, value=same / tested, lower=lower, upper=upper,
        statistic="S index", method="Wilson", confidence=confidence,
    )  # fmt: skip


def _both(frame: pd.DataFrame, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    need(frame, [first, second], "Stability between periods")
    x, y = floats(frame[first]), floats(frame[second])
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _ranks_against(values: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rank from the greatest; among equals, those with less in the other period come first."""
    ranks = np.empty(len(values), int)
    ranks[np.lexsort((other, -values))] = np.arange(len(values))
    return ranks


def _chi_square_p(a: ArrayLike, b: ArrayLike, total_a: float, total_b: float, *, yates: bool) -> np.ndarray:
    observed = np.stack([a, b, total_a - a, total_b - b])
    events, grand = a + b, total_a + total_b
    expected = (
        np.stack([total_a * events, total_b * events, total_a * (grand - events), total_b * (grand - events)]) / grand
    )
    apart = np.abs(observed - expected)
    if yates:
        apart = np.maximum(apart - 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(expected > 0, apart**2 / expected, 0.0)
    return stats.chi2.sf(terms.sum(axis=0), 1)


def _fisher_p(a: np.ndarray, b: np.ndarray, total_a: float, total_b: float) -> np.ndarray:
    tables = np.stack([a, b, total_a - a, total_b - b], axis=1).round().astype(int).reshape(-1, 2, 2)
    return np.array([stats.fisher_exact(table).pvalue for table in tables])


def _newcombe(
    a: ArrayLike, total_a: float, b: ArrayLike, total_b: float, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    low_a, high_a = wilson_limits(a, np.full(len(a), total_a), confidence)
    low_b, high_b = wilson_limits(b, np.full(len(b), total_b), confidence)
    p, q = b / total_b, a / total_a
    return p - q - np.hypot(p - low_b, high_a - q), p - q + np.hypot(high_b - p, q - low_a)
