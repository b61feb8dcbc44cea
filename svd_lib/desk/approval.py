"""An edition's status: who approved it and when, what has been corrected since, whether it was withdrawn."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from svd_lib.edition import Edition, read_edition
from svd_lib.errors import SnaError
from svd_lib.sources.lock import write_atomically


def approve(edition: Edition, body: str, day: date, publisher: str | None = None) -> Edition:
    """Set an edition's status to approved, by a body on a day, and return the edition as it now is.

    Parameters
    ----------
    edition : Edition
        A committed edition.
    body : str
        The body that approved it.
    day : datetime.date
        When it did; not before the edition's period ended.
    publisher : str, optional
        The public body that publishes it; the body that approved it when absent.

    Raises
    ------
    SnaError
        When the edition is one made on the fly, or the day is before the period's end.
    """
    _refuse_made_on_the_fly(edition)
    if day <= edition.period_end:
        raise SnaError(f"{edition.name} covers the time to {edition.period_end}; it cannot have been approved on {day}.")
    fields = {"status": "approved", "approved_by": body, "approved_on": day.isoformat(), "publisher": publisher or body}
    return set_fields(edition, fields)


def withdraw_approval(edition: Edition) -> Edition:
    """Set an edition back to a draft that nobody has approved, and return it."""
    return set_fields(edition, {"status": "draft", "approved_by": None, "approved_on": None})


def add_notice(edition: Edition, kind: str, day: date, text: str) -> Edition:
    """Add a correction or a withdrawal to an edition's notices, and return the edition.

    Parameters
    ----------
    edition : Edition
        A committed edition.
    kind : str
        ``correction`` or ``withdrawal``.
    day : datetime.date
        When.
    text : str
        One sentence: what was wrong and what is right.

    Raises
    ------
    SnaError
        When the sentence is empty or spans lines, or the edition was made on the fly.
    """
    _refuse_made_on_the_fly(edition)
    if not text.strip() or "\n" in text:
        raise SnaError("The notice must be one sentence on one line: what was wrong and what is right.")
    row = f"  - {{kind: {kind}, date: {day.isoformat()}, text: {json.dumps(text.strip(), ensure_ascii=False)}}}"
    lines = (edition.folder / "edition.yml").read_text(encoding="utf-8").rstrip("\n").split("\n")
    lines = [line for line in lines if line.strip() not in ("notices: []", "notices: null")]
    if "notices:" not in lines:
        lines.append("notices:")
    last = lines.index("notices:") + 1
    while last < len(lines) and lines[last].startswith((" ", "-")):
        last += 1
    return _write(edition, "\n".join([*lines[:last], row, *lines[last:]]) + "\n")


def _refuse_made_on_the_fly(edition: Edition) -> None:
    if edition.folder.parent.name != "editions":
        raise SnaError(f"{edition.name} was made on the fly and belongs to nobody; start it with 'sna new' first.")


def set_fields(edition: Edition, fields: Mapping[str, str | None]) -> Edition:
    """Change fields of ``edition.yml`` where they stand, comments and order kept; nothing is written that breaks a rule."""
    text = (edition.folder / "edition.yml").read_text(encoding="utf-8")
    for name, value in fields.items():
        text = _with_field(text, name, value)
    return _write(edition, text)


def _write(edition: Edition, text: str) -> Edition:
    """Write ``edition.yml`` once a trial reading of the new text has found nothing wrong."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / edition.name
        trial.mkdir()
        (trial / "edition.yml").write_text(text, encoding="utf-8")
        read_edition(trial, Path(folder))
    write_atomically(edition.folder / "edition.yml", text.encode())
    return read_edition(edition.folder, edition.root)


def _with_field(text: str, name: str, value: str | None) -> str:
    written = "null" if value is None else value if re.fullmatch(r"\d{4}-\d\d-\d\d|[a-z]+", value) else json.dumps(value, ensure_ascii=False)
    line = f"{name}: {written}"
    changed, count = re.subn(rf"(?m)^{name}:.*$", lambda _: line, text)
    return changed if count else text.rstrip("\n") + f"\n{line}\n"
