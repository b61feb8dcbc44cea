"""The directory of a zip archive that lies on a server, and its members, without the rest of the archive.

An archive's directory stands at its end: its last bytes say where. Members wanted that lie side by side come in one range.
Archives beyond 4 GiB or 65,535 members (Zip64) are read too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from svd_lib.errors import SnaError

ReadRange = Callable[[int, int], bytes]
"""Returns the bytes from first to last, both included."""

_END, _END64, _LOCATOR64, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_TAIL_BYTES = 22 + 20 + 56 + 200
_LONGEST_TAIL_BYTES = 22 + 65535 + 20 + 56
_GAP_BYTES = 1 << 13
_RUN_BYTES = 8 << 20
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """One member: its name, where its header begins, where the next thing begins, method, CRC-32 and sizes in bytes."""

    name: str
    begin: int
    end: int
    method: int
    crc: int
    packed: int
    bytes: int


def read_directory(read: ReadRange, size: int, where: str) -> dict[str, Entry]:
    """Return the members of an archive by name.

    Parameters
    ----------
    read : callable
        Reads a range of the archive.
    size : int
        Size of the archive in bytes.
    where : str
        Its address, for messages.

    Raises
    ------
    SnaError
        When there is no zip directory at the end.
    """
    tail_from, tail = _tail(read, size, where)
    count, length, offset = _place(read, tail_from, tail, where)
    directory = tail[offset - tail_from :][:length] if offset >= tail_from else read(offset, offset + length - 1)
    entries = sorted(_entries(directory, count, where), key=lambda entry: entry[1])
    ends = [entry[1] for entry in entries[1:]] + [offset]
    return {name: Entry(name, begin, end, *rest) for (name, begin, *rest), end in zip(entries, ends)}


def members(read: ReadRange, entries: Iterable[Entry], where: str) -> Iterator[tuple[Entry, bytes]]:
    """Yield each member with its unpacked bytes, checked against its CRC-32; neighbours come in one range.

    Raises
    ------
    SnaError
        When a member is damaged, or packed by a method other than stored or deflated.
    """
    for run in runs(entries):
        content = read(run[0].begin, run[-1].end - 1)
        for entry in run:
            yield entry, _unpack(content[entry.begin - run[0].begin : entry.end - run[0].begin], entry, where)


def runs(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Return the members in the order they lie, grouped so that those near each other are read at once."""
    grouped: list[list[Entry]] = []
    for entry in sorted(entries, key=lambda entry: entry.begin):
        near = grouped and entry.begin - grouped[-1][-1].end <= _GAP_BYTES and entry.end - grouped[-1][0].begin <= _RUN_BYTES
        if near:
            grouped[-1].append(entry)
        else:
            grouped.append([entry])
    return grouped


def _tail(read: ReadRange, size: int, where: str) -> tuple[int, bytes]:
    """Return where the end of the archive begins and its bytes: a little first, more when a long comment hides the mark."""
    for wanted in (_TAIL_BYTES, _LONGEST_TAIL_BYTES):
        begin = max(0, size - wanted)
        tail = read(begin, size - 1) if size else b""
        if _END in tail:
            return begin, tail
    raise SnaError(f"{where} is not a whole zip archive: it has no directory at its end.")


def _place(read: ReadRange, tail_from: int, tail: bytes, where: str) -> tuple[int, int, int]:
    """Return the number of members, and the length and place of the directory."""
    mark = tail.rfind(_END)
    count, length, offset = struct.unpack_from("<HII", tail, mark + 10)
    if count != _FULL16 and _FULL32 not in (length, offset):
        return count, length, offset
    locator = tail.rfind(_LOCATOR64, 0, mark)
    if locator < 0:
        raise SnaError(f"{where} says it is a large archive and does not say where its directory is; it is damaged.")
    (at,) = struct.unpack_from("<Q", tail, locator + 8)
    record = tail[at - tail_from :][:56] if at >= tail_from else read(at, at + 55)
    if record[:4] != _END64:
        raise SnaError(f"{where}: the record of its directory is damaged.")
    return struct.unpack_from("<QQQ", record, 32)


def _entries(directory: bytes, count: int, where: str) -> Iterator[tuple[str, int, int, int, int, int]]:
    """Yield name, begin, method, crc, packed size and size of each member."""
    at = 0
    for _ in range(count):
        if directory[at : at + 4] != _ENTRY:
            raise SnaError(f"{where}: the directory of the archive is damaged or cut off.")
        flags, method, _, _, crc, packed, size, names, extras, notes = struct.unpack_from("<HHHHIIIHHH", directory, at + 8)
        (begin,) = struct.unpack_from("<I", directory, at + 42)
        name = directory[at + 46 : at + 46 + names].decode("utf-8" if flags & 0x800 else "cp437")
        extra = directory[at + 46 + names : at + 46 + names + extras]
        size, packed, begin = _large(extra, [size, packed, begin])
        if not name.endswith("/"):
            yield name, begin, method, crc, packed, size
        at += 46 + names + extras + notes


def _large(extra: bytes, fields: list[int]) -> list[int]:
    """Return size, packed size and begin with those that do not fit 32 bits taken from the Zip64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            return [next(values) if field == _FULL32 else field for field in fields]
        at += 4 + length
    return fields


def _unpack(content: bytes, entry: Entry, where: str) -> bytes:
    if content[:4] != _LOCAL or entry.method not in (0, 8):
        raise SnaError(f"{where}: member {entry.name} is damaged or packed in a way that is not read here.")
    names, extras = struct.unpack_from("<HH", content, 26)
    packed = content[30 + names + extras :][: entry.packed]
    try:
        plain = packed if entry.method == 0 else zlib.decompress(packed, -15)
    except zlib.error:
        plain = b""
    if len(plain) != entry.bytes or zlib.crc32(plain) != entry.crc:
        raise SnaError(f"{where}: member {entry.name} is damaged; run the command again.")
    return plain
