"""Time the national ingest against bare DuckDB fed by ``unzip -p``, and against pandas, on synthetic archives.

    .venv/bin/python benchmarks/bench_ingest.py [--rows N ...] [--pairs N] [--pandas-rows N] [--folder DIR]

Archives in the publisher's format, of 43 forces of realistic sizes, are made in a temporary folder from a seed (100 million
rows: about 22 GB in 5 archives of 5 to 6 GB in all) and removed at the end. Each run is a process of its own:

- ours: whole archives to tidy parts: every check of the ingest, last outcomes, repeated Crime IDs, coverage, Parquet;
- bare: one ``unzip -p`` of the month files into DuckDB, ``group by`` force, month, LSOA and crime type, Parquet;
- pandas: every member read with four columns, put together, grouped; under a limit of address space.

Runs alternate; wall time, processor time and the peak of resident memory (for bare: both processes) are kept raw in
``benchmarks/ingest.json``, with the seconds that each further million rows costs between sizes (equal: time is linear). Ours and bare must hold the same counts by force, month and crime type, and the same counts of
every place whose code is not recoded, or the command fails. ``unzip`` is needed (Debian's package of that name).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "ingest.json"
SEED = 20251231
FORCES = 43
LARGEST_SHARE = 0.17
ROWS_A_MONTH = 555_000
MONTHS_AN_ARCHIVE = 36
LAST = pd.Period("2025-12", "M")
NEW_CODES_FROM = pd.Period("2023-01", "M")
LSOAS = 35_672
SPLIT_SHARE = 0.05
PANDAS_LIMIT_BYTES = 16 << 30
HEADER = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context\n"
TYPES = (
    ("Anti-social behaviour", 0.15), ("Bicycle theft", 0.01), ("Burglary", 0.05), ("Criminal damage and arson", 0.09), ("Drugs", 0.03),
    ("Other crime", 0.02), ("Other theft", 0.08), ("Possession of weapons", 0.01), ("Public order", 0.08), ("Robbery", 0.02),
    ("Shoplifting", 0.09), ("Theft from the person", 0.02), ("Vehicle crime", 0.06), ("Violence and sexual offences", 0.29),
)  # fmt: skip
OUTCOMES = ("Investigation complete; no suspect identified", "Unable to prosecute suspect", "Under investigation", "Court result unavailable", "Local resolution")
BARE = """
import duckdb, sys
c = duckdb.connect()
c.execute("set preserve_insertion_order = false")
columns = {name: "VARCHAR" for name in %r}
c.execute(f'''copy (select "Falls within" as force, "Month" as month, "LSOA code" as lsoa, "Crime type" as crime_type, count(*) as count
    from read_csv('/dev/stdin', header=false, auto_detect=false, delim=',', quote='"', columns={columns}, new_line='\\\\n')
    where "Month" <> 'Month' group by all) to '{sys.argv[1]}' (format parquet)''')
"""
PANDAS = """
import resource, sys, zipfile, glob
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
import pandas as pd
names = ["Falls within", "Month", "LSOA code", "Crime type"]
frames = []
for path in sorted(glob.glob(sys.argv[1] + "/*.zip")):
    with zipfile.ZipFile(path) as zipped:
        for member in zipped.namelist():
            with zipped.open(member) as stream:
                frames.append(pd.read_csv(stream, usecols=names))
