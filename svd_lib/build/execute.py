"""Execute the chapters with papermill: each once all it quotes are done, several at a time, nothing random left in them."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import queue
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from svd_lib.build.chapters import Chapter, longest_road_first, next_ready
from svd_lib.build.environment import KERNEL_NAME
from svd_lib.build.guard import SETTINGS as GUARD_SETTINGS
from svd_lib.build.progress import Progress
from svd_lib.build.warm import end_with_parent
from svd_lib.errors import SnaError

INJECTED = "injected-parameters"
_KEPT_METADATA = ("kernelspec", "sna")
_SCRUBBED_CELL_METADATA = ("papermill", "execution", "ExecuteTime", "collapsed", "scrolled")


@dataclass(frozen=True)
class Job:
    """One chapter to execute: where it comes from, where it goes, with which parameters.

    Parameters
    ----------
    chapter : str
        The chapter's name.
    source, target : pathlib.Path
        The committed notebook and the executed one.
    edition : str
        Edition's name.
    project_dir, out_dir : str
        Absolute folders handed to the notebook; they never reach the executed file.
    guard : str, optional
        Settings of the kernel's guard (:mod:`svd_lib.build.guard`) as JSON; without them it is off.
    """

    chapter: str
    source: Path
    target: Path
    edition: str
    project_dir: str
    out_dir: str
    guard: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The notebook's parameters."""
        return {"edition": self.edition, "project_dir": self.project_dir, "out_dir": self.out_dir}


@dataclass(frozen=True)
class Outcome:
    """What became of a chapter: how long it took, one sentence if it failed, or that its kept results still hold."""

    chapter: str
    seconds: float
    problem: str | None = None
    is_kept: bool = False


Report = Callable[[str, int], None]
Runner = Callable[[Job, Report], None]


class Settle:
    """Asked before a chapter runs and told after it; on its own it lets every chapter run and keeps nothing."""

    def is_settled(self, chapter: Chapter) -> bool:
        """Return whether the chapter's kept results still hold, now that all it quotes are done."""
        return False

    def finished(self, chapter: str) -> None:
        """A chapter has run without a problem."""


def run_with_papermill(job: Job, report: Report) -> None:
    """Execute one notebook with papermill and a stock kernel; raise what papermill raises.

    Parameters
    ----------
    job : Job
        What to execute.
    report : callable
        Called with the chapter's name and the number of code cells that have run.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    done, current = 0, 0

    def count(cell: Any, cell_index: int, execute_reply: Any = None) -> None:
        nonlocal done
        done += "tags" not in cell.metadata or INJECTED not in cell.metadata["tags"]
        report(job.chapter, done)

    def begin(cell: Any, cell_index: int) -> None:
        nonlocal current
        current = cell_index

    try:
        papermill.execute_notebook(
            job.source,
            job.target,
            parameters=job.parameters,
            kernel_name=KERNEL_NAME,
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=job.project_dir,
            record_timing=False,
            kernel_manager_class="svd_lib.build.kernels.LocalKernelManager",
            shutdown_kernel="immediate",
            on_cell_start=begin,
            on_cell_executed=count,
        )
    except DeadKernelError as error:
        error.cell_index, error.ename, error.evalue = current, "the kernel died", ""
        raise


def import_papermill() -> None:
    """Import papermill before workers are forked: once, not once in every worker."""
    importlib.import_module("papermill")


def execute_chapters(
    chapters: list[Chapter],
    make_job: Callable[[Chapter], Job],
    environment: dict[str, str],
    progress: Progress,
    jobs: int = 2,
    runner: Runner = run_with_papermill,
    settle: Settle | None = None,
    seconds: Mapping[str, float] | None = None,
) -> list[Outcome]:
    """Execute every chapter, up to ``jobs`` at a time, and return what became of each.

    Parameters
    ----------
    chapters : list of Chapter
        In running order.
    make_job : callable
        Chapter -> Job.
    environment : dict
        The environment of workers and kernels.
    progress : Progress
        Told of every cell and chapter.
    jobs : int, default 2
        Worker processes.
    runner : callable, default :func:`run_with_papermill`
        How one notebook is executed; it must be importable by name.
    settle : Settle, optional
        Knows which chapters need not run.
    seconds : mapping of str to float, optional
        Chapter -> seconds that it took the last time, and the empty name -> those of what follows the chapters.

    Raises
    ------
    SnaError
        With exit code 1 when a chapter fails; the sentence names it, its cell and the error.
    """
    known = dict(seconds or {})
    progress.expect({chapter.name: chapter.cells for chapter in chapters}, known, min(jobs, len(chapters)), known.get(AFTER, 0.0))
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    if runner is run_with_papermill and context.get_start_method() == "fork":
        import_papermill()
    events = context.Queue()
    workers = max(1, min(jobs, len(chapters)))
    with ProcessPoolExecutor(workers, context, _start_worker, (events, environment)) as pool:
        try:
            return _Schedule(pool, events, progress, runner, settle or Settle()).run(chapters, make_job)
        except KeyboardInterrupt:
            _stop_workers()
            raise
        except BrokenProcessPool as error:
            raise SnaError(ENDED, exit_code=1) from error


AFTER = ""
"""Stands for what follows the chapters among the seconds of the last time."""
ENDED = "A process that executes chapters was ended from outside, perhaps because memory ran out; build again: finished chapters are kept, and what was published before is as it was."


def _stop_workers() -> None:
    """End the workers at once; a kernel whose worker is gone ends by itself."""
    for worker in multiprocessing.active_children():
        worker.terminate()


class _Schedule:
    """Hands chapters to the pool as soon as they may run, and passes the workers' reports on."""

    def __init__(self, pool: ProcessPoolExecutor, events: Any, progress: Progress, runner: Runner, settle: Settle) -> None:
        self._pool, self._events, self._progress, self._runner, self._settle = pool, events, progress, runner, settle
        self._outcomes: dict[str, Outcome] = {}

    def run(self, chapters: list[Chapter], make_job: Callable[[Chapter], Job]) -> list[Outcome]:
        waiting, running = longest_road_first(chapters), set()
        there = {name for chapter in chapters for name in chapter.quotes} - {chapter.name for chapter in chapters}
        while waiting or running:
            while chapter := next_ready(waiting, there | self._outcomes.keys()):
                waiting.remove(chapter)
                if self._settle.is_settled(chapter):
                    self._outcomes[chapter.name] = Outcome(chapter.name, 0.0, is_kept=True)
                    self._progress.chapter_kept(chapter.name)
                else:
                    running.add(self._pool.submit(_work, self._runner, make_job(chapter)))
            running = self._collect(running)
        return list(self._outcomes.values())

    def _collect(self, running: set[Future]) -> set[Future]:
        finished, still = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
        self._pass_on_reports()
        for outcome in sorted((future.result() for future in finished), key=lambda o: o.chapter):
            if outcome.problem:
                self._pool.shutdown(wait=True, cancel_futures=True)
                raise SnaError(outcome.problem, exit_code=1)
            self._outcomes[outcome.chapter] = outcome
            self._settle.finished(outcome.chapter)
            self._progress.chapter_done(outcome.chapter, outcome.seconds)
        return still

    def _pass_on_reports(self) -> None:
        while True:
            try:
                chapter, done = self._events.get_nowait()
            except queue.Empty:
                return
            if chapter not in self._outcomes:
                self._progress.cell_done(chapter, done)


