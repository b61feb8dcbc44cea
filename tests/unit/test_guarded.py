"""Open counts that a source's rule hides, such as NHS counts of 1 to 7, are attacked like a partner's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from svd_lib.build.audit import audit_edition, check_release
from svd_lib.build.guarded import guard_indicator, small_indicators
from svd_lib.build.small_counts import may_hold_small_counts
from svd_lib.disclosure.published import read_published
from svd_lib.disclosure.thresholds import RULES
from svd_lib.disclosure.verdict import judge
from svd_lib.edition import Edition, read_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.view import OPEN_RULE, SMALL, has_small_counts
from svd_lib.sources.registry import read_registry

MONTHS = [f"2024-{month:02}" for month in range(1, 13)]
COUNTS = {"Northtown": [9, 8, 12, 10, 9, 11, 8, 9, 14, 9, 10, 3], "Southtown": [15, 20, 12, 18, 16, 11, 19, 9, 14, 9, 10, 22]}


def _rows() -> pd.DataFrame:
    """Return monthly and yearly admissions of two districts and England, as a publisher that hides nothing would give them."""
    rows = []
    for area, counts in {**COUNTS, "England": [2000 + n for n in range(12)]}.items():
        kind = "country" if area == "England" else "district"
        rows += [(area, kind, month, f"{month}-01", f"{month}-01", value) for month, value in zip(MONTHS, counts)]
        rows.append((area, kind, "2024", "2024-01-01", "2024-12-01", sum(counts)))
    frame = pd.DataFrame(rows, columns=["area_name", "area_kind", "period_label", "period_start", "period_end", "value"])
    frame = frame.assign(period_start=pd.to_datetime(frame["period_start"]), period_end=pd.to_datetime(frame["period_end"]), value=frame["value"].astype(float))
    return frame.assign(indicator="assault_admissions", source="nhs_knife_admissions", category="all", unit="finished admission episodes")


def _publish(site: Path, rows: pd.DataFrame, name: str = "assault-admissions.csv") -> None:
    site.mkdir(parents=True, exist_ok=True)
    rows.rename(columns={"value": "admissions"})[["area_name", "period_label", "admissions"]].to_csv(site / name, index=False)


def _leaks(site: Path) -> list[str]:
    return [leak.cell for leak in judge(read_published(site), [guard_indicator(_rows(), "nhs_1_7")]).leaks]


def test_a_count_of_one_to_seven_is_protected_and_months_make_a_year() -> None:
    table = guard_indicator(_rows(), "nhs_1_7")
    assert list(table.system.cells[table.protected]) == ["Northtown|2024-12|all"]
    assert table.system.relations.shape[0] == 3 and "finished admission episodes" in table.terms


def test_a_small_count_left_out_is_worked_out_from_its_year_and_found(tmp_path: Path) -> None:
    rows = _rows()
    small = (rows["area_name"] == "Northtown") & (rows["period_label"] == "2024-12")
    year = (rows["area_name"] == "Northtown") & (rows["period_label"] == "2024")
    _publish(tmp_path / "html", rows[~small & ~year])
    assert _leaks(tmp_path / "html") == []
    _publish(tmp_path / "html", rows[year], "assault-admissions-years.csv")
    assert _leaks(tmp_path / "html") == ["Northtown|2024-12|all"]


def test_rounded_to_five_as_the_publisher_does_nothing_is_given_away(tmp_path: Path) -> None:
    rows = _rows()
    rounded = rows.assign(value=(rows["value"] / 5).round() * 5)[rows["value"] > 7]
    _publish(tmp_path / "html", rounded.rename(columns={"area_name": "area_name"}))
    assert _leaks(tmp_path / "html") == []


def test_a_small_count_in_alt_text_is_found(tmp_path: Path) -> None:
    site = tmp_path / "html"
    site.mkdir()
    (site / "a.html").write_text('<html><head><title>Assault admissions</title></head><body><img src="x.svg" alt="Assault admissions in Northtown, 2024-12: 3."></body></html>')
    assert _leaks(site) == ["Northtown|2024-12|all"]


@pytest.fixture
def edition(root: Path, tmp_path: Path) -> Edition:
    """Return a copy of the Suffolk edition whose embedded figures hold the admissions."""
    copy = tmp_path / "project"
    shutil.copytree(root / "data" / "editions" / "suffolk-2025", copy / "data" / "editions" / "suffolk-2025")
    (copy / "data" / "editions" / "suffolk-2022").symlink_to(root / "data" / "editions" / "suffolk-2022")
    for name in ("reference", "sources.yml"):
        (copy / "data" / name).symlink_to(root / "data" / name)
    return read_edition(copy / "data" / "editions" / "suffolk-2025", copy)


def test_a_build_with_a_small_nhs_count_is_attacked_and_stopped(edition: Edition) -> None:
    assert not may_hold_small_counts(edition) and small_indicators(edition) == []
    path = edition.snapshot_path / "indicators.parquet"
    held, registry = pd.read_parquet(path), read_registry(edition.root)
    both = pd.concat([held, _rows()])
    assert has_small_counts(both, registry) and not has_small_counts(held, registry)
    both.to_parquet(path, index=False)
    manifest = edition.snapshot_path / "view.json"
    manifest.write_text(manifest.read_text().replace('"has_small_counts": false', '"has_small_counts": true'))
    assert may_hold_small_counts(edition)
    assert [table.name for table in small_indicators(edition)] == ["assault admissions"]
    rows = _rows()
    _publish(edition.build_path / "html", rows[rows["value"] > 7])
    assert len(audit_edition(edition).leaks) == 1
    with pytest.raises(SnaError, match="The site was not published: assault admissions: any reader can work out the count of Northtown"):
        check_release(edition, edition.build_path)


def test_no_rule_hides_a_count_that_the_view_takes_for_large() -> None:
    assert max(rule.hide_below for rule in RULES.values()) - 1 <= SMALL
    assert RULES[OPEN_RULE].is_open


def test_a_view_that_does_not_say_is_attacked(edition: Edition) -> None:
    manifest = edition.snapshot_path / "view.json"
    manifest.write_text(manifest.read_text().replace(' "has_small_counts": false,\n', ""))
    assert may_hold_small_counts(edition)
