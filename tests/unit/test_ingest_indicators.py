"""Outcomes by code, district rates, and the table that puts all indicators together."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder, places_stub

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, fingertips, gazetteer, indicators, outcomes_by_code

TABLES = {"places": places_stub()}
OUTCOMES = "financial_year,force_name,offence_subgroup,offence_code,outcome_group,force_outcomes_for_offences_recorded_in_quarter\n"


def outcome_file(raw: RawFolder) -> None:
    """Write a few outcomes: harassment filed as violence without injury, a driving death as violence with injury, a rape."""
    rows = [
        ("Violence without injury", "8L", "Charged/Summonsed", 1),
        ("Violence without injury", "8L", "Not yet assigned an outcome", 3),
        ("Violence with injury", "4.4", "Charged/Summonsed", 2),
        ("Rape", "19C", "Charged/Summonsed", 1),
        ("Other sexual offences", "20A", "Not yet assigned an outcome", 1),
        ("Robbery", "34A", "Charged/Summonsed", 0),
        ("Shoplifting", "46", "Charged/Summonsed", 50),
    ]
    raw.add("home_office_prc", "violence-prosecutions-data.csv.gz", OUTCOMES + "".join(f"2018/19,Downshire,{a},{b},{c},{d}\n" for a, b, c, d in rows))


def test_outcomes_follow_todays_groups(tmp_path):
    raw = RawFolder(tmp_path)
    outcome_file(raw)
    frame = contracts.validate("indicators", outcomes_by_code.build_outcomes_by_code(raw, TABLES)).set_index(["indicator", "category"])
    value = frame["value"]
    assert value["outcomes_of_recorded_offences", "Offence Stalking and harassment"] == 4
    assert value["charged_percent", "Offence Stalking and harassment"] == 25
    assert value["outcomes_of_recorded_offences", "Offence Death or serious injury caused by illegal driving"] == 2
    assert value["charged_percent", "Offence Sexual offences"] == 50 and value["charged_percent", "Offence Rape"] == 100
    assert frame.loc[("charged_percent", "Offence Robbery"), "marker"] == "no offences"
    assert not any("Shoplifting" in category for _, category in frame.index)


def test_rate_without_a_count_is_not_the_districts_own(tmp_path):
    raw = RawFolder(tmp_path)
    header = "Area_name,Name,period,Value,Lower_CI,Upper_CI,Numerator,Denominator\n"
    rows = "Low Town,v,2018/19,40.3,39.0,41.0,5576.0,138500.0\nGone,v,2018/19,0.0,0.0,0.0,,\n"
    raw.add("fingertips", "fingertips_11202_2018_19_districts.csv", header + rows)
    raw.add("ons_lookups", "lookup_lsoa11_ltla18.csv.gz", "ltla18_name,ltla18_code\nGone,E07000111\n")
    frame = contracts.validate("indicators", fingertips.build_fingertips(raw, TABLES)).set_index(["indicator", "area_code", "category"])
    assert frame.loc[("violence_offences_rate", "E07000901", "all"), "value"] == 40.3
    assert frame.loc[("violence_offences_rate", "E07000111", "all"), "marker"] == fingertips.NO_COUNT
    raw.add("fingertips", "fingertips_11202_2018_19_districts.csv", header + rows.replace("2018/19", "2019/20"))
    with pytest.raises(SnaError, match="a period other than 2018/19"):
        fingertips.build_fingertips(raw, TABLES)


def test_nothing_held_is_an_empty_table(tmp_path):
    assert indicators.build_indicators(RawFolder(tmp_path), TABLES).equals(contracts.empty("indicators"))


def test_parts_are_put_together(tmp_path):
    raw = RawFolder(tmp_path)
    outcome_file(raw)
    frame = indicators.build_indicators(raw, TABLES)
    assert set(frame["source"]) == {"home_office_prc"} and frame["period_end"].max() == pd.Timestamp(2019, 3, 1)


@pytest.mark.parametrize(
    ("name", "code"),
    [("East", "E12000006"), ("London (Inner)", "E13000001"), ("Yorkshire and the Humber", "E12000003"), ("Kent", None)],
)
def test_regions_in_any_spelling(name, code):
    assert (gazetteer.region(name) or (None,))[0] == code


def test_kinds_of_area():
    assert [gazetteer.kind_of(code) for code in ("E23000025", "E12000006", "K04000001", "E07000202", "E10000029", "E06000033")] == [
        "force", "region", "country", "district", "county", "county",
    ]  # fmt: skip
