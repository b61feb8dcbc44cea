"""Directives for authored pages: what a page says of the edition or the sources is made from them, never typed.

``{partnership} duty_holders`` and its like print one part of the edition's ``partnership.yml``; ``{sources}`` prints the
data the edition uses, all known or what partners can share; ``{changes}`` what moved since the edition before; ``{downloads}`` what holds the whole edition; ``{refcases}`` published results beside our own; ``{proofs}`` the newest results of long proofs; ``{when} demonstration`` keeps its content for editions of that kind; ``{dropdown} Title`` folds its content away, and so
is every section whose heading begins with "More detail".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from svd_lib.build.cards import page_of
from svd_lib.build.chapters import read_chapters
from svd_lib.build.difference import read_issue
from svd_lib.build.downloads import downloads_html
from svd_lib.build.proof_results import ProofsDirective
from svd_lib.build.quotes import Quotation
from svd_lib.build.reference_cases import ReferenceCasesDirective
from svd_lib.build.theme import edition_of
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.cleared import cleared_kinds
from svd_lib.ingest.partners.register import KINDS
from svd_lib.report.changes import html
from svd_lib.report.owners import proposed_owners
from svd_lib.sources.lock import read_lock
from svd_lib.sources.registry import Source, read_registry
from svd_lib.yaml_text import read_yaml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from svd_lib.edition import Edition

FOLDED = "More detail"
NOT_RECORDED = "not recorded"
NOT_RECORDED_HERE = '<p class="sna-edition">Not recorded for this area.</p>'
STATES = ("shared", "asked", "refused", "not asked")
"""What can have happened to a wish for data."""


class PartnershipDirective(SphinxDirective):
    """One part of the edition's ``partnership.yml``: who holds the duty, dates, consultation, sharing."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the part as a list or table, or a sentence that says it is not recorded."""
        edition, part = edition_of(self.env.app), self.arguments[0]
        if part not in {**PARTS, **WHOLE_PARTS}:
            raise self.error(f"no part '{part}'; choose one of {', '.join(sorted({**PARTS, **WHOLE_PARTS}))}")
        self.env.note_dependency(str(edition.partnership_path))
        content = read_partnership(edition)
        if part in WHOLE_PARTS:
            return [_raw(WHOLE_PARTS[part](edition, content))]
        rows = content.get(part) or []
        if not rows:
            return [_raw(NOT_RECORDED_HERE)]
        return [_raw(PARTS[part](rows, content.get("sources", {})))]


class SourcesDirective(SphinxDirective):
    """The sources that the edition's lock names, with what was taken and under which licence; or ``known``, all and what is known of each; or ``partners``."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one table."""
        edition = edition_of(self.env.app)
        self.env.note_dependency(str(edition.lock_path))
        self.env.note_dependency(str(edition.root / "data" / "sources.yml"))
        for record in sorted((edition.folder / "cleared").glob("*.json")):
            self.env.note_dependency(str(record))
        table = {"known": known_sources_table, "partners": partner_kinds_table}.get(self.arguments[0] if self.arguments else "", sources_table)
        return [_raw(table(edition))]


class PendingChanges(nodes.General, nodes.Element):
    """The comparison with the edition before, not known until every chapter has run."""


class ChangesDirective(SphinxDirective):
    """Which findings moved since the edition before, and why."""

    def run(self) -> list[nodes.Node]:
        """Return a place that is filled when the findings are there."""
        return [PendingChanges()]


class FillChanges(SphinxPostTransform):
    """Put the comparison in its place."""

    default_priority = 6

    def run(self, **_: object) -> None:
        """Compare the edition with the one it names as the one before."""
        for place in list(self.document.findall(PendingChanges)):
            place.replace_self(_raw(changes_html(edition_of(self.app))))


def changes_html(edition: Edition) -> str:
    """Return what changed since the edition before, as HTML; a sentence where there is none or it was not kept."""
    if not edition.previous:
        return '<p class="sna-edition">No earlier edition of this area is held.</p>'
    try:
        names = [chapter.name for chapter in read_chapters(edition.root)]
        earlier = read_issue(open_edition(edition.previous, str(edition.root)), only_kept=True)
        return html(earlier, read_issue(edition), lambda identifier: page_of(identifier, names))
    except SnaError:
        return f'<p class="sna-edition">The earlier edition, {escape(edition.previous)}, cannot be compared: it was not kept.</p>'


