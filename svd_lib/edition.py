"""Editions and areas: one published issue of one area's needs assessment, and the area it is about.

An edition is a folder, ``data/editions/<name>/`` in the repository or ``_build/<name>/edition/`` for one made on the
fly. Opening it reads ``edition.yml`` alone; the area's neighbourhoods come with the view of the data.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import yaml

from svd_lib import vocabulary
from svd_lib.errors import SnaError
from svd_lib.yaml_text import read_yaml

NAME_PATTERN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*-\d{4}$")
_SLUG_PATTERN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_DEFINITION_PATTERN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*@[A-Za-z0-9][A-Za-z0-9.-]*$")
INPUTS = ("embedded", "raw")
STATUSES = ("demonstration", "draft", "approved")
REQUIRED_FIELDS = ("name", "title", "area", "period_end", "definition", "partnership", "inputs", "status")
OPTIONAL_FIELDS = ("previous", "approved_by", "approved_on", "publisher", "partner_data", "notices")
SYNTHETIC = "synthetic"
SYNTHETIC_MARK = "Synthetic data: made up to show the page; says nothing about {area}"
SYNTHETIC_LINE = "Partner data in this build are synthetic: made up to show the pages. "
NOTICES = ("correction", "withdrawal")
DEMONSTRATION_LINE = "Worked from open data by an open-source project; not a publication of the {partnership}"


@dataclass(frozen=True)
class Area:
    """A resolved area: what it is called, whose force polices it, and the neighbourhoods it is made of.

    Parameters
    ----------
    kind : str
        One of :data:`svd_lib.vocabulary.AREA_KINDS`.
    code : str
        GSS code; for a list of LSOAs ``lsoas-`` and a digest of the list.
    name : str
        The reader's name.
    force_slug, pfa24cd, pfa_name : str
        The one police force area the area lies in.
    lsoa21cd : tuple of str
        LSOA 2021 codes, sorted.
    lad, csp, utla : dict
        Code -> name of every district, Community Safety Partnership and county or unitary the area touches.
    """

    kind: str
    code: str
    name: str
    force_slug: str
    pfa24cd: str
    pfa_name: str
    lsoa21cd: tuple[str, ...]
    lad: dict[str, str]
    csp: dict[str, str]
    utla: dict[str, str]

    def to_dict(self) -> dict:
        """Return the area as plain JSON values, keys sorted within each map."""
        return {
            "kind": self.kind,
            "code": self.code,
            "name": self.name,
            "force_slug": self.force_slug,
            "pfa24cd": self.pfa24cd,
            "pfa_name": self.pfa_name,
            "lsoa21cd": list(self.lsoa21cd),
            "lad": dict(sorted(self.lad.items())),
            "csp": dict(sorted(self.csp.items())),
            "utla": dict(sorted(self.utla.items())),
        }

    @classmethod
    def from_dict(cls, values: Mapping) -> Area:
        """Return the area that :meth:`to_dict` wrote.

        Raises
        ------
        SnaError
            If a field is absent.
        """
        fields = cls.__dataclass_fields__
        missing = [name for name in fields if name not in values]
        if missing:
            raise SnaError(f"The area description lacks the field(s) {', '.join(missing)}; make the view again.")
        return cls(**{name: values[name] for name in fields if name != "lsoa21cd"}, lsoa21cd=tuple(values["lsoa21cd"]))


@dataclass(frozen=True)
class Notice:
    """A correction of an edition, or its withdrawal: shown on every page and in the feed of editions.

    Parameters
    ----------
    kind : str
        ``correction`` or ``withdrawal``.
    date : datetime.date
        When.
    text : str
        One sentence: what was wrong and what is right.
    """

    kind: str
    date: date
    text: str


@dataclass(frozen=True)
class Edition:
    """One edition, as its ``edition.yml`` states it, and where its files lie.

    Parameters
    ----------
    name : str
        ``<area slug>-<year of period end>``.
    title : str
        Title of the report.
    area_kind, area_code : str
        The area, to be resolved by :func:`svd_lib.ingest.areas.area_of`.
    period_end : datetime.date
        Last day of the last month.
    definition : str
        ``<id>@<version>``.
    partnership : str
        The partnership in words that stand after "the".
    previous : str or None
        Name of the edition before.
    inputs : str
        ``embedded`` (the committed snapshot suffices) or ``raw``.
    status : str
        ``demonstration``, ``draft`` or ``approved``.
    approved_by : str or None
        The body that approved the edition.
    approved_on : datetime.date or None
        When it did.
    publisher : str or None
        The public body that publishes it; none for a demonstration.
    root : pathlib.Path
        Project root.
    folder : pathlib.Path
        Folder that holds ``edition.yml``.
    out_dir : str
        Where outputs go instead of the build folder; empty for the build folder.
    partner_data : str or None
        ``synthetic`` in an edition made to show pages on made-up partner data.
    notices : tuple of Notice
        Corrections and withdrawals, in the order they were written.
    """

    name: str
    title: str
    area_kind: str
    area_code: str
    period_end: date
    definition: str
    partnership: str
    previous: str | None
    inputs: str
    status: str
    approved_by: str | None
    approved_on: date | None
    publisher: str | None
    root: Path
    folder: Path
    out_dir: str = ""
    partner_data: str | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def lock_path(self) -> Path:
        """File that names every input with its size and hash."""
        return self.folder / "lock.json"

    @property
    def snapshot_path(self) -> Path:
        """Folder of the embedded aggregates."""
        return self.folder / "snapshot"

    @property
    def partnership_path(self) -> Path:
        """File of duty holders, governance, dates and consultation; it need not exist."""
        return self.folder / "partnership.yml"

    @property
    def commentary_path(self) -> Path:
        """Folder of the partnership's own words."""
        return self.folder / "commentary"

    @property
    def build_path(self) -> Path:
        """Folder of everything that is built."""
        return self.root / "_build" / self.name

    @property
    def out_path(self) -> Path:
        """Folder that findings and exhibits go to: ``out_dir`` where given, else the build folder."""
        return Path(self.out_dir).expanduser().resolve() if self.out_dir else self.build_path

    @property
    def view_path(self) -> Path:
        """Folder of the edition's tables: the view computed from raw files where there is one, else the snapshot."""
        raw = self.build_path / "view"
        return raw if (raw / "view.json").is_file() else self.snapshot_path

    @cached_property
    def area(self) -> Area:
        """The resolved area, as the view records it.

        Raises
        ------
        SnaError
            If the edition has neither a view nor a snapshot.
        """
        path = self.view_path / "view.json"
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SnaError(
                f"Edition {self.name} has neither a snapshot nor a view ({path} is not there); "
                f"run 'sna build --edition {self.name} --mirror DIR'."
            ) from None
        except json.JSONDecodeError as error:
            raise SnaError(f"{path}: line {error.lineno} is not JSON; make the view or snapshot again.") from None
        return Area.from_dict(values["area"])

    @property
    def is_approved(self) -> bool:
        """Whether a body and a date stand in ``edition.yml``."""
        return bool(self.approved_by and self.approved_on)

    @property
    def is_synthetic(self) -> bool:
        """Whether partner data in it are made up."""
        return self.partner_data == SYNTHETIC

    def mark_of(self, sensitivity: str) -> str:
        """Return what stands on an exhibit or finding that rests on made-up partner data; empty for all others."""
        is_marked = self.is_synthetic and sensitivity == "restricted"
        return SYNTHETIC_MARK.format(area=self.area.name) if is_marked else ""

    @property
    def status_line(self) -> str:
        """The sentence every page, cover and draft carries about whose work this is."""
        if not self.is_approved:
            warned = SYNTHETIC_LINE if self.is_synthetic else ""
            return warned + DEMONSTRATION_LINE.format(partnership=self.partnership)
        day = self.approved_on
        return f"Approved by {self.approved_by} on {day.day} {calendar.month_name[day.month]} {day.year}"

    @property
    def definition_id(self) -> str:
        """The definition's id without its version."""
        return self.definition.split("@")[0]

    @property
    def definition_version(self) -> str:
        """The definition's version."""
        return self.definition.split("@")[1]

    @property
    def slug(self) -> str:
        """The area's part of the name."""
        return self.name.rsplit("-", 1)[0]

    @property
    def source_date_epoch(self) -> int:
        """Seconds since 1970 of the period's end, midnight UTC: the clock of a reproducible build."""
        return calendar.timegm(self.period_end.timetuple())


