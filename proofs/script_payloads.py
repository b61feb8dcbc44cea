"""Two hundred script payloads through the names that maps write beside places, few at a time, in a real browser."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from proofs.proof import Proof, Reading, Step
from svd_lib.edition import find_root

ROOT = find_root(Path(__file__).parent)
EDITION = "suffolk-2025"
ON_A_NAME = 4
"""Payloads that one name carries: a map has room for no more."""
TURNS = 17
"""Builds until the three names of partnerships that no district has, the fewest on a map, have carried all two hundred."""


def spoiled(turn: int, _: np.random.Generator, replications: int) -> list[Reading]:
    """Build the edition with a turn's payloads in its names, and all others in every other text; open every page."""
    from tests.site import payloads

    with tempfile.TemporaryDirectory(prefix="sna-payloads-") as scratch:
        place = Path(scratch)
        met = payloads.hostile_project(ROOT, place, EDITION, on_maps=ON_A_NAME, turn=turn)
        command = [sys.executable, "-m", "svd_lib.cli", "build", "--edition", EDITION, "--project", str(place)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        html = place / "_build" / EDITION / "html"
        found, unsafe = payloads.crawl(html), payloads.unsafe_markup(html)
    names = len({number for name in payloads.ON_MAPS for number in met[f"places.{name}"]})
    what = f"turn {turn + 1}: {names} payloads in names on maps"
    return [
        Reading("report.text", f"payloads that ran, {what}", "level", 0.0, len(found.sung), found.seen, is_discrete=True, note=", ".join(found.sung[:3])),
        Reading("report.text", f"handlers, script addresses and scripts from text, {what}", "level", 0.0, len(unsafe), found.seen, is_discrete=True, note=", ".join(unsafe[:3])),
        Reading("report.text", f"pages that were not whole, {what}", "level", 0.0, len(found.broken), found.pages, is_discrete=True, note=", ".join(found.broken[:3])),
    ]


PROOF = Proof(
    name="script_payloads",
    question="Does a script in the name of a district or a partnership, which maps write beside it, stay text on every page?",
    covers=("svd_lib/report/*.py", "svd_lib/build/*.py", "notebooks/*.ipynb", "proofs/script_payloads.py", "tests/site/payloads.py"),
    steps=tuple(Step(f"turn-{turn + 1:02}", partial(spoiled, turn), 1) for turn in range(TURNS)),
    sampled_by="tests/site/test_payloads.py",
)
