"""Accessible tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from svd_lib.figures import tables


def _table(data: pd.DataFrame, **options: object) -> BeautifulSoup:
    return BeautifulSoup(tables.html_table(data, "Offences & rates", **options), "lxml")


def test_every_header_has_a_scope_and_words() -> None:
    page = _table(pd.DataFrame({"lad24nm": ["A<b>", "C"], "value": [27.71, np.nan], "method": ["Byar", "Byar"]}))
    headers = page.find_all("th")
    assert all(header["scope"] in ("row", "col") and header.get_text(strip=True) for header in headers)
    assert [header.get_text() for header in page.select("thead th")] == ["District", "Value"]
    assert page.select_one("tbody th").get_text() == "A<b>"
    assert page.caption.get_text() == "Offences & rates"


def test_missing_and_suppressed_values_are_marked_and_explained() -> None:
    data = pd.DataFrame({"place": ["a", "b"], "value": [np.nan, np.nan], "is_suppressed": [True, False]})
    page = _table(data)
    assert [cell.get_text() for cell in page.find_all("td")] == ["[c]", "[x]"]
    assert "confidential" in page.select_one(".sna-markers").get_text()


def test_codes_and_methods_stay_out_of_the_page() -> None:
    data = pd.DataFrame({"lsoa21cd": ["E01000001"], "label": ["x"], "statistic": ["rate"], "value": [1]})
    assert list(tables.shown_columns(data)) == ["label", "value"]


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(KeyError, match="no column rate"):
        tables.shown_columns(pd.DataFrame({"value": [1]}), {"rate": "Rate"})


def test_months_years_and_numbers_read_as_people_write_them() -> None:
    data = pd.DataFrame({"month": pd.to_datetime(["2025-01-01"]), "year": [2025], "count": [21045], "value": [0.1234], "held": [True]})
    shown = tables.texts(data, tables.shown_columns(data))
    assert shown.iloc[0].tolist() == ["January 2025", "2025", "21,045", "0.123", "Yes"]


def test_a_given_precision_holds() -> None:
    data = pd.DataFrame({"value": [0.1234, 5.0], "count": [1, 2]})
    shown = tables.texts(data, {"value": "Value", "count": "Count"}, {"value": 1})
    assert shown["value"].tolist() == ["0.1", "5.0"]
    assert shown["count"].tolist() == ["1", "2"]


def test_long_tables_are_cut_usefully() -> None:
    data = pd.DataFrame({"label": [f"p{n}" for n in range(449)], "value": range(449)})
    rows, note = tables.first_rows(data)
    assert len(rows) == 30 and rows["value"].iloc[0] == 448
    assert note == "Showing 30 of 449 rows, highest first; the CSV file has all of them."
    assert tables.first_rows(data.head(60))[1] == ""
