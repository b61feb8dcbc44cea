"""Workbooks (XLSX, ODS), hostile until proven otherwise: looked through as a stream before anything loads them."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from svd_lib.errors import SnaError

MOST_PARTS = 2_000
MOST_BYTES = 600_000_000
"""Bytes of all parts together when unpacked."""
MOST_RATIO = 250
MOST_CELLS = 20_000_000
"""Rows times columns that a sheet may span."""
MOST_FLAWS = 2_000
DAMAGED = (zipfile.BadZipFile, zlib.error, expat.ExpatError, ValueError, OSError, EOFError, KeyError, NotImplementedError, RuntimeError)
"""What reading a broken workbook raises."""
_BLOCK = 1 << 16
_REFUSED_PARTS = {
    "vbaproject.bin": "holds macros", "externallinks/": "takes values from other workbooks", "embeddings/": "holds embedded files",
    "activex/": "holds active controls", "connections.xml": "fetches data from elsewhere", "basic/": "holds macros", "scripts/": "holds scripts",
}  # fmt: skip
_REFERENCE = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")

Flaw = tuple[str, int, int]
"""Code of the report, column, row."""


@dataclass
class Looked:
    """What a look through a sheet found: its span, and formulas, merged cells and links with their places."""

    last_row: int = 0
    last_column: int = 0
    flaws: list[Flaw] = field(default_factory=list)

    def note(self, code: str, column: int, row: int) -> None:
        """Remember one flaw, up to a limit."""
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append((code, column, row))

    def reach(self, column: int, row: int) -> None:
        """Widen the span to a cell, or refuse a sheet too wide to be loaded."""
        self.last_row, self.last_column = max(self.last_row, row), max(self.last_column, column)
        if self.last_row * self.last_column > MOST_CELLS:
            raise SnaError(f"The sheet spans more than {MOST_CELLS:,} cells; clear stray cells far outside the table, or save as CSV.")


def look_through(path: Path, sheet: int) -> Looked:
    """Look through one sheet of a workbook whose parts :func:`check_parts` has passed.

    Raises
    ------
    SnaError
        When its XML is broken, declares entities, or spans too many cells.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        is_ods = "content.xml" in names
        part = "content.xml" if is_ods else _sheet_parts(archive)[sheet]
        with archive.open(part) as stream:
            return _look(stream, _OdsSheet(sheet) if is_ods else _XlsxSheet())


def check_parts(path: Path) -> None:
    """Refuse a workbook that is a bomb, climbs out of its folder, is locked, or brings more than cells.

    Raises
    ------
    SnaError
        One sentence with the remedy.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for problem in _part_problems(archive):
                raise SnaError(f"The workbook {problem}; save the data alone as CSV or in a new workbook.")
            if "content.xml" in archive.namelist():
                # an ODS document is loaded whole, so the span of every sheet counts
                with archive.open("content.xml") as stream:
                    _look(stream, _OdsSheet(None))
    except DAMAGED:
        raise SnaError("The workbook is damaged; open it, save it again, or save it as CSV.") from None


def _part_problems(archive: zipfile.ZipFile) -> Iterator[str]:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        yield f"has more than {MOST_PARTS:,} parts"
    if sum(part.file_size for part in parts) > MOST_BYTES:
        yield f"would unpack to more than {MOST_BYTES // 1_000_000} MB"
    for part in parts:
        name = part.filename.replace("\\", "/")
        if part.file_size > MOST_RATIO * max(part.compress_size, 1) and part.file_size > 1_000_000:
            yield "is packed more tightly than real data can be"
        if name.startswith("/") or ".." in name.split("/"):
            yield "has a part outside its own folder"
        if part.flag_bits & 1:
            yield "is locked with a password"
        yield from (words for mark, words in _REFUSED_PARTS.items() if mark in name.casefold())
    names = {part.filename for part in parts}
    if len(names) < len(parts):
        yield "has two parts of one name"
    if "content.xml" not in names and "xl/workbook.xml" not in names:
        yield "is neither XLSX nor ODS"


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """Return the parts of the sheets in the workbook's order, as its relations say."""
    relations = dict(_attributes(archive, "xl/_rels/workbook.xml.rels", "Relationship", ("Id", "Target")))
    order = [identity for (identity,) in _attributes(archive, "xl/workbook.xml", "sheet", ("r:id",))]
    targets = [relations.get(identity, "") for identity in order]
    parts = [target.lstrip("/") if target.startswith("/xl/") else f"xl/{target}" for target in targets]
    if not parts or not set(parts) <= set(archive.namelist()):
        raise SnaError("The workbook is damaged: a sheet that it names is not there; save it again.")
    return parts


