"""The program of second computations is independent, complete, and finds a wrong number."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from proofs.independent.compare import CHAPTERS, compare, compare_chapter, named


def test_it_imports_nothing_of_the_project(root: Path) -> None:
    modules = list((root / "proofs" / "independent").glob("*.py"))
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in names if name.startswith("svd_lib")], path.name
        assert "import_module" not in path.read_text(encoding="utf-8") and "__import__" not in path.read_text(encoding="utf-8")
    assert len(modules) >= len(CHAPTERS)


def test_every_finding_belongs_to_a_chapter_that_is_worked_out_again(suffolk_site: Path) -> None:
    findings = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    assert len(findings) > 100
    assert {name for name in findings if not any(name.startswith(f"{chapter}-") for chapter in CHAPTERS)} == set()


FINDING = {"value": 27.0, "lower_ci": 26.6, "upper_ci": 27.3, "numerator": 20508, "denominator": 760689, "precision": 1, "statement": "27.0 per 1,000", "status": "current"}


def test_a_number_beyond_its_stated_precision_is_found() -> None:
    assert compare("a", FINDING, named((27.04, 26.6, 27.3, 20508, 760689))).problems == ()
    assert compare("a", FINDING, named((27.06, 26.6, 27.3))).problems == ("value: 27.0 is stated, 27.06 was worked out",)
    assert len(compare("a", FINDING, named((27.0,))).problems) == 2, "limits that are stated must be worked out too"
    assert compare("a", FINDING, named((27.0, 26.6, 27.3, 20507))).problems == ("numerator: 20508 is stated, 20507 was worked out",)
    assert compare("a", FINDING, {**named((27.0, 26.6, 27.3)), "says": ["28.0 per"]}).problems == ("the words '28.0 per'",)


def test_a_finding_without_a_second_computation_fails() -> None:
    found = compare_chapter({"a": FINDING}, {"b": (1.0,)})
    assert [(one.finding, bool(one.problems)) for one in found] == [("a", True), ("b", True)]
