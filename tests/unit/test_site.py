"""Assembling and publishing a site: the last good one stays until there is a better one."""

import io
import json
import shutil

import pytest
import yaml

from svd_lib.build import run, site, stock
from svd_lib.build.progress import Progress
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.sources.swap import swap_in

PAGE = "# A page\n\nWords.\n"
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# One"},
        {"cell_type": "code", "id": "parameters", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None,
         "source": 'edition = "suffolk-2025"\nproject_dir = ""\nout_dir = ""'},
        {"cell_type": "code", "id": "work", "metadata": {}, "outputs": [], "execution_count": None, "source": "1 + 1"},
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "sna": {"needs": [], "quotes": []}},
    "nbformat": 4,
    "nbformat_minor": 5,
}  # fmt: skip


@pytest.fixture
def project(root, tmp_path):
    """A copy of the project with one small chapter and one page."""
    folder = stock.copy_project(root, tmp_path / "project")
    for old in [*folder.glob("notebooks/*.ipynb"), *folder.glob("book/*.md")]:
        old.unlink()
    (folder / "notebooks" / "one.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "book" / "page.md").write_text(PAGE)
    (folder / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": "notebooks/one", "chapters": [{"file": "book/page"}]}))
    return folder


def build(project, **options):
    edition = open_edition("suffolk-2025", str(project))
    return run.build_edition(edition, progress=Progress(io.StringIO()), **options)


@pytest.mark.slow
def test_a_failure_leaves_the_last_good_site_alone(project):
    html = build(project)
    assert {"index.html", "page.html", "search.html", "pagefind"} <= {path.name for path in html.iterdir()}
    before = (html.parent / "digest.json").read_bytes()
    _fails_on_a_warning(project)
    _fails_on_a_chapter(project)
    assert (html.parent / "digest.json").read_bytes() == before
    assert "2" in (html / "index.html").read_text()
    assert (html / "page.html").is_file()


def _fails_on_a_warning(project):
    (project / "book" / "page.md").write_text(PAGE + "\n{finding}`one-nothing-here`\n")
    with pytest.raises(SnaError, match=r"The site was not built: .*one-nothing-here") as caught:
        build(project)
    assert caught.value.exit_code == 1
    (project / "book" / "page.md").write_text(PAGE)


def _fails_on_a_chapter(project):
    broken = json.loads(json.dumps(NOTEBOOK))
    broken["cells"][2]["source"] = "1 / 0"
    (project / "notebooks" / "one.ipynb").write_text(json.dumps(broken))
    with pytest.raises(SnaError, match=r"Chapter 'one', cell 3 \(work\): ZeroDivisionError"):
        build(project)


def test_the_assembled_book_has_execution_off_and_names_the_edition(project, tmp_path):
    edition = open_edition("suffolk-2025", str(project))
    executed = tmp_path / "executed"
    shutil.copytree(project / "notebooks", executed)
    site.assemble_book(edition, executed, tmp_path / "book")
    configuration = yaml.safe_load((tmp_path / "book" / "_config.yml").read_text())
    assert configuration["execute"]["execute_notebooks"] == "off"
    assert configuration["sphinx"]["config"]["sna_edition"] == "suffolk-2025"
    assert (tmp_path / "book" / "notebooks" / "one.ipynb").is_file()


def test_swapping_replaces_a_folder_whole(tmp_path):
    for name in ("new", "place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    swap_in(tmp_path / "new", tmp_path / "place")
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("reading\nWarning, treated as error:\n/b/book/page.md:3:unknown document: 'x'\nTraceback", "book/page.md:3:unknown document: 'x'"),
        ("Exception occurred:\nFile \"x.py\", line 1\nValueError: no\n", "ValueError: no"),
        ("nothing known\nthe end", "the end"),
        ("", "Jupyter Book said nothing"),
    ],
)
def test_the_reason_is_what_sphinx_stopped_at(said, reason, tmp_path):
    from pathlib import Path

    assert site._reason(said, Path("/b")) == reason
