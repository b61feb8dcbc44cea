import numpy as np
import pandas as pd
import pytest
import ruptures

from svd_lib.errors import SnaError
from svd_lib.measures import change_points as cp


def _frame(values):
    return pd.DataFrame({"month": pd.date_range("2010-01-01", periods=len(values), freq="MS"), "count": values})


def _steps(seed=1):
    rng = np.random.default_rng(seed)
    return np.r_[rng.poisson(20, 40), rng.poisson(34, 30), rng.poisson(18, 30)].astype(float)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("changes", [1, 2, 3])
def test_partitions_are_those_of_ruptures(seed, changes):
    values = _steps(seed)
    theirs = ruptures.Dynp("l2", min_size=6, jump=1).fit(values).predict(changes)[:-1]
    assert cp.change_points(_frame(values), cost="l2", changes=changes)["position"].tolist() == theirs


@pytest.mark.parametrize("seed", range(5))
def test_the_penalised_optimum_is_that_of_pelt(seed):
    values = _steps(seed)
    penalty = 3 * np.var(values) * np.log(len(values))
    theirs = ruptures.Pelt("l2", min_size=6, jump=1).fit(values).predict(penalty)[:-1]
    ours = cp.change_points(_frame(values), cost="l2", method="pelt", penalty_multiple=3, variance="series")
    assert ours["position"].tolist() == theirs


@pytest.mark.parametrize("cost", ["l2", "poisson"])
def test_bic_finds_two_steps_and_dates_them(cost):
    out = cp.change_points(_frame(_steps()), cost=cost)
    assert out["position"].tolist() == [40, 70]
    assert out["first_after"].tolist() == [pd.Timestamp("2013-05-01"), pd.Timestamp("2015-11-01")]
    assert out["value"].iloc[0] > 1 > out["value"].iloc[1]


def test_nothing_is_found_where_nothing_changed():
    flat = _frame(np.tile([10.0, 11.0, 9.0, 10.0], 20))
    assert cp.change_points(flat).empty
    assert cp.change_points(flat, method="pelt", cost="poisson").empty


def test_a_gap_moves_no_change():
    values = _steps()
    values[[10, 50, 51, 80]] = np.nan
    assert cp.change_points(_frame(values), cost="poisson")["position"].tolist() == [40, 70]


def test_an_autoregression_is_fitted_in_each_segment():
    rng = np.random.default_rng(2)
    y = np.zeros(160)
    for i in range(1, 160):
        y[i] = (2 if i < 80 else 8) + 0.5 * y[i - 1] + rng.normal(0, 0.3)
    out = cp.change_points(_frame(y), cost="l2", lags=(1,), changes=1, min_size=0.1)
    assert abs(out["position"].iloc[0] - 79) <= 1


def test_partitions_list_costs_that_fall_and_choose_by_bic():
    table = cp.partitions(_frame(_steps()), cost="l2")
    assert table["cost"].is_monotonic_decreasing
    assert table.loc[table["is_best"], "changes"].tolist() == [2]


def test_a_series_too_short_is_refused():
    with pytest.raises(SnaError, match="too short"):
        cp.change_points(_frame(_steps()[:15]), changes=3)


def test_changes_are_matched_to_the_nearest_entry_of_a_register():
    changes = cp.change_points(_frame(_steps()), changes=2)
    register = pd.DataFrame(
        {"date": pd.to_datetime(["2013-04-01", "2013-06-15", "2017-01-01"]), "what": ["new code", "audit", "later"]}
    )
    out = cp.match_register(changes, register)
    assert out["is_explained"].tolist() == [True, False]
    assert out.loc[0, "register_what"] in {"new code", "audit"}
    assert abs(out.loc[0, "months_apart"]) == 1
    assert pd.isna(out.loc[1, "register_what"])


def test_the_interval_of_a_date_narrows_with_the_size_of_the_change_and_holds_it():
    rng = np.random.default_rng(4)
    widths = []
    for size in (1.0, 3.0):
        values = rng.normal(0, 1, 80) + np.r_[np.zeros(40), np.full(40, size)]
        row = cp.change_points(_frame(values), cost="l2", changes=1).iloc[0]
        assert row["position_lower"] <= row["position"] <= row["position_upper"]
        assert row["earliest"] <= row["last_before"] <= row["latest"]
        widths.append(row["position_upper"] - row["position_lower"])
    assert widths[0] > widths[1]


def test_the_distribution_of_a_date_is_one_and_mirrors_itself():
    grid = np.linspace(-60, 60, 241)
    shares = np.array([cp._argmax_share(x, 1.0, 1.0) for x in grid])
    assert shares[0] < 1e-4 and shares[-1] > 1 - 1e-4 and (np.diff(shares) >= -1e-12).all()
    np.testing.assert_allclose(shares, 1 - shares[::-1], atol=1e-9)
    assert cp._argmax_share(11.03, 1.0, 1.0) == pytest.approx(0.975, abs=5e-4)


def test_a_penalty_can_be_given_as_it_stands():
    values = _steps()
    theirs = ruptures.Pelt("l2", min_size=6, jump=1).fit(values).predict(pen=400)[:-1]
    assert cp.change_points(_frame(values), method="pelt", cost="l2", penalty=400)["position"].tolist() == theirs
