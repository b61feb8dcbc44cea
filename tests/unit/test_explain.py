"""The trail of a number, and what the doctor says."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from svd_lib import cli
from svd_lib.build import doctor
from svd_lib.build.explain import _cell_of, explain_finding, trail_of
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError


@pytest.fixture(scope="module")
def edition(root: Path, suffolk_site: Path):
    return open_edition("suffolk-2025", str(root))


def test_a_trail_leads_from_the_sentence_to_the_files(edition, root):
    trail = trail_of(edition, "geography-violence-rate")
    assert trail["cell"]["notebook"] == "notebooks/geography.ipynb" and "geography-violence-rate" in trail["cell"]["source"]
    functions = {one["name"]: one for one in trail["functions"]}
    measure = functions["svd_lib.measures.rates.crude_rate"]
    assert "def crude_rate(" in (root / measure["file"]).read_text().splitlines()[measure["line"] - 1]
    rows = {table["name"]: table["rows"] for table in trail["tables"]}
    assert rows["places"] == len(pd.read_parquet(edition.view_path / "places.parquet")) == 449
    police = next(one for one in trail["sources"] if one["id"] == "police_uk_archive")
    locked = [entry for entry in json.loads(edition.lock_path.read_text())["inputs"] if entry["source"] == "police_uk_archive"]
    assert (police["files"], police["bytes"]) == (len(locked), sum(entry["bytes"] for entry in locked))


def test_every_finding_has_a_cell_and_a_trail(edition):
    findings = json.loads((edition.build_path / "findings.json").read_text())["findings"]
    assert [name for name in findings if _cell_of(edition, name)[1] is None] == []
    for name in sorted(findings)[::20]:
        trail = trail_of(edition, name)
        assert trail["sources"] or not findings[name]["sources"]
        assert trail["statement"] in explain_finding(edition, name)


def test_an_unknown_finding_is_refused_with_those_of_its_chapter(edition):
    with pytest.raises(SnaError, match="geography-violence-rate"):
        trail_of(edition, "geography-weather")


def test_json_is_for_other_programs(edition, root, capsys):
    for command in (["explain", "geography-violence-rate"], ["editions"], ["doctor"]):
        assert cli.main([*command, "--project", str(root), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)


def test_the_doctor_says_how_to_mend_each_thing(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "NEEDED", ("no-such-package",))
    examined = doctor.examine(str(tmp_path))
    assert not doctor.is_well(examined)
    lacking = [one for one in examined if one.state == "lack"]
    assert {one.what.split()[0] for one in lacking} >= {"no-such-package"} and all(one.remedy for one in lacking)
    assert all(one.remedy for one in examined if one.state == "without" and "missing" in one.what)
