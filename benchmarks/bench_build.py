"""Time ``sna build`` and ``sna serve`` against the stock tools on the same notebooks in one sitting, and check that both say the same.

    make bench        or        .venv/bin/python benchmarks/bench_build.py [--pairs N] [--edition E] [--jobs N] [--only FIGURE ...]

Each pair is one run of each side, in turn, in fresh copies of the project. Figures, each a ratio unless it says otherwise:

- ``cold``: from nothing, tidy tables present, to a finished site; against papermill's command per notebook, then ``jupyter-book build``
- ``areas``: one more area in a run of many (slope over 2, 4, 8 and 16 areas, once; needs the mirror); against the same, per area
- ``warm``: the chapters' execution by one warm worker; against the same code as one plain script in an already-imported process
- ``nothing``: nothing changed, in seconds
- ``prose``, ``serve``, ``code``: one paragraph edited (``sna build``; under ``sna serve``, from save to page) and one code cell edited;
  against papermill of that chapter, then ``jupyter-book build`` (timed once a pair: it does the same after either edit)
- beside ``cold``, ``areas`` and ``code`` a floor: the same ratio if nothing but the chapters' own code took any time, on all workers
- ``memory``: peak PSS of the warm process and two kernels forked from it on the two longest chapters (once); against two stock kernels

The raw timings go to ``benchmarks/results/build.json``, so that anyone can work out the ratios again. About 25 minutes for 5 pairs
on two idle cores; pairs that are done are written down as they are done.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import dataclasses
import io
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import many_areas
import serving
from memory import Peak

from svd_lib.build import execute, stock
from svd_lib.build.chapters import Chapter, read_chapters
from svd_lib.build.environment import build_environment
from svd_lib.build.plan import Planner
from svd_lib.build.progress import Progress
from svd_lib.build.run import short_folder
from svd_lib.build.site import jupyter_book_command
from svd_lib.build.warm import KERNELS, PROVISIONER, Nurseries
from svd_lib.edition import open_edition

ROOT = Path(__file__).resolve().parent.parent
MIRROR = ROOT.parent / "shared" / "mirror"
RESULT = ROOT / "benchmarks" / "results" / "build.json"
TARGETS = {"cold": 0.15, "areas": 0.10, "warm": 1.3, "nothing": 0.4, "prose": 0.3, "serve": 0.1, "code": 0.5, "memory": 0.7}
ONCE = ("areas", "memory")
EDITED = "trends"
"""The chapter whose prose and code are edited."""
LONGEST = ("trends", "geography")
"""The chapters whose kernels' memory is measured."""


def main() -> int:
    """Run the pairs and what is measured once, print the figures, write the timings; exit 1 when the two sides differ."""
    options = _options()
    _compile()
    _print_stock_commands(options.edition)
    pairs, once = [], {name: measure(options) for name, measure in (("memory", _memory), ("areas", _areas)) if name in options.only}
    for number in range(1, options.pairs + 1):
        pairs.append(_pair(options))
        _write(_result(options, pairs, once))
        print(f"pair {number}: {_said(pairs[-1])}", flush=True)
    result = _result(options, pairs, once)
    _write(result)
    print(f"medians of {len(pairs)} pairs, {len(result['chapters'])} chapters, {result['cores']} cores:")
    for name, figure in result["figures"].items():
        floor = f"; floor {figure['floor']:.3f}" if "floor" in figure else ""
        print(f"  {name:8} {figure['value']:.3f} (at most {figure['target']}{floor})")
    print(f"findings.json equal on both sides: {result['equal_findings']}; timings in {os.path.relpath(RESULT, ROOT)}")
    return 0 if result["equal_findings"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--edition", default="suffolk-2025")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--mirror", type=Path, default=MIRROR, help="where raw files are; without it 'areas' is left out")
    parser.add_argument("--only", nargs="*", choices=list(TARGETS), default=list(TARGETS))
    options = parser.parse_args()
    if not options.mirror.is_dir() and "areas" in options.only:
        print(f"'areas' is left out: there is no mirror at {options.mirror}", file=sys.stderr)
        options.only.remove("areas")
    return options


