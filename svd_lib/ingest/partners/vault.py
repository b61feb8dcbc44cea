"""The vault: where restricted extracts are kept, outside every repository, readable by their owner alone.

``<vault>/<edition>/<kind>/`` holds the extract as received, its tidy counts and a record. It is written whole or not at
all; a newer extract of the same kind replaces the older.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, tidy
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS
from svd_lib.sources.swap import swap_in

SCHEMA = 1
RECORD, TIDY, QUOTES = "record.json", "tidy.parquet", "quotes.json"
_OWNER_FOLDER, _OWNER_FILE = 0o700, 0o600


@dataclass(frozen=True)
class Held:
    """One extract in the vault.

    Parameters
    ----------
    kind : Kind
        Its kind.
    folder : pathlib.Path
        Where it is.
    record : dict
        The content of ``record.json``: ``rows, first_month, last_month, is_synthetic, added, delete_by, sha256``.
    """

    kind: Kind
    folder: Path
    record: dict

    def table(self) -> pd.DataFrame:
        """Return the tidy counts.

        Raises
        ------
        SnaError
            When the file is not the one that the record names.
        """
        path = self.folder / TIDY
        if not path.is_file() or _digest(path) != self.record["tidy_sha256"]:
            raise SnaError(f"The vault's counts of kind {self.kind.id} are not the ones its record names; add the extract again.")
        return contracts.validate(self.kind.table, tidy.read_table(path))

    def file(self) -> Path:
        """Return the kept copy of the extract.

        Raises
        ------
        SnaError
            When it is not the file that the record names.
        """
        found = [path for path in self.folder.glob("extract.*") if _digest(path) == self.record["sha256"]]
        if len(found) != 1:
            raise SnaError(f"The vault's extract of kind {self.kind.id} is not the one its record names; add the extract again.")
        return found[0]

    def quotes(self) -> dict[str, dict]:
        """Return the screened quotations by id; empty for kinds without."""
        path = self.folder / QUOTES
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def open_vault(folder: Path, root: Path) -> Path:
    """Return the vault's real folder, or refuse one inside the project or any repository.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.
    root : pathlib.Path
        Project root.

    Raises
    ------
    SnaError
        When restricted data would lie where they could be committed or published.
    """
    real = folder.expanduser().resolve()
    if real.is_relative_to(root.resolve()):
        raise SnaError("The vault must lie outside the project, so that no extract can be committed or published; give --vault another folder.")
    for parent in (real, *real.parents):
        if (parent / ".git").exists():
            raise SnaError("The vault must not lie inside a version-controlled folder; give --vault another folder.")
    if real.exists() and not real.is_dir():
        raise SnaError("The vault must be a folder; give --vault another path.")
    return real


def put_extract(vault: Path, edition: Edition, kind: Kind, extract: Path, table: pd.DataFrame, record: Mapping[str, object], quotes: Mapping[str, dict]) -> Held:
    """Keep an extract with its counts and record, in place of an older one of its kind.

    Parameters
    ----------
    vault : pathlib.Path
        From :func:`open_vault`.
    edition, kind
        Whose and which.
    extract : pathlib.Path
        The file that was checked.
    table : pandas.DataFrame
        Its tidy counts.
    record : mapping
        What is said of it; ``sha256`` of the file that was checked among it.
    quotes : mapping
        Screened quotations by id.

    Raises
    ------
    SnaError
        When the file was changed since it was checked.
    """
    place = vault / edition.name / kind.id
    with _staged(place) as staging:
        copy = staging / f"extract{_ending(extract)}"
        shutil.copyfile(extract, copy)
        if _digest(copy) != record["sha256"]:
            raise SnaError("The file was changed while it was read; add it again.")
        tidy.write_table(table, staging / TIDY)
        said = {"schema": SCHEMA, "kind": kind.id, "edition": edition.name, **record, "tidy_sha256": _digest(staging / TIDY)}
        _write_json(staging / RECORD, said)
        if quotes:
            _write_json(staging / QUOTES, quotes)
    return held_of(vault, edition, kind)


def held_of(vault: Path, edition: Edition, kind: Kind) -> Held:
    """Return what the vault holds of a kind for an edition.

    Raises
    ------
    SnaError
        When it holds nothing, or its record is not readable.
    """
    folder = vault / edition.name / kind.id
    path = folder / RECORD
    if not path.is_file():
        raise SnaError(f"The vault holds no extract of kind {kind.id} for {edition.name}; take one in with 'sna partner add'.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        record = {}
    if record.get("schema") != SCHEMA or record.get("kind") != kind.id:
        raise SnaError(f"The vault's record of kind {kind.id} is not readable; add the extract again.")
    return Held(kind, folder, record)


def all_held(vault: Path, edition: Edition) -> list[Held]:
    """Return everything that the vault holds for an edition."""
    return [held_of(vault, edition, kind) for kind in KINDS.values() if (vault / edition.name / kind.id / RECORD).is_file()]


def delete_by(added: date, kind: Kind) -> date:
    """Return the day by which an extract must be deleted."""
    months = added.year * 12 + added.month - 1 + kind.retention_months
    return date(months // 12, months % 12 + 1, min(added.day, 28))


@contextmanager
def _staged(place: Path) -> Iterator[Path]:
    """Give a private folder to fill, and put it in the place only when all went well."""
    made = [folder for folder in (place.parent, *place.parent.parents) if not folder.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    for folder in made:
        folder.chmod(_OWNER_FOLDER)
    staging = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        yield staging
        for path in staging.iterdir():
            path.chmod(_OWNER_FILE)
        swap_in(staging, place)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        for folder in made:
            _remove_empty(folder)
        raise


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _write_json(path: Path, content: object) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_FILE)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _ending(path: Path) -> str:
    """Return the ending of the kept copy: one of those known, never the file's own words."""
    known = (".csv", ".tsv", ".xlsx", ".ods")
    return path.suffix.lower() if path.suffix.lower() in known else ".txt"


def is_private(folder: Path) -> bool:
    """Tell whether a folder and all in it are closed to everybody but the owner."""
    return all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (folder, *folder.rglob("*")))
