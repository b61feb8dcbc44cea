"""Reading a publisher's table as text: nothing guessed, nothing lost, and one clear sentence when it is not what it was.

Every cell comes in as the publisher wrote it; a number is made of it in the open, by :func:`numbers`, so that a marker
such as ``:`` or ``NA`` is never mistaken for a value or for nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd

from svd_lib.errors import SnaError


class Raw(Protocol):
    """What an ingest module needs of the raw files: the paths of a source that match a pattern."""

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the matching files, sorted; empty when none is held."""
        ...


def find(raw: Raw, source: str, pattern: str) -> Path | None:
    """Return the one file of a source that matches, packed or not, or None when none is held.

    Raises
    ------
    SnaError
        When several match, because nothing says which of them counts.
    """
    found = raw.paths(source, pattern.removesuffix(".gz") + "*" if pattern.endswith(".csv.gz") else pattern)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise SnaError(f"Source {source} holds {len(found)} files for '{pattern}' ({names}); keep one of them in the lock.")
    return found[0] if found else None


def read_optional(raw: Raw, source: str, pattern: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """Return the named columns of a file as text, or None when the file is not held."""
    path = find(raw, source, pattern)
    return None if path is None else read_text(path, columns, _renamed(raw, path))


def _renamed(raw: Raw, path: Path) -> Mapping[str, str]:
    """Return our name to the publisher's for the columns of a file that the registry maps."""
    return raw.columns_of(path) if hasattr(raw, "columns_of") else {}


def read_required(raw: Raw, source: str, pattern: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the named columns of a file as text.

    Raises
    ------
    SnaError
        When the file is not held.
    """
    frame = read_optional(raw, source, pattern, columns)
    if frame is None:
        raise SnaError(f"Source {source} holds no file '{pattern}', which every edition needs; run 'sna fetch' to bring it in.")
    return frame


def read_text(path: Path, columns: Sequence[str], renamed: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the named columns of a CSV file (gzip or plain) as text, in file order, blanks as empty text.

    ``renamed`` gives the publisher's name of a column where it is another one than ours.

    Raises
    ------
    SnaError
        When the file cannot be read, is empty, or lacks a column: the sentence names file and column.
    """
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SnaError(f"{path.name} cannot be read as a CSV file ({reason}); fetch it again.") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise SnaError(f"{path.name} has rows with more cells than its header, so that no cell is sure of its column; fetch it again.")
    frame = frame.rename(columns={theirs: ours for ours, theirs in (renamed or {}).items()})
    check_columns(frame, path.name, columns)
    if frame.empty:
        raise SnaError(f"{path.name} has a header and no rows; fetch it again.")
    return frame[list(columns)]


def check_columns(frame: pd.DataFrame, file: str, columns: Sequence[str]) -> None:
    """Raise a sentence that names the file and the columns it no longer has."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SnaError(
            f"{file} has no column '{missing[0]}'; its columns are {_listed(frame)}: has the publisher renamed it? "
            "If so, map it under 'columns' of the file in data/sources.yml."
        )


def _listed(frame: pd.DataFrame) -> str:
    names = [" ".join(str(name).split()) for name in frame.columns]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def numbers(values: pd.Series, file: str, markers: Sequence[str] = ()) -> pd.Series:
    """Return text as float64, null where the text is one of the publisher's markers.

    Parameters
    ----------
    values : pandas.Series of str
        Cells as published; thousands commas and outer blanks are allowed.
    file : str
        Name of the file, for the message.
    markers : sequence of str
        Texts that stand for a missing or suppressed value.

    Raises
    ------
    SnaError
        At the first cell that is neither a number nor a marker; row 1 is the row under the header.
    """
    text = values.str.strip()
    marked = text.isin(list(markers))
    out = pd.to_numeric(text.mask(marked).str.replace(",", "", regex=False), errors="coerce").astype("float64")
    bad = out.isna() & ~marked
    if bad.any():
        first = bad.idxmax()
        raise SnaError(f"{file}, row {first + 1}: '{values[first]}' in column {values.name} is neither a number nor a known marker.")
    return out


def marker_of(values: pd.Series, markers: Sequence[str]) -> pd.Series:
    """Return the publisher's marker where a cell holds one, else null."""
    text = values.str.strip()
    return text.where(text.isin(list(markers)))
