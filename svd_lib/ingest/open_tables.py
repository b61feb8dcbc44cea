"""Published tables that have no loader of their own: read by the layout that ``data/sources.yml`` states under ``read``.

A layout names our columns and the publisher's. A file whose columns are not those is refused with a sentence that says
which column is missing and where to map it; nothing is guessed. This is how a format that nobody here has seen comes in.

``read`` holds
  table       ``indicators`` or ``place_indicators``
  indicator   our id                     unit   in words
  area_kind   force, csp, county, district, region or country; ``by code`` for the kind that a GSS code stands for
  columns     our ``area_code, area_name, period, value`` (each the publisher's column, or ``= text`` for a constant); of
              ``place_indicators`` only ``area_code`` and ``value``
  category    a word to the publisher's column, for each breakdown
  year        what a year of ``period`` is: calendar, financial, school, or several years ``a - b`` of one of them
  keep        a publisher's column to the values taken
  markers     texts that stand for a missing value
  add_up      true: rows of one area, period and category are parts of one number
  sheet       of a spreadsheet, a pattern of the sheets that hold the table
  reference   of ``place_indicators``, what was counted
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.gazetteer import kind_of
from svd_lib.ingest.published import Raw, marker_of, numbers, read_text

SPREADSHEETS: Final = (".ods", ".xlsx", ".xlsm", ".xls")
_CONSTANT: Final = "= "
_HEADER_ROWS: Final = 30
_FIRST_MONTH: Final = {"calendar": 1, "financial": 4, "school": 9}
_NEEDED: Final = {"indicators": ("area_code", "area_name", "period", "value"), "place_indicators": ("area_code", "value")}


def build_open_tables(raw: Raw, table: str) -> pd.DataFrame:
    """Return the rows of every file whose layout names a table.

    Parameters
    ----------
    raw : Raw
        Raw files that know their layouts; others have none.
    table : str
        ``indicators`` or ``place_indicators``.

    Returns
    -------
    pandas.DataFrame
        In the table's columns; no rows when no such file is held.
    """
    held = raw.layouts() if hasattr(raw, "layouts") else []
    parts = [read_open_table(path, source, layout) for source, path, layout in held if layout["table"] == table]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def read_open_table(path: Path, source: str, layout: Mapping[str, Any]) -> pd.DataFrame:
    """Return a file in the columns of the table that its layout names.

    Raises
    ------
    SnaError
        When a column is missing, a cell is neither a number nor a marker, or a period is none.
    """
    missing = [name for name in ("table", "indicator", "unit", "columns") if name not in layout]
    missing += [f"columns: {name}" for name in _NEEDED.get(layout.get("table", ""), ()) if name not in layout.get("columns", {})]
    if missing:
        raise SnaError(f"data/sources.yml: the layout of {source}/{path.name} lacks '{missing[0]}'; fill it in under 'read'.")
    cells = _kept(_cells(path, layout), layout)
    rows = _rows(cells, path.name, source, layout)
    return _added_up(rows, layout["table"]) if layout.get("add_up") else rows


def publisher_columns(layout: Mapping[str, Any]) -> list[str]:
    """Return the publisher's columns that a layout reads, each once."""
    named = [*layout["columns"].values(), *(layout.get("category") or {}).values(), *(layout.get("keep") or {})]
    return list(dict.fromkeys(name for name in named if not name.startswith(_CONSTANT)))


def _cells(path: Path, layout: Mapping[str, Any]) -> pd.DataFrame:
    wanted = publisher_columns(layout)
    if path.suffix.lower() not in SPREADSHEETS:
        return read_text(path, wanted)
    sheets = _sheets(path, layout)
    parts = [found for rows in sheets.values() if (found := _table(rows, wanted)) is not None]
    if not parts or ("sheet" in layout and len(parts) < len(sheets)):
        raise SnaError(_lacking(path, sheets, wanted))
    return pd.concat(parts, ignore_index=True)


