"""Every numeral and number word in the pages' own words is traced: to a finding, a fact, the edition, or the allow-list."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.site

TRACED = (
    "figure.sna-exhibit, .sna-finding, .sna-fact, .sna-edition, .sna-ages, .sna-statement, .sna-recommendation, .sna-caveats, "
    ".sna-unavailable, .sna-tag, table.sna-table, svg, script, style, .headerlink, .sna-origin, .sna-card-link, .sna-size"
)
ALLOWED = Path(__file__).with_name("allowed_numerals.txt")
WORDS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|hundreds?|thousands?|millions?|half|halves|thirds?|twice|doubled?|tripled?"
NUMERAL = re.compile(rf"(?:[£~]?\d[\d,.]*\d|\d)%?|\b(?:{WORDS})\b", re.IGNORECASE)


def patterns():
    lines = ALLOWED.read_text(encoding="utf-8").splitlines()
    return [re.compile(line) for line in lines if line and not line.startswith("#")]


def own_words(page):
    """Return the text of a page's article without what is traced by its own means."""
    article = page.select_one("article.bd-article")
    copy = type(page)(str(article), "lxml")
    for element in copy.select(TRACED):
        element.replace_with(" ")
    return " ".join(copy.get_text(" ").split())


def untraced(text):
    for pattern in patterns():
        text = pattern.sub(" ", text)
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in NUMERAL.finditer(text)]


def test_every_numeral_is_traced(site):
    found = [f"{name}: ...{place}..." for name, page in site.pages.items() for place in untraced(own_words(page))]
    assert found == []


def test_an_untraced_numeral_is_found():
    assert untraced("There were 312 robberies.") and untraced("It has doubled.") and untraced("Half of them")
    assert not untraced("Section 8(3)(a) of the Police Act 2022")


def test_no_pattern_is_idle(site):
    said = " ".join(own_words(page) for page in site.pages.values())
    idle = [pattern.pattern for pattern in patterns() if not pattern.search(said)]
    print(f"{len(idle)} patterns of the allow-list are not needed now: {idle}")


def test_quoted_findings_exist_and_say_what_the_file_says(site):
    import json

    findings = json.loads((site.folder / "findings.json").read_text(encoding="utf-8"))["findings"]
    for name, page in site.pages.items():
        for span in page.select("span.sna-finding"):
            assert span["data-finding"] in findings, f"{name}: {span['data-finding']}"
        assert not page.select(".sna-unresolved"), name
