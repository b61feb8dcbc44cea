"""Adapters rename, select and set options; they compute nothing. Read from their syntax trees."""

import ast
from pathlib import Path

import pytest

from tests.spec.runner import adapters_for, load_adapters

FILES = sorted(Path(__file__).parent.glob("adapters_?.py"))
LONGEST = 10
FORBIDDEN = (ast.BinOp, ast.AugAssign, ast.For, ast.While, ast.Lambda, ast.Try, ast.If)
ARITHMETIC_CALLS = {
    "sum",
    "mean",
    "median",
    "std",
    "var",
    "cumsum",
    "diff",
    "div",
    "mul",
    "add",
    "sub",
    "round",
    "abs",
    "sqrt",
    "log",
    "exp",
    "dot",
    "prod",
    "eval",
    "pow",
}


def _functions(path):
    return [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_adapter_is_at_most_ten_lines(path):
    long = {
        node.name: node.end_lineno - node.lineno for node in _functions(path) if node.end_lineno - node.lineno > LONGEST
    }
    assert not long


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_adapter_does_no_arithmetic(path):
    found = [
        f"{node.name}:{inner.lineno}"
        for node in _functions(path)
        for inner in ast.walk(node)
        if (isinstance(inner, FORBIDDEN) and not _joins_paths(inner)) or _arithmetic_call(inner)
    ]
    assert not found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_holds_adapters_only(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert all(node.name.startswith("adapt_") for node in _functions(path))
    assert not [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.AsyncFunctionDef))]


def test_an_unknown_case_falls_back_to_its_method():
    adapters = load_adapters()
    assert adapters_for("C_moran_elsewhere", adapters) == [adapters["C_moran_nc"]]
    assert adapters_for("Z_moran_elsewhere", adapters) == []


def _joins_paths(node):
    """``folder / name`` names a file; ``first | second`` joins dictionaries."""
    joins_folder = (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and getattr(node.left, "id", "") == "folder"
    )
    return joins_folder or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr))


def _arithmetic_call(node):
    if not isinstance(node, ast.Call):
        return False
    return getattr(node.func, "attr", getattr(node.func, "id", "")) in ARITHMETIC_CALLS
