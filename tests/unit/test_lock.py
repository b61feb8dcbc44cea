"""The lock: its file, its digest, what it refuses, and how one is made from a mirror."""

from __future__ import annotations

import gzip
import json
import time
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from svd_lib.edition import Area, list_editions
from svd_lib.errors import SnaError
from svd_lib.sources.lock import LockedInput, digest, lock_of, read_lock, verify, write_lock
from svd_lib.sources.mirror import open_mirror
from svd_lib.sources.needs import make_lock, needs_of, neighbour_forces, newest_month
from svd_lib.sources.registry import Registry, read_registry

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
AREA = Area("district", "E07000001", "Town", "shire", "E23000001", "Shire", ("E01000001",), {}, {}, {"E10000001": "Shire"})

REGISTRY = """\
schema: 1
licences: {OGL: {title: Open licence, url: https://licence.example}}
attribution_lines: {a: Line A.}
sources:
  police_uk_archive:
    {title: T, publisher: P, licence: OGL, attribution: [a], landing_page: null, cadence: monthly, sensitivity: open, disclosure_rule: as_published, evidence: mirror, copied_from: X,
     files: [
      {pattern: "{archive_month}.zip", member: "{month}/{month}-{force_slug}-street.csv", title: T, tables: [street_counts], period: P, publisher_version: "archive of {archive_month}", citation: C}]}
  ons_boundaries:
    {title: T, publisher: P, licence: OGL, attribution: [a], landing_page: null, cadence: monthly, sensitivity: open, disclosure_rule: as_published, evidence: mirror, copied_from: X,
     files: [
      {pattern: "lsoa/{utla_code}.gz", title: T, tables: [places], period: P, publisher_version: V, citation: C},
      {pattern: boundaries_pfa20.geojson.gz, title: T, tables: [], needed: false, period: P, publisher_version: V, citation: C}]}
  tables:
    {title: T, publisher: P, licence: OGL, attribution: [a], landing_page: null, cadence: monthly, sensitivity: open, disclosure_rule: as_published, evidence: mirror, copied_from: X,
     files: [
      {pattern: always.csv, title: T, tables: [places], period: P, publisher_version: V, citation: C},
      {pattern: absent.csv, title: T, tables: [places], period: P, publisher_version: V, citation: C},
      {pattern: late.csv, title: T, tables: [places], from: "2025-06", period: P, publisher_version: V, citation: C}]}
"""


def entry(name: str = "a.csv", member: str | None = None, **changes: object) -> LockedInput:
    """Return an input that holds the five bytes ``hello``."""
    return replace(LockedInput("src", name, member, 5, HELLO, "2026-11-22", "first"), **changes)


def square(west: float) -> dict:
    """Return a square of one degree, as GeoJSON."""
    ring = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def small_mirror(tmp_path: Path) -> Path:
    """Three forces in a row, two archives that overlap in a month, one county's boundaries, two tables."""
    mirror = tmp_path / "mirror"
    for folder in ("police_uk_archive", "ons_boundaries/lsoa", "tables"):
        (mirror / folder).mkdir(parents=True)
    features = [
        {"properties": {"pfa20_code": f"E2300000{n}", "pfa20_name": name}, "geometry": square(n)}
        for n, name in ((1, "Shire"), (2, "Near & Next"), (3, "Far"))
    ]
    outlines = json.dumps({"features": features}).encode()
    (mirror / "ons_boundaries/boundaries_pfa20.geojson.gz").write_bytes(gzip.compress(outlines))
    (mirror / "ons_boundaries/lsoa/E10000001.gz").write_bytes(b"shapes")
    for name in ("always.csv", "late.csv"):
        (mirror / "tables" / name).write_bytes(name.encode())
    _archive(mirror, "2025-01", ["2024-12", "2025-01"], b"old")
    _archive(mirror, "2025-02", ["2025-01", "2025-02"], b"new")
    return mirror


