"""The exit withholds small counts from sentences and files, and lets no text become a formula or markup."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from report_world import make_project

from svd_lib.errors import SnaError
from svd_lib.report import text
from svd_lib.report.chapter import Chapter, open_chapter
from svd_lib.report.exhibit import csv_frame
from svd_lib.report.finding import NOT_SHOWN, quote
from svd_lib.sources.registry import read_registry

PARTNER = {"unit": "attendances", "period": "2025-01/2025-12", "basis": "located_in", "sources": ["partner"]}
TABLE = {"title": "Attendances", "sources": ["partner"], "period": "2025-01/2025-12", "basis": "located_in"}


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return open_chapter("trends", make_project(tmp_path))


@pytest.mark.parametrize("row", [{"value": 3}, {"value": 1.31, "numerator": 3, "denominator": 2291}, {"value": None, "is_suppressed": True}])
def test_a_finding_on_a_small_count_is_withheld_whole(chapter: Chapter, row: dict) -> None:
    shown = chapter.finding("trends-a-b", row, "There were {value} of {numerator}.", **PARTNER)
    written = json.loads((chapter.out / "findings.json").read_text())["findings"]["trends-a-b"]
    assert written["status"] == "withheld" and written["value"] is written["numerator"] is written["denominator"] is None
    assert NOT_SHOWN in shown.html and quote(written) == NOT_SHOWN
    assert "2291" not in json.dumps(written) and "1.31" not in json.dumps(written)


def test_a_finding_on_a_large_count_is_rounded_as_the_rule_says(chapter: Chapter) -> None:
    shown = chapter.finding("trends-a-b", {"value": 43, "numerator": 43}, "There were {value}.", **PARTNER)
    assert "There were 45" in shown.html


def test_a_small_number_among_the_words_is_refused_without_repeating_it(chapter: Chapter) -> None:
    with pytest.raises(SnaError, match="the word 'few'") as refused:
        chapter.finding("trends-a-b", {"value": 430}, "{value}, of which {few}.", words={"few": 3}, **PARTNER)
    assert "3" not in str(refused.value).split("under_5")[0]
    with pytest.raises(SnaError, match="the word 'few'"):
        chapter.table("trends-a-c", pd.DataFrame({"place": ["x"], "count": [40]}), words={"few": 4}, **TABLE)


def test_a_withheld_number_is_a_marker_in_page_and_file(chapter: Chapter) -> None:
    shown = chapter.table("trends-a-c", pd.DataFrame({"place": ["x", "y"], "count": [3, 0]}), **TABLE)
    lines = (chapter.out / "exhibits" / "trends-a-c.csv").read_text().splitlines()
    assert lines[1:] == ["x,[c],True", "y,0,False"]
    assert "[c]" in shown.html and "confidential" in shown.html


@pytest.mark.parametrize("payload", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|calc", "\uff1d1+1", "\u200b=1"])
def test_no_text_of_a_file_is_a_formula(payload: str) -> None:
    written = csv_frame(pd.DataFrame({"place": [payload, "Ipswich - north"], payload: [1, -2]}))
    assert list(written.columns) == ["place", f"'{payload}"]
    assert written["place"].tolist() == [f"'{payload}", "Ipswich - north"]
    assert written[f"'{payload}"].tolist() == [1, -2]
    assert text.inert(-3) == -3


def test_a_restricted_source_is_never_published_as_it_is(tmp_path: Path) -> None:
    root = make_project(tmp_path).root
    path = root / "data" / "sources.yml"
    described = path.read_text(encoding="utf-8")
    path.write_text(described.replace("    disclosure_rule: partner_under_5\n", "    disclosure_rule: as_published\n"), encoding="utf-8")
    with pytest.raises(SnaError, match="restricted source cannot be published as it is"):
        read_registry(root)
    without = "\n".join(line for line in described.splitlines() if "disclosure_rule" not in line)
    restricted = without.replace("sensitivity: restricted", "sensitivity: restricted\n    disclosure_rule: partner_under_10")
    path.write_text(restricted.replace("sensitivity: open", "sensitivity: open\n    disclosure_rule: as_published"), encoding="utf-8")
    assert read_registry(root).source("partner").disclosure_rule == "partner_under_10"
