"""A folder of made-up publisher files that stands in for the raw files in unit tests."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd


class RawFolder:
    """Files below one folder, laid out ``<source>/<name>``, with the one method that ingest modules use."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the files of a source that match a pattern, sorted."""
        return sorted(path for path in (self.root / source).glob(pattern) if path.is_file())

    def add(self, source: str, name: str, text: str) -> Path:
        """Write a file (gzip when its name says so) and return its path."""
        path = self.root / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text.encode("utf-8")
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    def add_squares(self, name: str, squares: dict[str, tuple[float, float]], size: float = 0.01) -> Path:
        """Write square LSOA boundaries, by code and lower left corner in degrees."""
        features = [
            {
                "type": "Feature",
                "properties": {"LSOA21CD": code, "LSOA21NM": f"Town {code[-3:]}A"},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [_ring(x, y, size)],
                },
            }
            for code, (x, y) in squares.items()
        ]
        return self.add("ons_boundaries", f"lsoa/{name}.geojson.gz", json.dumps({"type": "FeatureCollection", "features": features}))


def _ring(x: float, y: float, size: float) -> list[list[float]]:
    right, top = round(x + size, 6), round(y + size, 6)
    return [[x, y], [right, y], [right, top], [x, top], [x, y]]


def places_stub() -> pd.DataFrame:
    """Return the few columns of ``places`` that a gazetteer reads, for two made-up counties."""
    return pd.DataFrame(
        {
            "pfa24cd": ["E23000099", "E23000098"],
            "pfa_name": ["Downshire", "Devon & Cornwall"],
            "utla_code": ["E10000099", "E10000098"],
            "utla_name": ["Downshire", "Upshire"],
            "lad24cd": ["E07000901", "E07000902"],
            "lad24nm": ["Low Town", "High Town"],
        }
    )
