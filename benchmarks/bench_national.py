"""Time national data end to end on this machine: archives of all forces to tidy parts, to each area's tables, to 43 sites and an index.

    .venv/bin/python benchmarks/bench_national.py [--rows N] [--areas N] [--mirror DIR] [--jobs N] [--folder DIR]

The archives are **made up**, in the publisher's format, by ``bench_ingest.py`` (180 months of 43 forces), and so are
the sites: each is of a real force's edition whose street-level counts are those of one force of the archives, its neighbourhoods
spread over the real ones in the order of their codes, in the months that the real edition's files cover. Everything else of an edition
is the real force's, under a title that says so.

Stages, each with seconds and the peak of memory (PSS of all processes): ``ingest`` (archives to tidy parts: every check of the
ingest), ``areas`` (each area's counts from the parts), ``sites`` (``sna build --areas`` and ``sna index``). Making the archives and the
real forces' tables is timed beside them. Raw results go to ``benchmarks/national.json``, one entry a size.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT))

import bench_country  # noqa: E402
import bench_ingest  # noqa: E402
from memory import Peak  # noqa: E402

from svd_lib.build import provenance, stock  # noqa: E402

RESULT = ROOT / "benchmarks" / "national.json"
MOST_GIB = 6
MONTHS = 180
"""Of every archive's forces whatever the number of rows, so that all months of the real editions are covered."""


def main(arguments: list[str] | None = None) -> int:
    """Run every stage at one size, write what was measured and print it; return 1 where memory is beyond its bound."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="sna-national-", dir=options.folder) as scratch:
        found = measured(Path(scratch), options)
    everything = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    everything[str(options.rows)] = found
    RESULT.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines(found)))
    return 0 if found["peak_mib"] <= MOST_GIB * 1024 else 1


def measured(scratch: Path, options: argparse.Namespace) -> dict:
    """Return what every stage took."""
    bench_ingest.ROWS_A_MONTH = options.rows / MONTHS
    began = time.perf_counter()
    made = bench_ingest.make_archives(options.rows, scratch / "archives")
    found = {**made, "archives_s": round(time.perf_counter() - began, 1), "load_before": round(os.getloadavg()[0], 2), "code": provenance.code_digest(ROOT), "stages": {}}
    tidy = scratch / "tidy"
    found["stages"]["ingest"] = watched(lambda: ingest(scratch / "archives", tidy))
    prepared = stock.copy_project(ROOT, scratch / "prepared")
    began = time.perf_counter()
    real = bench_country.prepare(prepared, "forces", options.mirror, 0)
    found["real_tables_s"] = round(time.perf_counter() - began, 1)
    names: list[str] = []
    with ProcessPoolExecutor(1) as apart:
        found["stages"]["areas"] = watched(lambda: names.extend(apart.submit(areas, prepared, real, tidy, options.areas).result()))
    run = bench_country.timed(prepared, names, scratch / "run", options.jobs)
    found["stages"]["sites"] = {"seconds": run["seconds"], "peak_mib": run["peak_mib"]}
    found |= {name: run[name] for name in ("sites", "chapters", "jobs", "tidy_written")}
    found["seconds"] = round(sum(stage["seconds"] for stage in found["stages"].values()), 1)
    found["peak_mib"] = max(stage["peak_mib"] for stage in found["stages"].values())
    return found


def watched(work: Callable[[], object]) -> dict[str, float]:
    """Run something and return its seconds and the peak of memory of the processes that do it."""
    with Peak(lambda command: "bench_" in command or "svd_lib" in command).watching() as peak:
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
    print(f"a stage took {seconds:.1f} s, peak {peak.bytes / 2**20:.0f} MiB", flush=True)
    return {"seconds": round(seconds, 1), "peak_mib": round(peak.bytes / 2**20)}


def ingest(archives: Path, tidy: Path) -> None:
    """Turn the archives into tidy parts in a process of its own, as the ingest's benchmark does."""
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "bench_ingest.py"), "--one-side", str(archives), str(tidy)], check=True, stdout=subprocess.DEVNULL)


def areas(project: Path, real: list[str], tidy: Path, count: int) -> list[str]:
    """Write an edition for each of some forces of the archives and return their names."""
    slugs = bench_ingest.slugs()[:count]
    return [bench_country.deal_out(project, real[number % len(real)], number + 1, _from_parts(tidy, slug, real[number % len(real)])) for number, slug in enumerate(slugs)]


def _from_parts(tidy: Path, slug: str, real: str) -> bench_country.Deal:
    """Return what puts a force's counts in the place of a real one's."""

    def deal(frame: pd.DataFrame, _: int) -> pd.DataFrame:
        own = real.rsplit("-", 1)[0]
        is_own = frame["force_slug"] == own
        places = np.sort(frame.loc[frame["location"] == "in_area", "lsoa21cd"].dropna().unique())
        columns = list(frame.columns)
        parts = pd.read_parquet(tidy / "street_counts" / "parts", filters=[("force_slug", "==", slug), ("month", ">=", frame["month"].min())])
        parts = parts[parts["month"].isin(frame.loc[is_own, "month"].unique())]
        codes = np.sort(parts["lsoa21cd"].dropna().unique())
        taken = dict(zip(codes, places[np.arange(len(codes)) * len(places) // len(codes) % len(places)]))
        put = parts.assign(lsoa21cd=parts["lsoa21cd"].map(taken), force_slug=own)
        put["location"] = np.where(put["lsoa21cd"].notna(), "in_area", "none")
        keys = [name for name in columns if name != "count"]
        summed = put.groupby(keys, dropna=False, observed=True)["count"].sum().reset_index()
        return pd.concat([frame[~is_own], summed[columns].astype({"count": frame["count"].dtype})], ignore_index=True).sort_values(keys, kind="stable", ignore_index=True)

    return deal


def lines(found: dict) -> list[str]:
    """Return the result in words."""
    said = [f"{found['rows']:,} rows in {found['members']:,} members, zipped {found['zipped'] / 1e9:.2f} GB, made in {found['archives_s']} s"]
    said += [f"{name}: {stage['seconds']} s, peak {stage['peak_mib']} MiB" for name, stage in found["stages"].items()]
    return [*said, f"{found['sites']} sites of {found['chapters']} chapters and their index in {found['seconds']} s, peak {found['peak_mib']} MiB (at most {MOST_GIB} GiB)"]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000, help="rows of the archives (default 100 million)")
    parser.add_argument("--areas", type=int, default=43, help="sites (default 43)")
    parser.add_argument("--mirror", default=str(ROOT.parent / "shared" / "mirror"), help="where the real forces' files are")
    parser.add_argument("--jobs", type=int, default=2, help="areas at a time (default 2)")
    parser.add_argument("--folder", default=None, help="where to work: 10 GB are needed (default: the system's temporary folder)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