def _compile() -> None:
    """Have both sides' libraries compiled to bytecode, as an installation leaves them."""
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(ROOT / "svd_lib")}:
        compileall.compile_dir(folder, quiet=2, workers=0)


def _print_stock_commands(edition: str) -> None:
    print("the stock side, in a copy of the project:")
    print("".join(f"  {line}\n" for line in _stock_commands(edition)), end="", flush=True)


def _stock_commands(edition: str) -> list[str]:
    commands = [" ".join(["papermill", *command[3:]]) for command in stock.papermill_commands(ROOT, edition, Path("_build/executed"))]
    return [*commands, "cp _build/executed/*.ipynb notebooks/", "jupyter-book build -W .   (execute_notebooks: off)"]


def _pair(options: argparse.Namespace) -> dict[str, dict]:
    """Time both sides of every figure once."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: stock.copy_project(ROOT, Path(folder) / name) for name in ("stock", "sna")}
        sources = Path(shutil.copytree(sides["stock"] / "notebooks", Path(folder) / "stock-notebooks"))
        cold = {"stock_s": _timed(lambda: stock.build_the_stock_way(sides["stock"], options.edition))}
        cold["sna_s"] = _timed(lambda: _sna(sides["sna"], options))
        found = [json.loads((side / "_build" / options.edition / "findings.json").read_text(encoding="utf-8")) for side in sides.values()]
        pair = {"cold": {**cold, "findings": len(found[0]["findings"]), "equal_findings": found[0] == found[1]}}
        if "nothing" in options.only:
            pair["nothing"] = {"sna_s": _timed(lambda: _sna(sides["sna"], options))}
        pair |= _edits(sides, sources, options)
        if "warm" in options.only:
            pair["warm"] = _warm(sides["sna"], options.edition)
        return pair


def _sna(project: Path, options: argparse.Namespace) -> str:
    command = [str(Path(sys.executable).with_name("sna")), "build", "--jobs", str(options.jobs), "--edition", options.edition]
    return stock.run(command, project)


def _edits(sides: dict[str, Path], sources: Path, options: argparse.Namespace) -> dict[str, dict]:
    """Time what follows an edit: the stock commands once, then ``sna build`` after prose and code, then ``sna serve``."""
    wanted = [name for name in ("prose", "code", "serve") if name in options.only]
    if not wanted:
        return {}
    notebook = sides["sna"] / "notebooks" / f"{EDITED}.ipynb"
    stock_s = _stock_edit(sides["stock"], sources, options.edition)
    times = {name: {"stock_s": stock_s} for name in wanted}
    for name, edit in (("prose", _edit_prose), ("code", _edit_code)):
        if name in wanted:
            edit(notebook)
            began = time.perf_counter()
            said = _sna(sides["sna"], options)
            times[name] |= {"sna_s": round(time.perf_counter() - began, 3), "executed": len(re.findall(r"cells in", said))}
    if "serve" in wanted:
        with serving.served(sides["sna"], options.edition, options.jobs) as seconds_after:
            times["serve"]["sna_s"] = seconds_after(lambda: _edit_prose(notebook), f"{EDITED}.html")
            times["serve"]["code_s"] = seconds_after(lambda: _edit_code(notebook), f"{EDITED}.html")
    return times


def _stock_edit(project: Path, sources: Path, edition: str) -> float:
    """Edit a paragraph and return the seconds that papermill of that chapter and Jupyter Book take."""
    notebook = f"{EDITED}.ipynb"
    _edit_prose(sources / notebook)
    shutil.copyfile(sources / notebook, project / "notebooks" / notebook)
    executed = project / "_build" / "executed"
    command = next(line for line in stock.papermill_commands(project, edition, executed) if f"notebooks/{notebook}" in line)

    def the_stock_way() -> None:
        stock.run(command, project)
        shutil.copyfile(executed / notebook, project / "notebooks" / notebook)
        stock.run([*jupyter_book_command(), "build", "-W", "."], project)

    return _timed(the_stock_way)


def _edit_cell(path: Path, kind: str, change: Callable[[str], str]) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = [cell for cell in notebook["cells"] if cell["cell_type"] == kind][-1]
    cell["source"] = change("".join(cell["source"]))
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _edit_prose(path: Path) -> None:
    _edit_cell(path, "markdown", lambda text: f"{text}\n\nOne more paragraph.")


def _edit_code(path: Path) -> None:
    _edit_cell(path, "code", lambda text: f"{text}\n# edited")


def _warm(project: Path, edition_name: str) -> dict:
    """Time the chapters' code by one warm worker, and as a plain script in a fork of an already-imported process."""
    chapters = read_chapters(project)
    with _warm_workers(project, edition_name, chapters) as (job, environment):
        execute.execute_chapters(chapters[:1], job, environment, Progress(io.StringIO()), 1)
        sna_s = _timed(lambda: execute.execute_chapters(chapters, job, environment, Progress(io.StringIO()), 1))
    environment.pop(KERNELS)
    script = project / "plain.py"
    script.write_text(_plain_script(chapters, edition_name, project), encoding="utf-8")
    said = stock.run([sys.executable, str(script)], project, environment)
    plain = {name: round(float(seconds), 3) for name, seconds in re.findall(r"^seconds (\S+) (\S+)$", said, re.MULTILINE)}
    return {"stock_s": round(sum(plain.values()), 3), "sna_s": sna_s, "plain_s": plain}


