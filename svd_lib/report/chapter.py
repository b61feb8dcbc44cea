"""A chapter at work: the one object through which a notebook's numbers, pictures and tables leave it.

``open_chapter`` starts a chapter afresh; each call then writes at once what it publishes and shows it. Nothing needs to
be closed or remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from svd_lib.disclosure.thresholds import Rule, protect_row
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.figures.style import finalise, watermark
from svd_lib.report import exhibit as exhibits
from svd_lib.report import finding as findings
from svd_lib.report import recommendation as recommendations
from svd_lib.report import text
from svd_lib.report.choice import Choice
from svd_lib.report.exhibit import Exhibit
from svd_lib.report.finding import Finding
from svd_lib.report.gaps import Gap, find_gap, load_gaps
from svd_lib.report.recommendation import Recommendation
from svd_lib.sources.registry import Registry, read_registry


@dataclass(frozen=True)
class Shown:
    """What a call published; it has been displayed already, so a notebook does not show it twice."""

    id: str
    kind: str
    html: str
    content: object = None

    def _ipython_display_(self) -> None:
        """Show nothing more."""


@dataclass
class Chapter:
    """One chapter of one edition; made by :func:`open_chapter`."""

    name: str
    edition: Edition
    out: Path
    registry: Registry
    gaps: tuple[Gap, ...]
    own: dict[str, Finding] = field(default_factory=dict)
    shown: dict[str, Exhibit] = field(default_factory=dict)
    missing: dict[str, Gap] = field(default_factory=dict)
    advised: dict[str, Recommendation] = field(default_factory=dict)

    @property
    def area(self) -> str:
        """The area's name in words."""
        return self.edition.area.name

    def finding(
        self,
        identifier: str,
        row: object,
        statement: str,
        *,
        period: str,
        basis: str,
        sources: Sequence[str],
        unit: str = "",
        precision: int = 0,
        scale: float = 1.0,
        exhibit: str | None = None,
        area: str | None = None,
        words: Mapping[str, object] | None = None,
    ) -> Shown:
        """Publish a finding and show its sentence; parameters as :func:`svd_lib.report.finding.make_finding`.

        A row without a value becomes "not available in this edition" when ``known_gaps.yml`` lists the id.

        Returns
        -------
        Shown
            ``content`` is the :class:`Finding`.
        """
        findings.check_id(identifier, self.name)
        known = [self.registry.source(name) for name in sources]
        place = area or self.area
        exhibits.check_words(identifier, words or {}, exhibits.rule_of(known))
        row, is_withheld = _protected_row(row, exhibits.rule_of(known))
        if is_withheld:
            made = findings.withheld_finding(
                identifier, period=period, area=place, basis=basis, sources=sources, unit=unit, exhibit=exhibit
            )
        elif _has_no_value(row):
            gap = find_gap(self.gaps, identifier, self.edition)
            made = findings.missing_finding(identifier, gap, period=period, area=place, basis=basis, sources=sources)
            self.missing[identifier] = gap
        else:
            made = findings.make_finding(
                identifier, row, statement, period=period, basis=basis, sources=sources, area=place, unit=unit,
                precision=precision, scale=scale, exhibit=exhibit, words=words, period_end=self.edition.period_end,
                sensitivity=exhibits.sensitivity(known), mark=self._mark(sources),
            )  # fmt: skip
        self.own[identifier] = made
        self._record()
        return self._show(identifier, "finding", made.html(), made.statement, made)

    def figure(
        self,
        identifier: str,
        fig: Figure,
        data: pd.DataFrame,
        *,
        title: str,
        alt: str,
        sources: Sequence[str],
        period: str,
        basis: str,
        subtitle: str = "",
        note: str = "",
        columns: Mapping[str, str] | Sequence[str] | None = None,
        precision: int | Mapping[str, int] | None = None,
        counts: Sequence[str] | None = None,
        words: Mapping[str, object] | None = None,
    ) -> Shown:
        """Publish a figure with its data table.

        Parameters
        ----------
        identifier : str
            ``<chapter>-<noun>-<measure>``.
        fig : Figure
            From :mod:`svd_lib.figures`.
        data : DataFrame
            What the figure shows; when empty, a known gap is shown instead.
        title, subtitle, alt, note : str
            May hold ``{area}``, ``{period}`` and the placeholders of ``words``. The title states the finding, the
            subtitle the measure and unit (area and period are added), alt says what the picture says, and the note
            what it does not show.
        sources, period, basis
            As for a finding.
        columns, precision
            What the data table shows and its decimals; the CSV file has every column.
        counts : sequence of str, optional
            Columns of counts, for sources whose disclosure rule hides small ones.
        words : mapping, optional
            Values for placeholders; their numbers may stand in the alt text.

        Returns
        -------
        Shown
            ``content`` is the :class:`Exhibit`.
        """
        findings.check_id(identifier, self.name)
        if data.empty:
            return self.unavailable(identifier)
        said = self._words(identifier, period, words, title=title, subtitle=subtitle, alt=alt, note=note)
        mark = self._mark(sources)
        if mark:
            said["alt"] = f"{findings.SYNTHETIC_WORDS}. {said['alt']}"
            watermark(fig, findings.SYNTHETIC_WORDS)
        svg = finalise(fig, identifier, said["title"], said["alt"], f"{identifier}-subtitle")
        return self._publish(
            exhibits.make_exhibit(
                identifier, data, **said, sources=sources, registry=self.registry, period=period,
                basis=findings.check_basis(identifier, basis), words={"area": self.area, **(words or {})}, columns=columns,
                precision=precision, counts=counts, svg=svg, mark=mark,
            )
        )  # fmt: skip

    def table(
        self,
        identifier: str,
        data: pd.DataFrame,
        *,
        title: str,
        sources: Sequence[str],
        period: str,
        basis: str,
        subtitle: str = "",
        note: str = "",
        columns: Mapping[str, str] | Sequence[str] | None = None,
        precision: int | Mapping[str, int] | None = None,
        counts: Sequence[str] | None = None,
        words: Mapping[str, object] | None = None,
        choice: Choice | None = None,
    ) -> Shown:
        """Publish a table; parameters as :meth:`figure`, without a picture and its alt text.

        The first shown column heads each row. Of more than 60 rows the page shows 30, the CSV file all.
        """
        findings.check_id(identifier, self.name)
        if data.empty:
            return self.unavailable(identifier)
        said = self._words(identifier, period, words, title=title, subtitle=subtitle, note=note)
        return self._publish(
            exhibits.make_exhibit(
                identifier, data, **said, sources=sources, registry=self.registry, period=period,
                basis=findings.check_basis(identifier, basis), words=words, columns=columns, precision=precision, counts=counts, choice=choice,
                mark=self._mark(sources),
            )
        )  # fmt: skip

    def unavailable(self, identifier: str, question: str = "", needs: str = "", source: str = "") -> Shown:
        """Show the box "not available in this edition"; ``known_gaps.yml`` must list the id.

        Parameters
        ----------
        identifier : str
            The exhibit's id.
        question, needs, source : str, optional
            Said instead of the words of the list.
        """
        findings.check_id(identifier, self.name)
        gap = find_gap(self.gaps, identifier, self.edition)
        self.missing[identifier] = gap
        said = (question or gap.question, needs or gap.needs, source or gap.source)
        box = exhibits.unavailable_html(identifier, *said)
        return self._show(identifier, "unavailable", box, f"Not available in this edition: needs {said[1]}, from {said[2]}.", gap)

    def recommendation(self, identifier: str, *, words: Mapping[str, object] | None = None, **parts: object) -> Shown:
        """Publish a recommendation; parts as :class:`svd_lib.report.recommendation.Recommendation`.

        Its conditions are tried on the findings of all chapters run so far; where one is missing or fails, the
        recommendation is shown flagged, with the reason.
        """
        findings.check_id(identifier, self.name)
        said = {"area": self.area, **(words or {})}
        given = {name: findings.placeholders(identifier, part, said) if isinstance(part, str) else part for name, part in parts.items()}
        evidence = recommendations.load_evidence(self.edition.root)
        made = recommendations.judge(Recommendation(id=identifier, **given), self.all_findings(), evidence)
        self.advised[identifier] = made
        ordered = recommendations.ranked(self.advised.values())
        content = {"schema": 1, "edition": self.edition.name, "recommendations": [item.to_dict() for item in ordered]}
        findings.write_json(self.out / "recommendations.json", content)
        return self._show(identifier, "recommendation", made.html(self.all_findings(), evidence), made.title, made)

    def ranking(self) -> pd.DataFrame:
        """Return the recommendations made so far, ranked by the data: one row each, ready for :meth:`table`."""
        return recommendations.ranking_frame(recommendations.ranked(self.advised.values()))

    def monitoring(self) -> pd.DataFrame:
        """Return the monitoring framework of the recommendations made so far: one row each, in their order."""
        return recommendations.monitoring_frame(recommendations.ranked(self.advised.values()), self.all_findings())

    def all_findings(self) -> dict[str, dict[str, object]]:
        """Return every finding of the edition made so far, by id, as ``findings.json`` has it."""
        return dict(findings.read_findings(self.out / "findings.json")["findings"])

    def quoted(self, identifier: str) -> dict[str, object]:
        """Return one finding of any chapter.

        Raises
        ------
        SnaError
            When no chapter run so far has made it.
        """
        every = self.all_findings()
        if identifier not in every:
            raise SnaError(f"{self.name}: the finding {identifier!r} does not exist; run its chapter first or correct the id.")
        return every[identifier]

    def caveats(self) -> Shown:
        """Show "Data, methods and caveats" of the chapter, generated from what it published."""
        blocks = (_source_list(self), _method_list(self), _basis_list(self), _gap_list(self))
        body = "".join(block for block in blocks if block)
        html = f'<div class="sna-caveats">{body}<p class="sna-status">{escape(self.edition.status_line)}.</p></div>'
        return self._show(f"{self.name}-caveats", "caveats", html, "Data, methods and caveats")

    def _words(self, identifier: str, period: str, words: Mapping[str, object] | None, **parts: str) -> dict[str, str]:
        said = {"area": self.area, "period": text.period_words(period), **(words or {})}
        filled = {name: findings.placeholders(identifier, part, said) for name, part in parts.items()}
        stated = [filled["subtitle"].rstrip(".")] if filled["subtitle"] else []
        stated += [str(said[name]) for name in ("area", "period") if str(said[name]) not in filled["subtitle"]]
        return {**filled, "subtitle": ", ".join(stated)}

    def _mark(self, sources: Sequence[str]) -> str:
        return self.edition.mark_of(exhibits.sensitivity([self.registry.source(name) for name in sources]))

    def _publish(self, made: Exhibit) -> Shown:
        made.write(self.out / "exhibits")
        self.shown[made.id] = made
        self._record()
        return self._show(made.id, "exhibit", made.html(), f"{made.title}\n{made.subtitle}", made)

    def _record(self) -> None:
        findings.write_part(self.out, self.name, self.edition.name, self.own, list(self.shown))

    def _show(self, identifier: str, kind: str, html: str, words: str, content: object = None) -> Shown:
        _display(html, words)
        return Shown(identifier, kind, html, content)


