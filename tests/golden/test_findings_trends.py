"""Every finding of the trends chapter, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
from pathlib import Path

import papermill
import pytest

from proofs.independent import trends
from proofs.independent.compare import problems
from proofs.independent.setting import EARLIER, NEWEST


@pytest.fixture(scope="module")
def published(suffolk_site: Path) -> dict[str, dict]:
    """The chapter's findings as published."""
    return _of_chapter(json.loads((suffolk_site / "findings.json").read_text())["findings"])


@pytest.fixture(scope="module")
def earlier(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The chapter's findings of the earlier edition, where it is run on its own."""
    out = tmp_path_factory.mktemp("trends")
    given = {"edition": EARLIER.name, "project_dir": str(root), "out_dir": str(out)}
    papermill.execute_notebook(str(root / "notebooks/trends.ipynb"), str(out / "trends.ipynb"), given, progress_bar=False)
    return _of_chapter(json.loads((out / "findings.json").read_text())["findings"])


def test_every_finding_of_the_newest_edition_is_recomputed(published: dict) -> None:
    assert problems(published, trends.recompute(NEWEST)) == []


def test_every_finding_of_the_earlier_edition_is_recomputed(earlier: dict) -> None:
    absent = {name for name, one in earlier.items() if one["status"] == "unavailable"}
    assert absent == {f"trends-{name}-ratio" for name in (*trends.GROUPS, "forces")} | {"trends-level-spread", "trends-district-fell"}
    assert problems(earlier, trends.recompute(EARLIER)) == []


def test_the_control_chart_statement_counts_what_was_recomputed(published: dict) -> None:
    high, low, judged = trends.signals(NEWEST.folder)
    found = published["trends-quarters-signals"]
    assert (found["words"]["high"], found["words"]["low"], found["denominator"]) == (high, low, judged)


def test_check_values_of_the_newest_edition(published: dict) -> None:
    """Figures read off the publications."""
    found = published
    assert found["trends-level-injury"]["numerator"] == 5869
    assert found["trends-level-robbery"]["numerator"] == 218
    assert found["trends-homicide-count"]["numerator"] == 7
    said = found["trends-knife-revision"]["statement"]
    assert "221" in said and "342" in said and "146 and 146" in said


def _of_chapter(findings: dict) -> dict:
    return {name: one for name, one in findings.items() if name.startswith("trends-")}
