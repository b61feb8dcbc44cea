"""What published tables say about people: outcomes, arrests, searches, young people, admissions, deprivation of places.

Selections only: a view in, a frame out. What a view lacks gives a frame without rows, which the exit shows as a known
gap. Every frame carries ``period`` (``2018-04/2019-03``) and ``year`` (the publisher's label), so that a sentence can
date itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from svd_lib.ingest.loaders import View, latest_year, period_months, street_by_place

WEAPONS_REASON: Final = "Reason Offensive Weapons"
ARRESTED_FOR: Final[Mapping[str, str]] = {
    "arrests_violence_against_the_person": "Violence against the person",
    "arrests_robbery": "Robbery",
    "arrests_possession_of_weapons_offences": "Possession of weapons",
}
AGES: Final[Mapping[str, str]] = {
    "10 - 17 years": "Aged 10 to 17",
    "18 - 20 years": "Aged 18 to 20",
    "21 years and over": "Aged 21 and over",
}
UNDER_21: Final = ("Aged 10 to 17", "Aged 18 to 20")
FACTORS: Final[Mapping[str, str]] = {
    "assessment_factor_child_criminal_exploitation": "Child criminal exploitation",
    "assessment_factor_child_sexual_exploitation": "Child sexual exploitation",
    "assessment_factor_going_missing": "Going missing",
    "assessment_factor_gangs": "Gangs",
    "assessment_factor_trafficking": "Trafficking",
}
CHILDREN: Final[Mapping[str, str]] = {
    "first_time_entrants_rate": "First-time entrants to youth justice",
    "children_in_need_rate": "Children in need",
    "child_protection_plan_rate": "Child protection plans",
    "looked_after_rate": "Looked-after children",
    "suspension_rate": "Suspensions from school",
    "exclusion_rate": "Permanent exclusions from school",
    "severe_absence": "Severely absent from school",
    "neet_16_17": "Known not to be in education, employment or training",
}
ACTED_ON, NOT_PROSECUTED, NO_SUSPECT, ELSEWHERE = "Action against a suspect", "Suspect known, no action", "No suspect found", "Passed on or not known"
OUTCOME_GROUPS: Final[Mapping[str, str]] = {
    "Action to be taken by another organisation": ELSEWHERE,
    "Status update unavailable": ELSEWHERE,
    "Under investigation": ELSEWHERE,
    "None recorded": ELSEWHERE,
    "Investigation complete; no suspect identified": NO_SUSPECT,
    "Unable to prosecute suspect": NOT_PROSECUTED,
    "Formal action is not in the public interest": NOT_PROSECUTED,
    "Further action is not in the public interest": NOT_PROSECUTED,
    "Further investigation is not in the public interest": NOT_PROSECUTED,
}
"""Every other outcome is a charge, a court's decision or an out-of-court disposal."""


def indicator_rows(view: View, indicators: str | Sequence[str], kinds: Sequence[str], code: str = "") -> pd.DataFrame:
    """Return rows of the published indicators.

    Parameters
    ----------
    view : View
        The edition's tables.
    indicators : str or sequence of str
        Ids of indicators.
    kinds : sequence of str
        ``force``, ``county``, ``region``, ``country``.
    code : str, optional
        One area's code.

    Returns
    -------
    pandas.DataFrame
        indicator, area_code, area_name, area_kind, category, value, unit, marker, year (the publisher's label), period,
        date (first day of the last month).
    """
    wanted = [indicators] if isinstance(indicators, str) else list(indicators)
    rows = view.table("indicators")
    known = rows["period_end"] <= pd.Timestamp(view.edition.period_end)
    rows = rows[known & rows["indicator"].isin(wanted) & rows["area_kind"].isin(kinds)]
    rows = rows[rows["area_code"] == code] if code else rows
    spans = rows["period_start"].dt.strftime("%Y-%m") + "/" + rows["period_end"].dt.strftime("%Y-%m")
    named = rows.assign(year=rows["period_label"], period=spans, date=rows["period_end"])
    columns = ["indicator", "area_code", "area_name", "area_kind", "category", "value", "unit", "marker", "year", "period", "date"]
    return named[columns].reset_index(drop=True)


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the newest period of a frame with ``date``."""
    return frame[frame["date"] == frame["date"].max()].reset_index(drop=True)


def period_of(frame: pd.DataFrame, view: View) -> str:
    """Return the newest period in a frame; the edition's newest whole year when the frame has no rows."""
    return latest_year(view) if frame.empty else str(newest(frame)["period"].iloc[0])


