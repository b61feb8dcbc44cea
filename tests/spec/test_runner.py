"""The runner never passes what was not computed, and picks tolerances as the cases' README says."""

import json

import pytest

from tests.spec.__main__ import main
from tests.spec.runner import run_case


def _case(folder, expected, tolerance, name="Z_demo"):
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"id": name, "inputs": {}, "expected": expected, "tolerance": tolerance}))
    return path


@pytest.mark.parametrize(
    ("expected", "tolerance", "got", "status"),
    [
        ({"a": 1.0, "b": 2.0}, {"abs": 0.1}, {"a": 1.05, "b": 2.0}, "pass"),
        ({"a": 1.0, "b": 2.0}, {"abs": 0.1}, {"a": 1.0}, "fail"),
        ({"a": 1.0}, {"abs": 0.1}, {"a": float("nan")}, "fail"),
        ({"a": 200.0}, {"rel": 0.01}, {"a": 203.0}, "fail"),
        ({"a": 0}, {"rel": 0.01}, {"a": 0.005}, "pass"),
        ({"a": "Inf"}, {"rel": 0.01}, {"a": float("inf")}, "pass"),
        ({"a": None}, {"abs": 0.1}, {"a": 3.0}, "fail"),
        ({"a": None, "b": 1}, {"abs": 0.1}, {"b": 1}, "pass"),
        ({"se": [1.0], "est": 5.0}, {"se_rel": 0.1, "est_rel": 1e-9}, {"se": [1.05], "est": 5.0}, "pass"),
        ({"se": [1.0], "est": 5.0}, {"se_rel": 0.1, "est_rel": 1e-9}, {"se": [1.0], "est": 5.01}, "fail"),
        ({"secondary": ["x", "y"]}, {"exact": True}, {"secondary": ["y", "x"]}, "pass"),
        ({"level": ["x", "y"]}, {"exact": True}, {"level": ["y", "x"]}, "fail"),
        ({"breaks": ["1983-01"]}, {"months": 1}, {"breaks": ["1983-02-01"]}, "pass"),
        ({"breaks": ["1983-01"]}, {"months": 1}, {"breaks": ["1983-03"]}, "fail"),
        ({"I": 0.5, "other": 3}, {"I_abs": 0.1}, {"I": 0.5}, "pass"),
        ({"other": 3}, {"I_abs": 0.1}, {"other": 3}, "fail"),
    ],
)
def test_a_case_passes_only_within_its_tolerance(tmp_path, expected, tolerance, got, status):
    path = _case(tmp_path, expected, tolerance)
    assert run_case(path, {"Z_demo": lambda case, folder: got}).status == status


def test_an_adapter_that_fails_fails_its_case(tmp_path):
    def broken(case, folder):
        raise KeyError("no such input")

    outcome = run_case(_case(tmp_path, {"a": 1}, {"abs": 1}), {"Z_demo": broken})
    assert outcome.status == "fail" and "no such input" in outcome.error


def test_another_case_of_the_method_runs_with_the_best_of_its_adapters(tmp_path):
    adapters = {"Z_demo_one": lambda case, folder: {"b": 1}, "Z_demo_two": lambda case, folder: {"a": 1}}
    assert run_case(_case(tmp_path, {"a": 1}, {"abs": 0}, "Z_demo_three"), adapters).status == "pass"
    assert run_case(_case(tmp_path, {"a": 1}, {"abs": 0}, "Z_other"), adapters).status == "pass"
    assert run_case(_case(tmp_path, {"c": 1}, {"abs": 0}, "Z_other"), adapters).status == "unsupported"
    assert run_case(_case(tmp_path, {"a": 1}, {"abs": 0}, "Y_other"), adapters).status == "unsupported"


def test_the_command_reports_counts_and_fails_on_an_unsupported_case(tmp_path, capsys):
    _case(tmp_path, {"a": 1}, {"abs": 0})
    assert main([str(tmp_path), "--summary", str(tmp_path / "summary.csv")]) == 1
    assert capsys.readouterr().out.splitlines() == ["Z_demo  unsupported  -  -", "pass 0  fail 0  unsupported 1  of 1"]
    assert (tmp_path / "summary.csv").read_text().startswith("case,title,source")
    assert main([str(tmp_path / "empty")]) == 1
