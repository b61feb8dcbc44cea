"""What every test shares: the project's root, the public data mirror, and the rule about skips."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped anything although the mirror is there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not MIRROR.is_dir():
        return
    if reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("ERROR: tests were skipped although the mirror is there; a skipped test is a failure here.")
        session.exitstatus = 1
