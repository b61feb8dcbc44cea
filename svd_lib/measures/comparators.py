"""Comparator areas: those nearest on stated characteristics. Never to be called 'most similar forces', which is another's method."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, need, result

Scaling = Literal["z-score", "robust", "rank", "none"]


def comparator_areas(
    frame: pd.DataFrame,
    target: Hashable,
    features: Sequence[str] | Mapping[str, float],
    *,
    id: str = "id",
    number: int | None = 10,
    scaling: Scaling = "z-score",
    log: Sequence[str] = (),
    exclude: Sequence[Hashable] = (),
) -> pd.DataFrame:
    """Return the areas most like one area on age, deprivation, rurality, density or whatever is named.

    Parameters
    ----------
    frame : pandas.DataFrame, one row an area
    target : hashable
        Code of the area to be compared.
    features : sequence of str, or mapping of str to float
        Columns compared, with weights where they should not count alike. Never the outcome itself.
    id : str
        Column of the area's code.
    number : int, optional
        How many to return; all when None.
    scaling : {"z-score", "robust", "rank", "none"}
        Mean and standard deviation; median and interquartile range; share of areas below; or as given.
    log : sequence of str
        Features to take the logarithm of first, such as density.
    exclude : sequence
        Areas never to be chosen.

    Returns
    -------
    pandas.DataFrame, nearest first
        ``id, rank, gap_<feature>`` (scaled difference, area minus target), and the result columns: value = distance.

    Notes
    -----
    Euclidean distance on scaled features, weights normalised to add up to the number of features. Areas with a missing
    feature are left out.
    """
    weights = pd.Series(features if isinstance(features, Mapping) else dict.fromkeys(features, 1.0), dtype=float)
    need(frame, [id, *weights.index], "Comparator areas")
    scaled = _scaled(frame.set_index(id)[list(weights.index)].dropna(), scaling, log)
    if target not in scaled.index:
        raise SnaError(f"Area {target} is not among the areas with every characteristic; comparators cannot be found.")
    gaps = (
        scaled.drop(index=[target, *(code for code in exclude if code in scaled.index and code != target)])
        - scaled.loc[target]
    )
    distance = np.sqrt((gaps**2 * (weights / weights.mean())).sum(axis=1)).sort_values(kind="stable")
    nearest = distance.head(len(distance) if number is None else number)
    identity = gaps.loc[nearest.index].add_prefix("gap_").rename_axis(id).reset_index()
    identity.insert(1, "rank", np.arange(1, len(identity) + 1))
    return result(
        identity, numerator=np.nan, denominator=np.nan, value=nearest.to_numpy(), lower=np.nan, upper=np.nan,
        statistic="distance in scaled units", method=f"Euclidean on {len(weights)} characteristics, {scaling}", confidence=np.nan,
    )  # fmt: skip


def _scaled(values: pd.DataFrame, scaling: Scaling, log: Sequence[str]) -> pd.DataFrame:
    x = values.apply(lambda column: pd.Series(floats(column), index=column.index))
    for name in log:
        if (x[name] <= 0).any():
            raise SnaError(f"{name} has a value of zero or less and cannot be taken in logarithms.")
        x[name] = np.log(x[name])
    if scaling == "none":
        return x
    if scaling == "rank":
        return x.rank(pct=True)
    centre = x.mean() if scaling == "z-score" else x.median()
    spread = x.std() if scaling == "z-score" else x.quantile(0.75) - x.quantile(0.25)
    if (spread == 0).any():
        raise SnaError(f"{spread.index[spread == 0][0]} is the same for all areas (or most); leave it out.")
    return (x - centre) / spread
