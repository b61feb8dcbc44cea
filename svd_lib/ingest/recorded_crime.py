"""Police recorded crime: open data by offence code, and rolling twelve-month totals by offence group.

:func:`build_recorded_crime` makes the tidy table ``recorded_crime`` from three publications: the Home Office's open
data by offence code (force and quarter, 2017/18), its rolling totals by offence group (force, from March 2003), and the
force area tables of the Office for National Statistics (:mod:`svd_lib.ingest.force_tables`). Quarters recovered from
the rolling totals are added by :mod:`svd_lib.ingest.reconstruct`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, force_tables, reconstruct

BY_CODE_PUBLICATION: Final = "Police recorded crime open data by offence code, 2017/18"
ROLLING_PUBLICATION: Final = "Police recorded crime by force and offence group, rolling years to December 2018"

_SOURCE: Final = "home_office_prc"
_BY_CODE_FILES: Final = "prc-pfa-mar2013-onwards-tables*.csv*"
_ROLLING_FILES: Final = "rec-crime-pfa*.csv*"
_FRAUD_BODIES: Final = ("Action Fraud", "CIFAS", "Financial Fraud Action UK", "UK Finance")
_HOMICIDE: Final = "Homicide"
_NEW_BURGLARY: Final = ("Residential burglary", "Non-residential burglary")
_RETIRED_BURGLARY: Final = ("Domestic burglary", "Non-domestic burglary")
_BURGLARY_CHANGED: Final = pd.Timestamp("2017-04-01")

CODE_COLUMNS: Final = (
    "offence_code",
    "title",
    "offence_group",
    "offence_subgroup",
    "police_uk_category",
    "seed_group",
    "in_core",
    "in_broad",
    "valid_from",
    "valid_to",
    "css_weight",
    "css_source",
    "note",
)
"""Columns of ``data/reference/offence_codes.csv``. ``offence_group`` is the leaf group of the force area tables;
``valid_from`` and ``valid_to`` are the first and last financial year of the tables in which the code was met."""


def build_recorded_crime(raw: Any, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tidy table ``recorded_crime`` from every publication that the lock holds.

    Parameters
    ----------
    raw : RawFiles
        The locked raw files; ``raw.reference("offence_codes.csv")`` is the table of known codes.
    tables : dict of str to pandas.DataFrame
        Needs ``places`` (force codes and names).

    Returns
    -------
    pandas.DataFrame
        One row per area, period, offence, measure, status and publication; ``count`` in offences.

    Raises
    ------
    SnaError
        On an unknown offence code, an unknown force, a number that is none, or two figures for one key.
    """
    forces = force_register(tables["places"])
    codes = read_offence_codes(raw.reference("offence_codes.csv"))
    parts = [read_by_code(path, codes, forces) for path in raw.paths(_SOURCE, _BY_CODE_FILES)]
    parts += [read_rolling_totals(path, forces) for path in raw.paths(_SOURCE, _ROLLING_FILES)]
    parts += force_tables.read_force_tables(raw, forces)
    if not parts:
        raise SnaError("The lock names no table of recorded crime; run 'sna fetch' to bring in home_office_prc and ons_pfa_tables.")
    published = contracts.validate("recorded_crime", pd.concat(parts, ignore_index=True))
    recovered = reconstruct.reconstruct(published, codes.set_index("offence_code")["offence_group"])
    return contracts.validate("recorded_crime", pd.concat([published, recovered], ignore_index=True))


def force_register(places: pd.DataFrame) -> pd.DataFrame:
    """Return one row per police force area, and one for the transport police, indexed by force slug.

    Parameters
    ----------
    places : pandas.DataFrame
        The tidy table ``places``, or any frame with ``force_slug, pfa24cd, pfa_name``.

    Returns
    -------
    pandas.DataFrame
        Index ``force_slug``; columns ``area_code, area_name, pfa24cd`` (null for the transport police, who have no area).
    """
    own = places[["force_slug", "pfa24cd", "pfa_name"]].drop_duplicates("force_slug")
    frame = pd.DataFrame(
        {"force_slug": own["force_slug"], "area_code": own["pfa24cd"], "area_name": own["pfa_name"], "pfa24cd": own["pfa24cd"]}
    )
    transport = pd.DataFrame([{"force_slug": "btp", "area_code": "btp", "area_name": "British Transport Police", "pfa24cd": None}])
    return pd.concat([frame, transport], ignore_index=True).set_index("force_slug").sort_index()


