"""Street-level counts by place, beside what a chapter compares them with: ages, deprivation, settlement, another year.

Selections only: a view in, a frame out. What a view lacks (deprivation in Wales, an earlier whole year) gives a frame
without rows, which the exit shows as a known gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from svd_lib.ingest.loaders import CENSUS, View, deprivation_at, places_at, street_by_place, whole_years

YOUNG_ADULTS: Final = ("16-24", "25-34")
OLDER: Final = ("65+",)
DOMAINS: Final = ("income", "employment", "education", "health", "housing", "environment")
"""Domains of the Indices of Deprivation without the crime domain, which is made of recorded crime."""
FEWEST_IN_FIFTHS: Final = 5
PARTNERSHIPS_SHOWN: Final = ("force", "county", "csp")
WHOLE_DISTRICTS: Final = ("force", "county", "district")


def place_profile(view: View, crime_type: str | Sequence[str], period: str) -> pd.DataFrame:
    """Return every LSOA of the area with its count, residents, point, settlement and larger areas.

    Returns
    -------
    pandas.DataFrame, one row an LSOA
        lsoa21cd, lad24nm, label, population (Census 2021), count (records in the period), months, msoa21nm, ruc, lon, lat.
    """
    counted = street_by_place(view, crime_type, period)
    extra = view.table("places")[["lsoa21cd", "msoa21nm", "ruc", "lon", "lat"]]
    return counted.merge(extra, how="left", on="lsoa21cd", validate="one_to_one")


def residents_by_age(view: View, level: str, age_groups: Sequence[str]) -> pd.DataFrame:
    """Return the residents of some ages of every place at a level.

    Parameters
    ----------
    view : View
    level : str
        A level of :func:`svd_lib.ingest.loaders.places_at`.
    age_groups : sequence of str
        Age groups of Census 2021, such as ``16-24``.

    Returns
    -------
    pandas.DataFrame, one row a place
        The level's column and count (persons, Census 2021).
    """
    people = view.table("population")
    people = people[(people["reference"] == CENSUS) & people["age_group"].isin(age_groups)]
    by_lsoa = people.groupby("lsoa21cd")["count"].sum()
    places = view.table("places")
    counted = places.assign(count=places["lsoa21cd"].map(by_lsoa))
    return counted.groupby(level, as_index=False)["count"].sum(min_count=1)


def authority_counts(view: View, crime_type: str | Sequence[str], period: str) -> pd.DataFrame:
    """Return the districts and, where the area holds them whole, the Community Safety Partnerships with their counts.

    Returns
    -------
    pandas.DataFrame, one row a district or partnership
        kind, label, count (records in the period), population, population_16_34, population_65_plus (persons, Census 2021)
        and share_65_plus (per cent of residents).
    """
    whole = "District" if view.area.kind in WHOLE_DISTRICTS else "District, as far as in this area"
    levels = {whole: "lad24nm"}
    if view.area.kind in PARTNERSHIPS_SHOWN:
        levels["Partnership"] = "csp_name"
    parts = [_authorities(view, crime_type, period, level).assign(kind=kind) for kind, level in levels.items()]
    out = pd.concat(parts, ignore_index=True)
    out["share_65_plus"] = out["population_65_plus"] / out["population"] * 100
    names = ["kind", "label", "count", "population", "population_16_34", "population_65_plus", "share_65_plus"]
    return out[names]


def _authorities(view: View, crime_type: str | Sequence[str], period: str, level: str) -> pd.DataFrame:
    rows = street_by_place(view, crime_type, period, level)
    for name, ages in (("population_16_34", YOUNG_ADULTS), ("population_65_plus", OLDER)):
        people = residents_by_age(view, level, ages).rename(columns={"count": name})
        rows = rows.merge(people, how="left", on=level, validate="one_to_one")
    return rows


def with_points(view: View, frame: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return a frame of places with the middle of each, so that a map can be drawn where no boundaries are held.

    Parameters
    ----------
    view : View
        The edition's tables.
    frame : pandas.DataFrame
        One row a place, with the level's column.
    level : str
        One of :data:`svd_lib.ingest.loaders.PLACE_LEVELS`.

    Returns
    -------
    pandas.DataFrame
        The rows with lon and lat: the mean of the representative points of the place's neighbourhoods, in degrees. A place
        without a point is left out.
    """
    points = view.table("places").groupby(level, as_index=False)[["lon", "lat"]].mean().round(5)
    return frame.merge(points, how="left", on=level, validate="many_to_one").dropna(subset=["lon", "lat"])


def highest_beside_lowest(
    frame: pd.DataFrame, numerator: str = "count", denominator: str = "population"
) -> pd.DataFrame:
    """Return the row with the highest rate beside the one with the lowest; no row when there are not two.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a place, with label and the two columns named.
    numerator, denominator : str
        What the rate is made of.

    Returns
    -------
    pandas.DataFrame, one row
        The columns of the highest, and those of the lowest with ``reference_`` in front.
    """
    ranked = (
        frame.assign(_rate=frame[numerator] / frame[denominator]).sort_values(["_rate", "label"]).drop(columns="_rate")
    )
    rows = int(len(ranked) > 1)
    top, bottom = ranked.tail(rows).reset_index(drop=True), ranked.head(rows).reset_index(drop=True)
    return top.join(bottom.add_prefix("reference_"), validate="one_to_one")


def year_before(view: View) -> str:
    """Return the newest whole year held before the latest one, such as ``2021-04/2022-03``; empty when there is none."""
    return next(iter(whole_years(view)[1:]), "")


