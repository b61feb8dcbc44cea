"""The whole report as one tagged PDF: the site's pages put one after another, printed by Chromium, dated by the edition."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from svd_lib.build.browser import run_browser
from svd_lib.build.catalogue import notices_html
from svd_lib.build.chapters import documents_of, read_toc
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.swap import swap_in

_ARTICLE = re.compile(r'<article class="bd-article"[^>]*>(.*)</article>', re.DOTALL)
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)"/>')
_LEFT_OUT = (
    re.compile(r'<details class="sna-(?:data|origin)".*?</details>', re.DOTALL),
    re.compile(r'<div class="sna-picture sna-scroll sna-narrow".*?</svg></div>', re.DOTALL),
    re.compile(r'<(p) class="sna-(?:downloads|card-link)">.*?</\1>', re.DOTALL),
    re.compile(r'<div class="sna-explore.*?</div></div>', re.DOTALL),
    re.compile(r'<div class="sna-masthead".*?</div>', re.DOTALL),
    re.compile(r'<svg class="sna-glyph".*?</svg>', re.DOTALL),
    re.compile(r'<a class="headerlink".*?</a>', re.DOTALL),
    re.compile(r' (?:tabindex|role|aria-label)="(?:0|group|Picture: [^"]*|Table: [^"]*)"'),
)
_NAMING = re.compile(r'\b(id|for|aria-labelledby|aria-describedby|aria-controls)="([^"]+)"')
_REFERENCE = re.compile(r'(href="#|url\(#)([^")]+)')
_FILE = re.compile(r'<a\b[^>]*href="(?!#|https?:)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_LINK = re.compile(r'href="([\w-]+)\.html(?:#([^"]*))?"')


def write_pdf(edition: Edition, target: Path) -> int:
    """Print an edition's built site as one PDF and return its number of pages.

    Parameters
    ----------
    edition : Edition
        Its site must be built.
    target : pathlib.Path
        Where to; replaced whole or not at all.

    Raises
    ------
    SnaError
        When the site or Chromium is missing, or printing fails.
    """
    site = edition.build_path / "html"
    if not (site / "index.html").is_file():
        raise SnaError(f"{site} is missing; run 'sna build --edition {edition.name}' first.")
    names = [name for name in page_names(edition) if (site / f"{name}.html").is_file()]
    with tempfile.TemporaryDirectory(prefix="sna-pdf-") as folder:
        whole, printed, done = (Path(folder) / name for name in ("report.html", "printed.pdf", "report.pdf"))
        whole.write_text(one_page(edition, site, names), encoding="utf-8")
        run_browser(["--no-pdf-header-footer", "--export-tagged-pdf", "--generate-pdf-document-outline", f"--print-to-pdf={printed}", whole.as_uri()], printed)
        pages = _finish(edition, printed, done)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        shutil.copyfile(done, beside)
        swap_in(beside, target)
    return pages


def page_names(edition: Edition) -> list[str]:
    """Return the names of an edition's pages in reading order, the first page first."""
    first, *rest = documents_of(read_toc(edition.root))
    return ["index", *(Path(document).name for document in rest)]


def one_page(edition: Edition, site: Path, names: Sequence[str]) -> str:
    """Return one HTML page that holds every page's article, ids and links made to fit together.

    An exhibit is a ``figure`` on the web; on paper only its picture is, so that each tagged figure has its alternate text.
    """
    style = (site / _STYLE.search((site / f"{names[0]}.html").read_text(encoding="utf-8"))[1]).read_text(encoding="utf-8")
    articles = "".join(f'<article class="bd-article sna-chapter" id="{name}">{_article(site, name, names)}</article>' for name in names)
    cover = (
        f'<div class="sna-cover"><p class="sna-masthead-title">{escape(edition.title)}</p><p>{escape(edition.status_line)}.</p>'
        f"{notices_html(edition)}<p>Edition {escape(edition.name)}, {escape(edition.status)}. Data to {edition.period_end.day} {edition.period_end:%B %Y}.</p>"
        "<p>The data behind every figure are in the edition’s workbook and CSV files.</p></div>"
    )
    rules = "@page{size:A4;margin:18mm 16mm} .sna-chapter{break-before:page} body{margin:0} .sna-cover{padding-top:40mm} details>summary{list-style:none}"
    return (
        f'<!DOCTYPE html><html lang="en-GB" data-theme="light"><head><meta charset="utf-8"><title>{escape(edition.title)}</title>'
        f"<style>{style}{rules}</style></head><body>{cover}<main class=\"bd-main\">{articles}</main></body></html>"
    )


def _article(site: Path, name: str, names: Sequence[str]) -> str:
    found = _ARTICLE.search((site / f"{name}.html").read_text(encoding="utf-8"))
    if found is None:
        raise SnaError(f"{site / name}.html holds no article; build the site again.")
    article = found[1]
    for pattern in _LEFT_OUT:
        article = pattern.sub("", article)
    article = article.replace("<details", "<details open")
    article = _NAMING.sub(lambda at: f'{at[1]}="{" ".join(f"{name}--{part}" for part in at[2].split())}"', article)
    article = _REFERENCE.sub(lambda at: f"{at[1]}{name}--{at[2]}", article)
    article = article.replace("<figure", "<div").replace("</figure>", "</div>").replace("<figcaption", "<div").replace("</figcaption>", "</div>")
    return _FILE.sub(r"\1", _LINK.sub(lambda at: _inside(at, names), article))


def _inside(link: re.Match, names: Sequence[str]) -> str:
    if link[1] not in names:
        return link[0]
    return f'href="#{link[1]}--{link[2]}"' if link[2] else f'href="#{link[1]}"'


def _finish(edition: Edition, printed: Path, target: Path) -> int:
    """Set title, language and the edition's dates, and write the same bytes for the same content."""
    import pikepdf

    with pikepdf.open(printed) as pdf:
        dated = f"D:{edition.period_end:%Y%m%d}000000Z"
        for name in list(pdf.docinfo):
            del pdf.docinfo[name]
        about = {"/Title": edition.title, "/CreationDate": dated, "/ModDate": dated, "/Subject": f"{edition.status_line}.", "/Producer": "Serious Violence Needs Assessment"}
        for name, value in about.items():
            pdf.docinfo[name] = value
        pdf.Root.Lang = pikepdf.String("en-GB")
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.Root.PageMode = pikepdf.Name("/UseOutlines")
        count = len(pdf.pages)
        pdf.save(target, deterministic_id=True)
    return count
