"""What the pages are made of, beside what they were made of: landmarks, headings, exhibits, words of pictures, columns of tables."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def summary(root: Path):
    spec = importlib.util.spec_from_file_location("summarise_structure", root / "tools" / "summarise_structure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(before: object, now: object, place: str = "") -> list[str]:
    """Return each place where two structures differ, as one line."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [line for name in sorted({*before, *now}) for line in differences(before.get(name), now.get(name), f"{place} > {name}" if place else name)]
    return [] if before == now else [f"{place}: {before} -> {now}"]


def test_the_site_is_made_of_what_it_was_made_of(site, summary):
    committed = json.loads(summary.TARGET.read_text(encoding="utf-8"))
    found = differences(committed, summary.structure_of(site.folder))
    assert found == [], f"if this is meant, run: {summary.COMMAND}"


def test_a_lost_heading_column_or_label_is_seen(summary):
    page = {"landmarks": ["main"], "headings": ["h1 a", "h2 b"], "exhibits": {"x": {"table": ["Area", "Rate"], "picture": {"words": ["Ipswich"]}}}}
    for changed in (
        {**page, "headings": ["h1 a"]},
        {**page, "exhibits": {}},
        {**page, "exhibits": {"x": {"table": ["Area"], "picture": {"words": ["Ipswich"]}}}},
        {**page, "exhibits": {"x": {"table": ["Area", "Rate"], "picture": {"words": []}}}},
    ):
        assert len(differences({"p.html": page}, {"p.html": changed})) == 1
    assert differences({"p.html": page}, {"p.html": page}) == []


def test_the_committed_summary_is_written_as_the_tool_writes_it(summary):
    text = summary.TARGET.read_text(encoding="utf-8")
    assert summary.as_text(json.loads(text)) == text
