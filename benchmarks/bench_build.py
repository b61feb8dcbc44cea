"""Time the stock tools against ``sna build`` on the same notebooks in one sitting, and check that both say the same.

    .venv/bin/python benchmarks/bench_build.py [--pairs N] [--edition E] [--jobs N]

Each pair is one run of each side in a fresh copy of the project, in turn. The raw timings go to ``benchmarks/build.json``,
so that anyone can work out the ratio again.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from svd_lib.build import stock
from svd_lib.build.chapters import read_chapters

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "build.json"


def main() -> int:
    """Run the pairs, print the ratio, write the timings; exit 1 when the two sides differ."""
    options = _options()
    pairs = [_pair(options.edition, options.jobs, number) for number in range(1, options.pairs + 1)]
    result = _result(options, pairs)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"sna build takes {result['ratio']:.2f} of the stock tools' time ({result['sna_s']:.1f} s against {result['stock_s']:.1f} s,")
    print(f"medians of {len(pairs)} pairs, {len(result['chapters'])} chapters); timings in {RESULT.relative_to(ROOT)}")
    print(f"findings.json equal on both sides: {result['equal_findings']}")
    return 0 if result["equal_findings"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--edition", default="suffolk-2025")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def _pair(edition: str, jobs: int, number: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        sides = [stock.copy_project(ROOT, Path(folder) / name) for name in ("stock", "sna")]
        ours = [str(Path(sys.executable).with_name("sna")), "build", "--edition", edition, "--jobs", str(jobs)]
        stock_s = _timed(lambda: stock.build_the_stock_way(sides[0], edition))
        sna_s = _timed(lambda: stock.run(ours, sides[1]))
        found = [json.loads((side / "_build" / edition / "findings.json").read_text(encoding="utf-8")) for side in sides]
    print(f"pair {number}: stock {stock_s:.1f} s, sna {sna_s:.1f} s", flush=True)
    return {"stock_s": stock_s, "sna_s": sna_s, "findings": len(found[0]["findings"]), "equal_findings": found[0] == found[1]}


def _timed(run) -> float:
    began = time.perf_counter()
    run()
    return round(time.perf_counter() - began, 3)


def _result(options: argparse.Namespace, pairs: list[dict]) -> dict:
    stock_s = statistics.median(pair["stock_s"] for pair in pairs)
    sna_s = statistics.median(pair["sna_s"] for pair in pairs)
    commands = [" ".join(["papermill", *command[3:]]) for command in stock.papermill_commands(ROOT, options.edition, Path("_build/executed"))]
    return {
        "ratio": round(sna_s / stock_s, 4),
        "stock_s": stock_s,
        "sna_s": sna_s,
        "equal_findings": all(pair["equal_findings"] for pair in pairs),
        "pairs": pairs,
        "edition": options.edition,
        "jobs": options.jobs,
        "chapters": [chapter.name for chapter in read_chapters(ROOT)],
        "stock_commands": [*commands, "jupyter-book build -W ."],
        "platform": {"python": platform.python_version(), "system": platform.platform()},
    }


if __name__ == "__main__":
    sys.exit(main())
