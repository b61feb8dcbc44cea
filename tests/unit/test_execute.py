"""Executing chapters: order, truthful progress, one sentence on failure, nothing of the run left in a notebook."""

import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from svd_lib.build import execute
from svd_lib.build.chapters import (
    Chapter,
    documents_of,
    in_running_order,
    longest_road_first,
    read_chapter,
    read_chapters,
)
from svd_lib.build.environment import build_environment
from svd_lib.build.progress import Progress
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError


def code(identity, source, tags=()):
    return {"cell_type": "code", "id": identity, "metadata": {"tags": list(tags)}, "source": source, "outputs": [], "execution_count": None}


def notebook(*cells, quotes=()):
    parameters = code("parameters", 'edition = "x"\nproject_dir = ""\nout_dir = ""', ["parameters"])
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "sna": {"needs": [], "quotes": list(quotes)}}
    return {"cells": [parameters, *cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def written(folder, name, *cells, quotes=()):
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(notebook(*cells, quotes=quotes)))
    return read_chapter(path)


def chapter(tmp_path, name, quotes=()):
    return Chapter(name, tmp_path / f"{name}.ipynb", quotes=tuple(quotes))


def test_a_quoting_chapter_runs_after_those_it_quotes(tmp_path):
    chapters = [chapter(tmp_path, "summary", ["trends", "cohorts"]), chapter(tmp_path, "trends"), chapter(tmp_path, "cohorts", ["trends"])]
    assert [one.name for one in in_running_order(chapters)] == ["trends", "cohorts", "summary"]


def test_the_chapter_that_the_longest_road_begins_with_starts_first(tmp_path):
    short, long, quoted = (Chapter(name, tmp_path, cells=cells) for name, cells in (("short", 3), ("long", 5), ("quoted", 2)))
    quoting = Chapter("quoting", tmp_path, quotes=("quoted",), cells=4)
    assert [one.name for one in longest_road_first([short, quoting, long, quoted])] == ["quoted", "long", "quoting", "short"]


def test_chapters_that_quote_each_other_are_refused(tmp_path):
    with pytest.raises(SnaError, match="a, b quote each other"):
        in_running_order([chapter(tmp_path, "a", ["b"]), chapter(tmp_path, "b", ["a"])])


def test_an_unknown_quoted_chapter_is_named(tmp_path):
    with pytest.raises(SnaError, match=r"a\.ipynb: quotes the chapter 'z'"):
        in_running_order([chapter(tmp_path, "a", ["z"])])


def test_contents_are_read_in_reading_order():
    toc = {"root": "r", "parts": [{"chapters": [{"file": "a", "sections": [{"file": "b"}]}, {"file": "c"}]}]}
    assert documents_of(toc) == ["r", "a", "b", "c"]


def test_a_page_in_the_contents_that_is_not_there_is_named(tmp_path):
    (tmp_path / "_toc.yml").write_text("root: notebooks/nothing\n")
    with pytest.raises(SnaError, match="notebooks/nothing"):
        read_chapters(tmp_path)


def test_scrubbing_leaves_nothing_of_the_run():
    injected = code("9f1c", 'edition = "e"\nproject_dir = "/home/someone"\nout_dir = "/tmp/x"', ["injected-parameters"])
    cell = code("a", "1") | {"metadata": {"papermill": {"start_time": "2026"}, "execution": {"iopub.execute_input": "2026"}, "tags": []}}
    dirty = notebook(injected, cell)
    dirty["metadata"] |= {"papermill": {"input_path": "/home/someone"}, "language_info": {"name": "python", "version": "3.11.7"}}
    text = json.dumps(execute.scrub(dirty, "e"))
    assert not re.search(r"/home|/tmp|2026|3\.11\.7|9f1c|papermill", text)
    assert "remove-cell" in text


def test_scrubbing_keeps_results():
    cell = code("a", "1") | {"outputs": [{"output_type": "display_data", "data": {"text/html": "<p>1</p>"}, "metadata": {}, "transient": {"display_id": "r"}}]}
    clean = execute.scrub(notebook(cell), "e")
    assert clean["cells"][1]["outputs"] == [{"output_type": "display_data", "data": {"text/html": "<p>1</p>"}, "metadata": {}}]


@pytest.fixture
def run(root, tmp_path):
    """Execute chapters with papermill in an environment of their own; return what was said."""

    def run_chapters(*chapters, jobs=2):
        edition = open_edition("suffolk-2025", str(root))
        (tmp_path / "s").mkdir()
        environment = build_environment(edition, tmp_path / "run", tmp_path / "s")
        said = io.StringIO()

        def job(one):
            return execute.Job(one.name, one.path, tmp_path / "out" / one.path.name, edition.name, str(root), str(tmp_path))

        outcomes = execute.execute_chapters(list(chapters), job, environment, Progress(said), jobs)
        return outcomes, said.getvalue()

    return run_chapters


def test_chapters_are_executed_with_the_edition_and_a_fixed_environment(run, tmp_path):
    wanted = "import os\nprint(edition, os.environ['TZ'], os.environ['PYTHONHASHSEED'], os.environ['SOURCE_DATE_EPOCH'])"
    outcomes, said = run(written(tmp_path, "one", code("a", wanted)))
    executed = json.loads((tmp_path / "out" / "one.ipynb").read_text())
    assert "".join(executed["cells"][2]["outputs"][0]["text"]) == "suffolk-2025 UTC 0 1767139200\n"
    assert [outcome.chapter for outcome in outcomes] == ["one"]
    assert "one: 2 cells" in said and "1 of 1 chapters" in said
    assert str(tmp_path) not in json.dumps(executed)


def test_a_failing_chapter_is_one_sentence_with_cell_and_error(run, tmp_path):
    bad = written(tmp_path, "bad", code("fine", "a = 1"), code("broken", "raise ValueError('no such month')"))
    with pytest.raises(SnaError, match=r"^Chapter 'bad', cell 3 \(broken\): ValueError: no such month$") as caught:
        run(bad, jobs=1)
    assert caught.value.exit_code == 1


def test_a_kernel_that_dies_names_its_chapter_and_cell(run, tmp_path):
    dead = written(tmp_path, "dead", code("a", "import os\nos._exit(9)"))
    with pytest.raises(SnaError, match=r"Chapter 'dead', cell 2 \(a\): the kernel died"):
        run(dead, jobs=1)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by the system's means")
def test_a_chapter_that_asks_for_too_much_memory_names_its_cell(run, tmp_path):
    greedy = written(tmp_path, "greedy", code("a", "from svd_lib.build import guard\nguard.bound_memory(guard.MOST_MEMORY)\nheld = bytearray(2 * guard.MOST_MEMORY)"))
    with pytest.raises(SnaError, match=r"Chapter 'greedy', cell 2 \(a\): MemoryError"):
        run(greedy, jobs=1)


def test_the_sentence_counts_cells_as_the_author_does(tmp_path):
    class Broken(Exception):
        cell_index, ename, evalue = 1, "NameError", "x"

    path = tmp_path / "c.ipynb"
    path.write_text(json.dumps({"cells": [code("first", "x"), code("second", "y")], "metadata": {}}))
    assert execute.describe_failure("c", Broken(), path).startswith("Chapter 'c', cell 1 (first)")


STOPPED = """
import json, signal, sys, threading, time, os, io
from pathlib import Path
from svd_lib.build import execute
from svd_lib.build.chapters import read_chapter
from svd_lib.build.environment import build_environment
from svd_lib.build.progress import Progress
from svd_lib.edition import open_edition

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background has it ignored
root, folder = Path(sys.argv[1]), Path(sys.argv[2])
edition = open_edition("suffolk-2025", str(root))
environment = build_environment(edition, folder / "run", folder / "s")
slow = read_chapter(folder / "slow.ipynb")
job = lambda one: execute.Job(one.name, one.path, folder / "out" / "slow.ipynb", edition.name, str(root), str(folder))

def interrupt():
    while not list(folder.glob("left-over-*")):
        time.sleep(0.1)
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    execute.execute_chapters([slow], job, environment, Progress(io.StringIO()))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_interrupt_ends_workers_and_kernels_at_once(root, tmp_path):
    marker = f"left-over-{tmp_path.name}"
    written(tmp_path, "slow", code("a", f"import os, time\nopen({str(tmp_path / marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"))
    (tmp_path / "s").mkdir()
    began = time.monotonic()
    stopped = subprocess.run([sys.executable, "-c", STOPPED, str(root), str(tmp_path)], capture_output=True, text=True)
    assert stopped.returncode == 130 and time.monotonic() - began < 55
    kernel = Path("/proc") / (tmp_path / marker).read_text()
    deadline = time.monotonic() + 10
    while kernel.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not kernel.exists()
