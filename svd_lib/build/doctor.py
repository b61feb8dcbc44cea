"""What this machine has and lacks for building and checking the report."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from svd_lib.edition import find_root, list_editions
from svd_lib.errors import SnaError

OLDEST_PYTHON = (3, 11, 2)
NEEDED = ("jupyter-book", "papermill", "nbconvert", "pandas", "seaborn", "statsmodels", "duckdb", "geopandas", "ipykernel")
FREE_GIB = 2


def examine(project: str) -> tuple[list[str], bool]:
    """Return one line per thing looked at, and whether a build can work.

    Parameters
    ----------
    project : str
        Project folder, or empty to look for it upwards.
    """
    lines = [*_python(), *_packages(), *_project(project), *_programs()]
    return [line for _, line in lines], all(is_well for is_well, _ in lines)


def _python() -> Iterator[tuple[bool, str]]:
    is_well = sys.version_info >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield is_well, f"{_mark(is_well)} Python {sys.version.split()[0]}{'' if is_well else f': {wanted} or newer is needed'}"


def _packages() -> Iterator[tuple[bool, str]]:
    for name in NEEDED:
        try:
            yield True, f"{_mark(True)} {name} {version(name)}"
        except PackageNotFoundError:
            yield False, f"{_mark(False)} {name} is missing; run 'make env'"


def _project(project: str) -> Iterator[tuple[bool, str]]:
    try:
        root = find_root(Path(project) if project else None)
    except SnaError as problem:
        yield False, f"{_mark(False)} {problem}"
        return
    for edition in list_editions(root):
        held = "embedded figures" if (edition.snapshot_path / "view.json").is_file() else "no embedded figures: needs --mirror"
        yield True, f"{_mark(True)} edition {edition.name}: {held}"
    free = shutil.disk_usage(root).free / 2**30
    yield free >= FREE_GIB, f"{_mark(free >= FREE_GIB)} {free:.1f} GiB free on disk"


def _programs() -> Iterator[tuple[bool, str]]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    yield True, f"{_mark(True) if chromium else '-   '} Chromium {chromium or 'is missing; only the browser checks need it'}"


def _mark(is_well: bool) -> str:
    return "ok  " if is_well else "LACK"
