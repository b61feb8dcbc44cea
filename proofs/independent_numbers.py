"""Every finding of the Suffolk edition beside a second computation that shares no code with the project."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from proofs.independent.compare import compare_edition
from proofs.independent.setting import NEWEST, ROOT
from proofs.proof import Proof, Reading, Step


def recomputed(_: np.random.Generator, replications: int) -> list[Reading]:
    """Build what is stale of the edition and count findings that are not equal to their second computation."""
    subprocess.run([sys.executable, "-m", "svd_lib.cli", "build", "--quiet", "--edition", NEWEST.name], cwd=ROOT, check=True)
    findings = json.loads((ROOT / "_build" / NEWEST.name / "findings.json").read_text(encoding="utf-8"))["findings"]
    compared = compare_edition(findings, NEWEST)
    wrong = [f"{one.finding}: {'; '.join(one.problems)}" for one in compared if one.problems]
    numbers = sum(len(one.equal) for one in compared)
    return [Reading("findings", f"not equal to the stated precision ({numbers} numbers and phrases compared)", "level", 0.0, len(wrong), len(compared), is_discrete=True, note=" | ".join(wrong[:5]))]


PROOF = Proof(
    name="independent_numbers",
    question="Is every finding of the Suffolk edition equal, to its stated precision, to a computation that shares no code with the project?",
    covers=("notebooks/*.ipynb", "svd_lib/measures/*.py", "svd_lib/ingest/*.py", "svd_lib/report/*.py", "data/editions/suffolk-2025/snapshot/*", "proofs/independent/*.py", "proofs/independent_numbers.py"),
    steps=(Step("suffolk-2025", recomputed, 1),),
    sampled_by="tests/golden/test_independent.py",
)