def read_offence_codes(path: Path) -> pd.DataFrame:
    """Return the project's table of offence codes as text, one row per code.

    Raises
    ------
    SnaError
        When a column is missing or a code occurs twice.
    """
    codes = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [name for name in CODE_COLUMNS if name not in codes.columns]
    if missing:
        raise SnaError(f"{path.name} lacks the column(s) {', '.join(missing)}; restore the file from version control.")
    doubled = codes.loc[codes["offence_code"].duplicated(), "offence_code"]
    if len(doubled):
        raise SnaError(f"{path.name} lists offence code {doubled.iloc[0]} twice; keep one row per code.")
    return codes


def check_codes(found: pd.Series, years: pd.Series, codes: pd.DataFrame, file: str) -> None:
    """Refuse the first offence code that the project's table lacks or that lies outside its validity.

    Parameters
    ----------
    found : pandas.Series of str
        Offence code of each row of a table, in file order.
    years : pandas.Series of str
        Financial year of each row, e.g. ``"2017/18"``; same index.
    codes : pandas.DataFrame
        The table of :func:`read_offence_codes`.
    file : str
        File name for the message.

    Raises
    ------
    SnaError
        Naming the code, the file and the row (1 is the row under the header).
    """
    known = codes.set_index("offence_code")
    unknown = ~found.isin(known.index)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise SnaError(
            f"{file}, row {row + 1}: offence code {found.iloc[row]!r} is not in data/reference/offence_codes.csv; "
            "add the code with its group and years, or correct the file."
        )
    first, last = found.map(known["valid_from"]), found.map(known["valid_to"])
    outside = ~((first != "") & (first <= years) & (years <= last))
    if outside.any():
        row = int(outside.to_numpy().argmax())
        raise SnaError(
            f"{file}, row {row + 1}: offence code {found.iloc[row]!r} is valid from {first.iloc[row] or 'no year'} to "
            f"{last.iloc[row] or 'no year'} but stands in a table for {years.iloc[row]}; extend its years in "
            "data/reference/offence_codes.csv if the publisher still uses it."
        )


def whole_numbers(values: pd.Series, file: str, column: str) -> pd.Series:
    """Return published figures as whole numbers: thousands commas and blanks removed, ``-00`` read as 0.

    Raises
    ------
    SnaError
        Naming file, row and the text that is no number.
    """
    plain = values.astype("str").str.replace(",", "", regex=False).str.strip()
    bad = ~plain.str.fullmatch(r"-?\d+")
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise SnaError(f"{file}, row {row + 1}: column {column} holds {values.iloc[row]!r}, which is no whole number; fetch the file again.")
    return plain.astype("int64")


def read_by_code(path: Path, codes: pd.DataFrame, forces: pd.DataFrame) -> pd.DataFrame:
    """Return offences by force, quarter and offence code.

    Notes
    -----
    Negative counts are transfers and cancellations and stay. The joint homicide label has four rows with one key per
    force and quarter: they are added up. Any other repeated key is an error, because a doubled row would count twice.
    Bodies that record only fraud are left out: they are no police forces.
    """
    frame = _read_csv(path, 8)
    frame.columns = ["year", "quarter", "force", "title", "group", "subgroup", "offence_code", "count"]
    check_codes(frame["offence_code"], frame["year"], codes, path.name)
    frame["count"] = whole_numbers(frame["count"], path.name, "Number of Offences")
    keys = ["year", "quarter", "force", "offence_code"]
    repeated = frame.duplicated(keys) & (frame["subgroup"] != _HOMICIDE)
    if repeated.any():
        row = int(repeated.to_numpy().argmax())
        raise SnaError(f"{path.name}, row {row + 1}: {frame.loc[row, keys].to_dict()} occurs twice; only homicide may; fetch the file again.")
    summed = frame[~frame["force"].isin(_FRAUD_BODIES)].groupby(keys, as_index=False, sort=False)["count"].sum()
    start = _financial_quarter_start(summed["year"], summed["quarter"])
    offence = summed["offence_code"].map(codes.set_index("offence_code")["title"])
    return _rows(
        attach_forces(summed, "force", forces, path.name),
        period_start=start,
        period_end=start + pd.DateOffset(months=2),
        period_kind="quarter",
        level="code",
        offence_code=summed["offence_code"],
        offence=offence,
        count=summed["count"],
        publication=BY_CODE_PUBLICATION,
    )


