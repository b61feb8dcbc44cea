"""Series of months and years: levels that do not change, trends that are known, processes in control."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proofs.nulls.rates import counts
from proofs.proof import Reading, coverage_reading, event_reading, level_reading
from svd_lib.measures import change_points, control_charts, forecasts, regression, trends

SEASON = 1 + 0.25 * np.sin(2 * np.pi * np.arange(12) / 12)


def _series(values: np.ndarray, start: str = "2016-01-01") -> pd.DataFrame:
    """Return a matrix of series by month as one row per series and month."""
    months = pd.date_range(start, periods=values.shape[1], freq="MS")
    return pd.DataFrame(
        {
            "series": np.repeat(np.arange(len(values)), len(months)),
            "month": np.tile(months, len(values)),
            "count": values.ravel(),
        }
    )


def equal_periods(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level and coverage of the quasi-Poisson ratio of two years with a season and nothing else."""
    for mean, dispersion in ((8.0, 1.0), (60.0, 1.0), (60.0, 4.0)):
        values = counts(rng, np.tile(mean * SEASON, (replications, 2)), dispersion)
        values[rng.random(values.shape) < 0.03] = np.nan
        found = trends.compare_periods(_series(values), by="series")
        name, setting = "trends.compare_periods", f"mean {mean:g} a month, dispersion {dispersion:g}, 3% of months missing"
        yield level_reading(name, setting, found["p_value"])
        yield coverage_reading(name, setting, found["lower_ci"], found["upper_ci"], 1.0)
    values = rng.poisson(40, (replications, 24)).astype(float)
    found = trends.same_month_comparison(_series(values[: max(20, replications // 12)]), by="series")
    yield coverage_reading(
        "trends.same_month_comparison", "mean 40 a month", found["lower_ci"], found["upper_ci"], 1.0
    )


def annual_trends(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level and coverage of trends over years, and the coverage of an index series."""
    for years, mean, dispersion in ((6, 30.0, 1.0), (10, 200.0, 3.0), (10, 4.0, 1.0)):
        values = counts(rng, np.full((replications, years), mean), dispersion)
        frame = pd.DataFrame({"series": np.repeat(np.arange(replications), years), "year": np.tile(np.arange(years), replications)})
        frame = frame.assign(count=values.ravel())
        found = trends.annual_trend(frame, by="series")
        name, setting = "trends.annual_trend", f"{years} years, mean {mean:g}, dispersion {dispersion:g}"
        yield level_reading(name, setting, found["p_value"])
        yield coverage_reading(name, setting, found["lower_ci"], found["upper_ci"], 1.0)
        if mean > 10:
            index = trends.index_series(frame, base=0, by="series", dispersion=dispersion)
            later = index[index["year"] == years - 1]
            yield coverage_reading(
                "trends.index_series", f"mean {mean:g}, dispersion {dispersion:g}", later["lower_ci"], later["upper_ci"], 100.0
            )  # fmt: skip


def regressions(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of a dated step, and the coverage of its ratio, by family."""
    months = pd.DataFrame({"month": pd.date_range("2015-01-01", periods=108, freq="MS")})
    terms = regression.time_terms(months, steps={"step": "2020-07-01"})
    mean = 50 * np.tile(SEASON, 9) * np.exp(0.02 * terms["years"].to_numpy())
    cases = {"poisson": (1.0, 1), "quasipoisson": (3.0, 1), "negbin": (None, 4)}
    for family, (dispersion, thin) in cases.items():
        found = []
        for _ in range(max(5, replications // thin)):
            values = rng.poisson(mean * rng.gamma(20, 1 / 20, 108)) if dispersion is None else counts(rng, mean, dispersion)
            fit = regression.count_regression(
                terms.assign(count=values), "count ~ C(calendar_month) + years + step", family=family
            )
            found.append(fit.coefficients.set_index("term").loc["step", ["p_value", "lower_ci", "upper_ci"]])
        rows = pd.DataFrame(found).astype(float)
        name, setting = f"regression.count_regression {family}", "108 months, season, trend, step of nothing"
        yield level_reading(name, setting, rows["p_value"])
        yield coverage_reading(name, setting, rows["lower_ci"], rows["upper_ci"], 1.0)


def newey_west(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of a trend with Newey-West errors where months depend on one another, and without."""
    months = pd.DataFrame({"month": pd.date_range("2010-01-01", periods=180, freq="MS")})
    terms = regression.time_terms(months)
    for correlation in (0.0, 0.4):
        p = {"newey-west": [], "model": []}
        for _ in range(replications):
            shock = rng.normal(0, 0.15 * np.sqrt(1 - correlation**2), 180)
            shock[0] /= np.sqrt(1 - correlation**2)
            for place in range(1, 180):
                shock[place] += correlation * shock[place - 1]
            data = terms.assign(count=rng.poisson(60 * np.exp(shock)))
            for covariance in p:
                fit = regression.count_regression(data, "count ~ years", covariance=covariance)
                p[covariance].append(fit.coefficients["p_value"].iloc[1])
        setting = f"180 months, autocorrelation {correlation:g}"
        for covariance, values in p.items():
            strict = covariance == "model" and correlation == 0
            yield event_reading(
                f"regression.count_regression {covariance}", setting, np.array(values) <= 0.05, nominal=0.05,
                kind="level" if strict else "measured",
                note="" if strict else "an approximation for long series; printed, not held to a level",
            )  # fmt: skip


def predictions(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of predicted counts a year ahead."""
    months = pd.DataFrame({"month": pd.date_range("2015-01-01", periods=72, freq="MS")})
    terms = regression.time_terms(months)
    values = counts(rng, np.tile(40 * SEASON, (replications, 6)), 2.0)
    held: dict[float, list] = {0.8: [], 0.95: []}
    for row in values:
        fit = regression.count_regression(terms[:60].assign(count=row[:60]), "count ~ C(calendar_month) + years")
        found = regression.predict_counts(fit, terms[60:])
        for level in held:
            part = found[found["confidence"] == level]
            held[level].append(np.column_stack([part["lower_ci"], part["upper_ci"], row[60:]]))
    for level, parts in held.items():
        low, high, true = np.concatenate(parts).T
        yield coverage_reading(
            "regression.predict_counts", f"{level:.0%} limits, dispersion 2", low, high, true, confidence=level,
            is_discrete=True,
        )  # fmt: skip


def control_limits(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the share of points that each rule marks on processes in control, and of charts with any mark."""
    cases = {
        "normal values, 24 points": rng.normal(100, 10, (replications, 24)),
        "normal values, 60 points": rng.normal(100, 10, (replications, 60)),
        "Poisson counts of mean 15, 36 points": rng.poisson(15, (replications, 36)).astype(float),
    }
    seasonal = counts(rng, np.tile(50 * SEASON, (replications, 5)))
    for setting, values in cases.items():
        yield from _marks(control_charts.xmr(_series(values), by="series", value="count"), setting)
    level = control_charts.deseasonalise(_series(seasonal), by="series")
    chart = control_charts.xmr(level, by="series", value="deseasonalised")
    yield from _marks(chart, "Poisson counts of mean 50 with their season taken out, 60 points")


def _marks(chart: pd.DataFrame, setting: str) -> Iterator[Reading]:
    for rule in control_charts.RULES:
        yield event_reading(f"control_charts.xmr points: {rule}", setting, chart["rule"] == rule, kind="measured")
    yield event_reading("control_charts.xmr points: any rule", setting, chart["rule"] != "", kind="measured")
    any_mark = (chart["rule"] != "").groupby(chart["series"]).any()
    yield event_reading("control_charts.xmr charts with a signal", setting, any_mark, kind="measured")


def rare_events(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the share of intervals between rare events that a chart marks although their rate is constant."""
    for events in (15, 60):
        days = np.cumsum(rng.exponential(40, (replications, events)), axis=1)
        frame = pd.DataFrame(
            {
                "series": np.repeat(np.arange(replications), events),
                "date": pd.Timestamp("2000-01-01") + pd.to_timedelta(days.ravel(), unit="D"),
            }
        )
        chart = control_charts.t_chart(frame, by="series")
        yield event_reading(
            "control_charts.t_chart", f"{events} events 40 days apart", chart["point_type"] != "common cause", kind="measured"
        )  # fmt: skip
        gaps = frame.assign(cases_between=rng.geometric(0.05, len(frame)) - 1, event=np.tile(np.arange(events), replications))
        chart = control_charts.g_chart(gaps, by="series")
        yield event_reading(
            "control_charts.g_chart", f"{events} events 19 cases apart", chart["point_type"] != "common cause", kind="measured"
        )  # fmt: skip


def level_changes(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often a change of level is found in a series that has none, and where there is one of a quarter."""
    for months in (60, 120):
        flat = _series(rng.poisson(50, (replications, months)).astype(float))
        moved = np.where(np.arange(months) < months // 2, 50, 62.5)
        step = _series(rng.poisson(moved, (replications, months)).astype(float))
        for method, cost in (("dynp", "log_l2"), ("dynp", "poisson"), ("pelt", "log_l2"), ("pelt", "poisson")):
            name = f"change_points.change_points {method}, {cost}"
            found = change_points.change_points(flat, by="series", method=method, cost=cost)
            false = np.isin(np.arange(replications), found["series"])
            yield event_reading(name, f"{months} months of mean 50, no change", false, kind="measured")
            found = change_points.change_points(step, by="series", method=method, cost=cost)
            near = found[np.abs(found["position"] - months // 2) <= 3]
            hit = np.isin(np.arange(replications), near["series"])
            yield event_reading(
                name, f"{months} months, 25% more from the middle, found within 3 months", hit, kind="measured"
            )


def forecast_coverage(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often forecasts of the next year hold what comes, by method, and how often one is published."""
    slow = {"ets": 4, "arima": 8}
    for setting, drift in (("a steady level", 0.0), ("a level that wanders", 0.03)):
        for method in forecasts.METHODS:
            size = max(1, replications // slow.get(method, 1))
            walk = np.cumsum(rng.normal(0, drift, (size, 84)), axis=1) if drift else np.zeros((size, 84))
            values = counts(rng, 45 * np.tile(SEASON, (size, 7)) * np.exp(walk), 1.5)
            found = forecasts.forecast(_series(values[:, :72]), method=method, by="series")
            truth = np.tile(values[:, 72:], 2).ravel()
            for level in (0.8, 0.95):
                part = found["confidence"].to_numpy() == level
                yield coverage_reading(
                    f"forecasts.forecast {method}, {level:.0%}", setting, found["lower_ci"][part], found["upper_ci"][part],
                    truth[part], confidence=level, kind="measured",
                )  # fmt: skip


def forecast_verdicts(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often a back-test lets the count regression be published where its model holds, and where it does not."""
    for setting, drift in (("a steady level", 0.0), ("a level that wanders", 0.03)):
        walk = np.cumsum(rng.normal(0, drift, (replications, 96)), axis=1) if drift else np.zeros((replications, 96))
        values = counts(rng, 45 * np.tile(SEASON, (replications, 8)) * np.exp(walk), 1.5)
        methods = ("seasonal_naive", "count_regression")
        rows = forecasts.backtest(_series(values), methods=methods, by="series", step=12)
        verdict = forecasts.publication_verdict(forecasts.backtest_scores(rows, by="series"), by="series")
        judged = verdict[verdict["method_name"] == "count_regression"]
        yield event_reading("forecasts.publication_verdict", setting, judged["is_publishable"], kind="measured")
