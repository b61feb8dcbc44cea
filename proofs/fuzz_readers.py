"""Feed every reader with inputs that a coverage-guided fuzzer makes up, and count what must never happen.

Each reader runs in a process of its own, in a folder of its own, with its code instrumented (atheris, Linux x86-64). It
may take an input or refuse it in one sentence. Counted, and held to none: any other exception, a sentence of several
lines, an input that takes more than ten seconds of processor time, a file opened for writing outside the folder, and
an input that is taken although a plain second reading of it says otherwise.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from proofs.proof import Proof, Reading, Step

if TYPE_CHECKING:
    from svd_lib.ingest.partners.kinds import Kind

ROOT = Path(__file__).resolve().parent.parent
LONGEST_S = 10.0
"""Seconds of processor time; one that waits, or loops for a minute on the clock, is stopped by the fuzzer itself."""
COUNTED = ("tracebacks", "messages of several lines", "hangs", "files outside", "taken wrongly")
READERS = ("street-archive", "street-file", "lookups", "geojson", "indicators", "partner", "survey")
INPUTS = 10_000
"""Made up for each reader."""
ALPHA, BETA = "E01000001", "E01000002"
MONTH = "2025-01/2025-01-alpha-street.csv"
HEADER = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context\n"
ROW = "{id},2025-01,Force,Force,0.1,52.1,On or near Street,{code},Northby 001A,{kind},Under investigation,\n"


def simulate(reader: str) -> Callable[[np.random.Generator, int], list[Reading]]:
    """Return the step of one reader."""

    def run(rng: np.random.Generator, replications: int) -> list[Reading]:
        command = [sys.executable, "-m", "proofs.fuzz_readers", reader, str(replications), str(int(rng.integers(1, 2**31)))]
        with tempfile.TemporaryDirectory() as folder:
            limit = 600 + replications
            done = subprocess.run([*command, folder], cwd=ROOT, capture_output=True, text=True, timeout=limit)
            result = Path(folder) / "result.json"
            if not result.is_file():
                raise RuntimeError(f"the fuzzer of {reader} ended early: {done.stderr[-800:]}")
            counted = json.loads(result.read_text(encoding="utf-8"))
        note = "; ".join(f"{what}: {shown}" for what, shown in counted["examples"].items())
        readings = [Reading(reader, what, "level", 0.0, counted[what], counted["inputs"], is_discrete=True, note=note) for what in COUNTED]
        return [*readings, Reading(reader, "inputs taken", "measured", float("nan"), counted["taken"], counted["inputs"])]

    return run


PROOF = Proof(
    name="fuzz_readers",
    question="Does any input make a reader show a traceback, hang, write outside its folder, or take what it should refuse?",
    covers=(
        "svd_lib/ingest/national.py", "svd_lib/ingest/month_files.py", "svd_lib/ingest/street.py", "svd_lib/ingest/lookups.py",
        "svd_lib/ingest/boundaries.py", "svd_lib/ingest/published.py", "svd_lib/ingest/fingertips.py", "svd_lib/ingest/partners/*.py",
        "proofs/fuzz_readers.py",
    ),
    steps=tuple(Step(reader, simulate(reader), INPUTS) for reader in READERS),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A reader: inputs to begin with, what bytes become on disk, the reading, and what a second reading says."""

    seeds: tuple[bytes, ...]
    read: Callable[[bytes, Path], bool]
    """Read an input in a folder; return False when it was taken wrongly; raise SnaError when it is refused."""


class Folder:
    """Raw files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the files of a source that match, sorted."""
        return sorted(path for path in (self.root / source).glob(pattern) if path.is_file())

    def put(self, source: str, name: str, data: bytes) -> None:
        """Write a file; one whose name ends in .gz is packed, unless the data are already."""
        path = self.root / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_packed = not name.endswith(".gz") or data.startswith(b"\x1f\x8b")
        path.write_bytes(data if is_packed else gzip.compress(data, 1, mtime=0))


