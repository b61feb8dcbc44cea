"""What an edition's data hold and lack: coverage, rows accounted for, recoding, and checks against published totals.

Everything here is computed from the edition's own tables. A month without a file is missing, never zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from svd_lib import vocabulary
from svd_lib.ingest import coverage_audit, reconstruct
from svd_lib.ingest.loaders import View, latest_year, months_held, period_months, street_by_month, street_by_place

REGISTER = Path("data/reference/recording_changes.csv")
KINDS = {
    "rows_in_area": "located in the area",
    "rows_outside_area": "located elsewhere",
    "rows_no_location": "without a location",
    "rows_rejected": "rejected, with the reason kept",
}
"""What becomes of a row, by column of the coverage table."""

STAND_INS = {
    vocabulary.VIOLENCE: (vocabulary.VIOLENCE_AGAINST_THE_PERSON, "Sexual offences"),
    vocabulary.ROBBERY: (vocabulary.ROBBERY,),
    vocabulary.WEAPONS: ("Possession of weapons offences",),
}
"""Street-level categories, and the offence groups of recorded crime that they should add up to."""

SUBJECTS = {
    "offences": "Recorded crime",
    "knife": "Knife offences",
    "street": "Street-level data",
    "outcomes": "Outcomes",
    "arrests": "Arrests",
    "geography": "Places",
}
"""What a recording change is about, in words, by data set of the register."""

TOTAL = "Total recorded crime (excluding fraud)"
"""What all street-level records but anti-social behaviour are set beside."""
REASONS = {
    "same": "The same months; the table was revised after the files, or before.",
    "part": "{months} of the 12 months are the same.",
    "total": "Anti-social behaviour is no recorded crime and is left out; so are offences that the files never hold.",
}

UNAVAILABLE = ("Under investigation", "Status update unavailable", "Court result unavailable")
"""Outcomes that say what the publisher does not know yet, or could not match."""
UNSETTLED = ("Under investigation", "Awaiting court outcome", "None recorded")


def month_strip(view: View) -> pd.DataFrame:
    """Return which months each kind of data holds for the area's force.

    Returns
    -------
    pandas.DataFrame
        ``row`` (kind of data), ``month, is_held``, for every month from the first year by offence code or the first
        street-level file, whichever is earlier, to the edition's end.
    """
    held = {
        "Street-level crimes": months_held(view),
        "Outcomes": months_held(view, "outcomes"),
        "Recorded crime by offence code": _months(_crime(view, level="code")),
        "Recorded crime by quarter": _months(_crime(view, level="group", period_kind="quarter")),
        "Newest year by offence group": _months(_newest(view)),
    }
    starts = [months.min() for name, months in held.items() if len(months) and name in ("Street-level crimes", "Recorded crime by offence code")]
    span = pd.date_range(min(starts), pd.Timestamp(view.edition.period_end), freq="MS", name="month")
    parts = [pd.DataFrame({"row": name, "month": span, "is_held": span.isin(months)}) for name, months in held.items()]
    return pd.concat(parts, ignore_index=True)


def rows_accounted(view: View, dataset: str = "street") -> pd.DataFrame:
    """Return what became of every row of the force's files.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (in words), ``count, total`` (rows of all files), in the order of :data:`KINDS`. The kinds are exclusive
        and add up to the total.
    """
    rows = _coverage(view, dataset)
    total = int(rows["rows_total"].sum())
    return pd.DataFrame([{"kind": words, "count": int(rows[name].sum()), "total": total} for name, words in KINDS.items()])


def account_words(rows: pd.DataFrame) -> dict[str, object]:
    """Return the rows accounted for, for a sentence: ``value`` (rows of all files), ``numerator`` (accounted for), and words.

    Parameters
    ----------
    rows : pandas.DataFrame
        From :func:`rows_accounted`.
    """
    found, total = int(rows["count"].sum()), int(rows["total"].iloc[0])
    kinds = [f"{count:,} {kind.partition(',')[0]}" for kind, count in zip(rows["kind"], rows["count"], strict=True)]
    return {
        "value": total,
        "numerator": found,
        "denominator": total,
        "whole": "All" if found == total else f"{found:,} of",
        "kinds": f"{', '.join(kinds[:-1])} and {kinds[-1]}",
    }


def both_accounted(view: View) -> pd.DataFrame:
    """Return :func:`rows_accounted` of street-level and outcome files below each other, with ``files`` and ``percent``."""
    parts = [rows_accounted(view, name).assign(files=words) for name, words in (("street", "Street-level crimes"), ("outcomes", "Outcomes"))]
    out = pd.concat(parts, ignore_index=True)
    return out.assign(percent=out["count"] / out["total"] * 100)


def strip_words(strip: pd.DataFrame, row: str = "Street-level crimes") -> dict[str, object]:
    """Return months held and possible of one kind of data: ``value, denominator`` and ``first, last`` months held as dates."""
    part = strip[strip["row"] == row]
    held = part[part["is_held"]]
    span = part[part["month"] >= held["month"].min()]
    return {"value": len(held), "denominator": len(span), "period": f"{span['month'].min():%Y-%m}/{span['month'].max():%Y-%m}"}


def extremes(rows: pd.DataFrame, value: str = "value") -> dict[str, object]:
    """Return the lowest and highest month of a monthly share: ``lowest, highest`` and ``lowest_month, highest_month`` in words."""
    known = rows.dropna(subset=[value])
    low, high = known.loc[known[value].idxmin()], known.loc[known[value].idxmax()]
    return {
        "lowest": f"{low[value]:.1f}",
        "lowest_month": f"{low['month']:%B %Y}",
        "highest": f"{high[value]:.1f}",
        "highest_month": f"{high['month']:%B %Y}",
    }


def rows_of_neighbours(view: View) -> pd.DataFrame:
    """Return the rows that neighbouring forces recorded inside the area: ``force_slug, force, months, count``.

    They are counted apart and enter no rate.
    """
    rows = view.table("coverage")
    rows = rows[(rows["dataset"] == "street") & (rows["force_slug"] != view.area.force_slug) & (rows["status"] == "present")]
    out = rows.groupby("force_slug").agg(months=("month", "count"), count=("rows_in_area", "sum")).reset_index()
    out["force"] = out["force_slug"].map(_force_words)
    return out.sort_values("count", ascending=False, kind="stable").reset_index(drop=True)


def unlocated_by_month(view: View) -> pd.DataFrame:
    """Return rows without a location by month: ``month, count, total``; null in a month without a file."""
    rows = _coverage(view).set_index("month")[["rows_no_location", "rows_total"]]
    whole = pd.date_range(rows.index.min(), rows.index.max(), freq="MS", name="month")
    return rows.reindex(whole).set_axis(["count", "total"], axis=1).astype("float64").reset_index()


def vintages(view: View) -> pd.DataFrame:
    """Return, for each vintage of LSOA in the files, ``vintage, first, last, months, located, recoded, percent_recoded``."""
    rows = _coverage(view)
    out = rows.groupby("lsoa_vintage").agg(
        first=("month", "min"), last=("month", "max"), months=("month", "count"), located=("rows_located", "sum"), recoded=("rows_recoded", "sum")
    )
    out = out.reset_index(names="vintage")
    return out.assign(percent_recoded=out["recoded"] / out["located"] * 100).sort_values("first", kind="stable").reset_index(drop=True)


def place_changes_by_kind(view: View) -> pd.DataFrame:
    """Return how the area's LSOAs of 2011 became those of 2021: ``kind`` in words, ``lsoa11, lsoa21`` (how many)."""
    words = {"U": "unchanged", "S": "split into several", "M": "merged into one", "X": "changed in another way"}
    rows = view.table("place_changes")
    out = rows.groupby("change_code").agg(lsoa11=("lsoa11cd", "nunique"), lsoa21=("lsoa21cd", "nunique"))
    out = out.reindex([code for code in words if code in out.index]).reset_index()
    return out.assign(kind=out["change_code"].map(words))[["kind", "lsoa11", "lsoa21"]]


