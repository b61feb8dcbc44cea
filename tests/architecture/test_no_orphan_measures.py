"""Every public measure is used by a notebook, a partner kind or a worked example, and the list of measures is current."""

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEASURES = ROOT / "svd_lib" / "measures"
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.md"))
PARTNER_KINDS = [path for folder in ("svd_lib/partner", "svd_lib/partners") for path in sorted((ROOT / folder).glob("*.py"))]

PLUMBING_MODULES = {"results", "seeds", "series"}
"""What measures are made of: the shape of results, the seed, series as matrices."""

PLUMBING = {"intervals.poisson_names"}
"""Functions that measure modules share and that measure nothing by themselves."""


def _tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LISTING = _tool("list_measures")
PUBLIC = [
    f"{path.stem}.{node.name}"
    for path in sorted(MEASURES.glob("*.py"))
    if path.stem not in PLUMBING_MODULES
    for node in LISTING.public_functions(path)
]


def used_in(source):
    """Return ``module.function`` of every measure that a piece of Python uses."""
    tree = ast.parse(source)
    modules, functions = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "svd_lib.measures":
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("svd_lib.measures."):
            stem = node.module.rsplit(".", 1)[1]
            functions |= {alias.asname or alias.name: f"{stem}.{alias.name}" for alias in node.names}
    attributes = {
        f"{modules[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    named = {functions[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in functions}
    return attributes | named


def notebook_source(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def example_source(path):
    return "\n".join(re.findall(r"^(?:>>>|\.\.\.) (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def all_used():
    sources = [notebook_source(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    sources += [path.read_text(encoding="utf-8") for path in PARTNER_KINDS]
    return set().union(*(used_in(source) for source in sources + [example_source(path) for path in EXAMPLES]))


USED = all_used()


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in PLUMBING])
def test_a_public_measure_is_used(name):
    assert name in USED, f"no notebook, partner kind or example uses {name}; use it, or make it private or delete it"


@pytest.mark.parametrize("name", sorted(PLUMBING))
def test_what_is_called_plumbing_is_shared_between_measures(name):
    stem, function = name.split(".")
    importers = [
        path for path in MEASURES.glob("*.py")
        if path.stem != stem and re.search(rf"from svd_lib\.measures\.{stem} import .*\b{function}\b", path.read_text())
    ]  # fmt: skip
    assert importers, f"{name} is shared by nothing; it is no plumbing"


def test_nothing_used_is_a_measure_that_is_not_there():
    known = set(PUBLIC) | {f"{path.stem}.{name}" for path in MEASURES.glob("*.py") for name in _names(path)}
    assert not USED - known


def _names(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_the_list_of_measures_is_current():
    assert LISTING.TARGET.read_text(encoding="utf-8") == LISTING.listing(), "run tools/list_measures.py"


def test_every_listed_measure_says_what_it_takes_and_returns():
    measures = json.loads(LISTING.TARGET.read_text(encoding="utf-8"))["measures"]
    named = {one["name"].removeprefix("svd_lib.measures."): one for one in measures}
    for name in set(PUBLIC) - PLUMBING:
        entry = named[name]
        assert entry["summary"].endswith("."), name
        assert "returns" in entry or entry["summary"].startswith("Return"), name
