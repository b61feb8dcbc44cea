"""One month file of the street-level archive: its bytes in, its counts and what was found about its rows out.

A file is read once, whole and in memory (a month of the largest force is about 25 MB). Crime IDs leave as 64-bit keys,
so that a force's records can be told apart without keeping them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from svd_lib import vocabulary
from svd_lib.errors import SnaError

NONE_RECORDED = "None recorded"
ELSEWHERE = "location code of Scotland or Northern Ireland, not an LSOA of England and Wales"
NOWHERE, REJECTED = -1, -2
"""Place indices of a row without an LSOA, and of one whose code is :data:`ELSEWHERE`."""

_SHARED = ("Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name")
COLUMNS: dict[str, tuple[str, ...]] = {
    "street": (*_SHARED, "Crime type", "Last outcome category", "Context"),
    "outcomes": (*_SHARED, "Outcome type"),
}
"""The publisher's columns, in its order."""
OUTCOME = {"street": "Last outcome category", "outcomes": "Outcome type"}

_MEMBER = re.compile(r"(?:(?:.*/)?(?P<folder>\d{4}-\d{2})/|(?:.*/)?)(?P<month>\d{4}-\d{2})-(?P<force>[a-z-]+)-(?P<dataset>street|outcomes)\.csv")
_ENDINGS = ("-street.csv", "-outcomes.csv")
_ELSEWHERE = re.compile(r"^(S01\d{6}|N\d{8}|95[A-Z0-9]{4,6})$")
_TEXT = pa.dictionary(pa.int32(), pa.string())
_TYPES = {"Crime ID": pa.binary(), "LSOA name": pa.binary(), "Context": pa.binary(), "Longitude": pa.float64(), "Latitude": pa.float64()}
_READ = ("Crime ID", "Month", "Longitude", "Latitude", "LSOA code", "LSOA name")
_FORMER_SHARE = 0.01
"""A district that no longer exists is named when at least this share of a file's located rows lies in it."""
_ID_CHARACTERS = 64
_PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype="uint64")


@dataclass(frozen=True)
class MonthFile:
    """A month of a force: which archive and member it is, and the older archives that hold it too (null when none)."""

    dataset: str
    force_slug: str
    month: pd.Timestamp
    archive: str
    member: str
    superseded: str | None = None


@dataclass(frozen=True)
class Places:
    """Every LSOA code of either vintage, sorted, with what a row's code says about the row.

    Attributes
    ----------
    codes : pyarrow.Array
        LSOA codes, n of them.
    index : dict of str to int
        Code to its place in ``codes``.
    vintage : numpy.ndarray of int, shape (n,)
        2011, 2021, or 0 for a code of both.
    district : numpy.ndarray of int, shape (n,)
        Index into ``districts``.
    force : numpy.ndarray of int, shape (n,)
        Index into ``forces``: the force whose area the place lies in.
    forces : numpy.ndarray of str
        Forces' names in the archive, sorted.
    districts : numpy.ndarray of str
        District codes, sorted.
    district_names : frozenset of str
        Names of today's districts.
    """

    codes: pa.Array
    index: dict[str, int]
    vintage: np.ndarray
    district: np.ndarray
    force: np.ndarray
    forces: np.ndarray
    districts: np.ndarray
    district_names: frozenset[str]


@dataclass
class MonthRows:
    """What was read of a month file.

    Attributes
    ----------
    file : MonthFile
    counts : numpy.ndarray, shape (k, 3)
        Place index, crime type index and records, of a street file.
    outcomes : pandas.DataFrame
        ``district`` (index, -1 for none), ``crime_type`` (index) and ``outcome`` of a street file, with ``count``; of an
        outcomes file ``key, district, outcome``, one row each.
    keys, types : numpy.ndarray, shape (rows with a Crime ID,)
        Key of the Crime ID, and crime type index (0 in an outcomes file).
    found : dict
        Columns of the coverage table.
    first_reject : int or None
        First refused row, 1 is the row under the header.
    """

    file: MonthFile
    counts: np.ndarray
    outcomes: pd.DataFrame
    keys: np.ndarray
    types: np.ndarray
    found: dict[str, object] = field(default_factory=dict)
    first_reject: int | None = None


