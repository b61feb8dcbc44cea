"""Between the plan and the kernels: kept results go back in place, new ones are kept as soon as a chapter is done."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from svd_lib.build import provenance
from svd_lib.build.chapters import Chapter
from svd_lib.build.execute import Job, Settle
from svd_lib.build.guard import read_record
from svd_lib.build.plan import Plan, Planner
from svd_lib.build.results import keep
from svd_lib.edition import Edition

EDITION_FILES = ("edition.yml", "lock.json", "partnership.yml", "commentary", "cleared")


class Incremental(Settle):
    """One build's chapters: some kept, some run.

    Parameters
    ----------
    planner : Planner
        Knows what is kept and what everything was made from.
    plan : Plan
        What the build set out to do.
    out : pathlib.Path
        Where chapters write.
    records : pathlib.Path
        Folder for the kernels' records of opened files.
    """

    def __init__(self, planner: Planner, plan: Plan, out: Path, records: Path) -> None:
        self._planner, self._out, self._records = planner, out, records
        self._stale = {step.chapter.name for step in plan.steps if step.is_stale}
        self._chapters = {step.chapter.name: step.chapter for step in plan.steps}
        self._before = {step.chapter.name: planner.facts(step.chapter, ()) for step in plan.steps if step.may_run}
        self._began = time.time_ns()
        records.mkdir(parents=True)

    @property
    def edition(self) -> Edition:
        """The edition that is built."""
        return self._planner.edition

    def restore(self) -> None:
        """Put every result back that may still hold, so that chapters which run find what they quote."""
        for name, chapter in self._chapters.items():
            if name not in self._stale:
                self._planner.kept[name].restore(chapter, self._out)

    def is_settled(self, chapter: Chapter) -> bool:
        """Return whether the kept results hold, given the findings as they are now; if not, take them away."""
        if chapter.name not in self._stale and not self._planner.reasons(chapter):
            return True
        self._before[chapter.name] = self._planner.facts(chapter, ())
        if chapter.name not in self._stale:
            self._planner.kept[chapter.name].withdraw(self._out)
        return False

    def finished(self, chapter: str) -> None:
        """Keep what a chapter produced, unless something it was made from was changed meanwhile."""
        one = self._chapters[chapter]
        read, written = read_record(self._records / chapter)
        facts = self._planner.facts(one, [self._planner.name_of(path) for path in read])
        is_steady = self._before[chapter].items() <= facts.items() and not any(self._is_newer(path) for path in read)
        made = keep(self._planner.place(one), chapter, self._out, written, facts if is_steady else {})
        self._planner.kept[chapter] = made

    def guard_settings(self, chapter: Chapter) -> str:
        """Return what a chapter's kernel may open, as JSON for :mod:`svd_lib.build.guard`."""
        edition = self.edition
        tables = [edition.view_path / f"{name}.parquet" for name in chapter.needs]
        shapes = sorted(edition.view_path.glob("boundaries_*.parquet"))
        ours = [edition.folder / name for name in EDITION_FILES] + [edition.root / "data" / name for name in ("reference", "sources.yml")]
        readable = [str(path) for path in (edition.view_path / "view.json", *tables, *shapes, *ours)]
        return json.dumps({"record": str(self._records / chapter.name), "readable": readable, "writable": [str(self._out)]})

    def modules(self, chapters: list[Chapter]) -> list[str]:
        """Return every module of ours that chapters name."""
        return self._planner.modules(chapters)

    def job(self, chapter: Chapter) -> Job:
        """Return how a chapter is executed."""
        edition = self.edition
        target = self._out / "notebooks" / chapter.path.name
        settings = self.guard_settings(chapter)
        return Job(chapter.name, chapter.path, target, edition.name, str(edition.root), str(self._out), settings)

    def collect_findings(self) -> None:
        """Make ``findings.json`` of the chapters' parts where no chapter has just done so."""
        published = self.edition.build_path
        parts = [folder / "findings" for folder in (published, self._out)]
        same = all(folder.is_dir() for folder in parts) and provenance.folder_digests(parts[0]) == provenance.folder_digests(parts[1])
        if same and (published / "findings.json").is_file():
            shutil.copyfile(published / "findings.json", self._out / "findings.json")
        else:
            from svd_lib.report.finding import merge_parts

            merge_parts(self._out, self.edition.name)

    def _is_newer(self, path: Path) -> bool:
        return path.is_file() and path.stat().st_mtime_ns > self._began
