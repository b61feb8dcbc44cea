"""Partner data on the command line's behalf: a file checked and kept, counts released, quotations shown and released."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from svd_lib.build.release import Origin, release_table
from svd_lib.definition import load_codes
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest.loaders import View, open_view
from svd_lib.ingest.partners.aggregates import tidy_table
from svd_lib.ingest.partners.cleared import QUOTES_FILE, cleared_folder, read_quotes
from svd_lib.ingest.partners.extract import Extract, open_extract
from svd_lib.ingest.partners.identifiers import find_identifiers
from svd_lib.ingest.partners.intake import Intake, take_in
from svd_lib.ingest.partners.kinds import Kind, plain
from svd_lib.ingest.partners.register import kind_named
from svd_lib.ingest.partners.survey import candidates, take_in_survey
from svd_lib.ingest.partners.values import Context
from svd_lib.ingest.partners.vault import Held, all_held, delete_by, held_of, open_vault, put_extract
from svd_lib.sources.lock import write_atomically

VAULT = Path("serious-violence-needs-assessment", "vault")


@dataclass(frozen=True)
class Taken:
    """What became of a file: the lines of its report, and what is held when there were none."""

    lines: tuple[str, ...]
    held: Held | None = None


def context_of(view: View) -> Context:
    """Return what the cells of a partner's file are read against: the area's districts and the offence codes."""
    places = view.table("places")
    districts = dict(zip(places["lsoa21cd"], places["lad24nm"]))
    changes = view.table("place_changes").sort_values("share", ascending=False, kind="stable").drop_duplicates("lsoa11cd")
    older = {old: districts[new] for old, new in zip(changes["lsoa11cd"], changes["lsoa21cd"]) if new in districts}
    named = {key: name for code, name in zip(places["lad24cd"], places["lad24nm"]) for key in (code, plain(name))}
    return Context({**older, **districts, **named}, offence_groups(view.edition.root), view.edition.period_end)


def offence_groups(root: Path) -> dict[str, str]:
    """Return the group of every offence code that the project knows."""
    codes = load_codes(root)
    return dict(zip(codes["offence_code"].astype(str).str.upper(), codes["offence_group"]))


def intake_of(extract: Extract, kind: Kind, context: Context) -> Intake:
    """Check and count a file of any kind."""
    return take_in_survey(extract, kind, context) if kind.is_survey else take_in(extract, kind, context)


def vault_of(edition: Edition, given: str) -> Path:
    """Return the vault: the folder given, else one in the user's data folder; never inside the project.

    Raises
    ------
    SnaError
        When it lies inside the project or a repository.
    """
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return open_vault(Path(given) if given else Path(home, VAULT), edition.root)


def add_extract(edition: Edition, path: Path, kind_id: str, vault: str = "", day: date | None = None) -> Taken:
    """Check a partner's file and, when nothing is wrong with it, keep it in the vault with its counts.

    Parameters
    ----------
    edition : Edition
        Which the extract is for.
    path : pathlib.Path
        The file.
    kind_id : str
        Its kind.
    vault : str, optional
        Where extracts are kept; the user's data folder when empty.
    day : datetime.date, optional
        When it is taken in; today.

    Returns
    -------
    Taken
        With lines when the file was refused; then nothing was changed.

    Raises
    ------
    SnaError
        When the file cannot be read at all; one sentence that repeats nothing of it.
    """
    kind = kind_named(kind_id)
    folder = vault_of(edition, vault)
    try:
        return _add(edition, path, kind, folder, day or date.today())
    except (SnaError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as defect:
        # the message of an unforeseen error may repeat a value of the file, so it is not shown
        raise SnaError(f"The file could not be read ({type(defect).__name__}); nothing was changed. Save it again as CSV, and report the kind of file if that fails too.") from None


def _add(edition: Edition, path: Path, kind: Kind, vault: Path, day: date) -> Taken:
    context = context_of(open_view(edition))
    extract = open_extract(path)
    intake = intake_of(extract, kind, context)
    if not intake.report.is_empty:
        return Taken(tuple(intake.report.lines()))
    table = tidy_table(kind, intake.counts, context.district_names)
    quotes = candidates(intake.texts)
    held = put_extract(vault, edition, kind, extract.path, table, _record(intake, extract, day), quotes)
    return Taken((), held)


def _record(intake: Intake, extract: Extract, day: date) -> dict[str, object]:
    months = sorted(intake.months) or [f"{day:%Y-%m}"]
    return {
        "rows": intake.rows,
        "first_month": months[0],
        "last_month": months[-1],
        "is_synthetic": intake.is_synthetic,
        "added": day.isoformat(),
        "delete_by": delete_by(day, intake.kind).isoformat(),
        "sha256": extract.sha256,
    }


def list_held(edition: Edition, vault: str = "", day: date | None = None) -> list[str]:
    """Return one line for every extract in the vault, with what is due."""
    lines = [_line(held, edition, day or date.today()) for held in all_held(vault_of(edition, vault), edition)]
    return lines or [f"The vault holds no extract for {edition.name}."]


def _line(held: Held, edition: Edition, day: date) -> str:
    said = held.record
    released = "released" if (cleared_folder(edition) / f"{held.kind.id}.json").is_file() else "not released"
    due = "  OVERDUE: delete it" if date.fromisoformat(said["delete_by"]) < day else ""
    synthetic = "  synthetic" if said["is_synthetic"] else ""
    return f"{held.kind.id:16} {said['first_month']} to {said['last_month']}  {said['rows']:>9,} rows  delete by {said['delete_by']}  {released}{synthetic}{due}"


def release_extract(edition: Edition, kind_id: str, approver: str, day: date, vault: str = "") -> dict:
    """Release the counts of an extract into the edition's ``cleared/``, disclosure-controlled and audited.

    Returns
    -------
    dict
        The record of the release.

    Raises
    ------
    SnaError
        When there is no such extract, no approver, the extract is synthetic, or the audit fails.
    """
    kind = kind_named(kind_id)
    held = held_of(vault_of(edition, vault), edition, kind)
    months = (held.record["first_month"], held.record["last_month"])
    origin = Origin(kind, months, held.record["is_synthetic"], lambda some: recount(held.file(), kind, context_of(open_view(edition)), some))
    return release_table(edition, origin, held.table(), approver, day)


def recount(path: Path, kind: Kind, context: Context, months: tuple[str, str]) -> pd.DataFrame:
    """Return the tidy table of some months of an extract that was found to be in order."""
    return tidy_table(kind, take_in(open_extract(path), kind, context, months).counts, context.district_names)


def quotations(edition: Edition, vault: str = "") -> list[str]:
    """Return the screened quotations for a person to read: id, question, words, and whether released."""
    held = held_of(vault_of(edition, vault), edition, kind_named("survey"))
    out = {one["id"] for one in read_quotes(edition)}
    return [f"{name}{' (released)' if name in out else ''}  {one['question']}\n    {one['text']}" for name, one in held.quotes().items()]


def release_quote(edition: Edition, identifier: str, approver: str, day: date, vault: str = "") -> None:
    """Put one quotation into ``cleared/``, with who released it and when.

    Raises
    ------
    SnaError
        When there is none of that id, no approver, or it names someone after all.
    """
    held = held_of(vault_of(edition, vault), edition, kind_named("survey"))
    quotes = held.quotes()
    if identifier not in quotes:
        raise SnaError("There is no quotation of that id; 'sna partner quotes' lists them.")
    if not approver.strip():
        raise SnaError("A quotation needs the name or role of the person who releases it; give --approver.")
    if held.record["is_synthetic"] and not edition.is_synthetic:
        raise SnaError(f"The survey is synthetic; none of its words can be released into {edition.name}.")
    if find_identifiers(quotes[identifier]["text"]):
        raise SnaError("The quotation holds something that points at a person; it cannot be released.")
    write_quote(edition, identifier, quotes[identifier], approver.strip(), day)


def write_quote(edition: Edition, identifier: str, quote: Mapping[str, str], approver: str, day: date) -> None:
    """Add one quotation to the edition's ``cleared/quotes.json``."""
    new = {**quote, "id": identifier, "approver": approver, "date": day.isoformat()}
    kept = [one for one in read_quotes(edition) if one["id"] != new["id"]] + [new]
    content = {"schema": 1, "edition": edition.name, "quotes": sorted(kept, key=lambda one: one["id"])}
    write_atomically(cleared_folder(edition) / QUOTES_FILE, (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def released_counts(record: Mapping[str, object]) -> str:
    """Return one sentence on a release for the terminal."""
    audit = pd.Series(record["audit"])
    return f"{audit['cells']:,} cells: {audit['primary']:,} small counts withheld, {audit['secondary']:,} more to protect them; audit passed"
