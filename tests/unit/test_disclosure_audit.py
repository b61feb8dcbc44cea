"""The audit finds what linked tables and lone contributors give away."""

import numpy as np
import pytest

from svd_lib.disclosure.audit import audit_intervals, audit_singletons, cross_table, table_system
from svd_lib.errors import SnaError


def test_one_withheld_cell_in_a_line_is_recovered():
    row = audit_intervals(cross_table([[1, 9], [8, 7]]), ["0|0"]).iloc[0]
    assert (row["lower"], row["upper"], row["is_exposed"]) == (1, 1, True)


def test_tables_safe_alone_can_be_unsafe_together():
    values = {"all": 20, "a": 3, "b": 17, "a1": 1, "a2": 2, "b1": 9, "b2": 8, "1": 10, "2": 10}
    alone = table_system({key: values[key] for key in ("a", "a1", "a2")}, {"a": ["a1", "a2"]})
    linked = table_system(
        values,
        [("all", ["a", "b"]), ("a", ["a1", "a2"]), ("b", ["b1", "b2"]), ("1", ["a1", "b1"]), ("2", ["a2", "b2"])],
    )
    assert not audit_intervals(alone, ["a1", "a2"])["is_exposed"].any()
    assert audit_intervals(linked, ["a1", "a2"])["is_exposed"].all()


def test_an_unpublished_total_leaves_no_upper_limit():
    system = table_system({"t": 5, "x": 2, "y": 3}, {"t": ["x", "y"]})
    assert np.isinf(audit_intervals(system, ["t", "x"]).set_index("cell").loc["x", "upper"])


def test_whole_numbers_give_tighter_limits():
    system = table_system({"t": 3, "x": 1, "y": 1}, [])
    assert audit_intervals(system, ["x"], at_most=4)["upper"].tolist() == [4]
    halves = audit_intervals(cross_table([[1, 2], [2, 1]]), ["0|0", "0|1", "1|0", "1|1"], whole_numbers=True)
    assert halves["upper"].tolist() == [3, 3, 3, 3]


def test_a_lone_contributor_recovers_the_other_withheld_cell():
    found = audit_singletons(cross_table([[1, 3], [20, 30]]), ["0|0", "0|1", "1|0", "1|1"])
    assert found["attacker"].unique().tolist() == ["0|0"] and found["is_exposed"].all()
    assert audit_singletons(cross_table([[2, 3], [20, 30]]), ["0|0", "0|1", "1|0", "1|1"]).empty


def test_a_table_that_does_not_add_up_is_refused():
    with pytest.raises(SnaError, match="do not add up"):
        table_system({"t": 5, "x": 2, "y": 2}, {"t": ["x", "y"]})
    with pytest.raises(SnaError, match="no cell 'q'"):
        audit_intervals(cross_table([[1, 2], [3, 4]]), ["q"])
