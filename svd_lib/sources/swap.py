"""Putting a finished file or folder in the place of another, so that nobody meets half of one."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path


def swap_in(new: Path, place: Path) -> None:
    """Put a file or folder in another's place, so that a reader never meets half of one, nor none.

    Notes
    -----
    Linux exchanges two names in one step. Elsewhere the old one is renamed first; whoever is stopped between the two renames
    finds it again with :func:`put_back`.
    """
    old = place.with_name(f".{place.name}.old")
    _remove(old)
    if place.exists() and _exchange(new, place):
        new.rename(old)
    else:
        if place.exists():
            place.rename(old)
        new.rename(place)
    _remove(old)


def put_back(folder: Path) -> None:
    """Give what a stopped swap left aside its name again, or remove it where the new one stands."""
    for old in list(folder.glob(".*.old")):
        place = folder / old.name.removeprefix(".").removesuffix(".old")
        if place.exists():
            _remove(old)
        else:
            old.rename(place)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step where the system can; say whether it did."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    return library.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


_HERE, _EXCHANGE = -100, 2
"""``AT_FDCWD`` and ``RENAME_EXCHANGE`` of Linux."""


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
