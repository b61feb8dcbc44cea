"""Memory of running processes: the proportional set size (PSS), which counts a shared page once, in parts."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

PAUSE = 0.1
KIBIBYTE = 1024


class Peak:
    """The highest PSS that some of this process's descendants had together, looked at ten times a second.

    Parameters
    ----------
    is_counted : callable
        Told a process's command line; whether it counts.
    """

    def __init__(self, is_counted: Callable[[str], bool]) -> None:
        self._is_counted = is_counted
        self._over = threading.Event()
        self.bytes = 0

    @contextlib.contextmanager
    def watching(self) -> Iterator[Peak]:
        """Look while the block runs."""
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        try:
            yield self
        finally:
            self._over.set()
            looking.join()

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            self.bytes = max(self.bytes, sum(_pss(pid) for pid in descendants(os.getpid()) if self._is_counted(_command(pid))))


def descendants(pid: int) -> list[int]:
    """Return the processes below one, at this moment."""
    waiting, found = [pid], []
    while waiting:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{waiting.pop()}/task").iterdir():
                children = [int(one) for one in (task / "children").read_text().split()]
                waiting += children
                found += children
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _pss(pid: int) -> int:
    """Return a process's PSS in bytes, 0 when it is gone."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * KIBIBYTE
    return 0
