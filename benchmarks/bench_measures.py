"""Time the measures against what they are compared with, in one sitting, and check that both sides agree.

    .venv/bin/python benchmarks/bench_measures.py [--pairs N] [--areas N] [--permutations N] [--series N] [--esda-python PATH]

Three comparisons, each side run in turn and the pairs kept:

- local Moran on N areas, against ``esda.Moran_Local``, weights made once on both sides;
- Gi* on the same, against ``esda.G_Local``;
- the trend family over N series at once, against the same functions called once a series.

``esda`` uses numba where it is installed; ``--esda-python`` names the interpreter of another environment that has it,
so that numba need not be installed with the project. The first run of each side, which compiles, is kept apart. The raw
timings go to ``benchmarks/measures.json``, so that anyone can work out the ratios again.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.measures import change_points, control_charts, spatial, trends
from svd_lib.measures.spatial_weights import distance_band_pairs, spatial_weights

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "measures.json"

ESDA = r'''
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from importlib import metadata
import esda
from libpysal.weights import W
data = json.load(open(sys.argv[1]))
values = np.array(data["values"])
neighbours = {int(k): v for k, v in data["neighbours"].items()}
n, permutations, times = len(values), data["permutations"], {"local_moran": [], "gi_star": []}
row = W(neighbours, silence_warnings=True); row.transform = "r"
binary = W(neighbours, silence_warnings=True); binary.transform = "b"
out = {}
for _ in range(data["pairs"] + 1):
    began = time.perf_counter()
    moran = esda.Moran_Local(values, row, permutations=permutations, seed=1, n_jobs=1)
    times["local_moran"].append(time.perf_counter() - began)
    began = time.perf_counter()
    hot = esda.G_Local(values, binary, transform="B", star=True, permutations=permutations, seed=1, n_jobs=1)
    times["gi_star"].append(time.perf_counter() - began)
try:
    numba = metadata.version("numba")
except metadata.PackageNotFoundError:
    numba = None
print(json.dumps({"times": times, "I": moran.Is.tolist(), "z": hot.Zs.tolist(), "p": moran.p_sim.tolist(),
                  "packages": {"esda": metadata.version("esda"), "numba": numba}}))
'''


def main() -> int:
    """Run every comparison, print the ratios, write the timings; exit 1 when the sides differ."""
    options = _options()
    result = {
        "spatial": _spatial(options),
        "trends": _trends(options),
        "platform": {"python": platform.python_version(), "system": platform.platform()},
        "packages": {name: metadata.version(name) for name in ("numpy", "scipy", "pandas")},
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, one in {**result["spatial"]["measures"], **result["trends"]["measures"]}.items():
        print(f"{name}: {one['ours_s']:.3f} s against {one['other_s']:.3f} s, ratio {one['ratio']:.3f}, equal {one['equal']}")
    print(f"esda {result['spatial']['packages']['esda']}, numba {result['spatial']['packages']['numba']}; timings in {RESULT.name}")
    return 0 if all(one["equal"] for part in ("spatial", "trends") for one in result[part]["measures"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--areas", type=int, default=449)
    parser.add_argument("--permutations", type=int, default=9_999)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--esda-python", default=sys.executable, help="interpreter of an environment with esda (and numba)")
    return parser.parse_args()


def _spatial(options: argparse.Namespace) -> dict:
    rng = np.random.default_rng(0)
    points = rng.uniform(size=(options.areas, 2))
    pairs = distance_band_pairs(points, 1.4 / np.sqrt(options.areas))
    frame = pd.DataFrame({"id": np.arange(options.areas), "value": rng.gamma(2, size=options.areas)})
    frame = frame[frame["id"].isin(pairs["id"])].reset_index(drop=True)
    ours = _our_spatial(frame, pairs, options)
    theirs = _esda(frame, pairs, options)
    measures = {}
    for name, theirs_key in (("local_moran", "I"), ("gi_star", "z")):
        values = np.array(theirs[theirs_key])
        scale = (len(frame) - 1) / len(frame) if name == "local_moran" else 1.0
        measures[name] = _pairing(ours["times"][name], theirs["times"][name], np.allclose(ours[name] * scale, values))
    agree = float(np.mean(np.abs(ours["p"] - np.array(theirs["p"])) < 0.02))
    setting = {"areas": len(frame), "permutations": options.permutations, "mean_neighbours": len(pairs) / len(frame)}
    return {"measures": measures, "p_values_within_0.02": agree, "packages": theirs["packages"], **setting}


def _our_spatial(frame: pd.DataFrame, pairs: pd.DataFrame, options: argparse.Namespace) -> dict:
    row, binary = (spatial_weights(pairs, frame["id"], style) for style in ("row", "binary"))
    draws = {"permutations": options.permutations, "alternative": "directed"}
    times: dict[str, list[float]] = {"local_moran": [], "gi_star": []}
    for _ in range(options.pairs + 1):
        moran, took = _timed(lambda: spatial.local_moran(frame, row, rng=np.random.default_rng(1), **draws))
        times["local_moran"].append(took)
        hot, took = _timed(
            lambda: spatial.gi_star(frame, binary, inference="permutation", rng=np.random.default_rng(1), **draws)
        )
        times["gi_star"].append(took)
    return {"times": times, "local_moran": moran["value"].to_numpy(), "gi_star": hot["value"].to_numpy(), "p": moran["p_value"].to_numpy()}


def _esda(frame: pd.DataFrame, pairs: pd.DataFrame, options: argparse.Namespace) -> dict:
    place = pd.Series(np.arange(len(frame)), index=frame["id"])
    around = pairs.assign(id=place[pairs["id"]].to_numpy(), neighbour=place[pairs["neighbour"]].to_numpy())
    neighbours = {str(one): rows["neighbour"].tolist() for one, rows in around.groupby("id")}
    data = {"values": frame["value"].tolist(), "neighbours": neighbours, "permutations": options.permutations, "pairs": options.pairs}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data.json").write_text(json.dumps(data))
        (Path(folder) / "esda_side.py").write_text(ESDA)
        command = [options.esda_python, str(Path(folder) / "esda_side.py"), str(Path(folder) / "data.json")]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def _trends(options: argparse.Namespace) -> dict:
    months = pd.date_range("2017-01-01", periods=96, freq="MS")
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(96) / 12)
    counts = np.random.default_rng(0).poisson(40 * season, (options.series, 96))
    frame = pd.DataFrame({"series": np.repeat(np.arange(options.series), 96), "month": np.tile(months, options.series), "count": counts.ravel()})
    years = frame.assign(year=frame["month"].dt.year).groupby(["series", "year"], as_index=False)["count"].sum()
    family: dict[str, tuple[pd.DataFrame, Callable[..., pd.DataFrame]]] = {
        "compare_periods": (frame, trends.compare_periods),
        "same_month_comparison": (frame, trends.same_month_comparison),
        "rolling_totals": (frame, trends.rolling_totals),
        "annual_trend": (years, trends.annual_trend),
        "deseasonalise": (frame, control_charts.deseasonalise),
        "xmr": (frame.rename(columns={"count": "value"}), control_charts.xmr),
    }
    measures = {f"trends of {options.series:,} series: {name}": _at_once(*one, options.pairs) for name, one in family.items()}
    few = frame[frame["series"] < 50]
    _, took = _timed(lambda: change_points.change_points(few, by="series"))
    return {"measures": measures, "series": options.series, "months": 96, "looped_by_nature": {"change_points": {"series": 50, "seconds": round(took, 3)}}}


def _at_once(frame: pd.DataFrame, measure: Callable[..., pd.DataFrame], pairs: int) -> dict:
    groups = [group for _, group in frame.groupby("series", sort=False)]
    ours, others = [], []
    for _ in range(max(2, pairs // 2)):
        together, took = _timed(lambda: measure(frame, by="series"))
        ours.append(took)
        looped, took = _timed(lambda: pd.concat([measure(group, by="series") for group in groups], ignore_index=True))
        others.append(took)
    pd.testing.assert_frame_equal(together, looped, check_dtype=False)
    return _pairing(ours, others, True)


def _pairing(ours: list[float], others: list[float], equal: bool) -> dict:
    """Return medians and their ratio without the first run of each side, and every timing."""
    mine, theirs = statistics.median(ours[1:]), statistics.median(others[1:])
    pairs = [{"ours_s": round(a, 4), "other_s": round(b, 4)} for a, b in zip(ours[1:], others[1:], strict=True)]
    first = {"ours_s": round(ours[0], 4), "other_s": round(others[0], 4)}
    return {"ours_s": round(mine, 4), "other_s": round(theirs, 4), "ratio": round(mine / theirs, 4), "equal": bool(equal), "first": first, "pairs": pairs}


def _timed(run: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float]:
    began = time.perf_counter()
    out = run()
    return out, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
