"""One build from beginning to end: execute the chapters, make the site, and only then put it in the old one's place."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from svd_lib.build import execute, provenance, site, warm
from svd_lib.build.chapters import read_chapters
from svd_lib.build.earlier import note_build
from svd_lib.build.environment import build_environment
from svd_lib.build.incremental import Incremental
from svd_lib.build.kept_book import BOOK, KeptBook
from svd_lib.build.plan import Plan, Planner
from svd_lib.build.progress import Progress
from svd_lib.build.small_counts import may_hold_small_counts
from svd_lib.build.warm import PROVISIONER, SITE, Nurseries
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.swap import put_back, swap_in

STAGING = ".next"
SCRATCH = ".run"
PARTNER_TABLES = "partner-tables"
"""Folder of a build that holds partners' tables before disclosure control; it is never published."""
LONGEST_TEMPORARY = 40
"""A temporary folder with a longer path leaves no room for the names of sockets."""


def build_edition(
    edition: Edition,
    jobs: int = 2,
    progress: Progress | None = None,
    runner: execute.Runner = execute.run_with_papermill,
    is_warm: bool = True,
    nurseries: Nurseries | None = None,
) -> Path:
    """Build what is stale of an edition's site and return its folder.

    Parameters
    ----------
    edition : Edition
        Its data must be there: a snapshot, or a view made from raw files.
    jobs : int, default 2
        Chapters executed at a time.
    progress : Progress, optional
        Told of every step; standard error when absent.
    runner : callable
        How one notebook is executed.
    is_warm : bool, default True
        Whether kernels and the site builder are forked from processes that have imported what they need, where the
        platform allows; the results are the same.
    nurseries : Nurseries, optional
        Warm processes that several builds share; this build starts its own when absent.

    Raises
    ------
    SnaError
        When a chapter fails or the book has a warning; what was published before stays as it was.
    """
    progress = progress or Progress()
    with _only_build_of(edition, progress):
        planner = Planner(edition, read_chapters(edition.root))
        plan = planner.plan()
        if plan.is_empty:
            progress.step(f"{edition.name}: nothing has changed, {_first_page(edition)} is up to date")
        else:
            _build(edition, planner, plan, progress, jobs, runner, nurseries, is_warm and warm.is_possible())
            progress.step(f"{edition.name}: done, open {_first_page(edition)}")
    return edition.build_path / "html"


def plan_build(edition: Edition) -> Plan:
    """Return what :func:`build_edition` would do now."""
    return Planner(edition, read_chapters(edition.root)).plan()


