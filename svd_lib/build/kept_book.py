"""The book between builds: what Sphinx has read of pages that did not change, and the pages it wrote, are used again.

They are used only while everything that any page could depend on is the same: packages, our code, configuration,
templates, reference data, the edition. Then a page that changed is read again; and if what pages share has changed
(titles, headings, labels: :mod:`svd_lib.build.addresses` looks) or any chapter's results have, all are written again.
Pages are kept as Sphinx wrote them; what is done to a finished site is done every time, to all. A directive that looks
at results while its page is read must call Sphinx's ``env.note_reread()``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from svd_lib.build import provenance
from svd_lib.build.plan import CACHE, FILE, RESULTS, Planner

BOOK, PAGES = "book", "pages"
DOCTREES = Path("_build") / ".doctrees"
_OF_ONE_PAGE = re.compile(rf"prose of |{RESULTS}|{FILE}book/[\w-]+\.md$|{FILE}.*/commentary/[\w-]+\.md$")


class KeptBook:
    """An edition's folder that Jupyter Book works in, ``_build/<edition>/cache/site``.

    Parameters
    ----------
    planner : Planner
        Knows what the site is made from.
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.folder = planner.edition.build_path / CACHE / "site"
        self._facts = planner.site_facts()

    @property
    def _record(self) -> Path:
        return self.folder / "record.json"

    def ready(self) -> Path:
        """Return the folder of kept pages, without those that may not stand in for what would be written now.

        What has been read is thrown away too when something changed that more than one page depends on.
        """
        known = _read(self._record)
        self._record.unlink(missing_ok=True)
        if known is None or _shared(known["facts"]) != _shared(self._facts):
            shutil.rmtree(self.folder, ignore_errors=True)
        elif _results(known["facts"]) != _results(self._facts):
            shutil.rmtree(self.folder / PAGES, ignore_errors=True)
        return self.folder / PAGES

    def take(self, book: Path) -> Path:
        """Make the kept book equal to a freshly assembled one, file by file, and return its folder."""
        kept = self.folder / BOOK
        fresh = {path.relative_to(book) for path in book.rglob("*") if path.is_file()}
        for path in [path for path in kept.rglob("*") if path.is_file() and path.relative_to(kept) not in fresh]:
            path.unlink()
        for name in sorted(fresh):
            if not _is_same(book / name, kept / name):
                self._forget(name)
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(book / name, kept / name)
        return kept

    def note(self) -> None:
        """Remember what the pages were made from."""
        self._record.write_text(json.dumps({"facts": self._facts}), encoding="utf-8")

    def _forget(self, name: Path) -> None:
        """Have Sphinx read a page again, whatever the clock says."""
        (self.folder / DOCTREES / name.with_suffix(".doctree")).unlink(missing_ok=True)


def _shared(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in facts.items() if not _OF_ONE_PAGE.match(name)}


def _results(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in facts.items() if name.startswith(RESULTS)}


def _is_same(one: Path, other: Path) -> bool:
    return other.is_file() and provenance.file_digest(one) == provenance.file_digest(other)


def _read(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
