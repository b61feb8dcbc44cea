"""The contract of every tidy table: columns, types, keys and what may be null.

A loader's frame passes :func:`validate` or the run stops with one sentence. The same contracts make the data
dictionary, so a description here is what an analyst reads.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from pandera.errors import SchemaError
    from pandera.pandas import Column as SchemaColumn
    from pandera.pandas import DataFrameSchema


@dataclass(frozen=True)
class Column:
    """One column: pandas dtype (``str``, ``int``, ``float``, ``month``, ``bool``), meaning, its limits, and what a number counts."""

    dtype: str
    description: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    pattern: str | None = None
    unit: str = ""


@dataclass(frozen=True)
class Contract:
    """A tidy table: its name, one line about it, its columns in order, and the columns that identify a row."""

    table: str
    description: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    version: int = 1
    notes: tuple[str, ...] = field(default=())


_PANDAS_TYPES = {"int": "int64", "float": "float64", "month": "datetime64[us]"}

_LSOA = r"^[EW]01\d{6}$"
_GSS = r"^[EWKSN]\d{8}$"


def _text(description: str, **limits: object) -> Column:
    return Column("str", description, **limits)


def _count(description: str, **limits: object) -> Column:
    return Column("int", description, **{"minimum": 0, **limits})


CONTRACTS: dict[str, Contract] = {
    contract.table: contract
    for contract in (
        Contract(
            "places",
            "Every LSOA 2021 of England and Wales with the areas it lies in and a name a reader knows.",
            {
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "lsoa21nm": _text("LSOA 2021 name, e.g. Ipswich 007B"),
                "label": _text("Reader's name: ward, district and LSOA suffix, e.g. Westgate, Ipswich (007B)"),
                "msoa21cd": _text("MSOA 2021 code", nullable=True, pattern=_GSS),
                "msoa21nm": _text("MSOA 2021 name"),
                "ward24cd": _text("Ward 2024 code (best fit)", pattern=_GSS),
                "ward24nm": _text("Ward 2024 name"),
                "lad24cd": _text("District or unitary 2024 code", pattern=_GSS),
                "lad24nm": _text("District or unitary 2024 name"),
                "utla_code": _text("County or unitary code", pattern=_GSS),
                "utla_name": _text("County or unitary name"),
                "csp24cd": _text("Community Safety Partnership 2024 code", pattern=_GSS),
                "csp_name": _text("Community Safety Partnership 2024 name"),
                "pfa24cd": _text("Police force area 2024 code", pattern=_GSS),
                "pfa_name": _text("Police force area 2024 name"),
                "force_slug": _text("The force's name in the street-level archive, e.g. suffolk"),
                "region_name": _text("Region of England, or Wales"),
                "icb24cd": _text("Integrated Care Board 2024 code; null in Wales", nullable=True),
                "icb_name": _text("Integrated Care Board 2024 name; null in Wales", nullable=True),
                "ruc": _text("Rural or Urban (2021 classification)", allowed=("Rural", "Urban")),
                "ruc_class": _text("Rural-urban class, six values"),
                "lon": Column("float", "Longitude of a representative point, degrees; null without boundaries", True, unit="degrees"),
                "lat": Column("float", "Latitude of a representative point, degrees; null without boundaries", True, unit="degrees"),
            },
            ("lsoa21cd",),
        ),
        Contract(
            "place_changes",
            "How each LSOA 2011 becomes LSOA 2021, with the share of its counts each part takes.",
            {
                "lsoa11cd": _text("LSOA 2011 code", pattern=_LSOA),
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "change_code": _text("U unchanged, S split, M merged, X irregular", allowed=("U", "S", "M", "X")),
                "share": Column("float", "Part of the 2011 area's count, by Census 2021 residents; adds up to 1", minimum=0, unit="proportion"),
            },
            ("lsoa11cd", "lsoa21cd"),
        ),
        Contract(
            "neighbours",
            "Pairs of LSOA 2021 that share a boundary (queen contiguity), both directions.",
            {
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "neighbour_lsoa21cd": _text("LSOA 2021 code of the neighbour", pattern=_LSOA),
            },
            ("lsoa21cd", "neighbour_lsoa21cd"),
        ),
        Contract(
            "population",
            "Residents by LSOA 2021 and age group.",
            {
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "reference": _text("What was counted", allowed=("census_2021", "mid_2020")),
                "age_group": _text("e.g. 0-15, 16-24, 25-34, 35-49, 50-64, 65+ (census); 0-9, 10-17, 18-24 ... (mid-2020)"),
                "count": Column("float", "Usual residents, persons (whole for the census)", minimum=0, unit="persons"),
            },
            ("lsoa21cd", "reference", "age_group"),
        ),
        Contract(
            "deprivation",
            "English Indices of Deprivation by LSOA 2021; decile and rank 1 is the most deprived.",
            {
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "index_edition": _text("Index edition", allowed=("imd_2019", "imd_2025")),
                "domain": _text(
                    "imd, income, employment, education, health, crime, housing, environment; of their parts children_and_young_people, "
                    "adult_skills, geographical_barriers, wider_barriers, indoors, outdoors"
                ),
                "decile": _count("Decile in England, 1 most deprived", minimum=1, unit="tenths"),
                "rank": _count("Rank in England, 1 most deprived", minimum=1, unit="places"),
                "score": Column("float", "Published score; null for 2019", nullable=True, unit="index score"),
            },
            ("lsoa21cd", "index_edition", "domain"),
        ),
        Contract(
            "place_indicators",
            "Published figures by LSOA 2021: census counts, and the indicators that the Indices of Deprivation are made of.",
            {
                "lsoa21cd": _text("LSOA 2021 code", pattern=_LSOA),
                "reference": _text("What was counted or measured", pattern=r"^(census_2021|imd_20\d\d|mid_20\d\d|wimd_20\d\d)$"),
                "indicator": _text("Our id, e.g. residents_by_ethnic_group, violence_with_injury_rate"),
                "category": _text("Breakdown, e.g. 'Ethnic group White'; 'all' for none"),
                "value": Column("float", "Published value; null when suppressed", nullable=True, unit="as the column unit says"),
                "unit": _text("Unit in words, e.g. residents, per 1,000 at-risk population"),
                "marker": _text("Why there is no value; null when there is one", nullable=True),
                "source": _text("Source id of the registry"),
            },
            ("lsoa21cd", "reference", "indicator", "category"),
        ),
        Contract(
            "street_counts",
            "Street-level records by recording force, month, LSOA 2021 and crime type.",
            {
                "force_slug": _text("Force whose file holds the records"),
                "month": Column("month", "First day of the month"),
                "location": _text(
                    "lsoa: located; none: no location. In an edition's view: in_area, outside_area, none",
                    allowed=("lsoa", "none", "in_area", "outside_area"),
                ),
                "lsoa21cd": _text("LSOA 2021 code; null when there is none", nullable=True, pattern=_LSOA),
                "crime_type": _text("Street-level category", allowed=vocabulary.CRIME_TYPES),
                "count": _count("Records", minimum=1, unit="records"),
            },
            ("force_slug", "month", "location", "lsoa21cd", "crime_type"),
        ),
        Contract(
            "outcome_counts",
            "Outcomes by recording force, month, district, crime type and outcome.",
            {
                "force_slug": _text("Force whose file holds the records"),
                "month": Column("month", "First day of the month of the file"),
                "kind": _text(
                    "last_outcome: last outcome of a street record; outcome_event: row of an outcomes file",
                    allowed=("last_outcome", "outcome_event"),
                ),
                "lad24cd": _text("District the record is located in; null without one", nullable=True, pattern=_GSS),
                "crime_type": _text("Street-level category; null for an outcome whose crime is not held", nullable=True),
                "outcome": _text("Outcome in the publisher's words; 'None recorded' where blank"),
                "count": _count("Records", minimum=1, unit="records"),
            },
            ("force_slug", "month", "kind", "lad24cd", "crime_type", "outcome"),
        ),
        Contract(
            "recorded_crime",
            "Police recorded crime by area, period and offence, with the publication each number comes from.",
            {
                "area_kind": _text("force, csp, unassigned, region or country"),
                "area_code": _text("GSS code; 'btp'; 'unassigned:' and the force's code; or a code with ':ex-' and the force it leaves out"),
                "area_name": _text("Area name as this project spells it"),
                "pfa24cd": _text("Force the area belongs to; null for regions and countries", nullable=True),
                "period_start": Column("month", "First day of the first month"),
                "period_end": Column("month", "First day of the last month"),
                "period_kind": _text("quarter or year", allowed=("quarter", "year")),
                "level": _text("code or group", allowed=("code", "group")),
                "offence_code": _text("Home Office offence code; null at group level", nullable=True),
                "offence": _text("Offence group, or the title of the code"),
                "measure": _text("offences, or knife for the knife and sharp instrument collection", allowed=("offences", "knife")),
                "count": Column("int", "Offences; negative where transfers and cancellations outweigh new records", unit="offences"),
                "status": _text("published as it stands, or reconstructed by us", allowed=("published", "reconstructed")),
                "publication": _text("The publication, e.g. 'Police force area tables, year ending June 2025'"),
            },
            ("area_code", "period_start", "period_kind", "level", "offence_code", "offence", "measure", "status", "publication"),
        ),
        Contract(
            "indicators",
            "Published indicators by area and period: arrests, first-time entrants, assessment factors, severity scores.",
            {
                "indicator": _text("Our id, e.g. first_time_entrants_rate"),
                "source": _text("Source id of the registry"),
                "area_code": _text("GSS code where there is one, else the publisher's code"),
                "area_name": _text("Area name"),
                "area_kind": _text("force, csp, county, district, region, country"),
                "period_label": _text("The publisher's words for the period"),
                "period_start": Column("month", "First day of the first month"),
                "period_end": Column("month", "First day of the last month"),
                "category": _text("Breakdown, e.g. 'Age 10 - 17 years|Sex Male'; 'all' for none"),
                "value": Column("float", "Published value; null when missing or suppressed", nullable=True, unit="as the column unit says"),
                "unit": _text("Unit in words, e.g. per 100,000 aged 10-17"),
                "marker": _text("Publisher's marker for a missing value; null when there is a value", nullable=True),
            },
            ("indicator", "area_code", "period_label", "category"),
        ),
        Contract(
            "coverage",
            "Every month file that was read or is missing, and what became of its rows.",
            {
                "dataset": _text("street or outcomes", allowed=("street", "outcomes")),
                "force_slug": _text("Force"),
                "month": Column("month", "First day of the month"),
                "status": _text("present, or missing between the first and last month held", allowed=("present", "missing")),
                "archive": _text("Archive the month was taken from; null when missing", nullable=True),
                "superseded": _text("Older archives that hold the month too, left aside; null when none", nullable=True),
                "lsoa_vintage": _text(
                    "2011, 2021, or either when all its codes are in both; null when missing or no row is located",
                    nullable=True,
                    allowed=("2011", "2021", "either"),
                ),
                "rows_total": _count("Rows in the file; 0 when missing", unit="rows"),
                "rows_located": _count("Rows with an LSOA", unit="rows"),
                "rows_in_area": _count("Rows located in the edition's area (of outcomes: in its districts); 0 in the national table", unit="rows"),
                "rows_outside_area": _count("Rows located elsewhere; 0 in the national table", unit="rows"),
                "rows_no_location": _count("Rows without an LSOA", unit="rows"),
                "rows_rejected": _count("Rows refused, listed in rejects", unit="rows"),
                "rows_recoded": _count("Located rows whose LSOA 2011 was split, merged or changed and was recoded to LSOA 2021", unit="rows"),
                "rows_in_force_area": _count("Located rows in the area of the force whose file it is", unit="rows"),
                "rows_without_id": _count("Rows without a Crime ID; anti-social behaviour has none", unit="rows"),
                "rows_id_unexpected": _count("Rows of a crime without a Crime ID, and rows of anti-social behaviour with one", unit="rows"),
                "rows_repeated": _count("Rows without a Crime ID that equal an earlier row of the file in every field; kept: they need not be duplicates", unit="rows"),
                "rows_repeated_id": _count("Rows whose Crime ID an earlier row of the force's files of this kind has; kept", unit="rows"),
                "ids_repeated": _count("Crime IDs that occur for the second time here", unit="Crime IDs"),
                "rows_half_located": _count("Rows with coordinates and no LSOA, or an LSOA and no coordinates", unit="rows"),
                "rows_context": _count("Rows whose column Context is filled", unit="rows"),
                "former_districts": _text(
                    "Districts the file's neighbourhoods are named after that are none of today's, with at least 1% of its located rows; null when none",
                    nullable=True,
                ),
                "lon_west": Column("float", "Longitude of the westernmost row, degrees; null without any", True, unit="degrees"),
                "lon_east": Column("float", "Longitude of the easternmost row, degrees; null without any", True, unit="degrees"),
                "lat_south": Column("float", "Latitude of the southernmost row, degrees; null without any", True, unit="degrees"),
                "lat_north": Column("float", "Latitude of the northernmost row, degrees; null without any", True, unit="degrees"),
            },
            ("dataset", "force_slug", "month"),
        ),
        Contract(
            "rejects",
            "Rows that were refused, counted by file and reason.",
            {
                "source": _text("Source id"),
                "file": _text("File or archive member"),
                "reason": _text("Why the rows were refused"),
                "first_row": _count("First row concerned, 1 is the row under the header", minimum=1, unit="row number"),
                "count": _count("Rows", minimum=1, unit="rows"),
            },
            ("source", "file", "reason"),
        ),
    )
}


def _partner_contract(kind: Kind) -> Contract:
    """Return the contract of a partner's tidy table, as its kind describes it."""
    columns = {name: _text(f"{name.replace('_', ' ').capitalize()}; all where summed over") for name in kind.dimensions}
    description = f"{kind.title}: {kind.unit} by the aggregates of the kind, totals and zeros included."
    return Contract(kind.table, description, {**columns, "count": _count(kind.unit.capitalize(), unit=kind.unit)}, kind.dimensions)


