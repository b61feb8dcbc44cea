"""Regression of counts: Poisson, quasi-Poisson and negative binomial, with season, trend, dated steps and offset."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
import patsy
from numpy.typing import NDArray
from patsy.builtins import C
from scipy import optimize, special, stats

from svd_lib.errors import SnaError
from svd_lib.measures.results import floats, level, need, result

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLM

Family = Literal["poisson", "quasipoisson", "negbin"]
Covariance = Literal["model", "newey-west"]

FORMULA_WORDS: Final = {"np": np, "log": np.log, "exp": np.exp, "sqrt": np.sqrt, "factor": C}
"""What a formula may name beside its columns; the words of R stand beside patsy's own ``C(...)``."""

_OFFSET = re.compile(r"\+\s*offset\(\s*log\s*\(?\s*([A-Za-z_]\w*)\s*\)?\s*\)")


@dataclass(frozen=True)
class CountFit:
    """A fitted count regression.

    Attributes
    ----------
    coefficients : pandas.DataFrame
        One row per term: ``term``, ``estimate``, ``standard_error`` (log scale), ``p_value``, result columns (``value``
        is the incidence rate ratio, ``exp(estimate)``).
    summary : pandas.DataFrame
        One row: ``family, rows, df, loglik, aic, deviance, pearson, dispersion, theta, theta_se,
        residual_autocorrelation`` (lag 1, Pearson residuals).
    rows : pandas.DataFrame
        The rows used, with ``fitted``, ``pearson_residual``, ``deviance_residual``.
    design : object
        What is needed to predict.
    """

    coefficients: pd.DataFrame
    summary: pd.DataFrame
    rows: pd.DataFrame
    design: Any
    exposure: str | None
    covariance: NDArray[np.float64]

    def with_coefficients(self, coefficients: pd.DataFrame) -> CountFit:
        """Return the fit with another table of coefficients."""
        return replace(self, coefficients=coefficients)


def time_terms(
    frame: pd.DataFrame,
    *,
    month: str = "month",
    origin: int | None = None,
    harmonics: int = 0,
    steps: Mapping[str, str | pd.Timestamp] | None = None,
) -> pd.DataFrame:
    """Return the frame with the terms of a monthly model: trend, calendar month, harmonics, dated steps.

    Parameters
    ----------
    frame : pandas.DataFrame
    month : str, default "month"
        Date of the row.
    origin : int, optional
        Year at whose January ``years`` is zero; by default that of the first row in time.
    harmonics : int, default 0
        Pairs of sine and cosine to add as ``sin1, cos1, ...``.
    steps : mapping of str to date, optional
        Column name and the first month in which the step is 1 (a recording change).

    Returns
    -------
    pandas.DataFrame
        The frame plus ``years`` (since the origin), ``calendar_month`` (1 to 12), harmonics and steps.
    """
    need(frame, (month,), "Time terms")
    date = pd.to_datetime(frame[month])
    start = int(date.dt.year.min()) if origin is None else origin
    angle = 2 * np.pi * (date.dt.month - 1) / 12
    waves = {
        f"{name}{k}": wave(k * angle)
        for k in range(1, harmonics + 1)
        for name, wave in (("sin", np.sin), ("cos", np.cos))
    }
    marks = {name: (date >= pd.Timestamp(since)).astype(int) for name, since in (steps or {}).items()}
    years = date.dt.year - start + (date.dt.month - 1) / 12
    return frame.assign(years=years, calendar_month=date.dt.month, **waves, **marks)


def count_regression(
    frame: pd.DataFrame,
    formula: str,
    *,
    family: Family = "quasipoisson",
    exposure: str | None = None,
    covariance: Covariance = "model",
    lags: int | None = None,
    confidence: float = 0.95,
) -> CountFit:
    """Return a log-linear regression of counts.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per observation; rows with a missing value in any term are left out (never read as zero). For
        Newey-West in order of time.
    formula : str
        ``"count ~ C(calendar_month) + years + step"`` in patsy's language; ``factor(...)``, ``log(...)`` and
        ``+ offset(log(column))`` are understood too.
    family : {"quasipoisson", "poisson", "negbin"}
        ``negbin`` is NB2, theta by maximum likelihood; standard errors are conditional on theta, as published tables have
        them. That theta is too large when terms are many, so limits and p-values are widened by Pearson's dispersion
        where it exceeds 1 and use Student's t.
    exposure : str, optional
        Column whose logarithm is the offset (population, vehicle-kilometres).
    covariance : {"model", "newey-west"}
    lags : int, optional
        Newey-West lags; by default ``floor(4 (n/100)^(2/9))``.
    confidence : float, default 0.95

    Returns
    -------
    CountFit

    Raises
    ------
    SnaError
        For a formula that names an absent column, counts below zero, or counts on which no fit settles.

    References
    ----------
    McCullagh and Nelder (1989); Venables and Ripley (2002), section 7.4 (NB2); Newey and West (1987).
    """
    formula, offset_column = _without_offset(formula, exposure)
    y, x, rows = _design(frame, formula, offset_column)
    offset = np.log(floats(rows[offset_column])) if offset_column else np.zeros(len(rows))
    theta = _theta(y, x, offset) if family == "negbin" else np.inf
    fitted = _fitted(_glm(y, x, offset, theta), scale="X2" if family == "quasipoisson" else 1.0)
    if covariance == "newey-west":
        lags = int(np.floor(4 * (len(y) / 100) ** (2 / 9))) if lags is None else lags
        fitted = _fitted(
            _glm(y, x, offset, theta), scale="X2" if family == "quasipoisson" else 1.0, cov_type="HAC", cov_kwds={"maxlags": lags}
        )
    scored = rows.assign(
        fitted=fitted.fittedvalues, pearson_residual=fitted.resid_pearson, deviance_residual=fitted.resid_deviance
    )
    return CountFit(
        _coefficients(fitted, x, family, covariance, confidence),
        _summary(fitted, y, family, theta),
        scored,
        x.design_info,
        offset_column,
        np.asarray(fitted.cov_params()),
    )


