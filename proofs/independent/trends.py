"""The chapter on trends: SQL and own formulas on the view's Parquet files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from proofs.independent.setting import ROOT, Setting

FORCE, SLUG = "E23000025", "suffolk"
BASE, LAST, NEWEST = "2014-03-01", "2019-12-01", "2025-06-01"
GROUPS = {"injury": "Violence with injury", "sexual": "Sexual offences", "robbery": "Robbery", "weapons": "Possession of weapons offences"}
STREET = {"violence": "Violence and sexual offences", "robbery": "Robbery", "weapons": "Possession of weapons"}
Numbers = tuple[float, float | None, float | None]


def _sql(snapshot: Path, table: str, query: str) -> pd.DataFrame:
    connection = duckdb.connect()
    connection.execute(f"create view t as select * from read_parquet('{snapshot / table}.parquet')")
    return connection.execute(query).df()


def expected(snapshot: Path, newest: str) -> dict[str, Numbers]:
    """Value and limits of every finding, by id."""
    years = published_years(snapshot)
    last = newest or LAST
    out: dict[str, Numbers] = {}
    for name, group in GROUPS.items():
        out[f"trends-{name}-index"] = times(100, years[group, last], years[group, BASE])
        if newest:
            out[f"trends-{name}-ratio"] = times(100, years[group, newest], years[group, LAST])
        out[f"trends-level-{name}"] = byar(years[group, last], residents(snapshot))
    out["trends-injury-nation"] = times(100, *nation(snapshot, newest))
    out |= homicide(years, last) | street(snapshot)
    if newest:
        out["trends-level-spread"] = spread(snapshot)
    out["trends-knife-revision"] = (knife(snapshot), None, None)
    high, low, _ = signals(snapshot)
    out["trends-quarters-signals"] = (high + low, None, None)
    out |= harm_and_cost(snapshot, years, last) | {"trends-health-index": hospital(snapshot)}
    shown = 2.8015852181129805 / math.sqrt(2 * 3 * years["Homicide", last])
    out["trends-success-homicide"] = (100 * (1 - (1 - shown) ** 2) if shown < 1 else 100 * shown, None, None)
    if newest:
        out |= {"trends-forces-ratio": beside_all_forces(snapshot), "trends-district-fell": (districts_fallen(snapshot), None, None)}
    out["trends-forecast-test"] = (methods_that_pass(quarters(snapshot)), None, None)
    return out


def harm_and_cost(snapshot: Path, years: dict[tuple[str, str], int], last: str) -> dict[str, Numbers]:
    """Largest share of severity points over the violence groups, and the cost of the groups that have one."""
    codes = pd.read_csv(ROOT / "data/reference/offence_codes.csv", dtype={"offence_code": "str"})
    mix = _sql(snapshot, "recorded_crime", f"select offence_code, greatest(sum(count), 0) as n from t where area_code = '{FORCE}' and level = 'code' group by offence_code")
    rows = codes.merge(mix, on="offence_code").dropna(subset=["css_weight"])
    violent = ["Homicide", "Violence with injury", "Violence without injury", "Stalking and harassment", "Sexual offences", "Robbery", "Possession of weapons offences"]
    points = {}
    for group in violent:
        part = rows[rows["offence_group"] == group]
        points[group] = years[group, last] * (part["n"] * part["css_weight"]).sum() / part["n"].sum()
    sexual = rows[rows["offence_group"] == "Sexual offences"]
    rape = sexual.loc[sexual["offence_subgroup"].str.contains("Rape"), "n"].sum() / sexual["n"].sum()
    unit = {"Homicide": 3.2e6, "Violence with injury": 14050, "Robbery": 11320, "Sexual offences": rape * 39360 + (1 - rape) * 6520}
    total = sum(cost * years[group, last] for group, cost in unit.items()) / 1e6
    reach = [0.0, 0.0]
    for group, cost in unit.items():
        n = years[group, last]
        ends = poisson(n)
        reach = [spread + (cost * (end - n) / 1e6) ** 2 for spread, end in zip(reach, ends)]
    parts = {group: (100 * points[group] / sum(points[one] for one in unit), cost * years[group, last] / 1e4 / total) for group, cost in unit.items()}
    return {
        "trends-harm-schemes": (max(parts.values(), key=lambda pair: abs(pair[0] - pair[1]))[0], None, None),
        "trends-harm-share": (100 * max(points.values()) / sum(points.values()), None, None),
        "trends-cost-total": (total, total - math.sqrt(reach[0]), total + math.sqrt(reach[1])),
    }


def poisson(n: int) -> tuple[float, float]:
    """Exact limits below ten events, Byar's from ten."""
    if n < 10:
        return stats.chi2.ppf(0.025, 2 * n) / 2, stats.chi2.ppf(0.975, 2 * n + 2) / 2
    z = 1.959963984540054
    return n * (1 - 1 / (9 * n) - z / (3 * math.sqrt(n))) ** 3, (n + 1) * (1 - 1 / (9 * (n + 1)) + z / (3 * math.sqrt(n + 1))) ** 3


