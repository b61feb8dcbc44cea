"""The catalogue of editions: list, map, feed, and notices of corrections."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from svd_lib.build.catalogue import feed, hexagon_places, notices_html, read_entries, record_of, write_catalogue
from svd_lib.cli import main
from svd_lib.edition import Notice, open_edition, read_edition
from svd_lib.errors import SnaError

ATOM = "{http://www.w3.org/2005/Atom}"


def record(name, area, lon, lat, notices=(), end="2025-12-31"):
    return {
        "schema": 1, "name": name, "title": f"{area} needs assessment", "area": area, "kind": "force", "period_end": end, "status": "demonstration",
        "status_line": "Worked from open data", "approved_on": None, "previous": None, "notices": list(notices), "longitude": lon, "latitude": lat,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    wrong = {"kind": "correction", "date": "2026-02-03", "text": "Robbery was counted <twice>."}
    for one in (record("suffolk-2025", "Suffolk", 1.0, 52.2), record("suffolk-2022", "Suffolk", 1.0, 52.2, end="2022-03-31"), record("norfolk-2025", "Norfolk", 1.0, 52.6, [wrong])):
        (tmp_path / one["name"] / "html").mkdir(parents=True)
        (tmp_path / one["name"] / "html" / "edition.json").write_text(json.dumps(one))
    return tmp_path


def test_every_edition_is_listed_with_date_status_and_notices(folder, root):
    assert write_catalogue(folder, root) == 3
    page = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "lxml")
    assert [link["href"].split("/")[0] for link in page.select("#editions a")] == ["norfolk-2025", "suffolk-2025", "suffolk-2022"]
    assert "Robbery was counted <twice>." in page.select_one("#editions li").get_text()
    assert page.select_one('label[for="area"]') and page.select_one('[role="status"]').get_text() == "3 editions."
    assert page.select_one('meta[http-equiv="Content-Security-Policy"]')["content"].startswith("default-src 'self'")
    for asset in page.select("link[rel=stylesheet], script[src]"):
        assert (folder / (asset.get("href") or asset.get("src"))).is_file()


def test_the_map_has_one_hexagon_an_area_that_leads_to_its_newest_edition(folder, root):
    write_catalogue(folder, root)
    links = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "lxml").select("svg a")
    assert {link["aria-label"]: link["href"] for link in links} == {"Norfolk": "norfolk-2025/html/index.html", "Suffolk": "suffolk-2025/html/index.html"}


def test_hexagons_never_share_a_place_and_keep_north_up():
    spots = hexagon_places([(1.0, 52.0), (1.0, 52.0), (1.0, 54.0), (0.0, 53.0)])
    assert len(set(spots)) == 4
    assert spots[2][1] < spots[0][1] and spots[3][0] <= spots[0][0]


def test_the_feed_holds_editions_and_corrections_newest_first(folder):
    whole = ElementTree.fromstring(feed(read_entries(folder), "https://example.org/violence"))
    titles = [entry.findtext(f"{ATOM}title") for entry in whole.iter(f"{ATOM}entry")]
    assert titles[0] == "Correction: Norfolk needs assessment" and len(titles) == 4
    assert whole.findtext(f"{ATOM}updated") == "2026-02-03T00:00:00Z"
    assert next(whole.iter(f"{ATOM}entry")).find(f"{ATOM}link").get("href") == "https://example.org/violence/norfolk-2025/html/index.html"
    ids = [entry.findtext(f"{ATOM}id") for entry in whole.iter(f"{ATOM}entry")]
    assert len(set(ids)) == 4


def test_nothing_built_is_said_in_one_sentence(tmp_path, root):
    with pytest.raises(SnaError, match="no built site"):
        write_catalogue(tmp_path, root)


def notices(root, tmp_path, text):
    folder = tmp_path / "suffolk-2025"
    folder.mkdir()
    source = (root / "data" / "editions" / "suffolk-2025" / "edition.yml").read_text(encoding="utf-8")
    (folder / "edition.yml").write_text(source + text, encoding="utf-8")
    return read_edition(folder, root)


def test_an_edition_states_its_notices(root, tmp_path):
    said = "notices:\n  - {kind: withdrawal, date: 2026-01-05, text: The source was withdrawn.}\n"
    edition = notices(root, tmp_path, said)
    assert [(one.kind, one.text) for one in edition.notices] == [("withdrawal", "The source was withdrawn.")]
    assert isinstance(edition.notices[0], Notice)
    assert open_edition("suffolk-2025", str(root)).notices == ()
    built = replace(open_edition("suffolk-2025", str(root)), notices=edition.notices)
    assert "<strong>Withdrawal, 5 January 2026.</strong> The source was withdrawn." in notices_html(built)
    assert record_of(built, (1.23456, 52.0))["notices"] == [{"kind": "withdrawal", "date": "2026-01-05", "text": "The source was withdrawn."}]


@pytest.mark.parametrize("wrong", ["notices: soon\n", "notices: [{kind: rumour, date: 2026-01-05, text: x}]\n", "notices: [{kind: correction, text: x}]\n"])
def test_a_notice_that_breaks_a_rule_is_refused_with_its_field(root, tmp_path, wrong):
    with pytest.raises(SnaError, match="notices"):
        notices(root, tmp_path, wrong)


def test_the_command_writes_the_catalogue_where_it_is_told(folder, root, capsys):
    assert main(["index", "--project", str(root), "--from", str(folder)]) == 0
    assert "3 editions" in capsys.readouterr().out and (folder / "editions.atom").is_file()
