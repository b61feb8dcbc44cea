"""Spatial clustering of area values: Moran's I, G, local Moran, Gi* and false-discovery control.

Tests by permutation draw the surroundings of an area from the other areas (conditional permutation). The draws are made
once and shared by all areas, so that 449 areas at 9,999 permutations take a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, level, need, result
from svd_lib.measures.smoothing import empirical_bayes, empirical_bayes_index, freeman_tukey_rate
from svd_lib.measures.spatial_weights import SpatialWeights, Style, spatial_weights
from svd_lib.vocabulary import RESULT_COLUMNS

Alternative = Literal["two-sided", "greater", "less", "directed"]
Inference = Literal["randomisation", "normality", "permutation"]
LocalInference = Literal["permutation", "analytic"]
Transform = Literal["freeman-tukey"]
Islands = Literal["exclude", "keep", "refuse"]
Adjustment = Literal["bh", "by", "holm", "hochberg", "hommel", "bonferroni", "none"]
Moments = Literal["conditional", "total"]
Floats = NDArray[np.float64]
Neighbours = pd.DataFrame | SpatialWeights

QUADRANTS = ("high-high", "low-high", "low-low", "high-low")


FEWEST_AREAS = 4
"""With fewer a spatial test says nothing."""


def permutations_needed(areas: int, at_least_per_area: int = 20) -> int:
    """Return how many permutations local tests of so many areas need: 999, 9,999, 99,999 ...

    Parameters
    ----------
    areas : int
        Number of areas tested.
    at_least_per_area : int, default 20
        Fewer leave the smallest possible p above what Benjamini-Hochberg asks of a single area.

    Returns
    -------
    int
        One below a power of ten, at least 9,999.
    """
    return max(9_999, 10 ** int(np.ceil(np.log10(areas * at_least_per_area + 1))) - 1)


def false_discovery(p_values: ArrayLike, alpha: float = 0.05, method: Adjustment = "bh") -> pd.DataFrame:
    """Adjust p-values for the number of tests made.

    Parameters
    ----------
    p_values : array-like, shape (n,)
        Missing values are not tests: they stay missing and are not counted.
    alpha : float, default 0.05
        False discovery rate (``bh``, ``by``) or family-wise error rate (the others).
    method : {"bh", "by", "holm", "hochberg", "hommel", "bonferroni", "none"}

    Returns
    -------
    pandas.DataFrame, n rows
        ``p_value, p_adjusted, is_significant``.

    References
    ----------
    Benjamini and Hochberg (1995), JRSS B 57:289-300; Benjamini and Yekutieli (2001), Annals of Statistics 29:1165-1188;
    Holm (1979), Scandinavian Journal of Statistics 6:65-70; Hochberg (1988), Biometrika 75:800-802; Hommel (1988), 75:383-386.
    """
    p = floats(p_values)
    tested = np.isfinite(p)
    adjusted = np.full(len(p), np.nan)
    adjusted[tested] = _adjusted(p[tested], method)
    return pd.DataFrame(
        {"p_value": p, "p_adjusted": adjusted, "is_significant": np.where(tested, adjusted, 1) <= alpha}
    )


def neighbourhood_adjustment(
    p_values: ArrayLike, neighbours: Neighbours, *, ids: Sequence[Hashable] | None = None, method: Adjustment = "bonferroni", alpha: float = 0.05
) -> pd.DataFrame:
    """Adjust each area's p-value for the tests in its own surroundings only: itself and its neighbours.

    Milder than :func:`false_discovery` over all areas; published tables made so are read with it, no map of this report is.

    Parameters
    ----------
    p_values : array-like, shape (n,)
    neighbours : pandas.DataFrame or SpatialWeights
        Directed pairs (area, neighbour), or weights made from them.
    ids : sequence, length n, optional
        Areas in the order of the p-values; needed with pairs.
    method, alpha
        As :func:`false_discovery`.

    Returns
    -------
    pandas.DataFrame, n rows
        ``p_value, p_adjusted, is_significant``.

    References
    ----------
    Bivand and Wong (2018), TEST 27:716-748, on adjusting local tests by their number of neighbours.
    """
    p = floats(p_values)
    if ids is None and isinstance(neighbours, pd.DataFrame):
        raise SnaError("An adjustment by neighbourhood needs `ids`, the areas in the order of the p-values.")
    weights = _weights(neighbours, neighbours.ids.tolist() if ids is None else list(ids), "binary")
    matrix, adjusted = weights.matrix, np.full(len(p), np.nan)
    for area in np.flatnonzero(np.isfinite(p)):
        around = p[matrix.indices[matrix.indptr[area] : matrix.indptr[area + 1]]]
        adjusted[area] = _adjusted(np.r_[p[area], around[np.isfinite(around)]], method)[0]
    return pd.DataFrame({"p_value": p, "p_adjusted": adjusted, "is_significant": np.nan_to_num(adjusted, nan=1.0) <= alpha})


def areas_to_test(frame: pd.DataFrame, neighbours: pd.DataFrame, *, numerator: str = "numerator", denominator: str = "denominator", id: str = "id") -> pd.DataFrame:
    """Return the areas if a spatial test of their rates is possible, else no rows.

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area
    neighbours : pandas.DataFrame
        Directed pairs (area, neighbour).
    numerator, denominator, id : str
        Columns of events, population at risk and the area's code.

    Returns
    -------
    pandas.DataFrame
        The frame, or its first no rows: a test needs four areas with a neighbour among the areas, and rates that differ.
    """
    need(frame, [id, numerator, denominator], "A spatial test")
    inside = neighbours[neighbours.isin(set(frame[id])).all(axis=1)]
    joined = frame[frame[id].isin(inside.iloc[:, 0]) & (frame[denominator] > 0)]
    differ = (joined[numerator] / joined[denominator]).nunique() > 1
    return frame if len(joined) >= FEWEST_AREAS and differ else frame.head(0)


def morans_i(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    value: str = "value",
    denominator: str | None = None,
    transform: Transform | None = None,
    id: str = "id",
    style: Style = "row",
    inference: Inference = "randomisation",
    alternative: Alternative = "greater",
    islands: Islands = "exclude",
    permutations: int = 9_999,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Test whether near areas have similar values: global Moran's I.

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area
    neighbours : pandas.DataFrame or SpatialWeights
        Directed pairs (area, neighbour), or weights made from them.
    value : str
        Column of the value, or of the events where a denominator is named. Rows with a missing value are left out.
    denominator : str, optional
        Column to divide by; for rates prefer :func:`morans_i_of_rates`.
    transform : {"freeman-tukey"}, optional
        Square-root transform of the rate per 1,000; needs a denominator.
    id : str
        Column of the area's code.
    style : {"row", "binary"}
        Row-standardised or binary weights; ignored when weights are given.
    inference : {"randomisation", "normality", "permutation"}
        Source of the variance: the values reshuffled (exact moments), normal values, or ``permutations`` reshuffles drawn.
    alternative : {"greater", "less", "two-sided", "directed"}
        ``greater`` tests for similarity of neighbours.
    islands : {"exclude", "keep", "refuse"}
        Areas without neighbours are left out (n falls), stay in the mean and n, or stop the run.
    permutations : int, default 9999
    rng : numpy.random.Generator, needed for ``permutation``

    Returns
    -------
    pandas.DataFrame, one row
        ``areas, expected, variance, z, p_value, alternative`` and the result columns (``value`` = I, no interval). No row of a
        frame without rows.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, chapter 2.
    """
    if frame.empty:
        return _no_rows("areas", "expected", "variance", "z", "p_value", "alternative")
    if transform == "freeman-tukey" and denominator:
        transformed = freeman_tukey_rate(frame[value], frame[denominator])
        frame, value, denominator = frame.assign(_transformed=transformed), "_transformed", None
    y, weights = _prepared(frame, neighbours, value, denominator, id, style, islands)
    z = y - y.mean()
    observed = _moran(z, weights)
    if inference == "permutation":
        draws = _moran_draws(z, weights, permutations, _needs(rng))
        moments = draws.mean(), draws.var()
        p = _pseudo_p(_counts(draws, observed), permutations, alternative)
    else:
        moments = moran_moments(z, weights, inference)
        p = _normal_p((observed - moments[0]) / np.sqrt(moments[1]), alternative)
    method = f"{weights.style} weights, {inference}"
    return _global_row(observed, moments, p, len(y), alternative, "Moran's I", method)


