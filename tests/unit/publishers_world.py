"""A replica of every publisher of the registry: real files of the mirror where there are any, made-up ones by the layouts."""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import random
import re
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import odfdo
import openpyxl
from publisher_replica import Answer, Query, Replica, as_json, redirect
from virtual_archive import Member, VirtualArchive

from svd_lib.ingest.open_tables import SPREADSHEETS, publisher_columns
from svd_lib.sources.registry import Registry, SourceFile

FORCES = 44
ARCHIVE_BYTES = 1_600_000_000
MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
UPDATED = "2026-10-29"
PERIODS = {"calendar": "2024", "financial": "2023/24", "school": "2022/23"}


def build_replica(registry: Registry, mirror: Path | None = None) -> Replica:
    """Return a replica that answers for every fetcher of the registry."""
    replica = Replica()
    for source in registry.sources.values():
        for file in source.files:
            if file.fetch is not None and file.fetch["by"] != "police_archive":
                _SERVE[file.fetch["by"]](replica, file, _made(source.id, file, mirror))
    serve_police(replica, mirror)
    return replica


def _made(source: str, file: SourceFile, mirror: Path | None) -> bytes:
    key = (source, file.pattern, mirror)
    if key not in _CONTENTS:
        _CONTENTS[key] = content_of(source, file, mirror)
    return _CONTENTS[key]


_CONTENTS: dict[tuple[str, str, Path | None], bytes] = {}


def content_of(source: str, file: SourceFile, mirror: Path | None) -> bytes:
    """Return a file as its publisher would have it."""
    if file.pattern.endswith(".geojson"):
        return boundaries(file, mirror)
    if file.columns:
        return renamed_copy(source, file, mirror)
    rows = made_rows(file.read) if file.read else [["Column"], ["value"]]
    if not file.pattern.endswith(SPREADSHEETS):
        return as_csv(rows)
    return as_ods(rows, file) if file.pattern.endswith(".ods") else as_xlsx(rows, file)


def made_rows(layout: Mapping[str, Any]) -> list[list[str]]:
    """Return a header and three rows, two areas apart, that a layout can read."""
    columns = publisher_columns(layout)
    ours = {theirs: name for name, theirs in layout["columns"].items()}
    kept = {column: str(values[0]) for column, values in (layout.get("keep") or {}).items()}
    is_place = layout["table"] == "place_indicators"
    rows = []
    for n in range(3):
        code = f"E0100000{n + 1}" if is_place else f"E0700020{n}"
        made = {"area_code": code, "area_name": f"Area {n}", "period": PERIODS[layout.get("year", "calendar")], "value": f"{10 * n + 1}"}
        rows.append([kept.get(column) if column in kept else made.get(ours.get(column, ""), f"Group {n}") for column in columns])
    return [columns, *rows]


def as_csv(rows: list[list[str]]) -> bytes:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def sheet_name(file: SourceFile) -> str:
    """Return a name that the layout's pattern of sheets takes."""
    wanted = (file.read or {}).get("sheet", ".")
    names = ("2023-24", "Data", "Arrests", "Rank", "Children", "C2", "A1")
    return next(name for name in names if re.search(wanted, name))