def hospital(snapshot: Path) -> Numbers:
    """Admissions of the region in the last year that both sources have, for every 100 in 2013/14."""
    rows = pd.read_parquet(snapshot / "indicators.parquet").query("indicator == 'sharp_object_admissions' and area_kind == 'region'")
    by_year = rows.set_index(rows["period_end"].dt.year)["value"]
    return times(100, by_year[2019], by_year[2014])


def beside_all_forces(snapshot: Path) -> Numbers:
    """The force's newest year over what the change of all forces would give it, with Byar's limits."""
    rows = _sql(snapshot, "recorded_crime", f"""select area_code, strftime(period_end, '%Y-%m-%d') as ends, max(count) as n from t where area_kind = 'force'
        and offence = 'Violence with injury' and level = 'group' and period_kind = 'year' and status = 'published' and period_end in (date '{LAST}', date '{NEWEST}')
        and (publication like '%rolling years%' or period_end > '2018-12-31') group by all""")  # fmt: skip
    wide = rows.pivot(index="area_code", columns="ends", values="n").dropna()
    expected_here = wide.loc[FORCE, LAST] * wide[NEWEST].sum() / wide[LAST].sum()
    n = int(wide.loc[FORCE, NEWEST])
    return tuple(number / expected_here for number in (n, *poisson(n)))


def districts_fallen(snapshot: Path) -> int:
    """Districts whose quasi-Poisson ratio of 2025 over 2021/22 lies wholly below one."""
    rows = _sql(snapshot, "street_counts", f"""select lad24nm, strftime(month, '%Y-%m') as month, sum(t.count) as n from t
        join read_parquet('{snapshot / "places"}.parquet') p using (lsoa21cd) where t.force_slug = '{SLUG}' and location = 'in_area'
        and crime_type = '{STREET["violence"]}' group by all""")  # fmt: skip
    wide = rows.pivot(index="month", columns="lad24nm", values="n").fillna(0)
    return sum(quasi_poisson(wide.loc["2025-01":"2025-12", name], wide.loc["2021-04":"2022-03", name])[2] < 100 for name in wide)


def times(scale: float, now: float, then: float) -> Numbers:
    """Ratio of two counts with the normal interval of its logarithm."""
    reach = 1.959963984540054 * math.sqrt(1 / now + 1 / then)
    return scale * now / then, scale * now / then * math.exp(-reach), scale * now / then * math.exp(reach)


def byar(events: int, people: float) -> Numbers:
    """Rate per 1,000 with Byar's limits."""
    z = 1.959963984540054
    lower = events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3
    more = events + 1
    upper = more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    return tuple(number / people * 1000 for number in (events, lower, upper))


def published_years(snapshot: Path) -> dict[tuple[str, str], int]:
    """Published years of the force: the open data to December 2018, the newest edition after it."""
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""select offence, strftime(period_end, '%Y-%m-%d') as ends, count from t
        where area_code = '{FORCE}' and measure = 'offences' and level = 'group' and period_kind = 'year' and status = 'published'
        and (publication like '%rolling years%' or period_end > '2018-12-31')""",
    )
    return {(row.offence, row.ends): int(row.count_) for row in rows.rename(columns={"count": "count_"}).itertuples()}


def residents(snapshot: Path) -> float:
    """Residents of the force's area at the census."""
    return float(_sql(snapshot, "population", "select sum(count) as people from t where reference = 'census_2021'")["people"].iloc[0])


def nation(snapshot: Path, newest: str) -> tuple[float, float]:
    """Violence with injury of the forces with a figure in every year: the newest year and the base year."""
    ends = [BASE, "2019-09-01", LAST, *([newest] if newest else [])]
    listed = ", ".join(f"date '{day}'" for day in ends)
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""with years as (select area_code, period_end, count from t where area_kind = 'force' and measure = 'offences'
            and offence = 'Violence with injury' and period_kind = 'year' and status = 'published' and period_end in ({listed})),
        complete as (select area_code from years group by area_code having count(distinct period_end) = {len(ends)})
        select strftime(period_end, '%Y-%m-%d') as ends, sum(count) as total from years where area_code in (select area_code from complete) group by period_end""",
    ).set_index("ends")["total"]
    return float(rows[newest or LAST]), float(rows[BASE])


def spread(snapshot: Path) -> Numbers:
    """Highest rate of violence with injury of a partnership over the lowest."""
    people = f"""(select csp24cd, sum(p.count) as people from read_parquet('{snapshot / "places"}.parquet')
        join read_parquet('{snapshot / "population"}.parquet') p using (lsoa21cd) where p.reference = 'census_2021' group by csp24cd)"""
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""select t.count as n, people from t join {people} on area_code = csp24cd where area_kind = 'csp' and offence = 'Violence with injury'
        and period_end = date '{NEWEST}' order by t.count / people""",
    )
    low, high = rows.iloc[0], rows.iloc[-1]
    scale = low["people"] / high["people"]
    return tuple(number * scale for number in times(1, high["n"], low["n"]))


