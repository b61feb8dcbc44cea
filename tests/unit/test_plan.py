"""The plan: what is stale follows from content, and every reason is said in words."""

import copy
import json

import pytest

from svd_lib.build import execute, results, stock
from svd_lib.build.chapters import read_chapters
from svd_lib.build.plan import Plan, Planner, Step, differences
from svd_lib.build.reach import Reach
from svd_lib.edition import open_edition

READ = ("tidy table street_counts", "file data/reference/facts.csv", "the area or the lock")


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    """A copy of the project in which every chapter has kept results."""
    project = stock.copy_project(root, tmp_path_factory.mktemp("plan") / "project")
    edition = open_edition("suffolk-2025", str(project))
    for chapter in read_chapters(project):
        planner = Planner(edition, read_chapters(project))
        out = project / "out"
        executed = pretend_to_execute(json.loads(chapter.path.read_text()))
        (out / "notebooks").mkdir(parents=True, exist_ok=True)
        (out / "notebooks" / chapter.path.name).write_text(results.notebook_text(executed))
        (out / "findings").mkdir(exist_ok=True)
        part = out / "findings" / f"{chapter.name}.json"
        part.write_text(json.dumps({"findings": {}, "chapter": chapter.name}))
        results.keep(planner.place(chapter), chapter.name, out, [part], planner.facts(chapter, READ))
    return edition


def pretend_to_execute(notebook):
    """Return what executing a notebook leaves, as papermill and scrubbing would."""
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        done = copy.deepcopy(cell)
        done["metadata"] = {**cell["metadata"], "tags": cell["metadata"].get("tags", [])}
        if cell["cell_type"] == "code":
            done |= {"execution_count": number, "outputs": []}
        cells.append(done)
        if "parameters" in done["metadata"]["tags"]:
            injected = {"cell_type": "code", "metadata": {"tags": [execute.INJECTED]}, "source": "x", "outputs": [], "execution_count": 2}
            cells.append(injected | {"id": "random"})
    return execute.scrub({**notebook, "cells": cells}, "suffolk-2025")


def plan(edition):
    return Planner(edition, read_chapters(edition.root)).plan()


def stale(edition):
    return {step.chapter.name: step.reasons for step in plan(edition).steps if step.is_stale}


@pytest.fixture
def edited(built):
    """Edit files and put them back afterwards."""
    before = {}

    def edit(path, change):
        before.setdefault(path, path.read_bytes())
        path.write_text(change(path.read_text()))

    yield edit
    for path, content in before.items():
        path.write_bytes(content)


def edit_cell(kind, text):
    def change(content):
        notebook = json.loads(content)
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == kind]
        cells[-1]["source"] = text
        return json.dumps(notebook)

    return change


def test_nothing_is_stale_when_nothing_changed(built):
    assert stale(built) == {}


def test_a_changed_code_cell_makes_its_chapter_stale_and_names_the_cell(built, edited):
    edited(built.root / "notebooks" / "trends.ipynb", edit_cell("code", "1"))
    assert set(stale(built)) == {"trends"}
    assert all(reason.startswith("code cell ") for reason in stale(built)["trends"])


def test_chapters_that_quote_a_stale_one_wait_for_its_findings(built, edited):
    edited(built.root / "notebooks" / "trends.ipynb", edit_cell("code", "1"))
    waiting = {step.chapter.name: step.waits_for for step in plan(built).steps if step.waits_for}
    assert "trends" in waiting["recommendations"]
    assert "recommendations: only if the findings of " in "\n".join(plan(built).lines())


def test_a_prose_edit_runs_nothing(built, edited):
    edited(built.root / "notebooks" / "trends.ipynb", edit_cell("markdown", "Other words."))
    assert stale(built) == {}


def test_a_changed_file_that_was_read_is_named(built, edited):
    edited(built.root / "data" / "reference" / "facts.csv", lambda text: text + "\n")
    assert stale(built)["trends"] == ("file data/reference/facts.csv changed",)


