"""Secondary suppression is safe, is cheapest, and says when it cannot be done."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from svd_lib.disclosure import greedy
from svd_lib.disclosure.audit import audit_intervals, audit_singletons, cross_table, table_system
from svd_lib.disclosure.suppression import primary_cells, secondary_suppression, suppress_cross_table
from svd_lib.errors import SnaError


def test_small_counts_zeros_and_dominated_cells():
    assert primary_cells([0, 3, 5, np.nan]).tolist() == [False, True, False, False]
    assert primary_cells([0, 3, 5], zeros="withhold").tolist() == [True, True, False]
    assert primary_cells([10, 10], largest=[9, 2]).tolist() == [True, False]


def _cheapest_by_trial(system, primary, width):
    names = [cell for cell, value in zip(system.cells, system.values) if value > 0 and cell not in primary]
    cost = dict(zip(system.cells, system.values))
    best = np.inf
    for size in range(5):
        for extra in combinations(names, size):
            price = sum(cost[cell] for cell in extra)
            if price < best:
                widths = audit_intervals(system, [*primary, *extra]).set_index("cell").loc[primary, "width"]
                best = price if (widths >= width - 1e-6).all() else best
    return best


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_cheaper_pattern_exists(seed):
    table = np.random.default_rng(seed).poisson(7, size=(2, 3)) + 4
    table[0, 1] = 2
    system = cross_table(table)
    pattern = secondary_suppression(system, ["0|1"], width=3)
    assert pattern.cost == pytest.approx(_cheapest_by_trial(system, ["0|1"], 3))
    assert pattern.audit.set_index("cell").loc["0|1", "width"] >= 3


HARD = (7, 9, 11, 16, 18, 26, 31, 33, 47, 51)
"""Seeds of tables where one search alone costs more than the optimum."""


def _costs(exact):
    """Costs of the search or of the optimum over tables with a few small counts."""
    systems = [cross_table(np.random.default_rng(seed).negative_binomial(1.2, 0.06, size=(4, 5)) + 1) for seed in HARD]
    small = [list(system.cells[primary_cells(system.values, threshold=5)]) for system in systems]
    return np.array([secondary_suppression(system, cells, width=5, exact=exact).cost for system, cells in zip(systems, small)])


def test_the_search_is_near_the_optimum_because_it_tries_again(monkeypatch):
    best, found = _costs(True), _costs(False)
    assert (found >= best - 1e-6).all()
    assert (found <= 1.1 * best).all()
    monkeypatch.setattr(greedy, "EXCHANGED", 0)
    once = _costs(False)
    assert (once > 1.04 * best).all()
    assert (once > 1.2 * best).any()


def test_linked_tables_are_protected_together():
    values = {"all": 60, "a": 13, "b": 47, "a1": 3, "a2": 10, "b1": 29, "b2": 18, "1": 32, "2": 28}
    system = table_system(
        values,
        [("all", ["a", "b"]), ("a", ["a1", "a2"]), ("b", ["b1", "b2"]), ("1", ["a1", "b1"]), ("2", ["a2", "b2"])],
    )
    pattern = secondary_suppression(system, ["a1"], width=3)
    assert not audit_intervals(system, [*pattern.primary, *pattern.secondary], width=2)["is_exposed"].any()


def test_cells_that_must_stay_published_stay():
    system = cross_table([[18, 2], [14, 19], [12, 10], [11, 14]], list("ABCD"), ["m", "f"])
    pattern = secondary_suppression(system, ["A|f"], never=["C|m"])
    assert "C|m" not in pattern.secondary and pattern.cost > 40


def test_what_cannot_be_protected_is_said():
    system = table_system({"t": 5, "x": 5, "y": 0}, {"t": ["x", "y"]})
    with pytest.raises(SnaError, match="No pattern"):
        secondary_suppression(system, ["x"], totals_may_be_withheld=False)


def test_a_suppressed_table_keeps_safe_counts_and_guards_against_lone_contributors():
    table = pd.DataFrame([[1, 3, 40], [20, 30, 25], [12, 0, 50]], index=list("xyz"), columns=["a", "b", "c"])
    shown = suppress_cross_table(table)
    hidden = [f"{row}|{column}" for row in shown.index for column in shown.columns if shown.loc[row, column] is pd.NA]
    system = cross_table(table, list("xyz"), ["a", "b", "c"])
    audit = audit_intervals(system, hidden).set_index("cell")
    assert {"x|a", "x|b"} <= set(hidden) and shown.loc["z", "b"] == 0
    assert (audit.loc[["x|a", "x|b"], "width"] >= 5).all()
    lone = audit_singletons(system, hidden)
    assert not lone.loc[lone["cell"] == "x|b", "is_exposed"].any()


def test_a_table_without_small_counts_is_left_alone():
    assert not suppress_cross_table(pd.DataFrame([[10, 20], [30, 40]])).isna().any().any()
