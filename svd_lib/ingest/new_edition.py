"""An edition for any area, made on the fly: its description and its lock, without touching a committed edition."""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import yaml

from svd_lib.edition import Area, Edition, list_editions, read_edition
from svd_lib.errors import SnaError
from svd_lib.ingest import tidy
from svd_lib.ingest.areas import LSOA_LIST_NAME, read_past_districts, resolve_area, slug
from svd_lib.sources.fetch import fetch_lock
from svd_lib.sources.lock import write_atomically, write_lock
from svd_lib.sources.measured import Measured
from svd_lib.sources.mirror import Fetcher, open_mirror
from svd_lib.sources.needs import lock_sources, make_lock, newest_month
from svd_lib.sources.registry import read_registry

PARTNERSHIP = """\
# Who holds the duty here, how the partnership works, and what is known of dates, consultation and sharing.
# Enter nothing that was not read at a source; the pages say "not recorded" until something stands here.
#   tag     verified | second-hand | computed | from memory
#   source  one of the entries under "sources", with title, url and read_on
schema: 1

sources: {}

duty_holders: []        # - {name: ..., tag: verified, source: ...}
also_involved: []
governance: []          # - {statement: ..., tag: verified, source: ...}
governance_body: not recorded
local_policing_body: not recorded
sign_off: not recorded

dates:
  - {event: Strategy published, date: not recorded, tag: null, source: null}
  - {event: Strategy last reviewed, date: not recorded, tag: null, source: null}

# Section 8(4): every educational, prison and youth custody authority for the area must be consulted on the strategy.
consultation:
  - {body: Educational authorities, record: not recorded, date: not recorded, duty_tag: verified, duty_source: act}
  - {body: Prison authorities, record: not recorded, date: not recorded, duty_tag: verified, duty_source: act}
  - {body: Youth custody authorities, record: not recorded, date: not recorded, duty_tag: verified, duty_source: act}

# A call for views: title, address, opened and closed (days like 2026-03-01; a closed one is shown as closed).
survey: {}

sharing: []             # - {from: ..., to: ..., what: ..., basis: ..., done_here: ..., tag: ..., source: ...}

contacts: not recorded

# Help for people affected by violence in this area; national lines stand on the page for every area.
help: []                # - {statement: ..., tag: ..., source: ...}

# The definitions that the partnership itself has put in public.
definitions: []         # - {title: ..., dated: ..., names: ..., tag: ..., source: ...}

# What became of each wish for data in data/reference/data_sets.yml: state (shared, asked, refused, not asked) and date.
data_sets: []
"""
"""What a new edition's ``partnership.yml`` holds: the questions, and no answers."""
_PLACES_SOURCES = ("ons_lookups", "ons_population")


def temporary_edition(
    area_text: str,
    mirror: str | Path,
    root: Path,
    period_end: date | None = None,
    places: pd.DataFrame | None = None,
    retrieved: date | None = None,
    definition: str | None = None,
) -> Edition:
    """Return an edition of an area: the committed one if there is one, else one written under ``_build``.

    Parameters
    ----------
    area_text : str
        As for :func:`svd_lib.ingest.areas.resolve_area`.
    mirror : str or pathlib.Path
        Folder or http(s) address with one folder per source.
    root : pathlib.Path
        Project root.
    period_end : datetime.date, optional
        Last day of the last month; by default that of the newest month the mirror holds for the area's force.
    places : pandas.DataFrame, optional
        Tidy table ``places``; made from the mirror's lookups when absent.
    retrieved : datetime.date, optional
        Day to record in the lock.
    definition : str, optional
        ``<id>@<version>``; by default that of the newest committed edition.

    Returns
    -------
    Edition
        In ``_build/<slug>-<year>/edition/``: a demonstration that reads raw files.

    Raises
    ------
    SnaError
        If the area cannot be told, or a committed edition of the same name ends on another day.
    """
    fetcher = open_mirror(mirror)
    area = _resolved(area_text, fetcher, root, places)
    committed = _committed(area, root, period_end)
    if committed:
        return committed
    end = period_end or newest_month(fetcher, read_registry(root), area.force_slug)
    name = f"{slug(area)}-{end.year}"
    if (root / "data" / "editions" / name).is_dir():
        raise SnaError(f"data/editions/{name} is another edition of that name; ask for its own area and period, or open it with --edition {name}.")
    folder = root / "_build" / name / "edition"
    measured = Measured(root / "data" / "tidy" / "archives" / "members.json")
    write_lock(make_lock(fetcher, read_registry(root), area, end, retrieved, measured), folder / "lock.json")
    _write_description(area, end, definition or _newest_definition(root), folder)
    return read_edition(folder, root)


