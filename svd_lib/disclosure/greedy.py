"""Secondary suppression where the exact optimum is out of reach: one cheapest move per exposed cell, then a clean-up.

Each cell that must be protected gets a move (:mod:`svd_lib.disclosure.moves`) that changes it by the width it needs. The cells in
the move's support are withheld; later cells use them at no cost. Then every withheld cell, dearest first, is put back if the cells
that relied on it find another move. The moves are the certificate: nothing is taken on trust from the search.

References
----------
Kelly, Golden and Assad (1992), Networks 22:397-417; Fischetti and Salazar (2001), Management Science 47:1008-1027.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from svd_lib.disclosure.moves import TINY, Floats, Marks, Moves
from svd_lib.errors import SnaError

NUDGE = 1e-5
"""Price of changing a cell that is withheld already, so that moves stay short."""


@dataclass(frozen=True)
class Need:
    """What one cell needs: a range of some width, against an attacker who may know one other cell."""

    cell: int
    width: float
    known: int | None = None


@dataclass
class Search:
    """One search under way.

    Attributes
    ----------
    moves : Moves
    price : array, shape (n,)
        Cost of withholding each cell.
    allowed : array of bool, shape (n,)
        Cells that may be withheld.
    hidden : array of bool, shape (n,)
        Cells withheld so far; grows, and shrinks in the clean-up.
    fixed : array of bool, shape (n,)
        Cells withheld in any case.
    proofs : dict
        The moves that protect each need.
    """

    moves: Moves
    price: Floats
    allowed: Marks
    hidden: Marks
    fixed: Marks
    proofs: dict[Need, list[Floats]] = field(default_factory=dict)
    _pool: list[Floats] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Cost of the cells withheld beyond those withheld in any case."""
        return float(self.price[self.hidden & ~self.fixed].sum())

    def protect(self, need: Need) -> None:
        """Withhold what the need lacks.

        Raises
        ------
        SnaError
            When nothing that may be withheld protects the cell.
        """
        found = self._from_pool(need) or self._from_hidden(need) or self._from_price(need)
        if found is None:
            raise SnaError("No pattern of withheld cells protects every small count; allow totals to be withheld, or merge categories.")
        for move in found:
            self.hidden |= move != 0
        self._pool += found
        self.proofs[need] = found

    def _from_pool(self, need: Need) -> list[Floats] | None:
        """Moves found for other cells that protect this one too."""
        fit = [move for move in self._pool if move[need.cell] and (need.known is None or not move[need.known])]
        return _enough(fit, need) if fit else None

    def _from_hidden(self, need: Need) -> list[Floats] | None:
        """Moves among the cells that are withheld already."""
        fit: list[Floats] = []
        for sign in (1.0, -1.0):
            move = self.moves.furthest(need.cell, sign, self.hidden, need.width, need.known)
            fit += [move] if move is not None and move[need.cell] else []
            if _enough(fit, need):
                return fit
        return None

    def _from_price(self, need: Need) -> list[Floats] | None:
        """The cheaper of: up by the whole width; down as far as it goes and up by the rest."""
        usable = self.allowed | self.hidden
        price = np.where(self.hidden, NUDGE * (1 + self.price), self.price) / need.width
        down = min(need.width, self.moves.system.values[need.cell] - self.moves.lower[need.cell])
        choices = []
        for parts in ((need.width,), (need.width - down, -down)):
            found = [self.moves.cheapest(need.cell, by, usable, price, need.known) for by in parts if abs(by) > TINY]
            if found and all(move is not None for move in found):
                choices.append(found)
        return min(choices, key=self._cost, default=None)

    def _cost(self, found: Sequence[Floats]) -> float:
        touched = np.any([move != 0 for move in found], axis=0) & ~self.hidden
        return float(self.price[touched].sum())

    def put_back(self) -> None:
        """Publish again what is not needed, dearest first, then what the proofs of the rest no longer touch."""
        order = np.flatnonzero(self.hidden & ~self.fixed)
        for cell in order[np.argsort(-self.price[order], kind="stable")]:
            if self.hidden[cell]:
                self._try_without(int(cell))

    def _try_without(self, cell: int) -> None:
        reliant = [need for need, found in self.proofs.items() if any(move[cell] for move in found)]
        self.hidden[cell] = False
        replaced: dict[Need, list[Floats]] = {}
        for need in reliant:
            fit = [move for moves in replaced.values() for move in moves if move[need.cell] and (need.known is None or not move[need.known])]
            found = (_enough(fit, need) if fit else None) or self._from_hidden(need)
            if found is None:
                self.hidden[cell] = True
                return
            replaced[need] = found
        self.proofs |= replaced


def _enough(fit: Sequence[Floats], need: Need) -> list[Floats] | None:
    """Return the one or two moves that span the width, or None."""
    up = max(fit, key=lambda move: move[need.cell], default=None)
    down = min(fit, key=lambda move: move[need.cell], default=None)
    if up is None or down is None:
        return None
    rise, fall = max(up[need.cell], 0.0), max(-down[need.cell], 0.0)
    if rise + fall < need.width - TINY:
        return None
    return [move for move, part in ((up, rise), (down, fall)) if part > TINY and (move is up or rise < need.width - TINY)]


