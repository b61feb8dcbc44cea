"""Every source that the domain guide and the project's list name has an entry, a loader and a way in that is tested.

Open ones: an entry, a table under contract or a layout, and a fetcher that ``tests/unit/test_publishers.py`` runs against a
replica, or a landing page for a file taken in by hand. Closed ones: a partner's template.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from svd_lib.ingest.contracts import CONTRACTS
from svd_lib.ingest.open_tables import publisher_columns
from svd_lib.ingest.partners.register import KINDS
from svd_lib.ingest.tidy import RECIPES
from svd_lib.sources.registry import FETCHERS, Registry, read_registry

OPEN = {
    "street-level archive": "police_uk_archive",
    "recorded crime by force, by partnership, and outcomes": "home_office_prc",
    "knife and firearm collections": "home_office_weapons",
    "arrests, stop and search": "home_office_stats",
    "deliberate fires": "fire_statistics",
    "boundaries": "ons_boundaries",
    "lookups": "ons_lookups",
    "small-area populations and Census tables": "ons_population",
    "Crime Severity Score tool": "ons_css",
    "police force area and partnership tables": "ons_pfa_tables",
    "Indices of Deprivation": "mhclg_iod",
    "violence admissions, first-time entrants": "fingertips",
    "sharp-object admissions": "nhs_knife_admissions",
    "suspensions and exclusions": "dfe_suspensions",
    "children in need factors": "dfe_csc",
    "local authority measures of children": "dfe_lait",
    "youth justice": "moj_youth_justice",
    "knife sentencing": "moj_knife_sentencing",
    "homelessness": "mhclg_homelessness",
    "Wales: deprivation": "wales_imd",
    "Wales: education": "wales_education",
    "Wales: children": "wales_children",
    "Wales: health": "wales_health",
    "Wales: fires": "wales_fire",
}
CLOSED = (
    "ed-attendances", "ambulance", "admissions", "police-crimes", "police-people", "youth-justice", "probation", "education",
    "social-care", "fire", "housing", "licensing", "survey",
)  # fmt: skip
NOT_READ = {"mhclg_homelessness": "its one file states no period, and a number without a period cannot be placed"}


@pytest.fixture(scope="module")
def registry(root: Path) -> Registry:
    """Return the registry."""
    return read_registry(root)


def test_the_list_and_the_registry_name_the_same_sources(registry: Registry) -> None:
    assert set(OPEN.values()) == set(registry.sources)


@pytest.mark.parametrize("source", OPEN.values(), ids=list(OPEN))
def test_an_open_source_has_a_way_in(registry: Registry, source: str) -> None:
    entry = registry.source(source)
    fetched = [file for file in entry.files if file.fetch is not None]
    assert all(file.fetch["by"] in FETCHERS for file in fetched)
    assert entry.met == ("replica" if fetched else "nothing"), "who has met a publisher says so here, with the day in CHANGELOG"
    assert fetched or source == "nhs_knife_admissions", "a source without a fetcher must be taken in by hand for a stated reason"


@pytest.mark.parametrize("source", OPEN.values(), ids=list(OPEN))
def test_an_open_source_has_a_loader_with_a_contract(registry: Registry, source: str) -> None:
    files = registry.source(source).files
    read = [file for file in files if file.tables]
    assert read or source in NOT_READ
    for file in read:
        assert set(file.tables) <= {*CONTRACTS, "boundaries"}
        recipes = [recipe for recipe in RECIPES if set(recipe.tables) & set(file.tables)]
        assert any(source in dict(recipe.reads) for recipe in recipes) or file.tables == ("boundaries",), f"{source}/{file.pattern} is read by no recipe"


def test_a_format_nobody_has_seen_is_read_by_a_layout_or_mapped_columns(registry: Registry) -> None:
    for source in registry.sources.values():
        for file in source.files:
            if file.evidence != "mirror" and file.tables and not file.pattern.endswith(".geojson"):
                assert file.columns or (file.read and publisher_columns(file.read)), f"{source.id}/{file.pattern}"
                assert not file.read or file.read["table"] in file.tables, f"{source.id}/{file.pattern}"


def test_layouts_have_ids_of_their_own(registry: Registry) -> None:
    ids = [file.read["indicator"] for source in registry.sources.values() for file in source.files if file.read]
    assert len(ids) == len(set(ids))


def test_each_nation_has_its_own_where_the_other_has(registry: Registry) -> None:
    of = {nation: {source.id for source in registry.sources.values() if source.nations == (nation,)} for nation in ("England", "Wales")}
    assert {"wales_imd", "wales_education", "wales_children", "wales_health", "wales_fire"} == of["Wales"]
    assert {"mhclg_iod", "dfe_suspensions", "dfe_csc", "fingertips", "fire_statistics"} <= of["England"]


def test_every_closed_source_has_a_partners_template(registry: Registry) -> None:
    assert set(CLOSED) <= set(KINDS)
    assert {f"partner_{kind.replace('-', '_')}" for kind in CLOSED} <= set(registry.partners)
