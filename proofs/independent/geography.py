"""The chapter on places: DuckDB counts, numpy and the packages' own functions compute.

Where the chapter draws at random, other draws are made here, so many that what they leave open is smaller than what is stated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from proofs.independent.setting import NEWEST, Setting

Z = 1.959963984540054
YEAR, BEFORE = ("2025-01-01", "2025-12-01"), ("2021-04-01", "2022-03-01")
DRAWS, MANY_DRAWS = 49_999, 999_999


class Suffolk:
    """The numbers of the 2025 edition that the findings are made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sql(self, query: str) -> pd.DataFrame:
        """Run SQL in which ``{table}`` stands for a Parquet file of the view."""
        names = ("street_counts", "places", "population", "neighbours", "deprivation", "place_changes")
        files = {name: f"read_parquet('{self.folder / f'{name}.parquet'}')" for name in names}
        with duckdb.connect() as connection:
            return connection.execute(query.format(**files)).df()

    def counts(self, months: tuple[str, str]) -> pd.DataFrame:
        """Records and residents of every LSOA in a year."""
        return self.sql(
            f"""select p.lsoa21cd, p.label, p.lad24nm, p.msoa21nm, p.ruc, n.people, n.young, coalesce(c.records, 0) as records
            from {{places}} p
            join (select lsoa21cd, sum(count) as people, sum(count) filter (age_group in ('16-24', '25-34')) as young
                  from {{population}} where reference = 'census_2021' group by 1) n using (lsoa21cd)
            left join (select lsoa21cd, sum(count)::double as records from {{street_counts}}
                  where force_slug = 'suffolk' and location = 'in_area' and crime_type = 'Violence and sexual offences'
                  and month between '{months[0]}' and '{months[1]}' group by 1) c using (lsoa21cd)
            order by lsoa21cd"""
        )

    @cached_property
    def now(self) -> pd.DataFrame:
        """The latest year."""
        return self.counts(YEAR)

    @cached_property
    def years(self) -> pd.DataFrame:
        """Both years side by side, and whether the boundary changed."""
        changed = self.sql("select distinct lsoa21cd from {place_changes} where change_code <> 'U'")["lsoa21cd"]
        both = self.now[["lsoa21cd", "records"]].assign(before=self.counts(BEFORE)["records"])
        return both.assign(changed=both["lsoa21cd"].isin(changed))

    @cached_property
    def shrunken(self) -> pd.DataFrame:
        """Marshall's rates with the limits of the updated gamma distribution, per person."""
        o, n = self.now["records"].to_numpy(), self.now["people"].to_numpy()
        m = o.sum() / n.sum()
        a = (n * (o / n - m) ** 2).sum() / n.sum() - m / n.mean()
        shape, scale = m * m / a + o, 1 / (m / a + n)
        limits = stats.gamma(shape, scale=scale).interval(0.95)
        return self.now.assign(
            rate=shape * scale, low=limits[0], high=limits[1], index=(o / n - m) / np.sqrt(a + m / n)
        )

    @cached_property
    def around(self) -> np.ndarray:
        """Which LSOA touch, as a matrix of 0 and 1."""
        place = {code: row for row, code in enumerate(self.now["lsoa21cd"])}
        matrix = np.zeros((len(place), len(place)))
        for one, other in self.sql("select * from {neighbours}").to_numpy():
            matrix[place[one], place[other]] = 1
        return matrix

    def surrounding_p(self, values: np.ndarray, seed: int) -> np.ndarray:
        """Two-sided p, adjusted for the number of places, of the mean of each place's surroundings among means of others drawn at random.

        Places near the decision are drawn again, many more times.
        """
        rng = np.random.default_rng(seed)
        p = np.array([self._p_of(values, row, rng, DRAWS) for row in range(len(values))])
        adjusted = multipletests(p, method="fdr_bh")[1]
        for row in np.flatnonzero((adjusted > 0.03) & (adjusted < 0.07)):
            p[row] = self._p_of(values, row, rng, MANY_DRAWS)
        return multipletests(p, method="fdr_bh")[1]

    def _p_of(self, values: np.ndarray, row: int, rng: np.random.Generator, draws: int) -> float:
        z = values - values.mean()
        others, degree, lag = np.delete(z, row), int(self.around[row].sum()), self.around[row] @ z / self.around[row].sum()
        picks = rng.integers(len(others), size=(draws, degree))
        ordered = np.sort(picks, axis=1)
        picks = picks[(ordered[:, 1:] != ordered[:, :-1]).all(axis=1)]
        drawn = others[picks].mean(axis=1)
        tail = min((drawn >= lag - 1e-12).sum(), (drawn <= lag + 1e-12).sum())
        return min(1.0, 2 * (tail + 1) / (len(drawn) + 1))

    def clusters(self, values: np.ndarray, seed: int) -> set[str]:
        """Codes of high clusters: high places among high ones, where the rate is above the whole area's."""
        z = values - values.mean()
        high = (z > 0) & (self.around @ z > 0) & (self.surrounding_p(values, seed) < 0.05)
        above = self.shrunken["rate"].to_numpy() > self.now["records"].sum() / self.now["people"].sum()
        return set(self.now["lsoa21cd"].to_numpy()[high & above])

    @cached_property
    def high_clusters(self) -> set[str]:
        """High clusters on the empirical Bayes index."""
        return self.clusters(self.shrunken["index"].to_numpy(), 12)

    @cached_property
    def log_clusters(self) -> set[str]:
        """High clusters on the logarithm of the smoothed rates."""
        return self.clusters(np.log(self.shrunken["rate"].to_numpy()), 11)

    @cached_property
    def hot_spots(self) -> set[str]:
        """Hot spots by Ord and Getis's z and permutations of the surroundings."""
        y, w = self.shrunken["rate"].to_numpy() * 1000, self.around + np.eye(len(self.around))
        n, k = len(y), w.sum(axis=1)
        z = (w @ y - k * y.mean()) / (y.std() * np.sqrt((n * k - k**2) / (n - 1)))
        return set(self.now["lsoa21cd"].to_numpy()[(z > 0) & (self.surrounding_p(y, 15) < 0.05)])

    @cached_property
    def fifths(self) -> pd.DataFrame:
        """Records and residents of each LSOA with its fifth by income deprivation."""
        newest = "(select max(index_edition) from {deprivation})"
        ranks = self.sql(
            f"""select lsoa21cd, ceil(5.0 * rank() over (order by rank) / count(*) over ())::int as fifth from {{deprivation}}
            where domain = 'income' and index_edition = {newest}"""
        )
        return self.now.merge(ranks, on="lsoa21cd", validate="one_to_one")


