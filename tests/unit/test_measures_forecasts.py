import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures import forecasts


def _series(n=84, seed=3):
    t = np.arange(n)
    mean = 60 * np.exp(0.002 * t + 0.25 * np.sin(np.pi * t / 6))
    counts = np.random.default_rng(seed).poisson(mean).astype(float)
    return pd.DataFrame({"month": pd.date_range("2015-01-01", periods=n, freq="MS"), "count": counts})


def test_the_seasonal_naive_repeats_last_year_with_wider_limits_each_year():
    rows = _series()
    out = forecasts.forecast(rows, horizon=24, levels=(0.95,))
    assert out["value"].tolist() == rows["count"].tail(12).tolist() * 2
    width = out["upper_ci"] - out["lower_ci"]
    assert width.iloc[12] == pytest.approx(width.iloc[0] * np.sqrt(2))
    assert out["month"].iloc[0] == pd.Timestamp("2022-01-01")


def test_a_missing_month_is_forecast_from_the_year_before_and_not_as_zero():
    rows = _series()
    out = forecasts.forecast(rows.drop(index=75), levels=(0.95,)).set_index("month")
    assert out.loc["2022-04-01", "value"] == rows.loc[63, "count"]


@pytest.mark.parametrize(
    "method,options",
    [
        ("ets", {"error": "add", "trend": None, "seasonal": "add"}),
        ("arima", {"order": (0, 1, 1), "seasonal_order": (0, 1, 1)}),
        ("count_regression", None),
    ],
)
def test_each_method_forecasts_a_series_with_a_gap(method, options):
    rows = _series()
    out = forecasts.forecast(rows.drop(index=40), method=method, options=options, levels=(0.8, 0.95))
    assert len(out) == 24
    assert ((out["lower_ci"] < out["value"]) & (out["value"] < out["upper_ci"])).all()
    wide, narrow = out[out["confidence"] == 0.95], out[out["confidence"] == 0.8]
    assert (
        (wide["upper_ci"] - wide["lower_ci"]).to_numpy() > (narrow["upper_ci"] - narrow["lower_ci"]).to_numpy()
    ).all()
    assert out["value"].between(30, 130).all()


def test_less_than_two_years_make_no_forecast():
    with pytest.raises(SnaError, match="two years"):
        forecasts.forecast(_series(23))


def test_an_unknown_method_is_refused():
    with pytest.raises(SnaError, match="seasonal_naive, ets"):
        forecasts.forecast(_series(), method="crystal ball")


def test_errors_are_scored_against_the_same_month_last_year():
    rows = pd.DataFrame({"actual": [12.0, 8.0, None], "value": [10.0, 10.0, 10.0]})
    out = forecasts.accuracy(rows, training=[1, 2, 3, 4] * 2, period=2).iloc[0]
    assert (out["ME"], out["RMSE"], out["MAE"]) == (0, 2, 2)
    assert out["MASE"] == pytest.approx(2 / 2)


def test_a_backtest_never_looks_ahead_and_scores_only_months_that_are_there():
    rows = _series(72).drop(index=65)
    out = forecasts.backtest(rows, methods=("seasonal_naive", "count_regression"), initial=48, step=6)
    assert (out["month"] > out["origin"]).all()
    assert out.loc[out["month"] == pd.Timestamp("2020-06-01"), "actual"].isna().all()
    scores = forecasts.backtest_scores(out)
    scored = out[(out["confidence"] == 0.95) & out["actual"].notna() & (out["method_name"] == "seasonal_naive")]
    assert scores.loc[0, "forecasts"] == len(scored)
    assert set(scores["method_name"]) == {"seasonal_naive", "count_regression"}
    assert (scores["interval_score_95"] > 0).all()


def test_a_model_is_published_when_it_beats_the_floor_and_covers():
    scores = pd.DataFrame(
        {
            "method_name": ["seasonal_naive", "good", "worse", "narrow"],
            "forecasts": 100,
            "MASE": [1.0, 0.7, 1.2, 0.6],
            "coverage_80": [0.8, 0.82, 0.8, 0.5],
            "coverage_95": [0.95, 0.96, 0.95, 0.7],
        }
    )
    out = forecasts.publication_verdict(scores).set_index("method_name")
    assert out["is_publishable"].tolist() == [False, True, False, False]
    assert "no better than" in out.loc["worse", "reason"]
    assert "do not cover" in out.loc["narrow", "reason"]
    with pytest.raises(SnaError, match="floor"):
        forecasts.publication_verdict(scores.iloc[1:])
