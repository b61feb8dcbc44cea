"""Street-level files: every row is accounted for, and what is not a publisher's file is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from street_world import (
    ALPHA,
    BETA,
    MERGED,
    MERGED_INTO,
    ROBBERY,
    SOURCE,
    SPLIT,
    SPLIT_PARTS,
    VIOLENCE,
    outcome_row,
    place_changes,
    places,
    raw_files,
    street_row,
    write_month,
)

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.month_files import COLUMNS, month_file
from svd_lib.ingest.street import build_street_tables, recode, seats


def build(root: Path) -> dict[str, pd.DataFrame]:
    """Return the four tables of everything written below a root, checked against their contracts."""
    built = build_street_tables(raw_files(root), {"places": places(), "place_changes": place_changes()})
    return {name: contracts.validate(name, frame) for name, frame in built.items()}


def refusal(root: Path) -> str:
    """Return the sentence with which the files are refused."""
    with pytest.raises(SnaError) as caught:
        build(root)
    return str(caught.value)


def counted(table: pd.DataFrame, **wanted: str) -> int:
    """Return the records of the rows that fit."""
    for column, value in wanted.items():
        table = table[table[column] == value]
    return int(table["count"].sum())


def test_rows_are_located_or_without_location_or_rejected(tmp_path: Path) -> None:
    rows = [street_row("2025-01", code) for code in (ALPHA, ALPHA, BETA, None, "S01006506", "95GG01S1")]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", rows)
    tables = build(tmp_path)
    coverage = tables["coverage"].iloc[0]
    assert (coverage["rows_total"], coverage["rows_located"], coverage["rows_no_location"], coverage["rows_rejected"]) == (6, 3, 1, 2)
    assert counted(tables["street_counts"], location="lsoa") == 3
    assert counted(tables["street_counts"], location="none") == 1
    reject = tables["rejects"].iloc[0]
    assert (reject["file"], reject["first_row"], reject["count"]) == ("2025-12.zip/2025-01/2025-01-alpha-street.csv", 5, 2)


def test_month_in_two_archives_is_taken_from_the_newest(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-06.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 9)
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 2)
    write_month(tmp_path, "2025-09.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 5)
    tables = build(tmp_path)
    assert counted(tables["street_counts"]) == 2
    assert tables["coverage"].loc[0, "archive"] == "2025-12.zip"
    assert tables["coverage"].loc[0, "superseded"] == "2025-06.zip, 2025-09.zip"


def test_missing_month_is_recorded_as_missing_and_never_as_zero(tmp_path: Path) -> None:
    for month in ("2025-01", "2025-04"):
        write_month(tmp_path, "2025-12.zip", month, "alpha", [street_row(month, ALPHA)])
    tables = build(tmp_path)
    status = tables["coverage"].set_index(tables["coverage"]["month"].dt.strftime("%Y-%m"))["status"].to_dict()
    assert status == {"2025-01": "present", "2025-02": "missing", "2025-03": "missing", "2025-04": "present"}
    assert set(tables["street_counts"]["month"].dt.strftime("%Y-%m")) == {"2025-01", "2025-04"}


@pytest.mark.parametrize(
    ("codes", "vintage"),
    [((ALPHA, MERGED[0]), "2011"), ((ALPHA, MERGED_INTO), "2021"), ((ALPHA,), "either"), ((None,), None)],
)
def test_vintage_is_found_per_file(tmp_path: Path, codes: tuple[str | None, ...], vintage: str | None) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", code) for code in codes])
    found = build(tmp_path)["coverage"].loc[0, "lsoa_vintage"]
    assert found == vintage or (vintage is None and pd.isna(found))


def test_split_area_is_handed_out_in_month_order_and_merged_area_is_added(tmp_path: Path) -> None:
    for month, number in (("2022-01", 2), ("2022-02", 3)):
        rows = [street_row(month, SPLIT)] * number + [street_row(month, code) for code in MERGED]
        write_month(tmp_path, "2022-03.zip", month, "alpha", rows)
    tables = build(tmp_path)
    counts = tables["street_counts"]
    assert tables["coverage"]["rows_recoded"].tolist() == [4, 5]
    by_part = counts.pivot_table(index="lsoa21cd", columns=counts["month"].dt.month, values="count", fill_value=0).astype(int)
    # shares .6 and .4 take seats in the order a b a b a: quotients .6 .4 .2 .133 .12
    assert by_part.loc[list(SPLIT_PARTS)].to_numpy().tolist() == [[1, 2], [1, 1]]
    assert by_part.loc[MERGED_INTO].tolist() == [2, 2]


def test_seats_are_house_monotone_and_follow_the_shares() -> None:
    held = seats(np.array([0.5, 0.3, 0.2]), 100)
    assert held.sum(axis=1).tolist() == list(range(101))
    assert (np.diff(held, axis=0) >= 0).all()
    assert held[100].tolist() == [50, 30, 20]


def test_equal_shares_give_the_odd_record_to_the_lower_code() -> None:
    assert seats(np.array([0.5, 0.5]), 3)[1:].tolist() == [[1, 0], [1, 1], [2, 1]]


def test_recoding_nothing_gives_nothing() -> None:
    none = pd.DataFrame({"force_slug": [], "month": [], "lsoa": [], "crime_type": [], "count": []})
    assert recode(none, place_changes()).empty


def test_outcome_takes_the_type_of_the_street_record_with_its_id(tmp_path: Path) -> None:
    street = [street_row("2025-01", ALPHA, ROBBERY, "a", "Under investigation"), street_row("2025-01", SPLIT, VIOLENCE, "b")]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", street)
    outcomes = [outcome_row("2025-01", ALPHA, "a", "Suspect charged"), outcome_row("2025-01", None, "of a month not held", "Suspect charged")]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", outcomes, "outcomes")
    table = build(tmp_path)["outcome_counts"]
    events = table[table["kind"] == "outcome_event"]
    assert counted(events, crime_type=ROBBERY, lad24cd="E07000001", outcome="Suspect charged") == 1
    assert events.loc[events["crime_type"].isna(), "lad24cd"].isna().all()
    lasts = table[table["kind"] == "last_outcome"]
    assert counted(lasts, crime_type=ROBBERY, outcome="Under investigation") == 1
    assert counted(lasts, crime_type=VIOLENCE, outcome="None recorded", lad24cd="E07000001") == 1


def test_lock_without_archives_gives_empty_tables(tmp_path: Path) -> None:
    assert all(frame.empty for frame in build(tmp_path).values())


def test_empty_file_is_refused(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", []).write_text("")
    assert "2025-01-alpha-street.csv is empty" in refusal(tmp_path)


def test_file_of_a_header_alone_is_refused(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [])
    assert "2025-01-alpha-street.csv is empty" in refusal(tmp_path)


def test_renamed_column_is_refused(tmp_path: Path) -> None:
    header = [name.replace("LSOA code", "lsoa_code") for name in COLUMNS["street"]]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)], header=header)
    assert "2025-01-alpha-street.csv, row 0 (header): column 'LSOA code' is missing" in refusal(tmp_path)


def test_columns_in_another_order_are_refused(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)], header=COLUMNS["street"][::-1])
    assert "the columns are Context, Last outcome category" in refusal(tmp_path)


def test_file_cut_inside_a_row_is_refused(tmp_path: Path) -> None:
    path = write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 3)
    path.write_bytes(path.read_bytes()[:-20])
    assert "2025-01-alpha-street.csv is truncated" in refusal(tmp_path)


def test_row_with_too_few_fields_is_refused(tmp_path: Path) -> None:
    path = write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 3)
    path.write_text(path.read_text() + "id,2025-01,Force\n")
    assert "2025-01-alpha-street.csv, row 4: 3 fields instead of 12" in refusal(tmp_path)


def test_stray_quote_that_swallows_rows_is_refused(tmp_path: Path) -> None:
    path = write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 4)
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace("On or near Street", '"On or near Street')
    lines[4] = lines[4].replace("On or near Street", 'On or near Street"')
    path.write_text("\n".join(lines) + "\n")
    assert "2025-01-alpha-street.csv" in refusal(tmp_path)


def test_another_month_inside_is_refused(tmp_path: Path) -> None:
    rows = [street_row("2025-01", ALPHA), street_row("2024-12", ALPHA)]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", rows)
    assert "2025-01-alpha-street.csv, row 2: Month is '2024-12' in a file for 2025-01" in refusal(tmp_path)


def test_unknown_crime_type_is_refused(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA), street_row("2025-01", ALPHA, "Piracy")])
    assert "2025-01-alpha-street.csv, row 2: unknown crime type 'Piracy'" in refusal(tmp_path)


@pytest.mark.parametrize("dataset", ["street", "outcomes"])
def test_unknown_lsoa_is_refused(tmp_path: Path, dataset: str) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)])
    rows = {
        "street": [street_row("2025-01", ALPHA), street_row("2025-01", "E01099999")],
        "outcomes": [outcome_row("2025-01", ALPHA, "a", "Charged"), outcome_row("2025-01", "E01099999", "b", "Charged")],
    }[dataset]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", rows, dataset)
    assert f"2025-01-alpha-{dataset}.csv, row 2: LSOA code 'E01099999' is in neither" in refusal(tmp_path)


def test_two_vintages_in_one_month_are_refused(tmp_path: Path) -> None:
    rows = [street_row("2025-01", code) for code in (ALPHA, SPLIT, SPLIT_PARTS[0])]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", rows)
    said = refusal(tmp_path)
    assert "2025-01-alpha-street.csv mixes two vintages of LSOA: E01000090 (row 2) is a 2011 code, E01000002 (row 3) a 2021 code" in said


def test_lookup_that_gives_a_code_a_new_meaning_is_refused(tmp_path: Path) -> None:
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)])
    twisted = pd.concat([place_changes(), pd.DataFrame([(MERGED_INTO, ALPHA, "M", 1.0)], columns=place_changes().columns)])
    with pytest.raises(SnaError, match="new meaning"):
        build_street_tables(raw_files(tmp_path), {"places": places(), "place_changes": twisted})


def test_what_the_audit_wants_to_know_is_found_in_the_files(tmp_path: Path) -> None:
    asb = "Anti-social behaviour"
    january = [
        street_row("2025-01", ALPHA, VIOLENCE, "one"),
        street_row("2025-01", BETA, VIOLENCE, "two"),
        street_row("2025-01", ALPHA, asb),
        street_row("2025-01", ALPHA, asb),
        street_row("2025-01", ALPHA, ROBBERY),
        street_row("2025-01", None, asb, "an id where none should be"),
    ]
    january[0][8], january[1][8] = "Oldby 001A", "Southby 001A"
    january[1][11], january[4][4], january[4][5] = "a context", "", ""
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", january)
    again = [street_row("2025-02", ALPHA, VIOLENCE, name) for name in ("one", "one", "three")]
    again[2][4] = "-5.5"
    write_month(tmp_path, "2025-12.zip", "2025-02", "alpha", again)
    found = build(tmp_path)["coverage"].set_index(["month"])
    first, second = found.iloc[0], found.iloc[1]
    assert (first["rows_without_id"], first["rows_id_unexpected"], first["rows_repeated"]) == (3, 2, 1)
    assert (first["rows_half_located"], first["rows_context"], first["rows_in_force_area"]) == (2, 1, 4)
    assert (first["rows_repeated_id"], second["rows_repeated_id"], second["ids_repeated"]) == (0, 2, 1)
    assert first["former_districts"] == "Oldby"
    assert pd.isna(second["former_districts"])
    assert (second["lon_west"], second["lon_east"], first["lat_north"]) == (-5.5, 0.1, 52.1)


def test_a_crime_id_is_told_apart_by_all_its_characters(tmp_path: Path) -> None:
    ids = [f"{'a' * position}b{'a' * (63 - position)}" for position in range(64)]
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA, VIOLENCE, name) for name in [*ids, "a", "b", "b"]])
    assert build(tmp_path)["coverage"].loc[0, ["rows_repeated_id", "ids_repeated"]].tolist() == [1, 1]


def test_files_of_a_force_are_read_once_for_any_number_of_areas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for force in ("alpha", "beta"):
        for month in ("2025-01", "2025-02"):
            write_month(tmp_path, "2025-12.zip", month, force, [street_row(month, ALPHA)] * 2)
    whole = raw_files(tmp_path)
    tables = {"places": places(), "place_changes": place_changes()}
    opened: list[str] = []
    read = type(whole).read
    monkeypatch.setattr(type(whole), "read", lambda self, entry: opened.append(entry.member) or read(self, entry))
    together = build_street_tables(whole, tables)
    for force in ("alpha", "beta"):
        one = build_street_tables(type(whole)([entry for entry in whole.locked(SOURCE) if f"-{force}-" in entry.member], whole.root), tables)
        assert one["street_counts"].equals(together["street_counts"].query("force_slug == @force").reset_index(drop=True))
    assert sorted(opened) == sorted(set(opened))
    assert len(opened) == 4


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("x".encode("utf-16"), "row 0 (header): column 'Crime ID' is missing"),
        (b"\xff\xfe", "row 0 (header)"),
    ],
)
def test_another_encoding_is_refused_by_its_header(tmp_path: Path, data: bytes, said: str) -> None:
    path = write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)])
    path.write_bytes(data + b"\n" + data + b"\n")
    assert said in refusal(tmp_path)


def test_text_of_another_encoding_is_refused_with_its_row(tmp_path: Path) -> None:
    path = write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", [street_row("2025-01", ALPHA)] * 3)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"Street", b"Stra\xdfe")
    path.write_bytes(b"".join(lines))
    assert "2025-01-alpha-street.csv, row 2: the text is not UTF-8" in refusal(tmp_path)


def test_coordinate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    rows = [street_row("2025-01", ALPHA) for _ in range(2)]
    rows[1][4] = "east"
    write_month(tmp_path, "2025-12.zip", "2025-01", "alpha", rows)
    assert "2025-01-alpha-street.csv, row 2: Longitude is not a number" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("member", "said"),
    [("2025-13/2025-13-alpha-street.csv", "'2025-13' is no month"), ("2025-01/2025-02-alpha-street.csv", "in the folder of 2025-01")],
)
def test_month_named_wrong_is_refused(member: str, said: str) -> None:
    with pytest.raises(SnaError, match=said):
        month_file("2025-12.zip", member)
