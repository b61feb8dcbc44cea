"""Our HTML builder: every page lies at the site's root under a short, stable address, and pages that would come out the same are not written again."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.search import js_index

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


class FlatHTMLBuilder(StandaloneHTMLBuilder):
    """Sphinx's HTML builder with ``notebooks/trends`` at ``trends.html`` and the root document at ``index.html``."""

    name = "html"

    def flat_name(self, document: str) -> str:
        """Return a page's name at the site's root."""
        return "index" if document == self.config.root_doc else document.rsplit("/", 1)[-1]

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the page's address, relative to the site's root."""
        return quote(self.flat_name(docname)) + self.link_suffix

    def get_outdated_docs(self) -> Iterator[str]:
        """Yield the documents that have no page to stand in for them."""
        for document in self.env.found_docs:
            if self._stand_in(document) is None:
                yield document

    def write(self, build_docnames: Iterable[str] | None, updated_docnames: Sequence[str], method: str = "update") -> None:
        """Write the pages that may have changed and take the others as they were published."""
        super().write(build_docnames, updated_docnames, method)
        for document in sorted(self.env.found_docs):
            page = Path(self.get_outfilename(document))
            if not page.exists():
                shutil.copyfile(self._stand_in(document), page)

    def _stand_in(self, document: str) -> Path | None:
        """Return a document's published page, where all that it is made from but its source and what pages share is the same."""
        pages = Path(self.config.sna_pages or os.devnull)
        page = pages / Path(self.get_outfilename(document)).name
        return page if page.is_file() and not (pages / "_images").exists() else None

    def get_outfilename(self, pagename: str) -> str:
        """Return the file the page is written to."""
        return str(self.outdir / f"{self.flat_name(pagename)}{self.out_suffix}")

    def prepare_writing(self, docnames: set[str]) -> None:
        """Let the search index be written with the short names."""
        names = {document: self.flat_name(document) for document in self.env.all_docs}
        self.indexer_format = _FlatIndex(names)
        index = Path(self.config.sna_pages or os.devnull) / self.searchindex_filename
        if index.is_file() and set(self.env.found_docs) - docnames:
            shutil.copyfile(index, self.outdir / self.searchindex_filename)
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


def _write_all_when_shared_words_change(_: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return all documents if a title, heading, label or place in the contents is not what it was when last written."""
    digest = hashlib.sha256("\n".join(_shared_words(env)).encode()).hexdigest()
    is_new = digest != getattr(env, "sna_shared_words", None)
    env.sna_shared_words = digest
    return sorted(env.found_docs) if is_new else []


def _shared_words(env: BuildEnvironment) -> Iterator[str]:
    for named in (env.titles, env.longtitles, env.tocs):
        yield from (f"{document} {named[document].pformat()}" for document in sorted(named))
    told = {document: {name: value for name, value in metadata.items() if name != "wordcount"} for document, metadata in env.metadata.items()}
    for named in (env.toctree_includes, told, env.domaindata["std"]):
        yield from (f"{name} {_stable(named[name])}" for name in sorted(named))


def _stable(value: object) -> str:
    """Return a value as text, whatever the order in which its parts came."""
    return repr(sorted(value.items(), key=repr)) if isinstance(value, dict) else repr(sorted(value, key=repr) if isinstance(value, set) else value)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the builder in place of Sphinx's own."""
    app.add_builder(FlatHTMLBuilder, override=True)
    app.add_config_value("sna_pages", "", "")
    app.connect("env-updated", _write_all_when_shared_words_change)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
