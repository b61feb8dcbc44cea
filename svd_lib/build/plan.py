"""What a build has to do, and why: decided by the content of everything a chapter or the site was made from.

Nothing scientific is imported here, so that a build with nothing to do is over at once.
"""

from __future__ import annotations

import hashlib
import json
import re
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from svd_lib.build import provenance
from svd_lib.build.chapters import Chapter
from svd_lib.build.reach import Reach
from svd_lib.build.results import Kept, read_kept
from svd_lib.edition import Edition

CACHE = "cache"
TABLE, FILE, VIEW = "tidy table ", "file ", "the area or the lock"
PARTNER = "partner_"
RESULTS = "results of "
EXECUTION_MODULES = ("svd_lib.build.execute", "svd_lib.build.environment", "svd_lib.build.guard")
SITE_MODULES = ("svd_lib.build.site", "svd_lib.build.provenance", "svd_lib.build.kept_book")
SITE_FILES = ("book/**/*", "data/reference/**/*", "data/editions/*/published.json", "_config.yml", "_toc.yml", "data/sources.yml")
_OURS_IN_CONFIGURATION = re.compile(r"svd_lib(?:\.\w+)+")
ABSENT = "absent"
MOST_REASONS = 3


@dataclass(frozen=True)
class Step:
    """One chapter of a plan.

    Parameters
    ----------
    chapter : Chapter
        Which.
    reasons : tuple of str
        Why it runs; empty when nothing it was made from has changed.
    waits_for : tuple of str
        Quoted chapters that run: it runs too if their findings change.
    """

    chapter: Chapter
    reasons: tuple[str, ...]
    waits_for: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether the chapter runs in any case."""
        return bool(self.reasons)

    @property
    def may_run(self) -> bool:
        """Whether the chapter runs, or would if findings it quotes change."""
        return bool(self.reasons or self.waits_for)


@dataclass(frozen=True)
class Plan:
    """What a build would do.

    Parameters
    ----------
    steps : tuple of Step
        One per chapter, in running order.
    site : tuple of str
        Why the site is made again; empty when it is not.
    record : tuple of str
        Why the record of the build's inputs is written again although the site stays.
    """

    steps: tuple[Step, ...]
    site: tuple[str, ...]
    record: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.site or self.record or any(step.may_run for step in self.steps))

    def lines(self) -> list[str]:
        """Return the plan in words, one line per thing to do."""
        said = [_line(step.chapter.name, step.reasons) for step in self.steps if step.is_stale]
        said += [
            f"{step.chapter.name}: only if the findings of {', '.join(step.waits_for)} change"
            for step in self.steps
            if not step.is_stale and step.waits_for
        ]
        said += [_line("site", self.site)] if self.site else []
        said += [_line("provenance.json", self.record)] if self.record else []
        return said or ["nothing to do"]


def _line(name: str, reasons: tuple[str, ...]) -> str:
    more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return f"{name}: {'; '.join(reasons[:MOST_REASONS])}{more}"


class Planner:
    """Compares what an edition's results were made from with what is there now.

    Parameters
    ----------
    edition : Edition
        Whose build folder holds the kept results.
    chapters : list of Chapter
        In running order.
    """

    def __init__(self, edition: Edition, chapters: list[Chapter]) -> None:
        self.edition = edition
        self.chapters = chapters
        self.folder = edition.build_path / CACHE
        self.kept: dict[str, Kept | None] = {chapter.name: read_kept(self.place(chapter)) for chapter in chapters}
        self._reach = Reach(self.folder / "imports.json")
        self._sources: dict[str, str] = {}
        self._record: dict[str, str] = {}

    def place(self, chapter: Chapter) -> Path:
        """Return the folder of a chapter's kept results."""
        return self.folder / "chapters" / chapter.name

    def plan(self) -> Plan:
        """Return what a build would do now."""
        steps: list[Step] = []
        for chapter in self.chapters:
            may = {step.chapter.name for step in steps if step.may_run}
            waits = tuple(name for name in chapter.quotes if name in may)
            steps.append(Step(chapter, self.reasons(chapter), waits))
        return Plan(tuple(steps), self._site_reasons(steps), self._record_reasons(steps))

    def reasons(self, chapter: Chapter) -> tuple[str, ...]:
        """Return why a chapter must run, given the findings that are there now."""
        kept = self.kept[chapter.name]
        if kept is None:
            return ("no results are kept",)
        return differences(kept.facts, self.facts(chapter, _paths_read(kept.facts)))

    def facts(self, chapter: Chapter, read: Iterable[str]) -> dict[str, str]:
        """Return what a chapter's results are made from: in words -> digest or version.

        Parameters
        ----------
        chapter : Chapter
            Which.
        read : iterable of str
            What it read, as :meth:`name_of` says it.
        """
        facts = {**self._environment, "parameter edition": self.edition.name, **_code_facts(chapter.path)}
        sources = (text for name, text in facts.items() if name.startswith("code cell "))
        modules = {**self._reach.modules_of_code(sources), **self._reach.modules_from(EXECUTION_MODULES)}
        facts |= {f"module {name}": digest for name, digest in modules.items()}
        facts |= {self.name_of(path): self._content(self.name_of(path)) for path in self._cleared(chapter)}
        facts |= {f"findings of {name}": kept.findings for name in chapter.quotes if (kept := self.kept.get(name))}
        return facts | {name: self._content(name) for name in read}

    def _cleared(self, chapter: Chapter) -> list[Path]:
        """Return the records of the partner tables a chapter needs: one that is not there yet counts as absent."""
        kinds = [name.removeprefix(PARTNER).replace("_", "-") for name in chapter.needs if name.startswith(PARTNER)]
        return [self.edition.folder.resolve() / "cleared" / f"{kind}.json" for kind in kinds]

    def modules(self, chapters: Iterable[Chapter]) -> list[str]:
        """Return every module of ours that the chapters' code names: what a process imports before kernels are forked from it."""
        sources = (text for chapter in chapters for name, text in _code_facts(chapter.path).items() if name.startswith("code cell "))
        return self._reach.modules_named(sources)

    def name_of(self, path: Path) -> str:
        """Return how the plan calls a file that a chapter read."""
        if path.parent == self.edition.view_path.resolve():
            return VIEW if path.name == "view.json" else f"{TABLE}{path.stem}"
        return f"{FILE}{path.relative_to(self.edition.root.resolve()).as_posix()}"

    def path_of(self, name: str) -> Path:
        """Return the file of a name that :meth:`name_of` gave."""
        if name == VIEW:
            return self.edition.view_path / "view.json"
        if name.startswith(TABLE):
            return self.edition.view_path / f"{name.removeprefix(TABLE)}.parquet"
        return self.edition.root / name.removeprefix(FILE)

    def _content(self, name: str) -> str:
        path = self.path_of(name)
        if not path.is_file():
            return ABSENT
        return _view_digest(path) if name == VIEW else provenance.file_digest(path)

    @cached_property
    def _environment(self) -> dict[str, str]:
        folders = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
        installed = (path.stem.partition("-") for folder in folders for path in folder.glob("*.dist-info"))
        versions = {f"package {name}": version for name, _, version in installed}
        return {**versions, "platform": " ".join(provenance.platform_of_build().values())}

    def site_facts(self) -> dict[str, str]:
        """Return what the site is made from, the chapters' results among it."""
        edition, facts = self.edition, dict(self._environment)
        for chapter in self.chapters:
            kept = self.kept[chapter.name]
            facts[f"prose of {chapter.name}"] = provenance.file_digest(chapter.path)
            facts[f"{RESULTS}{chapter.name}"] = kept.result if kept else ABSENT
        paths = {path for pattern in SITE_FILES for path in edition.root.glob(pattern) if path.is_file()}
        paths |= {path for path in edition.folder.rglob("*") if path.is_file() and edition.snapshot_path not in path.parents}
        facts |= {f"{FILE}{path.relative_to(edition.root).as_posix()}": provenance.file_digest(path) for path in paths}
        configuration = (edition.root / "_config.yml").read_text(encoding="utf-8")
        modules = self._reach.modules_from([*SITE_MODULES, *_OURS_IN_CONFIGURATION.findall(configuration)])
        return facts | {f"module {name}": digest for name, digest in modules.items()} | {VIEW: self._content(VIEW)}

    def record_facts(self) -> dict[str, str]:
        """Return what ``provenance.json`` tells and the site does not."""
        edition = self.edition
        view = {f"view {name}": digest for name, digest in provenance.folder_digests(edition.view_path).items()}
        return {"the project's code": provenance.code_digest(edition.root), "kind of view": edition.view_path.name, **view}

    def note_sources(self) -> None:
        """Remember the sources as they are when a build begins: one edited meanwhile is stale afterwards."""
        self._sources = {name: text for name, text in self.site_facts().items() if not name.startswith(RESULTS)}
        self._record = self.record_facts()

    def seconds(self) -> dict[str, float]:
        """Return how long each chapter, and what follows them, took the last time that it was done here."""
        try:
            return json.loads(self._timed.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def note_seconds(self, taken: Mapping[str, float]) -> None:
        """Remember how long something took."""
        if not taken:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._timed.write_text(json.dumps(self.seconds() | {name: round(value, 1) for name, value in taken.items()}, indent=1), encoding="utf-8")

    @property
    def _timed(self) -> Path:
        return self.folder / "seconds.json"

    def note_published(self) -> None:
        """Remember what the published site was made from."""
        site = provenance.site_digest(self.edition, self.edition.build_path / "html")["site"]
        results = {name: text for name, text in self.site_facts().items() if name.startswith(RESULTS)}
        content = {"site": self._sources | results, "record": self._record, "digest": site}
        self._published.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")

    def forget_published(self) -> None:
        """Say that the published site is about to change: an interruption from here on makes it stale."""
        self._published.unlink(missing_ok=True)

    @property
    def _published(self) -> Path:
        return self.folder / "site.json"

    def _known(self) -> dict | None:
        try:
            return json.loads(self._published.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def _site_reasons(self, steps: list[Step]) -> tuple[str, ...]:
        known = self._known()
        if known is None:
            return ("no site is there",)
        html = self.edition.build_path / "html"
        if not html.is_dir() or provenance.site_digest(self.edition, html)["site"] != known["digest"]:
            return ("its files were changed by something else",)
        running = tuple(f"{step.chapter.name} runs" for step in steps if step.is_stale)
        return running + differences(known["site"], self.site_facts())

    def _record_reasons(self, steps: list[Step]) -> tuple[str, ...]:
        known = self._known()
        return differences(known["record"], self.record_facts()) if known else ()


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Return one phrase for each thing that changed, came or went."""
    said = [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    said += [f"{name} is new" for name in new if name not in old]
    said += [f"{name} is gone" for name in old if name not in new]
    return tuple(said)


def _paths_read(facts: Mapping[str, str]) -> list[str]:
    return [name for name in facts if name == VIEW or name.startswith((TABLE, FILE))]


def _code_facts(path: Path) -> dict[str, str]:
    """Return every code cell's source, and their order; a notebook without cell ids counts as one piece."""
    content = path.read_text(encoding="utf-8")
    cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
    names = [cell.get("id") for cell in cells]
    facts = {f"code cell {cell.get('id', number)}": "".join(cell["source"]) for number, cell in enumerate(cells)}
    facts["order of code cells"] = json.dumps([[cell.get("id"), cell["metadata"]] for cell in cells], sort_keys=True)
    if None in names or len(set(names)) < len(names):
        facts["notebook"] = hashlib.sha256(content.encode()).hexdigest()
    return facts


def _view_digest(path: Path) -> str:
    """Digest what a view says of its area and lock; its tables count one by one."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in manifest.items() if name != "tables"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
