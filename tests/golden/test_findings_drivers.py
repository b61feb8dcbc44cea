"""Every finding of the chapter on drivers, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
from pathlib import Path

import papermill
import pytest

from proofs.independent import drivers
from proofs.independent.compare import problems
from proofs.independent.setting import EARLIER, NEWEST


def of_chapter(folder: Path) -> dict:
    """Read the chapter's findings of a build folder."""
    return json.loads((folder / "findings" / "drivers.json").read_text(encoding="utf-8"))["findings"]


@pytest.fixture(scope="module")
def figures():
    return drivers.Figures(NEWEST)


def test_every_finding_is_found_again(suffolk_site):
    assert problems(of_chapter(suffolk_site), drivers.recompute(NEWEST)) == []


def test_the_words_beside_a_finding_are_right_too(suffolk_site, figures):
    made = of_chapter(suffolk_site)
    assert f"against {figures.moran([]):.2f} without deprivation" in made["drivers-model-left"]["statement"]
    assert made["drivers-absence-level"]["statement"].startswith("In 2025, 2.8% of pupils")
    assert f"it was {figures.newest('child_poverty', 'region'):.1f}." in made["drivers-poverty-level"]["statement"]


def test_every_finding_of_the_earlier_edition_is_found_again(root, tmp_path):
    given = {"edition": EARLIER.name, "project_dir": str(root), "out_dir": str(tmp_path)}
    papermill.execute_notebook(root / "notebooks" / "drivers.ipynb", tmp_path / "drivers.ipynb", given, progress_bar=False, log_output=False)
    assert problems(of_chapter(tmp_path), drivers.recompute(EARLIER)) == []
