"""Every package that the library imports is one it declares: an installed wheel would otherwise lack it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

BUILDING = ("svd_lib/build", "svd_lib/desk", "svd_lib/report/chapter.py", "svd_lib/disclosure/published.py")
"""What needs the packages of the extras; the rest of the library stands without."""
WITH_ONE_THAT_IS_DECLARED = {
    "IPython": "ipykernel", "jupyter_client": "ipykernel", "jupyter_core": "ipykernel", "traitlets": "ipykernel", "zmq": "ipykernel", "docutils": "sphinx",
    "jinja2": "sphinx", "markupsafe": "sphinx", "soupsieve": "beautifulsoup4", "nbclient": "nbconvert", "nbformat": "nbconvert", "jupyter_server": "jupyterlab", "pagefind_bin": "pagefind", "PIL": "matplotlib",
    "patsy": "statsmodels", "urllib3": "requests",
}  # fmt: skip
"""Imported although another package brings it: those two are one product, or cannot be had apart."""


def declared(root: Path, *extras: str) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normal(re.split(r"[<>=~!\[;\s]", line)[0]) for line in lines}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"svd_lib"}


def undeclared(root: Path, paths: list[Path], known: set[str]) -> list[str]:
    brought = packages_distributions()
    found = []
    for path in paths:
        for name in sorted(imported(path)):
            provided = {normal(one) for one in brought.get(name, ())} | {WITH_ONE_THAT_IS_DECLARED.get(name, "")}
            if not provided & known:
                found.append(f"{path.relative_to(root)}: {name}")
    return found


def modules(root: Path, is_building: bool) -> list[Path]:
    every = sorted((root / "svd_lib").rglob("*.py"))
    return [path for path in every if path.relative_to(root).as_posix().startswith(BUILDING) == is_building]


@pytest.mark.parametrize(("is_building", "extras"), [(False, ()), (True, ("build", "edit"))], ids=["library", "building"])
def test_what_is_imported_is_declared(root: Path, is_building: bool, extras: tuple[str, ...]) -> None:
    paths = modules(root, is_building)
    assert len(paths) > 20
    assert undeclared(root, paths, declared(root, *extras)) == []


def test_what_is_declared_is_locked(root: Path) -> None:
    locked = {normal(line.split("==")[0]) for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines() if "==" in line and not line.startswith(" ")}
    assert declared(root, "build") - locked == set()


def test_a_package_that_is_not_declared_is_found(root: Path, tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text("import hypothesis\nfrom numpy import array\nimport json\n", encoding="utf-8")
    assert undeclared(tmp_path, [tmp_path / "new.py"], declared(root)) == ["new.py: hypothesis"]
