"""Disclosure rules by source, and the one function that applies them to a table of counts.

Open sources are ``as_published``: their publisher has already protected them. Other rules hide small and dominated counts, round
what is left, and withhold rates, means and medians that rest on few. Withholding further cells, so that nobody can work a small
count out from totals, is the work of :mod:`svd_lib.disclosure.release`, once, before any chapter sees a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from svd_lib.errors import SnaError

COUNT_COLUMNS: tuple[str, ...] = ("numerator", "count", "n")
RATE_COLUMNS: tuple[str, ...] = ("value", "lower_ci", "upper_ci", "rate_per_1000", "share", "percent")
AVERAGE_COLUMNS: tuple[str, ...] = ("mean", "median")
LARGEST = "largest"
"""Column with the contribution of the largest contributor to a row's count, where dominance matters."""
Zeros = Literal["publish", "withhold"]


@dataclass(frozen=True)
class Rule:
    """One source's rule.

    Parameters
    ----------
    name : str
        How the registry names it.
    hide_below : int, default 0
        Counts from 1 to one less than this are hidden.
    round_to : int, default 1
        Counts that are left are rounded to a multiple of this, and rates beside them are those of the rounded counts.
    rate_from : int, default 0
        Rates and percentages that rest on fewer events than this are hidden.
    average_from : int, default 0
        Means and medians of fewer than this are hidden.
    zeros : {"publish", "withhold"}
        Whether a count of none may be shown.
    dominance : float, default 1
        A count of which one contributor makes more than this share is hidden.
    """

    name: str
    hide_below: int = 0
    round_to: int = 1
    rate_from: int = 0
    average_from: int = 0
    zeros: Zeros = "publish"
    dominance: float = 1.0

    @property
    def is_open(self) -> bool:
        """Whether the rule changes nothing."""
        return max(self.hide_below, self.round_to) <= 1 and max(self.rate_from, self.average_from) <= 0

    @property
    def width(self) -> float:
        """How wide a hidden count's range must be: an attacker learns no more than the marker says.

        The marker says "from 1 to one less than the threshold", a range of the threshold less two.
        """
        return float(max(self.hide_below - 2, 1))

    def hides(self, counts: object, largest: object = None) -> np.ndarray:
        """Return which counts must not be shown; a missing count shows nothing and is not hidden.

        Parameters
        ----------
        counts : array-like, shape (n,)
            Persons or events.
        largest : array-like, shape (n,), optional
            Contribution of the largest contributor to each.

        Returns
        -------
        array of bool, shape (n,)
        """
        n = np.asarray(counts, float)
        hidden = (n < self.hide_below) & ((n > 0) if self.zeros == "publish" else (n >= 0))
        if largest is None:
            return hidden
        return hidden | ((n > 0) & (np.asarray(largest, float) > self.dominance * n))


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("as_published"),
        Rule("nhs_1_7", hide_below=8, round_to=5, rate_from=10, average_from=8),
        Rule("partner_under_10", hide_below=10, rate_from=10, average_from=10, dominance=0.85),
        Rule("partner_under_5", hide_below=5, round_to=5, rate_from=10, average_from=8, dominance=0.85),
    )
}
"""Rules by the name that the registry of sources uses; ``partner_under_10`` is the one of a partner's extract unless it says otherwise."""


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
        The largest thresholds and rounding base, and the smallest share that dominates, of all.
    """
    rules = [rule_named(name) for name in names] or [RULES["as_published"]]
    if len({rule.name for rule in rules}) == 1:
        return rules[0]
    limits = ("hide_below", "round_to", "rate_from", "average_from")
    return Rule(
        "+".join(sorted({rule.name for rule in rules if not rule.is_open})) or "as_published",
        **{limit: max(getattr(rule, limit) for rule in rules) for limit in limits},
        zeros="withhold" if any(rule.zeros == "withhold" for rule in rules) else "publish",
        dominance=min(rule.dominance for rule in rules),
    )


def count_columns(frame: pd.DataFrame, counts: Sequence[str] | None = None) -> list[str]:
    """Return the columns of a frame that hold counts of people or events."""
    return list(counts) if counts is not None else [name for name in COUNT_COLUMNS if name in frame]


def protect(frame: pd.DataFrame, rule: Rule, counts: Sequence[str] | None = None) -> pd.DataFrame:
    """Apply a rule to a table.

    Parameters
    ----------
    frame : DataFrame
        One row per cell of a table of counts, with rates, means and medians beside them where there are any. A missing
        count in a row that ``is_suppressed`` marks already was withheld before, and nothing that rests on it is shown.
    rule : Rule
        What to hide and how to round.
    counts : sequence of str, optional
        The columns that hold counts, the one that rates rest on first; ``numerator``, ``count`` and ``n`` by default. Empty for
        a table of words alone, which has nothing to hide.

    Returns
    -------
    DataFrame
        A copy: hidden counts, and what rests on them or on too few, are missing; ``is_suppressed`` marks the rows. With
        an open rule, the frame as it was.

    Raises
    ------
    SnaError
        When the rule hides or rounds and no column of counts is known.
    """
    if rule.is_open:
        return frame
    columns = count_columns(frame, counts)
    if counts is not None and _is_words(frame):
        return frame
    if not columns:
        raise SnaError(f"The rule {rule.name!r} needs to know which columns hold counts: name them in `counts`.")
    result = frame.copy()
    small = _small(frame, rule, columns)
    base = pd.to_numeric(frame[columns[0]])
    scale = (_nearest(base, rule) / base).where(base > 0, 1.0)
    for name in columns:
        result[name] = _nearest(pd.to_numeric(frame[name]), rule).mask(small[name])
    hidden = {name: small.any(axis=1) | base.lt(least) for name, least in _resting(frame, rule, columns).items()}
    for name, rows in hidden.items():
        scaled = frame[name] if name in AVERAGE_COLUMNS or rule.round_to == 1 else frame[name] * scale
        result[name] = scaled.mask(rows)
    result["is_suppressed"] = pd.DataFrame({"": small.any(axis=1), **hidden}).any(axis=1)
    if LARGEST in result:
        result = result.drop(columns=LARGEST)
    return result


def _is_words(frame: pd.DataFrame) -> bool:
    return not any(pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]) for name in frame)


def _small(frame: pd.DataFrame, rule: Rule, columns: Sequence[str]) -> pd.DataFrame:
    """Which counts are hidden, one column each: by the rule, or missing in a row that is marked already."""
    marked = frame["is_suppressed"].fillna(True).astype(bool) if "is_suppressed" in frame else pd.Series(False, frame.index)
    numbers = {name: pd.to_numeric(frame[name]).astype(float) for name in columns}
    largest = {columns[0]: frame[LARGEST]} if LARGEST in frame else {}
    hidden = {name: rule.hides(n, largest.get(name)) | (marked & n.isna()).to_numpy() for name, n in numbers.items()}
    return pd.DataFrame(hidden, index=frame.index)


def _nearest(values: pd.Series, rule: Rule) -> pd.Series:
    return values if rule.round_to <= 1 else (values / rule.round_to).round().mul(rule.round_to)


def _resting(frame: pd.DataFrame, rule: Rule, columns: Sequence[str]) -> dict[str, int]:
    """Columns that rest on the counts, with the least count that each may rest on."""
    rates = {name: rule.rate_from for name in RATE_COLUMNS if name in frame and name not in columns}
    return rates | {name: rule.average_from for name in AVERAGE_COLUMNS if name in frame and name not in columns}


def is_protected(frame: pd.DataFrame, rule: Rule, counts: Sequence[str] | None = None) -> bool:
    """Tell whether a table already satisfies a rule, so that a picture drawn from it is safe.

    Nothing may change were the rule applied again: no small count, none finer than the rounding, no rate or mean beside a
    count that is hidden.
    """
    if rule.is_open:
        return True
    columns = count_columns(frame, counts)
    if not columns or LARGEST in frame:
        return False
    again = protect(frame, rule, columns)
    return all(_same(frame[name], again[name]) for name in (*columns, *_resting(frame, rule, columns)))


def _same(before: pd.Series, after: pd.Series) -> bool:
    old, new = (pd.to_numeric(values, errors="coerce").astype(float) for values in (before, after))
    return bool(np.allclose(old, new, rtol=1e-12, atol=0.0, equal_nan=True))


def protect_row(row: Mapping[str, object], rule: Rule) -> tuple[dict[str, object], bool]:
    """Apply a rule to one result: a mapping with ``value`` and, where it has them, ``numerator`` and limits.

    Parameters
    ----------
    row : mapping
        One row of a measure. Without a ``numerator`` its ``value`` is a count.
    rule : Rule
        What to hide and how to round.

    Returns
    -------
    tuple of dict and bool
        The row as it may be published, and whether its number is withheld.
    """
    if rule.is_open:
        return dict(row), False
    has_numerator = row.get("numerator") is not None and not pd.isna(row["numerator"])
    frame = pd.DataFrame([{name: value for name, value in row.items() if value is not None}])
    safe = protect(frame, rule, ["numerator"] if has_numerator else ["value"]).iloc[0]
    return {**row, **{name: safe[name] for name in safe.index if name != "is_suppressed"}}, bool(safe["is_suppressed"])