def open_chapter(name: str, edition: Edition, out_dir: str = "") -> Chapter:
    """Start a chapter: forget what an earlier run of it published, and be ready to publish.

    Parameters
    ----------
    name : str
        The notebook's name without suffix; every id of the chapter begins with it.
    edition : Edition
        From :func:`svd_lib.edition.open_edition`.
    out_dir : str, optional
        Where to write; the edition's build folder when empty.

    Returns
    -------
    Chapter
    """
    out = Path(out_dir).expanduser().resolve() if out_dir else edition.out_path
    _forget(out, name)
    chapter = Chapter(name, edition, out, read_registry(edition.root), load_gaps(edition.root))
    findings.write_part(out, name, edition.name, {})
    return chapter


def _forget(out: Path, chapter: str) -> None:
    """Remove the exhibits that an earlier run of the same chapter wrote."""
    part = out / "findings" / f"{chapter}.json"
    made = json.loads(part.read_text(encoding="utf-8")).get("exhibits", []) if part.exists() else []
    for identifier in made:
        for kind in ("csv", "svg", "places.json", "json"):
            (out / "exhibits" / f"{identifier}.{kind}").unlink(missing_ok=True)


def _protected_row(row: object, rule: Rule) -> tuple[object, bool]:
    """Apply a disclosure rule to a finding's row; tell whether its number is withheld."""
    if rule.is_open or row is None or (isinstance(row, pd.DataFrame) and row.empty):
        return row, False
    values = text.one_row(row)
    if values.get("is_suppressed"):
        return values, True
    return (values, False) if values.get("value") is None else protect_row(values, rule)