class DownloadsDirective(SphinxDirective):
    """Every file that holds the whole edition, and how to cite it."""

    def run(self) -> list[nodes.Node]:
        """Return a list and a sentence."""
        return [_raw(downloads_html(edition_of(self.env.app)))]


class DataDictionaryDirective(SphinxDirective):
    """Every tidy table with its columns, made from the contracts."""

    def run(self) -> list[nodes.Node]:
        """Return one section a table."""
        from svd_lib.ingest.dictionary import dictionary

        return [_raw(_dictionary_table(table)) for table in dictionary()["tables"]]


class WhenDirective(SphinxDirective):
    """Content for editions of one kind: ``demonstration`` (nobody has approved it) or ``published``."""

    required_arguments = 1
    has_content = True
    kinds: ClassVar[tuple[str, ...]] = ("demonstration", "published")

    def run(self) -> list[nodes.Node]:
        """Return the content, or nothing."""
        kind = directives.choice(self.arguments[0], self.kinds)
        actual = "published" if edition_of(self.env.app).is_approved else "demonstration"
        return self.parse_content_to_nodes() if kind == actual else []


class DropdownDirective(SphinxDirective):
    """Content behind a line that opens it."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the content between the two ends of an HTML ``details``."""
        return [_fold(self.arguments[0]), *self.parse_content_to_nodes(), _raw("</details>")]


class FoldMoreDetail(SphinxPostTransform):
    """Fold every section whose heading begins with "More detail", words and exhibits alike."""

    default_priority = 900
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Put the ends of a ``details`` below each such heading and at the section's end."""
        for section in list(self.document.findall(nodes.section)):
            title = section[0].astext() if section.children else ""
            if title.startswith(FOLDED):
                section.insert(1, _fold("Show this part", f": {title}"))
                section.append(_raw("</details>"))


class MarkKeyFindings(SphinxPostTransform):
    """Mark lists that hold nothing but quoted sentences, so that the page sets them as cards."""

    default_priority = 910
    formats = ("html",)

    def run(self, **_: object) -> None:
        """Give each such list a class."""
        for bullets in self.document.findall(nodes.bullet_list):
            if all(_is_one_quotation(item) for item in bullets):
                bullets["classes"].append("key-findings")


def _is_one_quotation(item: nodes.Element) -> bool:
    paragraphs = item.children
    return len(paragraphs) == 1 and len(paragraphs[0].children) == 1 and isinstance(paragraphs[0][0], Quotation)


def _fold(words: str, unseen: str = "") -> nodes.raw:
    """Return the beginning of a fold; what the heading above it says already is only heard."""
    heard = f'<span class="sna-hidden">{escape(unseen)}</span>' if unseen else ""
    return _raw(f'<details class="sna-more"><summary>{escape(words)}{heard}</summary>')


def read_partnership(edition: Edition) -> dict[str, Any]:
    """Return the edition's ``partnership.yml``, or nothing where there is none."""
    if not edition.partnership_path.is_file():
        return {}
    return read_yaml(edition.partnership_path.read_text(encoding="utf-8")) or {}


def sources_table(edition: Edition) -> str:
    """Return the table of the edition's sources as HTML."""
    registry = read_registry(edition.root)
    inputs = read_lock(edition.lock_path).inputs
    versions: dict[str, Counter] = {}
    for entry in inputs:
        versions.setdefault(entry.source, Counter())[entry.publisher_version] += 1
    rows = [_source_row(registry.source(name), used) for name, used in sorted(versions.items())]
    return _table("Data used in this edition", ("Source", "Publisher", "Versions used", "Files", "Licence"), rows)


def _source_row(source: Source, versions: Counter) -> tuple[str, ...]:
    title = _link(source.title, source.landing_page)
    used = "; ".join(escape(version) for version in sorted(versions))
    return title, escape(source.publisher), used, str(versions.total()), _link(source.licence_title, source.licence_url)


