"""The attacker: the range that published numbers leave of every count that a rule protects.

The attacker knows the tables' structure, that counts are not negative, what is published exactly, and intervals for what is
published rounded, as a rate or as a percentage. Which counts need protection follows from the true table and the rule; nothing here
looks at which cells were meant to be withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from svd_lib.disclosure.greedy import others_near, spanned
from svd_lib.disclosure.moves import TINY, Floats, Marks, Moves
from svd_lib.disclosure.systems import TableSystem
from svd_lib.errors import SnaError

COLUMNS = ("cell", "value", "attacker", "lower", "upper", "width", "needed")
OUTSIDER = ""
"""Attacker who knows nothing but what is published."""


@dataclass(frozen=True)
class Seen:
    """One published number: what it says of one cell, or of one cell as a share of another.

    Attributes
    ----------
    cell : int
        Position in the system.
    lower, upper : float
        The cell's value lies within; for a share, the share does.
    where : str
        File and exhibit that published it.
    of : int, optional
        Position of the cell that the first is a share of.
    """

    cell: int
    lower: float
    upper: float
    where: str
    of: int | None = None


def attack(
    system: TableSystem, seen: Sequence[Seen], protected: Marks, width: float, *, alone: Sequence[int] = (), floor: Floats | None = None
) -> pd.DataFrame:
    """Return the protected cells whose range is narrower than it must be.

    Parameters
    ----------
    system : TableSystem
        Every cell that anything was published about, and the protected ones.
    seen : sequence of Seen
        What is published.
    protected : array of bool, shape (n,)
        Cells to protect.
    width : float
        Least width of the range of each.
    alone : sequence of int
        Cells of one contributor: attackers who know that cell and learn another exactly also count.
    floor : array, shape (n,), optional
        The least that everybody knows of each cell; none when absent.

    Returns
    -------
    pandas.DataFrame
        ``cell, value, attacker`` (empty for one who knows what is published; else the cell known), ``lower, upper, width,
        needed``; no rows when nothing can be worked out.
    """
    moves = _moves(system, seen, floor)
    cells = np.flatnonzero(protected)
    rows = _narrow(moves, cells, width, OUTSIDER, None)
    for known in alone:
        rows += _narrow(moves, others_near(moves, cells, int(known)), 1.0, str(system.cells[known]), int(known))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _moves(system: TableSystem, seen: Sequence[Seen], floor: Floats | None) -> Moves:
    """Turn what is published into limits of cells; a share becomes two relations with a slack each."""
    shares = [one for one in seen if one.of is not None]
    wide = _with_shares(system, shares)
    lower = np.zeros(len(wide.values))
    if floor is not None:
        lower[: len(floor)] = floor
    upper = np.full(len(wide.values), np.inf)
    for one in (one for one in seen if one.of is None):
        lower[one.cell], upper[one.cell] = max(lower[one.cell], one.lower), min(upper[one.cell], one.upper)
    return Moves(wide, np.minimum(lower, wide.values), np.maximum(upper, wide.values))


def _with_shares(system: TableSystem, shares: Sequence[Seen]) -> TableSystem:
    if not shares:
        return system
    n, k = len(system.values), len(shares)
    part, whole = np.array([one.cell for one in shares]), np.array([one.of for one in shares])
    low, high = np.array([one.lower for one in shares]), np.array([one.upper for one in shares])
    at = np.arange(k)
    above = _rows(at, part, 1.0, whole, -low, n)
    below = _rows(at, part, -1.0, whole, high, n)
    both = sparse.hstack([sparse.vstack([above, below]), -sparse.identity(2 * k)])
    relations = sparse.vstack([sparse.hstack([system.relations, sparse.csr_array((system.relations.shape[0], 2 * k))]), both], format="csr")
    slack = np.concatenate([system.values[part] - low * system.values[whole], high * system.values[whole] - system.values[part]])
    names = pd.Index([*system.cells, *(f"slack {number}" for number in range(2 * k))])
    return TableSystem(names, np.concatenate([system.values, slack]), sparse.csr_array(relations), np.concatenate([system.is_total, np.ones(2 * k, bool)]))


def _rows(at: np.ndarray, part: np.ndarray, one: float, whole: np.ndarray, other: Floats | float, n: int) -> sparse.csr_array:
    data = np.concatenate([np.full(len(at), one), np.broadcast_to(other, len(at))])
    return sparse.csr_array((data, (np.tile(at, 2), np.concatenate([part, whole]))), shape=(len(at), n))


def _narrow(moves: Moves, cells: np.ndarray, width: float, attacker: str, known: int | None) -> list[tuple]:
    """Cells with too narrow a range: first a few moves of all together clear most, then each of the rest is bounded."""
    usable = moves.upper > moves.lower + TINY
    widths = np.full(len(cells), width)
    doubtful = cells[spanned(moves, cells, widths, usable, known) < widths - TINY] if len(cells) else cells
    rows = []
    for cell in doubtful:
        low, high = bounds_of(moves, int(cell), usable, known)
        if high - low < width - TINY:
            value = float(moves.system.values[cell])
            rows.append((moves.system.cells[cell], value, attacker, round(low, 6) + 0.0, round(high, 6), round(high - low, 6) + 0.0, width))
    return rows


def bounds_of(moves: Moves, cell: int, usable: Marks, known: int | None = None, most: float = 1e6) -> tuple[float, float]:
    """Return the least and greatest value of one cell; ``most`` beyond its value stands for no bound."""
    value = float(moves.system.values[cell])
    if not usable[cell]:
        return value, value
    up, down = (moves.furthest(cell, sign, usable, most, known) for sign in (1.0, -1.0))
    if up is None or down is None:
        raise SnaError(f"The range of '{moves.system.cells[cell]}' could not be found; what is published contradicts the table.")
    return value + float(down[cell]), value + float(up[cell])


def exact(system: TableSystem, published: Mapping[str, float] | Marks, where: str = "") -> list[Seen]:
    """Return what cells published exactly say.

    Parameters
    ----------
    system : TableSystem
    published : mapping of cell to value, or array of bool
        The cells; true values where only marks are given.
    where : str, optional
        The file that published them.
    """
    if isinstance(published, Mapping):
        places = system.positions(list(published))
        return [Seen(int(place), float(value), float(value), where) for place, value in zip(places, published.values())]
    return [Seen(int(place), float(system.values[place]), float(system.values[place]), where) for place in np.flatnonzero(published)]
