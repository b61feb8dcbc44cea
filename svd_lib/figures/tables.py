"""Accessible HTML tables: a caption, a scope on every header, no empty header, markers instead of blanks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

WITHHELD = "[c]"
"""Stands where a number is withheld; never a zero, never an empty cell."""

MARKERS: dict[str, str] = {
    WITHHELD: "confidential: a small count is not shown",
    "[u]": "unreliable: based on fewer than 20 events",
    "[x]": "not available",
}
"""Shorthand used in cells, after the UK statistics profession's guidance on symbols, with its meaning."""

HEADINGS: dict[str, str] = {
    "value": "Value",
    "numerator": "Count",
    "denominator": "Population",
    "lower_ci": "Lower limit",
    "upper_ci": "Upper limit",
    "month": "Month",
    "quarter": "Quarter",
    "financial_year": "Financial year",
    "lad24nm": "District",
    "msoa21nm": "Neighbourhood (MSOA)",
    "ward24nm": "Ward",
    "csp_name": "Community Safety Partnership",
    "pfa_name": "Police force area",
    "utla_name": "County or unitary",
    "label": "Neighbourhood",
    "rate_per_1000": "Rate per 1,000",
}
"""Reader's words for column names; others are spelled from the name itself."""

QUIET_COLUMNS: frozenset[str] = frozenset({"statistic", "method", "confidence", "is_suppressed", "is_unreliable"})
"""Columns that stay in the CSV and out of the page's table."""

LONGEST = 60
SHOWN = 30
_CODE = re.compile(r"(cd|_code)$")


def heading(column: str) -> str:
    """Return the reader's heading of a column, e.g. ``"crime_type"`` -> ``"Crime type"``."""
    words = str(column).replace("_", " ").strip() or "Row"
    return HEADINGS.get(str(column), words[:1].upper() + words[1:])


def shown_columns(data: pd.DataFrame, columns: Mapping[str, str] | Sequence[str] | None = None) -> dict[str, str]:
    """Choose the columns a page shows and their headings.

    Parameters
    ----------
    data : DataFrame
        The exhibit's data.
    columns : mapping of name to heading, sequence of names, optional
        The choice in order; without one every column but area codes and methodological ones.

    Returns
    -------
    dict of str to str
        Column name to heading.

    Raises
    ------
    KeyError
        When a chosen column is not in the data.
    """
    if columns is None:
        names = [name for name in map(str, data.columns) if name not in QUIET_COLUMNS and not _CODE.search(name)]
        chosen = {name: heading(name) for name in names}
    elif isinstance(columns, Mapping):
        chosen = {str(name): str(text) for name, text in columns.items()}
    else:
        chosen = {str(name): heading(name) for name in columns}
    missing = [name for name in chosen if name not in data.columns]
    if missing:
        raise KeyError(f"no column {', '.join(missing)}; there are {', '.join(map(str, data.columns))}")
    return chosen


def decimals(values: pd.Series) -> int:
    """Return how many decimals a column of numbers needs: none for whole numbers, fewer the larger they are."""
    known = pd.to_numeric(values, errors="coerce").dropna().abs()
    if known.empty or bool((known == known.round()).all()):
        return 0
    largest = float(known.max())
    return 0 if largest >= 1000 else 1 if largest >= 10 else 2 if largest >= 1 else 3


def cell_text(value: object, precision: int | None = None) -> str:
    """Format one cell: numbers with commas, months spelled, truth as yes or no, a missing value as ``[x]``."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return "[x]"
    if isinstance(value, (bool, np.bool_)):
        return "Yes" if value else "No"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%B %Y") if value.day == 1 else f"{value.day} {value.strftime('%B %Y')}"
    if isinstance(value, pd.Period):
        return value.strftime("%B %Y") if value.freqstr.startswith("M") else str(value)
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if isinstance(value, (float, np.floating)):
        return f"{round(float(value), precision or 0) + 0.0:,.{precision or 0}f}"
    return str(value)


def is_numeric(values: pd.Series) -> bool:
    """Tell whether a column is set as numbers, aligned to the right."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def is_year(column: str) -> bool:
    """Tell whether a column holds years, which take no thousands comma."""
    return str(column) == "year" or str(column).endswith("_year")