def _without_offset(formula: str, exposure: str | None) -> tuple[str, str | None]:
    found = _OFFSET.search(formula)
    if not found:
        return formula, exposure
    if exposure:
        raise SnaError("Give the offset in the formula or as exposure, not both.")
    return _OFFSET.sub("", formula), found.group(1)


def _design(
    frame: pd.DataFrame, formula: str, offset_column: str | None
) -> tuple[NDArray[np.float64], patsy.DesignMatrix, pd.DataFrame]:
    need(frame, [offset_column] if offset_column else [], "A count regression")
    usable = frame.reset_index(drop=True)
    if offset_column:
        usable = usable[floats(usable[offset_column]) > 0].reset_index(drop=True)
    try:
        y, x = patsy.dmatrices(
            formula, usable, eval_env=patsy.EvalEnvironment([FORMULA_WORDS]), NA_action="drop", return_type="dataframe"
        )
    except patsy.PatsyError as problem:
        raise SnaError(f"The formula '{formula}' cannot be read with these columns: {problem.message}.") from None
    rows = usable.loc[x.index].reset_index(drop=True)
    counts = y.iloc[:, 0].to_numpy(float)
    if (counts < 0).any():
        raise SnaError("A count regression takes counts of zero or more; one is below zero.")
    design = patsy.DesignMatrix(x.to_numpy(float), x.design_info)
    return counts, design, rows


def _glm(y: NDArray[np.float64], x: patsy.DesignMatrix, offset: NDArray[np.float64], theta: float) -> GLM:
    # imported where a model is fitted: it takes longer than all that most chapters compute
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    family = families.Poisson() if np.isinf(theta) else families.NegativeBinomial(alpha=1 / theta)
    return GLM(y, np.asarray(x), family=family, offset=offset)


def _fitted(model: GLM, **settings: Any) -> Any:
    """Fit by reweighting; by a line search and Newton's steps from the Poisson fit where reweighting does not settle.

    Where most counts are zero and few are large it overshoots, but the log-likelihood of NB2 at a fixed theta is concave.
    """
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

    with np.errstate(all="ignore"), warnings.catch_warnings():
        for kind in (ConvergenceWarning, HessianInversionWarning):
            warnings.simplefilter("ignore", kind)
        with contextlib.suppress(ValueError):
            fitted = model.fit(**settings)
            if fitted.converged:
                return fitted
        start = _glm(model.endog, model.exog, model.offset, np.inf).fit().params
        near = model.fit(start_params=start, method="bfgs", maxiter=1_000, disp=False).params
        fitted = model.fit(start_params=near, method="newton", maxiter=1_000, disp=False, **settings)
    if not np.isfinite(fitted.bse).all():
        raise SnaError("The regression of counts does not settle: too few of the counts are above zero for so many terms.")
    return fitted


def _theta(y: NDArray[np.float64], x: patsy.DesignMatrix, offset: NDArray[np.float64]) -> float:
    """Return the NB2 shape that maximises the profile likelihood; infinite when the counts are not over-dispersed."""

    def loss(log_theta: float) -> float:
        theta = np.exp(log_theta)
        return -_nb_loglik(y, _fitted(_glm(y, x, offset, theta)).fittedvalues, theta)

    best = optimize.minimize_scalar(loss, bounds=(-7, 14), method="bounded", options={"xatol": 1e-8})
    return np.inf if best.x > 13.5 else float(np.exp(best.x))


def _nb_loglik(y: NDArray[np.float64], mu: NDArray[np.float64], theta: float) -> float:
    if np.isinf(theta):
        return float(stats.poisson.logpmf(np.round(y), mu).sum())
    terms = special.gammaln(theta + y) - special.gammaln(theta) - special.gammaln(y + 1)
    return float((terms + theta * np.log(theta / (theta + mu)) + special.xlogy(y, mu / (theta + mu))).sum())


def _theta_error(y: NDArray[np.float64], mu: NDArray[np.float64], theta: float) -> float:
    if np.isinf(theta):
        return np.nan
    curve = special.polygamma(1, theta) - special.polygamma(1, theta + y) - 1 / theta + 2 / (mu + theta)
    return float(1 / np.sqrt((curve - (y + theta) / (mu + theta) ** 2).sum()))


