"""Releasing a partner's counts: small ones withheld, then what would reveal them, then an audit; nothing is written unless it passes.

The table system is all of a kind's aggregates together, with the totals that link them. The attacker of the audit knows
every published cell, and in a second audit also the one withheld cell whose only member they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from svd_lib.disclosure.audit import audit_intervals, audit_singletons
from svd_lib.disclosure.greedy import greedy_pattern
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.suppression import primary_cells
from svd_lib.disclosure.systems import TableSystem, table_system
from svd_lib.disclosure.thresholds import rule_named
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.aggregates import relations
from svd_lib.ingest.partners.cleared import SCHEMA, cleared_folder, table_bytes
from svd_lib.ingest.partners.kinds import ALL, RULE, Kind
from svd_lib.sources.lock import write_atomically


@dataclass(frozen=True)
class Origin:
    """What a release is made from.

    Parameters
    ----------
    kind : Kind
        Of the extract.
    months : tuple of str
        First and last month of the extract, as 2025-01.
    is_synthetic : bool
        Whether they were made up.
    """

    kind: Kind
    months: tuple[str, str]
    is_synthetic: bool


@dataclass(frozen=True)
class Protected:
    """A table with its small counts withheld, and how its audit ended.

    Parameters
    ----------
    frame : pandas.DataFrame
        Dimensions, ``count`` (missing where withheld), ``is_suppressed``.
    audit : dict
        Numbers of cells, and the narrowest interval that an attacker could find.
    """

    frame: pd.DataFrame
    audit: dict


def protect_table(kind: Kind, frame: pd.DataFrame) -> Protected:
    """Withhold small counts of a tidy table and what would reveal them, and audit the result.

    Parameters
    ----------
    kind : Kind
        Whose rule and aggregates hold.
    frame : pandas.DataFrame
        Tidy table: dimensions and ``count``.

    Raises
    ------
    SnaError
        When no safe pattern is found or the audit finds a cell that could be worked out.
    """
    threshold = rule_named(RULE).hide_below
    system = _system(kind, frame)
    small = list(system.cells[primary_cells(system.values, threshold=threshold)])
    hidden, audit = _safe_pattern(system, small, threshold, _may_be_hidden(kind, frame))
    withheld = _cells(kind, frame).isin(hidden).to_numpy()
    shown = frame.assign(count=frame["count"].astype("float64").mask(withheld), is_suppressed=withheld)
    return Protected(shown, {"cells": len(frame), "primary": len(small), "secondary": len(hidden) - len(small), **audit})


def _may_be_hidden(kind: Kind, frame: pd.DataFrame) -> np.ndarray:
    """Tell which cells may be withheld to protect others: all but the number of people whom a survey's question was put to."""
    return ~(frame[["answer", "group"]] == ALL).all(axis=1).to_numpy() if kind.is_survey else np.ones(len(frame), bool)


def _safe_pattern(system: TableSystem, small: list[Hashable], threshold: int, may_be_hidden: np.ndarray) -> tuple[list[Hashable], dict]:
    """Return the cells to withhold and the audit of them.

    Zeros are shown, so that an attacker knows every withheld cell to be one or more; they are withheld only where nothing
    else protects. The totals of a survey's questions stay: each is the number of people who answered, so one would give
    the other away.
    """
    for hides_zeros in (False, True):
        least = 0.0 if hides_zeros else 1.0
        try:
            hidden = _withheld(system, small, threshold, (system.values >= least) & may_be_hidden, least)
        except SnaError:
            continue
        audit = _audited(system, small, hidden, threshold, least)
        if audit["is_safe"]:
            return hidden, audit
    raise SnaError("No choice of withheld counts kept the small ones from being worked out; nothing was released. Merge categories or cover more months.")


def _system(kind: Kind, frame: pd.DataFrame) -> TableSystem:
    values = dict(zip(_cells(kind, frame), frame["count"].astype(float)))
    totals = [("|".join(total), ["|".join(part) for part in parts]) for total, parts in relations(kind, frame)]
    return table_system(values, totals)


def _cells(kind: Kind, frame: pd.DataFrame) -> pd.Series:
    return frame[list(kind.dimensions)].agg("|".join, axis=1)


