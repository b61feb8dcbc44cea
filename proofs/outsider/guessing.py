"""What a record may say of a table's cells: the outsider's reading of labels and numbers, without knowing any count.

Rows of tables are read by their headings and count as certain; a sentence, attribute, JSON object or file name is a claim that may be
wrong: its labels and number may have nothing to do with each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from proofs.outsider.reading import Row

ALL = "all"
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
NUMBER = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(%| ?per cent)?(?![\w]|[,.-]\d)")
SHARE_HEAD = re.compile(r"%|per ?cent|share|proportion", re.IGNORECASE)
RATE_HEAD = re.compile(r"per (1,?000|10,?000|100,?000)", re.IGNORECASE)
YEAR = range(1990, 2040)
MOST = 4_000
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How a table is made up, which its template says in public: no count.

    Attributes
    ----------
    name : str
    terms : tuple of str
        Words that say a text is about it.
    dimensions : tuple of str
    cells : tuple of tuple of str
        Values of the dimensions of every cell, ``all`` where summed over.
    period : str
        Months that it covers.
    """

    name: str
    terms: tuple[str, ...]
    dimensions: tuple[str, ...]
    cells: tuple[Cell, ...]
    period: str

    @cached_property
    def place(self) -> dict[Cell, int]:
        """Position of every cell."""
        return {cell: number for number, cell in enumerate(self.cells)}

    @cached_property
    def labels(self) -> dict[str, list[tuple[int, str]]]:
        """Every spelling of every value -> what it may mean."""
        found: dict[str, list[tuple[int, str]]] = {}
        for number in range(len(self.dimensions)):
            for value in {cell[number] for cell in self.cells} - {ALL}:
                for word in spellings(value):
                    found.setdefault(folded(word), []).append((number, value))
        return found

    @cached_property
    def pattern(self) -> re.Pattern:
        """Finds labels in running text, the longest first."""
        words = sorted((word for word in self.labels if len(word) > 3), key=len, reverse=True)
        return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")

    def is_subject(self, text: str) -> bool:
        """Whether a folded text is about the table."""
        return any(term in text for term in self.terms)


@dataclass(frozen=True)
class Claim:
    """What a record may say: a cell, or its ratio to another cell, lies within limits.

    Attributes
    ----------
    cell, of : int, int or None
        Positions; ``of`` for a share.
    lower, upper : float
    where : str
    is_certain : bool
        Read from a table under its headings.
    """

    cell: int
    lower: float
    upper: float
    where: str
    is_certain: bool = False
    of: int | None = None


def folded(text: str) -> str:
    """Return a text in one case, with one kind of dash and one blank between words."""
    return " ".join(text.replace("\u2013", "-").replace("_", " ").casefold().split())


def spellings(value: str) -> Iterator[str]:
    """Yield the ways in which a value is written."""
    yield value
    month = re.fullmatch(r"(\d{4})-(\d{2})", value)
    if month:
        name = MONTHS[int(month[2]) - 1]
        yield from (f"{value}-01", f"{value}-01 00:00:00", f"{name} {month[1]}", f"{name[:3]} {month[1]}", f"{value}-01T00:00:00")


def claims(rows: Iterable[Row], layout: Layout) -> dict[Claim, None]:
    """Return everything that records may say of a table's cells, each once, in order."""
    found: dict[Claim, None] = {}
    for row in rows:
        about, text = folded(row.about), folded(" ".join(f"{head} {said}" for head, said in row.fields))
        if any(sign.isdigit() for sign in text) and (layout.is_subject(about) or layout.is_subject(text)):
            found.update(dict.fromkeys(_claims_of(row, about, layout)))
    return found


def _claims_of(row: Row, about: str, layout: Layout) -> Iterator[Claim]:
    phrases: list[list[tuple[int, str]]] = []
    loose: list[list[tuple[int, str]]] = []
    numbers: list[tuple[str, str, str]] = []
    for head, text in row.fields:
        plain = folded(text)
        meant = layout.labels.get(plain, [])
        headed = [one for one in meant if folded(layout.dimensions[one[0]]).partition(" ")[0] == folded(head).partition(" ")[0]]
        if headed or (meant and not row.is_table):
            phrases.append(headed or meant)
        elif meant:
            loose.append(meant)
        else:
            phrases += [layout.labels[found[0]] for found in layout.pattern.finditer(plain)]
            rest = layout.pattern.sub(" ", plain)
            numbers += [(folded(head), rest[max(found.start() - 25, 0) : found.end() + 25], "".join(part or "" for part in found.groups())) for found in NUMBER.finditer(rest)]
    if not numbers:
        return
    around = loose + [layout.labels[found[0]] for found in layout.pattern.finditer(about)]
    places = list(_cells(phrases, around, layout))
    is_certain = row.is_table and len(places) == 1 and bool(phrases)
    for place in places:
        for head, words, number in numbers:
            yield from _number(place, head, words, number, [other for _, _, other in numbers], layout, row.where, is_certain)


def _cells(phrases: list[list[tuple[int, str]]], around: list[list[tuple[int, str]]], layout: Layout) -> Iterator[int]:
    """Yield the cells that labels may mean.

    A label that belongs to one dimension fixes it; one that may belong to several may be any of them; a dimension without a label
    is added up, or what the words around say.
    """
    fixed: dict[int, set[str]] = {}
    maybe: dict[int, set[str]] = {}
    for meant in phrases:
        for number, value in meant:
            (fixed if len(meant) == 1 else maybe).setdefault(number, set()).add(value)
    for meant in around:
        for number, value in meant:
            if number not in fixed:
                maybe.setdefault(number, set()).add(value)
    options = [sorted(fixed.get(number, {ALL}) | maybe.get(number, set())) for number in range(len(layout.dimensions))]
    for number, cell in enumerate(product(*options)):
        if number >= MOST:
            return
        if cell in layout.place:
            yield layout.place[cell]


def _number(place: int, head: str, words: str, text: str, beside: Sequence[str], layout: Layout, where: str, is_certain: bool) -> Iterator[Claim]:
    is_share = text.endswith(("%", "per cent")) or bool(SHARE_HEAD.search(head))
    plain = text.replace("%", "").replace("per cent", "").replace(",", "").strip()
    decimals = len(plain.partition(".")[2])
    value, half = float(plain), 0.5 * 10.0**-decimals
    rate = RATE_HEAD.search(head) or RATE_HEAD.search(words)
    if is_share:
        for of in _wholes(place, layout):
            yield Claim(place, max(value - half, 0.0) / 100, (value + half) / 100, where, False, of)
    elif rate:
        scale = float(rate[1].replace(",", ""))
        for base in {float(other.replace(",", "")) for other in beside if re.fullmatch(r"[\d,]+", other)}:
            if base > value and base >= 100:
                yield Claim(place, max(value - half, 0.0) * base / scale, (value + half) * base / scale, where)
    elif not decimals and not ("," not in text and int(value) in YEAR):
        yield Claim(place, value, value, where, is_certain)


def _wholes(place: int, layout: Layout) -> Iterator[int]:
    """Yield the cells of which a cell may be a share: some of its dimensions added up."""
    cell = layout.cells[place]
    used = [number for number, value in enumerate(cell) if value != ALL]
    for mask in range(1, 2 ** len(used)):
        gone = {number for bit, number in enumerate(used) if mask >> bit & 1}
        whole = tuple(ALL if number in gone else value for number, value in enumerate(cell))
        if whole in layout.place:
            yield layout.place[whole]
