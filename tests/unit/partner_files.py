"""Partner files for tests: a valid one of each kind in any format, and faults to be done to it.

Every fault plants or keeps canaries, words that must never be seen again outside the file.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import openpyxl
import pandas as pd

from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.synthetic import Setting, synthetic_extract, synthetic_survey

Table = list[list[str]]
CANARIES = {
    "nhs_number": "943 476 5919",
    "postcode": "ZE29 7QX",
    "email": "q.canary@zqx.example",
    "phone": "07700 900461",
    "national_insurance_number": "QQ 12 34 56 C".replace("QQ", "AB"),
    "date_of_birth": "born 14/03/1987",
    "name": "Mr Zqcanary",
    "address": "47 Zqcanary Road",
}
WORD = "zqcanaryword"
SMALL = Setting(
    pd.Series([1500.0, 1700.0, 1600.0], index=["E01029870", "E01029871", "E01029872"]),
    pd.period_range("2025-01", "2025-12", freq="M"),
    {"Violence with injury": ("8N",), "Robbery": ("34A",)},
)


def table_of(kind: Kind, rows: int = 60, seed: int = 5) -> Table:
    """Return a valid file of a kind as rows of text, without the mark of made-up rows."""
    rng = np.random.default_rng(seed)
    big = Setting(SMALL.population * 40, SMALL.months, SMALL.offences)
    if kind.is_survey:
        made = synthetic_survey(kind, big, rng).iloc[: rows + 2, :-1]
        return made.astype(str).values.tolist()
    made = synthetic_extract(kind, big, rng).iloc[:rows].drop(columns="synthetic")
    return [list(made.columns), *made.astype(str).values.tolist()]


def write_csv(table: Table, path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(table)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def write_xlsx(table: Table, path: Path, change: Callable[[openpyxl.Workbook], object] = lambda book: None) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in table:
        book.active.append(row)
    change(book)
    book.save(path)
    return path


def write_ods(table: Table, path: Path, cell: str = "") -> Path:
    """Write a minimal OpenDocument table; ``cell`` is put into the first cell of the second row as it stands."""
    rows = ["".join(f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>' for text in row) for row in table]
    if cell:
        rows[1] = cell + rows[1].partition("</table:table-cell>")[2]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Data">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        archive.writestr("content.xml", content)
    return path


@dataclass(frozen=True)
class Fault:
    """One way a file goes wrong: how it is made, what the report must say, and for which kinds."""

    name: str
    make: Callable[[Kind, Path], Path]
    says: str
    fits: Callable[[Kind], bool] = lambda kind: True


def _place(kind: Kind, *types: str) -> int:
    return next((place for place, one in enumerate(kind.fields) if one.type in types), -1)


def _has(*types: str) -> Callable[[Kind], bool]:
    return lambda kind: _place(kind, *types) >= 0


def _named(kind: Kind) -> bool:
    return not kind.is_survey


def in_cells(value: str, *types: str, rows: slice = slice(3, 30, 4)) -> Callable[[Kind, Path], Path]:
    """Put a value into some cells of the first column of a type."""

    def make(kind: Kind, path: Path) -> Path:
        table = table_of(kind)
        place = _place(kind, *types) if types else len(table[0]) - 1
        for row in table[1:][rows]:
            row[place] = value
        return write_csv(table, path / "x.csv")

    return make


def with_column(header: str, value: str) -> Callable[[Kind, Path], Path]:
    """Add a column."""

    def make(kind: Kind, path: Path) -> Path:
        table = table_of(kind)
        heads = 2 if kind.is_survey else 1
        return write_csv([[*row, (header if number == 0 else "Response") if number < heads else value] for number, row in enumerate(table)], path / "x.csv")

    return make


def raw(content: Callable[[Table], bytes], name: str = "x.csv") -> Callable[[Kind, Path], Path]:
    """Write bytes of one's own."""

    def make(kind: Kind, path: Path) -> Path:
        (path / name).write_bytes(content(table_of(kind)))
        return path / name

    return make


def _text(table: Table) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(table)
    return stream.getvalue()


def book(change: Callable[[openpyxl.Workbook], object]) -> Callable[[Kind, Path], Path]:
    """Write a workbook and change it."""
    return lambda kind, path: write_xlsx(table_of(kind), path / "x.xlsx", change)


def _with_part(name: str, content: bytes) -> Callable[[Kind, Path], Path]:
    def make(kind: Kind, path: Path) -> Path:
        made = write_xlsx(table_of(kind), path / "x.xlsx")
        with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return made

    return make


def _entities(kind: Kind, path: Path) -> Path:
    made, out = write_xlsx(table_of(kind), path / "a.xlsx"), path / "x.xlsx"
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "zqcanaryword"><!ENTITY b "&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, bomb + content.partition(b"?>")[2].lstrip() if part.endswith("sheet1.xml") and b"?>" in content[:60] else bomb + content if part.endswith("sheet1.xml") else content)
    made.unlink()
    return out


def _far_cell(book: openpyxl.Workbook) -> None:
    book.active["XFD1048576"] = WORD


def _hide(book: openpyxl.Workbook) -> None:
    book.create_sheet("More")["A1"] = WORD
    book["More"].sheet_state = "hidden"


def _link(book: openpyxl.Workbook) -> None:
    book.active["A3"].hyperlink = f"mailto:{CANARIES['email']}"


def _formula(book: openpyxl.Workbook) -> None:
    book.active["B4"] = f'=HYPERLINK("http://{WORD}.example","x")'


def ten_million_rows(kind: Kind, path: Path) -> Path:
    """Write a file of ten million short rows."""
    with (path / "x.csv").open("wb") as stream:
        stream.write(_text(table_of(kind)[:1]).encode())
        for _ in range(10):
            stream.write(b"x\n" * 1_000_000)
    return path / "x.csv"


