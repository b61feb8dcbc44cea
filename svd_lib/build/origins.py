"""For readers: where each figure and number comes from, behind one line that opens it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from svd_lib.build.chapters import read_chapters
from svd_lib.build.difference import read_issue
from svd_lib.build.workbook import Published
from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError
from svd_lib.report.finding import quote
from svd_lib.report.text import period_words, rows_words
from svd_lib.sources.lock import read_lock
from svd_lib.sources.registry import Registry, read_registry

BASES = {
    "recorded_by": "everything in the police force’s own figures, wherever it happened",
    "located_in": "what the area’s own force recorded at places inside the area",
    "published_for": "what is published for a whole county, unitary authority or region",
}
MOST_VERSIONS = 6
TABLE = '<details class="sna-data">'
_EXHIBIT = re.compile(r'(<figure class="sna-exhibit[^"]*" id="([^"]+)">.*?)</figure>', re.DOTALL)
_STATEMENT = re.compile(r'<p class="sna-statement [^"]*" id="finding-([^"]+)".*?</p>', re.DOTALL)
_ID = re.compile(r"\"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\"")


@dataclass
class Origins:
    """What there is to tell of an edition's exhibits and findings."""

    edition: Edition
    exhibits: Mapping[str, Published]
    findings: Mapping[str, Mapping]
    registry: Registry
    cells: Mapping[str, tuple[str, int, str]]
    inputs: Mapping[str, tuple[list[str], str]] = field(default_factory=dict)
    earlier: Mapping[str, Mapping] = field(default_factory=dict)

    def fold(self, identifier: str, name: str, rows: Iterator[tuple[str, str]]) -> str:
        """Return one fold with a list of terms and what belongs to each."""
        listed = "".join(f"<dt>{term}</dt><dd>{said}</dd>" for term, said in rows if said)
        return (
            f'<details class="sna-origin" id="{escape(identifier)}-origin"><summary>Where does this come from?'
            f'<span class="sna-hidden"> {escape(name)}</span></summary><dl class="sna-edition">{listed}</dl></details>'
        )

    def of_exhibit(self, item: Published) -> str:
        """Return the fold of one figure or table."""
        about = item.about
        methods = dict.fromkeys(row[item.columns.index("method")] for row in item.rows if "method" in item.columns)
        methods |= dict.fromkeys(str(found["method"]) for found in self.findings.values() if found["exhibit"] == item.id and found["method"])
        rows = f"{rows_words(len(item.rows))}, all in <a href=\"exhibits/{item.id}.csv\" download>the data file</a>"
        return self.fold(item.id, about["title"], self._rows(about, item.id, [name for name in methods if name], rows))

    def of_finding(self, identifier: str, finding: Mapping) -> str:
        """Return the fold of one sentence."""
        counts = [f"{finding[name]:,}" for name in ("numerator", "denominator") if finding.get(name) is not None]
        rows = " of ".join(counts)
        methods = [str(finding["method"])] if finding["method"] else []
        return self.fold(f"finding-{identifier}", str(finding["statement"]), self._rows(finding, identifier, methods, rows, finding["exhibit"]))

    def _rows(self, about: Mapping, identifier: str, methods: list[str], rows: str, exhibit: str | None = None) -> Iterator[tuple[str, str]]:
        yield "Sources", "".join(f"<p>{self._source(name)}</p>" for name in about["sources"])
        yield "Period", escape(period_words(about["period"]))
        yield "What is counted", escape(BASES.get(about["basis"], about["basis"]))
        yield ("Counts" if "statement" in about else "Rows used"), rows
        yield "Method", escape("; ".join(methods))
        yield "Definition of serious violence", f'{escape(self.edition.definition)} (<a href="methods.html">methods</a>)'
        yield "Figure or table", f'<a href="#{escape(exhibit)}">{escape(exhibit)}</a>' if exhibit in self.exhibits and exhibit else ""
        yield "In the edition before", self._history(identifier)
        yield "Made by", self._cell(identifier)
        yield "Stable address", f'<a href="#{self._anchor(about, identifier)}">#{self._anchor(about, identifier)}</a>, the same in every edition'

    def _history(self, identifier: str) -> str:
        """Return what the edition before said under the same id, or nothing."""
        found = self.earlier.get(identifier)
        if found is None or found.get("value") is None:
            return ""
        return f'{escape(quote(found))} in {escape(period_words(str(found["period"])))}, edition {escape(str(self.edition.previous))}'

    def _anchor(self, about: Mapping, identifier: str) -> str:
        return f"finding-{identifier}" if "statement" in about else identifier

    def _source(self, name: str) -> str:
        source = self.registry.source(name)
        title = f'<a href="{escape(source.landing_page)}">{escape(source.title)}</a>' if source.landing_page else escape(source.title)
        versions, fetched = self.inputs.get(name, ([], ""))
        more = f" and {len(versions) - MOST_VERSIONS} more" if len(versions) > MOST_VERSIONS else ""
        used = f"; version {escape(', '.join(versions[:MOST_VERSIONS]))}{more}" if versions else ""
        return f"{title}, {escape(source.publisher)}{used}{f'; read on {escape(fetched)}' if fetched else ''}."

    def _cell(self, identifier: str) -> str:
        if identifier not in self.cells:
            return ""
        chapter, number, source = self.cells[identifier]
        code = f"<pre><code>{escape(source)}</code></pre>"
        return f'<p>Cell {number} of <a href="notebooks/{chapter}.ipynb" download>the notebook {chapter}</a>:</p>{code}'


