"""Adapters of the geography cases: rename, select, set options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.measures import concentration, density, prediction, smoothing, spatial, spatial_weights, stability
from tests.spec.runner import columns, first_row, options_in, read_csv

MORAN_ROW = {"I": "value", "E": "expected", "V": "variance", "z": "z", "p": "p_value"}
MORAN_WORDS = {
    "B": {"style": "binary"},
    "norm": {"inference": "normality"},
    "ft": {"transform": "freeman-tukey"},
    "two": {"alternative": "two-sided"},
    "less": {"alternative": "less"},
}
GI_STAR_COLUMNS = {"Gstar_z": "value", "gstar_p_two": "p_value", "gstar_p_fdr": "p_adjusted"}
NORMAL = {"inference": "analytic"}
GI_OPTIONS = {
    "Gi_binary_z0": {"include_self": False},
    "Gi_rowstd_z0": {"include_self": False, "style": "row", "formula": "1992"},
    "Gi_star_binary_z0": {},
}
ADJUSTMENTS = ("bh", "by", "holm", "hochberg", "hommel", "bonferroni")
GINI_OPTIONS = {
    "gini": {},
    "gini_unb": {"unbiased": True},
    "gen": {"generalised": True},
    "gen_unb": {"generalised": True, "unbiased": True},
}
PAI_NAMES = {
    "order": "Order",
    "observed": "Count",
    "observed_cumulative": "CumCount",
    "value": "PCumCount",
    "predicted": "Pred",
    "predicted_cumulative": "CumPred",
    "area": "Area",
    "area_cumulative": "CumArea",
    "area_share": "PCumArea",
    "pai": "PAI",
    "pei": "PEI",
    "rri": "RRI",
}
SPPT_COLUMNS = {
    "PropC1": "first_share",
    "PropC2": "second_share",
    "Dif": "value",
    "p": "p_value",
    "q": "p_adjusted",
}


def adapt_C_bh_fdr(case: dict, folder: Path) -> dict:
    tests = {name: spatial.false_discovery(case["inputs"]["p"], method=name) for name in ADJUSTMENTS}
    rejected = {name: np.count_nonzero(rows["is_significant"]) for name, rows in tests.items()}
    counts = {"n_reject_05": rejected["bh"], "bonferroni_reject_05": rejected["bonferroni"]}
    return counts | {f"{name}_adj": rows["p_adjusted"] for name, rows in tests.items()}


def adapt_C_eb_marshall_nc(case: dict, folder: Path) -> dict:
    counties, pairs = read_csv(folder, case["inputs"]["csv"]), read_csv(folder, case["inputs"]["neighbours_csv_local"])
    first, second = (smoothing.empirical_bayes(counties, f"SID{year}", f"BIR{year}") for year in (74, 79))
    prior_74 = smoothing.empirical_bayes_prior(counties["SID74"], counties["BIR74"])
    prior_79 = smoothing.empirical_bayes_prior(counties["SID79"], counties["BIR79"])
    local = smoothing.spatial_empirical_bayes(counties, pairs, numerator="SID74", denominator="BIR74")
    smooth = {"eb_global74": first["value"], "eb_global79": second["value"], "eb_local74": local["value"]}
    priors = {key: {"a": prior.variance, "b": prior.mean} for key, prior in (("74", prior_74), ("79", prior_79))}
    top = {name: first["value"].head() for name in ("first5_74", "esda_first5")}
    return {"csv": smooth | {"raw74": first["raw_value"]}, "params74": priors["74"], "params79": priors["79"]} | top


def adapt_C_moran_nc(case: dict, folder: Path) -> dict:
    names = dict(zip(("value", "denominator"), case["inputs"]["variable"].split("/")))
    areas, pairs = (read_csv(folder, case["inputs"][name]) for name in ("csv", "neighbours_csv"))
    chosen = {key: options_in(key, MORAN_WORDS) for key in case["expected"]}
    return {key: first_row(spatial.morans_i(areas, pairs, **names, **set_), MORAN_ROW) for key, set_ in chosen.items()}


def adapt_C_gistar_nc(case: dict, folder: Path) -> dict:
    names = dict(zip(("value", "denominator"), case["inputs"]["variable"].split("/")))
    areas, pairs = read_csv(folder, case["inputs"]["csv"]), read_csv(folder, case["inputs"]["neighbours_csv"])
    spots, whole = spatial.gi_star(areas, pairs, **names, **NORMAL), spatial.getis_ord_g(areas, pairs, **names)
    score, hot = spots["value"].set_axis(areas["county"]), areas["county"][spots["is_significant"]]
    extremes = {"max_z": score.max(), "min_z": score.min(), "argmax": score.idxmax()}
    counts = {"n_p05": len(spots.query("p_value < 0.05")), "n_fdr05": len(hot), "fdr_counties": hot.tolist()}
    overall = {"G": whole["value"][0], "z": whole["z"][0], "p": [whole["p_value"]]}
    return {"csv": columns(spots, GI_STAR_COLUMNS), "globalG": overall} | extremes | counts


def adapt_C_esda_small(case: dict, folder: Path) -> dict:
    points = pd.DataFrame({"id": range(len(case["inputs"]["y"])), "value": case["inputs"]["y"]})
    pairs = spatial_weights.distance_band_pairs(case["inputs"]["points"], case["inputs"]["distance_band"])
    whole = first_row(spatial.getis_ord_g(points, pairs, alternative="directed"), {"G": "value", "G_p_norm": "p_value"})
    gi = {key: spatial.gi_star(points, pairs, **chosen, **NORMAL)["value"][0] for key, chosen in GI_OPTIONS.items()}
    grid, rook = pd.DataFrame({"id": range(9), "value": range(1, 10)}), spatial_weights.lattice_pairs(3, 3)
    random = spatial.morans_i(grid, rook, style="binary")
    normal = spatial.morans_i(grid, rook, style="binary", inference="normality")
    return whole | gi | {"moran_VI_rand": random["variance"][0], "moran_VI_norm": normal["variance"][0]}


def adapt_C_gini_generalised(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    files = {"e": read_csv(folder, given["e"])[given["e"].split()[-1]]} if "e" in given else {}
    simulated = {"sim": read_csv(folder, given["sim_csv"])["crimes"]} if "sim_csv" in given else {}
    counts = given["vectors"] | files | simulated
    sizes = {key: dict(zip(("n", "c"), concentration.gini_size(x))) for key, x in counts.items()}
    ginis = {
        key: {name: concentration.gini(x, **set_) for name, set_ in GINI_OPTIONS.items()} for key, x in counts.items()
    }
    return {key: sizes[key] | ginis[key] for key in counts}


def adapt_C_harm_pai_southend(case: dict, folder: Path) -> dict:
    shares = case["inputs"]
    return {"PAI": prediction.prediction_accuracy_index(shares["harm_share"], shares["area_share"])}


def adapt_C_pai_pei(case: dict, folder: Path) -> dict:
    inputs = case["inputs"]
    file = {"nc_at_k": read_csv(folder, inputs["csv"])} if "csv" in inputs else {}
    frames = {key: pd.DataFrame(given) for key, given in inputs.items() if isinstance(given, dict)} | file
    areas = {key: {"area": "area"} if "area" in frame else {} for key, frame in frames.items()}
    curves = {key: prediction.prediction_curve(frames[key], "obs", "pred", **areas[key]) for key in frames}
    named = {key: curve.rename(columns=PAI_NAMES).set_index("Order", drop=False) for key, curve in curves.items()}
    lists = {key: rows.to_dict("list") for key, rows in named.items() if isinstance(case["expected"][key], dict)}
    orders = {key: [row["Order"] for row in due] for key, due in case["expected"].items() if isinstance(due, list)}
    return lists | {key: named[key].loc[wanted].to_dict("records") for key, wanted in orders.items()}


def adapt_C_kde_gaussian(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    return {"z": density.kernel_density(given["points"], given["grid_x"], given["grid_y"], given["sigma"])}


def adapt_C_sppt_nc(case: dict, folder: Path) -> dict:
    given = case["inputs"]
    frame, options = read_csv(folder, given["csv"]), {"correction": given["correction"].lower(), "drop": given["drop"]}
    bh, by = (
        stability.point_pattern_test(frame, given["c1"], given["c2"], id="county", adjustment=name, **options)
        for name in ("bh", "by")
    )
    counts = {"n_areas": len(bh), "n_p05": len(bh.query("p_value < 0.05")), "n_by05": len(by.query("is_significant"))}
    changed = {"n_bh05": len(bh.query("is_significant")), "sig_bh": bh.query("is_significant")["county"].tolist()}
    same = {"S_index_bh": stability.pattern_similarity(bh)["value"][0]}
    return {"csv": columns(bh, SPPT_COLUMNS)} | counts | changed | same


ADAPTERS = {name.removeprefix("adapt_"): adapter for name, adapter in [*globals().items()] if name.startswith("adapt_")}
