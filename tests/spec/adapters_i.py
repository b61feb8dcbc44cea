"""Adapters of the sensitivity cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

from svd_lib.measures import multiverse
from tests.spec.runner import read_csv

CHOICES = ["y", "x", "controls", "subset"]
SUMMARY = {"n": "n", "median_std": "median", "q": "quantiles", "share_neg": "share_negative"}
SHARES = {"share_sig": "share_significant", "share_neg_sig": "share_negative_significant"}
QUANTILES = (0, 0.25, 0.5, 0.75, 1)


def adapt_I_multiverse_api(case: dict, folder: Path) -> dict:
    given, rows = case["inputs"], read_csv(folder, case["inputs"]["csv"])
    sets = {"outcomes": given["y"], "predictors": given["x"], "controls": given["controls"], "subsets": given["subset"]}
    curve = multiverse.regression_curve(rows, **sets, subset_column=given.get("subset_column", "stype"))
    found = multiverse.curve_summary(curve, "std_beta", p_value="p", probabilities=QUANTILES)
    raw = {"median_est": multiverse.curve_summary(curve, "estimate")["median"]}
    squares = multiverse.variance_by_choice(curve, CHOICES, "std_beta").replace("residual", "Residuals")
    ss = {"ss": squares.set_index("choice")["sum_of_squares"].to_dict()}
    summary = {name: found[ours] for name, ours in {**SUMMARY, **SHARES}.items()}
    return {"csv": curve, "summary": summary | raw | ss}


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