def committed_edition(
    area_text: str,
    mirror: str | Path,
    root: Path,
    period_end: date | None = None,
    definition: str | None = None,
    partnership: str | None = None,
    places: pd.DataFrame | None = None,
) -> Edition:
    """Write a new edition of an area into ``data/editions``, for the partnership to keep, and return it.

    Parameters
    ----------
    area_text, mirror, root, period_end, definition, places
        As for :func:`temporary_edition`.
    partnership : str, optional
        The partnership in words that stand after "the"; the area's name and "partnership" when absent.

    Returns
    -------
    Edition
        A demonstration that reads raw files, with an empty partnership file to fill in.

    Raises
    ------
    SnaError
        If the area cannot be told, or an edition of that name is there already.
    """
    fetcher = open_mirror(mirror)
    area = _resolved(area_text, fetcher, root, places)
    end = period_end or newest_month(fetcher, read_registry(root), area.force_slug)
    name = f"{slug(area)}-{end.year}"
    target = root / "data" / "editions" / name
    if target.exists():
        raise SnaError(f"data/editions/{name} is there already; build it with 'sna build --edition {name}', or give another --period-end.")
    scratch = target.with_name(f".new-{name}") / name
    shutil.rmtree(scratch.parent, ignore_errors=True)
    try:
        write_lock(make_lock(fetcher, read_registry(root), area, end), scratch / "lock.json")
        own = {"partnership": partnership or f"{_partnership_name(area)} partnership", "previous": _previous(area, root, end)}
        _write_description(area, end, definition or _newest_definition(root), scratch, own)
        write_atomically(scratch / "partnership.yml", PARTNERSHIP.encode())
        read_edition(scratch, root)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch.parent, ignore_errors=True)
    return read_edition(target, root)


def _resolved(area_text: str, fetcher: Fetcher, root: Path, places: pd.DataFrame | None) -> Area:
    known = national_places(fetcher, root) if places is None else places
    return resolve_area(area_text, known, past_districts=read_past_districts(root))


def _previous(area: Area, root: Path, end: date) -> str | None:
    """Return the name of the newest committed edition of the area that ends earlier."""
    earlier = [edition for edition in _editions_of(area, root) if edition.period_end < end]
    return max(earlier, key=lambda edition: edition.period_end).name if earlier else None


def _editions_of(area: Area, root: Path) -> list[Edition]:
    return [edition for edition in list_editions(root) if (edition.area_kind, edition.area_code) == (area.kind, area.code)]


def national_places(mirror: Fetcher, root: Path) -> pd.DataFrame:
    """Return the tidy table ``places`` of England and Wales, made from a mirror's lookups."""
    return tidy.make_tables(_national_files(mirror, root), {"places"})["places"]


def national_lookups(mirror: str | Path, root: Path) -> tidy.TidyTables:
    """Return the tidy tables ``places`` and ``place_changes`` of England and Wales, made from a mirror's lookups."""
    return tidy.make_tables(_national_files(open_mirror(mirror), root), {"places", "place_changes"})


def _national_files(mirror: Fetcher, root: Path) -> tidy.RawFiles:
    raw_root = root / "data" / "raw"
    lock = lock_sources(mirror, read_registry(root), _PLACES_SOURCES)
    fetch_lock(lock, mirror, raw_root)
    return tidy.RawFiles(lock.inputs, raw_root)


def _committed(area: Area, root: Path, period_end: date | None) -> Edition | None:
    """Return the newest committed edition of the area, or the one that ends on the day asked for."""
    ours = [edition for edition in _editions_of(area, root) if period_end in (None, edition.period_end)]
    return max(ours, key=lambda edition: edition.period_end, default=None)


def _newest_definition(root: Path) -> str:
    editions = list_editions(root)
    if not editions:
        raise SnaError(f"{root / 'data' / 'editions'} holds no edition to take the definition from; name one.")
    return max(editions, key=lambda edition: (edition.period_end, edition.name)).definition


def _write_description(area: Area, end: date, definition: str, folder: Path, own: Mapping[str, str | None] = MappingProxyType({})) -> None:
    values = {
        "name": f"{slug(area)}-{end.year}",
        "title": f"{area.name} serious violence needs assessment, to {calendar.month_name[end.month]} {end.year}",
        "area": {"kind": area.kind, "code": area.code},
        "period_end": end,
        "definition": definition,
        "partnership": f"{_partnership_name(area)} partnership",
        "previous": None,
        "inputs": "raw",
        "status": "demonstration",
        "approved_by": None,
        "approved_on": None,
        "publisher": None,
        **own,
    }
    if area.kind == "lsoas":
        lines = [f"# name: {area.name}", *area.lsoa21cd]
        write_atomically(folder / LSOA_LIST_NAME, ("\n".join(lines) + "\n").encode())
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
    write_atomically(folder / "edition.yml", text.encode())


def _partnership_name(area: Area) -> str:
    """Return whose partnership it is: for a ward or a list, that of the one CSP around it, else the force area's."""
    if area.kind not in ("ward", "lsoas"):
        return area.name
    return next(iter(area.csp.values())) if len(area.csp) == 1 else area.pfa_name
