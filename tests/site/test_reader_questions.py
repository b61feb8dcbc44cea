"""Thirty fixed questions of three kinds of reader: the answer stands under the heading named, within three pages of the landing page.

The readers are simulated. No board member, resident or analyst was asked: a program follows links from the landing page and reads
the section. It shows that the answers are there, whole, and near; not that a person finds or understands them.
"""

import csv
import json
import statistics
from collections import deque
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
import yaml

from svd_lib.report.facts import load_facts

pytestmark = pytest.mark.site
ASKED = yaml.safe_load(Path(__file__).with_name("reader_questions.yml").read_text(encoding="utf-8"))
EVERY = [(reader, one) for reader, asked in ASKED.items() for one in asked]
SOURCES = {"finding", "fact", "duty_holder", "recommendation", "cell", "words"}
MOST_PAGES = 3
LANDING = "index.html"


def one_line(words):
    return " ".join(str(words).split()).replace(" ,", ",").replace(" .", ".")


def answers(site, one):
    """Return the words that answer a question, made from what the build computed and not from its pages."""
    kind = next(iter(SOURCES & one.keys()))
    if kind == "finding":
        found = json.loads((site.folder / "findings.json").read_text(encoding="utf-8"))["findings"][one["finding"]]
        assert found["value"] is not None, one
        return [found["statement"]]
    if kind == "fact":
        return [load_facts(site.edition.root)[one["fact"]].claim]
    if kind == "duty_holder":
        return [yaml.safe_load(site.edition.partnership_path.read_text(encoding="utf-8"))["duty_holders"][0]["name"]]
    if kind == "recommendation":
        first = json.loads((site.edition.build_path / "recommendations.json").read_text(encoding="utf-8"))["recommendations"][0]
        return [first["title"], first["owner"]]
    if kind == "cell":
        exhibit, column = one["cell"]
        with (site.folder / "exhibits" / f"{exhibit}.csv").open(encoding="utf-8-sig", newline="") as stream:
            return [next(csv.DictReader(stream))[column]]
    return [one["words"]]


def section(page, heading):
    """Return the words of the section under a heading, its folded parts included."""
    for found in page.select("article.bd-article :is(h1, h2, h3)"):
        if found.get_text().rstrip("#").strip() == heading:
            return one_line(found.find_parent("section").get_text(" "))
    return ""


def pages_opened(site, links):
    """Return page -> how many pages a reader has opened, the landing page included, by the links of a selector."""
    seen, waiting = {LANDING: 1}, deque([LANDING])
    while waiting:
        name = waiting.popleft()
        for link in site.pages[name].select(links):
            address = urlsplit(urldefrag(link["href"])[0])
            if not address.scheme and address.path in site.pages and address.path not in seen:
                seen[address.path] = seen[name] + 1
                waiting.append(address.path)
    return seen


def test_there_are_ten_questions_of_each_reader():
    assert {reader: len(asked) for reader, asked in ASKED.items()} == {"board member": 10, "resident": 10, "analyst": 10}
    assert len({one["ask"] for _, one in EVERY}) == 30 and all(len(SOURCES & one.keys()) == 1 for _, one in EVERY)


@pytest.mark.parametrize(("reader", "one"), EVERY, ids=[one["ask"].replace(" ", "-") for _, one in EVERY])
def test_the_answer_stands_under_its_heading(site, reader, one):
    said = section(site.pages[f"{one['page']}.html"], one["under"])
    assert said, f"{one['page']} has no heading '{one['under']}'"
    for words in answers(site, one):
        assert one_line(words) in said, f"{reader}: {one['ask']}? {words}"


def test_the_answers_are_near(site):
    by_any, by_text = pages_opened(site, "a[href]"), pages_opened(site, "article.bd-article a[href]")
    counts = [by_any.get(f"{one['page']}.html", 99) for _, one in EVERY]
    in_text = [by_text[f"{one['page']}.html"] for _, one in EVERY if f"{one['page']}.html" in by_text]
    print(f"pages opened: median {statistics.median(counts)}, at most {max(counts)}; by links in the text alone {len(in_text)} of 30 answers, median {statistics.median(in_text)}")
    assert max(counts) <= MOST_PAGES
    assert len(in_text) >= 20 and statistics.median(in_text) <= MOST_PAGES


def test_an_answer_that_is_not_there_is_missed(site):
    said = section(site.pages["geography.html"], "Town or country?")
    assert said and "Rural neighbourhoods recorded 99.9" not in said
    assert section(site.pages["geography.html"], "No such heading") == ""
