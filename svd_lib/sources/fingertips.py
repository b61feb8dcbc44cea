"""Public health indicators from OHID Fingertips, as CSV.

Documented: ``all_data/csv/by_indicator_id`` with the indicators and the area types; the first column is ``Indicator ID``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Transport

PARAMETERS = ("indicators", "area_type", "parent_type")
BASE = "https://fingertips.phe.org.uk/api"
_FIRST_COLUMN = b"Indicator ID"


def bring(transport: Transport, how: Mapping[str, Any], part: Path) -> str:
    """Bring an indicator's rows for one type of area to ``part``; return which indicators they are."""
    transport.download(f"{BASE}/all_data/csv/by_indicator_id", part, _query(how))
    with part.open("rb") as stream:
        first = stream.readline()
        has_rows = bool(stream.readline())
    if not first.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(_FIRST_COLUMN) or not has_rows:
        part.unlink()
        raise SnaError(f"Fingertips answered indicator {how['indicators']} without rows; has it been replaced, or its area type closed?")
    return f"indicator {how['indicators']}"


def probe(transport: Transport, how: Mapping[str, Any]) -> str:
    """Return one line on the indicator's own description."""
    known = transport.json(f"{BASE}/indicator_metadata/by_indicator_id", {"indicator_ids": str(how["indicators"])})
    titles = [entry.get("Descriptive", {}).get("Name", key) for key, entry in known.items()]
    if not titles:
        raise SnaError(f"Fingertips knows no indicator {how['indicators']}; look for its successor on the landing page.")
    return "; ".join(titles)


def _query(how: Mapping[str, Any]) -> dict[str, str | int]:
    return {"indicator_ids": str(how["indicators"]), "child_area_type_id": how["area_type"], "parent_area_type_id": how["parent_type"]}
