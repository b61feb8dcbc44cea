"""Where a build is: one line that moves on a terminal, one line per event elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO

BAR_WIDTH = 24
COLUMNS = 100


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

    def step(self, text: str) -> None:
        """Say that a step begins."""
        self._line(f"[{self._elapsed()}] {text}")

    def count(self, done: int, total: int, name: str) -> None:
        """Say that ``done`` of ``total`` things are there, ``name`` the latest; shown on a terminal only."""
        if self._moving:
            self._show(f"{done} of {total}  {name}"[:COLUMNS])

    def expect(self, cells: dict[str, int]) -> None:
        """Say which chapters will run and how many code cells each has."""
        self._cells = dict(cells)
        self._done = {}
        self._finished = 0
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
        text = f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {done} of {total} cells  {running}"
        self._show(text)

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
