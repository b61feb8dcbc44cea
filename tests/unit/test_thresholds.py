"""Disclosure rules."""

from __future__ import annotations

import pandas as pd
import pytest

from svd_lib.disclosure.thresholds import RULES, is_protected, protect, rule_named, strictest
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
