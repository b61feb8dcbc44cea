"""National ingest: whole archives to the parts that areas share, and every bad archive refused in one sentence."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from street_world import ALPHA, BETA, SPLIT, VIOLENCE, outcome_row, place_changes, places, raw_files, street_row

from svd_lib.cli import main
from svd_lib.errors import SnaError
from svd_lib.ingest import national
from svd_lib.ingest.month_files import COLUMNS
from svd_lib.ingest.national import ingest_archives
from svd_lib.ingest.street import build_street_tables

LOOKUPS = {"places": places(), "place_changes": place_changes()}
MEMBER = "2025-01/2025-01-alpha-street.csv"


def text(rows: list[list[str]], dataset: str = "street") -> bytes:
    """Return a month file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS[dataset], *rows])
    return out.getvalue().encode()


def archive(path: Path, members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", packing) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


def world() -> dict[str, bytes]:
    """Return the members of a small archive: two forces, two months, with outcomes of one."""
    rows = [street_row("2021-01", SPLIT, VIOLENCE, str(number)) for number in range(5)]
    return {
        "2021-01/2021-01-alpha-street.csv": text(rows),
        "2021-02/2021-02-alpha-street.csv": text([street_row("2021-02", SPLIT, VIOLENCE, "0")] * 2 + [street_row("2021-02", None), street_row("2021-02", "95GG01S1")]),
        "2021-01/2021-01-alpha-outcomes.csv": text([outcome_row("2021-01", ALPHA, "3", "Charged")], "outcomes"),
        "2021-02/2021-02-beta-street.csv": text([street_row("2021-02", BETA)]),
        "2021-01/2021-01-alpha-stop-and-search.csv": b"another kind of file\n",
    }


def refused(archives: list[Path], folder: Path) -> str:
    """Return the sentence with which archives are refused; nothing may have been written."""
    with pytest.raises(SnaError) as caught:
        ingest_archives(archives, LOOKUPS, folder)
    left = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    assert left == []
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_an_archive_gives_what_its_unpacked_files_give(tmp_path: Path) -> None:
    path = archive(tmp_path / "2021-02.zip", world())
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(tmp_path / "data" / "raw" / "police_uk_archive" / "2021-02.zip.d")
    report = ingest_archives([path], LOOKUPS, tmp_path / "national")
    for stray in (tmp_path / "data" / "raw").rglob("*stop-and-search*"):
        stray.unlink()
    tables = build_street_tables(raw_files(tmp_path), LOOKUPS)
    for table, frame in tables.items():
        parts = sorted((tmp_path / "national" / table / "parts").glob("*.parquet"))
        assert [part.name for part in parts] == sorted(part.name for part in (tmp_path / "data" / "tidy" / table / "parts").glob("*.parquet"))
        whole = pd.concat([pd.read_parquet(part) for part in parts if len(pd.read_parquet(part))], ignore_index=True)
        pd.testing.assert_frame_equal(whole, frame, check_dtype=False)
    assert report.files_read == 4
    assert report.lines()[0] == "11 rows in 4 month files of 2 forces, 2021-01 to 2021-02; 4 files read now."
    assert report.lines()[2].startswith("1 rows were rejected: location code of Scotland")


def test_nothing_is_read_again_and_an_area_finds_its_parts_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "2021-02.zip", world())
    with zipfile.ZipFile(path) as zipped:
        for member in zipped.namelist():
            if "stop" not in member:
                zipped.extract(member, tmp_path / "data" / "raw" / "police_uk_archive" / "2021-02.zip.d")
    raw = raw_files(tmp_path)
    ingest_archives([path], LOOKUPS, tmp_path / "data" / "tidy")
    assert ingest_archives([path], LOOKUPS, tmp_path / "data" / "tidy").files_read == 0
    monkeypatch.setattr(type(raw), "read", lambda self, entry: pytest.fail(f"{entry.member} was read again"))
    tables = build_street_tables(raw, LOOKUPS)
    assert tables["street_counts"]["count"].sum() == 9
    other = archive(tmp_path / "2021-03.zip", {"2021-03/2021-03-beta-street.csv": text([street_row("2021-03", BETA)])})
    assert ingest_archives([path, other], LOOKUPS, tmp_path / "data" / "tidy").files_read == 2


