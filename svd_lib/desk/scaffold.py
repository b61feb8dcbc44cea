"""New chapters and exhibits in the right shape: they run as they stand, and an analyst changes what they ask."""

from __future__ import annotations

import ast
import json
import re
import tempfile
from pathlib import Path

import yaml

from svd_lib.build.chapters import read_toc
from svd_lib.build.check import MOST_ENTRIES
from svd_lib.build.lint import PARAMETERS, lint_notebook
from svd_lib.errors import SnaError
from svd_lib.sources.lock import write_atomically

_ABOUT = "  - file: book/about-the-data"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SETUP = """\
from svd_lib.edition import open_edition
from svd_lib.figures import charts
from svd_lib.ingest import loaders
from svd_lib.measures import rates
from svd_lib.report.chapter import open_chapter

view = loaders.open_view(open_edition(edition, project_dir, out_dir))
chapter = open_chapter("{chapter}", view.edition, out_dir)"""
CELL = """\
year = loaders.latest_year(view)
{variable} = rates.crude_rate(loaders.street_by_place(view, "{crime_type}", year, level="lad24nm"))
chapter.figure(
    "{identifier}",
    charts.interval_plot({variable}, "label", x_label="Records per 1,000 residents", precision=1),
    {variable}, title="{top} has the highest rate", words={{"top": {variable}["label"].iloc[{variable}["value"].argmax()]}},
    subtitle="{title} per 1,000 residents", alt="A dot with its interval for each district, the highest at the top.",
    sources=["police_uk_archive", "ons_population", "ons_lookups"], period=year, basis="located_in",
    columns={{"label": "District", "numerator": "Records", "value": "Per 1,000", "lower_ci": "Lower", "upper_ci": "Upper"}}, precision=1,
)"""
NEEDS = ("street_counts", "coverage", "places", "population")
DEFAULT_CRIME = "Robbery"


def new_chapter(root: Path, name: str, title: str) -> list[Path]:
    """Write a chapter with one question, list it before the pages about the data, and return what was written.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.
    name : str
        File name without its ending; lower case words joined by hyphens.
    title : str
        The heading readers see.

    Raises
    ------
    SnaError
        When the name breaks the rule or is taken; nothing has been written then.
    """
    path = root / "notebooks" / f"{name}.ipynb"
    if not _NAME.fullmatch(name):
        raise SnaError(f"'{name}' is not a chapter's name; use lower case words joined by hyphens, like 'night-time'.")
    if path.exists():
        raise SnaError(f"{path} is there already; edit it with 'sna edit {name}'.")
    question = [_markdown("question", f"## How much {DEFAULT_CRIME.lower()} is recorded here?\n\nSay in a sentence or two why a reader needs to know.")]
    cells = [
        _markdown("title", f"# {title}\n\nSay in two sentences what this chapter asks."),
        _code("parameters", PARAMETERS, ["parameters"]),
        _code("setup", SETUP.format(chapter=name)),
        *question,
        _exhibit_cell(name, "district-rate", DEFAULT_CRIME),
        _markdown("what-it-shows", "Say what the figure shows, and what it does not."),
        _markdown("about", "## Data, methods and caveats"),
        _code("caveats", "chapter.caveats()"),
    ]
    write_atomically(path, _text(cells, {"needs": list(NEEDS), "quotes": []}))
    toc = _list_in_contents(root, name, title)
    return [path, toc]


