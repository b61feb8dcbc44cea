"""``sna fetch`` killed at ten random moments and started again ends with the same verified files."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from publisher_replica import Fault, Replica, running
from publishers_world import build_replica
from test_open_data import make_project, raw, transport

from svd_lib.build.open_data import update_open
from svd_lib.edition import Edition
from svd_lib.sources.lock import read_lock, verify
from svd_lib.sources.registry import read_registry

ROOT = Path(__file__).resolve().parents[2]
KILLS = 10
SEED = 20261125


@pytest.fixture(scope="module")
def replica(mirror: Path) -> Iterator[Replica]:
    """Return a replica made of the mirror's real files, with a national archive of 1.6 GB."""
    with running(build_replica(read_registry(ROOT), mirror)) as served:
        yield served


@pytest.fixture
def edition(tmp_path: Path, replica: Replica) -> Edition:
    """Return an edition whose lock names what the replica has, and no raw file."""
    made = make_project(tmp_path)
    assert update_open(made, transport(replica), date.today(), agree=lambda question: True, tell=lambda line: None) == 0
    return made


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file under a folder."""
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def fetch(edition: Edition, replica: Replica) -> subprocess.Popen:
    """Start ``sna fetch`` as a user does."""
    command = [sys.executable, "-m", "svd_lib.cli", "fetch", "--project", str(edition.root), "--through", replica.address]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.ci
@pytest.mark.mirror
def test_killed_ten_times_it_ends_with_the_same_files(edition: Edition, replica: Replica) -> None:
    whole = contents(raw(edition))
    shutil.rmtree(raw(edition))
    rng, held = random.Random(SEED), []
    replica.faults = [Fault("latest.zip", 503), Fault("resultOffset=200", 500), Fault("NM_2041_1", 429, {"Retry-After": "1"}), Fault("prc-csp", cut_after=2000)]
    replica.seconds_per_chunk, sent = 0.004, replica.bytes_sent
    for _ in range(KILLS):
        held.append(_killed_after_the_first_answer(edition, replica, rng.uniform(0.0, 8.0)))
        partial = contents(raw(edition))
        assert {name for name in partial if not name.startswith(".")} <= set(whole)
        assert all(whole[name] == found for name, found in partial.items() if not name.startswith("."))
    replica.seconds_per_chunk = 0.0
    said, _ = (last := fetch(edition, replica)).communicate()
    assert last.returncode == 0, said
    assert contents(raw(edition)) == whole and verify(read_lock(edition.lock_path), raw(edition)) == []
    print(f"\n{len(whole)} files; held after each kill: {held}; {replica.bytes_sent - sent:,} bytes sent in {KILLS + 1} runs")
    assert len(set(held)) > 5 and held == sorted(held)


def _killed_after_the_first_answer(edition: Edition, replica: Replica, seconds: float) -> int:
    """Start a fetch, kill it so long after its first request, and return how many files are in place."""
    before = len(replica.asked)
    run = fetch(edition, replica)
    while len(replica.asked) == before and run.poll() is None:
        time.sleep(0.01)
    time.sleep(seconds)
    run.kill()
    run.wait()
    return sum(path.is_file() for path in raw(edition).rglob("*") if ".incoming" not in path.parts)


@pytest.mark.ci
@pytest.mark.mirror
def test_what_is_fetched_is_what_an_update_locked(edition: Edition, replica: Replica) -> None:
    names = {entry["source"] for entry in json.loads(edition.lock_path.read_text())["inputs"]}
    assert {"police_uk_archive", "ons_boundaries", "ons_population", "home_office_prc", "fingertips", "dfe_suspensions"} <= names