def street_text(count: int = 3) -> bytes:
    """Return a small, valid month file."""
    kinds = ("Violence and sexual offences", "Robbery", "Anti-social behaviour")
    rows = [ROW.format(id="" if kind.startswith("Anti") else f"id{n}", code=(ALPHA, BETA, "")[n % 3], kind=kind) for n, kind in zip(range(count), kinds)]
    return (HEADER + "".join(rows)).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """Return an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def street_lookups() -> dict:
    """Return places and place_changes of two neighbourhoods."""
    import pandas as pd

    places = pd.DataFrame({"lsoa21cd": [ALPHA, BETA], "lad24cd": "E07000001", "lad24nm": "Northby", "force_slug": "alpha"})
    changes = pd.DataFrame({"lsoa11cd": [ALPHA, BETA], "lsoa21cd": [ALPHA, BETA], "change_code": "U", "share": 1.0})
    return {"places": places, "place_changes": changes}


def street_archive() -> Target:
    """Return the reader of whole archives: the bytes are the archive."""
    from svd_lib.ingest.national import ingest_archives

    lookups = street_lookups()

    def read(data: bytes, folder: Path) -> bool:
        path = folder / "2025-12.zip"
        path.write_bytes(data)
        report = ingest_archives([path], lookups, folder / "tidy")
        with zipfile.ZipFile(path) as archive:
            lines = sum(archive.read(name).count(b"\n") - 1 for name in archive.namelist() if name.endswith(("-street.csv", "-outcomes.csv")))
        return report.lines()[0].startswith(f"{lines:,} rows in ")

    seeds = [{MONTH: street_text()}, {MONTH: street_text(2), MONTH.replace("alpha", "beta"): street_text()}, {"../" + MONTH: street_text()}]
    return Target((*(zipped(one) for one in seeds), zipped({"inner.zip": zipped(seeds[0])})), read)


def street_file() -> Target:
    """Return the reader of month files: the bytes are a member's text, in a sound archive."""
    from svd_lib import vocabulary
    from svd_lib.ingest.month_files import month_file, read_month
    from svd_lib.ingest.street import all_places

    lookups = street_lookups()
    places = all_places(lookups["place_changes"], lookups["places"])
    file = month_file("2025-12.zip", MONTH)

    def read(data: bytes, folder: Path) -> bool:
        import csv

        rows = read_month(data, file, places)
        plain = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1:]
        known = all(len(row) == 12 and row[1] == "2025-01" and row[9] in vocabulary.CRIME_TYPES for row in plain)
        placed = sum(row[7] in (ALPHA, BETA) for row in plain)
        return known and rows.found["rows_total"] == len(plain) and rows.found["rows_located"] == placed

    text = street_text()
    return Target((text, text.replace(b"\n", b"\r\n"), text.decode().encode("utf-16"), b"\xef\xbb\xbf" + text, text.replace(b"Street", b'"Stre, et"')), read)


def lookups() -> Target:
    """Return the reader of the LSOA lookup: the bytes are its text, or the packed file itself."""
    from svd_lib.ingest.lookups import build_place_changes

    census = f"lsoa21_code,usual_residents\n{ALPHA},1500\n{BETA},1400\nE01000003,1600\n".encode()

    def read(data: bytes, folder: Path) -> bool:
        raw = Folder(folder)
        raw.put("ons_population", "census21_pop.csv.gz", census)
        raw.put("ons_lookups", "lookup_lsoa11_lsoa21_ltla22.csv.gz", data)
        out = build_place_changes(raw)
        return bool(np.isclose(out.groupby("lsoa11cd")["share"].sum(), 1).all()) and set(out["lsoa21cd"]) <= {ALPHA, BETA, "E01000003"}

    text = f"lsoa11_code,change_code,lsoa21_code\n{ALPHA},U,{ALPHA}\nE01000009,S,{BETA}\nE01000009,S,E01000003\n".encode()
    return Target((text, gzip.compress(text, 1, mtime=0), text.replace(b"\n", b"\r\n"), text.replace(b",U,", b',"U",')), read)


