"""Cleared tables: disclosure-controlled counts of a partner extract, with who approved them; all that may be committed.

``cleared/<kind>.csv`` holds the kind's dimensions, ``count`` (blank where withheld) and ``is_suppressed``;
``cleared/<kind>.json`` says who released it, on which day, under which rule, and how the audit ended.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS

SCHEMA = 1
FOLDER = "cleared"
QUOTES_FILE = "quotes.json"
RECORD_FIELDS = ("schema", "kind", "edition", "approver", "date", "is_synthetic", "first_month", "last_month", "rule", "unit", "sha256", "audit")


@dataclass(frozen=True)
class Cleared:
    """A cleared table and its record.

    Parameters
    ----------
    frame : pandas.DataFrame
        Dimensions (text), ``count`` (float, missing where withheld), ``is_suppressed``.
    record : dict
        The content of ``<kind>.json``.
    """

    frame: pd.DataFrame
    record: dict

    @property
    def period(self) -> str:
        """Months that the extract covers, as ``2025-01/2025-12``."""
        return f"{self.record['first_month']}/{self.record['last_month']}"


def cleared_folder(edition: Edition) -> Path:
    """Return the folder of an edition's cleared tables."""
    return edition.folder / FOLDER


def cleared_kinds(edition: Edition) -> list[Kind]:
    """Return the kinds of which an edition has cleared tables."""
    return [kind for kind in KINDS.values() if (cleared_folder(edition) / f"{kind.id}.json").is_file()]


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Return a cleared table as the bytes of its CSV file, the same for the same table."""
    whole = frame.assign(count=frame["count"].astype("Int64"), is_suppressed=frame["is_suppressed"].map({True: "yes", False: ""}))
    return whole.to_csv(index=False, lineterminator="\n").encode()


def read_cleared(edition: Edition, kind: Kind) -> Cleared | None:
    """Return an edition's cleared table of a kind, or None where it has none.

    Raises
    ------
    SnaError
        When the record is incomplete or of another edition, or the table is not the one that was released.
    """
    table, record = (cleared_folder(edition) / f"{kind.id}.{ending}" for ending in ("csv", "json"))
    if not record.is_file():
        return None
    said = _record(record, edition, kind)
    content = table.read_bytes() if table.is_file() else b""
    if hashlib.sha256(content).hexdigest() != said["sha256"]:
        raise SnaError(f"cleared/{table.name} of {edition.name} is not the table that was released; run 'sna partner release' again.")
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    counts = pd.to_numeric(frame["count"].replace("", None)).astype("float64")
    return Cleared(frame.assign(count=counts, is_suppressed=frame["is_suppressed"] == "yes"), said)


def _record(path: Path, edition: Edition, kind: Kind) -> dict:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        said = {}
    if set(said) < set(RECORD_FIELDS) or said["schema"] != SCHEMA or said["kind"] != kind.id:
        raise SnaError(f"cleared/{path.name} of {edition.name} is not a record of a release; run 'sna partner release' again.")
    if said["edition"] != edition.name or (said["is_synthetic"] and not edition.is_synthetic):
        raise SnaError(f"cleared/{path.name} was released for another edition than {edition.name}; run 'sna partner release' again.")
    return said


def read_quotes(edition: Edition) -> list[dict[str, str]]:
    """Return the quotations that a person has released: ``id, question, text, approver, date``; none without the file.

    Raises
    ------
    SnaError
        When the file is not one of this edition's.
    """
    path = cleared_folder(edition) / QUOTES_FILE
    if not path.is_file():
        return []
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        said = {}
    if said.get("schema") != SCHEMA or said.get("edition") != edition.name:
        raise SnaError(f"cleared/{QUOTES_FILE} of {edition.name} is not readable as this edition's; release its quotations again.")
    return said["quotes"]
