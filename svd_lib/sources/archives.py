"""Opening archives and their members, with one sentence for one that is cut off, damaged or another version."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from svd_lib.errors import SnaError
from svd_lib.sources.mirror import Fetcher


@contextmanager
def opened_archive(mirror: Fetcher, source: str, name: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive of a mirror.

    Raises
    ------
    SnaError
        If it is not a whole zip archive.
    """
    with mirror.open_archive(source, name) as stream:
        try:
            zipped = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, EOFError, OSError):
            raise SnaError(
                f"{source}/{name} in {mirror.address} is not a whole zip archive (cut off or damaged); copy it there again."
            ) from None
        with zipped:
            yield zipped


@contextmanager
def opened_member(zipped: zipfile.ZipFile, source: str, name: str, member: str) -> Iterator[BinaryIO]:
    """Open a member of an archive; damage found while it is read is reported too.

    Raises
    ------
    SnaError
        If the archive has no such member, or its bytes are damaged.
    """
    try:
        with zipped.open(member) as stream:
            yield stream
    except KeyError:
        raise SnaError(f"{source}/{name} holds no member {member}; it is another version of the archive than the lock names.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise SnaError(f"{source}/{name}: member {member} is cut off or damaged; copy the archive again.") from None
