"""The partner commands: template, add, list, release, quotes. Each imports what it needs when it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from svd_lib.errors import SnaError

if TYPE_CHECKING:
    from svd_lib.edition import Edition

REFUSED = 2


def add_partner_commands(commands: argparse._SubParsersAction, add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add ``sna partner`` and its commands to the command line.

    Parameters
    ----------
    commands : argparse subparsers
        Where they go.
    add : callable
        Adds one command with the options that all share.
    """
    text = "take in partners' restricted extracts and release their counts"
    partner = commands.add_parser("partner", help=text, description=text[0].upper() + text[1:] + ".")
    actions = partner.add_subparsers(title="commands", metavar="COMMAND", required=True)
    template = add(actions, "template", _template, "write an empty table and a data-sharing note for a partner", edition=False, examples=("sna partner template ambulance --xlsx",))
    template.add_argument("kind", metavar="KIND", help="kind of extract; 'sna partner kinds' lists them")
    template.add_argument("--xlsx", action="store_true", help="a workbook instead of CSV")
    template.add_argument("--out", default=".", metavar="DIR", help="where to write (default: here)")
    add(actions, "kinds", _kinds, "list the kinds of extract", edition=False, examples=("sna partner kinds",))
    taken = add(actions, "add", _take, "check a partner's file and keep it in the vault", examples=("sna partner add FILE --kind ambulance --edition suffolk-2025",))
    taken.add_argument("file", type=Path, metavar="FILE", help="CSV, TSV, XLSX or ODS")
    held = add(actions, "list", _list, "list what the vault holds for an edition, and what must be deleted", examples=("sna partner list",))
    release = add(actions, "release", _release, "release disclosure-controlled counts into the edition's cleared/", examples=('sna partner release --kind ambulance --approver "Head of Analysis" --date 2026-03-12',))
    quotes = add(actions, "quotes", _quotes, "show screened survey answers at the terminal, or release one", examples=("sna partner quotes", 'sna partner quotes --release q1a2b3c4d --approver "Head of Analysis" --date 2026-03-12'))
    quotes.add_argument("--release", metavar="ID", help="quotation to put into cleared/")
    for one in (taken, release):
        one.add_argument("--kind", required=True, metavar="KIND", help="kind of extract; 'sna partner kinds' lists them")
    for one, is_required in ((release, True), (quotes, False)):
        one.add_argument("--approver", required=is_required, default="", metavar="NAME", help="name or role of the person who approves the release")
        one.add_argument("--date", type=_day, required=is_required, metavar="DATE", help="day of the approval, as 2026-03-12")
    for one in (taken, held, release, quotes):
        one.add_argument("--vault", default="", metavar="DIR", help="where extracts are kept, outside the project (default: in your data folder)")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write the day as 2026-03-12") from None


def _opened(options: argparse.Namespace) -> Edition:
    from svd_lib.edition import open_edition

    return open_edition(options.edition, options.project)


def _kinds(options: argparse.Namespace) -> None:
    from svd_lib.ingest.partners.register import KINDS

    for kind in KINDS.values():
        print(f"{kind.id:16} {kind.title}, from {kind.holder}")


def _template(options: argparse.Namespace) -> None:
    from svd_lib.ingest.partners import template
    from svd_lib.ingest.partners.register import kind_named

    kind, folder = kind_named(options.kind), Path(options.out)
    table = folder / f"template-{kind.id}.{'xlsx' if options.xlsx else 'csv'}"
    note = folder / f"sharing-note-{kind.id}.md"
    there = [path for path in (table, note) if path.exists()]
    if there:
        raise SnaError(f"{there[0]} is there already; move it, or give --out another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    if options.xlsx:
        template.write_template_xlsx(kind, table)
    else:
        table.write_bytes(template.template_csv(kind))
    note.write_text(template.sharing_note(kind), encoding="utf-8")
    print(f"{table}\n{note}")


def _take(options: argparse.Namespace) -> int:
    from svd_lib.build.partners import add_extract

    taken = add_extract(_opened(options), options.file, options.kind, options.vault)
    if taken.held is None:
        print("sna: the file was refused and nothing was changed. What to mend:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in taken.lines), file=sys.stderr)
        return REFUSED
    said = taken.held.record
    print(f"taken in: {said['rows']:,} rows, {said['first_month']} to {said['last_month']}; kept in {taken.held.folder}; delete by {said['delete_by']}")
    return 0


def _list(options: argparse.Namespace) -> None:
    from svd_lib.build.partners import list_held

    print("\n".join(list_held(_opened(options), options.vault)))


def _release(options: argparse.Namespace) -> None:
    from svd_lib.build.partners import release_extract, released_counts

    record = release_extract(_opened(options), options.kind, options.approver, options.date, options.vault)
    print(f"released: {released_counts(record)}")


def _quotes(options: argparse.Namespace) -> None:
    from svd_lib.build.partners import quotations, release_quote

    edition = _opened(options)
    if options.release:
        if not options.date:
            raise SnaError("A release needs the day of the approval; give --date.")
        release_quote(edition, options.release, options.approver, options.date, options.vault)
        print("released into cleared/quotes.json")
        return
    if not sys.stdout.isatty():
        raise SnaError("Quotations are shown at a terminal only, so that no log or file keeps what nobody has released.")
    print("\n".join(quotations(edition, options.vault)) or "The survey has no answers fit to quote.")
