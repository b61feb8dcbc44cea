"""What publishers have now: one line a source for a probe, and a new lock that waits until somebody accepts it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from svd_lib.errors import SnaError
from svd_lib.sources import police
from svd_lib.sources.lock import Lock, LockedInput, lock_of, measure, write_atomically, write_lock
from svd_lib.sources.publishers import INCOMING, bring_file, drop, fetcher_of, incoming
from svd_lib.sources.registry import Registry, Source, SourceFile, expand
from svd_lib.sources.transport import Transport

ARCHIVE = "police_archive"


@dataclass(frozen=True)
class Probed:
    """What a probe found of one source: ``reachable``, ``changed``, ``failed`` or ``by hand``, and why."""

    source: str
    state: str
    words: str

    def __str__(self) -> str:
        return f"{self.state:9} {self.source}: {self.words}"


@dataclass(frozen=True)
class Proposal:
    """A lock that could replace another: inputs added, changed and taken out, and a sentence for each source that failed."""

    lock: Lock
    added: tuple[LockedInput, ...]
    changed: tuple[LockedInput, ...]
    dropped: tuple[LockedInput, ...]
    problems: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.changed or self.dropped)

    def lines(self) -> list[str]:
        """Return one line an input that would change."""
        signs = (("+", self.added), ("~", self.changed), ("-", self.dropped))
        return [f"{sign} {entry.shown} ({entry.bytes:,} bytes, {entry.publisher_version})" for sign, entries in signs for entry in entries]


def probe(registry: Registry, transport: Transport, lock: Lock, only: str = "") -> Iterator[Probed]:
    """Yield one line a source: whether it answers, whether it has changed since the lock, or why it failed."""
    for source in registry.sources.values():
        if source.sensitivity == "open" and only in ("", source.id):
            yield _probe_source(source, transport, lock)


def _probe_source(source: Source, transport: Transport, lock: Lock) -> Probed:
    fetched = [entry for entry in source.files if entry.fetch is not None]
    if not fetched:
        return Probed(source.id, "by hand", f"no fetcher; {source.landing_page or 'no landing page is known'}")
    words, changes = [], []
    for entry in {str(entry.fetch): entry for entry in fetched}.values():
        try:
            found, change = _probe_file(entry, transport, lock.of_source(source.id))
        except SnaError as problem:
            return Probed(source.id, "failed", str(problem))
        words.append(found)
        changes += [change] if change else []
    return Probed(source.id, "changed" if changes else "reachable", "; ".join(changes or words))


def _probe_file(entry: SourceFile, transport: Transport, locked: tuple[LockedInput, ...]) -> tuple[str, str]:
    """Return what is there, and how it differs from the lock (empty when it does not, or the lock has none of it)."""
    if entry.fetch["by"] == ARCHIVE:
        newest = police.months(transport)[-1]
        held = max((item.member[:7] for item in locked if item.member), default=newest)
        return f"{len(police.forces(transport))} forces, months to {newest}", f"months to {newest}, the lock's newest is {held}" if newest > held else ""
    found = fetcher_of(entry).probe(transport, entry.fetch)
    versions = [item.publisher_version for item in locked if entry.match(item.name) is not None and entry.evidence != "mirror"]
    return found, f"{found}; the lock has {versions[0]}" if versions and versions[0] not in found else ""


def propose(
    registry: Registry,
    transport: Transport,
    lock: Lock,
    raw_root: Path,
    *,
    forces: Collection[str],
    period_end: date,
    nations: Collection[str],
    today: date,
    only: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> Proposal:
    """Bring what the publishers have now beside the raw files and return the lock that would name it.

    Parameters
    ----------
    registry, transport, lock, raw_root
        As for :func:`svd_lib.sources.publishers.fetch_published`; ``lock`` is the edition's present one.
    forces : collection of str
        Slugs of the forces whose months are brought.
    period_end : datetime.date
        Last day of the edition; later months and files are left alone.
    nations : collection of str
        Where the area lies; sources of another nation are left alone.
    today : datetime.date
        The day that the new entries record.
    only : str, optional
        One source's id.
    tell : callable
        Told one line a source.

    Notes
    -----
    Inputs that no publisher serves, and those of a source that failed, stay as they are locked.
    """
    last = f"{period_end:%Y-%m}"
    brought: list[LockedInput] = []
    problems: list[str] = []
    for source in registry.sources.values():
        wanted = [entry for entry in source.files if entry.fetch is not None and entry.serves(last)]
        if not wanted or only not in ("", source.id) or source.sensitivity != "open" or not set(nations) & set(source.nations):
            continue
        try:
            found = list(_bring_source(source, wanted, transport, raw_root, forces, last, today))
            brought += found
            tell(f"{source.id}: {len(found)} input(s) brought")
        except SnaError as problem:
            problems.append(f"{source.id}: {problem}")
            tell(f"{source.id}: failed")
    return _compared(lock, brought, _replaced(registry, brought), tuple(problems))


def _bring_source(
    source: Source, wanted: list[SourceFile], transport: Transport, raw_root: Path, forces: Collection[str], last: str, today: date
) -> Iterator[LockedInput]:
    archived = [entry for entry in wanted if entry.fetch["by"] == ARCHIVE]
    if archived:
        yield from _bring_months(source, archived, transport, raw_root, forces, last, today)
    for entry in wanted:
        if entry not in archived:
            part = incoming(raw_root, source.id, entry.pattern)
            _forget(part, today)
            version = bring_file(entry, transport, part)
            with part.open("rb") as stream:
                size, sha256 = measure(stream)
            yield LockedInput(source.id, entry.pattern, None, size, sha256, today.isoformat(), version)


def _forget(part: Path, today: date) -> None:
    """Drop what was brought on an earlier day, so that a proposal is of today."""
    if part.is_file() and date.fromtimestamp(part.stat().st_mtime) != today:
        drop(part)


def _bring_months(
    source: Source, wanted: list[SourceFile], transport: Transport, raw_root: Path, forces: Collection[str], last: str, today: date
) -> Iterator[LockedInput]:
    """Bring the forces' months out of the newest archive; what an earlier, stopped run brought of it is not asked for again."""
    known = police.forces(transport)
    unknown = sorted(set(forces) - set(known))
    if unknown:
        raise SnaError(f"The police API has no force '{unknown[0]}'; its forces are {', '.join(sorted(known))}.")
    newest = police.months(transport)[-1]
    name = f"{newest}.zip"
    archive = police.PoliceArchive(transport, newest)
    matched = {member: (entry, values) for member in archive.directory for entry in wanted if (values := entry.match(name, member))}
    mine = {member: found for member, found in matched.items() if found[1]["force_slug"] in forces and found[1]["month"] <= last}
    if not mine:
        raise SnaError(f"{archive.address} holds no month of {', '.join(sorted(forces))} up to {last}; the force may not publish.")
    places = {member: incoming(raw_root, source.id, f"{name}.d/{member}") for member in mine}
    missing = [member for member, path in places.items() if not path.is_file() or path.stat().st_size != archive.directory[member].bytes]
    for member, content in archive.bring(missing):
        write_atomically(places[member], content)
    for member, (entry, values) in mine.items():
        content = places[member].read_bytes()
        version = expand(entry.publisher_version, values)
        yield LockedInput(source.id, name, member, len(content), hashlib.sha256(content).hexdigest(), today.isoformat(), version)


