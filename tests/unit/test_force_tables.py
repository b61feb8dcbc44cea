"""Force area tables: an invented workbook with the publisher's quirks, and the table by partnership."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.ingest import force_tables, recorded_crime

PLACES = pd.DataFrame(
    {
        "force_slug": ["greater-manchester", "essex", "suffolk"],
        "pfa24cd": ["E23000005", "E23000028", "E23000025"],
        "pfa_name": ["Greater Manchester", "Essex", "Suffolk"],
    }
)
TITLE = "Table P1: Police recorded crime by offence group and police force area, year ending {}"
OFFENCES = ["Violence against the person4", "Homicide", "Other theft offences", "Miscellaneous crimes"]
KNIFE = ["Total of selected\n serious offences", "Homicide5,6"]
SPANS = ["Apr '17 to Mar '18", "Jan '19 to Dec '19", "% change Jan 2019 to Dec 2019\n compared with:"]


@pytest.fixture
def forces() -> pd.DataFrame:
    """Return the register of three forces and the transport police."""
    return recorded_crime.force_register(PLACES)


def sheet(book: openpyxl.Workbook, name: str, title: str, above: list, names: list, rows: list[list]) -> None:
    """Write a sheet in the publisher's layout: title, country line, two header rows, units, rows, notes."""
    page = book.create_sheet(name)
    for line in ([title], [], ["England and Wales"], [None, None, *above], ["Area Code", "Area Name", *names], [None, None, "Numbers"], *rows):
        page.append(line)
    page.append(["Source: Home Office - Police recorded crime "])
    page.append(["1. Police recorded crime data are not designated as National Statistics."])


