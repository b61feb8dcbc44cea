"""Joined releases: the counts about to be released and what earlier editions published of them, as one system of tables.

A month's count that both editions hold is one cell. A total over an earlier extract's months is a cell of its own: the sum of its
months where the tables have months, else the present total less the counts of the new months, a difference that nobody publishes
and everybody can take, so that it is protected like a count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
Months = tuple[str, str]


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
        Differences that no table shows.
    """

    system: TableSystem
    is_public: np.ndarray
    is_unpublished: np.ndarray


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


def join_earlier(kind: Kind, frame: pd.DataFrame, months: Months, earlier: Sequence[Cleared]) -> Joint:
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

    Raises
    ------
    SnaError
        When an earlier extract overlaps the present one without lying within it: what its lost months would reveal cannot be computed.
    """
    values = dict(zip(cell_names(kind, frame), frame["count"].astype(float)))
    totals: Totals = [("|".join(total), ["|".join(part) for part in parts]) for total, parts in relations(kind, frame)]
    public: set[str] = set()
    hidden: set[str] = set()
    for number, cleared in enumerate(earlier):
        if _is_linked(kind, months, cleared):
            _add(kind, values, totals, public, hidden, cleared, months, f"edition {number}")
    system = table_system(values, totals)
    return Joint(system, system.cells.isin(public), system.cells.isin(hidden))


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


def _add(kind: Kind, values: dict[str, float], totals: Totals, public: set[str], hidden: set[str], cleared: Cleared, months: Months, label: str) -> None:
    """Add an earlier table's published counts; a count that has changed since is no longer of the same rows and is left out."""
    place = kind.dimensions.index(MONTH) if MONTH in kind.dimensions else None
    by_rest = _by_rest(values, place)
    span = _months(cleared)
    shown = cleared.frame[cleared.frame["count"].notna()]
    for key, count in zip(shown[list(kind.dimensions)].itertuples(index=False, name=None), shown["count"]):
        cell = "|".join(key)
        present = values.get(cell)
        if present == count:
            public.add(cell)
        elif present is not None and span != months and (place is None or key[place] == ALL):
            name = f"{cell} of {label}"
            parts = [part for month, part in by_rest.get(_without(key, place), []) if span[0] <= month <= span[1]]
            new = {name: float(count)}
            if parts and sum(values[part] for part in parts) == count:
                totals.append((name, parts))
            elif not parts and present > count:
                totals.append((cell, [name, f"{cell} since {label}"]))
                new[f"{cell} since {label}"] = present - count
                hidden.add(f"{cell} since {label}")
            else:
                continue
            values.update(new)
            public.add(name)


def _by_rest(values: dict[str, float], place: int | None) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Return the months of each combination of the other dimensions."""
    found: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for cell in values if place is not None else ():
        key = tuple(cell.split("|"))
        if len(key) > place and key[place] != ALL:
            found.setdefault(_without(key, place), []).append((key[place], cell))
    return found


def _without(key: Sequence[str], place: int | None) -> tuple[str, ...]:
    return tuple(value for number, value in enumerate(key) if number != place)