@contextlib.contextmanager
def _warm_workers(project: Path, edition_name: str, chapters: list[Chapter]):
    """Start a warm process; yield how a chapter is executed, and the environment that asks the process for kernels."""
    edition = open_edition(edition_name, str(project), str(project / "warm"))
    with short_folder() as sockets, contextlib.ExitStack() as processes:
        environment = build_environment(edition, project / "warm-run", sockets, PROVISIONER)
        nurseries = Nurseries(processes, sockets, environment, project / "warm.log")
        environment[KERNELS] = nurseries.for_kernels(Planner(edition, chapters).modules(chapters))

        def job(chapter: Chapter) -> execute.Job:
            return execute.Job(chapter.name, chapter.path, project / "warm" / chapter.path.name, edition.name, str(project), str(project / "warm"))

        yield job, environment


def _memory(options: argparse.Namespace) -> dict:
    """Return the peak PSS of two kernels at work on the two longest chapters, warm and stock, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        projects = {name: stock.copy_project(ROOT, Path(folder) / name) for name in ("stock", "sna")}
        chapters = read_chapters(projects["sna"])
        pair = [dataclasses.replace(chapter, quotes=()) for chapter in chapters if chapter.name in LONGEST]
        commands = stock.papermill_commands(projects["stock"], options.edition, Path(folder) / "executed")
        commands = [command for command in commands if any(f"notebooks/{name}.ipynb" in command for name in LONGEST)]
        (Path(folder) / "executed").mkdir()
        with Peak(lambda line: "ipykernel_launcher" in line).watching() as stock_peak, ThreadPoolExecutor() as pool:
            list(pool.map(lambda command: stock.run(command, projects["stock"]), commands))
        with Peak(lambda line: "svd_lib.build.warm" in line).watching() as peak, _warm_workers(projects["sna"], options.edition, chapters) as (job, environment):
            execute.execute_chapters(pair, job, environment, Progress(io.StringIO()), 2)
    print(f"memory: {peak.bytes / 2**20:.0f} / {stock_peak.bytes / 2**20:.0f} MiB", flush=True)
    return {"chapters": list(LONGEST), "stock_MiB": round(stock_peak.bytes / 2**20, 1), "sna_MiB": round(peak.bytes / 2**20, 1)}


def _areas(options: argparse.Namespace) -> dict:
    """Return the seconds of runs of 2, 4, 8 and 16 areas, and their slope."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared"
        names = many_areas.with_tables(ROOT, prepared, options.mirror)
        seconds = many_areas.seconds_by_count(ROOT, prepared, names, Path(folder), options.jobs)
    print(f"areas: {seconds}", flush=True)
    return {"areas": names, "seconds": seconds, "sna_s": round(many_areas.slope(seconds), 3)}


