"""Areas by name and code: what is taken, what is refused, and with which words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from svd_lib import vocabulary
from svd_lib.edition import Area, open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.areas import LSOA_LIST_NAME, area_of, read_past_districts, resolve_area, slug
from svd_lib.ingest.new_edition import national_places
from svd_lib.sources.mirror import open_mirror


def _row(lsoa: int, ward: str, lad: tuple, utla: tuple, csp: tuple, pfa: tuple) -> dict:
    return {
        "lsoa21cd": f"E010000{lsoa:02d}",
        "ward24cd": f"E050000{ward[0]}",
        "ward24nm": ward[1],
        "lad24cd": lad[0],
        "lad24nm": lad[1],
        "utla_code": utla[0],
        "utla_name": utla[1],
        "csp24cd": csp[0],
        "csp_name": csp[1],
        "pfa24cd": pfa[0],
        "pfa_name": pfa[1],
        "force_slug": vocabulary.force_slug(pfa[1]),
    }


@pytest.fixture
def places() -> pd.DataFrame:
    """Two forces: one wider than the county of its name, one equal to it; a district in two partnerships."""
    essex, wide = ("E23000028", "Essex"), ("E10000012", "Essex")
    suffolk, county = ("E23000025", "Suffolk"), ("E10000029", "Suffolk")
    southend = ("E06000033", "Southend-on-Sea")
    east = ("E07000244", "East Suffolk")
    return pd.DataFrame(
        [
            _row(1, ("01", "Castle"), ("E07000071", "Colchester"), wide, ("E22000081", "Colchester"), essex),
            _row(2, ("02", "Leigh"), southend, southend, ("E22000090", "Southend-on-Sea"), essex),
            _row(3, ("03", "Kirkley"), east, county, ("E22000278", "Waveney"), suffolk),
            _row(4, ("04", "Castle"), east, county, ("E22000274", "Suffolk Coastal"), suffolk),
            _row(5, ("05", "Bridge & Dock"), ("E07000202", "Ipswich"), county, ("E22000273", "Ipswich"), suffolk),
        ]
    )


def test_a_force_by_name_carries_its_places(places: pd.DataFrame) -> None:
    area = resolve_area("force:essex", places)
    assert (area.code, area.force_slug, area.lsoa21cd) == ("E23000028", "essex", ("E01000001", "E01000002"))
    assert area.utla == {"E06000033": "Southend-on-Sea", "E10000012": "Essex"}


def test_a_bare_name_is_taken_when_every_meaning_covers_the_same(places: pd.DataFrame) -> None:
    assert resolve_area("Suffolk", places).kind == "force"
    assert resolve_area(" ipswich ", places).kind == "district"
    assert resolve_area("Southend on sea", places).kind == "county"


def test_a_bare_name_that_differs_is_refused_with_the_choices(places: pd.DataFrame) -> None:
    with pytest.raises(SnaError) as refusal:
        resolve_area("Essex", places)
    said = str(refusal.value)
    assert "force:Essex" in said and "county:Essex" in said and "E23000028" in said and "E10000012" in said
    assert "the force includes Southend-on-Sea, the county does not" in said


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("E07000244", "district", "E07000244"),
        ("e23000025", "force", "E23000025"),
        ("csp:E22000278", "csp", "E22000278"),
        ("Waveney", "csp", "E22000278"),
        ("ward:bridge and dock", "ward", "E05000005"),
        ("ward:Castle, East Suffolk", "ward", "E05000004"),
    ],
)
def test_codes_and_names_of_every_kind(places: pd.DataFrame, text: str, kind: str, code: str) -> None:
    area = resolve_area(text, places)
    assert (area.kind, area.code) == (kind, code)


def test_a_ward_name_in_two_districts_is_refused(places: pd.DataFrame) -> None:
    with pytest.raises(SnaError, match="Castle, Colchester.*Castle, East Suffolk"):
        resolve_area("ward:Castle", places)


def test_a_district_of_before_2019_is_pointed_to_its_partnership(places: pd.DataFrame) -> None:
    with pytest.raises(SnaError, match="no district 'Waveney' in 2024; of that name there is csp:Waveney"):
        resolve_area("district:Waveney", places)
    past = {"Waveney": "East Suffolk", "Forest Heath": "West Suffolk"}
    with pytest.raises(SnaError, match="it was a district until a merger and now lies in West Suffolk"):
        resolve_area("forest heath", places, past_districts=past)


def test_an_unknown_name_gets_the_near_ones(places: pd.DataFrame) -> None:
    with pytest.raises(SnaError, match="near names are .*Suffolk"):
        resolve_area("Sufolk", places)
    with pytest.raises(SnaError, match="'planet' is not a kind of area"):
        resolve_area("planet:Mars", places)


def test_a_list_of_neighbourhoods(places: pd.DataFrame, tmp_path: Path) -> None:
    listed = tmp_path / "quarter.txt"
    listed.write_text("# name: Harbour quarter\nE01000005\nE01000003\n", encoding="utf-8")
    from_file = resolve_area(f"lsoas:{listed}", places)
    from_text = resolve_area("lsoas:E01000003, E01000005", places)
    assert from_file.name == "Harbour quarter" and from_text.name == "2 neighbourhoods in East Suffolk and Ipswich"
    assert from_file.code == from_text.code and from_file.lsoa21cd == ("E01000003", "E01000005")
    with pytest.raises(SnaError, match="'E01000099' is not an LSOA 2021 code"):
        resolve_area("lsoas:E01000003,E01000099", places)
    with pytest.raises(SnaError, match="choose neighbourhoods of one force"):
        resolve_area("lsoas:E01000001,E01000003", places)
    with pytest.raises(SnaError, match="neither a list of LSOA codes nor a file"):
        resolve_area("lsoas:nowhere.txt", places)


def test_a_list_may_hold_codes_of_2011(places: pd.DataFrame) -> None:
    changes = pd.DataFrame({"lsoa11cd": ["E01000090"] * 2, "lsoa21cd": ["E01000003", "E01000004"], "change_code": ["S"] * 2})
    assert resolve_area("lsoas:E01000090", places, changes).lsoa21cd == ("E01000003", "E01000004")


def test_slugs_tell_areas_of_one_name_apart(places: pd.DataFrame) -> None:
    assert slug(resolve_area("force:Essex", places)) == "essex"
    assert slug(resolve_area("county:Essex", places)) == "essex-county"
    assert slug(resolve_area("district:Ipswich", places)) == "ipswich"
    assert slug(resolve_area("ward:Castle, East Suffolk", places)) == "castle-east-suffolk-ward"
    assert slug(resolve_area("csp:Waveney", places)) == "waveney-csp"
    listed = resolve_area("lsoas:E01000003", places)
    assert slug(listed) == f"one-neighbourhood-in-east-suffolk-{listed.code[-8:]}"


def test_an_edition_of_a_list_reads_it_beside_its_description(places: pd.DataFrame, root: Path, tmp_path: Path) -> None:
    area = resolve_area("lsoas:E01000003,E01000005", places)
    edition = replace(open_edition("suffolk-2025", str(root)), area_kind="lsoas", area_code=area.code, folder=tmp_path)
    (tmp_path / LSOA_LIST_NAME).write_text("E01000005\nE01000003\n", encoding="utf-8")
    assert area_of(edition, places).lsoa21cd == area.lsoa21cd
    (tmp_path / LSOA_LIST_NAME).write_text("E01000005\n", encoding="utf-8")
    with pytest.raises(SnaError, match="holds another list"):
        area_of(edition, places)


def test_an_area_survives_json(places: pd.DataFrame) -> None:
    area = resolve_area("force:Suffolk", places)
    assert Area.from_dict(area.to_dict()) == area
    with pytest.raises(SnaError, match="lacks the field"):
        Area.from_dict({"kind": "force"})


@pytest.fixture(scope="module")
def published(mirror: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Every place of England and Wales, from the published lookups."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(root / "data" / "reference", project / "data" / "reference")
    shutil.copy(root / "data" / "sources.yml", project / "data")
    return national_places(open_mirror(mirror), project)


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("text", "kind", "code", "neighbourhoods"),
    [
        ("Suffolk", "force", "E23000025", 449),
        ("Ipswich", "district", "E07000202", 85),
        ("force:Essex", "force", "E23000028", 1111),
        ("county:Essex", "county", "E10000012", 903),
        ("Waveney", "csp", "E22000278", 72),
        ("csp:Western Suffolk", "csp", "E22000373", 219),
        ("Devon and Cornwall", "force", "E23000035", 1066),
        ("E06000034", "county", "E06000034", 100),
        ("ward:Westgate, Ipswich", "ward", "E05007130", 5),
    ],
)
def test_published_places_resolve(published: pd.DataFrame, text: str, kind: str, code: str, neighbourhoods: int) -> None:
    area = resolve_area(text, published)
    assert (area.kind, area.code, len(area.lsoa21cd)) == (kind, code, neighbourhoods)


@pytest.mark.mirror
def test_published_places_hold_the_traps(published: pd.DataFrame, root: Path) -> None:
    assert set(resolve_area("district:East Suffolk", published).csp) == {"E22000274", "E22000278"}
    with pytest.raises(SnaError, match="the force includes Southend-on-Sea, Thurrock, the county does not"):
        resolve_area("Essex", published)
    past = read_past_districts(root)
    assert not set(past) & set(published["lad24nm"]) and set(past.values()) <= set(published["lad24nm"])
    with pytest.raises(SnaError, match="now lies in West Suffolk"):
        resolve_area("Forest Heath", published, past_districts=past)