def test_a_changed_table_is_named_and_others_do_not_count(built):
    table = built.view_path / "street_counts.parquet"
    content, other = table.read_bytes(), built.view_path / "places.parquet"
    kept = other.read_bytes()
    try:
        table.write_bytes(content + b"x")
        other.write_bytes(kept + b"x")
        assert stale(built)["trends"] == ("tidy table street_counts changed",)
        assert "trends: tidy table street_counts changed" in plan(built).lines()
    finally:
        table.write_bytes(content)
        other.write_bytes(kept)


def test_a_changed_digest_of_the_lock_makes_everything_stale(built, edited):
    edited(built.view_path / "view.json", lambda text: json.dumps({**json.loads(text), "lock_digest": "0"}))
    assert set(stale(built).values()) == {("the area or the lock changed",)}


def test_rows_in_the_view_alone_do_not_count(built, edited):
    edited(built.view_path / "view.json", lambda text: json.dumps({**json.loads(text), "tables": {}}))
    assert stale(built) == {}


def test_other_findings_make_a_quoting_chapter_stale(built):
    planner = Planner(built, read_chapters(built.root))
    quoting = next(chapter for chapter in planner.chapters if chapter.quotes)
    name = quoting.quotes[0]
    planner.kept[name] = results.Kept(planner.kept[name].folder, {}, "", "other findings")
    assert planner.reasons(quoting) == (f"findings of {name} changed",)


def test_restored_results_carry_todays_prose_and_yesterdays_outputs(built, edited, tmp_path):
    path = built.root / "notebooks" / "trends.ipynb"
    edited(path, edit_cell("markdown", "Other words.\nTwo lines."))
    chapter = next(one for one in read_chapters(built.root) if one.name == "trends")
    Planner(built, read_chapters(built.root)).kept["trends"].restore(chapter, tmp_path)
    restored = (tmp_path / "notebooks" / "trends.ipynb").read_text()
    assert restored == results.notebook_text(pretend_to_execute(json.loads(path.read_text()))).replace('"Other words.\\nTwo lines."', '[\n    "Other words.\\n",\n    "Two lines."\n   ]')
    assert (tmp_path / "findings" / "trends.json").is_file()


def test_a_plan_says_at_most_three_reasons(built):
    chapter = read_chapters(built.root)[0]
    lines = Plan((Step(chapter, tuple("abcde")),), ()).lines()
    assert lines == [f"{chapter.name}: a; b; c; and 2 more"]


def test_differences_say_what_changed_came_and_went():
    assert differences({"a": "1", "b": "1"}, {"a": "2", "c": "1"}) == ("a changed", "c is new", "b is gone")


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "svd_lib"
    (folder / "measures").mkdir(parents=True)
    texts = {
        "__init__": '"""."""',
        "errors": "",
        "lonely": "",
        "measures/__init__": "",
        "measures/rates": "from svd_lib.errors import SnaError",
        "measures/late": "def f():\n    import svd_lib.measures.rates\n",
        "build": 'extensions = ["svd_lib.measures.late"]',
    }
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_reach_follows_imports_late_imports_and_names_in_strings(package, tmp_path):
    reach = Reach(tmp_path / "memory.json", package)
    names = set(reach.modules_from(["svd_lib.build"]))
    assert names == {"svd_lib.build", "svd_lib.measures.late", "svd_lib.measures.rates", "svd_lib.errors"}


def test_reach_of_a_cell_is_what_it_imports_and_no_more(package, tmp_path):
    reach = Reach(tmp_path / "memory.json", package)
    assert set(reach.modules_of_code(["from svd_lib.measures import rates"])) >= {"svd_lib.measures.rates", "svd_lib.errors"}
    assert "svd_lib.lonely" not in reach.modules_of_code(["from svd_lib.measures import rates"])
    assert reach.modules_named(["from svd_lib.measures import rates"]) == ["svd_lib.measures", "svd_lib.measures.rates"]


def test_reach_reads_an_edited_module_again(package, tmp_path):
    Reach(tmp_path / "memory.json", package)
    (package / "errors.py").write_text("import svd_lib.lonely")
    assert "svd_lib.lonely" in Reach(tmp_path / "memory.json", package).modules_from(["svd_lib.measures.rates"])
