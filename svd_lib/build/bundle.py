"""The edition's data in one file, described so that machines and readers know every column: CSVW and schema.org."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from svd_lib.build.archive import write_archive
from svd_lib.build.workbook import Published, citation, cover_lines
from svd_lib.edition import Edition

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
METADATA = "csv-metadata.json"
_KINDS = (("boolean", r"True|False"), ("integer", r"-?\d+"), ("number", r"-?\d+(\.\d+)?(e[+-]?\d+)?"), ("date", r"\d{4}-\d\d-\d\d"))


def csvw(edition: Edition, exhibits: Sequence[Published], folder: str = "") -> dict:
    """Return the description of all CSV files, as CSV on the Web has it.

    Parameters
    ----------
    edition : Edition
        Whose.
    exhibits : sequence of Published
        The tables.
    folder : str, optional
        What stands before each file's name.
    """
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": edition.title,
        "dc:license": {"@id": LICENCE},
        "dc:bibliographicCitation": citation(edition),
        "tables": [_table(item, folder) for item in exhibits],
    }


def _table(item: Published, folder: str) -> dict:
    about = item.about
    columns = zip(item.columns, item.headings, zip(*item.rows) if item.rows else [()] * len(item.columns))
    return {
        "url": f"{folder}{item.id}.csv",
        "dc:title": about["title"],
        "dc:description": " ".join(filter(None, [f"{about['subtitle'].rstrip('.')}.", about.get("note", "")])),
        "dc:source": about["sources"],
        "dc:temporal": about["period"],
        "dialect": {"header": True, "encoding": "utf-8"},
        "tableSchema": {"columns": [_column(name, heading, values) for name, heading, values in columns]},
    }


def _column(name: str, heading: str, values: Sequence[str]) -> dict:
    known = [value for value in values if value]
    kind = next((kind for kind, pattern in _KINDS if known and all(re.fullmatch(pattern, value, re.IGNORECASE) for value in known)), "string")
    described = {"base": "boolean", "format": "True|False"} if kind == "boolean" else kind
    return {"name": re.sub(r"\W", "_", name), "titles": name, "dc:description": heading, "datatype": described}


def write_bundle(path: Path, edition: Edition, exhibits: Sequence[Published], out: Path) -> None:
    """Write one zip file of all CSV files, their description, the findings and a note to read first."""
    first = "\n\n".join([*cover_lines(edition), f"{METADATA} describes every file and column.", "findings.json holds every number that a page quotes."])
    parts: dict[str, str | bytes] = {"README.txt": first + "\n", METADATA: as_text(csvw(edition, exhibits))}
    if (out / "findings.json").is_file():
        parts["findings.json"] = (out / "findings.json").read_bytes()
    parts |= {f"{item.id}.csv": (out / "exhibits" / f"{item.id}.csv").read_bytes() for item in exhibits}
    write_archive(path, parts, edition.period_end)


def dataset(edition: Edition, files: Sequence[tuple[str, str, str]]) -> dict:
    """Return the edition as a schema.org Dataset.

    Parameters
    ----------
    edition : Edition
        Which.
    files : sequence of (address, name, media type)
        What can be downloaded.
    """
    maker = edition.publisher if edition.is_approved and edition.publisher else "Serious Violence Needs Assessment, open-source project"
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": edition.title,
        "description": f"Figures behind a strategic needs assessment of serious violence. {edition.status_line}.",
        "identifier": edition.name,
        "version": edition.name,
        "creativeWorkStatus": edition.status,
        "creator": {"@type": "Organization", "name": maker},
        "license": LICENCE,
        "isAccessibleForFree": True,
        "inLanguage": "en-GB",
        "spatialCoverage": {"@type": "Place", "name": edition.area.name},
        "temporalCoverage": f"../{edition.period_end}",
        "citation": citation(edition).removeprefix("Cite as: "),
        "distribution": [{"@type": "DataDownload", "name": name, "encodingFormat": kind, "contentUrl": address} for address, name, kind in files],
    }


def as_text(content: dict) -> str:
    """Return JSON as text, the same for the same content."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