def new_exhibit(root: Path, chapter: str, noun: str, crime_type: str = DEFAULT_CRIME) -> Path:
    """Add a question, its exhibit and a paragraph to a chapter, before its last heading, and return the notebook.

    Parameters
    ----------
    root : pathlib.Path
        Project folder.
    chapter : str
        The chapter's name.
    noun : str
        The rest of the exhibit's id, ``<noun>-<measure>``, like ``knife-rate``.
    crime_type : str
        What the example counts, as the publisher words it.

    Raises
    ------
    SnaError
        When the chapter is not there or not of the usual shape, the id is taken, or the chapter would hold too many
        exhibits; nothing has been written then.
    """
    path = root / "notebooks" / f"{chapter}.ipynb"
    if not path.is_file():
        raise SnaError(f"There is no chapter '{chapter}' in {path.parent}; make one with 'sna new-chapter {chapter}'.")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    identifier = f"{chapter}-{noun}"
    if not _NAME.fullmatch(noun) or "-" not in noun:
        raise SnaError(f"'{noun}' is not an exhibit's name; it is a noun and a measure joined by a hyphen, like 'knife-rate'.")
    if identifier in path.read_text(encoding="utf-8"):
        raise SnaError(f"notebooks/{path.name} has '{identifier}' already; choose another name.")
    new = [
        _markdown(f"q-{noun}", f"## What about {crime_type.lower()}?\n\nSay in a sentence or two why a reader needs to know."),
        _exhibit_cell(chapter, noun, crime_type),
        _markdown(f"after-{noun}", "Say what the figure shows, and what it does not."),
    ]
    at = _before_the_end(notebook["cells"])
    notebook["cells"][at:at] = new
    notebook["metadata"]["sna"]["needs"] = list(dict.fromkeys([*notebook["metadata"]["sna"]["needs"], *NEEDS]))
    _with_imports(notebook)
    _refuse_breaches(path, notebook)
    write_atomically(path, _dump(notebook))
    return path


def _exhibit_cell(chapter: str, noun: str, crime_type: str) -> dict:
    source = CELL.format(variable=noun.replace("-", "_"), crime_type=crime_type, identifier=f"{chapter}-{noun}", title=crime_type, top="{top}")
    return _code(noun, source)


def _before_the_end(cells: list[dict]) -> int:
    """Return the place before the folded part or the last heading of second order."""
    headings = [number for number, cell in enumerate(cells) if cell["cell_type"] == "markdown" and "".join(cell["source"]).startswith("## ")]
    folded = [number for number in headings if "More detail" in "".join(cells[number]["source"])]
    return (folded or headings[-1:] or [len(cells)])[0]


def _with_imports(notebook: dict) -> None:
    """Add to the set-up cell what the new cell names and the chapter does not import yet."""
    setup = next(cell for cell in notebook["cells"] if cell.get("id") == "setup")
    source = "".join(setup["source"])
    named = {alias.asname or alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) for alias in node.names}
    missing = {"charts": "figures", "loaders": "ingest", "rates": "measures"}
    lines = [f"from svd_lib.{package} import {name}" for name, package in missing.items() if name not in named]
    setup["source"] = "\n".join([*lines, source])


def _refuse_breaches(path: Path, notebook: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / path.name
        scratch.write_bytes(_dump(notebook))
        problems = lint_notebook(scratch)
    if problems:
        said = problems[0].partition(": ")[2]
        raise SnaError(f"notebooks/{path.name} would break a rule: {said} Put the exhibit behind 'More detail' by hand, or in another chapter.")


def _list_in_contents(root: Path, name: str, title: str) -> Path:
    """List a chapter in ``_toc.yml`` before the pages about the data, keeping the file's own layout.

    Where the top level is full, it stands below the chapter before: readers meet at most ten entries.
    """
    path = root / "_toc.yml"
    text = path.read_text(encoding="utf-8")
    said = yaml.safe_dump(title, width=1000, allow_unicode=True).splitlines()[0]
    entry = f"  - file: notebooks/{name}\n    title: {said}\n"
    before, mark, after = text.partition(_ABOUT)
    if 1 + len(read_toc(root).get("chapters", [])) >= MOST_ENTRIES:
        is_below = before.splitlines()[-1].startswith("      ")
        entry = ("" if is_below else "    sections:\n") + "".join(f"    {line}\n" for line in entry.splitlines())
    written = before + entry + mark + after if mark else text.rstrip("\n") + "\n" + entry
    write_atomically(path, written.encode())
    read_toc(root)
    return path


def _markdown(identity: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": source}


def _code(identity: str, source: str, tags: list[str] | None = None) -> dict:
    metadata = {"tags": tags} if tags else {}
    return {"cell_type": "code", "execution_count": None, "id": identity, "metadata": metadata, "outputs": [], "source": source}


def _text(cells: list[dict], declared: dict) -> bytes:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "sna": declared}
    return _dump({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _dump(notebook: dict) -> bytes:
    lines = [{**cell, "source": "".join(cell["source"]).splitlines(keepends=True)} for cell in notebook["cells"]]
    return (json.dumps({**notebook, "cells": lines}, indent=1, ensure_ascii=False) + "\n").encode()
