"""The analyst's commands: new, edit, new-chapter, new-exhibit, words, export, approve, completion. Each imports what it needs when it runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from svd_lib.errors import SnaError

if TYPE_CHECKING:
    from svd_lib.build.progress import Progress
    from svd_lib.edition import Edition

Add = Callable[..., argparse.ArgumentParser]
SHELLS = ("bash", "zsh", "tcsh")


def add_commands(commands: argparse._SubParsersAction, add: Add) -> None:
    """Add the analyst's commands to the command line.

    Parameters
    ----------
    commands : argparse subparsers
        Where they go.
    add : callable
        Adds one command with the options that all share.
    """
    _add_new(commands, add)
    edit = add(commands, "edit", _edit, "open a chapter in JupyterLab with an edition's parameters", examples=("sna edit trends", "sna edit trends --edition norfolk"))
    edit.add_argument("chapter", help="chapter's name, like trends")
    edit.add_argument("--jupyter", default="", metavar="OPTIONS", help='further options for JupyterLab in one text, like --jupyter="--no-browser"')
    chapter = add(commands, "new-chapter", _new_chapter, "start a chapter that runs as it stands", examples=('sna new-chapter night-time "Violence at night"',))
    chapter.add_argument("name", help="file name without its ending: lower case words joined by hyphens")
    chapter.add_argument("title", help="heading that readers see")
    exhibit = add(commands, "new-exhibit", _new_exhibit, "add a question and its figure to a chapter", examples=("sna new-exhibit geography drugs-rate --crime Drugs",))
    exhibit.add_argument("chapter", help="chapter's name, like geography")
    exhibit.add_argument("name", help="noun and measure joined by a hyphen, like drugs-rate")
    exhibit.add_argument("--crime", default="Robbery", metavar="TYPE", help="what the example counts, as the publisher words it (default Robbery)")
    _add_words(commands, add)
    _add_approve(commands, add)
    export = add(commands, "export", _export, "write a figure for a slide, and a sentence with its citation", examples=("sna export trends-index-groups --to slides",))
    export.add_argument("exhibit", help="exhibit's id, as its address on the page ends")
    export.add_argument("--to", default=".", metavar="DIR", help="folder to write to (default: here)")
    notice = add(commands, "notice", _notice, "say on every page of an edition that it was corrected or withdrawn", examples=('sna notice --kind correction --on 2026-05-04 "The rate is per 10,000."',))
    notice.add_argument("--kind", choices=("correction", "withdrawal"), required=True, help="what is to be said")
    notice.add_argument("--on", type=_day, required=True, metavar="DATE", help="the day of it")
    notice.add_argument("text", help="one sentence: what was wrong and what is right")
    completion = commands.add_parser("completion", help="print what makes a shell complete these commands", description="Print what makes a shell complete these commands; add it to the shell's start-up file.")
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(command=_completion)


def _add_words(commands: argparse._SubParsersAction, add: Add) -> None:
    examples = ("sna words", 'sna words trends-index-groups --author "Head of Community Safety"', 'sna words trends --author "Board" --on 2026-03-12 --text "We will look at this again in May."')
    words = add(commands, "words", _words, "list the exhibits, or add the partnership's own words to one", examples=examples)
    words.add_argument("exhibit", nargs="?", default="", help="exhibit's id, or a chapter's name for words on the whole chapter")
    words.add_argument("--author", default="", metavar="OFFICE", help="whose words they are: a role or an office")
    words.add_argument("--on", type=_day, default=None, metavar="DATE", help="the day they were written; needed with --text")
    words.add_argument("--text", default="", metavar="WORDS", help="the words; without them the slot waits to be filled in an editor")


def _add_new(commands: argparse._SubParsersAction, add: Add) -> None:
    examples = ("sna new --area force:Norfolk --mirror DIR", "sna new --area district:Ipswich --mirror DIR --period-end 2025-12-31 --no-build")
    new = add(commands, "new", _new, "start an edition for any area, build it and open the site", edition=False, examples=examples)
    new.add_argument("--area", default="", metavar="KIND:NAME", help="any area: force:Norfolk, csp:Ipswich, district:Ipswich, a code; asked for when left out")
    new.add_argument("--mirror", default="", metavar="DIR_OR_URL", help="where the publishers' files are; asked for when left out")
    new.add_argument("--period-end", type=_day, metavar="DATE", help="last day of the last month (default: of the newest month there is)")
    new.add_argument("--definition", metavar="ID@VERSION", help="definition of serious violence (default: that of the newest edition)")
    new.add_argument("--partnership", metavar="WORDS", help='the partnership in words that stand after "the"')
    new.add_argument("--no-build", action="store_true", help="write the edition's files only")
    new.add_argument("--no-open", action="store_true", help="do not open the finished site in a browser")
    new.add_argument("--jobs", type=int, default=2, metavar="N", help="chapters executed at a time (default 2)")


def _add_approve(commands: argparse._SubParsersAction, add: Add) -> None:
    examples = ('sna approve --edition suffolk-2025 --by "Suffolk County Council" --on 2026-03-12', "sna approve --edition suffolk-2025 --take-back")
    approve = add(commands, "approve", _approve, "record who approved an edition and when, or take it back", examples=examples)
    how = approve.add_mutually_exclusive_group(required=True)
    how.add_argument("--by", metavar="BODY", help="the body that approved the edition")
    how.add_argument("--take-back", action="store_true", help="make it a draft again")
    approve.add_argument("--on", type=_day, metavar="DATE", help="when it did")
    approve.add_argument("--publisher", metavar="BODY", help="the public body that publishes it (default: the body that approved it)")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date; write it like 2025-12-31") from None


def _opened(options: argparse.Namespace) -> Edition:
    from svd_lib.edition import open_edition

    return open_edition(options.edition, options.project)


def _root(options: argparse.Namespace) -> Path:
    from svd_lib.edition import find_root

    return find_root(Path(options.project) if options.project else None)


def _new(options: argparse.Namespace) -> int:
    from svd_lib.build.progress import Progress
    from svd_lib.desk.project import project_or_new

    area = options.area or _asked("Which area? A name or a code, like force:Norfolk", "--area")
    mirror = options.mirror or _asked("Where are the publishers' files? A folder or an address", "--mirror")
    progress = Progress()
    root = project_or_new(options.project, progress.step)
    from svd_lib.ingest.new_edition import committed_edition

    edition = committed_edition(area, mirror, root, options.period_end, options.definition, options.partnership)
    progress.step(f"{edition.name}: wrote {edition.folder.relative_to(root)}; fill in its partnership.yml")
    if not options.no_build:
        _build_new(edition, mirror, options, progress)
    return 0


def _build_new(edition: Edition, mirror: str, options: argparse.Namespace, progress: Progress) -> None:
    from svd_lib.build.inputs import prepare_view
    from svd_lib.build.run import build_edition

    prepare_view(edition, mirror, progress)
    site = build_edition(edition, options.jobs, progress)
    if not options.no_open and sys.stdout.isatty():
        import webbrowser

        webbrowser.open((site / "index.html").as_uri())


def _asked(question: str, flag: str) -> str:
    """Ask a person at a terminal; anywhere else name the flag that is missing."""
    if not sys.stdin.isatty():
        raise SnaError(f"{flag} is missing; give it, or run 'sna new' in a terminal to be asked.")
    answer = input(f"{question}: ").strip()
    if not answer:
        raise SnaError(f"Nothing was answered; run it again, or give {flag}.")
    return answer


def _edit(options: argparse.Namespace) -> int:
    from svd_lib.desk.editor import edit_chapter

    return edit_chapter(_opened(options), options.chapter, shlex.split(options.jupyter))


def _new_chapter(options: argparse.Namespace) -> None:
    from svd_lib.desk.scaffold import new_chapter

    root = _root(options)
    for path in new_chapter(root, options.name, options.title):
        print(f"wrote {path.relative_to(root)}")
    print(f"next: sna edit {options.name}, and sna build to see it")


def _new_exhibit(options: argparse.Namespace) -> None:
    from svd_lib.desk.scaffold import new_exhibit

    root = _root(options)
    path = new_exhibit(root, options.chapter, options.name, options.crime)
    print(f"wrote {path.relative_to(root)}: the exhibit {options.chapter}-{options.name}")
    print(f"next: sna edit {options.chapter}, and sna build to see it")


def _words(options: argparse.Namespace) -> None:
    from svd_lib.desk.words import list_slots, start_slot

    edition = _opened(options)
    if not options.exhibit:
        print("\n".join(list_slots(edition)))
        return
    if options.text and options.on is None:
        raise SnaError("--on is missing; give the day the words were written, like --on 2026-03-12.")
    path, line = start_slot(edition, options.exhibit, options.author, options.on, options.text)
    print(f"{path}, line {line}: {'the words are there' if options.text else 'fill in the date and write below it; an empty slot shows nothing'}")
    print(f"next: sna serve --edition {edition.name} shows the page at every save")


def _approve(options: argparse.Namespace) -> None:
    from svd_lib.desk.approval import approve, withdraw_approval

    edition = _opened(options)
    if options.take_back:
        changed = withdraw_approval(edition)
    elif options.on is None:
        raise SnaError("--on is missing; give the day of the approval, like --on 2026-03-12.")
    else:
        changed = approve(edition, options.by, options.on, options.publisher)
    print(f"{changed.name}: {changed.status}. {changed.status_line}.")
    print(f"next: sna build --edition {changed.name}")


def _export(options: argparse.Namespace) -> None:
    from svd_lib.desk.slide import export_exhibit

    for path in export_exhibit(_opened(options), options.exhibit, Path(options.to)):
        print(f"wrote {path}")


def _notice(options: argparse.Namespace) -> None:
    from svd_lib.desk.approval import add_notice

    edition = add_notice(_opened(options), options.kind, options.on, options.text)
    print(f"{edition.name}: {len(edition.notices)} notice{'' if len(edition.notices) == 1 else 's'}")
    print(f"next: sna build --edition {edition.name}")


def _completion(options: argparse.Namespace) -> None:
    import shtab

    from svd_lib.cli import parser

    print(shtab.complete(parser(), options.shell))
