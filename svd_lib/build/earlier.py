"""What the build before this one published: kept when a build moves a finding, so that a refresh or an upgrade can say what moved."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.lock import read_lock, write_atomically

NOW, BEFORE = "issue.json", "issue-before.json"
"""In the build folder: what this build published, and what the last one that differed did."""


def note_build(edition: Edition) -> None:
    """Remember what was just published, if anything was; where it differs from the build before, keep that one too."""
    if not (edition.build_path / "findings.json").is_file():
        return
    now, before = (edition.build_path / name for name in (NOW, BEFORE))
    content = json.dumps(_published(edition), sort_keys=True, ensure_ascii=False).encode()
    if now.is_file() and now.read_bytes() != content:
        now.replace(before)
    write_atomically(now, content)


def read_before(edition: Edition) -> dict:
    """Return what the last build that differed published: name, definition, places, inputs, findings and ranking.

    Raises
    ------
    SnaError
        When every build here has published the same.
    """
    path = edition.build_path / BEFORE
    if not path.is_file():
        raise SnaError(f"No earlier build of {edition.name} here differs from this one; to compare two editions, name both.")
    return json.loads(path.read_text(encoding="utf-8"))


def input_digests(edition: Edition) -> dict[str, str]:
    """Return source id -> digest of everything locked of it."""
    held: dict[str, list[str]] = defaultdict(list)
    for entry in read_lock(edition.lock_path).inputs:
        held[entry.source].append(f"{entry.name}|{entry.member or ''}|{entry.sha256}")
    return {source: hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest() for source, rows in held.items()}


def ranking_of(folder: Path) -> list[str]:
    """Return the titles of a build's recommendations in their order."""
    path = folder / "recommendations.json"
    if not path.is_file():
        return []
    return [str(one["title"]) for one in json.loads(path.read_text(encoding="utf-8"))["recommendations"]]


def _published(edition: Edition) -> dict:
    findings = json.loads((edition.build_path / "findings.json").read_text(encoding="utf-8"))["findings"]
    return {
        "name": edition.name,
        "definition": edition.definition,
        "places": sorted(edition.area.lsoa21cd),
        "inputs": input_digests(edition) if edition.lock_path.is_file() else {},
        "findings": findings,
        "ranking": ranking_of(edition.build_path),
    }