def byar(o: float, n: float) -> dict[str, float]:
    """A rate per 1,000 with Byar's limits."""
    low = o * (1 - 1 / (9 * o) - Z / (3 * o**0.5)) ** 3
    high = (o + 1) * (1 - 1 / (9 * (o + 1)) + Z / (3 * (o + 1) ** 0.5)) ** 3
    return {"value": o / n * 1000, "lower_ci": low / n * 1000, "upper_ci": high / n * 1000, "numerator": o}


def wilson(part: float, whole: float) -> dict[str, float]:
    """A percentage with Wilson's limits."""
    low, high = proportion_confint(part, whole, method="wilson")
    return {
        "value": part / whole * 100,
        "lower_ci": low * 100,
        "upper_ci": high * 100,
        "numerator": part,
        "denominator": whole,
    }


def wald(a: float, n: float, b: float, m: float) -> dict[str, float]:
    """A rate ratio with limits on the log scale."""
    ratio, error = a / n / (b / m), (1 / a + 1 / b) ** 0.5
    return {"value": ratio, "lower_ci": ratio * np.exp(-Z * error), "upper_ci": ratio * np.exp(Z * error)}


def quasi_poisson(frame: pd.DataFrame, group: str, one: object, other: object) -> dict[str, float]:
    """The ratio of two groups' rates from a quasi-Poisson regression of all groups."""
    levels = [other, *[level for level in frame[group].unique() if level != other]]
    design = pd.DataFrame({str(level): (frame[group] == level).astype(float) for level in levels[1:]})
    fit = sm.GLM(
        frame["records"], sm.add_constant(design), family=sm.families.Poisson(), offset=np.log(frame["people"])
    ).fit(scale="X2")
    low, high = fit.conf_int().loc[str(one)]
    return {
        "value": np.exp(fit.params[str(one)]),
        "lower_ci": np.exp(low),
        "upper_ci": np.exp(high),
        "dispersion": fit.scale,
    }


def fisher(x: pd.Series, y: pd.Series) -> dict[str, float]:
    """Spearman's rho with Bonett and Wright's limits."""
    rho = np.corrcoef(x.rank(), y.rank())[0, 1]
    reach = Z * ((1 + rho**2 / 2) / (len(x) - 3)) ** 0.5
    return {"value": rho, "lower_ci": np.tanh(np.arctanh(rho) - reach), "upper_ci": np.tanh(np.arctanh(rho) + reach)}