def _plain_script(chapters: list[Chapter], edition: str, project: Path) -> str:
    """Return a script that runs every chapter's cells, each chapter in a fork, once everything has been imported."""
    cells = {chapter.name: _code_of(chapter) for chapter in chapters}
    parameters = {"edition": edition, "project_dir": str(project), "out_dir": str(project / "plain")}
    return (
        "import os, sys, time\n"
        "import matplotlib.backends.backend_svg, IPython.display, pyarrow.parquet\n"
        f"chapters, parameters = {cells!r}, {parameters!r}\n"
        "imports = [line for cells in chapters.values() for cell in cells for line in cell.splitlines() if line.startswith(('from ', 'import '))]\n"
        "exec(chr(10).join(imports), {})\n"
        "for name, cells in chapters.items():\n"
        "    began = time.perf_counter()\n"
        "    if pid := os.fork():\n"
        "        assert os.waitpid(pid, 0)[1] == 0\n"
        "        print('seconds', name, time.perf_counter() - began)\n"
        "        continue\n"
        "    names = {'__name__': '__main__'}\n"
        "    for cell in cells:\n"
        "        exec(cell, names)\n"
        "        names.update(parameters)\n"
        "    os._exit(0)\n"
    )


def _code_of(chapter: Chapter) -> list[str]:
    cells = json.loads(chapter.path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return round(time.perf_counter() - began, 3)


def _said(pair: dict[str, dict]) -> str:
    return "; ".join(f"{name} {times['sna_s']:.1f}" + (f" / {times['stock_s']:.1f}" if "stock_s" in times else "") + " s" for name, times in pair.items())


def _write(result: dict) -> None:
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _result(options: argparse.Namespace, pairs: list[dict], once: dict[str, dict]) -> dict:
    return {
        "figures": {name: _figure(name, pairs, once) | _floor(name, pairs, options.jobs) for name in TARGETS if name in pairs[0] or name in once},
        "equal_findings": all(pair["cold"]["equal_findings"] for pair in pairs),
        "pairs": pairs,
        "once": once,
        "edition": options.edition,
        "jobs": options.jobs,
        "cores": os.cpu_count(),
        "load_before": _LOAD,
        "chapters": [chapter.name for chapter in read_chapters(ROOT)],
        "stock_commands": _stock_commands(options.edition),
        "commit": subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "platform": {"python": platform.python_version(), "system": platform.platform()},
    }


def _figure(name: str, pairs: list[dict], once: dict[str, dict]) -> dict:
    """Return a figure: seconds for ``nothing``, otherwise a ratio or the median of the pairs' ratios."""
    if name == "memory":
        values = [once[name]["sna_MiB"] / once[name]["stock_MiB"]]
    elif name == "areas":
        values = [once[name]["sna_s"] / pair["cold"]["stock_s"] for pair in pairs]
    else:
        values = [pair[name]["sna_s"] / pair[name].get("stock_s", 1) for pair in pairs]
    return {"value": round(statistics.median(values), 4), "target": TARGETS[name], "each": [round(value, 4) for value in values]}


def _floor(name: str, pairs: list[dict], jobs: int) -> dict[str, float]:
    """Return what the ratio would be if only the chapters' own code took time: as a plain script, imported, on every worker at once."""
    if name not in ("cold", "areas", "code") or "warm" not in pairs[0]:
        return {}
    against = "code" if name == "code" else "cold"
    return {"floor": round(statistics.median(_least_seconds(name, pair["warm"]["plain_s"], jobs) / pair[against]["stock_s"] for pair in pairs), 4)}


def _least_seconds(name: str, plain: dict[str, float], jobs: int) -> float:
    """Return the seconds that the chapters' code takes: the edited chapter's, or all of it shared by the workers."""
    if name == "code":
        return plain[EDITED]
    shared = sum(plain.values()) / jobs
    return max(shared, *plain.values()) if name == "cold" else shared


_LOAD = os.getloadavg()

if __name__ == "__main__":
    sys.exit(main())
