"""The PDF's one page and the handout: ids and links fit together, and nothing is asked for from elsewhere."""

import json
import re

import pytest

from svd_lib.build.handout import Words, handout_html
from svd_lib.build.pdf import one_page, page_names
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError

PAGE = '<link rel="stylesheet" href="_static/report.css"/><article class="bd-article" data-pagefind-body>{}</article>'
FIRST = '<h1 id="top">One</h1><a href="two.html#deep">to two</a><a href="two.html">two</a><a href="#top">up</a><a href="notebooks/x.ipynb">file</a><details class="sna-more"><summary>More</summary><p>x</p></details>'
SECOND = '<h1 id="top">Two</h1><p id="deep">Deep</p><details class="sna-data"><table></table></details>'


@pytest.fixture
def edition(root):
    return open_edition("suffolk-2025", str(root))


def test_pages_become_one_with_links_inside(edition, tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "report.css").write_text("p{}")
    (tmp_path / "one.html").write_text(PAGE.format(FIRST))
    (tmp_path / "two.html").write_text(PAGE.format(SECOND))
    whole = one_page(edition, tmp_path, ["one", "two"])
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    assert {"one--top", "two--deep"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', whole)) == {"two--deep", "two", "one--top"}
    assert "notebooks/x.ipynb" not in whole
    assert "sna-data" not in whole.split("</style>")[1] and "<details open" in whole


def test_pages_come_in_reading_order(edition):
    names = page_names(edition)
    assert names[0] == "index" and names.index("trends") < names.index("methods")


def test_quotations_become_words_and_links_into_the_site_become_text(edition):
    words = Words(edition)
    words.findings = {"trends-a-rate": {"value": 2.5, "unit": "%", "precision": 1, "status": "current", "statement": "S", "period": "2025-01/2025-12", "area": "A",
                                        "lower_ci": None, "upper_ci": None, "numerator": None, "denominator": None, "confidence": None}}  # fmt: skip
    said = words.said("In {edition}`area`: {finding}`trends-a-rate`, see [trends](trends.ipynb).\n:::{note}\nMind.\n:::")
    assert said == "In Suffolk: 2.5%, see trends.\nMind."
    with pytest.raises(SnaError, match="trends-none"):
        words.said("{finding}`trends-none`")


def test_a_handout_is_one_file_without_scripts_or_code(edition):
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A chapter"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "secret = 1", "execution_count": 1, "outputs": [
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": '<figure id="x"><p class="sna-downloads">Download</p></figure>', "text/plain": "x"}}]},
    ]  # fmt: skip
    page = handout_html(edition, "trends", json.loads(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})))
    assert "<title>A chapter" in page and '<html lang="en-GB">' in page and page.count("<h1") == 1
    assert "<script" not in page and "secret" not in page and "sna-downloads" not in page.split("</style>")[1]
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert edition.status_line in page