def morans_i_of_rates(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    id: str = "id",
    **options: object,
) -> pd.DataFrame:
    """Test whether near areas have similar *rates*, allowing for areas of different size (empirical Bayes index).

    Parameters
    ----------
    frame, neighbours, id
        As :func:`morans_i`.
    numerator, denominator : str
        Columns of events and population at risk.
    **options
        Passed to :func:`morans_i`.

    Returns
    -------
    pandas.DataFrame, one row
        As :func:`morans_i`.

    References
    ----------
    Assuncao and Reis (1999), Statistics in Medicine 18:2147-2162.
    """
    need(frame, [id, numerator, denominator], "Moran's I of rates")
    if frame.empty:
        return morans_i(frame, neighbours, id=id)
    index = empirical_bayes_index(frame[numerator], frame[denominator])
    row = morans_i(frame.assign(_index=index), neighbours, value="_index", id=id, **options)
    return row.assign(method="empirical Bayes index, " + row["method"])


def gearys_c(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    value: str = "value",
    denominator: str | None = None,
    id: str = "id",
    style: Style = "row",
    inference: Literal["randomisation", "normality"] = "randomisation",
    alternative: Alternative = "greater",
    islands: Islands = "exclude",
) -> pd.DataFrame:
    """Test whether near areas differ less than areas do at large: Geary's C.

    Parameters
    ----------
    frame, neighbours, value, denominator, id, style, islands
        As :func:`morans_i`.
    inference : {"randomisation", "normality"}
    alternative : {"greater", "less", "two-sided", "directed"}
        ``greater`` tests for similarity of neighbours, which is a C below 1.

    Returns
    -------
    pandas.DataFrame, one row
        As :func:`morans_i` (``value`` = C, 1 without a pattern); ``z`` is above zero where neighbours are similar.

    References
    ----------
    Geary (1954), Incorporated Statistician 5:115-145; Cliff and Ord (1981), Spatial Processes, chapter 2.
    """
    y, weights = _prepared(frame, neighbours, value, denominator, id, style, islands)
    z, matrix = y - y.mean(), weights.matrix.tocoo()
    apart = float((matrix.data * (z[matrix.row] - z[matrix.col]) ** 2).sum())
    observed = (len(z) - 1) * apart / (2 * weights.total * float(z @ z))
    variance = _geary_variance(z, weights, inference)
    p = _normal_p((1 - observed) / np.sqrt(variance), alternative)
    row = _global_row(observed, (1.0, variance), p, len(y), alternative, "Geary's C", f"{weights.style} weights, {inference}")
    return row.assign(z=-row["z"])


