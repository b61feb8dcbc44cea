"""Time a run over many areas: 8, 16, 32 and 43 sites and the index over them, on two cores.

    .venv/bin/python benchmarks/bench_country.py [--counts 8 16 32 43] [--kind forces|suffolk] [--mirror DIR] [--jobs N] [--folder DIR]

``forces``: every force of the mirror on real data, and the rest of the 43 on **made-up tidy tables**: those of a real force with its
street-level records dealt out anew to its neighbourhoods, under a title that says so. ``suffolk``: the district and partnership
editions of Suffolk, all real. Preparing (tables made, copies dealt) is timed by itself; then each count is one run of
``sna build --areas`` in a fresh copy that holds the tables and nothing built, with the index made at its end. A count whose run is
done is kept in ``benchmarks/country.json`` while the code stays as it is, so that a run that was stopped goes on.

Printed: seconds, peak memory (PSS of all processes), seconds an area, the slope on logarithmic scales (1 is linear), and how many tidy
tables were written by preparing and how many by the runs (none).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT))

import many_areas  # noqa: E402
from memory import Peak  # noqa: E402

from svd_lib.build import provenance, stock  # noqa: E402
from svd_lib.build.chapters import read_chapters  # noqa: E402
from svd_lib.build.inputs import edition_to_build, prepare_view  # noqa: E402
from svd_lib.build.progress import Progress  # noqa: E402
from svd_lib.edition import open_edition  # noqa: E402

RESULT = ROOT / "benchmarks" / "country.json"
COUNTS = (8, 16, 32, 43)
REAL_FORCES = ("force:Suffolk", "force:Norfolk", "force:Cambridgeshire", "force:Essex")
SUFFOLK = (
    "district:Babergh", "district:East Suffolk", "district:Ipswich", "district:Mid Suffolk", "district:West Suffolk",
    "csp:Ipswich", "csp:Suffolk Coastal", "csp:Waveney", "csp:Western Suffolk",
)  # fmt: skip
MADE_UP = "Made-up figures, to try many areas at once: number {number}"
SEED = 20230131
Deal = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Makes an area's street-level counts of those of the real one it is made from and its number."""
MOST_SLOPE = 1.1


def main(arguments: list[str] | None = None) -> int:
    """Time the counts that are not known yet and print all; return 1 where the slope is beyond its bound."""
    options = _options(arguments)
    held = _held(options.kind)
    with tempfile.TemporaryDirectory(prefix="sna-country-", dir=options.folder) as scratch:
        missing = [count for count in options.counts if str(count) not in held["runs"]]
        if missing:
            began = time.perf_counter()
            prepared = stock.copy_project(ROOT, Path(scratch) / "prepared")
            names = prepare(prepared, options.kind, options.mirror, max(missing))
            held["prepared_s"], held["tidy_tables"] = round(time.perf_counter() - began, 1), len(tidy_files(prepared))
        for count in missing:
            held["runs"][str(count)] = timed(prepared, names[:count], Path(scratch) / "run", options.jobs)
            _write(options.kind, held)
            print(line(count, held["runs"][str(count)]), flush=True)
    runs = {int(count): run for count, run in held["runs"].items() if int(count) in options.counts}
    print("\n".join(line(count, runs[count]) for count in sorted(runs)))
    if len(runs) < 2:
        return 0
    steep = slope({count: run["seconds"] for count, run in runs.items()})
    print(f"slope on logarithmic scales {steep:.3f} (1 is linear, at most {MOST_SLOPE}); prepared in {held.get('prepared_s')} s, {held.get('tidy_tables')} tidy tables made once")
    return 0 if steep <= MOST_SLOPE else 1


def prepare(project: Path, kind: str, mirror: str, count: int) -> list[str]:
    """Make the tables of every real area in a project and deal out made-up ones; return the editions' names, real ones first."""
    names = []
    for area in SUFFOLK if kind == "suffolk" else REAL_FORCES:
        edition = edition_to_build(area, area, mirror, str(project), Progress())
        prepare_view(edition, mirror, Progress())
        names.append(edition.name)
    real = list(names)
    while kind == "forces" and len(names) < count:
        names.append(deal_out(project, real[len(names) % len(real)], len(names) + 1))
    return names