def _withheld(system: TableSystem, small: list[Hashable], threshold: int, allowed: np.ndarray, least: float) -> list[Hashable]:
    """Return the small cells and the cheapest others found that protect them, also from people who are alone in one."""
    first = np.isin(system.cells, small)
    alone = np.flatnonzero(first & (system.values == 1) & ~system.is_total)
    moves = Moves(system, np.where(system.values >= least, least, 0.0), np.full(len(system.values), np.inf))
    price = np.where(first, 0.0, system.values + 1.0)
    search = greedy_pattern(moves, np.flatnonzero(first), threshold, price, allowed & ~first, first, alone)
    return list(system.cells[search.hidden])


def _audited(system: TableSystem, small: list[Hashable], hidden: list[Hashable], threshold: int, least: float) -> dict:
    """Audit every withheld small count, from outside and from the place of a person who is alone in a withheld cell.

    The audit trusts nothing of the search: it computes each range anew by linear programming.
    """
    if not small:
        return {"is_safe": True, "narrowest": None, "attackers": 0}
    outside = audit_intervals(system, hidden, at_least=least, only=small)
    inside = audit_singletons(system, hidden)
    inside = inside[inside["cell"].isin(small)]
    exposed = int((outside["width"] < threshold - 1e-6).sum() + inside["is_exposed"].sum())
    narrowest = float(np.min(outside["width"]))
    return {"is_safe": not exposed, "narrowest": None if np.isinf(narrowest) else round(narrowest, 3), "attackers": int(inside["attacker"].nunique())}


def release_table(edition: Edition, origin: Origin, frame: pd.DataFrame, approver: str, day: date) -> dict:
    """Protect a tidy table and write it to the edition's ``cleared/`` with its record and audit report.

    Parameters
    ----------
    edition : Edition
        Where to.
    origin : Origin
        What the table was made from.
    frame : pandas.DataFrame
        Tidy table.
    approver : str
        Who approves the release, in words.
    day : datetime.date
        When they did.

    Returns
    -------
    dict
        The record.

    Raises
    ------
    SnaError
        When there is no approver, made-up rows would enter a real edition, or the audit fails; nothing is written then.
    """
    if not approver.strip():
        raise SnaError("A release needs the name or role of the person who approves it; give --approver.")
    if origin.is_synthetic and not edition.is_synthetic:
        raise SnaError(f"The extract is synthetic; it cannot be released into {edition.name}. Use 'sna build --with-synthetic-partners' to try the pages.")
    made = protect_table(origin.kind, frame)
    content = table_bytes(made.frame)
    record = _record(edition, origin, content, made.audit, approver.strip(), day)
    folder = cleared_folder(edition)
    write_atomically(folder / f"{origin.kind.id}.csv", content)
    write_atomically(folder / f"{origin.kind.id}-audit.md", audit_report(origin.kind, record).encode())
    write_atomically(folder / f"{origin.kind.id}.json", (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    return record


def _record(edition: Edition, origin: Origin, content: bytes, audit: dict, approver: str, day: date) -> dict:
    return {
        "schema": SCHEMA,
        "kind": origin.kind.id,
        "edition": edition.name,
        "approver": approver,
        "date": day.isoformat(),
        "is_synthetic": origin.is_synthetic,
        "first_month": origin.months[0],
        "last_month": origin.months[1],
        "unit": origin.kind.unit,
        "rule": RULE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "audit": audit,
    }


def audit_report(kind: Kind, record: dict) -> str:
    """Return the audit of a release as a page of Markdown for those who approve it."""
    audit = record["audit"]
    synthetic = "\n**Synthetic data: made up; says nothing about any area.**\n" if record["is_synthetic"] else ""
    narrowest = "unbounded" if audit["narrowest"] is None else f"{audit['narrowest']:g}"
    return (
        f"# Release of {kind.title.lower()}, {record['edition']}\n{synthetic}\n"
        f"Approved by {record['approver']} on {record['date']}. Months {record['first_month']} to {record['last_month']}; {kind.unit} counted.\n\n"
        f"- Cells, totals included: {audit['cells']:,}\n"
        f"- Withheld because the count is under {rule_named(RULE).hide_below}: {audit['primary']:,}\n"
        f"- Withheld so that those cannot be worked out: {audit['secondary']:,}\n"
        f"- Narrowest range that the published cells leave open for a withheld small count: {narrowest}\n"
        f"- Audited again for {audit['attackers']:,} people who are alone in a withheld cell: none of them learns another\n"
        f"- SHA-256 of the table: {record['sha256']}\n"
    )
