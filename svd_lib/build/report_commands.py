"""Commands about what an edition says: diff, keep, strategy. Each imports what it needs when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

Add = Callable[..., argparse.ArgumentParser]


def add_commands(commands: argparse._SubParsersAction, add: Add) -> None:
    """Add the commands to the command line; parameters as :func:`svd_lib.desk.commands.add_commands`."""
    examples = ("sna diff suffolk-2022 suffolk-2025", "sna diff suffolk-2025")
    diff = add(commands, "diff", _diff, "say which findings moved between two editions, or between two builds of one, and why", edition=False, examples=examples)
    diff.add_argument("before", help="the earlier edition; alone, the edition whose last two differing builds are compared")
    diff.add_argument("after", nargs="?", help="the later edition")
    add(commands, "keep", _keep, "keep an edition's findings in its folder, for the next edition to compare with", examples=("sna keep --edition suffolk-2025",))
    strategy = add(commands, "strategy", _strategy, "write a draft strategy (DOCX and ODT) and list the sentences that went stale", examples=("sna strategy --edition suffolk-2025",))
    strategy.add_argument("--out", metavar="DIR", help="where to write (default: strategy in the edition's build folder)")


def _diff(options: argparse.Namespace) -> None:
    from svd_lib.build.difference import read_earlier_build, read_issue
    from svd_lib.edition import open_edition
    from svd_lib.report.changes import lines

    first = open_edition(options.before, options.project)
    if options.after is None:
        before, after = read_earlier_build(first), read_issue(first)
    else:
        before, after = read_issue(first), read_issue(open_edition(options.after, options.project))
    print("\n".join(lines(before, after)))


def _keep(options: argparse.Namespace) -> None:
    from svd_lib.build.difference import keep_published
    from svd_lib.edition import open_edition

    print(f"kept in {keep_published(open_edition(options.edition, options.project))}")


def _strategy(options: argparse.Namespace) -> None:
    from svd_lib.build.strategy import write_strategy
    from svd_lib.edition import open_edition

    edition = open_edition(options.edition, options.project)
    folder, stale = write_strategy(edition, Path(options.out) if options.out else None)
    print(f"draft strategy (not adopted by anyone) in {folder}")
    print("\n".join([f"{len(stale)} sentences went stale since the last draft", *stale]))