def find_root(start: Path | None = None) -> Path:
    """Return the project root: the nearest folder, from ``start`` upwards, that holds ``data/editions``.

    Parameters
    ----------
    start : pathlib.Path, optional
        Where to begin; the working folder when absent.

    Raises
    ------
    SnaError
        If no such folder is found.
    """
    begin = Path(start) if start else Path.cwd()
    begin = begin.expanduser().resolve()
    for folder in (begin, *begin.parents):
        if (folder / "data" / "editions").is_dir():
            return folder
    raise SnaError(f"Neither {begin} nor a folder above it holds data/editions; go to the project or give --project DIR.")


def open_edition(name: str = "suffolk-2025", project_dir: str = "", out_dir: str = "") -> Edition:
    """Return an edition by name.

    Parameters
    ----------
    name : str
        Edition name, or an area's slug alone for its newest edition.
    project_dir : str, optional
        Project root; empty means the nearest folder upwards that holds ``data/editions``.
    out_dir : str, optional
        Where outputs go; empty means the build folder.

    Raises
    ------
    SnaError
        If there is no such edition, or ``edition.yml`` breaks a rule; the sentence names file and field.
    """
    root = find_root(Path(project_dir) if project_dir else None)
    folder = _edition_folder(root, name)
    return read_edition(folder, root, out_dir)


