"""Which cells to withhold: small counts first, then the cheapest further cells that keep them from being worked out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from svd_lib.disclosure.audit import audit_intervals
from svd_lib.disclosure.greedy import greedy_pattern
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.systems import TableSystem, cross_table, same_person
from svd_lib.errors import SnaError

Floats = NDArray[np.float64]
Cost = Literal["value", "one", "log"]
Cut = tuple[Floats, float]
EXACT_CELLS, EXACT_PRIMARY = 150, 12
"""Systems of at most so many cells and primary ones are solved to the optimum unless the caller says otherwise."""


@dataclass(frozen=True)
class Suppression:
    """A safe pattern: cells withheld for themselves, cells withheld to protect them, and the audit.

    Attributes
    ----------
    primary, secondary : tuple
        Cells in the order of the system.
    cost : float
        Cost of the secondary cells.
    published : int
        Cells, totals included, that may be published.
    audit : pandas.DataFrame
        Interval of every withheld cell, from :func:`svd_lib.disclosure.audit.audit_intervals`.
    """

    primary: tuple[Hashable, ...]
    secondary: tuple[Hashable, ...]
    cost: float
    published: int
    audit: pd.DataFrame


def primary_cells(
    counts: ArrayLike,
    *,
    threshold: int = 5,
    zeros: Literal["publish", "withhold"] = "publish",
    largest: ArrayLike | None = None,
    dominance: float = 0.85,
) -> NDArray[np.bool_]:
    """Return which counts must be withheld for themselves.

    Parameters
    ----------
    counts : array-like, shape (n,)
        Persons or events in each cell; missing cells are not withheld (there is nothing to publish).
    threshold : int, default 5
        Counts below this are withheld.
    zeros : {"publish", "withhold"}
        Whether a count of none may be published.
    largest : array-like, optional
        Contribution of the largest contributor (or two) to each cell.
    dominance : float, default 0.85
        A cell of which ``largest`` makes more than this share is withheld.

    Returns
    -------
    array of bool, shape (n,)
    """
    n = np.asarray(counts, float)
    small = (n < threshold) & ((n > 0) if zeros == "publish" else (n >= 0))
    if largest is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            small |= np.where(n > 0, np.asarray(largest, float) / n, 0.0) > dominance
    return small


def secondary_suppression(
    system: TableSystem,
    primary: Sequence[Hashable],
    *,
    width: float = 1.0,
    cost: Cost | Mapping[Hashable, float] = "value",
    already: Sequence[Hashable] = (),
    totals_may_be_withheld: bool = True,
    never: Sequence[Hashable] = (),
    zeros_may_be_withheld: bool = False,
    guard_singletons: bool = False,
    most_rounds: int = 500,
    at_least: ArrayLike = 0.0,
    exact: bool | None = None,
) -> Suppression:
    """Choose the cheapest cells to withhold so that no primary cell can be worked out too closely.

    Parameters
    ----------
    system : TableSystem
        All tables published together.
    primary : sequence
        Cells withheld for themselves.
    width : float, default 1
        The interval that the published cells leave open for each primary cell is at least this wide.
    cost : {"value", "one", "log"} or mapping
        Cost of withholding a cell: its value, one, log(1 + value), or as given.
    already : sequence
        Cells withheld in any case, at no cost, that need no protection of their own.
    totals_may_be_withheld : bool, default True
    never : sequence
        Cells that stay published.
    zeros_may_be_withheld : bool, default False
        A zero is often known to be one and protects nobody.
    guard_singletons : bool, default False
        Protect primary cells also from an attacker who is the only person in another withheld cell.
    most_rounds : int, default 500
    at_least : float or array, shape (n,), default 0
        The least that everybody knows of each cell.
    exact : bool, optional
        Whether to find the optimum; when absent, in systems of at most ``EXACT_CELLS`` cells and ``EXACT_PRIMARY`` primary ones. Else
        one cheapest move per exposed cell and a clean-up (:mod:`svd_lib.disclosure.greedy`).

    Returns
    -------
    Suppression

    Raises
    ------
    SnaError
        If no pattern protects every primary cell.

    Notes
    -----
    A cutting-plane form of Fischetti and Salazar's model: a small integer programme proposes cells, linear programmes look for an
    exposed primary cell, and their dual prices say which cells would help. The optimum is exact.

    References
    ----------
    Fischetti and Salazar (2001), Management Science 47:1008-1027.
    """
    first, fixed = system.positions(primary), system.positions([*primary, *already])
    price = _prices(system, cost)
    price[fixed] = 0.0
    allowed = _allowed(system, totals_may_be_withheld, never, zeros_may_be_withheld)
    allowed[fixed] = True
    room = system.values - np.minimum(at_least, system.values)
    if not (len(price) <= EXACT_CELLS and len(first) <= EXACT_PRIMARY if exact is None else exact):
        alone = first[(system.values[first] == 1) & ~system.is_total[first]] if guard_singletons else ()
        marks = np.isin(np.arange(len(price)), fixed)
        moves = Moves(system, system.values - room, np.full(len(price), np.inf))
        return _pattern(system, first, fixed, greedy_pattern(moves, first, width, price, allowed & ~marks, marks, alone).hidden, price)
    cuts: list[Cut] = []
    for _ in range(most_rounds):
        chosen = _cheapest(price, allowed, fixed, cuts)
        new = [cut for cell in first for cut in _violated(system, room, chosen, fixed, cell, width)]
        if not new and guard_singletons:
            new = _singleton_cuts(system, room, chosen, first, fixed)
        if not new:
            return _pattern(system, first, fixed, chosen, price)
        cuts.extend(new)
    raise SnaError(f"No safe pattern was found in {most_rounds} rounds; merge categories or publish fewer cells.")


def suppress_cross_table(
    table: pd.DataFrame,
    *,
    threshold: int = 5,
    zeros: Literal["publish", "withhold"] = "publish",
    width: float | None = None,
    totals_may_be_withheld: bool = True,
    guard_singletons: bool = True,
    replacement: object = pd.NA,
) -> pd.DataFrame:
    """Return a table of rows by columns, with its totals, in which no small count can be worked out.

    Parameters
    ----------
    table : pandas.DataFrame, shape (r, c)
        Inner counts, row names in the index.
    threshold, zeros
        As :func:`primary_cells`.
    width : float, optional
        As :func:`secondary_suppression`; the threshold when absent.
    totals_may_be_withheld : bool, default True
        Totals cost most, and go last. Zeros are withheld only where nothing else protects a small count.
    guard_singletons : bool, default True
        As :func:`secondary_suppression`; slow with more than a hundred small counts.
    replacement : object
        Stands in withheld cells.

    Returns
    -------
    pandas.DataFrame, shape (r + 1, c + 1)
        Object columns, with a row and a column ``Total``.
    """
    system = cross_table(table.to_numpy(float), list(table.index), list(table.columns))
    small = list(system.cells[primary_cells(system.values, threshold=threshold, zeros=zeros)])
    options = {
        "width": threshold if width is None else width,
        "totals_may_be_withheld": totals_may_be_withheld,
        "guard_singletons": guard_singletons,
    }
    try:
        pattern = secondary_suppression(system, small, zeros_may_be_withheld=zeros == "withhold", **options)
    except SnaError:
        pattern = secondary_suppression(system, small, zeros_may_be_withheld=True, **options)
    withheld = np.isin(system.cells, [*pattern.primary, *pattern.secondary]).reshape(table.shape[0] + 1, -1)
    shown = pd.DataFrame(
        system.values.reshape(withheld.shape), index=[*table.index, "Total"], columns=[*table.columns, "Total"]
    )
    return shown.astype("int64").astype(object).mask(withheld, replacement)


def _prices(system: TableSystem, cost: Cost | Mapping[Hashable, float]) -> Floats:
    if isinstance(cost, Mapping):
        return np.array([float(cost[cell]) for cell in system.cells])
    rules: dict[str, Callable[[Floats], Floats]] = {
        "value": np.abs,
        "one": np.ones_like,
        "log": lambda v: np.log1p(np.abs(v)),
    }
    if cost not in rules:
        raise SnaError(f"The cost of a cell is 'value', 'one', 'log' or a mapping, not '{cost}'.")
    return rules[cost](system.values) + 1e-9


def _allowed(system: TableSystem, totals: bool, never: Sequence[Hashable], zeros: bool) -> NDArray[np.bool_]:
    allowed = np.ones(len(system.cells), bool) if totals else ~system.is_total
    if not zeros:
        allowed &= system.values != 0
    allowed[system.positions(never)] = False
    return allowed


def _cheapest(
    price: Floats, allowed: NDArray[np.bool_], fixed: NDArray[np.int64], cuts: list[Cut]
) -> NDArray[np.bool_]:
    low, high = np.zeros(len(price)), allowed.astype(float)
    low[fixed] = 1.0
    constraints = (
        optimize.LinearConstraint(np.array([row for row, _ in cuts]), np.array([least for _, least in cuts]))
        if cuts
        else ()
    )
    found = optimize.milp(
        price, constraints=constraints, integrality=np.ones(len(price)), bounds=optimize.Bounds(low, high)
    )
    if found.status != 0:
        raise SnaError(
            "No pattern of withheld cells protects every small count; allow totals to be withheld, or merge categories."
        )
    return found.x > 0.5


def _violated(
    system: TableSystem,
    room: Floats,
    chosen: NDArray[np.bool_],
    fixed: NDArray[np.int64],
    cell: int,
    width: float,
    known: int | None = None,
) -> list[Cut]:
    """Look whether a primary cell is exposed; if so return the cut that says which cells would widen its interval."""
    open_cells = chosen.copy()
    if known is not None:
        open_cells[known] = False
    up, worth_up = _reach(system, room, open_cells, cell, 1.0, width)
    down, worth_down = _reach(system, room, open_cells, cell, -1.0, width)
    if up + down >= width - 1e-6:
        return []
    worth = worth_up + worth_down
    if known is not None:
        worth[known] = 0.0
    still_needed = width - worth[fixed].sum()
    worth[fixed] = 0.0
    return [(np.minimum(worth, still_needed), still_needed)]


def _reach(
    system: TableSystem, room: Floats, open_cells: NDArray[np.bool_], cell: int, sign: float, most: float
) -> tuple[float, Floats]:
    """Move one cell up or down as far as the relations allow (at most ``most``).

    Returns how far, and for each cell how much further it would let the attacker go were it withheld: infinite where the
    dual price of its published value is on the side that nothing bounds, its room downwards times the price on the other.
    """
    free = np.flatnonzero(open_cells)
    part = system.relations[:, free]
    rows = np.flatnonzero(np.diff(part.indptr))
    aim = np.zeros(len(system.cells))
    aim[cell] = -sign
    low, high = -room[free], np.full(len(free), np.inf)
    own = free == cell
    low[own], high[own] = np.maximum(low[own], -most), most
    found = optimize.linprog(aim[free], A_eq=part[rows], b_eq=np.zeros(len(rows)), bounds=np.column_stack([low, high]))
    price = np.zeros(system.relations.shape[0])
    price[rows] = found.eqlin.marginals
    reduced = aim - system.relations.T @ price
    reduced[np.abs(reduced) < 1e-9] = 0.0
    worth = np.maximum(reduced, 0.0) * room + np.where(reduced < 0, np.inf, 0.0)
    worth[cell] = max(reduced[cell], 0.0) * room[cell]
    return max(-float(found.fun), 0.0), worth


def _singleton_cuts(
    system: TableSystem, room: Floats, chosen: NDArray[np.bool_], first: NDArray[np.int64], fixed: NDArray[np.int64]
) -> list[Cut]:
    """Cuts against attackers who are the one person in a withheld cell; one step of doubt about the others is enough."""
    alone = [cell for cell in first if system.values[cell] == 1 and not system.is_total[cell]]
    person = same_person(system)
    return [
        cut
        for known in alone
        for cell in first
        if person[cell] != person[known]
        for cut in _violated(system, room, chosen, fixed, cell, 1.0, known)
    ]


def _pattern(
    system: TableSystem, first: NDArray[np.int64], fixed: NDArray[np.int64], chosen: NDArray[np.bool_], price: Floats
) -> Suppression:
    second = np.setdiff1d(np.flatnonzero(chosen), fixed)
    withheld = system.cells[np.sort(np.concatenate([np.unique(fixed), second]))]
    return Suppression(
        primary=tuple(system.cells[np.sort(first)]),
        secondary=tuple(system.cells[second]),
        cost=float(np.round(price[second].sum(), 6)),
        published=int((~chosen).sum()),
        audit=audit_intervals(system, list(withheld), width=0.0),
    )
