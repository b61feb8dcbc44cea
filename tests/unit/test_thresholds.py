"""Disclosure rules."""

from __future__ import annotations

import pandas as pd
import pytest

from svd_lib.disclosure.thresholds import RULES, Rule, is_protected, protect, protect_row, rule_named, strictest
from svd_lib.errors import SnaError
from svd_lib.sources.registry import DISCLOSURE_RULES


def _counts() -> pd.DataFrame:
    return pd.DataFrame({"place": list("abcd"), "numerator": [0, 3, 7, 23], "value": [0.0, 1.0, 2.0, 8.0]})


def test_every_rule_of_the_registry_is_known() -> None:
    assert set(DISCLOSURE_RULES) <= set(RULES)


def test_a_misspelled_rule_never_means_publish_all() -> None:
    with pytest.raises(SnaError, match="unknown"):
        rule_named("as published")


def test_an_open_rule_changes_nothing() -> None:
    assert protect(_counts(), rule_named("as_published")) is not None
    pd.testing.assert_frame_equal(protect(_counts(), rule_named("as_published")), _counts())


def test_small_counts_are_hidden_the_rest_rounded_and_weak_rates_withheld() -> None:
    safe = protect(_counts(), rule_named("partner_under_5"))
    assert safe["numerator"].tolist()[0] == 0
    assert pd.isna(safe["numerator"][1])
    assert safe["numerator"].tolist()[2:] == [5, 25]
    assert safe["value"].isna().tolist() == [True, True, True, False]
    assert safe["is_suppressed"].tolist() == [True, True, True, False]


def test_nhs_rule_hides_one_to_seven() -> None:
    safe = protect(_counts()[["place", "numerator"]], rule_named("nhs_1_7"))
    assert safe["numerator"].isna().tolist() == [False, True, True, False]
    assert safe["is_suppressed"].tolist() == [False, True, True, False]


def test_a_rule_without_a_column_of_counts_is_refused() -> None:
    with pytest.raises(SnaError, match="counts"):
        protect(pd.DataFrame({"value": [1.0]}), rule_named("nhs_1_7"))


def test_the_strictest_of_several_rules_holds() -> None:
    both = strictest(["as_published", "partner_under_5", "nhs_1_7"])
    assert (both.hide_below, both.round_to, both.rate_from) == (8, 5, 10)
    assert strictest([]).is_open


def test_protected_tables_are_recognised() -> None:
    rule = rule_named("partner_under_5")
    assert not is_protected(_counts(), rule)
    assert is_protected(protect(_counts(), rule), rule)


def test_a_rate_beside_a_rounded_count_is_the_rate_of_the_rounded_count() -> None:
    safe = protect(pd.DataFrame({"numerator": [23], "denominator": [1000], "value": [23.0]}), rule_named("nhs_1_7"))
    assert safe["value"][0] * safe["denominator"][0] / 1000 == safe["numerator"][0] == 25


def test_means_and_medians_rest_on_enough() -> None:
    safe = protect(pd.DataFrame({"n": [7, 8], "mean": [3.2, 4.1], "median": [3.0, 4.0]}), rule_named("nhs_1_7"))
    assert safe["mean"].isna().tolist() == safe["median"].isna().tolist() == [True, False]


def test_a_dominated_count_is_hidden_and_the_contribution_never_shown() -> None:
    safe = protect(pd.DataFrame({"count": [100, 100], "largest": [90, 20]}), rule_named("partner_under_10"))
    assert safe["is_suppressed"].tolist() == [True, False]
    assert "largest" not in safe


def test_zeros_are_hidden_where_the_rule_says_so() -> None:
    rule = Rule("r", hide_below=5, zeros="withhold")
    assert rule.hides([0, 4, 5]).tolist() == [True, True, False]
    assert RULES["partner_under_10"].hides([0, 1, 9, 10]).tolist() == [False, True, True, False]


def test_what_was_withheld_before_stays_withheld_with_its_rate() -> None:
    released = pd.DataFrame({"count": [None, 40.0], "is_suppressed": [True, False], "value": [3.0, 4.0]})
    safe = protect(released, rule_named("partner_under_10"))
    assert safe["count"].isna().tolist() == safe["value"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "withheld"),
    [
        ({"value": 3.1, "numerator": 9, "denominator": 2900}, True),
        ({"value": 3.1, "numerator": 10, "denominator": 3200}, False),
        ({"value": 9}, True),
        ({"value": 10, "numerator": None}, False),
    ],
)
def test_a_single_result_is_withheld_with_its_count(row: dict, withheld: bool) -> None:
    safe, is_withheld = protect_row(row, rule_named("partner_under_10"))
    assert is_withheld is withheld
    assert pd.isna(safe["value"]) == withheld


def test_a_table_of_words_is_let_out_only_when_it_is_said_to_hold_no_counts() -> None:
    words = pd.DataFrame({"question": ["What should change?"], "text": ["More lamps"]})
    assert protect(words, rule_named("partner_under_10"), []) is words
    with pytest.raises(SnaError, match="which columns hold counts"):
        protect(words, rule_named("partner_under_10"))
    with pytest.raises(SnaError, match="which columns hold counts"):
        protect(words.assign(people=[3]), rule_named("partner_under_10"), [])
