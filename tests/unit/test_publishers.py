"""Every fetcher of the registry against a replica of its publisher, and every table it brings through its layout."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from publisher_replica import Answer, Fault, Replica, as_json, running
from publishers_world import FORCES, MONTHS, UPDATED, build_replica, national_archive, serve_police

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.open_tables import read_open_table
from svd_lib.sources import arcgis, direct, education, fingertips, govuk, nomis, police
from svd_lib.sources.lock import Lock, LockedInput, lock_of
from svd_lib.sources.publishers import failures, fetch_published
from svd_lib.sources.registry import FETCHERS, read_registry
from svd_lib.sources.transport import Manners, Transport

REGISTRY = read_registry(Path(__file__).resolve().parents[2])
FILES = [(source.id, file) for source in REGISTRY.sources.values() for file in source.files if file.fetch and file.fetch["by"] != "police_archive"]
LAYERED = {"service": "https://services1.arcgis.com/x/arcgis/rest/services/Layer/FeatureServer/0", "order": "CODE", "page_size": 10}
CENSUS = {"dataset": "NM_1_1", "query": {"geography": "TYPE151"}, "page_size": 10}


@pytest.fixture(scope="module")
def replica() -> Iterator[Replica]:
    """Return a replica of every publisher, without the mirror."""
    with running(build_replica(REGISTRY)) as served:
        yield served


@pytest.fixture
def own() -> Iterator[Replica]:
    """Return an empty replica."""
    with running(Replica()) as served:
        yield served


def transport(replica: Replica, **manners: float) -> Transport:
    """Return a transport that asks the replica without waiting."""
    return Transport(Manners(**{"pause_seconds": 0.0, "timeout_seconds": (5.0, 5.0), "attempts": 3, **manners}), replica.address, lambda seconds: None)


@pytest.mark.parametrize(("source", "file"), FILES, ids=[f"{source}/{file.pattern}" for source, file in FILES])
def test_every_file_of_the_registry_is_brought_and_read(replica: Replica, tmp_path: Path, source: str, file) -> None:
    part = tmp_path / Path(file.pattern).name
    module = FETCHERS[file.fetch["by"]]
    version = module.bring(transport(replica), file.fetch, part)
    assert version and part.stat().st_size > 10 and module.probe(transport(replica), file.fetch)
    if file.read:
        rows = contracts.validate(file.read["table"], read_open_table(part, source, file.read), file.pattern)
        assert len(rows) == 3 and rows["value"].tolist() == [1.0, 11.0, 21.0]


def test_no_fetcher_is_without_a_file_that_tests_it() -> None:
    assert {file.fetch["by"] for _, file in FILES} | {"police_archive"} == set(FETCHERS)


def test_forces_and_months_come_from_the_police_api(replica: Replica) -> None:
    assert police.forces(transport(replica))["suffolk"] == "Suffolk Constabulary"
    assert police.months(transport(replica)) == MONTHS


def features(count: int) -> list[dict]:
    """Return so many features without shape."""
    return [{"type": "Feature", "geometry": None, "properties": {"CODE": f"{n:03d}"}} for n in range(count)]


def serve_layer(own: Replica, count: int, most: int, stop_early: bool = False) -> None:
    """Serve a layer that gives at most so many features a page."""

    def answer(path: str, query: dict[str, str]) -> Answer:
        if "returnCountOnly" in query:
            return as_json({"count": count})
        begin = int(query["resultOffset"])
        page = features(count)[begin : begin + min(most, int(query["resultRecordCount"]))]
        return as_json({"features": page} | ({} if stop_early or begin + len(page) >= count else {"exceededTransferLimit": True}))

    own.serve(r"services1\.arcgis\.com/.*/query", answer)


@pytest.mark.parametrize(("count", "most"), [(25, 10), (30, 10), (7, 10), (25, 4)])
def test_a_layer_is_brought_page_by_page(own: Replica, tmp_path: Path, count: int, most: int) -> None:
    serve_layer(own, count, most)
    arcgis.bring(transport(own), LAYERED, tmp_path / "layer")
    codes = [feature["properties"]["CODE"] for feature in json.loads((tmp_path / "layer").read_text())["features"]]
    assert codes == [f"{n:03d}" for n in range(count)] and sorted(tmp_path.iterdir()) == [tmp_path / "layer"]


def test_pages_held_are_not_asked_for_again(own: Replica, tmp_path: Path) -> None:
    serve_layer(own, 30, 10)
    own.faults = [Fault("resultOffset=20", 500, times=3)]
    with pytest.raises(SnaError, match="did not answer after 3 attempts"):
        arcgis.bring(transport(own), LAYERED, tmp_path / "layer")
    own.asked.clear()
    arcgis.bring(transport(own), LAYERED, tmp_path / "layer")
    assert [path for path in own.asked if "resultOffset" in path and "resultOffset=20" not in path] == []
    assert len(json.loads((tmp_path / "layer").read_text())["features"]) == 30


def test_a_layer_that_stops_early_or_refuses_is_named(own: Replica, tmp_path: Path) -> None:
    serve_layer(own, 30, 10, stop_early=True)
    with pytest.raises(SnaError, match="ended after 10 of 30 features"):
        arcgis.bring(transport(own), LAYERED, tmp_path / "layer")
    own.serve(r"services1\.arcgis\.com/.*/query", as_json({"error": {"code": 400, "message": "Invalid field: CODE"}}))
    with pytest.raises(SnaError, match="refuses the question .Invalid field: CODE"):
        arcgis.bring(transport(own), LAYERED, tmp_path / "other")
    own.serve(r"services1\.arcgis\.com/.*/query", as_json({"count": 0}))
    with pytest.raises(SnaError, match="holds no feature"):
        arcgis.probe(transport(own), LAYERED)


@pytest.mark.parametrize("rows", [1, 9, 10, 11, 30])
def test_a_table_is_brought_ten_rows_at_a_time(own: Replica, tmp_path: Path, rows: int) -> None:
    def answer(path: str, query: dict[str, str]) -> Answer:
        begin = int(query["recordoffset"])
        lines = [f'"E{n}",{n}\r\n' for n in range(rows)][begin : begin + int(query["recordlimit"])]
        return Answer(('"CODE","OBS_VALUE"\r\n' + "".join(lines)).encode(), "text/csv", ranges=False)

    own.serve(r"www\.nomisweb\.co\.uk/.*", answer)
    nomis.bring(transport(own), CENSUS, tmp_path / "table")
    assert (tmp_path / "table").read_text() == '"CODE","OBS_VALUE"\n' + "".join(f'"E{n}",{n}\n' for n in range(rows))


def test_a_table_that_is_none_or_empty_is_named(own: Replica, tmp_path: Path) -> None:
    own.serve(r"www\.nomisweb\.co\.uk/.*", b"<html>Unknown dataset</html>")
    with pytest.raises(SnaError, match="NM_1_1 with something that is not a table"):
        nomis.bring(transport(own), CENSUS, tmp_path / "table")
    own.serve(r"www\.nomisweb\.co\.uk/.*", b'"CODE","OBS_VALUE"\r\n')
    with pytest.raises(SnaError, match="holds no row"):
        nomis.bring(transport(own), CENSUS, tmp_path / "table")


PAGE = {"page": "/government/statistics/tables", "attachment": r"knife.*\.ods"}
ATTACHED = {"attachment_type": "file", "filename": "knife-2026.ods", "title": "Knife", "url": "https://assets.publishing.service.gov.uk/media/1/knife-2026.ods"}


def serve_page(own: Replica, page: dict, path: str = PAGE["page"]) -> None:
    """Serve a page of the content API and the file it names."""
    own.serve(f"www\\.gov\\.uk/api/content{path}", as_json(page))
    own.serve(r"assets\.publishing\.service\.gov\.uk/media/.*", b"the table")


def test_an_attachment_is_found_through_moved_pages(own: Replica, tmp_path: Path) -> None:
    moved = {"schema_name": "redirect", "redirects": [{"path": PAGE["page"], "destination": "https://www.gov.uk/government/statistics/new-home"}]}
    serve_page(own, moved)
    serve_page(own, {"public_updated_at": f"{UPDATED}T09:30:00Z", "details": {"attachments": [ATTACHED]}}, "/government/statistics/new-home")
    assert govuk.bring(transport(own), PAGE, tmp_path / "file") == UPDATED and (tmp_path / "file").read_bytes() == b"the table"


def test_an_attachment_of_an_older_page_is_found_in_its_text(own: Replica) -> None:
    serve_page(own, {"details": {"documents": [f'<a href="{ATTACHED["url"]}">Knife</a>', '<a href="/media/2/other.ods">x</a>']}})
    assert govuk.find(transport(own), PAGE)[1] == ATTACHED["url"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"details": {"attachments": [{**ATTACHED, "filename": "fraud.ods", "title": "Fraud"}]}}, r"has 0 attachments like .* \(it has: fraud\.ods\)"),
        ({"details": {"attachments": [ATTACHED, {**ATTACHED, "url": "https://assets.publishing.service.gov.uk/media/2/knife.ods"}]}}, "has 2 attachments like"),
        ({"schema_name": "gone"}, "has been withdrawn or moved away"),
        ({"schema_name": "redirect", "redirects": [{"destination": PAGE["page"]}]}, "has been withdrawn or moved away"),
        ({"withdrawn_notice": {"explanation": "old"}, "details": {"attachments": [ATTACHED]}}, "has been withdrawn or moved away"),
    ],
)
def test_pages_without_the_one_attachment_are_named(own: Replica, page: dict, said: str) -> None:
    serve_page(own, page)
    with pytest.raises(SnaError, match=said):
        govuk.find(transport(own), PAGE)


def test_indicator_without_rows_and_ambiguous_data_sets_are_named(own: Replica, replica: Replica, tmp_path: Path) -> None:
    own.serve(r"fingertips\.phe\.org\.uk/.*", b"Indicator ID,Value\r\n")
    with pytest.raises(SnaError, match="indicator 99 without rows"):
        fingertips.bring(transport(own), {"indicators": 99, "area_type": 502, "parent_type": 15}, tmp_path / "x")
    with pytest.raises(SnaError, match="has 25 data sets like 'Another table'"):
        education.find(transport(replica), {"publication": "Children in need", "data_set": "Another table"})


def test_a_page_without_the_link_and_a_page_in_place_of_a_file_are_named(own: Replica, tmp_path: Path) -> None:
    own.serve(r"www\.ons\.gov\.uk/.*", Answer(b"<!DOCTYPE html><a href='x.pdf'>x</a>", "text/html"))
    with pytest.raises(SnaError, match=r"links to no file like '\\.xlsx\$'"):
        direct.bring(transport(own), {"page": "https://www.ons.gov.uk/datasets/x", "link": r"\.xlsx$"}, tmp_path / "x")
    with pytest.raises(SnaError, match="answered a web page where a file was expected"):
        direct.bring(transport(own), {"address": "https://www.ons.gov.uk/file.xlsx"}, tmp_path / "x")


def locked(files: dict[tuple[str, str], bytes]) -> Lock:
    """Return a lock of whole files."""
    return lock_of([LockedInput(source, name, None, len(c), hashlib.sha256(c).hexdigest(), "2026-11-25", "x") for (source, name), c in files.items()])


def test_one_publishers_failure_leaves_the_others_alone(replica: Replica, tmp_path: Path) -> None:
    wanted = {source: file for source, file in FILES if file.pattern in ("deliberate_fires.ods", "wales_exclusions.ods", "fingertips_11201_upper_tier.csv")}
    contents = {}
    for source, file in wanted.items():
        FETCHERS[file.fetch["by"]].bring(transport(replica), file.fetch, tmp_path / source)
        contents[source, file.pattern] = (tmp_path / source).read_bytes()
    contents["fingertips", "fingertips_11201_upper_tier.csv"] = b"another edition"
    replica.faults = [Fault("fire-statistics", 500, times=3)]
    lock = locked(contents)
    outcomes = fetch_published(lock, REGISTRY, transport(replica), tmp_path / "raw")
    assert {outcome.source: (outcome.fetched, len(outcome.problems)) for outcome in outcomes} == {"fingertips": (0, 1), "fire_statistics": (0, 1), "wales_education": (1, 0)}
    said = failures(outcomes)
    assert "has changed at the publisher" in said[0] and "did not answer after 3 attempts" in said[1] and len(said) == 2
    replica.faults = []
    again = fetch_published(lock, REGISTRY, transport(replica), tmp_path / "raw", only="fire_statistics")
    assert [(outcome.source, outcome.fetched, outcome.problems) for outcome in again] == [("fire_statistics", 1, ())]


def test_a_copy_that_no_publisher_serves_says_where_to_turn(replica: Replica, tmp_path: Path) -> None:
    outcomes = fetch_published(locked({("nhs_knife_admissions", "UK_Knife_Crime_Workbook.xlsx"): b"x"}), REGISTRY, transport(replica), tmp_path)
    assert "take it from a mirror with --mirror" in failures(outcomes)[0]


def test_a_member_that_the_archive_lacks_is_named(replica: Replica) -> None:
    with pytest.raises(SnaError, match=r"holds no member 2025-12/2025-12-mercia-street\.csv"):
        list(police.PoliceArchive(transport(replica), MONTHS[-1]).bring(["2025-12/2025-12-mercia-street.csv"]))


@pytest.mark.mirror
def test_one_force_costs_under_two_in_a_hundred_of_the_national_archive(mirror: Path) -> None:
    with running(Replica()) as served:
        archive = serve_police(served, mirror)
        names = [f"{month}/{month}-suffolk-{kind}.csv" for month in MONTHS for kind in ("street", "outcomes")]
        asked = transport(served)
        brought = dict(police.PoliceArchive(asked, MONTHS[-1]).bring(names))
        assert len(brought) == 72 and all(content.startswith(b"Crime ID,Month,") for content in brought.values())
        assert archive.bytes > 1_500_000_000 and archive.directory_bytes > FORCES * len(MONTHS) * 3 * 60
        assert served.bytes_sent == asked.bytes_received and served.bytes_sent >= archive.directory_bytes + sum(map(len, brought.values())) / 8
        share = served.bytes_sent / archive.bytes
        print(f"\n{served.bytes_sent:,} of {archive.bytes:,} bytes ({share:.2%}) in {len(served.asked)} requests, directory {archive.directory_bytes:,} bytes included")
        assert share < 0.02
    assert national_archive(mirror, tuple(MONTHS)) is archive
