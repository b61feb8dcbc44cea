"""The lock of an edition: every input with its size and hash, so that the same lock means the same figures.

For an archive the unit is the member: a ranged fetch, a full download and a mirror verify against the same lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from svd_lib.errors import SnaError

SCHEMA = 1
_CHUNK_BYTES = 1 << 20
_FIELDS = {"source", "name", "member", "bytes", "sha256", "retrieved", "publisher_version"}
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
NOT_RECORDED = "not recorded"
_DAY = re.compile(rf"^(\d{{4}}-\d{{2}}-\d{{2}}|{NOT_RECORDED})$")


@dataclass(frozen=True)
class LockedInput:
    """One input: a file of a source, or one member of an archive.

    Parameters
    ----------
    source : str
        Source id of the registry.
    name : str
        Path under the source's folder.
    member : str or None
        Path inside the archive; none for a whole file.
    bytes : int
        Size of the file or of the unpacked member.
    sha256 : str
        Hash of the same bytes, hexadecimal.
    retrieved : str
        Day it was fetched, ``YYYY-MM-DD``, or ``not recorded``.
    publisher_version : str
        The publisher's edition.
    """

    source: str
    name: str
    member: str | None
    bytes: int
    sha256: str
    retrieved: str
    publisher_version: str

    @property
    def shown(self) -> str:
        """How messages name the input."""
        return f"{self.source}/{self.name}" + (f" member {self.member}" if self.member else "")

    @property
    def relative_path(self) -> PurePosixPath:
        """Where it lies under ``data/raw``."""
        if self.member:
            return PurePosixPath(self.source, f"{self.name}.d", self.member)
        return PurePosixPath(self.source, self.name)

    def to_dict(self) -> dict:
        """Return the fields as JSON values; without ``member`` for a whole file."""
        values = {"source": self.source, "name": self.name}
        if self.member:
            values["member"] = self.member
        return {
            **values,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "retrieved": self.retrieved,
            "publisher_version": self.publisher_version,
        }


@dataclass(frozen=True)
class Lock:
    """The inputs of an edition, sorted, each once."""

    inputs: tuple[LockedInput, ...]

    @property
    def digest(self) -> str:
        """Hash of the content alone: names, sizes and hashes, not when or from where it came."""
        rows = [[i.source, i.name, i.member or "", i.bytes, i.sha256] for i in self.inputs]
        return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()

    def of_source(self, source: str) -> tuple[LockedInput, ...]:
        """Return the inputs of one source."""
        return tuple(entry for entry in self.inputs if entry.source == source)


def lock_of(inputs: list[LockedInput], where: str = "The lock") -> Lock:
    """Return the lock of these inputs, sorted and checked.

    Raises
    ------
    SnaError
        If an input is named twice or leads out of its folder.
    """
    ordered = sorted(inputs, key=lambda entry: (entry.source, entry.name, entry.member or ""))
    for entry in ordered:
        _check_path(entry, where)
    for before, after in zip(ordered, ordered[1:]):
        if before.relative_path == after.relative_path:
            raise SnaError(f"{where} names {after.shown} twice; take one of them out.")
    return Lock(tuple(ordered))


def read_lock(path: Path) -> Lock:
    """Read and check a ``lock.json``.

    Raises
    ------
    SnaError
        Naming the file and the input that breaks a rule.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SnaError(f"{path} is not there; make the edition's lock first.") from None
    except json.JSONDecodeError as error:
        raise SnaError(f"{path}: line {error.lineno} is not JSON; restore the file.") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not isinstance(document.get("inputs"), list):
        raise SnaError(f"{path}: it must hold 'schema': {SCHEMA} and a list 'inputs'.")
    return lock_of([_input(values, f"{path}: input {row}") for row, values in enumerate(document["inputs"], 1)], str(path))


def write_lock(lock: Lock, path: Path) -> None:
    """Write a lock, one input a line, whole or not at all."""
    rows = ",\n".join("  " + json.dumps(entry.to_dict(), ensure_ascii=False) for entry in lock.inputs)
    write_atomically(path, f'{{"schema": {SCHEMA}, "inputs": [\n{rows}\n]}}\n'.encode())


def digest(lock: Lock) -> str:
    """Return the hash of a lock's content: names, sizes and hashes."""
    return lock.digest


def verify(lock: Lock, raw_root: Path) -> list[str]:
    """Return one sentence for every input that is absent from ``data/raw`` or differs from the lock.

    Parameters
    ----------
    lock : Lock
        What must be there.
    raw_root : pathlib.Path
        The folder ``data/raw``.
    """
    return [problem for entry in lock.inputs if (problem := check_input(entry, raw_root))]


def check_input(entry: LockedInput, raw_root: Path) -> str:
    """Return what is wrong with an input's file under ``data/raw``; empty when it is as locked."""
    path = raw_root / entry.relative_path
    if not path.is_file():
        return f"{entry.shown} is not in {raw_root}; run 'sna fetch'."
    size = path.stat().st_size
    if size != entry.bytes:
        return f"{path} has {size:,} bytes, the lock says {entry.bytes:,}; run 'sna fetch'."
    found = _hash_of(path)
    if found != entry.sha256:
        return f"{path} has the hash {found[:12]}, the lock says {entry.sha256[:12]}; run 'sna fetch'."
    return ""


_HASHES: dict[tuple, str] = {}
"""Hashes of files this process has read; a file that was touched since, even to the same size, is read again."""


def _hash_of(path: Path) -> str:
    state = path.stat()
    key = (str(path), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    if key not in _HASHES:
        with path.open("rb") as stream:
            _HASHES[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return _HASHES[key]


def measure(stream: BinaryIO) -> tuple[int, str]:
    """Return the size in bytes and the SHA-256 of what is left of a stream."""
    size, found = 0, hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        size += len(chunk)
        found.update(chunk)
    return size, found.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file by way of a temporary one beside it, on the disk before it takes its name, so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _input(values: Mapping, where: str) -> LockedInput:
    missing = sorted(_FIELDS - {"member"} - set(values))
    unknown = sorted(set(values) - _FIELDS)
    if missing or unknown:
        raise SnaError(f"{where}: the field '{(missing + unknown)[0]}' is {'absent' if missing else 'not known'}; mend the lock.")
    entry = LockedInput(member=values.get("member"), **{name: values[name] for name in _FIELDS - {"member"}})
    if not isinstance(entry.bytes, int) or entry.bytes < 0:
        raise SnaError(f"{where}: the field 'bytes' is {entry.bytes!r}; it must be a whole number.")
    if not _SHA256.match(str(entry.sha256)):
        raise SnaError(f"{where}: the field 'sha256' is {entry.sha256!r}; it must be 64 hexadecimal digits.")
    if not _DAY.match(str(entry.retrieved)):
        raise SnaError(f"{where}: the field 'retrieved' is {entry.retrieved!r}; it must be a day like 2026-11-22.")
    return entry


def _check_path(entry: LockedInput, where: str) -> None:
    for part in (entry.source, entry.name, entry.member):
        if part is None:
            continue
        pieces = str(part).split("/")
        if any(piece in ("", ".", "..") or piece.startswith(".") for piece in pieces) or re.search(r"[\\:\x00-\x1f]", part):
            raise SnaError(f"{where} names {entry.shown}, a path that could lead out of its folder; take it out.")
