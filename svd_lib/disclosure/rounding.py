"""Controlled rounding: every count to a multiple of a base next to it, so that the rounded tables still add up.

The simple alternative to withholding: nothing is missing, and no count is exact. Rounding each count alone breaks the sums, and a
reader can use the broken sums to narrow counts down. Rounding all of them together keeps every relation, so that the published
numbers agree with each other and say of each count only that it lies within one base.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, sparse

from svd_lib.disclosure.attack import Seen
from svd_lib.disclosure.moves import Floats, Marks
from svd_lib.disclosure.systems import TableSystem
from svd_lib.disclosure.thresholds import Rule
from svd_lib.errors import SnaError

STEP = 5
"""Bases are multiples of this, which readers take in at a glance."""


def base_of(rule: Rule) -> int:
    """Return the least base with which a count rounded to none is as uncertain as the rule asks."""
    return max(STEP * int(np.ceil((rule.width + 1) / STEP)), rule.round_to)


def round_together(system: TableSystem, base: int, published: Marks) -> Floats:
    """Return values of which the published ones are multiples of a base, near the true ones, and all of which keep every relation.

    Parameters
    ----------
    system : TableSystem
        Counts.
    base : int
        What to round to.
    published : array of bool, shape (n,)
        Cells to round; the others take any value of none or more that agrees.

    Returns
    -------
    array, shape (n,)
        Published cells are multiples of ``base``, closer than one base to the true count where tables of that kind exist, else at
        most one base away; the sum of the distances is the least there is. A multiple of the base stays as it is in the first case.

    Raises
    ------
    SnaError
        When no such tables exist.

    References
    ----------
    Cox (1987), Journal of the American Statistical Association 82:520-524; Salazar-Gonzalez (2005), Computers and Operations
    Research 32:1855-1872.
    """
    for reach in (0, 1):
        found = _nearest(system, base, published, reach)
        if found is not None:
            return found
    raise SnaError(f"The tables cannot be rounded to multiples of {base} and still add up; publish fewer of them, or withhold counts instead.")


def _nearest(system: TableSystem, base: int, published: Marks, reach: int) -> Floats | None:
    """Solve for steps of the base: between the two next to each count, or those at most one base away, the least far in sum."""
    values, n = system.values, len(system.values)
    low = np.where(published, np.ceil((values - reach * base) / base) if reach else np.floor(values / base), 0.0)
    high = np.where(published, np.floor((values + reach * base) / base) if reach else np.ceil(values / base), np.inf)
    low = np.maximum(low, 0.0)
    marks = np.flatnonzero(published)
    k = len(marks)
    pick = sparse.csr_array((np.full(k, float(base)), (np.arange(k), marks)), shape=(k, n))
    far = -sparse.identity(k)
    # a distance is at least the step's value less the count, and the count less the step's value
    rows = sparse.vstack([sparse.hstack([system.relations, sparse.csr_array((system.relations.shape[0], k))]), sparse.hstack([pick, far]), sparse.hstack([-pick, far])], format="csc")
    least = np.concatenate([np.zeros(system.relations.shape[0]), np.full(2 * k, -np.inf)])
    most = np.concatenate([np.zeros(system.relations.shape[0]), values[marks], -values[marks]])
    bounds = optimize.Bounds(np.concatenate([low, np.zeros(k)]), np.concatenate([high, np.full(k, np.inf)]))
    whole = np.concatenate([published.astype(int), np.zeros(k, int)])
    aim = np.concatenate([np.zeros(n), np.ones(k)])
    found = optimize.milp(aim, constraints=optimize.LinearConstraint(rows, least, most), bounds=bounds, integrality=whole)
    if found.status != 0:
        return None
    return np.where(published, np.round(found.x[:n]), found.x[:n]) * base


def seen_rounded(system: TableSystem, rounded: Floats, base: int, published: Marks, where: str = "") -> list[Seen]:
    """Return what rounded counts say to one who knows how they were rounded: less than one base away, or at most one.

    Parameters
    ----------
    system : TableSystem
        The true counts.
    rounded : array, shape (n,)
        From :func:`round_together`.
    base, published
        As there.
    where : str, optional
        What published them.
    """
    marks = np.flatnonzero(published)
    far = base - 1 if (np.abs(rounded - system.values)[marks] < base).all() else base
    return [Seen(int(place), max(float(rounded[place]) - far, 0.0), float(rounded[place]) + far, where) for place in marks]
