"""The police's street-level archive and their API of forces and months.

The archive of a month is one zip of about 1.6 GB with 36 months of every force. Its directory is read by byte ranges and
only the members of the forces asked for are brought. Documented: ``/api/forces`` and ``/api/crimes-street-dates``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Transport
from svd_lib.sources.zip_directory import Entry, members, read_directory

SITE = "https://data.police.uk"


def forces(transport: Transport) -> dict[str, str]:
    """Return the forces that publish, by slug: their names."""
    return {entry["id"]: entry["name"] for entry in transport.json(f"{SITE}/api/forces")}


def months(transport: Transport) -> list[str]:
    """Return the months that the service holds, as ``2025-12``, oldest first."""
    listed = sorted(str(entry.get("date", "")) for entry in transport.json(f"{SITE}/api/crimes-street-dates"))
    if not listed:
        raise SnaError(f"{SITE}/api/crimes-street-dates lists no month; try again later.")
    return listed


class PoliceArchive:
    """One month's archive at the publisher.

    Parameters
    ----------
    transport : Transport
        How the publisher is asked.
    month : str
        The archive's month, ``2025-12``.
    """

    def __init__(self, transport: Transport, month: str) -> None:
        self.address = f"{SITE}/data/archive/{month}.zip"
        self.bytes, version = transport.size(self.address)
        self._read = partial(_read, transport, self.address, version)
        self.directory: dict[str, Entry] = read_directory(self._read, self.bytes, self.address)

    def bring(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each member with its bytes, in the order they lie in the archive.

        Raises
        ------
        SnaError
            When the archive holds no such member, or a member is damaged.
        """
        wanted = list(names)
        absent = sorted(set(wanted) - set(self.directory))
        if absent:
            raise SnaError(f"{self.address} holds no member {absent[0]}; the force may not have published that month.")
        for entry, content in members(self._read, [self.directory[name] for name in wanted], self.address):
            yield entry.name, content


def _read(transport: Transport, address: str, version: str, first: int, last: int) -> bytes:
    return transport.range(address, first, last, version)
