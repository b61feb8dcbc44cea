"""What changed between two editions: which findings moved, and whether by data, definition, boundary or method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from svd_lib.report import text

NEW_DATA = "new data"
REVISED = "revised data"
DEFINITION = "definition"
BOUNDARY = "boundary"
METHOD = "method"
ADDED, GONE = "not in the earlier edition", "not in this edition"
CAUSES = (NEW_DATA, REVISED, DEFINITION, BOUNDARY, METHOD)
_NUMBERS = ("value", "lower_ci", "upper_ci", "numerator", "denominator")


@dataclass(frozen=True)
class Issue:
    """One edition as published, as far as a comparison needs it.

    Parameters
    ----------
    name, definition : str
        The edition's name, and its definition with version.
    places : tuple of str
        Codes of its neighbourhoods, sorted.
    inputs : mapping of str to str
        Source id -> digest of everything locked of it.
    findings : mapping of str to mapping
        As ``findings.json`` has them.
    ranking : tuple of str
        Titles of the recommendations in their order.
    """

    name: str
    definition: str
    places: tuple[str, ...]
    inputs: Mapping[str, str]
    findings: Mapping[str, Mapping[str, object]]
    ranking: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Change:
    """One finding that moved, came or went: its id, both numbers in words, and the causes."""

    id: str
    before: str
    after: str
    causes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The change as one line for a terminal."""
        return f"{self.id}: {self.before} -> {self.after} ({', '.join(self.causes)})"


def compare(before: Issue, after: Issue) -> list[Change]:
    """Return what moved from one edition to another, in order of the findings' ids.

    Parameters
    ----------
    before, after : Issue

    Returns
    -------
    list of Change
        A finding whose numbers are equal is left out. Causes are all that can be seen: another period is new data; the
        same period from changed inputs is revised data; a changed definition touches what is counted by code; changed
        neighbourhoods touch what is located in the area; another method, unit or precision is method. Where none of these
        can be seen, the code has changed, which counts as method.
    """
    every = sorted(set(before.findings) | set(after.findings))
    made = (_change(name, before, after) for name in every)
    return [change for change in made if change is not None]


def _change(name: str, before: Issue, after: Issue) -> Change | None:
    old, new = before.findings.get(name), after.findings.get(name)
    held = [found is not None and found["value"] is not None for found in (old, new)]
    if not any(held):
        return None
    if not all(held):
        return Change(name, _said(old), _said(new), (ADDED if not held[0] else GONE,))
    if all(old[key] == new[key] for key in _NUMBERS):
        return None
    return Change(name, _said(old), _said(new), tuple(_causes(name, before, after)))


def _said(found: Mapping[str, object] | None) -> str:
    if found is None or found["value"] is None:
        return "not held"
    number = text.with_unit(found["value"], str(found["unit"]), int(found["precision"]))
    return f"{number} in {text.period_words(str(found['period']))}"


def _causes(name: str, before: Issue, after: Issue) -> list[str]:
    old, new = before.findings[name], after.findings[name]
    used = set(old["sources"]) | set(new["sources"])
    is_counted_by_code = name.startswith("definitions-")
    seen = {
        NEW_DATA: old["period"] != new["period"],
        REVISED: old["period"] == new["period"] and any(before.inputs.get(source) != after.inputs.get(source) for source in used),
        DEFINITION: is_counted_by_code and before.definition != after.definition,
        BOUNDARY: "located_in" in (old["basis"], new["basis"]) and before.places != after.places,
        METHOD: any(old[key] != new[key] for key in ("method", "unit", "precision", "basis")),
    }
    return [cause for cause, is_so in seen.items() if is_so] or [METHOD]


def moved_up_or_down(before: Issue, after: Issue) -> list[str]:
    """Return one sentence for each recommendation whose place in the order changed; empty when an order is not known."""
    if not before.ranking or not after.ranking:
        return []
    old, new = ({title: place for place, title in enumerate(issue.ranking, 1)} for issue in (before, after))
    both = [title for title in after.ranking if title in old and old[title] != new[title]]
    return [f"{title}: from place {old[title]} to {new[title]}, because the number it is ranked by moved." for title in both]


def lines(before: Issue, after: Issue) -> list[str]:
    """Return the comparison as lines for a terminal: a count by cause, then every change."""
    changes = compare(before, after)
    return [counted(before, changes), *(change.line for change in changes), *moved_up_or_down(before, after)]


def counted(before: Issue, changes: Sequence[Change]) -> str:
    """Return how many findings moved, and by which cause, as a sentence."""
    parts = [f"{sum(cause in change.causes for change in changes)} by {cause}" for cause in CAUSES if any(cause in change.causes for change in changes)]
    came, went = (sum(kind in change.causes for change in changes) for kind in (ADDED, GONE))
    moved = len(changes) - came - went
    return f"Since {before.name}, {moved} findings moved ({', '.join(parts) or 'none'}), {came} came and {went} went. One can have several causes."


def html(before: Issue, after: Issue, chapter_of: Callable[[str], str]) -> str:
    """Return the comparison as a sentence and one table for a page.

    Parameters
    ----------
    before, after : Issue
    chapter_of : callable
        Gives the name of the chapter that shows a finding.
    """
    changes = compare(before, after)
    order = "".join(f"<li>{escape(sentence)}</li>" for sentence in moved_up_or_down(before, after))
    rows = "".join(
        f'<tr><th scope="row">{_named(change.id, chapter_of(change.id), change.id in after.findings)}</th><td>{escape(change.before)}</td><td>{escape(change.after)}</td><td>{escape(", ".join(change.causes))}</td></tr>'
        for change in changes
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Finding", "Before", "Now", "Why"))
    table = (
        '<div class="sna-scroll" tabindex="0" role="group" aria-label="What changed"><table class="sna-table"><caption>Findings that moved</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    ranked = f'<ul class="sna-edition">{order}</ul>' if order else '<p class="sna-edition">The order of the recommendations did not change, or the earlier one is not known.</p>'
    return f'<p class="sna-edition">{escape(counted(before, changes))}</p>{table if rows else ""}{ranked}'


def _named(identifier: str, chapter: str, is_shown: bool) -> str:
    """Return a finding's name in words, a link to its sentence where the edition has it."""
    rest = identifier.removeprefix(f"{chapter}-").replace("-", " ")
    words = escape(f"{chapter.replace('-', ' ').capitalize()}: {rest}")
    return f'<a href="{escape(chapter)}.html#finding-{escape(identifier)}">{words}</a>' if is_shown and chapter else words
