"""Force area tables of the Office for National Statistics: workbooks, and the table by Community Safety Partnership.

Read are Table P1 (recorded crime by offence group), P2 (change on the year before, from which the revised figure of that
year follows exactly), P4 and P5 (knife or sharp instrument offences) of each workbook, and Table C2 of a CSV edition.
Table P6 of the December 2019 edition is not read: it repeats a stale column. ``publication`` names the edition of each
figure, so a figure as first published and as revised later stand side by side.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pandas as pd

from svd_lib import vocabulary
from svd_lib.errors import SnaError

SOURCE: Final = "ons_pfa_tables"
KNIFE_TOTAL: Final = "Selected serious offences"
EXCLUDING_SUFFIX: Final = ":ex-"
ABSENT_FORCE: Final = "E23000005"
"""The force that could supply no data from July 2019; countries and its region are then published without it."""

COUNTRIES: Final = {
    "K04000001": "England and Wales",
    "E92000001": "England",
    "W92000004": "Wales",
}
REGIONS: Final = {
    "E12000001": "North East",
    "E12000002": "North West",
    "E12000003": "Yorkshire and The Humber",
    "E12000004": "East Midlands",
    "E12000005": "West Midlands region",
    "E12000006": "East of England",
    "E12000007": "London",
    "E12000008": "South East",
    "E12000009": "South West",
}
_HOLD_ABSENT_FORCE: Final = ("K04000001", "E92000001", "E12000002")
_MISSING: Final = ("..", ".", "NA", "N/A", "-", "", "[x]", ":")
_MONTHS: Final = {"mar": 3, "jun": 6, "sep": 9, "dec": 12}
_MONTH_NAMES: Final = {3: "March", 6: "June", 9: "September", 12: "December"}

_OFFENCES: Final = {
    "total recorded crime (excluding fraud)": vocabulary.TOTAL_EXCLUDING_FRAUD,
    "death or serious injury - unlawful driving": "Death or serious injury caused by illegal driving",
    "other theft offences": "All other theft offences",
    "miscellaneous crimes": "Miscellaneous crimes against society",
    "residental burglary": "Residential burglary",
}
_AGGREGATES: Final = (vocabulary.TOTAL_EXCLUDING_FRAUD, vocabulary.VIOLENCE_AGAINST_THE_PERSON, "Theft offences", "Burglary")
_SPELLING: Final = {name.lower(): name for name in (*vocabulary.OFFENCE_GROUPS, *_AGGREGATES)} | _OFFENCES

_KNIFE: Final = {
    "total of selected serious offences": KNIFE_TOTAL,
    "attempted murder": "Attempted murder",
    "threats to kill": "Threats to kill",
    "assault with injury and assault with intent to cause serious harm": "Assault with injury and assault with intent to cause serious harm",
    "robbery": "Robbery",
    "rape and sexual assault": "Rape and sexual assault",
    "homicide": "Homicide",
}


def read_force_tables(raw: Any, forces: pd.DataFrame) -> list[pd.DataFrame]:
    """Return one frame per table that the lock holds, in the columns of ``recorded_crime``.

    Parameters
    ----------
    raw : RawFiles
        The locked raw files.
    forces : pandas.DataFrame
        Register of forces: index ``force_slug``, columns ``area_code, area_name, pfa24cd``.
    """
    parts = [read_workbook(path, forces) for path in raw.paths(SOURCE, "*.xlsx")]
    return parts + [read_partnership_table(path, forces) for path in raw.paths(SOURCE, "*.csv*")]


def edition_name(year_ending: pd.Timestamp) -> str:
    """Return the name of an edition, e.g. ``"Police force area tables, year ending June 2018"``."""
    return f"Police force area tables, year ending {_MONTH_NAMES[year_ending.month]} {year_ending.year}"


def year_before_name(year_ending: pd.Timestamp) -> str:
    """Return the name under which an edition's revised figures of the year before are kept (from its Table P2)."""
    return f"{edition_name(year_ending)}: the year before, from its percentage changes"


