"""Fetching: bring every input of an edition's lock to ``data/raw``, each verified, or stop with one sentence."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.archives import opened_archive, opened_member
from svd_lib.sources.lock import Lock, LockedInput, check_input, read_lock
from svd_lib.sources.mirror import Fetcher, open_mirror

_CHUNK_BYTES = 1 << 20
Progress = Callable[[int, int, str], None]
"""Called with inputs done, inputs in all, and the name of the one at hand."""


@dataclass(frozen=True)
class FetchReport:
    """What a fetch did: inputs brought in, inputs that were there and verified, and bytes written."""

    fetched: int
    kept: int
    bytes_written: int

    def __str__(self) -> str:
        return f"{self.fetched} input(s) fetched ({self.bytes_written:,} bytes), {self.kept} already there and verified"


def fetch_edition(edition: Edition, mirror: str | Path, progress: Progress | None = None) -> FetchReport:
    """Bring every input of an edition's lock into ``data/raw``.

    Parameters
    ----------
    edition : Edition
        Its lock says what is needed.
    mirror : str or pathlib.Path
        A folder or an http(s) address with one folder per source.
    progress : callable, optional
        Called after each input with done, total and the input's name.

    Raises
    ------
    SnaError
        If a file is absent, cut off, or differs from the lock; nothing half-written is left.
    """
    lock = read_lock(edition.lock_path)
    return fetch_lock(lock, open_mirror(mirror), edition.root / "data" / "raw", progress)


def fetch_lock(lock: Lock, fetcher: Fetcher, raw_root: Path, progress: Progress | None = None) -> FetchReport:
    """Bring every input of a lock into a raw folder; see :func:`fetch_edition`."""
    wanting = [entry for entry in lock.inputs if check_input(entry, raw_root)]
    done, written = len(lock.inputs) - len(wanting), 0
    for entry in _placed(wanting, fetcher, raw_root):
        done, written = done + 1, written + entry.bytes
        if progress:
            progress(done, len(lock.inputs), entry.shown)
    return FetchReport(len(wanting), len(lock.inputs) - len(wanting), written)


def _placed(wanting: Iterable[LockedInput], fetcher: Fetcher, raw_root: Path) -> Iterator[LockedInput]:
    """Fetch the inputs file by file, so that an archive is opened once, and yield each when it is in place."""
    for (source, name), group in groupby(wanting, key=lambda entry: (entry.source, entry.name)):
        entries = list(group)
        whole = [entry for entry in entries if not entry.member]
        members = [entry for entry in entries if entry.member]
        for entry in whole:
            with fetcher.read(source, name) as stream:
                _place(entry, stream, fetcher, raw_root)
            yield entry
        if members:
            with opened_archive(fetcher, source, name) as zipped:
                for entry in members:
                    with opened_member(zipped, source, name, entry.member) as stream:
                        _place(entry, stream, fetcher, raw_root)
                    yield entry


def _place(entry: LockedInput, stream: BinaryIO, fetcher: Fetcher, raw_root: Path) -> None:
    """Write a stream to the input's place if, and only if, its bytes are the locked ones."""
    target = raw_root / entry.relative_path
    if not target.resolve().is_relative_to(raw_root.resolve()):
        raise SnaError(f"{entry.shown} would be written outside {raw_root}; take it out of the lock.")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as copy:
            size, sha256 = _copy(stream, copy, entry.bytes)
        _refuse_change(entry, size, sha256, fetcher)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _copy(stream: BinaryIO, copy: BinaryIO, expected_bytes: int) -> tuple[int, str]:
    """Copy a stream and return its size and hash; stop soon after the expected size is passed."""
    size, found = 0, hashlib.sha256()
    while size <= expected_bytes and (chunk := stream.read(_CHUNK_BYTES)):
        size += len(chunk)
        found.update(chunk)
        copy.write(chunk)
    return size, found.hexdigest()


def _refuse_change(entry: LockedInput, size: int, sha256: str, fetcher: Fetcher) -> None:
    if size == entry.bytes and sha256 == entry.sha256:
        return
    if size < entry.bytes:
        what = f"{size:,} bytes where the lock says {entry.bytes:,}"
    elif size > entry.bytes:
        what = f"more than the {entry.bytes:,} bytes the lock says"
    else:
        what = f"sha256 {sha256[:12]} where the lock says {entry.sha256[:12]}"
    raise SnaError(
        f"{entry.shown} in {fetcher.address} has changed: it has {what}; bring back the copy that was locked, "
        "or make a new edition whose lock names this one."
    )
