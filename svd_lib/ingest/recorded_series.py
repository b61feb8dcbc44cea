"""Recorded crime and street-level records over time, shaped for charts: pure selections, a view in, a frame out.

Rolling years, recovered quarters, editions that disagree, and the same months of different years. What lies between two
periods that are held is left out, so that a chart shows a gap.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from svd_lib import vocabulary
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import place_counts, reconstruct
from svd_lib.ingest.loaders import View, latest_year, months_held, period_months, street_by_month, whole_years
from svd_lib.ingest.recorded_levels import force_residents, newest_levels

BASE_YEAR_END: Final = pd.Timestamp("2014-03-01")
"""Last month of the year that stands for 100: 2013/14, the last before the inspection of crime recording of 2014."""
KNIFE_TOTAL: Final = "Selected serious offences"
ENGLAND_AND_WALES: Final = "England and Wales"
BASELINE_QUARTERS: Final = 8
"""Quarters after the base year from which the limits of control charts are drawn."""
_STREET_KINDS: Final = (vocabulary.VIOLENCE, vocabulary.ROBBERY, vocabulary.WEAPONS)
_MOST_NEIGHBOURS: Final = 3
_FEWEST_MONTHS: Final = 3
_FEWEST_QUARTERS: Final = 12
_AGAINST: Final = " against "
_EDITION: Final = "Police force area tables, year ending "
_NOT_INDEXED: Final = ("Homicide",)


def indexed_groups() -> list[str]:
    """Return the offence groups of violence that have enough offences for an index: all but homicide."""
    return [name for name in vocabulary.VIOLENCE_GROUPS if name not in _NOT_INDEXED]


def year_before() -> pd.DateOffset:
    """Return what leads from the last month of a year to its first."""
    return pd.DateOffset(months=11)


def quarter_end(first_month: pd.Timestamp) -> pd.Timestamp:
    """Return the last month of the quarter that begins with a month."""
    return first_month + pd.DateOffset(months=2)


def first_judged(chart: pd.DataFrame) -> pd.Timestamp:
    """Return the first quarter of a control chart after those its limits are drawn from."""
    return chart["month"].sort_values().iloc[BASELINE_QUARTERS]


def span_of(frame: pd.DataFrame, otherwise: str) -> str:
    """Return the period from the first year of a frame to its last (``period_end``), or another when it has no rows."""
    if frame.empty:
        return otherwise
    return f"{frame['period_end'].min() - year_before():%Y-%m}/{frame['period_end'].max():%Y-%m}"


def whole(values: dict[str, object]) -> dict[str, object]:
    """Return a row's values with whole numbers written with thousands commas, ready to stand in a sentence."""
    return {name: f"{value:,.0f}" if isinstance(value, int | float) and float(value).is_integer() else value for name, value in values.items()}


def pair_words(pair: pd.DataFrame) -> dict[str, str]:
    """Return what a comparison compares, spelled out: ``later`` and ``earlier``; empty when there is none."""
    later, _, earlier = str(pair["pair"].iloc[0] if len(pair) else "").partition(_AGAINST)
    return {"later": _spelled(later), "earlier": _spelled(earlier)}


def _spelled(span: str) -> str:
    words = span.replace("-", " to ")
    for short, full in zip(calendar.month_abbr[1:], calendar.month_name[1:], strict=True):
        words = words.replace(f"{short} ", f"{full} ")
    return words


def with_earlier(compared: pd.DataFrame) -> pd.DataFrame:
    """Return comparisons of :func:`same_months` with the earlier months in a column of their own, ``earlier``."""
    return compared.assign(earlier=compared["pair"].map(lambda words: str(words).partition(_AGAINST)[2]))


def pick(frame: pd.DataFrame, **equals: object) -> pd.DataFrame:
    """Return the rows whose columns equal the values given."""
    rows = frame
    for column, value in equals.items():
        rows = rows[rows[column] == value]
    return rows.reset_index(drop=True)


def newest_rows(frame: pd.DataFrame, column: str = "period_end") -> pd.DataFrame:
    """Return the rows of the newest date."""
    return frame[frame[column] == frame[column].max()].reset_index(drop=True)


def force_name(view: View) -> str:
    """Return the name of the area's force as the tables of recorded crime have it."""
    return str(pick(compared_forces(view), role="force")["area"].iloc[0])


