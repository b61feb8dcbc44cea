"""Where a build is: one line that moves on a terminal, one line per event elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

BAR_WIDTH = 24
COLUMNS = 100
SHORT = 2.0
"""Seconds: of what takes no longer, nobody needs to know how much is left."""
CELL = 0.3
"""Seconds that a code cell takes where its chapter has never run here."""


class Progress:
    """Report what has really happened: cells that have run, chapters that are done, the step that is under way.

    Parameters
    ----------
    stream : TextIO, optional
        Where to write; standard error when absent.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._began = time.monotonic()
        self._cells: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._finished = 0
        self._width = 0
        self._seconds: dict[str, float] = {}
        self._after = 0.0
        self._at_a_time = 1
        self._expected_from = self._counted_from = self._began

    def step(self, text: str, seconds: float = 0.0) -> None:
        """Say that a step begins; on a terminal also how long it took the last time, where that was long."""
        takes = f" (about {_words(seconds)})" if self._moving and seconds > SHORT else ""
        self._line(f"[{self._elapsed()}] {text}{takes}")

    def count(self, done: int, total: int, name: str) -> None:
        """Say that ``done`` of ``total`` things are there, ``name`` the latest; shown on a terminal only."""
        if done <= 1:
            self._counted_from = time.monotonic()
        if self._moving:
            spent = time.monotonic() - self._counted_from
            left = said_left(spent / max(done - 1, 1) * (total - done)) if done > 1 else ""
            self._show(f"{done} of {total}{left}  {name}"[:COLUMNS])

    def expect(self, cells: dict[str, int], seconds: Mapping[str, float] | None = None, at_a_time: int = 1, after: float = 0.0) -> None:
        """Say what will run.

        Parameters
        ----------
        cells : dict of str to int
            Chapter -> number of its code cells.
        seconds : mapping of str to float, optional
            Chapter -> seconds that it took the last time.
        at_a_time : int, default 1
            Chapters executed together.
        after : float, default 0
            Seconds that what follows the chapters took the last time.
        """
        self._cells = dict(cells)
        self._done = {}
        self._finished = 0
        self._seconds = {name: (seconds or {}).get(name, CELL * count) for name, count in cells.items()}
        self._at_a_time, self._after, self._expected_from = max(at_a_time, 1), after, time.monotonic()
        self._redraw()

    def cell_done(self, chapter: str, done: int) -> None:
        """Say that a chapter has run ``done`` of its cells."""
        self._done[chapter] = done
        self._redraw()

    def chapter_done(self, chapter: str, seconds: float) -> None:
        """Say that a chapter is finished."""
        self._done[chapter] = self._cells.get(chapter, 0)
        self._finished += 1
        so_far = f"{self._finished} of {len(self._cells)} chapters"
        self._line(f"[{self._elapsed()}] {chapter}: {self._done[chapter]} cells in {seconds:.1f} s ({so_far})")
        self._redraw()

    def chapter_kept(self, chapter: str) -> None:
        """Say that a chapter need not run after all: what it was made from is unchanged."""
        if self._cells.pop(chapter, None) is not None:
            self._line(f"[{self._elapsed()}] {chapter}: unchanged")
            self._redraw()

    def _redraw(self) -> None:
        if not self._moving or not self._cells:
            return
        total, done = sum(self._cells.values()), sum(self._done.values())
        filled = BAR_WIDTH * done // max(total, 1)
        running = ", ".join(name for name, count in self._done.items() if count < self._cells.get(name, 0))
        text = f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {done} of {total} cells{said_left(self._left())}  {running}"
        self._show(text)

    def _left(self) -> float:
        """Return the seconds left, by what the chapters took the last time and the pace of this one."""
        whole = {name: self._seconds.get(name, 0.0) for name in self._cells}
        left = {name: seconds * (1 - self._done.get(name, 0) / max(self._cells[name], 1)) for name, seconds in whole.items()}
        remains = max(sum(left.values()) / self._at_a_time, max(left.values(), default=0.0))
        behind = (sum(whole.values()) - sum(left.values())) / self._at_a_time
        spent = time.monotonic() - self._expected_from
        pace = spent / behind if behind > SHORT else 1.0
        return remains * max(pace, 1.0) + self._after

    def _show(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._width))
        self._width = len(text)
        self._stream.flush()

    def _line(self, text: str) -> None:
        if self._moving:
            self._stream.write("\r" + " " * self._width + "\r")
            self._width = 0
        self._stream.write(text + "\n")
        self._stream.flush()

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"


def said_left(seconds: float) -> str:
    """Return how much is left, in words after a comma; nothing where it is little."""
    return f", about {_words(seconds)} left" if seconds > SHORT else ""


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