def street_against_recorded(view: View) -> pd.DataFrame:
    """Set the latest whole year of street-level records beside the newest year of recorded crime of the same force.

    Returns
    -------
    pandas.DataFrame
        ``category, street, recorded, ratio`` (street-level records per 100 recorded offences), ``street_period,
        recorded_period``; empty when either is not held, or when the two years have no month in common.

    Notes
    -----
    The two years need not be the same twelve months, and the tables are revised while an archive is not.
    """
    newest = _newest(view)
    if newest.empty or not _has_year(view) or not period_months(latest_year(view)).isin(_months(newest)).any():
        return pd.DataFrame(columns=["category", "street", "recorded", "ratio", "street_period", "recorded_period"])
    counts = newest.groupby("offence")["count"].sum()
    year = latest_year(view)
    rows = [_against(view, category, parts, counts, year) for category, parts in STAND_INS.items()]
    return pd.DataFrame(rows).assign(street_period=year, recorded_period=_period(newest))


def period_words_of(against: pd.DataFrame, otherwise: str) -> dict[str, str]:
    """Return the two years of :func:`street_against_recorded` for a sentence: ``street_words, table_words, span``.

    ``otherwise`` is the period that stands where there is nothing to compare.
    """
    if against.empty:
        return {"street_words": "", "table_words": "", "span": otherwise}
    street, table = against["street_period"].iloc[0], against["recorded_period"].iloc[0]
    return {"street_words": _year_words(street), "table_words": _year_words(table), "span": street}