def getis_ord_g(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    value: str = "value",
    denominator: str | None = None,
    id: str = "id",
    style: Style = "binary",
    alternative: Alternative = "greater",
    islands: Islands = "exclude",
) -> pd.DataFrame:
    """Test whether high values lie near high values: Getis and Ord's global G.

    Parameters
    ----------
    frame, neighbours, value, denominator, id, style, islands
        As :func:`morans_i`; values must not be negative.
    alternative : {"greater", "less", "two-sided", "directed"}
        ``directed`` takes the tail on the side of the result.

    Returns
    -------
    pandas.DataFrame, one row
        As :func:`morans_i` (``value`` = G).

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24:189-206.
    """
    y, weights = _prepared(frame, neighbours, value, denominator, id, style, islands)
    if (y < 0).any():
        raise SnaError("Getis and Ord's G needs values of zero or more.")
    observed = float(y @ (weights.matrix @ y) / (y.sum() ** 2 - (y**2).sum()))
    moments = _g_moments(y, weights)
    p = _normal_p((observed - moments[0]) / np.sqrt(moments[1]), alternative)
    return _global_row(
        observed, moments, p, len(y), alternative, "Getis-Ord G", f"{weights.style} weights, randomisation"
    )


def local_moran(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    value: str = "value",
    denominator: str | None = None,
    id: str = "id",
    style: Style = "row",
    inference: LocalInference = "permutation",
    alternative: Alternative = "two-sided",
    permutations: int | None = None,
    rng: np.random.Generator | None = None,
    alpha: float = 0.05,
    adjustment: Adjustment = "bh",
    scale: Literal["n", "n-1"] = "n",
    moments: Moments = "conditional",
) -> pd.DataFrame:
    """Find areas whose surroundings resemble them, or stand out from them: local Moran's I (LISA).

    Parameters
    ----------
    frame, neighbours, value, denominator, id, style
        As :func:`morans_i`. For rates give the empirical Bayes index as value, see :func:`local_moran_of_rates`.
    inference : {"permutation", "analytic"}
        Conditional permutations, or mean and variance with a normal tail.
    alternative : {"two-sided", "directed", "greater", "less"}
        Sidedness of p. ``two-sided`` doubles the smaller tail; ``directed`` is that tail alone (what GeoDa and esda print).
    permutations : int, optional
        Default :func:`permutations_needed` of the number of areas.
    rng : numpy.random.Generator, needed for ``permutation``
    alpha, adjustment
        As :func:`false_discovery`.
    scale : {"n", "n-1"}
        Whether the variance divides by n (spdep) or I is multiplied by (n-1)/n as well (esda).
    moments : {"conditional", "total"}
        Mean and variance of I given the area's own value (what spdep prints since 2021), or with all values reshuffled (Anselin's
        own, and what older tables hold).

    Returns
    -------
    pandas.DataFrame, one row an area in the frame's order
        ``id, lag`` (mean or sum of the neighbours' values), ``expected, variance, z, p_value, p_adjusted, is_significant,
        quadrant`` (high-high, low-low, high-low, low-high; ``none`` for islands and missing values) and the result columns (``value`` = I).
        Areas without neighbours and areas without a value have no result and are not counted as tests. No rows of a frame without any.

    References
    ----------
    Anselin (1995), Geographical Analysis 27:93-115; Sokal, Oden and Thomson (1998), Geographical Analysis 30:331-354.
    """
    if frame.empty:
        return _no_rows(id, "lag", "expected", "variance", "z", "p_value", "p_adjusted", "is_significant", "quadrant")
    y, weights, tested = _prepared_local(frame, neighbours, value, denominator, id, style)
    z = y - y.mean()
    variance = (z**2).mean()
    lag = weights.matrix @ z
    local = z * lag / variance * (1.0 if scale == "n" else (len(z) - 1) / len(z))
    local = np.where(weights.islands, np.nan, local)
    expected, spread = (_local_moran_moments if moments == "conditional" else _total_moments)(z, weights)
    score = _ratio(z * lag / variance - expected, np.sqrt(spread))
    if inference == "permutation":
        draws = permutations or permutations_needed(len(y))
        tails = _conditional_tails(z, weights.matrix, lag, draws, _needs(rng))
        p = _pseudo_p(tails.turned(z < 0), draws, alternative)
        how = f"{draws:,} conditional permutations"
    else:
        p, how = _normal_p(score, alternative), f"{moments} moments"
    extra = {"lag": weights.matrix @ y, "expected": expected, "variance": spread, "z": score}
    out = _local_frame(frame, id, tested, local, extra, p, alternative, alpha, adjustment, "local Moran's I", how)
    return _with_quadrant(out, tested, z, lag, weights.islands)


