"""Run the long proofs, and list those there are.

    make prove                  every proof
    make prove PROOF=name       one proof
    make proofs                 each proof's result, date, and its age in changes to the files it covers

A proof is ``proofs/<name>.py`` with a ``PROOF``. Steps that are done are kept in ``_build/proofs/<name>/`` until the whole
proof is, so that an interrupted run goes on where it stopped; they are used only while the files that the proof covers
stay as they are.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import date
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from proofs.proof import Proof, Step  # noqa: E402
from svd_lib.measures.seeds import SEED, seeded  # noqa: E402

PACKAGES = ("numpy", "pandas", "scipy", "statsmodels")
NOT_PROOFS = {"__init__", "proof"}
SUMMARY = ROOT / "data" / "reference" / "proofs.csv"
"""What the site's page on its data shows: one row a proof that has been run."""
SUMMARY_COLUMNS = ("proof", "question", "passed", "within", "bounded", "date")


def main(arguments: list[str] | None = None) -> int:
    """Run or list proofs; return 1 when one fails."""
    options = _options(arguments)
    names = [options.proof] if options.proof else proof_names()
    if options.summary:
        write_summary()
        return 0
    if options.list:
        print("\n".join(status_line(name) for name in names))
        return 0
    return max(run(load(name)) for name in names)


def proof_names() -> list[str]:
    """Return the names of all proofs, sorted."""
    return sorted(path.stem for path in (ROOT / "proofs").glob("*.py") if path.stem not in NOT_PROOFS)


def load(name: str) -> Proof:
    """Return one proof by its name."""
    if name not in proof_names():
        sys.exit(f"There is no proof '{name}'; there are {', '.join(proof_names())}.")
    return importlib.import_module(f"proofs.{name}").PROOF


def run(proof: Proof) -> int:
    """Run every step of a proof that is not done yet, write its file, print what failed."""
    code = code_digest(proof)
    folder = ROOT / "_build" / "proofs" / proof.name
    folder.mkdir(parents=True, exist_ok=True)
    steps = [_done_or_run(proof, step, folder / f"{step.name}.json", code) for step in proof.steps]
    record = _record(proof, steps, code, date.today().isoformat())
    target = ROOT / "proofs" / f"{proof.name}.json"
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_summary()
    for step in proof.steps:
        (folder / f"{step.name}.json").unlink()
    failed = [row for step in record["steps"] for row in step["readings"] if not row["passed"]]
    print(f"{proof.name}: {record['summary']}; written to {target.relative_to(ROOT)}")
    for row in failed:
        print(f"  FAILS {row['measure']} ({row['setting']}): {row['share']} where {row['nominal']} is nominal")
    return 1 if failed else 0


def summary_rows() -> list[dict[str, object]]:
    """Return one row a proof that has been run: its question, whether it holds, figures within bounds of those bounded, date."""
    return [_summary_row(json.loads(path.read_text(encoding="utf-8"))) for path in sorted((ROOT / "proofs").glob("*.json"))]


def _summary_row(record: dict) -> dict[str, object]:
    bounded = [row["passed"] for step in record["steps"] for row in step["readings"] if row["kind"] != "measured"]
    said = {"passed": "yes" if record["passed"] else "no", "within": sum(bounded), "bounded": len(bounded)}
    return {"proof": record["proof"], "question": record["question"], **said, "date": record["date"]}


def write_summary() -> None:
    """Write the newest results as the table that the site shows."""
    with SUMMARY.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, SUMMARY_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(summary_rows())


def code_digest(proof: Proof) -> str:
    """Return a digest of the files that a proof covers."""
    digest = hashlib.sha256()
    for path in proof.files(ROOT):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _done_or_run(proof: Proof, step: Step, path: Path, code: str) -> dict:
    if path.is_file():
        done = json.loads(path.read_text(encoding="utf-8"))
        if done["code"] == code:
            print(f"{proof.name}, {step.name}: done before", flush=True)
            return done
    began = sum(os.times()[:4])
    readings = [reading.row() for reading in step.simulate(seeded(f"{proof.name}-{step.name}"), step.replications)]
    took = round(sum(os.times()[:4]) - began, 1)
    print(f"{proof.name}, {step.name}: {len(readings)} figures, {took} s", flush=True)
    done = {"step": step.name, "replications": step.replications, "cpu_s": took, "code": code, "readings": readings}
    path.write_text(json.dumps(done), encoding="utf-8")
    return done


def _record(proof: Proof, steps: list[dict], code: str, today: str) -> dict:
    rows = [row for step in steps for row in step["readings"]]
    return {
        "schema": 1,
        "proof": proof.name,
        "question": proof.question,
        "date": today,
        "seed": SEED,
        "passed": all(row["passed"] for row in rows),
        "summary": _summary(rows),
        "counts": {step["step"]: step["replications"] for step in steps},
        "cpu_s": round(sum(step["cpu_s"] for step in steps), 1),
        "exact_or_discrete": sorted({row["measure"] for row in rows if row["is_discrete"]}),
        "covers": [path.relative_to(ROOT).as_posix() for path in proof.files(ROOT)],
        "code": code,
        "packages": {name: metadata.version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "steps": [{key: value for key, value in step.items() if key != "code"} for step in steps],
    }


def _summary(rows: list[dict]) -> str:
    words = {"level": "false-positive rates", "coverage": "coverages", "measured": "figures printed"}
    parts = []
    for kind, name in words.items():
        of_kind = [row for row in rows if row["kind"] == kind]
        held = "" if kind == "measured" else f", {sum(row['passed'] for row in of_kind)} within bounds"
        parts.append(f"{len(of_kind)} {name}{held}")
    return "; ".join(parts)


def status_line(name: str) -> str:
    """Return one line on a proof: its result, its date, and how many changes its files have seen since."""
    proof, path = load(name), ROOT / "proofs" / f"{name}.json"
    if not path.is_file():
        return f"{name}  never run"
    record = json.loads(path.read_text(encoding="utf-8"))
    verdict = "holds" if record["passed"] else "FAILS"
    same = "same code as now" if record["code"] == code_digest(proof) else "the code has changed since"
    return f"{name}  {verdict}  {record['date']}  {_age(proof, path)}, {same}  ({record['summary']})"


def _age(proof: Proof, path: Path) -> str:
    """Return the number of commits to the covered files after the commit that wrote the proof."""
    wrote = _git("log", "-1", "--format=%H", "--", str(path.relative_to(ROOT)))
    if not wrote:
        return "not committed yet"
    changes = _git("log", "--format=%H", f"{wrote}..HEAD", "--", *proof.covers)
    return f"{len(changes.splitlines())} changes to its files"


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proof", nargs="?", help="one proof by its name; all of them when absent")
    parser.add_argument("--list", action="store_true", help="list the proofs instead of running them")
    parser.add_argument("--summary", action="store_true", help="write the table that the site shows, and run nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
