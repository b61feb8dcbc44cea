"""Write ``docs/measures.json``: every public measure with its signature, parameters and what it returns.

    .venv/bin/python tools/list_measures.py            write the file
    .venv/bin/python tools/list_measures.py --check    exit 1 when the file is not current

The list is read from the source, so nothing is imported and a docstring is the one place where a unit is stated.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURES = ROOT / "svd_lib" / "measures"
TARGET = ROOT / "docs" / "measures.json"
RESULT_COLUMNS = ("numerator", "denominator", "value", "lower_ci", "upper_ci", "statistic", "method", "confidence")
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Attributes")


def main() -> int:
    """Write or check the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is not current")
    options = parser.parse_args()
    text = listing()
    if not options.check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
    print("docs/measures.json is current" if current else "docs/measures.json is old; run tools/list_measures.py")
    return 0 if current else 1


def listing() -> str:
    """Return the text of the file."""
    measures = [one for path in sorted(MEASURES.glob("*.py")) for one in _module(path)]
    return json.dumps({"schema": 1, "result_columns": RESULT_COLUMNS, "measures": measures}, indent=1) + "\n"


def public_functions(path: Path) -> list[ast.FunctionDef]:
    """Return the public functions of a module, in its order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def _module(path: Path) -> list[dict[str, object]]:
    return [_measure(f"svd_lib.measures.{path.stem}", node) for node in public_functions(path)]


def _measure(module: str, node: ast.FunctionDef) -> dict[str, object]:
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    parts = _sections(text)
    returns = " ".join(parts.get("Returns", []))
    entry = {
        "name": f"{module}.{node.name}",
        "signature": f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns) if node.returns else 'None'}",
        "summary": _flat(text.split("\n\n")[0].split("\n")),
        "parameters": _entries(parts.get("Parameters", [])),
        "returns": _flat(parts.get("Returns", [])),
        "columns": _columns(returns),
        "references": _flat(parts.get("References", [])),
    }
    return {key: value for key, value in entry.items() if value}


def _sections(text: str) -> dict[str, list[str]]:
    """Return the lines under each underlined heading of a docstring."""
    lines, found, current = text.split("\n"), {}, None
    for place, line in enumerate(lines):
        if line in SECTIONS and place + 1 < len(lines) and set(lines[place + 1]) == {"-"}:
            current = found.setdefault(line, [])
        elif current is not None and set(line) != {"-"}:
            current.append(line)
    return found


def _entries(lines: list[str]) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    for line in lines:
        if line and not line.startswith(" "):
            name, _, kind = line.partition(" : ")
            entries.append({"name": name, "type": kind, "meaning": ""})
        elif entries and line.strip():
            entries[-1]["meaning"] = f"{entries[-1]['meaning']} {line.strip()}".strip()
    return [{key: value for key, value in entry.items() if value} for entry in entries]


def _columns(returns: str) -> list[str]:
    """Return the names of columns that a docstring puts in double backticks, in order, with the result columns in place."""
    quoted = re.findall(r"``([^`]+)``|([Rr]esult columns)", returns)
    names: list[str] = []
    for quote, marker in quoted:
        names += RESULT_COLUMNS if marker else [name for name in re.split(r"[,\s]+", quote) if re.fullmatch(r"[A-Za-z_]\w*", name)]
    return list(dict.fromkeys(names))


def _flat(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


if __name__ == "__main__":
    sys.exit(main())
