"""What an edition needs of a mirror: the files and archive members for its area and period, and the lock made of them."""

from __future__ import annotations

import calendar
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from svd_lib import vocabulary
from svd_lib.edition import Area
from svd_lib.errors import SnaError
from svd_lib.sources.archives import opened_archive, opened_member
from svd_lib.sources.lock import NOT_RECORDED, Lock, LockedInput, lock_of, measure
from svd_lib.sources.measured import Measured
from svd_lib.sources.mirror import Fetcher
from svd_lib.sources.registry import Registry, Source, SourceFile, expand

STREET_SOURCE = "police_uk_archive"
_PFA_BOUNDARIES = ("ons_boundaries", "boundaries_pfa20.geojson.gz")
_TOUCHING_DEGREES = 0.001
"""Generalised outlines of neighbours can miss each other by a little; wide estuaries stay apart."""


@dataclass(frozen=True, order=True)
class Wanted:
    """One file, or one archive member, that an edition needs and the mirror holds."""

    source: str
    name: str
    member: str
    publisher_version: str = field(compare=False)


@dataclass(frozen=True)
class Needs:
    """What was found in the mirror, and the registry's files that it does not hold."""

    found: tuple[Wanted, ...]
    absent: tuple[str, ...]


def needs_of(mirror: Fetcher, registry: Registry, area: Area, period_end: date) -> Needs:
    """Return what an edition of an area to a day takes from a mirror.

    National tables are taken whole, boundaries for the counties and unitaries the area touches, archive members for
    the area's force and the forces next to it, up to the last month; for a month in several archives the newest wins.

    Parameters
    ----------
    mirror : Fetcher
        Where the files are.
    registry : Registry
        What files there can be.
    area : Area
        The resolved area.
    period_end : datetime.date
        Last day of the edition's last month.

    Raises
    ------
    SnaError
        If the mirror holds no street-level month of the area's force.
    """
    last_month = f"{period_end:%Y-%m}"
    whole = [
        (source, entry, expand(entry.pattern, {"utla_code": code}))
        for source, entry in _entries(registry, last_month)
        if entry.member is None
        for code in (sorted(area.utla) if "{utla_code}" in entry.pattern else [""])
    ]
    held = {(source.id, name): mirror.holds(source.id, name) for source, _, name in whole}
    found = [Wanted(s.id, name, "", entry.publisher_version) for s, entry, name in whole if held[s.id, name]]
    forces = {area.force_slug, *neighbour_forces(mirror, area.pfa24cd)}
    months = _archive_members(mirror, registry, forces, last_month)
    if not any(area.force_slug in wanted.member for wanted in months):
        raise SnaError(f"The mirror {mirror.address} holds no street-level month of force '{area.force_slug}' up to {last_month}; add an archive that does.")
    copied = {(source.id, name) for source, entry, name in whole if entry.evidence == "mirror"}
    absent = [f"{source}/{name}" for (source, name), is_held in held.items() if not is_held and (source, name) in copied]
    return Needs(tuple(sorted({*found, *months})), tuple(sorted(absent)))


def make_lock(
    mirror: Fetcher, registry: Registry, area: Area, period_end: date, retrieved: date | None = None, measured: Measured | None = None
) -> Lock:
    """Return the lock of what an edition takes from a mirror, every file read and hashed.

    Parameters
    ----------
    mirror, registry, area, period_end
        As for :func:`needs_of`.
    retrieved : datetime.date, optional
        The day to record; for a mirror the day it was taken.
    measured : Measured, optional
        What members measured before: they are not read again.
    """
    known = measured or Measured()
    lock = lock_of(list(_hashed(mirror, needs_of(mirror, registry, area, period_end).found, _day(retrieved), known)))
    known.keep()
    return lock


def lock_sources(mirror: Fetcher, registry: Registry, source_ids: tuple[str, ...], retrieved: date | None = None) -> Lock:
    """Return a lock of every national file of some sources, whatever the area: what resolving an area's name takes."""
    wanted = [
        Wanted(source.id, entry.pattern, "", entry.publisher_version)
        for source, entry in _entries(registry, "9999-12")
        if source.id in source_ids and entry.member is None and "{" not in entry.pattern and mirror.holds(source.id, entry.pattern)
    ]
    return lock_of(list(_hashed(mirror, tuple(sorted(wanted)), _day(retrieved), Measured())))


