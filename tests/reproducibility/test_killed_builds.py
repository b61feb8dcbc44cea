"""A build killed at a random moment leaves a whole site, and the next one ends as if nothing had happened: a sample of the proof."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from proofs.killed_builds import End, Trial

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.ci]
MOMENTS = 3


def killed(trial: Trial, seconds: float, with_children: bool) -> End:
    """Kill a build; sooner where it had ended by itself, because the machine was busier when the seconds of a whole one were taken."""
    for share in (1.0, 0.6, 0.3):
        end = trial.kill_and_resume(seconds * share, with_children)
        if end.was_running:
            break
    return end


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_three_killed_builds_end_like_one_never_interrupted(suffolk_site: Path, root: Path, tmp_path: Path) -> None:
    trial, rng = Trial(root, tmp_path, built=suffolk_site), np.random.default_rng(20261126)
    ends = [killed(trial, (number + float(rng.random())) / MOMENTS * trial.seconds * 0.9, number % 2 == 0) for number in range(MOMENTS)]
    assert trial.before != trial.site, "the edit shows in the site: its chapters are published with it"
    assert [end.was_running for end in ends] == [True] * MOMENTS
    assert all(end.is_whole for end in ends)
    assert [(end.exit_code, end.differing) for end in ends] == [(0, [])] * MOMENTS
