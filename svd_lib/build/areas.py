"""Many areas in one run: they share the tidy tables and the warm processes, and several are built at a time."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from svd_lib.build import execute, site, warm
from svd_lib.build.chapters import read_chapters
from svd_lib.build.environment import build_environment
from svd_lib.build.inputs import edition_to_build, prepare_view
from svd_lib.build.plan import Planner
from svd_lib.build.progress import Progress, said_left
from svd_lib.build.run import build_edition, short_folder
from svd_lib.build.warm import Nurseries
from svd_lib.edition import NAME_PATTERN, Edition, find_root, open_edition
from svd_lib.errors import SnaError


@dataclass(frozen=True)
class Done:
    """What became of one area."""

    area: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True)
class _Task:
    area: str
    mirror: str | None
    project: str
    warm: dict[str, str]


def read_areas(text: str) -> list[str]:
    """Return the areas of a list: a file with one per line, or areas parted by commas; each once, in the order given.

    Raises
    ------
    SnaError
        When it names none.
    """
    parts = Path(text).read_text(encoding="utf-8").splitlines() if _is_file(text) else text.split(",")
    areas = list(dict.fromkeys(part.strip() for part in parts if part.strip() and not part.strip().startswith("#")))
    if not areas:
        raise SnaError(f"'{text}' names no area; give areas parted by commas, or a file with one per line.")
    return areas


def _is_file(text: str) -> bool:
    """Whether a text names a file; a list of many areas is too long to."""
    try:
        return Path(text).is_file()
    except OSError:
        return False


def build_areas(areas: Sequence[str], mirror: str | None, project: str, jobs: int = 2, progress: Progress | None = None) -> list[Done]:
    """Build every area and return what became of each, in the order given.

    Parameters
    ----------
    areas : sequence of str
        Editions' names, or areas as ``--area`` takes them (those need a mirror).
    mirror : str, optional
        Where raw files are.
    project : str
        Project folder; empty for the nearest one upwards.
    jobs : int, default 2
        Areas built at a time.
    progress : Progress, optional
        Told of every area that is done.

    Notes
    -----
    An area that fails does not stop the others.
    """
    progress = progress or Progress()
    root = find_root(Path(project) if project else None)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with warm_addresses(root) as addresses, ProcessPoolExecutor(max(1, min(jobs, len(areas))), context, _start_worker) as pool:
        tasks = {pool.submit(_build_one, _Task(area, mirror, str(root), addresses)): area for area in areas}
        try:
            return _collect(tasks, areas, progress)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                os.kill(worker.pid, signal.SIGINT)
            raise


def _collect(tasks: dict[Future, str], areas: Sequence[str], progress: Progress) -> list[Done]:
    done: dict[str, Done] = {}
    began = time.monotonic()
    for future in as_completed(tasks):
        try:
            one = future.result()
        except BrokenProcessPool:
            one = Done(tasks[future], 0.0, execute.ENDED)
        done[one.area] = one
        left = (time.monotonic() - began) / len(done) * (len(areas) - len(done))
        so_far = f"({len(done)} of {len(areas)} areas{said_left(left)})"
        progress.step(f"{one.area}: {one.problem} {so_far}" if one.problem else f"{one.area}: done in {one.seconds:.1f} s {so_far}")
    return [done[area] for area in areas]


@contextlib.contextmanager
def warm_addresses(root: Path) -> Iterator[dict[str, str]]:
    """Start the warm processes that many builds share, where the platform allows, and yield their addresses by task."""
    if not warm.is_possible():
        yield {}
        return
    with short_folder() as sockets, contextlib.ExitStack() as processes:
        scratch = root / "_build" / ".areas"
        some = next(iter(sorted((root / "data" / "editions").glob("*/edition.yml")))).parent.name
        edition = open_edition(some, str(root))
        nurseries = Nurseries(processes, sockets, build_environment(edition, scratch, sockets), scratch / "warm.log")
        planner = Planner(edition, read_chapters(root))
        nurseries.for_kernels(planner.modules(planner.chapters))
        nurseries.for_sites(site.WARM_MODULES)
        yield nurseries.addresses


def _start_worker() -> None:
    warm.end_with_parent()
    if sys.platform == "linux":
        execute.import_papermill()


def _build_one(task: _Task) -> Done:
    began = time.monotonic()
    quiet = Progress(io.StringIO())
    try:
        edition = _edition(task, quiet)
        shared = Nurseries.at(task.warm) if task.warm else None
        build_edition(edition, 1, quiet, nurseries=shared)
    except SnaError as problem:
        return Done(task.area, time.monotonic() - began, str(problem))
    except KeyboardInterrupt:
        return Done(task.area, time.monotonic() - began, "stopped")
    return Done(task.area, time.monotonic() - began)


def _edition(task: _Task, progress: Progress) -> Edition:
    """Open the area's edition and make its tables; one area at a time, so that none makes a tidy table twice."""
    if task.mirror is None or NAME_PATTERN.match(task.area):
        edition = open_edition(task.area, task.project)
        prepare_view(edition, task.mirror, progress)
        return edition
    with _one_at_a_time(Path(task.project) / "_build" / ".tidy.lock"):
        edition = edition_to_build(task.area, task.area, task.mirror, task.project, progress)
        prepare_view(edition, task.mirror, progress)
    return edition


@contextlib.contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import fcntl

    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