_worker_events: Any = None


def _start_worker(events: Any, environment: dict[str, str]) -> None:
    global _worker_events
    _worker_events = events
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)


def _work(runner: Runner, job: Job) -> Outcome:
    began = time.monotonic()
    job.target.parent.mkdir(parents=True, exist_ok=True)
    os.environ[GUARD_SETTINGS] = job.guard
    try:
        runner(job, lambda chapter, done: _worker_events.put((chapter, done)))
    except Exception as error:  # every failure inside a notebook, of whatever kind, becomes the one sentence
        return Outcome(job.chapter, time.monotonic() - began, describe_failure(job.chapter, error, job.source))
    scrub_file(job.target, job.edition)
    return Outcome(job.chapter, time.monotonic() - began)


def describe_failure(chapter: str, error: Exception, source: Path) -> str:
    """Return one sentence that names the chapter, the cell as its author counts them, and the error."""
    if not hasattr(error, "cell_index"):
        text = _first_line(str(error)) or type(error).__name__
        return f"Chapter '{chapter}' could not run: {type(error).__name__}: {text} ({source.name})."
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    number = error.cell_index + 1 - int(len(cells) >= 1 and _injected_before(cells, error.cell_index))
    identity = cells[number - 1].get("id", "") if number <= len(cells) else ""
    what = f"{error.ename}: {_first_line(error.evalue)}" if error.evalue else error.ename
    return f"Chapter '{chapter}', cell {number} ({identity or 'no id'}): {what}"


def _injected_before(cells: list[dict], index: int) -> bool:
    """Whether papermill's own cell stands before the failing one: it follows the parameters cell."""
    tagged = [i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])]
    return index > (tagged[0] if tagged else -1)


def _first_line(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).strip()
    return plain.splitlines()[0] if plain else ""


def scrub_file(path: Path, edition: str) -> None:
    """Take out of an executed notebook whatever depends on the run: times, paths, random ids, versions."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(scrub(notebook, edition), indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def scrub(notebook: dict, edition: str) -> dict:
    """Return an executed notebook without times, absolute paths, random ids and versions.

    Parameters
    ----------
    notebook : dict
        As papermill wrote it.
    edition : str
        The edition's name: all that is left of the injected parameters.
    """
    metadata = {key: notebook["metadata"][key] for key in _KEPT_METADATA if key in notebook["metadata"]}
    metadata["language_info"] = {"name": "python"}
    cells = [_scrub_cell(cell, number, edition) for number, cell in enumerate(notebook["cells"])]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _scrub_cell(cell: dict, number: int, edition: str) -> dict:
    metadata = {key: value for key, value in cell["metadata"].items() if key not in _SCRUBBED_CELL_METADATA}
    scrubbed = {**cell, "id": cell.get("id") or f"cell-{number}", "metadata": metadata}
    if INJECTED in metadata.get("tags", []):
        scrubbed["id"] = INJECTED
        scrubbed["metadata"] = {"tags": [INJECTED, "remove-cell"]}
        scrubbed["source"] = f'edition = "{edition}"\nproject_dir = ""\nout_dir = ""'
    for output in scrubbed.get("outputs", []):
        output.pop("transient", None)
    return scrubbed