def list_editions(root: Path) -> list[Edition]:
    """Return every committed edition, sorted by name."""
    folders = sorted(path.parent for path in (root / "data" / "editions").glob("*/edition.yml"))
    return [read_edition(folder, root) for folder in folders]


def _edition_folder(root: Path, name: str) -> Path:
    if not _SLUG_PATTERN.match(name):
        raise SnaError(f"'{name}' is not an edition's name; a name is an area's slug, a hyphen and a year, or the slug alone.")
    folders = _edition_folders(root)
    if name in folders:
        return folders[name]
    ours = [known for known in folders if known.rsplit("-", 1)[0] == name and NAME_PATTERN.match(known)]
    if ours:
        return folders[max(ours, key=lambda known: int(known[-4:]))]
    raise SnaError(f"There is no edition '{name}' in {root}; the editions are {', '.join(sorted(folders)) or 'none'}.")


def _edition_folders(root: Path) -> dict[str, Path]:
    """Name -> folder; a committed edition hides a temporary one of the same name."""
    temporary = {path.parent.parent.name: path.parent for path in (root / "_build").glob("*/edition/edition.yml")}
    committed = {path.parent.name: path.parent for path in (root / "data" / "editions").glob("*/edition.yml")}
    return {**temporary, **committed}


def read_edition(folder: Path, root: Path, out_dir: str = "") -> Edition:
    """Read and check the ``edition.yml`` of a folder.

    Raises
    ------
    SnaError
        If the file breaks a rule; the sentence names file and field.
    """
    path = folder / "edition.yml"
    values = _read_fields(path, root)
    where = _where(path, root)
    edition = Edition(
        name=_matching(values, "name", NAME_PATTERN, "an area's slug, a hyphen and a year", where),
        title=_text(values, "title", where),
        **_area_fields(values, where),
        period_end=_date(values, "period_end", where),
        definition=_matching(values, "definition", _DEFINITION_PATTERN, "<id>@<version>", where),
        partnership=_text(values, "partnership", where),
        previous=_optional_text(values, "previous", where),
        inputs=_choice(values, "inputs", INPUTS, where),
        status=_choice(values, "status", STATUSES, where),
        approved_by=_optional_text(values, "approved_by", where),
        approved_on=_date(values, "approved_on", where) if values.get("approved_on") else None,
        publisher=_optional_text(values, "publisher", where),
        partner_data=_choice(values, "partner_data", (SYNTHETIC,), where) if values.get("partner_data") else None,
        root=root,
        folder=folder,
        out_dir=out_dir,
        notices=_notices(values, where),
    )
    _check_consistency(edition, where)
    return edition


