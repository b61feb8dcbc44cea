"""Systems of tables: cells, totals included, and the linear relations between them that everybody knows.

Each row of ``relations`` adds up to nothing: the parts of a total, and minus the total. Linked and hierarchical tables are one
system: give the same cell the same name and list every relation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from svd_lib.errors import SnaError

Floats = NDArray[np.float64]
TOTAL = "Total"


@dataclass(frozen=True)
class TableSystem:
    """Cells with their values and the linear relations that bind them.

    Attributes
    ----------
    cells : pandas.Index, length n
        Names of the cells, totals included.
    values : array, shape (n,)
        Their true values.
    relations : scipy.sparse.csr_array, shape (m, n)
        Coefficients; every row times the values is zero.
    is_total : array of bool, shape (n,)
        Whether a cell is a total of others.
    """

    cells: pd.Index
    values: Floats
    relations: sparse.csr_array
    is_total: NDArray[np.bool_]

    def positions(self, cells: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the positions of named cells, or say which is unknown."""
        found = self.cells.get_indexer(pd.Index(list(cells), dtype=self.cells.dtype if len(cells) else None))
        if (found < 0).any():
            raise SnaError(f"The table has no cell '{list(cells)[int(np.argmax(found < 0))]}'.")
        return found


def table_system(values: Mapping[Hashable, float], totals: Mapping[Hashable, Sequence[Hashable]]) -> TableSystem:
    """Make a system of tables from cells and from what adds up to what.

    Parameters
    ----------
    values : mapping
        Cell -> value, totals included.
    totals : mapping, or sequence of (total, parts) where one total is broken down in several ways
        Total -> the cells that add up to it.

    Returns
    -------
    TableSystem

    Raises
    ------
    SnaError
        If a relation names an unknown cell or does not hold.
    """
    cells = pd.Index(list(values))
    relations = list(totals.items()) if isinstance(totals, Mapping) else list(totals)
    matrix = sparse.lil_array((len(relations), len(cells)))
    is_total = np.zeros(len(cells), bool)
    for row, (total, parts) in enumerate(relations):
        unknown = [name for name in (total, *parts) if name not in cells]
        if unknown:
            raise SnaError(f"A relation names the cell '{unknown[0]}', which has no value.")
        place = cells.get_loc(total)
        matrix[row, cells.get_indexer(list(parts))] = 1.0
        matrix[row, place] = -1.0
        is_total[place] = True
    system = TableSystem(cells, np.asarray(list(values.values()), float), sparse.csr_array(matrix), is_total)
    gaps = np.abs(system.relations @ system.values)
    if len(gaps) and gaps.max() > 1e-6 * max(1.0, np.abs(system.values).max()):
        raise SnaError(
            f"The parts of '{relations[int(gaps.argmax())][0]}' do not add up to it; correct the table before suppressing cells."
        )
    return system


def cross_table(
    table: ArrayLike, rows: Sequence[Hashable] | None = None, columns: Sequence[Hashable] | None = None
) -> TableSystem:
    """Make the system of a table of rows by columns with its margins.

    Parameters
    ----------
    table : array-like, shape (r, c)
        Inner cells.
    rows, columns : sequence, optional
        Names; positions from 0 when absent.

    Returns
    -------
    TableSystem
        Cells named ``row|column``, margins ``row|Total``, ``Total|column`` and ``Total|Total``.
    """
    inner = np.asarray(table, float)
    names_r = [str(name) for name in (rows if rows is not None else range(inner.shape[0]))]
    names_c = [str(name) for name in (columns if columns is not None else range(inner.shape[1]))]
    full = np.vstack([np.column_stack([inner, inner.sum(axis=1)]), [*inner.sum(axis=0), inner.sum()]])
    values = {f"{r}|{c}": full[i, j] for i, r in enumerate([*names_r, TOTAL]) for j, c in enumerate([*names_c, TOTAL])}
    along = [(f"{r}|{TOTAL}", [f"{r}|{c}" for c in names_c]) for r in [*names_r, TOTAL]]
    down = [(f"{TOTAL}|{c}", [f"{r}|{c}" for r in names_r]) for c in [*names_c, TOTAL]]
    return table_system(values, along + down)


def same_person(system: TableSystem) -> NDArray[np.int64]:
    """Return a number for each cell, equal for counts of one that count the same person: a total of one and its one part."""
    ones = sparse.dia_array((np.where(system.values == 1, 1.0, 0.0)[None, :], [0]), shape=(len(system.values), len(system.values)))
    held = sparse.csr_array(system.relations @ ones)
    has_total = np.asarray((held < 0).sum(axis=1)).ravel() > 0
    pattern = abs(held[np.flatnonzero(has_total)])
    return csgraph.connected_components(sparse.csr_array(pattern.T @ pattern), directed=False)[1]
