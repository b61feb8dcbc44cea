"""Street-level crime and outcomes of data.police.uk: monthly archives to counts, with every row accounted for.

The files of one force make a *part*, whatever edition asks for it: parts are kept in ``data/tidy`` and an edition's
tables are put together from those of its forces, so that no file is read twice for two areas.

Rule for LSOA 2011 codes: within one force, LSOA 2011 and crime type, records are handed in month order to the LSOA
2021 parts by Sainte-Lague's divisors (the next record goes to the part with the largest share / (2 n + 1), n being
what it has; ties to the lower code). Counts stay whole and every total by force, month and crime type is conserved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, tidy
from svd_lib.ingest.month_files import ELSEWHERE, MonthFile, MonthRows, Places, month_file, newest_files, read_month

SOURCE = "police_uk_archive"
TABLES = ("street_counts", "outcome_counts", "coverage", "rejects")
JOBS = 2
"""Forces read at a time: reading is inflating and parsing, which two threads do side by side."""

_LEVEL = 3
"""Compression of a part: it is read again soon, and an edition's tables are written from it more tightly."""

Read = Callable[[MonthFile], bytes]


def build_street_tables(raw: tidy.RawFiles, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return street_counts, outcome_counts, coverage and rejects of every archive of a lock.

    Parameters
    ----------
    raw : RawFiles
        Holds members ``YYYY-MM/YYYY-MM-<force>-{street,outcomes}.csv`` of source police_uk_archive.
    tables : mapping of str to pandas.DataFrame
        ``places`` and ``place_changes``.

    Raises
    ------
    SnaError
        Naming file and row, for any file that is not what the publisher's layout promises.
    """
    locked = {(entry.name, entry.member): entry for entry in raw.locked(SOURCE, "*.csv")}
    files = newest_files([file for name, member in locked if (file := month_file(name, member))])
    hashes = {file: locked[file.archive, file.member].sha256 for file in files}
    by_force = forces_of(files)
    made = make_parts(by_force, hashes, lambda file: raw.read(locked[file.archive, file.member]), tables, raw.root.parent / "tidy")
    return {table: _joined(table, [paths[table] for paths in made.values()]) for table in TABLES}


def forces_of(files: Iterable[MonthFile]) -> dict[str, list[MonthFile]]:
    """Return the files of each force, those with most files first."""
    out: dict[str, list[MonthFile]] = {}
    for file in files:
        out.setdefault(file.force_slug, []).append(file)
    return dict(sorted(out.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def make_parts(
    by_force: Mapping[str, list[MonthFile]],
    hashes: Mapping[MonthFile, str],
    read: Read,
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    tell: Callable[[str, bool], None] | None = None,
) -> dict[str, dict[str, Path]]:
    """Return where each force's four tables lie, making those that are not there yet.

    Parameters
    ----------
    by_force : mapping
        Force to its month files.
    hashes : mapping
        Month file to the SHA-256 of its bytes; one that is not known when a part is made must be added by ``read``.
    read : callable
        Gives the bytes of a month file; called once per file of a part that is made, from several threads.
    tables : mapping of str to pandas.DataFrame
        ``places`` and ``place_changes``.
    folder : pathlib.Path
        The folder ``data/tidy``.
    tell : callable, optional
        Told each force that is done, and whether its part was made.
    """
    places = all_places(tables["place_changes"], tables["places"])
    rest = _digest_of_rest(places, tables["place_changes"])
    changes = changed_places(tables["place_changes"])
    made: dict[str, dict[str, Path]] = {}

    def one(force: str) -> None:
        files = by_force[force]
        is_made = not all(file in hashes for file in files) or not all(path.is_file() for path in _part_paths(files, hashes, rest, folder).values())
        if is_made:
            content = build_force(files, read, places, changes)
            for table, path in _part_paths(files, hashes, rest, folder).items():
                tidy.write_table(content[table], path, level=_LEVEL)
        made[force] = _part_paths(files, hashes, rest, folder)
        if tell:
            tell(force, is_made)

    _run_all(one, list(by_force))
    return {force: made[force] for force in sorted(made)}


def _run_all(task: Callable[[str], None], forces: Sequence[str]) -> None:
    """Run a task for every force, a few at a time; the first that fails stops those not begun."""
    with ThreadPoolExecutor(JOBS) as pool:
        running = [pool.submit(task, force) for force in forces]
        try:
            for future in as_completed(running):
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _part_paths(files: Sequence[MonthFile], hashes: Mapping[MonthFile, str], rest: str, folder: Path) -> dict[str, Path]:
    name = f"{files[0].force_slug}-{_part_digest(files, hashes, rest)}.parquet"
    return {table: folder / table / "parts" / name for table in TABLES}


def _digest_of_rest(places: Places, changes: pd.DataFrame) -> str:
    """Return a digest of what a part depends on beside its files: code, contracts, and what the codes mean."""
    meaning = hashlib.sha256()
    of_code = (places.codes.to_pylist(), places.vintage.astype("str"), places.districts[places.district], places.forces[places.force])
    for column in (*of_code, sorted(places.district_names)):
        meaning.update("\n".join(column).encode())
    ordered = changes.sort_values(["lsoa11cd", "lsoa21cd"])
    meaning.update(ordered[["lsoa11cd", "lsoa21cd", "change_code", "share"]].to_csv(index=False).encode())
    parts = [_digest_of_code(), [contracts.digest(table) for table in TABLES], meaning.hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _digest_of_code() -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in tidy.code_files(__name__)]


def _part_digest(files: Sequence[MonthFile], hashes: Mapping[MonthFile, str], rest: str) -> str:
    rows = sorted([file.archive, file.member, file.superseded or "", hashes[file]] for file in files)
    return hashlib.sha256(json.dumps([rest, rows]).encode()).hexdigest()[:32]


def _joined(table: str, paths: Sequence[Path]) -> pd.DataFrame:
    frames = [contracts.coerce(table, tidy.read_table(path)) for path in paths]
    held = [frame for frame in frames if len(frame)]
    return pd.concat(held, ignore_index=True) if held else contracts.empty(table)


def all_places(place_changes: pd.DataFrame, places: pd.DataFrame) -> Places:
    """Return every LSOA code of either vintage with its vintage, and the district and force that most of it lies in.

    Raises
    ------
    SnaError
        When a code of both vintages is not the same place.
    """
    parts = list(zip(*(place_changes[name].to_list() for name in ("lsoa11cd", "lsoa21cd", "share")), strict=True))
    codes11, codes21 = {old for old, _, _ in parts}, {new for _, new, _ in parts}
    shared = codes11 & codes21
    if any(old in shared and old != new for old, new, _ in parts):
        raise SnaError("The LSOA lookup gives a code of both vintages a new meaning; counts cannot be recoded by code alone.")
    codes = sorted(codes11 | codes21)
    by_code = sorted((part for part in parts if part[0] not in shared), key=lambda part: part[1], reverse=True)
    largest_last = sorted(by_code, key=lambda part: part[2])
    today = {old: new for old, new, _ in largest_last} | {new: new for new in codes21}
    columns = (places[name].to_list() for name in ("lsoa21cd", "lad24cd", "force_slug"))
    of_code = {code: (district, force) for code, district, force in zip(*columns, strict=True)}
    districts, district = np.unique([of_code.get(today[code], ("", ""))[0] for code in codes], return_inverse=True)
    forces, force = np.unique([of_code.get(today[code], ("", ""))[1] for code in codes], return_inverse=True)
    return Places(
        codes=pa.array(codes, pa.string()),
        index={code: number for number, code in enumerate(codes)},
        vintage=np.array([0 if code in shared else 2021 if code in codes21 else 2011 for code in codes]),
        district=district,
        force=force,
        forces=forces,
        districts=districts,
        district_names=frozenset(places["lad24nm"]),
    )


def changed_places(place_changes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of LSOA 2011 codes that are no LSOA 2021 code: all that recoding needs."""
    held = set(place_changes["lsoa21cd"])
    return place_changes[[code not in held for code in place_changes["lsoa11cd"]]].reset_index(drop=True)


def build_force(files: Sequence[MonthFile], read: Read, places: Places, place_changes: pd.DataFrame) -> dict[str, pa.Table]:
    """Return the four tables of one force's month files, each read once.

    Parameters
    ----------
    files : sequence of MonthFile
        Of one force; one per dataset and month.
    read : callable
        Gives the bytes of a file.
    places : Places
        From :func:`all_places`.
    place_changes : pandas.DataFrame
        From :func:`changed_places`.
    """
    ordered = sorted(files, key=lambda file: (file.dataset, file.month))
    street = [read_month(read(file), file, places) for file in ordered if file.dataset == "street"]
    kinds = _types_by_key(street)
    outcomes = []
    for file in ordered:
        if file.dataset == "outcomes":
            rows = read_month(read(file), file, places)
            rows.outcomes = _typed_events(rows.outcomes, *kinds)
            outcomes.append(rows)
    return {
        "street_counts": street_counts(street, places, place_changes),
        "outcome_counts": outcome_counts([*street, *outcomes], places),
        "coverage": coverage([group for group in (street, outcomes) if group]),
        "rejects": rejects([*street, *outcomes]),
    }


def _types_by_key(street: Sequence[MonthRows]) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of all Crime IDs, sorted, each once, with the crime type (the first by name when there are two)."""
    keys = np.concatenate([rows.keys for rows in street]) if street else np.empty(0, "uint64")
    types = np.concatenate([rows.types for rows in street]) if street else np.empty(0, "int8")
    order = np.argsort(keys, kind="stable")
    keys, types = keys[order], types[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    return keys[starts], np.minimum.reduceat(types, starts) if len(starts) else types


def _typed_events(events: pd.DataFrame, keys: np.ndarray, types: np.ndarray) -> pd.DataFrame:
    """Count the rows of an outcomes file by district, crime type of the record with the same Crime ID (-1: not held) and outcome."""
    place = np.minimum(np.searchsorted(keys, events["key"].to_numpy()), max(len(keys) - 1, 0))
    crime_type = np.where(keys[place] == events["key"].to_numpy(), types[place], -1) if len(keys) else np.full(len(events), -1)
    typed = events.assign(crime_type=crime_type.astype("int64"))
    return typed.groupby(["district", "crime_type", "outcome"], observed=True).size().rename("count").reset_index()


def outcome_counts(months: Sequence[MonthRows], places: Places) -> pa.Table:
    """Return outcome_counts: last outcomes of street records, and rows of outcomes files with their crime's type.

    Notes
    -----
    A row of an outcomes file has no crime type of its own: it takes the type of the same force's street record with
    the same Crime ID, and null where that record is not held. The district is that of the row's LSOA (for a 2011 code,
    the district of the largest part).
    """
    kinds = {"street": "last_outcome", "outcomes": "outcome_event"}
    sizes = [len(rows.outcomes) for rows in months]
    whole = {name: np.concatenate([rows.outcomes[name].to_numpy() for rows in months]) for name in ("district", "crime_type", "outcome", "count")}
    names = np.append(np.array(vocabulary.CRIME_TYPES, dtype=object), None)
    districts = np.append(places.districts.astype(object), None)
    columns = {
        "force_slug": np.full(sum(sizes), months[0].file.force_slug, dtype=object),
        "month": np.repeat(np.array([rows.file.month for rows in months], "datetime64[us]"), sizes),
        "kind": np.repeat(np.array([kinds[rows.file.dataset] for rows in months], dtype=object), sizes),
        "lad24cd": districts[whole["district"].astype("int64")],
        "crime_type": names[whole["crime_type"].astype("int64")],
        "outcome": whole["outcome"],
        "count": whole["count"].astype("int64"),
    }
    return contracts.arrow_table("outcome_counts", columns)


def coverage(groups: Sequence[Sequence[MonthRows]]) -> pa.Table:
    """Return the coverage table of one force's files, group by group (street, outcomes), and the months missing between them."""
    rows = [row for months in groups for row in _coverage_rows(months)]
    rules = contracts.contract("coverage").columns
    empty = {name: 0 if column.dtype == "int" else None for name, column in rules.items()}
    return contracts.arrow_table("coverage", {name: [row.get(name, empty[name]) for row in rows] for name in rules})


