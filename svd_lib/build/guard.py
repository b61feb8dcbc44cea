"""A chapter's guard, inside its kernel: notes which files it opens, and stops what would make two runs differ.

Loaded as an IPython extension. While a cell runs, reading the clock or the environment, the network, another program,
randomness without a seed, and files that are not the edition's are errors of that cell.
"""

from __future__ import annotations

import ast
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

SETTINGS = "SNA_GUARD"
"""Environment variable that holds, as JSON: record, readable (folders and files), writable (folders), memory (bytes)."""
MOST_MEMORY = 4 * 2**30
"""Bytes of its own that a chapter's kernel may use; what it shares with the process it was forked from counts too."""
FORBIDDEN_EVENTS = {
    "socket.connect": "the network",
    "socket.getaddrinfo": "the network",
    "socket.gethostbyname": "the network",
    "socket.sendto": "the network",
    "subprocess.Popen": "another program",
    "os.system": "another program",
    "os.posix_spawn": "another program",
    "os.exec": "another program",
}
CLOCK_ATTRIBUTES = {"now", "utcnow", "today", "time_ns", "perf_counter", "monotonic", "localtime", "gmtime"}
CLOCK_FUNCTIONS = {"time": 0, "time_ns": 0, "monotonic": 0, "perf_counter": 0, "localtime": 0, "gmtime": 0, "ctime": 0, "strftime": 1}
"""Functions of ``time`` that ask the clock when called with no more arguments than this."""
OWN_RANDOM = ("seed", "getstate", "setstate", "Random", "SystemRandom")
SYSTEM_FOLDERS = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib")
_NOT_THE_CHAPTER = ("importlib._bootstrap", "IPython.", "ipykernel.")
_PASSED_THROUGH = ("os", "collections.abc", "_collections_abc")


class NotReproducible(RuntimeError):
    """A cell did something that can differ from run to run."""