def _archive(mirror: Path, name: str, months: list[str], content: bytes) -> None:
    with zipfile.ZipFile(mirror / "police_uk_archive" / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for month in months:
            for force in ("shire", "near-and-next", "far"):
                zipped.writestr(f"{month}/{month}-{force}-street.csv", content + force.encode())
        zipped.writestr("readme.txt", "not a month")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sources.yml").write_text(REGISTRY, encoding="utf-8")
    return read_registry(tmp_path)


def test_a_lock_is_written_sorted_and_read_back(tmp_path: Path) -> None:
    lock = lock_of([entry("b.zip", "z/2.csv"), entry("b.zip", "z/1.csv"), entry("a.csv")])
    path = tmp_path / "deep" / "lock.json"
    write_lock(lock, path)
    assert read_lock(path) == lock
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema"] == 1 and [i.get("member") for i in document["inputs"]] == [None, "z/1.csv", "z/2.csv"]
    assert list(document["inputs"][0]) == ["source", "name", "bytes", "sha256", "retrieved", "publisher_version"]
    assert [p.name for p in path.parent.iterdir()] == ["lock.json"]


def test_the_digest_covers_content_alone() -> None:
    first = lock_of([entry("a.csv"), entry("b.csv")])
    assert digest(first) == digest(lock_of([entry("b.csv", retrieved="2020-01-01"), entry("a.csv", publisher_version="other")]))
    assert digest(first) != digest(lock_of([entry("a.csv"), entry("b.csv", sha256="0" * 64)]))
    assert digest(first) != digest(lock_of([entry("a.csv")]))


@pytest.mark.parametrize(
    "wrong",
    [
        entry("../a.csv"), entry("/etc/a.csv"), entry("a.zip", "../../a.csv"), entry("a.zip", "x/./a.csv"),
        entry("a.zip", "C:\\a.csv"), entry("a.csv", source=".."), entry(".hidden"), entry("a.zip", "x//a.csv"),
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_its_folder_is_refused(wrong: LockedInput) -> None:
    with pytest.raises(SnaError, match="could lead out of its folder"):
        lock_of([wrong])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "xyz"}, "input 1: the field 'sha256'"),
        ({"bytes": -1}, "input 1: the field 'bytes'"),
        ({"retrieved": "yesterday"}, "input 1: the field 'retrieved'"),
        ({"colour": "red"}, "input 1: the field 'colour' is not known"),
        ({"name": "../x"}, "could lead out"),
    ],
)
def test_a_broken_lock_file_is_one_sentence(tmp_path: Path, change: dict, said: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(json.dumps({"schema": 1, "inputs": [{**entry().to_dict(), **change}]}), encoding="utf-8")
    with pytest.raises(SnaError) as refusal:
        read_lock(path)
    assert said in str(refusal.value) and "lock.json" in str(refusal.value)


def test_a_lock_file_that_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    with pytest.raises(SnaError, match="is not there"):
        read_lock(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SnaError, match="line 1 is not JSON"):
        read_lock(path)
    path.write_text('{"schema": 2, "inputs": []}', encoding="utf-8")
    with pytest.raises(SnaError, match="'schema': 1"):
        read_lock(path)
    with pytest.raises(SnaError, match="names src/a.csv twice"):
        lock_of([entry(), entry()])


def test_verify_names_what_is_absent_cut_off_or_changed(tmp_path: Path) -> None:
    lock = lock_of([entry("good.csv"), entry("absent.csv"), entry("short.csv"), entry("other.csv"), entry("a.zip", "x/good.csv")])
    (tmp_path / "src/a.zip.d/x").mkdir(parents=True)
    for name, content in (("good.csv", "hello"), ("short.csv", "hel"), ("other.csv", "jello"), ("a.zip.d/x/good.csv", "hello")):
        (tmp_path / "src" / name).write_text(content, encoding="utf-8")
    absent, other, short = sorted(verify(lock, tmp_path))
    assert "other.csv has the hash" in absent + other + short and "short.csv has 3 bytes, the lock says 5" in absent + other + short
    assert "src/absent.csv is not in" in absent + other + short


def test_a_lock_takes_the_area_its_neighbours_and_its_time(small_mirror: Path, registry: Registry) -> None:
    mirror = open_mirror(small_mirror)
    lock = make_lock(mirror, registry, AREA, date(2025, 2, 28), date(2026, 11, 22))
    members = {i.member: i for i in lock.inputs if i.member}
    assert sorted(members) == [f"{m}/{m}-{f}-street.csv" for m in ("2024-12", "2025-01", "2025-02") for f in ("near-and-next", "shire")]
    assert members["2025-01/2025-01-shire-street.csv"].name == "2025-02.zip"
    assert members["2024-12/2024-12-shire-street.csv"].publisher_version == "archive of 2025-01"
    assert [i.name for i in lock.inputs if not i.member] == ["lsoa/E10000001.gz", "always.csv"]
    assert {i.retrieved for i in lock.inputs} == {"2026-11-22"}
    assert needs_of(mirror, registry, AREA, date(2025, 2, 28)).absent == ("tables/absent.csv",)


def test_members_are_read_once_for_any_number_of_areas(small_mirror: Path, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from svd_lib.sources import needs
    from svd_lib.sources.measured import Measured

    opened: list[str] = []
    real = needs.opened_member
    monkeypatch.setattr(needs, "opened_member", lambda zipped, source, name, member: opened.append(f"{name}/{member}") or real(zipped, source, name, member))
    kept, mirror = tmp_path / "tidy" / "members.json", open_mirror(small_mirror)
    locks = [make_lock(mirror, registry, AREA, date(2025, 2, 28), measured=Measured(kept)) for _ in range(43)]
    assert len({lock.digest for lock in locks}) == 1
    assert sorted(opened) == sorted(set(opened))
    assert len(opened) == sum(bool(entry.member) for entry in locks[0].inputs)
    kept.write_text("damaged")
    assert make_lock(mirror, registry, AREA, date(2025, 2, 28), measured=Measured(kept)) == locks[0]


def test_a_file_that_is_written_again_is_hashed_again(tmp_path: Path) -> None:
    lock = lock_of([entry("good.csv")])
    path = tmp_path / "src" / "good.csv"
    path.parent.mkdir()
    path.write_text("hello")
    assert verify(lock, tmp_path) == []
    time.sleep(0.05)  # a file system tells times apart by a few milliseconds
    path.write_text("jello")
    assert "has the hash" in verify(lock, tmp_path)[0]


def test_an_earlier_edition_takes_earlier_archives_only(small_mirror: Path, registry: Registry) -> None:
    lock = make_lock(open_mirror(small_mirror), registry, AREA, date(2025, 1, 31))
    assert {i.name for i in lock.inputs if i.member} == {"2025-01.zip"}
    assert {i.retrieved for i in lock.inputs} == {"not recorded"}
    late = make_lock(open_mirror(small_mirror), registry, AREA, date(2025, 6, 30))
    assert "late.csv" in {i.name for i in late.inputs}


def test_neighbours_and_the_newest_month(small_mirror: Path, registry: Registry) -> None:
    mirror = open_mirror(small_mirror)
    assert neighbour_forces(mirror, "E23000001") == ("near-and-next",)
    assert neighbour_forces(mirror, "E23000002") == ("far", "shire")
    assert newest_month(mirror, registry, "shire") == date(2025, 2, 28)
    with pytest.raises(SnaError, match="no street-level month of force 'kent'"):
        newest_month(mirror, registry, "kent")
    with pytest.raises(SnaError, match="force 'shire' up to 2020-01"):
        make_lock(mirror, registry, AREA, date(2020, 1, 31))
    (small_mirror / "ons_boundaries/boundaries_pfa20.geojson.gz").unlink()
    assert neighbour_forces(mirror, "E23000001") == ()


@pytest.mark.mirror
def test_the_committed_locks_are_what_the_mirror_gives(root: Path, mirror: Path) -> None:
    fetcher, registry = open_mirror(mirror), read_registry(root)
    assert neighbour_forces(fetcher, "E23000025") == ("cambridgeshire", "essex", "norfolk")
    members = {"suffolk-2022": 20 + 104, "suffolk-2025": 20 + 104 + 64}
    for edition in list_editions(root):
        area = Area("force", "E23000025", "Suffolk", "suffolk", "E23000025", "Suffolk", (), {}, {}, {"E10000029": "Suffolk"})
        committed = read_lock(edition.lock_path)
        made = make_lock(fetcher, registry, area, edition.period_end)
        assert digest(made) == digest(committed)
        assert sum(bool(i.member) for i in committed.inputs) == members[edition.name]
        assert needs_of(fetcher, registry, area, edition.period_end).absent == ()
