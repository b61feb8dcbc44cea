"""The feature table, row by row: what a row says is delivered is on the page it names, with data, and a gap is a named gap."""

import fnmatch
import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from svd_lib.edition import open_edition
from svd_lib.report.gaps import find_gap, load_gaps

TABLE = Path("docs", "reference", "features.yml")
LEVELS = {"M", "G", "B", "N", "M/G"}


@pytest.fixture(scope="module")
def rows(root):
    return yaml.safe_load((root / TABLE).read_text(encoding="utf-8"))["rows"]


def delivered(build):
    """Return the ids of exhibits and findings of a build that have data."""
    found = json.loads((build / "findings.json").read_text(encoding="utf-8"))["findings"]
    return {path.stem for path in (build / "exhibits").glob("*.csv")} | {name for name, one in found.items() if one["value"] is not None}


def lacking(build, rows, kinds, leave_out="none"):
    """Return what rows promise and a build has not."""
    here = delivered(build)
    return {f"row {row['row']}: {name}" for row in rows for kind in kinds for name in row.get(kind, ()) if name not in here | set(row.get(leave_out, ()))}


def test_every_row_is_told_once(rows, root):
    assert [row["row"] for row in rows] == list(range(1, 37))
    for row in rows:
        assert row["level"] in LEVELS and {"ids", "partner", "words", "proof"} & row.keys(), row
        assert "proof" not in row or (root / row["proof"]).is_file(), row


@pytest.mark.site
def test_the_open_edition_has_what_each_row_names(rows, site, root):
    build = site.edition.build_path
    assert lacking(build, rows, ["ids"]) == set()
    gaps = load_gaps(root)
    promised = {name for row in rows for name in row.get("partner", ())}
    assert not promised & delivered(build)
    assert all(find_gap(gaps, name, site.edition).source for name in promised)


@pytest.mark.site
def test_a_listed_gap_is_a_gap(site, root):
    """What the data quality page lists as unanswered has no exhibit and no finding with a value."""
    here = delivered(site.edition.build_path)
    names = (site.edition.name, site.edition.slug, site.edition.area_kind, site.edition.area_code)
    listed = [gap for gap in load_gaps(root) if not gap.is_conditional and any(fnmatchcase(name, pattern) for name in names for pattern in gap.areas)]
    assert len(listed) > 5
    assert {gap.id: sorted(fnmatch.filter(here, gap.id)) for gap in listed if fnmatch.filter(here, gap.id)} == {}


@pytest.mark.site
def test_each_row_is_on_its_page(rows, site):
    for row in (row for row in rows if "page" in row):
        page = site.pages[f"{row['page']}.html"]
        assert row.get("words", "") in " ".join(page.get_text(" ").split()), row
        assert not row.get("ids") or any(page.select(f"#{name}, #finding-{name}") for name in row["ids"]), row


@pytest.mark.ci
def test_made_up_partner_data_fill_what_waits_for_partners(rows, root):
    edition = open_edition("suffolk-2025", str(root))
    twin = root / "_build" / "suffolk-synthetic-partners-2025"
    if not (twin / "findings.json").is_file():
        import subprocess
        import sys

        subprocess.run([sys.executable, "-m", "svd_lib.cli", "build", "--edition", edition.name, "--with-synthetic-partners"], cwd=root, check=True)
    assert lacking(twin, rows, ["ids", "partner"]) == set()
    voice = BeautifulSoup((twin / "html" / "voice.html").read_text(encoding="utf-8"), "lxml")
    assert all("self-selected" in figure.get_text() or figure["id"] == "voice-themes-quotes" for figure in voice.select("figure.sna-exhibit"))
    assert "[c]" in voice.select_one("#voice-priorities-groups").get_text()


def test_a_promise_that_is_not_kept_is_found(tmp_path, rows):
    (tmp_path / "exhibits").mkdir()
    (tmp_path / "findings.json").write_text(json.dumps({"findings": {"trends-cost-total": {"value": None}}}), encoding="utf-8")
    assert "row 20: trends-cost-total" in lacking(tmp_path, rows, ["ids"])
