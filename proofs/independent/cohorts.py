"""The chapter on people: plain pandas on the edition's Parquet files."""

from __future__ import annotations

import json
import math

import pandas as pd

from proofs.independent.setting import Setting

Z = 1.959963984540054
ACTIVE = (
    "Suspect charged", "Suspect charged as part of another case", "Court result unavailable", "Awaiting court outcome",
    "Local resolution", "Under investigation", "None recorded", "Status update unavailable",
    "Action to be taken by another organisation", "Investigation complete; no suspect identified",
)  # fmt: skip
ARRESTS = ("arrests_violence_against_the_person", "arrests_robbery", "arrests_possession_of_weapons_offences")


def wilson(part: float, whole: float) -> tuple[float, ...]:
    """Per cent with Wilson's limits, and what it is made of."""
    p, n = part / whole, whole
    middle, reach = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    limits = ((middle + sign * reach) / (1 + Z * Z / n) for sign in (-1, 1))
    return (100 * p, *(100 * limit for limit in limits), part, whole)


class Figures:
    """The chapter's numbers from the Parquet files of one view."""

    def __init__(self, setting: Setting) -> None:
        self.folder, self.year, self.index = setting.folder, setting.year, setting.index
        self.area = json.loads((self.folder / "view.json").read_text())["area"]
        indicators = pd.read_parquet(self.folder / "indicators.parquet")
        self.indicators = indicators[indicators["period_end"] <= setting.end]

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def force(self, indicator: str, category: str) -> float:
        """One force figure of the newest period."""
        rows = self.indicators.query("indicator == @indicator and category == @category and area_code == @self.area['pfa24cd']")
        return float(rows.sort_values("period_end")["value"].iloc[-1])

    def county(self, indicator: str) -> tuple[float]:
        rows = self.indicators.query("indicator == @indicator and area_kind == 'county'").dropna(subset=["value"])
        return (rows[rows["period_end"] == rows["period_end"].max()]["value"].max(),)

    def charged(self, group: str) -> tuple[float, ...]:
        name = "outcomes_of_recorded_offences"
        return wilson(self.force(name, f"Offence {group}|Outcome Charged/Summonsed"), self.force(name, f"Offence {group}"))

    def arrested(self, ages: tuple[str, ...], sexes: tuple[str, ...]) -> tuple[float, ...]:
        every = {(age, sex): sum(self.force(kind, f"Age {age}|Sex {sex}") for kind in ARRESTS)
                 for age in ("10 - 17 years", "18 - 20 years", "21 years and over") for sex in ("Male", "Female")}  # fmt: skip
        return wilson(sum(n for (age, sex), n in every.items() if age in ages and sex in sexes), sum(every.values()))

    def deprived(self) -> tuple[float, ...]:
        ranks = self.read("deprivation").query("index_edition == @self.index and domain == 'imd' and decile <= 2")
        rows = self.read("street_counts").query("force_slug == @self.area['force_slug'] and location == 'in_area'")
        rows = rows[(rows["crime_type"] == "Violence and sexual offences") & rows["month"].between(*self.year)]
        return wilson(rows.loc[rows["lsoa21cd"].isin(ranks["lsoa21cd"]), "count"].sum(), rows["count"].sum())

    def unprosecuted(self) -> tuple[float, ...]:
        rows = self.read("outcome_counts").query("force_slug == @self.area['force_slug'] and kind == 'last_outcome'")
        rows = rows[(rows["crime_type"] == "Violence and sexual offences") & rows["month"].between(*self.year)]
        stopped = rows["outcome"].str.contains("public interest|Unable to prosecute")
        known = stopped | rows["outcome"].isin(ACTIVE) | rows["outcome"].str.match("Offender |Defendant |Court case ")
        assert known.all()
        return wilson(rows.loc[stopped, "count"].sum(), rows["count"].sum())

    def exploited(self) -> tuple[float, ...]:
        rows = self.indicators[(self.indicators["area_kind"] == "county") & self.indicators["indicator"].str.startswith("assessment_")]
        rows = rows[rows["period_end"] == rows["period_end"].max()].groupby("indicator")["value"].sum()
        return wilson(rows["assessment_factor_child_criminal_exploitation"], rows["assessment_episodes"])

    def searched(self) -> tuple[float, ...]:
        """The largest ratio of searches per resident to the White group's, with the normal interval of its logarithm."""
        people = self.read("place_indicators").query("indicator == 'residents_by_ethnic_group'").groupby("category")["value"].sum()
        census = {"White": "White", "Asian": "Asian, Asian British or Asian Welsh", "Black": "Black, Black British, Black Welsh, Caribbean or African", "Mixed": "Mixed or Multiple ethnic groups"}
        police = {"White": "White", "Asian": "Asian or Asian British", "Black": "Black or Black British", "Mixed": "Mixed"}
        rows = {name: (self.force("stop_searches", f"Ethnic group {police[name]}"), people[f"Ethnic group {census[name]}"]) for name in census}
        b, m = rows.pop("White")
        a, n = max(rows.values(), key=lambda row: row[0] / row[1])
        ratio, reach = (a / n) / (b / m), Z * math.sqrt(1 / a + 1 / b)
        return ratio, ratio * math.exp(-reach), ratio * math.exp(reach), a, n

    def all(self) -> dict[str, tuple[float, ...]]:
        """Value, limits, numerator and denominator by id; a value alone where nothing else is published."""
        young, both = ("10 - 17 years", "18 - 20 years"), ("Male", "Female")
        admissions = self.indicators.query("indicator == 'sharp_object_admissions' and area_kind == 'region'").sort_values("period_end")
        weapons = "Reason Offensive Weapons"
        return {
            "cohorts-admissions-count": (admissions["value"].iloc[-1],),
            "cohorts-arrests-male": self.arrested((*young, "21 years and over"), ("Male",)),
            "cohorts-arrests-young": self.arrested(young, both),
            "cohorts-charged-rape": self.charged("Rape"),
            "cohorts-charged-violence": self.charged("Violence with injury"),
            "cohorts-deprivation-share": self.deprived(),
            "cohorts-entrants-level": self.county("first_time_entrants_rate"),
            "cohorts-exploitation-share": self.exploited(),
            "cohorts-need-level": self.county("children_in_need_rate"),
            "cohorts-neet-level": self.county("neet_16_17"),
            "cohorts-outcomes-unprosecuted": self.unprosecuted(),
            "cohorts-searches-arrest": wilson(self.force("stop_search_arrests", weapons), self.force("stop_searches", weapons)),
            "cohorts-searches-ratio": self.searched(),
            "cohorts-suspensions-level": self.county("suspension_rate"),
        }


def recompute(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Value, limits, numerator and denominator of every finding of the chapter, by id."""
    return Figures(setting).all()
