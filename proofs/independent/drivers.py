"""The chapter on drivers: numpy and statsmodels on the edition's Parquet files."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from proofs.independent.setting import Setting

Z = stats.norm.ppf(0.975)
DOMAINS = ["income", "education", "health", "housing", "environment"]


class Figures:
    """The chapter's numbers from the Parquet files of one view."""

    def __init__(self, setting: Setting) -> None:
        self.folder, self.year, self.index = setting.folder, setting.year, setting.index
        self.slug = json.loads((self.folder / "view.json").read_text())["area"]["force_slug"]
        rows = pd.read_parquet(self.folder / "indicators.parquet")
        self.indicators = rows[rows["period_end"] <= setting.end]

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def newest(self, indicator: str, kind: str) -> float:
        rows = self.indicators.query("indicator == @indicator and area_kind == @kind").dropna(subset=["value"])
        return float(rows.sort_values("period_end")["value"].iloc[-1])

    def beside_rest(self, factor: str) -> tuple[float, ...]:
        a, n = self.newest(factor, "county"), self.newest("assessment_episodes", "county")
        b, m = self.newest(factor, "country") - a, self.newest("assessment_episodes", "country") - n
        ratio, reach = (a / n) / (b / m), Z * math.sqrt(1 / a + 1 / b)
        return ratio, ratio * math.exp(-reach), ratio * math.exp(reach), a, n

    def areas(self) -> pd.DataFrame:
        """One row an LSOA: records, residents and standardised deprivation (more is more deprived)."""
        ranks = self.read("deprivation").query("index_edition == @self.index").pivot(index="lsoa21cd", columns="domain", values="rank")[DOMAINS]
        records = self.read("street_counts").query("force_slug == @self.slug and location == 'in_area' and crime_type == 'Violence and sexual offences'")
        counted = records[records["month"].between(*self.year)].groupby("lsoa21cd")["count"].sum()
        people = self.read("population").query("reference == 'census_2021'").groupby("lsoa21cd")["count"].sum()
        worse = -(ranks - ranks.mean()) / ranks.std(ddof=1)
        return worse.assign(count=counted.reindex(ranks.index).fillna(0), population=people.reindex(ranks.index))

    def fitted(self, areas: pd.DataFrame, names: list[str]):
        """NB2 by full maximum likelihood, then conditional on its shape."""
        x = sm.add_constant(areas[names]) if names else pd.DataFrame({"const": 1.0}, index=areas.index)
        offset = np.log(areas["population"])
        full = sm.NegativeBinomial(areas["count"], x, offset=offset).fit(disp=0, maxiter=500)
        family = sm.families.NegativeBinomial(alpha=float(full.params["alpha"]))
        return sm.GLM(areas["count"], x, family=family, offset=offset).fit()

    def income(self) -> tuple[float, ...]:
        fit = self.fitted(self.areas(), DOMAINS)
        error = fit.bse["income"] * math.sqrt(max(1.0, fit.pearson_chi2 / fit.df_resid))
        reach = stats.t.ppf(0.975, fit.df_resid) * error
        return tuple(math.exp(fit.params["income"] + sign * reach) for sign in (0, -1, 1))

    def moran(self, names: list[str]) -> float:
        areas = self.areas()
        left = pd.Series(np.asarray(self.fitted(areas, names).resid_deviance), areas.index)
        pairs = self.read("neighbours")
        pairs = pairs[pairs["lsoa21cd"].isin(areas.index) & pairs["neighbour_lsoa21cd"].isin(areas.index)]
        z = left[sorted(set(pairs["lsoa21cd"]))]
        z = z - z.mean()
        lag = pairs.assign(v=pairs["neighbour_lsoa21cd"].map(z)).groupby("lsoa21cd")["v"].mean()
        return float((z * lag.reindex(z.index)).sum() / (z**2).sum())

    def all(self, with_poverty: bool = True) -> dict[str, tuple[float, ...]]:
        """Value, limits, numerator and denominator by id; a value alone where nothing else is published."""
        return {
            "drivers-home-ratio": self.beside_rest("assessment_factor_domestic_abuse_parent"),
            "drivers-mind-ratio": self.beside_rest("assessment_factor_mental_health_child"),
            "drivers-drugs-ratio": self.beside_rest("assessment_factor_drug_misuse_parent"),
            "drivers-absence-level": (self.newest("severe_absence", "county"),),
            **({"drivers-poverty-level": (self.newest("child_poverty", "county"),)} if with_poverty else {}),
            "drivers-model-income": self.income(),
            "drivers-model-left": (self.moran(DOMAINS),),
        }


def recompute(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Value, limits, numerator and denominator of every finding of the chapter, by id; the measure of poverty begins after 2022."""
    return Figures(setting).all(with_poverty=setting.end > "2024")