def month_file(archive: str, member: str) -> MonthFile | None:
    """Return which month file a member of an archive is; none when it is something else.

    Raises
    ------
    SnaError
        When the name is nearly a month file's, holds no month of the calendar, or another month than its folder.
    """
    match = _MEMBER.fullmatch(member)
    if match is None:
        if member.endswith(_ENDINGS) and not member.rpartition("/")[2].startswith("._"):
            raise SnaError(f"{archive} holds a file that ends like a month's, but whose name has no proper month and force; fetch the archive again.")
        return None
    if not 1 <= int(match["month"][5:]) <= 12 or int(match["month"][:4]) < 2000:
        raise SnaError(f"{archive}/{member}: '{match['month']}' is no month; the archive was edited: fetch it again.")
    if match["folder"] and match["folder"] != match["month"]:
        raise SnaError(f"{archive}/{member} lies in the folder of {match['folder']} but is named for {match['month']}; fetch the archive again.")
    return MonthFile(match["dataset"], match["force"], pd.Timestamp(f"{match['month']}-01"), archive, member)


def newest_files(files: list[MonthFile]) -> list[MonthFile]:
    """Return one file per dataset, force and month: that of the newest archive, told which archives it supersedes."""
    held: dict[tuple, list[MonthFile]] = {}
    for file in sorted(files, key=lambda one: (one.dataset, one.force_slug, one.month, one.archive)):
        held.setdefault((file.dataset, file.force_slug, file.month), []).append(file)
    return [_superseding(group) for group in held.values()]


def _superseding(group: list[MonthFile]) -> MonthFile:
    newest = group[-1]
    older = ", ".join(file.archive for file in group[:-1]) or None
    return MonthFile(newest.dataset, newest.force_slug, newest.month, newest.archive, newest.member, older)


def read_month(data: bytes, file: MonthFile, places: Places) -> MonthRows:
    """Read a month file.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : MonthFile
        What it should be.
    places : Places
        Every LSOA code there is.

    Raises
    ------
    SnaError
        In one sentence naming member, row, value and remedy: another layout or encoding, a row cut off, a foreign month,
        an unknown crime type or LSOA, or two vintages of LSOA in one file.
    """
    check_text(data, file)
    table = _parsed(data, file)
    place = _place_of_rows(table["LSOA code"], file, places)
    types = _type_of_rows(table, file)
    keys, has_id = _keys(table["Crime ID"])
    found = {**_fates(table, place, places, file), **_oddities(data, table, place, types, has_id, places, file)}
    rejected = np.flatnonzero(place == REJECTED)
    first_reject = int(rejected[0]) + 1 if len(rejected) else None
    kept = place != REJECTED
    counts = _counted(place[kept], types[kept]) if file.dataset == "street" else np.empty((0, 3), "int64")
    outcomes = _outcomes(table, place, types, keys, has_id, places, file)
    return MonthRows(file, counts.astype("int32"), outcomes, keys[has_id], types[has_id].astype("int8"), found, first_reject)


def check_text(data: bytes, file: MonthFile) -> None:
    """Refuse a file that is empty, has other columns than the publisher's, is no UTF-8, or ends in the middle of a row.

    Raises
    ------
    SnaError
        One sentence naming the member.
    """
    first, _, rest = data.partition(b"\n") if len(data) < 4096 else (data[:4096].partition(b"\n")[0], b"", b"more")
    header = first.decode("utf-8-sig", "replace").rstrip("\r")
    if not header or not rest:
        raise SnaError(f"{file.member} is empty; fetch its archive again, or take the month out of the lock.")
    _check_header(header, file)
    if not data.endswith(b"\n"):
        raise SnaError(f"{file.member} is truncated: its last row has no end of line; fetch its archive again.")
    try:
        data.isascii() or data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start)
        raise SnaError(f"{file.member}, row {row}: the text is not UTF-8; the file was saved again by another program: fetch its archive again.") from None


