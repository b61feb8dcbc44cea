"""What readers can take away: the workbook in two formats, all data in one file, their descriptions, and their sizes on the page."""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path

from svd_lib.build.bundle import METADATA, as_text, csvw, dataset, write_bundle
from svd_lib.build.chapters import documents_of, read_toc
from svd_lib.build.ods import MIMETYPE, write_ods
from svd_lib.build.workbook import Published, citation, read_published, sheets_of
from svd_lib.build.xlsx import write_xlsx
from svd_lib.edition import Edition

FOLDER = "downloads"
_SIZE = re.compile(r'<span class="sna-size" data-file="([^"]+)"></span>')


def files_of(edition: Edition) -> list[tuple[str, str, str]]:
    """Return address, name and media type of everything that holds the whole edition's figures."""
    return [
        (f"{FOLDER}/{edition.name}.xlsx", "Workbook for Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (f"{FOLDER}/{edition.name}.ods", "Workbook in the OpenDocument format", MIMETYPE),
        (f"{FOLDER}/{edition.name}-data.zip", "All data as CSV files, with a description of every column", "application/zip"),
        ("findings.json", "Every finding, for other programs", "application/json"),
    ]


def write_downloads(edition: Edition, site: Path, kept: Path | None = None) -> list[Published]:
    """Write the workbooks, the bundle and the description of the CSV files into a site, and return what they hold.

    Parameters
    ----------
    edition : Edition
        ``edition.out_path`` holds its exhibits.
    site : pathlib.Path
        The folder of pages.
    kept : pathlib.Path, optional
        Folder of the same files from an earlier build with the same results (:mod:`svd_lib.build.kept_book` empties it
        otherwise); they are written there when it holds none.
    """
    order = [Path(document).name for document in documents_of(read_toc(edition.root))]
    exhibits = read_published(edition.out_path, order)
    if kept is None:
        _write(edition, exhibits, site)
        return exhibits
    if not (kept / FOLDER).is_dir():
        (kept / "exhibits").mkdir(parents=True, exist_ok=True)
        _write(edition, exhibits, kept)
    shutil.copytree(kept, site, dirs_exist_ok=True)
    return exhibits


def _write(edition: Edition, exhibits: list[Published], site: Path) -> None:
    folder = site / FOLDER
    folder.mkdir(exist_ok=True)
    sheets = sheets_of(edition, exhibits)
    write_xlsx(folder / f"{edition.name}.xlsx", sheets, edition.title, edition.period_end)
    write_ods(folder / f"{edition.name}.ods", sheets, edition.title, edition.period_end)
    write_bundle(folder / f"{edition.name}-data.zip", edition, exhibits, edition.out_path)
    (site / "exhibits" / METADATA).write_text(as_text(csvw(edition, exhibits)), encoding="utf-8")


def downloads_html(edition: Edition) -> str:
    """Return the list of files with room for their sizes, and how to cite the edition."""
    items = "".join(
        f'<li><a href="{escape(address)}" download>{escape(name)}</a> <span class="sna-size" data-file="{escape(address)}"></span></li>'
        for address, name, _ in files_of(edition)
    )
    return f'<ul class="sna-files sna-edition">{items}</ul><p class="sna-edition sna-citation">{escape(citation(edition))}</p>'


def dataset_html(edition: Edition) -> str:
    """Return the edition's description for search engines, as a block of data in a page's head."""
    text = as_text(dataset(edition, files_of(edition))).replace("</", "<\\/")
    return f'<script type="application/ld+json">\n{text}</script>'


def with_sizes(page: str, site: Path) -> str:
    """Return a page with the size of each file it offers."""
    return _SIZE.sub(lambda found: f'<span class="sna-size">({size_words((site / found[1]).stat().st_size)})</span>', page)


def size_words(size: int) -> str:
    """Return a number of bytes as a reader says it, e.g. ``"210 KB"``."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} KB"