def as_ods(rows: list[list[str]], file: SourceFile) -> bytes:
    """Return rows under two title lines as an OpenDocument spreadsheet, behind a sheet of notes."""
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    for name, lines in (("Notes", [["Notes to the table"]]), (sheet_name(file), [["A title"], [], *rows])):
        table = odfdo.Table(name)
        for line in lines:
            row = odfdo.Row()
            row.set_values([float(cell) if cell.isdigit() and len(cell) != 4 else cell for cell in line])
            table.append_row(row)
        document.body.append(table)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def as_xlsx(rows: list[list[str]], file: SourceFile) -> bytes:
    """Return rows under a title as an Excel workbook."""
    book = openpyxl.Workbook()
    book.active.title = sheet_name(file)
    for line in [["A title"], *rows]:
        book.active.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def boundaries(file: SourceFile, mirror: Path | None) -> bytes:
    """Return outlines: a county's out of the mirror, or two squares."""
    kind = file.pattern.split("/")[0]
    if mirror is not None:
        return gzip.decompress((mirror / "ons_boundaries" / kind / "E10000029.geojson.gz").read_bytes())
    code, name = file.fetch["fields"].split(",")
    square = [[0.0, 52.0], [0.1, 52.0], [0.1, 52.1], [0.0, 52.0]]
    features = [{"type": "Feature", "properties": {code: f"E0{n}", name: f"Place {n}"}, "geometry": {"type": "Polygon", "coordinates": [square]}} for n in range(2)]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def renamed_copy(source: str, file: SourceFile, mirror: Path | None) -> bytes:
    """Return the mirror's copy with the publisher's column names; three made-up rows without it."""
    if mirror is None:
        return as_csv([list(file.columns.values()), *([f"x{n}"] * len(file.columns) for n in range(3))])
    rows = csv.DictReader(io.StringIO(gzip.decompress((mirror / source / file.replaces[0]).read_bytes()).decode()))
    return as_csv([list(file.columns.values()), *([row[ours] for ours in file.columns] for row in rows)])


def _serve_govuk(replica: Replica, file: SourceFile, content: bytes) -> None:
    how, name = file.fetch, attachment_name(file)
    media = f"assets.publishing.service.gov.uk/media/{abs(hash(file.pattern)) % 10**8}/{name}"
    path = how["page"] + ("/the-publication" if "publication" in how else "")
    replica.serve(re.escape(media), content)
    _add_attachment(replica, path, {"attachment_type": "file", "filename": name, "title": file.title, "url": f"https://{media}"})
    if "publication" in how:
        _list_publications(replica, how["page"], path)


def _add_attachment(replica: Replica, path: str, attachment: dict) -> None:
    page = _PAGES.setdefault((id(replica), path), {"schema_name": "statistics", "public_updated_at": f"{UPDATED}T09:30:00Z", "details": {"attachments": []}})
    page["details"]["attachments"].append(attachment)
    replica.serve(re.escape(f"www.gov.uk/api/content{path}"), lambda _, query: as_json(page))


def _list_publications(replica: Replica, page: str, path: str) -> None:
    titles = ["Youth justice statistics 2025", "Knife and offensive weapon sentencing 2026", "Statutory homelessness", "Arrests, stop and search 2026"]
    listed = [{"title": title, "base_path": path, "public_updated_at": "2026-07-01"} for title in titles]
    older = [{"title": title, "base_path": "/older", "public_updated_at": "2020-07-01"} for title in titles]
    replica.serve(re.escape(f"www.gov.uk/api/content{page}"), lambda _, query: as_json({"schema_name": "document_collection", "links": {"documents": older + listed}}))


_PAGES: dict[tuple[int, str], dict] = {}


def attachment_name(file: SourceFile) -> str:
    """Return a file name that the registry's pattern of attachments takes."""
    suffix = Path(file.pattern).suffix
    made = [
        f"prc-csp-mar2021-mar2026-tables-230726{suffix}", f"prc-pfa-mar2013-onwards-tables-230726{suffix}", f"prc-outcomes-open-data-2026{suffix}",
        f"arrests-open-data-2026{suffix}", f"stop-search-open-data-2026{suffix}", f"knife-open-data-2026{suffix}", f"firearms-open-data-2026{suffix}",
        f"fire-statistics-data-tables-fire0401-2026{suffix}", f"local-authority-interactive-tool{suffix}", f"local-level-data{suffix}",
        f"police-force-open-data{suffix}", f"detailed-local-authority{suffix}", f"file_7_scores{suffix}",
    ]  # fmt: skip
    return next(name for name in made if re.search(file.fetch["attachment"], name, re.IGNORECASE))