def period_or(frame: pd.DataFrame, view: View) -> str:
    """Return the period of a frame's first row; the edition's newest whole year when it has no rows."""
    return latest_year(view) if frame.empty else str(frame["period"].iloc[0])


def _forces(view: View, indicators: str | Sequence[str]) -> pd.DataFrame:
    return indicator_rows(view, indicators, ["force"], view.area.pfa24cd)


def charged_by_offence(view: View) -> pd.DataFrame:
    """Return how many offences that the force recorded in a year had been charged when the year's table was published.

    Returns
    -------
    pandas.DataFrame
        offence, recorded (offences), charged (offences), year, period, date; one row an offence group and year.
    """
    rows = _forces(view, "outcomes_of_recorded_offences")
    parts = rows["category"].str.removeprefix("Offence ").str.partition("|Outcome ")
    rows = rows.assign(offence=parts[0], outcome=parts[2])
    keys = ["offence", "year", "period", "date"]
    every = rows[rows["outcome"] == ""].rename(columns={"value": "recorded"})[[*keys, "recorded"]]
    charged = rows[rows["outcome"] == "Charged/Summonsed"].rename(columns={"value": "charged"})[[*keys, "charged"]]
    both = every.merge(charged, on=keys, how="left", validate="one_to_one")
    return both.assign(charged=both["charged"].fillna(0.0))[both["recorded"] > 0].reset_index(drop=True)


def outcomes_by_group(view: View, crime_types: Sequence[str], period: str) -> pd.DataFrame:
    """Return the last outcome, in broad groups, of the street-level records of a period: see :func:`outcomes_where`.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_types : sequence of str
        Street-level categories.
    period : str
        ``2025-01/2025-12``.

    Returns
    -------
    pandas.DataFrame
        crime_type, outcome_group, count (records), total (records of the crime type).
    """
    rows = view.table("outcome_counts")
    rows = rows[(rows["force_slug"] == view.area.force_slug) & (rows["kind"] == "last_outcome") & rows["month"].isin(period_months(period))]
    rows = rows[rows["crime_type"].isin(crime_types) & (rows["lad24cd"].isin(view.area.lad) | (view.area.kind == "force"))]
    rows = rows.assign(outcome_group=rows["outcome"].map(OUTCOME_GROUPS).fillna(ACTED_ON))
    counted = rows.groupby(["crime_type", "outcome_group"])["count"].sum().unstack(fill_value=0)
    full = counted.reindex(columns=[ACTED_ON, NOT_PROSECUTED, NO_SUSPECT, ELSEWHERE], fill_value=0).reindex(list(crime_types)).dropna()
    out = full.reset_index().melt("crime_type", var_name="outcome_group", value_name="count")
    return out.assign(total=out.groupby("crime_type")["count"].transform("sum"))


def outcomes_where(view: View) -> tuple[str, str]:
    """Return whose outcomes are counted and on which basis: the force's, or in a smaller area its districts' own."""
    is_force = view.area.kind == "force"
    return (view.area.pfa_name, "recorded_by") if is_force else (_listed(sorted(view.area.lad.values())), "located_in")


def arrests_by_age_sex(view: View) -> pd.DataFrame:
    """Return arrests for violence, robbery and weapons by age group and sex, one row each and year.

    Returns
    -------
    pandas.DataFrame
        offence, age, sex, arrests, total (arrests for the offence in the year, of known age), year, period, date; a year
        with a cell that is not available is left out.
    """
    rows = _forces(view, list(ARRESTED_FOR))
    rows = rows[rows["category"].str.startswith("Age ")]
    parts = rows["category"].str.removeprefix("Age ").str.partition("|Sex ")
    rows = rows.assign(age=parts[0].map(AGES), sex=parts[2], offence=rows["indicator"].map(ARRESTED_FOR)).dropna(subset=["age"])
    rows = rows[~rows["year"].isin(rows.loc[rows["value"].isna(), "year"])].rename(columns={"value": "arrests"})
    for name, order in (("offence", ARRESTED_FOR.values()), ("age", AGES.values()), ("sex", ("Male", "Female"))):
        rows[name] = pd.Categorical(rows[name], list(order), ordered=True)
    out = rows.sort_values(["date", "offence", "age", "sex"]).astype({"offence": "str", "age": "str", "sex": "str"})
    total = out.groupby(["offence", "year"])["arrests"].transform("sum")
    return out.assign(total=total)[["offence", "age", "sex", "arrests", "total", "year", "period", "date"]].reset_index(drop=True)


