"""Street-level crime and outcomes of data.police.uk: monthly archives to counts, with every row accounted for.

Rule for LSOA 2011 codes: within one force, LSOA 2011 and crime type, records are handed in month order to the LSOA
2021 parts by Sainte-Lague's divisors (the next record goes to the part with the largest share / (2 n + 1), n being
what it has; ties to the lower code). Counts stay whole and every total by force, month and crime type is conserved.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.tidy import Member, RawFiles

SOURCE = "police_uk_archive"
NONE_RECORDED = "None recorded"
ELSEWHERE = "location code of Scotland or Northern Ireland, not an LSOA of England and Wales"

_SHARED = ("Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name")
COLUMNS: dict[str, tuple[str, ...]] = {
    "street": (*_SHARED, "Crime type", "Last outcome category", "Context"),
    "outcomes": (*_SHARED, "Outcome type"),
}
"""The publisher's columns, in its order."""

_MEMBER = re.compile(r"(?:.*/)?(\d{4}-\d{2})-([a-z-]+)-(street|outcomes)\.csv")
_ELSEWHERE = r"^(S01\d{6}|N\d{8}|95[A-Z0-9]{4,6})$"
_FILE_COLUMNS = ["dataset", "force_slug", "month", "archive", "member", "path", "superseded"]


