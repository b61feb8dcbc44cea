"""Many editions in one place: a page to find and choose one, by name or on a map of hexagons, and a feed of editions and notices.

Each site carries ``edition.json``; the catalogue is made from those files alone, so it also holds areas built elsewhere.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path

from svd_lib.build.policy import with_policy
from svd_lib.build.workbook import Published
from svd_lib.edition import Edition
from svd_lib.errors import SnaError

RECORD = "edition.json"
STATIC = ("figure-colours.css", "sna.css", "catalogue.js", "icon.svg")
RADIUS = 46.0
TITLE = "Serious violence needs assessments"


@dataclass(frozen=True)
class Entry:
    """One built edition as its site's record states it, and where the site lies from the catalogue."""

    address: str
    record: Mapping

    @property
    def date(self) -> str:
        """The latest date of the edition: its last notice's, else its approval's, else its data's."""
        dates = [self.record["period_end"], self.record.get("approved_on") or "", *(notice["date"] for notice in self.record["notices"])]
        return max(dates)


def record_of(edition: Edition, centre: tuple[float, float] | None) -> dict:
    """Return what a site says of its edition.

    Parameters
    ----------
    edition : Edition
        Which.
    centre : tuple of float, optional
        Longitude and latitude of the middle of its neighbourhoods.
    """
    return {
        "schema": 1,
        "name": edition.name,
        "title": edition.title,
        "area": edition.area.name,
        "kind": edition.area_kind,
        "period_end": edition.period_end.isoformat(),
        "status": edition.status,
        "status_line": edition.status_line,
        "approved_on": edition.approved_on.isoformat() if edition.approved_on else None,
        "previous": edition.previous,
        "notices": [{"kind": notice.kind, "date": notice.date.isoformat(), "text": notice.text} for notice in edition.notices],
        "longitude": round(centre[0], 4) if centre else None,
        "latitude": round(centre[1], 4) if centre else None,
    }


def notices_html(edition: Edition) -> str:
    """Return the edition's corrections and withdrawals, for the head of every page."""
    said = "".join(f"<p><strong>{notice.kind.capitalize()}, {notice.date.day} {notice.date:%B %Y}.</strong> {escape(notice.text)}</p>" for notice in edition.notices)
    return f'<aside class="sna-notice" aria-label="Notices">{said}</aside>' if said else ""


def write_record(edition: Edition, exhibits: Sequence[Published], site: Path) -> None:
    """Write what a site says of its edition into it."""
    text = json.dumps(record_of(edition, _centre(exhibits)), indent=1, sort_keys=True, ensure_ascii=False)
    (site / RECORD).write_text(text + "\n", encoding="utf-8")


def _centre(exhibits: Sequence[Published]) -> tuple[float, float] | None:
    """Return the middle of the first exhibit that says where its places lie."""
    for item in exhibits:
        if {"lon", "lat"} <= set(item.columns):
            places = [(float(row[item.columns.index("lon")]), float(row[item.columns.index("lat")])) for row in item.rows]
            return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)
    return None