def _coverage_rows(months: Sequence[MonthRows]) -> list[dict[str, object]]:
    again, second = repeated_ids([rows.keys for rows in months])
    first = months[0].file
    which = {"dataset": first.dataset, "force_slug": first.force_slug}
    held = [
        {**which, "month": r.file.month, "status": "present", "archive": r.file.archive, "superseded": r.file.superseded,
         "rows_repeated_id": repeated, "ids_repeated": ids, **r.found}
        for r, repeated, ids in zip(months, again, second, strict=True)
    ]  # fmt: skip
    if any(row["rows_located"] + row["rows_no_location"] + row["rows_rejected"] != row["rows_total"] for row in held):
        raise AssertionError("rows located, without location and rejected do not add up to the rows read")
    span = pd.date_range(min(row["month"] for row in held), max(row["month"] for row in held), freq="MS")
    missing = span.difference(pd.DatetimeIndex([row["month"] for row in held]))
    return [*held, *({**which, "month": month, "status": "missing"} for month in missing)]


def repeated_ids(keys: Sequence[np.ndarray]) -> tuple[list[int], list[int]]:
    """Return, file by file, the rows whose Crime ID an earlier row has, and the Crime IDs that occur for the second time.

    Parameters
    ----------
    keys : sequence of numpy.ndarray
        Keys of each file's rows with a Crime ID, in month order.
    """
    whole = np.concatenate([*keys, np.empty(0, "uint64")])
    order = np.argsort(whole, kind="stable")
    again = np.append(False, whole[order][1:] == whole[order][:-1])[: len(whole)]
    second = again & ~np.append(False, again)[: len(whole)]
    bounds = np.cumsum([len(part) for part in keys])
    files = [np.bincount(np.searchsorted(bounds, order[marks], side="right"), minlength=len(keys)).tolist() for marks in (again, second)]
    return files[0], files[1]


