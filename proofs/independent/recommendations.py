"""The recommendations: pandas and scipy on the edition's Parquet files."""

from __future__ import annotations

import csv
import math
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from proofs.independent.setting import ROOT, Setting

Z = 1.959963984540054
KIND = "Violence and sexual offences"
SIZE = 23


class Figures:
    """The chapter's numbers from the snapshot."""

    def __init__(self, setting: Setting) -> None:
        self.folder, self.year, self.before = setting.folder, setting.year, setting.before

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def places(self, months: tuple[str, str]) -> pd.DataFrame:
        """Records, residents and Marshall's smoothed rate of every LSOA, highest first."""
        rows = self.read("street_counts").query("force_slug == 'suffolk' and location == 'in_area' and crime_type == @KIND")
        counted = rows[rows["month"].between(*months)].groupby("lsoa21cd")["count"].sum()
        people = self.read("population").query("reference == 'census_2021'").groupby("lsoa21cd")["count"].sum()
        frame = pd.DataFrame({"n": people.astype(float)})
        frame["o"] = counted.reindex(frame.index).fillna(0.0)
        mean = frame["o"].sum() / frame["n"].sum()
        spread = (frame["n"] * (frame["o"] / frame["n"] - mean) ** 2).sum() / frame["n"].sum() - mean / frame["n"].mean()
        weight = spread / (spread + mean / frame["n"])
        frame["smooth"] = mean + weight * (frame["o"] / frame["n"] - mean)
        return frame.rename_axis("code").reset_index().sort_values(["smooth", "code"], ascending=[False, True]).reset_index(drop=True)

    @cached_property
    def now(self) -> pd.DataFrame:
        return self.places(self.year)

    def level(self, *names: str) -> tuple[float]:
        rows = self.read("recorded_crime").query("area_kind == 'force' and area_code == 'E23000025' and level == 'group'")
        rows = rows[(rows["period_end"] == "2025-06-01") & (rows["measure"] == "offences") & (rows["period_kind"] == "year")]
        rows = rows[(rows["status"] == "published") & rows["offence"].isin(names)].drop_duplicates(["offence", "count"])
        assert len(rows) == len(names)
        return (float(rows["count"].sum()),)

    def ratio(self) -> tuple[float, ...]:
        top, rest = self.now.iloc[:SIZE][["o", "n"]].sum(), self.now.iloc[SIZE:][["o", "n"]].sum()
        value, reach = (top["o"] / top["n"]) / (rest["o"] / rest["n"]), Z * math.sqrt(1 / top["o"] + 1 / rest["o"])
        return value, value * math.exp(-reach), value * math.exp(reach)

    def caught(self) -> tuple[float, ...]:
        chosen = set(self.places(self.before)["code"][:SIZE])
        held, whole = self.now.loc[self.now["code"].isin(chosen), "o"].sum(), self.now["o"].sum()
        limits = (100 * stats.binomtest(int(held), int(whole)).proportion_ci(0.95, "wilson").low,
                  100 * stats.binomtest(int(held), int(whole)).proportion_ci(0.95, "wilson").high)  # fmt: skip
        return (100 * held / whole, *limits, held, whole)

    def detectable(self) -> tuple[float]:
        """The smallest reduction, in steps of a thousandth, that the difference of differences shows 80 times in 100."""
        touching = self.read("neighbours").groupby("lsoa21cd")["neighbour_lsoa21cd"].agg(set).to_dict()
        order = list(self.now["code"])
        target = set(order[:SIZE])
        around = set().union(*(touching.get(code, set()) for code in target)) - target
        comparison = set([code for code in order if code not in target | around][:SIZE])
        beside = set().union(*(touching.get(code, set()) for code in comparison)) - target - around - comparison
        t, c, dt, dc = (self.now.loc[self.now["code"].isin(codes), "o"].sum() for codes in (target, comparison, around, beside))
        for cut in np.arange(1, 1001) / 1000:
            error = math.sqrt(t + t * (1 - cut) + 2 * c + 2 * dt + 2 * dc)
            if stats.norm.cdf(t * cut / error - Z) + stats.norm.cdf(-t * cut / error - Z) >= 0.8:
                return (100 * cut,)
        raise AssertionError("no reduction is detectable")

    def unresolved(self) -> tuple[float]:
        rows = self.read("outcome_counts").query("force_slug == 'suffolk' and kind == 'last_outcome' and crime_type == @KIND")
        rows = rows[rows["month"].between(*self.year) & rows["outcome"].str.contains("public interest|Unable to prosecute")]
        return (float(rows["count"].sum()),)

    def gap(self) -> tuple[float]:
        rows = self.read("indicators").query("indicator == 'suspension_rate'").sort_values("period_end")
        last = rows.groupby("area_kind")["value"].last()
        return (last["county"] - last["region"],)

    def break_even(self) -> tuple[float]:
        with (ROOT / "data" / "reference" / "facts.csv").open(encoding="utf-8", newline="") as file:
            cost = {row["id"]: row["value"] for row in csv.DictReader(file)}["cost-violence-with-injury"]
        return (100_000 / float(cost.replace(",", "")),)


def recompute(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Value, limits, numerator and denominator of every finding of the chapter, by id."""
    figures = Figures(setting)
    return {
        "recommendations-target-reach": (figures.now["o"][:SIZE].sum(),),
        "recommendations-target-ratio": figures.ratio(),
        "recommendations-targeting-caught": figures.caught(),
        "recommendations-target-detectable": figures.detectable(),
        "recommendations-weapons-reach": figures.level("Robbery", "Possession of weapons offences"),
        "recommendations-sexual-reach": figures.level("Sexual offences"),
        "recommendations-injury-reach": figures.level("Violence with injury"),
        "recommendations-unresolved-reach": figures.unresolved(),
        "recommendations-suspensions-gap": figures.gap(),
        "recommendations-cost-breakeven": figures.break_even(),
    }
