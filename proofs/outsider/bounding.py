"""The joint system: all cells of all editions, what adds up to what, and what was read; and the range it leaves of any cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from proofs.outsider.guessing import ALL, Cell, Claim, Layout

NOT_SUMMED = ("question",)
"""Dimensions over which a total has no meaning: one person answers many questions."""
MOST = 1e7
TINY = 1e-6


def sums(layout: Layout) -> list[tuple[Cell, list[Cell]]]:
    """Return each total that a table holds with the cells it is the sum of, from the layout alone."""
    found = []
    patterns = {tuple(value != ALL for value in cell) for cell in layout.cells}
    for pattern in sorted(patterns):
        inside = [cell for cell in layout.cells if tuple(value != ALL for value in cell) == pattern]
        for number, used in enumerate(pattern):
            if used and layout.dimensions[number] not in NOT_SUMMED:
                parts: dict[Cell, list[Cell]] = {}
                for cell in inside:
                    parts.setdefault((*cell[:number], ALL, *cell[number + 1 :]), []).append(cell)
                found += [(total, cells) for total, cells in parts.items() if total in layout.place]
    return found + same_groups(layout)


def same_groups(layout: Layout) -> list[tuple[Cell, list[Cell]]]:
    """Return, for a survey, that a group is as large under every question as in the question whose answers the groups are."""
    if layout.dimensions != ("question", "answer", "group"):
        return []
    sizes = [cell for cell in layout.cells if cell[1] == ALL and cell[2] != ALL]
    groups, answers = {cell[2] for cell in sizes}, {}
    for question, answer, group in layout.cells:
        if group == ALL:
            answers.setdefault(question, set()).add(answer)
    about = [question for question, given in answers.items() if groups and groups <= given and question not in {cell[0] for cell in sizes}]
    return [(cell, [(about[0], cell[2], ALL)]) for cell in sizes] if about else []


def is_within(part: str, whole: str) -> bool:
    """Say whether one period, as 2025-01/2025-06, lies within another longer one; ISO months compare as text."""
    (first, last), (start, end) = part.split("/"), whole.split("/")
    return part != whole and start <= first and last <= end


@dataclass
class Joint:
    """The cells of one table in the editions that published it.

    Attributes
    ----------
    layouts : sequence of Layout
        The table in each edition; cells that name their month, and those of equal periods, are the same cell.
    names : list of (str, tuple)
        Period (empty where the cell names its month) and values of each cell.
    differences : list of (int, int, int)
        Where one edition's period lies within another's: the place of what came since, which no table shows and everybody can take,
        that of the shorter period's count, and that of the longer's.
    """

    layouts: Sequence[Layout]
    names: dict[tuple[str, Cell], int] = field(default_factory=dict)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)
    differences: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for layout in self.layouts:
            for cell in layout.cells:
                self.names.setdefault(self.name(layout, cell), len(self.names))
            for total, parts in sums(layout):
                row = {self.at(layout, part): 1.0 for part in parts}
                row[self.at(layout, total)] = -1.0
                self.rows.append((row, 0.0, 0.0))
        for part, whole in permutations(self.layouts, 2):
            if is_within(part.period, whole.period):
                self._subtract(part, whole)
        self.lower, self.upper = np.zeros(len(self.names)), np.full(len(self.names), MOST)

    def _subtract(self, part: Layout, whole: Layout) -> None:
        """Name what came between two periods' counts."""
        for cell in part.cells:
            if cell in whole.place and self.name(part, cell)[0]:
                since = self.names.setdefault((f"{whole.period} since {part.period}", cell), len(self.names))
                self.differences.append((since, self.at(part, cell), self.at(whole, cell)))

    def take_differences(self, found: Iterable[tuple[int, int, int]]) -> None:
        """Take in that the longer period's count is the shorter one's and what came since, which is zero or more."""
        self.rows += [({shorter: 1.0, since: 1.0, longer: -1.0}, 0.0, 0.0) for since, shorter, longer in found]

    def name(self, layout: Layout, cell: Cell) -> tuple[str, Cell]:
        """Return what makes a cell the same in two editions."""
        has_month = "month" in layout.dimensions and cell[layout.dimensions.index("month")] != ALL
        return ("" if has_month else layout.period, cell)

    def at(self, layout: Layout, cell: Cell) -> int:
        """Return a cell's place among all."""
        return self.names[self.name(layout, cell)]

    def rows_of(self, layout: Layout, claim: Claim) -> list[tuple[dict[int, float], float, float]]:
        """Return a share as rows with limits."""
        place = self.at(layout, layout.cells[claim.cell])
        whole = self.at(layout, layout.cells[claim.of])
        return [({place: 1.0, whole: -claim.lower}, 0.0, MOST), ({place: 1.0, whole: -claim.upper}, -MOST, 0.0)]

    def take(self, layout: Layout, found: Iterable[Claim]) -> int:
        """Take in claims that fix one cell, those that agree with what was taken before; return how many."""
        taken = 0
        for claim in found:
            place = self.at(layout, layout.cells[claim.cell])
            if claim.of is None and self.lower[place] <= claim.upper and claim.lower <= self.upper[place]:
                self.lower[place], self.upper[place] = max(self.lower[place], claim.lower), min(self.upper[place], claim.upper)
                taken += 1
        return taken

    def zeros_shown(self, layout: Layout) -> Iterable[list[int]]:
        """Yield the withheld cells of each combination of labels of which zeros are published: each of them seems to be one at least."""
        patterns: dict[tuple[bool, ...], list[int]] = {}
        for cell in layout.cells:
            patterns.setdefault(tuple(value != ALL for value in cell), []).append(self.at(layout, cell))
        for places in patterns.values():
            known = [place for place in places if self.lower[place] == self.upper[place]]
            if any(self.upper[place] == 0 for place in known):
                yield sorted(set(places) - set(known))

    def take_least(self, places: Iterable[int]) -> None:
        """Take in that some cells are one at least."""
        for place in places:
            self.lower[place] = max(self.lower[place], 1.0)

    def ranges(self, cells: Sequence[int]) -> dict[int, tuple[float, float]] | None:
        """Return the least and greatest value of each cell, or None where nothing agrees with everything read."""
        equal, limits, values = _matrix(self.rows, len(self.names))
        given = {"A_ub": limits, "b_ub": values[1] if limits is not None else None, "A_eq": equal, "b_eq": values[0] if equal is not None else None}
        found = {}
        bounds = np.column_stack([self.lower, self.upper])
        for cell in cells:
            ends = []
            for sign in (1.0, -1.0):
                aim = np.zeros(len(self.names))
                aim[cell] = sign
                solved = linprog(aim, bounds=bounds, method="highs", **given)
                if solved.status != 0:
                    return None
                ends.append(sign * solved.fun)
            found[cell] = (ends[0], ends[1])
        return found


def _matrix(rows: Sequence[tuple[dict[int, float], float, float]], width: int) -> tuple:
    equal = [(row, low) for row, low, high in rows if low == high]
    limits = [(row, high) for row, low, high in rows if low != high and high < MOST]
    limits += [({place: -factor for place, factor in row.items()}, -low) for row, low, high in rows if low != high and low > -MOST]
    return _sparse([row for row, _ in equal], width), _sparse([row for row, _ in limits], width), (np.array([value for _, value in equal]), np.array([value for _, value in limits]))


def _sparse(rows: Sequence[dict[int, float]], width: int) -> sparse.csr_array | None:
    if not rows:
        return None
    starts = np.cumsum([0, *(len(row) for row in rows)])
    assert all(one < other for one, other in pairwise(starts))
    return sparse.csr_array((np.array([factor for row in rows for factor in row.values()]), np.array([place for row in rows for place in row]), starts), shape=(len(rows), width))
