"""Build the second book, the guides for analysts, into ``_build/docs/html``: authored pages, and those made from the program.

    .venv/bin/python tools/make_docs.py
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from svd_lib.yaml_text import read_yaml

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BOOK = ROOT / "_build" / ".docs"
OUT = ROOT / "_build" / "docs"


def main() -> int:
    """Assemble and build; the last good book stays until the new one is whole."""
    shutil.rmtree(BOOK, ignore_errors=True)
    shutil.copytree(DOCS, BOOK / "book")
    for name, page in GENERATED.items():
        target = BOOK / "book" / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(page(), encoding="utf-8")
    from svd_lib.build.site import jupyter_book_command
    from svd_lib.sources.swap import swap_in

    command = [*jupyter_book_command(), "build", "-W", "--path-output", str(BOOK), str(BOOK / "book")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        said = done.stdout.replace(f"{BOOK / 'book'}", "docs")
        print(said[said.find("Warning, treated as error") :][:600] if "Warning, treated" in said else said[-3000:], file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    swap_in(BOOK / "_build" / "html", OUT / "html")
    shutil.rmtree(BOOK)
    print(f"open {OUT.relative_to(ROOT) / 'html' / 'index.html'}")
    return 0


def commands_page() -> str:
    """Return every command with its help, made from the parser."""
    from svd_lib.cli import parser

    pages = [f"## sna {name}\n\n{_help(one)}" for name, one in _subcommands(parser())]
    return "# Commands\n\nMade from the program itself; `sna COMMAND --help` prints the same.\n\n" + "\n\n".join(pages) + "\n"


def _subcommands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield f"{before}{name}", one
                yield from _subcommands(one, f"{before}{name} ")


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100)
    return f"```text\n{parser.format_help().rstrip()}\n```"


def measures_page() -> str:
    """Return every public measure, by module, made from ``docs/measures.json``."""
    listed = json.loads((DOCS / "measures.json").read_text(encoding="utf-8"))["measures"]
    lines = ["# Measures", "", "Every public statistical function: what it takes and returns. Made from the docstrings."]
    module = ""
    for one in listed:
        where, _, name = one["name"].rpartition(".")
        if where != module:
            module = where
            lines += ["", f"## {module.removeprefix('svd_lib.measures.')}"]
        lines += ["", f"### {name}", "", _plain(one["summary"]), "", f"```python\n{one['signature']}\n```", "", *_parameters(one)]
    return "\n".join(lines) + "\n"


def _parameters(one: dict) -> Iterator[str]:
    for parameter in one.get("parameters", ()):
        meaning = f": {_plain(parameter['meaning'])}" if parameter.get("meaning") else ""
        kind = f" ({_plain(parameter['type'])})" if parameter.get("type") else ""
        yield f"- `{parameter['name']}`{kind}{meaning}"


def _plain(text: str) -> str:
    """Turn docstring markup into Markdown."""
    return re.sub(r":\w+:`~?([^`<]*?)`", r"`\1`", text).replace("``", "`")


def features_page() -> str:
    """Return the feature table, row by row, from ``docs/reference/features.yml``."""
    rows = read_yaml((DOCS / "reference" / "features.yml").read_text(encoding="utf-8"))["rows"]
    head = "| Row | Level | Feature | Where | Waits for partners | What is left |\n|---|---|---|---|---|---|"
    told = [f"| {row['row']} | {row['level']} | {row['feature']} | {_where(row)} | {', '.join(row.get('partner', ()))} | {row.get('part', '')} |" for row in rows]
    return f"# Features\n\n{FEATURES}\n\n{head}\n" + "\n".join(told) + "\n"


FEATURES = (
    "What the law asks (M), guidance expects (G), the best areas do (B) or nobody was seen to do (N), and the page, exhibits and findings that "
    "deliver it. Tests hold each row to the built site: what it names has data in the open edition and for Norfolk; what waits for partners is a named "
    "gap, and is filled when the site is built with made-up partner data."
)


def _where(row: dict) -> str:
    parts = [f"page {row['page']}" if "page" in row else "", *row.get("ids", ()), f"`{row['proof']}`" if "proof" in row else ""]
    return ", ".join(part for part in parts if part)


EDITIONS = 700
"""Forces, Community Safety Partnerships and districts of England and Wales together, about: the plan's assumption."""


