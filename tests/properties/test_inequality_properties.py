"""What inequality measures and count regressions must satisfy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.measures import inequality, rates, regression

FAST = settings(max_examples=20, deadline=None)
BLOCKS = st.lists(st.tuples(st.integers(10, 400), st.integers(1_000, 9_000)), min_size=3, max_size=10)


def _rates(block):
    frame = pd.DataFrame(block, columns=["count", "population"])
    return rates.crude_rate(frame.assign(quantile=range(1, len(block) + 1)))


@FAST
@given(BLOCKS, st.floats(0.1, 50))
def test_the_slope_scales_with_values_and_the_relative_index_does_not(block, scale):
    one = inequality.slope_index(_rates(block), limits=None).set_index("index")
    scaled = _rates(block).assign(value=lambda f: f["value"] * scale)
    two = inequality.slope_index(scaled, limits=None).set_index("index")
    assert two.loc["SII", "value"] == pytest.approx(one.loc["SII", "value"] * scale, rel=1e-6, abs=1e-9)
    assert two.loc["RII", "value"] == pytest.approx(one.loc["RII", "value"], rel=1e-6)


@FAST
@given(BLOCKS)
def test_the_slope_index_holds_its_estimate_and_ignores_the_order_of_rows(block):
    frame = _rates(block)
    one = inequality.slope_index(frame, scale="log", transform=True)
    two = inequality.slope_index(frame.iloc[::-1], scale="log", transform=True)
    assert (one["lower_ci"] <= one["value"]).all() and (one["value"] <= one["upper_ci"]).all()
    pd.testing.assert_frame_equal(one, two)


@FAST
@given(st.integers(5, 300), st.integers(100, 5_000), st.integers(2, 10))
def test_equal_rates_have_no_slope(count, people, groups):
    frame = rates.crude_rate(pd.DataFrame({"quantile": range(groups), "count": count, "population": people}))
    out = inequality.slope_index(frame).set_index("index")
    assert out.loc["SII", "value"] == pytest.approx(0, abs=1e-6)
    assert out.loc["RII", "value"] == pytest.approx(1)


@FAST
@given(BLOCKS)
def test_areas_and_their_sums_have_the_same_quantile_ratios(block):
    frame = pd.DataFrame(block, columns=["count", "population"]).assign(quantile=lambda f: f.index % 2 + 1)
    summed = frame.groupby("quantile", as_index=False).sum()
    by_area, by_sum = (inequality.quantile_rate_ratios(rows) for rows in (frame, summed))
    np.testing.assert_allclose(by_area["value"], by_sum["value"])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_scaling_the_exposure_moves_only_the_intercept(seed, factor):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(size=60), "people": rng.integers(100, 900, 60)})
    frame["count"] = rng.poisson(frame["people"] * 0.05)
    one = regression.count_regression(frame, "count ~ x", exposure="people").coefficients
    two = regression.count_regression(
        frame.assign(people=frame["people"] * factor), "count ~ x", exposure="people"
    ).coefficients
    assert two.loc[1, "estimate"] == pytest.approx(one.loc[1, "estimate"], abs=1e-8)
    assert two.loc[0, "estimate"] == pytest.approx(one.loc[0, "estimate"] - np.log(factor), abs=1e-8)
