"""The draft strategy: marked, cited, readable by word processors, and honest about what went stale."""

import json
import zipfile

import pytest
from docx import Document
from odfdo import Document as OdfDocument

from svd_lib.build import strategy
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.report.finding import write_json

RECOMMENDATION = {
    "id": "recommendations-a", "title": "Begin somewhere", "action": "Do it.", "findings": ["trends-level-injury"], "owner": "the police", "measure": "Offences a year",
    "review": "By June 2026", "baseline": "trends-level-injury", "is_flagged": False, "reasons": [],
}  # fmt: skip


def found(value=7.7):
    return {
        "value": value, "lower_ci": 7.5, "upper_ci": 7.9, "confidence": 0.95, "numerator": 5869, "denominator": 760_688, "unit": "per 1,000 residents", "precision": 1,
        "statement": f"The police recorded {value} per 1,000 residents.", "period": "2024-07/2025-06", "area": "Suffolk", "words": {},
    }  # fmt: skip


@pytest.fixture
def edition(root, tmp_path):
    made = open_edition("suffolk-2025", str(root), str(tmp_path / "out"))
    publish(made)
    return made


def publish(edition, value=7.7):
    write_json(edition.out_path / "findings.json", {"findings": {"trends-level-injury": found(value)}})
    write_json(edition.out_path / "recommendations.json", {"recommendations": [RECOMMENDATION]})


def test_every_number_names_its_finding_and_the_draft_says_whose_it_is_not(edition):
    folder, stale = strategy.write_strategy(edition)
    document = Document(str(folder / "strategy-draft.docx"))
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "7.7 per 1,000 residents. [trends-level-injury]" in words
    assert strategy.DRAFT in words and document.sections[0].header.paragraphs[0].text == strategy.DRAFT
    assert edition.status_line in words and stale == []


def test_headings_tables_title_and_language_are_marked_up(edition):
    folder, _ = strategy.write_strategy(edition)
    document = Document(str(folder / "strategy-draft.docx"))
    styles = {paragraph.style.name for paragraph in document.paragraphs}
    assert {"Title", "Heading 1", "Heading 2", "List Bullet", "Caption"} <= styles
    assert document.tables and all(table.rows[0]._tr.xpath("w:trPr/w:tblHeader") for table in document.tables)
    assert "not adopted by anyone" in document.core_properties.title and document.core_properties.language == "en-GB"


def test_the_odt_has_the_same_words_and_header_rows(edition):
    folder, _ = strategy.write_strategy(edition)
    text = OdfDocument(str(folder / "strategy-draft.odt")).get_formatted_text()
    assert "7.7 per 1,000 residents. [trends-level-injury]" in text and strategy.DRAFT in text
    content = zipfile.ZipFile(folder / "strategy-draft.odt").read("content.xml").decode()
    assert content.count("<table:table-header-rows>") == content.count("<table:table ") > 0
    assert "<text:h " in content


def test_a_refresh_lists_the_sentences_that_went_stale(edition):
    strategy.write_strategy(edition)
    publish(edition, 8.1)
    _, stale = strategy.write_strategy(edition)
    assert len(stale) == 2
    assert stale[0] == "trends-level-injury: was “The police recorded 7.7 per 1,000 residents.”, now “The police recorded 8.1 per 1,000 residents.”"
    assert strategy.write_strategy(edition)[1] == []


def test_a_finding_that_is_gone_is_listed_too(edition):
    strategy.write_strategy(edition)
    content = json.loads((edition.out_path / "findings.json").read_text())
    content["findings"]["trends-level-injury"]["value"] = None
    write_json(edition.out_path / "findings.json", content)
    _, stale = strategy.write_strategy(edition)
    assert any("no longer held" in line for line in stale)


def test_an_edition_that_was_not_built_has_no_strategy(root, tmp_path):
    with pytest.raises(SnaError, match="sna build --edition suffolk-2025"):
        strategy.write_strategy(open_edition("suffolk-2025", str(root), str(tmp_path)))
