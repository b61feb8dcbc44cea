"""The built site of the default edition, built first where it is absent or older than the code it is made by; a browser to open it in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from bs4 import BeautifulSoup

from svd_lib.build.browser import BROWSERS
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


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.fail("Chromium is missing; install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(site: Site) -> Iterator[str]:
    """The site on a plain web server of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site.folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
