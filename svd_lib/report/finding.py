"""Findings: one sentence with its number, interval, period and sources; the only way a number leaves a notebook."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.report import text
from svd_lib.report.gaps import Gap

SCHEMA = 1
_JSON: dict[str, Any] = {"ensure_ascii": False, "sort_keys": True, "allow_nan": False}
HISTORIC_AFTER = 36
"""Months; older evidence is marked and never stands as current."""
SYNTHETIC_WORDS = "Synthetic data"
NOT_AVAILABLE = "not available in this edition"
NOT_SHOWN = "not shown, because the count is small"
_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$")
_SPARE = re.compile(r"\s*\(\s*[,;]?\s*\)")


@dataclass(frozen=True)
class Finding:
    """One finding, rounded and ready to be written; fields as ``findings.json`` has them."""

    id: str
    statement: str
    value: float | None
    lower_ci: float | None
    upper_ci: float | None
    confidence: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    precision: int
    period: str
    age_months: int
    area: str
    basis: str
    sources: tuple[str, ...]
    method: str | None
    exhibit: str | None
    sensitivity: str
    status: str
    words: dict[str, object] = field(default_factory=dict)
    mark: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain values, without its id."""
        values = asdict(self)
        values.pop("id")
        values["sources"] = list(self.sources)
        if not self.mark:
            values.pop("mark")
        return values

    def html(self) -> str:
        """Return the sentence as HTML, with an anchor that stays the same over editions."""
        mark = ' <span class="sna-badge">older evidence</span>' if self.status == "historic" else ""
        mark += f' <span class="sna-badge">{escape(self.mark)}</span>' if self.mark else ""
        return (
            f'<p class="sna-statement sna-{self.status}" id="finding-{self.id}" data-finding="{self.id}">'
            f"{escape(self.statement)}{mark}</p>"
        )


def check_id(identifier: str, chapter: str) -> str:
    """Return an id, or refuse one that is not ``<chapter>-<noun>-<measure>`` in lower case.

    Raises
    ------
    SnaError
        When it has another form or another chapter's name in front.
    """
    if not _ID.match(str(identifier)) or not identifier.startswith(f"{chapter}-"):
        raise SnaError(f"The id {identifier!r} must be lower case words joined by hyphens, beginning with '{chapter}-'.")
    return identifier


def check_basis(identifier: str, basis: str) -> str:
    """Return a basis, or refuse one that is neither ``recorded_by`` nor ``located_in``."""
    if basis not in vocabulary.BASES:
        raise SnaError(f"{identifier}: the basis {basis!r} must be one of {', '.join(vocabulary.BASES)}.")
    return basis


def placeholders(identifier: str, template: str, values: Mapping[str, object]) -> str:
    """Fill ``{name}`` placeholders; an unknown name is refused with the names there are."""
    try:
        return " ".join(template.format_map(dict(values)).split())
    except (KeyError, IndexError, ValueError) as error:
        known = ", ".join(sorted(values))
        raise SnaError(f"{identifier}: the text has a placeholder {error} that has no value; there are {known}.") from None


def make_finding(
    identifier: str,
    row: object,
    statement: str,
    *,
    period: str,
    basis: str,
    sources: Sequence[str],
    area: str,
    period_end: object,
    unit: str = "",
    precision: int = 0,
    scale: float = 1.0,
    exhibit: str | None = None,
    sensitivity: str = "open",
    words: Mapping[str, object] | None = None,
    mark: str = "",
) -> Finding:
    """Build a finding from a result row.

    Parameters
    ----------
    identifier : str
        Checked id.
    row : DataFrame of one row, Series or mapping
        ``value`` and, where there are any, ``lower_ci, upper_ci, numerator, denominator, method, confidence``.
    statement : str
        Sentence with placeholders ``{value} {quantity} {lower} {upper} {interval} {numerator} {denominator} {period}
        {area}`` and those of ``words``. ``{quantity}`` is the value with its unit. Without the period in it, the
        period is added at its end.
    period : str
        ``"2025-01/2025-12"``.
    basis : str
        ``recorded_by`` or ``located_in``.
    sources : sequence of str
        Ids of the registry; at least one.
    area : str
        The area's name in words.
    period_end : date
        End of the edition, from which the finding's age counts.
    unit, precision : str, int
        How the number is written.
    scale : float, default 1.0
        What value and limits are multiplied by first, e.g. 100 for a proportion that is written in per cent.
    exhibit : str, optional
        Id of the exhibit that shows it.
    sensitivity : str
        ``open`` or ``restricted``.
    words : mapping, optional
        Further placeholders.
    mark : str, optional
        Said beside the sentence, of one that rests on made-up data; the sentence then begins with "Synthetic data".

    Returns
    -------
    Finding
        With every number rounded to ``precision``.

    Raises
    ------
    SnaError
        When sources, statement or value is missing, or the period is unreadable.
    """
    values = text.one_row(row)
    if not statement.strip() or not sources:
        raise SnaError(f"{identifier}: a finding needs a statement and at least one source.")
    numbers = _rounded(values, scale, precision)
    if numbers["value"] is None:
        raise SnaError(f"{identifier}: the row has no value; choose another row or list a known gap.")
    said = {**_said(numbers, unit, precision), "period": text.period_words(period), "area": area, **(words or {})}
    age = text.months_between(period, period_end)
    sentence = _with_period(placeholders(identifier, _without_interval(statement, said), said), period)
    return Finding(
        id=identifier,
        statement=f"{SYNTHETIC_WORDS}: {sentence}" if mark else sentence,
        **numbers,
        unit=unit,
        precision=precision,
        period=text.iso_period(period),
        age_months=age,
        area=area,
        basis=check_basis(identifier, basis),
        sources=tuple(sources),
        method=values.get("method"),
        exhibit=exhibit,
        sensitivity=sensitivity,
        status="historic" if age > HISTORIC_AFTER else "current",
        words={name: text.plain(word) for name, word in (words or {}).items()},
        mark=mark,
    )


