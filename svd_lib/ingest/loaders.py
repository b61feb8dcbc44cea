"""What a notebook asks for data: an edition's tables, and the few selections that every chapter makes.

Selections are pure: a view in, a frame out. A month that no file is held for is a gap (not a number), never a zero;
a place without a record in a month that is held is a zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from svd_lib.edition import Area, Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, tidy
from svd_lib.ingest.partners.cleared import Cleared, read_cleared, read_quotes
from svd_lib.ingest.partners.kinds import ALL, Kind
from svd_lib.ingest.partners.register import kind_named
from svd_lib.ingest.view import BOUNDARIES, lock_digest, read_manifest

if TYPE_CHECKING:
    import geopandas as gpd

PLACE_LEVELS = ("lsoa21cd", "msoa21nm", "ward24nm", "lad24nm", "csp_name")
CENSUS = "census_2021"


@dataclass(frozen=True)
class View:
    """The tables of one edition, and a record of which were handed out.

    Parameters
    ----------
    edition : Edition
        Whose view it is.
    folder : pathlib.Path
        Where the Parquet files lie.
    manifest : dict
        The content of ``view.json``.
    used : set of str
        Tables (and ``boundaries_lsoa``) handed out so far.
    """

    edition: Edition
    folder: Path
    manifest: dict
    used: set[str] = field(default_factory=set)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _answers: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @property
    def area(self) -> Area:
        """The area the view was cut for."""
        return Area.from_dict(self.manifest["area"])

    @property
    def has_boundaries(self) -> bool:
        """Whether maps can be drawn from boundaries; if not they are hexagon cartograms."""
        return bool(self.manifest["has_boundaries"])

    def table(self, name: str) -> pd.DataFrame:
        """Return a tidy table of the edition, in its contract's columns, types and order.

        Raises
        ------
        SnaError
            When there is no such table, or its file is not the one that ``view.json`` names.
        """
        if name not in self._frames:
            contracts.contract(name)
            self._frames[name] = self._read(name)
        self.used.add(name)
        # shallow: pandas copies what is written to
        return self._frames[name].copy(deep=False)

    def once(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return what a question about the tables answers, asked once however many others rest on it.

        Parameters
        ----------
        name : str
            Of the question.
        make : callable
            Answers it from the view's tables.
        """
        if name not in self._answers:
            self._answers[name] = make()
        return self._answers[name].copy(deep=False)

    def boundaries(self, level: str = "lsoa21cd") -> gpd.GeoDataFrame | None:
        """Return the boundaries of the area's places: the level's column and geometry in EPSG:27700; None where none are held.

        Parameters
        ----------
        level : str
            One of :data:`PLACE_LEVELS`; larger places are made of their LSOAs, as far as they lie in the area.
        """
        if level not in PLACE_LEVELS:
            raise SnaError(f"There are no boundaries of '{level}'; the levels are {', '.join(PLACE_LEVELS)}.")
        path = self.folder / f"{BOUNDARIES}.parquet"
        if not path.is_file():
            return None
        # geopandas is heavy and most chapters do without it
        import geopandas as gpd

        self.used.add(BOUNDARIES)
        shapes = gpd.read_parquet(path)
        if level == "lsoa21cd":
            return shapes
        return shapes.merge(self.table("places")[["lsoa21cd", level]], on="lsoa21cd", validate="one_to_one").dissolve(level, method="coverage").reset_index()[[level, "geometry"]]

    def _read(self, name: str) -> pd.DataFrame:
        promised = self.manifest["tables"].get(name)
        path = self.folder / f"{name}.parquet"
        if promised is None or not path.is_file():
            raise SnaError(f"The view in {self.folder} has no table '{name}'; make it again with 'sna build' or 'sna snapshot'.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != promised["sha256"]:
            raise SnaError(f"{path} is not the file that view.json names; make the view again with 'sna build' or 'sna snapshot'.")
        return contracts.coerce(name, tidy.read_table(path))


def open_view(edition: Edition) -> View:
    """Return the view of an edition: the one made from raw files where there is one, else the embedded snapshot.

    Raises
    ------
    SnaError
        When there is neither, or it was computed from another lock than the edition's.
    """
    folder = edition.view_path
    manifest = read_manifest(folder)
    if manifest["lock_digest"] != lock_digest(edition):
        raise SnaError(
            f"{folder} was computed from another lock than {edition.lock_path}; "
            f"run 'sna snapshot --edition {edition.name}' or 'sna build --edition {edition.name} --mirror ...'."
        )
    return View(edition, folder, manifest)


def months_held(view: View, dataset: str = "street", force_slug: str = "") -> pd.DatetimeIndex:
    """Return the first days of the months held of a force's files; the area's own force when none is named."""
    coverage = view.table("coverage")
    chosen = (coverage["dataset"] == dataset) & (coverage["force_slug"] == (force_slug or view.area.force_slug))
    held = coverage.loc[chosen & (coverage["status"] == "present"), "month"]
    return pd.DatetimeIndex(held.sort_values(), name="month")


def whole_years(view: View) -> list[str]:
    """Return the periods of twelve consecutive held months that do not overlap, newest first, as ``2025-01/2025-12``.

    Notes
    -----
    Taken greedily from the newest month backwards.
    """
    left = list(months_held(view).to_period("M"))
    years = []
    while len(left) >= 12:
        last = left[-1]
        if left[-12] == last - 11:
            years.append(f"{last - 11}/{last}")
            left = left[:-12]
        else:
            left.pop()
    return years


def latest_year(view: View) -> str:
    """Return the newest period of twelve consecutive held months, e.g. ``2025-01/2025-12``.

    Raises
    ------
    SnaError
        When no twelve consecutive months are held.
    """
    years = whole_years(view)
    if not years:
        raise SnaError(f"No twelve consecutive months of {view.area.force_slug}'s street-level files are held; lock the archive that has them.")
    return years[0]


def street_by_month(
    view: View, crime_type: str | Sequence[str] | None = None, basis: str = "located_in", by: str | None = None
) -> pd.DataFrame:
    """Return street-level records by month, from the first month held to the last.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_type : str or sequence of str, optional
        Street-level categories to add up; all when left out.
    basis : str
        ``located_in`` (in the area, from its own force's files) or ``recorded_by`` (the whole of the force's files).
    by : str, optional
        ``crime_type``, or for ``located_in`` a level of place, for one series each.

    Returns
    -------
    pandas.DataFrame
        month, the ``by`` column if any, count (records; NaN in a month without a file).
    """
    rows = _own_rows(view, crime_type, basis)
    held = months_held(view)
    if held.empty:
        raise SnaError(f"No street-level file of {view.area.force_slug} is held; lock an archive that has some.")
    months = pd.date_range(held.min(), held.max(), freq="MS", name="month", unit="us")
    if by is None:
        full = rows.groupby("month")["count"].sum().reindex(held, fill_value=0).reindex(months)
        return full.astype("float64").reset_index()
    values = _series_values(view, crime_type, basis, by)
    if by in PLACE_LEVELS and by != "lsoa21cd":
        rows = rows.merge(view.table("places")[["lsoa21cd", by]], how="left", on="lsoa21cd", validate="many_to_one")
    wide = rows.groupby(["month", by])["count"].sum().unstack(by, fill_value=0).reindex(columns=values, fill_value=0)
    full = wide.reindex(held, fill_value=0).reindex(months).astype("float64")
    return full.reset_index().melt("month", var_name=by, value_name="count")


def _series_values(view: View, crime_type: str | Sequence[str] | None, basis: str, by: str) -> list[str]:
    """Return every value a series is made for, so that one without any record is a series of zeros."""
    if by == "crime_type":
        return _wanted(crime_type)
    if by not in PLACE_LEVELS:
        raise SnaError(f"Records cannot be counted by '{by}'; choose crime_type or one of {', '.join(PLACE_LEVELS)}.")
    if basis != "located_in":
        raise SnaError("Records by place need the basis 'located_in': rows outside the area have no place here.")
    return sorted(view.table("places")[by].unique())


def street_by_place(
    view: View, crime_type: str | Sequence[str] | None = None, period: str = "", level: str = "lsoa21cd"
) -> pd.DataFrame:
    """Return street-level records of every place of the area in a period, places without any as zero.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_type : str or sequence of str, optional
        Street-level categories to add up; all when left out.
    period : str
        ``2025-01/2025-12``; the latest whole year when left out.
    level : str
        ``lsoa21cd``, ``msoa21nm``, ``ward24nm``, ``lad24nm`` or ``csp_name``.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`places_at`, then count (records; NaN for every place when a month of the period is
        missing) and months (months of the period that are held).
    """
    months = period_months(period or latest_year(view))
    held = months.isin(months_held(view))
    rows = _own_rows(view, crime_type, "located_in")
    rows = rows[rows["month"].isin(months)]
    counted = rows.groupby("lsoa21cd")["count"].sum()
    places = view.table("places")
    keys = _level_keys(level)
    totals = places.assign(count=places["lsoa21cd"].map(counted).fillna(0.0)).groupby(keys, as_index=False)["count"].sum()
    out = places_at(view, level).merge(totals, how="left", on=keys, validate="one_to_one")
    return out.assign(count=out["count"] if held.all() else float("nan"), months=int(held.sum()))


def places_at(view: View, level: str = "lsoa21cd") -> pd.DataFrame:
    """Return every place of the area at a level, with a reader's name and its residents.

    Parameters
    ----------
    view : View
        The edition's tables.
    level : str
        One of :data:`PLACE_LEVELS`.

    Returns
    -------
    pandas.DataFrame
        The level's column; for places smaller than a district also lad24nm; label (what a reader calls it) and
        population (usual residents, Census 2021), sorted by place.
    """
    places = view.table("places")
    residents = view.table("population")
    residents = residents[residents["reference"] == CENSUS].groupby("lsoa21cd")["count"].sum()
    places = places.assign(population=places["lsoa21cd"].map(residents))
    keys = _level_keys(level)
    named = places.sort_values(["population", "lsoa21cd"], ascending=[False, True]).drop_duplicates(keys)
    out = named[keys].assign(label=_labels(named, level))
    people = places.groupby(keys, as_index=False)["population"].sum(min_count=1)
    return out.merge(people, how="left", on=keys, validate="one_to_one").sort_values(keys, kind="stable").reset_index(drop=True)


def located_share(view: View, crime_type: str | Sequence[str] | None = None, period: str = "") -> pd.DataFrame:
    """Return where the records of the area's force lie in a period: in the area, outside it, without a location.

    Returns
    -------
    pandas.DataFrame
        location (in_area, outside_area, none), count (records), share (of all of them).
    """
    rows = _own_rows(view, crime_type, "recorded_by")
    rows = rows[rows["month"].isin(period_months(period or latest_year(view)))]
    count = rows.groupby("location")["count"].sum().reindex(["in_area", "outside_area", "none"], fill_value=0)
    return count.reset_index().assign(share=(count / count.sum()).to_numpy())


def outcome_mix(
    view: View, crime_type: str | Sequence[str] | None = None, period: str = "", kind: str = "outcome_event"
) -> pd.DataFrame:
    """Return the outcomes in the files of the area's force in a period, most frequent first.

    Parameters
    ----------
    view : View
        The edition's tables.
    crime_type : str or sequence of str, optional
        Street-level categories; every row, also of crimes not held, when left out.
    period : str
        ``2021-04/2022-03``; every month held when left out.
    kind : str
        ``outcome_event`` (rows of outcomes files) or ``last_outcome`` (last outcome of street records).

    Returns
    -------
    pandas.DataFrame
        outcome, count (records), share (of all of them).
    """
    rows = view.table("outcome_counts")
    rows = rows[(rows["force_slug"] == view.area.force_slug) & (rows["kind"] == kind)]
    if crime_type is not None:
        rows = rows[rows["crime_type"].isin(_wanted(crime_type))]
    if period:
        rows = rows[rows["month"].isin(period_months(period))]
    out = rows.groupby("outcome", as_index=False)["count"].sum().sort_values(["count", "outcome"], ascending=[False, True])
    return out.assign(share=out["count"] / out["count"].sum()).reset_index(drop=True)


def deprivation_at(view: View, index_edition: str = "imd_2025", domain: str = "imd") -> pd.DataFrame:
    """Return the deprivation of every LSOA of the area: lsoa21cd, decile and rank in England (1 most deprived), score."""
    rows = view.table("deprivation")
    rows = rows[(rows["index_edition"] == index_edition) & (rows["domain"] == domain)]
    return rows.drop(columns=["index_edition", "domain"]).reset_index(drop=True)


def partner(view: View, kind: str, by: str | Sequence[str] = (), without: Sequence[str] = ()) -> pd.DataFrame:
    """Return cleared counts of a partner's extract, and note that they were handed out.

    Parameters
    ----------
    view : View
        The edition's tables.
    kind : str
        e.g. ``ambulance``; one of :data:`svd_lib.ingest.partners.register.KINDS`.
    by : str or sequence of str
        Dimensions; together they must be part of one of the kind's aggregates. None for the total.
    without : sequence of str
        Values to leave out, e.g. ``["not known"]``.

    Returns
    -------
    pandas.DataFrame
        The dimensions (``month`` as a date), ``count`` (missing where withheld), ``is_suppressed``. No rows when the
        edition has no such data: an exhibit then shows the known gap.

    Raises
    ------
    SnaError
        When there is no such kind, or it does not yield these counts.
    """
    one, cleared = _cleared(view, kind)
    wanted = [by] if isinstance(by, str) else list(by)
    if not any(set(wanted) <= set(aggregate) for aggregate in one.aggregates):
        raise SnaError(f"Extracts of kind '{kind}' are not counted by {' and '.join(wanted)}; they are by {'; '.join(' and '.join(held) for held in one.aggregates)}.")
    columns = [*wanted, "count", "is_suppressed"]
    if cleared is None:
        return pd.DataFrame({name: pd.Series(dtype="float64" if name == "count" else "object") for name in columns})
    frame = cleared.frame
    chosen = (frame[wanted] != ALL).all(axis=1) & (frame[[name for name in one.dimensions if name not in wanted]] == ALL).all(axis=1)
    rows = frame.loc[chosen & ~frame[wanted].isin(list(without)).any(axis=1), columns].reset_index(drop=True)
    return rows.assign(month=pd.to_datetime(rows["month"] + "-01").astype("datetime64[us]")) if "month" in wanted else rows


def partner_period(view: View, kind: str) -> str:
    """Return the months that the partner's extract covers, as ``2025-01/2025-12``; the edition's last twelve without one."""
    _, cleared = _cleared(view, kind)
    if cleared is not None:
        return cleared.period
    last = pd.Period(view.edition.period_end, "M")
    return f"{last - 11}/{last}"


def quotations(view: View) -> pd.DataFrame:
    """Return the survey answers that a person has released word for word: question, text; no rows when there are none."""
    view.used.add("partner_survey")
    return pd.DataFrame(read_quotes(view.edition), columns=["question", "text"])


def _cleared(view: View, kind: str) -> tuple[Kind, Cleared | None]:
    one = kind_named(kind)
    view.used.add(one.table)
    return one, read_cleared(view.edition, one)


def contiguity(view: View) -> pd.DataFrame:
    """Return the pairs of LSOA that share a boundary, both directions, as the spatial measures take them: id, neighbour."""
    return view.table("neighbours").set_axis(["id", "neighbour"], axis=1)


def period_months(period: str) -> pd.DatetimeIndex:
    """Return the first day of each month of a period written ``2025-01/2025-12`` (or one month, ``2025-01``)."""
    first, _, last = period.partition("/")
    return pd.date_range(f"{first}-01", f"{last or first}-01", freq="MS", unit="us", name="month")


def _own_rows(view: View, crime_type: str | Sequence[str] | None, basis: str) -> pd.DataFrame:
    rows = view.table("street_counts")
    rows = rows[rows["force_slug"] == view.area.force_slug]
    if basis == "located_in":
        rows = rows[rows["location"] == "in_area"]
    elif basis != "recorded_by":
        raise SnaError(f"The basis '{basis}' is not known; it is 'located_in' or 'recorded_by'.")
    return rows if crime_type is None else rows[rows["crime_type"].isin(_wanted(crime_type))]


def _wanted(crime_type: str | Sequence[str] | None) -> list[str]:
    allowed = contracts.contract("street_counts").columns["crime_type"].allowed
    if crime_type is None:
        return list(allowed)
    wanted = [crime_type] if isinstance(crime_type, str) else list(crime_type)
    unknown = [name for name in wanted if name not in allowed]
    if unknown:
        raise SnaError(f"There is no crime type '{unknown[0]}'; the crime types are {', '.join(allowed)}.")
    return wanted


def _level_keys(level: str) -> list[str]:
    if level not in PLACE_LEVELS:
        raise SnaError(f"There is no level of place '{level}'; the levels are {', '.join(PLACE_LEVELS)}.")
    return [level] if level in ("lad24nm", "csp_name") else [level, "lad24nm"]


def _labels(places: pd.DataFrame, level: str) -> pd.Series:
    """A neighbourhood goes by its ward: an MSOA by the ward of its most populous LSOA."""
    if level == "lsoa21cd":
        return places["label"]
    if level == "msoa21nm":
        return places["ward24nm"] + ", " + places["lad24nm"] + " (" + places["msoa21nm"].str.rsplit(" ", n=1).str[-1] + ")"
    if level == "ward24nm":
        return places["ward24nm"] + ", " + places["lad24nm"]
    return places[level]
