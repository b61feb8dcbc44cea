"""Every published reference case is reproduced within its stated tolerance."""

from pathlib import Path

import pytest

from tests.spec.runner import load_adapters, run_case

CASES = Path(__file__).parents[2].parent / "shared" / "refcases"
FILES = sorted(CASES.glob("*.json"))


@pytest.mark.skipif(
    not FILES, reason=f"NO REFERENCE CASES RUN: {CASES} is absent; put the folder there to prove the measures"
)
def test_the_folder_holds_every_case():
    assert len(FILES) >= 45


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_case(path):
    outcome = run_case(path, load_adapters())
    differing = [f"{leaf.path}: got {leaf.got}, expected {leaf.expected}" for leaf in outcome.leaves if not leaf.passed]
    assert outcome.status == "pass", outcome.error or differing[:5] or outcome.status
