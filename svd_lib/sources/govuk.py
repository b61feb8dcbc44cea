"""Files of a publication on GOV.UK, found through its page on the government content API.

Documented: ``/api/content/<path>`` answers the page with ``details.attachments`` (title, file name, address, content type);
a collection lists its publications under ``links.documents``; a page that has moved answers with its ``redirects``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Transport

PARAMETERS = ("page", "publication", "attachment")
SITE = "https://www.gov.uk"
_HOPS = 4


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring the newest attachment that fits to ``part``; return the day its page was last updated."""
    page, address = find(transport, how)
    transport.download(address, part)
    return str(page.get("public_updated_at") or "day not given")[:10]


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on the attachment that would be brought."""
    page, address = find(transport, how)
    return f"{_file_name(address)}, page updated {str(page.get('public_updated_at') or 'on a day not given')[:10]}"


def find(transport: Transport, how: Mapping[str, Any]) -> tuple[dict, str]:
    """Return the publication's page and the address of the attachment that fits.

    Raises
    ------
    SnaError
        When the page is gone, or none or several of its attachments fit; the sentence lists what there is.
    """
    page = _page(transport, how["page"])
    if "publication" in how:
        page = _page(transport, _newest(page, how))
    listed = list(_attachments(page))
    fitting = [address for name, title, address in listed if re.search(how["attachment"], name, re.IGNORECASE) or re.search(how["attachment"], title, re.IGNORECASE)]
    if len(set(fitting)) != 1:
        names = ", ".join(name for name, _, _ in listed[:8]) or "none"
        raise SnaError(f"{SITE}{how['page']} has {len(set(fitting))} attachments like '{how['attachment']}' where one is wanted (it has: {names}); correct data/sources.yml.")
    return page, fitting[0]


def _page(transport: Transport, path: str) -> dict:
    for _ in range(_HOPS):
        page = transport.json(f"{SITE}/api/content{path}")
        moved = [hop["destination"] for hop in page.get("redirects") or [] if hop.get("destination")]
        if page.get("schema_name") != "redirect" or not moved:
            break
        path = urlsplit(moved[0]).path
    if page.get("schema_name") in ("redirect", "gone") or page.get("withdrawn_notice"):
        raise SnaError(f"{SITE}{path} has been withdrawn or moved away; look for the publication and correct data/sources.yml.")
    return page


def _newest(page: dict, how: Mapping[str, Any]) -> str:
    listed = [item for item in page.get("links", {}).get("documents") or [] if re.search(how["publication"], item.get("title", ""), re.IGNORECASE)]
    if not listed:
        raise SnaError(f"{SITE}{how['page']} lists no publication like '{how['publication']}'; correct data/sources.yml.")
    return max(listed, key=lambda item: (str(item.get("public_updated_at") or ""), item["base_path"]))["base_path"]


def _attachments(page: dict) -> Iterator[tuple[str, str, str]]:
    """Yield file name, title and address of each attachment; of an older page those linked in its text."""
    details = page.get("details", {})
    for held in details.get("attachments") or []:
        if held.get("url") and held.get("attachment_type", "file") == "file":
            address = urljoin(SITE, held["url"])
            yield held.get("filename") or _file_name(address), held.get("title") or "", address
    if not details.get("attachments"):
        texts = [str(details.get("body") or ""), *(str(text) for text in details.get("documents") or [])]
        for link in dict.fromkeys(re.findall(r'href="([^"]+\.(?:ods|xlsx?|csv|zip))"', " ".join(texts), re.IGNORECASE)):
            yield _file_name(link), "", urljoin(SITE, link)


def _file_name(address: str) -> str:
    return unquote(urlsplit(address).path.rsplit("/", 1)[-1])