def _serve_arcgis(replica: Replica, file: SourceFile, content: bytes) -> None:
    most = 100 if file.pattern.endswith(".geojson") else 2000
    if file.fetch.get("form") == "csv":
        features = [{"type": "Feature", "geometry": None, "properties": row} for row in csv.DictReader(io.StringIO(content.decode()))]
    else:
        features = json.loads(content)["features"]

    def answer(path: str, query: Query) -> Answer:
        if query.get("returnCountOnly") == "true":
            return as_json({"count": len(features)})
        begin = int(query["resultOffset"])
        page = features[begin : begin + min(most, int(query["resultRecordCount"]))]
        more = {"exceededTransferLimit": True} if begin + len(page) < len(features) else {}
        return as_json({"type": "FeatureCollection", "properties": more, "features": page})

    replica.serve(re.escape(file.fetch["service"].split("://")[1]) + "/query", answer)


def _serve_nomis(replica: Replica, file: SourceFile, content: bytes) -> None:
    header, *rows = content.replace(b"\r\n", b"\n").splitlines(keepends=True)

    def answer(path: str, query: Query) -> Answer:
        begin = int(query["recordoffset"])
        return Answer(header + b"".join(rows[begin : begin + min(25000, int(query["recordlimit"]))]), "text/csv", ranges=False)

    replica.serve(re.escape(f"www.nomisweb.co.uk/api/v01/dataset/{file.fetch['dataset']}.data.csv"), answer)


def _serve_fingertips(replica: Replica, file: SourceFile, content: bytes) -> None:
    tables = _INDICATORS.setdefault(id(replica), {})
    header, rest = content.split(b"\r\n", 1)
    lines = [b"Indicator ID," + header, *(str(file.fetch["indicators"]).encode() + b"," + line for line in rest.split(b"\r\n") if line)]
    tables[str(file.fetch["indicators"])] = b"\r\n".join(lines) + b"\r\n"
    replica.serve(r"fingertips\.phe\.org\.uk/api/all_data/csv/by_indicator_id", lambda _, query: Answer(tables.get(query["indicator_ids"], b"Indicator ID\r\n"), "text/csv"))
    named = r"fingertips\.phe\.org\.uk/api/indicator_metadata/by_indicator_id"
    replica.serve(named, lambda _, query: as_json({query["indicator_ids"]: {"Descriptive": {"Name": f"Indicator {query['indicator_ids']}"}}}))


_INDICATORS: dict[int, dict[str, bytes]] = {}


def _serve_education(replica: Replica, file: SourceFile, content: bytes) -> None:
    base, key = r"api\.education\.gov\.uk/statistics/v1", re.sub(r"\W", "-", file.fetch["publication"].lower())
    library = _LIBRARIES.setdefault(id(replica), {})
    library[key] = file.fetch["publication"]

    def search(path: str, query: Query) -> Answer:
        found = [{"id": name, "title": title} for name, title in library.items() if query["search"].lower() in title.lower()]
        return _page_of([*found, {"id": "other", "title": f"{query['search']} and another"}], query)

    title = {"children-in-need": "Factors identified at the end of assessment"}.get(key, "Suspensions by reason, local authority")
    sets = [{"id": f"{n}", "title": f"Another table {n}"} for n in range(25)] + [{"id": f"set-of-{key}", "title": title, "latestVersion": {"version": "1.2"}}]
    replica.serve(f"{base}/publications", search)
    replica.serve(f"{base}/publications/{key}/data-sets", lambda _, query: _page_of(sets, query))
    replica.serve(f"{base}/data-sets/set-of-{key}/csv", Answer(gzip.compress(content, mtime=0), "text/csv", headers={"Content-Encoding": "gzip"}, ranges=False))


_LIBRARIES: dict[int, dict[str, str]] = {}


