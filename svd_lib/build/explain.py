"""The trail of one number: the sentence, the cell that published it, the measures, the tables with their rows, the sources' files."""

from __future__ import annotations

import ast
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from svd_lib.build.chapters import Chapter, read_chapters
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.text import rows_words
from svd_lib.sources.lock import read_lock
from svd_lib.sources.registry import Source, read_registry

FIELDS = ("value", "lower_ci", "upper_ci", "numerator", "denominator", "unit", "period", "basis", "method", "exhibit")
OURS = ("svd_lib.measures", "svd_lib.ingest", "svd_lib.definition")
"""Where the functions lie that make a number."""


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
    return "\n".join(_lines(trail_of(edition, identifier)))


def trail_of(edition: Edition, identifier: str) -> dict:
    """Return the same trail as plain values: finding, cell, functions, tables and sources; raises as :func:`explain_finding`."""
    findings = _findings(edition)
    if identifier not in findings:
        near = [name for name in findings if name.split("-")[0] == identifier.split("-")[0]]
        raise SnaError(f"{edition.name} has no finding '{identifier}'; its chapter has {', '.join(near) or 'none'}.")
    finding = findings[identifier]
    chapter, cell = _cell_of(edition, identifier)
    return {
        "edition": edition.name,
        "id": identifier,
        "statement": finding["statement"],
        "finding": {name: finding[name] for name in FIELDS if finding.get(name) is not None},
        "cell": cell,
        "functions": _functions(chapter, cell) if chapter and cell else [],
        "tables": _tables(edition, chapter),
        "sources": _sources(edition, finding["sources"]),
        "view": str(edition.view_path),
        "lock": str(edition.lock_path),
    }


def _findings(edition: Edition) -> dict[str, dict]:
    path = edition.build_path / "findings.json"
    if not path.is_file():
        raise SnaError(f"{path} is missing; run 'sna build --edition {edition.name}' first.")
    return json.loads(path.read_text(encoding="utf-8"))["findings"]


def _cell_of(edition: Edition, identifier: str) -> tuple[Chapter | None, dict | None]:
    """Return the chapter and cell that make a finding."""
    for chapter in read_chapters(edition.root):
        for number, cell in enumerate(json.loads(chapter.path.read_text(encoding="utf-8"))["cells"], start=1):
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and f'"{identifier}"' in source.replace("'", '"'):
                return chapter, {"notebook": f"notebooks/{chapter.path.name}", "number": number, "id": cell["id"], "source": source}
    return None, None


def _functions(chapter: Chapter, cell: dict) -> list[dict]:
    """Return the functions of ours that a cell, and the cells before it whose results it names, call: name, file and line."""
    cells = json.loads(chapter.path.read_text(encoding="utf-8"))["cells"][: cell["number"]]
    sources = ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]
    modules = {alias: name for source in sources for alias, name in _imports(source)}
    wanted, called = _names(cell["source"]), list(_calls(cell["source"], modules))
    for source in reversed(sources[:-1]):
        if wanted & _assigned(source):
            wanted |= _names(source)
            called += _calls(source, modules)
    found = (_definition(name) for name in dict.fromkeys(called))
    return [one for one in found if one is not None]


def _imports(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("svd_lib"):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _calls(source: str, modules: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id in modules:
            yield f"{modules[node.func.value.id]}.{node.func.attr}"
        elif isinstance(node.func, ast.Name) and node.func.id in modules:
            yield modules[node.func.id]


def _names(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _assigned(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _definition(name: str) -> dict | None:
    """Return where a function is defined and what it says of itself; nothing is imported but parent packages."""
    module, _, function = name.rpartition(".")
    found = importlib.util.find_spec(module) if module.startswith(OURS) else None
    if found is None or not found.origin:
        return None
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            says = (ast.get_docstring(node) or "").partition("\n")[0]
            return {"name": name, "file": f"{module.replace('.', '/')}.py", "line": node.lineno, "says": says}
    return None


def _tables(edition: Edition, chapter: Chapter | None) -> list[dict]:
    manifest = json.loads((edition.view_path / "view.json").read_text(encoding="utf-8"))["tables"]
    return [{"name": name, "rows": manifest.get(name, {}).get("rows", 0)} for name in (chapter.needs if chapter else ())]


def _sources(edition: Edition, names: list[str]) -> list[dict]:
    registry, inputs = read_registry(edition.root), read_lock(edition.lock_path).inputs
    files = Counter(entry.source for entry in inputs)
    size: Counter = Counter()
    for entry in inputs:
        size[entry.source] += entry.bytes
    return [_source(registry.source(name), files[name], size[name]) for name in names]


def _source(source: Source, files: int, size: int) -> dict:
    address = source.landing_page or "no confirmed address"
    return {"id": source.id, "title": source.title, "publisher": source.publisher, "address": address, "licence": source.licence_title, "files": files, "bytes": size}


def _lines(trail: dict) -> Iterator[str]:
    yield trail["statement"]
    yield from (f"  {name:12} {value}" for name, value in trail["finding"].items())
    if cell := trail["cell"]:
        yield f"made in {cell['notebook']}, cell {cell['number']} ({cell['id']}):"
        yield from (f"  {line}" for line in cell["source"].splitlines())
    for one in trail["functions"]:
        yield f"by {one['name']} ({one['file']}, line {one['line']}): {one['says']}"
    for table in trail["tables"]:
        yield f"the chapter reads the table {table['name']}: {rows_words(table['rows'])}"
    for one in trail["sources"]:
        yield f"from {one['title']} ({one['publisher']}), {one['address']}, {one['licence']}: {one['files']:,} files or members, {one['bytes']:,} bytes"
    yield f"tables read from {trail['view']}, inputs named in {trail['lock']}"
