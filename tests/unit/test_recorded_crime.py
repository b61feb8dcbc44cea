"""Recorded crime by code and rolling totals: the publisher's quirks, and one sentence for each defect."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import recorded_crime

PLACES = pd.DataFrame(
    {
        "force_slug": ["downshire", "downshire", "city-of-london"],
        "pfa24cd": ["E23000099", "E23000099", "E23000034"],
        "pfa_name": ["Downshire", "Downshire", "London, City of"],
    }
)
HEAD = "Financial Year,Financial Quarter,Force Name,Offence Description,Offence Group,Offence Subgroup,Offence Code, Number of Offences \n"
HOMICIDE = "2017/18,1,Downshire,Homicide,Violence against the person,Homicide,1/4.1/4.10/4.2, 1 \n"
ROBBERY = '2017/18,{quarter},Downshire,Robbery of personal property,Robbery,Robbery of personal property,34B," {count} "\n'
ROLLING = "12 months ending,PFA,Region,Offence,Rolling year total number of offences\n"


@pytest.fixture
def raw(tmp_path) -> RawFolder:
    """Return an empty folder of raw files."""
    return RawFolder(tmp_path)


@pytest.fixture
def forces() -> pd.DataFrame:
    """Return the register of two invented forces and the transport police."""
    return recorded_crime.force_register(PLACES)


@pytest.fixture
def codes(root) -> pd.DataFrame:
    """Return the project's table of offence codes."""
    return recorded_crime.read_offence_codes(root / "data/reference/offence_codes.csv")


def by_code(raw: RawFolder, text: str, codes: pd.DataFrame, forces: pd.DataFrame) -> pd.DataFrame:
    path = raw.add("home_office_prc", "prc-pfa-mar2013-onwards-tables201718.csv.gz", HEAD + text)
    return recorded_crime.read_by_code(path, codes, forces)


def test_the_four_homicide_rows_of_a_quarter_are_added_up(raw, codes, forces):
    found = by_code(raw, HOMICIDE * 4, codes, forces)
    assert found["count"].tolist() == [4]
    assert found["offence"].tolist() == ["Homicide"]


def test_any_other_repeated_row_is_refused(raw, codes, forces):
    with pytest.raises(SnaError, match=r"tables201718.csv.gz, row 2: .*occurs twice; only homicide may"):
        by_code(raw, ROBBERY.format(quarter=1, count=3) * 2, codes, forces)


def test_thousands_blanks_and_negative_counts_are_read(raw, codes, forces):
    text = ROBBERY.format(quarter=1, count="1,234") + ROBBERY.format(quarter=2, count="-00") + ROBBERY.format(quarter=3, count="-45")
    assert by_code(raw, text, codes, forces)["count"].tolist() == [1234, 0, -45]


def test_a_financial_quarter_is_three_named_months(raw, codes, forces):
    found = by_code(raw, ROBBERY.format(quarter=4, count=3), codes, forces).iloc[0]
    assert (found["period_start"], found["period_end"]) == (pd.Timestamp("2018-01-01"), pd.Timestamp("2018-03-01"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROBBERY.replace("34B", "34Z").format(quarter=1, count=3), r"201718.csv.gz, row 2: offence code '34Z' is not in data/reference/offence_codes"),
        (ROBBERY.replace("34B", "53D").format(quarter=1, count=3), r"row 2: offence code '53D' is valid from 2018/19 to 2018/19 but stands in a table for 2017/18"),
        (ROBBERY.replace("34B", "19J").format(quarter=1, count=3), r"row 2: offence code '19J' is valid from no year"),
        (ROBBERY.replace("2017/18", "2030/31").format(quarter=1, count=3), r"row 2: offence code '34B' is valid from 2017/18 to 2018/19 but stands in a table for 2030/31"),
        (ROBBERY.format(quarter=1, count="many"), r"row 2: column Number of Offences holds .*many"),
        (ROBBERY.replace("Downshire", "Upshire").format(quarter=1, count=3), r"police force 'Upshire' is not in the table of places"),
    ],
)
def test_a_defect_is_one_sentence_with_file_and_row(raw, codes, forces, row, words):
    with pytest.raises(SnaError, match=words):
        by_code(raw, HOMICIDE + row, codes, forces)


def test_an_empty_file_is_refused(raw, codes, forces):
    with pytest.raises(SnaError, match="0 rows and 8 columns"):
        by_code(raw, "", codes, forces)


def test_bodies_that_record_only_fraud_are_left_out(raw, codes, forces):
    fraud = "2017/18,1,Action Fraud,Fraud offences recorded by Action Fraud,Fraud offences,Fraud: action fraud,AF, 66776 \n"
    assert by_code(raw, fraud + HOMICIDE, codes, forces)["area_name"].tolist() == ["Downshire"]


def rolling(raw: RawFolder, text: str, forces: pd.DataFrame) -> pd.DataFrame:
    return recorded_crime.read_rolling_totals(raw.add("home_office_prc", "rec-crime-pfa.csv.gz", ROLLING + text), forces)


def test_a_rolling_total_covers_twelve_months_whatever_day_is_printed(raw, forces):
    found = rolling(raw, "30-12-2017,City of London,London,Robbery,12\n", forces).iloc[0]
    assert (found["period_start"], found["period_end"]) == (pd.Timestamp("2017-01-01"), pd.Timestamp("2017-12-01"))
    assert found["area_code"] == "E23000034"


def test_a_burglary_group_that_did_not_exist_is_absent_and_never_zero(raw, forces):
    text = (
        "31-03-2016,Downshire,East,Residential burglary,0\n31-03-2016,Downshire,East,Domestic burglary,900\n"
        "31-12-2018,Downshire,East,Residential burglary,1100\n31-12-2018,Downshire,East,Domestic burglary,0\n"
        "31-12-2018,Downshire,East,Homicide,0\n"
    )
    found = rolling(raw, text, forces)
    assert sorted(zip(found["offence"], found["count"], strict=True)) == [
        ("Domestic burglary", 900),
        ("Homicide", 0),
        ("Residential burglary", 1100),
    ]


def test_a_date_that_is_none_names_its_row(raw, forces):
    with pytest.raises(SnaError, match="rec-crime-pfa.csv.gz, row 1: '2018/12' is no date"):
        rolling(raw, "2018/12,Downshire,East,Robbery,12\n", forces)


def test_a_code_listed_twice_is_refused(tmp_path, root):
    lines = (root / "data/reference/offence_codes.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "offence_codes.csv"
    path.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")
    with pytest.raises(SnaError, match="lists offence code 1 twice"):
        recorded_crime.read_offence_codes(path)


def test_without_any_table_the_sentence_says_what_to_fetch(raw, root):
    raw.reference = lambda name: root / "data/reference" / name
    with pytest.raises(SnaError, match="names no table of recorded crime"):
        recorded_crime.build_recorded_crime(raw, {"places": PLACES})