def counts_in_two_years(view: View, crime_type: str | Sequence[str]) -> pd.DataFrame:
    """Return the counts of every LSOA in the two newest whole years.

    Returns
    -------
    pandas.DataFrame, one row an LSOA
        lsoa21cd, lad24nm, label, population, earlier and later (records), is_recoded (its boundary is not that of one LSOA
        2011, so that counts of earlier years were carried over). No rows when only one whole year is held, or nothing was
        recorded in one of the two: then there is no pattern to compare.
    """
    years = whole_years(view)[:2]
    places = places_at(view)
    if len(years) < 2:
        return places.head(0).assign(earlier=0.0, later=0.0, is_recoded=False)
    for name, year in (("earlier", years[1]), ("later", years[0])):
        count = street_by_place(view, crime_type, year)[["lsoa21cd", "count"]].rename(columns={"count": name})
        places = places.merge(count, how="left", on="lsoa21cd", validate="one_to_one")
    if not places["earlier"].sum() or not places["later"].sum():
        places = places.head(0)
    return places.assign(is_recoded=places["lsoa21cd"].isin(recoded_lsoas(view)))


def recoded_lsoas(view: View) -> list[str]:
    """Return the LSOA 2021 of the area that are not one unchanged LSOA 2011."""
    changes = view.table("place_changes")
    here = changes["lsoa21cd"].isin(view.area.lsoa21cd) & (changes["change_code"] != "U")
    return sorted(changes.loc[here, "lsoa21cd"].unique())


def counts_by_deprivation(
    view: View, crime_type: str | Sequence[str], period: str, domains: Sequence[str] = DOMAINS
) -> pd.DataFrame:
    """Return every LSOA's count beside its rank in each domain of the newest Indices of Deprivation the edition holds.

    Parameters
    ----------
    view, crime_type, period
        As :func:`svd_lib.ingest.loaders.street_by_place`.
    domains : sequence of str
        The crime domain has no place here: it is made of recorded crime.

    Returns
    -------
    pandas.DataFrame, one row an LSOA and domain
        lsoa21cd, label, count (records), population, domain, rank and decile (in England, 1 most deprived) and index_edition.
        No rows where the Indices do not reach (Wales).
    """
    held = view.table("deprivation")["index_edition"]
    newest = str(held.max()) if len(held) else ""
    ranks = [deprivation_at(view, newest, domain).assign(domain=domain) for domain in domains]
    long = pd.concat(ranks, ignore_index=True)[["lsoa21cd", "domain", "rank", "decile"]]
    counted = street_by_place(view, crime_type, period)[["lsoa21cd", "label", "count", "population"]]
    return counted.merge(long, on="lsoa21cd", validate="one_to_many").assign(index_edition=newest)


def counts_by_choice(view: View, baskets: Mapping[str, Sequence[str]], domain: str = "income") -> pd.DataFrame:
    """Return every LSOA's count for each basket of street-level categories in the two newest whole years, beside its deprivation.

    Parameters
    ----------
    view : View
    baskets : mapping of str to sequence of str
        Name of a basket -> street-level categories in it; the first is the one the report uses.
    domain : str, default "income"
        Domain of the Indices of Deprivation.

    Returns
    -------
    pandas.DataFrame, one row an LSOA, basket and year
        definition, period (the newest first), lsoa21cd, msoa21nm, lad24nm, count, population, population_16_34, rank (1 most
        deprived). No rows where the Indices do not reach, two whole years are not held, or there are too few MSOAs to set in fifths.
    """
    years = whole_years(view)[:2]
    young = residents_by_age(view, "lsoa21cd", YOUNG_ADULTS).rename(columns={"count": "population_16_34"})
    names = ["definition", "period", "lsoa21cd", "msoa21nm", "lad24nm", "count", "population", "population_16_34", "rank"]
    if len(years) < 2 or view.table("places")["msoa21nm"].nunique() < FEWEST_IN_FIFTHS:
        return pd.DataFrame(columns=names)
    parts = [
        place_profile(view, list(kinds), year).assign(definition=name, period=year)
        for name, kinds in baskets.items()
        for year in years
    ]
    ranks = counts_by_deprivation(view, list(next(iter(baskets.values()))), years[0], (domain,))[["lsoa21cd", "rank"]]
    both = pd.concat(parts, ignore_index=True).merge(young, on="lsoa21cd", validate="many_to_one")
    return both.merge(ranks, on="lsoa21cd", validate="many_to_one")[names]


def place_indicator(view: View, indicator: str, category: str = "all", reference: str = "") -> pd.DataFrame:
    """Return one published figure of every LSOA of the area that has it.

    Parameters
    ----------
    view : View
        The edition's tables.
    indicator : str
        Id of table ``place_indicators``, such as ``violence_with_injury_rate`` or ``residents_by_ethnic_group``.
    category : str
        Its breakdown, such as ``Ethnic group White``.
    reference : str, optional
        What was counted or measured; the newest held when left out.

    Returns
    -------
    pandas.DataFrame, one row an LSOA
        lsoa21cd, label, lad24nm, value (null when suppressed), unit, marker, reference. No rows where nothing is held.
    """
    rows = view.table("place_indicators")
    rows = rows[(rows["indicator"] == indicator) & (rows["category"] == category)]
    rows = rows[rows["reference"] == (reference or rows["reference"].max())]
    places = view.table("places")[["lsoa21cd", "label", "lad24nm"]]
    out = places.merge(rows[["lsoa21cd", "value", "unit", "marker", "reference"]], on="lsoa21cd", how="inner", validate="one_to_one")
    return out.sort_values("lsoa21cd", kind="stable").reset_index(drop=True)
