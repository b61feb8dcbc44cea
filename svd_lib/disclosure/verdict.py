"""The auditor's verdict on a published edition: what it gives away of each protected table, and by which exhibits together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from svd_lib.disclosure.attack import OUTSIDER, Seen, attack
from svd_lib.disclosure.linking import ALL, Guarded, link, prepare
from svd_lib.disclosure.published import Record

NAMED = 4
"""Exhibits named for one cell."""


@dataclass(frozen=True)
class Leak:
    """A protected count that is given away; its value is nowhere in here.

    Attributes
    ----------
    table, cell : str
        Of what.
    attacker : str
        Empty for any reader, else the cell whose only contributor learns it.
    width, needed : float
        How wide its range is and how wide it must be.
    where : tuple of str
        Files and exhibits that together give it away.
    """

    table: str
    cell: str
    attacker: str
    width: float
    needed: float
    where: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """One line for those who must mend it."""
        who = "any reader" if self.attacker == OUTSIDER else f"the one person counted in {self.attacker}"
        rest = "exactly" if self.width < 1 else f"to within {self.width:g} (at least {self.needed:g} is needed)"
        return f"{self.table}: {who} can work out the count of {self.cell} {rest} from {', '.join(self.where) or 'what is published'} together."


@dataclass(frozen=True)
class Verdict:
    """What an audit looked at and found.

    Attributes
    ----------
    tables : dict
        Table -> cells, protected cells, published numbers linked to them.
    records : int
        Texts, rows and objects read.
    leaks : tuple of Leak
    """

    tables: Mapping[str, Mapping[str, int]]
    records: int
    leaks: tuple[Leak, ...]

    @property
    def protected(self) -> int:
        """Number of protected cells of all tables."""
        return sum(table["protected"] for table in self.tables.values())


def judge(records: Iterable[Record], tables: Sequence[Guarded]) -> Verdict:
    """Attack what is published with all of it.

    Parameters
    ----------
    records : iterable of Record
        Everything published, of earlier editions too.
    tables : sequence of Guarded
        True tables and their rules.

    Returns
    -------
    Verdict
    """
    seen: list[dict[Seen, None]] = [{} for _ in tables]
    number = 0
    for record in records:
        number += 1
        ready = prepare(record)
        for table, found in zip(tables, seen) if ready else ():
            found.update(dict.fromkeys(link(ready, table)))
    leaks = [leak for table, found in zip(tables, seen) for leak in leaks_of(table, list(found))]
    counts = {table.name: {"cells": len(table.frame), "protected": int(table.protected.sum()), "published": len(found)} for table, found in zip(tables, seen)}
    return Verdict(counts, number, tuple(leaks))


def leaks_of(table: Guarded, seen: Sequence[Seen]) -> list[Leak]:
    """Return the protected cells of one table that published numbers give away."""
    system = table.system
    alone = np.flatnonzero(table.protected & (system.values == 1) & ~system.is_total)
    floor = np.where((system.values > 0) & _shows_zeros(table, seen), 1.0, 0.0)
    found = attack(system, _tightest(seen), table.protected, table.rule.width, alone=alone, floor=floor)
    where = _wheres(seen)
    return [_leak(table, row, where) for row in found.to_dict("records")]


def _shows_zeros(table: Guarded, seen: Sequence[Seen]) -> bool:
    """Whether every count of none stands as a zero in the tables that are published, so that a withheld one is one at least."""
    pattern = (table.frame[list(table.dimensions)].astype(str) != ALL).astype(int).astype(str).agg("".join, axis=1).to_numpy()
    shown = np.isin(np.arange(len(pattern)), [one.cell for one in seen if one.of is None])
    zeros = (table.system.values == 0) & np.isin(pattern, pattern[shown])
    return bool(zeros.any() and shown[zeros].all())


def _tightest(seen: Sequence[Seen]) -> list[Seen]:
    """One entry a cell for what is said of it alone; shares as they are."""
    best: dict[int, Seen] = {}
    for one in (one for one in seen if one.of is None):
        held = best.get(one.cell)
        best[one.cell] = one if held is None else Seen(one.cell, max(held.lower, one.lower), min(held.upper, one.upper), held.where)
    shares = {(one.cell, one.of, one.lower, one.upper): one for one in seen if one.of is not None}
    return [*best.values(), *shares.values()]


def _wheres(seen: Sequence[Seen]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for one in seen:
        found.setdefault(one.cell, []).append(one.where)
    return found


def _leak(table: Guarded, row: Mapping[str, object], where: Mapping[int, list[str]]) -> Leak:
    place = int(table.system.positions([row["cell"]])[0])
    near = [place, *_beside(table, place)]
    named = tuple(dict.fromkeys(name for cell in near for name in where.get(cell, [])))[:NAMED]
    return Leak(table.name, str(row["cell"]), str(row["attacker"]), float(row["width"]), float(row["needed"]), named)


def _beside(table: Guarded, place: int) -> list[int]:
    """Return the cells that share a relation with one."""
    relations = table.system.relations
    rows = np.unique(relations[:, [place]].tocoo().coords[0])
    return [int(cell) for row in rows for cell in relations.indices[relations.indptr[row] : relations.indptr[row + 1]] if cell != place]

