"""Every finding of the data-quality chapter, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofs.independent import data_quality
from proofs.independent.compare import problems
from proofs.independent.setting import NEWEST


@pytest.fixture(scope="module")
def findings(suffolk_site: Path) -> dict[str, dict]:
    content = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))
    return {name: found for name, found in content["findings"].items() if name.startswith("data-quality-")}


def test_every_finding_is_recomputed(findings):
    assert problems(findings, data_quality.recompute(NEWEST)) == []


def test_every_row_is_of_one_kind():
    parts = data_quality.rows(f"select sum(rows_total), sum(rows_in_area + rows_outside_area + rows_no_location + rows_rejected) from {{coverage}} where {data_quality.OWN}")
    assert parts == [(154834, 154834)]


def test_words_of_the_unlocated_share_name_the_extreme_months(findings):
    shares = data_quality.rows(f"select strftime(month, '%B %Y'), round(100.0 * rows_no_location / rows_total, 1) from {{coverage}} where {data_quality.OWN} order by rows_no_location / rows_total")
    assert f"{shares[0][1]}% ({shares[0][0]}) to {shares[-1][1]}% ({shares[-1][0]})" in findings["data-quality-unlocated-share"]["statement"]