def read_workbook(path: Path, forces: pd.DataFrame) -> pd.DataFrame:
    """Return Tables P1, P2, P4 and P5 of one workbook.

    Raises
    ------
    SnaError
        When a sheet, an area or a column cannot be recognised; the sentence names file and row.
    """
    book = openpyxl.load_workbook(path, data_only=True)
    sheets = {sheet.title.strip(): list(sheet.iter_rows(values_only=True)) for sheet in book}
    missing = [name for name in ("Table P1", "Table P2", "Table P4", "Table P5") if name not in sheets]
    if missing:
        raise SnaError(f"{path.name} lacks the sheet(s) {', '.join(missing)}; fetch the workbook again.")
    ends = _year_ending(_text(sheets["Table P1"][0][0]), path.name)
    offences = _offence_cells(sheets["Table P1"], path.name)
    parts = [
        _published(_areas(offences, path.name, forces), ends, "offences"),
        _year_before(offences, _offence_cells(sheets["Table P2"], path.name), ends, path.name, forces),
        _knife(sheets["Table P4"], sheets["Table P5"], ends, path.name, forces),
    ]
    return pd.concat(parts, ignore_index=True)


def read_partnership_table(path: Path, forces: pd.DataFrame) -> pd.DataFrame:
    """Return Table C2: headline offences by force, Community Safety Partnership and 'unassigned', one year.

    Notes
    -----
    Partnerships are told apart by their own code: two of them can share a local authority code. A force whose only row
    is its one partnership (the City of London) gets that row as its force total too. A row without any figure says
    nothing and is passed over. An unassigned row belongs to the force it names: the June 2025 edition prints two of
    them under another force's code. A place with figures but no partnership code (an airport) is kept as unassigned
    under its own name.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    head = next((i for i, row in enumerate(rows) if row and _text(row[0]).startswith("Police Force Area code")), None)
    if head is None:
        raise SnaError(f"{path.name} has no header row that starts with 'Police Force Area code'; fetch the file again.")
    ends = _year_ending(_text(rows[0][0]), path.name)
    names = [_offence(title, path.name) for title in rows[head][6:]]
    cells = [
        {"row": i + 1, "pfa24cd": _text(row[0]), "force": _plain(row[1]), "csp": _text(row[2]), "label": _plain(row[3]), "offence": name, "value": value}
        for i, row in enumerate(rows)
        if i > head and any(_text(cell) for cell in row[6:])
        for name, value in zip(names, row[6:], strict=True)
    ]
    frame = _partnership_areas(pd.DataFrame(cells), path.name, forces)
    frame["count"] = _counts(frame, path.name)
    return _finish(frame, ends, "offences", edition_name(ends))


def _partnership_areas(frame: pd.DataFrame, file: str, forces: pd.DataFrame) -> pd.DataFrame:
    known = forces.dropna(subset="pfa24cd")
    slug = frame["force"].map(vocabulary.force_slug)
    unassigned = frame["label"].str.lower().str.startswith("unassigned")
    wrong = slug.map(known["pfa24cd"]) != frame["pfa24cd"].where(~unassigned, slug.map(known["pfa24cd"]))
    if wrong.any():
        cell = frame.loc[wrong.idxmax()]
        raise SnaError(f"{file}, row {cell['row']}: police force '{cell['force']}' does not go with code '{cell['pfa24cd']}'; correct the lookup or the file.")
    frame["pfa24cd"], name = slug.map(known["pfa24cd"]), slug.map(known["area_name"])
    csp = frame["csp"] != ""
    place = frame["label"].where(~unassigned, "")
    frame["area_kind"] = np.select([csp, frame["label"] == ""], ["csp", "force"], "unassigned")
    apart = "unassigned:" + frame["pfa24cd"] + place.map(lambda text: f":{text}" if text else "")
    frame["area_code"] = np.select([csp, frame["label"] == ""], [frame["csp"], frame["pfa24cd"]], apart)
    frame["area_name"] = frame["label"].where(frame["label"] != "", name)
    alone = frame[csp & ~frame["pfa24cd"].isin(frame.loc[frame["area_kind"] == "force", "pfa24cd"])]
    total = alone.assign(area_kind="force", area_code=alone["pfa24cd"], area_name=name[alone.index])
    return pd.concat([frame, total], ignore_index=True)


def _text(value: object) -> str:
    return re.sub(r"\s+", " ", str(value if value is not None else "")).strip()


def _plain(value: object) -> str:
    """Return a label without its notes: a ``[note 4]`` after it or footnote digits glued to it (``7,8``)."""
    text = re.sub(r"\[note[^\]]*\]", "", _text(value))
    return re.sub(r"\s*\d+(,\s*\d+)*(?=\)?$)", "", text).strip()


def _offence(title: object, file: str) -> str:
    name = _SPELLING.get(_plain(title).lower())
    if name is None:
        raise SnaError(f"{file}: column '{_text(title)}' is no offence group that this project knows; add it to svd_lib/ingest/force_tables.py.")
    return name


def _year_ending(title: str, file: str) -> pd.Timestamp:
    """Return the last month of the year in a title such as 'year ending December 20191,2' or 'year ending June 181,2'."""
    found = re.search(r"year ending (\w{3})\w* (20\d\d|\d\d)", title, re.IGNORECASE)
    month = _MONTHS.get(found[1].lower()) if found else None
    if month is None:
        raise SnaError(f"{file}: its title '{title[:80]}' names no year ending March, June, September or December; fetch it again.")
    year = int(found[2]) if len(found[2]) == 4 else 2000 + int(found[2])
    return pd.Timestamp(year, month, 1)


def _header(rows: list[tuple], file: str) -> int:
    for i, row in enumerate(rows[:12]):
        if _text(row[0]).startswith("Area Code"):
            return i
    raise SnaError(f"{file}: a sheet has no header row that starts with 'Area Code'; fetch the workbook again.")


def _body(rows: list[tuple], head: int) -> list[tuple[int, tuple]]:
    """Return (row number, cells) of the rows that name an area; notes under the table have no second column."""
    return [(i + 1, row) for i, row in enumerate(rows) if i > head + 1 and _text(row[1])]


def _offence_cells(rows: list[tuple], file: str) -> pd.DataFrame:
    head = _header(rows, file)
    titles = {i: _text(rows[head][i]) or _text(rows[head - 1][i]) for i in range(2, len(rows[head]))}
    columns = {i: _offence(title, file) for i, title in titles.items() if title and not title.startswith(("Victim-based", "Other crimes"))}
    return pd.DataFrame(
        {"row": n, "code": _text(row[0]), "label": _text(row[1]), "offence": name, "value": row[i]}
        for n, row in _body(rows, head)
        for i, name in columns.items()
    )


def _areas(frame: pd.DataFrame, file: str, forces: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with area columns; a code with a footnote digit glued on ('E230000257') loses it."""
    code = frame["code"].str[:9]
    label = frame["label"].map(_plain)
    excluding = label.str.contains("(excluding ", case=False, regex=False)
    by_name = label.str.replace(r"\s*\(.*\)", "", regex=True).str.title().map({v.title(): k for k, v in COUNTRIES.items()})
    code = code.where(code != "", by_name.where(excluding, "btp"))
    known = _known_areas(forces)
    unknown = ~code.isin(known.index)
    if unknown.any():
        cell = frame.loc[unknown.idxmax()]
        raise SnaError(f"{file}, row {cell['row']}: area '{cell['label']}' with code '{cell['code']}' is unknown; add it to svd_lib/ingest/force_tables.py.")
    out = pd.concat([frame.reset_index(drop=True), known.loc[code].reset_index()], axis=1)
    return _excluding_areas(out, excluding.to_numpy(), known["area_name"].get(ABSENT_FORCE, "one force"))


