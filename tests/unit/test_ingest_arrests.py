"""Arrests and searches: sums by force, breaks in classification, and what is not available."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder, places_stub

from svd_lib.errors import SnaError
from svd_lib.ingest import arrests, contracts

TABLES = {"places": places_stub()}
HEADER = "financial_year,force_name,offence_group,ethnic_group,age_group,sex,arrests\n"


def built(raw: RawFolder) -> pd.Series:
    """Return arrests by indicator, area, period and category, after the contract."""
    frame = contracts.validate("indicators", arrests.build_arrests(raw, TABLES))
    return frame.set_index(["indicator", "area_code", "period_label", "category"])


def test_totals_and_breakdowns(tmp_path):
    raw = RawFolder(tmp_path)
    rows = "".join(
        f"2017/18,Downshire,2015/16 onwards - Robbery,{ethnic},10 - 17 years,{sex},{n}\n"
        for ethnic, sex, n in (("White", "Male", 4), ("White", "Female", 1), ("Mixed", "Male", 2))
    )
    raw.add("home_office_stats", "police-arrests-data.csv.gz", HEADER + rows + "2017/18,Downshire,2015/16 onwards - Theft offences,White,Unknown,Male,5\n")
    value = built(raw)["value"]
    key = ("E23000099", "2017/18")
    assert value["arrests", *key, "all"] == 12 and value["arrests_robbery", *key, "all"] == 7
    assert value["arrests_robbery", *key, "Age 10 - 17 years|Sex Male"] == 6
    assert value["arrests_robbery", *key, "Ethnic group Mixed"] == 2
    assert ("arrests_theft_offences", *key, "Ethnic group White") not in value.index


def test_old_and_new_groups_are_two_series(tmp_path):
    raw = RawFolder(tmp_path)
    rows = "2013/14,Downshire,Robbery,White,Unknown,Male,3\n2015/16,Downshire,2015/16 onwards - Robbery,White,Unknown,Male,4\n"
    raw.add("home_office_stats", "police-arrests-data.csv.gz", HEADER + rows)
    names = set(built(raw).index.get_level_values("indicator"))
    assert names == {"arrests", "arrests_robbery", "arrests_robbery_old_groups"}


def test_not_available_is_null_with_its_marker(tmp_path):
    raw = RawFolder(tmp_path)
    rows = "2017/18,Downshire,Robbery,White,Unknown,Male,3\n2017/18,Downshire,Robbery,White,Unknown,Female,NA\n"
    raw.add("home_office_stats", "police-arrests-data.csv.gz", HEADER + rows)
    row = built(raw).loc["arrests", "E23000099", "2017/18", "all"]
    assert pd.isna(row["value"]) and row["marker"] == "NA"


def test_force_spellings_and_forces_without_territory(tmp_path):
    raw = RawFolder(tmp_path)
    rows = "".join(f"2017/18,{name},Robbery,White,Unknown,Male,3\n" for name in ("Devon and Cornwall", "British Transport Police"))
    raw.add("home_office_stats", "police-arrests-data.csv.gz", HEADER + rows)
    assert set(built(raw).index.get_level_values("area_code")) == {"E23000098", "btp"}


def test_searches_add_what_is_there(tmp_path):
    raw = RawFolder(tmp_path)
    header = "year_ending,force_name,legislation,reason_for_search_arrest,ethnic_group_self_defined,searches,resultant_arrests\n"
    rows = "".join(
        f"2019-03-31,Downshire,Section 1 (PACE),{reason},White,{n},{k}\n"
        for reason, n, k in (("Drugs", "7", "2"), ("Offensive Weapons", "3", "NA"), ("Firearms", "NA", "NA"))
    )
    raw.add("home_office_stats", "search-arrests-data.csv.gz", header + rows)
    frame = contracts.validate("indicators", arrests.build_searches(raw, TABLES)).set_index(["indicator", "category"])
    assert frame.loc[("stop_searches", "all"), "value"] == 10
    assert frame.loc[("stop_searches", "Reason Offensive Weapons"), "value"] == 3
    assert frame.loc[("stop_search_arrests", "Reason Offensive Weapons"), "marker"] == "NA"
    assert frame["period_start"].unique().tolist() == [pd.Timestamp(2018, 4, 1)]


def test_missing_files_give_nothing_and_renamed_columns_a_sentence(tmp_path):
    raw = RawFolder(tmp_path)
    assert arrests.build_arrests(raw, TABLES).empty and arrests.build_searches(raw, TABLES).empty
    raw.add("home_office_stats", "police-arrests-data.csv.gz", HEADER.replace("sex", "gender") + "2017/18,Downshire,Robbery,White,x,Male,3\n")
    with pytest.raises(SnaError, match="has no column 'sex'"):
        arrests.build_arrests(raw, TABLES)