@contextlib.contextmanager
def _only_build_of(edition: Edition, progress: Progress) -> Iterator[None]:
    """Hold the edition's build folder, waiting while another build holds it."""
    edition.build_path.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (edition.build_path / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.step(f"{edition.name}: waiting for another build of it to end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        put_back(edition.build_path)
        _clear(edition)
        yield


def _clear(edition: Edition) -> None:
    """Remove the working folders of a build, which no build can be using: of one that has ended, or was killed after it published."""
    for name in (STAGING, SCRATCH):
        shutil.rmtree(edition.build_path / name, ignore_errors=True)


def _build(
    edition: Edition,
    planner: Planner,
    plan: Plan,
    progress: Progress,
    jobs: int,
    runner: execute.Runner,
    shared: Nurseries | None,
    is_warm: bool,
) -> None:
    planner.note_sources()
    staging, run = (_fresh_folder(edition.build_path / name) for name in (STAGING, SCRATCH))
    log = edition.build_path / "build.log"
    log.write_text(provenance.build_log_heading(edition) + "".join(f"{line}\n" for line in plan.lines()), encoding="utf-8")
    try:
        with short_folder() as sockets, contextlib.ExitStack() as processes:
            environment = build_environment(edition, run, sockets, provisioner=PROVISIONER if is_warm else "")
            own = Nurseries(processes, sockets, environment, log) if is_warm else None
            this = _Build(edition, planner, staging, environment, log, progress, shared if is_warm and shared else own)
            this.execute(plan, jobs, runner, run / "records")
            this.publish()
    finally:
        _clear(edition)


@dataclass
class _Build:
    """One build under way: what it is of, where it writes, what it runs in."""

    edition: Edition
    planner: Planner
    staging: Path
    environment: dict[str, str]
    log: Path
    progress: Progress
    nurseries: Nurseries | None

    def execute(self, plan: Plan, jobs: int, runner: execute.Runner, records: Path) -> None:
        """Restore what holds and run what does not."""
        work = Incremental(self.planner, plan, self.staging, records)
        waiting = [step.chapter for step in plan.steps if step.may_run]
        outcomes = []
        if waiting or plan.site:
            self._get_ready(work.modules(waiting) if waiting else None)
        work.restore()
        if waiting:
            self.progress.step(f"{self.edition.name}: executing {_chapters(len(waiting))}")
            outcomes = self._run(waiting, work, jobs, runner)
        if all(outcome.is_kept for outcome in outcomes):
            work.collect_findings()
        taken = {outcome.chapter: outcome.seconds for outcome in outcomes if not outcome.is_kept}
        self.planner.note_seconds(taken)
        self._append("".join(f"{chapter}: {seconds:.1f} s\n" for chapter, seconds in taken.items()))

    def _get_ready(self, modules: list[str] | None = None) -> None:
        """Have warm processes import, each on a core of its own, what kernels and then the site builder need."""
        if self.nurseries is None:
            return
        if modules is not None:
            self.environment[warm.KERNELS] = self.nurseries.for_kernels(modules)
            execute.import_papermill()
        self.nurseries.for_sites(site.WARM_MODULES)

    def _run(self, chapters: list, work: Incremental, jobs: int, runner: execute.Runner) -> list[execute.Outcome]:
        try:
            return execute.execute_chapters(chapters, work.job, self.environment, self.progress, jobs, runner, work, self.planner.seconds())
        except SnaError as problem:
            self._append(f"{problem}\n")
            raise

    def publish(self) -> None:
        """Make the site again if anything of it changed, and say what it was made from."""
        place = self.edition.build_path
        if self.planner.plan().site:
            self.progress.step(f"{self.edition.name}: building the site", self.planner.seconds().get(execute.AFTER, 0.0))
            began = time.monotonic()
            self._make_site()
            self.planner.note_seconds({execute.AFTER: time.monotonic() - began})
            self.planner.forget_published()
            for made in sorted(self.staging.iterdir(), key=lambda path: path.name != "html"):
                swap_in(made, place / made.name)
        else:
            _write_records(self.edition, place)
        self.planner.note_published()
        note_build(self.edition)

    def _make_site(self) -> None:
        staging, staged = self.staging, dataclasses.replace(self.edition, out_dir=str(self.staging))
        address = self.nurseries.started(SITE) if self.nurseries is not None else ""
        kept = KeptBook(self.planner)
        site.assemble_book(staged, staging / "notebooks", staging / BOOK, kept.ready())
        pages = site.build_site(kept.take(staging / BOOK), kept.folder, self.environment, self.log, address)
        pages.rename(staging / "html")
        shutil.rmtree(staging / BOOK)
        _write_records(staged, staging)
        if (self.edition.build_path / PARTNER_TABLES).is_dir() or may_hold_small_counts(self.edition):
            self._attack()
        kept.note()

    def _attack(self) -> None:
        # what an audit needs is heavy, and a build without small counts does without it
        from svd_lib.build.audit import check_release

        self.progress.step(f"{self.edition.name}: attacking what would be published")
        check_release(self.edition, self.staging)

    def _append(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(text)


def _write_records(edition: Edition, place: Path) -> None:
    """Write what a site was made from, inside it and beside it, and the digest of all its files."""
    made = provenance.provenance_of(edition)
    provenance.write_json(place / "html" / "provenance.json", provenance.published_provenance(edition, made))
    provenance.write_json(place / "provenance.json", made)
    provenance.write_json(place / "digest.json", provenance.site_digest(edition, place / "html"))


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Make a temporary folder whose path leaves room for the names of sockets."""
    place = None if len(tempfile.gettempdir()) <= LONGEST_TEMPORARY or sys.platform == "win32" else "/tmp"
    with tempfile.TemporaryDirectory(prefix="sna-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _fresh_folder(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def _first_page(edition: Edition) -> Path:
    return edition.build_path / "html" / "index.html"


def _chapters(count: int) -> str:
    return f"{count} chapter{'' if count == 1 else 's'}"