def year_ending(last_month: object) -> str:
    """Return the twelve months that end with a month, as ``2024-07/2025-06``."""
    last = pd.Period(last_month, "M")
    return f"{last - 11}/{last}"


def compared_forces(view: View) -> pd.DataFrame:
    """Return the area's force and the forces next to it that are held.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area, role`` (``force`` or ``neighbour``). A neighbour is another force whose street-level files
        hold records inside the area; at most the three with the most.
    """
    coverage, crime = view.table("coverage"), view.table("recorded_crime")
    others = coverage[(coverage["dataset"] == "street") & (coverage["force_slug"] != view.area.force_slug)]
    inside = others.groupby("force_slug")["rows_in_area"].sum()
    nearest = list(inside[inside > 0].sort_values(ascending=False, kind="stable").index[:_MOST_NEIGHBOURS])
    forces = crime.loc[crime["area_kind"] == "force", ["area_code", "area_name"]].drop_duplicates("area_code")
    slugs = forces["area_name"].map(vocabulary.force_slug)
    is_own = forces["area_code"] == view.area.pfa24cd
    role = np.select([is_own, slugs.isin(nearest)], ["force", "neighbour"], "")
    out = forces.rename(columns={"area_name": "area"}).assign(role=role)
    return out[out["role"] != ""].sort_values(["role", "area"]).reset_index(drop=True)


def rolling_years(view: View, offences: Sequence[str] = ()) -> pd.DataFrame:
    """Return published rolling years of the area's force, its neighbours and England and Wales, newest year beside them.

    Parameters
    ----------
    view : View
    offences : sequence of str, optional
        Offence groups; those of :func:`indexed_groups` when left out.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area, role, offence, period_end`` (first day of the last month of the year), ``count`` (offences)
        and ``is_beside``: the year comes from a later table that overlapping years do not connect with the rest.

    Notes
    -----
    England and Wales is the sum of the forces with a figure in every year, so that a force without figures for some
    years (Greater Manchester from September 2019, the transport police in 2025) cannot pass for a change.
    """
    wanted = list(offences) or indexed_groups()
    every = _all_years(view)
    every = every[every["offence"].isin(wanted) & (every["period_end"] >= BASE_YEAR_END)]
    forces = every.merge(compared_forces(view), on="area_code", validate="many_to_one")
    both = pd.concat([forces, _england_and_wales(every)], ignore_index=True)
    columns = ["area_code", "area", "role", "offence", "period_end", "count", "is_beside"]
    ordered = both.assign(place=both["offence"].map(list(vocabulary.VIOLENCE_GROUPS).index))
    return ordered.sort_values(["role", "area", "place", "period_end"])[columns].reset_index(drop=True)


def _all_years(view: View) -> pd.DataFrame:
    return view.once("years of every force", lambda: _years_of_forces(view.table("recorded_crime")))


def _years_of_forces(crime: pd.DataFrame) -> pd.DataFrame:
    forces = crime.loc[crime["area_kind"] == "force", "area_code"].unique()
    chain = reconstruct.rolling_totals(crime)
    chain = chain[chain["area_code"].isin(forces)].assign(is_beside=False)
    is_group = (crime["area_kind"] == "force") & (crime["level"] == "group") & (crime["measure"] == "offences")
    rows = crime.loc[is_group, ["area_code", "offence", "period_kind", "period_end", "status", "count"]]
    later = rows[(rows["period_kind"] == "year") & (rows["status"] == "published") & (rows["period_end"] > chain["period_end"].max())]
    newest = later[later["period_end"] == later["period_end"].max()].assign(is_beside=True)
    return pd.concat([chain, newest[chain.columns]], ignore_index=True)


def _england_and_wales(every: pd.DataFrame) -> pd.DataFrame:
    spells = every.groupby("area_code").size()
    complete = every[every["area_code"].isin(spells.index[spells == spells.max()])]
    total = complete.groupby(["offence", "period_end", "is_beside"], as_index=False)["count"].sum()
    return total.assign(area_code=vocabulary.ENGLAND_AND_WALES, area=ENGLAND_AND_WALES, role="national")


