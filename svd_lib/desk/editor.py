"""JupyterLab on one chapter, with an edition's parameters set."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from svd_lib.build.chapters import read_chapters
from svd_lib.edition import Edition
from svd_lib.errors import SnaError


def edit_chapter(edition: Edition, name: str, arguments: list[str] | None = None) -> int:
    """Open JupyterLab on a chapter and return its exit code once it is closed.

    Parameters
    ----------
    edition : Edition
        Its name and project stand in the parameters cell while the chapter is open.
    name : str
        Chapter, like ``trends``.
    arguments : list of str, optional
        Further arguments for JupyterLab, like ``--no-browser``.

    Raises
    ------
    SnaError
        When there is no such chapter or no JupyterLab.
    """
    command = [*editor_command(edition, name), *(arguments or [])]
    return subprocess.run(command, cwd=edition.root).returncode


def editor_command(edition: Edition, name: str) -> list[str]:
    """Return JupyterLab's command line for a chapter."""
    chapters = {chapter.name: chapter for chapter in read_chapters(edition.root)}
    if name not in chapters:
        raise SnaError(f"There is no chapter '{name}'; the chapters are {', '.join(chapters)}.")
    if importlib.util.find_spec("jupyterlab") is None:
        raise SnaError("JupyterLab is not installed; install it with 'make env-edit', or without make: python3 tools/setup.py env-edit.")
    settings = [
        "--ServerApp.contents_manager_class=svd_lib.desk.contents.ChapterContents",
        f"--ChapterContents.edition={edition.name}",
        f"--ServerApp.root_dir={edition.root}",
    ]
    return [sys.executable, "-m", "jupyterlab", *settings, str(chapters[name].path.relative_to(edition.root))]
