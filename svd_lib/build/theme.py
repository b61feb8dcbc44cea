"""The report's look, as a Sphinx extension: our templates and styles on the book theme, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemBytecodeCache
from markupsafe import escape as markup

from svd_lib.build.cards import with_cards
from svd_lib.build.catalogue import notices_html, write_record
from svd_lib.build.chapters import in_running_order, read_chapter, read_chapters
from svd_lib.build.downloads import dataset_html, with_sizes, write_downloads
from svd_lib.build.explore import explore_html, with_finder, write_explorable
from svd_lib.build.origins import read_origins, with_origins
from svd_lib.build.policy import with_policy
from svd_lib.build.searching import indexing
from svd_lib.build.stylesheet import write_one_stylesheet
from svd_lib.edition import Edition, open_edition

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

SETTINGS: dict[str, Any] = {"sna_edition": "suffolk-2025", "sna_project": "", "sna_out": "", "comments_config": {}}
"""Ours, and one that Jupyter Book sets although the extension it belongs to is left out."""
HIDDEN_TAGS = {"parameters": "remove-cell", "injected-parameters": "remove-cell"}
FOOTER_PAGES = {
    "About the data": "book/about-the-data",
    "Data sources": "book/data-sources",
    "Methods": "book/methods",
    "Downloads": "book/downloads",
    "Accessibility": "book/accessibility",
}
OWN_ASSETS = ("report.css", "sna.js", "search.js", "explore.js", "icon.svg")
"""What the pages use of ``_static``; all else that the theme ships is left out."""
TEMPLATES = "templates"
"""Folder beside the kept pages for compiled templates."""
UNUSED_FILES = (".buildinfo",)
_SECTION_WITH_HEADING = re.compile(r'<section id="([^"]+)">\s*<h([1-6])>')


def edition_of(app: Sphinx) -> Edition:
    """Return the edition that a Sphinx build renders."""
    return open_edition(app.config.sna_edition, str(app.config.sna_project or app.confdir), str(app.config.sna_out or ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register settings, events and directives."""
    for name, default in SETTINGS.items():
        if name not in app.config:
            app.add_config_value(name, default, "env")
    app.setup_extension("svd_lib.build.addresses")
    app.setup_extension("svd_lib.build.pages")
    app.setup_extension("svd_lib.build.commentary")
    app.connect("config-inited", _title_from_the_edition)
    app.connect("builder-inited", _keep_compiled_templates)
    app.connect("env-before-read-docs", _read_quoting_chapters_last)
    app.connect("source-read", _hide_code)
    app.connect("html-page-context", _edition_into_templates)
    app.connect("html-page-context", _only_our_own_scripts, priority=900)
    app.connect("build-finished", _copy_downloads)
    app.connect("build-finished", _finish_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _title_from_the_edition(app: Sphinx, config: Config) -> None:
    edition = edition_of(app)
    config.html_title = config.project = edition.title
    config.html_short_title = edition.title


def _keep_compiled_templates(app: Sphinx) -> None:
    """Have Jinja keep what it compiles templates to, where pages are kept from build to build."""
    if app.config.sna_pages and app.builder.name == "html":
        folder = Path(app.config.sna_pages).with_name(TEMPLATES)
        folder.mkdir(parents=True, exist_ok=True)
        app.builder.templates.environment.bytecode_cache = FileSystemBytecodeCache(str(folder))


def _read_quoting_chapters_last(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Sort documents so that a stock build, which executes while it reads, keeps the chapters' order."""
    paths = {name: Path(env.doc2path(name)) for name in docnames}
    chapters = [read_chapter(path) for path in paths.values() if path.suffix == ".ipynb"]
    known = {chapter.name for chapter in chapters}
    if any(not set(chapter.quotes) <= known for chapter in chapters):
        return
    order = {chapter.path: number for number, chapter in enumerate(in_running_order(chapters))}
    docnames.sort(key=lambda name: (order.get(paths[name], -1), name))


def _hide_code(app: Sphinx, docname: str, source: list[str]) -> None:
    """Leave code out of the pages; every page offers its notebook for download."""
    if Path(app.env.doc2path(docname)).suffix != ".ipynb":
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            tags = cell["metadata"].setdefault("tags", [])
            tags += sorted({HIDDEN_TAGS.get(tag, "remove-input") for tag in tags or [""]} - set(tags))
    source[0] = json.dumps(notebook)


def _edition_into_templates(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    edition = edition_of(app)
    source = Path(app.env.doc2path(pagename)) if pagename in app.env.found_docs else None
    context["sna_edition"] = edition
    # the theme's templates do not escape; what is marked as markup here is escaped once and not again
    context |= dict.fromkeys(("docstitle", "shorttitle", "project"), markup(edition.title))
    context["sna_status_line"] = markup(edition.status_line)
    context["sna_notices"] = notices_html(edition)
    context["sna_status_word"] = markup(edition.status.capitalize())
    context["sna_period_end"] = f"{edition.period_end.day} {edition.period_end:%B %Y}"
    context["sna_footer_links"] = _footer_links(app, pagename)
    context["sna_notebook"] = f"notebooks/{source.name}" if source is not None and source.suffix == ".ipynb" else None
    context["sna_dataset"] = dataset_html(edition) if pagename == app.config.root_doc else ""
    if pagename == "search":
        context["title"] = context["pagetitle"] = "Search this report"


def _footer_links(app: Sphinx, pagename: str) -> list[tuple[str, str]]:
    """Return title and address of the pages that every page leads to."""
    found = [(title, document) for title, document in FOOTER_PAGES.items() if document in app.env.found_docs]
    return [(title, app.builder.get_relative_uri(pagename, document)) for title, document in found]


def _only_our_own_scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Leave out every script and style that lies on another host."""
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if "://" not in str(getattr(asset, "filename", asset) or "")]


def _copy_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the notebooks, the exhibits' files and the findings beside the pages."""
    if exception is not None or app.builder.name != "html":
        return
    site, out = Path(app.outdir), edition_of(app).out_path
    (site / "notebooks").mkdir(exist_ok=True)
    for document in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(document))
        if source.suffix == ".ipynb":
            shutil.copyfile(source, site / "notebooks" / source.name)
    (site / "exhibits").mkdir(exist_ok=True)
    for exhibit in sorted((out / "exhibits").glob("*.*")):
        shutil.copyfile(exhibit, site / "exhibits" / exhibit.name)
    if (out / "findings.json").is_file():
        shutil.copyfile(out / "findings.json", site / "findings.json")


def _finish_pages(app: Sphinx, exception: Exception | None) -> None:
    """Make the finished pages one site: what readers open and take away, one stylesheet, a policy on each page, the search index."""
    if exception is not None or app.builder.name != "html":
        return
    site, edition = Path(app.outdir), edition_of(app)
    exhibits = write_downloads(edition, site, Path(app.config.sna_pages) / "made" if app.config.sna_pages else None)
    write_record(edition, exhibits, site)
    maps = write_explorable(edition, exhibits, site)
    additions = {item.id: explore_html(item) for item in exhibits if item.id in maps}
    origins = read_origins(edition, exhibits)
    chapters = [chapter.name for chapter in read_chapters(edition.root)]
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(site.glob("*.html"))}
    for path, page in pages.items():
        page = _SECTION_WITH_HEADING.sub(r'<section>\n<h\2 id="\1">', page)
        page = with_origins(with_cards(page, origins.findings, chapters), origins, additions)
        page = with_sizes(with_finder(page, maps, chapters), site)
        path.write_text(with_policy(page, is_search=path.name == "search.html"), encoding="utf-8")
    with indexing(site):
        write_one_stylesheet(site / "_static", pages)
        _remove_unused(site)


def _remove_unused(site: Path) -> None:
    """Take out what the theme and Sphinx ship and no page uses, and what differs from build to build."""
    for path in sorted((site / "_static").iterdir()):
        if path.name not in OWN_ASSETS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in UNUSED_FILES:
        (site / name).unlink(missing_ok=True)
