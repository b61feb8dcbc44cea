"""Release: which counts of a partner's table may leave, decided once for all tables that an edition makes of it.

Why here and not at each exhibit. Tables that are each safe alone can be unsafe together, so the cells to withhold can only be chosen
over all of them. Chosen while chapters run, the choice would depend on which chapter ran first and on what a kept chapter published
before. So protection is decided **before any chapter runs**: a partner's table declares the margins that may be published of it, one
joint system is made of them and of what an earlier edition published, cells are withheld on that system, and chapters are handed the
released table alone. A chapter can then publish any picture, rate, sentence or file name made of it: what is computed from public
numbers gives away nothing that they did not. The choice depends on the table and its margins only, never on order or workers.

The released table is what may be committed (an edition's ``cleared/``). The exit applies the source's rule again as a second fence,
and the auditor (:mod:`svd_lib.disclosure.attack`) attacks what was in fact published, without looking at anything decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from svd_lib.disclosure.attack import attack
from svd_lib.disclosure.cube import Cube, Depths, Margin, Published, cell_names, cube_system
from svd_lib.disclosure.greedy import Search, greedy_pattern
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.rounding import base_of, round_together, seen_rounded
from svd_lib.disclosure.suppression import secondary_suppression
from svd_lib.disclosure.systems import TableSystem
from svd_lib.disclosure.thresholds import Rule
from svd_lib.errors import SnaError

Method = Literal["withhold", "round"]
EXACT_CELLS, EXACT_PRIMARY, EXACT_ROUNDS = 40, 10, 12
"""Systems of at most so many cells and small counts are solved to the optimum, if so many rounds of cuts suffice."""
MARGIN = "margin"
SMALL = 5


@dataclass(frozen=True)
class Release:
    """What may be published of one table.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a cell of every margin: ``margin`` (its columns, joined by `` x ``), the level columns (``All`` where added up),
        ``count`` (missing where withheld) and ``is_suppressed``.
    primary, secondary : tuple of str
        Cells withheld for themselves, and to protect those.
    cost : float
        Sum of the counts of secondary cells; of the distances to the true counts where they are rounded.
    notes : tuple of str
        What the release could not do, such as protect a count that an earlier edition published.
    """

    table: pd.DataFrame
    primary: tuple[str, ...]
    secondary: tuple[str, ...]
    cost: float
    notes: tuple[str, ...] = field(default=())

    def margin(self, *columns: str) -> pd.DataFrame:
        """Return one margin: its columns, ``count`` and ``is_suppressed``.

        Raises
        ------
        SnaError
            When the margin was not released.
        """
        return released_margin(self.table, *columns)


def released_margin(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return one margin of a released table: the columns named, ``count`` and ``is_suppressed``.

    Raises
    ------
    SnaError
        When the margin was not released.
    """
    known = {frozenset(name.split(" x ")): name for name in table[MARGIN].unique()}
    name = known.get(frozenset(columns or ("All",)))
    if name is None:
        raise SnaError(f"The table by {' and '.join(columns)} was not released; released are: {'; '.join(sorted(known.values()))}.")
    return table.loc[table[MARGIN] == name, [*columns, "count", "is_suppressed"]].reset_index(drop=True)


def release(
    cube: Cube,
    margins: Iterable[Sequence[str]],
    rule: Rule,
    *,
    earlier: pd.DataFrame | None = None,
    method: Method = "withhold",
    guard_singletons: bool = True,
) -> Release:
    """Decide what may be published of a cube.

    Parameters
    ----------
    cube : Cube
        The true counts.
    margins : iterable of sequences of str
        Level columns of every table that may be published.
    rule : Rule
        The source's.
    earlier : pandas.DataFrame, optional
        The released table of an earlier edition; its cells are public already.
    method : {"withhold", "round"}
        Withhold further cells, or round every count to a multiple of a base (:mod:`svd_lib.disclosure.rounding`); an earlier
        release cannot be taken into account then.
    guard_singletons : bool, default True
        Protect counts also from a person who is alone in another withheld count.

    Returns
    -------
    Release

    Raises
    ------
    SnaError
        When no choice protects every small count; merge categories or publish fewer tables.
    """
    return release_tables(cube_system(cube, margins, earlier_margins(earlier)), rule, earlier=earlier, method=method, guard_singletons=guard_singletons)


def release_tables(
    published: Published, rule: Rule, *, earlier: pd.DataFrame | None = None, method: Method = "withhold", guard_singletons: bool = True
) -> Release:
    """Decide what may be published of tables whose joint system stands already, earlier ones included; else as :func:`release`."""
    if method == "round":
        if earlier is not None:
            raise SnaError("Counts cannot be rounded where an earlier edition published them; withhold counts instead.")
        return _rounded(published, rule)
    public, kept, notes = _public_before(published, earlier)
    first = (published.is_published | kept) & rule.hides(published.system.values, published.largest) & ~public
    hidden, cost = _choose(published, rule, first, public, guard_singletons)
    return _made(published, first, hidden, cost, notes)


def _choose(published: Published, rule: Rule, first: np.ndarray, public: np.ndarray, guard: bool) -> tuple[np.ndarray, float]:
    """Withhold cells; zeros only where nothing else protects, because a zero is often known to be one."""
    fixed = first | ~(published.is_published | public)
    options = [rule.zeros == "withhold"] if rule.zeros == "withhold" else [False, True]
    for zeros in options:
        try:
            return _pattern(published, rule, first, fixed, published.is_published & ~public, zeros, guard)
        except SnaError:
            if zeros:
                raise
    raise AssertionError("unreachable")


