"""A project folder: where the default notebooks and pages come from, and how a new folder is started with them.

A clone is a project. A wheel carries the same files under ``svd_lib/_project``, so that ``pip install`` and ``sna new``
work in an empty folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from svd_lib.edition import find_root
from svd_lib.errors import SnaError

PACKAGE = Path(__file__).resolve().parent.parent
CARRIED = PACKAGE / "_project"
"""Where a wheel keeps the default project."""
PROJECT_FOLDERS = ("notebooks", "book", "data/reference", "data/editions")
PROJECT_FILES = ("_config.yml", "_toc.yml", "data/sources.yml", "LICENSE-DATA.md")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")
MARKS = ("data/editions", "notebooks", "_toc.yml", "_config.yml")
"""What every project has."""


def default_project() -> Path:
    """Return the folder of the default notebooks, pages and reference tables.

    Raises
    ------
    SnaError
        When neither a wheel's copy nor a clone is there.
    """
    for folder in (CARRIED, PACKAGE.parent):
        if all((folder / name).exists() for name in MARKS):
            return folder
    raise SnaError("The installed package carries no default notebooks; install it from its wheel, or work in a clone.")


def start_project(folder: Path) -> Path:
    """Put the default notebooks, pages, reference tables and editions into a folder that has none, all or nothing.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder, or one that is not there yet.

    Returns
    -------
    pathlib.Path
        The folder, resolved.

    Raises
    ------
    SnaError
        When the folder holds anything, or cannot be written.
    """
    folder = folder.expanduser().resolve()
    if folder.exists() and any(path for path in folder.iterdir() if not path.name.startswith(".")):
        raise SnaError(f"{folder} is not empty and is no project; go to an empty folder or give --project DIR.")
    source = default_project()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".starting-", dir=folder) as scratch:
            copied = copy_default(source, Path(scratch) / "project")
            for part in sorted(copied.iterdir(), key=lambda path: path.name == "data"):
                part.replace(folder / part.name)
    except OSError as problem:
        raise SnaError(f"{folder} cannot be written ({problem.strerror}); choose another folder with --project DIR.") from None
    return folder


def copy_default(source: Path, target: Path) -> Path:
    """Copy a project's own files, nothing built and nothing fetched, into an empty folder and return it."""
    for name in PROJECT_FOLDERS:
        shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in PROJECT_FILES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    return target


def project_or_new(project: str, tell: Callable[[str], object]) -> Path:
    """Return the project asked for or found upwards from here; where there is none, start one.

    Parameters
    ----------
    project : str
        Folder given by the user, or empty.
    tell : callable
        Called with one sentence when a project is started.
    """
    try:
        return find_root(Path(project) if project else None)
    except SnaError:
        folder = start_project(Path(project) if project else Path.cwd())
        tell(f"started a project in {folder}: the default notebooks, pages and tables")
        return folder