def test_the_newest_archive_wins(tmp_path: Path) -> None:
    old = archive(tmp_path / "2025-01.zip", {MEMBER: text([street_row("2025-01", ALPHA)] * 3)})
    new = archive(tmp_path / "2025-06.zip", {MEMBER: text([street_row("2025-01", ALPHA)] * 5)})
    report = ingest_archives([new, old], LOOKUPS, tmp_path / "tidy")
    assert report.lines()[0].startswith("5 rows in 1 month files")
    assert pd.read_parquet(report.coverage[0]).loc[0, "superseded"] == "2025-01.zip"
    assert "No file at all of 1 force(s): beta." in report.lines()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../" + MEMBER: b"x"}, "leads out of the archive's folder"),
        ({"/etc/2025-01-alpha-street.csv": b"x"}, "leads out of the archive's folder"),
        ({"..\\2025-01-alpha-street.csv": b"x"}, "leads out of the archive's folder"),
        ({"2025-01/2025-12-alpha-street.csv": b"x"}, "lies in the folder of 2025-01 but is named for 2025-12"),
        ({"2025-00/2025-00-alpha-street.csv": b"x"}, "'2025-00' is no month"),
        ({MEMBER: b"x", "2025-01/2025-01-#eta-street.csv": b"x"}, "whose name has no proper month and force"),
        ({"inner.zip": b"PK"}, "it holds another archive, inner.zip"),
        ({"readme.txt": b"x"}, "holds no file like"),
        ({MEMBER: b"0" * (300 << 20)}, "would unpack to 300 MiB"),
        ({MEMBER: b"0" * (2 << 20)}, "times its size"),
        ({MEMBER: b""}, "is empty"),
        ({MEMBER: text([street_row("2025-02", ALPHA)])}, "row 1: Month is '2025-02'"),
        ({MEMBER: text([street_row("2025-01", ALPHA)]).decode().encode("utf-16")}, "row 0 (header)"),
        ({MEMBER: text([street_row("2025-01", ALPHA)]).replace(b",", b";")}, "column 'Crime ID' is missing"),
        ({MEMBER: text([street_row("2025-01", ALPHA)])[:-9]}, "is truncated"),
        ({MEMBER: text([street_row("2025-01", "E01099999")])}, "'E01099999' is in neither"),
    ],
)
def test_a_bad_archive_is_refused_in_one_sentence_and_nothing_is_written(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    assert said in refused([archive(tmp_path / "2025-12.zip", members)], tmp_path / "tidy")


def test_archives_that_are_no_zip_cut_off_or_given_twice_are_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "2025-12.zip", {MEMBER: text([street_row("2025-01", ALPHA)] * 50)})
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-30])
    other = tmp_path / "other.zip"
    other.write_text("<html>moved</html>")
    again = archive(tmp_path / "again" / "2025-12.zip", {MEMBER: b"x"})
    tidy = tmp_path / "tidy"
    assert "cut.zip is not a whole zip archive" in refused([cut], tidy)
    assert "other.zip is not a whole zip archive" in refused([other], tidy)
    assert "There is no archive" in refused([tmp_path / "absent.zip"], tidy)
    assert "Two archives are called 2025-12.zip" in refused([whole, again], tidy)


def test_a_member_whose_bytes_or_size_were_changed_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "2025-12.zip", {MEMBER: text([street_row("2025-01", ALPHA)] * 50)}, zipfile.ZIP_STORED)
    data = bytearray(whole.read_bytes())
    data[2000] ^= 1
    (tmp_path / "bytes.zip").write_bytes(data)
    assert "is cut off or damaged" in refused([tmp_path / "bytes.zip"], tmp_path / "tidy")
    packed = archive(tmp_path / "packed.zip", {MEMBER: text([street_row("2025-01", ALPHA)] * 50)})
    data = bytearray(packed.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 100)
    (tmp_path / "size.zip").write_bytes(data)
    assert "is cut off or damaged" in refused([tmp_path / "size.zip"], tmp_path / "tidy")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "2025-12.zip", {MEMBER: text([street_row("2025-01", ALPHA)])})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "is encrypted" in refused([path], tmp_path / "tidy")


@settings(max_examples=60, deadline=None)
@given(places_of=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4), cut=st.integers(0, 300))
def test_a_damaged_archive_is_read_right_or_refused(tmp_path_factory: pytest.TempPathFactory, places_of: list[tuple[int, int]], cut: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = archive(folder / "2021-02.zip", world())
    data = bytearray(path.read_bytes())
    for position, value in places_of:
        data[position % len(data)] = value
    path.write_bytes(data[: len(data) - cut // 100 * cut])
    try:
        report = ingest_archives([path], LOOKUPS, folder / "tidy")
    except SnaError as problem:
        assert "\n" not in str(problem)
    else:
        assert pd.concat([pd.read_parquet(part) for part in report.coverage])["rows_total"].sum() in range(1, 12)


def test_the_command_says_what_is_held(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    from svd_lib.ingest import new_edition

    monkeypatch.setattr(new_edition, "national_lookups", lambda mirror, root: LOOKUPS)
    (tmp_path / "data" / "editions").mkdir(parents=True)
    path = archive(tmp_path / "2021-02.zip", world())
    assert main(["ingest", "--national", str(path), "--mirror", "anywhere", "--project", str(tmp_path)]) == 0
    assert "11 rows in 4 month files of 2 forces" in capsys.readouterr().out
    assert main(["ingest", "--national", str(tmp_path / "none.zip"), "--mirror", "anywhere", "--project", str(tmp_path)]) != 0
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["ingest", "--mirror", "anywhere", "--project", str(tmp_path)]) != 0


def test_a_member_is_inflated_no_further_than_its_directory_says(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a": b"0" * 10_000_000})
    with zipfile.ZipFile(path) as zipped:
        info = zipped.infolist()[0]
    info.file_size = 1000
    with pytest.raises(zipfile.BadZipFile):
        national.inflated(path, info)


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    """Found by the fuzzer: zipfile stumbles over an empty name."""
    path = archive(tmp_path / "2025-12.zip", {"x": b"a"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<HH", data, entry + 28, 0, 1)
    path.write_bytes(data)
    said = refused([path], tmp_path / "tidy")
    assert "2025-12.zip" in said


def test_a_member_called_otherwise_in_its_own_header_is_refused(tmp_path: Path) -> None:
    """Found by the fuzzer: the directory's name and the member's own must agree."""
    path = archive(tmp_path / "2025-12.zip", {MEMBER: text([street_row("2025-01", ALPHA)])})
    data = bytearray(path.read_bytes())
    data[data.index(MEMBER.encode())] = ord("3")
    path.write_bytes(data)
    assert "is cut off or damaged" in refused([path], tmp_path / "tidy")
