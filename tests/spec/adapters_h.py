"""Adapters of the recommendation cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

from svd_lib.measures import evaluation, evidence
from tests.spec.runner import first_row

ROWS = {
    "local": {"Est_Local": "value", "SE_Local": "standard_error"},
    "displacement": {"Est_Displace": "value", "SE_Displace": "standard_error"},
    "total": {"Est_Total": "value", "SE_Total": "standard_error", "Z": "z", "LowCI": "lower_ci", "HighCI": "upper_ci"},
}
CONFIDENCE = {0.01: 0.99, 0.05: 0.95, 0.1: 0.9, 0.2: 0.8}
BREAK_EVEN = {"break_even_offences": "offences", "break_even_pct": "percent"}
COUNTS = {
    "treated": "treated",
    "control": "control",
    "disp_treated": "displacement_treated",
    "disp_control": "displacement_control",
}


def adapt_H_breakeven(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    cost, base, unit = given["programme_cost"], given["baseline_offences"], given["unit_cost"]
    even = first_row(evaluation.break_even(cost, unit, base), BREAK_EVEN)
    gains = evaluation.benefit_cost([*given["effects"].values()], baseline=base, unit_cost=unit, cost=cost)
    names = [f"{effect:.0%}".replace("%", "pct") for effect in gains["effect"]]
    benefit = {f"benefit_{name}": value for name, value in zip(names, gains["benefit"])}
    return even | benefit | {f"bcr_{name}": value for name, value in zip(names, gains["benefit_cost_ratio"])}


def adapt_H_grade_rules(case: dict, folder: Path) -> dict:
    return {"level": evidence.certainty_table(case["inputs"]["cases"])["certainty"]}


def adapt_H_greenbook_discount(case: dict, folder: Path) -> dict:
    years = case["inputs"]["years"]
    return {"factor": dict(zip(years, evaluation.discount_factor(years)))}


def adapt_H_wdd(case: dict, folder: Path) -> dict:
    given, wdd = case["inputs"], evaluation.weighted_displacement_difference
    paper = {COUNTS[name]: pair for name, pair in given["paper"].items() if name in COUNTS}
    timed = {COUNTS.get(name, name): pair for name, pair in given.get("time", {}).items()}
    weighted = paper | {"area_weights": given.get("area_weights")}
    chosen = {"paper": paper, "area_weighted": weighted, "time_weighted": timed}
    level = CONFIDENCE[given["paper"].get("alpha", 0.05)]
    parts = {key: wdd(**chosen[key], confidence=level).set_index("part") for key in case["expected"]}
    named = {part: {key: first_row(row.loc[[part]], to) for key, row in parts.items()} for part, to in ROWS.items()}
    return {key: named["local"][key] | named["displacement"][key] | named["total"][key] for key in parts}


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
