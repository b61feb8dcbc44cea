"""The multiverse: every combination once, agreement, variance, ranks."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.multiverse import (
    agreement,
    curve_summary,
    rank_stability,
    run_specifications,
    specifications,
    variance_by_choice,
)

CHOICES = {"definition": ["a", "b"], "denominator": ["residents", "workday"], "period": [1, 2, 3]}


def _estimate(definition, denominator, period):
    return {"value": (definition == "a") * 2.0 + period * 0.1 - 1.0, "lower_ci": period - 3.0, "upper_ci": 9.0}


def test_every_combination_is_run_once_the_last_choice_fastest():
    table = specifications(CHOICES)
    assert len(table) == 12 and not table.duplicated().any()
    assert table["period"].head(4).tolist() == [1, 2, 3, 1]


def test_agreement_counts_the_side_of_the_first():
    row = agreement(run_specifications(CHOICES, _estimate), lower="lower_ci", upper="upper_ci").iloc[0]
    assert row["share_agreeing"] == 0.5 and row["agreeing_clearly"] == 0


def test_variance_goes_to_the_choice_that_made_it():
    curve = run_specifications(CHOICES, _estimate)
    shares = variance_by_choice(curve, list(CHOICES)).set_index("choice")["share"]
    assert shares.sum() == pytest.approx(1) and shares["denominator"] == pytest.approx(0) and shares["definition"] > 0.9
    with pytest.raises(SnaError, match="full factorial"):
        variance_by_choice(curve.iloc[1:], list(CHOICES))


def test_a_summary_without_p_values_claims_no_significance():
    assert curve_summary(run_specifications(CHOICES, _estimate))["share_significant"] is None


def test_ranks_are_compared_with_the_first_specification():
    curve = pd.DataFrame({"specification": list("AAABBB"), "area": [1, 2, 3] * 2, "value": [3, 2, 1, 1, 2, 3]})
    row = rank_stability(curve, k=1).iloc[0]
    assert row["tau"] == -1 and row["top_jaccard"] == 0
    assert len(rank_stability(pd.concat([curve, curve.tail(3).assign(specification="C")]), k=1, against="pairs")) == 3


def test_a_specification_that_agrees_on_nothing_is_not_agreement():
    assert agreement(pd.DataFrame({"value": [1.0, np.nan, -1.0]}))["share_agreeing"][0] == pytest.approx(1 / 3)