def _attributes(archive: zipfile.ZipFile, part: str, tag: str, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == tag:
            found.append(tuple(attributes.get(wanted, "") for wanted in names))

    try:
        with archive.open(part) as stream:
            _parse(stream, start, lambda name: None)
    except KeyError:
        raise SnaError("The workbook is damaged: its list of sheets is not there; save it again.") from None
    return found


class _XlsxSheet:
    """Follows the elements of an XLSX sheet."""

    def __init__(self) -> None:
        self.seen = Looked()
        self._column = self._row = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = name.rpartition(":")[2]
        if tag == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif tag == "c":
            self._cell(attributes.get("r", ""))
        elif tag == "f":
            self.seen.note("formula", self._column, self._row)
        elif tag in ("mergeCell", "hyperlink"):
            column, row = _place(attributes.get("ref", "A1").partition(":")[0])
            self.seen.note("merged" if tag == "mergeCell" else "link", column, row)

    def end(self, name: str) -> None:
        """An element ends."""

    def _cell(self, reference: str) -> None:
        self._column, row = _place(reference) if reference else (self._column + 1, self._row)
        self.seen.reach(self._column, row)


class _OdsSheet:
    """Follows the elements of one table of an ODS document, or of every table, repeats counted."""

    def __init__(self, table: int | None) -> None:
        self.seen = Looked()
        self._wanted, self._table = table, -1
        self._column = self._row = 0
        self._rows_repeated = self._width = 1
        self._depth_in_cell = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "table:table" and not self._depth_in_cell:
            self._table += 1
            self._row = 0
        elif self._wanted not in (None, self._table):
            return
        elif name == "table:table-row":
            self._row += 1
            self._column = 0
            self._rows_repeated = _repeats(attributes, "table:number-rows-repeated")
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._cell(attributes)
        elif name == "text:a":
            self.seen.note("link", self._column, self._row)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "table:table-row":
            self._row += self._rows_repeated - 1
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._depth_in_cell = 0
            self._column += self._width - 1

    def _cell(self, attributes: dict[str, str]) -> None:
        self._depth_in_cell = 1
        self._column += 1
        self._width = _repeats(attributes, "table:number-columns-repeated")
        if "table:formula" in attributes:
            self.seen.note("formula", self._column, self._row)
        if any(attributes.get(f"table:number-{part}-spanned", "1") != "1" for part in ("columns", "rows")):
            self.seen.note("merged", self._column, self._row)
        if any(key.startswith("office:") for key in attributes):
            self.seen.reach(self._column + self._width - 1, self._row + self._rows_repeated - 1)


def _repeats(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not text.isascii() or not text.isdigit() or len(text) > 8:
        raise SnaError("The workbook is damaged: a repeat in it is not a number; save it again.")
    return int(text)


def _look(stream: BinaryIO, sheet: _XlsxSheet | _OdsSheet) -> Looked:
    _parse(stream, sheet.start, sheet.end)
    return sheet.seen


def _parse(stream: BinaryIO, start: object, end: object) -> None:
    """Run a parser over a stream, refusing document types (where entities come from) and unpacking no more than the limit."""
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    left = MOST_BYTES
    try:
        while block := stream.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise SnaError(f"The workbook unpacks to more than {MOST_BYTES // 1_000_000} MB; save the data alone as CSV.")
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except DAMAGED:
        raise SnaError("The workbook is damaged; open it, save it again, or save it as CSV.") from None


def _refuse_doctype(*_: object) -> None:
    raise SnaError("The workbook declares entities of its own, as no spreadsheet program does; save the data alone as CSV.")


def _place(reference: str) -> tuple[int, int]:
    found = _REFERENCE.match(reference)
    if not found:
        raise SnaError("The workbook is damaged: a cell in it has no proper place; save it again.")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column, int(found[2])
