"""Hospital admissions for assault by a sharp object, by region of residence: NHS Digital, Hospital Episode Statistics.

Regions of England, not counties. Counts below the national level are rounded to 5; 1 to 7 is shown as ``*``. Admissions
are finished admission episodes, not people.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import openpyxl
import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest.gazetteer import country, region
from svd_lib.ingest.published import Raw, find

SOURCE = "nhs_knife_admissions"
SHEET: Final = "GOR-Data-Totals"
MARKERS: Final = {"*": "*", "": "blank"}
"""What stands for no number: ``*`` is 1 to 7; some cells of the later years are blank and unexplained."""

PROVISIONAL: Final = ("2021-22",)
"""Years that the workbook's title calls provisional."""

_MONTH_NAMES: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}


def build_admissions(raw: Raw, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return admissions by region and England, by month and by financial year.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping, optional
        Not used.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``sharp_object_admissions`` (financial years, as the publisher totals them) and
        ``sharp_object_admissions_monthly``. No rows when the workbook is not held.

    Notes
    -----
    Yearly totals are the publisher's own: months are rounded and suppressed, so they are never added up here. Residents
    of unknown or other places are left out. Sheets by age group and ethnic group hold mostly suppressed cells and
    changing labels, and are not read.
    """
    path = find(raw, SOURCE, "*.xlsx")
    if path is None:
        return pd.DataFrame()
    header, rows = _sheet(path)
    areas = _admission_columns(header, path.name)
    records = [record for year, month, cells in _dated(rows, path.name) for record in _records(year, month, cells, areas)]
    return pd.DataFrame(records)


def _sheet(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = list(book[SHEET].iter_rows(values_only=True))
    except (OSError, KeyError, ValueError) as error:
        raise SnaError(f"{path.name} has no readable sheet '{SHEET}'; fetch it again.") from error
    for number, row in enumerate(rows):
        if tuple(row[:2]) == ("Year", "Month"):
            return rows[number - 1 : number + 1], rows[number + 1 :]
    raise SnaError(f"{path.name}, sheet '{SHEET}', has no row that starts with Year and Month; has the layout changed?")


def _admission_columns(header: list[tuple[Any, ...]], file: str) -> dict[int, tuple[str, str, str]]:
    """Return code, name and kind of the area of each column of admissions."""
    found = {}
    for column, title in enumerate(header[0]):
        if title and header[1][column] == "FAEs":
            part, whole = region(str(title)), country(str(title))
            if part or whole:
                code, name = part or whole
                found[column] = (code, name, "region" if part else "country")
    if len(found) != 10:
        raise SnaError(f"{file}, sheet '{SHEET}', has admissions of {len(found)} areas; nine regions and England are expected.")
    return found


def _dated(rows: list[tuple[Any, ...]], file: str) -> list[tuple[str, str | None, tuple[Any, ...]]]:
    """Return (financial year, month or None for the total, cells); the last total's label is wrong, so the block's year counts."""
    dated, year = [], ""
    for row in rows:
        label, month = str(row[0] or "").strip(), row[1]
        if label.lower().endswith("total"):
            dated.append((year, None, row))
        elif month in _MONTHS:
            year = label or year
            dated.append((year, month, row))
        elif not label.startswith("Source"):
            raise SnaError(f"{file}, sheet '{SHEET}', has a row '{label} {month}' that is neither a month nor a total.")
    return dated


def _records(year: str, month: str | None, cells: tuple[Any, ...], areas: Mapping[int, tuple[str, str, str]]) -> list[dict]:
    first, last = _span(year, month)
    label = f"{year} {month}" if month else year
    shared = {
        "indicator": "sharp_object_admissions_monthly" if month else "sharp_object_admissions",
        "source": SOURCE,
        "period_label": label + (" (provisional)" if year in PROVISIONAL else ""),
        "period_start": first,
        "period_end": last,
        "category": "all",
        "unit": "finished admission episodes",
    }
    return [
        {**shared, "area_code": code, "area_name": name, "area_kind": kind, **_cell(cells[column])}
        for column, (code, name, kind) in areas.items()
    ]


def _span(year: str, month: str | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    start = int(year[:4])
    if month is None:
        return pd.Timestamp(start, 4, 1), pd.Timestamp(start + 1, 3, 1)
    number = _MONTHS[month]
    first = pd.Timestamp(start if number >= 4 else start + 1, number, 1)
    return first, first


def _cell(value: Any) -> dict[str, float | str | None]:
    text = "" if value is None else str(value).strip()
    if text in MARKERS:
        return {"value": None, "marker": MARKERS[text]}
    return {"value": float(text), "marker": None}
