"""What every test shares: the project's root, the public data mirror, and the rule about skips."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# One numerical thread in tests and in what they start, as in a build: more of them only wait for one another on two cores.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

hypothesis.settings.register_profile("same-every-time", derandomize=True, deadline=None)
hypothesis.settings.load_profile("same-every-time")

ROOT = Path(__file__).resolve().parent.parent
MIRROR = ROOT.parent / "shared" / "mirror"
REFCASES = ROOT.parent / "shared" / "refcases"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Return the folder of the public data mirror, or skip with a reason that says what was not run."""
    if not MIRROR.is_dir():
        pytest.skip("NOT RUN: the public data mirror is absent (../shared/mirror)")
    return MIRROR


@pytest.fixture(scope="session")
def refcases() -> Path:
    """Return the folder of published reference cases, or skip with a reason."""
    if not REFCASES.is_dir():
        pytest.skip("NOT RUN: the reference cases are absent (../shared/refcases)")
    return REFCASES


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock file, so that parallel test workers make a shared thing once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def suffolk_site(root: Path) -> Path:
    """Return ``_build/suffolk-2025`` of a build from the embedded figures with today's code, building it if need be."""
    from svd_lib.build.provenance import code_digest, folder_digests
    from svd_lib.edition import open_edition

    edition = open_edition("suffolk-2025", str(root))
    wanted = f"{code_digest(root)} {sorted(folder_digests(edition.snapshot_path).items())}"
    stamp = edition.build_path / ".tested-with"
    with one_at_a_time(root / "_build" / ".tests.lock"):
        embedded = not (edition.build_path / "view").exists()
        if not (stamp.is_file() and stamp.read_text() == wanted and embedded and (edition.build_path / "html" / "index.html").is_file()):
            subprocess.run([sys.executable, "-m", "svd_lib.cli", "build", "--edition", "suffolk-2025"], cwd=root, check=True)
            stamp.write_text(wanted)
    return edition.build_path


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped anything although the mirror is there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not MIRROR.is_dir():
        return
    if reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("ERROR: tests were skipped although the mirror is there; a skipped test is a failure here.")
        session.exitstatus = 1
