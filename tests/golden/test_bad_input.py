"""Bad input, through the command a person types: one clear sentence, a non-zero exit, nothing half-written, the last site kept.

Each case is the public mirror with one file spoilt (the rest are links), built for a force that has no committed edition,
so that its lock is made from the spoilt mirror and the fault must be found by reading.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from svd_lib.cli import main

pytestmark = pytest.mark.mirror

ARCHIVE = "police_uk_archive/2025-12.zip"
MONTHS = ("2025-11", "2025-12")
STREET = "2025-12/2025-12-norfolk-street.csv"
CODES = "home_office_prc/prc-pfa-mar2013-onwards-tables201718.csv.gz"
SITE = "_build/norfolk-2025/html/index.html"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Return a project folder with this one's data descriptions, whose tidy tables the cases share."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("reference", "editions", "sources.yml"):
        source = root / "data" / name
        if source.is_dir():
            shutil.copytree(source, folder / "data" / name)
        else:
            shutil.copy(source, folder / "data" / name)
    site = folder / SITE
    site.parent.mkdir(parents=True)
    site.write_text("the last good site")
    return folder


@pytest.fixture(scope="module")
def small_mirror(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """Return the mirror by links, with one archive of two months of one force in place of three large ones."""
    folder = tmp_path_factory.mktemp("mirror")
    for path in mirror.rglob("*"):
        if path.is_file() and path.parent.name != "police_uk_archive":
            target = folder / path.relative_to(mirror)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    target = folder / ARCHIVE
    target.parent.mkdir(parents=True)
    with zipfile.ZipFile(mirror / ARCHIVE) as whole, zipfile.ZipFile(target, "w") as part:
        for month in MONTHS:
            name = f"{month}/{month}-norfolk-street.csv"
            part.writestr(name, whole.read(name))
    return folder


def _rewrite_member(change: Callable[[str], str], member: str = STREET) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / ARCHIVE
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name).decode() for name in archive.namelist()}
        contents[member] = change(contents[member])
        path.unlink()
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in contents.items():
                archive.writestr(name, text)

    return spoil


def _truncate(folder: Path) -> None:
    path = folder / ARCHIVE
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def _unknown_offence_code(folder: Path) -> None:
    path = folder / CODES
    with gzip.open(path, "rt", encoding="utf-8-sig") as stream:
        lines = stream.read().splitlines()
    spoilt = lines[5].replace(lines[5].split(",")[-2], "999Z")
    path.unlink()
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.write("\n".join([*lines[:5], spoilt, *lines[6:]]) + "\n")


def _second_row(text: str, change: Callable[[list[str]], list[str]]) -> str:
    lines = text.splitlines()
    lines[2] = ",".join(change(lines[2].split(",")))
    return "\n".join(lines) + "\n"


def _lsoa(code: str) -> Callable[[str], str]:
    return lambda text: _second_row(text, lambda cells: [*cells[:7], code, *cells[8:]])


def _one_2011_code_among_2021_codes(text: str) -> str:
    """Put an LSOA of 2011 that no longer exists into a file that also has one that exists since 2021 alone."""
    lines = text.splitlines()
    for number, code in ((2, "E01033439"), (3, "E01035137")):
        cells = lines[number].split(",")
        lines[number] = ",".join([*cells[:7], code, *cells[8:]])
    return "\n".join(lines) + "\n"


CASES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "truncated zip": (_truncate, ("2025-12.zip",)),
    "renamed column": (_rewrite_member(lambda text: text.replace("LSOA code", "LSOA", 1)), ("2025-12-norfolk-street.csv", "LSOA code")),
    "another month inside": (
        _rewrite_member(lambda text: _second_row(text, lambda cells: [cells[0], "2025-10", *cells[2:]])),
        ("2025-12-norfolk-street.csv", "2025-10"),
    ),
    "unknown LSOA": (_rewrite_member(_lsoa("E01999999")), ("2025-12-norfolk-street.csv", "E01999999")),
    "unknown crime type": (
        _rewrite_member(lambda text: _second_row(text, lambda cells: [*cells[:9], "Piracy", *cells[10:]])),
        ("2025-12-norfolk-street.csv", "Piracy"),
    ),
    "two vintages in one month": (_rewrite_member(_one_2011_code_among_2021_codes), ("2025-12-norfolk-street.csv", "two vintages", "E01033439")),
    "empty file": (_rewrite_member(lambda text: ""), ("2025-12-norfolk-street.csv", "empty")),
    "unknown offence code": (_unknown_offence_code, (CODES.split("/")[1], "999Z")),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_file_gives_one_sentence(
    case: str, project: Path, small_mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "mirror"
    shutil.copytree(small_mirror, spoilt, symlinks=True)
    spoil, expected = CASES[case]
    spoil(spoilt)

    status = main(["build", "--project", str(project), "--area", "force:Norfolk", "--mirror", str(spoilt)])

    sentence = _complaint(capsys.readouterr().err)
    assert status != 0
    for words in expected:
        assert words in sentence, sentence
    known = {"members.json"}
    left = [path for path in (project / "data" / "tidy").rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert {path.name for path in left} <= known and all(json.loads(path.read_text()) for path in left)
    assert (project / SITE).read_text() == "the last good site"


def test_changed_input_is_refused(root: Path, mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A committed edition's lock refuses a file that is not the one it names."""
    spoilt, project = tmp_path / "mirror", tmp_path / "project"
    shutil.copytree(root / "data" / "editions", project / "data" / "editions")
    shutil.copy(root / "data" / "sources.yml", project / "data" / "sources.yml")
    shutil.copytree(mirror / "ons_lookups", spoilt / "ons_lookups")
    changed = next((spoilt / "ons_lookups").glob("lookup_lsoa21_ward24*"))
    changed.chmod(0o644)
    changed.write_bytes(gzip.compress(b"lsoa21_code\n"))
    for folder in mirror.iterdir():
        if folder.is_dir() and folder.name != "ons_lookups":
            (spoilt / folder.name).symlink_to(folder)

    status = main(["fetch", "--project", str(project), "--edition", "suffolk-2025", "--mirror", str(spoilt)])

    sentence = _complaint(capsys.readouterr().err)
    assert status != 0
    assert changed.name in sentence
    assert not (project / "data" / "raw" / "ons_lookups" / changed.name).exists()


def test_ambiguous_area_is_refused_with_the_choices(project: Path, small_mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["build", "--project", str(project), "--area", "Essex", "--mirror", str(small_mirror)])
    sentence = _complaint(capsys.readouterr().err)
    assert status != 0
    assert "force:Essex" in sentence
    assert "county:Essex" in sentence


def _complaint(printed: str) -> str:
    """Return the one line that the command complains with, and check that no traceback came with it."""
    assert "Traceback" not in printed
    lines = [line for line in printed.splitlines() if line.startswith("sna: ")]
    assert len(lines) == 1, printed
    return lines[0]
