"""The second site with made-up partner data: everything that rests on them says so, on the page, in the files and in words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from svd_lib.edition import open_edition, read_edition
from svd_lib.ingest.partners.cleared import cleared_kinds, read_cleared
from svd_lib.ingest.partners.register import KINDS

NAME = "suffolk-synthetic-partners-2025"
MARK = "Synthetic data: made up to show the page; says nothing about Suffolk"
LEAST_SUPPRESSED = 50


@pytest.fixture(scope="module")
def twin(root: Path) -> Path:
    """Return the twin's build folder, built again where anything changed."""
    command = [sys.executable, "-m", "svd_lib.cli", "build", "--edition", "suffolk-2025", "--with-synthetic-partners"]
    subprocess.run(command, cwd=root, check=True)
    return root / "_build" / NAME


def partner_exhibits(twin: Path) -> list[dict]:
    held = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((twin / "exhibits").glob("*.json")) if not path.name.endswith(".places.json")]
    return [one for one in held if any(source.startswith("partner_") for source in one["sources"])]


@pytest.mark.ci
def test_every_kind_is_made_up_released_and_marked(twin: Path, root: Path) -> None:
    edition = read_edition(twin / "edition", root)
    assert edition.is_synthetic and {kind.id for kind in cleared_kinds(edition)} == set(KINDS)
    records = [read_cleared(edition, kind).record for kind in KINDS.values()]
    assert all(record["is_synthetic"] and record["audit"]["is_safe"] for record in records)
    assert sum(record["audit"]["primary"] for record in records) >= LEAST_SUPPRESSED


@pytest.mark.ci
def test_every_exhibit_on_partner_data_is_marked_and_no_other(twin: Path) -> None:
    marked = partner_exhibits(twin)
    assert marked and all(one["mark"] == MARK for one in marked)
    ids = {one["id"] for one in marked}
    seen: set[str] = set()
    for page in sorted((twin / "html").glob("*.html")):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "lxml")
        for figure in soup.select("figure.sna-exhibit"):
            words = figure.select_one("p.sna-synthetic")
            assert (words is not None and words.get_text() == MARK) == (figure["id"] in ids), f"{page.name}: {figure['id']}"
            seen |= {figure["id"]} if words is not None else set()
        assert "Partner data in this build are synthetic" in soup.get_text() or page.stem in ("search", "genindex")
    assert seen == ids
    for one in marked:
        assert set(pd.read_csv(twin / "exhibits" / f"{one['id']}.csv")["synthetic"]) == {"yes"}
        if one["kind"] == "figure":
            assert one["alt"].startswith("Synthetic data. ") and "Synthetic data" in (twin / "exhibits" / f"{one['id']}.svg").read_text(encoding="utf-8")


@pytest.mark.ci
def test_every_sentence_on_partner_data_is_marked(twin: Path) -> None:
    every = json.loads((twin / "findings.json").read_text(encoding="utf-8"))["findings"]
    for name, one in every.items():
        rests = any(source.startswith("partner_") for source in one["sources"]) and one["status"] in ("current", "historic")
        assert bool(one.get("mark")) == rests == one["statement"].startswith("Synthetic data: "), name


@pytest.mark.ci
def test_the_site_rebuilds_from_the_released_counts_byte_for_byte(twin: Path, root: Path) -> None:
    assert list((twin / "partner-tables").glob("*.parquet")), "the tables before disclosure control are what a rebuild must not need"
    done = subprocess.run([sys.executable, "-m", "svd_lib.cli", "verify", "--edition", NAME], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{NAME}: same bytes, " in done.stdout and "rebuilt from nothing" in done.stdout


def test_the_real_edition_has_no_partner_data_and_says_so(root: Path, suffolk_site: Path) -> None:
    assert cleared_kinds(open_edition("suffolk-2025", str(root))) == []
    assert partner_exhibits(suffolk_site) == []
    page = BeautifulSoup((suffolk_site / "html" / "cohorts.html").read_text(encoding="utf-8"), "lxml")
    assert page.select_one("#cohorts-attendances-assault.sna-unavailable") is not None
    assert "sna-synthetic" not in page.decode() and "synthetic" not in page.get_text().casefold()
