"""Cubes: counts by several dimensions, each with nested levels, and the system of all the tables published from them.

A margin names a level for some of the dimensions, such as ``("lad24nm", "year")``; a dimension that it does not name is added up.
All margins of a cube are one system of tables: months add up to years, neighbourhoods to districts, and two tables that both add
up to a third share it, whether the third is published or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import sparse

from svd_lib.disclosure.systems import TableSystem
from svd_lib.errors import SnaError

Margin = tuple[str, ...]
Depths = tuple[int, ...]
ALL = "All"


@dataclass(frozen=True)
class Cube:
    """Counts by nested dimensions.

    Attributes
    ----------
    frame : pandas.DataFrame
        Level columns and ``count``, one row or more a combination.
    dimensions : tuple of tuple of str
        Level columns of each dimension, the finest first; each value of a level lies in one value of the next.
    members : tuple of pandas.DataFrame
        Every member of each dimension with its levels, those without a count included.
    """

    frame: pd.DataFrame
    dimensions: tuple[Margin, ...]
    members: tuple[pd.DataFrame, ...]

    def depths(self, margin: Sequence[str]) -> Depths:
        """Return a margin as the depth of its level in each dimension; a dimension added up has the depth past its last.

        Raises
        ------
        SnaError
            When a column is no level, or two are of one dimension.
        """
        depths = [len(levels) for levels in self.dimensions]
        for column in margin:
            place = next((number for number, levels in enumerate(self.dimensions) if column in levels), None)
            if place is None or depths[place] < len(self.dimensions[place]):
                raise SnaError(f"The margin {' x '.join(margin)} cannot use '{column}': name one level of each dimension at most.")
            depths[place] = self.dimensions[place].index(column)
        return tuple(depths)

    def columns(self, depths: Depths) -> Margin:
        """Return the level columns of a margin."""
        return tuple(levels[depth] for levels, depth in zip(self.dimensions, depths) if depth < len(levels))

    def cells(self, depths: Depths) -> pd.DataFrame:
        """Return every cell of a margin: its level columns, all coarser ones, ``count`` and, where known, ``largest``."""
        parts = [
            held.loc[:, list(levels[depth:])].drop_duplicates().sort_values(list(levels[depth:])[::-1], kind="stable")
            for held, levels, depth in zip(self.members, self.dimensions, depths)
            if depth < len(levels)
        ]
        cells = parts[0] if parts else pd.DataFrame(index=[0])
        for part in parts[1:]:
            cells = cells.merge(part, how="cross")
        return self._counted(cells.reset_index(drop=True), list(self.columns(depths)))

    def _counted(self, cells: pd.DataFrame, by: list[str]) -> pd.DataFrame:
        what = {"count": "sum"} | ({"largest": "max"} if "largest" in self.frame else {})
        if not by:
            return cells.assign(**{name: self.frame[name].agg(how) for name, how in what.items()})
        summed = self.frame.groupby(by, observed=True, as_index=False).agg(what)
        return cells.merge(summed, how="left", on=by, validate="one_to_one").fillna(dict.fromkeys(what, 0))

    def coarse(self, one: Depths, other: Depths) -> Depths:
        """Return the finest margin that both give away."""
        return tuple(max(pair) for pair in zip(one, other))


def make_cube(
    frame: pd.DataFrame, dimensions: Iterable[Sequence[str]], *, count: str = "count", members: Mapping[str, pd.DataFrame] | None = None
) -> Cube:
    """Return a cube of a tidy table of counts.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a combination, with every level of every dimension.
    dimensions : iterable of sequences of str
        Level columns of each, the finest first.
    count : str, default "count"
        Column of counts; ``largest``, where present, is the largest contribution to each.
    members : mapping, optional
        Finest level -> frame of all members with their levels, where some have no row.

    Returns
    -------
    Cube

    Raises
    ------
    SnaError
        When a count is missing, negative or not whole, a level is missing, or a value lies in two of the next level.
    """
    levels = tuple(tuple(names) for names in dimensions)
    wanted = [name for names in levels for name in names]
    table = frame.rename(columns={count: "count"})[[*wanted, "count", *(["largest"] if "largest" in frame else [])]]
    counts = pd.to_numeric(table["count"])
    if table[wanted].isna().any(axis=None) or not ((counts >= 0) & (counts == counts.round())).all():
        raise SnaError("A cube needs a whole count of zero or more and every level in each row; correct the table.")
    every = tuple(_members(table, names, (members or {}).get(names[0])) for names in levels)
    return Cube(table.assign(count=counts.astype(float)), levels, every)


def _members(table: pd.DataFrame, levels: Margin, given: pd.DataFrame | None) -> pd.DataFrame:
    seen = [table[list(levels)]] if given is None else [given[list(levels)], table[list(levels)]]
    every = pd.concat(seen).drop_duplicates().reset_index(drop=True)
    for fine in levels[:-1]:
        rest = list(levels[levels.index(fine) :])
        doubled = every[rest].drop_duplicates()[fine].duplicated()
        if doubled.any():
            raise SnaError(f"A value of '{fine}' lies in two of the level above it; levels must nest.")
    return every


@dataclass(frozen=True)
class Published:
    """The system of all margins published from one cube, and where each cell of each margin stands in it.

    Attributes
    ----------
    cube : Cube
    margins : tuple of depths
        Published ones.
    system : TableSystem
        Their cells, then cells that they share or are made of, which nobody publishes.
    spans : dict
        Margin -> slice of the system's cells.
    cells : dict
        Margin -> its cells as a frame.
    """

    cube: Cube
    margins: tuple[Depths, ...]
    system: TableSystem
    spans: dict[Depths, slice]
    cells: dict[Depths, pd.DataFrame]

    @cached_property
    def is_published(self) -> np.ndarray:
        """Whether each cell of the system belongs to a published margin."""
        marks = np.zeros(len(self.system.values), bool)
        for margin in self.margins:
            marks[self.spans[margin]] = True
        return marks

    @cached_property
    def largest(self) -> np.ndarray:
        """Largest contribution to each cell; zero where it is not known."""
        parts = [held["largest"] if "largest" in held else pd.Series(0.0, held.index) for held in self.cells.values()]
        return np.concatenate([part.to_numpy(float) for part in parts])


def cube_system(cube: Cube, margins: Iterable[Sequence[str]], also: Iterable[Sequence[str]] = ()) -> Published:
    """Return the joint system of a cube's published margins.

    Parameters
    ----------
    cube : Cube
    margins : iterable of sequences of str
        Level columns of each published table.
    also : iterable of sequences of str, optional
        Further tables whose cells join the system, such as those of an earlier edition.

    Returns
    -------
    Published

    Notes
    -----
    Two margins always fit together if they agree on what they share; three need not, so from the third on the finest cells that
    all are made of join the system.
    """
    given = tuple(dict.fromkeys(cube.depths(margin) for margin in margins))
    every = _closed(cube, tuple(dict.fromkeys([*given, *(cube.depths(margin) for margin in also)])))
    finest = [one for one in every if not any(_is_finer(other, one) for other in every)]
    if len(finest) > 2:
        every = _closed(cube, (*every, tuple(min(depths) for depths in zip(*finest))))
    cells = {margin: cube.cells(margin) for margin in every}
    ends = np.cumsum([0, *(len(held) for held in cells.values())])
    spans = {margin: slice(int(a), int(b)) for margin, a, b in zip(every, ends[:-1], ends[1:])}
    names = [name for margin, held in cells.items() for name in cell_names(held, cube.columns(margin))]
    relations, is_total = _relations(cube, cells, spans, int(ends[-1]))
    values = np.concatenate([held["count"].to_numpy(float) for held in cells.values()])
    return Published(cube, given, TableSystem(pd.Index(names), values, relations, is_total), spans, cells)


def cell_names(cells: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the name of each cell, such as ``lad24nm=Ipswich|year=2025``; the grand total is ``All``."""
    if not columns:
        return [ALL] * len(cells)
    parts = [column + "=" + cells[column].astype(str) for column in columns]
    return list(parts[0].str.cat(parts[1:], sep="|")) if len(parts) > 1 else list(parts[0])


