"""Disclosure rules by source, and the one function that applies them to a table of counts.

Open sources are ``as_published``: their publisher has already protected them. Other rules hide small counts, round
what is left, and withhold rates that rest on few events. Secondary suppression is a separate step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from svd_lib.errors import SnaError

COUNT_COLUMNS: tuple[str, ...] = ("numerator", "count", "n")
RATE_COLUMNS: tuple[str, ...] = ("value", "lower_ci", "upper_ci")


@dataclass(frozen=True)
class Rule:
    """One source's rule.

    Parameters
    ----------
    name : str
        How the registry names it.
    hide_below : int, default 0
        Counts from 1 to one less than this are hidden; zero stays zero.
    round_to : int, default 1
        Counts that are left are rounded to a multiple of this.
    rate_from : int, default 0
        Rates that rest on fewer events than this are hidden.
    """

    name: str
    hide_below: int = 0
    round_to: int = 1
    rate_from: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the rule changes nothing."""
        return self.hide_below <= 1 and self.round_to <= 1 and self.rate_from <= 0


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("as_published"),
        Rule("nhs_1_7", hide_below=8, round_to=5, rate_from=10),
        Rule("partner_under_5", hide_below=5, round_to=5, rate_from=10),
    )
}
"""Rules by the name that the registry of sources uses."""


def rule_named(name: str) -> Rule:
    """Return a rule by name.

    Raises
    ------
    SnaError
        When no rule has the name, so that a misspelled rule can never mean "publish all".
    """
    if name not in RULES:
        raise SnaError(f"The disclosure rule {name!r} is unknown: data/sources.yml may use {', '.join(RULES)}.")
    return RULES[name]


def strictest(names: Iterable[str]) -> Rule:
    """Return a rule at least as strict as each of those named.

    Parameters
    ----------
    names : iterable of str
        Names of rules; none means ``as_published``.

    Returns
    -------
    Rule
        The largest threshold, rounding base and minimum of all.
    """
    rules = [rule_named(name) for name in names] or [RULES["as_published"]]
    if len({rule.name for rule in rules}) == 1:
        return rules[0]
    return Rule(
        "+".join(sorted({rule.name for rule in rules if not rule.is_open})) or "as_published",
        max(rule.hide_below for rule in rules),
        max(rule.round_to for rule in rules),
        max(rule.rate_from for rule in rules),
    )


def count_columns(frame: pd.DataFrame, counts: Sequence[str] | None = None) -> list[str]:
    """Return the columns of a frame that hold counts of people or events."""
    return list(counts) if counts is not None else [name for name in COUNT_COLUMNS if name in frame]


def protect(frame: pd.DataFrame, rule: Rule, counts: Sequence[str] | None = None) -> pd.DataFrame:
    """Apply a rule to a table.

    Parameters
    ----------
    frame : DataFrame
        One row per cell of a table of counts, with rates beside them where there are any.
    rule : Rule
        What to hide and how to round.
    counts : sequence of str, optional
        The columns that hold counts; ``numerator``, ``count`` and ``n`` by default.

    Returns
    -------
    DataFrame
        A copy: hidden counts, and rates resting on them or on too few events, are missing; ``is_suppressed`` marks the
        rows. With an open rule, the frame as it was.

    Raises
    ------
    SnaError
        When the rule hides or rounds and no column of counts is known.
    """
    if rule.is_open:
        return frame
    columns = count_columns(frame, counts)
    if not columns:
        raise SnaError(f"The rule {rule.name!r} needs to know which columns hold counts: name them in `counts`.")
    result = frame.copy()
    small = frame[columns].gt(0) & frame[columns].lt(rule.hide_below)
    few = frame[columns[0]].lt(rule.rate_from) | small.any(axis=1)
    for name in columns:
        result[name] = (frame[name] / rule.round_to).round().mul(rule.round_to).mask(small[name])
    for name in (name for name in RATE_COLUMNS if name in frame and name not in columns):
        result[name] = frame[name].mask(few)
    result["is_suppressed"] = few if any(name in frame for name in RATE_COLUMNS) else small.any(axis=1)
    return result


def is_protected(frame: pd.DataFrame, rule: Rule, counts: Sequence[str] | None = None) -> bool:
    """Tell whether a table already satisfies a rule, so that a picture drawn from it is safe."""
    if rule.is_open:
        return True
    columns = count_columns(frame, counts)
    known = frame[columns].stack().dropna() if columns else pd.Series(dtype=float)
    small = ((known > 0) & (known < rule.hide_below)).any()
    coarse = (known % rule.round_to != 0).any()
    return bool(columns) and not small and not coarse
