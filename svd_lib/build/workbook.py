"""The edition as a workbook: what its sheets say, whatever the file's format.

The layout follows the Analysis Function's guidance on spreadsheets: a cover, contents, notes, then one table a sheet from
its first column, with its title above it, no merged or empty cells inside, and words for what is missing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from svd_lib.edition import Edition
from svd_lib.report.text import period_words

Cell = str | int | float
MARKERS = (
    ("[c]", "Confidential: a small count is not shown."),
    ("[u]", "Unreliable: based on fewer than 20 events."),
    ("[x]", "Not available: missing, which is not zero."),
)
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
_WORDS = {"True": "Yes", "False": "No", "": "[x]"}
LONGEST_NAME = 31


@dataclass(frozen=True)
class Published:
    """One exhibit as its files hold it: what ``<id>.json`` says, the CSV's columns and its rows of text."""

    id: str
    about: dict
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def headings(self) -> list[str]:
        """The reader's headings, each once."""
        known, said = self.about.get("columns", {}), []
        for name in self.columns:
            heading = known.get(name, name)
            said.append(heading if heading not in said else f"{heading} ({name})")
        return said


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, lines above the table, the table.

    Parameters
    ----------
    name : str
        At most 31 letters.
    lines : tuple of str
        The first is the sheet's title.
    headings : tuple of str
        Empty when the sheet has no table.
    rows : tuple of tuple
        Numbers as numbers, all else text.
    """

    name: str
    lines: tuple[str, ...]
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()


def read_published(out: Path, chapters: Sequence[str]) -> list[Published]:
    """Return every exhibit of a build, chapter by chapter, in the order the chapters show them.

    Parameters
    ----------
    out : pathlib.Path
        The build's output folder.
    chapters : sequence of str
        In reading order; what others made comes last.
    """
    order: list[str] = []
    for chapter in chapters:
        part = out / "findings" / f"{chapter}.json"
        order += json.loads(part.read_text(encoding="utf-8")).get("exhibits", []) if part.is_file() else []
    found = {path.stem for path in (out / "exhibits").glob("*.json") if not path.name.endswith(".places.json")}
    names = [*dict.fromkeys(name for name in order if name in found), *sorted(found - set(order))]
    return [_read(out / "exhibits", name) for name in names]


def _read(folder: Path, name: str) -> Published:
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        first, *rows = csv.reader(stream)
    return Published(name, about, tuple(first), tuple(map(tuple, rows)))


def sheets_of(edition: Edition, exhibits: Sequence[Published]) -> list[Sheet]:
    """Return the sheets of an edition's workbook: cover, contents, notes, and one for each exhibit."""
    names = [f"Table {number}" for number in range(1, len(exhibits) + 1)]
    tables = [_table_sheet(name, item) for name, item in zip(names, exhibits)]
    contents = tuple((name, item.about["title"], item.about["subtitle"], item.id) for name, item in zip(names, exhibits))
    return [
        Sheet("Cover", cover_lines(edition)),
        Sheet("Contents", ("Contents", "One row for each table; the first column is the name of its sheet."), ("Sheet", "Title", "What it measures", "Address on the site"), contents),
        Sheet("Notes", ("Notes", "What the marks in the tables mean."), ("Mark", "Meaning"), MARKERS),
        *tables,
    ]


def cover_lines(edition: Edition) -> tuple[str, ...]:
    """Return what the cover says: title, status, date, who made it, licence."""
    return (
        edition.title,
        f"{edition.status_line}.",
        f"Edition {edition.name}, {edition.status}. Data to {edition.period_end.day} {edition.period_end:%B %Y}.",
        *(f"{notice.kind.capitalize()}, {notice.date.day} {notice.date:%B %Y}: {notice.text}" for notice in edition.notices),
        "This workbook holds every table of the report and the data behind every figure, with the same numbers as the CSV files.",
        "Each table has a sheet of its own; the sheet Contents lists them. Missing and hidden values are marked in words: see the sheet Notes.",
        "Contains public sector information licensed under the Open Government Licence v3.0. Each sheet names its sources.",
        citation(edition),
    )


def citation(edition: Edition) -> str:
    """Return how to cite the edition."""
    maker = edition.publisher if edition.is_approved and edition.publisher else "Serious Violence Needs Assessment, open-source project"
    return f"Cite as: {maker}. {edition.title}. Edition {edition.name} ({edition.status}), data to {edition.period_end.day} {edition.period_end:%B %Y}."


def _table_sheet(name: str, item: Published) -> Sheet:
    about = item.about
    lines = [about["title"], about["subtitle"], f"Period: {period_words(about['period'])}."]
    lines += [f"What this does not show: {about['note']}"] if about.get("note") else []
    lines += [f"Source: {' '.join(about['attribution'])}"]
    return Sheet(name, tuple(lines), tuple(item.headings), tuple(_typed(item)))


def _typed(item: Published) -> Iterable[tuple[Cell, ...]]:
    numeric = [_is_numeric(column) for column in zip(*item.rows)] if item.rows else []
    hidden = item.columns.index("is_suppressed") if "is_suppressed" in item.columns else -1
    for row in item.rows:
        mark = "[c]" if hidden >= 0 and row[hidden] == "True" else "[x]"
        yield tuple(_cell(text, is_number, mark) for text, is_number in zip(row, numeric))


def _is_numeric(column: Sequence[str]) -> bool:
    known = [text for text in column if text]
    return bool(known) and all(_NUMBER.fullmatch(text) for text in known)


def _cell(text: str, is_number: bool, mark: str) -> Cell:
    if is_number and text:
        return int(text) if re.fullmatch(r"-?\d{1,15}", text) else float(text)
    return safe_text(mark if not text else _WORDS.get(text, text))


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