def homicide(years: dict[tuple[str, str], int], last: str) -> dict[str, Numbers]:
    """Exact Poisson limits of the newest year, and the exact ratio to the years before."""
    calendar = [f"{year}-12-01" for year in range(2014, 2020)]
    now = years["Homicide", last]
    before = [years["Homicide", day] for day in calendar if day != last]
    count = (now, stats.chi2.ppf(0.025, 2 * now) / 2, stats.chi2.ppf(0.975, 2 * now + 2) / 2)
    then, spell = sum(before), len(before)
    low = stats.beta.ppf(0.025, now, then + 1)
    high = stats.beta.ppf(0.975, now + 1, then)
    ratio = (now * spell / then, low / (1 - low) * spell, high / (1 - high) * spell)
    return {"trends-homicide-count": count, "trends-homicide-ratio": ratio}


def knife(snapshot: Path) -> float:
    """The last figure of the year ending March that later editions changed most."""
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""select period_end, arg_min(count, printed) as first, arg_max(count, printed) as last from (
            select period_end, count, strptime(replace(publication, 'Police force area tables, year ending ', ''), '%B %Y') as printed from t
            where measure = 'knife' and area_code = '{FORCE}' and offence = 'Selected serious offences' and month(period_end) = 3)
        group by period_end order by abs(last / first - 1) desc limit 1""",
    )
    return float(rows["last"].iloc[0])


def street(snapshot: Path) -> dict[str, Numbers]:
    """The longest comparison of the same months, by a quasi-Poisson regression on period and calendar month."""
    rows = _sql(
        snapshot,
        "street_counts",
        f"""select strftime(month, '%Y-%m') as month, crime_type, sum(count) as n from t
        where force_slug = '{SLUG}' and location = 'in_area' group by month, crime_type""",
    )
    wide = rows.pivot(index="month", columns="crime_type", values="n").fillna(0)
    later, before = (("2025-01", "2025-12"), ("2021-04", "2022-03")) if "2025-12" in wide.index else (("2021-10", "2022-02"), ("2018-10", "2019-02"))
    return {f"trends-street-{name}": quasi_poisson(wide.loc[slice(*later), kind], wide.loc[slice(*before), kind]) for name, kind in STREET.items()}


def quasi_poisson(now: pd.Series, then: pd.Series) -> Numbers:
    """Rate ratio for every 100, dispersion not below one, Student's t."""
    both = pd.concat([now, then])
    months = pd.get_dummies(both.index.str[-2:], dtype=float).to_numpy()
    design = np.column_stack([np.r_[np.ones(len(now)), np.zeros(len(then))], months])
    fit = sm.GLM(both.to_numpy(float), design, family=sm.families.Poisson()).fit(scale="X2")
    error = fit.bse[0] * math.sqrt(max(1.0, fit.scale) / fit.scale)
    reach = stats.t.ppf(0.975, fit.df_resid) * error
    return tuple(100 * math.exp(fit.params[0] + sign * reach) for sign in (0, -1, 1))


@cache
def quarters(snapshot: Path) -> tuple[float, ...]:
    """Recovered quarters of violence with injury, oldest first."""
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""select count from t where area_code = '{FORCE}' and offence = 'Violence with injury' and period_kind = 'quarter'
        and status = 'reconstructed' and level = 'group' order by period_start""",
    )
    return tuple(rows["count"].astype(float))


@cache
def methods_that_pass(counts: tuple[float, ...]) -> int:
    """Ways of forecasting that beat last year's quarter and whose intervals hold, over every origin after the first 32 quarters."""
    floor, _ = tried(counts, last_year)
    results = [tried(counts, way) for way in (smoothing, autoregression, regression)]
    return sum(
        error < floor and all(stats.binomtest(hits, tries, level).pvalue >= 0.05 for level, (hits, tries) in held.items()) for error, held in results
    )


def tried(counts: tuple[float, ...], way: Callable[[np.ndarray, int], dict[float, tuple]]) -> tuple[float, dict[float, tuple[int, int]]]:
    """Mean error scaled by the history's yearly change, and how many intervals of each level held."""
    errors, held = [], {0.8: [], 0.95: []}
    for cut in range(32, len(counts)):
        past, after = np.array(counts[:cut]), np.array(counts[cut : cut + 4])
        scale = np.abs(past[4:] - past[:-4]).mean()
        ahead = way(past, len(after))
        for level, (_, low, high) in ahead.items():
            held[level] += list((low <= after) & (after <= high))
        errors += list(np.abs(after - ahead[0.95][0]) / scale)
    return float(np.mean(errors)), {level: (int(np.sum(inside)), len(inside)) for level, inside in held.items()}


