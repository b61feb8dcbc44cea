"""The runner: which builder makes which tidy table from which raw files, and the cache of what it made.

A table lives at ``data/tidy/<table>/<digest>.parquet``. The digest covers the hashes of the inputs, the source of the
code that makes the table, its contract and the tables it is made from: a file that is there is current, and nothing
is ever edited. Every ingest module exposes ``build_<table>(raw, tables) -> DataFrame``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.sources.lock import LockedInput, check_input, read_lock
from svd_lib.sources.registry import Registry, SourceFile, read_registry


@dataclass(frozen=True)
class Member:
    """One verified file out of an archive: archive name, path inside it, and where it lies on disk."""

    archive: str
    member: str
    path: Path


class RawFiles:
    """The raw files of one lock, each checked against its size and hash before it is first handed out.

    Parameters
    ----------
    inputs : iterable of LockedInput
        Inputs of a lock.
    root : pathlib.Path
        The folder ``data/raw``; its parent also holds ``reference`` and ``tidy``.
    """

    def __init__(self, inputs: Iterable[LockedInput], root: Path, reads: tuple[tuple[str, str], ...] | None = None) -> None:
        self._inputs = sorted(inputs, key=lambda entry: (entry.source, entry.name, entry.member or ""))
        self.root = Path(root)
        self._reads = reads
        self._verified: set[Path] = set()
        self._registry: Registry | None = None

    @classmethod
    def of(cls, edition: Edition) -> RawFiles:
        """Return the raw files of an edition's lock."""
        return cls(read_lock(edition.lock_path).inputs, edition.root / "data" / "raw")

    def only(self, reads: Iterable[tuple[str, str]]) -> RawFiles:
        """Return the raw files that match any (source, pattern): all that a builder is allowed to ask for."""
        reads = tuple(reads)
        kept = [entry for entry in self._inputs if any(_matches(entry, source, pattern) for source, pattern in reads)]
        return RawFiles(kept, self.root, reads)

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the whole files of a source whose name matches a glob pattern, sorted; empty when none is locked."""
        return [self._verify(entry) for entry in self._find(source, pattern) if not entry.member]

    def path(self, source: str, name: str) -> Path:
        """Return the one file of that name (or pattern).

        Raises
        ------
        SnaError
            When the lock names no such file, or several.
        """
        found = self.paths(source, name)
        if len(found) != 1:
            raise SnaError(f"The lock names {len(found)} files '{name}' of source {source}; exactly one is needed: run 'sna fetch' again.")
        return found[0]

    def members(self, source: str, pattern: str = "*") -> list[Member]:
        """Return the archive members of a source whose path inside the archive matches a glob pattern, sorted."""
        found = [entry for entry in self._find(source, pattern) if entry.member]
        return [Member(entry.name, entry.member, self._verify(entry)) for entry in found]

    def locked(self, source: str, pattern: str = "*") -> list[LockedInput]:
        """Return what the lock says of a source's files and members that match, without looking at the files."""
        return self._find(source, pattern)

    def read(self, entry: LockedInput) -> bytes:
        """Return the bytes of one input of the lock, checked against it as they are read.

        Raises
        ------
        SnaError
            When the file is missing or differs from the lock.
        """
        path = self.root / entry.relative_path
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise SnaError(check_input(entry, self.root) or f"{path} changed while it was read; run 'sna fetch'.")
        return data

    def holds(self, source: str, pattern: str = "*") -> bool:
        """Return whether the lock names any file or member of the source that matches."""
        return bool(self._find(source, pattern))

    def reference(self, name: str) -> Path:
        """Return the path of one of the project's own tables in ``data/reference``."""
        path = self.root.parent / "reference" / name
        if not path.is_file():
            raise SnaError(f"{path} is missing; it is part of the project: restore it from version control.")
        return path

    def layouts(self) -> list[tuple[str, Path, Mapping[str, Any]]]:
        """Return source, path and layout of every file that is read by a layout of the registry, sorted."""
        held = [(entry, self._described(entry)) for entry in self._inputs if not entry.member]
        return [(entry.source, self._verify(entry), file.read) for entry, file in held if file is not None and file.read]

    def columns_of(self, path: Path) -> Mapping[str, str]:
        """Return our name to the publisher's for the columns of a file that the registry maps."""
        entry = next((entry for entry in self._inputs if self.root / entry.relative_path == path), None)
        file = self._described(entry) if entry else None
        return file.columns if file else {}

    def described(self) -> list[str]:
        """Return what the registry says of how the inputs are read, for the digest of a table made from them."""
        files = [file for entry in self._inputs if not entry.member and (file := self._described(entry)) is not None]
        return sorted({json.dumps([file.pattern, file.read, file.columns], sort_keys=True) for file in files if file.read or file.columns})

    def _described(self, entry: LockedInput) -> SourceFile | None:
        """Return the registry's entry of an input, or None without a registry that knows it."""
        if self._registry is None:
            path = self.root.parent / "sources.yml"
            self._registry = read_registry(self.root.parent.parent) if path.is_file() else Registry({})
        source = self._registry.sources.get(entry.source)
        return next((file for file in source.files if file.match(entry.name, entry.member) is not None), None) if source else None

    def hashes(self) -> list[tuple[str, str, str, str]]:
        """Return (source, name, member, sha256) of every input, sorted."""
        return [(entry.source, entry.name, entry.member or "", entry.sha256) for entry in self._inputs]

    def _find(self, source: str, pattern: str) -> list[LockedInput]:
        if self._reads is not None and not any(declared == source for declared, _ in self._reads):
            raise AssertionError(f"a builder reads source {source}, which its recipe in tidy.RECIPES does not declare")
        return [entry for entry in self._inputs if _matches(entry, source, pattern)]

    def _verify(self, entry: LockedInput) -> Path:
        path = self.root / entry.relative_path
        if path not in self._verified:
            if problem := check_input(entry, self.root):
                raise SnaError(problem)
            self._verified.add(path)
        return path