def deal_out(project: Path, real: str, number: int, deal: Deal | None = None) -> str:
    """Write an edition whose street-level counts are not those of the real one it is made from, by default its own given to other neighbourhoods; return its name."""
    name = f"made-up-{number:02}-{real.rsplit('-', 1)[1]}"
    edition, target = open_edition(real, str(project)), project / "_build" / name
    shutil.copytree(edition.folder, target / "edition", ignore=shutil.ignore_patterns("snapshot"))
    shutil.copytree(edition.build_path / "view", target / "view")
    described = yaml.safe_load((target / "edition" / "edition.yml").read_text(encoding="utf-8"))
    described |= {"name": name, "title": MADE_UP.format(number=number), "previous": None}
    (target / "edition" / "edition.yml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    path = target / "view" / "street_counts.parquet"
    frame = (deal or to_other_places)(pd.read_parquet(path), number)
    frame.to_parquet(path, index=False)
    manifest = json.loads((target / "view" / "view.json").read_text(encoding="utf-8"))
    manifest["edition"], manifest["tables"]["street_counts"]["sha256"] = name, provenance.file_digest(path)
    (target / "view" / "view.json").write_text(json.dumps(manifest), encoding="utf-8")
    return name


def to_other_places(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    """Give the records of each neighbourhood to another, by a draw that the number seeds."""
    inside = frame["location"] == "in_area"
    places = np.sort(frame.loc[inside, "lsoa21cd"].unique())
    moved = dict(zip(places, np.random.default_rng([SEED, number]).permutation(places)))
    return frame.assign(lsoa21cd=frame["lsoa21cd"].where(~inside, frame["lsoa21cd"].map(moved)))


def timed(prepared: Path, names: list[str], folder: Path, jobs: int) -> dict[str, object]:
    """Build some editions and the index in a fresh copy and return seconds, peak memory, sites, tidy tables written."""
    project = stock.copy_project(ROOT, folder / f"areas-{len(names)}")
    for name in names:
        many_areas.copy_prepared(prepared, name, project)
    sna, load = str(Path(sys.executable).with_name("sna")), os.getloadavg()[0]
    with Peak(lambda command: "svd_lib" in command or "sna" in command or "ipykernel" in command).watching() as peak:
        began = time.perf_counter()
        stock.run([sna, "build", "--jobs", str(jobs), "--areas", ",".join(names)], project)
        stock.run([sna, "index"], project)
        seconds = time.perf_counter() - began
    sites = len(list((project / "_build").glob("*/html/index.html")))
    if sites != len(names) or not (project / "_build" / "index.html").is_file():
        raise SystemExit(f"{sites} of {len(names)} sites were built")
    built = sum(chapters_without_error(project, name) for name in names)
    written, size = len(tidy_files(project)), sum(bytes_of(folder) for folder in (project / "_build").glob("*/html"))
    shutil.rmtree(project)
    made_up = sum(name.startswith("made-up") for name in names)
    return {"seconds": round(seconds, 1), "peak_mib": round(peak.bytes / 2**20), "sites": sites, "made_up": made_up, "tidy_written": written, "jobs": jobs, "chapters": built, "site_mib": round(size / sites / 2**20, 1), "load_before": round(load, 2)}


def chapters_without_error(project: Path, name: str) -> int:
    """Return how many chapters of an area were executed; stop where one is missing or holds an error."""
    chapters = read_chapters(project)
    for chapter in chapters:
        executed = project / "_build" / name / "notebooks" / chapter.path.name
        if not executed.is_file():
            raise SystemExit(f"{name}: the chapter {chapter.name} was not built")
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
        if any(output["output_type"] == "error" for cell in cells for output in cell.get("outputs", [])):
            raise SystemExit(f"{name}: the chapter {chapter.name} holds an error")
    return len(chapters)


def bytes_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def tidy_files(project: Path) -> list[Path]:
    """Return the tidy tables that a project holds."""
    return sorted((project / "data" / "tidy").rglob("*.parquet"))


def slope(seconds: dict[int, float]) -> float:
    """Return how steeply seconds rise with areas, both as logarithms: 1 where twice the areas take twice the time."""
    return float(np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)[0])


def line(count: int, run: dict) -> str:
    """Return one run in words."""
    return f"{count} areas ({run['made_up']} made up): {run['seconds']} s, {run['seconds'] / count:.1f} s each, peak {run['peak_mib']} MiB, {run['tidy_written']} tidy tables written"


def _held(kind: str) -> dict:
    """Return the runs known for the code as it is."""
    everything = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    held = everything.get(kind, {})
    return held if held.get("code") == provenance.code_digest(ROOT) else {"code": provenance.code_digest(ROOT), "runs": {}}


def _write(kind: str, held: dict) -> None:
    everything = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    RESULT.write_text(json.dumps({**everything, kind: held}, indent=1) + "\n", encoding="utf-8")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", nargs="+", type=int, default=list(COUNTS), help="areas in a run (default 8 16 32 43)")
    parser.add_argument("--kind", choices=("forces", "suffolk"), default="forces", help="43 forces, most made up; or Suffolk's districts and partnerships")
    parser.add_argument("--mirror", default=str(ROOT.parent / "shared" / "mirror"), help="where the sources' files are")
    parser.add_argument("--jobs", type=int, default=2, help="areas at a time (default 2)")
    parser.add_argument("--folder", default=None, help="where to work (default: the system's temporary folder)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