def rejects(months: Sequence[MonthRows]) -> pa.Table:
    """Return the rejects table: refused rows by file and reason, with the first row concerned."""
    bad = [rows for rows in months if rows.first_reject]
    columns = {
        "source": [SOURCE] * len(bad),
        "file": [f"{rows.file.archive}/{rows.file.member}" for rows in bad],
        "reason": [ELSEWHERE] * len(bad),
        "first_row": [rows.first_reject for rows in bad],
        "count": [rows.found["rows_rejected"] for rows in bad],
    }
    return contracts.arrow_table("rejects", columns)


def street_counts(months: Sequence[MonthRows], places: Places, place_changes: pd.DataFrame) -> pa.Table:
    """Return street_counts of one force: records by month, location, LSOA 2021 and crime type, 2011 codes recoded."""
    if not months:
        return pa.Table.from_pandas(contracts.empty("street_counts"), preserve_index=False)
    counts = np.concatenate([rows.counts for rows in months])
    month = np.repeat(np.arange(len(months)), [len(rows.counts) for rows in months])
    is_old = (counts[:, 0] >= 0) & (places.vintage[np.maximum(counts[:, 0], 0)] == 2011)
    kept = np.column_stack([month, counts])[~is_old]
    recoded = _recoded(np.column_stack([month, counts])[is_old], places, place_changes)
    out = _added_up(np.concatenate([kept, recoded]), len(places.codes))
    if out[:, 3].sum() != counts[:, 2].sum():
        raise AssertionError("recoding LSOA 2011 to 2021 did not conserve the total")
    return _street_table(out, months, places)