def _matches(entry: LockedInput, source: str, pattern: str) -> bool:
    return entry.source == source and fnmatchcase(entry.member or entry.name, pattern)


@dataclass(frozen=True)
class Recipe:
    """How tables are made: ``module:function``, the raw files it may read, our reference tables, the tables it needs.

    A recipe for one table returns a frame; a recipe for several returns a mapping from table name to frame.
    """

    tables: tuple[str, ...]
    module: str
    function: str
    reads: tuple[tuple[str, str], ...]
    needs: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


_HERE = "svd_lib.ingest."
_RESIDENTS_2020 = ("ons_population", "population20_lsoa11.csv.gz")
_OUTCOMES_BY_CODE = ("home_office_prc", "violence-prosecutions-data.csv.gz")
_FORMER_DISTRICTS = ("ons_lookups", "lookup_lsoa11_ltla18.csv.gz")


def _recipe(table: str, module: str, sources: str, needs: str = "", reference: str = "") -> Recipe:
    reads = tuple((source, "*") for source in sources.split())
    return Recipe((table,), _HERE + module, f"build_{table}", reads, tuple(needs.split()), tuple(reference.split()))


_INDICATORS = (
    "home_office_stats home_office_prc dfe_csc dfe_lait ons_css fingertips nhs_knife_admissions ons_lookups ons_population ons_pfa_tables "
    "home_office_weapons fire_statistics dfe_suspensions moj_youth_justice moj_knife_sentencing mhclg_homelessness "
    "wales_education wales_children wales_health wales_fire"
)

RECIPES: tuple[Recipe, ...] = (
    _recipe("places", "lookups", "ons_lookups ons_boundaries"),
    _recipe("place_changes", "lookups", "ons_lookups ons_population"),
    _recipe("neighbours", "boundaries", "ons_boundaries"),
    _recipe("population", "population", "ons_population", "place_changes"),
    _recipe("deprivation", "deprivation", "mhclg_iod ons_population", "place_changes"),
    _recipe("place_indicators", "place_indicators", "ons_population mhclg_iod wales_imd", "place_changes"),
    _recipe("recorded_crime", "recorded_crime", "home_office_prc ons_pfa_tables", "places", "offence_codes.csv"),
    _recipe("indicators", "indicators", _INDICATORS, "places"),
    Recipe(
        ("street_counts", "outcome_counts", "coverage", "rejects"),
        _HERE + "street",
        "build_street_tables",
        (("police_uk_archive", "*"),),
        ("places", "place_changes"),
    ),
)
"""Every tidy table, in dependency order. Boundaries are no table: a view asks :mod:`svd_lib.ingest.boundaries`."""