def forces_summed(view: View) -> int:
    """Return how many forces England and Wales is the sum of in :func:`rolling_years`."""
    every = _all_years(view)
    spells = every[every["offence"].isin(indexed_groups()) & (every["period_end"] >= BASE_YEAR_END)].groupby("area_code").size()
    return int((spells == spells.max()).sum())


def newest_beside_series(years: pd.DataFrame) -> pd.DataFrame:
    """Return each series' newest year beside the last of its rolling years; no row when nothing stands beside.

    Parameters
    ----------
    years : pandas.DataFrame
        From :func:`rolling_years`.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area, role, offence, period_end, reference_end, count, reference_count`` and ``years`` and
        ``reference_years`` (1), ready for a rate ratio.
    """
    keys = ["area_code", "area", "role", "offence"]
    newest = years[years["is_beside"]].drop(columns="is_beside")
    rolling = years[~years["is_beside"]]
    last = rolling[rolling["period_end"] == rolling["period_end"].max()].drop(columns="is_beside")
    last = last.rename(columns={"count": "reference_count", "period_end": "reference_end"})
    both = newest.merge(last, on=keys, validate="one_to_one")
    return both.assign(years=1, reference_years=1)


def recovered_quarters(view: View, offence: str) -> pd.DataFrame:
    """Return the recovered quarters of the area's force for an offence group, as a series without holes.

    Returns
    -------
    pandas.DataFrame
        ``month`` (first day of the quarter), ``count`` (offences; may be negative), ``publication``.
    """
    crime = view.table("recorded_crime")
    rows = crime[(crime["area_code"] == view.area.pfa24cd) & (crime["offence"] == offence) & (crime["level"] == "group")]
    rows = rows[(rows["period_kind"] == "quarter") & (rows["status"] == "reconstructed")]
    return rows.rename(columns={"period_start": "month"})[["month", "count", "publication"]].sort_values("month", kind="stable").reset_index(drop=True)


def quarters_by_group(view: View, since: pd.Timestamp = BASE_YEAR_END) -> pd.DataFrame:
    """Return the recovered quarters of the indexed offence groups that begin after a month.

    Returns
    -------
    pandas.DataFrame
        ``offence, month, count``. A group with a quarter below zero (transfers and cancellations), or with fewer than
        twelve quarters, is left out.
    """
    parts = [recovered_quarters(view, name).assign(offence=name) for name in indexed_groups()]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.loc[rows["month"] > since, ["offence", "month", "count"]]
    of_group = rows.groupby("offence")["count"]
    fine = (of_group.transform("min") >= 0) & (of_group.transform("size") >= _FEWEST_QUARTERS)
    return rows[fine].reset_index(drop=True)


def homicide_years(view: View) -> pd.DataFrame:
    """Return homicides of the area's force in years that do not overlap, newest published year last.

    Returns
    -------
    pandas.DataFrame
        ``year`` (words, e.g. "Dec 2019"), ``period_end``, ``count``, ``years`` (1), ``is_beside``.
    """
    rows = rolling_years(view, ["Homicide"])
    own = rows[rows["role"] == "force"]
    last = own.loc[~own["is_beside"], "period_end"].max()
    months_apart = (last.year - own["period_end"].dt.year) * 12 + last.month - own["period_end"].dt.month
    kept = own[(months_apart % 12 == 0) | own["is_beside"]]
    words = "Year to " + kept["period_end"].dt.strftime("%b %Y")
    return kept.assign(year=words, years=1)[["year", "period_end", "count", "years", "is_beside"]].reset_index(drop=True)


def newest_beside_rest(years: pd.DataFrame) -> pd.DataFrame:
    """Return the newest of some years that do not overlap beside all the others together.

    Parameters
    ----------
    years : pandas.DataFrame
        From :func:`homicide_years`.

    Returns
    -------
    pandas.DataFrame
        One row: ``count, years, reference_count, reference_years, first_end, last_end`` (last months of the first and
        the last year of the rest).
    """
    ordered = years.sort_values("period_end", kind="stable")
    rest = ordered.iloc[:-1]
    summed = {"reference_count": rest["count"].sum(), "reference_years": len(rest)}
    return ordered.iloc[[-1]][["count", "years"]].assign(
        **summed, first_end=rest["period_end"].min(), last_end=rest["period_end"].max()
    ).reset_index(drop=True)


