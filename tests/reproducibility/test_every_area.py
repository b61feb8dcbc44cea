"""Areas of every kind build whole: a partnership, a district, a list of three neighbourhoods, and a Welsh force on made-up files.

The four forces and every district and partnership of Suffolk take too long for one run; those that other tests do not build are here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from svd_lib.build import stock
from svd_lib.edition import read_edition
from svd_lib.report.gaps import find_gap, load_gaps
from tests.unit.welsh_world import mirror_with_wales

pytestmark = [pytest.mark.mirror, pytest.mark.ci]

SUFFOLK = ("csp:Waveney", "district:Mid Suffolk", "lsoas:E01029870,E01029871,E01029872")
WALES = "force:Gwent"
CHAPTERS = ("index", "definitions", "trends", "drivers", "geography", "cohorts", "voice", "recommendations", "data-quality")
BROKEN = re.compile(r"\bnan\b|\bNaN\b|\bNone\b(?! of )|\b0 of (?:the )?0\b|\b1 of the 1\b|\binf\b|\bNaT\b|\{\w+\}")
APART = "figure.sna-exhibit, table, script, style, .sna-origin, .sna-caveats, .sna-tag"


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project without anything built or fetched."""
    return stock.copy_project(root, tmp_path_factory.mktemp("areas") / "project")


@pytest.fixture(scope="module")
def built(project: Path, mirror: Path) -> list[Path]:
    """Return the build folders of all areas, each built whole."""
    _run(project, mirror, "--areas", _listed(project))
    _run(project, mirror_with_wales(mirror, project.parent / "mirror"), "--area", WALES)
    return sorted(path.parent for path in (project / "_build").glob("*/digest.json"))


def _listed(project: Path) -> str:
    path = project / "areas.txt"
    path.write_text("\n".join(SUFFOLK), encoding="utf-8")
    return str(path)


def _run(project: Path, mirror: Path, *choice: str) -> None:
    command = [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--mirror", str(mirror), *choice]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def _page(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def _said(page: BeautifulSoup) -> str:
    article = page.select_one("article.bd-article")
    for element in article.select(APART):
        element.decompose()
    return " ".join(article.get_text(" ").split())


def _edition(build: Path, project: Path):
    return read_edition(build / "edition", project)


def test_every_area_has_every_chapter(built: list[Path]) -> None:
    assert len(built) == len(SUFFOLK) + 1
    for build in built:
        for name in CHAPTERS:
            assert len(_said(_page(build / "html" / f"{name}.html")).split()) > 30, f"{build.name}: {name}"


def test_boxes_stand_only_for_named_gaps(built: list[Path], project: Path) -> None:
    gaps = load_gaps(project)
    for build in built:
        edition = _edition(build, project)
        found = json.loads((build / "findings.json").read_text(encoding="utf-8"))["findings"]
        missing = [name for name, one in found.items() if one["value"] is None]
        boxes = [box["id"].removeprefix("finding-") for path in (build / "html").glob("*.html") for box in _page(path).select(".sna-unavailable[id]")]
        print(f"{build.name}: {len(found) - len(missing)} of {len(found)} findings have a value, {len(boxes)} boxes")
        assert all(find_gap(gaps, name, edition).source for name in {*missing, *boxes})
        assert len(found) - len(missing) > len(missing)


def test_at_most_one_box_a_section(built: list[Path]) -> None:
    for build in built:
        for path in (build / "html").glob("*.html"):
            for section in _page(path).select("article.bd-article section"):
                own = [box for box in section.select(".sna-unavailable") if box.find_parent("section") is section]
                assert len(own) <= 1, f"{build.name}, {path.name}: {section.get('id')}"


def test_no_sentence_is_broken(built: list[Path]) -> None:
    for build in built:
        for path in sorted((build / "html").glob("*.html")):
            page = _page(path)
            if page.select_one("article.bd-article") is not None:
                assert not BROKEN.findall(_said(page)), f"{build.name}, {path.name}"
        for name, one in json.loads((build / "findings.json").read_text(encoding="utf-8"))["findings"].items():
            said = one["statement"] if one["value"] is not None else ""
            assert not BROKEN.search(said) and "not available" not in said, f"{build.name}: {name}: {said}"


def test_no_page_of_wales_speaks_of_suffolk(built: list[Path]) -> None:
    (wales,) = (build for build in built if build.name.startswith("gwent"))
    said = {path.name: _said(_page(path)) for path in (wales / "html").glob("*.html") if _page(path).select_one("article.bd-article")}
    assert {name for name, words in said.items() if "Suffolk" in words or "Ipswich" in words} == set()
