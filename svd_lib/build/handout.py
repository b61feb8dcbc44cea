"""One chapter as one accessible HTML file for e-mail and board packs: the executed notebook through nbconvert and our template."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

from svd_lib.build.chapters import read_chapters
from svd_lib.build.commentary import with_words
from svd_lib.build.quotes import edition_words, recommendation_words
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.facts import Fact, load_facts
from svd_lib.report.finding import quote
from svd_lib.sources.swap import swap_in

TEMPLATES = Path("book", "_handout")
TEMPLATE = "handout"
_ROLE = re.compile(r"\{(finding|fact|recommendation|edition)\}`([a-z0-9_-]+)(?:\.([a-z_]+))?`")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)(?:\{[^}]*\})?")
_DIRECTIVE = re.compile(r"^(:::+|```+)\s*(\{.*\}.*)?$")
_SMALL = re.compile(r'<div class="sna-picture sna-scroll sna-narrow".*?</svg></div>', re.DOTALL)
_FILES = re.compile(r'<p class="sna-downloads">.*?</p>', re.DOTALL)
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)


def write_handout(edition: Edition, chapter: str, target: Path) -> None:
    """Write a chapter as one file that needs no other.

    Parameters
    ----------
    edition : Edition
        A built edition.
    chapter : str
        The chapter's name, like ``trends``.
    target : pathlib.Path
        Where to.

    Raises
    ------
    SnaError
        When there is no such chapter or the edition is not built.
    """
    known = [item.name for item in read_chapters(edition.root)]
    if chapter not in known:
        raise SnaError(f"There is no chapter '{chapter}'; choose one of {', '.join(known)}.")
    path = edition.build_path / "notebooks" / f"{chapter}.ipynb"
    if not path.is_file():
        raise SnaError(f"{path} is missing; run 'sna build --edition {edition.name}' first.")
    page = handout_html(edition, chapter, json.loads(path.read_text(encoding="utf-8")))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    beside.write_text(page, encoding="utf-8")
    swap_in(beside, target)


def handout_html(edition: Edition, chapter: str, notebook: dict) -> str:
    """Return an executed notebook as one HTML page: words and results, no code."""
    import nbformat
    from nbconvert import HTMLExporter

    words = Words(edition)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = words.said(cell["source"])
    notebook["cells"] = with_words(edition, chapter, notebook["cells"], words.quoted)
    title = next((found[1] for cell in notebook["cells"] if (found := _HEADING.search("".join(cell["source"])))), edition.title)
    exporter = HTMLExporter(extra_template_basedirs=[str(edition.root / TEMPLATES)], template_name=TEMPLATE, exclude_anchor_links=True)
    resources = {"sna": {"title": title, "edition": edition, "style": _style(edition), "date": f"{edition.period_end.day} {edition.period_end:%B %Y}"}}
    page, _ = exporter.from_notebook_node(nbformat.from_dict(notebook), resources)
    return _FILES.sub("", _SMALL.sub("", page))


def _style(edition: Edition) -> str:
    folder = edition.root / "book" / "_static"
    return "".join((folder / name).read_text(encoding="utf-8") for name in ("figure-colours.css", "sna.css"))


class Words:
    """Quotations and directives of a page turned into plain words, for where Sphinx is not at work."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        path = edition.build_path / "findings.json"
        self.findings: dict = json.loads(path.read_text(encoding="utf-8"))["findings"] if path.is_file() else {}
        self.facts: dict[str, Fact] = load_facts(edition.root)
        listed = edition.build_path / "recommendations.json"
        self.recommendations: dict = {one["id"]: one for one in json.loads(listed.read_text(encoding="utf-8"))["recommendations"]} if listed.is_file() else {}

    def said(self, source: str) -> str:
        """Return the Markdown of a cell with its quotations resolved and without links into the site."""
        lines = [line for line in source.splitlines() if not _DIRECTIVE.match(line.strip())]
        return _LINK.sub(r"\1", _ROLE.sub(self._quoted, "\n".join(lines)))

    def quoted(self, role: str) -> str:
        """Return the words of one role, as HTML."""
        found = _ROLE.fullmatch(role)
        return self._quoted(found) if found else escape(role)

    def _quoted(self, role: re.Match) -> str:
        kind, name, part = role.groups()
        if kind == "edition":
            return escape(edition_words(self.edition, name), quote=False)
        if kind == "finding":
            if name not in self.findings:
                raise SnaError(f"the finding {name!r} is unknown in edition {self.edition.name}; build it again")
            return escape(quote(self.findings[name], part or ""), quote=False)
        if kind == "recommendation":
            if name not in self.recommendations:
                raise SnaError(f"the recommendation {name!r} is unknown in edition {self.edition.name}; build it again")
            return escape(recommendation_words(self.recommendations[name]), quote=False)
        fact = self.facts[name]
        said = {None: fact.quantity, "value": fact.value, "claim": fact.claim, "source": fact.source}[part]
        return escape(f"{said} [{fact.tag}: {fact.source}]" if part in (None, "claim") else str(said), quote=False)
