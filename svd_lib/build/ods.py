"""A workbook as an OpenDocument spreadsheet with the same sheets and numbers, the same bytes every time."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from svd_lib.build.archive import write_archive
from svd_lib.build.workbook import Cell, Sheet

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_SPACES = " ".join(f'xmlns:{name}="{_NAMES}:{rest}:1.0"' for name, rest in {"office": "office", "table": "table", "text": "text", "style": "style", "fo": "xsl-fo-compatible", "meta": "meta"}.items())
_VERSION = 'office:version="1.3"'
_STYLES = (
    '<style:style style:name="title" style:family="table-cell"><style:text-properties fo:font-weight="bold" fo:font-size="16pt"/></style:style>'
    '<style:style style:name="head" style:family="table-cell"><style:table-cell-properties fo:wrap-option="wrap"/><style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="text" style:family="table-cell"><style:table-cell-properties fo:wrap-option="wrap"/></style:style>'
    '<style:style style:name="column" style:family="table-column"><style:table-column-properties style:column-width="4.5cm"/></style:style>'
)


def write_ods(path: Path, sheets: Sequence[Sheet], title: str, made: date) -> None:
    """Write a spreadsheet; parameters as :func:`svd_lib.build.xlsx.write_xlsx`."""
    files = {"/": MIMETYPE, "content.xml": "text/xml", "meta.xml": "text/xml", "styles.xml": "text/xml"}
    entries = "".join(f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>' for name, kind in files.items())
    body = "".join(map(_table, sheets))
    parts = {
        "content.xml": f"{_XML}<office:document-content {_SPACES} {_VERSION}><office:automatic-styles>{_STYLES}</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>",
        "meta.xml": f'{_XML}<office:document-meta {_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" {_VERSION}><office:meta><dc:title>{escape(title)}</dc:title><dc:language>en-GB</dc:language><meta:creation-date>{made}T00:00:00</meta:creation-date></office:meta></office:document-meta>',
        "styles.xml": f'{_XML}<office:document-styles {_SPACES} {_VERSION}><office:styles><style:default-style style:family="table-cell"><style:text-properties fo:font-size="12pt" fo:language="en" fo:country="GB"/></style:default-style></office:styles></office:document-styles>',
        "META-INF/manifest.xml": f'{_XML}<manifest:manifest xmlns:manifest="{_NAMES}:manifest:1.0" manifest:version="1.3">{entries}</manifest:manifest>',
    }
    write_archive(path, parts, made, zipfile.ZIP_DEFLATED, first=("mimetype", MIMETYPE))


def _table(sheet: Sheet) -> str:
    rows = [_row([line], "title" if number == 0 else "text") for number, line in enumerate(sheet.lines)]
    rows += [f"<table:table-header-rows>{_row(sheet.headings, 'head')}</table:table-header-rows>"] if sheet.headings else []
    rows += [_row(row, "text") for row in sheet.rows]
    columns = f'<table:table-column table:style-name="column" table:number-columns-repeated="{max(len(sheet.headings), 1)}"/>'
    return f'<table:table table:name="{escape(sheet.name)}">{columns}{"".join(rows)}</table:table>'


def _row(cells: Sequence[Cell], style: str) -> str:
    return f"<table:table-row>{''.join(_cell(cell, style) for cell in cells)}</table:table-row>"


def _cell(cell: Cell, style: str) -> str:
    if isinstance(cell, str):
        return f'<table:table-cell table:style-name="{style}" office:value-type="string"><text:p>{escape(cell, quote=False)}</text:p></table:table-cell>'
    return f'<table:table-cell table:style-name="{style}" office:value-type="float" office:value="{cell!r}"><text:p>{cell!r}</text:p></table:table-cell>'
