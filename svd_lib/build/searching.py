"""The site's search: Pagefind's index of the finished pages, and only those of its files that our search page uses."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from svd_lib.errors import SnaError

FOLDER = "pagefind"
EXCLUDED = ".sna-hidden, .headerlink, .sna-downloads, .sna-source, svg, .sna-origin, .sna-explore, .sna-card-number, .sna-card-link, .sna-not-indexed"
UNUSED = ("pagefind-ui.*", "pagefind-modular-ui.*", "pagefind-component-ui.*", "pagefind-highlight.js", "wasm.unknown.pagefind")
_PLACEHOLDER = re.compile(r"(https:(?:\\?/){2})example(\\?\.)com")
"""Pagefind completes addresses with a host that it then takes off again; ours is one that cannot exist."""


def index_site(site: Path) -> int:
    """Write the search index of a folder of pages and return how many pages it holds.

    Raises
    ------
    SnaError
        When Pagefind is not installed or fails.
    """
    with indexing(site):
        pass
    return len(list((site / FOLDER / "fragment").iterdir()))


@contextlib.contextmanager
def indexing(site: Path) -> Iterator[None]:
    """Have the search index of a folder of finished pages written beside whatever else is done to the folder meanwhile.

    Raises
    ------
    SnaError
        When Pagefind is not installed or fails.
    """
    folder = site / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    command = [*_program(), "--site", str(site), "--output-path", str(folder), "--exclude-selectors", EXCLUDED, "--keep-index-url", "--silent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        yield
        said, complained = running.communicate()
    if running.returncode:
        raise SnaError(f"Pagefind could not index the pages: {(complained or said).strip().splitlines()[-1:]}.", exit_code=1)
    for pattern in UNUSED:
        for path in folder.glob(pattern):
            path.unlink()
    for path in folder.glob("*.js"):
        path.write_text(_PLACEHOLDER.sub(r"\1site\2invalid", path.read_text(encoding="utf-8")), encoding="utf-8")


def _program() -> list[str]:
    try:
        import pagefind_bin
    except ImportError:
        raise SnaError("Pagefind is missing; install what building needs with: make env") from None
    return [str(pagefind_bin.get_executable())]