def _has_no_value(row: object) -> bool:
    if row is None or (isinstance(row, pd.DataFrame) and row.empty):
        return True
    return text.one_row(row).get("value") is None


def _display(html: str, words: str) -> None:
    """Show HTML where a notebook is running; elsewhere stay silent."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is not None:
        display({"text/html": html, "text/plain": words}, raw=True)


def _used_sources(chapter: Chapter) -> list[str]:
    used = {source.id for made in chapter.shown.values() for source in made.sources}
    return sorted(used | {name for made in chapter.own.values() for name in made.sources})


def _source_list(chapter: Chapter) -> str:
    rows = [chapter.registry.source(name) for name in _used_sources(chapter)]
    items = [
        f"{escape(source.title)}, {escape(source.publisher)} ({escape(source.licence_title)})."
        f"{''.join(f' {escape(note)}' for note in source.notes)}"
        for source in rows
    ]
    return _list("Data", items)


def _method_list(chapter: Chapter) -> str:
    named = {str(made.method) for made in chapter.own.values() if made.method}
    for made in chapter.shown.values():
        if "method" in made.data:
            named |= set(made.data["method"].dropna().astype(str))
    return _list("Methods", [escape(name) for name in sorted(named)])


def _basis_list(chapter: Chapter) -> str:
    used = {made.basis for made in chapter.own.values()} | {made.basis for made in chapter.shown.values()}
    meaning = {
        "recorded_by": "Recorded by: everything in the police force’s own figures, wherever it happened.",
        "located_in": "Located in: what the area’s own force recorded at places inside the area.",
        "published_for": "Published for: what is published for a county, unitary authority or region, whole, that the area lies in or holds.",
    }
    return _list("What is counted", [meaning[name] for name in sorted(used)])


def _gap_list(chapter: Chapter) -> str:
    rows = {(gap.question, gap.needs, gap.source) for gap in chapter.missing.values()}
    return _list("Not available in this edition", [escape(f"{asked} Needs {needs}, from {source}.".strip()) for asked, needs, source in sorted(rows)])


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return f'<p class="sna-lead">{title}</p><ul>{"".join(f"<li>{item}</li>" for item in items)}</ul>'
