"""The built site of the default edition, built first where it is absent or older than the code it is made by."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from svd_lib.build.inputs import prepare_view
from svd_lib.build.provenance import provenance_of
from svd_lib.build.run import build_edition
from svd_lib.edition import Edition, open_edition

EDITION = "suffolk-2025"


@dataclass
class Site:
    """A built site: its folder, its edition, and its pages parsed once."""

    folder: Path
    edition: Edition
    pages: dict[str, BeautifulSoup] = field(default_factory=dict)


@pytest.fixture(scope="session")
def site(root: Path) -> Site:
    """Return the site, up to date."""
    edition = open_edition(EDITION, str(root))
    if not _is_current(edition):
        prepare_view(edition, None)
        build_edition(edition)
    folder = edition.build_path / "html"
    pages = {path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "lxml") for path in sorted(folder.glob("*.html"))}
    return Site(folder, edition, pages)


def _is_current(edition: Edition) -> bool:
    made, digest = (edition.build_path / name for name in ("provenance.json", "digest.json"))
    if not (made.is_file() and digest.is_file()):
        return False
    known = json.loads(made.read_text(encoding="utf-8"))
    return known == provenance_of(edition)