def _page_of(items: list[dict], query: Query) -> Answer:
    page, size = int(query["page"]), int(query["pageSize"])
    held = items[(page - 1) * size : page * size]
    return as_json({"paging": {"page": page, "totalPages": -(-len(items) // size)}, "results": held})


def _serve_direct(replica: Replica, file: SourceFile, content: bytes) -> None:
    page = urlsplit(file.fetch["page"])
    name = f"assault-{file.pattern}"
    replica.serve(re.escape(f"{page.netloc}/media/{name}"), redirect(f"/{page.netloc}/stored/{name}"))
    replica.serve(re.escape(f"{page.netloc}/stored/{name}"), content)
    text = f'<!doctype html><a href="/about">About</a><a href="{html.escape("/media/" + name)}">The newest table</a>'
    replica.serve(re.escape(f"{page.netloc}{page.path}"), Answer(text.encode(), "text/html", ranges=False))


_SERVE = {
    "arcgis": _serve_arcgis,
    "direct": _serve_direct,
    "education": _serve_education,
    "fingertips": _serve_fingertips,
    "govuk": _serve_govuk,
    "nomis": _serve_nomis,
}


def serve_police(replica: Replica, mirror: Path | None, months: list[str] = MONTHS) -> VirtualArchive:
    """Serve the police API and a national archive of 1.6 GB, behind a redirect as the publisher's is."""
    archive = national_archive(mirror, tuple(months))
    replica.serve(r"data\.police\.uk/api/forces", as_json([{"id": "suffolk", "name": "Suffolk Constabulary"}, {"id": "norfolk", "name": "Norfolk Constabulary"}]))
    replica.serve(r"data\.police\.uk/api/crimes-street-dates", as_json([{"date": month, "stop-and-search": ["suffolk"]} for month in reversed(months)]))
    replica.serve(rf"data\.police\.uk/data/archive/{months[-1]}\.zip", redirect("/policeuk-data.s3.amazonaws.com/archive/latest.zip"))
    replica.serve(r"policeuk-data\.s3\.amazonaws\.com/archive/latest\.zip", Answer(archive, "application/zip"))
    return archive


@cache
def national_archive(mirror: Path | None, months: tuple[str, ...]) -> VirtualArchive:
    """Return an archive as large as the national one: 44 forces, three kinds of file a month, Suffolk's with real content.

    A month that the mirror lacks takes the rows of another of its months, so that every member has its real size.
    """
    rng = random.Random(20261125)
    texts = suffolk_texts(mirror)
    others = (FORCES - 1) * len(months)
    mean = (ARCHIVE_BYTES - sum(len(text) for text in texts["street"]) // 3 * len(months) // max(1, len(texts["street"]))) / others
    members = []
    for at, month in enumerate(months):
        for force in sorted(["suffolk", *(f"{letter}{n:02d}-force" for n, letter in enumerate("abcdefghijklmnopqrstuvwxyz" * 2) if n < FORCES - 1)]):
            for kind, part in (("outcomes", 0.48), ("stop-and-search", 0.05), ("street", 0.47)):
                name = f"{month}/{month}-{force}-{kind}.csv"
                if force == "suffolk":
                    members.append(Member(name, as_of(texts[kind][at % len(texts[kind])], month)))
                else:
                    members.append(Member(name, filler_bytes=int(mean * part * rng.uniform(0.5, 1.5))))
    return VirtualArchive(members)


def suffolk_texts(mirror: Path | None) -> dict[str, list[bytes]]:
    """Return Suffolk's month files by kind: the mirror's, or small made-up ones."""
    head = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name"
    small = {
        "street": [f"{head},Crime type,Last outcome category,Context\nabc,2025-01,Suffolk Constabulary,Suffolk Constabulary,1.1,52.1,On or near,E01029889,Babergh 007A,Robbery,Under investigation,\n".encode()],
        "outcomes": [f"{head},Outcome type\nabc,2025-01,Suffolk Constabulary,Suffolk Constabulary,1.1,52.1,On or near,E01029889,Babergh 007A,Under investigation\n".encode()],
        "stop-and-search": [b"Type,Date\n" + random.Random(7).randbytes(12_000).hex().encode() + b"\n"],
    }  # fmt: skip
    if mirror is None:
        return small
    held = {kind: [] for kind in ("street", "outcomes")}
    for name in ("2022-03.zip", "2025-12.zip"):
        with zipfile.ZipFile(mirror / "police_uk_archive" / name) as zipped:
            for member in zipped.namelist():
                for kind, texts in held.items():
                    if member.endswith(f"-suffolk-{kind}.csv"):
                        texts.append(zipped.read(member))
    return {**small, **held}


def as_of(text: bytes, month: str) -> bytes:
    """Return a month file's text with another month."""
    return re.sub(rb",20\d\d-\d\d,", f",{month},".encode(), text)
