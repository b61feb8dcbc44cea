"""What a partner is sent: an empty table with a word on each column, and a one-page data-sharing note."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from svd_lib.ingest.partners.identifiers import KINDS as IDENTIFIERS
from svd_lib.ingest.partners.kinds import AGE_BANDS, NO, NOT_KNOWN, YES, Field, Kind

SURVEY_ROWS = (
    ("Start Date", "How old are you?", "How safe do you feel walking alone after dark?", "Which of these worry you where you live?", "", "What would make the greatest difference?", "Themes, first reader", "", "Themes, second reader", ""),
    ("", "Response", "Response", "Knife crime", "Domestic abuse", "Open-Ended Response", "School", "Light", "School", "Light"),
)
"""The two header rows of a survey tool, by example."""


def annotation(one: Field) -> str:
    """Return what a template says of a column: meaning, values, and whether it must be filled."""
    values = {"flag": f"{YES}, {NO} or {NOT_KNOWN}", "age": f"whole years, or {'; '.join(AGE_BANDS)}", "category": "; ".join([*one.allowed, NOT_KNOWN])}.get(one.type, "")
    parts = [one.meaning, f"Values: {values}" if values else "", f"Unit: {one.unit}" if one.unit else "", "Required" if one.required else "May be empty"]
    return ". ".join(part for part in parts if part)


def header_rows(kind: Kind) -> list[Sequence[str]]:
    """Return the template's rows: the header, and a row beginning with # that explains each column and may stay."""
    if kind.is_survey:
        return list(SURVEY_ROWS)
    return [[one.name for one in kind.fields], [("# " if place == 0 else "") + annotation(one) for place, one in enumerate(kind.fields)]]


def template_csv(kind: Kind) -> bytes:
    """Return the template as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows(header_rows(kind))
    return stream.getvalue().encode("utf-8-sig")


def write_template_xlsx(kind: Kind, path: Path) -> None:
    """Write the template as a workbook: sheet Data with the header, sheet Notes with a row on each column."""
    # openpyxl is needed here alone
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    data, notes = book.active, book.create_sheet("Notes")
    data.title = "Data"
    for row in header_rows(kind)[: 2 if kind.is_survey else 1]:
        data.append(list(row))
    notes.append(["Column", "What it holds", "What becomes of it", "What it is for"])
    for one in kind.fields:
        notes.append([one.name, annotation(one), one.coarsening, one.purpose])
    for cell in (*data[1], *notes[1]):
        cell.font = Font(bold=True)
    data.freeze_panes = "A2"
    book.save(path)


def sharing_note(kind: Kind) -> str:
    """Return the one-page data-sharing note of a kind, in Markdown; what only the partners can say is left to fill in."""
    return "\n".join([*_about(kind), *_columns(kind), *_rules(kind)]) + "\n"


def _about(kind: Kind) -> list[str]:
    return [
        f"# Data-sharing note: {kind.title.lower()}",
        "",
        f"- **Held by**: {kind.holder}",
        f"- **For**: the needs assessment under the Serious Violence Duty; {kind.purpose}",
        f"- **One row is**: {'one offence of one person, whose rows share a key' if kind.counts_people else f'one of the {kind.unit}'}",
        "- **Lawful basis**: ______ (each partner’s data protection officer fills this in)",
        "- **Agreement or assessment reference**: ______",
        "- **Approved for sharing by**: ______ on ______",
        f"- **Kept**: at most {kind.retention_months} months after it is taken in, in a folder outside the project that only its owner may read; then deleted",
        "",
    ]


def _columns(kind: Kind) -> list[str]:
    if kind.is_survey:
        return ["Columns are the survey's questions, as the survey tool exports them with two header rows. Leave out names, contact details and internet addresses. Answers are also counted by the answer to the first question about the person, such as their age.",
                "Free text has themes where two people, each alone, have marked every answer: under 'Themes, first reader' and 'Themes, second reader', one column a theme, an x where they found it.", ""]
    rows = [f"| {one.name} | {annotation(one)} | {one.coarsening} | {one.purpose} |" for one in kind.fields]
    return ["| Column | What it holds | What becomes of it | What it is for |", "| --- | --- | --- | --- |", *rows, ""]


def _rules(kind: Kind) -> list[str]:
    tables = "; ".join(" by ".join(name.replace("_", " ") for name in one) for one in kind.aggregates)
    quoted = ["- Free-text answers are screened, stay in the vault, and are quoted only when a named person releases each one."] if kind.is_survey else []
    return [
        f"- **Never send**: {', '.join(IDENTIFIERS.values())}. A file that holds any is refused whole, and nothing of it is kept or repeated.",
        f"- **Counted**: {tables}. Nothing else is made of it.",
        "- **Published**: only counts that a named person has released. Counts under 10 are withheld, then whatever would reveal them; an audit of what an attacker could work out must pass.",
        *quoted,
    ]
