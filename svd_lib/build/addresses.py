"""Short, stable addresses: every page of the site lies at its root, wherever its source lies in the project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.search import js_index

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class FlatHTMLBuilder(StandaloneHTMLBuilder):
    """Sphinx's HTML builder with ``notebooks/trends`` at ``trends.html`` and the root document at ``index.html``."""

    name = "html"

    def flat_name(self, document: str) -> str:
        """Return a page's name at the site's root."""
        return "index" if document == self.config.root_doc else document.rsplit("/", 1)[-1]

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the page's address, relative to the site's root."""
        return quote(self.flat_name(docname)) + self.link_suffix

    def get_outfilename(self, pagename: str) -> str:
        """Return the file the page is written to."""
        return str(self.outdir / f"{self.flat_name(pagename)}{self.out_suffix}")

    def prepare_writing(self, docnames: set[str]) -> None:
        """Let the search index be written with the short names."""
        names = {document: self.flat_name(document) for document in self.env.all_docs}
        self.indexer_format = _FlatIndex(names)
        super().prepare_writing(docnames)


class _FlatIndex:
    """Sphinx's format of the search index, with documents under their short names."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._documents = {short: document for document, short in names.items()}

    def dump(self, index: dict[str, Any], stream: IO[str]) -> None:
        """Write an index that names documents as Sphinx does."""
        short = _renamed(index["docnames"], self._names)
        js_index.dump({**index, "docnames": short, "filenames": [f"{name}.html" for name in short]}, stream)

    def load(self, stream: IO[str]) -> dict[str, Any]:
        """Read an index back under Sphinx's names."""
        index = js_index.load(stream)
        return {**index, "docnames": _renamed(index["docnames"], self._documents)}


def _renamed(names: Iterable[str], into: dict[str, str]) -> list[str]:
    return [into.get(name, name) for name in names]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder in place of Sphinx's own."""
    app.add_builder(FlatHTMLBuilder, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
