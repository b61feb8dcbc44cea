"""Places and place changes, on a made-up district that two partnerships share."""

from __future__ import annotations

import gzip
from functools import partial

import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, lookups

LSOAS = ["E01000001", "E01000002", "E01000003", "W01000004"]


@pytest.fixture
def raw(tmp_path) -> RawFolder:
    """Return lookups for three English LSOAs in a district with two partnerships, and one in Wales."""
    folder = RawFolder(tmp_path)
    add = partial(folder.add, "ons_lookups")
    add(
        "lookup_lsoa21_ward24_ltla24.csv.gz",
        "lsoa21_name,lsoa21_code,ward24_name,ward24_code,ltla24_name,ltla24_code\n"
        "Coast 001A,E01000001,North,E05000001,East Shire,E07000900\n"
        "Coast 001B,E01000002,North,E05000001,East Shire,E07000900\n"
        "Marsh 001A,E01000003,South,E05000002,East Shire,E07000900\n"
        "Cwm 001A,W01000004,Cwm,W05000001,Cwm,W06000001\n",
    )
    add("lookup_ltla23_utla23.csv.gz", "ltla23_code,utla23_code,utla23_name\nE07000900,E10000900,Shire\nW06000001,W06000001,Cwm\n")
    add("lookup_ltla24_region24.csv.gz", "ltla24_code,region24_name\nE07000900,East of England\n")
    add(
        "lookup_ltla24_csp24_pfa24.csv.gz",
        "ltla24_code,csp24_code,csp24_name,pfa24_code,pfa24_name\n"
        'E07000900,E22000901,Coast,E23000900,"Shire & Vale"\nE07000900,E22000902,Marsh and Fen,E23000900,"Shire & Vale"\n'
        "W06000001,W22000001,Cwm,W15000001,Gwent\n",
    )
    add("lookup_lsoa11_ltla18.csv.gz", "lsoa11_code,ltla18_name\nE01000001,Coast\nE01000009,Marsh\n")
    add(
        "lookup_lsoa11_lsoa21_ltla22.csv.gz",
        "lsoa11_code,change_code,lsoa21_code\n"
        "E01000001,S,E01000001\nE01000001,S,E01000002\nE01000009,U,E01000003\nW01000004,U,W01000004\n",
    )
    add("lookup_lsoa21_icb24.csv.gz", "lsoa21_code,icb24_code,icb24_name\n" + "".join(f"{c},E54000001,Board\n" for c in LSOAS[:3]))
    add("ruc21_lsoa21.csv.gz", "lsoa21_code,ruc,classification\n" + "".join(f"{c},Rural,Smaller rural\n" for c in LSOAS))
    folder.add(
        "ons_population",
        "census21_pop.csv.gz",
        "lsoa21_code,age_group,usual_residents\nE01000001,a,100.0\nE01000001,b,200.0\nE01000002,a,100.0\nE01000003,a,50\nW01000004,a,60\n",
    )
    return folder


def test_district_with_several_partnerships_goes_by_former_district(raw):
    places = lookups.build_places(raw).set_index("lsoa21cd")
    assert places["csp_name"].tolist() == ["Coast", "Coast", "Marsh and Fen", "Cwm"]
    assert places["force_slug"].tolist() == ["shire-and-vale"] * 3 + ["gwent"]


def test_labels_regions_and_gaps(raw):
    places = lookups.build_places(raw).set_index("lsoa21cd")
    assert places.loc["E01000002", "label"] == "North, East Shire (001B)"
    assert places.loc["E01000002", "msoa21nm"] == "Coast 001"
    assert places.loc["W01000004", "region_name"] == "Wales"
    assert places.loc["W01000004", ["icb24cd", "msoa21cd"]].isna().all() and places["lon"].isna().all()


def test_equal_labels_take_the_whole_lsoa_name(raw):
    path = raw.paths("ons_lookups", "lookup_lsoa21_ward24*")[0]
    raw.add("ons_lookups", path.name, gzip.decompress(path.read_bytes()).decode().replace("South,E05000002", "North,E05000001"))
    labels = lookups.build_places(raw).set_index("lsoa21cd")["label"]
    assert labels["E01000001"] == "North, East Shire (Coast 001A)" and labels["E01000003"] == "North, East Shire (Marsh 001A)"
    assert labels["E01000002"] == "North, East Shire (001B)" and labels.is_unique


def test_point_lies_in_the_boundary_held(raw):
    raw.add_squares("E10000900", {"E01000001": (1.0, 52.0)})
    place = lookups.build_places(raw).set_index("lsoa21cd").loc["E01000001"]
    assert 1.0 < place["lon"] < 1.01 and 52.0 < place["lat"] < 52.01


def test_district_without_upper_tier_is_named(raw):
    raw.add("ons_lookups", "lookup_ltla23_utla23.csv.gz", "ltla23_code,utla23_code,utla23_name\nW06000001,W06000001,Cwm\n")
    with pytest.raises(SnaError, match=r"lookup_ltla23_utla23.csv.gz has no row for East Shire \(E07000900\)"):
        lookups.build_places(raw)


def test_district_without_partnership_is_named(raw):
    text = "ltla24_code,csp24_code,csp24_name,pfa24_code,pfa24_name\nW06000001,W22000001,Cwm,W15000001,Gwent\n"
    raw.add("ons_lookups", "lookup_ltla24_csp24_pfa24.csv.gz", text)
    with pytest.raises(SnaError, match="no row for the district East Shire"):
        lookups.build_places(raw)


def test_renamed_column_of_a_lookup(raw):
    raw.add("ons_lookups", "ruc21_lsoa21.csv.gz", "LSOA21CD,ruc,classification\nE01000001,Rural,x\n")
    with pytest.raises(SnaError, match=r"ruc21_lsoa21\.csv\.gz has no column 'lsoa21_code'"):
        lookups.build_places(raw)


def test_shares_follow_census_residents(raw):
    changes = lookups.build_place_changes(raw)
    assert changes.groupby("lsoa11cd")["share"].sum().tolist() == pytest.approx([1, 1, 1], abs=1e-12)
    assert changes.loc[changes["lsoa11cd"] == "E01000001", "share"].tolist() == [0.75, 0.25]
    assert changes.loc[changes["change_code"] == "U", "share"].tolist() == [1.0, 1.0]
    assert list(changes.columns) == list(contracts.contract("place_changes").columns)


def test_lsoa_without_residents_is_named(raw):
    raw.add("ons_population", "census21_pop.csv.gz", "lsoa21_code,age_group,usual_residents\nE01000001,a,100\n")
    with pytest.raises(SnaError, match="census21_pop.csv.gz has no residents for E01000002"):
        lookups.build_place_changes(raw)


@pytest.mark.parametrize(
    ("districts", "partnerships", "expected"),
    [
        (["Coast", "Marsh"], ["Coast", "Marsh"], {"Coast": "Coast", "Marsh": "Marsh"}),
        (["North", "South Northshire"], ["North", "Dale and South Northshire"], {"South Northshire": "Dale and South Northshire"}),
        (["Hill", "Vale", "Church"], ["Hill", "Vale", "County"], {"Church": "County"}),
    ],
)
def test_partnerships_are_matched_by_name_then_part_then_rest(districts, partnerships, expected):
    matched = lookups.match_partnerships(districts, partnerships)
    assert expected.items() <= matched.items() and set(matched) == set(districts)


def test_ambiguous_partnership_is_refused():
    with pytest.raises(SnaError, match="No Community Safety Partnership can be told for the former district Fen"):
        lookups.match_partnerships(["Hill", "Fen"], ["Hill", "One", "Two"])