def write_catalogue(folder: Path, root: Path, address: str = "") -> int:
    """Write ``index.html``, ``editions.atom`` and ``editions.json`` over the sites below a folder, and return how many there are.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``<edition>/html``.
    root : pathlib.Path
        The project, for styles and scripts.
    address : str, optional
        Where the folder will be published; feeds of readers elsewhere need it.

    Raises
    ------
    SnaError
        When there is no built site.
    """
    entries = read_entries(folder)
    if not entries:
        raise SnaError(f"There is no built site below {folder}; run 'sna build' first.")
    static = folder / "_catalogue"
    static.mkdir(exist_ok=True)
    for name in STATIC:
        shutil.copyfile(root / "book" / "_static" / name, static / name)
    (folder / "index.html").write_text(with_policy(catalogue_html(entries)), encoding="utf-8")
    (folder / "editions.atom").write_text(feed(entries, address), encoding="utf-8")
    listed = [{"address": entry.address, **entry.record} for entry in entries]
    (folder / "editions.json").write_text(json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(entries)


def read_entries(folder: Path) -> list[Entry]:
    """Return every built edition below a folder, by area and the newest first."""
    found = [Entry(f"{path.parent.relative_to(folder).as_posix()}/index.html", json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob(f"*/html/{RECORD}")]
    newest = sorted(found, key=lambda entry: entry.record["period_end"], reverse=True)
    return sorted(newest, key=lambda entry: entry.record["area"])


def catalogue_html(entries: Sequence[Entry]) -> str:
    """Return the page: a field to narrow the list, the list, and the map; without scripts the whole list stands."""
    items = "".join(map(_item, entries))
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB" data-theme="light"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f'<title>{TITLE}</title><link rel="stylesheet" href="_catalogue/figure-colours.css"/><link rel="stylesheet" href="_catalogue/sna.css"/>'
        '<link rel="icon" type="image/svg+xml" href="_catalogue/icon.svg"/><link rel="alternate" type="application/atom+xml" title="Editions and notices" href="editions.atom"/>'
        '<script defer src="_catalogue/catalogue.js"></script></head><body class="sna-catalogue">'
        f'<a class="sna-skip" href="#editions">Skip to the list</a><header class="sna-masthead"><p class="sna-masthead-title">{TITLE}</p>'
        "<p>Reports on serious violence in one area each, from published figures.</p></header><main>"
        '<h1>Find an area</h1><form class="sna-search-form" role="search"><label for="area">Name of an area, or a year</label>'
        '<input id="area" type="search" autocomplete="off" spellcheck="false" aria-controls="editions"/></form>'
        f'<p id="found" role="status">{_count(len(entries))}</p><ul id="editions" class="sna-editions">{items}</ul>'
        f'<h2>Choose on the map</h2>{hexagons(entries)}<p><a href="editions.atom">Feed of editions, corrections and withdrawals (Atom)</a>. '
        '<a href="editions.json">The same list for other programs (JSON)</a>.</p></main></body></html>\n'
    )


def _count(count: int) -> str:
    return f"{count} edition{'' if count == 1 else 's'}."


def _item(entry: Entry) -> str:
    record = entry.record
    notices = "".join(f'<p class="sna-flag">{escape(notice["kind"].capitalize())}, {notice["date"]}: {escape(notice["text"])}</p>' for notice in record["notices"])
    words = escape(f"{record['area']} {record['kind']} {record['period_end'][:4]} {record['status']}".lower())
    return (
        f'<li data-words="{words}"><a href="{escape(entry.address)}">{escape(record["title"])}</a>'
        f"<p>Data to {_day(record['period_end'])}. {escape(record['status'].capitalize())}.</p>{notices}</li>"
    )


def _day(text: str) -> str:
    when = date.fromisoformat(text)
    return f"{when.day} {when:%B %Y}"


def hexagons(entries: Sequence[Entry]) -> str:
    """Return one hexagon for each area, about where it lies, each a link to the area's newest edition."""
    newest = {entry.record["area"]: entry for entry in reversed(entries)}
    placed = [entry for entry in newest.values() if entry.record["longitude"] is not None]
    if not placed:
        return "<p>No edition says where it lies.</p>"
    spots = hexagon_places([(entry.record["longitude"], entry.record["latitude"]) for entry in placed])
    right, low = max(x for x, _ in spots) + RADIUS + 4, max(y for _, y in spots) + RADIUS + 4
    cells = "".join(_hexagon(entry, x, y) for entry, (x, y) in sorted(zip(placed, spots), key=lambda pair: pair[0].record["area"]))
    drawn = f'<svg class="sna-hexagons" viewBox="0 0 {right:.0f} {low:.0f}" width="{right:.0f}" height="{low:.0f}" role="group" aria-label="Map of areas: one hexagon each">{cells}</svg>'
    return f'<div class="sna-scroll" tabindex="0" role="group" aria-label="Map of areas, as wide as it needs to be">{drawn}</div>'


def hexagon_places(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a free cell of a honeycomb for each point, near to where it lies among the others.

    Parameters
    ----------
    points : sequence of (longitude, latitude)
        In degrees.

    Returns
    -------
    list of (x, y)
        Centres in units of the picture, in the same order; no two alike.
    """
    step = RADIUS * math.sqrt(3)
    middle = math.radians(sum(latitude for _, latitude in points) / len(points))
    east, north = [x * math.cos(middle) for x, _ in points], [y for _, y in points]
    spread = max(max(east) - min(east), max(north) - min(north)) or 1.0
    across = max(1.0, math.sqrt(len(points)) * 1.6)
    taken: dict[tuple[int, int], int] = {}
    for number in sorted(range(len(points)), key=lambda n: (-north[n], east[n])):
        wanted = ((east[number] - min(east)) / spread * across * step, (max(north) - north[number]) / spread * across * step)
        taken[_nearest_free(wanted, taken, step)] = number
    middles = {number: _middle(cell, step) for cell, number in taken.items()}
    left, top = min(x for x, _ in middles.values()), min(y for _, y in middles.values())
    return [(middles[n][0] - left + RADIUS + 4, middles[n][1] - top + RADIUS + 4) for n in range(len(points))]


def _nearest_free(wanted: tuple[float, float], taken: Container[tuple[int, int]], step: float) -> tuple[int, int]:
    """Return the free cell nearest to a spot, looking only as far around it as is needed."""
    rows, columns = round(wanted[1] / (RADIUS * 1.5)), round(wanted[0] / step)
    for reach in itertools.count(1):
        cells = [
            (row, column)
            for row in range(max(0, rows - reach), rows + reach + 1)
            for column in range(max(0, columns - reach), columns + reach + 1)
            if (row, column) not in taken
        ]
        distance, cell = min(((math.dist(_middle(cell, step), wanted), cell) for cell in cells), default=(math.inf, (0, 0)))
        if distance <= (reach - 1) * RADIUS * 1.5:
            return cell
    raise AssertionError("a honeycomb has no end")


def _middle(cell: tuple[int, int], step: float) -> tuple[float, float]:
    row, column = cell
    return (column + (row % 2) / 2) * step, row * RADIUS * 1.5


def _hexagon(entry: Entry, x: float, y: float) -> str:
    corners = " ".join(f"{x + RADIUS * math.sin(math.radians(60 * n)):.1f},{y - RADIUS * math.cos(math.radians(60 * n)):.1f}" for n in range(6))
    name = entry.record["area"]
    words = "".join(f'<tspan x="{x:.1f}" dy="{0 if not n else 15}">{escape(part)}</tspan>' for n, part in enumerate(name.split()[:3]))
    top = y + 5 - 7.5 * (min(len(name.split()), 3) - 1)
    return f'<a href="{escape(entry.address)}" aria-label="{escape(name)}"><polygon points="{corners}"/><text y="{top:.1f}">{words}</text></a>'


def feed(entries: Sequence[Entry], address: str = "") -> str:
    """Return an Atom feed: one entry for each edition, and one for each correction or withdrawal, the newest first."""
    base = f"{address.rstrip('/')}/" if address else ""
    items = sorted((item for entry in entries for item in _feed_items(entry, base)), key=lambda item: (item[0], item[1]), reverse=True)
    updated = max(when for when, _ in items)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">'
        f'<title>{TITLE}</title><id>{base or "urn:sna:editions"}</id><updated>{updated}T00:00:00Z</updated><link rel="self" href="{base}editions.atom"/>'
        f"<author><name>Serious Violence Needs Assessment</name></author>{''.join(text for _, text in items)}</feed>\n"
    )


def _feed_items(entry: Entry, base: str) -> list[tuple[str, str]]:
    record, link = entry.record, f'<link href="{base}{escape(entry.address)}"/>'
    first = record.get("approved_on") or record["period_end"]
    made = [(first, record["title"], f"urn:sna:{record['name']}", f"{record['status_line']}.")]
    made += [
        (notice["date"], f"{notice['kind'].capitalize()}: {record['title']}", f"urn:sna:{record['name']}:{notice['kind']}:{notice['date']}", notice["text"])
        for notice in record["notices"]
    ]
    return [
        (when, f"<entry><title>{escape(title)}</title><id>{name}</id><updated>{when}T00:00:00Z</updated>{link}<summary>{escape(summary)}</summary></entry>")
        for when, title, name, summary in made
    ]