def arrests_of(arrests: pd.DataFrame, ages: Sequence[str] = tuple(AGES.values()), sexes: Sequence[str] = ("Male", "Female")) -> pd.DataFrame:
    """Return the newest year's arrests of some ages and sexes, all offences together, beside the total: one row."""
    rows = newest(arrests) if len(arrests) else arrests
    chosen = rows[rows["age"].isin(ages) & rows["sex"].isin(sexes)]
    counted = pd.DataFrame({"count": [chosen["arrests"].sum()], "total": [rows["arrests"].sum()]})
    return counted if rows["arrests"].sum() > 0 else counted.iloc[:0]


def searches(view: View, category: str = WEAPONS_REASON) -> pd.DataFrame:
    """Return stops and searches of one category by year, with the arrests that followed.

    Returns
    -------
    pandas.DataFrame
        year, period, date, searches, arrests (0 where the table has no cell: it never shows a nought), category.
    """
    rows = _forces(view, ["stop_searches", "stop_search_arrests"])
    rows = rows[rows["category"].str.startswith(category)]
    keys = ["year", "period", "date", "category"]
    found = rows[rows["indicator"] == "stop_searches"].rename(columns={"value": "searches"})[[*keys, "searches"]]
    led = rows[rows["indicator"] == "stop_search_arrests"].rename(columns={"value": "arrests"})[[*keys, "arrests"]]
    both = found.merge(led, on=keys, how="left", validate="one_to_one").dropna(subset=["searches"])
    return both.assign(arrests=both["arrests"].fillna(0.0)).sort_values(["date", "category"]).reset_index(drop=True)


def searches_by_ethnic_group(view: View) -> pd.DataFrame:
    """Return the newest year's searches, for any reason, by the ethnic group people gave: group, searches, arrests."""
    rows = searches(view, "Ethnic group ")
    rows = newest(rows) if len(rows) else rows
    return rows.assign(group=rows["category"].str.removeprefix("Ethnic group "))


def beside_region(view: View, indicator: str) -> pd.DataFrame:
    """Return an indicator of the area's authorities and region by year.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`indicator_rows`, authorities first; regions other than the area's are not in a view.
    """
    rows = indicator_rows(view, indicator, ["county", "region"])
    local = rows["area_code"].isin(view.area.utla) | (rows["area_kind"] == "region")
    return rows[local & (rows["category"] == "all")].sort_values(["area_kind", "area_name", "date"]).reset_index(drop=True)


def authorities(view: View) -> str:
    """Return the names of the counties and unitary authorities that the area lies in or holds, as a sentence lists them."""
    return _listed(sorted(view.area.utla.values()))


def highest_authority(view: View, indicator: str) -> pd.DataFrame:
    """Return the newest value of the area's authority, the highest where it has several, beside its region.

    Returns
    -------
    pandas.DataFrame
        One row, or none: authority (in words), value, unit, region, region_value, year, period, date.
    """
    rows = beside_region(view, indicator).dropna(subset=["value"])
    own = rows[rows["area_kind"] == "county"]
    if own.empty:
        return own
    top = newest(own).sort_values(["value", "area_name"], ascending=[False, True]).head(1)
    around = rows[(rows["area_kind"] == "region") & (rows["period"] == top["period"].iloc[0])]
    words = top["area_name"] + (", the highest of the authorities here" if own["area_code"].nunique() > 1 else "")
    region, value = (around["area_name"].iloc[0], around["value"].iloc[0]) if len(around) else ("the region", float("nan"))
    return top.assign(authority=words, region=region, region_value=value).reset_index(drop=True)


def words_of(top: pd.DataFrame, precision: int, sign: str = "") -> dict[str, str]:
    """Return the words that a sentence about a row of :func:`highest_authority` needs: authority, region, beside, year."""
    if top.empty:
        return {}
    row = top.iloc[0]
    beside = "not published" if pd.isna(row["region_value"]) else f"{row['region_value']:,.{precision}f}{sign}"
    return {"authority": row["authority"], "region": row["region"], "beside": beside, "year": row["year"]}


def for_chart(frame: pd.DataFrame, most: int = 4) -> pd.DataFrame:
    """Return a frame of :func:`beside_region` with its region and the authorities highest in the newest year, ``most`` in all."""
    known = frame.dropna(subset=["value"])
    last = known.sort_values("date", kind="stable").groupby(["area_kind", "area_name"], as_index=False).tail(1)
    regions, own = last[last["area_kind"] == "region"], last[last["area_kind"] == "county"]
    kept = [*own.sort_values("value", ascending=False, kind="stable")["area_code"].head(most - len(regions)), *regions["area_code"]]
    return frame[frame["area_code"].isin(kept)].reset_index(drop=True)