whole = pd.concat(frames, ignore_index=True)
counts = whole.groupby(names, dropna=False).size().rename("count").reset_index()
counts.columns = ["force", "month", "lsoa", "crime_type", "count"]
counts.to_parquet(sys.argv[2])
"""


def main() -> int:
    """Make the archives of each size, time the sides in turn, write the raw timings; exit 1 when the results differ."""
    options = _options()
    if options.one_side:
        return _ingest_once(*options.one_side)
    if not shutil.which("unzip"):
        sys.exit("bench_ingest: unzip is missing; install it with: apt-get install unzip")
    sizes = [_one_size(rows, options) for rows in options.rows]
    result = {
        "sizes": sizes,
        "growth": growth(sizes),
        "platform": {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()},
        "packages": {name: metadata.version(name) for name in ("duckdb", "pyarrow", "pandas", "numpy")},
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(size["equal"] for size in sizes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000, 100_000_000], help="sizes of the archives, rows")
    parser.add_argument("--pairs", type=int, default=0, help="runs of each side; by default 5 up to a million rows, 3 up to ten, else 1")
    parser.add_argument("--pandas-rows", type=int, default=10_000_000, help="largest size that pandas is tried at")
    parser.add_argument("--folder", default="", help="where archives are made (default: a temporary folder)")
    parser.add_argument("--one-side", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def _one_size(rows: int, options: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory(dir=options.folder or None, prefix="bench-ingest-") as name:
        folder = Path(name)
        made = make_archives(rows, folder / "archives")
        print(f"{made['rows']:,} rows in {made['members']} members: {made['bytes'] / 1e9:.2f} GB, zipped {made['zipped'] / 1e9:.2f} GB", flush=True)
        pairs = options.pairs or (5 if rows <= 1_000_000 else 3 if rows <= 10_000_000 else 1)
        runs: dict[str, list[dict]] = {"ours": [], "bare": []}
        for _ in range(pairs):
            runs["ours"].append(_timed(_ours_command(folder), folder))
            runs["bare"].append(_timed(_bare_command(folder), folder))
        if rows <= options.pandas_rows:
            runs["pandas"] = [_timed(_pandas_command(folder), folder)]
        out = {**made, "runs": runs, "equal": _are_equal(folder), **_ratios(runs)}
    print(json.dumps({key: value for key, value in out.items() if key != "runs"}), flush=True)
    return out


def growth(sizes: list[dict]) -> dict[str, list[float]]:
    """Return each side's seconds for each further million rows from one size to the next; equal ones mean that time is linear."""
    ordered = sorted(sizes, key=lambda size: size["rows"])
    steps = list(zip(ordered, ordered[1:]))
    return {
        side: [round((large[f"{side}_wall_s"] - small[f"{side}_wall_s"]) / ((large["rows"] - small["rows"]) / 1e6), 3) for small, large in steps]
        for side in ("ours", "bare")
    }


def _ratios(runs: dict[str, list[dict]]) -> dict[str, float]:
    ratios = [ours["wall_s"] / bare["wall_s"] for ours, bare in zip(runs["ours"], runs["bare"], strict=True)]
    processor = [ours["cpu_s"] / bare["cpu_s"] for ours, bare in zip(runs["ours"], runs["bare"], strict=True)]
    out = {
        "ratio_to_bare": round(statistics.median(ratios), 3),
        "cpu_ratio_to_bare": round(statistics.median(processor), 3),
        "ours_wall_s": round(statistics.median(run["wall_s"] for run in runs["ours"]), 2),
        "bare_wall_s": round(statistics.median(run["wall_s"] for run in runs["bare"]), 2),
        "ours_peak_mib": max(run["peak_mib"] for run in runs["ours"]),
        "bare_peak_mib": max(run["peak_mib"] for run in runs["bare"]),
    }
    for run in runs.get("pandas", []):
        out |= {"pandas_wall_s": run["wall_s"], "pandas_peak_mib": run["peak_mib"], "pandas_survives": run["status"] == 0}
    return out


def _ours_command(folder: Path) -> str:
    shutil.rmtree(folder / "tidy", ignore_errors=True)
    return f"{sys.executable} {Path(__file__).resolve()} --one-side {folder / 'archives'} {folder / 'tidy'}"


def _bare_command(folder: Path) -> str:
    names = HEADER.strip().split(",")
    (folder / "bare.py").write_text(BARE % (names,), encoding="utf-8")
    archives = " ".join(f"'{path}'" for path in sorted((folder / "archives").glob("*.zip")))
    return f"for one in {archives}; do unzip -p $one '*-street.csv'; done | {sys.executable} {folder / 'bare.py'} {folder / 'bare.parquet'}"


def _pandas_command(folder: Path) -> str:
    (folder / "with_pandas.py").write_text(PANDAS, encoding="utf-8")
    return f"{sys.executable} {folder / 'with_pandas.py'} {folder / 'archives'} {folder / 'pandas.parquet'} {PANDAS_LIMIT_BYTES}"


