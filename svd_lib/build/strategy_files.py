"""The draft strategy as files that word processors open: headings as headings, header rows as header rows, a title and a language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path

from docx import Document as DocxDocument
from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from odfdo import Document as OdfDocument
from odfdo import Element, Header, Paragraph, Row, Table
from odfdo import List as OdfList

from svd_lib.build.strategy import DRAFT, Block
from svd_lib.edition import Edition

LANGUAGE = "en-GB"


def title_of(edition: Edition) -> str:
    """Return the document's title."""
    return f"Draft serious violence strategy for {edition.area.name}: not adopted by anyone"


def write_docx(blocks: Sequence[Block], edition: Edition, path: Path) -> None:
    """Write blocks as a DOCX file whose every page says that it is a draft."""
    document = DocxDocument()
    document.core_properties.title = title_of(edition)
    document.core_properties.author = "Serious Violence Needs Assessment, an open-source project"
    document.core_properties.language = LANGUAGE
    document.core_properties.created = document.core_properties.modified = datetime.combine(edition.period_end, time())
    for language in document.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr/w:lang"):
        language.set(qn("w:val"), LANGUAGE)
    document.sections[0].header.paragraphs[0].text = DRAFT
    document.add_heading(title_of(edition), level=0)
    for block in blocks:
        _add_docx(document, block)
    document.save(str(path))


def _add_docx(document: Document, block: Block) -> None:
    if block.kind == "heading":
        document.add_heading(block.text, level=block.level)
    elif block.kind == "table":
        document.add_paragraph(block.text, style="Caption")
        _docx_table(document, block.rows)
    else:
        document.add_paragraph(block.cited, style="List Bullet" if block.kind == "item" else None)


def _docx_table(document: Document, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for line, row in zip(table.rows, rows, strict=True):
        for cell, words in zip(line.cells, row, strict=True):
            cell.text = words
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(mark)
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True


def write_odt(blocks: Sequence[Block], edition: Edition, path: Path) -> None:
    """Write blocks as an ODT file."""
    document = OdfDocument("text")
    document.meta.title = title_of(edition)
    document.meta.language = LANGUAGE
    document.body.clear()
    document.body.append(Header(1, title_of(edition)))
    for number, block in enumerate(blocks):
        for element in _odt(block, number):
            document.body.append(element)
    document.save(str(path), pretty=False)


def _odt(block: Block, number: int) -> list[object]:
    if block.kind == "heading":
        return [Header(block.level + 1, block.text)]
    if block.kind == "table":
        return [Paragraph(block.text), _odt_table(block.rows, f"table-{number}")]
    if block.kind == "item":
        return [OdfList([block.cited])]
    return [Paragraph(block.cited)]


def _odt_table(rows: Sequence[Sequence[str]], name: str) -> Table:
    """A table whose first row is a header row, repeated on every page and read out as headings."""
    table = Table(name)
    for words in rows:
        row = Row()
        row.set_values(list(words))
        table.append_row(row)
    first = table.get_elements("table:table-row")[0]
    header = Element.from_tag("table:table-header-rows")
    header.append(first.clone)
    place = table.index(first)
    table.delete(first)
    table.insert(header, position=place)
    return table