def read_rolling_totals(path: Path, forces: pd.DataFrame) -> pd.DataFrame:
    """Return rolling twelve-month totals by force and offence group; the totals overlap and are never added up.

    Notes
    -----
    Burglary was redefined in April 2017. A zero of a group in years wholly before it began, or wholly after it was
    retired, means "not applicable" and is not loaded; years that span the change are loaded as published.
    """
    frame = _read_csv(path, 5)
    frame.columns = ["ends", "force", "region", "offence", "count"]
    frame = frame[~frame["force"].isin(_FRAUD_BODIES)].reset_index(drop=True)
    frame["count"] = whole_numbers(frame["count"], path.name, "Rolling year total number of offences")
    frame["period_end"] = _month_of(frame["ends"], path.name)
    frame = frame[~_not_applicable(frame)].reset_index(drop=True)
    return _rows(
        attach_forces(frame, "force", forces, path.name),
        period_start=frame["period_end"] - pd.DateOffset(months=11),
        period_end=frame["period_end"],
        period_kind="year",
        level="group",
        offence_code=None,
        offence=frame["offence"],
        count=frame["count"],
        publication=ROLLING_PUBLICATION,
    )


def attach_forces(frame: pd.DataFrame, column: str, forces: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return area columns for the force named in a column, in row order.

    Raises
    ------
    SnaError
        Naming the file and the first force that the register lacks.
    """
    slug = frame[column].map(vocabulary.force_slug)
    unknown = ~slug.isin(forces.index)
    if unknown.any():
        raise SnaError(f"{file}: police force {frame.loc[unknown.idxmax(), column]!r} is not in the table of places; correct the name or the lookup.")
    return forces.loc[slug].reset_index(drop=True)


def _read_csv(path: Path, width: int) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if frame.empty or len(frame.columns) != width:
        raise SnaError(f"{path.name} has {len(frame)} rows and {len(frame.columns)} columns; {width} columns and at least one row are needed; fetch it again.")
    return frame


def _rows(areas: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    fixed = {"area_kind": "force", "measure": "offences", "status": "published"}
    return areas.assign(**fixed, **columns)


def _financial_quarter_start(year: pd.Series, quarter: pd.Series) -> pd.Series:
    """Return the first day of a financial quarter: quarter 1 of 2017/18 is April to June 2017."""
    months = pd.to_datetime(year.str[:4] + "-04-01").dt.to_period("M") + (quarter.astype(int) - 1) * 3
    return months.dt.to_timestamp()


def _month_of(dates: pd.Series, file: str) -> pd.Series:
    """Return the first day of the month of dates such as 31-03-2018 (one edition prints 30-12-2017)."""
    parsed = pd.to_datetime(dates, format="%d-%m-%Y", errors="coerce")
    if parsed.isna().any():
        row = int(parsed.isna().to_numpy().argmax())
        raise SnaError(f"{file}, row {row + 1}: '{dates.iloc[row]}' is no date of the form 31-03-2018; fetch the file again.")
    return parsed.dt.to_period("M").dt.to_timestamp()


def _not_applicable(frame: pd.DataFrame) -> pd.Series:
    zero = frame["count"] == 0
    before = frame["offence"].isin(_NEW_BURGLARY) & (frame["period_end"] < _BURGLARY_CHANGED)
    start = frame["period_end"] - pd.DateOffset(months=11)
    after = frame["offence"].isin(_RETIRED_BURGLARY) & (start >= _BURGLARY_CHANGED)
    return zero & (before | after)