PARTNER_CONTRACTS: dict[str, Contract] = {kind.table: _partner_contract(kind) for kind in KINDS.values()}
"""Tables made from partners' restricted extracts; they are kept beside the extract, not in ``data/tidy``."""


def contract(table: str) -> Contract:
    """Return the contract of a tidy table.

    Raises
    ------
    SnaError
        If there is no such table.
    """
    if table in CONTRACTS:
        return CONTRACTS[table]
    if table in PARTNER_CONTRACTS:
        return PARTNER_CONTRACTS[table]
    raise SnaError(f"There is no tidy table '{table}'; the tables are {', '.join([*CONTRACTS, *PARTNER_CONTRACTS])}.")


def digest(table: str) -> str:
    """Return a sha256 over everything the contract of a table states."""
    return hashlib.sha256(json.dumps(asdict(contract(table)), sort_keys=True).encode()).hexdigest()


def empty(table: str) -> pd.DataFrame:
    """Return a frame with the table's columns and types and no rows."""
    return coerce(table, pd.DataFrame({name: [] for name in contract(table).columns}))


def coerce(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the contract's columns, in its order, in its types, sorted by its key.

    Parameters
    ----------
    table : str
        Name of a tidy table.
    frame : pandas.DataFrame
        Must hold every column of the contract; others are dropped.
    """
    rules = contract(table)
    missing = [name for name in rules.columns if name not in frame.columns]
    if missing:
        raise SnaError(f"Table '{table}' lacks the column(s) {', '.join(missing)}; its loader must deliver them.")
    typed = {name: _typed(frame[name], column) for name, column in rules.columns.items()}
    out = pd.DataFrame(typed).sort_values(list(rules.key), kind="stable", na_position="last")
    return out.reset_index(drop=True)


def _typed(values: pd.Series, column: Column) -> pd.Series:
    return values.astype(_PANDAS_TYPES.get(column.dtype, column.dtype))


def validate(table: str, frame: pd.DataFrame, source: str = "") -> pd.DataFrame:
    """Check a frame against its contract and return it typed and sorted.

    Parameters
    ----------
    table : str
        Name of a tidy table.
    frame : pandas.DataFrame
        Candidate rows.
    source : str, optional
        File the rows came from, for the message.

    Raises
    ------
    SnaError
        With the first violation: the column, the offending value, the row and the file.
    """
    # pandera takes most of a second to import, and most commands check nothing
    from pandera.errors import SchemaError

    out = coerce(table, frame)
    try:
        schema(table).validate(out)
    except SchemaError as error:
        where = f" from {source}" if source else ""
        raise SnaError(f"Table '{table}'{where}{_violation(table, out, error)}") from None
    return out


def arrow_table(table: str, columns: Mapping[str, Sequence[object] | np.ndarray]) -> pa.Table:
    """Return columns as an Arrow table by the contract: typed, sorted by the key, and checked as :func:`check_arrow` does.

    For tables that are made by the hundred, one a force: a few milliseconds where :func:`validate` takes most of a second.

    Parameters
    ----------
    table : str
        Name of a tidy table.
    columns : mapping of str to sequence
        Every column of the contract, all of one length; None where there is no value.

    Raises
    ------
    SnaError
        With the first violation, or when a key occurs twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "month": pa.timestamp("us")}
    rules = contract(table)
    out = pa.table({name: pa.array(columns[name], kinds[column.dtype], from_pandas=True) for name, column in rules.columns.items()})
    keys = [(name, "ascending", "at_end") for name in rules.key]
    out = out.take(pc.sort_indices(out, sort_keys=keys))
    if out.num_rows != out.select(list(rules.key)).group_by(list(rules.key), use_threads=False).aggregate([]).num_rows:
        raise SnaError(f"Table '{table}' has two rows for one key; every key must occur once.")
    texts = [name for name, column in rules.columns.items() if column.dtype == "str"]
    encoded = {name: out[name].combine_chunks().dictionary_encode() if name in texts else out[name] for name in out.column_names}
    return check_arrow(table, pa.table(encoded))