def street_against_partnerships(view: View, category: str = vocabulary.VIOLENCE) -> pd.DataFrame:
    """Set located street-level records beside the newest table by partnership.

    Returns
    -------
    pandas.DataFrame
        ``csp_name, street, recorded, ratio`` for every partnership wholly inside the area; empty when no table is held.
    """
    rows = view.table("recorded_crime")
    rows = rows[(rows["area_kind"] == "csp") & rows["area_code"].isin(view.area.csp) & rows["offence"].isin(STAND_INS[category])]
    if rows.empty or not _has_year(view) or view.area.kind not in ("force", "csp"):
        return pd.DataFrame(columns=["csp_name", "street", "recorded", "ratio"])
    newest = rows[rows["period_end"] == rows["period_end"].max()]
    recorded = newest.groupby("area_name")["count"].sum().rename("recorded").rename_axis("csp_name").reset_index()
    street = street_by_place(view, category, latest_year(view), "csp_name")[["csp_name", "count"]].rename(columns={"count": "street"})
    out = street.merge(recorded, on="csp_name", how="inner", validate="one_to_one")
    return out.assign(ratio=out["street"] / out["recorded"] * 100)


def quarter_period(quarters: pd.DataFrame, otherwise: str) -> str:
    """Return the period of the last quarter of :func:`quarters_against_recorded`; ``otherwise`` without any."""
    if quarters.empty:
        return otherwise
    last = quarters["quarter"].iloc[-1]
    return f"{last.start_time:%Y-%m}/{last.end_time:%Y-%m}"


def quarters_against_recorded(view: View, category: str = vocabulary.VIOLENCE) -> pd.DataFrame:
    """Set street-level records beside recovered recorded crime for every quarter of which all three months are held.

    Returns
    -------
    pandas.DataFrame
        ``quarter, period_end, street, recorded, ratio``: the same months on both sides; empty when there are none.
    """
    months = street_by_month(view, category, "recorded_by").dropna()
    months = months.assign(quarter=months["month"].dt.to_period("Q"))
    street = months.groupby("quarter")["count"].agg(["size", "sum"])
    rows = _crime(view, level="group", period_kind="quarter")
    rows = rows[rows["offence"].isin(STAND_INS[category])]
    recorded = rows.groupby(rows["period_end"].dt.to_period("Q"))["count"].agg(["size", "sum"])
    both = street[street["size"] == 3].join(recorded[recorded["size"] == len(STAND_INS[category])], how="inner", lsuffix="_street", rsuffix="_recorded")
    out = both.reset_index(names="quarter").rename(columns={"sum_street": "street", "sum_recorded": "recorded"})
    out["period_end"] = out["quarter"].dt.end_time.dt.to_period("M").dt.to_timestamp()
    return out.assign(ratio=out["street"] / out["recorded"] * 100)[["quarter", "period_end", "street", "recorded", "ratio"]]


def series_check(view: View) -> pd.DataFrame:
    """Check the recovered quarters of the area's force against every published twelve-month total that they cover.

    Returns
    -------
    pandas.DataFrame
        ``offence, quarters, first, last`` (recovered), ``totals, reproduced`` (twelve-month periods with a published total,
        and those whose total the quarters give back exactly), ``max_deviation`` (offences, from the nearest edition of a
        total) and ``max_superseded`` (from any edition of it), one row per offence group with any recovered quarter.

    Notes
    -----
    Only totals that a publication states count here; groups that this project adds up from their parts do not.
    """
    quarters = _crime(view, level="group", period_kind="quarter")
    published = _crime(view, level="group", period_kind="year", status="published")
    checked = reconstruct.check_quarters(quarters, published[["area_code", "offence", "period_end", "count", "publication"]])
    checked = checked.dropna(subset=["reconstructed"]).assign(size=lambda rows: rows["deviation"].abs())
    nearest = checked.groupby(["offence", "period_end"])["size"].agg(nearest="min", farthest="max").reset_index()
    told = nearest.assign(exact=nearest["nearest"] == 0).groupby("offence").agg(
        totals=("exact", "size"), reproduced=("exact", "sum"), max_deviation=("nearest", "max"), max_superseded=("farthest", "max")
    )
    spans = quarters.groupby("offence").agg(quarters=("count", "size"), first=("period_start", "min"), last=("period_end", "max"))
    return spans.join(told, how="inner").reset_index()


