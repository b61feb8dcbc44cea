"""Findings: what must be there, what is rounded, what is quoted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report_world import make_project

from svd_lib.errors import SnaError
from svd_lib.report import finding as findings
from svd_lib.report.chapter import Chapter, open_chapter
from svd_lib.report.facts import load_facts
from svd_lib.report.gaps import find_gap, load_gaps

ROW = pd.DataFrame(
    {
        "value": [np.float64(27.7149)], "lower_ci": [26.93], "upper_ci": [28.51], "numerator": [np.int64(21045)], "denominator": [758000],
        "statistic": ["rate"], "method": ["Byar's method"], "confidence": [0.95],
    }
)  # fmt: skip
GOOD = {"unit": "per 1,000 residents", "precision": 1, "period": "2025-01/2025-12", "basis": "located_in", "sources": ["police", "people"]}
KEYS = {
    "statement", "value", "lower_ci", "upper_ci", "confidence", "numerator", "denominator", "unit", "precision", "period", "age_months", "area",
    "basis", "sources", "method", "exhibit", "sensitivity", "status",
}  # fmt: skip


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return open_chapter("trends", make_project(tmp_path))


def _written(chapter: Chapter) -> dict:
    return json.loads((chapter.out / "findings.json").read_text(encoding="utf-8"))


def test_a_finding_is_written_as_the_interface_says(chapter: Chapter) -> None:
    shown = chapter.finding("trends-violence-rate", ROW, "Police recorded {quantity} ({interval}) in {area} in {period}.", **GOOD)
    content = _written(chapter)
    entry = content["findings"]["trends-violence-rate"]
    assert (content["schema"], content["edition"]) == (1, "testland-2025")
    assert set(entry) >= KEYS
    assert entry["statement"] == (
        "Police recorded 27.7 per 1,000 residents (95% confidence interval 26.9 to 28.5) in Testland in January to December 2025."
    )
    assert (entry["value"], entry["lower_ci"], entry["upper_ci"], entry["numerator"]) == (27.7, 26.9, 28.5, 21045)
    assert (entry["age_months"], entry["status"], entry["sensitivity"], entry["area"]) == (0, "current", "open", "Testland")
    assert 'id="finding-trends-violence-rate"' in shown.html
    part = json.loads((chapter.out / "findings" / "trends.json").read_text(encoding="utf-8"))
    assert part["findings"] == content["findings"]


def test_a_complete_count_needs_no_interval(chapter: Chapter) -> None:
    shown = chapter.finding("trends-robbery-count", {"value": 218}, "There were {value} robberies ({interval}) in {period}.", **GOOD | {"precision": 0})
    assert shown.content.statement == "There were 218 robberies in January to December 2025."


def test_older_evidence_is_marked_and_dated(chapter: Chapter) -> None:
    shown = chapter.finding("trends-code-share", {"value": 0.098}, "{value} met the definition.", **GOOD | {"period": "2017-04/2018-03", "unit": "%"}, scale=100)
    assert shown.content.status == "historic"
    assert shown.content.age_months == 93
    assert shown.content.statement == "9.8% met the definition (the year ending March 2018)."
    assert "older evidence" in shown.html


def test_a_year_in_the_sentence_is_period_enough(chapter: Chapter) -> None:
    shown = chapter.finding("trends-a-b", {"value": 1}, "In 2025 there was {value}.", **GOOD)
    assert shown.content.statement == "In 2025 there was 1.0."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sources": []}, "at least one source"),
        ({"sources": ["unheard"]}, "no source"),
        ({"period": "recently"}, "not readable"),
        ({"basis": "both"}, "basis"),
    ],
)
def test_a_finding_without_its_parts_is_refused(chapter: Chapter, change: dict, said: str) -> None:
    with pytest.raises(SnaError, match=said):
        chapter.finding("trends-a-b", ROW, "{value}", **GOOD | change)
    assert _written(chapter)["findings"] == {}


@pytest.mark.parametrize("identifier", ["violence-rate", "trends", "trends-Rate", "trends_rate", "trends-"])
def test_an_id_of_another_form_is_refused(chapter: Chapter, identifier: str) -> None:
    with pytest.raises(SnaError, match="id"):
        chapter.finding(identifier, ROW, "{value}", **GOOD)


def test_an_unknown_placeholder_is_named(chapter: Chapter) -> None:
    with pytest.raises(SnaError, match="rank"):
        chapter.finding("trends-a-b", ROW, "{rank}", **GOOD)
    assert chapter.finding("trends-a-b", ROW, "{rank} in {period}", **GOOD, words={"rank": np.int64(3)}).content.words == {"rank": 3}


def test_a_value_that_is_missing_needs_a_known_gap(chapter: Chapter) -> None:
    with pytest.raises(SnaError, match="known_gaps"):
        chapter.finding("trends-a-b", {"value": np.nan}, "{value}", **GOOD)
    shown = chapter.finding("trends-victims-age", ROW.head(0), "{value}", **GOOD)
    assert shown.content.status == "unavailable"
    assert findings.quote(shown.content.to_dict()) == "not available in this edition"


def test_parts_of_a_finding_are_quoted(chapter: Chapter) -> None:
    entry = chapter.finding("trends-a-b", ROW, "{value} in {period}.", **GOOD).content.to_dict()
    assert findings.quote(entry) == "27.7 per 1,000 residents"
    assert findings.quote(entry, "interval") == "95% confidence interval 26.9 to 28.5"
    assert findings.quote(entry, "period") == "January to December 2025"
    assert findings.quote(entry, "numerator") == "21,045"
    with pytest.raises(SnaError, match="has no 'colour'"):
        findings.quote(entry, "colour")


def test_chapters_are_merged_and_a_rerun_forgets(chapter: Chapter) -> None:
    chapter.finding("trends-a-b", ROW, "{value} in {period}.", **GOOD)
    other = open_chapter("geography", chapter.edition)
    other.finding("geography-a-b", ROW, "{value} in {period}.", **GOOD)
    assert set(_written(chapter)["findings"]) == {"trends-a-b", "geography-a-b"}
    assert other.quoted("trends-a-b")["value"] == 27.7
    open_chapter("trends", chapter.edition)
    assert set(_written(chapter)["findings"]) == {"geography-a-b"}
    with pytest.raises(SnaError, match="does not exist"):
        other.quoted("trends-a-b")


def test_facts_and_gaps_are_read(chapter: Chapter) -> None:
    root = chapter.edition.root
    assert load_facts(root)["duty-start"].quantity == "2023"
    assert find_gap(load_gaps(root), "trends-victims-age", chapter.edition).needs == "victims by age"
    with pytest.raises(SnaError, match="not a known gap"):
        find_gap(load_gaps(root), "trends-else-1", chapter.edition)


def test_a_fact_with_an_unknown_tag_is_refused(tmp_path: Path) -> None:
    root = make_project(tmp_path).root
    path = root / "data" / "reference" / "facts.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("verified", "heard"), encoding="utf-8")
    with pytest.raises(SnaError, match="row 2.*heard"):
        load_facts(root)


def test_the_project_s_own_facts_and_gaps_can_be_read(root: Path) -> None:
    assert load_gaps(root)
    assert load_facts(root)


def test_findings_are_laid_out_as_json_with_indents_lays_them_out() -> None:
    entries = {"b-x-count": {"value": 1.5, "words": {"area": "Mid \"Suffolk\"\n", "n": None}, "sources": []}, "a-y-rate": {"value": None, "é": ["ü"]}}
    for some in ({}, entries):
        content = {"schema": 1, "chapter": "b", "exhibits": ["b-x"], "edition": 'e "findings": null'}
        whole = json.dumps({**content, "findings": some}, indent=1, ensure_ascii=False, sort_keys=True)
        assert findings._with_findings(content, some) == whole