def districts(s: Suffolk, people: str) -> dict[str, float]:
    """The district with the highest rate per resident over that with the lowest, by some denominator."""
    sums = s.now.groupby("lad24nm")[["records", "people", "young"]].sum()
    order = (sums["records"] / sums["people"]).sort_values().index
    top, bottom = sums.loc[order[-1]], sums.loc[order[0]]
    return wald(top["records"], top[people], bottom["records"], bottom[people]) | {"says": [order[-1], order[0]]}


def msoa(s: Suffolk) -> dict[str, float]:
    """The highest rate of an MSOA."""
    sums = s.now.groupby("msoa21nm")[["records", "people"]].sum()
    top = sums.loc[(sums["records"] / sums["people"]).idxmax()]
    return byar(top["records"], top["people"]) | {
        "says": [str(len(sums)), (sums["records"] / sums["people"]).idxmax().split()[-1]]
    }


def lsoa(s: Suffolk) -> dict[str, float]:
    """The highest smoothed rate of an LSOA."""
    top = s.shrunken.loc[s.shrunken["rate"].idxmax()]
    numbers = {"value": top["rate"] * 1000, "lower_ci": top["low"] * 1000, "upper_ci": top["high"] * 1000}
    return numbers | {
        "numerator": top["records"],
        "says": [top["label"], f"{top['records'] / top['people'] * 1000:.1f}"],
    }


def moran(s: Suffolk) -> dict[str, float]:
    """Moran's I with row-standardised weights, and whether reshuffling ever reaches it."""
    z, w = s.shrunken["index"].to_numpy(), s.around / s.around.sum(axis=1, keepdims=True)
    z = z - z.mean()
    rng = np.random.default_rng(13)
    drawn = [shuffled @ w @ shuffled / (z @ z) for shuffled in (rng.permutation(z) for _ in range(1999))]
    value = z @ w @ z / (z @ z)
    return {"value": value, "says": ["p below 0.001", "more alike"] if max(drawn) < value else ["never"]}


def shares(s: Suffolk, share: float) -> dict[str, float]:
    """The fewest neighbourhoods that hold a share of the records."""
    held = s.now["records"].sort_values(ascending=False).cumsum()
    fewest = int(np.argmax(held.to_numpy() >= share * held.iloc[-1]) + 1)
    return {"value": fewest / len(held) * 100, "numerator": fewest, "denominator": len(held)}


def gini(s: Suffolk) -> dict[str, float]:
    """The mean difference of all pairs of neighbourhoods over twice the mean; limits by a bootstrap of our own."""
    x, rng = s.now["records"].to_numpy(), np.random.default_rng(14)

    def one(v: np.ndarray) -> float:
        return float(np.abs(v[:, None] - v[None, :]).mean() / (2 * v.mean()))

    drawn = [one(rng.choice(x, len(x))) for _ in range(400)]
    low, high = 2 * one(x) - np.quantile(drawn, [0.975, 0.025])
    return {"value": one(x), "lower_ci": low, "upper_ci": high}


def top_places(s: Suffolk) -> tuple[set[str], set[str], int]:
    """The leading places of both years; among equals, those with less in the other year come first."""
    k = int(np.ceil(len(s.years) / 20))
    pairs = (["before", "records"], ["records", "before"])
    ordered = (s.years.sort_values(names, ascending=[False, True]) for names in pairs)
    first, second = (set(frame["lsoa21cd"].head(k)) for frame in ordered)
    return first, second, k


def overlap(s: Suffolk) -> dict[str, float]:
    """Places that lead in both years."""
    first, second, k = top_places(s)
    return wilson(len(first & second), k)


def hit(s: Suffolk) -> dict[str, float]:
    """Records of the later year in the leading places of the earlier."""
    first, second, k = top_places(s)
    held, best = (s.years.loc[s.years["lsoa21cd"].isin(places), "records"].sum() for places in (first, second))
    total = s.years["records"].sum()
    return wilson(held, total) | {"says": [f"The {k} ", f"{best / total * 100:.1f}%"]}


def pattern(s: Suffolk) -> dict[str, float]:
    """Places whose share of all records did not change, by chi-square tests with Yates' correction."""
    rows = s.years[(s.years["before"] + s.years["records"]) > 0]
    total_before, total = rows["before"].sum(), rows["records"].sum()
    tables = ([[a, total_before - a], [b, total - b]] for a, b in rows[["before", "records"]].to_numpy())
    p = [stats.chi2_contingency(table, correction=True).pvalue for table in tables]
    changed = multipletests(p, method="fdr_bh")[0]
    return wilson(int((~changed).sum()), len(p))


