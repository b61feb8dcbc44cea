"""How pages read: plain English on the summary and where chapters open, easy words on the page in plain words."""

import re
import shutil

import pytest

from svd_lib.report.readability import reading_ease

pytestmark = pytest.mark.site

NOT_READ_ALOUD = ".sna-tag, .sna-caveats, .headerlink, figure, table, svg, script, style, h1, h2, h3"
PLAIN, EASY = 60, 80


def sentences(elements):
    """Return the words of paragraphs and list items, each closed by a full stop."""
    said = [" ".join(element.get_text(" ").split()).rstrip(".") for element in elements]
    return " ".join(f"{words}." for words in said if words)


def opening(page):
    """Return the paragraphs and items of a page before its first section."""
    article = _copy(page)
    first = article.find("section")
    for inner in first.find_all("section"):
        inner.decompose()
    return sentences(_blocks(first))


def whole(page):
    return sentences(_blocks(_copy(page)))


def _copy(page):
    article = type(page)(str(page.select_one("article.bd-article")), "lxml")
    for element in article.select(NOT_READ_ALOUD):
        element.decompose()
    return article


def _blocks(part):
    return [block for block in part.find_all(["p", "li"]) if block.name == "p" or not block.find("p")]


def test_the_summary_is_plain_english(site):
    assert reading_ease(whole(site.pages["index.html"])) >= PLAIN


@pytest.mark.parametrize("name", ["duty", "definitions", "trends", "drivers", "geography", "cohorts", "recommendations", "data-quality"])
def test_a_chapter_opens_in_plain_english(site, name):
    words = opening(site.pages[f"{name}.html"])
    assert words and reading_ease(words) >= PLAIN, (round(reading_ease(words), 1), words)


def test_the_page_in_plain_words_is_easy(site):
    words = whole(site.pages["plain.html"])
    assert reading_ease(words) >= EASY
    lengths = [len(part.split()) for part in re.split(r"(?<=[.!?])\s", words) if "[" not in part]
    assert sum(lengths) / len(lengths) <= 12
    assert "not call it Easy Read" in words


def test_the_page_in_plain_words_has_our_own_pictures(site):
    pictures = site.pages["plain.html"].select("article img")
    assert len(pictures) >= 6 and all(picture["alt"] and picture["src"].endswith(".svg") for picture in pictures)


@pytest.mark.browser
def test_the_summary_prints_on_two_pages(site, tmp_path):
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto((site.folder / "index.html").as_uri())
        page.pdf(path=str(tmp_path / "summary.pdf"), format="A4")
        browser.close()
    assert len(PdfReader(tmp_path / "summary.pdf").pages) <= 2
