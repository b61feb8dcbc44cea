"""Commentary: a partnership's own words on an exhibit or a chapter, with author and date.

``commentary/<chapter>.md`` of an edition holds slots, each with three parts: a heading with the id of an exhibit of the
chapter or the word ``chapter``, the lines ``author:`` and ``date:``, and after a blank line the words. They are plain
text: blank lines part paragraphs, and only ``{finding}`id` `` and its like means anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.identifiers import KINDS, clean, find_identifiers

WHOLE = "chapter"
"""The slot of words on the chapter as a whole."""
MOST_WORDS = 150
README = "README.md"
"""Explains the folder; it is shown nowhere."""
_SLOT = re.compile(r"^## +(\S.*?)\s*$")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_FIELD = re.compile(r"^(author|date):\s*(.*?)\s*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass
class Words:
    """What a partnership says in one slot.

    Attributes
    ----------
    slot : str
        An exhibit's id, or ``chapter``.
    path : pathlib.Path
        The file.
    line : int
        Line of the slot's heading.
    author : str
    day : datetime.date
    paragraphs : list of (int, str)
        Line and text of each; none in a slot that is not filled yet.
    """

    slot: str
    path: Path
    line: int
    author: str = ""
    day: date = date.min
    paragraphs: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All paragraphs, parted by blank lines."""
        return "\n\n".join(text for _, text in self.paragraphs)


def commentary_file(edition: Edition, chapter: str) -> Path:
    """Return the file of an edition's words on a chapter; it need not exist."""
    return edition.commentary_path / f"{chapter}.md"


def read_commentary(edition: Edition, chapter: str) -> tuple[Words, ...]:
    """Return the filled slots of a chapter, in the file's order.

    Parameters
    ----------
    edition : Edition
    chapter : str
        Name, like ``trends``.

    Raises
    ------
    SnaError
        When something is not as it must be; the sentence names file and line, and repeats no text that points at a person.
    """
    path = commentary_file(edition, chapter)
    if not path.is_file():
        return ()
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SnaError(f"{_name(path)} is not text in UTF-8; save it again in that encoding.") from None
    slots = list(_slots(path, content))
    names = [one.slot for one in slots]
    for one in slots:
        if names.count(one.slot) > 1:
            raise _fault(path, one.line, f"the slot {one.slot} is there twice; put its words under one heading")
    return tuple(one for one in slots if one.paragraphs)


def check_files(edition: Edition, chapters: list[str]) -> None:
    """Refuse a file that is of no chapter, whose words would appear nowhere.

    Raises
    ------
    SnaError
        With the chapters there are.
    """
    for path in sorted(edition.commentary_path.glob("*")):
        if path.name != README and (path.suffix != ".md" or path.stem not in chapters):
            raise SnaError(f"{_name(path)} is of no chapter; commentary files are {', '.join(f'{name}.md' for name in chapters)}.")


def check_slots(words: tuple[Words, ...], exhibits: list[str]) -> None:
    """Refuse words on an exhibit that the chapter does not show.

    Parameters
    ----------
    words : tuple of Words
        Of one chapter.
    exhibits : list of str
        Ids that its page shows.

    Raises
    ------
    SnaError
        With the exhibits there are: words are never left out silently.
    """
    for one in words:
        if one.slot not in (WHOLE, *exhibits):
            listed = ", ".join(exhibits) or "none"
            raise _fault(one.path, one.line, f"the chapter shows no exhibit {one.slot}; it shows {listed}. Put the words under one of these, or under '{WHOLE}'")


def _slots(path: Path, content: str) -> Iterator[Words]:
    """Yield every slot, filled or not."""
    current: list[tuple[int, str]] = []
    heading: tuple[int, str] | None = None
    for number, line in enumerate(re.split("\r?\n", content), start=1):
        if _CONTROL.search(line) or any(clean(sign) == "" for sign in line):
            raise _fault(path, number, "holds a character that cannot be seen; type the text anew")
        if found := _SLOT.match(line):
            if heading:
                yield _words(path, heading, current)
            heading, current = (number, found[1]), []
        elif heading:
            current.append((number, line))
        elif line.strip():
            raise _fault(path, number, f"stands in no slot; begin with '## ' and an exhibit's id, or '## {WHOLE}'")
    if heading:
        yield _words(path, heading, current)


def _words(path: Path, heading: tuple[int, str], lines: list[tuple[int, str]]) -> Words:
    """Return one slot from its heading and the lines below."""
    line, slot = heading
    if not _NAME.fullmatch(slot):
        raise _fault(path, line, f"is not an exhibit's id, nor '{WHOLE}'")
    fields, rest = _fields(path, lines)
    words = Words(slot, path, line, fields.get("author", ""), paragraphs=_paragraphs(rest))
    if words.paragraphs:
        if not words.author:
            raise _fault(path, line, "has no author; add a line 'author: ' with a role or an office")
        words.day = _day(path, line, fields.get("date", ""))
        _screen(words)
    return words


def _fields(path: Path, lines: list[tuple[int, str]]) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Return author and date, and the lines after them."""
    fields: dict[str, str] = {}
    for place, (number, line) in enumerate(lines):
        found = _FIELD.match(line)
        if not found and (line.strip() or fields):
            return fields, lines[place:]
        if found and found[1] in fields:
            raise _fault(path, number, f"says the {found[1]} a second time")
        if found:
            fields[found[1]] = found[2]
    return fields, []


def _paragraphs(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    is_open = False
    for number, line in lines:
        text = " ".join(line.split())
        if text and is_open:
            found[-1] = (found[-1][0], f"{found[-1][1]} {text}")
        elif text:
            found.append((number, text))
        is_open = bool(text)
    return found


def _day(path: Path, line: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _fault(path, line, "has no date; add a line like 'date: 2026-03-12'") from None


def _screen(words: Words) -> None:
    """Refuse what is too long or points at a person."""
    count = len(words.text.split())
    if count > MOST_WORDS:
        raise _fault(words.path, words.line, f"holds {count} words; at most {MOST_WORDS} are read beside a figure")
    for line, text in words.paragraphs:
        if kinds := find_identifiers(text):
            raise _fault(words.path, line, f"holds {KINDS[kinds[0]]}; words that are published name nobody")
    if kinds := [kind for kind in find_identifiers(words.author) if kind != "name"]:
        raise _fault(words.path, words.line, f"names an author with {KINDS[kinds[0]]}; give a role or an office")


def _fault(path: Path, line: int, what: str) -> SnaError:
    return SnaError(f"{_name(path)}, line {line}: {what}.")


def _name(path: Path) -> str:
    return f"commentary/{path.name}"
