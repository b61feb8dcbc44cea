"""National ingest: the publisher's whole archives, all forces and months, to tidy parts without unpacking a file.

Members are inflated in memory, one force at a time per thread, each once; nothing of an archive is written but counts.
An edition whose lock names the same members finds their parts made.
"""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from svd_lib.errors import SnaError
from svd_lib.ingest.month_files import MonthFile, month_file, newest_files
from svd_lib.ingest.street import forces_of, make_parts
from svd_lib.sources.lock import write_atomically

MEMBER_LIMIT_BYTES = 256 << 20
"""Ten times the largest month file there is."""
RATIO_LIMIT = 100
"""Real month files shrink to a fifth; a file that shrinks to less than a hundredth is no month file."""
MEMBERS_LIMIT = 100_000
_SMALL_BYTES = 1 << 20
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER = struct.Struct("<4s22xHH")
"""Of a member's local header: signature, length of its name, length of its extra field."""
_IS_UTF8 = 0x800
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, LookupError, OverflowError, struct.error)
"""What zipfile raises for archives that are cut off, damaged, encrypted or made for something else."""


@dataclass
class Archive:
    """A publisher's archive: its month files and where they lie in it."""

    path: Path
    members: dict[MonthFile, zipfile.ZipInfo] = field(default_factory=dict)

    @property
    def directory_digest(self) -> str:
        """Return a digest of the archive's directory: names, sizes and checksums of all month files."""
        rows = [[info.filename, info.file_size, info.compress_size, info.CRC, info.header_offset] for info in self.members.values()]
        return hashlib.sha256(json.dumps([self.path.name, rows]).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class NationalReport:
    """What a national ingest holds: the coverage tables of its forces, and what was read for it."""

    coverage: tuple[Path, ...]
    rejects: tuple[Path, ...]
    files_read: int
    forces_absent: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what is held, missing and refused, a sentence each."""
        held = pa.concat_tables([pq.read_table(path) for path in self.coverage])
        refused = pa.concat_tables([pq.read_table(path) for path in self.rejects]).group_by("reason").aggregate([("count", "sum")]).to_pylist()
        months, is_held = held["month"], pc.equal(held["status"], "present")
        rows, nowhere = (pc.sum(held[name]).as_py() for name in ("rows_total", "rows_no_location"))
        files, first, last = pc.sum(is_held).as_py(), pc.min(months).as_py(), pc.max(months).as_py()
        span = f"{files:,} month files of {len(self.coverage)} forces, {first:%Y-%m} to {last:%Y-%m}"
        lines = [f"{rows:,} rows in {span}; {self.files_read:,} files read now."]
        lines.append(f"{nowhere:,} rows have no location; {len(held) - files:,} month files are missing between the first and last month of their force.")
        lines += [f"{reason['count_sum']:,} rows were rejected: {reason['reason']}." for reason in refused]
        if self.forces_absent:
            lines.append(f"No file at all of {len(self.forces_absent)} force(s): {', '.join(self.forces_absent)}.")
        return lines


def ingest_archives(
    archives: Sequence[Path], tables: Mapping[str, pd.DataFrame], folder: Path, tell: Callable[[str], None] | None = None
) -> NationalReport:
    """Make the tidy parts of every force in some archives.

    Parameters
    ----------
    archives : sequence of pathlib.Path
        Monthly archives of data.police.uk; for a month in several the newest, by name, wins.
    tables : mapping of str to pandas.DataFrame
        ``places`` and ``place_changes`` of England and Wales.
    folder : pathlib.Path
        The folder ``data/tidy``.
    tell : callable, optional
        Told one line a force.

    Raises
    ------
    SnaError
        In one sentence, for an archive that is not the publisher's, or a month file that cannot be read; parts of forces
        that were whole by then stay.
    """
    held = [read_directory(path) for path in _each_once(archives)]
    chosen = newest_files([file for archive in held for file in archive.members])
    reader = _Reader(held, chosen, folder / "archives")
    by_force = forces_of(chosen)
    made = make_parts(by_force, reader.hashes, reader.read, tables, folder, _teller(tell, by_force))
    reader.remember()
    absent = sorted(set(tables["places"]["force_slug"]) - set(by_force))
    parts = list(made.values())
    return NationalReport(tuple(p["coverage"] for p in parts), tuple(p["rejects"] for p in parts), reader.count, tuple(absent))


def _teller(tell: Callable[[str], None] | None, by_force: Mapping[str, list[MonthFile]]) -> Callable[[str, bool], None] | None:
    if tell is None:
        return None
    done: list[str] = []

    def say(force: str, is_made: bool) -> None:
        done.append(force)
        tell(f"{force}: {len(by_force[force])} month files {'read' if is_made else 'known'} ({len(done)} of {len(by_force)} forces)")

    return say


def _each_once(archives: Sequence[Path]) -> list[Path]:
    names = [path.name for path in archives]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SnaError(f"Two archives are called {twice[0]}; the name tells which is newer: give each once, or rename one.")
    return sorted(archives, key=lambda path: path.name)


def read_directory(path: Path) -> Archive:
    """Read and check an archive's directory, before anything is unpacked.

    Raises
    ------
    SnaError
        When it is no whole zip archive, leads out of its folder, holds a member twice, or one too large, shrunk too far,
        encrypted or packed in an unknown way; or when it holds no month file.
    """
    if not path.is_file():
        raise SnaError(f"There is no archive {path}; give the path of a monthly archive of data.police.uk.")
    try:
        with zipfile.ZipFile(path) as zipped:
            infos = [info for info in zipped.infolist() if not info.is_dir()]
    except _DAMAGE:
        raise SnaError(f"{path.name} is not a whole zip archive (cut off or damaged); download it again.") from None
    if len(infos) > MEMBERS_LIMIT:
        raise SnaError(f"{path.name} holds {len(infos):,} files, more than any archive of the publisher; it is not one of them.")
    _check_names(path.name, infos)
    archive = Archive(path)
    for info in infos:
        file = month_file(path.name, info.filename)
        if file is not None:
            _check_member(path.name, info)
            archive.members[file] = info
    if not archive.members:
        inner = next((info.filename for info in infos if info.filename.lower().endswith(".zip")), "")
        hint = f"it holds another archive, {inner}: unpack that first" if inner else "it is another download"
        raise SnaError(f"{path.name} holds no file like 2025-01/2025-01-suffolk-street.csv; {hint}.")
    return archive


def _check_names(archive: str, infos: Sequence[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name:
            raise SnaError(f"{archive}: the member {name[:80]!r} leads out of the archive's folder; it is not the publisher's: download it again.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise SnaError(f"{archive}: the member {name[:80]!r} is a link; it is not the publisher's: download it again.")
        if name in seen:
            raise SnaError(f"{archive} holds {name[:80]!r} twice; download it again.")
        seen.add(name)


def _check_member(archive: str, info: zipfile.ZipInfo) -> None:
    what = f"{archive}/{info.filename}"
    if info.flag_bits & 1:
        raise SnaError(f"{what} is encrypted; the publisher's archives are not: download it again.")
    if info.compress_type not in _KINDS:
        raise SnaError(f"{what} is packed in a way that the publisher does not use; download the archive again.")
    if info.file_size > MEMBER_LIMIT_BYTES:
        raise SnaError(f"{what} would unpack to {info.file_size >> 20:,} MiB, more than {MEMBER_LIMIT_BYTES >> 20}; no month file is so large: download the archive again.")
    if info.file_size > _SMALL_BYTES and info.file_size > RATIO_LIMIT * max(info.compress_size, 1):
        raise SnaError(f"{what} would unpack to {info.file_size // max(info.compress_size, 1)} times its size; no month file does: download the archive again.")


def inflated(path: Path, info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a member, never more than its directory entry says; a third faster than zipfile's own way.

    Raises
    ------
    zipfile.BadZipFile, zlib.error
        When its size or checksum is not what the directory says.
    """
    with path.open("rb") as stream:
        stream.seek(info.header_offset)
        header = stream.read(_HEADER.size)
        signature, name_bytes, extra_bytes = _HEADER.unpack(header) if len(header) == _HEADER.size else (b"", 0, 0)
        name = stream.read(name_bytes)
        stream.seek(extra_bytes, 1)
        packed = stream.read(info.compress_size)
    if signature != b"PK\3\4" or name.decode("utf-8" if info.flag_bits & _IS_UTF8 else "cp437") != info.orig_filename:
        raise zipfile.BadZipFile("no member at its place")
    data = packed if info.compress_type == zipfile.ZIP_STORED else zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile("size or checksum differs")
    return data


class _Reader:
    """Reads month files out of their archives, each checked and hashed as it is inflated, and keeps the hashes."""

    def __init__(self, archives: Sequence[Archive], chosen: Sequence[MonthFile], memory: Path) -> None:
        self._archives = {archive.path.name: archive for archive in archives}
        self._infos = {(archive.path.name, info.filename): info for archive in archives for info in archive.members.values()}
        self._memory = memory
        self._lock = threading.Lock()
        self.hashes = self._known(chosen)
        self.count = 0

    def read(self, file: MonthFile) -> bytes:
        """Return the bytes of a month file; called from several threads."""
        try:
            data = inflated(self._archives[file.archive].path, self._infos[file.archive, file.member])
        except _DAMAGE:
            raise SnaError(f"{file.archive}/{file.member} is cut off or damaged; download the archive again.") from None
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            self.count += 1
            self.hashes[file] = digest
        return data

    def _known(self, chosen: Sequence[MonthFile]) -> dict[MonthFile, str]:
        """Return the hashes of month files that were read before, out of an archive of the same directory."""
        held = {name: self._remembered(archive) for name, archive in self._archives.items()}
        return {file: digest for file in chosen if (digest := held[file.archive].get(file.member))}

    def _remembered(self, archive: Archive) -> dict[str, str]:
        path = self._memory / f"{archive.directory_digest}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def remember(self) -> None:
        """Keep the hashes of what was read, by the directory of its archive."""
        for name, archive in self._archives.items():
            held = self._remembered(archive) | {file.member: digest for file, digest in self.hashes.items() if file.archive == name}
            content = json.dumps(dict(sorted(held.items())), indent=0).encode()
            write_atomically(self._memory / f"{archive.directory_digest}.json", content)
