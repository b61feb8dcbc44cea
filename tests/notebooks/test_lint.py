"""Every committed notebook and page keeps the rules, and the contents list all of them."""

from pathlib import Path

import pytest

from svd_lib.build.check import check_project
from svd_lib.build.lint import area_names, lint_notebook

ROOT = Path(__file__).resolve().parents[2]

NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_keeps_the_rules(path):
    assert lint_notebook(path, area_names(ROOT)) == []


def test_there_are_area_names_to_look_for(root):
    assert {"Suffolk", "Ipswich"} <= set(area_names(root))


def test_the_project_passes_its_own_gate(root):
    assert check_project(root) == []