def _check_header(header: str, file: MonthFile) -> None:
    try:
        names = next(csv.reader([header]), [])
    except csv.Error:
        names = []
    expected = list(COLUMNS[file.dataset])
    if names != expected:
        odd = [name for name in expected if name not in names]
        what = f"column '{odd[0]}' is missing" if odd else f"the columns are {', '.join(names)}"
        raise SnaError(f"{file.member}, row 0 (header): {what}; the publisher's layout has changed or the file was edited.")


def _parsed(data: bytes, file: MonthFile) -> dict[str, pa.Array]:
    """Return the columns that are wanted, each in one piece, every line of the file being one row."""
    extra = ("Crime type", "Context") if file.dataset == "street" else ()
    names = [*_READ, OUTCOME[file.dataset], *extra]
    convert = arrow_csv.ConvertOptions(
        include_columns=names, column_types={name: _TYPES.get(name, _TEXT) for name in names}, strings_can_be_null=True, null_values=[""]
    )
    read = arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(COLUMNS[file.dataset]), skip_rows=1)
    try:
        table = arrow_csv.read_csv(pa.BufferReader(data), read_options=read, convert_options=convert)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _unreadable(data, file, str(error)) from None
    lines = data.count(b"\n") - 1
    if lines != table.num_rows:
        raise SnaError(f"{file.member} has {lines} lines under its header but {table.num_rows} rows could be read; fetch its archive again.")
    return {name: _whole(table[name]) for name in names}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()


def _unreadable(data: bytes, file: MonthFile, reason: str) -> SnaError:
    """Return the sentence that names the row a reader stumbled over."""
    width = len(COLUMNS[file.dataset])
    for number, row in _rows(data):
        if len(row) != width:
            return SnaError(f"{file.member}, row {number}: {len(row)} fields instead of {width}; the file is truncated or edited: fetch its archive again.")
        for name in ("Longitude", "Latitude"):
            if not _is_number(row[COLUMNS[file.dataset].index(name)]):
                return SnaError(f"{file.member}, row {number}: {name} is not a number; the file was edited: fetch its archive again.")
    return SnaError(f"{file.member} cannot be read ({reason.splitlines()[0][:120]}); fetch its archive again.")


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    next(reader)
    try:
        yield from enumerate(reader, start=1)
    except csv.Error:
        return


def _is_number(text: str) -> bool:
    try:
        return text == "" or bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _place_of_rows(column: pa.DictionaryArray, file: MonthFile, places: Places) -> np.ndarray:
    """Return the place index of every row; refuse an unknown code, or codes of two vintages."""
    values = column.dictionary.to_pylist()
    index = np.array([places.index.get(value, REJECTED) for value in values], "int64")
    place = _mapped(column, index, NOWHERE)
    unknown = [number for number in np.flatnonzero(index == REJECTED) if not _ELSEWHERE.match(values[number])]
    if unknown:
        row = int(np.flatnonzero(np.isin(_mapped(column, np.arange(len(values)), NOWHERE), unknown))[0])
        raise SnaError(
            f"{file.member}, row {row + 1}: LSOA code '{column[row].as_py()}' is in neither the 2011 nor the 2021 list; "
            "fetch its archive again or renew the LSOA lookup."
        )
    _check_vintage(place, file, places)
    return place


def _mapped(column: pa.DictionaryArray, of_value: np.ndarray, of_null: int) -> np.ndarray:
    """Return a number per row, given one per value of the column's dictionary and one for null."""
    lookup = np.append(np.asarray(of_value, "int64"), of_null)
    return lookup[column.indices.fill_null(len(of_value)).to_numpy(zero_copy_only=False)]


def _check_vintage(place: np.ndarray, file: MonthFile, places: Places) -> None:
    kinds = places.vintage[place[place >= 0]]
    if not ((kinds == 2011).any() and (kinds == 2021).any()):
        return
    vintage = np.where(place >= 0, places.vintage[np.maximum(place, 0)], 0)
    first = []
    for kind in (2011, 2021):
        code = int(place[vintage == kind].min())
        first.append(f"{places.codes[code].as_py()} (row {int(np.flatnonzero(place == code)[0]) + 1}) is a {kind} code")
    raise SnaError(f"{file.member} mixes two vintages of LSOA: {first[0]}, {first[1].replace(' is', '')}; fetch its archive again.")