def country_page() -> str:
    """Return what every area of the country would take, worked out from the measurements in ``benchmarks/``."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from bench_country import slope

    measured = json.loads((ROOT / "benchmarks" / "country.json").read_text(encoding="utf-8"))
    ingest = max(json.loads((ROOT / "benchmarks" / "ingest.json").read_text(encoding="utf-8"))["sizes"], key=lambda one: one["rows"])
    whole = max(json.loads((ROOT / "benchmarks" / "national.json").read_text(encoding="utf-8")).values(), key=lambda one: one["rows"])
    stages = whole["stages"]
    forces = {int(count): run for count, run in measured["forces"]["runs"].items()}
    own = measured["suffolk"]["runs"][max(measured["suffolk"]["runs"], key=int)]
    most = max(forces)
    each = forces[most]["seconds"] / most
    runs = [f"| {count} forces, {run['made_up']} of them made up | {run['seconds']:,.0f} s | {run['seconds'] / count:.1f} s | {run['peak_mib']:,} MiB |" for count, run in sorted(forces.items())]
    runs.append(f"| {own['sites']} districts and partnerships of Suffolk | {own['seconds']:,.0f} s | {own['seconds'] / own['sites']:.1f} s | {own['peak_mib']:,} MiB |")
    hours, store = EDITIONS * each / 3600, EDITIONS * own["site_mib"] / 1024
    return COUNTRY.format(
        runs="\n".join(runs), slope=slope({count: run["seconds"] for count, run in forces.items()}), chapters=forces[most]["chapters"], rows=ingest["rows"], members=ingest["members"],
        zipped=ingest["zipped"] / 1e9, seconds=ingest["ours_wall_s"], peak=ingest["ours_peak_mib"], sites=most, editions=EDITIONS, each=each, hours=hours, core_hours=2 * hours,
        whole_rows=whole["rows"], whole_sites=whole["sites"], whole_chapters=whole["chapters"], whole_minutes=whole["seconds"] / 60, whole_peak=whole["peak_mib"] / 1024,
        parts=stages["ingest"]["seconds"], counts=stages["areas"]["seconds"], built=stages["sites"]["seconds"], built_each=stages["sites"]["seconds"] / whole["sites"], slower=stages["sites"]["seconds"] / whole["sites"] / each,
        wide=hours / 8, minutes=ingest["ours_wall_s"] / 60, memory=max(run["peak_mib"] for run in forces.values()) / 1024, site=own["site_mib"], store=store, year=12 * store,
    )  # fmt: skip


COUNTRY = """# Every area of the country, on paper

Nobody has built a report for every force, Community Safety Partnership and district of England and Wales. This is what it would take, worked out from what was measured on two cores. The page is made from `country.json`, `ingest.json` and `national.json` in `benchmarks/`; the commands are in `benchmarks/README.md`.

## Measured

Tables are made once, before the run; each run builds every chapter of every area ({chapters} in the largest), and the index over them.

| run | took | an area | most memory |
|---|---|---|---|
{runs}

On logarithmic scales seconds rise with areas by a slope of {slope:.2f}: 1 is as many times the seconds as areas.

National data, in the publisher's format: {rows:,} made-up rows of street-level crime in {members:,} month files, {zipped:.1f} GB zipped, became tidy parts of all forces in {seconds:.0f} s with at most {peak:,} MiB.

The whole road in one run, `benchmarks/bench_national.py`: {whole_rows:,} made-up rows to {whole_sites} sites of {whole_chapters} chapters and their index in {whole_minutes:.0f} minutes with at most {whole_peak:.1f} GiB. The archives became tidy parts in {parts:.0f} s, the parts each area's counts in {counts:.0f} s, the counts sites in {built:,.0f} s, {built_each:.0f} s each. The figures on paper below are worked out from the table; at this run's speed the hours would be {slower:.1f} times as many.

## On paper: {editions} editions each month

| what | how it is worked out | figure |
|---|---|---|
| time on two cores | {editions} times {each:.1f} s | {hours:.1f} hours |
| processor time | twice that | {core_hours:.1f} core hours |
| time on sixteen cores | an eighth, if areas go on not waiting for each other; not measured | {wide:.1f} hours |
| reading the archives anew | as measured for all forces and months; a month's new files alone take less | {minutes:.0f} minutes |
| memory | two areas at a time, as measured | {memory:.1f} GiB |
| storage of one month's sites | {editions} times {site:.1f} MiB | {store:.1f} GB |
| storage of a year, all months kept | twelve times that | {year:.0f} GB |
| cost | core hours and gigabytes above at your own prices; no price was read, so none stands here | |

## Where it would break first

1. **People.** Every edition is a demonstration until somebody approves it. {editions} approvals a month is no task for a machine, and partners' extracts come by hand.
2. **The publishers.** The archive is fetched once for all areas; the other publications change quarterly or yearly and are fetched once too. Areas outside the mirror that this was measured with have never been fetched.
3. **Storage**, if every month of every area is kept. Keep the newest and one a year: what moved between two editions is kept anyway.
4. **The index.** Its list, map and feed were tried with {sites} editions. With {editions} the list is long; it can be searched, and nobody has watched anybody do it.
"""
GENERATED = {"explanation/country.md": country_page, "reference/features.md": features_page, "reference/commands.md": commands_page, "reference/measures.md": measures_page}

if __name__ == "__main__":
    sys.exit(main())