def _recoded(rows: np.ndarray, places: Places, place_changes: pd.DataFrame) -> np.ndarray:
    """Return month, place, crime type and records with places of 2011 replaced by those of 2021; shape (k, 4)."""
    if not len(rows):
        return rows.reshape(0, 4)
    codes = places.codes.to_pandas()
    frame = pd.DataFrame(rows, columns=["month", "place", "crime_type", "count"])
    out = recode(frame.assign(force_slug="", lsoa=codes.to_numpy()[frame["place"]]).drop(columns="place"), place_changes)
    place = pd.Index(codes).get_indexer(out["lsoa21cd"])
    return np.column_stack([out["month"], place, out["crime_type"], out["count"]]).astype("int64")


def _added_up(rows: np.ndarray, places: int) -> np.ndarray:
    """Return month, place, crime type and records, each key once, sorted as the contract's key is."""
    width = len(vocabulary.CRIME_TYPES)
    place = np.where(rows[:, 1] < 0, places, rows[:, 1])
    keys, index = np.unique((rows[:, 0].astype("int64") * (places + 1) + place) * width + rows[:, 2], return_inverse=True)
    count = np.bincount(index, weights=rows[:, 3], minlength=len(keys)).astype("int64")
    rest = keys // width
    return np.column_stack([rest // (places + 1), rest % (places + 1), keys % width, count])


def _street_table(rows: np.ndarray, months: Sequence[MonthRows], places: Places) -> pa.Table:
    """Return rows of :func:`_added_up` as an Arrow table by the contract, its texts as dictionaries."""
    is_located = rows[:, 1] < len(places.codes)
    location = pa.DictionaryArray.from_arrays(pa.array((~is_located).astype("int8")), pa.array(["lsoa", "none"]))
    lsoa = pa.DictionaryArray.from_arrays(pa.array(rows[:, 1].astype("int32"), mask=~is_located), places.codes)
    columns = {
        "force_slug": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), "int8")), pa.array([months[0].file.force_slug])),
        "month": pa.array(np.array([rows.file.month for rows in months], "datetime64[us]")[rows[:, 0]]),
        "location": location,
        "lsoa21cd": lsoa,
        "crime_type": pa.DictionaryArray.from_arrays(pa.array(rows[:, 2].astype("int8")), pa.array(vocabulary.CRIME_TYPES)),
        "count": pa.array(rows[:, 3]),
    }
    return contracts.check_arrow("street_counts", pa.table(columns))