def _type_of_rows(table: dict[str, pa.Array], file: MonthFile) -> np.ndarray:
    """Return the crime type of every row as an index of the vocabulary's; check that every row is of the file's month."""
    expected = f"{file.month:%Y-%m}"
    months = table["Month"]
    _refuse_other(months, {expected: 0}, lambda row, value: f"{file.member}, row {row}: Month is '{value}' in a file for {expected}; fetch its archive again.")
    if file.dataset != "street":
        return np.zeros(len(months), "int64")
    known = {name: number for number, name in enumerate(vocabulary.CRIME_TYPES)}
    return _refuse_other(
        table["Crime type"], known, lambda row, value: f"{file.member}, row {row}: unknown crime type '{value}'; add it to the vocabulary or mend the file."
    )


def _refuse_other(column: pa.DictionaryArray, known: dict[str, int], words: Callable[[int, str], str]) -> np.ndarray:
    numbers = _mapped(column, np.array([known.get(value, -1) for value in column.dictionary.to_pylist()], "int64"), -1)
    bad = np.flatnonzero(numbers < 0)
    if len(bad):
        raise SnaError(words(int(bad[0]) + 1, (column[int(bad[0])].as_py() or "")[:80]))
    return numbers


def _keys(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return a 64-bit key of every Crime ID (0 for none) and whether there is one."""
    has_id = column.is_valid().to_numpy(zero_copy_only=False)
    held = column.drop_null()
    lengths = pc.binary_length(held).to_numpy(zero_copy_only=False)
    usual = lengths == _ID_CHARACTERS
    keys = np.empty(len(held), "uint64")
    keys[usual] = _mixed(held.filter(pa.array(usual)) if not usual.all() else held)
    keys[~usual] = [int.from_bytes(blake2b(value, digest_size=8).digest(), "little") for value in held.filter(pa.array(~usual)).to_pylist()]
    out = np.zeros(len(column), "uint64")
    out[has_id] = keys
    return out, has_id


def _mixed(values: pa.Array) -> np.ndarray:
    """Return a key of every value, all being as long as the publisher's Crime IDs."""
    offsets = np.frombuffer(values.buffers()[1], "int32", count=len(values) + 1, offset=4 * values.offset)
    text = np.frombuffer(values.buffers()[2] or b"", "uint8", count=int(offsets[-1] - offsets[0]), offset=int(offsets[0]))
    words = text.reshape(len(values), _ID_CHARACTERS).view("uint64")
    out = np.full(len(values), _PRIMES[1], "uint64")
    for word in words.T:
        out = (out ^ word) * _PRIMES[0]
        out ^= out >> np.uint64(29)
    return out


def _fates(table: dict[str, pa.Array], place: np.ndarray, places: Places, file: MonthFile) -> dict[str, object]:
    """Return what became of the rows: the coverage table's counts by kind of location."""
    located = place[place >= 0]
    kinds = places.vintage[located]
    of_vintage = [str(kind) for kind in (2011, 2021) if (kinds == kind).any()]
    own = np.flatnonzero(places.forces == file.force_slug)
    return {
        "rows_total": len(place),
        "rows_located": len(located),
        "rows_no_location": int((place == NOWHERE).sum()),
        "rows_rejected": int((place == REJECTED).sum()),
        "rows_recoded": int((kinds == 2011).sum()),
        "rows_in_force_area": int(np.isin(places.force[located], own).sum()),
        "lsoa_vintage": of_vintage[0] if of_vintage else ("either" if len(located) else None),
    }


def _oddities(
    data: bytes, table: dict[str, pa.Array], place: np.ndarray, types: np.ndarray, has_id: np.ndarray, places: Places, file: MonthFile
) -> dict[str, object]:
    """Return what the coverage audit wants to know beyond the fates of rows."""
    has_point = pc.and_(table["Longitude"].is_valid(), table["Latitude"].is_valid()).to_numpy(zero_copy_only=False)
    is_asb = types == vocabulary.CRIME_TYPES.index(vocabulary.ASB) if file.dataset == "street" else np.zeros(len(types), bool)
    return {
        "rows_without_id": int((~has_id).sum()),
        "rows_id_unexpected": int((has_id == is_asb).sum()),
        "rows_repeated": _repeated_lines(data, ~has_id),
        "rows_half_located": int(((place != NOWHERE) != has_point).sum()),
        "rows_context": len(place) - table["Context"].null_count if file.dataset == "street" else 0,
        "former_districts": _former_districts(table["LSOA name"], place, places),
        **_extremes(table),
    }


def _repeated_lines(data: bytes, wanted: np.ndarray) -> int:
    """Return how many of the wanted rows are, letter by letter, an earlier one of the file."""
    if not wanted.any():
        return 0
    ends = np.flatnonzero(np.frombuffer(data, "uint8") == 10)
    spans = zip((ends[:-1][wanted] + 1).tolist(), ends[1:][wanted].tolist(), strict=True)
    lines = [data[start:end] for start, end in spans]
    return len(lines) - len(set(lines))


def _extremes(table: dict[str, pa.Array]) -> dict[str, float | None]:
    west_east, south_north = pc.min_max(table["Longitude"]), pc.min_max(table["Latitude"])
    return {
        "lon_west": west_east["min"].as_py(),
        "lon_east": west_east["max"].as_py(),
        "lat_south": south_north["min"].as_py(),
        "lat_north": south_north["max"].as_py(),
    }


def _former_districts(names: pa.Array, place: np.ndarray, places: Places) -> str | None:
    """Return the districts that the file's neighbourhoods are named after and that are none of today's; none when all are."""
    located, first, count = np.unique(place, return_index=True, return_counts=True)
    rows = (located >= 0) & np.asarray(names.take(pa.array(first)).is_valid())
    total = int(count[located >= 0].sum())
    named: dict[str, int] = {}
    for name, number in zip(names.take(pa.array(first[rows])).to_pylist(), count[rows].tolist(), strict=True):
        district = name.decode("utf-8", "replace").rpartition(" ")[0]
        named[district] = named.get(district, 0) + number
    former = sorted(name for name, number in named.items() if name and name not in places.district_names and number >= _FORMER_SHARE * total)
    return ", ".join(former) or None


def _counted(place: np.ndarray, types: np.ndarray) -> np.ndarray:
    """Return place index, crime type index and records, shape (k, 3)."""
    width = len(vocabulary.CRIME_TYPES)
    keys, count = np.unique((place - NOWHERE) * width + types, return_counts=True)
    return np.column_stack([keys // width + NOWHERE, keys % width, count])


def _outcomes(
    table: dict[str, pa.Array], place: np.ndarray, types: np.ndarray, keys: np.ndarray, has_id: np.ndarray, places: Places, file: MonthFile
) -> pd.DataFrame:
    """Return the outcomes of a file: counted by district and crime type, or one row each where the type is still to be found."""
    kept = place != REJECTED
    column = table[OUTCOME[file.dataset]]
    values = column.dictionary.to_pylist()
    names = np.array(values if NONE_RECORDED in values else [*values, NONE_RECORDED], dtype=object)
    outcome = _mapped(column, np.arange(len(values)), int(np.flatnonzero(names == NONE_RECORDED)[0]))[kept]
    district = np.where(place[kept] >= 0, places.district[np.maximum(place[kept], 0)], NOWHERE)
    if file.dataset == "outcomes":
        return pd.DataFrame({"key": keys[kept], "district": district, "outcome": pd.Categorical.from_codes(outcome, categories=names)})
    width = len(vocabulary.CRIME_TYPES)
    packed, count = np.unique(((district - NOWHERE) * width + types[kept]) * len(names) + outcome, return_counts=True)
    pairs = packed // len(names)
    rows = {"district": pairs // width + NOWHERE, "crime_type": pairs % width, "outcome": names[packed % len(names)], "count": count}
    return pd.DataFrame(rows)