def recording_register(view: View) -> pd.DataFrame:
    """Return the recording changes that bear on the area: its own force's, its county's and those of England and Wales.

    Returns
    -------
    pandas.DataFrame
        ``when`` (in words), ``area_name, about`` (in words), ``dataset, offence, kind, change, effect, source, tag``, oldest first, undated last.
    """
    return _register(view, {vocabulary.ENGLAND_AND_WALES, view.area.pfa24cd, *view.area.utla})


def _register(view: View, area_codes: set[str]) -> pd.DataFrame:
    rows = pd.read_csv(view.edition.root / REGISTER, dtype=str, keep_default_na=False)
    rows = rows[rows["area_code"].isin(area_codes)].sort_values(["date", "id"], key=lambda values: values.where(values != "", "9999"))
    when = [_date_words(date, precision) for date, precision in zip(rows["date"], rows["date_precision"], strict=True)]
    about = [SUBJECTS.get(data, data) if offence == "all" else offence for data, offence in zip(rows["dataset"], rows["offence"], strict=True)]
    columns = ["when", "area_name", "about", "dataset", "offence", "kind", "change", "effect", "source", "tag"]
    return rows.assign(when=when, about=about)[columns].reset_index(drop=True)


def evidence_of(view: View, force_slug: str = "") -> coverage_audit.Evidence:
    """Return what the coverage audit looks at: of the area's own force, or of another whose files the view holds.

    Outcomes of another force are held for the area's districts alone, so they are left out.
    """
    own = view.area.force_slug
    slug = force_slug or own
    coverage, counts, outcomes = (view.table(name) for name in ("coverage", "street_counts", "outcome_counts"))
    events = outcomes[(outcomes["force_slug"] == slug) & (outcomes["kind"] == "outcome_event")]
    codes = {vocabulary.ENGLAND_AND_WALES, *(view.area.utla if slug == own else ()), _force_codes(view).get(slug, "")}
    return coverage_audit.Evidence(
        coverage=coverage[coverage["force_slug"] == slug],
        counts=counts[counts["force_slug"] == slug],
        events=events if slug == own else events.head(0),
        register=_register(view, codes),
        others=tuple(sorted(set(coverage["force_slug"]) - {slug})),
    )


def coverage_audit_of(view: View) -> pd.DataFrame:
    """Return :func:`svd_lib.ingest.coverage_audit.audit` of the area's force."""
    return coverage_audit.audit(evidence_of(view))


def audit_of_kind(audit: pd.DataFrame, is_odd: bool) -> pd.DataFrame:
    """Return the checks of an audit that found something, or those that found nothing."""
    return audit[audit["is_odd"] == is_odd].reset_index(drop=True)


def outside_share(view: View) -> pd.DataFrame:
    """Return the located records of the area's force, and those of them outside the force's area: one row, ``count, total``."""
    rows = _coverage(view)
    located = int(rows["rows_located"].sum())
    return pd.DataFrame({"count": [located - int(rows["rows_in_force_area"].sum())], "total": [located]})


def stretches_by_force(view: View) -> pd.DataFrame:
    """Return :func:`svd_lib.ingest.coverage_audit.stretches` of every force whose files are held, the area's own first; ``force`` in words."""
    own = view.area.force_slug
    slugs = sorted(set(view.table("coverage")["force_slug"]), key=lambda slug: (slug != own, slug))
    parts = [coverage_audit.stretches(evidence_of(view, slug)).assign(force=_force_words(slug)) for slug in slugs if len(evidence_of(view, slug).held())]
    return pd.concat(parts, ignore_index=True)


