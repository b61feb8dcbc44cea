"""Editions: what is read, what is refused and with which words, and where the files lie."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from svd_lib.edition import find_root, list_editions, open_edition
from svd_lib.errors import SnaError

GOOD = """\
name: town-2025
title: Town assessment
area: {kind: district, code: E07000202}
period_end: 2025-12-31
definition: some-ten@2024-01
partnership: Town partnership
previous: null
inputs: raw
status: demonstration
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    _write(tmp_path, "town-2025", GOOD)
    return tmp_path


def _write(project: Path, name: str, text: str, under: str = "data/editions/{name}") -> Path:
    folder = project / under.format(name=name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edition.yml").write_text(text, encoding="utf-8")
    return folder


def test_the_committed_editions_open(root: Path) -> None:
    editions = {edition.name: edition for edition in list_editions(root)}
    newest = editions["suffolk-2025"]
    assert newest.period_end == date(2025, 12, 31) and newest.previous == "suffolk-2022"
    assert (newest.area_kind, newest.area_code) == ("force", "E23000025")
    assert editions["suffolk-2022"].period_end == date(2022, 3, 31)
    assert newest.status_line == "Worked from open data by an open-source project; not a publication of the Suffolk partnership"
    for edition in editions.values():
        assert edition.previous is None or edition.previous in editions
        assert edition.definition == f"{edition.definition_id}@{edition.definition_version}"


def test_fields_and_paths(project: Path) -> None:
    edition = open_edition("town-2025", str(project))
    assert edition.folder == project / "data/editions/town-2025"
    assert edition.lock_path == edition.folder / "lock.json"
    assert edition.build_path == edition.out_path == project / "_build/town-2025"
    assert edition.view_path == edition.snapshot_path == edition.folder / "snapshot"
    assert edition.source_date_epoch == 1_767_139_200
    assert (edition.definition_id, edition.definition_version, edition.slug) == ("some-ten", "2024-01", "town")
    assert edition.approved_by is None and edition.publisher is None and not edition.is_approved
    assert open_edition("town-2025", str(project), str(project / "out")).out_path == (project / "out").resolve()


def test_a_view_of_raw_files_goes_before_the_snapshot(project: Path) -> None:
    edition = open_edition("town-2025", str(project))
    with pytest.raises(SnaError, match="neither a snapshot nor a view"):
        _ = edition.area
    view = edition.build_path / "view"
    view.mkdir(parents=True)
    area = {
        "kind": "district", "code": "E07000202", "name": "Town", "force_slug": "shire", "pfa24cd": "E23000025", "pfa_name": "Shire",
        "lsoa21cd": ["E01000001"], "lad": {}, "csp": {}, "utla": {},
    }  # fmt: skip
    (view / "view.json").write_text(json.dumps({"schema": 1, "area": area}), encoding="utf-8")
    assert edition.view_path == view and edition.area.lsoa21cd == ("E01000001",)


def test_a_bare_slug_is_the_newest_edition_and_a_temporary_one_is_found(project: Path) -> None:
    _write(project, "town-2022", GOOD.replace("2025", "2022"))
    _write(project, "port-2025", GOOD.replace("town", "port"), "_build/{name}/edition")
    assert open_edition("town", str(project)).name == "town-2025"
    assert open_edition("port", str(project)).folder == project / "_build/port-2025/edition"
    _write(project, "town-2025", GOOD.replace("Town assessment", "Another"), "_build/{name}/edition")
    assert open_edition("town-2025", str(project)).title == "Town assessment"
    with pytest.raises(SnaError, match="no edition 'city'.*port-2025, town-2022, town-2025"):
        open_edition("city", str(project))
    with pytest.raises(SnaError, match="is not an edition's name"):
        open_edition("../town-2025", str(project))


def test_the_root_is_the_nearest_folder_with_editions(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    deep = project / "notebooks" / "x"
    deep.mkdir(parents=True)
    assert find_root(deep) == project.resolve()
    with pytest.raises(SnaError, match="data/editions"):
        find_root(tmp_path_factory.mktemp("elsewhere"))


def test_approval_needs_a_body_and_a_date(project: Path) -> None:
    half = GOOD + "approved_by: Town Council\n"
    _write(project, "town-2025", half)
    assert open_edition("town-2025", str(project)).status_line.startswith("Worked from open data")
    _write(project, "town-2025", half.replace("demonstration", "approved"))
    with pytest.raises(SnaError, match="'status' is approved but"):
        open_edition("town-2025", str(project))
    _write(project, "town-2025", half.replace("demonstration", "approved") + "approved_on: 2026-02-03\n")
    assert open_edition("town-2025", str(project)).status_line == "Approved by Town Council on 3 February 2026"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("period_end: 2025-12-31", "period_end: 2025-12-30", "'period_end' is 2025-12-30; it must be the last day"),
        ("period_end: 2025-12-31", "period_end: 2024-12-31", "'name' ends in 2025"),
        ("period_end: 2025-12-31", "period_end: December", "'period_end' is 'December'; it must be a date"),
        ("name: town-2025", "name: other-2025", "'name' is 'other-2025' but the folder is 'town-2025'"),
        ("name: town-2025", "name: Town 2025", "'name' is 'Town 2025'"),
        ("kind: district", "kind: planet", "'kind' is 'planet'; it must be one of force"),
        ("code: E07000202", "code: Ipswich", "'area' has the code 'Ipswich'"),
        ("area: {kind: district, code: E07000202}", "area: Ipswich", "'area' must hold kind and code"),
        ("definition: some-ten@2024-01", "definition: some-ten", "'definition' is 'some-ten'"),
        ("inputs: raw", "inputs: cooked", "'inputs' is 'cooked'"),
        ("title: Town assessment", "title: 3", "'title' must be a text"),
        ("title: Town assessment\n", "", "the field 'title' is absent"),
        ("inputs: raw", "inputs: raw\ncolour: red", "the field 'colour' is not known"),
        ("title: Town assessment", "title: [", "is not valid YAML"),
        (GOOD, "", "holds no fields"),
    ],
)
def test_a_broken_rule_is_one_sentence_with_file_and_field(project: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    _write(project, "town-2025", GOOD.replace(old, new))
    with pytest.raises(SnaError) as refusal:
        open_edition("town-2025", str(project))
    assert said in str(refusal.value) and "data/editions/town-2025/edition.yml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_opening_an_edition_loads_nothing_heavy(root: Path) -> None:
    import subprocess
    import sys

    code = "import sys, svd_lib.edition as e; e.open_edition('suffolk-2025', sys.argv[1]); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
