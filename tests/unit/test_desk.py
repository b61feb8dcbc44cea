"""The analyst's desk: a project outside a clone, a chapter in an editor, scaffolds that run, approval."""

from __future__ import annotations

import copy
import json
import os
import shutil
import stat
from datetime import date
from pathlib import Path

import pytest
import yaml

from svd_lib.build.chapters import documents_of, read_toc
from svd_lib.build.check import check_project
from svd_lib.build.lint import lint_notebook
from svd_lib.desk import approval, notebook, project, scaffold, words
from svd_lib.desk.commands import _asked
from svd_lib.desk.editor import editor_command
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.new_edition import PARTNERSHIP


@pytest.fixture
def copied(root: Path, tmp_path: Path) -> Path:
    return project.copy_default(root, tmp_path / "project")


@pytest.fixture(scope="module")
def trends(root: Path) -> dict:
    return json.loads((root / "notebooks/trends.ipynb").read_text())


# --- a project ------------------------------------------------------------------------------------------------------


def test_a_project_starts_in_an_empty_folder_and_passes_its_own_check(tmp_path):
    folder = project.start_project(tmp_path / "new")
    assert check_project(folder) == []
    assert not [path for path in folder.iterdir() if path.name.startswith(".starting")]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SnaError, match="not empty"):
        project.start_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interrupted_start_leaves_no_half_project(tmp_path, monkeypatch):
    def stop(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(SnaError, match="No space left"):
        project.start_project(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_new_partnership_file_asks_everything_that_a_filled_one_answers(root):
    filled = yaml.safe_load((root / "data/editions/suffolk-2025/partnership.yml").read_text())
    assert set(yaml.safe_load(PARTNERSHIP)) == set(filled)


# --- a chapter in an editor -----------------------------------------------------------------------------------------


def test_opening_names_the_edition_and_saving_takes_it_out_again(trends):
    shown = notebook.opened(trends, "norfolk-2025", "/somewhere/else")
    parameters = next(cell for cell in shown["cells"] if cell["id"] == "parameters")
    assert 'edition = "norfolk-2025"' in parameters["source"] and "'/somewhere/else'" in parameters["source"]
    kept = notebook.saved(shown, "trends")
    assert [("".join(cell["source"]), cell["id"]) for cell in kept["cells"]] == [("".join(cell["source"]), cell["id"]) for cell in trends["cells"]]
    assert kept["metadata"] == trends["metadata"]


def test_saving_leaves_nothing_random_or_executed(trends):
    open_now = copy.deepcopy(trends)
    at = next(number for number, cell in enumerate(open_now["cells"]) if cell["cell_type"] == "code" and number > 5)
    open_now["cells"][at] |= {"outputs": [{"output_type": "stream", "text": "secret"}], "execution_count": 7, "metadata": {"scrolled": True}}
    open_now["cells"] += [
        {"cell_type": "code", "id": "a1b2c3d4", "metadata": {}, "outputs": [], "execution_count": 1, "source": "year = 1\nchapter.figure(\n 'trends-knife-rate', 2)"},
        {"cell_type": "markdown", "id": "0f9e8d7c-1111-2222-3333-444455556666", "metadata": {}, "source": "## What of knives?"},
        {"cell_type": "code", "id": "b1b2c3d4", "metadata": {}, "outputs": [], "execution_count": None, "source": "knife_rate = 3"},
    ]
    names: dict[str, str] = {}
    kept = notebook.saved(open_now, "trends", names)
    assert "secret" not in json.dumps(kept) and all(not cell.get("execution_count") for cell in kept["cells"])
    assert [cell["id"] for cell in kept["cells"][-3:]] == ["knife-rate", "what-of-knives", "knife-rate-2"]
    open_now["cells"][-2]["source"] = "## Something else"
    assert notebook.saved(open_now, "trends", names)["cells"][-2]["id"] == "what-of-knives"


def test_the_editor_opens_one_chapter_with_our_contents_manager(root, monkeypatch):
    edition = open_edition("suffolk-2022", str(root))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    command = editor_command(edition, "trends")
    assert command[-1] == str(Path("notebooks/trends.ipynb")) and "--ChapterContents.edition=suffolk-2022" in command
    with pytest.raises(SnaError, match="no chapter 'weather'"):
        editor_command(edition, "weather")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SnaError, match="make env-edit"):
        editor_command(edition, "trends")


# --- scaffolds ------------------------------------------------------------------------------------------------------


def run_cells(root: Path, path: Path, out: Path) -> list[Path]:
    """Run a chapter's cells as they stand, and return the exhibits it wrote."""
    names: dict = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names |= {"project_dir": str(root), "out_dir": str(out)}
    return sorted((out / "exhibits").glob("*.csv"))


def test_a_new_chapter_keeps_every_rule_and_runs_as_it_stands(copied, tmp_path):
    written = scaffold.new_chapter(copied, "night-time", "Violence at night: what we know")
    assert [path.name for path in written] == ["night-time.ipynb", "_toc.yml"]
    assert lint_notebook(written[0]) == []
    scaffold.new_chapter(copied, "day-time", "Violence by day")
    assert {"notebooks/night-time", "notebooks/day-time"} <= set(documents_of(read_toc(copied)))
    assert check_project(copied) == []
    exhibits = run_cells(copied, written[0], tmp_path / "out")
    assert [path.name for path in exhibits] == ["night-time-district-rate.csv"]
    assert "Ipswich" in exhibits[0].read_text()


def test_a_new_exhibit_goes_before_the_folded_part_and_runs(copied, tmp_path):
    scaffold.new_chapter(copied, "night-time", "Violence at night")
    path = scaffold.new_exhibit(copied, "night-time", "drugs-rate", "Drugs")
    assert lint_notebook(path) == []
    assert [path.stem for path in run_cells(copied, path, tmp_path / "out")] == ["night-time-district-rate", "night-time-drugs-rate"]


def test_a_scaffold_refuses_with_one_sentence_and_writes_nothing(copied):
    before = (copied / "_toc.yml").read_text()
    for call, said in (
        (lambda: scaffold.new_chapter(copied, "Night Time", "x"), "lower case"),
        (lambda: scaffold.new_chapter(copied, "trends", "x"), "sna edit trends"),
        (lambda: scaffold.new_exhibit(copied, "weather", "a-b"), "no chapter"),
        (lambda: scaffold.new_exhibit(copied, "trends", "rate"), "hyphen"),
        (lambda: scaffold.new_exhibit(copied, "geography", "violence-rate"), "already"),
    ):
        with pytest.raises(SnaError, match=said):
            call()
    assert (copied / "_toc.yml").read_text() == before and not (copied / "notebooks/weather.ipynb").exists()


# --- approval -------------------------------------------------------------------------------------------------------


def test_approval_changes_three_fields_and_keeps_the_comments(copied):
    edition = open_edition("suffolk-2025", str(copied))
    before = (edition.folder / "edition.yml").read_text()
    changed = approval.approve(edition, 'The "Suffolk" board: all of it', date(2026, 3, 12))
    after = (edition.folder / "edition.yml").read_text()
    assert changed.is_approved and changed.approved_by == 'The "Suffolk" board: all of it' == changed.publisher
    assert changed.status_line == 'Approved by The "Suffolk" board: all of it on 12 March 2026'
    assert before.splitlines()[0] == after.splitlines()[0] and len(before.splitlines()) == len(after.splitlines())
    assert not approval.withdraw_approval(changed).is_approved


def test_approval_before_the_period_has_ended_is_refused(copied):
    edition = open_edition("suffolk-2025", str(copied))
    before = (edition.folder / "edition.yml").read_bytes()
    with pytest.raises(SnaError, match="cannot have been approved"):
        approval.approve(edition, "Board", date(2025, 12, 31))
    assert (edition.folder / "edition.yml").read_bytes() == before


def test_notices_are_added_one_after_another(copied):
    edition = open_edition("suffolk-2025", str(copied))
    said = 'The "robbery" rate: it is per 10,000, not #1 or {2}.'
    edition = approval.add_notice(edition, "correction", date(2026, 5, 4), said)
    edition = approval.add_notice(edition, "withdrawal", date(2026, 6, 1), "Withdrawn.")
    assert [(notice.kind, notice.date, notice.text) for notice in edition.notices] == [("correction", date(2026, 5, 4), said), ("withdrawal", date(2026, 6, 1), "Withdrawn.")]
    with pytest.raises(SnaError, match="one sentence"):
        approval.add_notice(edition, "correction", date(2026, 5, 4), "two\nlines")


def test_a_missing_answer_names_its_flag(monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: PTH123, SIM115
    with pytest.raises(SnaError, match="--area is missing"):
        _asked("Which area?", "--area")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    target = locked / "file" / "project"
    (locked / "file").write_text("a file where a folder should be")
    with pytest.raises(SnaError, match="cannot be written"):
        project.start_project(target)
    assert stat.S_ISREG((locked / "file").stat().st_mode)
    shutil.rmtree(locked)


# --- a partnership's words ------------------------------------------------------------------------------------------


@pytest.fixture
def built(copied: Path):
    """An edition with what a build leaves of two exhibits."""
    edition = open_edition("suffolk-2025", str(copied))
    folder = edition.out_path / "exhibits"
    folder.mkdir(parents=True)
    for name in ("trends-index-groups", "geography-area-map"):
        (folder / f"{name}.json").write_text(json.dumps({"title": f"Title of {name}"}))
    (folder / "geography-area-map.places.json").write_text("{}")
    return edition


def test_words_are_started_filled_and_listed(built):
    path, line = words.start_slot(built, "trends-index-groups", "Board", date(2026, 3, 12))
    assert (path.name, line) == ("trends.md", 1) and words.list_slots(built).count("  trends-index-groups  Title of trends-index-groups") == 1
    assert words.start_slot(built, "trends", "Board", date(2026, 3, 13), "On the whole.") == (path, 5)
    assert path.read_text() == "## trends-index-groups\nauthor: Board\ndate: 2026-03-12\n\n## chapter\nauthor: Board\ndate: 2026-03-13\n\nOn the whole.\n"
    assert words.start_slot(built, "trends-index-groups", "Board", date(2026, 3, 14)) == (path, 1)
    assert "trends (chapter)  has words" in words.list_slots(built) and "  geography-area-map  Title of geography-area-map" in words.list_slots(built)


@pytest.mark.parametrize(
    ("exhibit", "author", "text", "sentence"),
    [
        ("trends-none", "Board", "X.", "has no exhibit 'trends-none'"),
        ("trends-index-groups", "", "X.", "line 7: has no author"),
        ("trends-index-groups", "Board", "Ring 01473 260000.", "holds a phone number"),
        ("trends", "Board", "Again.", "has the slot chapter already"),
    ],
)
def test_words_that_may_not_stand_leave_the_file_as_it_was(built, exhibit, author, text, sentence):
    path, _ = words.start_slot(built, "trends", "Board", date(2026, 3, 13), "On the whole.")
    before = path.read_bytes()
    with pytest.raises(SnaError, match=sentence):
        words.start_slot(built, exhibit, author, date(2026, 3, 12), text)
    assert path.read_bytes() == before
