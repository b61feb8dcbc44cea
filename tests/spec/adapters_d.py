"""Adapters of the cohort and inequality cases: rename, select, set options."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.measures import cohorts, inequality, near_repeat, rates, regression, spatial
from tests.spec.runner import first_row, read_csv

SEEDED = np.random.default_rng(1)
SCALES = {0: {"scale": "identity"}, 1: {"scale": "log"}, 2: {"scale": "logit"}}
TEST_WORDS = (
    ("transform", {"transform": True}),
    ("without rii", {"relative": False}),
    ("x 100)", {"multiplier": 100}),
    ("x -100)", {"multiplier": -100}),
    ("negative multiplier", {"multiplier": -1}),
    ("98%", {"confidence": (0.98,)}),
    ("99%", {"confidence": (0.99,)}),
    ("95% and 98%", {"confidence": (0.95, 0.98)}),
    ("95 and 98", {"confidence": (0.95, 0.98)}),
    ("multiple CIs", {"confidence": (0.95, 0.99)}),
)
SII_COLUMNS = {"quantile": "Quantile", "population": "Population", "value": "Value", "error": "StandardError"}
BOUNDS = (("lowercl", "lower_ci"), ("uppercl", "upper_ci"))
TABLE = ["cases", "total", "reference_cases", "reference_total"]
RATES = ["count", "population", "reference_count", "reference_population"]
RISK_DIFFERENCES = {"risk_diff_example_56/400_vs_24/400": [56, 400, 24, 400]}
ESTIMATE = {"est": "value", "lo": "lower_ci", "up": "upper_ci"}
EXACT = {"est": "value", "p": "p_value"}
DIFFERENCE = {"diff": "value", "p": "p_value", "chisq": "chi_square"}
LIMITS = ["lower_ci", "upper_ci"]
IRR = {
    "irr_wald": {},
    "irr_midp": {"method": "midp", "resolution": 0.0001220703125},
    "irr_exact_poisson_test": {"method": "exact"},
}
RISKS = {"rr_wald": "risk_ratio", "or_wald": "odds_ratio"}
MORAN = {"I": "value", "E": "expected", "V": "variance", "z": "z", "p": "p_value"}
RESIDUALS = {"resid_moran_pearson_W": "pearson_residual", "resid_moran_deviance_W": "deviance_residual"}
FORMULA = r"(\w+) ~ (.+?) \+ (offset\(log (\w+)\))"
SUMMARY = {"theta": "theta", "se_theta": "theta_se", "loglik": "loglik", "AIC": "aic", "deviance": "deviance"}
WALKED, STRAIGHT = {"metric": "manhattan"}, {"metric": "euclidean"}
PRINTED = {"space_breaks": (0, 1, 101, 201, 301, np.inf), "time_breaks": (0, 8, 15, 22, np.inf)}
KNOX_RATIOS = {
    "marginal_ratio": "ratio_margins",
    "nrc_ratio_19_perms": "ratio_permuted",
    "monte_carlo_999_ratio": "ratio_permuted",
}
SAME_PLACE = {"space_breaks": (0, 0.001, 100, np.inf)}


def adapt_D_sii_rii(case: dict, folder: Path) -> dict:
    blocks = dict(list(read_csv(folder, case["inputs"]["csv"]).groupby(["TestDescription", "Area"])))
    tests = [(one["test"], blocks[(one["test"], one["area"])]) for one in case["expected"]["cases"]]
    words = [{key: one for word, set_ in TEST_WORDS if word in test for key, one in set_.items()} for test, _ in tests]
    sets = [SII_COLUMNS | SCALES[block["ValueType"].iloc[0]] | one for (_, block), one in zip(tests, words)]
    found = [inequality.slope_index(block, **one, rng=SEEDED) for (_, block), one in zip(tests, sets)]
    points = [dict(zip(rows["index"].str.lower(), rows["value"])) for rows in found]
    records = [rows.assign(at=rows["confidence"].rank(method="dense").map(int)).to_dict("records") for rows in found]
    limits = [{f"{row['index']}_{a}_{row['at']}".lower(): row[b] for row in one for a, b in BOUNDS} for one in records]
    return {"cases": points, "limits": limits}


def adapt_D_risk_ratio_epitools(case: dict, folder: Path) -> dict:
    given, risks = case["inputs"], cohorts.compare_risks
    people = pd.DataFrame([given["wcgs"].values()], columns=TABLE)
    years = pd.DataFrame([[*given["rothman"]["exposed"], *given["rothman"]["unexposed"]]], columns=RATES)
    ratios = {key: rates.rate_ratio(years, **one) for key, one in IRR.items()}
    found = ratios | {key: risks(people, comparison=name, totals=False) for key, name in RISKS.items()}
    apart = {name: pd.DataFrame([row], columns=TABLE) for name, row in RISK_DIFFERENCES.items()}
    apart = {name: risks(rows, comparison="risk_difference") for name, rows in apart.items()}
    tests = {name: first_row(one, DIFFERENCE) | {"ci": one.loc[0, LIMITS]} for name, one in apart.items()}
    exact = {key: first_row(one, EXACT) | {"ci": one.loc[0, LIMITS]} for key, one in ratios.items() if "exact" in key}
    return {name: first_row(one, ESTIMATE) for name, one in found.items()} | tests | exact


def adapt_D_repeat_victimisation_bcs1992(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    classes = {"times": given["times"], "people": given["pct_respondents"]}
    rows = pd.DataFrame(classes | {"mean_times": [*given["times"][:-1], given["mean_times_5plus"]]})
    table = cohorts.repeat_table(rows, mean_times="mean_times")
    repeats = cohorts.repeat_victimisation(rows, mean_times="mean_times")
    shares = {"pct_incidents": table["pct_incidents"], "pct_victims": table["pct_victims"]}
    return shares | first_row(repeats, {"repeat_victims_share_of_victims": "value"})


def adapt_D_knox_burglary(case: dict, folder: Path) -> dict:
    given, events = case["inputs"], read_csv(folder, case["inputs"]["csv"])
    bands = {"space_breaks": given["space_breaks_[a,b)"], "time_breaks": given["time_breaks_[a,b)"]}
    sets = [(name, PRINTED | WALKED) for name in case["expected"] if name.startswith("observed_labels")]
    sets = [("observed", bands | WALKED), ("observed_euclidean", bands | STRAIGHT), *sets]
    cells = {name: near_repeat.knox_table(events, **one)["numerator"] for name, one in sets}
    shuffled = near_repeat.knox_table(events, **bands, **WALKED, rng=np.random.default_rng(1))
    ratios = {name: shuffled[column] for name, column in KNOX_RATIOS.items()}
    width = shuffled["time_band"].nunique()
    return {name: column.to_numpy().reshape(-1, width) for name, column in (cells | ratios).items()}


def adapt_D_knox_small(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    events = pd.DataFrame({name: given[name] for name in ("x", "y", "date")})
    bands = {"space_breaks": given["space"], "time_breaks": given["time"]}
    sets = {"manhattan": bands | WALKED, "euclidean_(0,.001,100,Inf)": bands | SAME_PLACE | STRAIGHT}
    found = {name: near_repeat.knox_table(events, **one) for name, one in sets.items()}
    return {name: rows["numerator"].to_numpy().reshape(-1, rows["time_band"].nunique()) for name, rows in found.items()}


def adapt_D_nb_spatial_nc(case: dict, folder: Path) -> dict:
    areas, pairs = (read_csv(folder, case["inputs"][name]) for name in ("csv", "neighbours_csv"))
    count, term, offset, base = re.match(FORMULA, case["inputs"]["formula"]).groups()
    models = {"full": (f"I({term})", "negbin"), "poisson": (f"I({term})", "poisson"), "null": ("1", "negbin")}
    written = {name: (f"{count} ~ {right} + {offset}", family) for name, (right, family) in models.items()}
    fits = {name: regression.count_regression(areas, text, family=one) for name, (text, one) in written.items()}
    coef = {name: dict(zip(("(Intercept)", "nw"), fit.coefficients["estimate"])) for name, fit in fits.items()}
    found = {name: {"coef": coef[name]} | first_row(fit.summary, SUMMARY) for name, fit in fits.items()}
    moran = {name: spatial.morans_i(fits["full"].rows, pairs, value=column) for name, column in RESIDUALS.items()}
    raw = first_row(spatial.morans_i(areas, pairs, value=count, denominator=base), {"raw_moran": "value"})
    return found | found["full"] | raw | {name: first_row(one, MORAN) for name, one in moran.items()}


ADAPTERS = {name.removeprefix("adapt_"): one for name, one in list(globals().items()) if name.startswith("adapt_")}
