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


GENERATED = {"reference/features.md": features_page, "reference/commands.md": commands_page, "reference/measures.md": measures_page}

if __name__ == "__main__":
    sys.exit(main())
