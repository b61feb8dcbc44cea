"""Releasing a partner's counts: small ones withheld, then what would reveal them, then an audit; nothing is written unless it passes.

The table system is all of a kind's aggregates together, with the totals that link them and what earlier editions published. The attacker of the audit knows
every published cell, and in a second audit also the one withheld cell whose only member they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from svd_lib.build.joined_releases import Joint, Recount, cell_names, earlier_releases, join_earlier
from svd_lib.disclosure.audit import audit_intervals, audit_singletons
from svd_lib.disclosure.greedy import greedy_pattern
from svd_lib.disclosure.moves import Moves
from svd_lib.disclosure.suppression import primary_cells
from svd_lib.disclosure.thresholds import rule_named
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.cleared import SCHEMA, Cleared, cleared_folder, table_bytes
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
    recount : callable
        Months -> tidy table of those months of the extract alone.
    """

    kind: Kind
    months: tuple[str, str]
    is_synthetic: bool
    recount: Recount


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


def _not_asked(months: tuple[str, str]) -> pd.DataFrame:
    raise TypeError(f"An earlier release lies within the extract, so its rows of {months[0]} to {months[1]} must be counted again.")


def protect_table(kind: Kind, frame: pd.DataFrame, months: tuple[str, str] = ("", ""), earlier: Sequence[Cleared] = (), recount: Recount = _not_asked) -> Protected:
    """Withhold small counts of a tidy table and what would reveal them, also beside earlier releases, and audit the result.

    Parameters
    ----------
    kind : Kind
        Whose rule and aggregates hold.
    frame : pandas.DataFrame
        Tidy table: dimensions and ``count``.
    months : tuple of str
        First and last month of the extract.
    earlier : sequence of Cleared
        Tables of the kind that earlier editions published.
    recount : callable
        Months -> tidy table of those months of the extract alone; asked where an earlier table lies within it.

    Raises
    ------
    SnaError
        When no safe pattern is found or the audit finds a cell that could be worked out.
    """
    threshold = rule_named(RULE).hide_below
    joint = join_earlier(kind, frame, months, earlier, recount)
    system = joint.system
    small = list(system.cells[primary_cells(system.values, threshold=threshold) & ~joint.is_public])
    hidden, audit = _safe_pattern(joint, small, threshold, _may_be_hidden(kind, frame, len(system.values)))
    withheld = cell_names(kind, frame).isin(hidden).to_numpy()
    shown = frame.assign(count=frame["count"].astype("float64").mask(withheld), is_suppressed=withheld)
    primary = int(cell_names(kind, frame).isin(small).sum())
    linked = {"published_before": int(joint.is_public.sum())} if earlier else {}
    return Protected(shown, {"cells": len(frame), "primary": primary, "secondary": int(withheld.sum()) - primary, **audit, **linked})


def _may_be_hidden(kind: Kind, frame: pd.DataFrame, cells: int) -> np.ndarray:
    """Tell which cells may be withheld to protect others: all but the number of people whom a survey's question was put to."""
    may = np.ones(cells, bool)
    if kind.is_survey:
        may[: len(frame)] = ~(frame[["answer", "group"]] == ALL).all(axis=1).to_numpy()
    return may


def _safe_pattern(joint: Joint, small: list[Hashable], threshold: int, may_be_hidden: np.ndarray) -> tuple[list[Hashable], dict]:
    """Return the cells to withhold and the audit of them.

    Zeros are shown, so that an attacker knows every withheld cell to be one or more; they are withheld only where nothing
    else protects, first so that even one who guesses rightly which are zeros learns nothing. The totals of a survey's questions
    stay: each is the number of people who answered, so one would give the other away.
    """
    for hides_zeros, least in ((False, 1.0), (True, 1.0), (True, 0.0)):
        try:
            hidden = _withheld(joint, small, threshold, (hides_zeros | (joint.system.values > 0)) & may_be_hidden, least)
        except SnaError:
            continue
        audit = _audited(joint, small, hidden, threshold, least)
        if audit["is_safe"]:
            return hidden, audit
    raise SnaError("No choice of withheld counts kept the small ones from being worked out; nothing was released. Merge categories or cover more months.")


def _withheld(joint: Joint, small: list[Hashable], threshold: int, allowed: np.ndarray, least: float) -> list[Hashable]:
    """Return the small cells and the cheapest others found that protect them, also from people who are alone in one."""
    system = joint.system
    first = np.isin(system.cells, small)
    fixed = first | joint.is_unpublished
    alone = np.flatnonzero(first & (system.values == 1) & ~system.is_total)
    moves = Moves(system, _known_least(joint, least), np.full(len(system.values), np.inf))
    price = np.where(fixed, 0.0, system.values + 1.0)
    search = greedy_pattern(moves, np.flatnonzero(first), threshold, price, allowed & ~fixed & ~joint.is_public, fixed, alone)
    return list(system.cells[search.hidden])


def _known_least(joint: Joint, least: float) -> np.ndarray:
    """Return what someone takes every withheld cell to hold at least; of a difference between editions nobody knows that it is not zero."""
    return np.where((joint.system.values >= least) & ~joint.is_difference, least, 0.0)


def _audited(joint: Joint, small: list[Hashable], hidden: list[Hashable], threshold: int, least: float) -> dict:
    """Audit every withheld small count, from outside and from the place of a person who is alone in a withheld cell.

    The audit trusts nothing of the search: it computes each range anew by linear programming. Where zeros were allowed to be
    withheld, someone who takes every withheld count to be one or more must learn no more than the rule says by itself: that it may
    be any number from one up to the threshold.
    """
    if not small:
        return {"is_safe": True, "narrowest": None, "attackers": 0}
    system = joint.system
    outside = audit_intervals(system, hidden, at_least=_known_least(joint, least), only=small)["width"]
    guessing = outside if least else audit_intervals(system, hidden, at_least=_known_least(joint, 1.0), only=small)["width"]
    inside = audit_singletons(system, hidden)
    inside = inside[inside["cell"].isin(small)]
    exposed = int((outside < threshold - 1e-6).sum() + (guessing < threshold - 2 - 1e-6).sum() + inside["is_exposed"].sum())
    narrowest = float(np.min(outside))
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
    made = protect_table(origin.kind, frame, origin.months, earlier_releases(edition, origin.kind), origin.recount)
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
    before = audit.get("published_before")
    linked = "" if before is None else f"- Published by earlier editions and taken as known: {before:,}\n"
    return (
        f"# Release of {kind.title.lower()}, {record['edition']}\n{synthetic}\n"
        f"Approved by {record['approver']} on {record['date']}. Months {record['first_month']} to {record['last_month']}; {kind.unit} counted.\n\n"
        f"- Cells, totals included: {audit['cells']:,}\n"
        f"- Withheld because the count is under {rule_named(RULE).hide_below}: {audit['primary']:,}\n"
        f"- Withheld so that those cannot be worked out: {audit['secondary']:,}\n"
        f"- Narrowest range that the published cells leave open for a withheld small count: {narrowest}\n"
        f"- Audited again for {audit['attackers']:,} people who are alone in a withheld cell: none of them learns another\n"
        f"{linked}"
        f"- SHA-256 of the table: {record['sha256']}\n"
    )