TRIED_TWICE = 600
"""Systems of at most this many cells are searched from both ends."""
EXCHANGED = 200
"""Systems of at most this many cells are searched again without each withheld cell."""
ROUNDS = 6
"""Moves of all cells together that are tried before any cell is looked at alone."""


def open_needs(moves: Moves, cells: NDArray[np.int64], width: float | Floats, fixed: Marks, alone: Sequence[int]) -> list[Need]:
    """Return what cells withheld in any case leave to do: a width for each cell, one step of doubt against each lone contributor.

    Parameters
    ----------
    moves : Moves
    cells : array of int, shape (k,)
        Positions of the cells to protect.
    width : float or array, shape (k,)
    fixed : array of bool, shape (n,)
        Cells withheld in any case; what moves among them protects costs nothing and stays.
    alone : sequence of int
        Cells of one contributor.
    """
    widths = np.broadcast_to(np.asarray(width, float), len(cells))
    short = spanned(moves, cells, widths, fixed) < widths - TINY
    needs = [Need(int(cell), float(wide)) for cell, wide in zip(cells[short], widths[short])]
    for known in alone:
        others = others_near(moves, cells, known)
        short = spanned(moves, others, np.ones(len(others)), fixed, int(known), rounds=2) < 1 - TINY
        needs += [Need(int(cell), 1.0, int(known)) for cell in others[short]]
    return needs


def others_near(moves: Moves, cells: NDArray[np.int64], known: int) -> NDArray[np.int64]:
    """Return the cells that one who knows a cell might learn: those of the same part of the system that count somebody else."""
    return cells[(moves.person[cells] != moves.person[known]) & (moves.component[cells] == moves.component[known])]


def spanned(
    moves: Moves, cells: NDArray[np.int64], widths: Floats, usable: Marks, known: int | None = None, rounds: int = ROUNDS
) -> Floats:
    """Return a width that the range of each cell has at least, from a few moves of all together."""
    rise, fall = reached(moves, cells, widths, usable, known, rounds)
    return rise + fall


def reached(
    moves: Moves, cells: NDArray[np.int64], widths: Floats, usable: Marks, known: int | None = None, rounds: int = ROUNDS
) -> tuple[Floats, Floats]:
    """Return how far up and down a few moves of all cells together take each; none is taken further once it has its width."""
    rng = np.random.default_rng(len(cells))
    rise, fall = np.zeros(len(cells)), np.zeros(len(cells))
    for number in range(rounds):
        left = np.flatnonzero(rise + fall < widths - TINY)
        if not len(left):
            break
        signs = np.ones(len(left)) if number == 0 else -np.ones(len(left)) if number == 1 else rng.choice([-1.0, 1.0], len(left))
        move = moves.together(cells[left], signs, widths[left], usable, known)[cells]
        rise, fall = np.maximum(rise, move), np.maximum(fall, -move)
    return rise, fall


def greedy_pattern(
    moves: Moves, cells: NDArray[np.int64], width: float | Floats, price: Floats, allowed: Marks, fixed: Marks, alone: Sequence[int] = ()
) -> Search:
    """Return the cheaper of two searches, begun with the largest and with the smallest protected cells; of one in a large system.

    In a small system every withheld cell is then forbidden in turn, and what costs less is kept.

    Parameters
    ----------
    moves : Moves
        The system and its limits.
    cells : array of int
        Positions of the cells to protect.
    width : float or array
        Width that each needs.
    price, allowed, fixed
        As :class:`Search`.
    alone : sequence of int
        Cells of one contributor, who knows them.

    Raises
    ------
    SnaError
        When some cell cannot be protected.
    """
    needs = open_needs(moves, cells, width, fixed, alone)
    first = _search(moves, needs, -1, price, allowed, fixed)
    if len(price) > TRIED_TWICE or not first.cost:
        return first
    found = min(first, _search(moves, needs, 1, price, allowed, fixed), key=_cost_of)
    return _exchanged(found, needs) if len(price) <= EXCHANGED else found


def _exchanged(found: Search, needs: Sequence[Need]) -> Search:
    """Search again without each withheld cell in turn, dearest first, and keep what is cheaper, until nothing is."""
    tried: set[int] = set()
    while True:
        withheld = np.flatnonzero(found.hidden & ~found.fixed)
        left = [int(cell) for cell in withheld[np.argsort(-found.price[withheld], kind="stable")] if cell not in tried]
        if not left:
            return found
        tried.add(left[0])
        allowed = found.allowed.copy()
        allowed[left[0]] = False
        for sign in (-1, 1):
            with contextlib.suppress(SnaError):
                found = min(found, _search(found.moves, needs, sign, found.price, allowed, found.fixed), key=_cost_of)


def _cost_of(search: Search) -> float:
    return search.cost


def _search(moves: Moves, needs: Sequence[Need], sign: int, price: Floats, allowed: Marks, fixed: Marks) -> Search:
    search = Search(moves, price, allowed, fixed.copy(), fixed)
    values = moves.system.values
    for need in sorted(needs, key=lambda need: (need.known is not None, sign * values[need.cell], need.cell)):
        search.protect(need)
    search.put_back()
    return search
