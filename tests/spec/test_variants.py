"""Cases of the same kinds with other numbers, options and columns run without a word about them in the adapters.

What they expect is computed here by other packages, or by hand, and never by ``svd_lib``.
"""

import json

import esda
import libpysal
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.tsa.seasonal import STL

from tests.spec.__main__ import main
from tests.spec.runner import load_adapters, run_case

RNG = np.random.default_rng(20_230_131)
MONTHS = pd.date_range("2001-01-01", periods=96, freq="MS")
COUNTS = RNG.poisson(200 * np.exp(0.1 * np.sin(np.arange(96) * np.pi / 6) + 0.002 * np.arange(96)))


def rates(folder):
    rows = pd.DataFrame({"Area": list("abc"), "Numerator": [3, 8, 41], "Denominator": [900, 1_200, 6_500], "Multiplier": [1_000] * 3})
    low, high = stats.chi2.ppf(0.05, 2 * rows["Numerator"]) / 2, stats.chi2.isf(0.05, 2 * rows["Numerator"] + 2) / 2
    rows = rows.head(2).assign(Value=rows["Numerator"] / rows["Denominator"] * 1_000, Method="Exact")
    rows["lower_90_ci"], rows["upper_90_ci"] = (side[:2] / rows["Denominator"] * 1_000 for side in (low, high))
    rows.to_csv(folder / "rates.csv", index=False)
    example = {"Numerator": 8, "Denominator": 1_200, "per": 1_000, "Value": 8 / 1.2}
    names = ["Value", "lower_90_ci", "upper_90_ci", "Method"]
    return {"csv": "rates.csv"}, {"in_csv": names, "rows": 2, "example": example}, {"rel": 1e-9}


def proportions(folder):
    rows = pd.DataFrame({"Area": ["x", "y"], "Numerator": [7, 55], "Denominator": [20, 90], "multiplier": [100, 100]})
    low, high = proportion_confint(rows["Numerator"], rows["Denominator"], alpha=0.01, method="wilson")
    rows = rows.assign(Value=rows["Numerator"] / rows["Denominator"] * 100, lower_99_ci=low * 100, upper_99_ci=high * 100)
    rows.to_csv(folder / "shares.csv", index=False)
    return {"csv": "shares.csv"}, {"in_csv": ["Value", "lower_99_ci", "upper_99_ci"], "rows": 2}, {"abs": 1e-9}


def adjusted(folder):
    p = (RNG.uniform(size=9) ** 3).tolist()
    names = {"bh_adj": "fdr_bh", "by_adj": "fdr_by", "holm_adj": "holm", "hochberg_adj": "simes-hochberg", "hommel_adj": "hommel"}
    due = {key: multipletests(p, method=method)[1].tolist() for key, method in names.items()}
    return {"p": p}, due | {"n_reject_05": int((np.array(due["bh_adj"]) <= 0.05).sum())}, {"abs": 1e-9}


def moran(folder):
    weights = libpysal.weights.lat2W(5, 6, rook=False)
    areas = pd.DataFrame({"id": range(30), "events": RNG.poisson(20, 30), "people": RNG.integers(900, 2_000, 30)})
    areas.to_csv(folder / "areas.csv", index=False)
    pd.DataFrame([(i, j) for i, near in weights.neighbors.items() for j in near], columns=["i", "j"]).to_csv(folder / "near.csv", index=False)
    due, value = {}, (areas["events"] / areas["people"]).to_numpy()
    for key, style, variance in (("elsewhere_W_rand", "r", "VI_rand"), ("elsewhere_B_norm_two", "b", "VI_norm")):
        found = esda.Moran(value, weights, transformation=style, permutations=0)
        z = (found.I - found.EI) / getattr(found, variance) ** 0.5
        p = stats.norm.sf(z) if "two" not in key else 2 * stats.norm.sf(abs(z))
        due[key] = {"I": found.I, "E": found.EI, "V": getattr(found, variance), "z": z, "p": p}
    return {"csv": "areas.csv", "neighbours_csv": "near.csv", "variable": "events/people"}, due, {"abs": 1e-8}


def seasons(folder):
    frame = pd.DataFrame({"year": MONTHS.year, "month": MONTHS.month, "value": COUNTS})
    frame.to_csv(folder / "months.csv", index=False)
    fit = STL(COUNTS, period=12, seasonal=9, trend=23, low_pass=13, seasonal_deg=0, seasonal_jump=1, trend_jump=3, low_pass_jump=2).fit(inner_iter=2, outer_iter=0)
    pd.DataFrame({"seasonal": fit.seasonal, "trend": fit.trend, "remainder": fit.resid}).to_csv(folder / "parts.csv", index=False)
    due = {"9": {"csv": "parts.csv", "win": {"s": 9}, "trend_first": fit.trend[0]}}
    return {"csv": "months.csv", "transform": "none", "period": 12}, due, {"components_abs": 1e-6}


def counts(folder):
    rows = pd.DataFrame({"offences": RNG.poisson(30, 40), "group": RNG.integers(1, 4, 40), "score": RNG.normal(size=40).round(3), "people": RNG.integers(500, 900, 40)})
    rows.to_csv(folder / "counts.csv", index=False)
    design = np.column_stack([np.ones(40), rows["group"] == 2, rows["group"] == 3, rows["score"]]).astype(float)
    fit = sm.GLM(rows["offences"], design, family=sm.families.Poisson(), offset=np.log(rows["people"])).fit(scale="X2")
    terms = ["(Intercept)", "factor(group)2", "factor(group)3", "score"]
    due = {"coef": dict(zip(terms, fit.params)), "se": dict(zip(terms, fit.bse)), "dispersion": fit.scale, "df": 36}
    return {"csv": "counts.csv", "formula": "offences ~ factor(group) + score + offset(log(people))"}, due, {"coef_rel": 1e-6, "se_rel": 1e-6}


