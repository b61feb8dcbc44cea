"""What archive members measured when they were last read, so that a lock for the next area need not read them again.

A member is known by its archive's name and by name, size and checksum in the archive's directory. Nothing rests on it alone:
fetching compares the bytes themselves with the lock.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from svd_lib.sources.lock import write_atomically


class Measured:
    """Sizes and hashes of members, kept in a file, or nowhere when there is no path."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, list] = _read(path)
        self._is_new = False

    def of(self, archive: str, info: zipfile.ZipInfo, measure: Callable[[], tuple[int, str]]) -> tuple[int, str]:
        """Return size in bytes and SHA-256 of a member, measuring it when it is not known."""
        key = f"{archive}|{info.filename}|{info.file_size}|{info.CRC:08x}"
        if key not in self._known:
            self._known[key] = list(measure())
            self._is_new = True
        size, sha256 = self._known[key]
        return size, sha256

    def keep(self) -> None:
        """Write what was measured, whole or not at all."""
        if self._path and self._is_new:
            write_atomically(self._path, json.dumps(self._known, indent=0, sort_keys=True).encode())


def _read(path: Path | None) -> dict[str, list]:
    """Return what is kept; nothing when the file is absent or damaged: then members are measured again."""
    if path is None or not path.is_file():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    fits = isinstance(known, dict) and all(isinstance(pair, list) and len(pair) == 2 for pair in known.values())
    return known if fits else {}
