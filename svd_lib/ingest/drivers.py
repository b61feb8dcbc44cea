"""What goes together with violence: risk and protective factors, the local figure of each, and small areas beside deprivation.

The factors, the text each was read in and what each does not prove stand in ``data/reference/drivers.csv``. Selections
only: a view in, a frame out. What a view lacks gives a frame without rows, which the exit shows as a known gap.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest import people
from svd_lib.ingest.loaders import View, deprivation_at, street_by_place

LEVELS: Final = ("individual", "relationship", "community", "society")
COLUMNS: Final = (
    "id", "level", "kind", "factor", "indicator", "per", "since", "measure", "evidence", "design", "indirect", "not_proved",
)  # fmt: skip
EPISODES: Final = "assessment_episodes"
DOMAIN_WORDS: Final = {
    "income": "Income",
    "employment": "Employment",
    "education": "Education and skills",
    "health": "Health and disability",
    "housing": "Housing and access to services",
    "environment": "Living environment",
}
"""Domains of the Indices of Deprivation in words, without the crime domain, which is made of recorded crime."""
MODELLED: Final = ("income", "education", "health", "housing", "environment")
"""Domains that a model holds together: employment says nearly the same as income, so one of the two is enough."""
FEWEST_PLACES: Final = 60
"""Neighbourhoods that a model of several domains needs: at least ten for each of its terms."""


def factors(root: Path, level: str = "", kind: str = "") -> pd.DataFrame:
    """Return the risk and protective factors of ``data/reference/drivers.csv``.

    Parameters
    ----------
    root : pathlib.Path
        Project root.
    level : str, optional
        One of :data:`LEVELS`; all when left out.
    kind : str, optional
        ``risk`` or ``protective``; both when left out.

    Returns
    -------
    pandas.DataFrame, one row a factor and measure
        The columns of the file as text; ``indirect`` (steps of indirectness) as an integer.

    Raises
    ------
    SnaError
        When a column is missing or a level is unknown.
    """
    path = root / "data" / "reference" / "drivers.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = pd.DataFrame(list(csv.DictReader(file)), dtype="str")
    missing = [name for name in COLUMNS if name not in rows.columns]
    if missing or not set(rows["level"]) <= set(LEVELS):
        raise SnaError(f"{path} needs the columns {', '.join(COLUMNS)}, and a level of {', '.join(LEVELS)} in every row.")
    rows = rows.astype({"indirect": "int64"})
    chosen = (rows["level"].eq(level) | (level == "")) & (rows["kind"].eq(kind) | (kind == ""))
    return rows[chosen].reset_index(drop=True)


def yearly_values(view: View, level: str = "") -> pd.DataFrame:
    """Return every year of every measured factor for the area's authorities, its region and England.

    Parameters
    ----------
    view : View
    level : str, optional
        One of :data:`LEVELS`; all when left out.

    Returns
    -------
    pandas.DataFrame, one row a factor, place and year
        id, factor, measure, level, area_code, area_name, area_kind, value, numerator and denominator (episodes, where the
        measure is a share of assessments), year (the publisher's label), calendar (a number), period, date.
    """
    named = factors(view.edition.root, level)
    parts = [_of_one(view, row) for row in named[named["indicator"] != ""].to_dict("records")]
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=[*_KEYS, "value", "numerator", "denominator", "year", "calendar", "period", "date"])


_KEYS: Final = ["id", "factor", "measure", "level", "area_code", "area_name", "area_kind"]


def _of_one(view: View, factor: dict) -> pd.DataFrame:
    """Return the years of one factor; a share of assessments where the file says so."""
    rows = _places(view, factor["indicator"]).assign(numerator=float("nan"), denominator=float("nan"))
    if factor["per"] == "assessments":
        every = _places(view, EPISODES)[["area_code", "period", "value"]].rename(columns={"value": "episodes"})
        rows = rows.merge(every, how="left", on=["area_code", "period"], validate="one_to_one")
        rows = rows.assign(numerator=rows["value"], denominator=rows["episodes"], value=100 * rows["value"] / rows["episodes"])
    rows = rows.dropna(subset=["value"])
    rows = rows.assign(calendar=rows["date"].dt.year.astype("float64"), **{name: factor[name] for name in ("id", "factor", "measure", "level")})
    return rows[[*_KEYS, "value", "numerator", "denominator", "year", "calendar", "period", "date"]]


def _places(view: View, indicator: str) -> pd.DataFrame:
    rows = people.indicator_rows(view, indicator, ["county", "region", "country"])
    rows = rows[rows["area_code"].isin(view.area.utla) | (rows["area_kind"] != "county")]
    return rows[rows["category"] == "all"]


def newest_beside(yearly: pd.DataFrame) -> pd.DataFrame:
    """Return the newest value of each authority beside its region and England in the same period.

    Parameters
    ----------
    yearly : pandas.DataFrame
        From :func:`yearly_values`.

    Returns
    -------
    pandas.DataFrame, one row a factor and authority
        The columns of :func:`yearly_values`, region_name, region_value and england_value (null where not published).
    """
    own = yearly[yearly["area_kind"] == "county"].sort_values("date", kind="stable").groupby(["id", "area_code"], sort=False).tail(1)
    for kind, name in (("region", "region"), ("country", "england")):
        other = yearly[yearly["area_kind"] == kind][["id", "period", "value", "area_name"]]
        other = other.rename(columns={"value": f"{name}_value", "area_name": f"{name}_name"}).drop_duplicates(["id", "period"])
        own = own.merge(other, how="left", on=["id", "period"], validate="many_to_one")
    order = {name: place for place, name in enumerate(dict.fromkeys(yearly["id"]))}
    return own.sort_values(["id", "area_name"], key=lambda column: column.map(order) if column.name == "id" else column).reset_index(drop=True)


def with_trend(newest: pd.DataFrame, trend: pd.DataFrame | None) -> pd.DataFrame:
    """Return the newest values with their mean change a year: ratio, limits, and the first year it rests on.

    Parameters
    ----------
    newest : pandas.DataFrame
        From :func:`newest_beside`.
    trend : pandas.DataFrame or None
        From :func:`svd_lib.measures.trends.annual_trend` by ``id`` and ``area_code``; None where nothing is held.

    Returns
    -------
    pandas.DataFrame
        ``newest`` with trend, trend_lower, trend_upper (ratio a year) and first_year.
    """
    if trend is None:
        return newest.assign(trend=float("nan"), trend_lower=float("nan"), trend_upper=float("nan"), first_year=float("nan"))
    names = {"value": "trend", "lower_ci": "trend_lower", "upper_ci": "trend_upper"}
    kept = trend[["id", "area_code", *names, "first_year"]].rename(columns=names)
    return newest.merge(kept, how="left", on=["id", "area_code"], validate="one_to_one")


def beside_rest_of_england(yearly: pd.DataFrame) -> pd.DataFrame:
    """Return the newest assessments of the area's authorities together beside those of the rest of England.

    Parameters
    ----------
    yearly : pandas.DataFrame
        From :func:`yearly_values`; only shares of assessments have counts.

    Returns
    -------
    pandas.DataFrame, one row a factor
        id, factor, count and population (episodes with the factor, and all), reference_count and reference_population
        (of England without them), period; a factor that any authority's publisher withholds is left out.
    """
    counted = yearly[yearly["denominator"].notna()]
    newest = counted[counted["date"] == counted["date"].max()]
    own = newest[newest["area_kind"] == "county"]
    england = newest[newest["area_kind"] == "country"].set_index("id")[["numerator", "denominator"]]
    whole = own.groupby("id", sort=False).agg(factor=("factor", "first"), count=("numerator", "sum"), population=("denominator", "sum"), places=("area_code", "nunique"), period=("period", "first"))
    whole = whole[whole["places"] == own["area_code"].nunique()].join(england, how="inner")
    rest = {"reference_count": whole["numerator"] - whole["count"], "reference_population": whole["denominator"] - whole["population"]}
    return whole.assign(**rest).drop(columns=["numerator", "denominator", "places"]).reset_index()


def small_areas(view: View, crime_type: str | Sequence[str], period: str) -> pd.DataFrame:
    """Return every LSOA's records and residents beside its score in each domain of deprivation.

    Parameters
    ----------
    view, crime_type, period
        As :func:`svd_lib.ingest.loaders.street_by_place`.

    Returns
    -------
    pandas.DataFrame, one row an LSOA
        lsoa21cd, label, count, population and one column for each of :data:`DOMAIN_WORDS`: the rank in England turned
        round and in thousands, so that more is more deprived. No rows where the Indices do not reach (Wales), or in an
        area of fewer than :data:`FEWEST_PLACES`.
    """
    newest = people.newest_index(view)
    counted = street_by_place(view, crime_type, period)[["lsoa21cd", "label", "count", "population"]]
    for domain in DOMAIN_WORDS:
        ranks = deprivation_at(view, newest, domain)[["lsoa21cd", "rank"]]
        ranks = ranks.assign(**{domain: -ranks["rank"] / 1000}).drop(columns="rank")
        counted = counted.merge(ranks, how="inner", on="lsoa21cd", validate="one_to_one")
    return counted.reset_index(drop=True) if len(counted) >= FEWEST_PLACES else counted.head(0)


def in_words(coefficients: pd.DataFrame) -> pd.DataFrame:
    """Return a model's domain rows with the domain in words: ``domain`` and ``label`` beside the columns given."""
    named = coefficients["term"].str.extract(r"^Q\('(\w+)'\)$")[0]
    rows = coefficients.assign(domain=named, label=named.map(DOMAIN_WORDS))
    return rows.dropna(subset=["label"]).reset_index(drop=True)


def bodies(named: pd.DataFrame) -> list[dict[str, object]]:
    """Return the factors as bodies of evidence: ``design``, and ``down`` one step where the studies are of other countries."""
    return [{**row, "down": {"indirectness": row["indirect"]}} for row in named.to_dict("records")]


def diagnostics(summary: pd.DataFrame, ratios: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return what tells whether a model of small areas may be trusted.

    Parameters
    ----------
    summary : pandas.DataFrame
        Of :class:`svd_lib.measures.regression.CountFit`.
    ratios : pandas.DataFrame
        From :func:`in_words`, with ``vif``.
    before, after : pandas.DataFrame
        Moran's I of the residuals without and with the domains.

    Returns
    -------
    pandas.DataFrame, one row a diagnostic
        name (in words) and value.
    """
    one = summary.iloc[0]
    rows = {
        "Neighbourhoods": one["rows"],
        "Spread beyond the model (none is one)": one["dispersion"],
        "Shape of the negative binomial": one["theta"],
        "Akaike's criterion": one["aic"],
        "Moran's I of what is left, without deprivation": before["value"].iloc[0],
        "Moran's I of what is left, with it": after["value"].iloc[0],
        "Its p-value": after["p_value"].iloc[0],
    }
    overlap = {f"Overlap of {label.lower()} with the others (variance inflation)": vif for label, vif in zip(ratios["label"], ratios["vif"], strict=True)}
    return pd.DataFrame({"name": [*rows, *overlap], "value": [float(value) for value in (*rows.values(), *overlap.values())]})
