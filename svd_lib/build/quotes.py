"""Sphinx extension: sentences quote findings, facts and the edition with one syntax each.

``{finding}`trends-violence-rate` `` is the number with its unit; ``.interval``, ``.statement``, ``.period``, ``.value``
and the other parts of :func:`svd_lib.report.finding.quote` follow the id after a full stop. ``{fact}`id` `` is a fact
of ``facts.csv`` with its tag, ``.value`` without, ``.claim`` the whole claim. ``{recommendation}`id` `` is the title of a
recommendation, linked to it, with a word where its findings no longer hold. ``{edition}`area` `` is a word of the
edition. ``{ages}`all` `` says how old the evidence is that its page quotes.

Findings are read after every document has been read, so notebooks that the same run executes count. An unknown or stale
id is a Sphinx warning that names the document and the line or cell; with ``-W`` it fails the build.

Configuration: ``sna_edition`` (name), ``sna_project`` (project root; the configuration's folder when empty) and
``sna_out`` (folder that holds ``findings.json``; the edition's build folder when empty).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError
from svd_lib.report import text
from svd_lib.report.facts import Fact, load_facts
from svd_lib.report.finding import quote

_LOG = logging.getLogger(__name__)
SETTINGS: dict[str, str] = {"sna_edition": "suffolk-2025", "sna_project": "", "sna_out": ""}
_CELL = 10_000
"""MyST-NB numbers the lines of a notebook's n-th cell from n times this."""
NOT_CALLED_FOR = "its findings do not hold in this edition"
_REFERENCE = re.compile(r"^([a-z0-9-]+)(?:\.([a-z_]+))?$")


class Quotation(nodes.inline):
    """Quoted words in a page: ``<span class="sna-finding" data-finding="id">...</span>``."""


class PendingQuotation(nodes.Inline, nodes.Element):
    """A quotation whose words are not known until every document has been read."""

    def astext(self) -> str:
        """Return nothing: there are no words yet."""
        return ""


