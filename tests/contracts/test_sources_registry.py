"""The registry against the data: every file of the mirror is described, and every lock and credit line follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from svd_lib.edition import list_editions
from svd_lib.ingest.contracts import CONTRACTS
from svd_lib.sources.lock import read_lock
from svd_lib.sources.registry import EVIDENCE, Registry, read_registry

SOURCES = 24


@pytest.fixture(scope="module")
def registry(root: Path) -> Registry:
    return read_registry(root)


def test_every_source_is_described_and_credited(registry: Registry) -> None:
    assert len(registry.sources) == SOURCES
    for source in registry.sources.values():
        assert source.files and source.licence_url.startswith("https://"), source.id
        assert source.evidence in EVIDENCE and source.sensitivity == "open", source.id
        assert all(line.endswith(".") for line in source.attribution), source.id


def test_credit_lines_where_they_are_due(registry: Registry) -> None:
    ogl = "Contains public sector information licensed under the Open Government Licence v3.0."
    assert registry.attribution(["police_uk_archive"]) == (ogl,)
    for source in ("ons_boundaries", "ons_lookups"):
        lines = " ".join(registry.attribution([source]))
        assert "Source: Office for National Statistics" in lines and "Contains OS data © Crown copyright" in lines
    assert "to be confirmed" in registry.source("nhs_knife_admissions").licence_title
    assert registry.source("nhs_knife_admissions").disclosure_rule == "nhs_1_7"


def test_every_table_named_has_a_contract(registry: Registry) -> None:
    named = {table for source in registry.sources.values() for entry in source.files for table in entry.tables}
    assert named == {*CONTRACTS, "boundaries"}


def test_every_locked_input_is_described_and_in_time(registry: Registry, root: Path) -> None:
    for edition in list_editions(root):
        month = f"{edition.period_end:%Y-%m}"
        for entry in read_lock(edition.lock_path).inputs:
            described = registry.source(entry.source).file_of(entry.name, entry.member)
            assert described.serves(month), entry.shown
            found = described.match(entry.name, entry.member)
            assert all(found[key] <= month for key in ("archive_month", "month") if key in found), entry.shown


def test_editions_take_the_index_and_table_of_their_time(root: Path) -> None:
    names = {edition.name: {entry.name for entry in read_lock(edition.lock_path).inputs} for edition in list_editions(root)}
    assert "imd2019_england_lsoa11.csv.gz" in names["suffolk-2022"] & names["suffolk-2025"]
    later = {"imd2025_england_lsoa21.csv.gz", "policeforceareatablesyejune25final.csv", "2025-12.zip"}
    assert later <= names["suffolk-2025"] and not later & names["suffolk-2022"]


@pytest.mark.mirror
def test_every_file_of_the_mirror_is_described(registry: Registry, mirror: Path) -> None:
    seen = set(_patterns_used(registry, mirror))
    assert seen == {(source.id, entry.pattern) for source in registry.sources.values() for entry in source.files if entry.evidence == "mirror"}


def _patterns_used(registry: Registry, mirror: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(mirror.glob("*/**/*")):
        if path.is_dir():
            continue
        source, *parts = path.relative_to(mirror).parts
        name = "/".join(parts)
        fits = [entry for entry in registry.source(source).files if entry.match_name(name) is not None]
        assert fits, f"{source}/{name} is not in data/sources.yml"
        yield source, fits[0].pattern
