"""A valid partner file of each kind and format is taken: kept privately outside the project, coarsened, counted; and the rest of the road."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from svd_lib import cli
from svd_lib.build import partners
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.contracts import PARTNER_CONTRACTS
from svd_lib.ingest.partners import template, vault
from svd_lib.ingest.partners.extract import open_extract
from svd_lib.ingest.partners.kinds import ALL
from svd_lib.ingest.partners.register import KINDS
from svd_lib.sources.registry import read_registry
from tests.unit.partner_files import table_of, write_csv, write_ods, write_xlsx

WRITERS = {
    "csv": lambda table, folder: write_csv(table, folder / "x.csv"),
    "tsv": lambda table, folder: write_csv(table, folder / "x.tsv", "\t"),
    "utf-8 with mark": lambda table, folder: write_csv(table, folder / "x.csv", encoding="utf-8-sig"),
    "utf-16": lambda table, folder: write_csv(table, folder / "x.csv", encoding="utf-16"),
    "xlsx": lambda table, folder: write_xlsx(table, folder / "x.xlsx"),
    "ods": lambda table, folder: write_ods(table, folder / "x.ods"),
}
FINER = re.compile(r"\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}|[EW]01\d{6}|key-\d")


@pytest.fixture
def edition(root: Path):
    return open_edition("suffolk-2025", str(root))


@pytest.mark.parametrize(("kind", "form"), [(kind, list(WRITERS)[number % len(WRITERS)]) for number, kind in enumerate(KINDS.values())], ids=list(KINDS))
def test_a_valid_file_of_each_kind_is_taken(kind, form: str, edition, tmp_path: Path) -> None:
    table = table_of(kind)
    taken = partners.add_extract(edition, WRITERS[form](table, tmp_path), kind.id, str(tmp_path / "vault"), date(2026, 1, 15))
    assert taken.lines == ()
    held = taken.held
    assert held.record["rows"] == len(table) - (2 if kind.is_survey else 1) and not held.record["is_synthetic"]
    assert vault.is_private(tmp_path / "vault") and held.folder.is_relative_to(tmp_path / "vault")
    counts = held.table()
    assert set(counts.columns) == {*kind.dimensions, "count"}
    coarse = " ".join(counts[list(kind.dimensions)].astype(str).to_numpy().ravel())
    assert not FINER.search(coarse), "the counts are finer than the purpose needs"
    assert FINER.search(json.dumps(held.record)) is None or set(FINER.findall(json.dumps(held.record))) <= {"2026-01-15", held.record["delete_by"]}
    again = partners.held_of(partners.vault_of(edition, str(tmp_path / "vault")), edition, kind)
    assert again.record == held.record


@pytest.mark.parametrize(("whole", "broken"), [(b"xl/workbook.xml", b"xl/uorkbook.xml"), (b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml")])
def test_a_workbook_broken_inside_is_refused_in_one_sentence(whole: bytes, broken: bytes, tmp_path: Path) -> None:
    content = write_xlsx(table_of(KINDS["ambulance"]), tmp_path / "x.xlsx").read_bytes()
    assert whole in content
    # the first place alone: a part's own header then says something else than the archive's list of parts
    (tmp_path / "y.xlsx").write_bytes(b"PK\x03\x04" + content[4:].replace(whole, broken, 1))
    with pytest.raises(SnaError, match="The workbook is damaged") as caught:
        list(open_extract(tmp_path / "y.xlsx").rows())
    assert "\n" not in str(caught.value)


def test_the_template_itself_is_taken_once_rows_are_in_it(edition, tmp_path: Path) -> None:
    for kind in (KINDS["ambulance"], KINDS["police-people"]):
        rows = template.header_rows(kind)
        path = write_csv([*map(list, rows), *table_of(kind)[1:]], tmp_path / f"{kind.id}.csv")
        assert partners.add_extract(edition, path, kind.id, str(tmp_path / "v"), date(2026, 1, 1)).lines == ()


def test_every_kind_has_a_template_a_note_a_contract_and_a_source(root: Path, tmp_path: Path, capsys) -> None:
    registry = read_registry(root)
    assert set(registry.partners) == set(PARTNER_CONTRACTS) == {kind.table for kind in KINDS.values()}
    for kind in KINDS.values():
        source = registry.source(kind.table)
        assert source.sensitivity == "restricted" and source.disclosure_rule == "partner_under_10" and source.title == kind.title
        assert cli.main(["partner", "template", kind.id, "--out", str(tmp_path), *(["--xlsx"] if kind.id > "h" else [])]) == 0
        note = (tmp_path / f"sharing-note-{kind.id}.md").read_text(encoding="utf-8")
        assert all(words in note for words in ("Lawful basis", "Approved for sharing by", f"{kind.retention_months} months", "an NHS number"))
        assert all(f"| {one.name} |" in note for one in kind.fields) and len(note.splitlines()) < 40
    assert cli.main(["partner", "template", "fire", "--out", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_vault_never_lies_inside_the_project_or_a_repository(edition, root: Path, tmp_path: Path) -> None:
    with pytest.raises(SnaError, match="outside the project"):
        partners.vault_of(edition, str(root / "data" / "raw"))
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(SnaError, match="outside the project"):
        partners.vault_of(edition, str(tmp_path / "link" / "x"))
    (tmp_path / "other" / ".git").mkdir(parents=True)
    with pytest.raises(SnaError, match="version-controlled"):
        partners.vault_of(edition, str(tmp_path / "other" / "deep" / "vault"))


def test_a_newer_extract_replaces_the_older_and_a_changed_file_is_not_kept(edition, tmp_path: Path, monkeypatch) -> None:
    kind, place = KINDS["fire"], str(tmp_path / "v")
    path = write_csv(table_of(kind), tmp_path / "a.csv")
    first = partners.add_extract(edition, path, "fire", place, date(2026, 1, 1)).held
    second = partners.add_extract(edition, write_csv(table_of(kind, 40), path), "fire", place, date(2026, 2, 1)).held
    assert (first.record["rows"], second.record["rows"]) == (60, 40)
    assert sorted(one.name for one in (tmp_path / "v").rglob("*") if one.is_dir()) == ["fire", edition.name]
    copy = vault.shutil.copyfile
    monkeypatch.setattr(vault.shutil, "copyfile", lambda source, target: copy(source, target) and Path(target).write_text("changed"))
    with pytest.raises(SnaError, match="changed while it was read"):
        partners.add_extract(edition, path, "fire", place, date(2026, 3, 1))
    assert partners.held_of(Path(place), edition, kind).record == second.record
    assert not list((tmp_path / "v").rglob(".fire*"))


def test_an_unforeseen_error_repeats_nothing(edition, tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("zqcanaryword in row 7")

    monkeypatch.setattr(partners, "intake_of", fail)
    with pytest.raises(SnaError, match=r"could not be read \(ValueError\); nothing was changed") as caught:
        partners.add_extract(edition, write_csv(table_of(KINDS["fire"]), tmp_path / "a.csv"), "fire", str(tmp_path / "v"))
    assert "zqcanaryword" not in str(caught.value) and caught.value.__cause__ is None


def test_the_list_says_what_must_be_deleted(edition, tmp_path: Path) -> None:
    path, place = write_csv(table_of(KINDS["fire"]), tmp_path / "a.csv"), str(tmp_path / "v")
    assert partners.list_held(edition, place) == ["The vault holds no extract for suffolk-2025."]
    partners.add_extract(edition, path, "fire", place, date(2024, 1, 31))
    (line,) = partners.list_held(edition, place, date(2026, 1, 1))
    assert "delete by 2025-01-28" in line and "not released" in line and "OVERDUE" in line


def test_people_are_counted_once_in_every_role(edition, tmp_path: Path) -> None:
    head = ["person_key", "role", "offence_date", "age", "sex", "ethnicity"]
    rows = [[f"key-{person:05d}", role, f"2025-0{month}-11", "21", "m", "White"] for person, role, month in [(1, "victim", 1), (1, "victim", 2), (1, "suspect", 3), (2, "v", 1), (3, "Suspect", 4)]]
    taken = partners.add_extract(edition, write_csv([head, *rows], tmp_path / "a.csv"), "police-people", str(tmp_path / "v"), date(2026, 1, 1))
    counts = taken.held.table().set_index(["role", "age_band", "sex", "ethnicity", "times"])["count"]
    assert counts["victim and suspect", ALL, ALL, ALL, "three times or more"] == 1
    assert counts["victim only", ALL, ALL, ALL, "once"] == 1 and counts["suspect only", "18 to 24", ALL, ALL, ALL] == 1
    assert counts[(ALL,) * 5] == 3


def test_months_without_a_row_are_gaps_and_empty_categories_are_zeros(edition, tmp_path: Path) -> None:
    head = [one.name for one in KINDS["admissions"].fields]
    rows = [[f"2025-{month:02d}-03", "x99", "30", "female", "Ipswich"] for month in (1, 2, 5) for _ in range(12)]
    taken = partners.add_extract(edition, write_csv([head, *rows], tmp_path / "a.csv"), "admissions", str(tmp_path / "v"), date(2026, 1, 1))
    counts = taken.held.table()
    months = counts[(counts["month"] != ALL)]
    assert dict(zip(months["month"], months["count"])) == {"2025-01": 12, "2025-02": 12, "2025-05": 12}
    districts = counts[counts["district"] != ALL].set_index("district")["count"]
    assert districts["Ipswich"] == 36 and districts["Babergh"] == 0 and len(districts) == 5
    assert pd.api.types.is_integer_dtype(counts["count"])
