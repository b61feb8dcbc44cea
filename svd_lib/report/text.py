"""Words from numbers: one rule for comparisons, one format for numbers, one spelling of periods.

A comparison is worded by its interval, never by its point estimate: when the interval holds "no difference" the
words are "no clear change" or "no clear difference", however large the estimate looks.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from svd_lib.errors import SnaError

_PERIOD = re.compile(r"^(\d{4})(?:-(0[1-9]|1[0-2]))?(?:/(\d{4})-(0[1-9]|1[0-2]))?$")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PERCENT = ("%", "per cent", "percent")


def plain(value: object) -> float | int | str | bool | None:
    """Return a value as a plain Python scalar; missing values become ``None``.

    Parameters
    ----------
    value : object
        A Python, NumPy or pandas scalar.

    Returns
    -------
    float, int, str, bool or None
        A type that ``json`` writes and that prints without a library's name in it.
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (pd.Timestamp, date)):
        return value.isoformat()[:10]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def inert(value: object) -> object:
    """Return a text that no spreadsheet takes for a formula; anything but text as it is.

    Parameters
    ----------
    value : object
        A cell or a heading of a CSV file or workbook.

    Returns
    -------
    object
        Text that begins with ``= + - @ |``, their wide forms or a control character gets an apostrophe in front, also
        behind blanks.
    """
    if isinstance(value, str) and value.lstrip(" \u00a0\ufeff\u200b").startswith(_FORMULA):
        return f"'{value}"
    return value


def rounded(value: object, precision: int) -> float | None:
    """Round a number to ``precision`` decimals as a plain float, or return ``None`` when it is missing."""
    number = plain(value)
    return None if number is None else round(float(number), precision) + 0.0


def number(value: object, precision: int = 0) -> str:
    """Format a number with thousands commas, e.g. ``12345.6`` -> ``"12,346"``.

    Parameters
    ----------
    value : float
        The number; missing gives ``"not available"``.
    precision : int, default 0
        Decimal places shown, always all of them.

    Returns
    -------
    str
        Rounded half to even on the binary value, as Python rounds, so that text and data agree.
    """
    shown = rounded(value, precision)
    return "not available" if shown is None else f"{shown:,.{max(precision, 0)}f}"