def local_moran_of_rates(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    id: str = "id",
    **options: object,
) -> pd.DataFrame:
    """Local Moran's I on the empirical Bayes index, so that small areas do not make clusters by chance.

    Parameters
    ----------
    frame, neighbours, id
        As :func:`local_moran`.
    numerator, denominator : str
        Columns of events and population at risk.
    **options
        Passed to :func:`local_moran`.

    Returns
    -------
    pandas.DataFrame
        As :func:`local_moran`; numerator and denominator are filled in.

    References
    ----------
    Assuncao and Reis (1999), Statistics in Medicine 18:2147-2162.
    """
    need(frame, [id, numerator, denominator], "Local Moran's I of rates")
    if frame.empty:
        return local_moran(frame, neighbours, id=id)
    index = empirical_bayes_index(frame[numerator], frame[denominator])
    out = local_moran(frame.assign(_index=index), neighbours, value="_index", id=id, **options)
    return out.assign(
        numerator=floats(frame[numerator]),
        denominator=floats(frame[denominator]),
        method="empirical Bayes index, " + out["method"],
    )


def local_moran_of_smoothed_rates(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    id: str = "id",
    **options: object,
) -> pd.DataFrame:
    """Local Moran's I on the logarithm of empirical Bayes rates, so that no single extreme area hides the others.

    Parameters
    ----------
    frame, neighbours, id
        As :func:`local_moran`.
    numerator, denominator : str
        Columns of events and population at risk.
    **options
        Passed to :func:`local_moran`.

    Returns
    -------
    pandas.DataFrame
        As :func:`local_moran`; numerator and denominator are filled in.

    Notes
    -----
    Where one area has many times the rate of all others (a town centre by residents), its value dominates the variance of the
    rates and of every permutation that draws it, and real clusters elsewhere go unseen. Smoothing makes rates of small areas
    steady and above zero; the logarithm makes their distribution nearly even-sided. Print the result on the index beside it.

    References
    ----------
    Anselin (1995), Geographical Analysis 27:93-115; Marshall (1991), Applied Statistics 40:283-294.
    """
    if frame.empty:
        return local_moran(frame, neighbours, id=id)
    smooth = empirical_bayes(frame, numerator, denominator)
    with np.errstate(divide="ignore"):
        logged = np.log(smooth["value"].to_numpy())
    out = local_moran(frame.assign(_log=np.where(np.isfinite(logged), logged, np.nan)), neighbours, value="_log", id=id, **options)
    return out.assign(
        numerator=floats(frame[numerator]),
        denominator=floats(frame[denominator]),
        method="logarithm of empirical Bayes rates, " + out["method"],
    )


