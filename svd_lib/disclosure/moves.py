"""Moves: other tables that agree with what is published, found by linear programmes.

A move changes withheld cells and keeps every relation. Where a move takes a cell up by five, an attacker cannot tell its value
from one five higher. A cell is safe when its moves, up and down, span the width that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.sparse import csgraph

from svd_lib.disclosure.systems import TableSystem, same_person

Floats = NDArray[np.float64]
Marks = NDArray[np.bool_]
TINY = 1e-6


@dataclass(frozen=True)
class Moves:
    """Moves within one system of tables.

    Attributes
    ----------
    system : TableSystem
        The tables.
    lower, upper : array, shape (n,)
        What everybody knows of each cell; the true values lie within.
    """

    system: TableSystem
    lower: Floats
    upper: Floats

    @cached_property
    def component(self) -> NDArray[np.int64]:
        """Number of the part of the system that each cell lies in; parts share no relation."""
        pattern = abs(self.system.relations)
        return csgraph.connected_components(sparse.csr_array(pattern.T @ pattern), directed=False)[1]

    @cached_property
    def person(self) -> NDArray[np.int64]:
        """Number of the person whom a count of one counts; cells of others have numbers of their own."""
        return same_person(self.system)

    @cached_property
    def _by_column(self) -> sparse.csc_array:
        return sparse.csc_array(self.system.relations)

    def cheapest(self, cell: int, by: float, usable: Marks, price: Floats, blocked: int | None = None) -> Floats | None:
        """Return the cheapest move that changes one cell by a given amount, or None.

        Parameters
        ----------
        cell : int
            Position of the cell.
        by : float
            Change wanted, up or down.
        usable : array of bool, shape (n,)
            Cells that may change.
        price : array, shape (n,)
            Price of changing each by one.
        blocked : int, optional
            A cell that may not change, because the attacker knows it.

        Returns
        -------
        array, shape (n,), or None
            The change of every cell.
        """
        return self._solve(cell, usable, blocked, price, fixed=by)

    def furthest(self, cell: int, sign: float, usable: Marks, most: float, blocked: int | None = None) -> Floats | None:
        """Return the move that takes a cell furthest up (``sign`` 1) or down (-1), at most by ``most``."""
        return self._solve(cell, usable, blocked, None, sign=sign, most=most)

    def together(self, cells: NDArray[np.int64], signs: Floats, most: float | Floats, usable: Marks, blocked: int | None = None) -> Floats:
        """Return one move that takes many cells far at once, each towards its sign, as far as counts.

        Parameters
        ----------
        cells : array of int, shape (k,)
            Positions.
        signs : array, shape (k,)
            1 for up, -1 for down.
        most : float or array, shape (k,)
            What lies beyond this is of no worth.
        usable, blocked
            As :meth:`cheapest`.

        Returns
        -------
        array, shape (n,)
            The change of every cell; zeros where nothing moves.
        """
        places = np.flatnonzero(usable if blocked is None else _without(usable, blocked))
        whole = np.zeros(len(self.system.values))
        wanted = np.isin(cells, places)
        own, sign, most = np.searchsorted(places, cells[wanted]), signs[wanted], np.broadcast_to(most, len(cells))[wanted]
        if not len(own):
            return whole
        rows = _used_rows(self._by_column[:, places])
        n, k = len(places), len(own)
        reach = sparse.hstack([sparse.csr_array((-sign, (np.arange(k), own)), shape=(k, n)), sparse.identity(k)], format="csr")
        values = self.system.values[places]
        bounds = np.column_stack([np.concatenate([np.minimum(self.lower[places] - values, 0), np.full(k, -np.inf)]), np.concatenate([np.maximum(self.upper[places] - values, 0), most])])
        kept = sparse.hstack([rows, sparse.csr_array((rows.shape[0], k))], format="csr")
        aim = np.concatenate([np.zeros(n), -np.ones(k)])
        least = np.concatenate([np.full(k, -np.inf), np.zeros(kept.shape[0])])
        found = _solved(aim, sparse.vstack([reach, kept], format="csc"), least, np.zeros(len(least)), bounds)
        if found is not None:
            whole[places] = np.where(np.abs(found[:n]) < TINY, 0.0, found[:n])
        return whole

    def _near(self, cell: int, usable: Marks) -> NDArray[np.int64]:
        """Return the usable cells that a move of one cell can reach, over relations with usable cells, sorted."""
        by_row, by_column = self.system.relations, self._by_column
        seen, waiting = np.zeros(len(usable), bool), np.array([cell])
        rows_seen = np.zeros(by_row.shape[0], bool)
        seen[cell] = True
        while len(waiting):
            rows = np.unique(np.concatenate([by_column.indices[by_column.indptr[one] : by_column.indptr[one + 1]] for one in waiting]))
            rows = rows[~rows_seen[rows]]
            rows_seen[rows] = True
            found = np.concatenate([np.empty(0, int), *(by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]] for row in rows)])
            waiting = np.unique(found[usable[found] & ~seen[found]])
            seen[waiting] = True
        return np.flatnonzero(seen)

    def _solve(
        self, cell: int, usable: Marks, blocked: int | None, price: Floats | None, *, fixed: float = 0.0, sign: float = 0.0, most: float = 0.0
    ) -> Floats | None:
        places = self._near(cell, usable if blocked is None else _without(usable, blocked))
        values = self.system.values[places]
        low, high = np.minimum(self.lower[places] - values, 0.0), np.maximum(self.upper[places] - values, 0.0)
        own = int(np.searchsorted(places, cell))
        if sign:
            low[own], high[own] = (0.0, min(high[own], most)) if sign > 0 else (max(low[own], -most), 0.0)
        elif not low[own] - TINY <= fixed <= high[own] + TINY:
            return None
        else:
            low[own] = high[own] = fixed
        change = _programme(self._by_column[:, places], low, high, None if price is None else price[places], own, sign)
        if change is None:
            return None
        whole = np.zeros(len(self.system.values))
        whole[places] = np.where(np.abs(change) < TINY, 0.0, change)
        return whole


def _programme(
    columns: sparse.csc_array, low: Floats, high: Floats, price: Floats | None, own: int, sign: float
) -> Floats | None:
    """Solve for changes that keep the relations: cheapest where there is a price, else furthest in one cell."""
    rows, n = _used_rows(columns), len(low)
    none = np.zeros(rows.shape[0])
    if price is None:
        aim = np.zeros(n)
        aim[own] = -sign
        return _solved(aim, rows, none, none, np.column_stack([low, high]))
    both = sparse.hstack([rows, -rows], format="csc")
    bounds = np.column_stack([np.concatenate([np.maximum(low, 0), np.maximum(-high, 0)]), np.concatenate([np.maximum(high, 0), np.maximum(-low, 0)])])
    found = _solved(np.tile(price, 2), both, none, none, bounds)
    return None if found is None else found[:n] - found[n:]


def _solved(aim: Floats, rows: sparse.sparray, least: Floats, most: Floats, bounds: Floats) -> Floats | None:
    """Solve a linear programme, or return None; ``milp`` without whole numbers takes half the time that ``linprog`` does to reach HiGHS."""
    binding = optimize.LinearConstraint(rows, least, most) if rows.shape[0] else ()
    found = optimize.milp(aim, constraints=binding, bounds=optimize.Bounds(bounds[:, 0], bounds[:, 1]))
    return found.x if found.status == 0 else None


def _used_rows(columns: sparse.csc_array) -> sparse.csr_array:
    rows = sparse.csr_array(columns)
    return rows[np.flatnonzero(np.diff(rows.indptr))]


def _without(usable: Marks, cell: int) -> Marks:
    fewer = usable.copy()
    fewer[cell] = False
    return fewer
