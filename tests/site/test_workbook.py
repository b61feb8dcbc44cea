"""The edition's two workbooks, opened by readers that are none of ours: the same sheets, the same cells, the numbers of the CSV files."""

from __future__ import annotations

import csv
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest

pytestmark = pytest.mark.site
TABLE, TEXT, OFFICE = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "text", "office"))


def read_ods(path):
    """Return ``{sheet: rows of cells}`` as the file's own XML has them."""
    with zipfile.ZipFile(path) as archive:
        content = ElementTree.fromstring(archive.read("content.xml"))
    return {sheet.get(f"{TABLE}name"): [[_ods_cell(cell) for cell in row.iter(f"{TABLE}table-cell")] for row in sheet.iter(f"{TABLE}table-row")] for sheet in content.iter(f"{TABLE}table")}


def _ods_cell(cell):
    if cell.get(f"{OFFICE}value-type") == "float":
        return float(cell.get(f"{OFFICE}value"))
    return "\n".join("".join(part.itertext()) for part in cell.iter(f"{TEXT}p"))


def read_xlsx(path):
    book = openpyxl.load_workbook(path, read_only=True)
    rows = {sheet.title: [[float(cell) if isinstance(cell, (int, float)) else cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)] for sheet in book}
    book.close()
    return rows


@pytest.fixture(scope="module")
def books(site):
    folder = site.folder / "downloads"
    return read_xlsx(folder / f"{site.edition.name}.xlsx"), read_ods(folder / f"{site.edition.name}.ods")


def test_both_hold_the_same_cells(books):
    excel, other = books
    assert list(excel) == list(other) and list(excel)[:3] == ["Cover", "Contents", "Notes"]
    for sheet, rows in excel.items():
        assert [row for row in rows if row] == [row for row in other[sheet] if row], sheet
    numbers = sum(isinstance(cell, float) for rows in excel.values() for row in rows for cell in row)
    print(f"{len(excel)} sheets, {numbers:,} numbers")
    assert numbers > 10_000


def test_the_numbers_are_those_of_the_csv_files(site, books):
    _, other = books
    listed = [row for row in other["Contents"] if row[0].startswith("Table ")]
    assert len(listed) == len(other) - 3 > 80
    for sheet, _, _, name in listed:
        with (site.folder / "exhibits" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            head, *rows = csv.reader(stream)
        held = other[sheet][-len(rows) :]
        assert all(len(row) == len(head) for row in held), name
        for written, cells in zip(rows, held):
            assert all(cell == float(text) for text, cell in zip(written, cells) if isinstance(cell, float)), f"{name}: {written}"
