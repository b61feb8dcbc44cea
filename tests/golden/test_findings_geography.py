"""Every finding of the geography chapter, worked out again from the edition's Parquet files by other means.

DuckDB counts, numpy and the packages' own functions compute; nothing of ``svd_lib.measures`` is used. Where the chapter
draws at random, other draws are made here and the answer must lie within what they leave open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

Z = 1.959963984540054
YEAR, BEFORE = ("2025-01-01", "2025-12-01"), ("2021-04-01", "2022-03-01")
DRAWS = 49_999


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
        """Two-sided p of the mean of each place's surroundings among means of as many other places, drawn at random."""
        z = values - values.mean()
        rng, p, lags = np.random.default_rng(seed), np.empty(len(z)), self.around @ z / self.around.sum(axis=1)
        for row, degree in enumerate(self.around.sum(axis=1).astype(int)):
            others = np.delete(z, row)
            picks = rng.integers(len(others), size=(DRAWS, degree))
            ordered = np.sort(picks, axis=1)
            picks = picks[(ordered[:, 1:] != ordered[:, :-1]).all(axis=1)]
            drawn = others[picks].mean(axis=1)
            tail = min((drawn >= lags[row] - 1e-12).sum(), (drawn <= lags[row] + 1e-12).sum())
            p[row] = min(1.0, 2 * (tail + 1) / (len(drawn) + 1))
        return p

    def clusters(self, values: np.ndarray, seed: int) -> tuple[set[str], set[str]]:
        """Codes of high clusters that are certain, and those that other draws could decide otherwise."""
        z = values - values.mean()
        lags = self.around @ z
        adjusted = multipletests(self.surrounding_p(values, seed), method="fdr_bh")[1]
        high, codes = (z > 0) & (lags > 0), self.now["lsoa21cd"].to_numpy()
        return set(codes[high & (adjusted < 0.044)]), set(codes[high & (adjusted >= 0.044) & (adjusted < 0.056)])

    @cached_property
    def high_clusters(self) -> tuple[set[str], set[str]]:
        """High clusters on the empirical Bayes index, where the rate is above the whole area's."""
        return self._above_average(self.clusters(self.shrunken["index"].to_numpy(), 12))

    @cached_property
    def log_clusters(self) -> tuple[set[str], set[str]]:
        """High clusters on the logarithm of the smoothed rates, where the rate is above the whole area's."""
        return self._above_average(self.clusters(np.log(self.shrunken["rate"].to_numpy()), 11))

    def _above_average(self, found: tuple[set[str], set[str]]) -> tuple[set[str], set[str]]:
        above = self.shrunken["rate"] > self.now["records"].sum() / self.now["people"].sum()
        allowed = set(self.now.loc[above, "lsoa21cd"])
        return found[0] & allowed, found[1] & allowed

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
    return {"value": one(x), "lower_ci": low, "upper_ci": high, "slack": 0.015}


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


def gi_star(s: Suffolk) -> tuple[set[str], set[str]]:
    """Hot spots by Ord and Getis's z and permutations of the surroundings: those certain, and those that other draws could decide otherwise."""
    y, w = s.shrunken["rate"].to_numpy() * 1000, s.around + np.eye(len(s.around))
    n, k = len(y), w.sum(axis=1)
    z = (w @ y - k * y.mean()) / (y.std() * np.sqrt((n * k - k**2) / (n - 1)))
    adjusted, hot, codes = multipletests(s.surrounding_p(y, 15), method="fdr_bh")[1], z > 0, s.now["lsoa21cd"].to_numpy()
    return set(codes[hot & (adjusted < 0.044)]), set(codes[hot & (adjusted >= 0.044) & (adjusted < 0.056)])


def cluster_count(s: Suffolk) -> dict[str, object]:
    """High clusters, with the residents and records in them."""
    sure, doubtful = s.high_clusters
    inside = s.now[s.now["lsoa21cd"].isin(sure)]
    said = [f"{inside[name].sum() / s.now[name].sum() * 100:.1f}%" for name in ("people", "records")]
    return {"between": (len(sure), len(sure | doubtful)), "says": [] if doubtful else said}


def cluster_agreement(s: Suffolk) -> dict[str, object]:
    """High clusters that Gi* marks too."""
    sure, doubtful = s.high_clusters
    hot, maybe = gi_star(s)
    said = [] if maybe else [f"marks {len(hot)} "]
    return {"between": (len(sure & hot), len((sure | doubtful) & (hot | maybe))), "says": said}


def cluster_log(s: Suffolk) -> dict[str, object]:
    """High clusters on a logarithmic scale."""
    sure, doubtful = s.log_clusters
    return {"between": (len(sure), len(sure | doubtful))}


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


@pytest.fixture(scope="module")
def suffolk(root: Path) -> Suffolk:
    """Return the view that every build of the edition reads."""
    return Suffolk(root / "data" / "editions" / "suffolk-2025" / "snapshot")


@pytest.fixture(scope="module")
def published(suffolk_site: Path) -> dict[str, dict]:
    """Return the chapter's findings as the site publishes them."""
    found = json.loads((suffolk_site / "findings.json").read_text(encoding="utf-8"))["findings"]
    return {name: finding for name, finding in found.items() if name.startswith("geography-")}


def test_every_finding_is_recomputed(published: dict[str, dict]) -> None:
    """A finding without a second computation here is not published."""
    assert sorted(published) == sorted(RECOMPUTED)


@pytest.mark.parametrize("name", sorted(RECOMPUTED))
def test_finding_is_right(name: str, published: dict[str, dict], suffolk: Suffolk) -> None:
    """The published number, its limits, its counts and the words made of numbers are those worked out here."""
    finding, again = published[name], RECOMPUTED[name](suffolk)
    if "between" in again:
        assert again["between"][0] <= finding["value"] <= again["between"][1]
    half = 0.5 * 10 ** -finding["precision"] + 1e-9
    for part in {"value", "lower_ci", "upper_ci"} & set(again):
        slack = again.get("slack", 0.0) if part != "value" else 0.0
        assert finding[part] == pytest.approx(float(again[part]), abs=half + slack), part
    for part in {"numerator", "denominator"} & set(again):
        assert finding[part] == again[part], part
    for words in again.get("says", ()):
        assert words in finding["statement"]


@pytest.mark.parametrize("share", [("quarter", 0.25), ("half", 0.5), ("most", 0.8)])
def test_chance_would_spread_records_wider(
    share: tuple[str, float], published: dict[str, dict], suffolk: Suffolk
) -> None:
    """The share that chance alone would need is the mean of random spreads of the same number of records."""
    name, part = share
    total, places, rng = int(suffolk.now["records"].sum()), len(suffolk.now), np.random.default_rng(15)
    needed = []
    for _ in range(300):
        held = np.sort(np.bincount(rng.integers(places, size=total), minlength=places))[::-1].cumsum()
        needed.append((np.argmax(held >= part * total) + 1) / places * 100)
    said = float(published[f"geography-concentration-{name}"]["statement"].rsplit("need ", 1)[1].rstrip("%."))
    assert said == pytest.approx(np.mean(needed), abs=0.15)
