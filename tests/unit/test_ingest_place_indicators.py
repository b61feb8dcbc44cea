"""Figures by neighbourhood: the census as counted, the Indices' indicators as published, blanks marked."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import census_tables, contracts, deprivation_indicators
from svd_lib.ingest.place_indicators import build_place_indicators

CHANGES = pd.DataFrame(
    {
        "lsoa11cd": ["E01000001", "E01000001", "E01000003", "E01000004"],
        "lsoa21cd": ["E01000011", "E01000012", "E01000013", "E01000013"],
        "change_code": ["S", "S", "M", "M"],
        "share": [0.75, 0.25, 0.6, 0.4],
    }
)
HOUSEHOLDS = "census21_deprivation_england_wales_lsoa21.csv.gz"


def build(raw: RawFolder) -> pd.DataFrame:
    """Return the table of the made-up folder."""
    return build_place_indicators(raw, {"place_changes": CHANGES})


def households(*counts: tuple[str, str, str]) -> str:
    """Return a census file of households by dimensions of deprivation."""
    return "lsoa21_code,households_number_deprivation_dimensions,count,percent\n" + "".join(f"{p},{d},{n},1.0\n" for p, d, n in counts)


def wide(columns, key: str, rows: dict[str, dict[str, str]]) -> str:
    """Return an indicators file: every column 1 but those named."""
    lines = [",".join([key, *columns])]
    lines += [",".join([code, *(given.get(column, "1.0") for column in columns)]) for code, given in rows.items()]
    return "\n".join(lines) + "\n"


def test_census_groups_are_counted_as_published(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("ons_population", HOUSEHOLDS, households(*(("E01000011", f"{d}.0", f"{10 * d}.0") for d in range(5))))
    frame = build(raw).set_index("category")
    assert frame["value"].to_dict() == {f"Dimensions {d}": 10.0 * d for d in range(5)}
    assert frame["unit"].unique().tolist() == ["households"] and frame["reference"].unique().tolist() == ["census_2021"]


def test_census_group_that_is_new_is_refused(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("ons_population", HOUSEHOLDS, households(("E01000011", "5.0", "1.0")))
    with pytest.raises(SnaError, match="group '5', which is not one of its 5"):
        build(raw)


def test_neighbourhood_that_lacks_a_group_is_named(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("ons_population", HOUSEHOLDS, households(("E01000011", "0.0", "1.0")))
    with pytest.raises(SnaError, match="gives E01000011 1 of 5 groups"):
        build(raw)


def test_blank_cell_is_marked_and_not_nought(tmp_path):
    raw = RawFolder(tmp_path)
    column = "income_deprivation_affecting_children_index_idaci_numerator"
    injury = "violence_with_injury_rate_per_1_000_at_risk_population"
    text = wide(deprivation_indicators.INDICATORS_2025, "lsoa21_code", {"E01000011": {column: "", injury: "4.4"}})
    raw.add("mhclg_iod", "imd2025_england_lsoa21_indicators.csv.gz", text)
    frame = build(raw).set_index("indicator")
    assert pd.isna(frame.loc["income_deprived_children", "value"])
    assert frame.loc["income_deprived_children", "marker"] == deprivation_indicators.SUPPRESSED
    assert frame.loc["violence_with_injury_rate", "value"] == 4.4 and frame["marker"].notna().sum() == 1


def test_rates_of_2019_go_to_parts_and_from_the_main_contributor(tmp_path):
    raw = RawFolder(tmp_path)
    column = "homelessness_indicator_rate_per_1000_households"
    rows = {code: {column: value} for code, value in (("E01000001", "2.5"), ("E01000003", "3.5"), ("E01000004", "9.0"))}
    raw.add("mhclg_iod", "imd2019_england_lsoa11_indicators.csv.gz", wide(deprivation_indicators.INDICATORS_2019, "lsoa11_code", rows))
    frame = build(raw)
    rates = frame[frame["indicator"] == "homelessness_rate"].set_index("lsoa21cd")["value"].to_dict()
    assert rates == {"E01000011": 2.5, "E01000012": 2.5, "E01000013": 3.5}


def test_counts_of_2019_are_not_taken():
    assert not [unit for _, unit in deprivation_indicators.INDICATORS_2019.values() if unit in ("people", "children")]


def test_no_file_no_rows(tmp_path):
    assert build(RawFolder(tmp_path)).equals(contracts.empty("place_indicators"))


def test_every_group_of_a_table_is_told_apart():
    for table in census_tables.CENSUS_TABLES:
        assert len(set(table.groups)) == len(table.groups)