def _known_areas(forces: pd.DataFrame) -> pd.DataFrame:
    wider = [{"area_code": c, "area_name": n, "area_kind": "country", "pfa24cd": None} for c, n in COUNTRIES.items()]
    wider += [{"area_code": c, "area_name": n, "area_kind": "region", "pfa24cd": None} for c, n in REGIONS.items()]
    return pd.concat([forces.assign(area_kind="force"), pd.DataFrame(wider)], ignore_index=True).set_index("area_code")


def _excluding_areas(frame: pd.DataFrame, named: Any, absent_name: str) -> pd.DataFrame:
    """Mark the countries and the region whose figure leaves out the absent force as areas of their own.

    They leave it out where the row says so, and in every column in which that force itself has no figure.
    """
    column = [name for name in ("offence", "period_end") if name in frame.columns]
    absent = frame[(frame["area_code"] == ABSENT_FORCE) & frame["value"].map(_is_missing)][column]
    without = frame[column].apply(tuple, axis=1).isin(set(absent.apply(tuple, axis=1)))
    marked = frame["area_code"].isin(_HOLD_ABSENT_FORCE) & (without | named)
    frame["area_code"] = frame["area_code"].where(~marked, frame["area_code"] + EXCLUDING_SUFFIX + ABSENT_FORCE)
    frame["area_name"] = frame["area_name"].where(~marked, frame["area_name"] + f" (excluding {absent_name})")
    return frame


def _is_missing(value: object) -> bool:
    return _text(value) in _MISSING


def _counts(frame: pd.DataFrame, file: str) -> pd.Series:
    plain = frame["value"].map(_text).str.replace(",", "", regex=False)
    bad = ~plain.str.fullmatch(r"-?\d+(\.0)?")
    if bad.any():
        cell = frame.loc[bad.idxmax()]
        raise SnaError(f"{file}, row {cell['row']}: {cell['offence']} holds {cell['value']!r}, which is no whole number; fetch the file again.")
    return plain.astype("float64").astype("int64")


