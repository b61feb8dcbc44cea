"""Editions read for a comparison: what was published, and what it was made from."""

from __future__ import annotations

import json
from pathlib import Path

from svd_lib.build.earlier import input_digests, ranking_of, read_before
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.changes import Issue
from svd_lib.report.finding import write_json

KEPT = "published.json"
"""In an edition's folder: its findings and the order of its recommendations, as they were when it was published."""


def read_issue(edition: Edition, only_kept: bool = False) -> Issue:
    """Return an edition as published: from the build where there is one, else as its folder keeps it.

    Parameters
    ----------
    edition : Edition
    only_kept : bool, default False
        Pass over what happens to be built here, so that a page says the same on every machine.

    Raises
    ------
    SnaError
        When the edition was neither built nor kept.
    """
    content = (None if only_kept else _built(edition)) or _kept(edition)
    places = tuple(sorted(edition.area.lsoa21cd))
    return Issue(edition.name, edition.definition, places, input_digests(edition), content["findings"], tuple(content["ranking"]))


def read_earlier_build(edition: Edition) -> Issue:
    """Return what the last build of an edition that differed from this one published; raises as :func:`read_before`."""
    kept = read_before(edition)
    return Issue(kept["name"], kept["definition"], tuple(kept["places"]), kept["inputs"], kept["findings"], tuple(kept["ranking"]))


def _built(edition: Edition) -> dict | None:
    path = edition.out_path / "findings.json"
    read = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if read.get("edition") != edition.name:
        return None
    return {"findings": read["findings"], "ranking": ranking_of(edition.out_path)}


def _kept(edition: Edition) -> dict:
    path = edition.folder / KEPT
    if not path.is_file():
        raise SnaError(f"{edition.name} was not built here and its folder keeps no {KEPT}; run 'sna build --edition {edition.name}'.")
    return json.loads(path.read_text(encoding="utf-8"))


def keep_published(edition: Edition) -> Path:
    """Write what an edition publishes into its folder, so that the next edition can say what changed; return the file.

    Raises
    ------
    SnaError
        When the edition was not built.
    """
    content = _built(edition)
    if content is None:
        raise SnaError(f"{edition.name} was not built here; run 'sna build --edition {edition.name}' first.")
    write_json(edition.folder / KEPT, {"schema": 1, "edition": edition.name, **content})
    return edition.folder / KEPT