def newest_month(mirror: Fetcher, registry: Registry, force_slug: str) -> date:
    """Return the last day of the newest month whose street-level file of the force a mirror holds.

    Raises
    ------
    SnaError
        If it holds none.
    """
    members = _archive_members(mirror, registry, {force_slug}, "9999-12")
    months = [wanted.member[:7] for wanted in members if wanted.member.endswith("-street.csv")]
    if not months:
        raise SnaError(f"The mirror {mirror.address} holds no street-level month of force '{force_slug}'; add an archive that does.")
    year, month = (int(part) for part in max(months).split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def neighbour_forces(mirror: Fetcher, pfa_code: str) -> tuple[str, ...]:
    """Return the slugs of the police forces whose areas touch a force's area, sorted; empty without force boundaries.

    Parameters
    ----------
    mirror : Fetcher
        Must hold the boundaries of police force areas.
    pfa_code : str
        Code of the force area.
    """
    if not mirror.holds(*_PFA_BOUNDARIES):
        return ()
    from shapely.geometry import shape

    with mirror.read(*_PFA_BOUNDARIES) as stream:
        features = json.loads(gzip.decompress(stream.read()))["features"]
    outlines = {f["properties"]["pfa20_code"]: shape(f["geometry"]) for f in features}
    names = {f["properties"]["pfa20_code"]: f["properties"]["pfa20_name"] for f in features}
    if pfa_code not in outlines:
        raise SnaError(f"{'/'.join(_PFA_BOUNDARIES)} of the mirror has no force area {pfa_code}; choose another area or mirror.")
    own = outlines[pfa_code]
    touching = [code for code, outline in outlines.items() if code != pfa_code and own.distance(outline) < _TOUCHING_DEGREES]
    return tuple(sorted(vocabulary.force_slug(names[code]) for code in touching))


def _entries(registry: Registry, last_month: str) -> Iterator[tuple[Source, SourceFile]]:
    for source in registry.sources.values():
        for entry in source.files:
            if entry.serves(last_month):
                yield source, entry


def _archive_members(mirror: Fetcher, registry: Registry, forces: set[str], last_month: str) -> list[Wanted]:
    """Return the members for these forces up to a month, each from the newest archive that holds it."""
    source = registry.source(STREET_SOURCE)
    newest: dict[str, Wanted] = {}
    for archive in sorted(mirror.names(source.id)):
        members = _members(mirror, source.id, archive) if archive.endswith(".zip") else []
        for entry in source.files:
            version = (entry.match_name(archive) or {}).get("archive_month", "9999-99")
            for member in members if version <= last_month else ():
                values = entry.match(archive, member)
                if values and values["force_slug"] in forces and values["month"] <= last_month:
                    newest[member] = Wanted(source.id, archive, member, expand(entry.publisher_version, values))
    return sorted(newest.values())


def _members(mirror: Fetcher, source: str, archive: str) -> list[str]:
    with opened_archive(mirror, source, archive) as zipped:
        return zipped.namelist()


def _day(retrieved: date | None) -> str:
    return retrieved.isoformat() if retrieved else NOT_RECORDED


def _hashed(mirror: Fetcher, wanted: tuple[Wanted, ...], retrieved: str, measured: Measured) -> Iterator[LockedInput]:
    by_file: dict[tuple[str, str], list[Wanted]] = {}
    for item in wanted:
        by_file.setdefault((item.source, item.name), []).append(item)
    for (source, name), items in by_file.items():
        if items[0].member:
            yield from _hashed_members(mirror, source, name, items, retrieved, measured)
            continue
        with mirror.read(source, name) as stream:
            size, sha256 = measure(stream)
        yield LockedInput(source, name, None, size, sha256, retrieved, items[0].publisher_version)


def _hashed_members(
    mirror: Fetcher, source: str, name: str, items: list[Wanted], retrieved: str, measured: Measured
) -> Iterator[LockedInput]:
    with opened_archive(mirror, source, name) as zipped:

        def measure_member(member: str) -> tuple[int, str]:
            with opened_member(zipped, source, name, member) as stream:
                return measure(stream)

        for item in items:
            size, sha256 = measured.of(f"{source}/{name}", zipped.getinfo(item.member), partial(measure_member, item.member))
            yield LockedInput(source, name, item.member, size, sha256, retrieved, item.publisher_version)
