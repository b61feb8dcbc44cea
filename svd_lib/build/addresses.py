"""Our HTML builder: every page lies at the site's root under a short, stable address, and pages that would come out the same are not written again."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sphinx.builders.html import StandaloneHTMLBuilder

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


class FlatHTMLBuilder(StandaloneHTMLBuilder):
    """Sphinx's HTML builder with ``notebooks/trends`` at ``trends.html`` and the root document at ``index.html``."""

    name = "html"
    search = False

    def flat_name(self, document: str) -> str:
        """Return a page's name at the site's root."""
        return "index" if document == self.config.root_doc else document.rsplit("/", 1)[-1]

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Return the page's address, relative to the site's root."""
        return quote(self.flat_name(docname)) + self.link_suffix

    def get_outdated_docs(self) -> Iterator[str]:
        """Yield the documents whose page, as Sphinx last wrote it, is not there, and those with images, which are copied by writing."""
        with_images = {document for documents, _ in self.env.images.values() for document in documents}
        for document in self.env.found_docs:
            if document in with_images or not self._as_written(document).is_file():
                yield document

    def write(self, build_docnames: Iterable[str] | None, updated_docnames: Sequence[str], method: str = "update") -> None:
        """Write the pages that may have changed, take the others as they were written, and keep all before they are finished."""
        super().write(build_docnames, updated_docnames, method)
        for document in sorted(self.env.found_docs):
            page, kept = Path(self.get_outfilename(document)), self._as_written(document)
            if not page.exists():
                shutil.copyfile(kept, page)
            elif self.config.sna_pages:
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(page, kept)

    def _as_written(self, document: str) -> Path:
        return Path(self.config.sna_pages or os.devnull) / Path(self.get_outfilename(document)).name

    def get_output_path(self, page_name: str, /) -> Path:
        """Return the file the page is written to; newer Sphinx asks by this name."""
        return Path(self.outdir) / f"{self.flat_name(page_name)}{self.out_suffix}"

    def get_outfilename(self, pagename: str) -> str:
        """Return the file the page is written to."""
        return str(self.get_output_path(pagename))

    def gen_additional_pages(self) -> None:
        """Write the search page; what it searches is indexed once the pages are finished (:mod:`svd_lib.build.searching`)."""
        super().gen_additional_pages()
        self.handle_page("search", {}, "search.html")


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
