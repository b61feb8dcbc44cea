"""One build from beginning to end: execute the chapters, make the site, and only then put it in the old one's place."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from svd_lib.build import execute, provenance, site
from svd_lib.build.chapters import Chapter, read_chapters
from svd_lib.build.environment import build_environment
from svd_lib.build.progress import Progress
from svd_lib.edition import Edition
from svd_lib.errors import SnaError

STAGING = ".next"


def build_edition(
    edition: Edition,
    jobs: int = 2,
    progress: Progress | None = None,
    runner: execute.Runner = execute.run_with_papermill,
) -> Path:
    """Build an edition's site and return its folder.

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

    Raises
    ------
    SnaError
        When a chapter fails or the book has a warning; what was published before stays as it was.
    """
    progress = progress or Progress()
    with _only_build_of(edition, progress):
        _build(edition, jobs, progress, runner)
    return edition.build_path / "html"


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
        yield


def _build(edition: Edition, jobs: int, progress: Progress, runner: execute.Runner) -> None:
    staging = _fresh_folder(edition.build_path / STAGING)
    staged = dataclasses.replace(edition, out_dir=str(staging))
    log = edition.build_path / "build.log"
    log.write_text(provenance.build_log_heading(edition), encoding="utf-8")
    chapters = read_chapters(edition.root)
    with tempfile.TemporaryDirectory(prefix="sna-") as sockets:
        environment = build_environment(edition, _fresh_folder(edition.build_path / ".run"), Path(sockets))
        progress.step(f"{edition.name}: executing {len(chapters)} chapters")
        _execute(staged, chapters, environment, progress, jobs, runner, log)
        progress.step(f"{edition.name}: building the site")
        _make_site(staged, staging, environment, log)
    _publish(staging, edition.build_path)
    progress.step(f"{edition.name}: done, open {edition.build_path / 'html' / 'index.html'}")


def _fresh_folder(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def _execute(
    edition: Edition,
    chapters: list[Chapter],
    environment: dict[str, str],
    progress: Progress,
    jobs: int,
    runner: execute.Runner,
    log: Path,
) -> None:
    def make_job(chapter: Chapter) -> execute.Job:
        target = edition.out_path / "notebooks" / chapter.path.name
        return execute.Job(chapter.name, chapter.path, target, edition.name, str(edition.root), edition.out_dir)

    try:
        outcomes = execute.execute_chapters(chapters, make_job, environment, progress, jobs, runner)
    except SnaError as problem:
        _append(log, f"{problem}\n")
        raise
    _append(log, "".join(f"{outcome.chapter}: {outcome.seconds:.1f} s\n" for outcome in outcomes))


def _make_site(edition: Edition, staging: Path, environment: dict[str, str], log: Path) -> None:
    site.assemble_book(edition, staging / "notebooks", staging / "book")
    pages = site.build_site(staging / "book", staging, environment, log)
    pages.rename(staging / "html")
    shutil.rmtree(staging / "_build")
    shutil.rmtree(staging / "book")
    provenance.write_json(staging / "provenance.json", provenance.provenance_of(edition))
    provenance.write_json(staging / "digest.json", provenance.site_digest(edition, staging / "html"))


def _publish(staging: Path, place: Path) -> None:
    for made in sorted(staging.iterdir(), key=lambda path: path.name != "html"):
        site.swap_in(made, place / made.name)
    staging.rmdir()
    shutil.rmtree(place / ".run", ignore_errors=True)


def _append(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(text)