def slope(s: Suffolk, relative: bool) -> dict[str, float]:
    """A weighted straight line through the logarithms of the fifths' rates against mid-rank."""
    sums = s.fifths.groupby("fifth")[["records", "people"]].sum()
    share = sums["people"] / sums["people"].sum()
    x = sm.add_constant((share.cumsum() - share / 2).to_numpy())
    solve = np.linalg.inv(x.T @ np.diag(share) @ x) @ x.T @ np.diag(share)
    start, climb = solve @ np.log(sums["records"] / sums["people"] * 1000)
    error = (quasi_poisson(s.fifths, "fifth", 1, 5)["dispersion"] / sums["records"]).to_numpy() ** 0.5
    if relative:
        reach = Z * np.sqrt(((solve[1] * error) ** 2).sum())
        return {"value": np.exp(-climb), "lower_ci": np.exp(-climb - reach), "upper_ci": np.exp(-climb + reach)}
    most, least = np.exp(start), np.exp(start + climb)
    gradient = most * solve[0] - least * (solve[0] + solve[1])
    reach = Z * np.sqrt(((gradient * error) ** 2).sum())
    return {
        "value": most - least,
        "lower_ci": most - least - reach,
        "upper_ci": most - least + reach,
        "says": ["rises"],
    }


def cluster_count(s: Suffolk) -> dict[str, object]:
    """High clusters, with the residents and records in them."""
    inside = s.now[s.now["lsoa21cd"].isin(s.high_clusters)]
    said = [f"{inside[name].sum() / s.now[name].sum() * 100:.1f}%" for name in ("people", "records")]
    return {"value": len(inside), "numerator": len(inside), "denominator": len(s.now), "says": said}


def cluster_agreement(s: Suffolk) -> dict[str, object]:
    """High clusters that Gi* marks too."""
    return {"value": len(s.high_clusters & s.hot_spots), "denominator": len(s.high_clusters), "says": [f"marks {len(s.hot_spots)} "]}


def cluster_log(s: Suffolk) -> dict[str, object]:
    """High clusters on a logarithmic scale."""
    return {"value": len(s.log_clusters), "says": [f"; {len(s.log_clusters & s.high_clusters)} of them"]}


def unlocated(s: Suffolk) -> dict[str, float]:
    """Records of the force's files without a place."""
    rows = s.sql(
        f"""select location, sum(count) as records from {{street_counts}} where force_slug = 'suffolk'
        and crime_type = 'Violence and sexual offences' and month between '{YEAR[0]}' and '{YEAR[1]}' group by 1"""
    ).set_index("location")["records"]
    return wilson(rows["none"], rows.sum())


RECOMPUTED: dict[str, Callable[[Suffolk], dict]] = {
    "geography-violence-rate": lambda s: byar(s.now["records"].sum(), s.now["people"].sum()),
    "geography-unlocated-share": unlocated,
    "geography-district-ratio": lambda s: districts(s, "people"),
    "geography-district-young": lambda s: districts(s, "young"),
    "geography-msoa-highest": msoa,
    "geography-lsoa-highest": lsoa,
    "geography-clustering-moran": moran,
    "geography-cluster-count": cluster_count,
    "geography-cluster-log": cluster_log,
    "geography-cluster-agreement": cluster_agreement,
    "geography-concentration-quarter": lambda s: shares(s, 0.25),
    "geography-concentration-half": lambda s: shares(s, 0.5),
    "geography-concentration-most": lambda s: shares(s, 0.8),
    "geography-concentration-gini": gini,
    "geography-stability-rank": lambda s: fisher(s.years["before"], s.years["records"]),
    "geography-stability-unchanged": lambda s: fisher(
        *(s.years.loc[~s.years["changed"], name] for name in ("before", "records"))
    ),
    "geography-stability-top": overlap,
    "geography-stability-pattern": pattern,
    "geography-stability-recoded": lambda s: {"value": s.years["changed"].sum(), "denominator": len(s.years)},
    "geography-prediction-hit": hit,
    "geography-deprivation-ratio": lambda s: quasi_poisson(s.fifths, "fifth", 1, 5),
    "geography-deprivation-slope": lambda s: slope(s, relative=False),
    "geography-deprivation-relative": lambda s: slope(s, relative=True),
    "geography-rural-ratio": lambda s: quasi_poisson(s.now, "ruc", "Rural", "Urban"),
}


def recompute(setting: Setting) -> dict[str, dict]:
    """Value, limits, counts and the words made of numbers of every finding of the chapter, by id; for the newest edition alone."""
    assert setting == NEWEST, "this chapter's second computation is of the newest edition"
    suffolk = Suffolk(setting.folder)
    return {name: make(suffolk) for name, make in RECOMPUTED.items()}
