"""What an attacker can work out about suppressed cells: linear programmes over all published tables together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.sparse import csgraph

from svd_lib.disclosure.greedy import others_near, reached
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.systems import TableSystem, cross_table, table_system
from svd_lib.errors import SnaError

__all__ = ["TableSystem", "audit_intervals", "audit_singletons", "cross_table", "effect_of_extra", "table_system"]
Floats = NDArray[np.float64]


def audit_intervals(
    system: TableSystem,
    suppressed: Sequence[Hashable],
    *,
    width: float = 0.0,
    at_least: float | Floats = 0.0,
    at_most: float = np.inf,
    known: Sequence[Hashable] = (),
    whole_numbers: bool = False,
    only: Sequence[Hashable] | None = None,
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
        What everybody knows of every cell: counts are zero or more. The least may differ by cell: an array, shape (n,), in their order.
    known : sequence
        Suppressed cells that this attacker knows (a single contributor knows its own cell).
    whole_numbers : bool, default False
        Integer bounds (tighter; for small tables).
    only : sequence, optional
        Those of the suppressed cells that are asked about; all when absent.

    Returns
    -------
    pandas.DataFrame, one row a suppressed cell, in the order given
        ``cell, value, lower, upper, width, is_exposed``.

    Raises
    ------
    SnaError
        If no table agrees with the published cells and limits.
    """
    asked = system.positions(suppressed if only is None else only)
    free = np.setdiff1d(system.positions(suppressed), system.positions(known))
    lower, upper = system.values.copy(), system.values.copy()
    least = np.broadcast_to(np.asarray(at_least, float), len(system.values))
    for places in _connected(system, free):
        wanted = np.isin(places, asked)
        if wanted.any():
            lower[places[wanted]], upper[places[wanted]] = _bounds(system, places, np.flatnonzero(wanted), least[places], at_most, whole_numbers)
    frame = pd.DataFrame(
        {"cell": system.cells[asked], "value": system.values[asked], "lower": lower[asked], "upper": upper[asked]}
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
    pandas.DataFrame, one row an attacker and other suppressed cell of the same part of the system
        ``attacker`` (the cell known), then as :func:`audit_intervals`; where a cell is not exposed its range is at least as wide as
        the limits given. Empty where no suppressed cell has one contributor.
    """
    hidden = system.positions(suppressed)
    persons = dict(zip(system.cells[hidden], system.values[hidden])) | dict(contributors or {})
    alone = [place for place in hidden if persons[system.cells[place]] == 1 and not system.is_total[place]]
    columns = ["attacker", "cell", "value", "lower", "upper", "width", "is_exposed"]
    usable = np.zeros(len(system.values), bool)
    usable[hidden] = True
    moves = Moves(system, np.zeros(len(usable)), np.full(len(usable), np.inf))
    seen = [_as_lone(moves, hidden, usable, int(place), width) for place in alone]
    return pd.concat(seen, ignore_index=True)[columns] if seen else pd.DataFrame(columns=columns)


def _as_lone(moves: Moves, hidden: NDArray[np.int64], usable: NDArray[np.bool_], known: int, width: float) -> pd.DataFrame:
    """What one lone contributor can work out: a few moves clear most cells, the rest are bounded one by one."""
    system = moves.system
    others = others_near(moves, hidden, known)
    rise, fall = reached(moves, others, np.full(len(others), max(width, 1.0) + 1.0), usable, known, rounds=4)
    frame = pd.DataFrame({"cell": system.cells[others], "value": system.values[others]})
    frame = frame.assign(lower=frame["value"] - fall, upper=frame["value"] + rise)
    doubtful = rise + fall <= width + 1e-6
    if doubtful.any():
        names = list(system.cells[hidden])
        limits = audit_intervals(system, names, known=[system.cells[known]], only=list(system.cells[others[doubtful]])).set_index("cell")
        frame.loc[doubtful, ["lower", "upper"]] = limits.loc[frame["cell"][doubtful], ["lower", "upper"]].to_numpy()
    frame["width"] = frame["upper"] - frame["lower"]
    return frame.assign(is_exposed=frame["width"] <= width + 1e-6, attacker=system.cells[known])


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
    system: TableSystem, places: NDArray[np.int64], asked: NDArray[np.int64], at_least: Floats, at_most: float, whole_numbers: bool
) -> tuple[Floats, Floats]:
    part = system.relations[:, places]
    used = np.diff(part.indptr) > 0
    matrix = part[used]
    total = matrix @ system.values[places]
    limits = optimize.Bounds(at_least, np.full(len(places), at_most))
    ends = [_extreme(matrix, total, limits, k, sign, whole_numbers) for k in asked for sign in (1.0, -1.0)]
    pairs = np.array(ends).reshape(len(asked), 2)
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