def geojson() -> Target:
    """Return the reader of boundaries."""
    from svd_lib.ingest.boundaries import build_neighbours, representative_points

    def read(data: bytes, folder: Path) -> bool:
        raw = Folder(folder)
        raw.put("ons_boundaries", "lsoa/E10000001.geojson.gz", data)
        points = representative_points(raw)
        neighbours = build_neighbours(raw)
        return points["lsoa21cd"].is_unique and bool(np.isfinite(points[["lon", "lat"]]).all(axis=None)) and set(neighbours["lsoa21cd"]) <= set(points["lsoa21cd"])

    def square(code: str, left: float) -> dict:
        ring = [[left, 52.0], [left + 0.1, 52.0], [left + 0.1, 52.1], [left, 52.1], [left, 52.0]]
        return {"type": "Feature", "properties": {"LSOA21CD": code, "LSOA21NM": "Northby 001A"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}

    whole = json.dumps({"type": "FeatureCollection", "features": [square(ALPHA, 0.1), square(BETA, 0.2)]}).encode()
    odd = [b"[]", b'{"features": {}}', b'{"features": [1]}', b'{"features": [{"properties": null, "geometry": null}]}', whole.replace(b"Polygon", b"Point")]
    return Target((whole, gzip.compress(whole, 1, mtime=0), *odd), read)


def indicators() -> Target:
    """Return the reader of a published indicator, with the parts all indicators share."""
    import pandas as pd

    from svd_lib.ingest.fingertips import build_fingertips

    places = pd.DataFrame(
        {"pfa24cd": ["E23000099"], "pfa_name": ["Downshire"], "utla_code": ["E10000099"], "utla_name": ["Downshire"], "lad24cd": ["E07000901"], "lad24nm": ["Low Town"]}
    )

    def read(data: bytes, folder: Path) -> bool:
        raw = Folder(folder)
        raw.put("fingertips", "fingertips_11202_2018_19_districts.csv", data)
        out = build_fingertips(raw, {"places": places})
        return bool((out["value"].notna() | out["marker"].notna()).all()) and bool(np.isfinite(out["value"].dropna()).all())

    text = b"Area_name,period,Value,Lower_CI,Upper_CI,Numerator,Denominator\nLow Town,2018/19,40.3,39.1,41.4,5576,138480\n"
    return Target((text, text + b"Low Town,2018/19,,,,,\n", text.replace(b"40.3", b'"4,0.3"'), text.replace(b"\n", b"\r\n")), read)


def partner() -> Target:
    """Return the reader of partners' extracts: the bytes are a file of one kind, text or workbook."""
    from svd_lib.ingest.partners.intake import take_in
    from svd_lib.ingest.partners.register import KINDS

    kind = KINDS["ed-attendances"]
    names = ",".join(field.name for field in kind.fields)
    empty = f"{names}\n{','.join('' for _ in kind.fields)}\n".encode()
    return _of_partners(kind, (made_up(kind, 4), made_up(kind, 1), empty), take_in)


def survey() -> Target:
    """Return the reader of survey exports: the bytes are a file with two rows of headers."""
    from svd_lib.ingest.partners.register import KINDS
    from svd_lib.ingest.partners.survey import take_in_survey

    rows = b"Respondent ID,Which worry you?,,How safe do you feel?,What should change?\n,Knives,Gangs,Response,Open-Ended Response\n"
    answers = rows + b"1,Knives,,Very safe,More for young people to do\n2,,Gangs,Unsafe,no\n3,Knives,Gangs,Very safe,\n"
    return _of_partners(KINDS["survey"], (answers, rows), take_in_survey)


def _of_partners(kind: Kind, seeds: tuple[bytes, ...], take: Callable) -> Target:
    """Return the target of one kind, with every seed also in other delimiters and encodings and as a workbook."""
    from svd_lib.errors import SnaError
    from svd_lib.ingest.partners.extract import open_extract
    from svd_lib.ingest.partners.values import Context

    context = Context({"E07000001": "Northby", "northby": "Northby", ALPHA: "Northby", BETA: "Northby"}, {"8N": "Violence with injury"}, date(2025, 12, 31))

    def read(data: bytes, folder: Path) -> bool:
        path = folder / "extract"
        path.write_bytes(data)
        intake = take(open_extract(path), kind, context)
        if not intake.report.is_empty:
            raise SnaError(" ".join(intake.report.lines()))
        is_few = intake.rows <= data.count(b"\n") + data.count(b"\r") + 1 or data.startswith(b"PK")
        totals = {sum(counter.values()) for counter in intake.counts.values()} if not kind.is_survey else {intake.rows}
        return is_few and totals <= {intake.rows} and _is_known(intake.counts, kind)

    whole = seeds[0]
    other = (whole.replace(b",", b";"), whole.replace(b",", b"\t"), whole.decode().encode("utf-16"), b"\xef\xbb\xbf" + whole, workbook(whole))
    return Target((*seeds, *other), read)


def _is_known(counts: dict, kind: Kind) -> bool:
    """Whether every value that was counted is one that its dimension may take."""
    from svd_lib.ingest.partners.kinds import NOT_KNOWN, OUTSIDE

    for dimensions, counter in counts.items():
        for place, name in enumerate(dimensions):
            domain = kind.domain(name) if not kind.is_survey else None
            allowed = {*(domain or ()), NOT_KNOWN, OUTSIDE, "Northby"}
            if domain is not None and not {key[place] for key in counter} <= allowed:
                return False
    return True


def made_up(kind: Kind, rows: int) -> bytes:
    """Return a valid extract of a kind, without the mark of made-up rows."""
    import pandas as pd

    from svd_lib.ingest.partners.kinds import SYNTHETIC
    from svd_lib.ingest.partners.synthetic import Setting, synthetic_extract

    setting = Setting(pd.Series([20_000.0, 20_000.0], index=[ALPHA, BETA]), pd.period_range("2025-01", "2025-12", freq="M"), {"Violence with injury": ("8N",)})
    frame = synthetic_extract(kind, setting, np.random.default_rng(1)).drop(columns=SYNTHETIC.name)
    return frame.iloc[:rows].to_csv(index=False, lineterminator="\n").encode()


def workbook(text: bytes) -> bytes:
    """Return a workbook with the cells of a text."""
    import csv

    import openpyxl

    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(text.decode())):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def words_of(seeds: tuple[bytes, ...]) -> str:
    """Return a fuzzer's dictionary of the words that stand in the seeds of plain text."""
    import re

    found = {word for seed in seeds for word in re.findall(rb"[ -~]+?(?=[,;\t\r\n\"])", seed) if 1 < len(word) <= 40}
    escaped = ("".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word) for word in sorted(found))
    return "".join(f'"{word}"\n' for word in escaped)


