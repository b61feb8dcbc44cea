"""Facts that pages state without data: one row each in ``data/reference/facts.csv``, with where it was read."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from svd_lib.errors import SnaError

COLUMNS: tuple[str, ...] = ("id", "claim", "value", "unit", "source", "url", "tag", "read_on")
TAGS: tuple[str, ...] = ("verified", "second-hand", "computed", "from memory")


@dataclass(frozen=True)
class Fact:
    """One authored fact: what is claimed, the number in it, who says so, and how far it was checked."""

    id: str
    claim: str
    value: str
    unit: str
    source: str
    url: str
    tag: str
    read_on: str

    @property
    def number(self) -> float:
        """The number in it, for a calculation that names the fact.

        Raises
        ------
        SnaError
            When the fact has no number, or it is from memory and so may enter no calculation.
        """
        if not self.value or self.tag == "from memory":
            raise SnaError(f"The fact {self.id!r} has no number that a calculation may use (tag {self.tag}); use another fact.")
        return float(self.value.replace(",", ""))

    @property
    def quantity(self) -> str:
        """The number with its unit as a sentence prints it; the claim itself when there is no number."""
        if not self.value:
            return self.claim
        if self.unit in ("%", "per cent"):
            return f"{self.value}%"
        if self.unit.startswith("£"):
            return f"£{self.value}{self.unit[1:]}"
        return f"{self.value} {self.unit}".strip()


def load_facts(root: Path) -> dict[str, Fact]:
    """Read the facts of a project.

    Parameters
    ----------
    root : Path
        Project root.

    Returns
    -------
    dict of str to Fact
        By id; empty when the project has no such file.

    Raises
    ------
    SnaError
        When a column is missing, an id is empty or repeated, or a tag is unknown.
    """
    path = root / "data" / "reference" / "facts.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise SnaError(f"{path} has no column {', '.join(missing)}: add it to the heading row.")
        return _by_id(path, list(reader))


def _by_id(path: Path, rows: list[dict[str, str]]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for line, row in enumerate(rows, start=2):
        fact = Fact(**{name: (row[name] or "").strip() for name in COLUMNS})
        if not fact.id or fact.id in facts:
            raise SnaError(f"{path}, row {line}: the id {fact.id!r} is empty or used twice; give the fact its own id.")
        if fact.tag not in TAGS:
            raise SnaError(f"{path}, row {line}: the tag {fact.tag!r} is unknown; use one of {', '.join(TAGS)}.")
        facts[fact.id] = fact
    return facts


def with_sources(frame: pd.DataFrame, root: Path, fact: str = "evidence") -> pd.DataFrame:
    """Return rows that cite facts with what each fact was read in.

    Parameters
    ----------
    frame : DataFrame
        With a column of fact ids; an empty id stays empty.
    root : Path
        Project root.
    fact : str, default "evidence"
        Name of that column.

    Returns
    -------
    DataFrame
        With ``source``: title and tag, as a reader sees it.

    Raises
    ------
    SnaError
        When a fact is not in the list.
    """
    known = load_facts(root)
    unknown = sorted(set(frame[fact]) - set(known) - {""})
    if unknown:
        raise SnaError(f"The fact {unknown[0]!r} is unknown: add a row to data/reference/facts.csv or correct the id.")
    said = [f"{known[name].source} [{known[name].tag}]" if name else "" for name in frame[fact]]
    return frame.assign(source=said)
