"""The chapter on data quality: plain SQL on the edition's tables and own formulas."""

from __future__ import annotations

from math import sqrt

import duckdb

from proofs.independent.setting import NEWEST, ROOT, Setting

FORCE, SLUG = "E23000025", "suffolk"
Z = 1.959963984540054
OWN = f"dataset = 'street' and force_slug = '{SLUG}' and status = 'present'"
TWO_GROUPS = "('Violence against the person', 'Sexual offences')"


def rows(sql: str) -> list[tuple]:
    tables = {path.stem: f"'{path}'" for path in NEWEST.folder.glob("*.parquet")}
    return duckdb.sql(sql.format(**tables)).fetchall()


def number(sql: str) -> float:
    return float(rows(sql)[0][0])


def wilson(k: float, n: float) -> tuple[float, ...]:
    p = k / n
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    limits = ((p + Z**2 / (2 * n) + sign * half) / (1 + Z**2 / n) for sign in (-1, 1))
    return (100 * p, *(100 * limit for limit in limits), k, n)


def street(first: str, last: str) -> float:
    return number(
        f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}' and crime_type = 'Violence and sexual offences' "
        f"and month between '{first}' and '{last}'"
    )


def recorded_quarter() -> float:
    return number(
        f"select sum(count) from {{recorded_crime}} where area_code = '{FORCE}' and period_kind = 'quarter' and level = 'group' "
        f"and offence in {TWO_GROUPS} and period_end = '2018-12-01'"
    )


def recorded_year() -> float:
    return number(
        f"select sum(count) from {{recorded_crime}} where area_code = '{FORCE}' and offence in {TWO_GROUPS} "
        "and publication = 'Police force area tables, year ending June 2025'"
    )


def totals_reproduced() -> float:
    """Add four recovered quarters and count the published twelve-month totals they equal."""
    return number(
        f"""with q as (select offence, period_end, sum(count) over w as total, count(*) over w as quarters, min(period_end) over w as oldest
                       from {{recorded_crime}} where area_code = '{FORCE}' and period_kind = 'quarter' and level = 'group'
                       window w as (partition by offence order by period_end rows 3 preceding)),
                 t as (select offence, period_end, max(count) as total, min(count) as lowest from {{recorded_crime}}
                       where area_code = '{FORCE}' and period_kind = 'year' and level = 'group' and measure = 'offences' and status = 'published'
                       group by all)
            select count(*) from q join t using (offence, period_end)
            where quarters = 4 and date_diff('month', oldest, period_end) = 9 and (q.total = t.total or q.total = t.lowest)"""
    )


def unsettled() -> tuple[float, ...]:
    where = f"force_slug = '{SLUG}' and kind = 'last_outcome' and crime_type <> 'Anti-social behaviour' and month >= '2025-10-01'"
    part = number(f"select sum(count) from {{outcome_counts}} where {where} and outcome in ('Under investigation', 'Awaiting court outcome', 'None recorded')")
    return wilson(part, number(f"select sum(count) from {{outcome_counts}} where {where}"))


def recoded() -> tuple[float, ...]:
    return wilson(*(number(f"select sum({name}) from {{coverage}} where {OWN}") for name in ("rows_recoded", "rows_located")))


def unlocated() -> tuple[float, ...]:
    """From the counts by place, not from the coverage table the chapter uses."""
    part = number(f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}' and location = 'none'")
    return wilson(part, number(f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}'"))


def outside() -> tuple[float, ...]:
    """From the counts by place; the area of this edition is the force's own."""
    part = number(f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}' and location = 'outside_area'")
    return wilson(part, number(f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}' and location <> 'none'"))


def checks_that_found_something() -> float:
    """Each check's condition in SQL; the jumps of a level by one plain comparison of two years."""
    held = f"from {{coverage}} where {OWN}"
    conditions = [
        f"select date_diff('month', min(month), max(month)) + 1 > count(*) {held}",
        f"select count(*) filter (dataset = 'street') > count(*) filter (dataset = 'outcomes') from {{coverage}} where force_slug = '{SLUG}' and status = 'present'",
        "select count(distinct force_slug) > 1 from {coverage}",
        f"select count(*) >= 2 {held}",
        f"""select bool_or(rows_total < 0.6 * middle) from (select rows_total, median(rows_total) over (order by month rows between 6 preceding
            and 6 following exclude current row) as middle {held})""",
        f"select count(superseded) > 0 {held}",
        f"select sum(count) > 0 from {{street_counts}} where force_slug = '{SLUG}' and location = 'none'",
        f"select bool_or(count > 0) from {{street_counts}} where force_slug = '{SLUG}' and location = 'none'",
        f"select sum(rows_half_located) > 0 {held}",
        f"select sum(count) > 0 from {{street_counts}} where force_slug = '{SLUG}' and location = 'outside_area'",
        f"select count(distinct lsoa_vintage) > 1 {held}",
        f"select count(former_districts) > 0 {held}",
        f"select sum(rows_repeated) > 0 {held}",
        f"select sum(rows_repeated_id) > 0 {held}",
        f"select sum(ids_repeated) > 0 from {{coverage}} where dataset = 'outcomes' and force_slug = '{SLUG}'",
        f"select sum(rows_id_unexpected) > 0 {held}",
        f"select sum(rows_context) < sum(rows_total) {held}",
        f"""select sum(count) filter (month >= '2025-01-01') < 0.6 * sum(count) filter (month between '2021-04-01' and '2022-03-01')
            from {{street_counts}} where force_slug = '{SLUG}' and crime_type = 'Anti-social behaviour'""",
        f"select count(*) > 0 from '{ROOT}/data/reference/recording_changes.csv' where area_code in ('{FORCE}', 'K04000001', 'E10000029')",
        f"select count(crime_type) > 0 from {{outcome_counts}} where force_slug = '{SLUG}' and kind = 'outcome_event'",
    ]
    return float(sum(bool(rows(sql)[0][0]) for sql in conditions))


EXPECTED = {
    "data-quality-outside-share": outside,
    "data-quality-audit-checks": lambda: (checks_that_found_something(),),
    "data-quality-months-held": lambda: (number(f"select count(distinct month) from {{street_counts}} where force_slug = '{SLUG}'"),),
    "data-quality-rows-accounted": lambda: (number(f"select sum(count) from {{street_counts}} where force_slug = '{SLUG}'"),),
    "data-quality-neighbours-rows": lambda: (number(f"select sum(count) from {{street_counts}} where force_slug <> '{SLUG}' and location = 'in_area'"),),
    "data-quality-unlocated-share": unlocated,
    "data-quality-recoded-share": recoded,
    "data-quality-reconcile-ratio": lambda: (100 * street("2025-01-01", "2025-12-01") / recorded_year(),),
    "data-quality-reconcile-quarter": lambda: (100 * street("2018-10-01", "2018-12-01") / recorded_quarter(),),
    "data-quality-totals-reproduced": lambda: (totals_reproduced(),),
    "data-quality-provisional-share": unsettled,
    "data-quality-months-revised": lambda: (number(f"select count(*) from {{coverage}} where {OWN} and superseded is not null"),),
}


def recompute(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Value, limits, numerator and denominator of every finding of the chapter, by id; for the newest edition alone."""
    assert setting == NEWEST, "this chapter's second computation is of the newest edition"
    return {name: make() for name, make in EXPECTED.items()}
