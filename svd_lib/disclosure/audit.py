"""What an attacker can work out about suppressed cells: linear programmes over all published tables together.

A system of tables is a list of cells, totals included, and linear relations between them that everybody knows (each row of
``relations`` adds up to nothing: the parts of a total, and minus the total). Linked and hierarchical tables are one system:
give the same cell the same name and list every relation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, sparse
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


def audit_intervals(
    system: TableSystem,
    suppressed: Sequence[Hashable],
    *,
    width: float = 0.0,
    at_least: float = 0.0,
    at_most: float = np.inf,
    known: Sequence[Hashable] = (),
    whole_numbers: bool = False,
) -> pd.DataFrame:
    """Return, for each suppressed cell, the least and greatest value that the published cells leave open.

    Parameters
    ----------
    system : TableSystem
        All tables published together.
    suppressed : sequence
        Cells not published.
    width : float, default 0
        An interval no wider than this exposes its cell.
    at_least, at_most : float
        What everybody knows of every cell: counts are zero or more.
    known : sequence
        Suppressed cells that this attacker knows (a single contributor knows its own cell).
    whole_numbers : bool, default False
        Integer bounds (tighter; for small tables).

    Returns
    -------
    pandas.DataFrame, one row a suppressed cell, in the order given
        ``cell, value, lower, upper, width, is_exposed``.

    Raises
    ------
    SnaError
        If no table agrees with the published cells and limits.
    """
    hidden = system.positions(suppressed)
    free = np.setdiff1d(hidden, system.positions(known))
    lower, upper = system.values.copy(), system.values.copy()
    for places in _connected(system, free):
        lower[places], upper[places] = _bounds(system, places, at_least, at_most, whole_numbers)
    frame = pd.DataFrame(
        {"cell": system.cells[hidden], "value": system.values[hidden], "lower": lower[hidden], "upper": upper[hidden]}
    )
    frame["width"] = frame["upper"] - frame["lower"]
    return frame.assign(is_exposed=frame["width"] <= width + 1e-6)


def audit_singletons(
    system: TableSystem,
    suppressed: Sequence[Hashable],
    *,
    contributors: Mapping[Hashable, int] | None = None,
    width: float = 0.0,
) -> pd.DataFrame:
    """Audit again for every attacker who is the only person in a suppressed cell, and so knows that cell.

    Parameters
    ----------
    system : TableSystem
    suppressed : sequence
        Cells not published.
    contributors : mapping, optional
        Cell -> number of persons in it; the value itself when absent (a count of persons).
    width : float, default 0
        As :func:`audit_intervals`.

    Returns
    -------
    pandas.DataFrame, one row an attacker and other suppressed cell
        ``attacker`` (the cell known), then as :func:`audit_intervals`. Empty where no suppressed cell has one contributor.
    """
    hidden = system.positions(suppressed)
    persons = dict(zip(system.cells[hidden], system.values[hidden])) | dict(contributors or {})
    alone = [
        cell for cell in system.cells[hidden] if persons[cell] == 1 and not system.is_total[system.cells.get_loc(cell)]
    ]
    seen = [audit_intervals(system, suppressed, known=[cell], width=width).assign(attacker=cell) for cell in alone]
    columns = ["attacker", "cell", "value", "lower", "upper", "width", "is_exposed"]
    if not seen:
        return pd.DataFrame(columns=columns)
    found = pd.concat(seen, ignore_index=True)
    return found.loc[found["attacker"] != found["cell"], columns].reset_index(drop=True)


def effect_of_extra(system: TableSystem, suppressed: Sequence[Hashable], cell: Hashable) -> pd.DataFrame:
    """Return what each single further suppression would leave open about one suppressed cell.

    Parameters
    ----------
    system : TableSystem
    suppressed : sequence
        Cells not published so far.
    cell : hashable
        The suppressed cell in question.

    Returns
    -------
    pandas.DataFrame, one row a published inner cell
        ``extra, cost`` (its value), ``lower, upper, width`` of ``cell``.
    """
    system.positions([cell])
    published = [
        name for name, total in zip(system.cells, system.is_total) if not total and name not in set(suppressed)
    ]
    rows = [audit_intervals(system, [*suppressed, extra]).set_index("cell").loc[cell] for extra in published]
    found = pd.DataFrame(rows)[["lower", "upper", "width"]].reset_index(drop=True)
    cost = system.values[system.positions(published)]
    return pd.concat([pd.DataFrame({"extra": published, "cost": cost}), found], axis=1)


def _connected(system: TableSystem, free: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split unknown cells into groups that share no relation; each is a small problem of its own."""
    if not len(free):
        return []
    pattern = system.relations[:, free]
    linked = sparse.csr_array(abs(pattern).T @ abs(pattern))
    count, label = csgraph.connected_components(linked, directed=False)
    return [free[label == group] for group in range(count)]


def _bounds(
    system: TableSystem, places: NDArray[np.int64], at_least: float, at_most: float, whole_numbers: bool
) -> tuple[Floats, Floats]:
    part = system.relations[:, places]
    used = np.diff(part.indptr) > 0
    matrix = part[used]
    total = matrix @ system.values[places]
    limits = optimize.Bounds(np.full(len(places), at_least), np.full(len(places), at_most))
    ends = [_extreme(matrix, total, limits, k, sign, whole_numbers) for k in range(len(places)) for sign in (1.0, -1.0)]
    pairs = np.array(ends).reshape(len(places), 2)
    return pairs[:, 0], pairs[:, 1]


def _extreme(
    matrix: sparse.csr_array, total: Floats, limits: optimize.Bounds, cell: int, sign: float, whole: bool
) -> float:
    aim = np.zeros(matrix.shape[1])
    aim[cell] = sign
    binding = optimize.LinearConstraint(matrix, total, total) if matrix.shape[0] else ()
    found = optimize.milp(aim, constraints=binding, bounds=limits, integrality=np.full(len(aim), int(whole)))
    if found.status == 3:
        return -sign * np.inf
    if found.status != 0:
        raise SnaError(
            "No table agrees with the published cells and the limits stated; check the values and the relations."
        )
    nearest = np.round(found.fun)
    return float(sign * (nearest if abs(found.fun - nearest) < 1e-6 else found.fun)) + 0.0
