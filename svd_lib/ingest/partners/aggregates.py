"""Counts of an extract as its tidy table: every cell of every aggregate, zeros and totals included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import pandas as pd

from svd_lib.ingest import contracts
from svd_lib.ingest.partners.kinds import ALL, NOT_KNOWN, OUTSIDE, Kind

Domains = Mapping[str, Sequence[str]]
Parts = list[tuple[tuple[str, ...], list[tuple[str, ...]]]]
NEVER_SUMMED = ("question",)
"""Dimensions over which a total has no meaning."""


def tidy_table(kind: Kind, counts: Mapping[tuple[str, ...], Counter], districts: Sequence[str]) -> pd.DataFrame:
    """Return the tidy table of an extract.

    Parameters
    ----------
    kind : Kind
        Of the extract.
    counts : mapping
        Aggregate -> counts, from :func:`svd_lib.ingest.partners.intake.take_in`.
    districts : sequence of str
        The area's districts.

    Returns
    -------
    pandas.DataFrame
        One row a cell: the kind's dimensions (``all`` where summed over) and ``count`` (rows, or people). A month
        without any row is absent, not zero.

    Raises
    ------
    SnaError
        When the contract is broken.
    """
    pieces = [_cube(kind, dimensions, counter, districts) for dimensions, counter in counts.items() if counter]
    frame = pd.concat(pieces, ignore_index=True).drop_duplicates(list(kind.dimensions))
    return contracts.validate(kind.table, frame)


def _cube(kind: Kind, dimensions: tuple[str, ...], counter: Counter, districts: Sequence[str]) -> pd.DataFrame:
    """Return one aggregate with its margins."""
    if kind.is_survey:
        index = pd.MultiIndex.from_tuples(sorted(counter), names=dimensions)
    else:
        values = [_domain(kind, name, {key[place] for key in counter}, districts) for place, name in enumerate(dimensions)]
        index = pd.MultiIndex.from_product(values, names=dimensions)
    cells = pd.Series(counter, dtype="int64").rename_axis(list(dimensions)).reindex(index, fill_value=0)
    summed = [name for name in dimensions if name not in NEVER_SUMMED]
    kept = [tuple(name for name in dimensions if name not in gone) for gone in _subsets(summed)]
    return pd.concat([_margin(cells, part, kind.dimensions) for part in kept], ignore_index=True)


def _subsets(names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (part for size in range(len(names) + 1) for part in combinations(names, size))


def _margin(cells: pd.Series, kept: tuple[str, ...], dimensions: Sequence[str]) -> pd.DataFrame:
    counted = cells.groupby(list(kept), sort=False).sum().reset_index(name="count") if kept else pd.DataFrame({"count": [cells.sum()]})
    return counted.assign(**{name: ALL for name in dimensions if name not in kept})[[*dimensions, "count"]]


def _domain(kind: Kind, dimension: str, seen: set[str], districts: Sequence[str]) -> list[str]:
    """Return every value a dimension may take here; "not known" only where it occurs."""
    if dimension == "district":
        return [*districts, *(value for value in (OUTSIDE, NOT_KNOWN) if value in seen)]
    known = kind.domain(dimension)
    if known is None:
        return sorted(seen)
    return [value for value in known if value != NOT_KNOWN or value in seen]


def relations(kind: Kind, frame: pd.DataFrame) -> Parts:
    """Return what adds up to what in a tidy table: each total, and the cells it is the sum of.

    Parameters
    ----------
    kind : Kind
        Whose aggregates say which cells belong together.
    frame : pandas.DataFrame
        A tidy or cleared table.

    Returns
    -------
    list of (tuple, list of tuple)
        Total and parts, named by their values of the kind's dimensions.
    """
    found: Parts = []
    for aggregate in kind.aggregates:
        inside = frame[(frame[[name for name in kind.dimensions if name not in aggregate]] == ALL).all(axis=1)]
        for over in (name for name in aggregate if name not in NEVER_SUMMED):
            found += _sums(inside, kind.dimensions, over)
    found += _same_groups(kind, frame) if kind.is_survey else []
    unique = {(total, frozenset(parts)): (total, parts) for total, parts in found}
    return list(unique.values())


def _same_groups(kind: Kind, frame: pd.DataFrame) -> Parts:
    """Return that a group of people is as large under every question as in the question that the groups are the answers to."""
    sizes = frame[(frame["answer"] == ALL) & (frame["group"] != ALL)]
    groups = set(sizes["group"])
    answers = frame[frame["group"] == ALL].groupby("question")["answer"].agg(set)
    about = [question for question, given in answers.items() if groups and groups <= given and question not in set(sizes["question"])]
    cells = sizes[list(kind.dimensions)].itertuples(index=False, name=None)
    return [(cell, [(question, cell[kind.dimensions.index("group")], ALL)]) for question in about[:1] for cell in cells]


def _sums(frame: pd.DataFrame, dimensions: Sequence[str], over: str) -> Parts:
    others = [name for name in dimensions if name != over]
    parts = frame[frame[over] != ALL]
    out: Parts = []
    for _, group in parts.groupby(others or (lambda _: 0), sort=False):
        cells = list(group[list(dimensions)].itertuples(index=False, name=None))
        total = tuple(ALL if name == over else value for name, value in zip(dimensions, cells[0]))
        out.append((total, cells))
    return out
