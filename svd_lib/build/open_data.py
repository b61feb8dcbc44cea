"""The open sources from the command line: fetch from the publishers, probe them, propose a new lock, take in a file by hand."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from svd_lib.build.progress import Progress
from svd_lib.edition import Area, Edition
from svd_lib.errors import SnaError
from svd_lib.sources.lock import Lock, LockedInput, lock_of, measure, read_lock, write_atomically, write_lock
from svd_lib.sources.newer import Probed, Proposal, accept, probe, propose
from svd_lib.sources.publishers import failures, fetch_published
from svd_lib.sources.registry import Registry, Source, SourceFile, expand, read_registry
from svd_lib.sources.transport import Manners, Transport


def transport_through(address: str = "", is_probe: bool = False) -> Transport:
    """Return how publishers are asked: themselves, or through a relay that answers for them; a probe does not wait long."""
    return Transport(Manners(attempts=2) if is_probe else Manners(), through=address)


def raw_root(edition: Edition) -> Path:
    """Return the folder ``data/raw`` of an edition's project."""
    return edition.root / "data" / "raw"


def fetch_open(edition: Edition, transport: Transport, only: str = "", progress: Progress | None = None) -> int:
    """Bring an edition's inputs from their publishers; say what failed, one sentence each, and return the exit status."""
    progress = progress or Progress()
    outcomes = fetch_published(read_lock(edition.lock_path), read_registry(edition.root), transport, raw_root(edition), only, progress.count)
    for outcome in outcomes:
        progress.step(str(outcome))
    problems = failures(outcomes)
    for problem in problems:
        progress.step(f"failed: {problem}")
    progress.step(f"{edition.name}: {sum(outcome.fetched for outcome in outcomes)} input(s) fetched, {transport.bytes_received:,} bytes received, {len(problems)} failed")
    return 1 if problems else 0


def probe_open(edition: Edition, transport: Transport, only: str = "", tell: Callable[[str], None] = print) -> int:
    """Tell one line a source as it is known: reachable, changed, failed and why, or only to be had by hand."""
    found: list[Probed] = []
    for line in probe(read_registry(edition.root), transport, read_lock(edition.lock_path), only):
        tell(str(line))
        found.append(line)
    if only and not found:
        raise SnaError(f"There is no open source '{only}'; 'sna source list' shows them.")
    counts = {state: sum(line.state == state for line in found) for state in ("reachable", "changed", "failed", "by hand")}
    tell(", ".join(f"{count} {state}" for state, count in counts.items()))
    return 1 if counts["failed"] else 0


def update_open(
    edition: Edition,
    transport: Transport,
    today: date,
    *,
    only: str = "",
    neighbours: bool = False,
    agree: Callable[[str], bool],
    tell: Callable[[str], None] = print,
) -> int:
    """Bring what the publishers have now, show what a new lock would change, and write it when somebody agrees.

    Parameters
    ----------
    edition : Edition
        Whose lock it is.
    transport : Transport
        How publishers are asked.
    today : datetime.date
        The day that new entries record.
    only : str, optional
        One source's id.
    neighbours : bool
        Bring the months of the neighbouring forces too.
    agree : callable
        Asked one question before anything is changed.
    tell : callable
        Told each line.
    """
    registry, lock = read_registry(edition.root), read_lock(edition.lock_path)
    area = _area(edition)
    forces = {area.force_slug} | (_forces_locked(registry, lock) if neighbours else set())
    nations = {"Wales" if area.pfa24cd.startswith("W") else "England"}
    proposal = propose(
        registry, transport, lock, raw_root(edition), forces=forces, period_end=edition.period_end, nations=nations, today=today, only=only, tell=tell
    )
    return _decide(edition, proposal, agree, tell)


def _decide(edition: Edition, proposal: Proposal, agree: Callable[[str], bool], tell: Callable[[str], None]) -> int:
    for line in [*proposal.lines(), *(f"failed: {problem}" for problem in proposal.problems)]:
        tell(line)
    counts = f"{len(proposal.added)} added, {len(proposal.changed)} changed, {len(proposal.dropped)} taken out"
    if proposal.is_empty:
        tell("Nothing would change.")
    elif agree(f"Write a new lock for {edition.name} ({counts})?"):
        accept(proposal, edition.lock_path, raw_root(edition))
        tell(f"{edition.lock_path} is written: {counts}. Next: 'sna ingest', then 'sna snapshot' if the edition embeds its figures.")
    else:
        tell("Nothing was changed.")
    return 1 if proposal.problems else 0


def _area(edition: Edition) -> Area:
    from svd_lib.ingest.view import read_manifest

    return Area.from_dict(read_manifest(edition.view_path)["area"])


def _forces_locked(registry: Registry, lock: Lock) -> set[str]:
    described = [registry.source(entry.source).file_of(entry.name, entry.member).match(entry.name, entry.member) for entry in lock.inputs if entry.member]
    return {values["force_slug"] for values in described}


def source_lines(edition: Edition) -> list[str]:
    """Return one line an open source: id, evidence, what its fetcher has met, nations, title."""
    registry = read_registry(edition.root)
    width = max(len(source) for source in registry.sources)
    return [
        f"{source.id:{width}}  {source.evidence:10}  {('fetcher has met: ' + source.met) if source.met != 'nothing' else 'by hand':27}  {', '.join(source.nations):14}  {source.title}"
        for source in registry.sources.values()
    ]


def expected_lines(edition: Edition, source_id: str) -> list[str]:
    """Return where a source's files are to be had by hand, and which file is expected."""
    return _file_lines(read_registry(edition.root).source(source_id))


