"""The command ``sna``: every command with its options. The analyst's own are in :mod:`svd_lib.desk.commands`.

Nothing scientific is imported here; each command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from svd_lib.build.partner_commands import add_partner_commands
from svd_lib.build.report_commands import add_commands as add_report_commands
from svd_lib.desk.commands import add_commands
from svd_lib.errors import SnaError

if TYPE_CHECKING:
    from svd_lib.edition import Edition

DEFAULT_EDITION = "suffolk-2025"
INTERRUPTED = 130
PIPE_CLOSED = 141
EXIT_CODES = """exit codes:
  0    done
  1    a build, a comparison or a check did not succeed; the last good site is as it was
  2    something in what was asked or given is wrong; the sentence says what to do
  130  stopped with Ctrl-C; nothing was lost
  141  what read the output ended before it was all said"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        code = options.command(options) or 0
        sys.stdout.flush()
        return code
    except SnaError as problem:
        print(f"sna: {problem}", file=sys.stderr)
        return problem.exit_code
    except BrokenPipeError:
        # whoever read the output has seen enough; what is still to be flushed goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as problem:
        print(f"sna: {_trouble(problem)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # pressed again, it would cut the goodbye short
        print("sna: stopped; what was published before is as it was.", file=sys.stderr)
        return INTERRUPTED


TROUBLES = {
    errno.ENOSPC: "there is no room left on the disk; make some and run the same again",
    errno.EROFS: "the disk can only be read; give a project folder that can be written",
    errno.EACCES: "this user may not read or write it; change its rights, or run as a user who may",
    errno.EPERM: "this user may not change it; change its rights, or run as a user who may",
    errno.EIO: "the disk failed; check it, then run the same again",
}
"""What the system can refuse for reasons outside the project, and what to do."""
if hasattr(errno, "EDQUOT"):  # Windows has none
    TROUBLES[errno.EDQUOT] = "the room that this user may fill is full; make some and run the same again"


def _trouble(problem: OSError) -> str:
    """Return one sentence on what the system refused; anything else is a defect and is raised again."""
    # copying a folder tells the numbers of its errors in words alone
    number = problem.errno or next((int(found) for found in re.findall(r"\[Errno (\d+)\]", str(problem))), None)
    if number not in TROUBLES:
        raise problem
    where = f"{problem.filename}: " if problem.filename else ""
    return f"{where}{TROUBLES[number]}; what was published before is as it was."


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    whole = argparse.ArgumentParser(
        prog="sna", description="Build a serious violence needs assessment from open data.", epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    whole.add_argument("--version", action="version", version=f"sna {_version()}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    fetch = _add(commands, "fetch", _fetch, "bring an edition's inputs into data/raw and verify each, from the publishers or a mirror", mirror="optional")
    fetch.add_argument("--update", action="store_true", help="bring what the publishers have now, show what a new lock would change, and ask")
    fetch.add_argument("--yes", action="store_true", help="with --update: write the new lock without asking")
    fetch.add_argument("--neighbours", action="store_true", help="with --update: the months of the neighbouring forces too")
    fetch.add_argument("--probe", action="store_true", help="one line a source: reachable, changed or failed and why; brings nothing")
    fetch.add_argument("--only", default="", metavar="SOURCE", help="this source alone")
    fetch.add_argument("--through", default="", metavar="ADDRESS", help="a relay that answers for the publishers as ADDRESS/<their host>/<path>")
    source = _add(commands, "source", _source, "list the sources, or take in a file that was downloaded by hand")
    source.add_argument("action", choices=("list", "add"), help="list: every source; add: take a file in, or without FILE say which is expected")
    source.add_argument("id", nargs="?", default="", metavar="ID", help="a source's id")
    source.add_argument("file", nargs="?", default="", metavar="FILE", help="the file that was downloaded")
    source.add_argument("--as", dest="name", default="", metavar="NAME", help="the file's name in the registry, if it was saved under another")
    ingest = _add(commands, "ingest", _ingest, "turn verified inputs into tidy tables", mirror="optional")
    ingest.add_argument("--national", nargs="+", metavar="ARCHIVE", help="whole monthly archives instead: all forces, all months, nothing unpacked")
    build = _add(commands, "build", _build, "build an edition's website", mirror="optional", area=True)
    build.add_argument("--jobs", type=int, default=2, metavar="N", help="chapters executed at a time (default 2); with --areas, areas")
    build.add_argument("--areas", metavar="LIST", help="many areas or editions, parted by commas or one per line in a file; --jobs areas at a time")
    build.add_argument("--stock-kernels", action="store_true", help="start every kernel and the site builder afresh; same results")
    build.add_argument("--with-synthetic-partners", action="store_true", help="a second site with made-up partner data, marked as such")
    build.add_argument("--quiet", action="store_true", help="say nothing while it goes well")
    build.add_argument("--plan", action="store_true", help="print what would run and why, and do nothing")
    serve = _add(commands, "serve", _serve, "show an edition's website on this machine and build it again at every save")
    serve.add_argument("--port", type=int, default=8000, metavar="N", help="port of 127.0.0.1 (default 8000; 0 for any that is free)")
    serve.add_argument("--jobs", type=int, default=2, metavar="N", help="chapters executed at a time (default 2)")
    verify = _add(
        commands, "verify", _verify, "build an edition again from nothing and compare it with its site", mirror="optional",
        examples=("sna verify", "sna verify --site downloaded/suffolk-2025"),
    )  # fmt: skip
    verify.add_argument("--site", metavar="DIR", help="a site that somebody else built: what it says of itself is built again from code, lock and sources here")
    verify.add_argument("--jobs", type=int, default=2, metavar="N", help="chapters executed at a time (default 2)")
    audit = _add(commands, "audit", _audit, "attack what an edition publishes: can any protected count be worked out?")
    audit.add_argument("--tables", metavar="DIR", help="tidy tables of partners before disclosure control (default: the build's own)")
    audit.add_argument("--with-synthetic-partners", action="store_true", help="the second site with made-up partner data")
    audit.add_argument("--at-least", type=int, default=0, metavar="N", help="fail too where fewer counts than this are protected")
    _add(commands, "snapshot", _snapshot, "compute the aggregates that let an edition build offline")
    _with_json(_add(commands, "check", _check, "check notebooks, contents and editions without building"))
    explain = _with_json(_add(commands, "explain", _explain, "print where a finding's number comes from", examples=("sna explain geography-violence-rate",)))
    explain.add_argument("finding", help="a finding's id, like trends-violence-rate")
    _with_json(_add(commands, "doctor", _doctor, "say what this machine has and lacks, and how to mend it", edition=False))
    _with_json(_add(commands, "editions", _editions, "list the editions", edition=False))
    _add_documents(commands)
    add_commands(commands, _add)
    add_report_commands(commands, _add)
    add_partner_commands(commands, _add)
    return whole


def _with_json(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--json", action="store_true", help="print plain JSON for other programs")
    return command


def _add_documents(commands) -> None:
    """Add what is made from a built edition: a chapter as a page, the whole as a PDF, many editions as a list."""
    handout = _add(commands, "handout", _handout, "write one chapter of a built edition as one HTML file", examples=("sna handout trends",))
    handout.add_argument("chapter", help="chapter's name, like trends")
    handout.add_argument("--to", metavar="FILE", help="where to (default: in the edition's build folder)")
    pdf = _add(commands, "pdf", _pdf, "print a built edition as one tagged PDF with Chromium")
    pdf.add_argument("--to", metavar="FILE", help="where to (default: in the edition's build folder)")
    index = _add(commands, "index", _index, "write a page, a map and a feed over all built editions", edition=False)
    index.add_argument("--from", dest="folder", metavar="DIR", help="folder of built editions (default: _build)")
    index.add_argument("--address", default="", metavar="URL", help="where the folder will be published, for the feed")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("serious-violence-needs-assessment")
    except PackageNotFoundError:
        return "not installed"


def _add(
    commands, name: str, command, text: str, mirror: str = "", area: bool = False, edition: bool = True, examples: tuple[str, ...] = ()
) -> argparse.ArgumentParser:
    """Add one command with the options it shares with others."""
    shown = "\n".join(["examples:", *(f"  {example}" for example in examples or (f"sna {name}",))])
    parser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", epilog=shown, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(command=command)
    parser.add_argument("--project", default="", metavar="DIR", help="project folder (default: found from here upwards)")
    if not edition:
        return parser
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--edition", default=DEFAULT_EDITION, metavar="E", help=f"edition or area's slug (default {DEFAULT_EDITION})")
    if area:
        which.add_argument("--area", metavar="KIND:NAME", help="any area: force:Norfolk, district:Ipswich, a code ...")
    if mirror:
        parser.add_argument("--mirror", required=mirror == "required", metavar="DIR_OR_URL", help="where the inputs are")
    return parser


def _opened(options: argparse.Namespace) -> Edition:
    from svd_lib.edition import open_edition

    return open_edition(options.edition, options.project)


def _fetch(options: argparse.Namespace) -> int:
    edition = _opened(options)
    if options.mirror and not (options.update or options.probe):
        from svd_lib.build.inputs import fetch_inputs

        fetch_inputs(edition, options.mirror)
        return 0
    from datetime import date

    from svd_lib.build.open_data import fetch_open, probe_open, transport_through, update_open

    if options.mirror:
        raise SnaError("--update and --probe ask the publishers; leave --mirror out.")
    transport = transport_through(options.through, options.probe)
    if options.probe:
        return probe_open(edition, transport, options.only)
    if options.update:
        agree = (lambda question: True) if options.yes else _agrees
        return update_open(edition, transport, date.today(), only=options.only, neighbours=options.neighbours, agree=agree)
    return fetch_open(edition, transport, options.only)


def _agrees(question: str) -> bool:
    """Return whether whoever sits at the terminal says yes; nobody there means no."""
    if not sys.stdin.isatty():
        print(f"{question} Nobody is there to answer; run it again with --yes.")
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _source(options: argparse.Namespace) -> None:
    from datetime import date

    from svd_lib.build.open_data import add_source_file, expected_lines, source_lines

    edition = _opened(options)
    if options.action == "list":
        print("\n".join(source_lines(edition)))
    elif not options.id:
        raise SnaError("Say which source: 'sna source add ID FILE'; 'sna source list' shows them.")
    elif not options.file:
        print("\n".join(expected_lines(edition, options.id)))
    else:
        add_source_file(edition, options.id, Path(options.file), date.today(), options.name)


def _ingest(options: argparse.Namespace) -> None:
    from svd_lib.build.inputs import ingest_inputs, ingest_national

    if options.national:
        print("\n".join(ingest_national(options.national, options.mirror, options.edition, options.project)))
        return
    if options.mirror:
        raise SnaError("--mirror goes with --national; for an edition run 'sna fetch --mirror ...' first.")
    ingest_inputs(_opened(options))


def _build(options: argparse.Namespace) -> int:
    if options.areas:
        return _build_many(options)
    from svd_lib.build.inputs import edition_to_build, prepare_view
    from svd_lib.build.progress import Progress
    from svd_lib.build.run import build_edition, plan_build

    progress = Progress(io.StringIO()) if options.quiet else Progress()
    edition = edition_to_build(options.edition, options.area, options.mirror, options.project, progress)
    prepare_view(edition, options.mirror, progress)
    if options.with_synthetic_partners:
        from svd_lib.build.synthetic_partners import synthetic_edition

        edition = synthetic_edition(edition, progress)
    if options.plan:
        print("\n".join(plan_build(edition).lines()))
    else:
        build_edition(edition, options.jobs, progress, is_warm=not options.stock_kernels)
    return 0


def _build_many(options: argparse.Namespace) -> int:
    from svd_lib.build.areas import build_areas, read_areas

    done = build_areas(read_areas(options.areas), options.mirror, options.project, options.jobs)
    failed = [one for one in done if one.problem]
    print(f"{len(done) - len(failed)} of {len(done)} areas built")
    return 1 if failed else 0


def _serve(options: argparse.Namespace) -> None:
    from svd_lib.build.serve import serve_edition

    serve_edition(_opened(options), options.port, options.jobs)


def _audit(options: argparse.Namespace) -> int:
    from svd_lib.build.audit import audit_edition, report_lines, synthetic_twin

    edition = synthetic_twin(_opened(options)) if options.with_synthetic_partners else _opened(options)
    verdict = audit_edition(edition, Path(options.tables) if options.tables else None)
    print("\n".join(report_lines(edition, verdict)))
    return 1 if verdict.leaks or verdict.protected < options.at_least else 0


def _verify(options: argparse.Namespace) -> int:
    from svd_lib.build.verify import verify_edition, verify_site

    if options.mirror and not options.site:
        raise SnaError("--mirror goes with --site; an edition of this project is verified with the tables it was built from.")
    if options.site:
        verdict = verify_site(Path(options.site), options.project, options.mirror, options.jobs)
    else:
        verdict = verify_edition(_opened(options), options.jobs)
    print(verdict.words)
    return 0 if verdict.is_proved else 1


def _snapshot(options: argparse.Namespace) -> None:
    from svd_lib.build.inputs import write_embedded_aggregates

    write_embedded_aggregates(_opened(options))


def _check(options: argparse.Namespace) -> int:
    from svd_lib.build.check import check_project
    from svd_lib.edition import find_root

    problems = check_project(find_root(Path(options.project) if options.project else None))
    if options.json:
        _print_json(problems)
        return 1 if problems else 0
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0


def _explain(options: argparse.Namespace) -> None:
    from svd_lib.build.explain import explain_finding, trail_of

    edition = _opened(options)
    if options.json:
        _print_json(trail_of(edition, options.finding))
    else:
        print(explain_finding(edition, options.finding))


def _handout(options: argparse.Namespace) -> None:
    from svd_lib.build.handout import write_handout

    edition = _opened(options)
    target = Path(options.to) if options.to else edition.build_path / f"{edition.name}-{options.chapter}.html"
    write_handout(edition, options.chapter, target)
    print(f"wrote {target}")


def _pdf(options: argparse.Namespace) -> None:
    from svd_lib.build.pdf import write_pdf

    edition = _opened(options)
    target = Path(options.to) if options.to else edition.build_path / f"{edition.name}.pdf"
    pages = write_pdf(edition, target)
    print(f"wrote {target}: {pages} pages")


def _index(options: argparse.Namespace) -> None:
    from svd_lib.build.catalogue import write_catalogue
    from svd_lib.edition import find_root

    root = find_root(Path(options.project) if options.project else None)
    folder = Path(options.folder) if options.folder else root / "_build"
    count = write_catalogue(folder, root, options.address)
    print(f"wrote {folder / 'index.html'}: {count} edition{'' if count == 1 else 's'}")


def _doctor(options: argparse.Namespace) -> int:
    from svd_lib.build.doctor import examine, is_well

    examined = examine(options.project)
    if options.json:
        _print_json([one.to_dict() for one in examined])
    else:
        print("\n".join(one.line() for one in examined))
    return 0 if is_well(examined) else 1


def _editions(options: argparse.Namespace) -> None:
    from svd_lib.edition import find_root, list_editions

    found = list_editions(find_root(Path(options.project) if options.project else None))
    if options.json:
        _print_json([{"name": e.name, "area": f"{e.area_kind}:{e.area_code}", "period_end": str(e.period_end), "status": e.status} for e in found])
        return
    for edition in found:
        print(f"{edition.name:24} {edition.area_kind}:{edition.area_code}  to {edition.period_end}  {edition.status}")


def _print_json(content: object) -> None:
    import json

    print(json.dumps(content, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
