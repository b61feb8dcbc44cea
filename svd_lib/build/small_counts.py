"""Whether an edition's open tables hold a count that its source's rule hides; its view says so, and nothing heavy is imported."""

from __future__ import annotations

import json

from svd_lib.edition import Edition


def may_hold_small_counts(edition: Edition) -> bool:
    """Tell whether a view holds small counts of a source that is not shown as published; one that does not say may."""
    path = edition.view_path / "view.json"
    return bool(json.loads(path.read_text(encoding="utf-8")).get("has_small_counts", True)) if path.is_file() else False
