"""A zip archive as large as the national one that is served without being stored: only its directory and a few members exist.

Every other member is a stretch of bytes of the right length, made when somebody asks for it.
"""

from __future__ import annotations

import bisect
import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_FILLER = bytes(range(251)) * 400


@dataclass(frozen=True)
class Member:
    """A member: its name and its content, or the packed length of one that nobody is to read."""

    name: str
    content: bytes | None = None
    filler_bytes: int = 0


class VirtualArchive:
    """The archive as a sequence of stretches; :meth:`read` returns any range of it.

    Parameters
    ----------
    members : sequence of Member
        In the order they lie.
    note : bytes
        Comment at the archive's end.
    """

    def __init__(self, members: Sequence[Member], note: bytes = b"") -> None:
        self._starts: list[int] = []
        self._stretches: list[bytes | int] = []
        self.bytes = 0
        directory = b"".join(self._add_member(member) for member in members)
        self.directory_bytes = len(directory)
        self._add(self._end(directory, len(members), note))

    def read(self, first: int, last: int) -> bytes:
        """Return the bytes from first to last, both included."""
        out, at = io.BytesIO(), bisect.bisect_right(self._starts, first) - 1
        while first <= last:
            start, stretch = self._starts[at], self._stretches[at]
            length = stretch if isinstance(stretch, int) else len(stretch)
            upto = min(last, start + length - 1)
            out.write(_filler(first - start, upto - first + 1) if isinstance(stretch, int) else stretch[first - start : upto - start + 1])
            first, at = upto + 1, at + 1
        return out.getvalue()

    def _add(self, stretch: bytes | int) -> None:
        length = stretch if isinstance(stretch, int) else len(stretch)
        if length:
            self._starts.append(self.bytes)
            self._stretches.append(stretch)
            self.bytes += length

    def _add_member(self, member: Member) -> bytes:
        """Lay a member down and return its entry of the directory."""
        name, begin = member.name.encode(), self.bytes
        if member.content is None:
            packed, size, crc, method = member.filler_bytes, member.filler_bytes, 0, 0
        else:
            deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
            content = deflate.compress(member.content) + deflate.flush()
            packed, size, crc, method = len(content), len(member.content), zlib.crc32(member.content), 8
        self._add(struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0x800, method, 0, 0x21, crc, packed, size, len(name), 0) + name)
        self._add(packed if member.content is None else content)
        extra = struct.pack("<HHQ", 1, 8, begin) if begin >= _FULL32 else b""
        fixed = (b"PK\x01\x02", 45, 45, 0x800, method, 0, 0x21, crc, packed, size, len(name), len(extra), 0, 0, 0, 0, min(begin, _FULL32))
        return struct.pack("<4sHHHHHHIIIHHHHHII", *fixed) + name + extra

    def _end(self, directory: bytes, count: int, note: bytes) -> bytes:
        at, large = self.bytes, self.bytes >= _FULL32 or count >= _FULL16
        record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), at) if large else b""
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + len(directory), 1) if large else b""
        counts = (min(count, _FULL16), min(count, _FULL16), len(directory), min(at, _FULL32) if large else at)
        return directory + record + locator + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, *counts, len(note)) + note


def _filler(begin: int, length: int) -> bytes:
    shift = begin % len(_FILLER)
    repeats = (shift + length) // len(_FILLER) + 1
    return (_FILLER * repeats)[shift : shift + length]


class SeekableArchive(io.RawIOBase):
    """A virtual archive as a file, for a second opinion from Python's own zip reader."""

    def __init__(self, archive: VirtualArchive) -> None:
        super().__init__()
        self._archive, self._at = archive, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._archive.bytes}[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        wanted = min(len(buffer), self._archive.bytes - self._at)
        if wanted > 0:
            buffer[:wanted] = self._archive.read(self._at, self._at + wanted - 1)
            self._at += wanted
        return max(wanted, 0)