def _rounded(values: Mapping[str, object], scale: float, precision: int) -> dict[str, object]:
    """The numbers of a row as they leave: value and limits to the precision, counts whole where they are."""
    scaled = {name: _scaled(values.get(name), scale, precision) for name in ("value", "lower_ci", "upper_ci")}
    counts = {name: _count(values.get(name)) for name in ("numerator", "denominator")}
    return {**scaled, **counts, "confidence": values.get("confidence")}


def _scaled(value: object, scale: float, precision: int) -> float | None:
    value = text.plain(value)
    return None if value is None else text.rounded(float(value) * scale, precision)


def _count(value: object) -> float | int | None:
    value = text.plain(value)
    if value is None:
        return None
    return int(value) if float(value).is_integer() else round(float(value), 3)


def _said(numbers: Mapping[str, object], unit: str, precision: int) -> dict[str, str]:
    said = {
        "value": text.symbol(numbers["value"], unit, precision),
        "quantity": text.with_unit(numbers["value"], unit, precision),
        "lower": text.symbol(numbers["lower_ci"], unit, precision),
        "upper": text.symbol(numbers["upper_ci"], unit, precision),
        "interval": text.interval_words(numbers["lower_ci"], numbers["upper_ci"], unit, precision, numbers["confidence"]),
    }
    return said | {name: text.number(numbers[name], 0) for name in ("numerator", "denominator")}


def _without_interval(statement: str, said: Mapping[str, object]) -> str:
    """Drop the bracket of an interval that does not exist, e.g. of a complete count."""
    return statement if said["interval"] else _SPARE.sub("", statement.replace("{interval}", ""))


def _with_period(statement: str, period: str) -> str:
    """Add the period unless the sentence already names its words or every year in it."""
    spelled = text.period_words(period)
    years = {str(month.year) for month in text.parse_period(period)}
    if spelled in statement or all(re.search(rf"\b{year}\b", statement) for year in years):
        return statement
    return f"{statement.rstrip('. ')} ({spelled})."


def missing_finding(identifier: str, gap: Gap, *, period: str, area: str, basis: str, sources: Sequence[str]) -> Finding:
    """Build the entry of a finding that a known gap explains: no value, status ``unavailable``."""
    statement = f"{NOT_AVAILABLE[:1].upper()}{NOT_AVAILABLE[1:]}: needs {gap.needs}, from {gap.source}."
    return _without_value(identifier, statement, period=period, area=area, basis=basis, sources=sources, sensitivity="open", status="unavailable")


def withheld_finding(
    identifier: str, *, period: str, area: str, basis: str, sources: Sequence[str], unit: str = "", exhibit: str | None = None
) -> Finding:
    """Build the entry of a finding whose number a source's disclosure rule withholds: no value, status ``withheld``."""
    statement = f"This number is {NOT_SHOWN} enough to point to people ({text.period_words(period)})."
    return _without_value(
        identifier, statement, period=period, area=area, basis=basis, sources=sources, unit=unit, exhibit=exhibit, sensitivity="restricted", status="withheld"
    )


