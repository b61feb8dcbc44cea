"""The directive ``{proofs}``: the newest result of every long proof, from the summary that ``make prove`` writes."""

from __future__ import annotations

import csv
from datetime import date
from html import escape
from pathlib import Path
from typing import Final

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from svd_lib.build.theme import edition_of

SUMMARY: Final = Path("data/reference/proofs.csv")
HEADINGS: Final = ("What was asked", "Result", "Figures within bounds", "Run on")
CAPTION: Final = "Long proofs and their newest results"


class ProofsDirective(SphinxDirective):
    """One table with a row for each proof that has been run."""

    def run(self) -> list[nodes.Node]:
        """Return the table as HTML."""
        path = edition_of(self.env.app).root / SUMMARY
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as lines:
            return [nodes.raw("", proofs_table(list(csv.DictReader(lines))), format="html")]


def proofs_table(rows: list[dict[str, str]]) -> str:
    """Return the results as an HTML table; one that failed says so.

    Parameters
    ----------
    rows : list of dict
        ``proof, question, passed, within, bounded, date`` as text.
    """
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    body = "".join(f'<tr><th scope="row">{cells[0]}</th>{"".join(f"<td>{cell}</td>" for cell in cells[1:])}</tr>' for cells in map(_cells, rows))
    return (
        f'<div class="sna-scroll" tabindex="0" role="group" aria-label="{CAPTION}"><table class="sna-table">'
        f"<caption>{CAPTION}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: dict[str, str]) -> list[str]:
    day = date.fromisoformat(row["date"])
    words = [row["question"], "holds" if row["passed"] == "yes" else "fails", f"{row['within']} of {row['bounded']}", f"{day.day} {day:%B %Y}"]
    return [escape(word) for word in words]
