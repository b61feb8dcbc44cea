"""The summary makes no number of its own: it quotes findings that other chapters made and other tests recompute."""

from __future__ import annotations

import json
import re

from bs4 import BeautifulSoup

QUOTED = re.compile(r"\{finding\}`([a-z0-9-]+)")


def test_the_summary_publishes_no_finding_of_its_own(suffolk_site):
    assert json.loads((suffolk_site / "findings" / "summary.json").read_text(encoding="utf-8"))["findings"] == {}


def test_everything_quoted_exists_and_its_chapter_runs_before(root, suffolk_site):
    notebook = json.loads((root / "notebooks" / "summary.ipynb").read_text(encoding="utf-8"))
    quoted = set(QUOTED.findall("".join("".join(cell["source"]) for cell in notebook["cells"])))
    findings = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    assert quoted and quoted <= set(findings)
    assert {name.split("-")[0] for name in quoted} <= set(notebook["metadata"]["sna"]["quotes"])


def test_the_summary_is_the_first_page_and_short(suffolk_site):
    page = BeautifulSoup((suffolk_site / "html" / "index.html").read_text(encoding="utf-8"), "lxml")
    article = page.select_one("article.bd-article")
    assert article.select_one("h1").get_text().startswith("Summary")
    # the masthead, numbers drawn large a second time, and the names of links are not part of the text
    for part in article.select(".sna-caveats, .sna-hidden, .headerlink, .sna-masthead, .sna-card-link, [aria-hidden=true]"):
        part.decompose()
    assert len(article.get_text(" ").split()) <= 450


def test_current_evidence_comes_newest_first(suffolk_site, root):
    notebook = json.loads((root / "notebooks" / "summary.ipynb").read_text(encoding="utf-8"))
    findings = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    first = "".join(notebook["cells"][0]["source"])
    ages = [findings[name]["age_months"] for name in QUOTED.findall(first)]
    assert ages == sorted(ages) and max(ages) <= 36
