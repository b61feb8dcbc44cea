"""What a chapter produced, kept between builds: its executed notebook, its findings and every file it wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from svd_lib.build.chapters import Chapter
from svd_lib.build.execute import INJECTED
from svd_lib.build.provenance import file_digest
from svd_lib.sources.swap import swap_in

RECORD = "record.json"
SCHEMA = 1
SHARED = ("findings.json",)
"""Files that all chapters write together; they are made again from their parts."""


@dataclass(frozen=True)
class Kept:
    """One chapter's kept results.

    Parameters
    ----------
    folder : pathlib.Path
        Holds the record, ``notebook.ipynb`` and, under ``out``, the written files.
    facts : dict of str to str
        What the results were made from, in words -> digest.
    result : str
        One digest for everything the chapter produced.
    findings : str
        Digest of its findings alone: what chapters that quote it depend on.
    """

    folder: Path
    facts: dict[str, str]
    result: str
    findings: str

    def restore(self, chapter: Chapter, out: Path) -> None:
        """Put the results where an execution would have put them, with today's prose."""
        shutil.copytree(self.folder / "out", out, dirs_exist_ok=True)
        target = out / "notebooks" / chapter.path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        executed = json.loads((self.folder / "notebook.ipynb").read_text(encoding="utf-8"))
        source = json.loads(chapter.path.read_text(encoding="utf-8"))
        target.write_text(notebook_text(with_prose_of(source, executed)), encoding="utf-8")

    def withdraw(self, out: Path) -> None:
        """Take away what :meth:`restore` put in place, except what chapters share."""
        for path in sorted((self.folder / "out").rglob("*")):
            if path.is_file():
                (out / path.relative_to(self.folder / "out")).unlink(missing_ok=True)


def read_kept(folder: Path) -> Kept | None:
    """Return the results kept in a folder, or None where there are none that this version can read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if record.get("schema") != SCHEMA:
        return None
    return Kept(folder, record["facts"], record["result"], record["findings"])


def keep(folder: Path, chapter: str, out: Path, written: list[Path], facts: dict[str, str]) -> Kept:
    """Keep what a chapter has just produced, whole or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        Where to; what was there is replaced.
    chapter : str
        Its name.
    out : pathlib.Path
        The build's output folder.
    written : list of pathlib.Path
        Files the chapter wrote; those outside ``out`` or gone again are passed over.
    facts : dict
        What the results were made from.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    (new / "out").mkdir()
    shutil.copyfile(out / "notebooks" / f"{chapter}.ipynb", new / "notebook.ipynb")
    for name in _own_files(out, written):
        (new / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(out / name, new / "out" / name)
    part = new / "out" / "findings" / f"{chapter}.json"
    findings = file_digest(part) if part.is_file() else ""
    record = {"schema": SCHEMA, "facts": facts, "result": _result_digest(new), "findings": findings}
    (new / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
    swap_in(new, folder)
    return Kept(folder, facts, record["result"], findings)


def _own_files(out: Path, written: list[Path]) -> list[str]:
    inside = {path.relative_to(out).as_posix() for path in written if path.is_relative_to(out) and path.is_file()}
    return sorted(name for name in inside if name not in SHARED and not name.startswith("notebooks/"))


def _result_digest(folder: Path) -> str:
    """Digest what a chapter produced, without its prose."""
    total = hashlib.sha256()
    for path in sorted((folder / "out").rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode())
    cells = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    total.update(json.dumps([cell for cell in cells if cell["cell_type"] == "code"], sort_keys=True).encode())
    return total.hexdigest()


def notebook_text(notebook: dict) -> str:
    """Return a notebook as the text of its file, the same for the same content."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def with_prose_of(source: dict, executed: dict) -> dict:
    """Return an executed notebook with the prose of its source as it stands now.

    Parameters
    ----------
    source : dict
        The committed notebook; its code cells are those that were executed.
    executed : dict
        The scrubbed result of executing it.

    Notes
    -----
    Equal, byte for byte, to executing the source: cells are taken by id, and papermill's own cell follows the
    parameters.
    """
    ran = {cell["id"]: cell for cell in executed["cells"] if cell["cell_type"] == "code"}
    cells: list[dict] = []
    for cell in source["cells"]:
        cells.append(ran[cell["id"]] if cell["cell_type"] == "code" else _as_papermill_writes(cell))
        if "parameters" in cell["metadata"].get("tags", []) and INJECTED in ran:
            cells.append(ran[INJECTED])
    metadata = {**executed["metadata"], **{key: source["metadata"][key] for key in ("sna",) if key in source["metadata"]}}
    return {**executed, "cells": cells, "metadata": metadata}


def _as_papermill_writes(cell: dict) -> dict:
    text = "".join(cell["source"])
    metadata = {**cell["metadata"], "tags": cell["metadata"].get("tags", [])}
    return {**cell, "metadata": metadata, "source": text.splitlines(keepends=True)}