def texts(data: pd.DataFrame, columns: Mapping[str, str], precision: int | Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return the table as the page shows it, every cell a string.

    Parameters
    ----------
    data : DataFrame
        Values; ``is_suppressed`` and ``is_unreliable``, where present, mark rows.
    columns : mapping of name to heading
        What to show, in order.
    precision : int or mapping of column to int, optional
        Decimals of columns that are not whole numbers; chosen by size when not given.

    Returns
    -------
    DataFrame of str
        Same rows, the chosen columns.
    """
    return pd.DataFrame(
        {name: _column_texts(data, name, precision) for name in columns}, index=data.index, dtype=object
    )


def _column_texts(data: pd.DataFrame, name: str, precision: int | Mapping[str, int] | None) -> list[str]:
    values = data[name]
    if is_numeric(values) and is_year(name):
        return ["[x]" if pd.isna(value) else str(int(value)) for value in values]
    given = precision.get(name) if isinstance(precision, Mapping) else precision
    whole = is_numeric(values) and decimals(values) == 0 and not isinstance(precision, Mapping)
    places = 0 if whole else decimals(values) if given is None and is_numeric(values) else given
    cells = [cell_text(value, places) for value in values]
    if is_numeric(values) and "is_suppressed" in data:
        cells = [WITHHELD if hidden and cell == "[x]" else cell for cell, hidden in zip(cells, data["is_suppressed"])]
    if is_numeric(values) and "is_unreliable" in data and name == "value":
        cells = [f"{cell} [u]" if weak and cell[0] != "[" else cell for cell, weak in zip(cells, data["is_unreliable"])]
    return cells


def first_rows(data: pd.DataFrame, longest: int = LONGEST, shown: int = SHOWN) -> tuple[pd.DataFrame, str]:
    """Cut a long table to the rows most looked for, with words saying which.

    Parameters
    ----------
    data : DataFrame
        All rows.
    longest : int, default 60
        Tables up to this many rows are shown whole, in their own order.
    shown : int, default 30
        Rows kept of a longer one: the newest where there is a month, quarter or date, else the highest values.

    Returns
    -------
    tuple of DataFrame and str
        The rows and a sentence, empty when all rows are shown.
    """
    if len(data) <= longest:
        return data, ""
    when = next((name for name in ("month", "quarter", "date", "period") if name in data), None)
    by = when or ("value" if "value" in data else None)
    order = "newest first" if when else "highest first" if by else "in order"
    kept = data.sort_values(by, ascending=False, kind="stable").head(shown) if by else data.head(shown)
    return kept, f"Showing {shown} of {len(data):,} rows, {order}; the CSV file has all of them."


def html_table(
    data: pd.DataFrame,
    caption: str,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    precision: int | Mapping[str, int] | None = None,
    table_id: str = "",
) -> str:
    """Build an accessible HTML table.

    Parameters
    ----------
    data : DataFrame
        One row per table row; the first shown column becomes the row header.
    caption : str
        What the table holds.
    columns : mapping of name to heading, or sequence of names, optional
        See :func:`shown_columns`.
    precision : int or mapping, optional
        See :func:`texts`.
    table_id : str, optional
        An id for the table element.

    Returns
    -------
    str
        A ``<table>`` with a ``<caption>``, ``scope`` on every header and all text escaped, then the meaning of every
        marker used.
    """
    chosen = shown_columns(data, columns)
    rows, note = first_rows(data)
    numeric = {name: is_numeric(data[name]) and not is_year(name) for name in chosen}
    cells = texts(rows, chosen, precision)
    head = "".join(f'<th scope="col"{_align(numeric[name])}>{escape(text)}</th>' for name, text in chosen.items())
    body = "".join(f"<tr>{_row(record, list(numeric.values()))}</tr>" for record in cells.to_numpy())
    said = escape(f"{caption.rstrip('.')}. {note}" if note else caption)
    mark = f' id="{escape(table_id)}"' if table_id else ""
    return (
        f'<table class="sna-table"{mark}><caption>{said}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        + _legend(cells)
    )


def _align(numeric: bool) -> str:
    return ' class="sna-number"' if numeric else ""


def _row(record: Sequence[str], numeric: Sequence[bool]) -> str:
    first = f'<th scope="row">{escape(record[0])}</th>'
    return first + "".join(f"<td{_align(is_number)}>{escape(text)}</td>" for text, is_number in zip(record[1:], numeric[1:]))


def _legend(cells: pd.DataFrame) -> str:
    used = [mark for mark in MARKERS if any(mark in text for text in cells.to_numpy().ravel())]
    if not used:
        return ""
    meanings = "; ".join(f"{mark} {MARKERS[mark]}" for mark in used)
    return f'<p class="sna-markers">{escape(meanings)}.</p>'
