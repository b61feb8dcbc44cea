"""Sphinx extension: a partnership's words stand as a block of their own after the exhibit, or the opening, that they are about.

They never pass through Markdown: a paragraph becomes text, and what it quotes of the report is resolved as everywhere
(:mod:`svd_lib.build.quotes`). Without commentary a page is what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging

from svd_lib.build.boxes import texts
from svd_lib.build.quotes import PendingQuotation
from svd_lib.build.words import WHOLE, Words, check_slots, commentary_file, read_commentary
from svd_lib.edition import Edition

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

_LOG = logging.getLogger(__name__)
CELL = "cell_code"
"""What MyST-NB calls the node of a code cell with its outputs."""
_SHOWN = re.compile(r'<figure class="sna-exhibit[^"]*" id="([^"]+)"')
_QUOTED = re.compile(r"\{(finding|fact|edition|recommendation)\}`([^`]+)`")
_RECORD = "sna_words"


class PartnershipWords(nodes.General, nodes.Element):
    """``<div class="sna-words" role="note">``, named by its title."""


def says(edition: Edition) -> str:
    """Return the title of the block."""
    return f"{edition.partnership or f'The partnership of {edition.area.name}'} says"


def signature(one: Words) -> str:
    """Return who wrote a slot's words, and when."""
    return f"{one.author}, {one.day.day} {one.day:%B %Y}. Written by the partnership, not by this report."


def noted(edition: Edition, chapter: str, notebook: dict[str, Any]) -> dict[str, Any]:
    """Return an executed chapter that carries its words, so that a page whose words changed is read again; refuse words that have no place.

    Parameters
    ----------
    edition : Edition
    chapter : str
    notebook : dict
        As the site shows it.

    Raises
    ------
    SnaError
        When the file of the words is not in order or names an exhibit that the page does not show.
    """
    words = read_commentary(edition, chapter)
    if not words:
        return notebook
    check_slots(words, shown(notebook["cells"]))
    said = [[one.slot, one.author, one.day.isoformat(), one.text] for one in words]
    return {**notebook, "metadata": {**notebook["metadata"], _RECORD: said}}


def shown(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the exhibits that cells of an executed chapter show."""
    return [found for cell in cells for text in texts(cell) for found in _SHOWN.findall(text)]


def with_words(edition: Edition, chapter: str, cells: list[dict], quote: Callable[[str], str]) -> list[dict]:
    """Return an executed chapter's cells with the words as cells among them, for where Sphinx is not at work.

    Parameters
    ----------
    edition : Edition
    chapter : str
    cells : list of dict
    quote : callable
        Turns a role, like ``{finding}`id` ``, into words as HTML.
    """
    made: list[dict] = []
    words = read_commentary(edition, chapter)
    check_slots(words, shown(cells))
    for number, cell in enumerate(cells):
        here = [*shown([cell]), *([WHOLE] if number == 0 else [])]
        made += [cell, *(_as_cell(one, words_html(edition, one, quote)) for one in words if one.slot in here)]
    return made


def _as_cell(one: Words, html: str) -> dict:
    output = {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}
    return {"cell_type": "code", "id": f"words-{one.line}", "source": "", "metadata": {}, "execution_count": None, "outputs": [output]}


def words_html(edition: Edition, one: Words, quote: Callable[[str], str]) -> str:
    """Return a slot's words as HTML; ``quote`` makes HTML of a role."""
    paragraphs = "".join(f"<p>{''.join(quote(part) if is_role else escape(part) for is_role, part in _parts(text))}</p>" for _, text in one.paragraphs)
    title = f'<p class="sna-words-title" id="words-{one.slot}">{escape(says(edition))}</p>'
    return f'<div class="sna-words" role="note" aria-labelledby="words-{one.slot}">{title}{paragraphs}<p class="sna-words-by">{escape(signature(one))}</p></div>'


def _parts(text: str) -> Iterable[tuple[bool, str]]:
    """Yield plain text and roles in turn, each with whether it is a role."""
    last = 0
    for found in _QUOTED.finditer(text):
        yield False, text[last : found.start()]
        yield True, found[0]
        last = found.end()
    yield False, text[last:]


def _insert(app: Sphinx, doctree: nodes.document) -> None:
    """Put a chapter's words in their places as soon as its page has been read."""
    from svd_lib.build.theme import edition_of  # heavy, and there already: the theme sets this extension up

    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return
    edition = edition_of(app)
    path = commentary_file(edition, source.stem)
    if path.is_file():
        app.env.note_dependency(str(path))
    for one in read_commentary(edition, source.stem):
        block = _block(edition, one)
        if one.slot == WHOLE:
            _after_opening(doctree, block)
        else:
            _after_exhibit(doctree, one, block)


def _block(edition: Edition, one: Words) -> PartnershipWords:
    block = PartnershipWords(slot=one.slot)
    block += nodes.paragraph("", says(edition), classes=["sna-words-title"], ids=[f"words-{one.slot}"])
    for line, text in one.paragraphs:
        paragraph = nodes.paragraph()
        paragraph.line = line
        paragraph += [_pending(one, line, part) if is_role else nodes.Text(part) for is_role, part in _parts(text) if part]
        block += paragraph
    block += nodes.paragraph("", signature(one), classes=["sna-words-by"])
    return block


def _pending(one: Words, line: int, role: str) -> PendingQuotation:
    kind, target = _QUOTED.fullmatch(role).groups()
    return PendingQuotation(kind=kind, target=target.strip(), where=f"commentary/{one.path.name}, line {line}")


def _after_opening(doctree: nodes.document, block: nodes.Element) -> None:
    section = next(iter(doctree.findall(nodes.section)))
    place = next((number for number, child in enumerate(section.children) if isinstance(child, nodes.section)), len(section.children))
    section.insert(place, block)


def _after_exhibit(doctree: nodes.document, one: Words, block: nodes.Element) -> None:
    for cell in doctree.findall(nodes.container):
        pieces = (raw.astext() for raw in cell.findall(nodes.raw)) if cell.get("nb_element") == CELL else ()
        if any(one.slot in _SHOWN.findall(piece) for piece in pieces):
            cell.parent.insert(cell.parent.index(cell) + 1, block)
            return
    _LOG.warning("%s, line %s: the chapter shows no exhibit %s", f"commentary/{one.path.name}", one.line, one.slot, type="sna", subtype="words")


def _open(writer: Any, node: PartnershipWords) -> None:
    writer.body.append(f'<div class="sna-words" role="note" aria-labelledby="words-{escape(node["slot"])}">\n')


def _close(writer: Any, _: nodes.Node) -> None:
    writer.body.append("</div>\n")


def _nothing(_: object, __: nodes.Node) -> None:
    """Write nothing around the words."""


def setup(app: Sphinx) -> dict[str, object]:
    """Register the node and the event."""
    plain = (_nothing, _nothing)
    app.add_node(PartnershipWords, html=(_open, _close), text=plain, latex=plain, man=plain, texinfo=plain)
    app.connect("doctree-read", _insert, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
