"""Whether an edition's open tables can hold a count that its source's rule hides; a look that imports nothing heavy."""

from __future__ import annotations

from svd_lib.edition import Edition
from svd_lib.sources.registry import read_registry

OPEN_RULE = "as_published"
SMALL = 9
"""No rule hides a count above this."""


def may_hold_small_counts(edition: Edition) -> bool:
    """Tell whether the indicators of a source that is not shown as published hold a count of 1 to 9."""
    path = edition.view_path / "indicators.parquet"
    sources = sorted(one.id for one in read_registry(edition.root).sources.values() if one.disclosure_rule != OPEN_RULE)
    if not sources or not path.is_file():
        return False
    import pyarrow.parquet as pq

    filters = [("source", "in", sources), ("value", ">=", 1.0), ("value", "<=", float(SMALL))]
    return pq.read_table(path, columns=["value"], filters=filters).num_rows > 0
