"""The trail of one number: the cell that published it, the measure, the tables it was read from, and their sources."""

from __future__ import annotations

import json
from collections.abc import Iterator

from svd_lib.build.chapters import read_chapters
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.sources.registry import read_registry


def explain_finding(edition: Edition, identifier: str) -> str:
    """Return, as text, where a finding's number comes from.

    Parameters
    ----------
    edition : Edition
        A built edition.
    identifier : str
        The finding's id.

    Raises
    ------
    SnaError
        When the edition has not been built or has no such finding.
    """
    findings = _findings(edition)
    if identifier not in findings:
        near = [name for name in findings if name.split("-")[0] == identifier.split("-")[0]]
        raise SnaError(f"{edition.name} has no finding '{identifier}'; its chapter has {', '.join(near) or 'none'}.")
    return "\n".join([*_sentence(findings[identifier]), *_cell(edition, identifier), *_origin(edition, findings[identifier])])


def _findings(edition: Edition) -> dict[str, dict]:
    path = edition.build_path / "findings.json"
    if not path.is_file():
        raise SnaError(f"{path} is missing; run 'sna build --edition {edition.name}' first.")
    return json.loads(path.read_text(encoding="utf-8"))["findings"]


def _sentence(finding: dict) -> Iterator[str]:
    yield finding["statement"]
    fields = ("value", "lower_ci", "upper_ci", "numerator", "denominator", "unit", "period", "basis", "method", "exhibit")
    yield from (f"  {name:12} {finding[name]}" for name in fields if finding.get(name) is not None)


def _cell(edition: Edition, identifier: str) -> Iterator[str]:
    for chapter in read_chapters(edition.root):
        for number, cell in enumerate(json.loads(chapter.path.read_text(encoding="utf-8"))["cells"], start=1):
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and identifier in source:
                yield f"made in notebooks/{chapter.path.name}, cell {number} ({cell['id']}):"
                yield from (f"  {line}" for line in source.splitlines())
                yield f"the chapter reads the tables {', '.join(chapter.needs) or 'none'}"


def _origin(edition: Edition, finding: dict) -> Iterator[str]:
    registry = read_registry(edition.root)
    for name in finding["sources"]:
        source = registry.source(name)
        yield f"from {source.title} ({source.publisher}), {source.landing_page or 'no confirmed address'}, {source.licence_title}"
    yield f"tables read from {edition.view_path}, inputs named in {edition.lock_path}"