def _timed(command: str, folder: Path) -> dict[str, float]:
    """Run a command in a shell; return wall and processor seconds, exit status and the peak of the memory of all its processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, stdout=subprocess.DEVNULL)
    peak = _PeakOf(process.pid)
    status = process.wait()
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall, 3), "cpu_s": round(cpu, 3), "peak_mib": round(peak.stop() / 2**20), "status": status}


class _PeakOf(threading.Thread):
    """Follows the resident memory of a process and its descendants, 20 times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._peak, self._ended = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(0.05):
            self._peak = max(self._peak, sum(_resident(pid) for pid in _family(self._pid)))

    def stop(self) -> int:
        self._ended.set()
        self.join()
        return self._peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _ingest_once(archives: str, tidy: str) -> int:
    """Run our side, in its own process."""
    sys.path.insert(0, str(ROOT))
    from svd_lib.ingest.national import ingest_archives

    tables = {name: pd.read_parquet(Path(archives) / f"{name}.parquet") for name in ("places", "place_changes")}
    report = ingest_archives(sorted(Path(archives).glob("*.zip")), tables, Path(tidy))
    print("\n".join(report.lines()))
    return 0


def lookups() -> dict[str, pd.DataFrame]:
    """Return ``places`` and ``place_changes`` of a country of 43 forces, one in twenty LSOA 2011 split in two."""
    number = np.arange(LSOAS)
    codes = np.char.add("E01", np.char.zfill(number.astype(str), 6))
    force = np.searchsorted(np.cumsum(force_shares()), (number + 0.5) / LSOAS)
    district = np.char.add("E07", np.char.zfill((number // 110).astype(str), 6))
    places = pd.DataFrame({"lsoa21cd": codes, "lad24cd": district, "lad24nm": np.char.add("District ", (number // 110).astype(str)), "force_slug": np.array(slugs())[force]})
    is_half = number % round(2 / SPLIT_SHARE) < 2
    parent = np.where(is_half, number - number % round(2 / SPLIT_SHARE) + 500_000, number)
    old = np.char.add("E01", np.char.zfill(parent.astype(str), 6))
    changes = pd.DataFrame({"lsoa11cd": old, "lsoa21cd": codes, "change_code": np.where(is_half, "S", "U"), "share": np.where(is_half, 0.5, 1.0)})
    return {"places": places, "place_changes": changes}


def force_shares() -> np.ndarray:
    """Return each force's share of records: one as large as the capital's, the rest falling evenly to a sixth of a per cent."""
    rest = np.geomspace(6, 0.5, FORCES - 1)
    return np.append(LARGEST_SHARE, rest / rest.sum() * (1 - LARGEST_SHARE))


def slugs() -> list[str]:
    """Return the forces' names in the archive."""
    return [f"force-{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(FORCES)]


def make_archives(rows: int, folder: Path) -> dict[str, int]:
    """Write archives of about as many rows, ending with 2025-12, 36 months each; return what was made."""
    folder.mkdir()
    for name, frame in lookups().items():
        frame.to_parquet(folder / f"{name}.parquet")
    months = max(2, round(rows / ROWS_A_MONTH))
    each = rows / months
    spans = [range(first, min(first + MONTHS_AN_ARCHIVE, months)) for first in range(0, months, MONTHS_AN_ARCHIVE)]
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(_write_archive, [(folder, span, each) for span in spans]))
    return {key: sum(one[key] for one in made) for key in ("rows", "members", "bytes", "zipped")}


def _write_archive(job: tuple[Path, range, float]) -> dict[str, int]:
    """Write one archive; months are counted back from the last."""
    folder, span, rows_a_month = job
    rng = np.random.default_rng([SEED, span.start])
    path = folder / f"{LAST - span.start}.zip"
    total = {"rows": 0, "members": 0, "bytes": 0}
    frames = lookups()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for slug, share in zip(slugs(), force_shares(), strict=True):
            templates = {is_new: _Template(slug, round(share * rows_a_month), frames, is_new, rng) for is_new in (True, False)}
            for back in span:
                month = LAST - back
                data = templates[month >= NEW_CODES_FROM].of_month(str(month), rng)
                zipped.writestr(f"{month}/{month}-{slug}-street.csv", data)
                total = {"rows": total["rows"] + data.count(b"\n") - 1, "members": total["members"] + 1, "bytes": total["bytes"] + len(data)}
    return {**total, "zipped": path.stat().st_size}


class _Template:
    """The rows of a force's month, with the month and the Crime IDs left to be filled in."""

    def __init__(self, slug: str, rows: int, frames: dict[str, pd.DataFrame], is_new: bool, rng: np.random.Generator) -> None:
        text = self._rows(slug, rows, frames, is_new, rng)
        self._bytes = (HEADER + "".join(text)).encode()
        lengths = np.array([len(HEADER), *map(len, text)])
        starts = np.cumsum(lengths)[:-1]
        has_id = np.array([row.startswith("#") for row in text])
        self._ids = starts[has_id][:, None] + np.arange(64)

    def of_month(self, month: str, rng: np.random.Generator) -> bytes:
        """Return the file of a month, its Crime IDs drawn anew."""
        data = np.frombuffer(self._bytes.replace(b"9999-99", month.encode()), "uint8").copy()
        drawn = rng.bytes(32 * len(self._ids)).hex().encode()
        data[self._ids] = np.frombuffer(drawn, "uint8").reshape(-1, 64)
        return data.tobytes()

    @staticmethod
    def _rows(slug: str, rows: int, frames: dict[str, pd.DataFrame], is_new: bool, rng: np.random.Generator) -> list[str]:
        own = frames["places"].loc[frames["places"]["force_slug"] == slug, "lsoa21cd"]
        if not is_new:
            own = own.map(frames["place_changes"].set_index("lsoa21cd")["lsoa11cd"]).drop_duplicates()
        weights = rng.pareto(1.5, len(own)) + 0.2
        codes = rng.choice(own.to_numpy(), rows, p=weights / weights.sum())
        kinds = rng.choice(len(TYPES), rows, p=np.array([share for _, share in TYPES]) / sum(share for _, share in TYPES))
        outcomes = rng.choice(OUTCOMES, rows)
        lon, lat = rng.uniform(-5, 1.7, rows), rng.uniform(50, 55.7, rows)
        streets = rng.integers(0, 4000, rows)
        nowhere = rng.random(rows) < 0.02
        name = f"{slug.title()} Constabulary"
        out = []
        for code, kind, outcome, x, y, street, is_nowhere in zip(codes, kinds, outcomes, lon, lat, streets, nowhere, strict=True):
            start, end = ("", "") if kind == 0 else ("#" * 64, outcome)
            where = ",,No Location,," if is_nowhere else f"{x:.6f},{y:.6f},On or near Street {street},{code},Somewhere {code[-4:]}A"
            out.append(f"{start},9999-99,{name},{name},{where},{TYPES[kind][0]},{end},\n")
        return out


def _are_equal(folder: Path) -> bool:
    """Return whether ours and bare hold the same counts by force, month and type, and by place where codes stay as they are."""
    import duckdb

    connection = duckdb.connect()
    connection.register("moved", pd.DataFrame({"lsoa": lookups()["place_changes"].query("change_code != 'U'")[["lsoa11cd", "lsoa21cd"]].stack().unique()}))
    connection.execute(f"create view ours as select replace(force_slug, '-', ' ') as force, strftime(month, '%Y-%m') as month, lsoa21cd as lsoa, crime_type, count::bigint as count from '{folder}/tidy/street_counts/parts/*.parquet'")
    connection.execute(f"create view bare as select lower(replace(replace(force, ' Constabulary', ''), '-', ' ')) as force, month, lsoa, crime_type, count::bigint as count from '{folder}/bare.parquet'")
    wholes = [f"select force, month, crime_type, sum(count) from {side} group by all" for side in ("ours", "bare")]
    places = [f"select force, month, lsoa, crime_type, count from {side} where lsoa is null or lsoa not in (select lsoa from moved)" for side in ("ours", "bare")]
    pairs = [(one[0], one[1]) for one in (wholes, places)]
    differ = [connection.execute(f"select count(*) from (({a} except {b}) union all ({b} except {a}))").fetchone()[0] for a, b in pairs]
    rows = [connection.execute(f"select count(*) from ({places[side]})").fetchone()[0] for side in (0, 1)]
    return differ == [0, 0] and rows[0] == rows[1] > 0


if __name__ == "__main__":
    sys.exit(main())
