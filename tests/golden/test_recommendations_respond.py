"""Recommendations follow the data: more violence in one place moves them, and a finding that goes away flags them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import papermill
import pytest

EDITION = "suffolk-2025"
KIND = "Violence and sexual offences"


@pytest.fixture
def project(root, tmp_path) -> Path:
    """Return a copy of the project's data that a test may change."""
    copy = tmp_path / "project"
    shutil.copytree(root / "data" / "editions", copy / "data" / "editions")
    shutil.copytree(root / "data" / "reference", copy / "data" / "reference")
    shutil.copy(root / "data" / "sources.yml", copy / "data")
    return copy


def advised(root: Path, project: Path, made: Path) -> dict:
    """Run the chapter on a project, beside what the other chapters found, and return its recommendations and targets."""
    given = {"edition": EDITION, "project_dir": str(project), "out_dir": str(made)}
    papermill.execute_notebook(
        root / "notebooks" / "recommendations.ipynb", made / "recommendations.ipynb", given, progress_bar=False, log_output=False
    )
    ordered = json.loads((made / "recommendations.json").read_text(encoding="utf-8"))["recommendations"]
    places = pd.read_csv(made / "exhibits" / "recommendations-target-places.csv", comment="#")
    return {"order": ordered, "places": places}


def found_before(site: Path, made: Path) -> Path:
    """Copy what the other chapters found into a folder of its own."""
    made.mkdir()
    shutil.copytree(site / "findings", made / "findings", ignore=shutil.ignore_patterns("recommendations.json"))
    return made


def double(snapshot: Path, msoa: str) -> None:
    """Double the violence recorded in one MSOA in the newest year."""
    places = pd.read_parquet(snapshot / "places.parquet")
    rows = pd.read_parquet(snapshot / "street_counts.parquet")
    inside = rows["lsoa21cd"].isin(places.loc[places["msoa21nm"] == msoa, "lsoa21cd"])
    struck = inside & (rows["crime_type"] == KIND) & (rows["month"] >= "2025-01-01") & (rows["location"] == "in_area")
    rows.loc[struck, "count"] *= 2
    rows.to_parquet(snapshot / "street_counts.parquet", index=False)
    manifest = json.loads((snapshot / "view.json").read_text(encoding="utf-8"))
    manifest["tables"]["street_counts"]["sha256"] = hashlib.sha256((snapshot / "street_counts.parquet").read_bytes()).hexdigest()
    (snapshot / "view.json").write_text(json.dumps(manifest), encoding="utf-8")


def busiest_untargeted(snapshot: Path, targeted: pd.Series) -> str:
    """Return the MSOA with most violence among those without a target."""
    places = pd.read_parquet(snapshot / "places.parquet")
    rows = pd.read_parquet(snapshot / "street_counts.parquet").query("crime_type == @KIND and month >= '2025-01-01' and location == 'in_area'")
    counted = places.assign(count=places["lsoa21cd"].map(rows.groupby("lsoa21cd")["count"].sum()), hit=places["label"].isin(targeted))
    by_msoa = counted.groupby("msoa21nm").agg(count=("count", "sum"), hit=("hit", "any"))
    return str(by_msoa.loc[~by_msoa["hit"], "count"].idxmax())


def test_twice_the_violence_in_one_msoa_changes_the_targets_and_their_reach(root, suffolk_site, project, tmp_path):
    before = advised(root, project, found_before(suffolk_site, tmp_path / "before"))
    snapshot = project / "data" / "editions" / EDITION / "snapshot"
    struck = busiest_untargeted(snapshot, before["places"]["label"])
    double(snapshot, struck)
    after = advised(root, project, found_before(suffolk_site, tmp_path / "after"))
    new = set(after["places"]["label"]) - set(before["places"]["label"])
    places = pd.read_parquet(snapshot / "places.parquet").set_index("label")["msoa21nm"]
    assert new and {places[label] for label in new} == {struck}
    reach = [next(item["score"] for item in run["order"] if item["id"] == "recommendations-focus-places") for run in (before, after)]
    assert reach[1] > reach[0]


@pytest.mark.parametrize(
    ("chapter", "finding", "recommendation"),
    [
        ("geography", "geography-concentration-half", "recommendations-focus-places"),
        ("cohorts", "cohorts-outcomes-unprosecuted", "recommendations-unresolved-cases"),
    ],
)
def test_a_finding_that_goes_away_flags_its_recommendation_and_lowers_it(root, suffolk_site, project, tmp_path, chapter, finding, recommendation):
    made = found_before(suffolk_site, tmp_path / "without")
    path = made / "findings" / f"{chapter}.json"
    part = json.loads(path.read_text(encoding="utf-8"))
    del part["findings"][finding]
    path.write_text(json.dumps(part), encoding="utf-8")
    ordered = advised(root, project, made)["order"]
    flagged = {item["id"]: item["reasons"] for item in ordered if item["is_flagged"]}
    assert flagged == {recommendation: [f"the finding {finding} is missing"]}
    assert ordered[-1]["id"] == recommendation


def test_every_recommendation_stands_on_findings_evidence_owner_measure_and_review(suffolk_site):
    ordered = json.loads((suffolk_site / "recommendations.json").read_text(encoding="utf-8"))["recommendations"]
    assert len(ordered) >= 5
    assert not [item["id"] for item in ordered if item["is_flagged"]]
    for item in ordered:
        assert item["findings"] and item["owner"] and item["measure"] and item["baseline"] and item["review"], item["id"]
    scores = [item["score"] for item in ordered if item["score"] is not None]
    assert scores == sorted(scores, reverse=True)


def test_no_effect_from_memory_enters_the_ranking(suffolk_site):
    findings = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    ordered = json.loads((suffolk_site / "recommendations.json").read_text(encoding="utf-8"))["recommendations"]
    for item in ordered:
        if item["score"] is not None:
            identifier, _, field = item["priority"].rpartition(".")
            assert item["score"] == findings[identifier][field] and "from memory" not in findings[identifier]["statement"]
