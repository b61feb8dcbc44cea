"""Recommendations: an action that names the findings that call for it, its evidence, owner, measure and review.

A recommendation stands only while its conditions hold on the edition's findings. A condition is a short comparison
such as ``"trends-violence-change.lower_ci > 0"``; nothing in it is executed.
"""

from __future__ import annotations

import csv
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.report.finding import quote

_OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne}
_TERM = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+\.(?:value|lower_ci|upper_ci|numerator|denominator|age_months)"
_CONDITION = re.compile(rf"^\s*({_TERM})\s*(>=|<=|==|!=|>|<)\s*({_TERM}|-?\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True)
class Recommendation:
    """One recommendation.

    Parameters
    ----------
    id, title, action : str
        What it is called and what to do.
    findings : tuple of str
        Ids of the findings that call for it; each must exist and have a value.
    conditions : tuple of str
        Comparisons of ``<finding id>.<field>`` with a number or another such term; all must hold. Fields are
        ``value, lower_ci, upper_ci, numerator, denominator, age_months``.
    evidence : tuple of str
        Ids of ``data/reference/evidence_ratings.csv``.
    owner : str
        Who would do it, always "proposed" until an approved edition says otherwise.
    measure : str
        How one would know that it worked.
    baseline : str
        Id of the finding from which progress is measured.
    review : str
        When to look again, in words.
    priority : str
        A term whose number ranks the recommendations; all of them must use the same unit.
    is_flagged, reasons, score, score_unit
        Filled in by :func:`judge`.
    """

    id: str
    title: str
    action: str
    findings: tuple[str, ...]
    owner: str
    measure: str
    review: str
    conditions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    baseline: str = ""
    priority: str = ""
    is_flagged: bool = False
    reasons: tuple[str, ...] = ()
    score: float | None = None
    score_unit: str = field(default="")

    def __post_init__(self) -> None:
        for name in ("findings", "conditions", "evidence"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        blank = [name for name in ("title", "action", "findings", "owner", "measure", "review") if not getattr(self, name)]
        if blank:
            raise SnaError(f"The recommendation {self.id!r} cannot be built without {', '.join(blank)}.")
        for condition in self.conditions:
            if not _CONDITION.match(condition):
                raise SnaError(f"{self.id}: the condition {condition!r} must compare <finding id>.<field> with a number or another such term.")

    def to_dict(self) -> dict[str, object]:
        """Return plain values for ``recommendations.json``."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def html(self, every: Mapping[str, Mapping[str, object]], evidence: Mapping[str, Mapping[str, str]]) -> str:
        """Return the recommendation as an HTML section with its findings and evidence in words."""
        called = [f"{escape(str(every[name]['statement']))}" for name in self.findings if name in every]
        rated = [escape(evidence_words(evidence[name])) for name in self.evidence if name in evidence]
        rows = {
            "Why": _items(called),
            "Evidence": _items(rated) or "No rated evidence is cited.",
            "Proposed owner": escape(self.owner),
            "Measure": escape(self.measure),
            "Baseline": escape(_baseline(self.baseline, every)),
            "Review": escape(self.review),
        }
        details = "".join(f"<dt>{name}</dt><dd>{content}</dd>" for name, content in rows.items() if content)
        flag = f'<p class="sna-flag">Under review: {escape("; ".join(self.reasons))}.</p>' if self.is_flagged else ""
        state = " sna-flagged" if self.is_flagged else ""
        return (
            f'<div class="sna-recommendation{state}" id="{escape(self.id)}"><p class="sna-title">{escape(self.title)}</p>'
            f"{flag}<p>{escape(self.action)}</p><dl>{details}</dl></div>"
        )


def _items(texts: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>" if texts else ""


def _baseline(identifier: str, every: Mapping[str, Mapping[str, object]]) -> str:
    return f"{quote(every[identifier])} ({quote(every[identifier], 'period')})" if identifier in every and every[identifier]["value"] is not None else ""


def evidence_words(row: Mapping[str, str]) -> str:
    """Return an evidence rating in words: what was tried, how it was rated and by whom."""
    name = next((row[key] for key in ("title", "intervention", "claim", "name") if row.get(key)), row["id"])
    rated = next((row[key] for key in ("rating", "effect", "impact") if row.get(key)), "")
    said = ", ".join(part for part in (rated, row.get("source", "")) if part)
    tag = f" [{row['tag']}]" if row.get("tag") else ""
    return f"{name}: {said}{tag}" if said else f"{name}{tag}"


def load_evidence(root: Path) -> dict[str, dict[str, str]]:
    """Read ``data/reference/evidence_ratings.csv`` by id; empty when there is no such file."""
    path = root / "data" / "reference" / "evidence_ratings.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def judge(
    recommendation: Recommendation,
    every: Mapping[str, Mapping[str, object]],
    evidence: Mapping[str, Mapping[str, str]],
) -> Recommendation:
    """Try a recommendation's conditions on the findings.

    Parameters
    ----------
    recommendation : Recommendation
        As written.
    every : mapping of id to finding
        The edition's findings.
    evidence : mapping of id to row
        Rated evidence.

    Returns
    -------
    Recommendation
        With ``is_flagged``, ``reasons`` and its score.

    Raises
    ------
    SnaError
        When it cites evidence that is not in the list.
    """
    unknown = [name for name in recommendation.evidence if name not in evidence]
    if unknown:
        raise SnaError(f"{recommendation.id}: no evidence {', '.join(unknown)} in data/reference/evidence_ratings.csv; add the row or correct the id.")
    needed = [*recommendation.findings, *([recommendation.baseline] if recommendation.baseline else [])]
    reasons = [f"the finding {name} is missing" for name in dict.fromkeys(needed) if every.get(name, {}).get("value") is None]
    reasons += [said for condition in recommendation.conditions if (said := _failure(condition, every))]
    if all(every.get(name, {}).get("status") == "historic" for name in recommendation.findings):
        reasons.append("every finding it rests on is older than three years")
    score = _term(recommendation.priority, every) if recommendation.priority else None
    unit = str(every.get(recommendation.priority.rpartition(".")[0], {}).get("unit", ""))
    return replace(recommendation, is_flagged=bool(reasons), reasons=tuple(dict.fromkeys(reasons)), score=score, score_unit=unit)


def _failure(condition: str, every: Mapping[str, Mapping[str, object]]) -> str:
    left, sign, right = _CONDITION.match(condition).groups()
    first, second = _term(left, every), _term(right, every)
    if first is None or second is None:
        absent = left if first is None else right
        return f"the finding {absent.rpartition('.')[0]} is missing"
    return "" if _OPERATORS[sign](first, second) else f"it no longer holds that {condition.strip()}"


def _term(term: str, every: Mapping[str, Mapping[str, object]]) -> float | None:
    if re.fullmatch(r"-?\d+(?:\.\d+)?", term):
        return float(term)
    identifier, _, name = term.rpartition(".")
    value = every.get(identifier, {}).get(name)
    return None if value is None else float(value)


def ranked(recommendations: Iterable[Recommendation]) -> list[Recommendation]:
    """Order recommendations: those that stand first, then the larger score, then the id.

    Raises
    ------
    SnaError
        When scores are in different units and so cannot be compared.
    """
    items = list(recommendations)
    units = sorted({item.score_unit for item in items if item.score is not None})
    if len(units) > 1:
        raise SnaError(f"The recommendations' priorities are in different units ({', '.join(units)}): rank them by findings in one unit.")
    return sorted(items, key=lambda item: (item.is_flagged, -(item.score if item.score is not None else float("-inf")), item.id))


def ranking_frame(ordered: Iterable[Recommendation]) -> pd.DataFrame:
    """Return one row per recommendation, in order: ``rank, title, owner, measure, review, score, status``."""
    rows = [
        {
            "rank": position,
            "title": item.title,
            "owner": item.owner,
            "measure": item.measure,
            "review": item.review,
            "score": item.score,
            "status": "Under review" if item.is_flagged else "Supported by the findings",
        }
        for position, item in enumerate(ordered, start=1)
    ]
    return pd.DataFrame(rows, columns=["rank", "title", "owner", "measure", "review", "score", "status"])


COUNTED_UNITS = ("offences", "admissions")
"""Units in which a baseline is a yearly count, so that the smallest visible change of it can be worked out."""


def monitoring_frame(ordered: Iterable[Recommendation], every: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    """Return the monitoring framework that the recommendations imply: one row each.

    Parameters
    ----------
    ordered : iterable of Recommendation
        As :func:`ranked` orders them.
    every : mapping of id to finding
        The edition's findings.

    Returns
    -------
    pandas.DataFrame
        ``id, title, measure, baseline`` (in words), ``period`` (in words), ``age_months, count`` (the baseline where it is a
        yearly count, else null), ``owner, review, status``.
    """
    rows = [_monitored(item, every.get(item.baseline, {})) for item in ordered]
    return pd.DataFrame(rows, columns=["id", "title", "measure", "baseline", "period", "age_months", "count", "owner", "review", "status"])


def _monitored(item: Recommendation, found: Mapping[str, object]) -> dict[str, object]:
    held = found.get("value") is not None
    return {
        "id": item.id,
        "title": item.title,
        "measure": item.measure,
        "baseline": quote(found) if held else "not available",
        "period": quote(found, "period") if held else "none",
        "age_months": found.get("age_months") if held else None,
        "count": float(found["value"]) if held and found.get("unit") in COUNTED_UNITS else float("nan"),
        "owner": item.owner,
        "review": item.review,
        "status": "Under review" if item.is_flagged else "Supported by the findings",
    }


def with_smallest_change(plan: pd.DataFrame, falls: pd.DataFrame) -> pd.DataFrame:
    """Return the monitoring framework with the smallest fall that one year on each side would show, in words.

    Parameters
    ----------
    plan : pandas.DataFrame
        From :func:`monitoring_frame`.
    falls : pandas.DataFrame
        ``id`` and ``value`` (a proportion) of the rows whose baseline is a count.

    Returns
    -------
    pandas.DataFrame
        With ``visible``: a percentage, ``"none in a year"`` or ``"not a yearly count"``.
    """
    known = dict(zip(falls["id"], falls["value"], strict=True))
    said = ["not a yearly count" if name not in known else f"{100 * known[name]:.0f}%" if known[name] < 1 else "none in a year" for name in plan["id"]]
    return plan.assign(visible=said)