def last_year(past: np.ndarray, steps: int) -> dict[float, tuple]:
    middle, spread = past[-4:][:steps], np.sqrt(((past[4:] - past[:-4]) ** 2).mean())
    return {level: (middle, *(middle + side * stats.norm.ppf((1 + level) / 2) * spread for side in (-1, 1))) for level in (0.8, 0.95)}


def from_state_space(fit: object, steps: int, back: Callable = np.asarray) -> dict[float, tuple]:
    ahead = fit.get_forecast(steps)
    return {level: (back(ahead.predicted_mean), *(back(side) for side in ahead.conf_int(alpha=1 - level).T)) for level in (0.8, 0.95)}


def smoothing(past: np.ndarray, steps: int) -> dict[float, tuple]:
    """Level and season smoothed, as a linear state space model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_state_space(sm.tsa.statespace.ExponentialSmoothing(past, seasonal=4).fit(disp=False), steps)


def autoregression(past: np.ndarray, steps: int) -> dict[float, tuple]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sm.tsa.SARIMAX(np.log(past), order=(1, 0, 0), seasonal_order=(0, 1, 1, 4))
        return from_state_space(model.fit(disp=False), steps, np.exp)


def regression(past: np.ndarray, steps: int) -> dict[float, tuple]:
    """Quasi-Poisson on quarter and time; limits of a negative binomial with the variance of a new count."""
    time = np.arange(len(past) + steps)
    design = np.column_stack([time % 4 == place for place in range(4)] + [time / 4]).astype(float)
    fit = sm.GLM(past, design[: len(past)], family=sm.families.Poisson()).fit(scale="X2")
    new, middle = design[len(past) :], fit.predict(design[len(past) :])
    variance = np.einsum("ij,jk,ik->i", new, fit.cov_params(), new) * middle**2 + fit.scale * middle
    size = middle**2 / (variance - middle)
    law = stats.nbinom(size, size / (size + middle))
    return {level: (middle, law.ppf((1 - level) / 2), law.ppf((1 + level) / 2)) for level in (0.8, 0.95)}


def signals(snapshot: Path) -> tuple[int, int, int]:
    """Quarters after the first eight with a signal above and below the average, and how many were judged."""
    rows = _sql(
        snapshot,
        "recorded_crime",
        f"""select period_start, count from t where area_code = '{FORCE}' and offence = 'Violence with injury' and period_kind = 'quarter'
        and status = 'reconstructed' and level = 'group' and period_start > date '{BASE}' order by period_start""",
    )
    value = without_season(rows["count"].to_numpy(float), rows["period_start"].dt.quarter.to_numpy())
    first = value[:8]
    moving = np.abs(np.diff(first))
    moving = moving[moving < 3.267 * moving.mean()]
    mean, reach = first.mean(), 2.66 * moving.mean()
    side = np.array([direction(value, place, mean, reach) for place in range(len(value))])[8:]
    return int((side > 0).sum()), int((side < 0).sum()), len(side)


def without_season(values: np.ndarray, quarter: np.ndarray) -> np.ndarray:
    """Divide by each quarter's mean share of the year around it, the shares made to average one."""
    series = pd.Series(values)
    around = series.rolling(4).mean().rolling(2).mean().shift(-2)
    share = (series / around).groupby(quarter).mean()
    return values / (share / share.mean()).loc[quarter].to_numpy()


def direction(value: np.ndarray, place: int, mean: float, reach: float) -> int:
    """Which way a quarter's signal points: outside, trend of seven, near a limit, seven on one side; 0 for none."""
    side = np.sign(value - mean)
    if abs(value[place] - mean) > reach:
        return int(side[place])
    for start in range(max(0, place - 6), min(place, len(value) - 7) + 1):
        steps = np.sign(np.diff(value[start : start + 7]))
        if abs(steps.sum()) == 6:
            return int(steps[0])
    near = (np.abs(value - mean) > 2 / 3 * reach) & (np.abs(value - mean) <= reach)
    for start in range(max(0, place - 2), min(place, len(value) - 3) + 1):
        if near[place] and near[start : start + 3].sum() >= 2 and abs(side[start : start + 3].sum()) == 3:
            return int(side[place])
    for start in range(max(0, place - 6), min(place, len(value) - 7) + 1):
        if abs(side[start : start + 7].sum()) == 7:
            return int(side[place])
    return 0


def recompute(setting: Setting) -> dict[str, Numbers]:
    """Value and limits of every finding of the chapter, by id."""
    return expected(setting.folder, setting.newest)