def _notices(values: dict, where: str) -> tuple[Notice, ...]:
    """Return the edition's notices, each checked."""
    rows = values.get("notices") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SnaError(f"{where}: the field 'notices' must be a list of kind, date and text.")
    here = f"{where}: notices"
    return tuple(Notice(_choice(row, "kind", NOTICES, here), _date(row, "date", here), _text(row, "text", here)) for row in rows)


def _where(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _read_fields(path: Path, root: Path) -> dict:
    where = _where(path, root)
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = f" line {mark.line + 1}" if mark else ""
        raise SnaError(f"{where}:{row} is not valid YAML; mend the file.") from None
    if not isinstance(values, dict):
        raise SnaError(f"{where}: holds no fields; it needs {', '.join(REQUIRED_FIELDS)}.")
    missing = [name for name in REQUIRED_FIELDS if name not in values]
    if missing:
        raise SnaError(f"{where}: the field '{missing[0]}' is absent; add it.")
    unknown = [str(name) for name in values if name not in REQUIRED_FIELDS + OPTIONAL_FIELDS]
    if unknown:
        raise SnaError(f"{where}: the field '{unknown[0]}' is not known; take it out or correct its spelling.")
    return values


def _text(values: Mapping, field: str, where: str) -> str:
    value = values.get(field)
    if not isinstance(value, str) or not value.strip():
        raise SnaError(f"{where}: the field '{field}' must be a text, not {value!r}.")
    return value.strip()


def _optional_text(values: Mapping, field: str, where: str) -> str | None:
    return None if values.get(field) is None else _text(values, field, where)


def _matching(values: Mapping, field: str, pattern: re.Pattern, shape: str, where: str) -> str:
    value = _text(values, field, where)
    if not pattern.match(value):
        raise SnaError(f"{where}: the field '{field}' is '{value}'; it must be {shape}.")
    return value


def _choice(values: Mapping, field: str, allowed: tuple[str, ...], where: str) -> str:
    value = _text(values, field, where)
    if value not in allowed:
        raise SnaError(f"{where}: the field '{field}' is '{value}'; it must be one of {', '.join(allowed)}.")
    return value


def _date(values: Mapping, field: str, where: str) -> date:
    value = values.get(field)
    if isinstance(value, datetime) or not isinstance(value, date):
        raise SnaError(f"{where}: the field '{field}' is {value!r}; it must be a date like 2025-12-31.")
    return value


def _area_fields(values: Mapping, where: str) -> dict[str, str]:
    area = values.get("area")
    if not isinstance(area, dict) or set(area) != {"kind", "code"}:
        raise SnaError(f"{where}: the field 'area' must hold kind and code, and nothing else.")
    kind = _choice(area, "kind", vocabulary.AREA_KINDS, f"{where}: area")
    return {"area_kind": kind, "area_code": _text(area, "code", f"{where}: area")}


def _check_consistency(edition: Edition, where: str) -> None:
    folder_name = edition.folder.parent.name if edition.folder.name == "edition" else edition.folder.name
    if edition.name != folder_name:
        raise SnaError(f"{where}: the field 'name' is '{edition.name}' but the folder is '{folder_name}'; they must agree.")
    if int(edition.name[-4:]) != edition.period_end.year:
        raise SnaError(f"{where}: the field 'name' ends in {edition.name[-4:]} but 'period_end' is {edition.period_end}.")
    if (edition.period_end + timedelta(days=1)).day != 1:
        raise SnaError(f"{where}: the field 'period_end' is {edition.period_end}; it must be the last day of a month.")
    if edition.area_kind != "lsoas" and not vocabulary.GSS_PATTERN.match(edition.area_code):
        raise SnaError(f"{where}: the field 'area' has the code '{edition.area_code}'; a code is like E23000025.")
    if edition.status == "approved" and not edition.is_approved:
        raise SnaError(f"{where}: the field 'status' is approved but 'approved_by' or 'approved_on' is empty; fill both.")