def children_period(view: View) -> str:
    """Return from the first to the last month that the newest measures of children and young people cover."""
    rows = indicator_rows(view, list(CHILDREN), ["county"]).dropna(subset=["value"])
    if rows.empty:
        return latest_year(view)
    last = rows.sort_values("date", kind="stable").groupby("indicator").tail(1)["period"].str.partition("/")
    return f"{last[0].min()}/{last[2].max()}"


def children_table(view: View) -> pd.DataFrame:
    """Return the newest value of each measure of children and young people: authorities, region and England side by side.

    Returns
    -------
    pandas.DataFrame
        measure, unit, year, then one column a place; a value that is missing or not credible is null. Permanent exclusions,
        published per 100 pupils, are given per 10,000, so that one decimal shows them. No rows where none is held for the area.
    """
    rows = indicator_rows(view, list(CHILDREN), ["county", "region", "country"])
    rows = rows[rows["area_code"].isin(view.area.utla) | (rows["area_kind"] != "county")]
    held = rows[rows["area_kind"].eq("county") & rows["value"].notna()].groupby("indicator")["date"].max()
    rows = rows[rows["indicator"].isin(held.index)]
    if rows.empty:
        return pd.DataFrame(columns=["measure", "unit", "year"])
    rows = rows[rows["date"] == rows["indicator"].map(held)]
    rare = rows["indicator"] == "exclusion_rate"
    rows = rows.assign(value=rows["value"].mask(rare, rows["value"] * 100), unit=rows["unit"].mask(rare, "per 10,000 pupils"))
    rows = rows.assign(measure=rows["indicator"].map(CHILDREN), order=rows["indicator"].map({name: place for place, name in enumerate(CHILDREN)}))
    places = rows.sort_values(["area_kind", "area_name"], key=lambda values: values.map({"county": 0, "region": 1, "country": 2}).fillna(values))
    names = list(dict.fromkeys(places["area_name"]))
    wide = rows.pivot_table(index=["order", "measure", "unit", "year"], columns="area_name", values="value", aggfunc="first")
    return wide.reindex(columns=names).reset_index().drop(columns="order").rename_axis(columns=None)


def assessment_factors(view: View) -> pd.DataFrame:
    """Return the newest year's assessments in which social workers named exploitation, gangs, trafficking or going missing.

    Returns
    -------
    pandas.DataFrame
        factor, area_name, area_kind (county or region), count (episodes; null when withheld), marker, total (episodes
        with any factor), year, period, date.
    """
    rows = indicator_rows(view, [*FACTORS, "assessment_episodes"], ["county", "region"])
    rows = rows[rows["area_code"].isin(view.area.utla) | (rows["area_kind"] == "region")]
    rows = newest(rows) if len(rows) else rows
    total = rows[rows["indicator"] == "assessment_episodes"].set_index("area_code")["value"]
    rows = rows[rows["indicator"] != "assessment_episodes"]
    named = rows.assign(factor=rows["indicator"].map(FACTORS), count=rows["value"], total=rows["area_code"].map(total))
    columns = ["factor", "area_name", "area_kind", "count", "marker", "total", "year", "period", "date"]
    return named[columns].sort_values(["factor", "area_kind", "area_name"]).reset_index(drop=True)