def workbook(folder: Path, **changes: object) -> Path:
    """Write an invented edition for the year ending December 2019."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    total = ["Total recorded crime (excluding fraud3)", None, None, None]
    p1 = changes.get("p1") or [
        ["K04000001", "ENGLAND AND WALES7,8", 900, 300, 3, 40, 50],
        ["E12000006", "East ", 900, 300, 3, 40, 50],
        ["E23000005", "Greater Manchester8,9", "..", "..", "..", "..", ".."],
        ["E23000025", "Suffolk", 400, 110, 1, 20, 30],
        ["E23000028", "Essex10", 500, 190, 2, 20, 20],
        [None, "British Transport Police", 70, 30, 0, 5, 5],
    ]
    p2 = [["E230000257", "Suffolk", 25.0, 10.0, "-", -50.0, "-"], [None, "British Transport Police", "-", "-", "-", "-", "-"]]
    names = [None, *OFFENCES]
    sheet(book, "Table P1 ", TITLE.format(changes.get("ends", "December 20191,2")), [total[0]], names, p1)
    sheet(book, "Table P2", "Table P2: percentage change", [total[0]], names, p2)
    knife = [KNIFE[0], None, KNIFE[1], None]
    p4 = [["E23000005", "Greater Manchester8", "NA", "NA", "NA", "NA"], ["E23000025", "Suffolk", 29, 3.9, 1, "-"], ["K04000001", "ENGLAND AND WALES8", 90, 6.1, 2, 40.0]]
    sheet(book, "Table P4  ", "Table P4: knife", knife, ["Number of\n offences", "%", "Number", "%"], p4)
    spans = [SPANS[0], None, SPANS[1], None, SPANS[2], None]
    p5 = [
        ["K04000001", "ENGLAND AND WALES4,5", 120, 6.6, "NA", "NA", "NA", "NA"],
        [None, "England and Wales (excluding Greater Manchester Police)", 95, 6.5, 90, 6.1, 5.0, None],
        ["E23000005", "Greater Manchester", 25, 6.6, "NA", "NA", "NA", None],
        ["E23000025", "Suffolk", 14, 2.0, changes.get("series", 29), 3.9, 9.0, None],
    ]
    sheet(book, "Table P5", "Table P5: knife", spans, ["Number", "%", "Number", "%", "x", "y"], p5)
    book.create_sheet("Table P6").append(["a stale column that is not read"])
    path = folder / "tables.xlsx"
    book.save(path)
    return path


def test_names_lose_their_notes_and_codes_their_glued_digits(tmp_path, forces):
    found = force_tables.read_workbook(workbook(tmp_path), forces)
    offences = found[(found["measure"] == "offences") & (found["status"] == "published")]
    assert {"Suffolk", "Essex", "East of England", "British Transport Police"} <= set(offences["area_name"])
    suffolk = offences[offences["area_code"] == "E23000025"].set_index("offence")["count"]
    assert suffolk.to_dict() == {
        "Total recorded crime (excluding fraud)": 400,
        "Violence against the person": 110,
        "Homicide": 1,
        "All other theft offences": 20,
        "Miscellaneous crimes against society": 30,
    }
    assert offences["publication"].unique().tolist() == ["Police force area tables, year ending December 2019"]


def test_missing_is_absent_and_the_country_without_a_force_is_an_area_of_its_own(tmp_path, forces):
    found = force_tables.read_workbook(workbook(tmp_path), forces)
    published = found[found["status"] == "published"]
    assert not ((published["area_code"] == "E23000005") & (published["measure"] == "offences")).any()
    assert "K04000001" not in set(published.loc[published["measure"] == "offences", "area_code"])
    excluding = published[published["area_code"] == "K04000001:ex-E23000005"]
    assert excluding.loc[excluding["offence"] == "Homicide", "count"].tolist() == [3, 2]


def test_the_year_before_follows_exactly_from_its_percentage(tmp_path, forces):
    found = force_tables.read_workbook(workbook(tmp_path), forces)
    before = found[found["publication"].str.contains("the year before")].set_index("offence")
    assert before["count"].to_dict() == {
        "Total recorded crime (excluding fraud)": 320,
        "Violence against the person": 100,
        "All other theft offences": 40,
    }
    assert (before["period_end"] == pd.Timestamp("2018-12-01")).all()
    assert (before["status"] == "reconstructed").all()


def test_knife_offences_by_offence_and_over_the_years(tmp_path, forces):
    found = force_tables.read_workbook(workbook(tmp_path), forces)
    knife = found[(found["measure"] == "knife") & (found["area_code"] == "E23000025")]
    assert sorted(zip(knife["offence"], knife["period_end"].dt.strftime("%Y-%m"), knife["count"], strict=True)) == [
        ("Homicide", "2019-12", 1),
        ("Selected serious offences", "2018-03", 14),
        ("Selected serious offences", "2019-12", 29),
    ]
    country = found[(found["measure"] == "knife") & (found["period_end"] == pd.Timestamp("2018-03-01"))].set_index("area_code")["count"]
    assert country["K04000001"] == 120
    assert country["K04000001:ex-E23000005"] == 95


@pytest.mark.parametrize(("ends", "month"), [("June 181,2", "2018-06"), ("March 20191,2", "2019-03"), ("september 20191,2,3", "2019-09")])
def test_the_year_is_read_from_titles_with_footnotes_glued_on(tmp_path, forces, ends, month):
    found = force_tables.read_workbook(workbook(tmp_path, ends=ends, series="NA"), forces)
    offences = found[(found["measure"] == "offences") & (found["status"] == "published")]
    assert offences["period_end"].dt.strftime("%Y-%m").unique().tolist() == [month]


def test_two_tables_that_differ_are_refused(tmp_path, forces):
    with pytest.raises(SnaError, match="Tables P4 and P5 differ for Suffolk"):
        force_tables.read_workbook(workbook(tmp_path, series=30), forces)


def test_an_unknown_area_names_file_and_row(tmp_path, forces):
    rows = [["E23000077", "Nowhere", 1, 1, 1, 1, 1]]
    with pytest.raises(SnaError, match="tables.xlsx, row 7: area 'Nowhere' with code 'E23000077' is unknown"):
        force_tables.read_workbook(workbook(tmp_path, p1=rows), forces)


def test_a_cell_that_is_no_number_names_row_and_offence(tmp_path, forces):
    rows = [["E23000025", "Suffolk", 400, "eleven", 1, 20, 30]]
    with pytest.raises(SnaError, match="row 7: Violence against the person holds 'eleven'"):
        force_tables.read_workbook(workbook(tmp_path, p1=rows), forces)


C2 = (
    '"Table C2: Number of police recorded crimes by Community Safety Partnership area, year ending June 2025 [note 1]",,,,,,,,\n'
    "Some shorthand is used,,,,,,,,\n"
    '"Police Force\nArea code","Police Force\nArea name","CSP\ncode","CSP\nname",LA code,LA name,"Total recorded crime\n (excluding fraud)",Robbery,Homicide\n'
    'E23000025,Suffolk [note 4],,,,,"1,043 ",20 ,0 \n'
    'E23000025,Suffolk,E22000274,Suffolk Coastal,E07000244,Suffolk Coastal,"1,000 ",12 ,0 \n'
    "E23000025,Suffolk ,E22000278,Waveney,E07000244,Waveney,40 ,7 ,0 \n"
    "{unassigned},Suffolk,,Unassigned Suffolk,,,3 ,1 ,0 \n"
    "E23000025,Suffolk,,unassigned Suffolk,,,,,\n"
    "E23000028,Essex,E22000180,Essex,E09000001,Essex,9 ,1 ,0 \n"
)


def partnerships(tmp_path: Path, forces: pd.DataFrame, unassigned: str = "E23000025", text: str = C2) -> pd.DataFrame:
    path = tmp_path / "c2.csv"
    path.write_text(text.format(unassigned=unassigned), encoding="utf-8-sig")
    return force_tables.read_partnership_table(path, forces)


def test_partnerships_are_told_apart_by_their_own_code(tmp_path, forces):
    robbery = partnerships(tmp_path, forces).query("offence == 'Robbery'").set_index("area_code")
    assert robbery["count"].to_dict() == {"E23000025": 20, "E22000274": 12, "E22000278": 7, "unassigned:E23000025": 1, "E22000180": 1, "E23000028": 1}
    assert robbery["area_kind"].to_dict()["unassigned:E23000025"] == "unassigned"
    assert robbery.loc["E23000025", "area_name"] == "Suffolk"


def test_an_unassigned_row_under_another_forces_code_belongs_to_the_force_it_names(tmp_path, forces):
    found = partnerships(tmp_path, forces, unassigned="E23000028")
    assert "unassigned:E23000025" in set(found["area_code"])


def test_a_total_under_another_forces_code_is_refused(tmp_path, forces):
    with pytest.raises(SnaError, match="c2.csv, row 4: police force 'Suffolk' does not go with code 'E23000028'"):
        partnerships(tmp_path, forces, text=C2.replace("E23000025,Suffolk [note 4]", "E23000028,Suffolk [note 4]"))


def test_a_table_without_its_header_is_refused(tmp_path, forces):
    with pytest.raises(SnaError, match="c2.csv has no header row"):
        partnerships(tmp_path, forces, text=C2.replace("Police Force\nArea code", "Force"))


def test_an_unknown_column_is_refused(tmp_path, forces):
    with pytest.raises(SnaError, match="column 'Piracy' is no offence group"):
        partnerships(tmp_path, forces, text=C2.replace(",Robbery,Homicide", ",Piracy,Homicide"))
