"""Series of months as a matrix: one row per series, one column per month, NaN where a month is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, need

Array = NDArray[np.float64]


def month_matrix(
    frame: pd.DataFrame, names: list[str], month: str, value: str
) -> tuple[pd.DataFrame, pd.DatetimeIndex, Array]:
    """Return series, calendar and values, with NaN where a month is absent or missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per series and month.
    names : list of str
        Columns that name a series.
    month, value : str
        First day of the month (or quarter), and a number.

    Returns
    -------
    identity : pandas.DataFrame, shape (series, names)
    calendar : DatetimeIndex
        From the first to the last month at the smallest distance met (1 month, 3 for quarters, 12 for years).
    values : array, shape (series, len(calendar))

    Raises
    ------
    SnaError
        For a month that is not a first day, or two rows for one month of one series.
    """
    need(frame, (*names, month, value), "A series")
    if frame.empty:
        raise SnaError("A series needs at least one row; the frame is empty.")
    months = pd.DatetimeIndex(pd.to_datetime(frame[month]))
    if (months.day != 1).any():
        raise SnaError("A month is written as its first day; a row has another day.")
    calendar = _calendar(months)
    return place_values(frame, names, calendar, calendar.get_indexer(months), value)


def _calendar(months: pd.DatetimeIndex) -> pd.DatetimeIndex:
    number = np.unique(months.year * 12 + months.month)
    step = int(np.gcd.reduce(np.diff(number))) if len(number) > 1 else 1
    return pd.date_range(months.min(), months.max(), freq=f"{step}MS")


def months_between(calendar: pd.DatetimeIndex) -> int:
    """Return the number of months from one column of the calendar to the next."""
    if len(calendar) < 2:
        return 1
    return (calendar[1].year - calendar[0].year) * 12 + calendar[1].month - calendar[0].month


def ordered_matrix(
    frame: pd.DataFrame, names: list[str], time: str, value: str
) -> tuple[pd.DataFrame, pd.Index, Array]:
    """Return series, times and values like :func:`month_matrix`, for any column that can be sorted.

    First days of months make a calendar, so that an absent month is a gap; other times stand as they are met.
    """
    need(frame, (*names, time, value), "A series")
    if pd.api.types.is_datetime64_any_dtype(frame[time]) and (frame[time].dt.day == 1).all():
        return month_matrix(frame, names, time, value)
    times = pd.Index(frame[time].drop_duplicates().sort_values())
    return place_values(frame, names, times, times.get_indexer(frame[time]), value)


def place_values(
    frame: pd.DataFrame, names: list[str], times: pd.Index, column: NDArray[np.intp], value: str
) -> tuple[pd.DataFrame, pd.Index, Array]:
    """Return the frame's values spread over series and times."""
    groups = frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy() if names else np.zeros(len(frame), int)
    if pd.DataFrame({"series": groups, "time": column}).duplicated().any():
        raise SnaError(
            "A series has two rows for one time; add them up or name the column that tells them apart in `by`."
        )
    values = np.full((groups.max() + 1, len(times)), np.nan)
    values[groups, column] = floats(frame[value])
    identity = frame[names].drop_duplicates().reset_index(drop=True) if names else pd.DataFrame(index=[0])
    return identity, times, values


def long_rows(identity: pd.DataFrame, time: str, times: pd.Index) -> pd.DataFrame:
    """Return one row per series and time, in the order of a raveled matrix."""
    return identity.merge(pd.DataFrame({time: times}), how="cross")
