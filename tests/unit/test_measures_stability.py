"""Stability: rank correlation, overlap of the top, point pattern test."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from svd_lib.errors import SnaError
from svd_lib.measures.stability import pattern_similarity, point_pattern_test, rank_correlation, top_overlap

FRAME = pd.DataFrame(
    {"id": range(12), "a": [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0], "b": [8, 9, 6, 7, 5, 4, 2, 3, 1, 0, 0, 0]}
)


@pytest.mark.parametrize(("method", "theirs"), [("spearman", stats.spearmanr), ("kendall", stats.kendalltau)])
def test_rank_correlation_equals_scipy_and_lies_in_its_limits(method, theirs):
    row = rank_correlation(FRAME, "a", "b", method=method).iloc[0]
    assert row["value"] == pytest.approx(theirs(FRAME["a"], FRAME["b"]).statistic)
    assert row["lower_ci"] < row["value"] < row["upper_ci"] <= 1


def test_top_overlap_counts_shared_places_and_chance():
    out = top_overlap(FRAME, "a", "b", k=[1, 2, 4])
    assert out["numerator"].tolist() == [0, 2, 4] and out["expected"].tolist() == pytest.approx(
        [1 / 12, 2 / 12, 4 / 12]
    )
    assert out["jaccard"].tolist() == [0, 1, 1]


def test_ties_count_against_overlap():
    tied = pd.DataFrame({"a": [1, 1, 0], "b": [1, 0, 1]})
    assert top_overlap(tied, "a", "b", k=1)["numerator"].tolist() == [0]


def test_a_top_larger_than_the_places_is_refused():
    with pytest.raises(SnaError, match="between 1 and 12"):
        top_overlap(FRAME, "a", "b", k=13)


def test_point_pattern_test_equals_scipy_place_by_place():
    tests = point_pattern_test(FRAME, "a", "b")
    table = [[9, 45 - 9], [8, 45 - 8]]
    assert len(tests) == 9
    assert tests["p_value"][0] == pytest.approx(stats.chi2_contingency(np.array(table).T, correction=True).pvalue)
    assert pattern_similarity(tests)["value"][0] == 1


def test_a_missing_place_is_not_tested_as_zero():
    gap = FRAME.assign(b=FRAME["b"].where(FRAME["id"] != 0))
    assert 0 not in point_pattern_test(gap, "a", "b")["id"].tolist()
    assert rank_correlation(gap, "a", "b")["places"][0] == 11


def test_the_point_pattern_test_can_be_fishers():
    tests = point_pattern_test(FRAME, "a", "b", test="fisher")
    row = tests.iloc[0]
    total = FRAME[["a", "b"]].sum()
    table = [[row["denominator"], row["numerator"]], [total["a"] - row["denominator"], total["b"] - row["numerator"]]]
    assert row["p_value"] == pytest.approx(stats.fisher_exact(table).pvalue)
    assert row["method"].startswith("Fisher")
