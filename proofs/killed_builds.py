"""Kill a build at a random moment, build again, and compare the site with one that was never interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from proofs.proof import Proof, Reading, Step
from svd_lib.build import provenance, stock
from svd_lib.edition import find_root

ROOT = find_root(Path(__file__).parent)
EDITION = "suffolk-2025"
STALE = ("cohorts", "voice")
"""Chapters whose last code cell is edited before every build: those run, all others are kept."""
Digests = dict[str, str]


def killed(part: int, rng: np.random.Generator, replications: int) -> list[Reading]:
    """Kill builds at moments drawn evenly over an uninterrupted build, and count sites that are not whole or not the same."""
    with tempfile.TemporaryDirectory(prefix="sna-killed-") as place:
        one = Trial(ROOT, Path(place))
        ends = [one.kill_and_resume(float(rng.uniform(0.0, one.seconds)), bool(rng.integers(2))) for _ in range(replications)]
    what = f"of builds killed with SIGKILL and resumed, part {part}"
    wrong = [end for end in ends if end.differing or end.exit_code]
    broken = [end for end in ends if not end.is_whole]
    done = sum(end.was_running for end in ends)
    return [
        Reading("build.run", f"sites that differ from an uninterrupted one, {what}", "level", 0.0, len(wrong), replications, is_discrete=True, note=", ".join(name for end in wrong for name in end.differing[:3])),
        Reading("build.run", f"sites that were not a whole one before or after while killed, {what}", "level", 0.0, len(broken), replications, is_discrete=True),
        Reading("build.run", f"builds that still ran when they were killed, {what}", "measured", float("nan"), done, replications),
    ]


PARTS, IN_A_PART = 10, 10
PROOF = Proof(
    name="killed_builds",
    question="Is a site whose build was killed at a random moment and resumed the same, byte for byte, as one never interrupted?",
    covers=("svd_lib/build/*.py", "proofs/killed_builds.py"),
    steps=tuple(Step(f"part-{part:02}", partial(killed, part), IN_A_PART) for part in range(1, PARTS + 1)),
    sampled_by="tests/reproducibility/test_killed_builds.py",
)


class End:
    """How one killed and resumed build ended.

    Attributes
    ----------
    was_running : bool
        Whether the build had not ended by itself.
    is_whole : bool
        Whether the site, right after the kill, was the one before or the one after, file for file.
    differing : list of str
        Files that differ from those of an uninterrupted build once resumed.
    exit_code : int
        Of the resumed build.
    """

    def __init__(self, was_running: bool, is_whole: bool, differing: list[str], exit_code: int) -> None:
        self.was_running, self.is_whole, self.differing, self.exit_code = was_running, is_whole, differing, exit_code


class Trial:
    """A project that was built and then edited, so that a few chapters and the site are stale; builds are killed in copies of it.

    Parameters
    ----------
    root : pathlib.Path
        The project.
    place : pathlib.Path
        Folder to work in.
    built : pathlib.Path, optional
        A finished build folder of the edition to begin with; one is made when absent.
    """

    def __init__(self, root: Path, place: Path, built: Path | None = None) -> None:
        self.place, self.project = place, stock.copy_project(root, place / "edited")
        if built is None:
            run(self.project)
        else:
            shutil.copytree(built, self.project / "_build" / EDITION)
            run(self.project)
        self.before = site_of(self.project)
        for chapter in STALE:
            edit(self.project, chapter)
        whole = self.copy("whole")
        began = time.monotonic()
        run(whole)
        self.seconds = time.monotonic() - began
        self.site, self.wanted = site_of(whole), published(whole)

    def copy(self, name: str) -> Path:
        """Return a fresh copy of the edited project, with what was built of it before the edit."""
        target = self.place / name
        shutil.rmtree(target, ignore_errors=True)
        return shutil.copytree(self.project, target, symlinks=True)

    def kill_and_resume(self, seconds: float, with_children: bool) -> End:
        """Kill a build after some seconds, alone or with all it started, look at the site, and build again."""
        project = self.copy("killed")
        build = subprocess.Popen(command(project), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            build.wait(seconds)
        was_running = build.poll() is None
        if was_running:
            (os.killpg if with_children else os.kill)(build.pid, signal.SIGKILL)
        build.wait()
        is_whole = site_of(project) in (self.before, self.site)
        resumed = subprocess.run(command(project), capture_output=True, text=True)
        found = published(project)
        return End(was_running, is_whole, sorted(name for name in found.keys() | self.wanted.keys() if found.get(name) != self.wanted.get(name)), resumed.returncode)


def command(project: Path) -> list[str]:
    """Return the command that builds the edition."""
    return [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--edition", EDITION]


def run(project: Path) -> None:
    """Build without interruption."""
    subprocess.run(command(project), check=True, capture_output=True)


def edit(project: Path, chapter: str) -> None:
    """Change the last code cell of a chapter so that its results do not change, but it must run."""
    path = project / "notebooks" / f"{chapter}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    cell["source"] = "".join(cell["source"]) + "\n# edited"
    path.write_text(json.dumps(notebook), encoding="utf-8")


def site_of(project: Path) -> Digests:
    """Return the digests of the site's files."""
    return provenance.folder_digests(project / "_build" / EDITION / "html")


def published(project: Path) -> Digests:
    """Return the digests of the site and of all that is published beside it, but for the lock, the log and what is kept between builds."""
    files = provenance.folder_digests(project / "_build" / EDITION)
    return {name: digest for name, digest in files.items() if name.partition("/")[0] not in ("cache", ".lock", "build.log")}
