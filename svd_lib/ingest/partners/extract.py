"""A partner's file as rows of cells: CSV, TSV, XLSX or ODS, told by content, read with limits.

What makes a file unreadable is one sentence; what is wrong in its cells is left to the report.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from svd_lib.errors import SnaError
from svd_lib.ingest.partners import workbook
from svd_lib.ingest.partners.workbook import Flaw

MOST_BYTES = 1_500_000_000
MOST_ROWS = 5_000_000
MOST_COLUMNS = 500
LONGEST_CELL = 100_000
DATA_SHEET = "data"
SIDE_SHEETS = ("notes", "lists", "guide")
_BLOCK = 1 << 20
_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "upright bars"}
_READ_DELIMITERS = ",\t"

Row = tuple[int, list[object]]


@dataclass(frozen=True)
class Extract:
    """A file that can be read.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.
    sha256 : str
        Of its bytes.
    kind : str
        ``text`` or ``workbook``.
    encoding, delimiter : str
        Of a text file.
    sheet : str
        Of a workbook.
    flaws : tuple of (code, column, row)
        Formulas, merged cells and links of a workbook.
    """

    path: Path
    sha256: str
    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    flaws: tuple[Flaw, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Yield the row number, as a spreadsheet counts, and the cells of each row that has any.

        Raises
        ------
        SnaError
            When quotation marks do not close, or there are too many rows or columns.
        """
        for number, cells in self._numbered():
            if number > MOST_ROWS + 2:
                raise _too_many_rows()
            if len(cells) > MOST_COLUMNS:
                raise SnaError(f"Row {number} has more than {MOST_COLUMNS} cells; take out columns that the template does not list.")
            if any(cell not in ("", None) for cell in cells):
                yield number, cells

    def _numbered(self) -> Iterator[Row]:
        return _text_rows(self) if self.kind == "text" else _sheet_rows(self)


def open_extract(path: Path) -> Extract:
    """Look at a file and return how to read it.

    Parameters
    ----------
    path : pathlib.Path
        A regular file.

    Raises
    ------
    SnaError
        When it is not there, not a file, too large, of another format, or cannot be read safely.
    """
    try:
        state = path.stat()
    except (OSError, ValueError):
        raise SnaError("The file is not there, or may not be read; check the path.") from None
    if not stat.S_ISREG(state.st_mode):
        raise SnaError("The path is not a file; give one file.")
    if state.st_size == 0:
        raise SnaError("The file is empty; export it again.")
    if state.st_size > MOST_BYTES:
        raise SnaError(f"The file is larger than {MOST_BYTES // 1_000_000:,} MB; leave out columns and years that are not needed.")
    with path.open("rb") as stream:
        begin = stream.read(8)
    if begin.startswith(b"PK"):
        return _open_workbook(path)
    if begin.startswith(b"\xd0\xcf\x11\xe0"):
        raise SnaError("The file is an old or locked Excel workbook; save it as XLSX without a password, or as CSV.")
    if begin.startswith((b"%PDF", b"\x1f\x8b", b"7z", b"Rar!", b"<?xml", b"<!DO", b"<htm", b"PAR1", b"{\\rtf")):
        raise SnaError("The file is not a table; save it as CSV, TSV, XLSX or ODS.")
    return _open_text(path)


def _too_many_rows() -> SnaError:
    return SnaError(f"The file has more than {MOST_ROWS:,} rows; leave out years and columns that are not needed, or add it in parts.")


def _open_text(path: Path) -> Extract:
    digest, encoding = _scan_text(path)
    return Extract(path, digest, "text", encoding, _delimiter(path, encoding))


def _scan_text(path: Path) -> tuple[str, str]:
    """Read the bytes once: digest, encoding proved, lines counted."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as stream:
        encoding = _encoding(stream.read(4))
        stream.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        while block := stream.read(_BLOCK):
            digest.update(block)
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                raise _not_unicode(lines) from None
            if "\0" in text:
                raise SnaError(f"The file holds bytes that no text has, near line {lines + 1:,}; save it as 'CSV UTF-8'.")
            lines += max(text.count("\n"), text.count("\r"))
            if lines > MOST_ROWS + 2:
                raise _too_many_rows()
        try:
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            raise _not_unicode(lines) from None
    return digest.hexdigest(), encoding


def _encoding(begin: bytes) -> str:
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if begin.startswith(codecs.BOM_UTF8) else "utf-8"


def _not_unicode(lines: int) -> SnaError:
    return SnaError(f"The file is not encoded as UTF-8 (first seen after about line {lines:,}); save it as 'CSV UTF-8'.")


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as stream:
        first = stream.readline(LONGEST_CELL)
    outside = "".join(first.split('"')[::2])
    found = max(_DELIMITERS, key=outside.count)
    if outside.count(found) and found not in _READ_DELIMITERS:
        raise SnaError(f"The columns are parted by {_DELIMITERS[found]}; save the file with commas or tabs between columns.")
    return found if outside.count(found) else ","


def _text_rows(extract: Extract) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    with extract.path.open(encoding=extract.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=extract.delimiter, strict=True)
        number = 0
        try:
            for number, cells in enumerate(reader, start=1):  # noqa: B007
                yield number, cells
        except (csv.Error, io.UnsupportedOperation):
            raise SnaError(f"After row {number:,} a quotation mark does not close, or a cell is far too long; export the file again.") from None


def _open_workbook(path: Path) -> Extract:
    workbook.check_parts(path)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    position, name = _choose_sheet(path)
    try:
        seen = workbook.look_through(path, position)
    except workbook.DAMAGED:
        raise SnaError("The workbook is damaged; open it, save it again, or save it as CSV.") from None
    return Extract(path, digest, "workbook", sheet=name, flaws=tuple(seen.flaws))


def _choose_sheet(path: Path) -> tuple[int, str]:
    """Return the position and name of the sheet called Data, else of the only one that is not a side sheet."""
    held = _load(path).sheets_metadata
    if any(not str(sheet.visible).endswith(".Visible") for sheet in held):
        raise SnaError("The workbook has hidden sheets; delete them, or save the one sheet as CSV.")
    names = [(position, sheet.name) for position, sheet in enumerate(held)]
    main = [one for one in names if one[1].casefold() == DATA_SHEET] or [one for one in names if one[1].casefold() not in SIDE_SHEETS]
    if len(main) != 1:
        raise SnaError(f"The workbook has {len(main)} sheets that may hold the table; keep one, or call it 'Data'.")
    return main[0]


def _load(path: Path):  # noqa: ANN202
    # the package is needed for workbooks alone
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, *workbook.DAMAGED):
        raise SnaError("The workbook is damaged or locked; open it, save it again without a password, or save it as CSV.") from None


def _sheet_rows(extract: Extract) -> Iterator[Row]:
    from python_calamine import CalamineError

    try:
        sheet = _load(extract.path).get_sheet_by_name(extract.sheet)
        row, column = sheet.start or (0, 0)
        for number, cells in enumerate(sheet.to_python(skip_empty_area=True), start=row + 1):
            yield number, [""] * column + cells
    except (CalamineError, *workbook.DAMAGED):
        raise SnaError("The workbook is damaged; open it, save it again, or save it as CSV.") from None