def _without_value(
    identifier: str, statement: str, *, period: str, area: str, basis: str, sources: Sequence[str], sensitivity: str, status: str, unit: str = "", exhibit: str | None = None
) -> Finding:
    return Finding(
        id=identifier,
        statement=statement,
        **dict.fromkeys(("value", "lower_ci", "upper_ci", "confidence", "numerator", "denominator", "method")),
        unit=unit,
        precision=0,
        period=text.iso_period(period),
        age_months=0,
        area=area,
        basis=check_basis(identifier, basis),
        sources=tuple(sources),
        exhibit=exhibit,
        sensitivity=sensitivity,
        status=status,
    )


def quote(finding: Mapping[str, object], part: str = "") -> str:
    """Return the words that a sentence quotes from a finding.

    Parameters
    ----------
    finding : mapping
        An entry of ``findings.json``.
    part : str
        Empty for the number with its unit, or ``value``, ``interval``, ``statement``, ``period``, ``numerator``,
        ``denominator``, ``lower``, ``upper``, ``area``, or the name of a word the sentence was made with, such as ``change``.

    Returns
    -------
    str
        Plain words.

    Raises
    ------
    SnaError
        When the part is unknown or the finding has none.
    """
    if finding["value"] is None:
        absent = NOT_SHOWN if finding["status"] == "withheld" else NOT_AVAILABLE
        return str(finding["statement"]) if part == "statement" else absent
    said = _said(finding, finding["unit"], finding["precision"])
    said |= {"statement": finding["statement"], "period": text.period_words(finding["period"]), "area": finding["area"]}
    # a word that the sentence was made with, such as "rose" or "fell", can be quoted by its placeholder's name
    made_with = {name: word for name, word in (finding.get("words") or {}).items() if isinstance(word, str)}
    words = {**made_with, **said}.get(part or "quantity")
    if not words or words == "not available":
        raise SnaError(f"the finding has no {part!r}; it has {', '.join(name for name, word in said.items() if word)}")
    return f"{words} ({SYNTHETIC_WORDS.lower()})" if finding.get("mark") and part not in ("statement", "period", "area") else str(words)


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of one."""
    _write_text(path, json.dumps(content, indent=1, **_JSON))


def _write_text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(content + "\n", encoding="utf-8")
    temporary.replace(path)


def _with_findings(content: Mapping[str, object], entries: Mapping[str, object]) -> str:
    """Return the JSON of something and its findings: what ``indent=1`` gives, each finding laid out only when it changes."""
    laid_out = [f"  {json.dumps(name, ensure_ascii=False)}: {_laid_out(json.dumps(entries[name], **_JSON))}" for name in sorted(entries)]
    block = "{\n" + ",\n".join(laid_out) + "\n }" if laid_out else "{}"
    return json.dumps({**content, "findings": None}, indent=1, **_JSON).replace('\n "findings": null', f'\n "findings": {block}', 1)


@lru_cache(maxsize=4096)
def _laid_out(entry: str) -> str:
    return json.dumps(json.loads(entry), indent=1, **_JSON).replace("\n", "\n  ")


def write_part(out: Path, chapter: str, edition: str, findings: Mapping[str, Finding], exhibits: Sequence[str] = ()) -> None:
    """Write what one chapter made and merge all chapters' findings into ``findings.json``.

    Parameters
    ----------
    out : Path
        The edition's build folder.
    chapter, edition : str
        Names.
    findings : mapping of id to Finding
        All that the chapter has made so far.
    exhibits : sequence of str
        Ids of its exhibits, so that a rerun can remove those it no longer makes.
    """
    entries = {identifier: finding.to_dict() for identifier, finding in findings.items()}
    part = {"schema": SCHEMA, "chapter": chapter, "edition": edition, "exhibits": list(exhibits)}
    _write_text(out / "findings" / f"{chapter}.json", _with_findings(part, entries))
    merge_parts(out, edition)


def merge_parts(out: Path, edition: str) -> dict[str, object]:
    """Merge the chapters' parts into ``findings.json`` and return it.

    Notes
    -----
    Chapters may run at the same time. Whoever writes looks again afterwards and merges anew if a part has changed, so
    the last to write has seen every part; no lock is needed.
    """
    while True:
        parts = _read_parts(out)
        merged: dict[str, object] = {}
        for part in parts.values():
            content = json.loads(part)
            if content["edition"] == edition:
                merged.update(content["findings"])
        _write_text(out / "findings.json", _with_findings({"schema": SCHEMA, "edition": edition}, merged))
        if _read_parts(out) == parts:
            return {"schema": SCHEMA, "edition": edition, "findings": merged}


def _read_parts(out: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((out / "findings").glob("[!.]*.json"))}


def read_findings(path: Path) -> dict[str, object]:
    """Read ``findings.json``; an absent file is an edition without findings."""
    if not path.exists():
        return {"schema": SCHEMA, "edition": "", "findings": {}}
    return json.loads(path.read_text(encoding="utf-8"))
