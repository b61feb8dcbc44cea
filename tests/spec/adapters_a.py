"""Adapters of the rates cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from svd_lib.measures import funnels, rates
from tests.spec.runner import columns, first_row, levels_in, read_csv

BOUNDS = {"lower": "lower_ci", "upper": "upper_ci"}
METHODS = {"exact Poisson": "Exact", "Byar": "Byars"}
EXAMPLE = {"Numerator": "numerator", "Denominator": "denominator", "Value": "value"}
EXAMPLE_LIMITS = {"lower95": "lower_ci", "upper95": "upper_ci"}
TOTALS = {"Total Count": "numerator", "Total Pop": "denominator", "Value": "value"}
STANDARD = "esp2013_5yr_0-4_to_90+"
DSR = {"numerator": "count", "denominator": "pop"}
UNITS = (10_000, 100_000)

NOT_DRAWN = "Not significant"
TOO_FEW = {"": "Not applicable for events less than 10 for DSRs"}
POINTS = (
    {"numerator": "numerator", "denominator": "denominator", "kind": "proportion", "per": 100},
    {"numerator": "obs", "denominator": "expected", "kind": "ratio"},
)
RATE = {"numerator": "count", "denominator": "pop", "per": 100_000}
DSR_POINTS = RATE | {"rate": "rate_dsr", "min_events": 10}
RATE_POINTS = {"dsr_per_100000": DSR_POINTS, "dsr_per_100": DSR_POINTS, "crude_per_100000": RATE, "crude_per_100": RATE}
LIMITS = (
    {"size": "Population", "kind": "proportion", "baseline": "baseline", "per": 100},
    {"size": "Observed_events", "kind": "ratio", "per": 100, "step": 1e-7},
    {"size": "Events", "kind": "rate", "baseline": "baseline", "per": 100_000, "years": 3, "step": 1e-7},
)
SIDES = ("lower_2s", "upper_2s", "lower_3s", "upper_3s")
RATIO_PARTS = {"isr": "", "exp_events": "_size", "count": "_excess"}
RATE_PARTS = {"limit": "", "population_1_year": "_size"}
LIMIT_NAMES = (
    {"Population": "size", "baseline": "baseline"} | {f"{side}_limit": side for side in SIDES},
    {"Observed_events": "size"}
    | {f"{side}_{new}": f"{side}{old}" for side in SIDES for new, old in RATIO_PARTS.items()},
    {"Events": "size", "baseline": "baseline"}
    | {f"{side}_{new}": f"{side}{old}" for side in SIDES for new, old in RATE_PARTS.items()},
)
LIMIT_WORDS = ({}, {}, {"Statistic": "rate (dsr per 100000)", "Method": "Poisson"})


def adapt_A_rate_byars_exact(case: dict, folder: Path) -> dict:
    rows, example = read_csv(folder, case["inputs"]["csv"]), pd.DataFrame([case["expected"].get("example", {})])
    names, levels = {"numerator": "Numerator", "denominator": "Denominator"}, levels_in(case["expected"]["in_csv"])
    options = {key: names | {"per": "Multiplier", "confidence": one} for key, one in levels.items()}
    found = {key: rates.crude_rate(rows, **set_).replace(METHODS) for key, set_ in options.items()}
    limits = {f"{side}_{key}_ci": found[key][name] for key in levels for side, name in BOUNDS.items()}
    value = columns(next(iter(found.values())), {"Value": "value", "Method": "method"}).to_dict("list")
    one = rates.crude_rate(example, **names, per="per").replace(METHODS)
    shown = {"per": example["per"].iloc[0]} | first_row(one, EXAMPLE | EXAMPLE_LIMITS | {"Method": "method"})
    return {"in_csv": value | limits, "rows": len(rows), "example": shown}


def adapt_A_proportion_wilson(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    options = {"numerator": "Numerator", "denominator": "Denominator", "per": "multiplier"}
    levels = levels_in(case["expected"]["in_csv"])
    found = {key: rates.proportion(rows, **options, confidence=one) for key, one in levels.items()}
    limits = {f"{side}_{key}_ci": found[key][name] for key in levels for side, name in BOUNDS.items()}
    return {"in_csv": {"Value": next(iter(found.values()))["value"]} | limits, "rows": len(rows)}


def adapt_A_dsr_dobson(case: dict, folder: Path) -> dict:
    given, dsr = case["inputs"], rates.directly_standardised_rate
    options = {"csv": {"by": "area", "standard": given[STANDARD]}, "csv_esp1976": {"standard": "esp1976"}}
    cases = [(read_csv(folder, given[key]), set_) for key, set_ in options.items() if key in given]
    levels = levels_in(list(read_csv(folder, case["expected"]["csv"])))
    sets = [(frame, DSR | set_ | {"per": per}) for per in UNITS for frame, set_ in cases]
    tables = {key: [dsr(frame, **set_, confidence=one) for frame, set_ in sets] for key, one in levels.items()}
    found = {key: pd.concat(parts) for key, parts in tables.items()}
    limits = {f"{side}_{key}_ci": found[key][name].tolist() for key in levels for side, name in BOUNDS.items()}
    return {"csv": columns(next(iter(found.values())), TOTALS).to_dict("list") | limits}


def adapt_A_funnel_significance(case: dict, folder: Path) -> dict:
    *plain, areas = (read_csv(folder, name) for name in case["inputs"]["csv"])
    found = [funnels.funnel_points(rows, **one)["significance"] for rows, one in zip(plain, POINTS)]
    some = (("with_0", areas), ("without_0", areas[areas["count"] > 0]))
    drawn = {f"{key}_{of}": funnels.funnel_points(rows, **one) for key, one in RATE_POINTS.items() for of, rows in some}
    labels = pd.DataFrame({name: rows["significance"] for name, rows in drawn.items()}).fillna(NOT_DRAWN)
    axes = (read_csv(folder, name) for name in case["expected"]["limits_csv"])
    lines = (funnels.funnel_limits(axis, **one) for axis, one in zip(axes, LIMITS))
    limits = [columns(rows, names).assign(**words) for rows, names, words in zip(lines, LIMIT_NAMES, LIMIT_WORDS)]
    counts = dict(zip(("counts_prop", "counts_ratio"), (rows.value_counts().to_dict() for rows in found)))
    return counts | {"labels_in_input_csv": [*map(pd.DataFrame, found), labels.replace(TOO_FEW)], "limits_csv": limits}


ADAPTERS = {name.removeprefix("adapt_"): one for name, one in list(globals().items()) if name.startswith("adapt_")}
