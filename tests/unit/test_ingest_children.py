"""Measures on children: areas, periods, markers, and a national rate that cannot be."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder, places_stub

from svd_lib.errors import SnaError
from svd_lib.ingest import children, contracts
from svd_lib.ingest.gazetteer import REGIONS

TABLES = {"places": places_stub()}
NINE = [name for code, name in REGIONS.items() if code.startswith("E12")]


def tool(raw: RawFolder, rows: list[tuple[str, str, str, str, float]]) -> pd.DataFrame:
    """Write rows (measure, year, area, value, number) as the tool's Parquet file and return the indicators."""
    columns = ["Short Desc", "Years", "LA and Regions", "Values", "LA Number"]
    path = raw.add("dfe_lait", "bds_long_0.parquet", "")
    pd.DataFrame(rows, columns=columns).to_parquet(path)
    return contracts.validate("indicators", children.build_interactive_tool(raw, TABLES))


def test_areas_periods_and_markers(tmp_path):
    frame = tool(
        RawFolder(tmp_path),
        [
            ("FirstYJS", "2024", "Downshire", "123", 901.0),
            ("TotFixedEx", "2023/24", "Yorkshire and the Humber", "14.587160000000001", 982.0),
            ("CIN", "2025 (prov)", "England", "-", 970.0),
            ("CIN", "2025", "Nowhere (Pre LG)", "5", 999.0),
            ("Unwanted", "2024", "Downshire", "1", 901.0),
        ],
    ).set_index("area_code")
    assert frame.loc["E10000099", ["indicator", "value", "unit"]].tolist() == ["first_time_entrants_rate", 123.0, "per 100,000 aged 10-17"]
    assert frame.loc["E12000003", "value"] == 14.58716 and frame.loc["E12000003", "period_start"] == pd.Timestamp(2023, 9, 1)
    assert frame.loc["E92000001", "marker"] == "-" and frame.loc["E92000001", "period_end"] == pd.Timestamp(2025, 3, 1)
    assert frame.loc["dfe:999", "area_name"] == "Nowhere (Pre LG)" and len(frame) == 4


def test_national_rate_outside_its_regions_is_not_credible(tmp_path):
    rows = [("FirstYJS", "2024", name, str(100 + n), 980.0 + n) for n, name in enumerate(NINE)]
    frame = tool(RawFolder(tmp_path), [*rows, ("FirstYJS", "2024", "England", "936", 970.0)]).set_index("area_code")
    assert pd.isna(frame.loc["E92000001", "value"]) and frame.loc["E92000001", "marker"] == children.OUTSIDE_REGIONS
    assert frame["value"].notna().sum() == 9


def test_national_rate_among_its_regions_stands(tmp_path):
    rows = [("FirstYJS", "2024", name, str(100 + n), 980.0 + n) for n, name in enumerate(NINE)]
    frame = tool(RawFolder(tmp_path), [*rows, ("FirstYJS", "2024", "England", "104", 970.0)])
    assert frame["marker"].isna().all()


def test_year_that_is_no_year_is_refused(tmp_path):
    with pytest.raises(SnaError, match="year label '0'"):
        tool(RawFolder(tmp_path), [("CIN", "0", "Downshire", "1", 901.0)])


def test_not_a_parquet_file(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("dfe_lait", "bds_long_0.parquet", "Short Desc,Years\n")
    with pytest.raises(SnaError, match="bds_long_0.parquet cannot be read as a Parquet file"):
        children.build_interactive_tool(raw, TABLES)


def factors(raw: RawFolder, level: str = "Local authority") -> pd.DataFrame:
    """Write one county's factors, gangs suppressed, and return the indicators."""
    head = [*children._AREA_COLUMNS, children.EPISODES, *children.FACTORS]
    given = {"time_period": "2025", "geographic_level": level, "new_la_code": "E10000099", "old_la_code": "901", "la_name": "D"}
    cells = [given.get(name, "") if name in children._AREA_COLUMNS else "c" if name == "Gangs" else "7" for name in head]
    raw.add("dfe_csc", "c3_factors_identified_at_end_of_assessment_2018_to_2025.csv", ",".join(head) + "\n" + ",".join(cells) + "\n")
    return children.build_assessment_factors(raw, TABLES)


def test_factors_keep_their_markers(tmp_path):
    frame = contracts.validate("indicators", factors(RawFolder(tmp_path))).set_index("indicator")
    assert frame.loc["assessment_factor_gangs", "marker"] == "c" and pd.isna(frame.loc["assessment_factor_gangs", "value"])
    assert frame.loc["assessment_episodes", ["value", "area_name", "period_label"]].tolist() == [7.0, "Downshire", "Year ending March 2025"]


def test_authority_number_gives_the_code(tmp_path):
    raw = RawFolder(tmp_path)
    factors(raw)
    assert tool(raw, [("CIN", "2025", "Old Downshire", "5", 901.0)])["area_code"].tolist() == ["E10000099"]


def test_unknown_level_and_missing_files(tmp_path):
    with pytest.raises(SnaError, match="geographic level 'Ward'"):
        factors(RawFolder(tmp_path / "a"), "Ward")
    raw = RawFolder(tmp_path / "b")
    assert children.build_assessment_factors(raw, TABLES).empty and children.build_interactive_tool(raw, TABLES).empty


def test_three_years_together_are_dated_from_first_to_last_march(tmp_path):
    frame = tool(RawFolder(tmp_path), [("Hosp_Adm_Alc_<18yrs", "2021/22-23/24", "Downshire", "26.03", 901.0)])
    assert frame.loc[0, ["period_start", "period_end"]].tolist() == [pd.Timestamp(2021, 4, 1), pd.Timestamp(2024, 3, 1)]
