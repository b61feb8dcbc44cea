"""The shape every measure returns: identifying columns, then :data:`svd_lib.vocabulary.RESULT_COLUMNS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from svd_lib.errors import SnaError
from svd_lib.vocabulary import RESULT_COLUMNS


def keys(by: str | Sequence[str]) -> list[str]:
    """Return grouping columns as a list: ``"area"`` -> ``["area"]``, ``()`` -> ``[]``."""
    return [by] if isinstance(by, str) else list(by)


def need(frame: pd.DataFrame, columns: Iterable[str], measure: str) -> None:
    """Refuse a frame that lacks a column.

    Parameters
    ----------
    frame : pandas.DataFrame
    columns : iterable of str
        Columns the measure reads.
    measure : str
        Name for the message.

    Raises
    ------
    SnaError
        Naming the absent columns and those there are.
    """
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        there = ", ".join(map(str, frame.columns))
        raise SnaError(f"{measure} needs the column(s) {', '.join(absent)}; the frame has {there}.")


def floats(values: ArrayLike) -> np.ndarray:
    """Return values as a float array in which every kind of missing value is NaN."""
    return pd.to_numeric(pd.Series(values), errors="raise").astype("float64").to_numpy()


def level(confidence: float) -> float:
    """Return a confidence level after checking that it lies between 0 and 1 (0.95, not 95)."""
    if not 0 < confidence < 1:
        raise SnaError(f"A confidence level lies between 0 and 1, such as 0.95; {confidence} does not.")
    return float(confidence)


def each_level(measure: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Let a measure take several confidence levels: all its rows once for each, in the order given."""

    @wraps(measure)
    def at_levels(*given: object, confidence: float | Sequence[float] = 0.95, **named: object) -> pd.DataFrame:
        if np.ndim(confidence) == 0:
            return measure(*given, confidence=confidence, **named)
        return pd.concat([measure(*given, confidence=one, **named) for one in confidence], ignore_index=True)

    return at_levels


def result(
    identity: pd.DataFrame,
    *,
    numerator: ArrayLike,
    denominator: ArrayLike,
    value: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    statistic: str | Sequence[str],
    method: str | Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    """Return the identifying columns followed by the result columns.

    Parameters
    ----------
    identity : pandas.DataFrame
        One row per result; columns that carry a result's name are dropped.
    numerator, denominator, value, lower, upper : array-like, shape (rows,) or scalar
        The estimate, what it was made of, and its limits; NaN where not available.
    statistic, method : str or sequence of str
        What was estimated, with its unit, and how its interval was made.
    confidence : float
        Level of the interval, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        A fresh index, ``identity`` then ``RESULT_COLUMNS``.
    """
    kept = identity.drop(columns=[name for name in RESULT_COLUMNS if name in identity.columns]).reset_index(drop=True)
    parts = (numerator, denominator, value, lower, upper, statistic, method, confidence)
    columns = {name: _aligned(part, len(kept)) for name, part in zip(RESULT_COLUMNS, parts, strict=True)}
    return pd.concat([kept, pd.DataFrame(columns, index=kept.index)], axis=1)


def _aligned(part: object, rows: int) -> object:
    if isinstance(part, pd.Series):
        return part.to_numpy()
    return np.repeat(part, rows) if np.ndim(part) == 0 else np.asarray(part)


def positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return denominators with zero turned into missing; refuse those below zero."""
    if (values < 0).any():
        raise SnaError("A denominator is below zero; correct the populations before computing rates.")
    return np.where(values > 0, values, np.nan)


def grouped_sums(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the sums of a frame's other columns per group, in order of appearance; one missing value makes a sum missing."""
    if not names:
        return frame.sum(skipna=False).to_frame().T
    return frame.groupby(names, sort=False, dropna=False).sum(skipna=False).reset_index()