TARGETS = {
    "street-archive": street_archive, "street-file": street_file, "lookups": lookups, "geojson": geojson, "indicators": indicators, "partner": partner,
    "survey": survey,
}  # fmt: skip


class Watch:
    """Counts what must not happen, and stops the process when enough inputs were tried."""

    def __init__(self, target: Target, inputs: int, folder: Path) -> None:
        self._target, self._inputs, self._folder = target, inputs, folder
        self._sandbox = folder / "sandbox"
        self.counts: dict[str, int] = {"inputs": 0, "taken": 0, **dict.fromkeys(COUNTED, 0)}
        self._examples: dict[str, str] = {}
        self._is_reading = False
        sys.addaudithook(self._hear)

    def try_one(self, data: bytes) -> None:
        """Read one input and count what became of it."""
        import shutil

        from svd_lib.errors import SnaError

        shutil.rmtree(self._sandbox, ignore_errors=True)
        self._sandbox.mkdir()
        began, self._is_reading = time.process_time(), True
        try:
            is_right = self._target.read(data, self._sandbox)
            self.counts["taken"] += 1
            if not is_right:
                self._count("taken wrongly", data, "")
        except SnaError as problem:
            if "\n" in str(problem).strip():
                self._count("messages of several lines", data, str(problem))
        except Exception as problem:  # noqa: BLE001 - the very thing that is looked for
            self._count("tracebacks", data, f"{type(problem).__name__}: {problem}")
        finally:
            self._is_reading = False
        if time.process_time() - began > LONGEST_S:
            self._count("hangs", data, "")
        self.counts["inputs"] += 1
        if self.counts["inputs"] >= self._inputs:
            self.end()

    def _count(self, what: str, data: bytes, words: str) -> None:
        self.counts[what] += 1
        self._examples.setdefault(what, f"{words[:160]} of {data[:400]!r}")

    def _hear(self, event: str, values: tuple) -> None:
        """Hear of every file that Python code opens."""
        if not self._is_reading or event != "open" or not isinstance(values[0], (str, bytes)):
            return
        is_writing = bool((values[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        path = os.path.realpath(os.fsdecode(values[0]))
        if is_writing and not path.startswith((str(self._folder.resolve()), "/dev/")):
            self.counts["files outside"] += 1
            self._examples.setdefault("files outside", path)

    def end(self) -> None:
        """Write what was counted and leave, without the fuzzer's own ending."""
        text = json.dumps({**self.counts, "examples": self._examples})
        (self._folder / "result.json").write_text(text, encoding="utf-8")
        os._exit(0)


def main(reader: str, inputs: int, seed: int, folder: Path) -> None:
    """Fuzz one reader in this process; it does not return."""
    import atheris

    with atheris.instrument_imports(include=["svd_lib"]):
        target = TARGETS[reader]()
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(content)
    (folder / "words.txt").write_text(words_of(target.seeds), encoding="ascii")
    random.seed(seed)
    watch = Watch(target, inputs, folder)
    options = [f"-seed={seed}", "-max_len=8192", "-timeout=60", f"-artifact_prefix={folder}/", "-rss_limit_mb=4096", "-verbosity=0", "-len_control=0", f"-dict={folder}/words.txt", str(corpus)]
    atheris.Setup([sys.argv[0], *options], watch.try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
