"""Cards, origins and the interactive map's file: what readers open on a page."""

import json
from dataclasses import replace

import pytest

from svd_lib.build.cards import page_of, with_cards
from svd_lib.build.explore import explore_html, write_explorable
from svd_lib.build.origins import read_origins, with_origins
from svd_lib.build.workbook import Published
from svd_lib.edition import open_edition
from svd_lib.figures.glyphs import glyph

SHARE = {
    "statement": "A quarter <of> them.", "value": 25.0, "unit": "%", "lower_ci": None, "upper_ci": None, "precision": 0, "numerator": 1, "denominator": 4,
    "period": "2025-01/2025-12", "area": "Suffolk", "basis": "located_in", "sources": ["police_uk_archive"], "method": "Wilson", "exhibit": "trends-a-rate",
    "status": "current", "confidence": None,
}  # fmt: skip
LIST = '<ul class="key-findings simple"><li><p><span class="sna-finding" data-finding="trends-a-share">A quarter.</span></p></li></ul>'
ABOUT = {"title": "A map", "subtitle": "Per 1,000", "period": "2025-01/2025-12", "basis": "located_in", "sources": ["police_uk_archive"], "columns": {"value": "Rate"}}
ITEM = Published("trends-a-rate", ABOUT, ("lsoa21cd", "label", "value", "method"), (("E01000001", "North", "2.5", "EB"), ("E01000002", "South", "", "EB")))


@pytest.fixture
def edition(root, tmp_path):
    (tmp_path / "findings.json").write_text(json.dumps({"findings": {"trends-a-share": SHARE}}))
    return open_edition("suffolk-2025", str(root), str(tmp_path))


def test_a_key_finding_becomes_a_card_with_number_picture_and_link():
    card = with_cards(LIST, {"trends-a-share": SHARE}, ["trends", "summary"])
    assert ">25%</p>" in card and card.count("<rect") == 100
    assert 'href="trends.html#finding-trends-a-share"' in card and "A quarter &lt;of&gt; them." in card


def test_a_finding_without_a_number_stays_a_sentence():
    assert with_cards(LIST, {"trends-a-share": {**SHARE, "value": None}}, ["trends"]) == LIST


def test_the_longest_chapter_name_owns_an_id():
    assert page_of("data-quality-rows-kinds", ["data", "data-quality"]) == "data-quality"


def test_glyphs_draw_shares_ratios_and_indices_and_nothing_else():
    assert glyph(23, "%").count("var(--sna-801650") == 23
    assert glyph(3.7, "times", 3.0, 4.7).count("<rect") == 2 and "<path" in glyph(3.7, "times", 3.0, 4.7)
    assert glyph(84, "", 80, 88, 100).count("<rect") == 2
    assert glyph(5869, "offences") == ""


def test_exhibits_and_findings_open_where_they_come_from(edition):
    page = '<figure class="sna-exhibit sna-exhibit-chart" id="trends-a-rate"><p>x</p><details class="sna-data"></details></figure><p class="sna-statement sna-current" id="finding-trends-a-share" data-finding="trends-a-share">A quarter.</p>'
    said = with_origins(page, read_origins(edition, [ITEM]), {"trends-a-rate": "<i>more</i>"})
    assert said.index("<i>more</i>") < said.index('class="sna-data"') < said.index('id="trends-a-rate-origin"') < said.index("</figure>")
    assert 'id="finding-trends-a-share-origin"' in said
    for word in ("Street-level crime", "version", "read on", "2 rows", "EB", "Wilson", "1 of 4", edition.definition, "#finding-trends-a-share"):
        assert word in said, word


def test_a_number_tells_what_the_edition_before_said(edition):
    origins = replace(read_origins(edition, [ITEM]), earlier={"trends-a-share": {**SHARE, "value": 21.0, "period": "2021-04/2022-03"}})
    said = origins.of_finding("trends-a-share", SHARE)
    assert "21% in " in said and "March 2022, edition suffolk-2022" in said
    assert "edition before" not in origins.of_finding("trends-other", SHARE)


def test_kept_findings_of_the_edition_before_are_read(edition):
    earlier = read_origins(edition, [ITEM]).earlier
    assert "geography-violence-rate" in earlier


def test_a_map_of_named_places_can_be_explored(edition, tmp_path):
    folder = tmp_path / "site" / "exhibits"
    folder.mkdir(parents=True)
    for name in ("trends-a-rate", "trends-other-map"):
        (folder / f"{name}.places.json").write_text('{"height":10,"places":[[[0,0]],[[1,1]]],"classes":[0,1]}')
    assert write_explorable(edition, [ITEM], folder.parent) == ["trends-a-rate"]
    text = (folder / "trends-a-rate.places.js").read_text(encoding="utf-8")
    content = json.loads(text.removeprefix('snaMap("trends-a-rate",').removesuffix(");\n"))
    assert content["names"] == ["North", "South"] and content["rows"] == [["2.5"], ["[x]"]]
    assert "E01000001" not in text
    assert not list(folder.glob("*.places.json"))
    assert 'data-explore="trends-a-rate"' in explore_html(ITEM)
