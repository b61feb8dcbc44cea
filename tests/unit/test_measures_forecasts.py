import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

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


LH = "2.4 2.4 2.4 2.2 2.1 1.5 2.3 2.3 2.5 2.0 1.9 1.7 2.2 1.8 3.2 3.2 2.7 2.2 2.2 1.9 1.9 1.8 2.7 3.0 2.3 2.0 2.0 2.9 2.9 2.7 2.7 2.3 2.6 2.4 1.8 1.7 1.5 1.4 2.1 3.3 3.5 3.5 3.1 2.6 2.1 3.4 3.0 2.9"


def test_an_arima_with_a_mean_reproduces_the_printed_fit_of_a_textbook_series():
    # printed in R's own documentation of arima() for the series lh (Diggle 1990)
    fit = forecasts.arima_fit([float(one) for one in LH.split()], order=(3, 0, 0)).set_index("term")
    assert fit.loc[["ar.L1", "ar.L2", "ar.L3", "mean"], "estimate"].tolist() == pytest.approx([0.6448, -0.0634, -0.2198, 2.3931], abs=6e-5)
    assert fit.loc[["ar.L1", "ar.L2", "ar.L3", "mean"], "standard_error"].tolist() == pytest.approx([0.1394, 0.1668, 0.1421, 0.0963], abs=1e-4)
    assert fit["loglik"].iloc[0] == pytest.approx(-27.09, abs=5e-3) and fit["aic"].iloc[0] == pytest.approx(64.18, abs=5e-3)


def test_every_method_can_be_backtested_and_keeps_what_it_chose():
    rows = forecasts.backtest(_series(60), initial=54, step=5, horizon=2)
    assert set(rows["method_name"]) == set(forecasts.METHODS)
    assert rows.groupby("method_name")["model"].nunique().max() == 1


@pytest.mark.parametrize("trend,damped", [("add", False), ("add", True), (None, False)])
def test_additive_smoothing_has_the_exact_limits_of_statsmodels(trend, damped):
    options = {"error": "add", "trend": trend, "seasonal": "add", "damped_trend": damped}
    rows = _series(60)
    ours = forecasts.forecast(rows, method="ets", horizon=15, levels=(0.9,), options=options)
    values = pd.Series(rows["count"].to_numpy(), index=pd.DatetimeIndex(rows["month"], freq="MS"))
    theirs = ETSModel(values, seasonal_periods=12, **options).fit(disp=False, maxiter=2_000).get_prediction(60, 74).summary_frame(alpha=0.1)
    np.testing.assert_allclose(ours[["value", "lower_ci", "upper_ci"]], theirs[["mean", "pi_lower", "pi_upper"]], rtol=1e-9)


def test_a_series_is_tested_and_the_decision_says_why():
    verdict = forecasts.publication_test(_series(72), methods=("seasonal_naive", "count_regression"), horizon=6, initial=60, step=6)
    assert verdict["relative_error"].is_monotonic_increasing and 1.0 in verdict["relative_error"].tolist()
    passing = verdict.assign(is_publishable=verdict["method_name"] == "count_regression")
    now = {"known_to": "2020-12-31", "wanted_from": "2021-03-31"}
    shown = forecasts.publication_decision(passing, **now)
    assert shown["is_published"].iloc[0] and (shown["value"].iloc[0], shown["denominator"].iloc[0]) == (1, 1)
    assert len(forecasts.published_forecast(_series(72), shown, horizon=3)) == 3
    late = forecasts.publication_decision(passing, known_to="2019-12-31", wanted_from="2025-12-31")
    assert not late["is_published"].iloc[0] and "72 months before" in late["reason"].iloc[0]
    none = forecasts.publication_decision(passing.assign(is_publishable=False), **now)
    assert none["reason"].iloc[0] == "So no forecast is published." and forecasts.published_forecast(_series(), none).empty
    short = forecasts.publication_decision(forecasts.publication_test(_series(12)), **now)
    assert np.isnan(short["value"].iloc[0])


def test_multiplicative_smoothing_gives_the_same_limits_every_time():
    options = {"error": "mul", "trend": "add", "seasonal": "mul"}
    first, second = (forecasts.forecast(_series(48), method="ets", horizon=3, options=options) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_conformal_limits_are_order_statistics_of_errors_known_at_the_origin():
    rows = forecasts.backtest(_series(), methods=("seasonal_naive",), initial=40, horizon=3)
    made = forecasts.conformal_intervals(rows, rows)
    one = made[(made["step"] == 2) & (made["confidence"] == 0.8)].reset_index(drop=True)
    past = one[one["month"] <= one["origin"].iloc[-1]]
    errors = np.sort((past["actual"] - past["value"]).abs())
    reach = errors[int(np.ceil((len(errors) + 1) * 0.8)) - 1]
    assert one["upper_ci"].iloc[-1] == pytest.approx(one["value"].iloc[-1] + reach)
    first = made[made["origin"] == made["origin"].min()]
    assert first["lower_ci"].isna().all() and (made["lower_ci"].dropna() >= 0).all()
    assert forecasts.backtest_scores(made)["scored_80"].iloc[0] > forecasts.backtest_scores(made)["scored_95"].iloc[0]


def test_conformal_limits_cover_what_they_claim_whatever_the_model():
    rng = np.random.default_rng(5)
    months = pd.date_range("1990-01-01", periods=400, freq="MS")
    heavy = pd.DataFrame({"month": months, "count": 100 + 8 * rng.standard_t(3, 400)})
    rows = forecasts.backtest(heavy, methods=("seasonal_naive",), initial=60, horizon=1)
    scores = forecasts.backtest_scores(forecasts.conformal_intervals(rows, rows)).iloc[0]
    assert scores["coverage_95"] == pytest.approx(0.95, abs=0.03) and scores["coverage_80"] == pytest.approx(0.8, abs=0.06)
