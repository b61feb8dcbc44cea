"""Evaluation: E-test, power, break-even, discounting, targeting."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.rates import test_poisson_2indep as statsmodels_rates

from svd_lib.errors import SnaError
from svd_lib.measures.evaluation import (
    benefit_cost,
    break_even,
    discount_factor,
    displacement_power,
    e_test,
    present_value,
    targeting_simulation,
    weighted_displacement_difference,
)


@pytest.mark.parametrize(("a", "b", "n", "m"), [(20, 10, 2, 1.5), (41, 15, 28010, 19017), (5, 1, 1, 1)])
@pytest.mark.parametrize(("ours", "theirs"), [("two-sided", "two-sided"), ("greater", "larger"), ("less", "smaller")])
def test_e_test_equals_statsmodels(a, b, n, m, ours, theirs):
    p = e_test(a, b, exposure=n, reference_exposure=m, alternative=ours)["p_value"][0]
    assert p == pytest.approx(
        statsmodels_rates(a, n, b, m, method="etest-wald", compare="diff", alternative=theirs).pvalue, abs=1e-8
    )


def test_no_events_at_all_is_no_evidence():
    assert e_test(0, 0)["p_value"][0] == 1


def test_without_displacement_areas_the_total_is_the_local_difference():
    out = weighted_displacement_difference([80, 20], [100, 100]).set_index("part")
    assert out.loc["total", "value"] == out.loc["local", "value"] == -60
    with pytest.raises(SnaError, match="before and after"):
        weighted_displacement_difference([80], [100])


def test_power_rises_with_the_reduction_and_is_the_level_without_one():
    power = displacement_power(200, 200, [0, 0.2, 0.5])["power"]
    assert power[0] == pytest.approx(0.05) and power.is_monotonic_increasing


def test_power_agrees_with_simulation():
    rng = np.random.default_rng(0)
    found = [
        weighted_displacement_difference(rng.poisson([150, 105]), rng.poisson([150, 150]))["p_value"][2] < 0.05
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(displacement_power(150, 150, 0.3)["power"][0], abs=0.08)


def test_break_even_pays_exactly():
    row = break_even(1000, 50, 100).iloc[0]
    assert row["offences"] * 50 == 1000 and row["percent"] == 20
    assert benefit_cost(row["percent"] / 100, baseline=100, unit_cost=50, cost=1000)["net_benefit"][0] == pytest.approx(
        0
    )


def test_optimism_bias_is_added_to_the_cost():
    assert benefit_cost(0.5, baseline=10, unit_cost=10, cost=10, optimism_bias=0.25)["cost"][0] == 12.5


def test_discounting_is_one_now_and_stops_where_the_schedule_does():
    assert discount_factor([0, 75, 76])[0] == 1
    assert present_value([100, 103.5]) == pytest.approx(200)
    with pytest.raises(SnaError, match="year 125"):
        discount_factor([126])


def test_the_best_possible_choice_has_no_regret():
    frame = pd.DataFrame({"before": [5, 4, 3, 2, 1], "score": [1, 2, 3, 4, 5], "after": [9, 7, 2, 1, 1]})
    out = targeting_simulation(frame, {"count": "before", "score": "score"}, "after", k=[2]).set_index("rule")
    assert out.loc["count", "regret"] == 0 and out.loc["score", "regret"] == pytest.approx(16 / 20 - 2 / 20)
    assert out.loc["count", "random_share"] == 0.4
