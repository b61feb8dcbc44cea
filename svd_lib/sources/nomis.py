"""Census tables and population estimates from Nomis: CSV, a limited number of rows at a time.

Documented: ``dataset/<id>.data.csv`` answers a guest at most 25,000 rows; ``recordoffset`` goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svd_lib.errors import SnaError
from svd_lib.sources.paging import Pages
from svd_lib.sources.transport import Transport

PARAMETERS = ("dataset", "query", "page_size")
BASE = "https://www.nomisweb.co.uk/api/v01/dataset"
PAGE_SIZE = 25000


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring every row of a query to ``part`` as one CSV file; return the data set's id."""
    size = int(how.get("page_size", PAGE_SIZE))
    pages = Pages(part, {"dataset": how["dataset"], "query": how["query"], "page_size": size})
    is_last = False
    while not is_last:
        content = _page(transport, how, pages.rows, size)
        rows = content.count(b"\n") - 1
        is_last = rows < size
        if rows:
            pages.add(content, rows)
    held = pages.contents()
    if not held:
        raise SnaError(f"Nomis holds no row for {how['dataset']} as it is asked; correct the query in data/sources.yml.")
    _same_header(held, how)
    pages.finish(held[0] + b"".join(page.split(b"\n", 1)[1] for page in held[1:]))
    return str(how["dataset"])


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on what the query answers."""
    columns = _page(transport, how, 0, 1).split(b"\n", 1)[0].decode().count(",") + 1
    return f"{how['dataset']} answers, {columns} columns"


def _page(transport: Transport, how: Mapping[str, Any], offset: int, limit: int) -> bytes:
    options = {**how["query"], "recordoffset": offset, "recordlimit": limit}
    content = transport.content(f"{BASE}/{how['dataset']}.data.csv", options).replace(b"\r\n", b"\n")
    if content.lstrip()[:1] in (b"<", b"{") or b"," not in content.split(b"\n", 1)[0]:
        raise SnaError(f"Nomis answered {how['dataset']} with something that is not a table; has the data set been replaced?")
    return content if content.endswith(b"\n") else content + b"\n"


def _same_header(pages: list[bytes], how: Mapping[str, Any]) -> None:
    if len({page.split(b"\n", 1)[0] for page in pages}) > 1:
        raise SnaError(f"Nomis changed the columns of {how['dataset']} between two pages; run the command again.")
