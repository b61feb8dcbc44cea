"""No claim without a finding, a fact or a citation, in what the pages say in their own words.

The rule, as far as a machine can hold it. A *block* is a paragraph or list item outside exhibits, boxes, recommendations and
the generated caveats. It *rests on something* when it quotes a finding or a fact, is a finding's sentence, is made from the
edition's partnership file with its source, or links to where it was read. A sentence of any other block *may be a claim* when it
has a word of quantity, comparison, change, cause or harm, or a figure; questions are no claims. Each such sentence must stand in
``reviewed_sentences.yml`` under the reason why it needs no source, where a person put it. So a new sentence of this kind fails
until it is given a source or read by someone. The rule is blind to a claim without any of these words.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.site

REVIEWED = Path(__file__).with_name("reviewed_sentences.yml")
REASONS = {"definition", "method", "reading", "arithmetic", "possibility", "law", "data", "advice", "contents", "shown"}
RESTS = ".sna-finding, .sna-fact, .sna-statement, .sna-edition, .sna-ages, a.external"
APART = (
    "figure.sna-exhibit, .sna-caveats, .sna-unavailable, .sna-recommendation, table, svg, script, style, button, .headerlink, .sna-tag, "
    ".sna-origin, .sna-card-number, .sna-card-link, .sna-choice, .sna-files, .sna-masthead, .sna-citation"
)
CLAIM = re.compile(
    r"\b(more|most|fewer|less|least|many|few|much|majority|half|third|rare\w*|common\w*|often|seldom|usual\w*|always|never|sometimes|"
    r"ris(?:e|es|en|ing)|rose|f[ae]ll(?:s|en|ing)?|increas\w*|decreas\w*|grow\w*|grew|drop\w*|declin\w*|worsen\w*|improv\w*|"
    r"high(?:er|est)?|low(?:er|est)?|large(?:r|st)?|small(?:er|est)?|great(?:er|est)?|better|worse|worst|best|than|"
    r"caus\w+|leads? to|led to|prevent\w*|protect\w*|reduc\w*|because|due to|linked|evidence|studies|tends?|differ\w*|vary|varies|"
    r"change\w*|harm\w*|likely|unlikely)\b|\d",
    re.IGNORECASE,
)
POSSIBLE = re.compile(r"\b(may|can|could|would|might|if|so|where)\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z\"“])")


def reviewed():
    """Return reason -> sentences; under ``shown``, id of a finding or exhibit -> sentences."""
    return yaml.safe_load(REVIEWED.read_text(encoding="utf-8"))


def allowed(lists):
    """Return every reviewed sentence with its reason."""
    plain = {sentence: reason for reason, kept in lists.items() if reason != "shown" for sentence in kept}
    return plain | {sentence: "shown" for kept in lists["shown"].values() for sentence in kept}


def unsupported(page):
    """Yield the sentences of a page that may be claims and rest on nothing in their block."""
    article = type(page)(str(page.select_one("article.bd-article")), "lxml")
    for element in article.select(APART):
        element.decompose()
    for block in article.find_all(["p", "li", "dd"]):
        inner = block.name != "p" and block.find(["p", "ul", "ol"])
        if not inner and not block.select(RESTS) and not block.find_parent(class_="sna-edition") and not _itself(block):
            yield from claims(" ".join(block.get_text(" ").split()))


def _itself(block):
    return bool({"sna-statement", "sna-edition"} & set(block.get("class", ())))


def claims(words):
    """Return the sentences that may be claims."""
    parts = (part.strip().replace(" .", ".").replace(" ,", ",").replace(" ;", ";").replace(" :", ":") for part in SENTENCE.split(words))
    return [part for part in parts if CLAIM.search(part) and not part.endswith("?")]


def test_every_claim_rests_on_something_or_was_reviewed(site):
    known = allowed(reviewed())
    found = {sentence: name for name, page in site.pages.items() if page.select_one("article.bd-article") for sentence in unsupported(page)}
    print(f"{len(found)} sentences without a source of their own, {len(known)} reviewed; {len(known.keys() - found.keys())} of those are not needed by this edition")
    assert {f"{name}: {sentence}" for sentence, name in found.items() if sentence not in known} == set()


def test_the_list_is_in_order():
    lists = reviewed()
    assert set(lists) == REASONS
    every = [sentence for reason, kept in lists.items() for sentence in (sum(kept.values(), []) if reason == "shown" else kept)]
    assert len(every) == len(set(every)), "a sentence is listed twice"
    assert [sentence for sentence in lists["possibility"] if not POSSIBLE.search(sentence)] == []


def test_what_is_said_to_be_shown_is_shown(site):
    findings = json.loads((site.folder / "findings.json").read_text(encoding="utf-8"))["findings"]
    exhibits = {path.stem for path in (site.folder / "exhibits").glob("*.csv")}
    for name in reviewed()["shown"]:
        assert name in exhibits or findings.get(name, {}).get("value") is not None, name


@pytest.mark.parametrize(
    "sentence", ["Most victims are young.", "Knife crime has risen.", "Poverty causes violence.", "One in 5 was hurt twice.", "Robbery is less common here than elsewhere."]
)
def test_a_bare_claim_is_found(sentence):
    from bs4 import BeautifulSoup

    article = '<article class="bd-article"><p>{}</p></article>'
    assert list(unsupported(BeautifulSoup(article.format(sentence), "lxml"))) == [sentence]
    assert sentence not in allowed(reviewed())
    quoted = f'{sentence} <span class="sna-finding" data-finding="x">7</span>'
    assert list(unsupported(BeautifulSoup(article.format(quoted), "lxml"))) == []


def test_a_question_is_no_claim():
    assert claims("Has violence risen? It rose.") == ["It rose."]
