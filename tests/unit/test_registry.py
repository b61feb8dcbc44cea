"""The registry of sources: what a file means, and the one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from svd_lib.errors import SnaError
from svd_lib.sources.registry import SourceFile, expand, read_registry

GOOD = """\
schema: 1
licences: {OGL: {title: Open licence, url: https://licence.example}}
attribution_lines: {a: Line A., b: Line B.}
sources:
  crimes:
    title: Crimes
    publisher: Police
    licence: OGL
    attribution: [a, b]
    landing_page: null
    cadence: monthly
    sensitivity: open
    disclosure_rule: as_published
    evidence: mirror
    copied_from: somewhere
    files:
      - {pattern: "{archive_month}.zip", member: "{month}/{month}-{force_slug}-street.csv", title: T, tables: [street_counts], period: P, publisher_version: "of {archive_month}", citation: C}
      - {pattern: table.csv, title: T, tables: [], needed: false, from: "2025-06", period: P, publisher_version: V, citation: C}
  maps:
    {title: Maps, publisher: Office, licence: OGL, attribution: [b], landing_page: https://maps.example, cadence: yearly, sensitivity: open, disclosure_rule: as_published, evidence: documented}
"""


def _registry(tmp_path: Path, text: str = GOOD):
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "sources.yml").write_text(text, encoding="utf-8")
    return read_registry(tmp_path)


def test_attribution_lines_come_once_each_in_order(tmp_path: Path) -> None:
    registry = _registry(tmp_path)
    assert registry.attribution(["crimes", "maps"]) == ("Line A.", "Line B.")
    assert registry.attribution(["maps", "crimes"]) == ("Line B.", "Line A.")
    assert registry.feeding("street_counts") == ("crimes",)
    with pytest.raises(SnaError, match="no source 'cats'; the sources are crimes, maps"):
        registry.source("cats")


def test_a_member_fits_only_with_one_month_in_folder_and_name(tmp_path: Path) -> None:
    source = _registry(tmp_path).source("crimes")
    found = source.files[0].match("2025-12.zip", "2025-01/2025-01-city-of-london-street.csv")
    assert found == {"archive_month": "2025-12", "month": "2025-01", "force_slug": "city-of-london"}
    assert source.files[0].match("2025-12.zip", "2025-01/2025-02-kent-street.csv") is None
    assert source.files[0].match("2025-12.zip") is None
    assert source.file_of("table.csv").citation == "C"
    with pytest.raises(SnaError, match="describes no file 'other.csv'"):
        source.file_of("other.csv")


def test_a_file_serves_editions_from_its_month_on(tmp_path: Path) -> None:
    late = _registry(tmp_path).source("crimes").files[1]
    wanted = SourceFile(**{**late.__dict__, "needed": True})
    assert not wanted.serves("2025-05") and wanted.serves("2025-06") and wanted.serves("2026-01")
    assert not late.serves("2026-01")


def test_expand_leaves_what_it_does_not_know() -> None:
    assert expand("lsoa/{utla_code}.gz", {"utla_code": "E10000029"}) == "lsoa/E10000029.gz"
    assert expand("lsoa/{utla_code}.gz", {}) == "lsoa/{utla_code}.gz"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema: 1", "schema: 2", "'schema' must be 1"),
        ("licence: OGL\n", "licence: MINE\n", "source 'crimes': the field 'licence' is 'MINE'"),
        ("attribution: [a, b]", "attribution: []", "source 'crimes': the field 'attribution' is empty"),
        ("attribution: [a, b]", "attribution: [c]", "the field 'attribution' is 'c'"),
        ("landing_page: null", "landing_page: ftp://x", "must begin with https:// or be null"),
        ("    landing_page: null\n", "", "the field 'landing_page' is absent"),
        ("cadence: monthly", "cadense: monthly", "the field 'cadense' is not known"),
        ("evidence: mirror", "evidence: rumour", "the field 'evidence' is 'rumour'"),
        ("{force_slug}-street", "{planet}-street", "the placeholder '{planet}' is not known"),
        ("tables: [street_counts]", "tables: []", "no tidy table is named"),
        ('from: "2025-06"', "from: June", "the field 'from' is 'June'"),
        ("    copied_from: somewhere\n", "", "'copied_from' is absent"),
        ("title: Crimes", "title: [", "is not valid YAML"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(SnaError) as refusal:
        _registry(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(refusal.value) and "data/sources.yml" in str(refusal.value)


def test_an_absent_registry_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnaError, match="sources.yml is not there"):
        read_registry(tmp_path)
