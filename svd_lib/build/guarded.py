"""The tables that an audit guards: partners' tables before disclosure control, and open indicators whose rule hides small counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from svd_lib.disclosure.linking import ALL, Guarded
from svd_lib.disclosure.systems import TableSystem, table_system
from svd_lib.disclosure.thresholds import RULES, rule_named
from svd_lib.edition import Edition
from svd_lib.ingest.partners.aggregates import relations
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS
from svd_lib.sources.registry import read_registry

VAGUE = {"people", "offences", "children", "incidents", "reports", "answers", "households", "events"}
"""Units that other sources count too, so that they do not say which table a text is about."""
INDICATOR_COLUMNS = ["indicator", "source", "area_name", "area_kind", "period_label", "period_start", "period_end", "category", "value", "unit"]
KEY = ("area_name", "period_label", "category")
ALL_CATEGORIES = "all"
NATIONAL = "country"


def partner_tables(edition: Edition, folder: Path) -> list[Guarded]:
    """Return every partner's table that is held before disclosure control, with its rule."""
    registry = read_registry(edition.root)
    kinds = [kind for kind in KINDS.values() if (folder / f"{kind.table}.parquet").is_file()]
    return [guard(kind, pd.read_parquet(folder / f"{kind.table}.parquet"), registry.source(kind.table).disclosure_rule) for kind in kinds]


def guard(kind: Kind, frame: pd.DataFrame, rule: str) -> Guarded:
    """Return one partner's tidy table as the auditor knows it."""
    terms = {kind.table, kind.table.replace("_", " "), kind.id, kind.title, *({kind.unit} - VAGUE)}
    return Guarded(kind.title, tuple(sorted(terms)), frame.reset_index(drop=True), kind.dimensions, kind_system(kind, frame), rule_named(rule))


def kind_system(kind: Kind, frame: pd.DataFrame) -> TableSystem:
    """Return the system of a tidy table: its cells in their order, and what adds up to what."""
    names = frame[list(kind.dimensions)].astype(str).agg("|".join, axis=1)
    totals = [("|".join(total), ["|".join(part) for part in parts]) for total, parts in relations(kind, frame)]
    return table_system(dict(zip(names, frame["count"].astype(float))), totals)


def small_indicators(edition: Edition) -> list[Guarded]:
    """Return the published indicators of an edition that hold a count which their source's rule hides, such as NHS counts of 1 to 7.

    A publisher that protects its counts leaves none, and then nothing is returned: what it withheld is nowhere in the project.
    """
    path = edition.view_path / "indicators.parquet"
    rules = {source.id: source.disclosure_rule for source in read_registry(edition.root).sources.values() if not RULES[source.disclosure_rule].is_open}
    if not rules or not path.is_file():
        return []
    frame = pq.read_table(path, columns=INDICATOR_COLUMNS, filters=[("source", "in", sorted(rules))]).to_pandas()
    held = [guard_indicator(rows, rules[source]) for (source, _), rows in frame.groupby(["source", "indicator"], observed=True)]
    return [table for table in held if table.protected.any()]


def guard_indicator(rows: pd.DataFrame, rule: str) -> Guarded:
    """Return the counts of one indicator as the auditor knows them.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of table ``indicators`` of one indicator; those without a number, and numbers that are no whole counts, say nothing.
    rule : str
        Of its source.
    """
    counts = rows[rows["value"].notna() & (rows["value"] >= 0) & (rows["value"] == rows["value"].round())].drop_duplicates(list(KEY))
    counts = counts.astype(dict.fromkeys(KEY, str)).reset_index(drop=True)
    named = str(rows["indicator"].iloc[0])
    words = {named, named.replace("_", " "), named.replace("_", "-"), *(set(rows["unit"].astype(str)) - VAGUE)}
    frame = counts[list(KEY)].assign(count=counts["value"].astype(float)).replace({"category": {ALL_CATEGORIES: ALL}})
    names = frame[list(KEY)].agg("|".join, axis=1)
    totals = [*_sums(counts, names, "category"), *_years(counts, names), *_nations(counts, names)]
    system = table_system(dict(zip(names, frame["count"])), totals)
    return Guarded(named.replace("_", " "), tuple(sorted(words)), frame, KEY, system, rule_named(rule))


def _sums(counts: pd.DataFrame, names: pd.Series, over: str) -> Iterable[tuple[str, list[str]]]:
    """Categories that add up to the whole in fact; categories that overlap, or are rounded, do not and are not related."""
    by = [name for name in KEY if name != over]
    for _, rows in counts.groupby(by, sort=False):
        whole = rows.index[rows[over] == ALL_CATEGORIES]
        parts = rows.index[rows[over] != ALL_CATEGORIES]
        yield from _if_equal(counts, names, whole, parts)


def _years(counts: pd.DataFrame, names: pd.Series) -> Iterable[tuple[str, list[str]]]:
    """Months that add up to a longer period of the same area and category."""
    for _, rows in counts.groupby(["area_name", "category"], sort=False):
        spans = rows["period_end"] > rows["period_start"]
        for whole in rows.index[spans]:
            inside = ~spans & rows["period_start"].between(rows.at[whole, "period_start"], rows.at[whole, "period_end"])
            yield from _if_equal(counts, names, pd.Index([whole]), rows.index[inside])


def _nations(counts: pd.DataFrame, names: pd.Series) -> Iterable[tuple[str, list[str]]]:
    """Areas of one kind that add up to their country."""
    for _, rows in counts.groupby(["period_label", "category"], sort=False):
        whole = rows.index[rows["area_kind"] == NATIONAL]
        for kind in sorted(set(rows["area_kind"].astype(str)) - {NATIONAL}):
            yield from _if_equal(counts, names, whole, rows.index[rows["area_kind"] == kind])


def _if_equal(counts: pd.DataFrame, names: pd.Series, whole: pd.Index, parts: pd.Index) -> Iterable[tuple[str, list[str]]]:
    if len(whole) == 1 and len(parts) > 1 and np.isclose(counts.loc[parts, "value"].sum(), counts.at[whole[0], "value"]):
        yield names[whole[0]], list(names[parts])
