"""Suppression under attack on generated tables: what is recoverable, what a simpler rule leaks, and what protection costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from proofs.proof import Proof, Reading, Step
from svd_lib.disclosure.attack import OUTSIDER, attack, exact
from svd_lib.disclosure.audit import audit_intervals
from svd_lib.disclosure.cube import Cube, Published, cube_system, make_cube
from svd_lib.disclosure.greedy import greedy_pattern
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.release import limits_below, release_tables
from svd_lib.disclosure.rounding import base_of
from svd_lib.disclosure.suppression import secondary_suppression
from svd_lib.disclosure.systems import TableSystem
from svd_lib.disclosure.thresholds import RULES, Rule
from svd_lib.errors import SnaError

MODULES = ("attack", "audit", "cube", "greedy", "moves", "release", "rounding", "suppression", "systems", "thresholds")
RULE = RULES["partner_under_10"]
SYSTEMS = 167
"""Of each of six shapes, so that there are a thousand."""
ROUNDED = 60
"""Systems that are rounded instead."""
COMPARED = 100
"""Systems whose optimum is found beside the search's answer."""
WORSE = 1.2
WHOLE_CELLS = 30
"""Systems of at most this many cells are attacked with whole numbers too."""
SHAPES = ("two margins", "hierarchy", "linked", "three dimensions", "mostly zeros", "lone contributors")