def known_sources_table(edition: Edition) -> str:
    """Return a table of every open source: where it applies, what is known of its form, and what its fetcher has met."""
    cells = [
        (_link(source.title, source.landing_page), escape(source.publisher), escape(" and ".join(source.nations)), KNOWN[source.evidence], MET_WORDS[source.met])
        for source in read_registry(edition.root).sources.values()
    ]
    return _table("Every open source this project knows", ("Source", "Publisher", "Covers", "What we know of its form", "Our fetcher has met"), cells)


def partner_kinds_table(edition: Edition) -> str:
    """Return a table of every kind of data that a partner can share: who holds it, what is counted, its template, and what is known of its form."""
    registry = read_registry(edition.root)
    held = {kind.id for kind in cleared_kinds(edition)}
    cells = [
        (
            escape(kind.title),
            escape(registry.source(kind.table).publisher),
            escape(kind.unit),
            f"<code>sna partner template {escape(kind.id)}</code>",
            PARTNER_KNOWN[registry.source(kind.table).evidence],
            "Not held" if kind.id not in held else "Made-up counts" if edition.is_synthetic else "Counts released",
        )
        for kind in KINDS.values()
    ]
    return _table("Data that partners can share", ("Data", "Held by", "What is counted", "Its template", "What we know of its form", "In this edition"), cells)


PARTNER_KNOWN = {
    "mirror": "A partner's file was opened",
    "documented": "The standard for it was read; no partner's file was seen",
    "unseen": "A form of our own; no partner's file was seen",
}
KNOWN = {"mirror": "Files were opened and counted", "documented": "Its documentation was read; no file was seen", "unseen": "Known by name only"}
MET_WORDS = {"publisher": "The publisher", "replica": "Only a stand-in for the publisher", "nothing": "There is no fetcher: the file is taken in by hand"}


def _names(rows: Sequence[Mapping], sources: Mapping) -> str:
    return _list([escape(row["name"]) for row in rows]) + _read_at(rows, sources)


def _statements(rows: Sequence[Mapping], sources: Mapping) -> str:
    return _list([escape(row["statement"]) for row in rows]) + _read_at(rows, sources)


def _dates(rows: Sequence[Mapping], sources: Mapping) -> str:
    return _table("Dates", ("Event", "Date"), [(escape(row["event"]), escape(_said(row["date"]))) for row in rows])


def _consultation(rows: Sequence[Mapping], sources: Mapping) -> str:
    cells = [tuple(escape(_said(row[key])) for key in ("body", "record", "date")) for row in rows]
    return _table("Consultation under section 8(4)", ("Authorities", "What was done", "Date"), cells)


def _sharing(rows: Sequence[Mapping], sources: Mapping) -> str:
    cells = [tuple(escape(_said(row[key])) for key in ("from", "to", "what", "done_here")) for row in rows]
    return _table("Who shares what", ("From", "To", "What", "Done here"), cells)


def _definitions(rows: Sequence[Mapping], sources: Mapping) -> str:
    cells = [(escape(row["title"]), escape(_said(row.get("dated"))), escape(row["names"])) for row in rows]
    return _table("Definitions that the partnership has published", ("Where", "Dated", "What it names"), cells) + _read_at(rows, sources)


def _data_sets(edition: Edition, content: Mapping) -> str:
    """Every data set the assessment wants, with its holder and what became of the wish."""
    wanted = read_yaml((edition.root / "data" / "reference" / "data_sets.yml").read_text(encoding="utf-8"))["data_sets"]
    known = {row["id"]: row for row in content.get("data_sets") or []}
    unknown = sorted({row.get("state") for row in known.values()} - set(STATES)) + sorted(set(known) - {row["id"] for row in wanted})
    if unknown:
        raise SnaError(f"{edition.partnership_path}: {unknown[0]!r} under data_sets is neither a data set of data/reference/data_sets.yml nor one of {', '.join(STATES)}.")
    holders = proposed_owners(edition)
    cells = [_data_set(row, holders, known.get(row["id"], {})) for row in wanted]
    return _table("Data the assessment wants, and what became of the wish", ("Duty holder", "Data set", "What it would answer", "State", "Date"), cells)


