"""Auditing an edition: attack what it publishes, with the tables before disclosure control at hand, and stop the build on a leak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from svd_lib.build.guarded import partner_tables, small_indicators
from svd_lib.build.run import PARTNER_TABLES
from svd_lib.disclosure.published import Record, read_bytes, read_published
from svd_lib.disclosure.verdict import Verdict, judge
from svd_lib.edition import Edition, open_edition, read_edition
from svd_lib.errors import SnaError

PUBLISHED = ("html", "exhibits", "findings.json", "recommendations.json", "provenance.json")


def audit_edition(edition: Edition, tables: Path | None = None, published: Path | None = None) -> Verdict:
    """Attack what a built edition publishes, together with what the edition before it published.

    Parameters
    ----------
    edition : Edition
        Built.
    tables : pathlib.Path, optional
        Folder of tidy tables before disclosure control; the build's own when absent.
    published : pathlib.Path, optional
        Folder of the published files; the build folder when absent.

    Returns
    -------
    Verdict
        Of partners' tables and of open indicators with small counts. Without them nothing is protected and there are no leaks.

    Raises
    ------
    SnaError
        When the edition was not built.
    """
    place = published or edition.build_path
    if not (place / "html").is_dir():
        raise SnaError(f"{edition.name} has no site in {place}; run 'sna build --edition {edition.name}' first.")
    guarded = [*partner_tables(edition, tables or edition.build_path / PARTNER_TABLES), *small_indicators(edition)]
    return judge(_everything(edition, place), guarded)


def synthetic_twin(edition: Edition) -> Edition:
    """Return the twin with made-up partner data that ``sna build --with-synthetic-partners`` made of an edition.

    Raises
    ------
    SnaError
        When it was not built.
    """
    folder = edition.root / "_build" / f"{edition.slug}-synthetic-partners-{edition.period_end.year}" / "edition"
    if not folder.is_dir():
        raise SnaError(f"{edition.name} has no twin with synthetic partner data; run 'sna build --edition {edition.name} --with-synthetic-partners' first.")
    return read_edition(folder, edition.root)


def check_release(edition: Edition, published: Path) -> None:
    """Stop a build whose pages would give a protected count away.

    Raises
    ------
    SnaError
        Naming the first leak's cell and the exhibits that together give it away, never a value.
    """
    found = audit_edition(edition, published=published).leaks
    if found:
        rest = f" ({len(found) - 1} more; run 'sna audit --edition {edition.name}')" if len(found) > 1 else ""
        raise SnaError(f"The site was not published: {found[0].sentence}{rest}", exit_code=1)


def _everything(edition: Edition, place: Path) -> Iterator[Record]:
    yield from published_records(place)
    if edition.previous:
        earlier = open_edition(edition.previous, str(edition.root)).build_path
        yield from published_records(earlier, f"{edition.previous}/")


def published_records(place: Path, before: str = "") -> Iterator[Record]:
    """Yield every record of what a build folder publishes."""
    words = exhibit_words(place / "exhibits")
    for name in PUBLISHED:
        path = place / name
        if path.is_dir():
            yield from _named(read_published(path, words), before)
        elif path.is_file():
            yield from _named(_one_file(path, words), before)


def _one_file(path: Path, words: dict[str, str]) -> Iterator[Record]:
    yield from read_bytes(path.read_bytes(), path.name, path.stem, words)


def _named(records: Iterator[Record], before: str) -> Iterator[Record]:
    return (Record(f"{before}{one.where}", one.about, one.fields) for one in records) if before else records


def exhibit_words(folder: Path) -> dict[str, str]:
    """Return what each exhibit says it is about: title, subtitle, note and sources."""
    found = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        held = json.loads(path.read_text(encoding="utf-8"))
        said = [str(held.get(name, "")) for name in ("title", "subtitle", "note")]
        found[path.stem] = " ".join([*said, *map(str, held.get("sources", []))])
    return found


def report_lines(edition: Edition, verdict: Verdict) -> list[str]:
    """Return the audit as lines for a terminal."""
    lines = [
        f"{name}: {held['cells']:,} cells, {held['protected']:,} protected, {held['published']:,} published numbers linked"
        for name, held in verdict.tables.items()
    ]
    lines += [leak.sentence for leak in verdict.leaks]
    verb = f"{len(verdict.leaks)} can be worked out" if verdict.leaks else "none can be worked out"
    return [*lines, f"{edition.name}: {verdict.records:,} records read, {verdict.protected:,} protected counts, {verb}"]

