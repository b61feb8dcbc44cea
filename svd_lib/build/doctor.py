"""What this machine and project have and lack, and how to mend each thing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from svd_lib.build.browser import BROWSERS
from svd_lib.build.warm import is_possible
from svd_lib.edition import Edition, find_root, list_editions
from svd_lib.errors import SnaError

OLDEST_PYTHON = (3, 11, 2)
NEEDED = ("jupyter-book", "papermill", "nbconvert", "pandas", "seaborn", "statsmodels", "duckdb", "geopandas", "ipykernel")
FREE_GIB = 2
MEMORY_GIB = 3
INSTALL = "run 'make env', or without make: python3 tools/setup.py env"


@dataclass(frozen=True)
class Examined:
    """One thing looked at.

    Parameters
    ----------
    what : str
        What was looked at and found.
    state : str
        ``ok``, ``lack`` (a build cannot work) or ``without`` (something else cannot).
    remedy : str
        What to do; empty when nothing is to be done.
    """

    what: str
    state: str = "ok"
    remedy: str = ""

    def line(self) -> str:
        """Return the one line that is printed."""
        mark = {"ok": "ok  ", "lack": "LACK", "without": "-   "}[self.state]
        return f"{mark} {self.what}{f': {self.remedy}' if self.remedy else ''}"

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def examine(project: str) -> list[Examined]:
    """Return what was looked at: Python, packages, project, machine, programs.

    Parameters
    ----------
    project : str
        Project folder, or empty to look for it upwards.
    """
    return [*_python(), *_packages(), *_project(project), *_machine(), *_programs()]


def is_well(examined: list[Examined]) -> bool:
    """Whether a build can work."""
    return all(one.state != "lack" for one in examined)


def _python() -> Iterator[Examined]:
    wanted = ".".join(map(str, OLDEST_PYTHON))
    fits = sys.version_info >= OLDEST_PYTHON
    yield Examined(f"Python {sys.version.split()[0]}", "ok" if fits else "lack", "" if fits else f"install {wanted} or newer, then 'make PYTHON=python3.12'")


def _packages() -> Iterator[Examined]:
    for name in NEEDED:
        try:
            yield Examined(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Examined(f"{name} is missing", "lack", INSTALL)


def _project(project: str) -> Iterator[Examined]:
    try:
        root = find_root(Path(project) if project else None)
        editions = list_editions(root)
    except SnaError as problem:
        yield Examined(str(problem).rstrip("."), "lack", "or start a project with 'sna new'")
        return
    yield from map(_edition, editions)
    free = shutil.disk_usage(root).free / 2**30
    yield Examined(f"{free:.1f} GiB free on disk", "ok" if free >= FREE_GIB else "lack", "" if free >= FREE_GIB else f"make room for {FREE_GIB} GiB")
    if not os.access(root, os.W_OK):
        yield Examined(f"{root} cannot be written", "lack", "work in a folder of your own")


def _edition(edition: Edition) -> Examined:
    built = "built" if (edition.build_path / "html" / "index.html").is_file() else f"not built; build it with 'sna build --edition {edition.name}'"
    if (edition.snapshot_path / "view.json").is_file():
        return Examined(f"edition {edition.name}: embedded figures, {built}")
    if (edition.build_path / "view" / "view.json").is_file():
        return Examined(f"edition {edition.name}: tables from raw files, {built}")
    return Examined(f"edition {edition.name}: no figures yet", "without", f"sna build --edition {edition.name} --mirror DIR")


def _machine() -> Iterator[Examined]:
    gib = _memory_gib()
    if gib is not None:
        yield Examined(f"{gib:.1f} GiB of memory", "ok" if gib >= MEMORY_GIB else "without", "" if gib >= MEMORY_GIB else "build with --jobs 1")
    yield Examined(f"{os.cpu_count()} processor cores")
    if is_possible():
        yield Examined("kernels start from a warm process")
    else:
        yield Examined("kernels start afresh on this platform: slower, the same findings", "without")


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):
        return None


def _programs() -> Iterator[Examined]:
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    yield Examined(f"Chromium {chromium}") if chromium else Examined("Chromium is missing", "without", "the PDF and the browser checks need it: apt-get install chromium")
    try:
        yield Examined(f"JupyterLab {version('jupyterlab')}")
    except PackageNotFoundError:
        yield Examined("JupyterLab is missing", "without", "'sna edit' needs it: make env-edit")
    for program, why in (("git", "the build log's commit needs it"), ("make", "use python3 tools/setup.py in its place")):
        yield Examined(program) if shutil.which(program) else Examined(f"{program} is missing", "without", why)