def _replaced(registry: Registry, brought: list[LockedInput]) -> Callable[[LockedInput], bool]:
    """Return whether an input is one that a brought file stands in for."""
    sources = {entry.source: registry.source(entry.source) for entry in brought if not entry.member}
    patterns = {(entry.source, old) for entry in brought if not entry.member for old in sources[entry.source].file_of(entry.name).replaces}

    def is_replaced(entry: LockedInput) -> bool:
        described = next((file for file in sources[entry.source].files if file.match(entry.name, entry.member) is not None), None)
        return described is not None and (entry.source, described.pattern) in patterns

    return lambda entry: entry.source in sources and is_replaced(entry)


def _compared(lock: Lock, brought: list[LockedInput], is_replaced: Callable[[LockedInput], bool], problems: tuple[str, ...]) -> Proposal:
    def key(entry: LockedInput) -> tuple[str, str]:
        return entry.source, entry.member or entry.name

    old, new = {key(entry): entry for entry in lock.inputs}, {key(entry): entry for entry in brought}
    same = {name for name, entry in new.items() if name in old and _is_same(old[name], entry)}
    added = tuple(entry for name, entry in new.items() if name not in old)
    changed = tuple(entry for name, entry in new.items() if name in old and name not in same)
    dropped = tuple(entry for name, entry in old.items() if name not in new and is_replaced(entry))
    kept = [entry for name, entry in old.items() if (name not in new or name in same) and entry not in dropped]
    return Proposal(lock_of([*kept, *added, *changed], "The new lock"), added, changed, dropped, problems)


def _is_same(old: LockedInput, new: LockedInput) -> bool:
    return (old.bytes, old.sha256) == (new.bytes, new.sha256)


def accept(proposal: Proposal, lock_path: Path, raw_root: Path) -> None:
    """Put what was brought in its place and write the new lock; whoever stops it finds either lock whole."""
    for entry in (*proposal.added, *proposal.changed):
        part = incoming(raw_root, entry.source, entry.relative_path.relative_to(entry.source).as_posix())
        target = raw_root / entry.relative_path
        target.parent.mkdir(parents=True, exist_ok=True)
        if part.is_file():
            part.replace(target)
    write_lock(proposal.lock, lock_path)
    shutil.rmtree(raw_root / INCOMING, ignore_errors=True)