def read_origins(edition: Edition, exhibits: list[Published]) -> Origins:
    """Gather what there is to tell: registry, lock, findings, and the cell that made each."""
    path = edition.out_path / "findings.json"
    findings = json.loads(path.read_text(encoding="utf-8"))["findings"] if path.is_file() else {}
    cells = _cells(edition.root)
    return Origins(edition, {item.id: item for item in exhibits}, findings, read_registry(edition.root), cells, _inputs(edition), _earlier(edition))


def _earlier(edition: Edition) -> Mapping[str, Mapping]:
    """Return the findings that the edition before was published with, where they were kept."""
    if not edition.previous:
        return {}
    try:
        return read_issue(open_edition(edition.previous, str(edition.root)), only_kept=True).findings
    except SnaError:
        return {}


def _inputs(edition: Edition) -> dict[str, tuple[list[str], str]]:
    if not edition.lock_path.is_file():
        return {}
    found: dict[str, tuple[set[str], set[str]]] = {}
    for entry in read_lock(edition.lock_path).inputs:
        versions, dates = found.setdefault(entry.source, (set(), set()))
        versions.add(str(entry.publisher_version))
        dates.add(str(entry.retrieved))
    return {name: (sorted(versions), max(dates)) for name, (versions, dates) in found.items()}


def _cells(root: Path) -> dict[str, tuple[str, int, str]]:
    """Return, for each id a notebook's code names, chapter, number of the cell and its source; the first that names it."""
    found: dict[str, tuple[str, int, str]] = {}
    for chapter in read_chapters(root):
        for number, cell in enumerate(json.loads(chapter.path.read_text(encoding="utf-8"))["cells"], start=1):
            source = "".join(cell["source"])
            for identifier in _ID.findall(source) if cell["cell_type"] == "code" else ():
                if identifier.startswith(f"{chapter.name}-"):
                    found.setdefault(identifier, (chapter.path.stem, number, source))
    return found


def with_origins(page: str, origins: Origins, extra: Mapping[str, str]) -> str:
    """Return a page whose exhibits and findings open where they come from.

    Parameters
    ----------
    page : str
        The HTML.
    origins : Origins
        What to tell.
    extra : mapping of exhibit id to HTML
        Put below an exhibit's picture, before its data table.
    """

    def exhibit(found: re.Match) -> str:
        item = origins.exhibits.get(found[2])
        if item is None:
            return found[0]
        content = found[1].replace(TABLE, f"{extra.get(found[2], '')}{TABLE}", 1)
        return f"{content}{origins.of_exhibit(item)}</figure>"

    def statement(found: re.Match) -> str:
        finding = origins.findings.get(found[1])
        return f"{found[0]}{origins.of_finding(found[1], finding)}" if finding else found[0]

    return _STATEMENT.sub(statement, _EXHIBIT.sub(exhibit, page))