def _sheets(path: Path, layout: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Return the cells, as text, of every sheet whose name the layout takes."""
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        names = [name for name in book.sheet_names if re.search(layout.get("sheet", ""), name)]
        sheets = {name: [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)] for name in names}
    except Exception as error:  # calamine raises its own and the decoder's errors, all meaning the same here
        raise SnaError(f"{path.name} cannot be read as a spreadsheet ({type(error).__name__}); fetch it again.") from error
    if not sheets:
        listed = ", ".join(book.sheet_names[:8])
        raise SnaError(f"{path.name} has no sheet like '{layout['sheet']}' (it has: {listed}); correct 'read: sheet' in data/sources.yml.")
    return sheets


def _table(rows: list[list[str]], wanted: list[str]) -> pd.DataFrame | None:
    """Return a sheet from the row that holds every column wanted; titles above it are passed over, a sheet without it is none."""
    head = next((at for at, row in enumerate(rows[:_HEADER_ROWS]) if set(wanted) <= set(row)), None)
    if head is None:
        return None
    places = {column: rows[head].index(column) for column in wanted}
    body = [row for row in rows[head + 1 :] if any(row)]
    return pd.DataFrame({column: [row[at] if at < len(row) else "" for row in body] for column, at in places.items()}, dtype="str")


def _lacking(path: Path, sheets: Mapping[str, list[list[str]]], wanted: list[str]) -> str:
    """Return a sentence that names the column which the likeliest header row lacks."""
    headers = [(len(set(wanted) & set(row)), name, row) for name, rows in sheets.items() for row in rows[:_HEADER_ROWS]]
    most, name, closest = max(headers, key=lambda found: found[0], default=(0, next(iter(sheets)), []))
    lacking = next((column for column in wanted if column not in closest), wanted[0])
    seen = ", ".join(cell for cell in closest if cell)[:200] or "none"
    return f"{path.name}, sheet {name}, has no column '{lacking}' (its columns are {seen}); if the publisher calls it otherwise, map it under 'read: columns' in data/sources.yml."


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return re.sub(r"\s+", " ", str(cell)).strip()


def _kept(cells: pd.DataFrame, layout: Mapping[str, Any]) -> pd.DataFrame:
    for column, values in (layout.get("keep") or {}).items():
        cells = cells[cells[column].isin([str(value) for value in values])]
    return cells.reset_index(drop=True)


def _rows(cells: pd.DataFrame, file: str, source: str, layout: Mapping[str, Any]) -> pd.DataFrame:
    markers = [str(marker) for marker in layout.get("markers") or ()]
    value = _column(cells, layout, "value")
    parts = [word + " " + cells[column] for word, column in (layout.get("category") or {}).items()]
    frame = pd.DataFrame(
        {
            "indicator": layout["indicator"],
            "source": source,
            "category": ["|".join(words) for words in zip(*parts)] if parts else "all",
            "value": numbers(value, file, markers),
            "unit": layout["unit"],
            "marker": marker_of(value, markers),
        },
        index=cells.index,
    )
    code = _column(cells, layout, "area_code")
    if layout["table"] == "place_indicators":
        return frame.assign(lsoa21cd=code, reference=layout["reference"])
    return frame.assign(area_code=code, area_name=_column(cells, layout, "area_name"), area_kind=_kinds(code, layout), **_periods(cells, file, layout))


def _column(cells: pd.DataFrame, layout: Mapping[str, Any], name: str) -> pd.Series:
    theirs = layout["columns"][name]
    constant = theirs.startswith(_CONSTANT)
    return pd.Series(theirs.removeprefix(_CONSTANT), index=cells.index, dtype="str", name=name) if constant else cells[theirs]


def _kinds(code: pd.Series, layout: Mapping[str, Any]) -> pd.Series:
    kind = layout.get("area_kind", "by code")
    return code.map(kind_of) if kind == "by code" else pd.Series(kind, index=code.index, dtype="str")


def _periods(cells: pd.DataFrame, file: str, layout: Mapping[str, Any]) -> dict[str, pd.Series]:
    label = _column(cells, layout, "period")
    spans = {text: period_span(text, layout.get("year", "calendar"), file) for text in label.unique()}
    return {"period_label": label, "period_start": label.map({k: v[0] for k, v in spans.items()}), "period_end": label.map({k: v[1] for k, v in spans.items()})}


def period_span(label: str, year: str, file: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first days of the first and last month of a label: ``2024``, ``2024/25``, ``202425`` or ``2021/22 - 23/24``.

    Raises
    ------
    SnaError
        When the label is none of these.
    """
    found = re.fullmatch(r"(?P<first>20\d\d|19\d\d)(?:[/-]?(?P<next>\d\d|20\d\d))?(?:\s*(?:-|to)\s*(?P<last>\d\d(?:\d\d)?)(?:[/-]?\d\d)?)?", label.strip())
    if found is None or year not in _FIRST_MONTH:
        raise SnaError(f"{file} has the period '{label}', which is no {year} year; correct 'read: year' in data/sources.yml.")
    first, last = int(found["first"]), found["last"]
    if found["next"] and int(found["next"]) % 100 != (first + 1) % 100:
        raise SnaError(f"{file} has the period '{label}', which does not go on to the next year; correct the file or 'read' in data/sources.yml.")
    final = first if last is None else int(last) if len(last) == 4 else first - first % 100 + int(last)
    month = _FIRST_MONTH[year]
    return pd.Timestamp(first, month, 1), pd.Timestamp(final, month, 1) + pd.DateOffset(months=11)


def _added_up(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return one row a key; a sum with a missing part is missing, with the marker of the first."""
    key = list(contracts.contract(table).key)
    others = {column: (column, "first") for column in rows.columns if column not in (*key, "value")}
    return rows.groupby(key, as_index=False, dropna=False).agg(value=("value", lambda values: values.sum(skipna=False)), **others)