def _is_finer(one: Depths, other: Depths) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other))


def _closed(cube: Cube, margins: Sequence[Depths]) -> tuple[Depths, ...]:
    """Add to margins all that any two of them share, and put the published ones first."""
    every = dict.fromkeys(margins)
    while True:
        shared = {cube.coarse(one, other) for one, other in combinations(every, 2)} - every.keys()
        if not shared:
            return tuple(every)
        every |= dict.fromkeys(sorted(shared))


def _relations(
    cube: Cube, cells: Mapping[Depths, pd.DataFrame], spans: Mapping[Depths, slice], size: int
) -> tuple[sparse.csr_array, np.ndarray]:
    """One row for each total and each margin next finer than its own."""
    blocks, is_total = [], np.zeros(size, bool)
    for coarse, fine in product(cells, cells):
        between = (other for other in cells if _is_finer(fine, other) and _is_finer(other, coarse))
        if _is_finer(fine, coarse) and not any(between):
            blocks.append(_adds_up(cube, cells[fine], coarse, cells[coarse], spans[fine], spans[coarse], size))
            is_total[spans[coarse]] = True
    matrix = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_array((0, size))
    return sparse.csr_array(matrix), is_total


def _adds_up(
    cube: Cube, parts: pd.DataFrame, coarse: Depths, totals: pd.DataFrame, at_parts: slice, at_totals: slice, size: int
) -> sparse.csr_array:
    by = list(cube.columns(coarse))
    rows = np.zeros(len(parts), int)
    if by:
        numbered = totals[by].assign(row=range(len(totals)))
        rows = parts[by].merge(numbered, how="left", on=by, validate="many_to_one")["row"].to_numpy()
    row = np.concatenate([rows, np.arange(len(totals))])
    column = np.concatenate([np.arange(at_parts.start, at_parts.stop), np.arange(at_totals.start, at_totals.stop)])
    sign = np.concatenate([np.ones(len(parts)), -np.ones(len(totals))])
    return sparse.csr_array((sign, (row, column)), shape=(len(totals), size))
