"""Every finding of the recommendations chapter, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from proofs.independent import recommendations
from proofs.independent.compare import problems
from proofs.independent.setting import NEWEST


def test_every_finding_is_found_again(suffolk_site):
    findings = json.loads((suffolk_site / "findings" / "recommendations.json").read_text(encoding="utf-8"))["findings"]
    assert problems(findings, recommendations.recompute(NEWEST)) == []


def test_shares_in_the_words_are_right(suffolk_site):
    now = recommendations.Figures(NEWEST).now
    findings = json.loads((suffolk_site / "findings" / "recommendations.json").read_text(encoding="utf-8"))["findings"]
    top = now.iloc[:recommendations.SIZE]
    said = findings["recommendations-target-reach"]["statement"]
    assert f"The {recommendations.SIZE} neighbourhoods" in said and -(-len(now) // 20) == recommendations.SIZE
    assert f"{100 * top['o'].sum() / now['o'].sum():.1f}% of all" in said and f"{100 * top['n'].sum() / now['n'].sum():.1f}% of residents" in said
    best = 100 * now["o"].nlargest(recommendations.SIZE).sum() / now["o"].sum()
    caught = findings["recommendations-targeting-caught"]
    assert f"would have held {best:.1f}%, a regret of {best - recommendations.Figures(NEWEST).caught()[0]:.1f} points" in caught["statement"]


def test_the_monitoring_framework_has_every_recommendation_and_its_smallest_fall(suffolk_site):
    table = pd.read_csv(suffolk_site / "exhibits" / "recommendations-monitoring-framework.csv").set_index("id")
    made = json.loads((suffolk_site / "recommendations.json").read_text(encoding="utf-8"))["recommendations"]
    assert set(table.index) == {one["id"] for one in made}
    shown = 1 - (1 - 2.8015852181129805 / math.sqrt(2 * 829)) ** 2
    assert table.loc["recommendations-weapons-robbery", "visible"] == f"{100 * shown:.0f}%"
    assert table.loc["recommendations-children-school", "visible"] == "not a yearly count"


def test_break_even_divides_the_sum_by_each_unit_cost(suffolk_site):
    table = pd.read_csv(suffolk_site / "exhibits" / "recommendations-cost-table.csv").set_index("offence")
    assert table.loc["Robbery", "offences"] == pytest.approx(100_000 / 11_320, rel=1e-4)
    assert table.loc["Robbery", "percent"] == pytest.approx(100 * 100_000 / 11_320 / 218, rel=1e-4)
