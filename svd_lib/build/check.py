"""The gate that needs no build: notebooks, contents, editions, sources and facts, each by its own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from svd_lib.build.chapters import documents_of, read_chapters, read_toc
from svd_lib.build.lint import area_names, lint_notebook, lint_pages
from svd_lib.edition import Edition, list_editions
from svd_lib.errors import SnaError
from svd_lib.report.facts import load_facts
from svd_lib.sources.lock import read_lock
from svd_lib.sources.registry import read_registry

MOST_ENTRIES = 10


def check_project(root: Path) -> list[str]:
    """Return one sentence per problem found in a project's files; nothing is executed or built."""
    names = area_names(root)
    problems = [problem for path in sorted((root / "notebooks").glob("*.ipynb")) for problem in lint_notebook(path, names)]
    problems += lint_pages(root, names)
    for part in (_contents, _chapters, _editions, _sources, _facts):
        problems += _spoken(part, root)
    return problems


def _spoken(part: Callable[[Path], Iterator[str]], root: Path) -> list[str]:
    """Run one part of the check; what it refuses with a sentence is a problem too."""
    try:
        return list(part(root))
    except SnaError as problem:
        return [str(problem)]


def _contents(root: Path) -> Iterator[str]:
    toc = read_toc(root)
    listed = set(documents_of(toc))
    for path in sorted([*root.glob("notebooks/*.ipynb"), *root.glob("book/*.md")]):
        document = path.relative_to(root).with_suffix("").as_posix()
        if document not in listed:
            yield f"{document}: is not in _toc.yml; list it or take it away."
    entries = 1 + len(toc.get("chapters", []))
    if entries > MOST_ENTRIES:
        yield f"_toc.yml has {entries} entries at the top; at most {MOST_ENTRIES} are allowed."


def _chapters(root: Path) -> Iterator[str]:
    read_chapters(root)
    yield from ()


def _editions(root: Path) -> Iterator[str]:
    for edition in list_editions(root):
        read_lock(edition.lock_path)
        if edition.inputs == "embedded" and not (edition.snapshot_path / "view.json").is_file():
            yield f"{edition.name}: says its inputs are embedded, but has no snapshot; run 'sna snapshot --edition {edition.name}'."
        if edition.is_synthetic:
            yield f"{edition.name}: has made-up partner data; such an edition lives under _build and is never committed."
        yield from _cleared(edition)


def _cleared(edition: Edition) -> Iterator[str]:
    """Look that nothing but released tables and quotations lies in ``cleared/``, each as it was released."""
    folder = edition.folder / "cleared"
    if not folder.is_dir():
        return
    # cleared tables are read by pandas, which most projects' checks do without
    from svd_lib.ingest.partners.cleared import QUOTES_FILE, cleared_kinds, read_cleared, read_quotes

    kinds = cleared_kinds(edition)
    known = {QUOTES_FILE} | {f"{kind.id}{ending}" for kind in kinds for ending in (".csv", ".json", "-audit.md")}
    yield from (f"{edition.name}: cleared/{path.name} is not part of a release; take it out." for path in sorted(folder.iterdir()) if path.name not in known)
    read_quotes(edition)
    for kind in kinds:
        read_cleared(edition, kind)


def _sources(root: Path) -> Iterator[str]:
    registry = read_registry(root)
    for edition in list_editions(root):
        for source in sorted({entry.source for entry in read_lock(edition.lock_path).inputs}):
            registry.source(source)
    yield from ()


def _facts(root: Path) -> Iterator[str]:
    load_facts(root)
    yield from ()
