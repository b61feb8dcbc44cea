"""Time ``sna build`` against the stock tools on the same notebooks in one sitting, and check that both say the same.

    .venv/bin/python benchmarks/bench_build.py [--pairs N] [--edition E] [--jobs N] [--only FIGURE ...]

Each pair is one run of each side, in turn, in fresh copies of the project. Figures: ``cold`` (from nothing to a finished
site), ``nothing`` (changed), ``prose`` (one paragraph edited), ``code`` (one code cell edited), ``warm`` (the chapters'
execution by one warm worker against the same code as a plain script in an already-imported process) and ``areas`` (one
more edition in a run of many). The raw timings go to ``benchmarks/results/build.json``, so that anyone can work out the
ratios again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
RESULT = ROOT / "benchmarks" / "results" / "build.json"
TARGETS = {"cold": 0.15, "nothing": 0.4, "prose": 0.3, "code": 0.5, "warm": 1.3, "areas": 0.10}
EDITED = "trends"
"""The chapter whose prose and code are edited."""


def main() -> int:
    """Run the pairs, print the figures, write the timings; exit 1 when the two sides differ."""
    options = _options()
    pairs = []
    for number in range(1, options.pairs + 1):
        pairs.append(_pair(options))
        print(f"pair {number}: {_said(pairs[-1])}", flush=True)
    result = _result(options, pairs)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"medians of {len(pairs)} pairs, {len(result['chapters'])} chapters, {result['cores']} cores:")
    for name, figure in result["figures"].items():
        print(f"  {name:8} {figure['value']:.3f} (at most {figure['target']})")
    print(f"findings.json equal on both sides: {result['equal_findings']}; timings in {RESULT.relative_to(ROOT)}")
    return 0 if result["equal_findings"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--edition", default="suffolk-2025")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--areas", nargs="*", default=[], metavar="EDITION", help="editions for the figure 'areas', two or more")
    parser.add_argument("--only", nargs="*", choices=list(TARGETS), default=[name for name in TARGETS if name != "areas"])
    return parser.parse_args()


def _pair(options: argparse.Namespace) -> dict[str, dict]:
    """Time both sides of every figure once."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: stock.copy_project(ROOT, Path(folder) / name) for name in ("stock", "sna")}
        (Path(folder) / "stock-notebooks").mkdir()
        shutil.copytree(sides["stock"] / "notebooks", Path(folder) / "stock-notebooks", dirs_exist_ok=True)
        cold = {"stock_s": _timed(lambda: stock.build_the_stock_way(sides["stock"], options.edition))}
        cold["sna_s"] = _timed(lambda: _sna(sides["sna"], options))
        found = [json.loads((side / "_build" / options.edition / "findings.json").read_text(encoding="utf-8")) for side in sides.values()]
        pair = {"cold": {**cold, "findings": len(found[0]["findings"]), "equal_findings": found[0] == found[1]}}
        if "nothing" in options.only:
            pair["nothing"] = {"sna_s": _timed(lambda: _sna(sides["sna"], options))}
        for name, edit in (("prose", _edit_prose), ("code", _edit_code)):
            if name in options.only:
                pair[name] = _edited(name, edit, sides, Path(folder) / "stock-notebooks", options)
        if "warm" in options.only:
            pair["warm"] = _warm(sides["sna"], options.edition)
        if "areas" in options.only and len(options.areas) > 1:
            pair["areas"] = _many(Path(folder), options)
        return pair


def _sna(project: Path, options: argparse.Namespace, *more: str) -> str:
    command = [str(Path(sys.executable).with_name("sna")), "build", "--jobs", str(options.jobs)]
    return stock.run([*command, *(more or ("--edition", options.edition))], project)


