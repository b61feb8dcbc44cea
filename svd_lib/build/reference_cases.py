"""The directive ``{refcases}``: published results beside our own, from the summary that the test runner writes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from svd_lib.build.theme import edition_of
from svd_lib.errors import SnaError

SUMMARY: Final = Path("data/reference/refcase_summary.csv")
FAMILIES: Final[dict[str, str]] = {
    "A": "Rates and intervals",
    "B": "Trends and forecasts",
    "C": "Geography",
    "D": "Cohorts and inequality",
    "E": "Harm",
    "F": "Disclosure control",
    "G": "Surveys",
    "H": "Recommendations",
    "I": "Sensitivity to choices",
}
"""First letter of a case -> the family of methods it belongs to."""

HEADINGS: Final = ("What is computed", "Published by", "How the published result was read", "Published", "Ours", "Difference", "Values compared")
NEGLIGIBLE: Final = 1e-6
"""A difference below this share of the published value is said to be less than it."""


class ReferenceCasesDirective(SphinxDirective):
    """One table a family of methods, and a line that counts the cases."""

    def run(self) -> list[nodes.Node]:
        """Return the tables as HTML."""
        path = edition_of(self.env.app).root / SUMMARY
        self.env.note_dependency(str(path))
        return [nodes.raw("", reference_tables(read_summary(path)), format="html")]


def read_summary(path: Path) -> list[dict[str, str]]:
    """Return the rows of the summary of reference cases.

    Raises
    ------
    SnaError
        When the file is not there.
    """
    if not path.is_file():
        raise SnaError(f"{path.name} is not there; write it with python -m tests.spec DIR --summary.")
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def reference_tables(rows: list[dict[str, str]]) -> str:
    """Return the tables of all families as HTML, with one line before them that counts the cases."""
    passed = sum(row["status"] == "pass" for row in rows)
    compared = sum(int(row["compared"]) for row in rows)
    counted = f'<p class="sna-edition">{passed} of {len(rows)} published results are reproduced within their tolerance; {compared:,} values were compared.</p>'
    parts = [_table(title, [row for row in rows if row["case"].startswith(letter)]) for letter, title in FAMILIES.items()]
    return counted + "".join(parts)


def _table(title: str, rows: list[dict[str, str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    body = "".join(f'<tr><th scope="row">{cells[0]}</th>{"".join(f"<td>{cell}</td>" for cell in cells[1:])}</tr>' for cells in map(_cells, rows))
    caption = f"Published results reproduced: {title.lower()}"
    return (
        f'<div class="sna-scroll" tabindex="0" role="group" aria-label="{caption}"><table class="sna-table">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Mapping[str, str]) -> list[str]:
    words = [row["title"], row["source"], row["standing"], _shown(row["expected"]), _shown(row["ours"]), _difference(row), row["compared"]]
    return [escape(word) for word in words]


def _shown(value: str) -> str:
    number = _number(value)
    return value if number is None else f"{number:.6g}"


def _difference(row: Mapping[str, str]) -> str:
    expected, ours = _number(row["expected"]), _number(row["ours"])
    if expected is None or ours is None:
        return "none" if row["expected"] == row["ours"] else "other"
    if row["expected"] == row["ours"]:
        return "none"
    apart = ours - expected
    return "less than 1 in a million" if abs(apart) <= NEGLIGIBLE * abs(expected) else f"{apart:.2g}"


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