def _pattern(
    published: Published, rule: Rule, first: np.ndarray, fixed: np.ndarray, allowed: np.ndarray, zeros: bool, guard: bool
) -> tuple[np.ndarray, float]:
    system = published.system
    lower = limits_below(system, published.is_published, zeros)
    allowed = allowed & ((system.values > 0) | zeros)
    price = np.where(fixed, 0.0, system.values + 1.0)
    alone = np.flatnonzero(first & (system.values == 1) & ~system.is_total) if guard else ()
    cells = np.flatnonzero(first)
    if len(system.values) <= EXACT_CELLS and len(cells) <= EXACT_PRIMARY:
        try:
            return _exact(system, cells, rule.width, price, fixed, allowed, lower, bool(len(alone)))
        except SnaError:
            pass  # too many rounds, or no pattern: the search below says which
    moves = Moves(system, lower, np.full(len(lower), np.inf))
    search = greedy_pattern(moves, cells, rule.width, price, allowed & ~fixed, fixed, alone)
    return search.hidden, _cost(search, system)


def limits_below(system: TableSystem, is_published: np.ndarray, zeros_withheld: bool) -> np.ndarray:
    """Return the least that an attacker gives a withheld cell: one where zeros are shown as zeros, else none."""
    return np.where(is_published & (system.values > 0) & (not zeros_withheld), 1.0, 0.0)


def _exact(
    system: TableSystem, cells: np.ndarray, width: float, price: np.ndarray, fixed: np.ndarray, allowed: np.ndarray, lower: np.ndarray, guard: bool
) -> tuple[np.ndarray, float]:
    pattern = secondary_suppression(
        system, list(system.cells[cells]), width=width, cost=dict(zip(system.cells, price)),
        already=list(system.cells[fixed]), never=list(system.cells[~allowed & ~fixed]), zeros_may_be_withheld=True,
        guard_singletons=guard, at_least=lower, most_rounds=EXACT_ROUNDS, exact=True,
    )  # fmt: skip
    hidden = fixed.copy()
    hidden[system.positions(pattern.secondary)] = True
    return hidden, float(system.values[hidden & ~fixed].sum())


def _cost(search: Search, system: TableSystem) -> float:
    return float(system.values[search.hidden & ~search.fixed].sum())


def _made(published: Published, first: np.ndarray, hidden: np.ndarray, cost: float, notes: tuple[str, ...]) -> Release:
    shown, first = published.is_published & ~hidden, first & published.is_published
    counts = np.where(shown, published.system.values, np.nan)
    names = published.system.cells
    second = published.is_published & hidden & ~first
    return Release(_long(published, counts), tuple(names[first]), tuple(names[second]), cost, notes)


def _long(published: Published, counts: np.ndarray) -> pd.DataFrame:
    """Return all margins under each other."""
    levels = [name for names in published.cube.dimensions for name in names]
    parts = []
    for margin in published.margins:
        columns, values = published.cube.columns(margin), counts[published.spans[margin]]
        part = published.cells[margin][list(columns)].assign(**{MARGIN: " x ".join(columns) or "All"}, count=values)
        parts.append(part.reindex(columns=[MARGIN, *levels, "count"], fill_value="All"))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(is_suppressed=table["count"].isna())


def _rounded(published: Published, rule: Rule) -> Release:
    """Round every count so that the tables still add up, and attack the result: which counts lie near a multiple is all that may be learnt."""
    system, shown, base = published.system, published.is_published, base_of(rule)
    first = shown & rule.hides(system.values, published.largest)
    counts = round_together(system, base, shown)
    alone = np.flatnonzero(first & (system.values == 1) & ~system.is_total)
    found = attack(system, seen_rounded(system, counts, base, shown), first, rule.width, alone=alone)
    if len(found):
        raise SnaError(f"{found['cell'].nunique()} small counts could be worked out from counts rounded to {base}; withhold counts instead, or publish fewer tables.")
    table = _long(published, np.where(shown, counts, np.nan))
    return Release(table, tuple(system.cells[first]), (), float(np.abs(counts - system.values)[shown].sum()), (f"Every count is rounded to a multiple of {base}.",))


def earlier_margins(earlier: pd.DataFrame | None) -> list[Margin]:
    """Return the margins of an earlier release, or none where there was no release."""
    if earlier is None:
        return []
    return [() if name == "All" else tuple(name.split(" x ")) for name in earlier[MARGIN].unique()]


def _public_before(published: Published, earlier: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Mark the cells whose present value an earlier edition published, and those it withheld; a revised value is a new number."""
    system = published.system
    public, kept = np.zeros(len(system.values), bool), np.zeros(len(system.values), bool)
    if earlier is None:
        return public, kept, ()
    for margin in earlier_margins(earlier):
        held = released_margin(earlier, *margin)
        places = system.cells.get_indexer(cell_names(held, margin))
        _same_scope(published, margin)
        same = (places >= 0) & (system.values[places] == held["count"].to_numpy(float))
        public[places[same]] = True
        kept[places[(places >= 0) & held["is_suppressed"].to_numpy(bool)]] = True
    small = int((public & published.is_published & (system.values > 0) & (system.values < SMALL)).sum())
    return public, kept, (f"{small} small counts were published by an earlier edition and cannot be protected.",) if small else ()


def _same_scope(published: Published, margin: Margin) -> None:
    """Refuse an earlier table that adds up over time: its total is not of the periods that the present one adds up."""
    depths: Depths = published.cube.depths(margin)
    time = [number for number, levels in enumerate(published.cube.dimensions) if {"month", "year", "financial_year"} & set(levels)]
    if any(depths[number] == len(published.cube.dimensions[number]) for number in time):
        raise SnaError(f"The earlier table by {' x '.join(margin) or 'nothing'} adds up over all its periods; give a level of time to every margin.")