def _swapped_dates(kind: Kind, path: Path) -> Path:
    return in_cells("03/25/2025", "date")(kind, path)


FAULTS: tuple[Fault, ...] = (
    Fault("semicolons", lambda kind, path: write_csv(table_of(kind), path / "x.csv", ";"), "parted by semicolons"),
    Fault("upright bars", lambda kind, path: write_csv(table_of(kind), path / "x.csv", "|"), "parted by upright bars"),
    Fault("latin-1", raw(lambda table: _text(table[:-1] + [["caf\xe9 " + WORD, *table[-1][1:]]]).encode("latin-1")), "not encoded as UTF-8"),
    Fault("binary zeros", raw(lambda table: _text(table).encode() + b"\0\0" + WORD.encode()), "bytes that no text has"),
    Fault("open quotation mark", raw(lambda table: _text(table).encode() + f'"{WORD}'.encode()), "quotation mark does not close"),
    Fault("empty", raw(lambda table: b""), "The file is empty"),
    Fault("a page, not a table", raw(lambda table: b"%PDF-1.7 " + WORD.encode()), "not a table"),
    Fault("old Excel", raw(lambda table: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + WORD.encode(), "x.xls"), "old or locked Excel workbook"),
    Fault("broken workbook", raw(lambda table: b"PK\x03\x04" + WORD.encode(), "x.xlsx"), "workbook is damaged"),
    Fault("header alone", lambda kind, path: write_csv(table_of(kind)[: 2 if kind.is_survey else 1], path / "x.csv"), "holds no rows"),
    Fault("a row too short", lambda kind, path: write_csv([*table_of(kind), [WORD]], path / "x.csv"), "more or fewer cells"),
    Fault("merged header", book(lambda one: one.active.merge_cells("A1:B1")), "merged cells"),
    Fault("formulas", book(_formula), "holds a formula"),
    Fault("links", book(_link), "holds links"),
    Fault("hidden sheet", book(_hide), "hidden sheets"),
    Fault("a cell far away", book(_far_cell), "spans more than"),
    Fault("macros", _with_part("xl/vbaProject.bin", WORD.encode()), "holds macros"),
    Fault("outside its folder", _with_part("../../etc/zq", b"x"), "outside its own folder"),
    Fault("zip bomb", _with_part("xl/media/a.xml", b"0" * 30_000_000), "packed more tightly"),
    Fault("entities", _entities, "declares entities"),
    Fault("ODS formula", lambda kind, path: write_ods(table_of(kind), path / "x.ods", '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"><text:p>2</text:p></table:table-cell>'), "holds a formula"),
    Fault("ODS bomb", lambda kind, path: write_ods(table_of(kind), path / "x.ods", '<table:table-cell office:value-type="string" table:number-columns-repeated="90000000"><text:p>x</text:p></table:table-cell>'), "spans more than"),
    Fault("dates as numbers", in_cells("45731", "date"), "number where a date should be", _has("date")),
    Fault("years of two digits", in_cells("14/03/25", "date"), "year of two digits", _has("date")),
    Fault("month first", _swapped_dates, "month first", _has("date")),
    Fault("dates to come", in_cells("2031-03-14", "date"), "after the edition's last day", _has("date")),
    Fault("no date", in_cells(WORD, "date"), "does not hold a date", _has("date")),
    Fault("times as numbers", in_cells("0.75", "time"), "number where a time should be", _has("time")),
    Fault("mixed units", in_cells("18 months", "age"), "mixes units", _has("age")),
    Fault("years of birth", in_cells("1987", "age"), "year of birth", _has("age")),
    Fault("dates of birth", in_cells("14/03/1987", "age"), "a date of birth", _has("age")),
    Fault("impossible ages", in_cells("431", "age"), "under 0 or over 120", _has("age")),
    Fault("words of their own", in_cells(WORD, "category", "flag"), "does not list", _has("category", "flag")),
    Fault("unknown places", in_cells(WORD, "area"), "no area that is known", _has("area")),
    Fault("coordinates", in_cells("52.05431, 1.15547", "area"), "holds coordinates", _has("area")),
    Fault("parts of postcodes", in_cells("ZE29 7", "area"), "part of a postcode", _has("area")),
    Fault("unknown codes", in_cells(WORD, "offence"), "table of offence codes", _has("offence")),
    Fault("names as keys", in_cells("Zqcanary Word", "person"), "a person's name", _has("person")),
    Fault("numbers as keys", in_cells("4815162342", "person"), "plain numbers", _has("person")),
    Fault("a column missing", lambda kind, path: write_csv([row[1:] for row in table_of(kind)], path / "x.csv"), "every file of this kind needs it", _named),
    Fault("a column too many", with_column(WORD, WORD), "header that the template does not list", _named),
    Fault("a column twice", lambda kind, path: write_csv([[row[0], *row] for row in table_of(kind)], path / "x.csv"), "more than once", _named),
    Fault("a column of names", with_column("Surname", "Zqcanary"), "a person's name"),
    Fault("a column of births", with_column("DOB", "1987-03-14"), "a date of birth"),
    Fault("right-to-left tricks", in_cells("m\u202eale", "category", "flag", "age"), "control, invisible or text-direction", _named),
    Fault("formula in text", in_cells("=cmd|' /C calc'!A0", "category", "area", "offence"), "spreadsheet would run as a formula"),
    *(Fault(f"{kind.replace('_', ' ')} in a cell", in_cells(value, "area", "category", "flag"), "points at one person") for kind, value in CANARIES.items()),
)  # fmt: skip