def _file_lines(source: Source) -> list[str]:
    lines = [f"{source.title}, {source.publisher}", f"Landing page: {source.landing_page or 'not known'}", "Expected, one of:"]
    return lines + [f"  {entry.pattern}  {entry.title}{' (the whole archive; its members are taken out)' if entry.member else ''}" for entry in source.files]


def add_source_file(edition: Edition, source_id: str, file: Path, today: date, name: str = "", tell: Callable[[str], None] = print) -> None:
    """Take a file that somebody downloaded into ``data/raw`` and the edition's lock, after its loader has accepted it.

    Parameters
    ----------
    edition : Edition
        Whose lock names it then.
    source_id : str
        The source it belongs to.
    file : pathlib.Path
        The file.
    today : datetime.date
        The day to record.
    name : str, optional
        Its name in the registry, when the browser saved it under another.

    Raises
    ------
    SnaError
        When the registry expects no such file or its loader refuses it; nothing has changed then.
    """
    source = read_registry(edition.root).source(source_id)
    for line in _file_lines(source):
        tell(line)
    if not file.is_file():
        raise SnaError(f"{file} is not a file; give the one you downloaded.")
    described = _described(source, name or file.name)
    if described.member:
        _add_members(edition, source, file, name or file.name, today, tell)
        return
    with file.open("rb") as stream:
        size, sha256 = measure(stream)
    values = described.match_name(name or file.name) or {}
    entry = LockedInput(source_id, name or file.name, None, size, sha256, today.isoformat(), expand(described.publisher_version, values))
    _take_in(edition, described, entry, file)
    tell(f"{entry.shown} is in data/raw and in the lock of {edition.name}.")


def _described(source: Source, name: str) -> SourceFile:
    found = next((entry for entry in source.files if entry.match_name(name) is not None), None)
    if found is None:
        raise SnaError(f"Source '{source.id}' expects no file '{name}'; if it is one of those listed above, say which with --as NAME.")
    return found


def _take_in(edition: Edition, described: SourceFile, entry: LockedInput, file: Path) -> None:
    """Put the file in its place, let its loader read it, and write the lock; put everything back if it is refused."""
    target, lock = raw_root(edition) / entry.relative_path, read_lock(edition.lock_path)
    before = target.read_bytes() if target.is_file() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, file.read_bytes())
    try:
        others = [held for held in lock.inputs if held.relative_path != entry.relative_path]
        new = lock_of([*others, entry], "The new lock")
        _read(edition, described, entry, target, new)
        write_lock(new, edition.lock_path)
    except BaseException:
        target.unlink() if before is None else write_atomically(target, before)
        raise


def _read(edition: Edition, described: SourceFile, entry: LockedInput, path: Path, lock: Lock) -> None:
    """Let the file's own loader read it under its contract, where all that the loader needs is there."""
    from svd_lib.ingest import contracts
    from svd_lib.ingest.open_tables import read_open_table
    from svd_lib.ingest.tidy import RawFiles, make_tables
    from svd_lib.sources.lock import check_input

    if described.read:
        contracts.validate(described.read["table"], read_open_table(path, entry.source, described.read), entry.name)
        return
    tables = [table for table in described.tables if table in contracts.CONTRACTS]
    if tables and not any(check_input(held, raw_root(edition)) for held in lock.inputs):
        make_tables(RawFiles(lock.inputs, raw_root(edition)), tables)
    elif all(held.sha256 != entry.sha256 for held in read_lock(edition.lock_path).inputs):
        raise SnaError(f"{entry.shown} is not the file that was locked, and its loader can check a new one only when every other input is there; run 'sna fetch' first.")


def _add_members(edition: Edition, source: Source, file: Path, name: str, today: date, tell: Callable[[str], None]) -> None:
    """Take the members of an archive that the edition's forces need; those of other forces stay in it."""
    lock = read_lock(edition.lock_path)
    forces = {_area(edition).force_slug} | _forces_locked(read_registry(edition.root), lock)
    try:
        with zipfile.ZipFile(file) as zipped:
            entries = [_member(edition, source, name, zipped, member, today) for member in zipped.namelist() if _is_wanted(edition, source, name, member, forces)]
    except (zipfile.BadZipFile, OSError):
        raise SnaError(f"{file} is not a whole zip archive; download it again.") from None
    if not entries:
        raise SnaError(f"{file} holds no month of {', '.join(sorted(forces))} up to {edition.period_end:%Y-%m}; it is another archive.")
    newer = {entry.member: entry for entry in entries}
    kept = [held for held in lock.inputs if held.member not in newer]
    write_lock(lock_of([*kept, *entries], "The new lock"), edition.lock_path)
    tell(f"{len(entries)} member(s) of {source.id}/{name} are in data/raw and in the lock of {edition.name}.")


def _is_wanted(edition: Edition, source: Source, name: str, member: str, forces: set[str]) -> bool:
    values = next((found for entry in source.files if (found := entry.match(name, member))), None)
    return values is not None and values["force_slug"] in forces and values["month"] <= f"{edition.period_end:%Y-%m}"


def _member(edition: Edition, source: Source, name: str, zipped: zipfile.ZipFile, member: str, today: date) -> LockedInput:
    entry = LockedInput(source.id, name, member, 0, "0" * 64, today.isoformat(), expand(source.file_of(name, member).publisher_version, {"archive_month": name.removesuffix(".zip")}))
    target = raw_root(edition) / entry.relative_path
    write_atomically(target, zipped.read(member))
    with target.open("rb") as stream:
        size, sha256 = measure(stream)
    return replace(entry, bytes=size, sha256=sha256)


