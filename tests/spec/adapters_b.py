"""Adapters of the trends cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from svd_lib.measures import change_points, control_charts, forecasts, regression, trends
from tests.spec.runner import dated, first_row, options_in, read_csv

XMR_SERIES = {
    "y": ("y", True),
    "spiked_screened": ("y_with_spike_at_15", True),
    "spiked_not_screened": ("y_with_spike_at_15", False),
}
XMR_ROW = {"mean": "mean", "lpl": "lower", "upl": "upper"}
XMR_SNAPSHOT = {"r1": "y", "r2": "spiked_screened", "r3": "spiked_not_screened"}
XMR_RULES = {
    "seven_one_side": (control_charts.seven_on_one_side, ("v",)),
    "back_fill": (control_charts.back_fill, ("v",)),
    "seven_point_trend": (control_charts.seven_point_trend, ("v",)),
    "two_in_three": (control_charts.two_of_three, ("close", "side")),
}
ASSURANCE = {"increase": "high", "decrease": "low"}
STL_WORDS = {"13robust": {"robust": True}, "robust": {"robust": True}}
ENDS = ("trend_first", "trend_last")
STL_COLUMNS = ["seasonal", "trend", "remainder"]
STRENGTHS = {name: name for name in ("strength_trend", "strength_seasonal", "sd_remainder")}
SCORES = ("ME", "RMSE", "MAE", "MPE", "MAPE", "MASE", "ACF1")
ACCURACY = {"accuracy_train": {name: name for name in SCORES}}
ACCURACY["accuracy"] = ACCURACY["accuracy_train"] | {"Theil's U": "theils_u"}
AIRLINE = {"order": (0, 1, 1), "seasonal_order": (0, 1, 1), "log": True}
AAA = {"error": "add", "trend": "add", "seasonal": "add"}
AR_BREAKS = {"cost": "log_l2", "lags": (1, 12), "min_size": 0.1, "changes": 2}
PELT = {key: {"method": "pelt", "variance": "series", "penalty_multiple": by} for key, by in (("2", 2), ("3", 3))}
INTERVAL = ["position_lower", "position", "position_upper"]
LADDER = ("m", "pelt_l2_pen_k*var*log(n)", "strucchange_BIC_m0..5", "ci95_index")
COEFFICIENTS = {"coef": "estimate", "se": "standard_error"}
NB_SUMMARY = {"theta": "theta", "theta_se": "theta_se", "twologlik": "twice_loglik", "AIC": "aic"}
WITHIN = {"value": "actual", "fitted": "value"}
BOUNDS = {"lo": "lower_ci", "up": "upper_ci"}
LEVELS = {"95": 0.95, "80": 0.8}


def adapt_B_xmr_limits(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    wanted = {key: XMR_SERIES.get(key, (key, True)) for key, due in case["expected"].items() if "mean" in due}
    found = {key: control_charts.xmr_limits(given[name], screen=screen) for key, (name, screen) in wanted.items()}
    rows = {key: first_row(limits, XMR_ROW) for key, limits in found.items()}
    known = {name: rows[key] for name, key in XMR_SNAPSHOT.items() if key in rows}
    return rows | {"published_snapshot": {name: list(row.values()) for name, row in known.items()}}


def adapt_B_xmr_rules(case: dict, folder: Path) -> dict:
    given = case["inputs"]["cases"]
    rules = {key: rule for key in given for name, rule in XMR_RULES.items() if key.startswith(name)}
    flags = {key: [rule(*(one[name] for name in names)) for one in given[key]] for key, (rule, names) in rules.items()}
    limits = [given["assurance"][name] for name in ("lpl", "upl", "target")]
    sure = {key: control_charts.assurance(*limits, good) for key, good in ASSURANCE.items()}
    pair = pd.DataFrame({"value": given["opposite_side_pair_not_flagged"]["y"]}).reset_index()
    last = ", ".join(control_charts.xmr(pair, time="index")["point_type"].tail(2).unique())
    return {"in_cases": flags | {"assurance": sure, "opposite_side_pair_not_flagged": {"last_two": last}}}


def adapt_B_stl_ukdriverdeaths(case: dict, folder: Path) -> dict:
    rows, given, due = dated(read_csv(folder, case["inputs"]["csv"])), case["inputs"], case["expected"]
    wins = {key: {"seasonal": due[key].get("win", {}).get("s", "periodic")} | options_in(key, STL_WORDS) for key in due}
    how = {"value": "value", "month": "date", "transform": given.get("transform", "none")}
    found = {key: trends.decompose(rows, **how, **wins[key]) for key in due}
    ends = {key: dict(zip(ENDS, parts["trend"].iloc[[0, -1]])) for key, parts in found.items()}
    strong = {key: first_row(trends.component_strengths(parts), STRENGTHS) for key, parts in found.items()}
    return {key: {"csv": parts[STL_COLUMNS]} | ends[key] | strong[key] for key, parts in found.items()}


def adapt_B_quasipoisson_seatbelts(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    rows = dated(rows)
    rows = regression.time_terms(rows, month="date").rename(columns={"years": "t"}) if "date" in rows else rows
    fit = regression.count_regression(rows, case["inputs"]["formula"].split(";")[0])
    names = {key: dict(zip(case["expected"]["coef"], fit.coefficients[name])) for key, name in COEFFICIENTS.items()}
    step = fit.coefficients.tail(1)
    ratio = {"law_IRR": step["value"].iloc[0], "law_ci": step[["lower_ci", "upper_ci"]].iloc[0].tolist()}
    return names | ratio | first_row(fit.summary, {"dispersion": "dispersion", "deviance": "deviance", "df": "df"})


def adapt_B_negbin_quine(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    fit = regression.count_regression(rows, case["inputs"]["formula"].split(" (")[0], family="negbin")
    estimates = {"coef": fit.coefficients["estimate"], "se": fit.coefficients["standard_error"]}
    terms = {key: dict(zip(case["expected"]["coef"], values)) for key, values in estimates.items()}
    return terms | first_row(
        fit.summary, {"theta": "theta", "theta_se": "theta_se", "twologlik": "twice_loglik", "AIC": "aic"}
    )


def adapt_B_glm_forecast(case: dict, folder: Path) -> dict:
    rows, cut = read_csv(folder, case["inputs"]["csv"]), case["inputs"]["train_rows"]
    rows = dated(rows)
    rows = regression.time_terms(rows, month="date").rename(columns={"years": "t"}) if "date" in rows else rows
    fit = regression.count_regression(rows.iloc[:cut], case["inputs"]["formula"])
    later = rows.iloc[cut:].head(len(case["expected"]["mean"]))
    terms = dict(zip(case["expected"].get("coef", {}), fit.coefficients["estimate"]))
    mean = regression.predict_counts(fit, later, levels=(0.95,))["value"]
    return {"coef": terms, "mean": mean} | first_row(fit.summary, {"dispersion": "dispersion"})


def adapt_B_snaive_forecast(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    rows = dated(rows).drop(columns="month").rename(columns={"date": "month"})
    past, later = rows[rows["month"] <= case["inputs"]["train_end"]], rows.rename(columns={"value": "actual"})
    found = forecasts.forecast(past, value="value", horizon=case["inputs"]["h"]).merge(later, on="month", how="left")
    parts = {key: found[found["confidence"] == one] for key, one in LEVELS.items()}
    limits = {f"{side}{key}": rows[name] for key, rows in parts.items() for side, name in BOUNDS.items()}
    fits = (parts["95"], forecasts.seasonal_naive_fit(past, value="value").rename(columns=WITHIN))
    errors = {name: forecasts.accuracy(one, training=past["value"]) for name, one in zip(sorted(ACCURACY), fits)}
    scores = {name: first_row(one, ACCURACY[name]) for name, one in errors.items()} | {"h": len(parts["95"])}
    return limits | scores | {"mean": parts["95"]["value"], "sigma": scores["accuracy_train"]["RMSE"]}


def adapt_B_ets_aaa(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    rows = dated(rows).drop(columns="month").rename(columns={"date": "month"})
    past = rows[rows["month"] <= case["inputs"]["train_end"]]
    options = {"method": "ets", "horizon": case["inputs"]["h"], "levels": (0.95,), "options": AAA}
    found = forecasts.forecast(past, value="value", **options)
    return {"mean": found["value"], "lo95": found["lower_ci"], "up95": found["upper_ci"]}


def adapt_B_arima_airline(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    rows = dated(rows).drop(columns="month").rename(columns={"date": "month"})
    past = rows[rows["month"] <= case["inputs"]["train_end"]]
    options = {"method": "arima", "horizon": case["inputs"]["h"], "levels": (0.95,)}
    found = forecasts.forecast(past, value="value", options=AIRLINE | {"back_transform": False}, **options)
    loglik = forecasts.arima_fit(past["value"], **AIRLINE)["loglik"].iloc[0]
    return {"mean_log": found["value"], "lo95_log": found["lower_ci"], "up95_log": found["upper_ci"], "loglik": loglik}


def adapt_B_changepoint_nile(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    options = {"value": "flow", "time": "year", "cost": "l2", "min_size": case["inputs"]["min_segment"]}
    ladder = change_points.partitions(rows, **options)
    some = ladder[ladder["changes"].astype(str).isin(case["expected"]["m"])]
    places = {str(row.changes): (list(row.positions), row.cost) for row in some.itertuples()}
    steps = {key: {"obs": at if len(at) > 1 else at[0], "RSS": cost} for key, (at, cost) in places.items()}
    pelt = {key: change_points.change_points(rows, **one, **options)["position"] for key, one in PELT.items()}
    found = change_points.change_points(rows, **options)[INTERVAL].to_numpy().ravel()
    best = first_row(ladder[ladder["is_best"]].explode("dates"), {"best_m_by_BIC": "changes", "break_year": "dates"})
    return best | dict(zip(LADDER, (steps, pelt, ladder["bic"], found)))


def adapt_B_changepoint_seatbelts(case: dict, folder: Path) -> dict:
    rows = read_csv(folder, case["inputs"]["csv"])
    rows = dated(rows).drop(columns="month").rename(columns={"date": "month"})
    found = change_points.change_points(rows, value="value", **AR_BREAKS)
    breaks = found["last_before"].dt.strftime("%Y-%m")
    return {"breaks": breaks, "obs_index_in_lagged_series": found["position"]}


ADAPTERS = {name.removeprefix("adapt_"): one for name, one in list(globals().items()) if name.startswith("adapt_")}
