"""The stock tools build the same report: Run All, papermill's command, Jupyter Book's command; and all say the same."""

import json
import shutil

import nbformat
import pytest
from nbclient import NotebookClient

from svd_lib.build import stock
from svd_lib.build.chapters import read_chapters

pytestmark = [pytest.mark.site, pytest.mark.slow]
EDITION = "suffolk-2025"


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    """A copy of the project with the environment in its root, as a clone has it."""
    folder = stock.copy_project(root, tmp_path_factory.mktemp("stock") / "project")
    if (root / ".venv").is_dir():
        (folder / ".venv").symlink_to(root / ".venv")
    return folder


def findings(folder):
    return json.loads((folder / "_build" / EDITION / "findings.json").read_text(encoding="utf-8"))


@pytest.mark.ci
def test_jupyter_book_builds_the_root_and_finds_the_same(project, site):
    stock.run([*stock.jupyter_book_command(), "build", "-W", "."], project)
    html = project / "_build" / "html"
    assert {path.name for path in html.glob("*.html")} == set(site.pages)
    assert findings(project) == json.loads((site.folder / "findings.json").read_text(encoding="utf-8"))


def test_papermills_command_runs_a_chapter(project):
    chapter = read_chapters(project)[0]
    command = next(stock.papermill_commands(project, EDITION, project / "_build"))
    shutil.rmtree(project / "_build" / EDITION, ignore_errors=True)
    (project / "_build").mkdir(exist_ok=True)
    stock.run(command, project)
    executed = nbformat.read(project / "_build" / chapter.path.name, as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
    assert findings(project)["findings"]


def test_run_all_with_the_stock_kernel(project):
    chapter = read_chapters(project)[0]
    notebook = nbformat.read(chapter.path, as_version=4)
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(project / "notebooks")}})
    client.execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
