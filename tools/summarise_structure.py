#!/usr/bin/env python3
"""Write down what the pages of a built site are made of, so that a change of structure is seen and a change of pixels is not.

Usage: python tools/summarise_structure.py        (after: sna build --edition suffolk-2025)

For each page: its landmarks, its headings, and each exhibit's picture (what it is drawn of, the words along its axes and in
its key) and table (caption, column headings). A test compares the site with ``tests/site/structure.json``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tests" / "site" / "structure.json"
SITE = ROOT / "_build" / "suffolk-2025" / "html"
COMMAND = ".venv/bin/python tools/summarise_structure.py"
LANDMARKS = {"aside": "complementary", "footer": "contentinfo", "header": "banner", "main": "main", "nav": "navigation", "search": "search"}
ONLY_OUTSIDE = ("header", "footer")
"""Landmarks only where they stand in none of :data:`PARTS`."""
PARTS = ("main", "article", "section", "nav", "aside")
ROLES = {*LANDMARKS.values(), "region", "form"}
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


def structure_of(site: Path) -> dict[str, dict]:
    """Return what every page of a site is made of, by the page's name."""
    pages = {path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "lxml") for path in sorted(site.glob("*.html"))}
    return {name: _page(page) for name, page in pages.items()}


def as_text(structure: dict) -> str:
    """Return a structure as the committed file has it: one line for each part of a page and for each exhibit."""
    pages = [f" {_line(name)}: " + _block(_part_lines(page), " ") for name, page in structure.items()]
    return _block(pages, "") + "\n"


def _block(lines: list[str], indent: str) -> str:
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"


def _part_lines(page: dict) -> list[str]:
    lines = [f"  {_line(name)}: {_line(part)}" for name, part in page.items() if name != "exhibits"]
    exhibits = [f"   {_line(name)}: {_line(part)}" for name, part in page["exhibits"].items()]
    return [*lines, f'  "exhibits": {_block(exhibits, "  ")}']


def _line(part: object) -> str:
    return json.dumps(part, ensure_ascii=False)


def _page(page: Tag) -> dict:
    return {
        "landmarks": [found for found in map(_landmark, page.body.find_all(True)) if found],
        "headings": [f"{heading.name} {heading.get('id', '')}".strip() for heading in page.select("main :is(h1, h2, h3, h4, h5, h6)")],
        "exhibits": {figure["id"]: _exhibit(figure) for figure in page.select("figure.sna-exhibit")},
        "tables": [_headings(table) for table in page.select("table") if not table.find_parent("figure", class_="sna-exhibit")],
        "boxes": [box["id"] for box in page.select("[id]:is(.sna-unavailable, .sna-recommendation)")],
    }


def _landmark(element: Tag) -> str:
    is_inner = element.name in ONLY_OUTSIDE and element.find_parent(PARTS) is not None
    role = element.get("role") or ("" if is_inner else LANDMARKS.get(element.name, ""))
    named_by = element.find_parent("html").find(id=element.get("aria-labelledby", "")) if element.get("aria-labelledby") else None
    name = element.get("aria-label") or (named_by.get_text(" ", strip=True) if named_by else "")
    return f"{role} {name}".strip() if role in ROLES else ""


def _exhibit(figure: Tag) -> dict:
    """The parts of an exhibit in their order, and what its picture and its table are made of."""
    parts = [" ".join(part["class"]) if part.get("class") else part.name for part in figure.find_all(True, recursive=False)]
    picture, table = figure.select_one("svg.sna-figure"), figure.select_one("table.sna-table")
    return {"parts": parts, "picture": _picture(picture) if picture else None, "table": _headings(table) if table else None}


def _picture(svg: Tag) -> dict:
    """What a picture is drawn of: kinds of marks, and its words without their figures, each once."""
    words = [_DIGITS.sub("0", " ".join(text.get_text(" ").split())) for text in svg.find_all("text")]
    return {"marks": sorted({mark.name for mark in svg.find_all(["path", "use", "rect", "circle", "image"])}), "words": sorted({word for word in words if re.search("[A-Za-z]", word)})}


def _headings(table: Tag) -> list[str]:
    return [_DIGITS.sub("0", " ".join(cell.get_text(" ").split())) for cell in table.select("thead th")]


def main() -> None:
    """Write the committed summary anew."""
    if not SITE.is_dir():
        raise SystemExit("There is no built site; run first: sna build --edition suffolk-2025")
    structure = structure_of(SITE)
    TARGET.write_text(as_text(structure), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(structure)} pages, {sum(len(page['exhibits']) for page in structure.values())} exhibits")


if __name__ == "__main__":
    main()
