"""A chapter as a whole: recommendations, caveats, display."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from report_world import make_project

from svd_lib.errors import SnaError
from svd_lib.report.chapter import Chapter, open_chapter

FINDING = {"unit": "offences", "period": "2025-01/2025-12", "basis": "located_in", "sources": ["police"]}
ADVICE = {
    "title": "Focus on the places with most violence", "action": "Direct patrols to {targets}.", "findings": ["trends-violence-change"],
    "conditions": ["trends-violence-change.lower_ci > 0"], "evidence": ["hot-spots"], "owner": "the police force", "measure": "Offences there",
    "baseline": "trends-violence-count", "review": "December 2026", "priority": "trends-violence-count.value",
}  # fmt: skip


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    edition = make_project(tmp_path)
    trends = open_chapter("trends", edition)
    trends.finding("trends-violence-change", {"value": 5, "lower_ci": 2, "upper_ci": 8}, "Violence rose by {value} in {period}.", **FINDING)
    trends.finding("trends-violence-count", {"value": 900}, "{value} offences in {period}.", **FINDING)
    return open_chapter("recommendations", edition)


def _advise(chapter: Chapter, name: str = "recommendations-places-focus", **change: object):
    return chapter.recommendation(name, words={"targets": "Northtown"}, **ADVICE | change)


def test_a_recommendation_stands_on_its_findings(chapter: Chapter) -> None:
    shown = _advise(chapter)
    assert not shown.content.is_flagged
    assert "Direct patrols to Northtown." in shown.html
    assert "Violence rose by 5" in shown.html and "Hot spots policing" in shown.html and "Proposed owner" in shown.html
    assert "900 offences (January to December 2025)" in shown.html


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"findings": ["trends-unheard-of"]}, "the finding trends-unheard-of is missing"),
        ({"conditions": ["trends-violence-change.lower_ci > 3"]}, "it no longer holds"),
        ({"conditions": ["trends-unheard-of.value > 3"]}, "trends-unheard-of is missing"),
        ({"baseline": "trends-unheard-of"}, "trends-unheard-of is missing"),
    ],
)
def test_it_is_flagged_when_a_finding_is_missing_or_its_condition_fails(chapter: Chapter, change: dict, reason: str) -> None:
    shown = _advise(chapter, **change)
    assert shown.content.is_flagged
    assert reason in "; ".join(shown.content.reasons)
    assert "sna-flagged" in shown.html


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conditions": ["__import__('os') > 0"]}, "must compare"),
        ({"evidence": ["unheard"]}, "no evidence unheard"),
        ({"owner": ""}, "owner"),
        ({"findings": []}, "findings"),
    ],
)
def test_it_cannot_be_built_without_its_parts(chapter: Chapter, change: dict, said: str) -> None:
    with pytest.raises(SnaError, match=said):
        _advise(chapter, **change)


def test_the_data_rank_recommendations_and_flagged_ones_come_last(chapter: Chapter) -> None:
    _advise(chapter, "recommendations-c-c", priority="trends-violence-change.value")
    _advise(chapter, "recommendations-b-b", conditions=["trends-violence-change.value < 0"])
    _advise(chapter, "recommendations-a-a", title="First")
    assert chapter.ranking()["title"].tolist()[0] == "First"
    assert chapter.ranking()["status"].tolist()[-1] == "Under review"
    content = json.loads((chapter.out / "recommendations.json").read_text(encoding="utf-8"))
    assert [item["id"] for item in content["recommendations"]] == ["recommendations-a-a", "recommendations-c-c", "recommendations-b-b"]


def test_caveats_are_generated_from_what_was_published(chapter: Chapter) -> None:
    row = {"value": 900, "method": "A method of 2025"}
    chapter.finding("recommendations-a-b", row, "{value} in {period}.", **FINDING)
    html = chapter.caveats().html
    assert "Places are snapped to map points." in html
    assert "A method of 2025" in html
    assert "Located in" in html and "Recorded by:" not in html
    assert "not a publication of the Testland Partnership" in html


def test_what_was_shown_is_not_shown_twice(chapter: Chapter) -> None:
    assert _advise(chapter)._ipython_display_() is None


def test_a_chapter_forgets_its_own_exhibits_only(chapter: Chapter) -> None:
    other = open_chapter("recommendations-more", chapter.edition)
    data = pd.DataFrame({"place": ["a"], "value": [1]})
    options = {"title": "A table", "sources": ["police"], "period": "2025", "basis": "located_in"}
    other.table("recommendations-more-a", data, **options)
    chapter.table("recommendations-a-b", data, **options)
    open_chapter("recommendations", chapter.edition)
    assert sorted(path.name for path in (chapter.out / "exhibits").glob("*.csv")) == ["recommendations-more-a.csv"]
