"""Quotations in pages and notebooks, resolved by a real Sphinx run."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from report_world import make_project
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from svd_lib.build.quotes import edition_words
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.chapter import open_chapter

GOOD = {"unit": "per 1,000 residents", "precision": 1, "basis": "located_in", "sources": ["police"]}
ROW = {"value": 27.71, "lower_ci": 26.9, "upper_ci": 28.5, "confidence": 0.95}
PAGE = "# Page\n\nThe rate was {finding}`trends-violence-rate`, {finding}`trends-violence-rate.interval`, in {edition}`area`.\n"


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    edition = make_project(tmp_path)
    chapter = open_chapter("trends", edition)
    chapter.finding("trends-violence-rate", ROW, "Police recorded {quantity} in {period}.", period="2025-01/2025-12", **GOOD)
    chapter.finding("trends-code-share", ROW, "It was {value} in {period}.", period="2017-04/2018-03", **GOOD)
    return edition


def _build(edition: Edition, **pages: str) -> tuple[dict[str, BeautifulSoup], str, Path]:
    """Build pages (``index`` is the root) and return them parsed, with the warnings and the output folder."""
    source, warnings = edition.root / "book", io.StringIO()
    source.mkdir(exist_ok=True)
    for name, content in pages.items():
        (source / name.replace("__", ".")).write_text(content, encoding="utf-8")
    (source / "conf.py").write_text("", encoding="utf-8")
    settings = {
        "extensions": ["myst_nb", "svd_lib.build.quotes"], "sna_edition": edition.name, "sna_project": str(edition.root), "nb_execution_mode": "off",
        "root_doc": "index", "html_theme": "basic",
    }  # fmt: skip
    out = edition.root / "html"
    with patch_docutils(), docutils_namespace():
        app = Sphinx(source, source, out, edition.root / "doctrees", "html", settings, status=None, warning=warnings)
        app.build()
    return {path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "lxml") for path in out.glob("*.html")}, warnings.getvalue(), out


def _notebook(*cells: str) -> str:
    made = [{"cell_type": "markdown", "id": f"c{n}", "metadata": {}, "source": text} for n, text in enumerate(cells)]
    return json.dumps({"cells": made, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}, "nbformat": 4, "nbformat_minor": 5})


def test_a_page_quotes_findings_facts_and_the_edition(edition: Edition) -> None:
    pages, warnings, out = _build(edition, index__md=PAGE + "\n{fact}`duty-start` and {fact}`duty-start.value`. {edition}`districts`.\n")
    page = pages["index"]
    assert warnings == ""
    spans = page.select("span.sna-finding")
    assert [span.get_text() for span in spans] == ["27.7 per 1,000 residents", "95% confidence interval 26.9 to 28.5"]
    assert {span["data-finding"] for span in spans} == {"trends-violence-rate"}
    assert page.select_one("span.sna-edition").get_text() == "Testland"
    facts = page.select("span.sna-fact")
    assert [fact.get_text() for fact in facts] == ["2023 [verified: The Act]", "2023"]
    assert "Northtown and Southtown" in page.get_text()
    assert "resid" in (out / "searchindex.js").read_text(encoding="utf-8")


def test_an_older_number_is_dated_unless_the_paragraph_does_it(edition: Edition) -> None:
    dated = "In {finding}`trends-code-share.period` it was {finding}`trends-code-share`."
    pages, warnings, _ = _build(edition, index__md=f"# P\n\nIt was {{finding}}`trends-code-share`.\n\n{dated}\n")
    first, second = pages["index"].select("p")[:2]
    assert first.get_text() == "It was 27.7 per 1,000 residents (in the year ending March 2018)."
    assert second.get_text() == "In the year ending March 2018 it was 27.7 per 1,000 residents."
    assert warnings == ""


def test_an_unknown_id_names_the_document_and_the_line(edition: Edition) -> None:
    _, warnings, _ = _build(edition, index__md="# P\n\nText.\n\nIt was {finding}`trends-unheard-of`.\n")
    assert "index.md:5: WARNING: index, line 5: the finding 'trends-unheard-of' is unknown in edition testland-2025" in warnings


def test_an_unknown_id_in_a_notebook_names_the_cell(edition: Edition) -> None:
    notebook = _notebook("# Trends", "Text.\n\nIt was {finding}`trends-unheard-of` and {finding}`trends-violence-rate`.")
    pages, warnings, _ = _build(edition, index__md="# P\n\n```{toctree}\ntrends\n```\n", trends__ipynb=notebook)
    assert "trends, cell 2, line 3: the finding 'trends-unheard-of' is unknown" in warnings
    assert pages["trends"].select_one("span.sna-finding").get_text() == "27.7 per 1,000 residents"


@pytest.mark.parametrize("role", ["{finding}`trends-violence-rate.colour`", "{fact}`unheard`", "{edition}`colour`", "{edition}`publisher`", "{finding}`A b`"])
def test_what_cannot_be_quoted_is_a_warning(edition: Edition, role: str) -> None:
    _, warnings, _ = _build(edition, index__md=f"# P\n\n{role}\n")
    assert "WARNING: index, line 3" in warnings


def test_findings_of_another_edition_are_stale(edition: Edition) -> None:
    path = edition.out_path / "findings.json"
    path.write_text(path.read_text(encoding="utf-8").replace("testland-2025", "testland-2022"), encoding="utf-8")
    _, warnings, _ = _build(edition, index__md=PAGE)
    assert "is stale" in warnings


def test_a_page_is_written_again_when_its_finding_changes(edition: Edition) -> None:
    _build(edition, index__md=PAGE)
    chapter = open_chapter("trends", edition)
    chapter.finding("trends-violence-rate", ROW | {"value": 30}, "{quantity} in {period}.", period="2025-01/2025-12", **GOOD)
    pages, warnings, _ = _build(edition)
    assert pages["index"].select_one("span.sna-finding").get_text() == "30.0 per 1,000 residents"
    assert warnings == ""


def test_a_heading_does_not_quote(edition: Edition) -> None:
    notebook = "# Trends\n\n## It was {finding}`trends-violence-rate`\n\nText.\n"
    _, warnings, _ = _build(edition, index__md="# P\n\n```{toctree}\ntrends\n```\n", trends__md=notebook)
    assert "heading" in warnings


def test_words_of_the_edition(edition: Edition) -> None:
    assert edition_words(edition, "period") == "January to December 2025"
    assert edition_words(edition, "owner") == "proposed owner"
    assert edition_words(edition, "period_end") == "December 2025"
    with pytest.raises(SnaError, match="has no publisher"):
        edition_words(edition, "publisher")


def test_a_page_names_a_recommendation_and_says_where_it_is_not_called_for(edition: Edition) -> None:
    one = {"id": "recommendations-focus-places", "title": "Start with places", "is_flagged": False}
    two = {"id": "recommendations-weapons-robbery", "title": "Offer a way out", "is_flagged": True}
    (edition.out_path / "recommendations.json").write_text(json.dumps({"edition": edition.name, "recommendations": [one, two]}), encoding="utf-8")
    pages, warnings, _ = _build(edition, index__md="# Page\n\nSo: {recommendation}`recommendations-focus-places`, {recommendation}`recommendations-weapons-robbery`.\n")
    links = pages["index"].select(".sna-recommended a")
    assert warnings == "" and [link["href"] for link in links] == ["recommendations.html#recommendations-focus-places", "recommendations.html#recommendations-weapons-robbery"]
    assert links[0].get_text() == "Start with places" and links[1].get_text() == "Offer a way out (its findings do not hold in this edition)"


def test_an_unknown_recommendation_is_a_warning_that_names_it(edition: Edition) -> None:
    _, warnings, _ = _build(edition, index__md="# Page\n\n{recommendation}`recommendations-nothing-here`\n")
    assert "the recommendation 'recommendations-nothing-here' is unknown" in warnings
