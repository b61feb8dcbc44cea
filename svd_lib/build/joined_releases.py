"""Joined releases: the counts about to be released and what earlier editions published of them, as one system of tables.

A month's count that both editions hold is one cell. The counts over an earlier extract's months are cells of their own, counted again
from the present rows so that those withheld then are known to the audit, with the totals that link them. So is what came since: the
present count less the earlier one, a difference that nobody publishes and everybody can take, so that it is protected like a count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from svd_lib.disclosure.systems import TableSystem, table_system
from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.aggregates import relations
from svd_lib.ingest.partners.cleared import Cleared, read_cleared
from svd_lib.ingest.partners.kinds import ALL, Kind

MONTH = "month"
Totals = list[tuple[str, list[str]]]
Key = tuple[str, ...]
Months = tuple[str, str]
Recount = Callable[[Months], pd.DataFrame]
"""Counts the rows of some months of the present extract again, as their tidy table."""


@dataclass(frozen=True)
class Joint:
    """The system of a release and of those before it.

    Attributes
    ----------
    system : TableSystem
        Cells of the present table in its order, then those that earlier editions add.
    is_public : array of bool, shape (n,)
        Whether an earlier edition published the cell's present value.
    is_unpublished : array of bool, shape (n,)
        Differences that no table shows, and counts that an earlier edition withheld.
    is_difference : array of bool, shape (n,)
        The differences among them.
    """

    system: TableSystem
    is_public: np.ndarray
    is_unpublished: np.ndarray
    is_difference: np.ndarray


def cell_names(kind: Kind, frame: pd.DataFrame) -> pd.Series:
    """Return the name of each cell of a tidy or cleared table."""
    return frame[list(kind.dimensions)].agg("|".join, axis=1)


def earlier_releases(edition: Edition, kind: Kind) -> list[Cleared]:
    """Return what the editions before one published of a kind, the newest first."""
    found: list[Cleared] = []
    seen = {edition.name}
    name = edition.previous
    while name and name not in seen:
        before = open_edition(name, str(edition.root))
        cleared = read_cleared(before, kind)
        found += [cleared] if cleared else []
        seen.add(name)
        name = before.previous
    return found


def join_earlier(kind: Kind, frame: pd.DataFrame, months: Months, earlier: Sequence[Cleared], recount: Recount) -> Joint:
    """Return the joint system of a tidy table and of earlier releases.

    Parameters
    ----------
    kind : Kind
        Of all of them.
    frame : pandas.DataFrame
        Tidy table about to be released.
    months : tuple of str
        Its first and last month.
    earlier : sequence of Cleared
        Published tables.
    recount : callable
        Months -> tidy table of those months of the present extract; asked for the months of each earlier release that lies within it.

    Raises
    ------
    SnaError
        When an earlier extract overlaps the present one without lying within it: what its lost months would reveal cannot be computed.
    """
    cells = _Cells(kind)
    cells.add(months, frame, is_present=True)
    for cleared in earlier:
        if _is_linked(kind, months, cleared):
            span = _months(cleared)
            if span not in cells.tables:
                cells.add(span, recount(span))
            cells.publish(span, cleared.frame)
    for part, whole in permutations(cells.tables, 2):
        if whole[0] <= part[0] and part[1] <= whole[1]:
            cells.subtract(part, whole)
    system = table_system(cells.values, cells.totals)
    return Joint(system, system.cells.isin(cells.public), system.cells.isin(cells.unpublished - cells.public), system.cells.isin(cells.differences))


class _Cells:
    """The cells of some tables of one kind, over different months, under names by which they are the same or not.

    Attributes
    ----------
    values, totals
        For :func:`svd_lib.disclosure.systems.table_system`.
    tables : mapping
        Months -> (values of the dimensions -> name of the cell).
    public, unpublished, differences : set of str
        Names of cells that an earlier edition shows; of those that no edition shows or will show; and of the differences among these.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.values: dict[str, float] = {}
        self.totals: Totals = []
        self.tables: dict[Months, dict[Key, str]] = {}
        self.public: set[str] = set()
        self.unpublished: set[str] = set()
        self.differences: set[str] = set()

    def add(self, months: Months, frame: pd.DataFrame, is_present: bool = False) -> None:
        """Add a table; a month's count of the same rows as in the first table is the same cell."""
        keys = list(frame[list(self._kind.dimensions)].itertuples(index=False, name=None))
        counts = dict(zip(keys, frame["count"].astype(float)))
        names = {key: "|".join(key) if is_present or self._is_same(key, count) else f"{'|'.join(key)} of {' to '.join(months)}" for key, count in counts.items()}
        if not is_present:
            self.unpublished |= set(names.values()) - set(self.values)
        self.values.update({names[key]: count for key, count in counts.items()})
        self.totals += [(names[total], [names[part] for part in parts]) for total, parts in relations(self._kind, frame)]
        self.tables[months] = names

    def _is_same(self, key: Key, count: float) -> bool:
        has_month = MONTH in self._kind.dimensions and key[self._kind.dimensions.index(MONTH)] != ALL
        return has_month and self.values.get("|".join(key)) == count

    def publish(self, months: Months, frame: pd.DataFrame) -> None:
        """Note what an edition shows; a count that has changed since is no longer of the same rows and is left out."""
        shown = frame[frame["count"].notna()]
        for key, count in zip(shown[list(self._kind.dimensions)].itertuples(index=False, name=None), shown["count"]):
            name = self.tables[months].get(key)
            if name is not None and self.values[name] == count:
                self.public.add(name)

    def subtract(self, part: Months, whole: Months) -> None:
        """Add what came since; where people are counted once, fewer may be in a cell, and then no difference is a count."""
        for key, shorter in self.tables[part].items():
            longer = self.tables[whole].get(key, shorter)
            more = self.values[longer] - self.values[shorter]
            if longer != shorter and more >= 0:
                since = f"{longer} since {' to '.join(part)}"
                self.values[since] = more
                self.unpublished.add(since)
                self.differences.add(since)
                self.totals.append((longer, [shorter, since]))


def _is_linked(kind: Kind, months: Months, cleared: Cleared) -> bool:
    """Tell whether two extracts count some of the same rows; another survey is another survey."""
    first, last = _months(cleared)
    if last < months[0] or first > months[1] or (kind.is_survey and (first, last) != months):
        return False
    if first < months[0] or last > months[1]:
        raise SnaError(
            f"The extract covers {months[0]} to {months[1]} and an earlier edition published {first} to {last}; "
            f"take an extract that holds all of those months or none of them, or their counts could be worked out by subtraction."
        )
    return True


def _months(cleared: Cleared) -> Months:
    return str(cleared.record["first_month"]), str(cleared.record["last_month"])
