"""Builds from the publishers' files: equal to the embedded one to the last digit, and for any area without a change by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from svd_lib.build import stock
from svd_lib.yaml_text import read_yaml
from tests.site.test_features import TABLE, lacking

pytestmark = [pytest.mark.mirror, pytest.mark.ci]
SECOND_AREAS = ("force:Norfolk", "district:Ipswich", "force:Essex")
LEAST_SHARED = 0.9


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project without anything built or fetched."""
    return stock.copy_project(root, tmp_path_factory.mktemp("raw") / "project")


def _build(project: Path, *choice: str) -> dict:
    """Build from the mirror and return what the build folder's findings.json holds."""
    before = set((project / "_build").glob("*/findings.json")) if (project / "_build").is_dir() else set()
    built = subprocess.run(
        [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), *choice], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-2000:]
    (made,) = set((project / "_build").glob("*/findings.json")) - before
    assert (made.parent / "html" / "index.html").is_file()
    return json.loads(made.read_text(encoding="utf-8"))


def test_raw_and_embedded_findings_are_equal(project: Path, mirror: Path, suffolk_site: Path) -> None:
    raw = _build(project, "--edition", "suffolk-2025", "--mirror", str(mirror))["findings"]
    embedded = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    shared = set(raw) & set(embedded)
    print(f"{len(shared)} of {len(set(raw) | set(embedded))} findings exist in both builds")
    assert len(shared) >= LEAST_SHARED * len(set(raw) | set(embedded))
    assert {name for name in shared if raw[name] != embedded[name]} == set()


@pytest.mark.parametrize("area", SECOND_AREAS)
def test_another_area_builds_without_a_change_by_hand(area: str, project: Path, mirror: Path, root: Path) -> None:
    made = _build(project, "--area", area, "--mirror", str(mirror))
    current = [entry for entry in made["findings"].values() if entry["value"] is not None]
    print(f"{area}: {len(current)} of {len(made['findings'])} findings have a value")
    assert len(current) > len(made["findings"]) / 2
    pages = (project / "_build" / made["edition"] / "html").glob("*.html")
    other = "not a publication of the Suffolk partnership"
    assert {page.name for page in pages if other in page.read_text(encoding="utf-8")} == set()
    if area == "force:Norfolk":
        rows = read_yaml((root / TABLE).read_text(encoding="utf-8"))["rows"]
        assert lacking(project / "_build" / made["edition"], rows, ["ids"], leave_out="not_of_norfolk") == set()