def _published(frame: pd.DataFrame, ends: pd.Timestamp, measure: str, file: str = "") -> pd.DataFrame:
    held = frame[~frame["value"].map(_is_missing)].reset_index(drop=True)
    held["count"] = _counts(held, file or edition_name(ends))
    return _finish(held, held.get("period_end", ends), measure, edition_name(ends))


def _finish(frame: pd.DataFrame, ends: Any, measure: str, publication: str, status: str = "published") -> pd.DataFrame:
    out = frame.assign(period_end=ends, period_kind="year", level="group", offence_code=None, measure=measure, status=status, publication=publication)
    out["period_start"] = out["period_end"] - pd.DateOffset(months=11)
    kept = ["area_kind", "area_code", "area_name", "pfa24cd", "period_start", "period_end", "period_kind", "level", "offence_code"]
    return out[[*kept, "offence", "measure", "count", "status", "publication"]]


def _year_before(now: pd.DataFrame, change: pd.DataFrame, ends: pd.Timestamp, file: str, forces: pd.DataFrame) -> pd.DataFrame:
    """Return the year before as this edition has it: figure / (1 + change), which is whole to the last digit.

    The publisher gives no change for small or missing figures; those stay out.
    """
    current = _areas(now, file, forces).set_index(["area_code", "offence"])
    percent = _areas(change, file, forces).set_index(["area_code", "offence"])["value"]
    held = current.join(percent.rename("percent"), how="inner", validate="one_to_one").reset_index()
    held = held[~held["value"].map(_is_missing) & ~held["percent"].map(_is_missing)].reset_index(drop=True)
    exact = held["value"].astype(float) / (1 + held["percent"].astype(float) / 100)
    whole = (exact - exact.round()).abs() < 1e-6
    held = held[whole].assign(count=exact[whole].round().astype("int64"))
    return _finish(held, ends - pd.DateOffset(years=1), "offences", year_before_name(ends), "reconstructed")


def _knife(by_offence: list[tuple], series: list[tuple], ends: pd.Timestamp, file: str, forces: pd.DataFrame) -> pd.DataFrame:
    latest = _published(_areas(_knife_cells(by_offence, file), file, forces), ends, "knife", file)
    past = _published(_areas(_knife_series_cells(series, file), file, forces), ends, "knife", file)
    key = ["area_code", "period_end", "offence"]
    both = latest.merge(past, on=key, suffixes=("", "_series"), validate="one_to_one")
    differing = both[both["count"] != both["count_series"]]
    if len(differing):
        raise SnaError(f"{file}: Tables P4 and P5 differ for {differing['area_name'].iloc[0]}; check the workbook.")
    return pd.concat([latest, past], ignore_index=True).drop_duplicates(key, keep="first")


def _knife_cells(rows: list[tuple], file: str) -> pd.DataFrame:
    head = _header(rows, file)
    columns = {i: _KNIFE.get(_plain(title).lower()) for i, title in enumerate(rows[head - 1]) if i > 1 and _text(title)}
    if None in columns.values():
        raise SnaError(f"{file}: Table P4 has a column of offences that this project does not know; add it to svd_lib/ingest/force_tables.py.")
    return pd.DataFrame(
        {"row": n, "code": _text(row[0]), "label": _text(row[1]), "offence": name, "value": row[i]}
        for n, row in _body(rows, head)
        for i, name in columns.items()
    )


def _knife_series_cells(rows: list[tuple], file: str) -> pd.DataFrame:
    head = _header(rows, file)
    columns = {i: _span_end(_text(title)) for i, title in enumerate(rows[head - 1]) if re.match(r"\w{3}\w* '\d\d to", _text(title))}
    if not columns:
        raise SnaError(f"{file}: Table P5 has no column such as \"Apr '10 to Mar '11\"; fetch the workbook again.")
    cells = pd.DataFrame(
        {"row": n, "code": _text(row[0]), "label": _text(row[1]), "offence": KNIFE_TOTAL, "period_end": end, "value": row[i]}
        for n, row in _body(rows, head)
        for i, end in columns.items()
    )
    return cells.drop_duplicates(["code", "label", "period_end"], keep="first")


def _span_end(title: str) -> pd.Timestamp:
    found = re.search(r"to (\w{3})\w* '(\d\d)", title)
    return pd.Timestamp(2000 + int(found[2]), _MONTHS[found[1].lower()], 1)
