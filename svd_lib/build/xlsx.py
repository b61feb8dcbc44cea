"""A workbook as an Office Open XML file: plain sheets, each table a named table with a header row, the same bytes every time."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from svd_lib.build.archive import write_archive
from svd_lib.build.workbook import Cell, Sheet

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TITLE, BOLD, WRAPPED = 1, 2, 3
_STYLES = (
    f"{_XML}<styleSheet {_MAIN}><fonts count=\"3\"><font><sz val=\"12\"/><name val=\"Arial\"/></font>"
    '<font><b/><sz val="16"/><name val="Arial"/></font><font><b/><sz val="12"/><name val="Arial"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf fontId="0"/><xf fontId="1" applyFont="1"/>'
    '<xf fontId="2" applyFont="1" applyAlignment="1"><alignment wrapText="1" vertical="bottom"/></xf>'
    '<xf fontId="0" applyAlignment="1"><alignment wrapText="1" vertical="top"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def write_xlsx(path: Path, sheets: Sequence[Sheet], title: str, made: date) -> None:
    """Write a workbook.

    Parameters
    ----------
    path : pathlib.Path
        Where to.
    sheets : sequence of Sheet
        In order.
    title : str
        Of the document.
    made : datetime.date
        Its date; never the clock's.
    """
    tables = [number for number, sheet in enumerate(sheets, 1) if sheet.headings]
    parts = {
        "[Content_Types].xml": _content_types(len(sheets), tables),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml", f"{_REL}/officeDocument"), ("core", "docProps/core.xml", f"{_PACKAGE}/relationships/metadata/core-properties")]),
        "docProps/core.xml": _core(title, made),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [(f"s{n}", f"worksheets/sheet{n}.xml", f"{_REL}/worksheet") for n in range(1, len(sheets) + 1)] + [("styles", "styles.xml", f"{_REL}/styles")]
        ),
        "xl/styles.xml": _STYLES,
    }
    for number, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(sheet)
        if sheet.headings:
            parts[f"xl/worksheets/_rels/sheet{number}.xml.rels"] = _relations([("table", f"../tables/table{number}.xml", f"{_REL}/table")])
            parts[f"xl/tables/table{number}.xml"] = _table(sheet, number)
    write_archive(path, parts, made, zipfile.ZIP_DEFLATED)


def _content_types(count: int, tables: Sequence[int]) -> str:
    sheets = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in range(1, count + 1))
    marked = "".join(f'<Override PartName="/xl/tables/table{n}.xml" ContentType="{_TYPE}.table+xml"/>' for n in tables)
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>{sheets}{marked}</Types>'
    )


def _relations(items: Sequence[tuple[str, str, str]]) -> str:
    each = "".join(f'<Relationship Id="{name}" Type="{kind}" Target="{target}"/>' for name, target, kind in items)
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _core(title: str, made: date) -> str:
    dated = "".join(f'<dcterms:{kind} xsi:type="dcterms:W3CDTF">{made}T00:00:00Z</dcterms:{kind}>' for kind in ("created", "modified"))
    spaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return f'{_XML}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" {spaces}><dc:title>{escape(title)}</dc:title><dc:language>en-GB</dc:language>{dated}</cp:coreProperties>'


def _workbook(sheets: Sequence[Sheet]) -> str:
    each = "".join(f'<sheet name="{escape(sheet.name)}" sheetId="{n}" r:id="s{n}"/>' for n, sheet in enumerate(sheets, 1))
    return f'{_XML}<workbook {_MAIN} xmlns:r="{_REL}"><sheets>{each}</sheets></workbook>'


def _sheet(sheet: Sheet) -> str:
    rows = [_row(number, [line], TITLE if number == 1 else 0) for number, line in enumerate(sheet.lines, 1)]
    first = len(sheet.lines) + 1
    if sheet.headings:
        rows.append(_row(first, sheet.headings, BOLD))
        rows += [_row(number, row, WRAPPED) for number, row in enumerate(sheet.rows, first + 1)]
    widths = "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(_widths(sheet), 1))
    part = '<tableParts count="1"><tablePart r:id="table"/></tableParts>' if sheet.headings else ""
    return f'{_XML}<worksheet {_MAIN} xmlns:r="{_REL}"><sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><cols>{widths}</cols><sheetData>{"".join(rows)}</sheetData>{part}</worksheet>'


def _widths(sheet: Sheet) -> list[int]:
    """Return a width for each column, in letters: enough for its words, never more than 60."""
    if not sheet.headings:
        return [100]
    columns = zip(sheet.headings, *sheet.rows)
    return [min(60, max(12, 2 + max(len(str(cell)) for cell in column))) for column in columns]


def _row(number: int, cells: Sequence[Cell], style: int) -> str:
    return f'<row r="{number}">{"".join(_cell(f"{_letters(place)}{number}", cell, style) for place, cell in enumerate(cells))}</row>'


def _cell(place: str, cell: Cell, style: int) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(cell, quote=False)}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{cell!r}</v></c>'


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(65 + place % 26)


def _table(sheet: Sheet, number: int) -> str:
    first = len(sheet.lines) + 1
    area = f"A{first}:{_letters(len(sheet.headings) - 1)}{first + max(len(sheet.rows), 1)}"
    columns = "".join(f'<tableColumn id="{n}" name="{escape(heading)}"/>' for n, heading in enumerate(sheet.headings, 1))
    name = sheet.name.replace(" ", "_")
    return (
        f'{_XML}<table {_MAIN} id="{number}" name="{name}" displayName="{name}" ref="{area}" totalsRowShown="0">'
        f'<autoFilter ref="{area}"/><tableColumns count="{len(sheet.headings)}">{columns}</tableColumns></table>'
    )
