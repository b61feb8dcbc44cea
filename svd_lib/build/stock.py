"""The stock road: the same notebooks and pages with papermill's and Jupyter Book's own commands, and nothing of ours.

It shows that the report does not depend on ``sna build``, and it is what the benchmark compares with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from svd_lib.build.chapters import read_chapters
from svd_lib.build.site import jupyter_book_command
from svd_lib.errors import SnaError
from svd_lib.yaml_text import read_yaml

PROJECT_FILES = ("_config.yml", "_toc.yml", "data/sources.yml")
PROJECT_FOLDERS = ("notebooks", "book", "data/editions", "data/reference")


def copy_project(root: Path, target: Path) -> Path:
    """Copy what a build from embedded figures needs, without any build, into an empty folder and return the folder."""
    for name in PROJECT_FOLDERS:
        shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in PROJECT_FILES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target / name)
    return target


def papermill_commands(root: Path, edition: str, executed: Path) -> Iterator[list[str]]:
    """Yield papermill's command line for every chapter, in running order."""
    papermill = [sys.executable, "-m", "papermill"]
    for chapter in read_chapters(root):
        source, target = f"notebooks/{chapter.path.name}", str(executed / chapter.path.name)
        yield [*papermill, source, target, "-p", "edition", edition, "--no-progress-bar"]


def build_the_stock_way(project: Path, edition: str) -> Path:
    """Execute every chapter with papermill's command, then build the book of the results; return the pages' folder.

    Parameters
    ----------
    project : pathlib.Path
        A copy of the project, which this changes: executed notebooks take the place of the committed ones.
    edition : str
        The edition's name.

    Raises
    ------
    SnaError
        When a command fails.
    """
    executed = project / "_build" / "executed"
    executed.mkdir(parents=True)
    for command in papermill_commands(project, edition, executed):
        run(command, project)
    for notebook in executed.glob("*.ipynb"):
        shutil.copyfile(notebook, project / "notebooks" / notebook.name)
    _without_execution(project / "_config.yml")
    run([*jupyter_book_command(), "build", "-W", "."], project)
    return project / "_build" / "html"


def _without_execution(path: Path) -> None:
    configuration = read_yaml(path.read_text(encoding="utf-8"))
    configuration["execute"]["execute_notebooks"] = "off"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a command in a folder and return what it said.

    Raises
    ------
    SnaError
        With the end of its output when it fails.
    """
    finished = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if finished.returncode:
        raise SnaError(f"'{' '.join(command)}' failed: {finished.stdout.strip()[-20_000:]}", exit_code=1)
    return finished.stdout
