"""The admissions workbook: merged headers, a wrong total label, rounding markers."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import admissions, contracts
from svd_lib.ingest.gazetteer import REGIONS

AREAS = [*(name for code, name in REGIONS.items() if code.startswith("E12")), "Unknown", "England"]


def workbook(folder: Path, rows: list[list[object]], areas: list[str] = AREAS) -> RawFolder:
    """Write the publisher's layout: a title, area names over pairs of columns, then rows of year, month and one value for all."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = admissions.SHEET
    sheet.append(["Count of admissions"])
    sheet.append([None, None, *(cell for area in areas for cell in (area, None))])
    sheet.append(["Year", "Month", *(["FAEs", "FCEs"] * len(areas))])
    for year, month, value in rows:
        sheet.append([year, month, *([value, 999] * len(areas))])
    path = folder / "nhs_knife_admissions" / "book.xlsx"
    path.parent.mkdir()
    book.save(path)
    return RawFolder(folder)


def test_months_totals_and_markers(tmp_path):
    rows = [["2020-21", "April", 15], [None, "January", "*"], ["2020-21 Total", None, 20], ["2021-22", "May", 5], ["2020-21 Total", None, 25]]
    frame = contracts.validate("indicators", admissions.build_admissions(workbook(tmp_path, [*rows, ["Source: HES", None, None]])))
    east = frame[frame["area_code"] == "E12000006"].set_index("period_label")
    assert east.loc["2020-21 April", ["indicator", "value"]].tolist() == ["sharp_object_admissions_monthly", 15.0]
    assert east.loc["2020-21 January", "marker"] == "*" and east.loc["2020-21 January", "period_start"] == pd.Timestamp(2021, 1, 1)
    assert east.loc["2021-22 (provisional)", "value"] == 25 and east.loc["2020-21", "period_end"] == pd.Timestamp(2021, 3, 1)
    assert set(frame["area_kind"]) == {"region", "country"} and frame["area_code"].nunique() == 10


def test_layout_that_changed_is_refused(tmp_path):
    raw = workbook(tmp_path, [["2020-21", "April", 15]], AREAS[3:])
    with pytest.raises(SnaError, match="admissions of 7 areas; nine regions and England are expected"):
        admissions.build_admissions(raw)


def test_row_that_is_neither_month_nor_total(tmp_path):
    raw = workbook(tmp_path, [["2020-21", "Apr", 15]])
    with pytest.raises(SnaError, match="'2020-21 Apr' that is neither a month nor a total"):
        admissions.build_admissions(raw)


def test_no_workbook_and_no_sheet(tmp_path):
    assert admissions.build_admissions(RawFolder(tmp_path)).empty
    path = tmp_path / "nhs_knife_admissions" / "book.xlsx"
    path.parent.mkdir()
    openpyxl.Workbook().save(path)
    with pytest.raises(SnaError, match="no readable sheet"):
        admissions.build_admissions(RawFolder(tmp_path))
