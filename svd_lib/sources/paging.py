"""Pages of a long answer, each kept when it is whole, so that a run that was stopped goes on with the next one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from svd_lib.sources.lock import write_atomically


class Pages:
    """The pages held so far beside the file they will become.

    Parameters
    ----------
    part : pathlib.Path
        The file that is being brought.
    question : mapping
        What was asked and how much there is; pages of another question are thrown away.
    """

    def __init__(self, part: Path, question: Mapping[str, Any]) -> None:
        self._part = part
        self._folder = part.with_name(part.name + ".pages")
        record = self._folder / "question.json"
        wanted = json.dumps(dict(question), sort_keys=True)
        if not (record.is_file() and record.read_text(encoding="utf-8") == wanted):
            shutil.rmtree(self._folder, ignore_errors=True)
            write_atomically(record, wanted.encode())
        held = self._held()
        self.rows = int(held[-1].stem) if held else 0

    def add(self, content: bytes, rows: int) -> None:
        """Keep a page of so many rows."""
        self.rows += rows
        write_atomically(self._folder / f"{self.rows:012d}.page", content)

    def contents(self) -> list[bytes]:
        """Return every page, in order."""
        return [path.read_bytes() for path in self._held()]

    def finish(self, whole: bytes) -> None:
        """Write the file made of the pages, and drop them."""
        write_atomically(self._part, whole)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _held(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.page"))
