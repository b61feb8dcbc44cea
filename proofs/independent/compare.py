"""Setting published findings beside those worked out again: every stated number, to its stated precision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proofs.independent import cohorts, data_quality, definitions, drivers, geography, recommendations, trends
from proofs.independent.setting import Setting

CHAPTERS = {
    "cohorts": cohorts, "data-quality": data_quality, "definitions": definitions, "drivers": drivers,
    "geography": geography, "recommendations": recommendations, "trends": trends,
}  # fmt: skip
ESTIMATES = ("value", "lower_ci", "upper_ci")
COUNTS = ("numerator", "denominator")
TINY = 1e-9


@dataclass(frozen=True)
class Compared:
    """One finding set beside its second computation.

    Attributes
    ----------
    finding : str
        Its id.
    equal : tuple of str
        Parts that are equal to the stated precision.
    problems : tuple of str
        What is not, in words.
    """

    finding: str
    equal: tuple[str, ...]
    problems: tuple[str, ...]


def compare_chapter(findings: Mapping[str, Mapping], again: Mapping[str, object]) -> list[Compared]:
    """Return every finding of a chapter beside its second computation; one without the other is a problem of its own."""
    held = {name: one for name, one in findings.items() if one["status"] != "unavailable"}
    out = [compare(name, one, named(again[name])) if name in again else Compared(name, (), ("was not worked out again",)) for name, one in held.items()]
    return out + [Compared(name, (), ("was worked out but is not published",)) for name in again if name not in held]


def problems(findings: Mapping[str, Mapping], again: Mapping[str, object]) -> list[str]:
    """Return what differs between a chapter's findings and their second computation; nothing where all are equal."""
    return [f"{one.finding}: {problem}" for one in compare_chapter(findings, again) for problem in one.problems]


def compare_edition(findings: Mapping[str, Mapping], setting: Setting, chapters: Sequence[str] = tuple(CHAPTERS)) -> list[Compared]:
    """Return every finding of an edition beside its second computation; a chapter without one fails whole."""
    out = []
    for chapter in chapters:
        out += compare_chapter({name: one for name, one in findings.items() if name.startswith(f"{chapter}-")}, CHAPTERS[chapter].recompute(setting))
    seen = {one.finding for one in out}
    return out + [Compared(name, (), ("belongs to a chapter that is not worked out again",)) for name in findings if name not in seen and len(chapters) == len(CHAPTERS)]


def named(numbers: object) -> dict[str, object]:
    """Return numbers by name; a tuple is value, limits, numerator and denominator, as far as it goes."""
    if isinstance(numbers, Mapping):
        return dict(numbers)
    return {name: number for name, number in zip((*ESTIMATES, *COUNTS), numbers) if number is not None}


def compare(name: str, finding: Mapping, again: Mapping[str, object]) -> Compared:
    """Compare every stated estimate, which must have been worked out again, and the counts and words that were."""
    equal, problems = [], []
    half = 0.5 * 10 ** -finding["precision"] + TINY
    for part in ESTIMATES:
        stated, own = finding[part], again.get(part)
        if stated is None and own is None:
            continue
        is_equal = stated is not None and own is not None and math.isclose(stated, own, rel_tol=0.0, abs_tol=half)
        (equal if is_equal else problems).append(part if is_equal else f"{part}: {stated} is stated, {own} was worked out")
    for part in COUNTS:
        if part in again and finding[part] != again[part]:
            problems.append(f"{part}: {finding[part]} is stated, {again[part]} was worked out")
        elif part in again:
            equal.append(part)
    for words in again.get("says", ()):
        (equal if words in finding["statement"] else problems).append(f"the words '{words}'")
    return Compared(name, tuple(equal), tuple(problems))
