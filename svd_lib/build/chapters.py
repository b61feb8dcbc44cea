"""The chapters of the report: which notebooks there are, what each needs, and in which order they may run."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from svd_lib.errors import SnaError
from svd_lib.yaml_text import read_yaml


@dataclass(frozen=True)
class Chapter:
    """One notebook of the report.

    Parameters
    ----------
    name : str
        File name without its ending; the first part of every finding's id.
    path : pathlib.Path
        The committed notebook.
    needs : tuple of str
        Tidy tables the chapter reads.
    quotes : tuple of str
        Chapters whose findings it quotes; they run first.
    cells : int
        Number of code cells.
    """

    name: str
    path: Path
    needs: tuple[str, ...] = field(default=())
    quotes: tuple[str, ...] = field(default=())
    cells: int = 0


def documents_of(toc: dict) -> list[str]:
    """Return every document of a table of contents, in reading order, with the root first.

    Parameters
    ----------
    toc : dict
        A parsed ``_toc.yml``.
    """
    found = [toc["root"]]
    for part in [toc, *toc.get("parts", [])]:
        found += _below(part.get("chapters", []) + part.get("sections", []))
    return found


def _below(entries: Iterable[dict]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        found += [entry["file"]] if "file" in entry else []
        found += _below(entry.get("sections", []))
    return found


def read_toc(root: Path) -> dict:
    """Return the project's table of contents.

    Raises
    ------
    SnaError
        If the file is missing or names a page that is not there.
    """
    path = root / "_toc.yml"
    if not path.is_file():
        raise SnaError(f"{path} is missing; it lists the report's pages in reading order.")
    toc = read_yaml(path.read_text(encoding="utf-8"))
    for document in documents_of(toc):
        if source_of(root, document) is None:
            raise SnaError(f"{path} names '{document}', but there is no {document}.ipynb or {document}.md.")
    return toc


def source_of(root: Path, document: str) -> Path | None:
    """Return the file of a document named without its ending, or None."""
    candidates = (root / f"{document}{ending}" for ending in (".ipynb", ".md"))
    return next((path for path in candidates if path.is_file()), None)


def read_chapters(root: Path) -> list[Chapter]:
    """Return the chapters that the table of contents lists, in an order in which they can run.

    Raises
    ------
    SnaError
        If a chapter quotes one that does not exist, or two quote each other.
    """
    paths = (source_of(root, document) for document in documents_of(read_toc(root)))
    chapters = [read_chapter(path) for path in paths if path is not None and path.suffix == ".ipynb"]
    return in_running_order(chapters)


def read_chapter(path: Path) -> Chapter:
    """Return one notebook's name, tables, quoted chapters and number of code cells."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SnaError(f"{path}: line {error.lineno} is not valid JSON; open and save the notebook again.") from error
    declared = notebook["metadata"].get("sna", {})
    return Chapter(
        name=path.stem,
        path=path,
        needs=tuple(declared.get("needs", ())),
        quotes=tuple(declared.get("quotes", ())),
        cells=sum(cell["cell_type"] == "code" for cell in notebook["cells"]),
    )


def in_running_order(chapters: list[Chapter]) -> list[Chapter]:
    """Return the chapters so that each stands after those it quotes, otherwise as given."""
    waiting, ordered = list(chapters), []
    while waiting:
        chapter = next_ready(waiting, {done.name for done in ordered})
        if chapter is None:
            raise SnaError(_why_none_is_ready(waiting, chapters))
        waiting.remove(chapter)
        ordered.append(chapter)
    return ordered


def longest_road_first(chapters: Iterable[Chapter]) -> list[Chapter]:
    """Return the chapters so that those come first which, with all that waits for them, take longest by their cells."""
    chapters = list(chapters)

    def road(chapter: Chapter) -> int:
        return chapter.cells + max((road(other) for other in chapters if chapter.name in other.quotes), default=0)

    return sorted(chapters, key=road, reverse=True)


def next_ready(waiting: Iterable[Chapter], done: Collection[str]) -> Chapter | None:
    """Return the first chapter all of whose quoted chapters are done, or None."""
    return next((chapter for chapter in waiting if set(chapter.quotes) <= set(done)), None)


def _why_none_is_ready(waiting: list[Chapter], chapters: list[Chapter]) -> str:
    known = {chapter.name for chapter in chapters}
    for chapter in waiting:
        for quoted in chapter.quotes:
            if quoted not in known:
                return f"{chapter.path}: quotes the chapter '{quoted}', which _toc.yml does not list."
    names = ", ".join(chapter.name for chapter in waiting)
    return f"The chapters {names} quote each other in a circle; take one 'quotes' entry out of a notebook's metadata."
