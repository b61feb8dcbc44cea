"""Which modules of ours a notebook or module can reach: read from the syntax, remembered by content, nothing imported."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
"""The folder of ``svd_lib``; it need not lie in the project that is built."""
_DOTTED = re.compile(r"^svd_lib(\.\w+)+$")


class Reach:
    """The package's import graph.

    Parameters
    ----------
    memory : pathlib.Path
        File that keeps each module's imports by the module's digest, so that an unchanged module is not parsed again.
    package : pathlib.Path, default :data:`PACKAGE`
        The package's folder.
    """

    def __init__(self, memory: Path, package: Path = PACKAGE) -> None:
        self._package = package
        self._memory = memory
        self._paths = {_module_name(path, package): path for path in sorted(package.rglob("*.py"))}
        self.digests = {name: _digest(path.read_bytes()) for name, path in self._paths.items()}
        self._imports = self._known_imports()

    def modules_of_code(self, sources: Iterable[str]) -> dict[str, str]:
        """Return module -> digest of every module that code can reach.

        Parameters
        ----------
        sources : iterable of str
            Python code, one string per cell; what cannot be parsed reaches nothing.
        """
        return self.modules_from(name for source in sources for name in _mentioned(source))

    def modules_named(self, sources: Iterable[str]) -> list[str]:
        """Return the modules that code itself names: importing them imports all that is sure to be needed, and no more."""
        return sorted({module for source in sources for name in _mentioned(source) for module in self._resolved(name)})

    def modules_from(self, names: Iterable[str]) -> dict[str, str]:
        """Return module -> digest of the named modules and all they can reach; names of other things are passed over."""
        waiting = [module for name in names for module in self._resolved(name)]
        found: set[str] = set()
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting += [inner for name in self._imports[module] for inner in self._resolved(name)]
        return {module: self.digests[module] for module in sorted(found)}

    def _resolved(self, name: str) -> Iterator[str]:
        """Yield the module of a dotted name, which may end in a name inside the module."""
        if name in self._paths:
            yield name
        elif name.rpartition(".")[0] in self._paths:
            yield name.rpartition(".")[0]

    def _known_imports(self) -> dict[str, list[str]]:
        remembered = _read(self._memory)
        known = {name: remembered.get(f"{name} {digest}") for name, digest in self.digests.items()}
        if None in known.values():
            known = {name: _imports_of(self._paths[name]) if found is None else found for name, found in known.items()}
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            kept = {f"{name} {self.digests[name]}": found for name, found in known.items()}
            self._memory.write_text(json.dumps(kept), encoding="utf-8")
        return known


def _module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(memory: Path) -> dict[str, list[str]]:
    try:
        return json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _imports_of(path: Path) -> list[str]:
    return sorted(set(_mentioned(path.read_text(encoding="utf-8"))))


@cache
def _mentioned(source: str) -> tuple[str, ...]:
    """Return every dotted name of ours that code imports, anywhere in it, or names in a string to be imported later."""
    return tuple(_names_in(source))


def _names_in(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "svd_lib":
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "svd_lib")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DOTTED.match(node.value):
            yield node.value