def authorities_together(factors: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Return one factor's episodes of all the area's authorities together: one row, or none when any is withheld."""
    rows = factors[(factors["factor"] == factor) & (factors["area_kind"] == "county")]
    if rows.empty or rows["count"].isna().any():
        return rows.iloc[:0].assign(authorities="")
    whole = rows[["count", "total"]].sum().to_frame().T
    return whole.assign(authorities=_listed(rows["area_name"]), period=rows["period"].iloc[0], date=rows["date"].iloc[0])


def _listed(names: Sequence[str]) -> str:
    first, last = list(names)[:-1], list(names)[-1]
    return f"{', '.join(first)} and {last}" if first else str(last)


def admissions_of_region(view: View) -> pd.DataFrame:
    """Return the region's hospital admissions for assault by a sharp object, by financial year, as published."""
    rows = indicator_rows(view, "sharp_object_admissions", ["region"])
    return rows.sort_values("date", kind="stable").reset_index(drop=True)


def newest_index(view: View) -> str:
    """Return the newest Index of Multiple Deprivation in the view, such as ``imd_2025``; empty in a view without one."""
    held = sorted(view.table("deprivation")["index_edition"].unique())
    return held[-1] if held else ""


def by_deprivation(view: View, crime_type: str | Sequence[str], period: str) -> pd.DataFrame:
    """Return records and residents by how deprived the neighbourhood is among all of England's.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_type : str or sequence of str
        Street-level categories.
    period : str
        ``2025-01/2025-12``.

    Returns
    -------
    pandas.DataFrame
        fifth (1 most deprived), place (in words), count (records located there), population (Census 2021), total and
        residents (of the area); no rows where no index is held.
    """
    ranks = view.table("deprivation")
    ranks = ranks[(ranks["index_edition"] == newest_index(view)) & (ranks["domain"] == "imd")][["lsoa21cd", "decile"]]
    rows = street_by_place(view, crime_type, period).merge(ranks, how="inner", on="lsoa21cd", validate="one_to_one")
    rows["fifth"] = (rows["decile"] + 1) // 2
    out = rows.groupby("fifth")[["count", "population"]].sum(min_count=1).reindex(range(1, 6), fill_value=0.0).rename_axis("fifth").reset_index()
    words = {1: "Most deprived fifth", 2: "Second", 3: "Middle", 4: "Fourth", 5: "Least deprived fifth"}
    out = out.assign(place=out["fifth"].map(words), total=out["count"].sum(), residents=out["population"].sum())
    return out if len(rows) else out.iloc[:0]


SEARCH_GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "White": ("Ethnic group White", "Ethnic group White"),
    "Asian": ("Ethnic group Asian, Asian British or Asian Welsh", "Ethnic group Asian or Asian British"),
    "Black": ("Ethnic group Black, Black British, Black Welsh, Caribbean or African", "Ethnic group Black or Black British"),
    "Mixed": ("Ethnic group Mixed or Multiple ethnic groups", "Ethnic group Mixed"),
}
"""Ethnic group -> its name in the census, and in the tables of searches and arrests. The groups called other differ and are left out."""
WHITE: Final = "White"


def searches_beside_groups(view: View) -> pd.DataFrame:
    """Return searches by ethnic group beside two denominators: residents, and arrests, of the same group.

    Returns
    -------
    pandas.DataFrame, one row a group
        group, searches (of any reason, newest year), residents (Census 2021, the force's whole area), arrests (newest year held),
        reference_searches, reference_residents, reference_arrests (of the White group), period, date. No rows unless the area is
        a whole force and all three are held.
    """
    searched = searches(view, "Ethnic group ")
    searched = newest(searched) if len(searched) else searched
    people = view.table("place_indicators")
    people = people[people["indicator"] == "residents_by_ethnic_group"].groupby("category")["value"].sum()
    arrested = _forces(view, "arrests")
    arrested = newest(arrested[arrested["category"].str.startswith("Ethnic group ")]).set_index("category")["value"] if len(arrested) else arrested
    if view.area.kind != "force" or searched.empty or people.empty or not len(arrested):
        return pd.DataFrame(columns=["group", "searches", "residents", "arrests", "period", "date"])
    found = searched.set_index("category")["searches"]
    rows = [(name, found.get(theirs), people.get(census), arrested.get(theirs)) for name, (census, theirs) in SEARCH_GROUPS.items()]
    out = pd.DataFrame(rows, columns=["group", "searches", "residents", "arrests"]).dropna()
    white = out[out["group"] == WHITE].add_prefix("reference_").drop(columns="reference_group")
    return out.merge(white, how="cross").assign(period=searched["period"].iloc[0], date=searched["date"].iloc[0])


def two_ratios(groups: pd.DataFrame, by_residents: pd.DataFrame, by_arrests: pd.DataFrame) -> pd.DataFrame:
    """Return searches with their ratio to the White group beside residents and beside arrests, intervals in words.

    Parameters
    ----------
    groups : pandas.DataFrame
        From :func:`searches_beside_groups`.
    by_residents, by_arrests : pandas.DataFrame
        Rate ratios by ``group``, in the same order.

    Returns
    -------
    pandas.DataFrame, one row a group
        group, searches, residents, arrests, by_residents, residents_interval, by_arrests, arrests_interval; the White group's own
        ratio is one and has no interval. No rows without groups.
    """
    if groups.empty:
        return groups
    out = groups[["group", "searches", "residents", "arrests"]].reset_index(drop=True)
    for name, ratios in (("residents", by_residents), ("arrests", by_arrests)):
        spans = [f"{low:.1f} to {high:.1f}" for low, high in zip(ratios["lower_ci"], ratios["upper_ci"], strict=True)]
        spans = ["compared with" if group == WHITE else span for group, span in zip(out["group"], spans, strict=True)]
        out = out.assign(**{f"by_{name}": ratios["value"].to_numpy(), f"{name}_interval": spans})
    return out
