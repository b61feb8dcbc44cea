"""Words from numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.report import text


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2025-01/2025-12", "January to December 2025"),
        ("2025", "January to December 2025"),
        ("2024-07/2025-06", "the year ending June 2025"),
        ("2021-03", "March 2021"),
        ("2025-01/2025-06", "January to June 2025"),
        ("2006-04/2018-12", "April 2006 to December 2018"),
        ("2023-01/2025-12", "January 2023 to December 2025"),
    ],
)
def test_period_words(period: str, words: str) -> None:
    assert text.period_words(period) == words


@pytest.mark.parametrize("period", ["2025-13", "2025-12/2025-01", "2025/2026", "last year", ""])
def test_unreadable_period_is_refused(period: str) -> None:
    with pytest.raises(SnaError):
        text.parse_period(period)


def test_numbers_have_commas_and_keep_their_decimals() -> None:
    assert text.number(21045) == "21,045"
    assert text.number(27.0, 1) == "27.0"
    assert text.number(np.float64(-0.04), 1) == "0.0"
    assert text.number(float("nan")) == "not available"


def test_units_attach_as_they_are_written() -> None:
    assert text.with_unit(27.71, "per 1,000 residents", 1) == "27.7 per 1,000 residents"
    assert text.with_unit(9.84, "%", 1) == "9.8%"
    assert text.with_unit(1.2, "£ million", 1) == "£1.2 million"


def test_interval_words_name_their_confidence() -> None:
    assert text.interval_words(26.91, 28.5, "%", 1, 0.95) == "95% confidence interval 26.9% to 28.5%"
    assert text.interval_words(26.91, 28.5, "", 1, 0.998) == "99.8% confidence interval 26.9 to 28.5"
    assert text.interval_words(None, 1.0) == ""


@pytest.mark.parametrize(
    ("lower", "upper", "words"), [(0.1, 2, "rose"), (-2, -0.1, "fell"), (-1, 9, "showed no clear change"), (0, 3, "showed no clear change")]
)
def test_change_is_worded_by_its_interval(lower: float, upper: float, words: str) -> None:
    assert text.change_words({"value": 5.0, "lower_ci": lower, "upper_ci": upper}) == words


def test_without_an_interval_no_change_is_claimed() -> None:
    assert text.change_words({"value": 50.0}) == "showed no clear change"
    assert text.compare_words(pd.Series({"value": 50.0, "lower_ci": np.nan, "upper_ci": 60.0})) == "not clearly different from"


def test_levels_are_compared_by_their_intervals() -> None:
    level = {"value": 30, "lower_ci": 28, "upper_ci": 32}
    assert text.compare_words(level, 27) == "higher than"
    assert text.compare_words(level, {"value": 34, "lower_ci": 32, "upper_ci": 36}) == "not clearly different from"
    assert text.compare_words(level, {"value": 36, "lower_ci": 33, "upper_ci": 39}) == "lower than"
    assert text.compare_words({"lower_ci": 1.1, "upper_ci": 1.4}, neutral=1.0) == "higher than"


def test_plain_values_have_no_library_types() -> None:
    row = text.one_row(pd.DataFrame({"value": [np.float64(1.5)], "numerator": [np.int64(3)], "method": ["Byar"], "none": [pd.NA]}))
    assert row == {"value": 1.5, "numerator": 3, "method": "Byar", "none": None}
    assert [type(value) for value in row.values()] == [float, int, str, type(None)]


def test_more_than_one_row_is_refused() -> None:
    with pytest.raises(SnaError, match="One row"):
        text.one_row(pd.DataFrame({"value": [1, 2]}))


def test_lists_read_as_sentences() -> None:
    assert text.join_words(["a", "b", "c"]) == "a, b and c"
    assert text.join_words(["a"]) == "a"
    assert text.join_words([]) == ""


def test_a_number_of_rows_agrees_with_its_noun() -> None:
    assert [text.rows_words(count) for count in (0, 1, 2, 1204)] == ["0 rows", "1 row", "2 rows", "1,204 rows"]