def gi_star(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    *,
    value: str = "value",
    denominator: str | None = None,
    id: str = "id",
    style: Style = "binary",
    include_self: bool = True,
    inference: LocalInference = "permutation",
    formula: Literal["1995", "1992"] = "1995",
    alternative: Alternative = "two-sided",
    permutations: int | None = None,
    rng: np.random.Generator | None = None,
    alpha: float = 0.05,
    adjustment: Adjustment = "bh",
) -> pd.DataFrame:
    """Find hot and cold spots: Getis and Ord's Gi* (area included) or Gi (area left out).

    Parameters
    ----------
    frame, neighbours, value, denominator, id
        As :func:`morans_i`.
    style : {"binary", "row"}
        Under the 1995 formula both give the same z.
    include_self : bool, default True
        Gi* if True, Gi if False.
    inference : {"permutation", "analytic"}
        Permutations of the surroundings given the area's own value; or the normal tail of z, which finds too much where values are
        skewed, and calls a single high area among ordinary ones hot. Published tables of z and p are ``analytic``; z is the same in both.
    formula : {"1995", "1992"}
        Variance for any weights (1995), or the earlier one made for binary weights (1992, Gi only).
    alternative, permutations, rng, alpha, adjustment
        As :func:`local_moran`; ``permutation`` needs ``rng``.

    Returns
    -------
    pandas.DataFrame, one row an area in the frame's order
        ``id, lag, p_value, p_adjusted, is_significant, spot`` (hot, cold, none) and the result columns (``value`` = z score).
        Areas without neighbours have no result. No rows of a frame without any.

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24:189-206; Ord and Getis (1995), 27:286-306.
    """
    if frame.empty:
        return _no_rows(id, "lag", "p_value", "p_adjusted", "is_significant", "spot")
    y, weights, tested = _prepared_local(frame, neighbours, value, denominator, id, style)
    around = weights.with_self() if include_self else weights
    total = around.matrix @ y
    if formula == "1992" and include_self:
        raise SnaError("The 1992 variance is for Gi; use formula='1995' for Gi*.")
    score = _gi_1992(y, weights) if formula == "1992" else _gi_1995(y, around, include_self)
    score = np.where(weights.islands, np.nan, score)
    if inference == "permutation":
        draws = permutations or permutations_needed(len(y))
        tails = _conditional_tails(y, weights.matrix, weights.matrix @ y, draws, _needs(rng))
        p, how = _pseudo_p(tails, draws, alternative), f"{draws:,} conditional permutations"
    else:
        p, how = _normal_p(score, alternative), f"analytic ({formula})"
    p = np.where(weights.islands, np.nan, p)
    name = "Gi* z score" if include_self else "Gi z score"
    out = _local_frame(frame, id, tested, score, {"lag": total}, p, alternative, alpha, adjustment, name, how)
    sign = np.where(out["value"] > 0, "hot", "cold")
    return out.assign(spot=np.where(out["is_significant"], sign, "none"))[_with_results_last(out, "spot")]


