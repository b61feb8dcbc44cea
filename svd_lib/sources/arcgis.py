"""Boundaries and lookups of the Open Geography Portal: ArcGIS feature services, asked page by page.

Documented: ``query`` with ``resultOffset`` and ``resultRecordCount``; a page that is not the last says
``exceededTransferLimit``. An error comes with status 200 and the word ``error``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svd_lib.errors import SnaError
from svd_lib.sources.paging import Pages
from svd_lib.sources.transport import Transport

PARAMETERS = ("service", "where", "fields", "order", "form", "page_size")
PAGE_SIZE = 1000


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring every feature of a layer to ``part``, as GeoJSON or (``form: csv``) as a table; return the publisher's version."""
    total = _count(transport, how)
    pages = Pages(part, {"service": how["service"], "where": how.get("where", "1=1"), "total": total})
    while pages.rows < total:
        features = _page(transport, how, pages.rows, total)
        pages.add(json.dumps(features, separators=(",", ":"), sort_keys=True).encode(), len(features))
    features = [feature for page in pages.contents() for feature in json.loads(page)]
    pages.finish(_table(features) if how.get("form") == "csv" else _collection(features))
    return str(how["service"]).rstrip("/").split("/")[-3]


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on what the layer holds."""
    return f"{_count(transport, how):,} features"


def _ask(transport: Transport, how: Mapping[str, Any], **params: str | int) -> dict:
    reply = transport.json(f"{str(how['service']).rstrip('/')}/query", {"where": how.get("where", "1=1"), **params})
    if "error" in reply:
        raise SnaError(f"{how['service']} refuses the question ({reply['error'].get('message', 'no reason given')}); has the layer moved or a field been renamed?")
    return reply


def _count(transport: Transport, how: Mapping[str, Any]) -> int:
    total = _ask(transport, how, returnCountOnly="true", f="json").get("count")
    if not isinstance(total, int) or total == 0:
        raise SnaError(f"{how['service']} holds no feature that is asked for; look for the layer's new address on the landing page.")
    return total


def _page(transport: Transport, how: Mapping[str, Any], offset: int, total: int) -> list[dict]:
    options = {"outFields": how.get("fields", "*"), "orderByFields": how.get("order", "FID"), "outSR": 4326, "geometryPrecision": 6}
    reply = _ask(transport, how, **options, resultOffset=offset, resultRecordCount=how.get("page_size", PAGE_SIZE), f="geojson")
    features = reply.get("features") or []
    more = reply.get("exceededTransferLimit") or reply.get("properties", {}).get("exceededTransferLimit")
    if not features or (offset + len(features) < total and not more) or offset + len(features) > total:
        raise SnaError(f"{how['service']} ended after {offset + len(features):,} of {total:,} features; run the command again.")
    return features


def _collection(features: list[dict]) -> bytes:
    return (json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"), sort_keys=True) + "\n").encode()


def _table(features: list[dict]) -> bytes:
    columns = list(dict.fromkeys(name for feature in features for name in feature["properties"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(feature["properties"] for feature in features)
    return text.getvalue().encode()
