"""What goes wrong on a machine leaves the last good site and the kept results whole, and is said in one sentence.

A full disk and one that can only be read are a small file system made for the purpose; making it needs root.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svd_lib.build import stock
from svd_lib.build.provenance import folder_digests
from svd_lib.sources.swap import put_back, swap_in

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.ci, pytest.mark.skipif(sys.platform != "linux", reason="makes a file system, reads /proc")]
EDITION = "suffolk-2025"
ROOM = "160m"
LOST = "import os; os.kill(os.getpid(), 9)"
GREEDY = "everything = [bytearray(2**30) for _ in range(64)]"


class Project:
    """A copy of the project with its finished build, in which one chapter is then made stale or broken."""

    def __init__(self, root: Path, built: Path, folder: Path) -> None:
        self.folder, self.build = stock.copy_project(root, folder), folder / "_build" / EDITION
        shutil.copytree(built, self.build, ignore=shutil.ignore_patterns(".lock", ".tested-with"))
        self.good, self.kept = self.site(), self.cache()

    def site(self) -> dict[str, str]:
        return folder_digests(self.build / "html")

    def cache(self) -> dict[str, str]:
        """What is kept of chapters that hold."""
        kept = folder_digests(self.build / "cache" / "chapters")
        return {name: digest for name, digest in kept.items() if not name.startswith("cohorts/")}

    def edit(self, code: str) -> None:
        """Put code at the end of a chapter."""
        path = self.folder / "notebooks" / "cohorts.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
        cell["source"] = "".join(cell["source"]) + f"\n{code}"
        path.write_text(json.dumps(notebook), encoding="utf-8")

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(self.folder), "--edition", EDITION, *options]

    def run(self, *options: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*options), capture_output=True, text=True)

    def assert_whole(self, done: subprocess.CompletedProcess, *words: str) -> None:
        """The build failed with one sentence that holds some words, and all that was good is there."""
        said = [line for line in done.stderr.splitlines() if line.startswith("sna: ")]
        assert done.returncode in (1, 2) and len(said) == 1 and "Traceback" not in done.stderr, done.stderr
        assert any(word in said[0] for word in words), said
        assert self.site() == self.good and self.cache() == self.kept
        assert [path.name for path in self.build.iterdir() if path.name.startswith(".") and path.name != ".lock"] == []


@pytest.fixture
def project(root: Path, suffolk_site: Path, tmp_path: Path) -> Project:
    return Project(root, suffolk_site, tmp_path / "project")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"NOT RUN: a file system for the purpose needs root ({mounted.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def filled(disk: Path, left: int) -> Iterator[None]:
    """Leave so many bytes free."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, free - left)
    yield
    filler.unlink()


@pytest.mark.parametrize("left", [0, 400_000, 4_000_000, 12_000_000])
def test_a_full_disk(root: Path, suffolk_site: Path, small_disk: Path, left: int) -> None:
    project = Project(root, suffolk_site, small_disk / "project")
    project.edit("# edited")
    with filled(small_disk, left):
        done = project.run()
    project.assert_whole(done, "no room left", "No space left")
    assert project.run().returncode == 0 and project.site() != project.good


def test_a_disk_that_can_only_be_read(root: Path, suffolk_site: Path, small_disk: Path) -> None:
    project = Project(root, suffolk_site, small_disk / "project")
    project.edit("# edited")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    project.assert_whole(project.run(), "can only be read")


@pytest.mark.parametrize(("code", "words"), [(LOST, "the kernel died"), (GREEDY, "MemoryError")], ids=["lost", "greedy"])
def test_a_kernel_that_is_lost_or_takes_all_memory(project: Project, code: str, words: str) -> None:
    project.edit(code)
    done = project.run()
    project.assert_whole(done, words)
    assert "Chapter 'cohorts', cell" in done.stderr


def test_a_process_that_executes_chapters_is_ended_from_outside(project: Project) -> None:
    project.edit("while True: pass")
    build = subprocess.Popen(project.command(), stderr=subprocess.PIPE, text=True)
    try:
        next(line for line in build.stderr if "executing" in line)
        kill_a_worker(build.pid)
        said = build.communicate(timeout=120)[1]
    finally:
        build.kill()
    project.assert_whole(subprocess.CompletedProcess([], build.returncode, "", said), "was ended from outside")


def kill_a_worker(parent: int) -> None:
    """Kill a child that runs the same program as its parent: a process that executes chapters, once it has had time to begin."""
    for _ in range(100):
        time.sleep(1)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        workers = [int(child) for child in children if b"svd_lib.cli" in Path(f"/proc/{child}/cmdline").read_bytes()]
        if workers:
            time.sleep(2)
            os.kill(workers[-1], signal.SIGKILL)
            return
    raise AssertionError("no process that executes chapters was seen")


def test_of_two_builds_at_once_one_waits(project: Project) -> None:
    project.edit("# edited")
    both = [subprocess.Popen(project.command(), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=300)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted("waiting for another build of it to end" in text for text in said) == [False, True]
    assert sum("executing" in text for text in said) == 1 and sum("nothing has changed" in text for text in said) == 1


@pytest.mark.mirror
def test_a_mirror_that_goes_away_while_it_is_read(project: Project, mirror: Path, tmp_path: Path) -> None:
    copied = tmp_path / "mirror"
    shutil.copytree(mirror, copied, copy_function=os.link if mirror.stat().st_dev == tmp_path.stat().st_dev else shutil.copyfile)
    build = subprocess.Popen(project.command("--mirror", str(copied)), stderr=subprocess.PIPE, text=True)
    raw = project.folder / "data" / "raw"
    while build.poll() is None and not any(raw.rglob("*.*")):
        time.sleep(0.01)
    copied.rename(tmp_path / "gone")
    said = build.communicate(timeout=300)[1]
    project.assert_whole(subprocess.CompletedProcess([], build.returncode, "", said), "mirror")
    fetch = [sys.executable, "-m", "svd_lib.cli", "fetch", "--project", str(project.folder), "--edition", EDITION, "--mirror", str(tmp_path / "gone")]
    again = subprocess.run(fetch, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr


def test_a_swap_that_was_stopped_halfway_is_taken_back(tmp_path: Path) -> None:
    for name in ("html", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    (tmp_path / "html").rename(tmp_path / ".html.old")
    put_back(tmp_path)
    assert (tmp_path / "html" / "index.html").read_text() == "html"
    swap_in(tmp_path / "new", tmp_path / "html")
    assert (tmp_path / "html" / "index.html").read_text() == "new" and sorted(path.name for path in tmp_path.iterdir()) == ["html"]
