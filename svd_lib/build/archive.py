"""Zip files that are the same, byte for byte, whenever and wherever they are written."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path


def write_archive(
    path: Path, parts: Mapping[str, str | bytes], made: date, compression: int = zipfile.ZIP_DEFLATED, first: tuple[str, str] | None = None
) -> None:
    """Write a zip file.

    Parameters
    ----------
    path : pathlib.Path
        Where to.
    parts : mapping of name to content
        In the order they are written.
    made : datetime.date
        The date of every member; never the clock's.
    compression : int
        As :mod:`zipfile` names it.
    first : tuple of name and content, optional
        A member that comes before all others and is not compressed.
    """
    with zipfile.ZipFile(path, "w") as archive:
        if first is not None:
            archive.writestr(_member(first[0], made), first[1], zipfile.ZIP_STORED)
        for name, content in parts.items():
            archive.writestr(_member(name, made), content, compression, 6)


def _member(name: str, made: date) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (made.year, made.month, made.day, 0, 0, 0))
    member.external_attr = 0o644 << 16
    member.create_system = 3
    return member
