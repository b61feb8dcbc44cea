"""What every rate, interval and ratio must satisfy, whatever the numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.measures import cohorts, funnels, intervals, rates

COUNTS = st.integers(0, 5_000)
PEOPLE = st.integers(1, 1_000_000)
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.998])
FAST = settings(max_examples=30, deadline=None)


def _rate(count, people, **options):
    return rates.crude_rate(pd.DataFrame({"count": [count], "population": [people]}), **options).iloc[0]


@FAST
@given(COUNTS, PEOPLE, LEVELS)
def test_an_interval_holds_its_rate(count, people, level):
    out = _rate(count, people, confidence=level)
    assert 0 <= out["lower_ci"] <= out["value"] <= out["upper_ci"]


@FAST
@given(COUNTS, PEOPLE)
def test_a_higher_confidence_makes_a_wider_interval(count, people):
    narrow, wide = (_rate(count, people, confidence=level) for level in (0.9, 0.99))
    assert wide["lower_ci"] <= narrow["lower_ci"]
    assert wide["upper_ci"] > narrow["upper_ci"]


@FAST
@given(st.integers(1, 500), PEOPLE)
def test_more_events_at_the_same_rate_make_a_narrower_interval(count, people):
    few, many = _rate(count, people), _rate(count * 4, people * 4)
    assert many["value"] == pytest.approx(few["value"])
    assert many["upper_ci"] - many["lower_ci"] < few["upper_ci"] - few["lower_ci"]


@FAST
@given(COUNTS, PEOPLE, st.floats(1, 1e5))
def test_a_rate_scales_with_its_unit(count, people, per):
    one, scaled = _rate(count, people, per=1), _rate(count, people, per=per)
    for name in ("value", "lower_ci", "upper_ci"):
        assert scaled[name] == pytest.approx(one[name] * per)


@FAST
@given(st.lists(st.one_of(st.none(), COUNTS), min_size=1, max_size=8))
def test_a_missing_count_never_becomes_a_zero(counts):
    out = rates.crude_rate(pd.DataFrame({"count": counts, "population": 100}).astype(float))
    assert out["value"].isna().tolist() == [count is None for count in counts]


@FAST
@given(st.integers(0, 400), st.integers(1, 400), LEVELS)
def test_wilson_limits_hold_the_share_and_stay_within_one(part, rest, level):
    out = rates.proportion(pd.DataFrame({"count": [part], "total": [part + rest]}), confidence=level).iloc[0]
    assert 0 <= out["lower_ci"] <= out["value"] <= out["upper_ci"] <= 1


@FAST
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(50, 5_000)), min_size=2, max_size=19))
def test_standardising_to_ones_own_structure_returns_the_crude_rate(strata):
    frame = pd.DataFrame(strata, columns=["count", "population"])
    out = rates.directly_standardised_rate(frame, standard="population", per=1_000).iloc[0]
    if frame["count"].sum() < 10:
        assert np.isnan(out["value"])
    else:
        assert out["value"] == pytest.approx(1_000 * frame["count"].sum() / frame["population"].sum())
        assert out["lower_ci"] < out["value"] < out["upper_ci"]


@FAST
@given(st.integers(1, 400), PEOPLE, st.integers(1, 400), PEOPLE, st.sampled_from(["wald", "exact"]))
def test_turning_a_rate_ratio_over_inverts_it(a, n, b, m, method):
    one = pd.DataFrame({"count": [a], "population": [n], "reference_count": [b], "reference_population": [m]})
    two = pd.DataFrame({"count": [b], "population": [m], "reference_count": [a], "reference_population": [n]})
    there, back = (rates.rate_ratio(frame, method=method).iloc[0] for frame in (one, two))
    assert there["value"] == pytest.approx(1 / back["value"])
    assert there["lower_ci"] == pytest.approx(1 / back["upper_ci"])
    assert there["lower_ci"] < there["value"] < there["upper_ci"]


@FAST
@given(st.lists(st.integers(0, 30), min_size=5, max_size=60), st.integers(2, 5))
def test_quantiles_do_not_depend_on_order_and_turn_over_with_polarity(values, groups):
    frame = pd.DataFrame({"value": values, "id": range(len(values))})
    straight = rates.quantiles(frame, groups=groups, first="lowest")
    mixed = rates.quantiles(frame.sample(frac=1, random_state=1), groups=groups, first="lowest").sort_values("id")
    assert straight["quantile"].tolist() == mixed["quantile"].tolist()
    assert straight["quantile"].between(1, groups).all()
    by_value = straight.groupby("value")["quantile"].nunique()
    assert (by_value == 1).all()


@FAST
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(500, 5_000)), min_size=3, max_size=30))
def test_over_dispersion_is_never_negative_and_ignores_order(points):
    frame = pd.DataFrame(points, columns=["count", "population"])
    one, two = funnels.overdispersion(frame), funnels.overdispersion(frame.iloc[::-1])
    assert one.loc[0, "tau2"] >= 0
    assert one.loc[0, "tau2"] == pytest.approx(two.loc[0, "tau2"])


@FAST
@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.05, 0.95))
def test_the_mid_p_share_solves_its_equation(x, extra, tail):
    from scipy import stats

    share = float(intervals.mid_p_share(x, x + extra, tail))
    if 0 < share < 1:
        mid = stats.binom.cdf(x, x + extra, share) - stats.binom.pmf(x, x + extra, share) / 2
        assert mid == pytest.approx(tail, abs=1e-6)


@FAST
@given(st.lists(st.integers(0, 50), min_size=2, max_size=6).filter(lambda people: sum(people[1:]) > 0))
def test_shares_of_victims_and_incidents_add_up(people):
    out = cohorts.repeat_table(pd.DataFrame({"times": range(len(people)), "people": people}))
    assert out["pct_incidents"].sum() == pytest.approx(100)
    assert out["pct_victims"].sum() == pytest.approx(100)