def rows_words(count: int) -> str:
    """Return a number of rows with its noun, such as ``1 row`` and ``1,204 rows``."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def with_unit(value: object, unit: str = "", precision: int = 0) -> str:
    """Format a number with its unit, e.g. ``(27.71, "per 1,000 residents", 1)`` -> ``"27.7 per 1,000 residents"``.

    ``"%"`` is attached, a unit that starts with a pound sign goes before the number, any other follows a blank.
    """
    shown = number(value, precision)
    if shown == "not available" or not unit:
        return shown
    if unit.startswith("£"):
        return f"£{shown}{unit[1:]}"
    return f"{shown}%" if unit in _PERCENT else f"{shown} {unit}"


def symbol(value: object, unit: str = "", precision: int = 0) -> str:
    """Format a number with a unit only where the unit is a sign (``%``, ``£``)."""
    attached = unit in _PERCENT or unit.startswith("£")
    return with_unit(value, unit if attached else "", precision)


def interval_words(lower: object, upper: object, unit: str = "", precision: int = 0, confidence: object = 0.95) -> str:
    """Word an interval, e.g. ``"95% confidence interval 26.9 to 28.5"``; empty when a limit is missing."""
    if plain(lower) is None or plain(upper) is None:
        return ""
    level = "" if plain(confidence) is None else f"{float(confidence) * 100:.3g}% "
    return f"{level}confidence interval {symbol(lower, unit, precision)} to {symbol(upper, unit, precision)}"


def parse_period(period: str) -> tuple[pd.Period, pd.Period]:
    """Read a period into its first and last month.

    Parameters
    ----------
    period : str
        ``"2025"``, ``"2025-06"`` or ``"2025-01/2025-12"``; both ends are included.

    Returns
    -------
    tuple of pandas.Period
        First and last month.

    Raises
    ------
    SnaError
        When the text is in another form or ends before it begins.
    """
    match = _PERIOD.match(str(period))
    if not match or (match[3] and not match[2]):
        raise SnaError(f"The period {period!r} is not readable: write it as 2025-01/2025-12, 2025-06 or 2025.")
    first = pd.Period(f"{match[1]}-{match[2] or '01'}", "M")
    last = pd.Period(f"{match[3] or match[1]}-{match[4] or match[2] or '12'}", "M")
    if last < first:
        raise SnaError(f"The period {period!r} ends before it begins: put the first month first.")
    return first, last


def iso_period(first: object, last: object | None = None) -> str:
    """Return ``"2025-01/2025-12"`` from dates, months or a readable period."""
    if last is None and isinstance(first, str):
        start, end = parse_period(first)
        return f"{start}/{end}"
    start, end = pd.Period(first, "M"), pd.Period(first if last is None else last, "M")
    return f"{start}/{end}"


def period_words(period: str) -> str:
    """Spell a period: ``"January to December 2025"``, ``"the year ending June 2025"``, ``"March 2021"``.

    Parameters
    ----------
    period : str
        As :func:`parse_period` reads it.

    Returns
    -------
    str
        Words that stand after "in".
    """
    first, last = parse_period(period)
    months = (last - first).n + 1
    if months == 1:
        return f"{calendar.month_name[last.month]} {last.year}"
    if first.year == last.year:
        return f"{calendar.month_name[first.month]} to {calendar.month_name[last.month]} {last.year}"
    if months == 12:
        return f"the year ending {calendar.month_name[last.month]} {last.year}"
    return f"{calendar.month_name[first.month]} {first.year} to {calendar.month_name[last.month]} {last.year}"


def month_words(month: object) -> str:
    """Spell a month, e.g. ``"December 2025"``."""
    when = pd.Period(month, "M")
    return f"{calendar.month_name[when.month]} {when.year}"


def months_between(period: str, period_end: object) -> int:
    """Return whole months from the end of a period to the end of an edition; negative when it ends later."""
    _, last = parse_period(period)
    return (pd.Period(period_end, "M") - last).n


def join_words(words: Sequence[object], last: str = "and") -> str:
    """Join words as a sentence does, e.g. ``"a, b and c"``."""
    items = [str(word) for word in words]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def one_row(row: object) -> dict[str, object]:
    """Return a one-row frame, a series or a mapping as a dictionary of plain values.

    Raises
    ------
    SnaError
        When a frame has more than one row.
    """
    if isinstance(row, pd.DataFrame):
        if len(row) > 1:
            raise SnaError(f"One row is needed and {len(row)} were given: choose the row before it is stated.")
        row = row.iloc[0].to_dict() if len(row) else {}
    if isinstance(row, (pd.Series, Mapping)):
        return {str(key): plain(value) for key, value in dict(row).items() if np.ndim(value) == 0}
    return {"value": plain(row)}


def direction(row: object, neutral: float = 0.0) -> str:
    """Say where an interval lies: ``"above"``, ``"below"`` or ``"unclear"``.

    Parameters
    ----------
    row : DataFrame, Series or mapping
        With ``lower_ci`` and ``upper_ci``; without both the answer is ``"unclear"``.
    neutral : float, default 0.0
        The value of no difference: 0 for differences, 1 for ratios, 100 for indices.

    Returns
    -------
    str
        ``"unclear"`` when the closed interval holds ``neutral``.
    """
    values = one_row(row)
    lower, upper = values.get("lower_ci"), values.get("upper_ci")
    if lower is None or upper is None:
        return "unclear"
    return "above" if float(lower) > neutral else "below" if float(upper) < neutral else "unclear"


def change_words(row: object, neutral: float = 0.0, rise: str = "rose", fall: str = "fell", unclear: str = "showed no clear change") -> str:
    """Word a change by its interval: "rose", "fell" or "showed no clear change".

    Parameters
    ----------
    row : DataFrame, Series or mapping
        A result row of a change: its interval decides, see :func:`direction`.
    neutral : float, default 0.0
        The value of no change: 0 for differences and percentages, 1 for ratios, 100 for indices.
    rise, fall, unclear : str
        The words for each case.

    Returns
    -------
    str
        One of the three.
    """
    return {"above": rise, "below": fall, "unclear": unclear}[direction(row, neutral)]


def yearly_words(ratio: object, lower: object, upper: object, first_year: object = None) -> str:
    """Word a mean change a year by its interval, e.g. ``"rose 4% a year (2% to 7%) since 2016"``.

    Parameters
    ----------
    ratio, lower, upper : float
        Ratio from one year to the next with its limits; 1 is no change. A missing limit gives ``"not enough years"``.
    first_year : float, optional
        The year it is counted from.

    Returns
    -------
    str
        With ``"no clear change"`` where the interval holds 1.
    """
    if None in (plain(ratio), plain(lower), plain(upper)):
        return "not enough years"
    since = "" if plain(first_year) is None else f" since {int(first_year)}"
    verdict = change_words({"lower_ci": lower, "upper_ci": upper}, 1, unclear="no clear change")
    if verdict == "no clear change":
        return f"{verdict}{since}"
    size, *ends = (abs(100 * (float(number) - 1)) for number in (ratio, *sorted((lower, upper), key=lambda end: abs(end - 1))))
    return f"{verdict} {size:.0f}% a year ({ends[0]:.0f}% to {ends[1]:.0f}%){since}"


def in_interval_words(frame: pd.DataFrame, precision: int = 1) -> pd.DataFrame:
    """Return a frame of values with two columns of words: ``interval`` and, where there is a trend, ``change``.

    Parameters
    ----------
    frame : DataFrame
        ``lower_ci``, ``upper_ci``; and ``trend``, ``trend_lower``, ``trend_upper``, ``first_year`` where there are any.
    precision : int, default 1
        Decimals of the limits.

    Returns
    -------
    DataFrame
        A missing interval reads ``"not published"``.
    """
    limits = zip(frame["lower_ci"], frame["upper_ci"], strict=True)
    said = ["not published" if None in (plain(low), plain(high)) else f"{number(low, precision)} to {number(high, precision)}" for low, high in limits]
    out = frame.assign(interval=said)
    if "trend" not in frame:
        return out
    parts = zip(*(frame[name] for name in ("trend", "trend_lower", "trend_upper", "first_year")), strict=True)
    return out.assign(change=[yearly_words(*part) for part in parts])


def compare_words(row: object, other: object = None, neutral: float = 0.0) -> str:
    """Word a comparison: "higher than", "lower than" or "not clearly different from".

    Parameters
    ----------
    row : DataFrame, Series or mapping
        A difference or ratio with its interval; or, when ``other`` is given, a level with its interval.
    other : DataFrame, Series, mapping or float, optional
        A second level. A fixed number is compared with the interval; a level with an interval of its own is called
        different only when the two intervals do not touch, which is the cautious rule for two independent levels.
    neutral : float, default 0.0
        The value of no difference when ``other`` is not given.

    Returns
    -------
    str
        Words that stand before the thing compared with.
    """
    words = {"above": "higher than", "below": "lower than", "unclear": "not clearly different from"}
    return words[direction(row, neutral) if other is None else _levels(one_row(row), one_row(other))]


def funnel_words(point: object) -> str:
    """Word a point of a funnel plot by its limits; ``significance`` as :func:`svd_lib.measures.funnels.funnel_points` gives it."""
    said = str(one_row(point).get("significance") or "")
    if said.startswith(("High", "Low")):
        return f"{'above' if said.startswith('High') else 'below'} the limits, more than chance and the usual differences between forces explain"
    return "within the limits of chance and of the usual differences between forces"


def chance_words(p_value: float, clear: str, unclear: str, alpha: float = 0.05) -> str:
    """Word a test that has no interval: ``clear`` when its p-value is below ``alpha``, else ``unclear``."""
    known = plain(p_value)
    return clear if known is not None and float(known) < alpha else unclear


def p_words(p_value: float) -> str:
    """Word a p-value, e.g. ``"p below 0.001"`` or ``"p 0.023"``."""
    known = plain(p_value)
    if known is None:
        return "p not available"
    return "p below 0.001" if float(known) < 0.001 else f"p {float(known):.3f}"


def _levels(first: Mapping[str, object], second: Mapping[str, object]) -> str:
    limits = [first.get("lower_ci"), first.get("upper_ci")]
    against = [second.get("lower_ci", second.get("value")), second.get("upper_ci", second.get("value"))]
    if None in limits or None in against:
        return "unclear"
    if float(limits[0]) > float(against[1]):
        return "above"
    return "below" if float(limits[1]) < float(against[0]) else "unclear"
