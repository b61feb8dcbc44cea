"""Tables read by the layout that the registry states: what fits comes in under its contract, what does not is refused."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.open_tables import period_span, read_open_table

LAYOUT = {
    "table": "indicators",
    "indicator": "recorded_offences",
    "unit": "offences",
    "area_kind": "csp",
    "columns": {"area_code": "Code", "area_name": "CSP Name", "period": "Financial Year", "value": "Offences"},
    "category": {"Offence": "Subgroup"},
    "year": "financial",
    "keep": {"Force": ["Downshire"]},
    "markers": ["*"],
    "add_up": True,
}
HEAD = "Force,Code,CSP Name,Financial Year,Subgroup,Offences\n"
ROWS = [
    "Downshire,E22000001,Low Town,2024/25,Robbery,3",
    'Downshire,E22000001,Low Town,2024/25,Robbery,"1,004"',
    "Downshire,E22000001,Low Town,2024/25,Rape,*",
    "Downshire,E22000001,Low Town,2024/25,Rape,2",
    "Elsewhere,E22000002,Other,2024/25,Robbery,9",
]


def read(path: Path, **layout: object) -> pd.DataFrame:
    """Return a file under its contract."""
    return contracts.validate("indicators", read_open_table(path, "home_office_prc", {**LAYOUT, **layout}))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return the table as CSV."""
    path = tmp_path / "prc.csv"
    path.write_text(HEAD + "\n".join(ROWS) + "\n")
    return path


def test_parts_are_added_up_and_a_missing_part_makes_the_sum_missing(table: Path) -> None:
    frame = read(table).set_index("category")
    assert frame.loc["Offence Robbery", "value"] == 1007 and len(frame) == 2
    assert pd.isna(frame.loc["Offence Rape", "value"]) and frame.loc["Offence Rape", "marker"] == "*"
    assert frame.loc["Offence Robbery", ["period_start", "period_end"]].tolist() == [pd.Timestamp(2024, 4, 1), pd.Timestamp(2025, 3, 1)]


def test_rows_that_are_no_parts_of_one_number_are_refused(table: Path) -> None:
    with pytest.raises(SnaError, match="two rows for"):
        read(table, add_up=False)


def test_a_renamed_column_is_named_with_where_to_map_it(table: Path, tmp_path: Path) -> None:
    table.write_text(table.read_text().replace("Subgroup", "Offence subgroup"))
    with pytest.raises(SnaError, match=r"has no column 'Subgroup'.* map it under 'columns' of the file in data/sources\.yml"):
        read(table)
    assert len(read(table, category={"Offence": "Offence subgroup"})) == 2


def test_a_cell_that_is_no_number_is_named(table: Path) -> None:
    table.write_text(HEAD + ROWS[0].replace(",3", ",three") + "\n")
    with pytest.raises(SnaError, match=r"prc\.csv, row 1: 'three' in column Offences is neither a number nor a known marker"):
        read(table)


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write a workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_sheets_of_years_come_in_together_and_notes_do_not(tmp_path: Path) -> None:
    rows = [line.split(",")[:5] + [1] for line in ROWS[:1]]
    sheets = {"Notes": [["Home Office"]], "2023-24": [["Title"], HEAD.strip().split(","), *[[*row[:3], "2023/24", *row[4:]] for row in rows]], "2024-25": [[], HEAD.strip().split(","), *rows]}
    frame = read(workbook(tmp_path / "prc.xlsx", sheets), sheet=r"^20\d\d")
    assert frame["period_label"].tolist() == ["2023/24", "2024/25"]
    assert len(read(tmp_path / "prc.xlsx")) == 2
    with pytest.raises(SnaError, match="has no sheet like 'Table' .it has: Notes, 2023-24, 2024-25"):
        read(tmp_path / "prc.xlsx", sheet="Table")
    with pytest.raises(SnaError, match=r"sheet Notes, has no column 'Code'"):
        read(tmp_path / "prc.xlsx", sheet="Notes")


def test_what_is_no_spreadsheet_is_named(tmp_path: Path) -> None:
    (tmp_path / "prc.ods").write_bytes(b"<html>an error page</html>")
    with pytest.raises(SnaError, match=r"prc\.ods cannot be read as a spreadsheet"):
        read(tmp_path / "prc.ods")


def test_an_unfinished_layout_is_named(table: Path) -> None:
    with pytest.raises(SnaError, match="lacks 'columns: area_name'"):
        read(table, columns={"area_code": "Code", "period": "Financial Year", "value": "Offences"})


@pytest.mark.parametrize(
    ("label", "year", "first", "last"),
    [
        ("2024", "calendar", "2024-01", "2024-12"),
        ("2024/25", "financial", "2024-04", "2025-03"),
        ("202425", "school", "2024-09", "2025-08"),
        ("2024-25", "financial", "2024-04", "2025-03"),
        ("2021/22 - 23/24", "financial", "2021-04", "2024-03"),
        ("2020 - 22", "calendar", "2020-01", "2022-12"),
        ("1999/2000", "financial", "1999-04", "2000-03"),
    ],
)
def test_years(label: str, year: str, first: str, last: str) -> None:
    assert period_span(label, year, "f") == (pd.Timestamp(f"{first}-01"), pd.Timestamp(f"{last}-01"))


@pytest.mark.parametrize("label", ["", "April 2024", "2024/26", "20245", "all"])
def test_labels_that_are_no_year_are_refused(label: str) -> None:
    with pytest.raises(SnaError, match="has the period"):
        period_span(label, "financial", "f")
