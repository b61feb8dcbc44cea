"""Publisher tables are read as text, and every fault is one sentence that names file, column or row."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import published


def test_cells_stay_text(tmp_path):
    path = RawFolder(tmp_path).add("s", "a.csv", "code,n\n007,NA\n008,\n")
    assert published.read_text(path, ["n", "code"]).to_dict("list") == {"n": ["NA", ""], "code": ["007", "008"]}


def test_renamed_column_is_named_with_its_file(tmp_path):
    path = RawFolder(tmp_path).add("s", "a.csv", "code,number\n1,2\n")
    with pytest.raises(SnaError, match=r"a\.csv has no column 'n'; its columns are code, number"):
        published.read_text(path, ["code", "n"])


@pytest.mark.parametrize("text", ["", "code,n\n"])
def test_empty_file_is_refused(tmp_path, text):
    path = RawFolder(tmp_path).add("s", "a.csv", text)
    with pytest.raises(SnaError, match=r"a\.csv .*fetch it again"):
        published.read_text(path, ["code", "n"])


def test_truncated_gzip_is_refused(tmp_path):
    path = RawFolder(tmp_path).add("s", "a.csv.gz", "code,n\n" + "".join(f"{i},{i * i}\n" for i in range(5000)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(SnaError, match=r"a\.csv\.gz cannot be read"):
        published.read_text(path, ["code", "n"])


def test_missing_required_file_says_how_to_get_it(tmp_path):
    with pytest.raises(SnaError, match="holds no file 'a.csv'.*sna fetch"):
        published.read_required(RawFolder(tmp_path), "s", "a.csv", ["n"])


def test_two_files_for_one_pattern_are_refused(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("s", "a1.csv", "n\n1\n")
    raw.add("s", "a2.csv", "n\n1\n")
    with pytest.raises(SnaError, match="holds 2 files for 'a"):
        published.read_optional(raw, "s", "a*.csv", ["n"])


def test_numbers_and_markers():
    values = pd.Series(["1,234", " 5 ", ":", "-0.5"], name="n")
    assert published.numbers(values, "a.csv", (":",)).tolist()[:2] == [1234.0, 5.0]
    assert published.numbers(values, "a.csv", (":",)).isna().tolist() == [False, False, True, False]
    assert published.marker_of(values, (":",)).tolist()[2] == ":"


def test_unknown_marker_names_file_row_and_column():
    with pytest.raises(SnaError, match=r"a\.csv, row 2: 'n/k' in column n"):
        published.numbers(pd.Series(["1", "n/k"], name="n"), "a.csv", (":",))


def test_rows_longer_than_their_header_are_refused_and_never_shifted(tmp_path):
    path = RawFolder(tmp_path).add("s", "t.csv", "area,value\nLow,Town,3\nHigh,Town,4\n")
    with pytest.raises(SnaError, match="rows with more cells than its header"):
        published.read_text(path, ["area", "value"])


def test_a_column_named_over_several_lines_is_listed_on_one(tmp_path):
    path = RawFolder(tmp_path).add("s", "t.csv", 'area,"a\nb"\nLow,3\n')
    with pytest.raises(SnaError) as caught:
        published.read_text(path, ["value"])
    assert "area, a b" in str(caught.value) and "\n" not in str(caught.value)
