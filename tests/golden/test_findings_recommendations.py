"""Every finding of the recommendations chapter, worked out again from the edition's Parquet files by other means."""

from __future__ import annotations

import csv
import json
import math
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from svd_lib.edition import open_edition

Z = 1.959963984540054
KIND = "Violence and sexual offences"
NOW, BEFORE = ("2025-01-01", "2025-12-01"), ("2021-04-01", "2022-03-01")
SIZE = 23


class Figures:
    """The chapter's numbers from the snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        return self.places(NOW)

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
        chosen = set(self.places(BEFORE)["code"][:SIZE])
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
        rows = rows[rows["month"].between(*NOW) & rows["outcome"].str.contains("public interest|Unable to prosecute")]
        return (float(rows["count"].sum()),)

    def gap(self) -> tuple[float]:
        rows = self.read("indicators").query("indicator == 'suspension_rate'").sort_values("period_end")
        last = rows.groupby("area_kind")["value"].last()
        return (last["county"] - last["region"],)

    def break_even(self, root: Path) -> tuple[float]:
        with (root / "data" / "reference" / "facts.csv").open(encoding="utf-8", newline="") as file:
            cost = {row["id"]: row["value"] for row in csv.DictReader(file)}["cost-violence-with-injury"]
        return (100_000 / float(cost.replace(",", "")),)


def test_every_finding_is_found_again(suffolk_site, root):
    figures = Figures(open_edition("suffolk-2025").snapshot_path)
    expected = {
        "recommendations-target-reach": (figures.now["o"][:SIZE].sum(),),
        "recommendations-target-ratio": figures.ratio(),
        "recommendations-targeting-caught": figures.caught(),
        "recommendations-target-detectable": figures.detectable(),
        "recommendations-weapons-reach": figures.level("Robbery", "Possession of weapons offences"),
        "recommendations-sexual-reach": figures.level("Sexual offences"),
        "recommendations-injury-reach": figures.level("Violence with injury"),
        "recommendations-unresolved-reach": figures.unresolved(),
        "recommendations-suspensions-gap": figures.gap(),
        "recommendations-cost-breakeven": figures.break_even(root),
    }
    findings = json.loads((suffolk_site / "findings" / "recommendations.json").read_text(encoding="utf-8"))["findings"]
    assert set(findings) == set(expected)
    for identifier, numbers in expected.items():
        half = 0.5 * 10 ** -findings[identifier]["precision"] + 1e-9
        for name, number in zip(("value", "lower_ci", "upper_ci"), numbers):
            assert findings[identifier][name] == pytest.approx(number, abs=half), (identifier, name)


def test_shares_in_the_words_are_right(suffolk_site):
    now = Figures(open_edition("suffolk-2025").snapshot_path).now
    findings = json.loads((suffolk_site / "findings" / "recommendations.json").read_text(encoding="utf-8"))["findings"]
    top = now.iloc[:SIZE]
    said = findings["recommendations-target-reach"]["statement"]
    assert f"The {SIZE} neighbourhoods" in said and -(-len(now) // 20) == SIZE
    assert f"{100 * top['o'].sum() / now['o'].sum():.1f}% of all" in said and f"{100 * top['n'].sum() / now['n'].sum():.1f}% of residents" in said
    best = 100 * now["o"].nlargest(SIZE).sum() / now["o"].sum()
    caught = findings["recommendations-targeting-caught"]
    assert f"would have held {best:.1f}%, a regret of {best - Figures(open_edition('suffolk-2025').snapshot_path).caught()[0]:.1f} points" in caught["statement"]


def test_the_monitoring_framework_has_every_recommendation_and_its_smallest_fall(suffolk_site):
    table = pd.read_csv(suffolk_site / "exhibits" / "recommendations-monitoring-framework.csv").set_index("id")
    made = json.loads((suffolk_site / "recommendations.json").read_text(encoding="utf-8"))["recommendations"]
    assert set(table.index) == {one["id"] for one in made}
    shown = 1 - (1 - 2.8015852181129805 / math.sqrt(2 * 829)) ** 2
    assert table.loc["recommendations-weapons-robbery", "visible"] == f"{100 * shown:.0f}%"
    assert table.loc["recommendations-children-school", "visible"] == "not a yearly count"


def test_break_even_divides_the_sum_by_each_unit_cost(suffolk_site):
    table = pd.read_csv(suffolk_site / "exhibits" / "recommendations-cost-table.csv").set_index("offence")
    assert table.loc["Robbery", "offences"] == pytest.approx(100_000 / 11_320, rel=1e-4)
    assert table.loc["Robbery", "percent"] == pytest.approx(100 * 100_000 / 11_320 / 218, rel=1e-4)
