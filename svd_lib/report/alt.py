"""Words for the text alternative of a picture: its highest and lowest rows, and where a line begins and ends."""

from __future__ import annotations

import pandas as pd

from svd_lib.report import text


def extremes(frame: pd.DataFrame, label: str, value: str = "value", unit: str = "", precision: int = 0) -> dict[str, str]:
    """Return the highest and lowest row of a frame in words.

    Parameters
    ----------
    frame : DataFrame
        What a picture shows.
    label, value : str
        Columns of names and values; rows without a value are passed over.
    unit, precision : str, int
        How a number is written.

    Returns
    -------
    dict of str to str
        ``most, top, least, bottom``: two names and two numbers; empty words for a frame without values.
    """
    known = frame.dropna(subset=[value]) if value in frame else frame.head(0)
    if known.empty:
        return dict.fromkeys(("most", "top", "least", "bottom"), "")
    most, least = known.loc[known[value].idxmax()], known.loc[known[value].idxmin()]
    return {
        "most": str(most[label]),
        "top": text.symbol(most[value], unit, precision),
        "least": str(least[label]),
        "bottom": text.symbol(least[value], unit, precision),
    }


def course(frame: pd.DataFrame, x: str, label: str, value: str = "value", unit: str = "", precision: int = 0) -> dict[str, str]:
    """Return where a line begins and ends in words.

    Parameters
    ----------
    frame : DataFrame
        One row a point.
    x, label, value : str
        Columns to order by, of the points' names (years), and of values.
    unit, precision : str, int
        How a number is written.

    Returns
    -------
    dict of str to str
        ``first, start, last, end``: two names and two numbers; empty words for a frame without values.
    """
    known = frame.dropna(subset=[value]).sort_values(x, kind="stable")
    if known.empty:
        return dict.fromkeys(("first", "start", "last", "end"), "")
    first, last = known.iloc[0], known.iloc[-1]
    return {
        "first": str(first[label]),
        "start": text.symbol(first[value], unit, precision),
        "last": str(last[label]),
        "end": text.symbol(last[value], unit, precision),
    }
