"""Bringing inputs from the publishers themselves: one publisher's failure leaves the others alone, and a stopped run goes on.

Everything comes to a folder beside the raw files first and takes its place only when its size and hash are the locked ones.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from svd_lib.errors import SnaError
from svd_lib.sources.lock import Lock, LockedInput, check_input, measure, write_atomically
from svd_lib.sources.police import PoliceArchive
from svd_lib.sources.registry import FETCHERS, Registry, Source, SourceFile
from svd_lib.sources.transport import Transport

INCOMING = ".incoming"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one source: inputs brought, inputs there already, and a sentence for each that failed."""

    source: str
    fetched: int
    kept: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        state = f"{self.fetched} fetched, {self.kept} already there and verified"
        return f"{self.source}: {state}" + (f", {len(self.problems)} failed" if self.problems else "")


def fetch_published(
    lock: Lock, registry: Registry, transport: Transport, raw_root: Path, only: str = "", progress: Progress | None = None
) -> list[Outcome]:
    """Bring every input of a lock from its publisher into ``data/raw``, each verified.

    Parameters
    ----------
    lock : Lock
        What must be there.
    registry : Registry
        How each file is brought.
    transport : Transport
        How publishers are asked.
    raw_root : pathlib.Path
        The folder ``data/raw``.
    only : str, optional
        One source's id; the others are left alone.
    progress : callable, optional
        Called after each input with done, total and its name.

    Returns
    -------
    list of Outcome
        One a source, in the lock's order.
    """
    inputs = [entry for entry in lock.inputs if only in ("", entry.source)]
    if only and not inputs:
        raise SnaError(f"The lock names no input of source '{only}'; it has {', '.join(sorted({entry.source for entry in lock.inputs}))}.")
    outcomes, done = [], 0
    for source, group in groupby(inputs, key=lambda entry: entry.source):
        outcome = _fetch_source(registry.source(source), list(group), transport, raw_root, progress, done, len(inputs))
        done += outcome.fetched + outcome.kept
        outcomes.append(outcome)
    if not any(outcome.problems for outcome in outcomes):
        shutil.rmtree(raw_root / INCOMING, ignore_errors=True)
    return outcomes


def _fetch_source(
    source: Source, inputs: list[LockedInput], transport: Transport, raw_root: Path, progress: Progress | None, done: int, total: int
) -> Outcome:
    wanting = [entry for entry in inputs if check_input(entry, raw_root)]
    kept, fetched, problems = len(inputs) - len(wanting), 0, []
    for name, group in groupby(wanting, key=lambda entry: entry.name):
        try:
            for entry in _bring(source, name, list(group), transport, raw_root):
                fetched += 1
                if progress:
                    progress(done + kept + fetched, total, entry.shown)
        except SnaError as problem:
            problems.append(str(problem))
    return Outcome(source.id, fetched, kept, tuple(problems))


def _bring(source: Source, name: str, entries: list[LockedInput], transport: Transport, raw_root: Path) -> Iterator[LockedInput]:
    """Bring one file, or the members of one archive, and yield each when it is in place."""
    described = source.file_of(name, entries[0].member)
    if described.fetch is None:
        raise SnaError(
            f"{source.id}/{name} is a copy whose bytes no publisher serves: take it from a mirror with --mirror, download it "
            f"({source.landing_page or 'no landing page is known'}) and run 'sna source add', or take the publisher's present table with --update."
        )
    if entries[0].member:
        yield from _bring_members(name, entries, transport, raw_root)
        return
    part = incoming(raw_root, source.id, name)
    bring_file(described, transport, part)
    place(entries[0], part, raw_root)
    yield entries[0]


def _bring_members(name: str, entries: list[LockedInput], transport: Transport, raw_root: Path) -> Iterator[LockedInput]:
    archive = PoliceArchive(transport, name.removesuffix(".zip"))
    wanted = {entry.member: entry for entry in entries}
    for member, content in archive.bring(wanted):
        entry = wanted[member]
        _refuse_change(entry, len(content), hashlib.sha256(content).hexdigest())
        write_atomically(raw_root / entry.relative_path, content)
        yield entry


def incoming(raw_root: Path, source: str, name: str) -> Path:
    """Return where a file stands while it is being brought."""
    return raw_root / INCOMING / source / name


def bring_file(described: SourceFile, transport: Transport, part: Path) -> str:
    """Bring a file from its publisher to ``part`` and return the publisher's version; a file that is whole there stays."""
    whole = part.with_name(part.name + ".whole")
    if part.is_file() and whole.is_file():
        return whole.read_text(encoding="utf-8")
    part.parent.mkdir(parents=True, exist_ok=True)
    version = fetcher_of(described).bring(transport, described.fetch, part)
    write_atomically(whole, version.encode())
    return version


def fetcher_of(described: SourceFile):
    """Return the module that brings a file."""
    return FETCHERS[described.fetch["by"]]


def place(entry: LockedInput, part: Path, raw_root: Path) -> None:
    """Move a file that was brought to its place if its bytes are the locked ones; else drop it.

    Raises
    ------
    SnaError
        When it is not the file that was locked.
    """
    with part.open("rb") as stream:
        size, sha256 = measure(stream)
    try:
        _refuse_change(entry, size, sha256)
        target = raw_root / entry.relative_path
        target.parent.mkdir(parents=True, exist_ok=True)
        part.chmod(0o644)
        part.replace(target)
    finally:
        drop(part)


def drop(part: Path) -> None:
    """Remove a file that was brought and all that stands beside it."""
    for path in (part, part.with_name(part.name + ".whole"), part.with_name(part.name + ".about")):
        path.unlink(missing_ok=True)


def _refuse_change(entry: LockedInput, size: int, sha256: str) -> None:
    if (size, sha256) != (entry.bytes, entry.sha256):
        what = f"{size:,} bytes where the lock says {entry.bytes:,}" if size != entry.bytes else f"another content ({sha256[:12]}, not {entry.sha256[:12]})"
        raise SnaError(f"{entry.shown} has changed at the publisher: {what}; 'sna fetch --update' shows what a new lock would take.")


def failures(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a sentence for each input that failed, with its source."""
    return [f"{outcome.source}: {problem}" for outcome in outcomes for problem in outcome.problems]