def quotation_role(
    name: str, rawtext: str, content: str, lineno: int, inliner: Inliner, options: dict | None = None, extra: list | None = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Put a pending quotation where a role stands; docutils' signature of a role."""
    pending = PendingQuotation(kind=name.rpartition(":")[2].lower(), target=content.strip())
    source, line = inliner.reporter.get_source_and_line(lineno)
    pending.source, pending.line = source, line or lineno
    return [pending], []


class ResolveQuotations(SphinxPostTransform):
    """Replace pending quotations by words."""

    default_priority = 5

    def run(self, **_: object) -> None:
        """Resolve every quotation of one document."""
        every = list(self.document.findall(PendingQuotation))
        quoted = [pending["target"].partition(".")[0] for pending in every if pending["kind"] == "finding"]
        for pending in every:
            try:
                pending.replace_self(words_of(pending, library(self.app), quoted))
            except SnaError as error:
                _warn(self.env.docname, pending, str(error))
                pending.replace_self(nodes.inline("", f"[{pending['target']}]", classes=["sna-unresolved"]))


class Library:
    """What can be quoted: the findings, facts and edition of one build."""

    def __init__(self, edition: Edition, findings_path: Path) -> None:
        self.edition = edition
        self.path = findings_path
        content = json.loads(findings_path.read_text(encoding="utf-8")) if findings_path.exists() else {}
        self.is_stale = bool(content) and content.get("edition") != edition.name
        self.findings: dict[str, dict[str, object]] = content.get("findings", {})
        self.facts: dict[str, Fact] = load_facts(edition.root)
        listed = findings_path.with_name("recommendations.json")
        advice = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else {}
        self.recommendations: dict[str, dict[str, object]] = {one["id"]: one for one in advice.get("recommendations", ()) if advice["edition"] == edition.name}

    def recommendation(self, identifier: str) -> dict[str, object]:
        """Return one recommendation, or refuse an unknown id."""
        if identifier not in self.recommendations:
            raise SnaError(f"the recommendation {identifier!r} is unknown in edition {self.edition.name}")
        return self.recommendations[identifier]

    def finding(self, identifier: str) -> dict[str, object]:
        """Return one finding, or refuse an unknown or stale id."""
        if self.is_stale:
            raise SnaError(f"the finding {identifier!r} is stale: {self.path} is of another edition than {self.edition.name}")
        if identifier not in self.findings:
            raise SnaError(f"the finding {identifier!r} is unknown in edition {self.edition.name}")
        return self.findings[identifier]


def library(app: Sphinx) -> Library:
    """Return what can be quoted, read once after all documents."""
    known = getattr(app, "sna_library", None)
    if known is None:
        settings = app.config
        edition = open_edition(settings.sna_edition, str(settings.sna_project or app.confdir), str(settings.sna_out or ""))
        known = Library(edition, edition.out_path / "findings.json")
        app.sna_library = known
    return known


def words_of(pending: PendingQuotation, shelf: Library, quoted: Sequence[str] = ()) -> nodes.Node:
    """Return the node that stands for a quotation; ``quoted`` are the findings that the same page quotes.

    Raises
    ------
    SnaError
        When there is nothing of that name.
    """
    kind, target = pending["kind"], pending["target"]
    if kind == "ages":
        return _span("ages", target, ages_words([shelf.finding(name) for name in dict.fromkeys(quoted)]))
    match = _REFERENCE.match(target)
    if not match:
        raise SnaError(f"{target!r} is not an id, or an id with a part after a full stop")
    if kind == "finding":
        return _finding(pending, shelf, match[1], match[2] or "")
    if kind == "fact":
        return _fact(shelf, match[1], match[2] or "")
    if kind == "recommendation":
        return _recommendation(shelf.recommendation(match[1]))
    return _span("edition", target, edition_words(shelf.edition, target))


RECENT = 24
"""Months: a summary says how much of its evidence is at most this old."""


def ages_words(findings: Sequence[Mapping[str, object]]) -> str:
    """Say how old the evidence of a page is.

    Parameters
    ----------
    findings : sequence of mapping
        Entries of ``findings.json`` that the page quotes; those without a value are left out.

    Returns
    -------
    str
        A sentence: how many rest on evidence at most 24 months old at the edition's end, and the oldest.
    """
    ages = [int(found["age_months"]) for found in findings if found["value"] is not None]
    if not ages:
        return "No finding on this page rests on evidence that is held."
    if max(ages) == 0:
        return f"Age of the evidence: all {len(ages)} findings here rest on the newest figures, up to the end of this edition."
    recent = sum(age <= RECENT for age in ages)
    return f"Age of the evidence: {recent} of the {len(ages)} findings here rest on figures at most {RECENT} months old; the oldest figures end {max(ages)} months before this edition does."


def _finding(pending: PendingQuotation, shelf: Library, identifier: str, part: str) -> nodes.Node:
    found = shelf.finding(identifier)
    words = quote(found, part)
    if found["status"] == "historic" and part not in ("statement", "period") and not _says_period(pending, str(found["period"])):
        words = f"{words} (in {text.period_words(str(found['period']))})"
    return _span("finding", identifier, words)


def _says_period(pending: PendingQuotation, period: str) -> bool:
    """Whether the paragraph already dates an older number, in words or by quoting its period."""
    block = pending.parent
    while block is not None and not isinstance(block, (nodes.paragraph, nodes.list_item, nodes.entry, nodes.document)):
        block = block.parent
    if block is None:
        return False
    quoted = any(node["target"] == pending["target"].partition(".")[0] + ".period" for node in block.findall(PendingQuotation))
    return quoted or str(text.parse_period(period)[1].year) in block.astext()


def _fact(shelf: Library, identifier: str, part: str) -> nodes.Node:
    if identifier not in shelf.facts:
        raise SnaError(f"the fact {identifier!r} is unknown: add a row to data/reference/facts.csv or correct the id")
    fact = shelf.facts[identifier]
    if part not in ("", "value", "claim", "source"):
        raise SnaError(f"a fact has no {part!r}; it has value, claim and source")
    said = {"": fact.quantity, "value": fact.value, "claim": fact.claim, "source": fact.source}[part]
    if not said:
        raise SnaError(f"the fact {identifier!r} has no {part or 'value'}")
    span = _span("fact", identifier, said)
    if part in ("", "claim"):
        span += nodes.Text(" ")
        span += nodes.inline("", f"[{fact.tag}: {fact.source}]", classes=["sna-tag"])
    return span


def recommendation_words(one: Mapping[str, object]) -> str:
    """Return a recommendation's title, and that its findings do not hold where they do not."""
    return f"{one['title']} ({NOT_CALLED_FOR})" if one["is_flagged"] else str(one["title"])


def _recommendation(one: Mapping[str, object]) -> nodes.Node:
    span = Quotation("", "", kind="recommended", identifier=str(one["id"]))
    span += nodes.reference("", recommendation_words(one), refuri=f"recommendations.html#{one['id']}", internal=True)
    return span


def _span(kind: str, identifier: str, words: str) -> Quotation:
    return Quotation("", words, kind=kind, identifier=identifier)


def edition_words(edition: Edition, field: str) -> str:
    """Return a word of the edition for a sentence.

    Parameters
    ----------
    edition : Edition
        Whose words.
    field : str
        ``area, name, title, period, period_end, year, force, status, status_line, owner, publisher, partnership,
        definition, districts, csps, county`` or ``kind``.

    Raises
    ------
    SnaError
        When there is no such field or it is empty.
    """
    makers = {
        "area": lambda: edition.area.name,
        "name": lambda: edition.name,
        "title": lambda: edition.title,
        "period": lambda: text.period_words(f"{_year_before(edition)}/{edition.period_end:%Y-%m}"),
        "period_end": lambda: text.month_words(edition.period_end),
        "year": lambda: str(edition.period_end.year),
        "force": lambda: edition.area.pfa_name,
        "status": lambda: edition.status,
        "status_line": lambda: edition.status_line,
        "owner": lambda: "owner" if edition.is_approved else "proposed owner",
        "publisher": lambda: edition.publisher,
        "partnership": lambda: edition.partnership,
        "definition": lambda: edition.definition,
        "districts": lambda: text.join_words(sorted(edition.area.lad.values())),
        "csps": lambda: text.join_words(sorted(edition.area.csp.values())),
        "county": lambda: text.join_words(sorted(edition.area.utla.values())),
        "kind": lambda: edition.area.kind,
    }
    if field not in makers:
        raise SnaError(f"an edition has no {field!r}; it has {', '.join(makers)}")
    said = makers[field]()
    if not said:
        raise SnaError(f"edition {edition.name} has no {field}: fill it in in edition.yml or do not quote it")
    return str(said)


def _year_before(edition: Edition) -> str:
    end = edition.period_end
    return f"{end.year}-01" if end.month == 12 else f"{end.year - 1}-{end.month + 1:02d}"


def _warn(docname: str, pending: PendingQuotation, message: str) -> None:
    line = pending.line or 0
    where = pending.get("where") or (f"cell {line // _CELL}, line {max(line % _CELL - 1, 1)}" if line >= _CELL else f"line {line}")
    _LOG.warning("%s, %s: %s", docname, where, message, location=(docname, line or None), type="sna", subtype="quote")


def _remember(app: Sphinx, doctree: nodes.document) -> None:
    """Note which documents quote, so that they are written again when what they quote changes."""
    quoting = _quoting(app.env)
    if any(True for _ in doctree.findall(PendingQuotation)):
        quoting.add(app.env.docname)
    else:
        quoting.discard(app.env.docname)


def _quoting(env: BuildEnvironment) -> set[str]:
    if not hasattr(env, "sna_quoting"):
        env.sna_quoting = set()
    return env.sna_quoting


def _forget(_: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _quoting(env).discard(docname)


def _merge(_: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment) -> None:
    _quoting(env).update(_quoting(other) & set(docnames))


def _changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the documents to write again because findings or facts changed since the last build."""
    app.sna_library = None
    if not _quoting(env):
        return []
    shelf = library(app)
    said = json.dumps([shelf.edition.name, shelf.findings, shelf.recommendations, {key: str(fact) for key, fact in shelf.facts.items()}], sort_keys=True)
    digest = hashlib.sha256(said.encode("utf-8")).hexdigest()
    is_new = digest != getattr(env, "sna_quoted_digest", None)
    env.sna_quoted_digest = digest
    return sorted(_quoting(env) & set(env.found_docs)) if is_new else []


def _open_span(writer: object, node: Quotation) -> None:
    kind = node["kind"]
    writer.body.append(writer.starttag(node, "span", "", CLASS=f"sna-{kind}", **{f"data-{kind}": node["identifier"]}))


def _close_span(writer: object, _: nodes.Node) -> None:
    writer.body.append("</span>")


def _nothing(_: object, __: nodes.Node) -> None:
    """Write nothing around the words."""


def _heading(writer: object, node: PendingQuotation) -> None:
    """A quotation that a table of contents copied: headings are read before there are findings."""
    _LOG.warning("a heading cannot quote %s: put it in the text below", node["target"], type="sna", subtype="quote")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    """Register roles, nodes and events."""
    for name, default in SETTINGS.items():
        if name not in app.config:
            app.add_config_value(name, default, "env")
    plain = (_nothing, _nothing)
    app.add_node(Quotation, html=(_open_span, _close_span), text=plain, latex=plain, man=plain, texinfo=plain)
    skip = (_heading, _nothing)
    app.add_node(PendingQuotation, html=skip, text=skip, latex=skip, man=skip, texinfo=skip)
    for name in ("finding", "fact", "edition", "ages", "recommendation"):
        app.add_role(name, quotation_role)
    app.add_post_transform(ResolveQuotations)
    app.connect("doctree-read", _remember)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("env-updated", _changed)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