def _edited(name: str, edit: Callable[[Path], None], sides: dict[str, Path], sources: Path, options: argparse.Namespace) -> dict:
    """Time a rebuild after an edit: papermill of that chapter and Jupyter Book, against ``sna build``."""
    notebook = f"{EDITED}.ipynb"
    edit(sides["sna"] / "notebooks" / notebook)
    edit(sources / notebook)
    shutil.copyfile(sources / notebook, sides["stock"] / "notebooks" / notebook)
    executed = sides["stock"] / "_build" / "executed"
    command = next(line for line in stock.papermill_commands(sides["stock"], options.edition, executed) if f"notebooks/{notebook}" in line)

    def the_stock_way() -> None:
        stock.run(command, sides["stock"])
        shutil.copyfile(executed / notebook, sides["stock"] / "notebooks" / notebook)
        stock.run([*jupyter_book_command(), "build", "-W", "."], sides["stock"])

    stock_s = _timed(the_stock_way)
    began = time.perf_counter()
    said = _sna(sides["sna"], options)
    sna_s = round(time.perf_counter() - began, 3)
    return {"stock_s": stock_s, "sna_s": sna_s, "executed": len(re.findall(r"cells in", said))}


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
    edition = open_edition(edition_name, str(project), str(project / "warm"))
    chapters = read_chapters(project)
    with short_folder() as sockets, contextlib.ExitStack() as processes:
        environment = build_environment(edition, project / "warm-run", sockets, PROVISIONER)
        nurseries = Nurseries(processes, sockets, environment, project / "warm.log")
        environment[KERNELS] = nurseries.for_kernels(Planner(edition, chapters).modules(chapters))

        def job(chapter: Chapter) -> execute.Job:
            return execute.Job(chapter.name, chapter.path, project / "warm" / chapter.path.name, edition.name, str(project), str(project / "warm"))

        execute.execute_chapters(chapters[:1], job, environment, Progress(io.StringIO()), 1)
        sna_s = _timed(lambda: execute.execute_chapters(chapters, job, environment, Progress(io.StringIO()), 1))
    environment.pop(KERNELS)
    script = project / "plain.py"
    script.write_text(_plain_script(chapters, edition.name, project), encoding="utf-8")
    said = stock.run([sys.executable, str(script)], project, environment)
    return {"stock_s": float(said.split()[-1]), "sna_s": sna_s}


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
        "began = time.perf_counter()\n"
        "for cells in chapters.values():\n"
        "    if pid := os.fork():\n"
        "        assert os.waitpid(pid, 0)[1] == 0\n"
        "        continue\n"
        "    names = {'__name__': '__main__'}\n"
        "    for cell in cells:\n"
        "        exec(cell, names)\n"
        "        names.update(parameters)\n"
        "    os._exit(0)\n"
        "print(time.perf_counter() - began)\n"
    )


def _code_of(chapter: Chapter) -> list[str]:
    cells = json.loads(chapter.path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _many(folder: Path, options: argparse.Namespace) -> dict:
    """Time a run of one edition and of all; the slope is what one more costs. The stock side is the cold one, per edition."""
    names = options.areas
    times = {}
    for count in sorted({1, len(names)}):
        project = stock.copy_project(ROOT, folder / f"areas-{count}")
        times[count] = _timed(lambda project=project, count=count: _sna(project, options, "--areas", ",".join(names[:count])))
    return {"editions": names, "seconds": times, "sna_s": (times[len(names)] - times[1]) / (len(names) - 1)}


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return round(time.perf_counter() - began, 3)


def _said(pair: dict[str, dict]) -> str:
    return "; ".join(f"{name} {times['sna_s']:.1f}" + (f" / {times['stock_s']:.1f}" if "stock_s" in times else "") + " s" for name, times in pair.items())


def _result(options: argparse.Namespace, pairs: list[dict]) -> dict:
    commands = [" ".join(["papermill", *command[3:]]) for command in stock.papermill_commands(ROOT, options.edition, Path("_build/executed"))]
    return {
        "figures": {name: _figure(name, pairs) for name in TARGETS if name in pairs[0]},
        "equal_findings": all(pair["cold"]["equal_findings"] for pair in pairs),
        "pairs": pairs,
        "edition": options.edition,
        "jobs": options.jobs,
        "cores": os.cpu_count(),
        "chapters": [chapter.name for chapter in read_chapters(ROOT)],
        "stock_commands": [*commands, "jupyter-book build -W ."],
        "platform": {"python": platform.python_version(), "system": platform.platform()},
    }


def _figure(name: str, pairs: list[dict]) -> dict:
    """Return a figure: seconds for ``nothing``, otherwise the median of the pairs' ratios."""
    against = {"areas": "cold"}.get(name, name)
    values = [pair[name]["sna_s"] / (1 if name == "nothing" else pair[against]["stock_s"]) for pair in pairs]
    return {"value": round(statistics.median(values), 4), "target": TARGETS[name], "each": [round(value, 4) for value in values]}


if __name__ == "__main__":
    sys.exit(main())
