"""``python -m tests.spec DIR [--leaves] [--summary FILE]``: run every case file of a folder."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from tests.spec.headlines import headline, standing
from tests.spec.runner import Leaf, Outcome, run_folder


def main(arguments: list[str] | None = None) -> int:
    """Print one line a case and one of counts; return 1 if any case failed or has no adapter."""
    options = _parser().parse_args(arguments)
    outcomes = run_folder(options.folder)
    for outcome in outcomes:
        print(outcome.line())
        _explain(outcome, every_leaf=options.leaves)
    counts = Counter(outcome.status for outcome in outcomes)
    print(
        "  ".join(f"{status} {counts[status]}" for status in ("pass", "fail", "unsupported")) + f"  of {len(outcomes)}"
    )
    if options.summary:
        summarise(outcomes).to_csv(options.summary, index=False, lineterminator="\n")
    return 0 if outcomes and counts["pass"] == len(outcomes) else 1


def summarise(outcomes: list[Outcome]) -> pd.DataFrame:
    """Return one row a case: source and standing, its headline as published and as we have it, and the largest difference of all."""
    return pd.DataFrame([_summary_row(outcome) for outcome in outcomes])


def _summary_row(outcome: Outcome) -> dict[str, object]:
    shown, worst = headline(outcome), outcome.worst
    return {
        "case": outcome.id,
        "title": outcome.title,
        "source": outcome.source,
        "standing": standing(outcome.id, outcome.kind),
        "status": outcome.status,
        "quantity": shown.path if shown else "",
        "expected": _rounded(shown.expected) if shown else "",
        "ours": _rounded(shown.got) if shown else "",
        "difference": _difference(shown),
        "compared": len(outcome.leaves),
        "largest_difference": f"{worst.difference:.1e}" if worst else "",
        "tolerance": f"{worst.kind} {worst.tolerance:g}" if worst else "",
    }


def _difference(leaf: Leaf | None) -> str:
    is_number = leaf is not None and all(isinstance(part, (int, float)) for part in (leaf.expected, leaf.got))
    return f"{leaf.got - leaf.expected:.1e}" if leaf is not None and is_number else ""


def _rounded(value: object) -> object:
    return float(f"{value:.10g}") if isinstance(value, float) else value


def _explain(outcome: Outcome, every_leaf: bool) -> None:
    if outcome.error:
        print(f"    {outcome.error}", file=sys.stderr)
    failed = [leaf for leaf in outcome.leaves if not leaf.passed]
    for leaf in outcome.leaves if every_leaf else failed[:8]:
        print(f"    {_leaf_line(leaf)}", file=sys.stderr)


def _leaf_line(leaf: Leaf) -> str:
    verdict = "ok" if leaf.passed else "DIFFERS"
    return f"{leaf.path}: got {leaf.got}, expected {leaf.expected}, difference {leaf.difference:.3g}, {leaf.kind} {leaf.tolerance:g} {verdict}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the case files")
    parser.add_argument("--leaves", action="store_true", help="print every compared value, not only those that differ")
    parser.add_argument("--summary", type=Path, help="write one row a case to this CSV file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