def check_arrow(table: str, content: pa.Table) -> pa.Table:
    """Check a large Arrow table against a contract, text by its distinct values, and return it.

    Parameters
    ----------
    table : str
        Name of a tidy table.
    content : pyarrow.Table
        Texts as dictionary arrays; rows sorted, and each key once, by the way it was made.

    Raises
    ------
    SnaError
        With the first violation.
    """
    if content.column_names != list(contract(table).columns):
        raise SnaError(f"Table '{table}' has the columns {', '.join(content.column_names)}; its loader must deliver {', '.join(contract(table).columns)}.")
    for name, column in contract(table).columns.items():
        held = content[name].combine_chunks()
        if held.null_count and not column.nullable:
            raise SnaError(f"Table '{table}': column {name} is empty in {held.null_count} row(s); it must be filled.")
        if bad := _not_allowed(held, column):
            raise SnaError(f"Table '{table}': column {name} holds {bad[0]!r}, which its contract does not allow.")
    return content


def _not_allowed(values: pa.Array, column: Column) -> list:
    """Return values that a column's limits rule out, at most a few."""
    import pyarrow.compute as pc

    if column.minimum is not None:
        lowest = pc.min(values).as_py()
        return [lowest] if lowest is not None and lowest < column.minimum else []
    if column.dtype != "str" or not (column.allowed or column.pattern):
        return []
    held = values.dictionary.take(pc.unique(values.indices).drop_null()).to_pylist()
    return [value for value in held if (column.allowed and value not in column.allowed) or (column.pattern and not re.match(column.pattern, value))]


