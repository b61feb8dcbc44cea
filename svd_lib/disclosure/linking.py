"""Linking: which cell of a protected table a published number speaks of.

The auditor holds the true table, so it links by truth: a number that stands with a cell's labels, in a text about the table, and is
the cell's count, its share of a coarser cell, or its rate on a number beside it, tells a reader of that cell. That is more than an
attacker could be sure of, which errs on the safe side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
import pandas as pd

from svd_lib.disclosure.attack import Seen
from svd_lib.disclosure.cube import Published
from svd_lib.disclosure.published import Record
from svd_lib.disclosure.systems import TableSystem
from svd_lib.disclosure.thresholds import Rule

ALL = "all"
SCALES = (1.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
MOST_CELLS = 400
_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?![\w]|,\d|\.\d)")
_SHARED_WORD = re.compile(r"%|per ?cent|percent|share|proportion|\brate|\bper\b|ratio|of every", re.IGNORECASE)
_ROUNDED_WORD = re.compile(r"round|nearest|about|around|approximately|roughly|multiple", re.IGNORECASE)
_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
Label = tuple[int, str]


@dataclass(frozen=True)
class Guarded:
    """A table whose small counts a rule protects, as the auditor knows it.

    Attributes
    ----------
    name : str
        In words.
    terms : tuple of str
        A text speaks of the table when it holds one of these.
    frame : pandas.DataFrame, one row a cell of the system, in its order
        Dimensions (``all`` where added up) and ``count``.
    dimensions : tuple of str
    system : TableSystem
    rule : Rule
    """

    name: str
    terms: tuple[str, ...]
    frame: pd.DataFrame
    dimensions: tuple[str, ...]
    system: TableSystem
    rule: Rule

    @cached_property
    def protected(self) -> np.ndarray:
        """Which cells the rule protects."""
        return self.rule.hides(self.system.values, self.frame.get("largest"))

    @cached_property
    def keys(self) -> list[tuple[str, ...]]:
        """Each cell's values of the dimensions."""
        return list(self.frame[list(self.dimensions)].astype(str).itertuples(index=False, name=None))

    @cached_property
    def place_of(self) -> dict[tuple[str, ...], int]:
        """Position of each cell by its values of the dimensions."""
        return {key: place for place, key in enumerate(self.keys)}

    @cached_property
    def coarser_of(self) -> dict[int, list[int]]:
        """Cells that each cell is part of, as far as they were asked for."""
        return {}

    @cached_property
    def labels(self) -> dict[str, list[Label]]:
        """Every spelling of every value, folded, with the dimensions and values that it may mean."""
        found: dict[str, list[Label]] = {}
        for number, name in enumerate(self.dimensions):
            for value in self.frame[name].astype(str).unique():
                for spelling in _spellings(value) if value != ALL else ():
                    found.setdefault(_folded(spelling), []).append((number, value))
        return found

    @cached_property
    def pattern(self) -> re.Pattern:
        """Finds labels in a folded text, the longest first; values too short to mean anything alone are left out."""
        long = sorted((label for label in self.labels if len(label) > 3), key=len, reverse=True)
        return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, long)) + r")(?!\w)") if long else re.compile(r"(?!)")

    @cached_property
    def _known(self) -> dict[str, tuple[bool, list[Label]]]:
        """Words around records met before: whether they speak of the table, and the labels in them."""
        return {}

    def _around(self, about: str) -> tuple[bool, list[Label]]:
        if about not in self._known:
            self._known[about] = (self.is_subject_of(about), _labels_in(about, self))
        return self._known[about]

    def speaks_of(self, about: str) -> bool:
        """Whether words around a record say that it is about the table."""
        return self._around(about)[0]

    def labels_around(self, about: str) -> list[Label]:
        """Labels in the words around a record."""
        return self._around(about)[1]

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The words that say a text is about the table, folded."""
        return tuple(_folded(term) for term in self.terms)

    def is_subject_of(self, text: str) -> bool:
        """Whether a folded text is about the table."""
        return any(term in text for term in self.subjects)


def guard_cube(published: Published, name: str, terms: Sequence[str], rule: Rule) -> Guarded:
    """Return the tables of a cube as the auditor knows them.

    Parameters
    ----------
    published : Published
        From :func:`svd_lib.disclosure.cube.cube_system`.
    name, terms, rule
        As :class:`Guarded`.
    """
    levels = [level for levels in published.cube.dimensions for level in levels]
    parts = [
        held[[*published.cube.columns(margin), "count"]].reindex(columns=[*levels, "count"], fill_value=ALL)
        for margin, held in published.cells.items()
    ]
    return Guarded(name, tuple(terms), pd.concat(parts, ignore_index=True), tuple(levels), published.system, rule)


@dataclass(frozen=True)
class Number:
    """A number in a text: value, half a unit of its last decimal, and the words it stands in."""

    value: float
    half: float
    words: str


def _spellings(value: str) -> Iterator[str]:
    yield value
    month = _MONTH.match(value)
    if month:
        name = _MONTHS[int(month[2]) - 1]
        yield from (f"{value}-01", f"{value}-01 00:00:00", f"{name} {month[1]}", f"{name[:3]} {month[1]}", f"{value.replace('-', ' ')}", f"{month[2]}/{month[1]}")


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    return " ".join(text.replace("\u2013", "-").casefold().split())


@dataclass(frozen=True)
class Prepared:
    """A record with its texts folded once for all tables.

    Attributes
    ----------
    where, about : str
    texts : tuple of (str, str)
        Heading and text.
    words : str
        Headings and texts in one.
    """

    where: str
    about: str
    texts: tuple[tuple[str, str], ...]
    words: str


def prepare(record: Record) -> Prepared | None:
    """Return a record ready to be linked, or None where it holds no number."""
    if not any(character.isdigit() for _, text in record.fields for character in text):
        return None
    texts = tuple((_folded(head), " ".join(text.replace("\u2013", "-").casefold().split())) for head, text in record.fields)
    return Prepared(record.where, _folded(record.about), texts, " ".join(f"{head} {text}" for head, text in texts))


def link(record: Prepared, table: Guarded) -> Iterator[Seen]:
    """Yield what one record says of a table's cells.

    Parameters
    ----------
    record : Prepared
        From :func:`prepare`.
    table : Guarded
        The protected table.
    """
    if not (table.speaks_of(record.about) or table.is_subject_of(record.words)):
        return
    labels, numbers = _read(record.texts, table)
    if numbers:
        for place in _cells(labels, table.labels_around(record.about), table):
            for number in numbers:
                yield from _says(place, number, numbers, table, record.where)


def _read(texts: Sequence[tuple[str, str]], table: Guarded) -> tuple[dict[int, set[str]], list[Number]]:
    """Split the fields of a record into labels and numbers."""
    labels: dict[int, set[str]] = {}
    numbers: list[Number] = []
    for head, text in texts:
        whole = table.labels.get(text, [])
        meant = [label for label in whole if table.dimensions[label[0]].replace("_", " ") == head.replace("_", " ")] or (whole if len(text) > 3 else [])
        for number, value in meant:
            labels.setdefault(number, set()).add(value)
        if not meant:
            for number, value in _labels_in(text, table):
                labels.setdefault(number, set()).add(value)
            numbers += _numbers_in(table.pattern.sub(" ", text), f"{head} {text}")
    return labels, numbers


def _labels_in(text: str, table: Guarded) -> list[Label]:
    return [label for found in table.pattern.finditer(text) for label in table.labels[found[0]]]


def _numbers_in(text: str, words: str) -> list[Number]:
    found = []
    for match in _NUMBER.finditer(text):
        decimals = match[2] or ""
        found.append(Number(float(match[1].replace(",", "") + ("." + decimals if decimals else "")), 0.5 * 10.0 ** -len(decimals), words))
    return found


def _cells(labels: dict[int, set[str]], around: Sequence[Label], table: Guarded) -> list[int]:
    """Return the cells that labels can mean: what is said, else what stands around, else everything added up."""
    options = []
    for number in range(len(table.dimensions)):
        said = labels.get(number)
        options.append(sorted(said) if said else sorted({ALL, *(value for place, value in around if place == number)}))
    # a dimension that is named twice in a sentence can also be one that is added up, as in a comparison
    keys = [key for key, _ in zip(product(*options), range(MOST_CELLS))]
    return [table.place_of[key] for key in keys if key in table.place_of]


def _says(place: int, number: Number, beside: Sequence[Number], table: Guarded, where: str) -> Iterator[Seen]:
    """Yield what a number says of a cell: its count, written as 7 or as 7.0, a rounded count, its share of a coarser cell, its rate on a number beside it."""
    count = float(table.system.values[place])
    if number.value == count and (number.half == 0.5 or not _SHARED_WORD.search(number.words)):
        yield Seen(place, count, count, where)
    elif number.half == 0.5 and _ROUNDED_WORD.search(number.words):
        base = next((base for base in (10, 5, 3) if number.value % base == 0 and abs(number.value - count) <= base / 2), 0)
        if base:
            yield Seen(place, max(number.value - base / 2, 0), number.value + base / 2, where)
    if _SHARED_WORD.search(number.words) or number.half < 0.5:
        yield from _rates(place, count, number, beside, where)
        yield from _shares(place, count, number, table, where)


def _rates(place: int, count: float, number: Number, beside: Sequence[Number], where: str) -> Iterator[Seen]:
    for base in {other.value for other in beside if other is not number and other.value > max(count, 1)}:
        for scale in SCALES:
            if abs(scale * count / base - number.value) <= number.half + 1e-9:
                low, high = ((number.value + sign * number.half) * base / scale for sign in (-1, 1))
                yield Seen(place, max(low, 0.0), high, where)


def _shares(place: int, count: float, number: Number, table: Guarded, where: str) -> Iterator[Seen]:
    for whole in coarser(place, table):
        total = float(table.system.values[whole])
        for scale in SCALES[:2]:
            if total > 0 and abs(scale * count / total - number.value) <= number.half + 1e-9:
                yield Seen(place, max(number.value - number.half, 0.0) / scale, (number.value + number.half) / scale, where, of=whole)


def coarser(place: int, table: Guarded) -> list[int]:
    """Return the cells that a cell is part of: some of its dimensions added up."""
    if place not in table.coarser_of:
        table.coarser_of[place] = _coarser(table.keys[place], table)
    return table.coarser_of[place]


def _coarser(key: tuple[str, ...], table: Guarded) -> list[int]:
    used = [number for number, value in enumerate(key) if value != ALL]
    found = []
    for mask in range(1, 2 ** len(used)):
        gone = {number for bit, number in enumerate(used) if mask >> bit & 1}
        found.append(tuple(ALL if number in gone else value for number, value in enumerate(key)))
    return [table.place_of[one] for one in found if one in table.place_of]
