"""Build one edition in twelve environments that differ in all that must not matter, and count files that differ."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from proofs.proof import Proof, Reading, Step
from svd_lib.build import provenance, stock
from svd_lib.edition import find_root

ROOT = find_root(Path(__file__).parent)
EDITION = "suffolk-2025"
KEPT = ROOT / "_build" / "proofs" / "same_bytes-digests"
"""Digests of the sites that were built, by the digest of the code that built them."""


@dataclass(frozen=True)
class World:
    """One environment."""

    folder: str
    zone: str
    locale: str
    hash_seed: str
    workers: int
    kernel: str
    road: str
    core: str

    @property
    def words(self) -> str:
        """The environment in words."""
        return (
            f"folder '{self.folder}', {self.zone}, {self.locale}, hash seed {self.hash_seed}, {self.workers} worker(s), "
            f"{self.kernel} kernels, {self.road}, {self.core}"
        )


SHORT, LONG = "a", "somewhere else entirely, with spaces"
UTC, FAR = "UTC", "Pacific/Auckland"
PLAIN, OTHER = "C.UTF-8", "tr_TR.ISO-8859-9"
OLD, NEW = "Nehalem", "Haswell"
WORLDS = (
    World(SHORT, UTC, PLAIN, "0", 2, "warm", "fresh", NEW),
    World(LONG, FAR, OTHER, "4711", 1, "stock", "fresh", OLD),
    World(SHORT, FAR, PLAIN, "4711", 4, "warm", "resumed", OLD),
    World(LONG, UTC, OTHER, "0", 2, "warm", "incremental", NEW),
    World(SHORT, UTC, OTHER, "4711", 1, "warm", "resumed", NEW),
    World(LONG, FAR, PLAIN, "0", 4, "stock", "incremental", OLD),
    World(SHORT, FAR, OTHER, "0", 2, "stock", "resumed", NEW),
    World(LONG, UTC, PLAIN, "4711", 4, "warm", "fresh", OLD),
    World(SHORT, FAR, OTHER, "4711", 1, "warm", "incremental", OLD),
    World(LONG, UTC, PLAIN, "0", 1, "warm", "fresh", OLD),
    World(SHORT, UTC, PLAIN, "4711", 2, "stock", "incremental", NEW),
    World(LONG, FAR, OTHER, "0", 4, "warm", "resumed", NEW),
)
"""Every value of every difference occurs, most with most others; the first is what the others are compared with."""


def differing(number: int, _: np.random.Generator, replications: int) -> list[Reading]:
    """Build in one environment and in the first, unless that has been done, and count the files that differ."""
    first, other = (_digests(WORLDS[one]) for one in (0, number))
    names = sorted(first.keys() | other.keys())
    unequal = [name for name in names if first.get(name) != other.get(name)]
    return [
        Reading("build.run", f"files that differ: {WORLDS[number].words}", "level", 0.0, len(unequal), len(names), is_discrete=True, note=", ".join(unequal[:5]))
    ]


PROOF = Proof(
    name="same_bytes",
    question="Do folder, time zone, locale, hash seed, workers, kernels, the road to the build and BLAS kernels leave every byte as it is?",
    covers=("svd_lib/**/*.py", "notebooks/*.ipynb", "book/*.md", "book/_static/*.*", "book/_templates/*.*", "_config.yml", "_toc.yml", "proofs/same_bytes.py"),
    steps=tuple(Step(f"environment-{number + 1:02}", partial(differing, number), 1) for number in range(1, len(WORLDS))),
    sampled_by="tests/reproducibility/test_same_bytes.py",
)


def _digests(world: World) -> dict[str, str]:
    """Return file -> digest of the site that an environment gives, built once for the code as it is."""
    known = KEPT / f"{WORLDS.index(world) + 1:02}-{provenance.code_digest(ROOT)[:16]}.json"
    if not known.is_file():
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps(_built(world)), encoding="utf-8")
    return json.loads(known.read_text(encoding="utf-8"))


def _built(world: World) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="sna-proof-") as place:
        project = stock.copy_project(ROOT, Path(place) / world.folder)
        ROADS[world.road](world, project)
        return provenance.folder_digests(project / "_build" / EDITION / "html") | _beside(project / "_build" / EDITION)


def _beside(build: Path) -> dict[str, str]:
    """Return the digests of what is published beside the pages, but for the records of folder and code."""
    return {name: provenance.file_digest(build / name) for name in ("findings.json", "provenance.json", "digest.json")}


def _command(world: World, project: Path) -> list[str]:
    kernels = ["--stock-kernels"] if world.kernel == "stock" else []
    return [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--edition", EDITION, "--jobs", str(world.workers), *kernels]


def _environment(world: World) -> dict[str, str]:
    changed = {"TZ": world.zone, "LC_ALL": world.locale, "LANG": world.locale, "PYTHONHASHSEED": world.hash_seed, "OPENBLAS_CORETYPE": world.core}
    return {**os.environ, **changed, "PYTHONUTF8": "1"}


def _fresh(world: World, project: Path) -> None:
    subprocess.run(_command(world, project), env=_environment(world), check=True, capture_output=True)


def _resumed(world: World, project: Path) -> None:
    """Interrupt a build once two chapters are done, and build again."""
    started = subprocess.Popen(_command(world, project), env=_environment(world), stderr=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts)
    next(line for line in started.stderr if "(2 of" in line)
    started.send_signal(signal.SIGINT)
    started.communicate()
    _fresh(world, project)


def _heed_interrupts() -> None:
    """Let a process about to start end at Ctrl-C: one begun in the background of a shell inherits that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _incremental(world: World, project: Path) -> None:
    """Build with other words and another definition in place, then put the project's own back and build again."""
    notebook, page = project / "notebooks" / "cohorts.ipynb", project / "book" / "methods.md"
    own = {path: path.read_bytes() for path in (notebook, page)}
    page.write_bytes(own[page] + b"\n\nOne more paragraph.\n")
    content = json.loads(own[notebook])
    cell = [cell for cell in content["cells"] if cell["cell_type"] == "code"][-1]
    cell["source"] = "".join(cell["source"]) + "\n# edited"
    notebook.write_text(json.dumps(content), encoding="utf-8")
    _fresh(world, project)
    for path, text in own.items():
        path.write_bytes(text)
    _fresh(world, project)


ROADS: dict[str, Callable[[World, Path], None]] = {"fresh": _fresh, "resumed": _resumed, "incremental": _incremental}


