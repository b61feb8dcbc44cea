"""One report of everything wrong with a file: where, how often, what to do; bounded, and without a value of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

from svd_lib.ingest.partners.identifiers import KINDS as IDENTIFIERS

MOST_LINES = 40
MOST_ROWS = 5
WHOLE_FILE = 0
"""Column number of a problem of the file as a whole."""

REMEDIES: dict[str, tuple[str, str]] = {
    "missing": ("is empty where every row must have a value", "fill it in at the source, or leave the row out"),
    "date-as-number": ("holds a number where a date should be", "format the column as a date and export again"),
    "date-two-digit-year": ("has a year of two digits", "write the year with four digits, as 2025-03-31"),
    "date-month-first": ("has dates with the month first", "write dates as 2025-03-31 or 31/03/2025"),
    "date-unreadable": ("does not hold a date", "write dates as 2025-03-31 or 31/03/2025"),
    "date-too-early": ("holds a date before the year 2000", "correct the date at the source"),
    "date-too-late": ("holds a date after the edition's last day", "leave out rows after the edition's period, or add the file to a later edition"),
    "time-as-number": ("holds a number where a time should be", "format the column as a time and export again"),
    "time-unreadable": ("does not hold a time of day", "write times as 23:15"),
    "age-with-unit": ("mixes units: a number with a word or a fraction", "write every age in whole years, as a number alone"),
    "age-birth-year": ("holds a year of birth", "write the age in whole years; a year of birth is not needed"),
    "age-out-of-range": ("holds an age under 0 or over 120", "check the unit: ages are in whole years"),
    "age-unreadable": ("does not hold an age", "write the age in whole years or one of the template's age bands"),
    "area-unknown": ("names no area that is known here", "write a 2021 or 2011 LSOA code, or a district's name or code"),
    "area-sector": ("holds part of a postcode", "write an LSOA code or a district instead; part of a postcode cannot be placed"),
    "area-coordinates": ("holds coordinates", "write an LSOA code or a district instead; a point is finer than the purpose needs"),
    "value-unknown": ("holds a value that the template does not list", "use the values of 'sna partner template', or ask for a spelling to be added"),
    "code-unknown": ("holds a code that is not in the project's table of offence codes", "correct the code, or have it added to data/reference/offence_codes.csv"),
    "key-unsuitable": ("holds keys that are too short, too long or have blanks", "make a key for this extract alone, of 8 to 64 letters and digits"),
    "key-is-number": ("holds keys that are plain numbers or names, which other systems may use too", "make a key for this extract alone, with letters and digits"),
    "formula": ("holds a formula", "replace formulas by their values and save again"),
    "formula-text": ("begins with a character that a spreadsheet would run as a formula", "take the character =, +, -, @ or tab off the front"),
    "control": ("holds control, invisible or text-direction characters", "take them out; copy the text through a plain editor"),
    "too-long": ("is longer than 5,000 characters", "shorten it, or leave the column out"),
    "width": ("has more or fewer cells than the header", "check for stray delimiters and unquoted line breaks, and export again"),
    "merged": ("is part of merged cells", "undo merged cells and write one header over each column"),
    "header-missing": ("is not there, and every file of this kind needs it", "add the column under the template's name"),
    "header-twice": ("is there more than once", "keep one column of each name"),
    "header-unknown": ("has a header that the template does not list", "take the column out, or name it as in the template; only listed columns are taken"),
    "header-blank": ("has cells but no header", "name the column as in the template, or take it out"),
    "header-second-row": ("lacks the second header row of a survey tool", "export with the questions in the first row and 'Response' or the options in the second"),
    "one-reader": ("holds themes that only one reader has marked", "have a second person mark the same themes in the same answers, without seeing the first marks"),
    "no-rows": ("holds no rows under the header", "export again with rows"),
    "link": ("holds links", "take hyperlinks out: they can carry e-mail addresses and fetch from elsewhere"),
    "period-months": ("covers more than ten years", "split it, or leave out what the edition does not need"),
}  # fmt: skip
"""Code -> what is wrong, and what to do about it."""


@dataclass
class Found:
    """One problem of one column: how often, and in which rows first."""

    count: int = 0
    rows: list[int] = field(default_factory=list)


@dataclass
class Report:
    """Everything wrong with a file.

    Parameters
    ----------
    labels : dict of int to str
        Column number, from 1 -> how it is called: its position and, where the template has it, its name.
    """

    labels: dict[int, str] = field(default_factory=dict)
    found: dict[tuple[int, str], Found] = field(default_factory=dict)

    def add(self, code: str, column: int = WHOLE_FILE, row: int | None = None) -> None:
        """Note one problem; ``code`` is a key of :data:`REMEDIES`, or ``identifier:`` and a kind of identifier."""
        one = self.found.setdefault((column, code), Found())
        one.count += 1
        if row is not None and len(one.rows) < MOST_ROWS:
            one.rows.append(row)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found

    @property
    def rows_affected(self) -> int:
        """Number of cells, columns and rows with a problem."""
        return sum(one.count for one in self.found.values())

    def lines(self) -> list[str]:
        """Return one line per column and problem, identifiers first, in the file's order; at most :data:`MOST_LINES`."""
        order = sorted(self.found, key=lambda key: (not key[1].startswith("identifier:"), key))
        lines = [self._line(column, code) for column, code in order[:MOST_LINES]]
        left = len(order) - MOST_LINES
        return lines + ([f"... and {left} more kinds of problem; mend these first"] if left > 0 else [])

    def _line(self, column: int, code: str) -> str:
        what, remedy = _words(code)
        one = self.found[column, code]
        return f"{self._label(column)}{_rows(one)}: {what}; {remedy}"

    def _label(self, column: int) -> str:
        """Return how a column is called; one that is not in the file has a number below zero and always a label."""
        if column in self.labels:
            return self.labels[column]
        return f"column {column} ({letters(column)})" if column > 0 else "the file"


def _words(code: str) -> tuple[str, str]:
    if code.startswith("identifier:"):
        named = IDENTIFIERS[code.partition(":")[2]]
        return f"holds {named}, which points at one person", "take it out at the source; this project never needs it"
    return REMEDIES[code]


def _rows(one: Found) -> str:
    if not one.rows:
        return ""
    shown = ", ".join(map(str, one.rows))
    if one.count == 1:
        return f", row {shown}"
    more = f", first {len(one.rows)}: {shown}" if one.count > len(one.rows) else f": {shown}"
    return f", {one.count:,} rows{more}"


def letters(column: int) -> str:
    """Return a column's letters as a spreadsheet has them: 1 -> A, 27 -> AA."""
    out = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        out = chr(65 + rest) + out
    return out
