"""One file at a fixed address, or the file that a publisher's page links to."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Transport

PARAMETERS = ("address", "page", "link")
_LINK = re.compile(r"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring the file to ``part``; return its name at the publisher."""
    address = find(transport, how)
    transport.download(address, part)
    with part.open("rb") as stream:
        begins = stream.read(512).lstrip().lower()
    if begins.startswith((b"<!doctype html", b"<html")):
        part.unlink()
        raise SnaError(f"{address} answered a web page where a file was expected; download it in a browser and take it in with 'sna source add'.")
    return address.rstrip("/").rsplit("/", 1)[-1]


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on the file that would be brought."""
    return find(transport, how).rstrip("/").rsplit("/", 1)[-1]


def find(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return the file's address: the fixed one, or the first link of the page that fits, the newest standing first.

    Raises
    ------
    SnaError
        When no link of the page fits.
    """
    if "address" in how:
        return how["address"]
    text = transport.content(how["page"]).decode("utf-8", "replace")
    for link in _LINK.findall(text):
        if re.search(how["link"], html.unescape(link), re.IGNORECASE):
            return urljoin(how["page"], html.unescape(link))
    raise SnaError(f"{how['page']} links to no file like '{how['link']}'; look there for its new name and correct data/sources.yml.")
