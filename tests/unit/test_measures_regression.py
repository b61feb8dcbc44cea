import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import optimize, stats

from svd_lib.errors import SnaError
from svd_lib.measures import regression


def _months(n=72, seed=2, mean=40):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"month": pd.date_range("2015-01-01", periods=n, freq="MS")})
    frame = regression.time_terms(frame, steps={"new_rule": "2018-04-01"})
    return frame.assign(count=rng.poisson(mean, n), population=rng.integers(900, 1_100, n))


def test_time_terms_count_years_from_the_first_january():
    frame = regression.time_terms(pd.DataFrame({"month": pd.to_datetime(["2015-04-01", "2016-01-01"])}), harmonics=1)
    assert frame["years"].tolist() == [0.25, 1.0]
    assert frame["calendar_month"].tolist() == [4, 1]
    assert frame["cos1"].tolist()[1] == pytest.approx(1)


def test_a_dated_step_starts_in_its_month():
    frame = _months()
    assert frame.loc[frame["new_rule"] == 1, "month"].min() == pd.Timestamp("2018-04-01")


def test_the_quasi_poisson_fit_is_that_of_statsmodels():
    frame = _months()
    ours = regression.count_regression(frame, "count ~ C(calendar_month) + years + new_rule", exposure="population")
    same = regression.count_regression(frame, "count ~ C(calendar_month) + years + new_rule + offset(log(population))")
    model = smf.poisson("count ~ C(calendar_month) + years + new_rule", frame, offset=np.log(frame["population"]))
    np.testing.assert_allclose(ours.coefficients["estimate"], model.fit(disp=0).params, atol=1e-5)
    pd.testing.assert_frame_equal(ours.coefficients, same.coefficients)
    assert ours.summary.loc[0, "dispersion"] == pytest.approx(
        ours.summary.loc[0, "pearson"] / ours.summary.loc[0, "df"]
    )


def test_the_negative_binomial_fit_maximises_the_likelihood():
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    mean = np.exp(1 + 0.5 * x)
    frame = pd.DataFrame({"x": x, "count": rng.negative_binomial(2, 2 / (2 + mean))})
    ours = regression.count_regression(frame, "count ~ x", family="negbin")
    other = smf.negativebinomial("count ~ x", frame).fit(disp=0)
    assert ours.summary.loc[0, "theta"] == pytest.approx(1 / other.params["alpha"], rel=1e-3)
    assert ours.summary.loc[0, "loglik"] == pytest.approx(other.llf, abs=1e-5)
    assert ours.coefficients.loc[1, "estimate"] == pytest.approx(other.params["x"], rel=1e-3)


@pytest.mark.filterwarnings("error")
def test_a_negative_binomial_fit_settles_where_most_counts_are_zero_and_few_are_large():
    rng = np.random.default_rng(406)
    for _ in range(8):
        x = rng.normal(size=(400, 3))
        counts = rng.poisson(np.where(rng.random(400) < 0.05, 8 * np.exp(x @ rng.normal(0, 0.3, 3)) * rng.gamma(0.1, 10, 400), 0))
        frame = pd.DataFrame(x, columns=list("abc")).assign(count=counts)
        fit = regression.count_regression(frame, "count ~ a + b + c", family="negbin")
        design = np.column_stack([np.ones(400), x])

        def loss(parameters, design=design, counts=counts):
            size = np.exp(parameters[-1])
            mean = np.exp(design @ parameters[:-1])
            return -stats.nbinom.logpmf(counts, size, size / (size + mean)).sum()

        start = [*fit.coefficients["estimate"], np.log(fit.summary["theta"].iloc[0])]
        assert np.isfinite(start).all()
        assert np.allclose(optimize.approx_fprime(start, loss, 1e-6), 0, atol=0.01)


def test_counts_that_are_not_dispersed_fall_back_to_poisson():
    frame = pd.DataFrame({"count": np.tile([9, 10, 11], 30), "x": np.arange(90)})
    fit = regression.count_regression(frame, "count ~ x", family="negbin")
    assert np.isinf(fit.summary.loc[0, "theta"])


def test_a_missing_count_is_left_out_and_not_read_as_zero():
    frame = _months().astype({"count": float})
    frame.loc[5, "count"] = np.nan
    fit = regression.count_regression(frame, "count ~ years")
    assert fit.summary.loc[0, "rows"] == 71
    kept = regression.count_regression(frame.drop(index=5), "count ~ years")
    pd.testing.assert_frame_equal(fit.coefficients, kept.coefficients)


def test_newey_west_widens_intervals_of_an_autocorrelated_series():
    rng = np.random.default_rng(4)
    noise = np.zeros(200)
    for i in range(1, 200):
        noise[i] = 0.8 * noise[i - 1] + rng.normal(0, 0.2)
    frame = pd.DataFrame({"years": np.arange(200) / 12, "count": rng.poisson(np.exp(4 + noise))})
    plain = regression.count_regression(frame, "count ~ years")
    robust = regression.count_regression(frame, "count ~ years", covariance="newey-west", lags=8)
    assert plain.summary.loc[0, "residual_autocorrelation"] > 0.4
    assert robust.coefficients.loc[1, "standard_error"] > 1.3 * plain.coefficients.loc[1, "standard_error"]
    assert robust.coefficients.loc[1, "estimate"] == pytest.approx(plain.coefficients.loc[1, "estimate"])


def test_prediction_intervals_hold_about_as_many_counts_as_they_claim():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"years": np.arange(400) / 12, "count": rng.poisson(30, 400)})
    fit = regression.count_regression(frame.head(200), "count ~ years")
    out = regression.predict_counts(fit, frame.tail(200)[["years"]], levels=(0.9,))
    inside = (out["lower_ci"] <= frame["count"].tail(200).to_numpy()) & (
        out["upper_ci"] >= frame["count"].tail(200).to_numpy()
    )
    assert 0.8 < inside.mean() <= 1


def test_a_formula_with_an_unknown_column_is_refused_in_one_sentence():
    with pytest.raises(SnaError, match="cannot be read"):
        regression.count_regression(_months(), "count ~ nothing_here")
    with pytest.raises(SnaError, match="below zero"):
        regression.count_regression(_months().assign(count=-1), "count ~ years")
    with pytest.raises(SnaError, match="not both"):
        regression.count_regression(_months(), "count ~ years + offset(log(population))", exposure="population")