def moran_moments(
    values: ArrayLike, weights: SpatialWeights, inference: Literal["randomisation", "normality"]
) -> tuple[float, float]:
    """Return the mean and variance of Moran's I where values are not clustered.

    Parameters
    ----------
    values : array-like, shape (n,)
        In the order of the weights.
    weights : SpatialWeights
    inference : {"randomisation", "normality"}

    Returns
    -------
    expected, variance : float

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, section 2.3.
    """
    z = np.asarray(values, float) - np.mean(values)
    n, (s0, s1, s2) = len(z), _weight_sums(weights)
    expected = -1.0 / (n - 1)
    if inference == "normality":
        return expected, (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
    kurtosis = (z**4).mean() / (z**2).mean() ** 2
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    second = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return expected, (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2


# --- preparing ---------------------------------------------------------------------------------------------------


def _no_rows(*columns: str) -> pd.DataFrame:
    """Return what a test gives of no areas: its columns without rows."""
    numbers = {"lag", "expected", "variance", "z", "p_value", "p_adjusted", "areas"} | set(RESULT_COLUMNS) - {"statistic", "method"}
    kinds = {name: "object" if name not in numbers | {"is_significant"} else "bool" if name == "is_significant" else "float64" for name in (*columns, *RESULT_COLUMNS)}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _values(frame: pd.DataFrame, value: str, denominator: str | None, id: str) -> Floats:
    need(frame, [id, value, *([denominator] if denominator else [])], "A spatial measure")
    if denominator is None:
        return floats(frame[value])
    population = floats(frame[denominator])
    return floats(frame[value]) / np.where(population > 0, population, np.nan)


def _weights(neighbours: Neighbours, ids: Sequence[Hashable], style: Style) -> SpatialWeights:
    if isinstance(neighbours, pd.DataFrame):
        return spatial_weights(neighbours, ids, style)
    if not neighbours.ids.equals(pd.Index(ids)):
        raise SnaError(
            "The weights list other areas than the frame, or in another order; make them from the frame's areas."
        )
    return neighbours


def _prepared(
    frame: pd.DataFrame,
    neighbours: Neighbours,
    value: str,
    denominator: str | None,
    id: str,
    style: Style,
    islands: Islands,
) -> tuple[Floats, SpatialWeights]:
    y = _values(frame, value, denominator, id)
    weights = _weights(neighbours, frame[id].tolist(), style)
    known = np.isfinite(y)
    if not known.all():
        y, weights = y[known], weights.subset(known)
    alone = weights.islands
    if alone.any() and islands == "refuse":
        raise SnaError(
            f"{int(alone.sum())} area(s) have no neighbour, the first is {weights.ids[alone][0]}; choose islands='exclude' or 'keep'."
        )
    if alone.any() and islands == "exclude":
        y, weights = y[~alone], weights.subset(~alone)
    if len(y) < FEWEST_AREAS or np.ptp(y) == 0:
        raise SnaError("A spatial test needs at least four areas with differing values.")
    return y, weights


def _prepared_local(
    frame: pd.DataFrame, neighbours: Neighbours, value: str, denominator: str | None, id: str, style: Style
) -> tuple[Floats, SpatialWeights, NDArray[np.bool_]]:
    known = np.isfinite(_values(frame, value, denominator, id))
    y, weights = _prepared(frame, neighbours, value, denominator, id, style, "keep")
    return y, weights, known


def _needs(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise SnaError("A permutation test needs rng=numpy.random.default_rng(seed), so that it can be repeated.")
    return rng


# --- global statistics -------------------------------------------------------------------------------------------


def _moran(z: Floats, weights: SpatialWeights) -> float:
    return float(len(z) / weights.total * (z @ (weights.matrix @ z)) / (z @ z))


def _moran_draws(
    z: Floats, weights: SpatialWeights, permutations: int, rng: np.random.Generator, at_once: int = 500
) -> Floats:
    scale = len(z) / weights.total / (z @ z)
    draws = np.empty(permutations)
    for start in range(0, permutations, at_once):
        shuffled = rng.permuted(np.tile(z, (min(at_once, permutations - start), 1)), axis=1).T
        draws[start : start + at_once] = scale * (shuffled * (weights.matrix @ shuffled)).sum(axis=0)
    return draws


def _weight_sums(weights: SpatialWeights) -> tuple[float, float, float]:
    matrix = weights.matrix
    both = matrix + matrix.T
    margins = np.asarray(matrix.sum(axis=0)).ravel() + np.asarray(matrix.sum(axis=1)).ravel()
    return weights.total, float((both.multiply(both)).sum() / 2), float((margins**2).sum())


def _geary_variance(z: Floats, weights: SpatialWeights, inference: str) -> float:
    n, (s0, s1, s2) = len(z), _weight_sums(weights)
    if inference == "normality":
        return ((2 * s1 + s2) * (n - 1) - 4 * s0**2) / (2 * (n + 1) * s0**2)
    kurtosis = (z**4).mean() / (z**2).mean() ** 2
    first = (n - 1) * s1 * (n**2 - 3 * n + 3 - (n - 1) * kurtosis)
    second = (n - 1) * s2 * (n**2 + 3 * n - 6 - (n**2 - n + 2) * kurtosis) / 4
    third = s0**2 * (n**2 - 3 - (n - 1) ** 2 * kurtosis)
    return (first - second + third) / (n * (n - 2) * (n - 3) * s0**2)


def _g_moments(y: Floats, weights: SpatialWeights) -> tuple[float, float]:
    n, (s0, s1, s2) = len(y), _weight_sums(weights)
    m1, m2, m3, m4 = (float((y**power).sum()) for power in (1, 2, 3, 4))
    b0 = (n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2
    b1 = -((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2
    b4 = s1 - s2 + s0**2
    square = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    expected = s0 / (n * (n - 1))
    return expected, square / ((m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3)) - expected**2


def _global_row(
    observed: float, moments: tuple[float, float], p: object, areas: int, alternative: str, statistic: str, method: str
) -> pd.DataFrame:
    expected, variance = moments
    identity = pd.DataFrame(
        {
            "areas": [areas],
            "expected": [float(expected)],
            "variance": [float(variance)],
            "z": [float((observed - expected) / np.sqrt(variance))],
            "p_value": [float(p)],
            "alternative": [alternative],
        }
    )
    return result(
        identity, numerator=np.nan, denominator=np.nan, value=observed, lower=np.nan, upper=np.nan,
        statistic=statistic, method=f"{method}, {alternative}", confidence=np.nan,
    )  # fmt: skip


# --- local statistics --------------------------------------------------------------------------------------------


def _local_moran_moments(z: Floats, weights: SpatialWeights) -> tuple[Floats, Floats]:
    """Mean and variance of I_i over permutations of the other areas' values."""
    n, m2 = len(z), (z**2).mean()
    row = np.asarray(weights.matrix.sum(axis=1)).ravel()
    squares = np.asarray(weights.matrix.multiply(weights.matrix).sum(axis=1)).ravel()
    expected = -(z**2) * row / ((n - 1) * m2)
    variance = (z / m2) ** 2 * (n / (n - 2)) * (squares - row**2 / (n - 1)) * (m2 - z**2 / (n - 1))
    empty = weights.islands
    return np.where(empty, np.nan, expected), np.where(empty, np.nan, variance)


def _total_moments(z: Floats, weights: SpatialWeights) -> tuple[Floats, Floats]:
    """Mean and variance of I_i over permutations of all values (Anselin 1995)."""
    n, kurtosis = len(z), (z**4).mean() / (z**2).mean() ** 2
    row = np.asarray(weights.matrix.sum(axis=1)).ravel()
    squares = np.asarray(weights.matrix.multiply(weights.matrix).sum(axis=1)).ravel()
    crossed = (row**2 - squares) * (2 * kurtosis - n) / ((n - 1) * (n - 2))
    variance = squares * (n - kurtosis) / (n - 1) + crossed - row**2 / (n - 1) ** 2
    empty = weights.islands
    return np.where(empty, np.nan, -row / (n - 1)), np.where(empty, np.nan, variance)


def _gi_1995(y: Floats, around: SpatialWeights, include_self: bool) -> Floats:
    n = len(y)
    row = np.asarray(around.matrix.sum(axis=1)).ravel()
    squares = np.asarray(around.matrix.multiply(around.matrix).sum(axis=1)).ravel()
    if include_self:
        mean, variance, others = y.mean(), y.var(), n
    else:
        others = n - 1
        mean = (y.sum() - y) / others
        variance = ((y**2).sum() - y**2) / others - mean**2
    return _ratio(around.matrix @ y - row * mean, np.sqrt(variance * (others * squares - row**2) / (others - 1)))


def _gi_1992(y: Floats, weights: SpatialWeights) -> Floats:
    n = len(y)
    row = np.asarray(weights.matrix.sum(axis=1)).ravel()
    mean = (y.sum() - y) / (n - 1)
    variance = ((y**2).sum() - y**2) / (n - 1) - mean**2
    spread = row * (n - 1 - row) / ((n - 1) ** 2 * (n - 2)) * variance / mean**2
    return _ratio(weights.matrix @ y / (y.sum() - y) - row / (n - 1), np.sqrt(spread))


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


@dataclass(frozen=True)
class _Tails:
    """How many permuted values lie at or above, and at or below, the observed one."""

    above: NDArray[np.int64]
    below: NDArray[np.int64]

    def turned(self, where: NDArray[np.bool_]) -> _Tails:
        """Return the tails with above and below exchanged for some areas."""
        return _Tails(np.where(where, self.below, self.above), np.where(where, self.above, self.below))


def _conditional_tails(
    values: Floats, matrix: sparse.csr_array, observed: Floats, permutations: int, rng: np.random.Generator
) -> _Tails:
    """Count permuted lags on either side of the observed; one set of draws serves every area."""
    n, degree = len(values), np.diff(matrix.indptr)
    picks = _distinct_picks(n - 1, int(degree.max()), permutations, rng)
    above, below = np.zeros(n, np.int64), np.zeros(n, np.int64)
    slack = 1e-12 * max(1.0, float(np.abs(observed).max()))
    others = values[:-1].copy()
    for area in np.flatnonzero(degree):
        lag = _drawn_lag(values, others, area, matrix.data[matrix.indptr[area] : matrix.indptr[area + 1]], picks)
        above[area] = np.count_nonzero(lag >= observed[area] - slack)
        below[area] = np.count_nonzero(lag <= observed[area] + slack)
    nothing = degree == 0
    above[nothing] = below[nothing] = permutations
    return _Tails(above, below)


def _drawn_lag(values: Floats, others: Floats, area: int, weight: Floats, picks: NDArray[np.int32]) -> Floats:
    """Weighted sums of draws from all areas but one: the last area stands in for the one left out."""
    if area < len(others):
        others[area] = values[-1]
    drawn = others[picks[: len(weight)]]
    lag = drawn.sum(axis=0) * weight[0] if (weight == weight[0]).all() else weight @ drawn
    if area < len(others):
        others[area] = values[area]
    return lag


def _distinct_picks(pool: int, size: int, permutations: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return, a column each, ordered draws without replacement of ``size`` positions out of ``pool``."""
    if size**2 > pool:
        return np.argsort(rng.random((permutations, pool)), axis=1)[:, :size].T.astype(np.int32)
    picks = rng.integers(pool, size=(permutations, size), dtype=np.int32)
    while (again := _has_repeat(picks)).any():
        picks[again] = rng.integers(pool, size=(int(again.sum()), size), dtype=np.int32)
    return np.ascontiguousarray(picks.T)


def _has_repeat(picks: NDArray[np.int32]) -> NDArray[np.bool_]:
    ordered = np.sort(picks, axis=1)
    return (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)


def _local_frame(
    frame: pd.DataFrame,
    id: str,
    tested: NDArray[np.bool_],
    value: Floats,
    extra: dict[str, Floats],
    p: Floats,
    alternative: str,
    alpha: float,
    adjustment: Adjustment,
    statistic: str,
    how: str,
) -> pd.DataFrame:
    """One row for every area of the frame, in its order; areas not tested stay empty."""
    tests = false_discovery(np.where(np.isnan(value), np.nan, p), level(alpha), adjustment)
    found = pd.DataFrame({**extra, **tests, "value": value})
    whole = found.set_index(np.flatnonzero(tested)).reindex(np.arange(len(frame)))
    whole["is_significant"] = whole["is_significant"].eq(True)
    identity = pd.concat([frame[[id]].reset_index(drop=True), whole.drop(columns="value")], axis=1)
    return result(
        identity, numerator=np.nan, denominator=np.nan, value=whole["value"], lower=np.nan, upper=np.nan,
        statistic=statistic, method=f"{how}, {alternative}, {adjustment} at {alpha:g}", confidence=np.nan,
    )  # fmt: skip


def _with_quadrant(
    out: pd.DataFrame, tested: NDArray[np.bool_], z: Floats, lag: Floats, islands: NDArray[np.bool_]
) -> pd.DataFrame:
    place = np.select([(z > 0) & (lag > 0), (z <= 0) & (lag > 0), (z <= 0) & (lag <= 0)], [0, 1, 2], 3)
    names = np.full(len(out), "none", dtype=object)
    names[np.flatnonzero(tested)] = np.where(islands, "none", np.array(QUADRANTS, dtype=object)[place])
    named = out.assign(quadrant=pd.array(names, dtype="str"))
    named.loc[named["quadrant"] == "none", ["value", "lag"]] = np.nan
    return named[_with_results_last(out, "quadrant")]


def _with_results_last(out: pd.DataFrame, new: str) -> list[str]:
    columns = list(out.columns)
    start = columns.index("numerator")
    return [*columns[:start], new, *columns[start:]]


# --- tails -------------------------------------------------------------------------------------------------------


def _counts(draws: Floats, observed: float) -> _Tails:
    slack = 1e-12 * max(1.0, abs(observed))
    return _Tails(np.sum(draws >= observed - slack), np.sum(draws <= observed + slack))


def _pseudo_p(tails: _Tails, permutations: int, alternative: Alternative) -> Floats:
    above, below = (tails.above + 1) / (permutations + 1), (tails.below + 1) / (permutations + 1)
    return _tail(above, below, alternative)


def _normal_p(z: ArrayLike, alternative: Alternative) -> Floats:
    return _tail(stats.norm.sf(z), stats.norm.cdf(z), alternative)


def _tail(above: Floats, below: Floats, alternative: Alternative) -> Floats:
    if alternative == "greater":
        return above
    if alternative == "less":
        return below
    if alternative == "directed":
        return np.minimum(above, below)
    if alternative == "two-sided":
        return np.minimum(2 * np.minimum(above, below), 1.0)
    raise SnaError(f"A test is 'two-sided', 'greater', 'less' or 'directed', not '{alternative}'.")


def _adjusted(p: Floats, method: Adjustment) -> Floats:
    n = len(p)
    order = np.argsort(p, kind="stable")
    ranked, rank = p[order], np.arange(1, n + 1)
    if method in ("bh", "by"):
        penalty = (1 / rank).sum() if method == "by" else 1.0
        stepped = np.minimum.accumulate((ranked * n * penalty / rank)[::-1])[::-1]
    elif method == "holm":
        stepped = np.maximum.accumulate(ranked * (n - rank + 1))
    elif method in ("hochberg", "hommel"):
        from statsmodels.stats.multitest import multipletests

        return multipletests(p, method={"hochberg": "simes-hochberg", "hommel": "hommel"}[method])[1]
    elif method in ("bonferroni", "none"):
        stepped = ranked * (n if method == "bonferroni" else 1)
    else:
        raise SnaError(f"p-values are adjusted by 'bh', 'by', 'holm', 'hochberg', 'hommel', 'bonferroni' or 'none', not '{method}'.")
    out = np.empty(n)
    out[order] = np.minimum(stepped, 1.0)
    return out
