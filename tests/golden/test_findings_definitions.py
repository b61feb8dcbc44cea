"""Every finding of the definitions chapter, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from proofs.independent import definitions
from proofs.independent.compare import problems
from proofs.independent.setting import NEWEST, ROOT


@pytest.fixture(scope="module")
def findings(suffolk_site: Path) -> dict[str, dict]:
    content = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))
    return {name: found for name, found in content["findings"].items() if name.startswith("definitions-")}


def test_every_finding_is_recomputed(findings):
    assert problems(findings, definitions.recompute(NEWEST)) == []


def test_groups_that_mostly_met_the_definition():
    """The groups of the headline level are those of which at least half met the definition by code."""
    met = duckdb.sql(
        f"select o.offence_group, sum(count) filter (where c.offence_code in {definitions.listed(definitions.code_list('suffolk-ten'))}) / sum(count) as share "
        f"from '{NEWEST.folder}/recorded_crime.parquet' c join read_csv('{ROOT}/data/reference/offence_codes.csv', all_varchar=true) o using (offence_code) "
        f"where level = 'code' and area_code = '{definitions.FORCE}' group by 1 having share >= 0.5"
    ).fetchall()
    assert {name for name, _ in met} == {name.strip(" '") for name in definitions.MOSTLY.strip("()").split(",")}


def test_stated_words_and_published_figures(findings):
    """Figures that the publishers state, and the range over forces that the sentence names."""
    assert findings["definitions-core-share"]["value"] == 9.8
    assert findings["definitions-broad-share"]["value"] == 38.3
    assert findings["definitions-robbery-level"]["value"] == 218
    assert findings["definitions-injury-level"]["value"] == 5869
    forces = [row[0] for row in duckdb.sql(f"select distinct area_code from '{NEWEST.folder}/recorded_crime.parquet' where level = 'code' and area_code <> 'btp'").fetchall()]
    shares = [definitions.share_of("suffolk-ten", f"area_code = '{code}'")[0] for code in forces]
    assert len(forces) == 43
    assert f"{min(shares):.1f}% to {max(shares):.1f}%" in findings["definitions-forces-share"]["statement"]
