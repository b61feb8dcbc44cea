"""Adapters of the harm cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

from svd_lib.measures import harm
from tests.spec.runner import read_csv


def adapt_E_economic_cost_ho2018(case: dict, folder: Path) -> dict:
    offences = read_csv(folder, case["inputs"]["csv"])
    number = next(column for column in offences if column.startswith("number"))
    unit_cost = next(column for column in offences if column.startswith("unit_cost"))
    costs = harm.economic_cost(offences, number=number, unit_cost=unit_cost, scale=1e9)
    return {"total_bn": costs["value"], "grand_total_individuals_bn": harm.total_cost(costs)["value"][0]}


def adapt_E_ons_css_method(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    fine = harm.fine_equivalent(given["fines_total"], given["fines_n"], given["daily_earnings"])
    return {"mean_fine_rounded": fine.mean_fine_rounded, "fine_days": fine.days_from_rounded}


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
