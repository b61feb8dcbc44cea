"""A partner's file checked cell by cell in one pass: a report of everything wrong, and counts by coarse values alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from svd_lib.ingest.partners.extract import Extract, Row
from svd_lib.ingest.partners.identifiers import find_identifiers, identifier_of_header
from svd_lib.ingest.partners.kinds import ROLES, SYNTHETIC, TIMES, YES, Field, Kind, plain
from svd_lib.ingest.partners.problems import Report, letters
from svd_lib.ingest.partners.values import Coarse, Context, Unfit, is_blank, reader_of, text_of, trick_of

MOST_REMEMBERED = 20_000
"""Different values of one column whose reading is remembered."""

Counts = dict[tuple[str, ...], Counter]
"""Aggregate -> counts by the values of its dimensions."""


@dataclass
class Intake:
    """What became of a file.

    Parameters
    ----------
    kind : Kind
        Of the extract.
    report : Report
        Everything wrong; when there is anything, the counts mean nothing.
    counts : dict
        By aggregate.
    rows : int
        Rows read.
    texts : list of (str, str)
        Free-text answers of a survey, with the question's number.
    months : set of str
        Months that hold a row.
    is_synthetic : bool
        Whether any row is marked as made up.
    """

    kind: Kind
    report: Report = field(default_factory=Report)
    counts: Counts = field(default_factory=dict)
    rows: int = 0
    texts: list[tuple[str, str]] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    is_synthetic: bool = False

    def note(self, coarse: Coarse) -> None:
        """Remember what a row says about the whole file: its month, and whether it is made up."""
        if "month" in coarse:
            self.months.add(coarse["month"])
        self.is_synthetic |= coarse.get(SYNTHETIC.name) == YES


def take_in(extract: Extract, kind: Kind, context: Context, months: tuple[str, str] | None = None) -> Intake:
    """Check a file of a kind with named columns and count it.

    Parameters
    ----------
    extract : Extract
        From :func:`svd_lib.ingest.partners.extract.open_extract`.
    kind : Kind
        Any but the survey.
    context : Context
        Districts, offence codes and the edition's last day.
    months : tuple of str, optional
        First and last month of the rows that are counted; all when absent.

    Raises
    ------
    SnaError
        When the file cannot be read to its end.
    """
    intake = Intake(kind)
    rows = extract.rows()
    _, header = next(rows, (0, []))
    note_flaws(extract, intake.report)
    columns = _columns(header, kind, intake.report)
    readers = [_Reader(place, one, reader_of(one, context)) for place, one in columns.items()]
    counter = _People(kind) if kind.counts_people else _Rows(kind)
    for number, cells in _checked_rows(rows, header, intake):
        coarse: Coarse = {}
        for reader in readers:
            coarse |= reader.read(cells, number, intake.report)
        intake.note(coarse)
        if months and not months[0] <= coarse.get("month", "") <= months[1]:
            continue
        counter.add(coarse, _key_of(readers, cells))
    intake.counts = counter.counts()
    return intake


def note_flaws(extract: Extract, report: Report) -> None:
    """Put a workbook's formulas, merged cells and links into the report."""
    for code, column, row in extract.flaws:
        report.add(code, column, row)


def _checked_rows(rows: Iterator[Row], header: list[object], intake: Intake) -> Iterator[Row]:
    """Yield rows as wide as the header, without the template's explanations; those of another width are reported."""
    width = len(header)
    for number, cells in rows:
        if text_of(cells[0]).startswith("#"):
            continue  # the template's row of explanations
        intake.rows += 1
        if len(cells) != width and (len(cells) < width or not all(is_blank(cell) for cell in cells[width:])):
            intake.report.add("width", row=number)
            continue
        yield number, cells
    if not intake.rows:
        intake.report.add("no-rows")


def _columns(header: Sequence[object], kind: Kind, report: Report) -> dict[int, Field]:
    """Return which position holds which column; what does not fit the template is reported by position alone."""
    names = {plain(word): one for one in (*kind.fields, SYNTHETIC) for word in (one.name, *one.also)}
    found: dict[int, Field] = {}
    for place, cell in enumerate(header):
        one = names.get(plain(text_of(cell)))
        report.labels[place + 1] = f"column {place + 1} ({letters(place + 1)}{f', {one.name}' if one else ''})"
        if one is None:
            _report_header(place + 1, text_of(cell), report)
        elif one in found.values():
            report.add("header-twice", place + 1)
        else:
            found[place] = one
    for number, one in enumerate(kind.fields, start=1):
        if one not in found.values() and one.required:
            report.labels[-number] = f"the column '{one.name}'"
            report.add("header-missing", -number)
    return found


def _report_header(column: int, text: str, report: Report) -> None:
    if not text:
        return
    kinds = find_identifiers(text)
    promised = identifier_of_header(plain(text))
    if kinds or promised:
        report.add(f"identifier:{promised or kinds[0]}", column)
    else:
        report.add(trick_of(text) or "header-unknown", column)


class _Reader:
    """Reads one column and remembers what it has read."""

    def __init__(self, place: int, one: Field, read: Callable[[object], Coarse]) -> None:
        self.place, self.field, self._read = place, one, read
        self._known: dict[object, Coarse | str] = {}

    def read(self, cells: list[object], number: int, report: Report) -> Coarse:
        """Return the coarse values of a row's cell; an unfit cell is reported and yields nothing."""
        value = cells[self.place]
        found = self._known.get(value)
        if found is None:
            found = self._fresh(value)
            if len(self._known) < MOST_REMEMBERED:
                self._known[value] = found
        if isinstance(found, str):
            report.add(found, self.place + 1, number)
            return {}
        return found

    def _fresh(self, value: object) -> Coarse | str:
        try:
            return self._read(value)
        except Unfit as problem:
            return str(problem)


def _key_of(readers: list[_Reader], cells: list[object]) -> str:
    return next((text_of(cells[reader.place]) for reader in readers if reader.field.type == "person"), "")


class _Rows:
    """Counts every row."""

    def __init__(self, kind: Kind) -> None:
        self._counts: Counts = {dimensions: Counter() for dimensions in kind.aggregates}

    def add(self, coarse: Coarse, key: str) -> None:
        """Count one row; one with a problem has gaps and is left out."""
        for dimensions, counter in self._counts.items():
            values = tuple(coarse.get(name, "") for name in dimensions)
            if all(values):
                counter[values] += 1

    def counts(self) -> Counts:
        """Return the counts."""
        return self._counts


class _People:
    """Counts every person once: by the first row's age, sex and ethnic group, all roles, and the number of rows as a victim or suspect."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._people: dict[str, tuple[Coarse, set[str], int]] = {}

    def add(self, coarse: Coarse, key: str) -> None:
        """Note one row of a person."""
        first, roles, times = self._people.get(key, (coarse, set(), 0))
        roles.add(coarse.get("role", ""))
        self._people[key] = (first, roles, times + 1)

    def counts(self) -> Counts:
        """Return counts of people."""
        counter = _Rows(self._kind)
        for first, roles, times in self._people.values():
            counter.add(first | {"role": _role(roles), "times": TIMES[min(times, len(TIMES)) - 1]}, "")
        return counter.counts()


def _role(roles: set[str]) -> str:
    if {"victim", "suspect"} <= roles:
        return ROLES[2]
    return next((f"{role} only" for role in ("victim", "suspect") if role in roles), "")