def build_street_tables(raw: RawFiles, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
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
    files = list_files(raw.members(SOURCE, "*.csv"))
    if files.empty:
        return {name: contracts.empty(name) for name in ("street_counts", "outcome_counts", "coverage", "rejects")}
    for file in files.itertuples():
        check_file(file.path, file.member, file.dataset)
    connection = connect(files, place_codes(tables["place_changes"], tables["places"]))
    check_values(connection, files)
    coverage = count_coverage(connection, files)
    return {
        "street_counts": count_street(connection, tables["place_changes"]),
        "outcome_counts": count_outcomes(connection),
        "coverage": coverage,
        "rejects": count_rejects(connection, files),
    }


def list_files(members: list[Member]) -> pd.DataFrame:
    """Return one row per dataset, force and month: the member of the newest archive, and the archives it supersedes.

    Returns
    -------
    pandas.DataFrame
        Columns dataset, force_slug, month, archive, member, path, superseded (text, null when none).
    """
    rows = []
    for item in members:
        match = _MEMBER.fullmatch(item.member)
        if match is None:
            continue
        month, force, dataset = match.groups()
        rows.append((dataset, force, pd.Timestamp(f"{month}-01"), item.archive, item.member, str(item.path), None))
    found = pd.DataFrame(rows, columns=_FILE_COLUMNS).sort_values(["dataset", "force_slug", "month", "archive"])
    key = ["dataset", "force_slug", "month"]
    newest = found.drop_duplicates(key, keep="last")
    older = found[found.duplicated(key, keep="last")].groupby(key)["archive"].agg(", ".join).rename("superseded")
    return newest.drop(columns="superseded").merge(older, how="left", on=key, validate="one_to_one")


def check_file(path: str | Path, member: str, dataset: str) -> None:
    """Refuse a file that is empty, has other columns than the publisher's, or ends in the middle of a row.

    Raises
    ------
    SnaError
        One sentence naming the member.
    """
    with Path(path).open("rb") as stream:
        header = stream.readline().decode("utf-8-sig", "replace").rstrip("\r\n")
        if not header or not stream.read(1):
            raise SnaError(f"{member} is empty; fetch its archive again, or take the month out of the lock.")
        stream.seek(-1, 2)
        if stream.read(1) != b"\n":
            raise SnaError(f"{member} is truncated: its last row has no end of line; fetch its archive again.")
    names = next(csv.reader([header]))
    if names != list(COLUMNS[dataset]):
        odd = [name for name in COLUMNS[dataset] if name not in names]
        what = f"column '{odd[0]}' is missing" if odd else f"the columns are {', '.join(names)}"
        raise SnaError(f"{member}, row 0 (header): {what}; the publisher's layout has changed or the file was edited.")


def place_codes(place_changes: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return every LSOA code of either vintage with its vintage and the district that most of it lies in.

    Returns
    -------
    pandas.DataFrame
        code, vintage (2011, 2021 or both), lad24cd.
    """
    codes21 = pd.Index(place_changes["lsoa21cd"].unique())
    codes11 = pd.Index(place_changes["lsoa11cd"].unique())
    shared = codes11.intersection(codes21)
    both = place_changes[place_changes["lsoa11cd"].isin(shared)]
    if not (both["lsoa11cd"] == both["lsoa21cd"]).all():
        raise SnaError("The LSOA lookup gives a code of both vintages a new meaning; counts cannot be recoded by code alone.")
    district = places.set_index("lsoa21cd")["lad24cd"]
    largest = place_changes.sort_values(["share", "lsoa21cd"], ascending=[False, True]).drop_duplicates("lsoa11cd")
    district11 = largest.set_index("lsoa11cd")["lsoa21cd"].map(district)
    codes = pd.DataFrame({"code": codes11.union(codes21)})
    codes["vintage"] = np.select([codes["code"].isin(shared), codes["code"].isin(codes21)], ["both", "2021"], "2011")
    codes["lad24cd"] = codes["code"].map(district).fillna(codes["code"].map(district11))
    return codes


def connect(files: pd.DataFrame, codes: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Read all files into an in-memory database: tables ``street``, ``outcomes``, ``files`` and ``codes``."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.register("files_frame", files.astype({"path": "str"}))
    connection.execute("create table files as select * from files_frame")
    connection.register("codes_frame", codes)
    connection.execute("create table codes as select * from codes_frame")
    for dataset, kept in (("street", '"Crime type", "Last outcome category"'), ("outcomes", '"Outcome type"')):
        paths = files.loc[files["dataset"] == dataset, "path"].tolist()
        _read(connection, dataset, kept, paths, files)
    return connection


def _read(connection: duckdb.DuckDBPyConnection, dataset: str, kept: str, paths: list[str], files: pd.DataFrame) -> None:
    chosen = f'"Crime ID" as crime_id, "Month" as month_text, "LSOA code" as code, {kept}'
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS[dataset])
    if not paths:
        empty = ", ".join(f'null::varchar as "{name}"' for name in COLUMNS[dataset])
        connection.execute(f"create table {dataset} as select {chosen}, null::varchar as path from (select {empty}) where false")
        return
    reader = f"read_csv(?, header=true, delim=',', quote='\"', escape='\"', auto_detect=false, filename=true, columns={{{types}}})"
    try:
        connection.execute(f"create table {dataset} as select {chosen}, filename as path from {reader}", [paths])
    except duckdb.Error as error:
        named = files.set_index("path")["member"]
        _blame(paths, named, len(COLUMNS[dataset]))
        raise SnaError(f"A {dataset} file cannot be read: {str(error).splitlines()[0]}; fetch its archive again.") from error


def _blame(paths: list[str], named: pd.Series, width: int) -> None:
    for path in paths:
        for number, row in _rows(path):
            if len(row) != width:
                raise SnaError(
                    f"{named[path]}, row {number}: {len(row)} fields instead of {width}; the file is truncated or edited: fetch its archive again."
                )


def _rows(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    with Path(path).open(encoding="utf-8", errors="replace", newline="") as stream:
        reader = csv.reader(stream)
        next(reader)
        yield from enumerate(reader, start=1)


def _first_row(path: str, dataset: str, column: str, fits: Callable[[str], bool]) -> tuple[int, str]:
    index = COLUMNS[dataset].index(column)
    return next((number, row[index]) for number, row in _rows(path) if fits(row[index]))


def check_values(connection: duckdb.DuckDBPyConnection, files: pd.DataFrame) -> None:
    """Refuse a foreign month, an unknown crime type, an unknown LSOA, or two LSOA vintages in one file.

    Raises
    ------
    SnaError
        One sentence naming member, row, value and remedy.
    """
    members = files.set_index("path")["member"]
    for dataset in ("street", "outcomes"):
        _check_months(connection, dataset, members)
        _check_codes(connection, dataset, members)
        _check_vintages(connection, dataset, members)
    known = set(vocabulary.CRIME_TYPES)
    found = connection.execute('select path, "Crime type" from street group by all order by all').fetchall()
    for path, value in found:
        if value not in known:
            number, _ = _first_row(path, "street", "Crime type", lambda text: text not in known)
            raise SnaError(f"{members[path]}, row {number}: unknown crime type '{value or ''}'; add it to the vocabulary or mend the file.")


def _check_months(connection: duckdb.DuckDBPyConnection, dataset: str, members: pd.Series) -> None:
    query = f"""select path, month_text, strftime(files.month, '%Y-%m') from {dataset} join files using (path)
                where month_text is distinct from strftime(files.month, '%Y-%m') order by path limit 1"""
    bad = connection.execute(query).fetchone()
    if bad:
        number, value = _first_row(bad[0], dataset, "Month", lambda text: text != bad[2])
        raise SnaError(f"{members[bad[0]]}, row {number}: Month is '{value}' in a file for {bad[2]}; fetch its archive again.")


def _check_codes(connection: duckdb.DuckDBPyConnection, dataset: str, members: pd.Series) -> None:
    query = f"""select path, code from {dataset} anti join codes using (code)
                where code is not null and not regexp_matches(code, '{_ELSEWHERE}') order by path, code limit 1"""
    bad = connection.execute(query).fetchone()
    if bad:
        number, value = _first_row(bad[0], dataset, "LSOA code", lambda text: text == bad[1])
        raise SnaError(
            f"{members[bad[0]]}, row {number}: LSOA code '{value}' is in neither the 2011 nor the 2021 list; fetch its archive again or renew the LSOA lookup."
        )


def _check_vintages(connection: duckdb.DuckDBPyConnection, dataset: str, members: pd.Series) -> None:
    query = f"""select path, min(code) filter (vintage = '2011'), min(code) filter (vintage = '2021')
                from {dataset} join codes using (code) group by path
                having count(distinct vintage) filter (vintage <> 'both') > 1 order by path limit 1"""
    bad = connection.execute(query).fetchone()
    if bad:
        rows = [_first_row(bad[0], dataset, "LSOA code", lambda text, code=code: text == code) for code in bad[1:]]
        (first, old), (second, new) = rows
        raise SnaError(
            f"{members[bad[0]]} mixes two vintages of LSOA: {old} (row {first}) is a 2011 code, {new} (row {second}) a 2021 code; fetch its archive again."
        )


def count_coverage(connection: duckdb.DuckDBPyConnection, files: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage table: what became of the rows of each month file, and the months missing between them.

    Raises
    ------
    SnaError
        When the lines of a file and the rows read from it differ.
    """
    counted = pd.concat([_count_fates(connection, dataset) for dataset in ("street", "outcomes")])
    held = files.merge(counted, how="left", on="path", validate="one_to_one")
    _check_sums(held)
    held["status"] = "present"
    gaps = [_gaps(group) for _, group in held.groupby(["dataset", "force_slug"])]
    coverage = pd.concat([held, *gaps], ignore_index=True)
    numbers = [name for name, column in contracts.contract("coverage").columns.items() if column.dtype == "int"]
    coverage = coverage.reindex(columns=list(contracts.contract("coverage").columns))
    return coverage.assign(**{name: coverage[name].fillna(0).astype("int64") for name in numbers})


def _count_fates(connection: duckdb.DuckDBPyConnection, dataset: str) -> pd.DataFrame:
    return connection.execute(
        f"""select path, count(*) as rows_total, count(vintage) as rows_located, count(*) filter (code is null) as rows_no_location,
                   count(*) filter (code is not null and vintage is null) as rows_rejected,
                   count(*) filter (vintage = '2011') as rows_recoded,
                   coalesce(max(vintage) filter (vintage <> 'both'), case when count(vintage) > 0 then 'either' end) as lsoa_vintage
            from {dataset} left join codes using (code) group by path"""
    ).df()


def _check_sums(held: pd.DataFrame) -> None:
    for file in held.itertuples():
        lines = _count_lines(file.path) - 1
        if lines != file.rows_total:
            raise SnaError(f"{file.member} has {lines} lines under its header but {file.rows_total} rows could be read; fetch its archive again.")
    parts = held["rows_located"] + held["rows_no_location"] + held["rows_rejected"]
    if not parts.equals(held["rows_total"]):
        raise AssertionError("rows located, without location and rejected do not add up to the rows read")


def _count_lines(path: str) -> int:
    with Path(path).open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _gaps(group: pd.DataFrame) -> pd.DataFrame:
    months = pd.date_range(group["month"].min(), group["month"].max(), freq="MS")
    missing = months.difference(pd.DatetimeIndex(group["month"]))
    first = group.iloc[0]
    return pd.DataFrame(
        {"dataset": first["dataset"], "force_slug": first["force_slug"], "month": missing.astype("datetime64[us]"), "status": "missing"}
    )


def count_street(connection: duckdb.DuckDBPyConnection, place_changes: pd.DataFrame) -> pd.DataFrame:
    """Return street_counts: records by force, month, location, LSOA 2021 and crime type, 2011 codes recoded."""
    counts = connection.execute(
        """select force_slug, month, code as lsoa, "Crime type" as crime_type, count(*)::bigint as count
           from street join files using (path) left join codes using (code)
           where code is null or vintage is not null group by all"""
    ).df()
    located = recode(counts[counts["lsoa"].notna()], place_changes)
    nowhere = counts[counts["lsoa"].isna()].rename(columns={"lsoa": "lsoa21cd"})
    out = pd.concat([located.assign(location="lsoa"), nowhere.assign(location="none")], ignore_index=True)
    if out["count"].sum() != counts["count"].sum():
        raise AssertionError("recoding LSOA 2011 to 2021 did not conserve the total")
    return out


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
    concerned = place_changes[place_changes["lsoa11cd"].isin(counts["lsoa"].unique())].sort_values("lsoa21cd")
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


def count_outcomes(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return outcome_counts: last outcomes of street records, and rows of outcomes files with their crime's type.

    Notes
    -----
    A row of an outcomes file has no crime type of its own: it takes the type of the same force's street record with
    the same Crime ID, and null where that record is not held. The district is that of the row's LSOA (for a 2011 code,
    the district of the largest part).
    """
    return connection.execute(
        f"""with types as (
                select force_slug, crime_id, min("Crime type") as crime_type from street join files using (path)
                where crime_id in (select crime_id from outcomes) group by all),
            events as (
                select force_slug, month, code, crime_type, coalesce("Outcome type", '{NONE_RECORDED}') as outcome
                from outcomes join files using (path) left join types using (force_slug, crime_id)),
            lasts as (
                select force_slug, month, code, "Crime type" as crime_type, coalesce("Last outcome category", '{NONE_RECORDED}') as outcome
                from street join files using (path)),
            together as (select *, 'outcome_event' as kind from events union all select *, 'last_outcome' from lasts)
        select force_slug, month, kind, lad24cd, crime_type, outcome, count(*)::bigint as count
        from together left join codes using (code) where code is null or vintage is not null group by all"""
    ).df()


def count_rejects(connection: duckdb.DuckDBPyConnection, files: pd.DataFrame) -> pd.DataFrame:
    """Return the rejects table: refused rows by file and reason, with the first row concerned."""
    rows = []
    for dataset in ("street", "outcomes"):
        bad = connection.execute(
            f"select path, count(*) from {dataset} anti join codes using (code) where code is not null group by path order by path"
        ).fetchall()
        for path, number in bad:
            file = files.loc[files["path"] == path].iloc[0]
            first, _ = _first_row(path, dataset, "LSOA code", lambda text: re.match(_ELSEWHERE, text) is not None)
            rows.append((SOURCE, f"{file['archive']}/{file['member']}", ELSEWHERE, first, number))
    return pd.DataFrame(rows, columns=["source", "file", "reason", "first_row", "count"])
