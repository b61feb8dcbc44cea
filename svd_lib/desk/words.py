"""Slots for a partnership's words: which exhibits can have some, and a slot started or filled."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from svd_lib.build.cards import page_of
from svd_lib.build.chapters import read_chapters
from svd_lib.build.words import WHOLE, commentary_file, read_commentary
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.lock import write_atomically


def list_slots(edition: Edition) -> list[str]:
    """Return a line for every exhibit of a built edition: its id, whether the partnership has words on it, its title.

    Raises
    ------
    SnaError
        When the edition is not built, or its commentary is not in order.
    """
    chapters, titles = [chapter.name for chapter in read_chapters(edition.root)], _titles(edition)
    lines = []
    for chapter in chapters:
        filled = {one.slot for one in read_commentary(edition, chapter)}
        exhibits = [(name, title) for name, title in titles.items() if page_of(name, chapters) == chapter]
        lines += [f"{chapter} ({WHOLE}){'  has words' if WHOLE in filled else ''}"]
        lines += [f"  {name}{'  has words' if name in filled else ''}  {title}" for name, title in exhibits]
    return lines


def start_slot(edition: Edition, exhibit: str, author: str, day: date | None, text: str = "") -> tuple[Path, int]:
    """Add a slot to a chapter's commentary, filled when there is a text; one that is there already is left as it is.

    Parameters
    ----------
    edition : Edition
        A built edition.
    exhibit : str
        An exhibit's id, or a chapter's name for the chapter as a whole.
    author : str
        Role or office.
    day : datetime.date, optional
        When the words were written; left to be filled in when absent.
    text : str, optional
        The words.

    Returns
    -------
    tuple of Path and int
        The file, and the line of the slot's heading.

    Raises
    ------
    SnaError
        When there is no such exhibit, the slot has words already, or the words are not fit to be published; the file is left as it was.
    """
    chapters = [chapter.name for chapter in read_chapters(edition.root)]
    chapter = exhibit if exhibit in chapters else page_of(exhibit, chapters)
    if exhibit not in chapters and exhibit not in _titles(edition):
        raise SnaError(f"{edition.name} as it is built has no exhibit '{exhibit}'; 'sna words' lists them.")
    slot, path = WHOLE if exhibit in chapters else exhibit, commentary_file(edition, chapter)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if line := _line_of(slot, before):
        if text:
            raise SnaError(f"commentary/{path.name} has the slot {slot} already; edit it there.")
        return path, line
    after = f"{before.rstrip()}\n\n" if before.strip() else ""
    after += f"## {slot}\nauthor: {author}\ndate: {day.isoformat() if day else ''}\n\n{text}".rstrip() + "\n"
    _check(edition, chapter, after)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, after.encode())
    return path, _line_of(slot, after)


def _line_of(slot: str, content: str) -> int:
    """Return the line of a slot's heading, counted from one; nought where there is none."""
    heading = re.compile(rf"## +{re.escape(slot)}\s*")
    return next((number for number, line in enumerate(content.splitlines(), start=1) if heading.fullmatch(line)), 0)


def _check(edition: Edition, chapter: str, content: str) -> None:
    """Read what would be written as it will be read."""
    with tempfile.TemporaryDirectory(prefix="sna-words-") as scratch:
        tried = replace(edition, folder=Path(scratch))
        tried.commentary_path.mkdir()
        commentary_file(tried, chapter).write_text(content, encoding="utf-8")
        read_commentary(tried, chapter)


def _titles(edition: Edition) -> dict[str, str]:
    """Return the title of every exhibit of a built edition."""
    folder = edition.out_path / "exhibits"
    if not folder.is_dir():
        raise SnaError(f"{edition.name} is not built; run 'sna build --edition {edition.name}' first.")
    files = (path for path in sorted(folder.glob("*.json")) if not path.name.endswith(".places.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))["title"] for path in files}
