"""A chapter's notebook between the disk and an editor: the edition's parameters while it is open, nothing random once it is saved."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import MutableMapping

from svd_lib.build.lint import PARAMETERS

_STABLE_ID = re.compile(r"^[a-z][a-z0-9-]*$")
_RANDOM_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4})*|^[0-9a-f-]{32,36}$")
_PUBLISHED = re.compile(r"chapter\.\w+\(\s*[\"']([a-z0-9-]+)[\"']")
_KEPT_METADATA = ("tags",)
_LONGEST_ID = 40


def opened(notebook: dict, edition: str, project: str) -> dict:
    """Return a notebook as an editor shows it: its parameters cell names the edition and the project.

    Parameters
    ----------
    notebook : dict
        As it lies on disk.
    edition, project : str
        Edition's name and project folder.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = PARAMETERS.replace("suffolk-2025", edition).replace('project_dir = ""', f"project_dir = {project!r}")
    return shown


def saved(notebook: dict, chapter: str, names: MutableMapping[str, str] | None = None) -> dict:
    """Return a notebook as it is kept: no outputs, the parameters as committed, an id of words for every cell.

    Parameters
    ----------
    notebook : dict
        As the editor has it.
    chapter : str
        The chapter's name, left out of ids.
    names : mutable mapping, optional
        Random id -> id of words, kept over one sitting, so that a cell keeps the id it was given first.
    """
    kept, given = copy.deepcopy(notebook), {} if names is None else names
    taken = {cell.get("id", "") for cell in kept["cells"]}
    for cell in kept["cells"]:
        cell["id"] = _id_of(cell, chapter, given, taken)
        taken.add(cell["id"])
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in _KEPT_METADATA}
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = PARAMETERS
        cell.pop("attachments", None)
    kept["metadata"] = _metadata(kept["metadata"])
    return kept


def _id_of(cell: dict, chapter: str, given: MutableMapping[str, str], taken: set[str]) -> str:
    present = cell.get("id", "")
    if _STABLE_ID.match(present) and not _RANDOM_ID.match(present):
        return present
    if present not in given:
        given[present] = _free(_words_of(cell, chapter), taken | set(given.values()))
    return given[present]


def _words_of(cell: dict, chapter: str) -> str:
    """Return what a cell is about, as an id: what it publishes, what it assigns, or its first words."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "code":
        published = _PUBLISHED.search(source)
        words = published[1].removeprefix(f"{chapter}-") if published else _first_assigned(source)
    else:
        words = next(iter(source.strip().splitlines()), "")
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST_ID].strip("-")
    return plain if _STABLE_ID.match(plain) and not _RANDOM_ID.match(plain) else f"cell-{plain}".strip("-")


def _first_assigned(source: str) -> str:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return ""
    names = [node.id for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return names[0] if names else ""


def _free(wanted: str, taken: set[str]) -> str:
    number, free = 2, wanted
    while free in taken:
        free, number = f"{wanted}-{number}", number + 1
    return free


def _metadata(metadata: dict) -> dict:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    declared = metadata.get("sna", {"needs": [], "quotes": []})
    return {"kernelspec": kernel, "language_info": {"name": "python"}, "sna": declared}