@cache
def schema(table: str) -> DataFrameSchema:
    """Return the contract of a tidy table as a pandera schema."""
    import pandera.pandas as pandera

    rules = contract(table)
    columns = {name: _schema_column(column) for name, column in rules.columns.items()}
    return pandera.DataFrameSchema(columns, unique=list(rules.key), strict=True, name=table)


def _schema_column(column: Column) -> SchemaColumn:
    import pandera.pandas as pandera

    checks = []
    if column.allowed:
        checks.append(pandera.Check.isin(column.allowed))
    if column.pattern:
        checks.append(pandera.Check.str_matches(column.pattern))
    if column.minimum is not None:
        checks.append(pandera.Check.ge(column.minimum))
    return pandera.Column(_PANDAS_TYPES.get(column.dtype, column.dtype), checks, nullable=column.nullable)


def _violation(table: str, frame: pd.DataFrame, error: SchemaError) -> str:
    """Return the rest of the sentence that says what broke the contract."""
    cases = error.failure_cases
    if error.reason_code.name == "DUPLICATES":
        row = frame.loc[cases["index"].iloc[0], list(contract(table).key)].to_dict()
        return f" has two rows for {row}; every key must occur once."
    name = error.schema.name
    if error.reason_code.name == "SERIES_CONTAINS_NULLS":
        return f": column {name} is empty in {len(cases)} row(s); it must be filled."
    value = cases["failure_case"].iloc[0]
    shown = repr(value) if isinstance(value, str) else value
    return f": column {name} holds {shown}, which its contract does not allow."