def _coefficients(
    fitted: Any, x: patsy.DesignMatrix, family: Family, covariance: Covariance, confidence: float
) -> pd.DataFrame:
    estimate, error = np.asarray(fitted.params), np.asarray(fitted.bse)
    tail = (1 - level(confidence)) / 2
    wide, quantile, beyond = error, stats.norm.isf(tail), stats.norm.sf
    if family == "negbin" and covariance == "model":
        freedom = fitted.df_resid
        wide, quantile = error * np.sqrt(max(1.0, fitted.pearson_chi2 / freedom)), stats.t.isf(tail, freedom)
        beyond = stats.t(freedom).sf
    reach = quantile * wide
    names = {"poisson": "Poisson", "quasipoisson": "quasi-Poisson", "negbin": "negative binomial (NB2)"}
    terms = pd.DataFrame({"term": x.design_info.column_names, "estimate": estimate, "standard_error": error})
    return result(
        terms.assign(p_value=2 * beyond(np.abs(estimate / wide))),
        numerator=np.nan,
        denominator=np.nan,
        value=np.exp(estimate),
        lower=np.exp(estimate - reach),
        upper=np.exp(estimate + reach),
        statistic="incidence rate ratio",
        method=names[family] + (", Newey-West" if covariance == "newey-west" else ", Wald"),
        confidence=confidence,
    )


def _summary(fitted: Any, y: NDArray[np.float64], family: Family, theta: float) -> pd.DataFrame:
    mu = np.asarray(fitted.fittedvalues)
    loglik = np.nan if family == "quasipoisson" else _nb_loglik(y, mu, theta)
    residual = np.asarray(fitted.resid_pearson)
    parameters = len(fitted.params) + (family == "negbin")
    row = {
        "family": family,
        "rows": len(y),
        "df": int(fitted.df_resid),
        "loglik": loglik,
        "aic": 2 * parameters - 2 * loglik,
        "twice_loglik": 2 * loglik,
        "deviance": float(fitted.deviance),
        "pearson": float((residual**2).sum()),
        "dispersion": float((residual**2).sum() / fitted.df_resid),
        "theta": theta,
        "theta_se": _theta_error(y, mu, theta),
        "residual_autocorrelation": float(np.corrcoef(residual[1:], residual[:-1])[0, 1]),
    }
    return pd.DataFrame([row])


def predict_counts(fit: CountFit, frame: pd.DataFrame, levels: Sequence[float] = (0.8, 0.95)) -> pd.DataFrame:
    """Return predicted counts of new rows with prediction intervals.

    Parameters
    ----------
    fit : CountFit
    frame : pandas.DataFrame
        New rows with the terms of the formula (and the exposure).
    levels : sequence of float, default (0.8, 0.95)

    Returns
    -------
    pandas.DataFrame
        One row per new row and level: the frame's columns, result columns (``value`` the expected count).

    Notes
    -----
    Limits are quantiles of a negative binomial with the mean of the fit and the variance of a new count (dispersion
    times mean, or NB2) plus the uncertainty of the mean.
    """
    x = np.asarray(patsy.build_design_matrices([fit.design], frame, NA_action="raise")[0])
    offset = np.log(floats(frame[fit.exposure])) if fit.exposure else 0.0
    mean = np.exp(x @ fit.coefficients["estimate"].to_numpy() + offset)
    own = np.einsum("ij,jk,ik->i", x, fit.covariance, x) * mean**2
    summary = fit.summary.iloc[0]
    phi = summary["dispersion"] if summary["family"] == "quasipoisson" else 1.0
    variance = own + (mean * max(phi, 1e-9) if np.isinf(summary["theta"]) else mean + mean**2 / summary["theta"])
    parts = [_prediction_rows(frame, mean, variance, level(one)) for one in levels]
    return pd.concat(parts, ignore_index=True)


def _prediction_rows(
    frame: pd.DataFrame, mean: NDArray[np.float64], variance: NDArray[np.float64], one: float
) -> pd.DataFrame:
    tail = (1 - one) / 2
    lower, upper = _count_quantile(mean, variance, tail), _count_quantile(mean, variance, 1 - tail)
    return result(
        frame,
        numerator=np.nan,
        denominator=np.nan,
        value=mean,
        lower=lower,
        upper=upper,
        statistic="predicted count",
        method="count regression, negative binomial limits",
        confidence=one,
    )


def _count_quantile(mean: NDArray[np.float64], variance: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return quantiles of a count with given mean and variance: negative binomial, or normal when under-dispersed."""
    over = variance > mean * (1 + 1e-9)
    size = np.where(over, mean**2 / np.where(over, variance - mean, 1.0), 1.0)
    discrete = stats.nbinom.ppf(share, size, size / (size + mean))
    normal = np.maximum(0.0, mean + stats.norm.ppf(share) * np.sqrt(variance))
    return np.where(over, discrete, normal)
