"""Data sets of Explore Education Statistics, Department for Education: found by title, brought as CSV.

Documented: ``publications`` (search), ``publications/<id>/data-sets``, ``data-sets/<id>/csv``; both lists are paged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Transport

PARAMETERS = ("publication", "data_set")
BASE = "https://api.education.gov.uk/statistics/v1"
_PAGE_SIZE = 20


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring the data set that fits to ``part``; return its version."""
    found = find(transport, how)
    version = str(found.get("latestVersion", {}).get("version", ""))
    transport.download(f"{BASE}/data-sets/{found['id']}/csv", part, {"dataSetVersion": version} if version else None)
    return f"version {version or 'not given'}"


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on the data set that would be brought."""
    found = find(transport, how)
    return f"{found['title']}, version {found.get('latestVersion', {}).get('version', 'not given')}"


def find(transport: Transport, how: Mapping[str, Any]) -> dict:
    """Return the one data set whose title fits, of the one publication whose title fits.

    Raises
    ------
    SnaError
        When none or several fit; the sentence lists what there is.
    """
    publication = _one(_all(transport, f"{BASE}/publications", {"search": how["publication"]}), f"^{re.escape(how['publication'])}$", "publication")
    return _one(_all(transport, f"{BASE}/publications/{publication['id']}/data-sets", {}), how["data_set"], "data set")


def _all(transport: Transport, url: str, query: Mapping[str, str]) -> Iterator[dict]:
    page, last = 1, 1
    while page <= last:
        reply = transport.json(url, {**query, "page": page, "pageSize": _PAGE_SIZE})
        yield from reply.get("results") or []
        last = int(reply.get("paging", {}).get("totalPages", 1))
        page += 1


def _one(listed: Iterator[dict], wanted: str, noun: str) -> dict:
    held = list(listed)
    fitting = [item for item in held if re.search(wanted, item.get("title", ""), re.IGNORECASE)]
    if len(fitting) != 1:
        titles = ", ".join(item.get("title", "") for item in held[:8]) or "none"
        raise SnaError(f"Explore Education Statistics has {len(fitting)} {noun}s like '{wanted}' where one is wanted (it has: {titles}); correct data/sources.yml.")
    return fitting[0]
