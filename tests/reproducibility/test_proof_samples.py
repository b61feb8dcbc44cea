"""A small sample of every long proof runs in the suite, and every proof's file says what was run."""

import csv
import importlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from proofs.proof import Reading, coverage_reading, level_reading  # noqa: E402
from svd_lib.measures.seeds import seeded  # noqa: E402

_spec = importlib.util.spec_from_file_location("prove", ROOT / "tools" / "prove.py")
prove = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(prove)

NAMES = prove.proof_names()
PROOFS = [importlib.import_module(f"proofs.{name}").PROOF for name in NAMES]
STEPS = [(proof, step) for proof in PROOFS if not proof.sampled_by for step in proof.steps]


@pytest.mark.parametrize(("proof", "step"), STEPS, ids=[f"{proof.name}-{step.name}" for proof, step in STEPS])
def test_a_sample_of_each_step_stays_within_its_bounds(proof, step):
    sample = max(8, step.replications // 100)
    readings = list(step.simulate(seeded(f"sample-{proof.name}-{step.name}"), sample))
    assert readings
    for reading in readings:
        # single steps out of two hundred may stray; five standard errors tell a defect from chance in so few trials
        allowed = 5 * reading.error + 1 / reading.trials
        if reading.kind == "level":
            assert reading.share <= reading.nominal + allowed, reading
        if reading.kind == "coverage":
            assert reading.share >= reading.nominal - 0.02 - allowed, reading


@pytest.mark.parametrize("proof", PROOFS, ids=NAMES)
def test_a_proof_that_was_run_passed_with_its_full_counts(proof):
    path = ROOT / "proofs" / f"{proof.name}.json"
    assert path.is_file(), f"{proof.name} was never run: make prove PROOF={proof.name}"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["passed"]
    assert record["counts"] == {step.name: step.replications for step in proof.steps}
    assert record["covers"] and record["date"] and record["seed"]


@pytest.mark.parametrize("proof", PROOFS, ids=NAMES)
def test_a_proof_too_long_to_sample_here_names_the_test_that_does(proof):
    assert not proof.sampled_by or (ROOT / proof.sampled_by).is_file()


@pytest.mark.parametrize("proof", PROOFS, ids=NAMES)
def test_every_shape_of_file_a_proof_covers_is_there(proof):
    for pattern in proof.covers:
        assert list(ROOT.glob(pattern)), pattern


@pytest.mark.parametrize("name", prove.proof_names())
def test_every_proof_has_a_line_with_its_age(name):
    line = prove.status_line(name)
    assert line.startswith(name) and ("changes to its files" in line or "not committed yet" in line or line.endswith("never run"))


def test_the_table_that_the_site_shows_is_what_the_records_say():
    with prove.SUMMARY.open(encoding="utf-8", newline="") as stream:
        shown = list(csv.DictReader(stream))
    assert shown == [{name: str(value) for name, value in row.items()} for row in prove.summary_rows()], "run tools/prove.py --summary"
    assert {row["proof"] for row in shown} == {path.stem for path in (ROOT / "proofs").glob("*.json")}


def test_a_reading_fails_a_test_that_finds_too_much_and_an_interval_that_covers_too_little_or_too_much():
    rng = np.random.default_rng(0)
    assert not level_reading("m", "s", rng.random(4_000) * 0.7).passed
    assert level_reading("m", "s", rng.random(4_000)).passed
    truth = rng.normal(size=4_000)
    for half, passes in ((1.96, True), (1.6, False), (2.6, False)):
        assert coverage_reading("m", "s", truth - half, truth + half, 0.0).passed is passes
    assert coverage_reading("m", "s", truth - 2.6, truth + 2.6, 0.0, is_discrete=True).passed


def test_a_missing_result_is_neither_a_rejection_nor_a_covered_truth():
    assert level_reading("m", "s", [np.nan, 0.5]).hits == 0
    assert coverage_reading("m", "s", [np.nan, 0.0], [np.nan, 1.0], 0.5).trials == 1
    assert "nominal" not in Reading("m", "s", "measured", float("nan"), 1, 2).row()