def risks(folder):
    table = Table2x2(np.array([[30, 70], [11, 99]]))
    ratio, odds = table.riskratio_confint(0.05), table.oddsratio_confint(0.05)
    due = {"rr_wald": {"est": table.riskratio, "lo": ratio[0], "up": ratio[1]}, "or_wald": {"est": table.oddsratio, "lo": odds[0], "up": odds[1]}}
    given = {"type_A_cases": 30, "type_A_non": 70, "type_B_cases": 11, "type_B_non": 99}
    return {"wcgs": given, "rothman": {"exposed": [12, 900], "unexposed": [9, 1_100]}}, due, {"rel": 1e-6}


def limits(folder):
    y = [4.0, 6.5, 5.0, 7.0, 6.0, 30.0, 5.5, 6.2, 5.9, 6.8]
    ranges = np.abs(np.diff(y))
    kept = ranges[ranges < 3.267 * ranges.mean()]
    mean = float(np.mean(y))
    return {"other": y}, {"other": {"mean": mean, "lpl": mean - 2.66 * kept.mean(), "upl": mean + 2.66 * kept.mean()}}, {"abs": 1e-9}


def discounts(folder):
    years = [4, 33, 80]
    due = {"4": 1.035**-4, "33": 1.035**-30 * 1.03**-3, "80": 1.035**-30 * 1.03**-45 * 1.025**-5}
    return {"years": years}, {"factor": due}, {"abs": 1e-9}


def displaced(folder):
    given = {"control": [50, 40], "treated": [90, 60], "alpha": 0.1}
    error, estimate = np.sqrt(240), -20
    reach = stats.norm.ppf(0.95) * error
    due = {"Est_Total": estimate, "SE_Total": error, "Z": estimate / error, "LowCI": estimate - reach, "HighCI": estimate + reach}
    return {"paper": given}, {"paper": due}, {"rel": 1e-9}


def weights(folder):
    frame = pd.DataFrame({"own": [1.0, 2.0, 2.0, 5.0]})
    frame.to_csv(folder / "weights.csv", index=False)
    return {"csv": "weights.csv", "weight": "own"}, {"neff": 100 / 34, "deff_w": 4 * 34 / 100}, {"rel": 1e-9}


def surveyed(folder):
    frame = pd.DataFrame({"stype": list("EEEHHHMMM"), "pw": [10.0] * 3 + [4.0] * 3 + [6.0] * 3, "fpc": [30] * 3 + [12] * 3 + [18] * 3})
    frame = frame.assign(dnum=range(9), visits=[1.0, 4, 2, 8, 9, 7, 3, 5, 5], awards=list("YNYNYNYNN"), api00=0.0, api99=0.0, enroll=0.0)
    for name in ("strat", "clus1", "srs"):
        frame.to_csv(folder / f"{name}.csv", index=False)
    parts = frame.groupby("stype")["visits"].agg(["mean", "var", "size"]).assign(N=[30, 12, 18])
    share = parts["N"] / 60
    error = np.sqrt((share**2 * (1 - parts["size"] / parts["N"]) * parts["var"] / parts["size"]).sum())
    total = {"est": {"visits": float((parts["N"] * parts["mean"]).sum())}, "se": [60 * error]}
    due = {"strat_mean": {"est": {"visits": float((share * parts["mean"]).sum())}, "se": [error]}, "strat_total": total}
    return {"csv_strat": "strat.csv", "csv_clus1": "clus1.csv", "csv_srs": "srs.csv"}, due, {"est_rel": 1e-9, "se_rel": 1e-9}


VARIANTS = {
    "A_rate_elsewhere": rates, "A_proportion_elsewhere": proportions, "B_stl_elsewhere": seasons, "B_quasipoisson_elsewhere": counts, "B_xmr_other": limits,
    "C_bh_elsewhere": adjusted, "C_moran_elsewhere": moran, "D_risk_ratio_elsewhere": risks, "G_kish_other": weights, "G_survey_elsewhere": surveyed,
    "H_greenbook_elsewhere": discounts, "H_wdd_elsewhere": displaced, "H_of_no_known_method": displaced,
}  # fmt: skip


def write(folder, name, change=None):
    inputs, expected, tolerance = VARIANTS[name](folder)
    case = {"id": name, "title": name, "inputs": inputs, "expected": expected, "tolerance": tolerance, "source": {"kind": "made up"}, "notes": "", "params": {}}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(case | (change or {}), default=float))
    return path


@pytest.mark.parametrize("name", VARIANTS)
def test_a_case_of_a_known_kind_runs_on_other_numbers(tmp_path, name):
    outcome = run_case(write(tmp_path, name), load_adapters())
    differing = [f"{leaf.path}: got {leaf.got}, expected {leaf.expected}" for leaf in outcome.leaves if not leaf.passed]
    assert outcome.status == "pass", outcome.error or differing[:5] or outcome.status
    assert outcome.leaves


def test_a_wrong_expectation_fails_and_a_missing_file_is_told(tmp_path, capsys):
    write(tmp_path, "H_wdd_elsewhere", {"expected": {"paper": {"Est_Total": -21}}})
    write(tmp_path, "G_kish_other", {"inputs": {"csv": "absent.csv", "weight": "own"}})
    assert main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:2]] == ["fail", "fail"] and lines[-1] == "pass 0  fail 2  unsupported 0  of 2"


def test_what_no_adapter_answers_is_unsupported_and_not_failed(tmp_path):
    path = write(tmp_path, "H_wdd_elsewhere", {"id": "H_tarot", "expected": {"cards": [1, 2]}})
    assert run_case(path, load_adapters()).status == "unsupported"