def generated(rng: np.random.Generator, shape: str) -> tuple[Cube, list[tuple[str, ...]]]:
    """Return a random cube and the margins published of it.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : str
        One of ``SHAPES``.
    """
    places, kinds, times = (int(rng.integers(*ends)) for ends in ((3, 9), (2, 5), (2, 4)))
    size = {"mostly zeros": 3.0, "lone contributors": 4.0}.get(shape, 12.0)
    spread = {"mostly zeros": 0.25}.get(shape, 0.8)
    index = pd.MultiIndex.from_product([range(places), range(kinds), range(times)], names=["small", "kind", "year"])
    mean = rng.gamma(spread, size / spread, places)[index.codes[0]] * rng.dirichlet(np.ones(kinds))[index.codes[1]] * kinds / 2
    frame = pd.DataFrame({"count": rng.poisson(mean)}, index=index).reset_index()
    frame = frame.assign(large="D" + (frame["small"] // 3).astype(str), group="G" + (frame["kind"] // 2).astype(str))
    frame = frame.assign(small="P" + frame["small"].astype(str), kind="K" + frame["kind"].astype(str), year=2020 + frame["year"])
    margins = {
        "two margins": [("small", "kind"), ("small",), ("kind",), ()],
        "hierarchy": [("small", "group"), ("large", "kind"), ("large", "group"), ("large",), ("kind",), ("group",)],
        "linked": [("small", "year"), ("kind", "year"), ("year",)],
        "three dimensions": [("large", "kind"), ("kind", "year"), ("large", "year")],
        "mostly zeros": [("small", "kind"), ("small", "year"), ("small",), ("kind",), ("year",)],
        "lone contributors": [("small", "kind"), ("large", "kind"), ("small",), ("large",), ("kind",), ()],
    }[shape]
    return make_cube(frame, [("small", "large"), ("kind", "group"), ("year",)]), margins


def lone(published: Published, rule: Rule = RULE) -> np.ndarray:
    """Return the positions of published counts of one."""
    system = published.system
    return np.flatnonzero(rule.hides(system.values) & published.is_published & (system.values == 1) & ~system.is_total)


def under_attack(published: Published, shown: np.ndarray) -> pd.DataFrame:
    """Attack what is shown of the published margins, as an outsider and as each lone contributor."""
    system = published.system
    protected = published.is_published & RULE.hides(system.values)
    zeros_shown = bool(shown[published.is_published & (system.values == 0)].all())
    floor = limits_below(system, published.is_published, not zeros_shown)
    return attack(system, exact(system, shown), protected, RULE.width, alone=lone(published), floor=floor)


def two_per_line(published: Published) -> np.ndarray:
    """Return what is shown when every line with one withheld count gets a second: the rule of thumb."""
    system = published.system
    hidden = ~published.is_published | RULE.hides(system.values)
    lines = [system.relations.indices[a:b] for a, b in zip(system.relations.indptr[:-1], system.relations.indptr[1:])]
    changed = True
    while changed:
        changed = False
        for line in (line for line in lines if hidden[line].sum() == 1):
            spare = line[~hidden[line] & (system.values[line] > 0)]
            if len(spare):
                hidden[spare[np.argmin(system.values[spare])]] = changed = True
    return published.is_published & ~hidden


def ours(rng: np.random.Generator, replications: int, shape: str) -> list[Reading]:
    """Release generated tables of one shape and attack them; the rule of thumb on the same tables beside it."""
    rows = []
    for _ in range(replications):
        cube, margins = generated(rng, shape)
        published = cube_system(cube, margins)
        small = int((published.is_published & RULE.hides(published.system.values)).sum())
        try:
            made = release_tables(published, RULE)
        except SnaError:
            rows.append((small, 1, 0, 0, 0, 0))
            continue
        shown = published.is_published & ~published.system.cells.isin([*made.primary, *made.secondary])
        mine, rough = under_attack(published, shown), under_attack(published, two_per_line(published))
        outside = rough["attacker"] == OUTSIDER
        rows.append((small, 0, len(mine), _whole(published, shown), rough["cell"].nunique(), rough.loc[outside, "cell"].nunique()))
    return _readings(shape, pd.DataFrame(rows, columns=["small", "refused", "mine", "integer", "rough", "outside"]))


def _whole(published: Published, shown: np.ndarray) -> int:
    """Count protected cells of a small system that whole numbers give away exactly."""
    system = published.system
    protected = published.is_published & RULE.hides(system.values)
    if len(system.values) > WHOLE_CELLS or not protected.any():
        return 0
    found = audit_intervals(system, list(system.cells[~shown]), at_most=1e5, whole_numbers=True).set_index("cell")
    return int((found.loc[system.cells[protected], "width"] < 1).sum())


def _readings(shape: str, rows: pd.DataFrame) -> list[Reading]:
    small, nan = max(int(rows["small"].sum()), 1), float("nan")
    about = f"{shape}, {len(rows)} systems"
    return [
        Reading("disclosure.release", f"small counts recoverable, {about}", "level", 0.0, int(rows["mine"].sum()), small),
        Reading("disclosure.release", f"small counts given away by whole numbers, {about}", "level", 0.0, int(rows["integer"].sum()), small),
        Reading("disclosure.release", f"systems refused, {about}", "measured", nan, int(rows["refused"].sum()), len(rows), note="no pattern exists, e.g. one small count alone"),
        Reading("two per line", f"systems that leak, {about}", "measured", nan, int((rows["rough"] > 0).sum()), len(rows), note="the auditor finds them"),
        Reading("two per line", f"small counts recoverable to an outsider, {about}", "measured", nan, int(rows["outside"].sum()), small),
        Reading("two per line", f"small counts recoverable, lone contributors included, {about}", "measured", nan, int(rows["rough"].sum()), small),
    ]  # fmt: skip


def rounded(rng: np.random.Generator, replications: int) -> list[Reading]:
    """Round generated tables of every shape so that they add up, and attack what the rounded counts say."""
    base = base_of(RULE)
    rows = []
    for number in range(replications):
        cube, margins = generated(rng, SHAPES[number % len(SHAPES)])
        published = cube_system(cube, margins)
        true = published.system.values[published.is_published]
        try:
            made = release_tables(published, RULE, method="round")
        except SnaError:
            rows.append((len(true), 1, 0, 0))
            continue
        counts = made.table["count"].to_numpy()
        rows.append((len(true), 0, int((np.abs(counts - true) > base).sum()), int((np.abs(counts - true) == base).sum())))
    held = pd.DataFrame(rows, columns=["cells", "refused", "beyond", "at"]).sum()
    kept = max(replications - int(held["refused"]), 1)
    return [
        Reading("disclosure.rounding", f"counts more than one base of {base} away, {kept} systems that passed their attack", "level", 0.0, int(held["beyond"]), int(held["cells"])),
        Reading("disclosure.rounding", f"counts a whole base of {base} away", "measured", float("nan"), int(held["at"]), int(held["cells"])),
        Reading("disclosure.rounding", "systems refused: the attack narrows a small count", "measured", float("nan"), int(held["refused"]), replications),
    ]  # fmt: skip


def cost(rng: np.random.Generator, replications: int) -> list[Reading]:
    """Compare the search with the exact optimum on tables where the optimum can be computed, until enough of them cost anything."""
    chosen: list[tuple[float, float]] = []
    tried = 0
    while len(chosen) < replications:
        cube, margins = generated(rng, SHAPES[tried % 4])
        compared = _compared(cube_system(cube, margins))
        chosen += [compared] if compared else []
        tried += 1
    best, found = np.array(chosen).T
    ratios = found / best
    note = f"total {found.sum():.0f} against {best.sum():.0f}, largest ratio {ratios.max():.3f}; {tried} systems tried"
    over = int(np.sum(ratios > WORSE + 1e-9))
    return [Reading("disclosure.greedy", f"systems whose cost is over {WORSE} of the optimum", "level", 0.0, over, len(chosen), note=note)]


def _compared(published: Published) -> tuple[float, float] | None:
    """Return the optimum's and the search's cost of one system, or None where nothing is to pay or either has no pattern."""
    system: TableSystem = published.system
    first = published.is_published & RULE.hides(system.values)
    if not first.any():
        return None
    fixed = first | ~published.is_published
    price = np.where(fixed, 0.0, system.values + 1.0)
    floor = limits_below(system, published.is_published, False)
    allowed = published.is_published & (system.values > 0) & ~fixed
    cells: Sequence[int] = np.flatnonzero(first)
    try:
        best = secondary_suppression(
            system, list(system.cells[first]), width=RULE.width, cost=dict(zip(system.cells, price)), already=list(system.cells[fixed]),
            never=list(system.cells[~allowed & ~fixed]), at_least=floor, most_rounds=80, exact=True,
        )  # fmt: skip
        search = greedy_pattern(Moves(system, floor, np.full(len(floor), np.inf)), cells, RULE.width, price, allowed, fixed)
    except SnaError:
        return None
    return (best.cost, float(price[search.hidden & ~fixed].sum())) if best.cost else None


def county(rng: np.random.Generator, replications: int) -> list[Reading]:
    """Release and attack the tables of counties of growing size; ``replications`` neighbourhoods in the largest."""
    readings = []
    for part in (8, 4, 2, 1):
        cube, margins = county_cube(rng, max(replications // part, 4))
        began = time.process_time()
        published = cube_system(cube, margins)
        made = release_tables(published, RULE)
        between = time.process_time()
        shown = published.is_published & ~published.system.cells.isin([*made.primary, *made.secondary])
        found = under_attack(published, shown)
        took = (between - began, time.process_time() - between)
        about = f"{len(published.system.cells)} cells, {len(made.primary)} small counts, {len(made.secondary)} withheld to protect them"
        for name, seconds in zip(("disclosure.release", "disclosure.attack"), took):
            readings.append(Reading(name, f"processor milliseconds a cell, {about}", "measured", float("nan"), round(1000 * seconds), len(published.system.cells), note=f"{seconds:.1f} s"))
        readings.append(Reading("disclosure.release", f"small counts recoverable, {about}", "level", 0.0, len(found), max(len(made.primary), 1)))
    return readings


def county_cube(rng: np.random.Generator, places: int) -> tuple[Cube, list[tuple[str, ...]]]:
    """Return three years of four kinds of event in nested places, and the margins that a report would publish."""
    index = pd.MultiIndex.from_product([range(places), range(4), range(2023, 2026)], names=["lsoa", "kind", "year"])
    mean = rng.gamma(0.6, 6.0, places)[index.codes[0]] * np.array([1.5, 0.5, 0.5, 0.5])[index.codes[1]]
    frame = pd.DataFrame({"count": rng.poisson(mean)}, index=index).reset_index()
    frame = frame.assign(msoa="M" + (frame["lsoa"] // 5).astype(str), lad="D" + (frame["lsoa"] // 90).astype(str), group="G" + (frame["kind"] // 2).astype(str))
    frame = frame.assign(lsoa="L" + frame["lsoa"].astype(str), kind="K" + frame["kind"].astype(str))
    margins = [("lsoa", "year"), ("msoa", "kind", "year"), ("msoa", "year"), ("lad", "kind", "year"), ("lad", "year"), ("kind", "year"), ("group", "year"), ("year",)]
    return make_cube(frame, [("lsoa", "msoa", "lad"), ("kind", "group"), ("year",)]), margins


PROOF = Proof(
    name="disclosure",
    question="On generated systems of tables, is any protected count recoverable from what is published, and what does protection cost?",
    covers=(*(f"svd_lib/disclosure/{name}.py" for name in MODULES), "proofs/disclosure.py"),
    steps=(*(Step(shape.replace(" ", "-"), partial(ours, shape=shape), SYSTEMS) for shape in SHAPES), Step("rounded", rounded, ROUNDED), Step("cost", cost, COMPARED), Step("county", county, 450)),
)
