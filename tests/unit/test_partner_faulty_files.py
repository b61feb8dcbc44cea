"""A hundred faulty partner files, each refused with a whole, readable report that repeats nothing and changes nothing."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from svd_lib import cli
from svd_lib.build import partners
from svd_lib.build.provenance import folder_digests
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS
from tests.unit.partner_files import CANARIES, FAULTS, WORD, Fault, table_of, ten_million_rows, write_csv

EACH = 2
CASES = [
    pytest.param(fault, kind, id=f"{fault.name}-{kind.id}")
    for number, fault in enumerate(FAULTS)
    for kind in itertools.islice((one for one in [*list(KINDS.values())[number % 13 :], *list(KINDS.values())[: number % 13]] if fault.fits(one)), EACH)
]
SECRETS = re.compile("|".join(re.escape(word) for word in (*CANARIES.values(), WORD, "Zqcanary", "zqx.example", "9434765919", "1987", "45731", "calc")), re.IGNORECASE)


@pytest.fixture(scope="module", autouse=True)
def _one_context():
    """Read the area once: it is the same for every file."""
    known: dict = {}
    read = partners.context_of
    patch = pytest.MonkeyPatch()
    patch.setattr(partners, "context_of", lambda view: known["it"] if "it" in known else known.setdefault("it", read(view)))
    yield
    patch.undo()


def everything(root: Path, vault: Path) -> dict:
    watched = {"vault": vault, "editions": root / "data" / "editions", "reference": root / "data" / "reference"}
    return {name: folder_digests(folder) if folder.exists() else None for name, folder in watched.items()}


def run(root: Path, path: Path, kind: Kind, vault: Path) -> int:
    return cli.main(["partner", "add", str(path), "--kind", kind.id, "--edition", "suffolk-2025", "--project", str(root), "--vault", str(vault)])


def test_there_are_a_hundred_files_and_more_than_ten_faults() -> None:
    assert len(CASES) >= 100 and len(FAULTS) >= 40
    assert {case.values[1].id for case in CASES} == set(KINDS)


@pytest.mark.parametrize(("fault", "kind"), CASES)
def test_a_faulty_file_is_refused_whole(fault: Fault, kind: Kind, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    files, vault = tmp_path / "files", tmp_path / "vault"
    files.mkdir()
    path = fault.make(kind, files)
    before = everything(root, vault)
    assert run(root, path, kind, vault) == 2
    said = capsys.readouterr()
    report = said.err
    assert fault.says in report, report
    assert not SECRETS.search(report + said.out), "the report repeats a value of the file"
    assert "Traceback" not in report and len(report.splitlines()) <= 45
    assert everything(root, vault) == before and not vault.exists()
    if "What to mend" in report:
        assert all(re.search(r"^  (column \d+|the file|the column|\.\.\.).*: .+; .+", line) for line in report.splitlines()[1:])


def test_tenten_million_rows_are_refused_without_reading_them_all(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = ten_million_rows(KINDS["licensing"], tmp_path)
    assert run(root, path, KINDS["licensing"], tmp_path / "vault") == 2
    assert "more than 5,000,000 rows" in capsys.readouterr().err
    assert not (tmp_path / "vault").exists()


def test_every_fault_of_a_file_is_in_one_report_with_rows_and_counts(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    kind = KINDS["ed-attendances"]
    table = table_of(kind)
    names = {name: place for place, name in enumerate(table[0])}
    table[3][names["attendance_date"]] = "45731"
    for row in (5, 6, 9, 12, 20, 33, 41):
        table[row][names["age"]] = "18 months"
    table[8][names["area"]] = CANARIES["postcode"]
    table[8][names["weapon"]] = CANARIES["email"]
    table[11][names["sex"]] = ""
    table[0].append("Initials")
    assert run(root, write_csv([[*row, *[""] * (len(table[0]) - len(row))] for row in table], tmp_path / "x.csv"), kind, tmp_path / "v") == 2
    report = capsys.readouterr().err
    assert "column 1 (A, attendance_date), row 4: holds a number where a date should be" in report
    assert "column 6 (F, age), 7 rows, first 5: 6, 7, 10, 13, 21: mixes units" in report
    assert "column 8 (H, area), row 9: holds a full postcode" in report
    assert "column 4 (D, weapon), row 9: holds an e-mail address" in report
    assert "column 9 (I): holds a person's name" in report
    assert "sex" not in report
    assert report.index("postcode") < report.index("mixes units"), "identifiers come first"