def reconciliation_by_force(view: View) -> pd.DataFrame:
    """Set street-level records beside recorded crime, force by force: every quarter held whole on both sides, and the newest year.

    Returns
    -------
    pandas.DataFrame
        ``force, category, street_period, recorded_period, street, recorded, ratio`` (street-level records per 100 recorded
        offences) and ``reason`` why the two differ. No rows when there is nothing to compare.
    """
    codes = _force_codes(view)
    slugs = [slug for slug in sorted(set(view.table("coverage")["force_slug"])) if slug in codes]
    rows = [row for slug in slugs for row in _reconciled(view, slug, codes[slug])]
    names = ["force", "category", "street_period", "recorded_period", "street", "recorded", "ratio", "reason"]
    return pd.DataFrame(rows, columns=names)


def _reconciled(view: View, slug: str, code: str) -> Iterator[tuple[object, ...]]:
    evidence = evidence_of(view, slug)
    months = pd.DatetimeIndex(evidence.held()["month"])
    crime = view.table("recorded_crime")
    crime = crime[(crime["area_code"] == code) & (crime["measure"] == "offences") & (crime["level"] == "group")]
    for first, last, first_table, last_table, rows in _comparable(crime, months):
        shared = len(pd.date_range(max(first, first_table), min(last, last_table), freq="MS"))
        for category, offences in {vocabulary.VIOLENCE: STAND_INS[vocabulary.VIOLENCE], "All but anti-social behaviour": (TOTAL,)}.items():
            found = rows[rows["offence"].isin(offences)]
            if found["offence"].nunique() < len(offences):
                continue
            street, recorded = _street_between(evidence.counts, category, first, last), int(found["count"].sum())
            reason = REASONS["same"] if (first, last) == (first_table, last_table) else REASONS["part"].format(months=shared)
            words = f"{reason} {REASONS['total']}" if TOTAL in offences else reason
            spans = f"{first:%b %Y} to {last:%b %Y}", f"{first_table:%b %Y} to {last_table:%b %Y}"
            yield _force_words(slug), category, *spans, street, recorded, street / recorded * 100, words


def _comparable(crime: pd.DataFrame, months: pd.DatetimeIndex) -> Iterator[tuple[object, ...]]:
    """Yield first and last month of the files, the same of the table, and the table's rows."""
    for (first, last), rows in crime[crime["period_kind"] == "quarter"].groupby(["period_start", "period_end"]):
        if pd.date_range(first, last, freq="MS").isin(months).all():
            yield first, last, first, last, rows
    published = crime[(crime["period_kind"] == "year") & (crime["status"] == "published")]
    newest = published[published["period_end"] == published["period_end"].max()]
    whole = [last for last in months if pd.date_range(last - pd.DateOffset(months=11), last, freq="MS").isin(months).all()]
    if newest.empty or not whole:
        return
    first_table, last_table = newest["period_start"].min(), newest["period_end"].max()
    last = min(whole, key=lambda month: (abs((month - last_table).days), -month.value))
    first = last - pd.DateOffset(months=11)
    if first <= last_table and first_table <= last:
        yield first, last, first_table, last_table, newest.drop_duplicates("offence")


def _street_between(counts: pd.DataFrame, category: str, first: pd.Timestamp, last: pd.Timestamp) -> int:
    rows = counts[counts["month"].between(first, last)]
    kept = rows["crime_type"] == category if category in STAND_INS else rows["crime_type"] != vocabulary.ASB
    return int(rows.loc[kept, "count"].sum())


def _force_codes(view: View) -> dict[str, str]:
    """Return the area code of every force of the recorded crime tables by its name in the archive."""
    rows = view.table("recorded_crime")
    rows = rows.loc[rows["area_kind"] == "force", ["area_code", "area_name"]].drop_duplicates("area_code")
    return {vocabulary.force_slug(name): code for code, name in rows.itertuples(index=False)}


def _force_words(slug: str) -> str:
    return slug.replace("-", " ").title()


def outcome_words_by_month(view: View) -> pd.DataFrame:
    """Return the share of crimes whose last outcome is one of :data:`UNAVAILABLE`, by month.

    Returns
    -------
    pandas.DataFrame
        ``month, outcome, count, total, percent``; percent is null in a month without a file. Anti-social behaviour has no
        outcome and is left out.
    """
    rows = _last_outcomes(view)
    total = rows.groupby("month")["count"].sum()
    held = months_held(view)
    whole = pd.date_range(held.min(), held.max(), freq="MS", name="month")
    parts = []
    for outcome in UNAVAILABLE:
        count = rows[rows["outcome"] == outcome].groupby("month")["count"].sum().reindex(total.index, fill_value=0)
        parts.append(pd.DataFrame({"count": count, "total": total}).reindex(whole).assign(outcome=outcome).reset_index())
    out = pd.concat(parts, ignore_index=True)
    return out.assign(percent=out["count"] / out["total"] * 100)