class TidyTables(Mapping[str, pd.DataFrame]):
    """The tidy tables of one lock: a mapping from name to frame, each read when it is first asked for.

    Parameters
    ----------
    paths : mapping of str to pathlib.Path
        Table name to Parquet file.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = dict(paths)
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, table: str) -> pd.DataFrame:
        if table not in self._frames:
            self._frames[table] = read_table(self.paths[table])
        return self._frames[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def digests(self) -> dict[str, str]:
        """Return the digest of each table, which names its file."""
        return {table: path.stem for table, path in self.paths.items()}


def make_tables(raw: RawFiles, wanted: Collection[str] | None = None, tell: Callable[[str], None] | None = None) -> TidyTables:
    """Return the tidy tables of a lock, making those that are not there yet.

    Parameters
    ----------
    raw : RawFiles
        Raw files of the lock; tables go to ``tidy`` beside their folder.
    wanted : collection of str, optional
        Tables to make, with all that they need; every table when left out.
    tell : callable, optional
        Told one line per table: made or reused.

    Raises
    ------
    SnaError
        When a raw file is missing, changed or not what it should be; nothing half-written is left.
    """
    folder = raw.root.parent / "tidy"
    paths: dict[str, Path] = {}
    for recipe in _ordered(wanted):
        digests = {table: path.stem for table, path in paths.items()}
        targets = {table: folder / table / f"{table_digest(table, recipe, raw, digests)}.parquet" for table in recipe.tables}
        made = all(path.is_file() for path in targets.values())
        if not made:
            _make(recipe, raw, TidyTables({table: paths[table] for table in recipe.needs}), targets)
        paths.update(targets)
        if tell:
            tell(f"{', '.join(recipe.tables)}: {'reused' if made else 'made'}")
    return TidyTables(paths)


def table_digest(table: str, recipe: Recipe, raw: RawFiles, needed: Mapping[str, str]) -> str:
    """Return the digest that names a table's file: inputs, code, contract, our reference tables, tables it is made from."""
    reference = [hashlib.sha256(raw.reference(name).read_bytes()).hexdigest() for name in recipe.reference]
    parts = {
        "inputs": raw.only(recipe.reads).hashes(),
        "layouts": raw.only(recipe.reads).described(),
        "code": [hashlib.sha256(path.read_bytes()).hexdigest() for path in code_files(recipe.module)],
        "contract": contracts.digest(table),
        "reference": reference,
        "needs": [needed[name] for name in recipe.needs],
        "writer": _WRITER,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def code_files(module: str) -> list[Path]:
    """Return the source files a builder module depends on: itself and every module of ours it imports, transitively.

    The contracts, this runner and the errors are left out: the digest holds the contract itself, and the others
    change no number.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in _NOT_CODE:
            found[name] = _module_path(name)
            waiting.extend(_imports(found[name]))
    return [found[name] for name in sorted(found)]


def read_table(path: Path) -> pd.DataFrame:
    """Return a Parquet table as it was validated when it was written."""
    return pq.read_table(path).to_pandas()


def write_table(frame: pd.DataFrame | pa.Table, path: Path, level: int = 6) -> None:
    """Write a frame as Parquet: the same bytes for the same rows, in one step so that no half file is ever seen."""
    table = (frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)).replace_schema_metadata(None)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        pq.write_table(table, partial, compression="zstd", compression_level=level, write_statistics=False, store_schema=False)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


_WRITER = 1
"""Raise it when :func:`write_table` writes other bytes."""

_NOT_CODE = ("svd_lib.errors", "svd_lib.ingest.contracts", "svd_lib.ingest.tidy")


def _ordered(wanted: Collection[str] | None) -> list[Recipe]:
    if wanted is None:
        return list(RECIPES)
    needed = set(wanted)
    chosen = []
    for recipe in reversed(RECIPES):
        if needed.intersection(recipe.tables):
            chosen.append(recipe)
            needed.update(recipe.needs)
    return chosen[::-1]


def _make(recipe: Recipe, raw: RawFiles, tables: TidyTables, targets: Mapping[str, Path]) -> None:
    builder = getattr(importlib.import_module(recipe.module), recipe.function)
    built = builder(raw.only(recipe.reads), tables)
    frames = built if len(recipe.tables) > 1 else {recipe.tables[0]: built}
    valid = {table: contracts.validate(table, frames[table]) for table in recipe.tables}
    for table, frame in valid.items():
        write_table(frame, targets[table])


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a source file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.startswith("svd_lib.") and _module_path(name).is_file())


def _module_path(name: str) -> Path:
    return Path(__file__).parents[2].joinpath(*name.split(".")).with_suffix(".py")
