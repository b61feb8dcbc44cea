"""Releases and quotations: only safe tables and approved words reach cleared/, and the pages read nothing else."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from svd_lib import cli
from svd_lib.build import partners, release
from svd_lib.build.joined_releases import join_earlier
from svd_lib.build.provenance import folder_digests
from svd_lib.disclosure.audit import audit_intervals
from svd_lib.edition import Edition, read_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.loaders import open_view, partner, partner_period, quotations
from svd_lib.ingest.partners import aggregates
from svd_lib.ingest.partners.kinds import ALL
from svd_lib.ingest.partners.register import KINDS
from tests.unit.partner_files import table_of, write_csv

DAY = date(2026, 3, 12)


@pytest.fixture
def edition(root: Path, tmp_path: Path) -> Edition:
    """Return a copy of the Suffolk edition in a project of its own."""
    copy = tmp_path / "project"
    for name in ("suffolk-2022", "suffolk-2025"):
        shutil.copytree(root / "data" / "editions" / name, copy / "data" / "editions" / name)
    for name in ("reference", "sources.yml"):
        (copy / "data" / name).symlink_to(root / "data" / name)
    return read_edition(copy / "data" / "editions" / "suffolk-2025", copy)


def many(kind: str, times: int) -> list[list[str]]:
    """Return a valid table with every row several times, so that few counts are small and suppression is quick."""
    head, *rows = table_of(KINDS[kind], 150)
    return [head, *rows * times]


def added(edition: Edition, kind: str, tmp_path: Path, table: list[list[str]] | None = None) -> str:
    path = write_csv(table or many(kind, 20), tmp_path / f"{kind}.csv")
    assert partners.add_extract(edition, path, kind, str(tmp_path / "vault"), date(2026, 1, 1)).lines == ()
    return str(tmp_path / "vault")


def test_a_release_withholds_small_counts_and_what_would_reveal_them_and_says_who_approved(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "admissions", tmp_path, many("admissions", 6))
    record = partners.release_extract(edition, "admissions", "Head of Analysis", DAY, vault)
    assert (record["approver"], record["date"], record["is_synthetic"]) == ("Head of Analysis", "2026-03-12", False)
    assert record["audit"]["is_safe"] and record["audit"]["primary"] > 0 and record["audit"]["secondary"] > 0
    kind, truth = KINDS["admissions"], partners.held_of(Path(vault), edition, KINDS["admissions"]).table()
    shown = pd.read_csv(edition.folder / "cleared" / "admissions.csv", dtype={"count": "Int64"}, keep_default_na=True, na_values=[""])
    merged = shown.merge(truth, on=list(kind.dimensions), suffixes=("", "_true"), validate="one_to_one")
    assert len(merged) == len(truth) and (merged["count"].dropna() == merged.loc[merged["count"].notna(), "count_true"]).all()
    assert not merged["count"].between(1, 9).any() and merged.loc[merged["count_true"].between(1, 9), "count"].isna().all()
    system = join_earlier(kind, truth, ("2025-01", "2025-12"), [], lambda _: truth).system
    cells = ["|".join(row) for row in merged[list(kind.dimensions)].astype(str).to_numpy()]
    hidden = [cell for cell, gone in zip(cells, merged["count"].isna()) if gone]
    audit = audit_intervals(system, hidden, at_least=1.0).set_index("cell")
    small = [cell for cell, number in zip(cells, merged["count_true"]) if 1 <= number < 10]
    assert (audit.loc[small, "width"] >= 10 - 1e-6).all()
    report = (edition.folder / "cleared" / "admissions-audit.md").read_text(encoding="utf-8")
    assert "Approved by Head of Analysis on 2026-03-12" in report and record["sha256"] in report


def test_the_same_extract_releases_the_same_bytes(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "fire", tmp_path)
    partners.release_extract(edition, "fire", "A", DAY, vault)
    once = folder_digests(edition.folder / "cleared")
    shutil.rmtree(edition.folder / "cleared")
    partners.release_extract(edition, "fire", "A", DAY, vault)
    assert folder_digests(edition.folder / "cleared") == once and set(once) == {"fire.csv", "fire.json", "fire-audit.md"}


def test_pages_read_the_cleared_table_and_nothing_finer(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "fire", tmp_path)
    view = open_view(edition)
    assert partner(view, "fire", "month").empty
    partners.release_extract(edition, "fire", "A", DAY, vault)
    shutil.rmtree(vault)
    rows = partner(view, "fire", "month")
    assert list(rows.columns) == ["month", "count", "is_suppressed"] and len(rows) == 12
    assert rows["count"].isna().equals(rows["is_suppressed"]) and rows["month"].iloc[0] == pd.Timestamp("2025-01-01")
    assert partner(view, "fire")["count"].tolist() == [float(len(many("fire", 20)) - 1)]
    assert partner_period(view, "fire") == "2025-01/2025-12"


def test_a_release_whose_audit_fails_is_not_written(edition: Edition, tmp_path: Path, monkeypatch) -> None:
    vault = added(edition, "admissions", tmp_path, many("admissions", 6))
    monkeypatch.setattr(release, "_audited", lambda *_: {"is_safe": False})
    with pytest.raises(SnaError, match="kept the small ones from being worked out; nothing was released"):
        partners.release_extract(edition, "admissions", "A", DAY, vault)
    assert not (edition.folder / "cleared").exists()


def test_a_table_or_record_that_was_touched_is_refused(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "fire", tmp_path)
    partners.release_extract(edition, "fire", "A", DAY, vault)
    table = edition.folder / "cleared" / "fire.csv"
    table.write_text(table.read_text().replace("2025-01", "2025-02"))
    with pytest.raises(SnaError, match="not the table that was released"):
        partner(open_view(edition), "fire")
    record = edition.folder / "cleared" / "fire.json"
    record.write_text(record.read_text().replace("suffolk-2025", "norfolk-2025"))
    with pytest.raises(SnaError, match="released for another edition"):
        partner(open_view(edition), "fire")


def test_a_release_needs_an_approver_and_real_rows(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "fire", tmp_path)
    with pytest.raises(SnaError, match="name or role of the person who approves"):
        partners.release_extract(edition, "fire", "  ", DAY, vault)
    marked = [[*row, "synthetic" if number == 0 else "yes"] for number, row in enumerate(table_of(KINDS["fire"]))]
    vault = added(edition, "fire", tmp_path, marked)
    with pytest.raises(SnaError, match="synthetic; it cannot be released"):
        partners.release_extract(edition, "fire", "A", DAY, vault)
    assert not (edition.folder / "cleared").exists()


def test_nothing_of_an_extract_lies_in_the_project_but_released_counts(edition: Edition, tmp_path: Path) -> None:
    head, *rows = table_of(KINDS["police-people"], 300)
    table = [head, *([row[0].replace("synthetic-", "zqcanary-"), row[1], "2025-11-23", *row[3:]] for row in rows)]
    before = folder_digests(edition.root / "data" / "editions")
    vault = added(edition, "police-people", tmp_path, table)
    assert folder_digests(edition.root / "data" / "editions") == before
    partners.release_extract(edition, "police-people", "A", DAY, vault)
    new = [path for path in edition.root.rglob("*") if path.is_file() and not path.is_symlink() and path.parent.name == "cleared"]
    assert {path.name for path in new} == {"police-people.csv", "police-people.json", "police-people-audit.md"}
    for path in (path for path in edition.root.rglob("*") if path.is_file() and not path.is_symlink()):
        content = path.read_bytes()
        assert b"zqcanary" not in content and b"2025-11-23" not in content, path
    held = partners.held_of(Path(vault), edition, KINDS["police-people"])
    counted = b"".join(path.read_bytes() for path in held.folder.iterdir() if not path.name.startswith("extract"))
    assert b"zqcanary" not in counted and b"2025-11-23" not in counted and b"zqcanary" in (held.folder / "extract.csv").read_bytes()


def survey(answers: list[str]) -> list[list[str]]:
    head = [["Respondent ID", "How safe do you feel?", "What should change?"], ["", "Response", "Open-Ended Response"]]
    return [*head, *([str(number), "Very safe", answer] for number, answer in enumerate(answers, start=1))]


def test_free_text_is_never_counted_and_leaves_only_by_an_explicit_act(edition: Edition, tmp_path: Path, capsys) -> None:
    words = ["More for young people to do", "Better <b>lighting</b> by the station =now", "no"]
    vault = added(edition, "survey", tmp_path, survey(words * 10))
    held = partners.held_of(Path(vault), edition, KINDS["survey"])
    assert set(held.table()["question"]) == {"How safe do you feel?"}
    assert {one["text"] for one in held.quotes().values()} == set(words[:2])
    partners.release_extract(edition, "survey", "A", DAY, vault)
    assert quotations(open_view(edition)).empty and "young people" not in (edition.folder / "cleared" / "survey.csv").read_text()
    (name,) = [name for name, one in held.quotes().items() if one["text"] == words[0]]
    with pytest.raises(SnaError, match="name or role of the person who releases"):
        partners.release_quote(edition, name, "", DAY, vault)
    with pytest.raises(SnaError, match="no quotation of that id"):
        partners.release_quote(edition, "q00000000", "A", DAY, vault)
    partners.release_quote(edition, name, "Head of Analysis", DAY, vault)
    assert quotations(open_view(edition)).to_dict("records") == [{"question": "What should change?", "text": words[0]}]
    (kept,) = json.loads((edition.folder / "cleared" / "quotes.json").read_text())["quotes"]
    assert (kept["approver"], kept["date"], kept["id"]) == ("Head of Analysis", "2026-03-12", name)
    assert any(line.startswith(f"{name} (released)") for line in partners.quotations(edition, vault))
    common = ["--edition", edition.name, "--project", str(edition.root), "--vault", vault]
    assert cli.main(["partner", "quotes", *common]) == 2
    said = capsys.readouterr()
    assert "at a terminal only" in said.err and "young people" not in said.err + said.out


@pytest.mark.parametrize("answer", ["Ask Mr Zqcanary about it all", "ring me on 07700 900461 any time", "my daughter called Zoe Zqcanary was hurt"])
def test_a_survey_whose_free_text_names_someone_is_refused(edition: Edition, tmp_path: Path, answer: str) -> None:
    path = write_csv(survey(["More for young people to do", answer]), tmp_path / "s.csv")
    taken = partners.add_extract(edition, path, "survey", str(tmp_path / "vault"), date(2026, 1, 1))
    assert len(taken.lines) == 1 and taken.lines[0].startswith("column 3 (C), row 4: holds a")
    assert "canary" not in taken.lines[0].casefold() and not (tmp_path / "vault").exists()


def test_rare_answers_are_joined_and_options_become_chosen_or_not(edition: Edition, tmp_path: Path) -> None:
    head = [["Your district", "Which worry you?", "", "Safe?"], ["Response", "Knives", "Gangs", "Response"]]
    rows = [["Ipswich" if number < 20 else "A rare hamlet", "Knives" if number % 2 else "", "Gangs" if number < 11 else "", "Yes"] for number in range(24)]
    vault = added(edition, "survey", tmp_path, [*head, *rows])
    counts = partners.held_of(Path(vault), edition, KINDS["survey"]).table().query("group == 'all'").set_index(["question", "answer"])["count"]
    assert counts["Your district", "Ipswich"] == 20 and counts["Your district", "another answer"] == 4
    assert counts["Which worry you?: Gangs", "chosen"] == 11 and counts["Which worry you?: Gangs", "not chosen"] == 13
    assert counts["Safe?", ALL] == 24 and "hamlet" not in " ".join(map(str, counts.index))


def grouped_survey(young: int, older: int) -> list[list[str]]:
    head = [["How old are you?", "Which worry you?", "", "What should change?", "Themes, first reader", "Themes, second reader"], ["Response", "Knives", "Gangs", "Open-Ended Response", "Light", "Light"]]
    ages = ["Under 18"] * young + ["18 or over"] * older
    return [*head, *([age, "Knives" if number % 2 else "", "Gangs" if number % 3 else "", "More lamps please" if number % 2 else "", "x" if number % 2 else "", "x" if number % 4 == 1 else ""] for number, age in enumerate(ages))]


def test_answers_are_counted_by_who_gave_them_and_themes_by_two_readers(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "survey", tmp_path, grouped_survey(20, 60))
    counts = partners.held_of(Path(vault), edition, KINDS["survey"]).table().set_index(["question", "answer", "group"])["count"]
    assert counts["Which worry you?: Knives", "chosen", "Under 18"] == 10 and counts["Which worry you?: Knives", "chosen", ALL] == 40
    assert counts["Which worry you?: Gangs", ALL, "18 or over"] == 60 and counts["How old are you?", "18 or over", ALL] == 60
    assert counts["Theme: Light", "both readers", ALL] == 20 and counts["Theme: Light", "one reader", ALL] == 20
    assert counts["Theme: Light", "no answer", ALL] == 40 and ("Theme: Light", "both readers", "Under 18") not in counts.index


def test_a_small_group_is_withheld_under_every_question_and_cannot_be_worked_out(edition: Edition, tmp_path: Path) -> None:
    vault = added(edition, "survey", tmp_path, grouped_survey(12, 60))
    partners.release_extract(edition, "survey", "A", DAY, vault)
    rows = partner(open_view(edition), "survey", ["question", "answer", "group"])
    young = rows[rows["group"] == "Under 18"]
    assert len(young) == 4 and young["count"].isna().all()
    older = rows[rows["group"] == "18 or over"].set_index(["question", "answer"])["count"]
    assert older.isna().all(), "a group is what is left of the total when the other is shown"


def test_the_size_of_a_group_is_the_same_under_every_question(edition: Edition, tmp_path: Path) -> None:
    kind = KINDS["survey"]
    table = partners.held_of(Path(added(edition, "survey", tmp_path, grouped_survey(20, 60))), edition, kind).table()
    tied = [(total, parts) for total, parts in aggregates.relations(kind, table) if len(parts) == 1 and total[0] != parts[0][0]]
    assert {(total[2], parts[0][:2]) for total, parts in tied} == {(age, ("How old are you?", age)) for age in ("Under 18", "18 or over")}
    assert {total[0] for total, _ in tied} == {"Which worry you?: Knives", "Which worry you?: Gangs"}


def test_themes_that_one_reader_marked_are_refused(edition: Edition, tmp_path: Path) -> None:
    table = [[cell for place, cell in enumerate(row) if place != 5] for row in grouped_survey(20, 60)]
    taken = partners.add_extract(edition, write_csv(table, tmp_path / "s.csv"), "survey", str(tmp_path / "v"), date(2026, 1, 1))
    assert len(taken.lines) == 1 and "only one reader has marked" in taken.lines[0]


def test_an_export_without_its_second_header_row_is_refused(edition: Edition, tmp_path: Path) -> None:
    table = [["How safe do you feel?", "Sex"], ["Very safe", "Female"], ["Fairly safe", "Male"]]
    taken = partners.add_extract(edition, write_csv(table, tmp_path / "s.csv"), "survey", str(tmp_path / "v"), date(2026, 1, 1))
    assert taken.lines and all("second header row" in line for line in taken.lines)


def test_a_later_release_counts_the_months_published_before_again_from_the_vault_s_file(edition: Edition, tmp_path: Path) -> None:
    head, *rows = many("fire", 20)
    day = head.index("incident_date")
    half = [row for row in rows if row[day] <= "2025-06-30"]
    partners.release_extract(edition, "fire", "A", DAY, added(edition, "fire", tmp_path, [head, *half]))
    before = edition.folder.with_name(edition.previous) / "cleared"
    shutil.move(edition.folder / "cleared", before)
    record = json.loads((before / "fire.json").read_text(encoding="utf-8"))
    (before / "fire.json").write_text(json.dumps({**record, "edition": edition.previous}), encoding="utf-8")
    vault = added(edition, "fire", tmp_path, [head, *rows])
    later = partners.release_extract(edition, "fire", "A", DAY, vault)
    assert (later["first_month"], later["last_month"]) == ("2025-01", "2025-12")
    assert later["audit"]["is_safe"] and later["audit"]["published_before"] > 20
    kept = next((tmp_path / "vault").rglob("extract.csv"))
    kept.chmod(0o600)
    kept.write_text("changed", encoding="utf-8")
    with pytest.raises(SnaError, match="extract of kind fire is not the one its record names"):
        partners.release_extract(edition, "fire", "A", DAY, vault)


def test_months_of_an_extract_counted_again_are_those_of_its_rows(edition: Edition, tmp_path: Path) -> None:
    head, *rows = many("fire", 3)
    day = head.index("incident_date")
    path = write_csv([head, *rows], tmp_path / "all.csv")
    context = partners.context_of(open_view(edition))
    again = partners.recount(path, KINDS["fire"], context, ("2025-03", "2025-04"))
    whole = again[(again[list(KINDS["fire"].dimensions)] == ALL).all(axis=1)]["count"].item()
    assert whole == sum("2025-03-01" <= row[day] <= "2025-04-30" for row in rows) > 0
    assert set(again["month"]) <= {"2025-03", "2025-04", ALL}
