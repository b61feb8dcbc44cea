"""``python -m proofs.independent [BUILD FOLDER]``: every finding of a built Suffolk edition beside its second computation."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from proofs.independent.compare import compare_edition
from proofs.independent.setting import EDITIONS, ROOT


def main(arguments: list[str]) -> int:
    """Print what was compared; return 1 unless every finding is equal."""
    folder = Path(arguments[0]) if arguments else ROOT / "_build" / "suffolk-2025"
    published = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    compared = compare_edition(published["findings"], EDITIONS[published["edition"]])
    for one in compared:
        for problem in one.problems:
            print(f"{one.finding}: {problem}")
    right = sum(not one.problems for one in compared)
    print(f"{right} of {len(compared)} findings equal to the stated precision ({sum(len(one.equal) for one in compared)} numbers and phrases)")
    return 0 if right == len(compared) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
