"""The open sources from the command line, against a replica of the publishers: fetch, probe, propose, take in by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from publisher_replica import Answer, Replica, running
from publishers_world import MONTHS, build_replica

from svd_lib.build.open_data import add_source_file, fetch_open, probe_open, source_lines, update_open
from svd_lib.cli import main
from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError
from svd_lib.sources.lock import lock_of, read_lock, verify, write_lock
from svd_lib.sources.registry import read_registry
from svd_lib.sources.transport import Manners, Transport

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = read_registry(ROOT)
TODAY = date.today()


def make_project(folder: Path) -> Edition:
    """Return the Suffolk edition in a project of its own, with an empty lock."""
    shutil.copytree(ROOT / "data" / "editions" / "suffolk-2025", folder / "data" / "editions" / "suffolk-2025")
    shutil.copy(ROOT / "data" / "sources.yml", folder / "data" / "sources.yml")
    edition = open_edition("suffolk-2025", str(folder))
    write_lock(lock_of([]), edition.lock_path)
    return edition


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    """Return a project of one edition."""
    return make_project(tmp_path)


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """Return a replica of every publisher."""
    with running(build_replica(REGISTRY)) as served:
        yield served


def transport(replica: Replica) -> Transport:
    """Return a transport that asks the replica without waiting."""
    return Transport(Manners(pause_seconds=0.0, attempts=2, timeout_seconds=(5.0, 5.0)), replica.address, lambda seconds: None)


def update(edition: Edition, replica: Replica, says: bool = True, **options: object) -> tuple[int, list[str]]:
    """Propose a new lock and answer the question; return the exit status and what was told."""
    told: list[str] = []
    status = update_open(edition, transport(replica), TODAY, agree=lambda question: told.append(question) or says, tell=told.append, **options)
    return status, told


def raw(edition: Edition) -> Path:
    """Return the folder of raw files."""
    return edition.root / "data" / "raw"


def test_a_force_that_does_not_publish_is_named(edition: Edition) -> None:
    with running(build_replica(REGISTRY)) as own:
        own.serve(r"data\.police\.uk/api/forces", b'[{"id": "norfolk", "name": "Norfolk"}]')
        status, told = update(edition, own, only="police_uk_archive")
        assert status == 1 and "failed: police_uk_archive: The police API has no force 'suffolk'; its forces are norfolk." in told


@pytest.mark.mirror
def test_the_committed_locks_members_come_out_of_the_archives_by_ranges(edition: Edition, mirror: Path) -> None:
    committed = read_lock(ROOT / "data" / "editions" / "suffolk-2025" / "lock.json")
    members = [entry for entry in committed.inputs if entry.member and "-suffolk-" in entry.member]
    write_lock(lock_of(members), edition.lock_path)
    archives = {path.name: path.read_bytes() for path in (mirror / "police_uk_archive").glob("*.zip")}
    with running(Replica()) as own:
        own.serve(r"data\.police\.uk/data/archive/.*\.zip", lambda path, query: Answer(archives[path.rsplit("/", 1)[-1]]))
        asked = transport(own)
        assert fetch_open(edition, asked) == 0 and verify(read_lock(edition.lock_path), raw(edition)) == []
        assert len(members) == 47 and asked.bytes_received == own.bytes_sent < sum(map(len, archives.values())) / 4


def test_nothing_changes_until_somebody_agrees(edition: Edition, replica: Replica) -> None:
    before = edition.lock_path.read_bytes()
    status, told = update(edition, replica, says=False, only="fire_statistics")
    assert status == 0 and edition.lock_path.read_bytes() == before and told[-1] == "Nothing was changed."
    assert any(line.startswith("+ fire_statistics/deliberate_fires.ods (") for line in told)
    assert not (raw(edition) / "fire_statistics").exists()


def test_every_source_of_the_nation_is_taken_and_then_nothing_is_new(edition: Edition, replica: Replica) -> None:
    status, told = update(edition, replica)
    assert status == 0, told
    lock = read_lock(edition.lock_path)
    assert verify(lock, raw(edition)) == [] and not any(entry.source.startswith("wales") for entry in lock.inputs)
    expected = {source.id for source in REGISTRY.sources.values() if "England" in source.nations and any(file.fetch and file.needed for file in source.files)}
    assert {entry.source for entry in lock.inputs} == expected
    months = [entry.member for entry in lock.inputs if entry.member]
    assert len(months) == 72 and {member[8:15] for member in months} == set(MONTHS)
    assert update(edition, replica)[1][-1] == "Nothing would change."
    shutil.rmtree(raw(edition))
    assert fetch_open(edition, transport(replica)) == 0 and verify(lock, raw(edition)) == []
    assert not list(raw(edition).rglob("*.part")) and not (raw(edition) / ".incoming").exists()


def test_a_changed_file_is_refused_by_fetch_and_shown_by_update(edition: Edition, tmp_path: Path) -> None:
    with running(build_replica(REGISTRY)) as own:
        update(edition, own, only="dfe_suspensions")
        shutil.rmtree(raw(edition))
        own.serve(r"api\.education\.gov\.uk/statistics/v1/data-sets/set-of-.*/csv", b"new_la_code,la_name\r\n")
        assert fetch_open(edition, transport(own)) == 1 and not (raw(edition) / "dfe_suspensions" / "suspensions_by_reason.csv").exists()
        assert any(line.startswith("~ dfe_suspensions/suspensions_by_reason.csv (21 bytes") for line in update(edition, own, says=False)[1])


def test_a_source_that_fails_keeps_its_lock_and_the_others_go_on(edition: Edition) -> None:
    with running(build_replica(REGISTRY)) as own:
        update(edition, own, only="fire_statistics")
        own.serve(r"www\.gov\.uk/.*fire-statistics.*", b"not json")
        status, told = update(edition, own)
        held = {entry.source for entry in read_lock(edition.lock_path).inputs}
        assert status == 1 and {"fire_statistics", "dfe_suspensions", "ons_boundaries"} <= held
        assert [line for line in told if line.startswith("failed: ")] == [line for line in told if "failed: fire_statistics: https://www.gov.uk/api/content" in line] != []


def test_a_copy_is_taken_out_when_its_publishers_file_stands_in(edition: Edition, replica: Replica) -> None:
    committed = read_lock(ROOT / "data" / "editions" / "suffolk-2025" / "lock.json")
    write_lock(lock_of([entry for entry in committed.inputs if entry.source == "ons_boundaries"]), edition.lock_path)
    told = update(edition, replica, only="ons_boundaries")[1]
    assert any(line.startswith("- ons_boundaries/lsoa/E10000029.geojson.gz") for line in told)
    names = {entry.name for entry in read_lock(edition.lock_path).inputs}
    assert {"lsoa/england_and_wales.geojson", "boundaries_ltla24.geojson.gz"} <= names and not any(name.startswith("lsoa/E") for name in names)


def test_probe_tells_one_line_a_source_and_the_reason_of_a_failure(edition: Edition) -> None:
    with running(build_replica(REGISTRY)) as own:
        update(edition, own, only="fire_statistics")
        own.serve(r"www\.ons\.gov\.uk/.*", b"nothing here")
        told: list[str] = []
        assert probe_open(edition, transport(own), tell=told.append) == 1
        *lines, last = told
        assert [line.split()[1].rstrip(":") for line in lines if not line.startswith("by hand")] == [s for s in REGISTRY.sources if s != "nhs_knife_admissions"]
        states = {line[10:].split(":")[0]: line[:9].strip() for line in lines}
        assert states["fire_statistics"] == states["police_uk_archive"] == "reachable" and states["ons_css"] == "failed"
        assert states["nhs_knife_admissions"] == "by hand" and "links to no file like" in next(line for line in lines if "ons_css" in line)
        assert last == f"{len(lines) - 3} reachable, 0 changed, 2 failed, 1 by hand"
        assert not raw(edition).joinpath(".incoming").exists()


def test_probe_sees_that_a_page_was_updated_and_a_month_is_new(edition: Edition) -> None:
    with running(build_replica(REGISTRY)) as own:
        update(edition, own, only="fire_statistics")
        lock = read_lock(edition.lock_path)
        older = [entry.__class__(**{**entry.__dict__, "publisher_version": "2024-01-01"}) for entry in lock.inputs]
        write_lock(lock_of(older), edition.lock_path)
        told: list[str] = []
        probe_open(edition, transport(own), "fire_statistics", told.append)
        assert told[0].startswith("changed   fire_statistics: ") and told[0].endswith("the lock has 2024-01-01")


def test_a_file_from_a_browser_is_checked_and_taken_in(edition: Edition, replica: Replica, tmp_path: Path) -> None:
    update(edition, replica, only="fire_statistics")
    downloaded = tmp_path / "FIRE0401 (1).ods"
    shutil.copy(raw(edition) / "fire_statistics" / "deliberate_fires.ods", downloaded)
    write_lock(lock_of([]), edition.lock_path)
    told: list[str] = []
    with pytest.raises(SnaError, match="expects no file 'FIRE0401 .1..ods'; .* with --as NAME"):
        add_source_file(edition, "fire_statistics", downloaded, TODAY, tell=told.append)
    assert "Landing page: https://www.gov.uk/government/statistical-data-sets/fire-statistics-data-tables" in told
    add_source_file(edition, "fire_statistics", downloaded, TODAY, "deliberate_fires.ods", told.append)
    assert [entry.name for entry in read_lock(edition.lock_path).inputs] == ["deliberate_fires.ods"] and verify(read_lock(edition.lock_path), raw(edition)) == []


def test_a_file_that_its_loader_refuses_changes_nothing(edition: Edition, replica: Replica, tmp_path: Path) -> None:
    update(edition, replica, only="dfe_suspensions")
    lock, held = edition.lock_path.read_bytes(), (raw(edition) / "dfe_suspensions" / "suspensions_by_reason.csv").read_bytes()
    (tmp_path / "suspensions_by_reason.csv").write_text("code,name\nE1,x\n")
    with pytest.raises(SnaError, match="has no column 'new_la_code'"):
        add_source_file(edition, "dfe_suspensions", tmp_path / "suspensions_by_reason.csv", TODAY, tell=lambda line: None)
    assert edition.lock_path.read_bytes() == lock and (raw(edition) / "dfe_suspensions" / "suspensions_by_reason.csv").read_bytes() == held


def test_an_archive_from_a_browser_gives_the_areas_members(edition: Edition, tmp_path: Path) -> None:
    path = tmp_path / "2025-12.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for month, force in (("2025-12", "suffolk"), ("2025-12", "norfolk"), ("2026-01", "suffolk")):
            zipped.writestr(f"{month}/{month}-{force}-street.csv", f"{month} {force}")
    add_source_file(edition, "police_uk_archive", path, TODAY, tell=lambda line: None)
    (entry,) = read_lock(edition.lock_path).inputs
    assert (entry.member, entry.publisher_version) == ("2025-12/2025-12-suffolk-street.csv", "archive of 2025-12")
    assert entry.sha256 == hashlib.sha256(b"2025-12 suffolk").hexdigest() and verify(read_lock(edition.lock_path), raw(edition)) == []


def test_the_commands(edition: Edition, replica: Replica, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    project = ["--project", str(edition.root)]
    monkeypatch.setattr("svd_lib.build.open_data.Manners", partial(Manners, pause_seconds=0.0))
    through = ["--through", replica.address, "--only", "fire_statistics"]
    assert main(["fetch", *project, "--update", *through]) == 0
    assert "Nobody is there to answer; run it again with --yes." in capsys.readouterr().out
    assert main(["fetch", *project, "--update", "--yes", *through]) == 0 and main(["fetch", *project, *through]) == 0
    assert main(["fetch", *project, "--probe", *through]) == 0
    assert "reachable fire_statistics: fire-statistics-data-tables-fire0401-2026.ods" in capsys.readouterr().out
    assert main(["fetch", *project, "--only", "no_such", "--through", replica.address]) == 2
    assert main(["source", "list", *project]) == 0 and "wales_imd" in capsys.readouterr().out
    assert main(["source", "add", "fingertips", *project]) == 0
    assert "fingertips_11201_upper_tier.csv" in capsys.readouterr().out
    assert main(["source", "add", *project]) == 2 and main(["fetch", "--update", "--mirror", ".", *project]) == 2


def test_sources_are_listed_with_what_is_known_of_them(edition: Edition) -> None:
    lines = source_lines(edition)
    assert len(lines) == len(REGISTRY.sources)
    assert any(line.startswith("dfe_suspensions ") and "documented" in line and "fetcher has met: replica" in line for line in lines)


def test_the_lock_keeps_its_form(edition: Edition, replica: Replica) -> None:
    update(edition, replica, only="fingertips")
    document = json.loads(edition.lock_path.read_text())
    assert document["schema"] == 1 and all(set(entry) == {"source", "name", "bytes", "sha256", "retrieved", "publisher_version"} for entry in document["inputs"])


@pytest.mark.ci
@pytest.mark.mirror
def test_a_table_with_a_loader_of_its_own_is_read_by_that_loader_first(edition: Edition, mirror: Path, tmp_path: Path) -> None:
    committed = read_lock(ROOT / "data" / "editions" / "suffolk-2025" / "lock.json")
    places = ("ons_lookups", "ons_population", "fingertips")
    lock = lock_of([entry for entry in committed.inputs if entry.source in places and not entry.name.startswith("Mid-2020")])
    for entry in lock.inputs:
        target = raw(edition) / entry.relative_path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mirror / entry.source / entry.name, target)
    write_lock(lock, edition.lock_path)
    name = "fingertips_11202_2018_19_districts.csv"
    published = (mirror / "fingertips" / name).read_text()
    (tmp_path / name).write_text(published.replace("Lower_CI", "Lower limit"))
    with pytest.raises(SnaError, match="has no column 'Lower_CI'"):
        add_source_file(edition, "fingertips", tmp_path / name, TODAY, tell=lambda line: None)
    assert read_lock(edition.lock_path) == lock and verify(lock, raw(edition)) == []
    (tmp_path / name).write_text(published + "\n")
    add_source_file(edition, "fingertips", tmp_path / name, TODAY, tell=lambda line: None)
    new = read_lock(edition.lock_path)
    assert new.digest != lock.digest and verify(new, raw(edition)) == []


def test_without_the_other_inputs_a_new_edition_of_a_table_is_refused(edition: Edition, tmp_path: Path) -> None:
    committed = ROOT / "data" / "editions" / "suffolk-2025" / "lock.json"
    shutil.copy(committed, edition.lock_path)
    name = "fingertips_11202_2018_19_districts.csv"
    (tmp_path / name).write_text("Area_name,period\n")
    with pytest.raises(SnaError, match="its loader can check a new one only when every other input is there"):
        add_source_file(edition, "fingertips", tmp_path / name, TODAY, tell=lambda line: None)
    assert edition.lock_path.read_bytes() == committed.read_bytes() and not (raw(edition) / "fingertips" / name).exists()
