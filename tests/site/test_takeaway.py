"""The report as a PDF and a chapter as a handout: read back by an independent parser."""

import re
import shutil

import pypdf
import pytest
from bs4 import BeautifulSoup

from svd_lib.build.browser import BROWSERS
from svd_lib.build.handout import write_handout
from svd_lib.build.pdf import page_names, write_pdf

pytestmark = [pytest.mark.browser, pytest.mark.site]
HEADINGS = ("/H1", "/H2", "/H3", "/H4")


@pytest.fixture(scope="module")
def printed(site, tmp_path_factory):
    target = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pages = write_pdf(site.edition, target)
    print(f"{pages} pages, {target.stat().st_size / 1e6:.1f} MB")
    return target


@pytest.fixture(scope="module")
def pdf(printed):
    return pypdf.PdfReader(printed)


def elements(pdf):
    """Return every element of the structure tree, in reading order."""
    waiting, found = [pdf.trailer["/Root"]["/StructTreeRoot"]], []
    while waiting:
        item = waiting.pop()
        item = item.get_object() if isinstance(item, pypdf.generic.IndirectObject) else item
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict):
            found.append(item)
            waiting += [item["/K"]] if "/K" in item else []
    return found


def first_headings(site):
    return [" ".join(site.pages[f"{name}.html"].h1.find(string=True).split()) for name in page_names(site.edition) if f"{name}.html" in site.pages]


def test_the_pdf_is_tagged_and_has_title_language_and_the_editions_date(pdf, site):
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "en-GB" and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == site.edition.title
    assert pdf.metadata["/CreationDate"] == pdf.metadata["/ModDate"] == f"D:{site.edition.period_end:%Y%m%d}000000Z"


def test_the_outline_is_the_chapters(pdf, site):
    assert [" ".join(item["/Title"].split()) for item in pdf.outline if not isinstance(item, list)] == first_headings(site)


def test_every_figure_has_alternate_text_as_the_page_has_it(pdf, site):
    said = [str(item.get("/Alt", "")) for item in elements(pdf) if item.get("/S") == "/Figure"]
    written = [svg.find("desc").get_text() for page in site.pages.values() for svg in page.select("article .sna-wide svg.sna-figure")]
    assert said and all(said)
    assert sorted(" ".join(text.split()) for text in said) == sorted(" ".join(text.split()) for text in written)


def test_headings_are_read_in_the_order_of_the_chapters(pdf, site):
    levels = [item["/S"] for item in elements(pdf) if item.get("/S") in HEADINGS]
    assert levels[0] == "/H1" and levels.count("/H1") == len(first_headings(site))
    numbers = [int(level[2]) for level in levels]
    assert all(after - before <= 1 for before, after in zip(numbers, numbers[1:]))


def test_the_pdf_names_no_folder_and_says_whose_work_it_is(printed, pdf, site):
    links = [note.get_object().get("/A", {}).get("/URI", "") for page in pdf.pages for note in page.get("/Annots", [])]
    assert [str(link) for link in links if str(link).startswith("file:")] == []
    assert site.edition.status_line.split(";")[0] in " ".join(pdf.pages[0].extract_text().split())


def test_the_same_site_gives_the_same_pdf(printed, site, tmp_path):
    write_pdf(site.edition, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == printed.read_bytes()


def test_a_handout_stands_alone_and_axe_finds_nothing(site, tmp_path):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    target = tmp_path / "trends.html"
    write_handout(site.edition, "trends", target)
    page = BeautifulSoup(target.read_text(encoding="utf-8"), "lxml")
    assert page.html["lang"] == "en-GB" and len(page.find_all("h1")) == 1 and not page.find_all(["script", "link", "iframe"])
    assert not re.search(r"\{(finding|fact|edition)\}", page.get_text())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(target.as_uri())
        found = [f"{item['id']}: {item['nodes'][0]['html'][:150]}" for item in Axe().run(tab).response["violations"]]
        browser.close()
    assert found == []
