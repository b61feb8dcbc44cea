"""Key findings as cards: the number first, a small picture of it, its sentence, and the way to where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from svd_lib.figures.glyphs import glyph
from svd_lib.report.finding import quote

INDEX = re.compile(r"^For every (\d+) ")
_LIST = re.compile(r'<ul class="key-findings[^"]*">.*?</ul>', re.DOTALL)
_ITEM = re.compile(r'<li><p>(<span class="sna-finding" data-finding="([^"]+)">.*?</span>)</p>\s*</li>', re.DOTALL)


def with_cards(page: str, findings: Mapping[str, Mapping], chapters: Sequence[str]) -> str:
    """Return a page whose lists of key findings are cards.

    Parameters
    ----------
    page : str
        The HTML.
    findings : mapping
        ``findings.json``'s findings.
    chapters : sequence of str
        Names of the chapters' pages.
    """

    def item(found: re.Match) -> str:
        finding = findings.get(found[2])
        return _card(found[2], found[1], finding, chapters) if finding and finding["value"] is not None else found[0]

    return _LIST.sub(lambda found: _ITEM.sub(item, found[0]), page)


def page_of(identifier: str, chapters: Sequence[str]) -> str:
    """Return the name of the page that shows a finding or exhibit: the longest chapter's name that its id begins with."""
    return max((name for name in chapters if identifier.startswith(f"{name}-")), key=len, default="")


def _card(identifier: str, sentence: str, finding: Mapping, chapters: Sequence[str]) -> str:
    index = INDEX.match(str(finding["statement"]))
    base = float(index[1]) if index and not finding["unit"] else None
    picture = glyph(finding["value"], finding["unit"], finding["lower_ci"], finding["upper_ci"], base)
    number = quote(finding, "value")
    if base:
        number = f"{base:.0f} → {number}"
    said = "" if finding["unit"] in ("", "%") else f' <span class="sna-card-unit">{escape(finding["unit"])}</span>'
    return (
        f'<li><p class="sna-card-number sna-edition" aria-hidden="true">{number}{said}</p>{picture}<p>{sentence}</p>'
        f'<p class="sna-card-link"><a href="{page_of(identifier, chapters)}.html#finding-{identifier}">See where this comes from'
        f'<span class="sna-hidden">: {escape(str(finding["statement"]))}</span></a></p></li>'
    )
