"""A small project in which a chapter can be opened: one edition, two sources, one gap, one fact."""

from __future__ import annotations

import json
from pathlib import Path

from svd_lib.edition import Edition, open_edition

EDITION = "testland-2025"
_EDITION_YML = """\
name: testland-2025
title: Serious violence in Testland
area: {kind: county, code: E10000029}
period_end: 2025-12-31
definition: test@1
partnership: Testland Partnership
inputs: embedded
status: demonstration
"""
_SOURCES_YML = """\
schema: 1
licences:
  OGL-3.0: {title: Open Government Licence v3.0, url: "https://example.org/ogl"}
attribution_lines:
  ogl: Contains public sector information licensed under the Open Government Licence v3.0.
sources:
  police: &source
    title: Street crime
    publisher: The Publisher & Co
    licence: OGL-3.0
    attribution: [ogl]
    landing_page: https://example.org/police
    cadence: monthly
    sensitivity: open
    disclosure_rule: as_published
    evidence: documented
    notes: [Places are snapped to map points.]
    files: []
  people:
    <<: *source
    title: Residents
    landing_page: null
  partner:
    <<: *source
    title: Attendances
    sensitivity: restricted
    disclosure_rule: partner_under_5
"""
_GAPS_YML = """\
gaps:
  - {id: trends-victims-age, areas: ["county"], question: "Who are the victims?", needs: victims by age, source: the police force}
  - {id: trends-else-*, areas: ["otherland-*"], needs: x, source: y}
"""
_FACTS_CSV = """\
id,claim,value,unit,source,url,tag,read_on
duty-start,The duty began in 2023.,2023,,The Act,https://example.org/act,verified,2026-11
"""
_AREA = {
    "kind": "county", "code": "E10000029", "name": "Testland", "force_slug": "testland", "pfa24cd": "E23000025", "pfa_name": "Testland",
    "lsoa21cd": ["E01000001"], "lad": {"E07000001": "Northtown", "E07000002": "Southtown"}, "csp": {"E22000001": "Testland"},
    "utla": {"E10000029": "Testland"},
}  # fmt: skip


def make_project(root: Path) -> Edition:
    """Write the project and open its edition."""
    folder = root / "data" / "editions" / EDITION
    (folder / "snapshot").mkdir(parents=True)
    (folder / "edition.yml").write_text(_EDITION_YML, encoding="utf-8")
    (folder / "snapshot" / "view.json").write_text(json.dumps({"schema": 1, "edition": EDITION, "area": _AREA}), encoding="utf-8")
    (root / "data" / "sources.yml").write_text(_SOURCES_YML, encoding="utf-8")
    reference = root / "data" / "reference"
    reference.mkdir()
    (reference / "known_gaps.yml").write_text(_GAPS_YML, encoding="utf-8")
    (reference / "facts.csv").write_text(_FACTS_CSV, encoding="utf-8")
    (reference / "evidence_ratings.csv").write_text("id,title,rating,source,tag\nhot-spots,Hot spots policing,reduces violence,A toolkit,verified\n", encoding="utf-8")
    return open_edition(EDITION, str(root))
