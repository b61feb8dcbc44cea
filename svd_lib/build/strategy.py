"""A draft strategy from what an edition holds: partnership file, findings, ranked recommendations, monitoring framework.

Every number comes from a finding and names it. The draft is nobody's strategy until a partnership adopts one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from svd_lib.build.pages import read_partnership
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.facts import load_facts
from svd_lib.report.finding import quote, write_json
from svd_lib.report.gaps import gap_frame, load_gaps
from svd_lib.report.owners import proposed_owners

DRAFT = "Draft written by a program from open data. Not adopted by anyone."
KEY_FINDINGS: tuple[str, ...] = (
    "trends-level-injury", "trends-street-violence", "trends-harm-share", "trends-cost-total", "geography-concentration-half",
    "drivers-home-ratio", "drivers-model-income", "cohorts-outcomes-unprosecuted", "cohorts-exploitation-share", "trends-success-homicide",
)  # fmt: skip
"""What the draft says was found; a finding that the edition does not hold is left out."""
DUTIES: tuple[str, ...] = ("act-collaborate", "act-identify-kinds", "act-identify-causes", "act-strategy", "act-consult")
SIDE = "strategy.json"


@dataclass(frozen=True)
class Block:
    """One part of the document.

    Parameters
    ----------
    kind : str
        ``heading``, ``paragraph``, ``item`` or ``table``.
    text : str
        Its words; a table's caption.
    level : int
        Of a heading: 1 or 2.
    findings : tuple of str
        Ids of the findings it takes its numbers from.
    rows : tuple of tuple of str
        Of a table; the first row is its heading.
    """

    kind: str
    text: str
    level: int = 0
    findings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def cited(self) -> str:
        """The words with the findings they rest on."""
        return f"{self.text} [{', '.join(self.findings)}]" if self.findings else self.text


def strategy_blocks(edition: Edition, findings: Mapping[str, Mapping[str, object]], recommendations: Sequence[Mapping[str, object]]) -> list[Block]:
    """Return the draft as blocks in reading order.

    Parameters
    ----------
    edition : Edition
    findings : mapping
        As ``findings.json`` has them.
    recommendations : sequence of mapping
        As ``recommendations.json`` has them, ranked.
    """
    partnership = read_partnership(edition)
    return [
        *_purpose(edition),
        *_governance(edition, partnership),
        *_found(findings),
        *_priorities(findings, recommendations),
        *_monitoring(findings, recommendations),
        *_gaps(edition),
        *_consultation(partnership),
    ]


def _heading(text: str, level: int = 1) -> Block:
    return Block("heading", text, level)


def _purpose(edition: Edition) -> list[Block]:
    facts = load_facts(edition.root)
    duties = [Block("item", f"{facts[name].claim} ({facts[name].tag}: {facts[name].source})") for name in DUTIES if name in facts]
    return [
        Block("paragraph", f"{DRAFT} {edition.status_line}."),
        _heading("Why there is a strategy"),
        Block("paragraph", f"The Serious Violence Duty asks the bodies below to prevent and reduce serious violence in {edition.area.name}. The law asks this of them:"),
        *duties,
    ]


def _governance(edition: Edition, partnership: Mapping) -> list[Block]:
    holders = [Block("item", str(row["name"])) for row in partnership.get("duty_holders") or []]
    known = partnership.get("governance_body") or "not recorded"
    signed = partnership.get("sign_off") or "not recorded"
    return [
        _heading("Who is responsible"),
        *(holders or [Block("paragraph", "The duty holders are not recorded for this area.")]),
        Block("paragraph", f"Governed by: {known}. Signed off: {signed}. Contact: {partnership.get('contacts') or 'not recorded'}."),
        Block("paragraph", f"Proposed lead on the police's part: {proposed_owners(edition)['police']}."),
    ]


def _found(findings: Mapping[str, Mapping[str, object]]) -> list[Block]:
    held = [name for name in KEY_FINDINGS if findings.get(name, {}).get("value") is not None]
    return [_heading("What the needs assessment found"), *(Block("item", str(findings[name]["statement"]), findings=(name,)) for name in held)]


def _priorities(findings: Mapping[str, Mapping[str, object]], recommendations: Sequence[Mapping[str, object]]) -> list[Block]:
    blocks = [_heading("Priorities proposed"), Block("paragraph", "They stand in the order of the recorded offences each is about. The partnership decides.")]
    for place, one in enumerate(recommendations, start=1):
        blocks += [_heading(f"{place}. {one['title']}", 2), Block("paragraph", str(one["action"]))]
        blocks += [Block("paragraph", f"Under review: {'; '.join(one['reasons'])}.")] if one["is_flagged"] else []
        blocks += [Block("item", str(findings[name]["statement"]), findings=(name,)) for name in one["findings"] if findings.get(name, {}).get("value") is not None]
        blocks.append(Block("paragraph", f"Proposed owner: {one['owner']}. Review: {one['review']}."))
    return blocks


def _monitoring(findings: Mapping[str, Mapping[str, object]], recommendations: Sequence[Mapping[str, object]]) -> list[Block]:
    heading = ("Priority", "Measure", "Baseline", "Finding", "Review")
    rows = [(str(one["title"]), str(one["measure"]), _baseline(findings.get(str(one["baseline"]))), str(one["baseline"]), str(one["review"])) for one in recommendations]
    cited = tuple(row[3] for row in rows if row[3])
    return [_heading("How progress will be watched"), Block("table", "Monitoring framework", findings=cited, rows=(heading, *rows))]


def _baseline(found: Mapping[str, object] | None) -> str:
    if found is None or found["value"] is None:
        return "not held"
    return f"{quote(found)} in {quote(found, 'period')}"


def _gaps(edition: Edition) -> list[Block]:
    frame = gap_frame(load_gaps(edition.root), edition)
    rows = tuple((row["question"], row["needs"], row["source"]) for row in frame.to_dict("records") if row["question"])
    return [_heading("What is not known"), Block("table", "Questions that this edition cannot answer", rows=(("Question", "Needs", "From"), *rows))]


def _consultation(partnership: Mapping) -> list[Block]:
    rows = tuple((str(row["body"]), str(row["record"] or "not recorded"), str(row["date"] or "not recorded")) for row in partnership.get("consultation") or [])
    table = Block("table", "Consultation under section 8(4)", rows=(("Authorities", "What was done", "Date"), *rows))
    return [_heading("Who was consulted"), table if rows else Block("paragraph", "Consultation is not recorded for this area.")]


def write_strategy(edition: Edition, out: Path | None = None) -> tuple[Path, list[str]]:
    """Write the draft as DOCX and ODT, and return its folder and the sentences that went stale since the last time.

    Parameters
    ----------
    edition : Edition
        Must have been built.
    out : pathlib.Path, optional
        Folder; ``strategy`` in the edition's build folder when left out.

    Raises
    ------
    SnaError
        When the edition was not built.
    """
    findings = _read(edition, "findings.json")["findings"]
    recommendations = _read(edition, "recommendations.json")["recommendations"]
    blocks = strategy_blocks(edition, findings, recommendations)
    folder = out or edition.out_path / "strategy"
    folder.mkdir(parents=True, exist_ok=True)
    stale = stale_sentences(folder / SIDE, blocks)
    # the document libraries are heavy and only this command needs them
    from svd_lib.build.strategy_files import write_docx, write_odt

    write_docx(blocks, edition, folder / "strategy-draft.docx")
    write_odt(blocks, edition, folder / "strategy-draft.odt")
    write_json(folder / SIDE, {"schema": 1, "edition": edition.name, "sentences": _sentences(blocks)})
    return folder, stale


def _read(edition: Edition, name: str) -> dict:
    path = edition.out_path / name
    if not path.is_file():
        raise SnaError(f"{edition.name} has no {name}; run 'sna build --edition {edition.name}' first.")
    return json.loads(path.read_text(encoding="utf-8"))


def _sentences(blocks: Sequence[Block]) -> dict[str, str]:
    """Finding id -> the sentence that states it; a table's cells count by their finding."""
    said = {block.findings[0]: block.text for block in blocks if block.kind == "item" and block.findings}
    cells = {f"{row[3]} (baseline)": row[2] for block in blocks if block.kind == "table" and block.findings for row in block.rows[1:] if row[3]}
    return {**said, **cells}


def stale_sentences(path: Path, blocks: Sequence[Block]) -> list[str]:
    """Return one line for each sentence of an earlier draft that its finding no longer says; empty without one.

    Parameters
    ----------
    path : pathlib.Path
        The earlier draft's ``strategy.json``.
    blocks : sequence of Block
        The new draft.
    """
    if not path.is_file():
        return []
    before = json.loads(path.read_text(encoding="utf-8"))["sentences"]
    now = _sentences(blocks)
    moved = [f"{name}: was “{before[name]}”, now “{now[name]}”" for name in sorted(set(before) & set(now)) if before[name] != now[name]]
    return moved + [f"{name}: was “{before[name]}”, no longer held" for name in sorted(set(before) - set(now))]
