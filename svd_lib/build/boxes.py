"""What a chapter looks like where data are missing: one box a section, and a short page where most of it is missing."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

BOX = '<div class="sna-unavailable"'
MISSING = "sna-unavailable"
EXHIBIT = '<figure class="sna-exhibit'
NEEDED = "What we would need"
_ASKED = re.compile(r'<p class="sna-title">Not available in this edition\.\s*(.*?)</p><p>(.*?)</p>', re.DOTALL)
_BULLET = re.compile(r"^- \{finding\}`([a-z0-9-]+)\.statement`(?: Proposed: .*)?\s*$")
_GAP_LIST = re.compile(r'<p class="sna-lead">Not available in this edition</p><ul>.*?</ul>', re.DOTALL)
_LONE_HEADING = re.compile(r"^#+ [^\n]*\s*$")
_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)

Notebook = dict[str, Any]


def settled(notebook: Notebook, findings: Mapping[str, Mapping[str, object]]) -> Notebook:
    """Return an executed chapter as the site shows it.

    Parameters
    ----------
    notebook : dict
        Executed notebook.
    findings : mapping of id to finding
        The edition's findings.

    Returns
    -------
    dict
        Without list items that quote a missing finding, or a section of nothing else, with at most one box a section; or, where boxes outnumber exhibits, one
        short page that lists what would be needed.
    """
    shown = [(cell, _without_missing_bullets(cell, findings)) for cell in notebook["cells"]]
    cells = [after for before, after in shown if after["source"] == before["source"] or not _LONE_HEADING.match("".join(after["source"]))]
    boxes, exhibits = (sum(mark in text for cell in cells for text in texts(cell)) for mark in (BOX, EXHIBIT))
    cells = _short_page(cells) if boxes > exhibits else _one_box_a_section(cells)
    return {**notebook, "cells": cells}


def texts(cell: Mapping[str, Any]) -> list[str]:
    """Return the HTML of each output of a cell."""
    return ["".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", ())]


def _without_missing_bullets(cell: dict, findings: Mapping[str, Mapping[str, object]]) -> dict:
    if cell["cell_type"] != "markdown":
        return cell
    source = "".join(cell["source"])
    kept = "".join(line for line in source.splitlines(keepends=True) if not _is_missing(line, findings))
    return cell if kept == source else {**cell, "source": kept}


def _is_missing(line: str, findings: Mapping[str, Mapping[str, object]]) -> bool:
    found = _BULLET.match(line)
    return bool(found) and found[1] in findings and findings[found[1]]["value"] is None


def _one_box_a_section(cells: list[dict]) -> list[dict]:
    out, is_told = [], False
    for cell in cells:
        if cell["cell_type"] == "markdown" and _HEADING.search("".join(cell["source"])):
            is_told = False
        kept = []
        for output, text in zip(cell.get("outputs", ()), texts(cell)):
            is_missing = MISSING in text and "sna-caveats" not in text
            if not (is_missing and is_told):
                kept.append(output)
            is_told = is_told or is_missing
        out.append({**cell, "outputs": kept} if cell["cell_type"] == "code" else cell)
    return out


def _short_page(cells: list[dict]) -> list[dict]:
    title = "".join(cells[0]["source"]).splitlines()[0]
    asked = dict.fromkeys(found for cell in cells for text in texts(cell) for found in _ASKED.findall(text))
    items = "\n".join(f"- **{html.unescape(question).strip()}** {html.unescape(needs).strip()}" if question.strip() else f"- {html.unescape(needs).strip()}" for question, needs in asked)
    words = f"{title}\n\n## {NEEDED}\n\nThe data that this chapter rests on are not held for this area. What each question needs, and who has it:\n\n{items}\n"
    caveats = [cell for cell in cells if any("sna-caveats" in text for text in texts(cell))]
    return [{**cells[0], "source": words}, *map(_without_gap_list, caveats)]


def _without_gap_list(cell: dict) -> dict:
    """Leave the list of gaps out of the caveats: the page above says the same."""
    outputs = []
    for output, text in zip(cell["outputs"], texts(cell)):
        data = {**output.get("data", {}), "text/html": _GAP_LIST.sub("", text)}
        outputs.append({**output, "data": data})
    return {**cell, "outputs": outputs}