def recode(counts: pd.DataFrame, place_changes: pd.DataFrame) -> pd.DataFrame:
    """Return counts by LSOA 2021, whole and with the total of every force, month and crime type conserved.

    Parameters
    ----------
    counts : pandas.DataFrame
        force_slug, month, lsoa (a code of either vintage), crime_type, count (records, whole).
    place_changes : pandas.DataFrame
        lsoa11cd, lsoa21cd, share; the contract of that name.

    Returns
    -------
    pandas.DataFrame
        force_slug, month, lsoa21cd, crime_type, count (at least 1).

    Notes
    -----
    Sainte-Lague's method is house-monotone: the parts' seats grow one by one in a fixed order, so the records of a
    split area can be handed out month by month and the totals over all months stay as near to the shares as whole
    numbers allow.
    """
    parts = place_changes.groupby("lsoa11cd")["lsoa21cd"].nunique()
    is_split = counts["lsoa"].isin(parts.index[parts > 1])
    single = place_changes[place_changes["lsoa11cd"].isin(parts.index[parts == 1])].set_index("lsoa11cd")["lsoa21cd"]
    whole = counts[~is_split]
    codes = whole["lsoa"].astype("category")
    renamed = pd.Series(codes.cat.categories).map(lambda code: single.get(code, code)).to_numpy()
    kept = whole.drop(columns="lsoa").assign(lsoa21cd=renamed[codes.cat.codes])
    split = split_counts(counts[is_split], place_changes)
    both = pd.concat([kept, split], ignore_index=True)
    return both.groupby(["force_slug", "month", "lsoa21cd", "crime_type"], as_index=False, sort=False)["count"].sum()


def split_counts(counts: pd.DataFrame, place_changes: pd.DataFrame) -> pd.DataFrame:
    """Hand the records of split LSOA 2011 to their LSOA 2021 parts; columns as :func:`recode`."""
    ordered = counts.sort_values("month", kind="stable")
    after = ordered.groupby(["force_slug", "lsoa", "crime_type"])["count"].cumsum()
    ordered = ordered.assign(after=after, before=after - ordered["count"])
    concerned = place_changes[place_changes["lsoa11cd"].isin(counts["lsoa"].unique())].sort_values("lsoa21cd", kind="stable")
    parts = dict(list(concerned.groupby("lsoa11cd")))
    pieces = []
    for code, group in ordered.groupby("lsoa", sort=True):
        taken = seats(parts[code]["share"].to_numpy(), int(group["after"].max()))
        for index, part in enumerate(parts[code]["lsoa21cd"]):
            share = taken[group["after"], index] - taken[group["before"], index]
            pieces.append(group.drop(columns=["lsoa", "before", "after"]).assign(lsoa21cd=part, count=share))
    if not pieces:
        return counts.drop(columns="lsoa").assign(lsoa21cd=pd.Series(dtype="str"))
    out = pd.concat(pieces, ignore_index=True)
    return out[out["count"] > 0]


def seats(shares: np.ndarray, total: int) -> np.ndarray:
    """Return how many of the first 0, 1, ..., ``total`` records each part holds under Sainte-Lague.

    Parameters
    ----------
    shares : numpy.ndarray
        Shape (parts,), non-negative.
    total : int
        Records to hand out.

    Returns
    -------
    numpy.ndarray
        Whole numbers, shape (total + 1, parts); row n adds up to n.
    """
    quotients = np.round(shares, 12)[:, None] / (2 * np.arange(total) + 1)
    part = np.broadcast_to(np.arange(len(shares))[:, None], quotients.shape)
    order = np.lexsort((part.ravel(), -quotients.ravel()))[:total]
    winners = part.ravel()[order]
    held = np.zeros((total + 1, len(shares)), dtype="int64")
    held[np.arange(1, total + 1), winners] = 1
    return held.cumsum(axis=0)