def _data_set(row: Mapping, holders: Mapping[str, str], found: Mapping) -> tuple[str, ...]:
    holder = holders[row["holder"]]
    cells = (_said(holder), row["what"], row["answers"], _said(found.get("state", "not asked")), str(found.get("date") or "none"))
    return tuple(escape(cell) for cell in cells)


def _survey(edition: Edition, content: Mapping) -> str:
    """The call for views: open only while its recorded dates say so, else shown as closed."""
    survey = content.get("survey") or {}
    if not survey.get("title"):
        return NOT_RECORDED_HERE
    opened, closed = (str(survey.get(name) or NOT_RECORDED) for name in ("opened", "closed"))
    is_open = closed != NOT_RECORDED and closed > f"{edition.period_end:%Y-%m-%d}"
    state = f"Open until {closed}" if is_open else "Closed" if closed != NOT_RECORDED else "Closed, as no closing date is recorded that lies ahead"
    address = str(survey.get("address") or "")
    cells = [("State", escape(state)), ("Opened", escape(_said(opened))), ("Closing date", escape(_said(closed))), ("Address", _link(address, address if is_open else None))]
    return _table(escape(survey["title"]), ("What", "Answer"), cells) + _read_at([survey], content.get("sources", {}))


def _standing(edition: Edition, content: Mapping) -> str:
    names = {"Governed by": "governance_body", "Local policing body": "local_policing_body", "Signed off": "sign_off", "Contact": "contacts"}
    cells = [(words, escape(_said(content.get(name)))) for words, name in names.items()]
    return _table("Who answers for the partnership", ("Matter", "Record"), cells)


WHOLE_PARTS: dict[str, Callable[[Edition, Mapping], str]] = {"data_sets": _data_sets, "survey": _survey, "standing": _standing}
PARTS: dict[str, Callable[[Sequence[Mapping], Mapping], str]] = {
    "definitions": _definitions,
    "help": _statements,
    "duty_holders": _names,
    "also_involved": _names,
    "governance": _statements,
    "dates": _dates,
    "consultation": _consultation,
    "sharing": _sharing,
}


def _said(value: object) -> str:
    text = str(value or NOT_RECORDED)
    return text[:1].upper() + text[1:]


def _read_at(rows: Sequence[Mapping], sources: Mapping) -> str:
    """Say where the rows were read, and how far they were checked."""
    used = [sources[name] for name in dict.fromkeys(row["source"] for row in rows if row.get("source"))]
    if not used:
        return ""
    named = "; ".join(f"{_link(source['title'], source.get('url'))}, read {escape(str(source['read_on']))}" for source in used)
    return f'<p class="sna-source sna-edition"><span class="sna-lead">Source:</span> {named}.</p>'


def _list(items: Sequence[str]) -> str:
    return f'<ul class="sna-edition">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def _table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return (
        f'<div class="sna-scroll" tabindex="0" role="group" aria-label="{caption}"><table class="sna-table">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _dictionary_table(table: Mapping) -> str:
    headings = ("Column", "Type", "Unit", "May hold", "May be empty", "Meaning")
    rows = [
        [escape(str(text)) for text in (c["column"], c["type"], c["unit"], c["limits"], "yes" if c["may_be_empty"] else "no", c["description"])]
        for c in table["columns"]
    ]
    return _table(f"{escape(table['table'])}: {escape(table['description'])} One row for each {escape(', '.join(table['key']))}.", headings, rows)


def _link(text: str, address: str | None) -> str:
    is_web = str(address or "").lower().startswith(("https://", "http://"))
    return f'<a href="{escape(str(address))}">{escape(text)}</a>' if is_web else escape(text)


def _raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("partnership", PartnershipDirective)
    app.add_directive("changes", ChangesDirective)
    app.add_directive("sources", SourcesDirective)
    app.add_directive("downloads", DownloadsDirective)
    app.add_directive("refcases", ReferenceCasesDirective)
    app.add_directive("proofs", ProofsDirective)
    app.add_directive("data-dictionary", DataDictionaryDirective)
    app.add_directive("when", WhenDirective)
    app.add_directive("dropdown", DropdownDirective)
    app.add_post_transform(FillChanges)
    app.add_post_transform(FoldMoreDetail)
    app.add_post_transform(MarkKeyFindings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
