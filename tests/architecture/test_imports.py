"""Who may import what, and the shape of the package: read from the syntax, no module is imported to be looked at."""

import ast
from pathlib import Path

import pytest

from svd_lib.build.lint import unsteady_sorts

ROOT = Path(__file__).resolve().parents[2]

PACKAGE = ROOT / "svd_lib"
MODULES = sorted(PACKAGE.rglob("*.py"))
EVERYWHERE = {"errors", "vocabulary", "yaml_text"}
ALLOWED = {
    "errors": set(),
    "vocabulary": set(),
    "yaml_text": set(),
    "edition": EVERYWHERE,
    "definition": EVERYWHERE | {"edition", "measures"},
    "definition_switch": EVERYWHERE | {"definition", "measures"},
    "sources": EVERYWHERE | {"edition", "sources"},
    "ingest": EVERYWHERE | {"edition", "sources", "ingest", "definition"},
    "measures": EVERYWHERE | {"measures"},
    "disclosure": EVERYWHERE | {"disclosure"},
    "figures": EVERYWHERE | {"figures"},
    "report": EVERYWHERE | {"edition", "disclosure", "figures", "sources", "report", "definition"},
    "build": EVERYWHERE | {"edition", "definition", "definition_switch", "sources", "ingest", "measures", "disclosure", "figures", "report", "build"},
    "desk": EVERYWHERE | {"edition", "definition", "sources", "ingest", "report", "build", "cli", "desk"},
    "cli": EVERYWHERE | {"edition", "build", "desk"},
}
REPORT_FROM_FIGURES = {"style", "tables"}
NOT_A_NOUN = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "tools"}
CLOCK_AND_ENVIRONMENT = {("datetime", "now"), ("date", "today"), ("datetime", "today"), ("time", "time"), ("os", "environ"), ("os", "getenv")}


def layer(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Yield the dotted names of ours that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "svd_lib":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "svd_lib")


def names(paths):
    return [str(path.relative_to(PACKAGE)) for path in paths]


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "__init__.py"], ids=names(p for p in MODULES if p.name != "__init__.py"))
def test_a_module_imports_only_what_its_layer_may(path):
    assert layer(path) in ALLOWED, f"{path.name}: a new part needs its row in the table of who may import what"
    for name in imported(path):
        target = name.split(".")[1] if "." in name else ""
        assert target in ALLOWED[layer(path)], f"{path.relative_to(ROOT)} imports {name}"


def test_report_takes_only_style_and_tables_from_figures():
    for path in (PACKAGE / "report").glob("*.py"):
        for name in imported(path):
            if name.startswith("svd_lib.figures"):
                assert set(name.split(".")[2:]) & REPORT_FROM_FIGURES, f"{path.name} imports {name}"


def test_nothing_has_a_name_without_a_noun():
    assert not [path for path in MODULES if path.stem in NOT_A_NOUN]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=names(sorted(PACKAGE.rglob("__init__.py"))))
def test_init_is_a_docstring_only(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [p for p in MODULES if layer(p) not in ("build", "cli")], ids=names(p for p in MODULES if layer(p) not in ("build", "cli")))
def test_nothing_below_the_build_reads_the_clock_or_the_environment(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCK_AND_ENVIRONMENT, f"{path.relative_to(ROOT)}, line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_rows_that_tie_are_not_left_to_the_processor(path):
    unsteady = [node.lineno for node in unsteady_sorts(ast.parse(path.read_text(encoding="utf-8")))]
    assert not unsteady, f"{path.relative_to(ROOT)}, line(s) {unsteady}: a sort by one column needs kind='stable'"


def test_no_area_is_named_in_the_code():
    allowed = {PACKAGE / "cli.py", PACKAGE / "edition.py", PACKAGE / "build" / "lint.py"}
    for path in set(MODULES) - allowed:
        code = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)]
        docstrings = {id(node.value) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Expr)}
        typed = [n.value for n in code if isinstance(n.value, str) and id(n) not in docstrings and n.value in ("Suffolk", "suffolk", "Ipswich", "E23000025")]
        assert not typed, f"{path.relative_to(ROOT)} names {typed}"