def knife_editions(view: View) -> pd.DataFrame:
    """Return offences with a knife or sharp instrument of the area's force as each edition first and last gave them.

    Returns
    -------
    pandas.DataFrame
        One row per year ending March: ``period_end``, ``first_count`` and ``last_count`` (offences), ``first_edition``
        and ``last_edition`` (words, e.g. "March 2019"), ``change`` (last less first, as a share of the first).
    """
    crime = view.table("recorded_crime")
    rows = crime[(crime["measure"] == "knife") & (crime["area_code"] == view.area.pfa24cd) & (crime["offence"] == KNIFE_TOTAL)]
    rows = rows[(rows["status"] == "published") & (rows["period_end"].dt.month == 3)]
    edition = rows["publication"].str.removeprefix(_EDITION)
    rows = rows.assign(edition=edition, printed=pd.to_datetime(edition, format="%B %Y")).sort_values(["period_end", "printed"])
    ends = rows.groupby("period_end").agg(
        first_count=("count", "first"), last_count=("count", "last"), first_edition=("edition", "first"), last_edition=("edition", "last")
    )
    return ends.assign(change=ends["last_count"] / ends["first_count"] - 1).reset_index()


def knife_lines(editions: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`knife_editions` for a line chart: figures as first printed, and beside them those revised later.

    Returns
    -------
    pandas.DataFrame
        ``period_end, figure`` ("As first printed" or "As revised later"), ``count``.
    """
    first = editions.rename(columns={"first_count": "count"}).assign(figure="As first printed")
    revised = editions[editions["change"] != 0].rename(columns={"last_count": "count"}).assign(figure="As revised later")
    return pd.concat([first, revised], ignore_index=True)[["period_end", "figure", "count"]]


def largest_revision(editions: pd.DataFrame) -> pd.DataFrame:
    """Return the year that a later edition changed most, with the year before it as the same two editions had it.

    Returns
    -------
    pandas.DataFrame
        At most one row: the columns of :func:`knife_editions`, ``value`` (the last count), and ``year_before_first``
        and ``year_before_last``; no row when no figure changed.
    """
    rows = editions.sort_values("period_end", kind="stable")
    rows = rows.assign(year_before_first=rows["first_count"].shift(), year_before_last=rows["last_count"].shift(), value=rows["last_count"])
    changed = rows[(rows["change"] != 0) & rows["year_before_first"].notna()]
    return changed.loc[changed["change"].abs().sort_values(kind="stable").index[-1:]].reset_index(drop=True)


def street_series(view: View) -> pd.DataFrame:
    """Return street-level records of violence, robbery and weapons by month: ``month, crime_type, count`` (NaN: not held)."""
    return street_by_month(view, _STREET_KINDS, by="crime_type")


def same_months(view: View) -> pd.DataFrame:
    """Return, for every earlier year with some of the same months, the latest year's months and that year's.

    Returns
    -------
    pandas.DataFrame
        ``pair`` (words), ``crime_type``, ``month``, ``count``. The earlier months are written one year before the
        latest ones, whichever year they are of, so that one comparison of two successive years serves every pair; a
        month that is not held is missing. The newest whole year before the latest is a pair of its own.
    """
    series = street_series(view)
    latest = period_months(latest_year(view))
    pairs = {**_years_back(view, latest), **_whole_year(view, latest)}
    parts = [_redated(series, latest, earlier).assign(pair=words) for words, earlier in pairs.items()]
    columns = ["pair", "crime_type", "month", "count"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def longest_pair(compared: pd.DataFrame, crime_type: str) -> pd.DataFrame:
    """Return the comparison of a crime type that rests on most months; the first of equals.

    Parameters
    ----------
    compared : pandas.DataFrame
        Comparisons of the pairs of :func:`same_months`, with ``crime_type`` and ``months_compared``.
    crime_type : str
    """
    rows = pick(compared, crime_type=crime_type) if len(compared) else compared
    return rows.sort_values("months_compared", ascending=False, kind="stable").head(1) if len(rows) else rows


def _years_back(view: View, latest: pd.DatetimeIndex) -> dict[str, pd.DatetimeIndex]:
    """The months of the latest year, some years before, where enough of them are held to see how they vary."""
    held = months_held(view)
    found = {}
    for back in range(1, latest[0].year - held[0].year + 1):
        earlier = latest - pd.DateOffset(years=back)
        kept = earlier[earlier.isin(held)]
        if _FEWEST_MONTHS <= len(kept) < len(latest):
            now = kept + pd.DateOffset(years=back)
            found[f"{_span(now)}{_AGAINST}{_span(kept)}"] = earlier
        elif len(kept) == len(latest):
            found[f"{_span(latest)}{_AGAINST}{_span(earlier)}"] = earlier
    return found


def _whole_year(view: View, latest: pd.DatetimeIndex) -> dict[str, pd.DatetimeIndex]:
    """The newest whole year before the latest one, month by calendar month, when it begins in another month."""
    before = whole_years(view)[1:2]
    if not before or period_months(before[0])[0].month == latest[0].month:
        return {}
    months = period_months(before[0])
    ordered = pd.DatetimeIndex(sorted(months, key=lambda day: list(latest.month).index(day.month)))
    return {f"{_span(latest)}{_AGAINST}{_span(months)}": ordered}


def _redated(series: pd.DataFrame, latest: pd.DatetimeIndex, earlier: pd.DatetimeIndex) -> pd.DataFrame:
    wide = series.pivot(index="month", columns="crime_type", values="count")
    now = wide.reindex(latest)
    then = wide.reindex(earlier).set_axis(latest - pd.DateOffset(years=1))
    both = pd.concat([then, now]).rename_axis("month")[list(_STREET_KINDS)]
    return both.reset_index().melt("month", var_name="crime_type", value_name="count")


def _span(months: pd.DatetimeIndex) -> str:
    """Word some months of twelve consecutive ones, e.g. "Mar-Dec 2021" or "Apr 2021-Mar 2022"."""
    runs = np.split(months, np.flatnonzero(np.diff(months.to_period("M").asi8) > 1) + 1)
    return " and ".join(_run_words(run[0], run[-1]) for run in runs)


def _run_words(first: pd.Timestamp, last: pd.Timestamp) -> str:
    if first == last:
        return f"{first:%b %Y}"
    return f"{first:%b}-{last:%b %Y}" if first.year == last.year else f"{first:%b %Y}-{last:%b %Y}"


def highest_beside_lowest(levels: pd.DataFrame, offence: str) -> pd.DataFrame:
    """Return the partnership with the highest rate of an offence group beside the one with the lowest.

    Parameters
    ----------
    levels : pandas.DataFrame
        From :func:`level_of_partnerships`.
    offence : str

    Returns
    -------
    pandas.DataFrame
        At most one row, ready for a rate ratio: the columns of the highest, and those of the lowest with ``reference_``
        in front; no row when there are not several partnerships.
    """
    rows = pick(levels, offence=offence)
    return place_counts.highest_beside_lowest(rows.assign(label=rows["area_name"]))


def words_of(frame: pd.DataFrame, column: str) -> str:
    """Return a column's value in the only row of a frame, as words; empty for no row."""
    return str(frame[column].iloc[0]) if len(frame) else ""


def level_of_force(view: View) -> pd.DataFrame:
    """Return the newest year of the violence groups of the area's force with its residents.

    Returns
    -------
    pandas.DataFrame
        ``area_name, offence, period_end, count`` (offences), ``population`` (Census 2021; missing unless the area is a
        whole force).
    """
    rows = newest_levels(view, "force")
    rows = rows[rows["offence"].isin(vocabulary.VIOLENCE_GROUPS)]
    return _in_order(rows)[["area_name", "offence", "period_end", "count"]].assign(population=force_residents(view))


def level_of_partnerships(view: View) -> pd.DataFrame:
    """Return the newest year of the violence groups of each Community Safety Partnership with its residents.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`level_of_force`; no row when no table by partnership is held or when parts of the
        partnerships lie outside the area.
    """
    rows = newest_levels(view, "csp")
    rows = rows[rows["offence"].isin(vocabulary.VIOLENCE_GROUPS)]
    if view.area.kind not in ("force", "csp"):
        rows = rows.iloc[:0]
    people, places = view.table("population"), view.table("places")
    residents = people[people["reference"] == "census_2021"].groupby("lsoa21cd")["count"].sum()
    by_csp = places.assign(population=places["lsoa21cd"].map(residents)).groupby("csp24cd")["population"].sum()
    rows = rows.assign(population=rows["area_code"].map(by_csp).astype("float64"))
    return _in_order(rows)[["area_name", "offence", "period_end", "count", "population"]]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Order by area, then by offence group as the vocabulary has them."""
    place = rows["offence"].map(list(vocabulary.VIOLENCE_GROUPS).index)
    return rows.assign(place=place).sort_values(["area_name", "place"]).drop(columns="place").reset_index(drop=True)


def recording_changes(edition: Edition, dataset: str, area_code: str = "") -> pd.DataFrame:
    """Return the dated register of changes of recording, revision and definition that bear on a series.

    Parameters
    ----------
    edition : Edition
        Whose project's register is read.
    dataset : str
        ``offences``, ``knife`` or ``street``.
    area_code : str, optional
        A force's code; its changes are added to those of England and Wales.

    Returns
    -------
    pandas.DataFrame
        The register's columns, ``date`` as a timestamp (a year is set at its middle; missing where unknown).

    Raises
    ------
    SnaError
        When the register is not there.
    """
    path = edition.root / "data" / "reference" / "recording_changes.csv"
    if not path.is_file():
        raise SnaError(f"{path} is missing; restore the register of recording changes.")
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows[(rows["dataset"] == dataset) & rows["area_code"].isin([vocabulary.ENGLAND_AND_WALES, area_code])]
    when = pd.to_datetime(rows["date"], errors="coerce")
    middle = when + pd.DateOffset(months=6)
    return rows.assign(date=when.where(rows["date_precision"] != "year", middle)).sort_values("date", kind="stable").reset_index(drop=True)


def marks(changes: pd.DataFrame, offences: Sequence[str] = ()) -> dict[pd.Timestamp, str]:
    """Return the dated changes of a register as the marks of a chart, changes of one date joined.

    Parameters
    ----------
    changes : pandas.DataFrame
        From :func:`recording_changes`.
    offences : sequence of str, optional
        Keep changes to these offence groups, and those to all.
    """
    rows = changes[changes["date"].notna()]
    if len(offences):
        rows = rows[rows["offence"].isin([*offences, "all"])]
    return rows.groupby("date")["change"].agg("; ".join).to_dict()


def events_noted(changes: pd.DataFrame, offence: str, until: object) -> str:
    """Return a sentence on each single event of the register that lifts an offence group; empty when there is none.

    Parameters
    ----------
    changes : pandas.DataFrame
        From :func:`recording_changes`.
    offence : str
        The offence group, named as in the register.
    until : date
        Events after it are left out.
    """
    rows = changes[(changes["kind"] == "event") & (changes["offence"] == offence) & (changes["date"] <= pd.Timestamp(until))]
    return "".join(f" One event counts among them: {row.change}. {row.effect}" for row in rows.itertuples())


def districts_in_two_years(view: View, crime_type: str = vocabulary.VIOLENCE) -> pd.DataFrame:
    """Return the months of the two newest whole years by district, the earlier written one year before the latest.

    Returns
    -------
    pandas.DataFrame
        ``lad24nm, month, count``, ready for :func:`svd_lib.measures.trends.compare_periods`; no rows when only one whole
        year is held or the area has one district.
    """
    years = whole_years(view)[:2]
    if len(years) < 2 or len(view.area.lad) < 2:
        return pd.DataFrame(columns=["lad24nm", "month", "count"])
    latest, earlier = (period_months(year) for year in years)
    ordered = sorted(earlier, key=lambda day: list(latest.month).index(day.month))
    wide = street_by_month(view, crime_type, by="lad24nm").pivot(index="month", columns="lad24nm", values="count")
    then = wide.reindex(pd.DatetimeIndex(ordered)).set_axis(latest - pd.DateOffset(years=1))
    both = pd.concat([then, wide.reindex(latest)]).rename_axis("month")
    return both.reset_index().melt("month", var_name="lad24nm", value_name="count")


def forces_beside_expected(view: View, offence: str) -> pd.DataFrame:
    """Return each force's newest year of an offence group beside what the change of all forces together would give it.

    Parameters
    ----------
    view : View
    offence : str

    Returns
    -------
    pandas.DataFrame, one row a force
        ``area_code, area_name, count`` (offences in the newest year), ``expected`` (its offences in the last of the rolling
        years times the ratio of all forces), ``is_own, is_neighbour, period_end, reference_end``; no row when nothing stands
        beside the rolling years.
    """
    every = _all_years(view)
    rows = every[every["offence"] == offence]
    newest, before = rows[rows["is_beside"]], rows[~rows["is_beside"]]
    before = before[before["period_end"] == before["period_end"].max()]
    both = newest.merge(before, on="area_code", suffixes=("", "_before"), validate="one_to_one")
    crime = view.table("recorded_crime")
    names = crime[crime["area_kind"] == "force"].drop_duplicates("area_code").set_index("area_code")["area_name"]
    near = compared_forces(view).set_index("area_code")["role"]
    both = both.assign(
        area_name=both["area_code"].map(names), expected=both["count_before"] * both["count"].sum() / max(both["count_before"].sum(), 1),
        is_own=both["area_code"] == view.area.pfa24cd, is_neighbour=both["area_code"].map(near).eq("neighbour"), reference_end=both["period_end_before"],
    )  # fmt: skip
    return both[["area_code", "area_name", "count", "expected", "is_own", "is_neighbour", "period_end", "reference_end"]].reset_index(drop=True)


def hospitals_beside_police(view: View) -> pd.DataFrame:
    """Return the region's hospital admissions for assault by a sharp object and its police's knife offences, by year.

    Returns
    -------
    pandas.DataFrame
        ``series, period_end, count``: years ending March, the latest edition of each; only years from the first that both
        have. No rows where one of the two is not held.
    """
    admissions = view.table("indicators")
    admissions = admissions[(admissions["indicator"] == "sharp_object_admissions") & (admissions["area_kind"] == "region")]
    crime = view.table("recorded_crime")
    knives = crime[(crime["area_kind"] == "region") & (crime["measure"] == "knife") & (crime["offence"] == KNIFE_TOTAL)]
    knives = knives[knives["period_end"].dt.month == 3].drop_duplicates("period_end", keep="last")
    if admissions.empty or knives.empty:
        return pd.DataFrame(columns=["series", "period_end", "count"])
    hospital = admissions.rename(columns={"value": "count"}).assign(series="Hospital admissions")
    police = knives.assign(series="Police: knife offences")
    both = pd.concat([hospital, police], ignore_index=True)[["series", "period_end", "count"]].dropna()
    first = both.groupby("series")["period_end"].min().max()
    return both[both["period_end"] >= first].sort_values(["series", "period_end"]).reset_index(drop=True)


def success_measures(view: View) -> pd.DataFrame:
    """Return the three national success measures as near as open figures come, each with its newest year.

    Returns
    -------
    pandas.DataFrame
        ``id, measure, nearest`` (what is held), ``place, count, period``; a measure of which nothing is held has no row.
    """
    rows = []
    admissions = view.table("indicators")
    admissions = admissions[(admissions["indicator"] == "sharp_object_admissions") & (admissions["area_kind"] == "region")].sort_values("period_end", kind="stable")
    if len(admissions):
        last = admissions.iloc[-1]
        rows.append(("admissions", "Hospital admissions for assault with a sharp object", "the whole region, rounded", last["area_name"], last["value"], year_ending(last["period_end"])))
    knives = knife_editions(view)
    if len(knives):
        last = knives.sort_values("period_end", kind="stable").iloc[-1]
        rows.append(("knife", "Knife-enabled serious violence", "knife or sharp instrument offences of the force", force_name(view), last["last_count"], year_ending(last["period_end"])))
    deaths = newest_rows(homicide_years(view))
    rows += [("homicide", "Non-domestic homicide", "all homicides of the force", force_name(view), row["count"], year_ending(row["period_end"])) for row in deaths.to_dict("records")]
    return pd.DataFrame(rows, columns=["id", "measure", "nearest", "place", "count", "period"])


def three_measures(levels: pd.DataFrame, points: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return offence groups with their rate, severity points and cost side by side, each interval in words.

    Parameters
    ----------
    levels : pandas.DataFrame
        Rates per 1,000 residents by ``offence``.
    points : pandas.DataFrame
        From :func:`svd_lib.measures.harm.severity_by_mix` by ``offence``.
    costs : pandas.DataFrame
        From :func:`svd_lib.measures.harm.economic_cost`, in millions of pounds.

    Returns
    -------
    pandas.DataFrame, one row an offence group
        The columns of ``levels``, ``points`` (thousands), ``cost`` (millions of pounds; null without a unit cost),
        ``point_share`` and ``offence_share`` (per cent of all groups), and ``rate_interval, points_interval, cost_interval``.
    """
    out = levels.assign(rate_interval=_interval(levels, 2), offence_share=100 * levels["numerator"] / max(levels["numerator"].sum(), 1))
    scored = points.assign(points=points["value"] / 1000, points_interval=_interval(points, 0, 1000), point_share=100 * points["value"] / points["value"].sum())
    priced = costs.assign(cost=costs["value"], cost_interval=_interval(costs, 0))
    out = out.merge(scored[["offence", "points", "points_interval", "point_share"]], how="left", on="offence", validate="one_to_one")
    return out.merge(priced[["offence", "cost", "cost_interval"]], how="left", on="offence", validate="one_to_one")


def schemes_apart(together: pd.DataFrame) -> pd.DataFrame:
    """Return the offence group whose share differs most between severity points and cost, among groups that have both.

    Parameters
    ----------
    together : pandas.DataFrame
        From :func:`three_measures`.

    Returns
    -------
    pandas.DataFrame, one row
        offence, value (per cent of the points), cost_share (per cent of the cost), groups (how many have both). No row without any.
    """
    both = together.dropna(subset=["points", "cost"])
    shares = both.assign(value=100 * both["points"] / both["points"].sum(), cost_share=100 * both["cost"] / both["cost"].sum(), groups=len(both))
    order = (shares["value"] - shares["cost_share"]).abs().sort_values(ascending=False, kind="stable").index
    return shares.loc[order[:1], ["offence", "value", "cost_share", "groups"]]


def _interval(frame: pd.DataFrame, precision: int, scale: float = 1.0) -> list[str]:
    pairs = zip(frame["lower_ci"] / scale, frame["upper_ci"] / scale, strict=True)
    return ["not held" if pd.isna(low) else f"{low:,.{precision}f} to {high:,.{precision}f}" for low, high in pairs]


def success_table(falls: pd.DataFrame) -> pd.DataFrame:
    """Return one row a success measure: baseline, its year, and the smallest visible fall for each number of years.

    Parameters
    ----------
    falls : pandas.DataFrame
        From :func:`svd_lib.measures.evaluation.detectable_fall`.

    Returns
    -------
    pandas.DataFrame
        ``id, measure, nearest, place, period, year_ending`` (first day of the last month), ``baseline`` (a year, in words),
        ``admissions`` (the same, for admissions only) and ``years_1, years_3, years_5`` (per cent; null where even a fall to nothing would not show).
    """
    if falls.empty:
        return falls
    shown = falls.assign(percent=(100 * falls["value"]).where(falls["value"] < 1), baseline=falls["numerator"] / falls["years"])
    wide = shown.pivot(index="id", columns="years", values="percent").add_prefix("years_").rename_axis(columns=None)
    first = shown.drop_duplicates("id")[["id", "measure", "nearest", "place", "period", "baseline"]]
    ends = pd.to_datetime(first["period"].str.partition("/")[2] + "-01")
    # admissions stand in a column of their own, because their publisher's rule for small counts is theirs alone
    said = first.assign(year_ending=ends, admissions=first["baseline"].where(first["id"] == "admissions"), baseline=first["baseline"].map("{:,.0f}".format))
    return said.merge(wide.reset_index(), on="id", validate="one_to_one")


def whole_span(periods: pd.Series, otherwise: str) -> str:
    """Return from the first to the last month of some periods, or another period when there are none."""
    if periods.empty:
        return otherwise
    ends = periods.str.partition("/")
    return f"{ends[0].min()}/{ends[2].max()}"


def axis_positions(points: pd.DataFrame, size: str = "denominator", steps: int = 60) -> pd.DataFrame:
    """Return evenly spaced positions along a funnel's axis, from the smallest to the largest point: ``size``."""
    return pd.DataFrame({"size": np.linspace(points[size].min(), points[size].max(), steps)})