def unsettled_share(view: View, months: int = 3) -> pd.DataFrame:
    """Return crimes of the newest months held whose last outcome is not final: one row, ``count, total, period``."""
    rows = _last_outcomes(view)
    newest = months_held(view)[-months:]
    rows = rows[rows["month"].isin(newest)]
    count = rows.loc[rows["outcome"].isin(UNSETTLED), "count"].sum()
    return pd.DataFrame({"count": [int(count)], "total": [int(rows["count"].sum())], "period": [f"{newest[0]:%Y-%m}/{newest[-1]:%Y-%m}"]})


def outcomes_by_year(view: View) -> pd.DataFrame:
    """Return the last outcomes of crimes by calendar year of the month's file: ``outcome`` and one column of per cent a year."""
    rows = _last_outcomes(view)
    wide = rows.assign(year=rows["month"].dt.year.astype(str)).pivot_table(index="outcome", columns="year", values="count", aggfunc="sum", fill_value=0)
    shares = wide / wide.sum() * 100
    return shares.loc[shares.max(axis=1).sort_values(ascending=False, kind="stable").index].rename_axis(columns=None).reset_index()


def revised_months(view: View) -> int:
    """Return how many months held were in more than one archive, so that the newest could be taken."""
    return int(_coverage(view)["superseded"].notna().sum())


def _coverage(view: View, dataset: str = "street") -> pd.DataFrame:
    rows = view.table("coverage")
    own = (rows["dataset"] == dataset) & (rows["force_slug"] == view.area.force_slug) & (rows["status"] == "present")
    return rows[own].sort_values("month", kind="stable").reset_index(drop=True)


def _crime(view: View, **wanted: str) -> pd.DataFrame:
    rows = view.table("recorded_crime")
    rows = rows[(rows["area_code"] == view.area.pfa24cd) & (rows["measure"] == "offences")]
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def _newest(view: View) -> pd.DataFrame:
    rows = _crime(view, level="group", period_kind="year", status="published")
    return rows[(rows["period_end"] == rows["period_end"].max()) & rows["publication"].str.startswith("Police force area tables")]


def _months(rows: pd.DataFrame) -> pd.DatetimeIndex:
    spans = rows[["period_start", "period_end"]].drop_duplicates()
    months = [month for first, last in spans.itertuples(index=False) for month in pd.date_range(first, last, freq="MS")]
    return pd.DatetimeIndex(sorted(set(months)))


def _period(rows: pd.DataFrame) -> str:
    return f"{rows['period_start'].min():%Y-%m}/{rows['period_end'].max():%Y-%m}"


def _has_year(view: View) -> bool:
    held = set(months_held(view))
    return any(set(pd.date_range(month - pd.DateOffset(months=11), month, freq="MS")) <= held for month in held)


def _against(view: View, category: str, parts: tuple[str, ...], counts: pd.Series, year: str) -> dict[str, object]:
    months = street_by_month(view, category, "recorded_by")
    street = int(months.loc[months["month"].isin(period_months(year)), "count"].sum())
    recorded = int(counts.reindex(list(parts)).sum())
    return {"category": category, "street": street, "recorded": recorded, "ratio": street / recorded * 100}


def _last_outcomes(view: View) -> pd.DataFrame:
    rows = view.table("outcome_counts")
    own = (rows["force_slug"] == view.area.force_slug) & (rows["kind"] == "last_outcome")
    return rows[own & (rows["crime_type"] != vocabulary.ASB)]


def _date_words(date: str, precision: str) -> str:
    if not date or precision == "unknown":
        return "date not read"
    formats = {"year": "%Y", "quarter": "quarter to %B %Y", "month": "%B %Y", "day": "%-d %B %Y"}
    return pd.Timestamp(date).strftime(formats[precision])


def _year_words(period: str) -> str:
    first, _, last = period.partition("/")
    if first[:4] == last[:4]:
        return f"January to December {last[:4]}"
    return f"the year ending {pd.Timestamp(last):%B %Y}"