class Guard:
    """What one kernel may do, and the record of what it did.

    Parameters
    ----------
    record : str
        File that gets one line per file: ``r`` or ``w``, a tab, the path.
    readable, writable : iterable of str
        Files and folders; a folder stands for all below it.
    """

    def __init__(self, record: str, readable: Iterable[str], writable: Iterable[str]) -> None:
        self._file = os.open(record, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
        self._noted = tuple(os.path.realpath(path) for path in readable)
        self._writable = (*(os.path.realpath(path) for path in writable), *_scratch())
        self._readable = (*self._noted, *self._writable, *_libraries(), *SYSTEM_FOLDERS)
        self._seen: set[tuple[str, str]] = set()
        self._is_running = False

    def start_cell(self, *_: object) -> None:
        """A cell begins."""
        self._is_running = True

    def end_cell(self, *_: object) -> None:
        """A cell has ended."""
        self._is_running = False

    def audit(self, event: str, arguments: tuple) -> None:
        """Look at one event of the interpreter; an exception raised here stops it."""
        if not self._is_running:
            return
        if event == "open":
            self._opened(*arguments)
        elif event == "os.rename":
            self._note("w", os.path.realpath(os.fsdecode(arguments[1])))
        elif event in FORBIDDEN_EVENTS and _is_for_the_chapter():
            raise NotReproducible(f"A chapter may not use {FORBIDDEN_EVENTS[event]}.")

    def refuse(self, what: str) -> None:
        """Stop a cell that uses something it may not."""
        if self._is_running:
            raise NotReproducible(f"A chapter may not use {what}.")

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        name = os.path.realpath(os.fsdecode(path))
        if flags & (os.O_WRONLY | os.O_RDWR):
            if not _below(name, self._writable) and _is_for_the_chapter():
                raise NotReproducible(f"A chapter may not write {name}; it publishes through svd_lib.report.")
            self._note("w", name)
        elif _below(name, self._noted):
            self._note("r", name)
        elif not _below(name, self._readable) and _is_for_the_chapter():
            raise NotReproducible(f"A chapter may not read {name}; it reads the edition's tables and data/reference.")

    def _note(self, kind: str, name: str) -> None:
        if (kind, name) not in self._seen:
            self._seen.add((kind, name))
            os.write(self._file, f"{kind}\t{name}\n".encode())


def _below(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


def _scratch() -> tuple[str, ...]:
    own = (os.environ.get(name, "") for name in ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"))
    return tuple(os.path.realpath(path) for path in own if path)


def _libraries() -> tuple[str, ...]:
    package = str(Path(__file__).resolve().parent.parent)
    return tuple(dict.fromkeys(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, package)))


def read_record(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the files a chapter read and the files it wrote, each in order of first use."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = [line.split("\t", 1) for line in lines]
    return [Path(name) for kind, name in pairs if kind == "r"], [Path(name) for kind, name in pairs if kind == "w"]


class _RefuseTheClock(ast.NodeTransformer):
    """Refuse a cell whose code asks for the time, however the module was named."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr in CLOCK_ATTRIBUTES:
            from IPython.core.error import InputRejected

            raise InputRejected(f"A chapter may not use the clock ('{node.attr}'); dates come from the edition.")
        return self.generic_visit(node)


def _is_for_the_chapter() -> bool:
    """Whether a cell's code is behind what happens, and not a library being imported or IPython itself.

    IPython's own ``open`` stands between a cell and Python's, and is passed through.
    """
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name == "__main__" or (name.startswith("svd_lib.") and name != __name__):
            return True
        if name.startswith(_NOT_THE_CHAPTER) and frame.f_code.co_name != "_modified_open":
            return False
        frame = frame.f_back
    return False


def _asked_by_us() -> bool:
    """Whether the code that asked is a cell or a module of ours that no build needs."""
    frame = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__") in _PASSED_THROUGH:
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "") if frame is not None else ""
    return name == "__main__" or (name.startswith("svd_lib.") and not name.startswith("svd_lib.build."))


def _watch(module: Any, name: str, guard: Guard, what: str, is_refused: Callable[..., bool]) -> None:
    """Put a function that asks first in the place of a module's function."""
    original = getattr(module, name)

    def asking(*arguments: Any, **named: Any) -> Any:
        if is_refused(*arguments, **named):
            guard.refuse(what)
        return original(*arguments, **named)

    asking.__name__ = name
    asking.__wrapped__ = original
    setattr(module, name, asking)


def _watch_clock_and_environment(guard: Guard) -> None:
    for name, most in CLOCK_FUNCTIONS.items():
        _watch(time, name, guard, "the clock; dates come from the edition", lambda *given, most=most: len(given) <= most and _asked_by_us())
    _watch(type(os.environ), "__getitem__", guard, "environment variables; what differs between editions is in edition.yml", lambda *_: _asked_by_us())


def _watch_randomness(guard: Guard) -> None:
    import numpy

    what = "randomness without a seed; pass a seeded generator (svd_lib.measures.seeds)"

    def for_the_chapter(*_: Any, **__: Any) -> bool:
        return _is_for_the_chapter()

    for name in random.__all__:
        if name not in OWN_RANDOM:
            _watch(random, name, guard, what, for_the_chapter)
    state = numpy.random.mtrand._rand
    for name in numpy.random.__all__:
        if getattr(getattr(numpy.random, name), "__self__", None) is state:
            _watch(numpy.random, name, guard, what, for_the_chapter)
    _watch(numpy.random, "default_rng", guard, what, lambda seed=None: seed is None and _is_for_the_chapter())


def bound_memory(most: int) -> None:
    """Have an allocation beyond so many bytes fail as an error of the cell that asks for it, where the system can."""
    if sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Begin to guard a kernel; without settings in the environment nothing happens."""
    settings = os.environ.get(SETTINGS)
    if not settings:
        return
    tempfile.gettempdir()  # finds its folder by writing there, once
    said = json.loads(settings)
    bound_memory(said.pop("memory", MOST_MEMORY))
    guard = Guard(**said)
    _watch_clock_and_environment(guard)
    _watch_randomness(guard)
    shell.ast_transformers.append(_RefuseTheClock())
    shell.events.register("pre_run_cell", guard.start_cell)
    shell.events.register("post_run_cell", guard.end_cell)
    sys.addaudithook(guard.audit)
