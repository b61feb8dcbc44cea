"""Every finding of the geography chapter, worked out again by the program that shares no code with the project.

Where the chapter draws at random, other draws are made there, and the answer is the same to its stated precision.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from proofs.independent import geography
from proofs.independent.compare import problems
from proofs.independent.geography import Suffolk
from proofs.independent.setting import NEWEST


@pytest.fixture(scope="module")
def suffolk() -> Suffolk:
    """Return the tables that every build of the edition reads."""
    return Suffolk(NEWEST.folder)


@pytest.fixture(scope="module")
def published(suffolk_site: Path) -> dict[str, dict]:
    """Return the chapter's findings as the site publishes them."""
    found = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    return {name: finding for name, finding in found.items() if name.startswith("geography-")}


def test_every_finding_is_recomputed(published: dict[str, dict]) -> None:
    """The published number, its limits, its counts and the words made of numbers are those worked out again."""
    assert problems(published, geography.recompute(NEWEST)) == []


@pytest.mark.parametrize("share", [("quarter", 0.25), ("half", 0.5), ("most", 0.8)])
def test_chance_would_spread_records_wider(
    share: tuple[str, float], published: dict[str, dict], suffolk: Suffolk
) -> None:
    """The share that chance alone would need is the mean of random spreads of the same number of records."""
    name, part = share
    total, places, rng = int(suffolk.now["records"].sum()), len(suffolk.now), np.random.default_rng(15)
    needed = []
    for _ in range(300):
        held = np.sort(np.bincount(rng.integers(places, size=total), minlength=places))[::-1].cumsum()
        needed.append((np.argmax(held >= part * total) + 1) / places * 100)
    said = float(published[f"geography-concentration-{name}"]["statement"].rsplit("need ", 1)[1].rstrip("%."))
    assert said == pytest.approx(np.mean(needed), abs=0.15)
