"""What a build leaves out: nothing that matters. Incremental equals clean, byte for byte, warm kernels equal stock ones."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from svd_lib.build import stock
from svd_lib.build.provenance import folder_digests

pytestmark = [pytest.mark.site, pytest.mark.slow]
EDITION = "suffolk-2025"
SCIENTIFIC = ("numpy", "pandas", "scipy", "matplotlib", "pyarrow", "duckdb", "statsmodels", "geopandas", "papermill", "sphinx", "IPython", "zmq")
LOOK = "import sys; from svd_lib.cli import main; code = main(sys.argv[1:]); print(*sorted({name.split('.')[0] for name in sys.modules})); sys.exit(code)"


def build(project, *options):
    """Build and return what was said and the top-level modules that the command imported."""
    command = [sys.executable, "-c", LOOK, "build", "--project", str(project), "--edition", EDITION, *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project)
    assert done.returncode == 0, done.stderr
    *printed, modules = done.stdout.splitlines()
    return done.stderr + "\n".join(printed), set(modules.split())


def edit(project, chapter, kind, identity, change):
    path = project / "notebooks" / f"{chapter}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == kind and cell["id"] == identity)
    cell["source"] = change("".join(cell["source"]))
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    copied = stock.copy_project(root, tmp_path_factory.mktemp("incremental") / "project")
    build(copied)
    return copied


def results(project):
    folder = project / "_build" / EDITION
    kept = {name: digest for name, digest in folder_digests(folder).items() if not name.startswith("cache/")}
    return {name: digest for name, digest in kept.items() if name not in (".lock", "build.log")}


def test_nothing_changed_is_nothing_done_and_nothing_scientific_imported(project):
    before = results(project)
    for name in (".run", ".next", ".html.old"):  # of a build that was killed once it had published
        (project / "_build" / EDITION / name).mkdir()
        (project / "_build" / EDITION / name / "left").write_text("over")
    said, modules = build(project)
    assert "nothing has changed" in said
    assert modules.isdisjoint(SCIENTIFIC)
    assert results(project) == before
    assert build(project, "--plan")[0].strip() == "nothing to do"


def test_a_partnership_s_words_change_their_page_alone_and_leave_nothing_when_taken_away(project):
    before, site = results(project), project / "_build" / EDITION / "html"
    folder = project / "data" / "editions" / EDITION / "commentary"
    said = {"trends-index-groups": "The board asked why: {finding}`trends-injury-ratio`.\n\n<b>Twice</b>, in **May**.", "chapter": "We read this chapter together."}
    words = "\n\n".join(f"## {slot}\nauthor: Head of Community Safety\ndate: 2026-03-12\n\n{text}" for slot, text in said.items())
    (folder / "trends.md").write_text(words, encoding="utf-8")
    planned, _ = build(project, "--plan")
    assert "site: file data/editions/suffolk-2025/commentary/trends.md is new" in planned and "trends:" not in planned.replace("trends.md", "")
    said, _ = build(project)
    assert "executing" not in said
    page = BeautifulSoup((site / "trends.html").read_text(encoding="utf-8"), "lxml")
    opening, figure = page.select(".sna-words")
    assert "We read this chapter together." in opening.get_text() and opening.find_next("h2")["id"] == page.find("h2")["id"]
    assert figure.find_previous("figure", class_="sna-exhibit")["id"] == "trends-index-groups"
    number = json.loads((site / "findings.json").read_text(encoding="utf-8"))["findings"]["trends-injury-ratio"]["value"]
    paragraphs = [one.get_text() for one in figure.find_all("p")]
    assert paragraphs[0] == "Suffolk partnership says" and paragraphs[1] == f"The board asked why: {number:.0f}."
    assert paragraphs[2] == "<b>Twice</b>, in **May**." and paragraphs[3].startswith("Head of Community Safety, 12 March 2026.")
    pages = {name for name, digest in results(project).items() if name.startswith("html/") and name.count("/") == 1 and name.endswith(".html") and before.get(name) != digest}
    assert pages == {"html/trends.html"}
    (folder / "trends.md").write_text(words.replace("trends-injury-ratio", "trends-no-such"), encoding="utf-8")
    failed = subprocess.run([sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--edition", EDITION], capture_output=True, text=True, cwd=project)
    assert failed.returncode == 1 and "commentary/trends.md, line 5: the finding 'trends-no-such' is unknown" in failed.stderr
    assert "Twice" in (site / "trends.html").read_text(encoding="utf-8")
    (folder / "trends.md").unlink()
    build(project)
    assert results(project) == before


def test_edited_prose_and_code_give_what_a_clean_build_gives(project, tmp_path_factory):
    edit(project, "trends", "markdown", "title", lambda text: text + "\n\nOne more paragraph.")
    said, _ = build(project, "--plan")
    assert "site: prose of trends changed" in said and "trends: code" not in said
    said, _ = build(project)
    assert "executing" not in said
    edit(project, "cohorts", "code", "place", lambda text: text.replace("how deprived", "how very deprived"))
    said, _ = build(project)
    assert "executing" in said and "cohorts:" in said and "trends:" not in said and "recommendations: unchanged" in said
    clean = stock.copy_project(project, tmp_path_factory.mktemp("clean") / "project")
    build(clean, "--stock-kernels", "--jobs", "1")
    one, other = results(project), results(clean)
    assert sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.ci
def test_an_interrupted_build_leaves_nothing_and_the_next_one_resumes(project, tmp_path_factory):
    copied = stock.copy_project(project, tmp_path_factory.mktemp("interrupted") / "project")
    marker = f"interrupted-{os.getpid()}"
    command = [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(copied), "--edition", EDITION]
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as temporary:
        environment = {**os.environ, "SNA_TEST_MARKER": marker, "TMPDIR": temporary}
        started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=heed_interrupts)
        first = next(line for line in started.stderr if "(1 of" in line).split("] ")[1].split(":")[0]
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 130
        assert not left_running(marker)
        assert list(Path(temporary).iterdir()) == []
    assert sorted(path.name for path in (copied / "_build" / EDITION).iterdir()) == [".lock", "build.log", "cache"]
    said, _ = build(copied, "--plan")
    assert f"\n{first}:" not in f"\n{said}"
    build(copied)
    assert results(copied) == results(project)


def heed_interrupts():
    """Let a process that is about to start end at Ctrl-C: one begun in the background of a shell inherits that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def left_running(marker):
    """Return the processes that carry a marker in their environment, once those that are ending have ended."""
    deadline = time.monotonic() + 10
    while (found := list(carrying(marker))) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def carrying(marker):
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker.encode() in (process / "environ").read_bytes() and process.name != str(os.getpid()):
                yield process.name
