"""Crime Severity Scores keep the publisher's marker and are joined on code."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder, places_stub

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, severity

TABLES = {"places": places_stub()}
HEADER = "offence_group,code,name,year,severity_score,year_ending\n"


def test_scores_and_markers(tmp_path):
    raw = RawFolder(tmp_path)
    rows = 'Total recorded crime,E23000099,X,"Apr \n21",12.5,2022-03-31\nRobbery,E12000006,East,y,:,2022-03-31\n'
    raw.add("ons_css", "crime-pressure-force-2022-data.csv.gz", HEADER + rows)
    frame = contracts.validate("indicators", severity.build_severity(raw, TABLES)).set_index("area_code")
    assert frame.loc["E23000099", ["area_name", "category", "value", "period_label"]].tolist() == ["Downshire", "all", 12.5, "Year ending March 2022"]
    assert frame.loc["E12000006", ["area_name", "category", "marker"]].tolist() == ["East of England", "Offence Robbery", ":"]
    assert frame["period_start"].unique().tolist() == [pd.Timestamp(2021, 4, 1)]


def test_unknown_area_and_missing_file(tmp_path):
    raw = RawFolder(tmp_path)
    assert severity.build_severity(raw, TABLES).empty
    raw.add("ons_css", "crime-pressure-force-2022-data.csv.gz", HEADER + "Robbery,E23000777,X,y,1,2022-03-31\n")
    with pytest.raises(SnaError, match="area code E23000777"):
        severity.build_severity(raw, TABLES)


def test_partnership_score_is_taken_back_from_its_districts(tmp_path):
    raw = RawFolder(tmp_path)
    places = pd.DataFrame(
        [("E07000901", "E22000001"), ("E07000902", "E22000001"), ("E07000903", "E22000002"), ("E07000903", "E22000003"), ("E07000904", "E22000004")]
        + [("E07000905", "E22000005"), ("E07000906", "E22000005"), ("E07000907", "E22000006")],
        columns=["lad24cd", "csp24cd"],
    ).assign(csp_name=lambda frame: "P" + frame["csp24cd"].str[-1])
    rows = ["E07000901,10.5", "E07000902,10.5", "E07000903,7", "E07000904,:", "E07000905,1", "E07000906,2", "E07000907,3", "E07000907,4"]
    raw.add("ons_css", "england_crime_severity.csv", "ltla23_code,crime_severity_score\n" + "\n".join(rows) + "\n")
    frame = contracts.validate("indicators", severity.build_partnership_severity(raw, {"places": places})).set_index("area_name")
    assert frame["value"].dropna().to_dict() == {"P1": 10.5} and frame.loc["P4", "marker"] == ":" and len(frame) == 2
