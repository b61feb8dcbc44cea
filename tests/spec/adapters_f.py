"""Adapters of the disclosure cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

from svd_lib.disclosure import audit, suppression


def adapt_F_fischetti_salazar_3x3(case: dict, folder: Path) -> dict:
    system = audit.cross_table(case["inputs"]["table"])
    places = case["inputs"]["suppressed"]
    found = audit.audit_intervals(system, [f"{row}|{column}" for row, column in places])
    limits = found[["lower", "upper"]].to_numpy().tolist()
    return {"bounds": {f"[{row},{column}]": limit for (row, column), limit in zip(places, limits)}}


def adapt_F_optimal_secondary_microdata1(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    system, totals = audit.cross_table(given["table"], given["rows"], given["cols"]), given["margins_may_be_suppressed"]
    pattern = suppression.secondary_suppression(system, given["primary"], totals_may_be_withheld=totals)
    limits = pattern.audit.set_index("cell")[["lower", "upper"]]
    counts = {"n_secondary": len(pattern.secondary), "cost": pattern.cost, "n_publishable": pattern.published}
    bounds = {f"bounds_{cell}": limits.loc[cell] for cell in given["primary"]}
    return {"secondary": list(pattern.secondary)} | counts | bounds


def adapt_F_recoverable_despite_two_per_line(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    system, hidden = audit.cross_table(given["table"], given["rows"], given["cols"]), given["suppressed"]
    found = audit.audit_intervals(system, hidden).set_index("cell")
    exposed = list(found.index[found["is_exposed"]])
    best = suppression.secondary_suppression(system, exposed, already=hidden, totals_may_be_withheld=False).secondary
    tables = {cell: audit.effect_of_extra(system, hidden, cell).set_index("extra") for cell in exposed}
    after = {f"bounds_{cell}_after": table[["lower", "upper"]].T for cell, table in tables.items()}
    chosen = {f"{name}_{extra}": table[extra] for name, table in after.items() for extra in best}
    before = {"bounds_before": found[["lower", "upper"]].T, "n_secondary": len(best), "min_cost_extra": best[0]}
    return before | after | chosen


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
