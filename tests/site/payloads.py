"""Two hundred ways to bring a script into a page by text, and a project with one in every text field of its inputs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import yaml
from bs4 import BeautifulSoup

from svd_lib.build.browser import BROWSERS
from svd_lib.ingest.partners.cleared import table_bytes
from svd_lib.ingest.partners.register import KINDS

CALL = "canary({n})"
CANARY = "window.sung = []; window.canary = number => window.sung.push(number);"
ADDRESSES = ("href", "src", "data", "action", "xlink:href", "srcdoc")
SHAPES = (
    "<script>{c}</script>", "</title><script>{c}</script>", "\"><script>{c}</script>", "'><script>{c}</script>", "</script><script>{c}</script>",
    "<img src=x onerror={c}>", "<img src=x onerror='{c}'>", "\" onmouseover=\"{c}", "' onfocus='{c}' autofocus='", "\" autofocus onfocus=\"{c}\" x=\"",
    "<svg onload={c}>", "<svg><script>{c}</script></svg>", "<svg/onload={c}>", "</svg><script>{c}</script>", "<svg><animate onbegin={c} attributeName=x dur=1s>",
    "<iframe srcdoc=\"<script>parent.{c}</script>\"></iframe>", "<iframe src=\"javascript:parent.{c}\"></iframe>", "<object data=\"javascript:{c}\"></object>",
    "<embed src=\"javascript:{c}\">", "<details open ontoggle={c}>", "<video><source onerror={c}></video>", "<audio src=x onerror={c}>", "<body onload={c}>",
    "<input autofocus onfocus={c}>", "<select autofocus onfocus={c}>", "<textarea autofocus onfocus={c}>", "<marquee onstart={c}>", "<link rel=stylesheet href=x onerror={c}>",
    "<math><mi xlink:href=\"javascript:{c}\">x</mi></math>", "<style>@import 'javascript:{c}';</style>", "<a href=\"javascript:{c}\" autofocus>x</a>", "[x](javascript:{c})",
    "![x](x \"onerror={c}\")", "<!--><script>{c}</script>-->", "--><script>{c}</script>", "]]><script>{c}</script>", "{{{{ ''.__class__.mro() }}}}<script>{c}</script>",
    "{{% raw %}}<script>{c}</script>", "${{{c}}}", "`{c}`", "```{{raw}} html\n<script>{c}</script>\n```", "{{raw}}`<script>{c}</script>`", "<script src=data:text/javascript,{c}></script>",
    "&lt;script&gt;{c}&lt;/script&gt;", "\u003cscript\u003e{c}\u003c/script\u003e", "%3Cscript%3E{c}%3C/script%3E", "<ScRiPt>{c}</sCrIpT>", "<script\x0c>{c}</script>", "\u202e<script>{c}</script>",
    "$<script>{c}</script>$",
)  # fmt: skip
NUMBER = 200
_NAMES = ("lad24nm", "lsoa21nm", "msoa21nm", "ward24nm", "csp_name", "icb_name")
"""Columns of lookups that hold names; a name is changed alike wherever it stands."""
ON_MAPS = ("lad24nm", "csp_name")
"""Names of few places that pictures write beside them: forty payloads in each leave a map no room, so they come in turns (``proofs/script_payloads.py``)."""
_PLACES = ("label", "ruc_class")
_TEXTS = {"indicators": ("unit", "category"), "place_indicators": ("unit", "category"), "recorded_crime": ("offence",)}
_KEPT = ("schema", "tag", "source", "read_on", "date", "status", "state", "opens", "closes", "kind", "id", "from_id")
COMMENTED = {"trends": "trends-index-groups", "definitions": "chapter", "geography": "chapter", "drivers": "chapter", "recommendations": "chapter"}
"""Chapters with a partnership's words, and the slot they stand in."""
ANSWERS = ("Very safe", "Fairly safe", "A bit unsafe", "Very unsafe")


class Spoiler:
    """Adds payloads to texts, and knows which fields have met which.

    ``most`` payloads are added to one text, so that a field of few texts meets them all only where that is enough. A name
    on maps has room for ``on_maps`` of them; in another ``turn`` those are the next ones.
    """

    def __init__(self, most: int = NUMBER, on_maps: int = 1, turn: int = 0) -> None:
        self._all = payloads()
        self._most, self._on_maps, self._turn = most, on_maps, turn
        self._next: dict[str, int] = {}
        self.met: dict[str, set[int]] = {}

    def share(self, texts: int) -> int:
        """Return how many payloads each of a field's texts must carry for all to be met."""
        return min(-(-NUMBER // max(texts, 1)), self._most)

    def spoil(self, field: str, text: object, share: int = 1) -> str:
        """Return a text with the next payloads of its field behind it."""
        begin = self._next.get(field, sum(map(ord, field)))
        numbers = [(begin + step) % NUMBER for step in range(share)]
        self._next[field] = begin + share
        self.met.setdefault(field, set()).update(numbers)
        return " ".join([str(text), *(self._all[number] for number in numbers)])

    def spoil_on_maps(self, field: str, names: Sequence[object]) -> dict[object, str]:
        """Return every name of a field with this turn's payloads behind it."""
        self._next.setdefault(field, sum(map(ord, field)) + self._turn * self._on_maps * len(names))
        return {name: self.spoil(field, name, self._on_maps) for name in names}

    def spoil_all(self, field: str, texts: Sequence[object], least: int = 1) -> dict[object, str]:
        """Return every text of a field with payloads behind it."""
        share = max(self.share(len(texts)), least)
        return {text: self.spoil(field, text, share) for text in texts}


def payloads() -> list[str]:
    """Return two hundred texts, each calling the canary with its own number."""
    made = [SHAPES[number % len(SHAPES)].format(c=CALL.format(n=number)) for number in range(NUMBER)]
    return [text if number < len(SHAPES) else f"{' ' * (number % 3)}{text}{'&' * (number % 2)}" for number, text in enumerate(made)]


@dataclass
class Crawl:
    """What a browser saw of a site: how many pages and payloads in their text, what ran, and which pages were not whole."""

    pages: int = 0
    seen: int = 0
    sung: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def crawl(html: Path) -> Crawl:
    """Open every page of a site from disk in a real browser, with everything folded opened, and listen to the canary.

    The site's policy is a second fence; here it is off, so that the escaping has to hold alone.
    """
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "Chromium is missing; install it with: apt-get install chromium"
    found = Crawl()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_context(bypass_csp=True).new_page()
        page.add_init_script(CANARY)
        page.on("dialog", lambda dialog: dialog.dismiss())
        for path in sorted(html.glob("*.html")) + sorted(html.glob("*/*.html")):
            page.goto(path.as_uri())
            page.wait_for_load_state("load")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            page.keyboard.press("Tab")
            page.wait_for_timeout(100)
            found.pages += 1
            found.sung += [f"{path.name}: {number}" for number in page.evaluate("window.sung")]
            found.seen += len(re.findall(r"canary\(\d+\)", page.content()))
            is_whole = page.evaluate("!!document.querySelector('main, article') && !!document.querySelector('h1')")
            found.broken += [] if is_whole else [path.name]
        browser.close()
    return found


def unsafe_markup(html: Path) -> list[str]:
    """Return what of a site's pages is not text though it came as text: handlers, script addresses, scripts; with the page of each."""
    return [f"{path.name}: {one}" for path in sorted(html.rglob("*.html")) for one in _unsafe(BeautifulSoup(path.read_text(encoding="utf-8"), "html5lib"))]


def _unsafe(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(True):
        yield from (f"handler {name}" for name, value in tag.attrs.items() if name.startswith("on") and "canary" in str(value))
        addresses = [str(tag.get(name)).strip().lower() for name in ADDRESSES if tag.get(name)]
        yield from (f"address {one}" for one in addresses if one.startswith(("javascript:", "data:text")))
        is_script = tag.name == "script" and "json" not in str(tag.get("type", ""))
        if is_script and "canary(" in (tag.string or ""):
            yield "script"


def hostile_project(root: Path, place: Path, edition: str, most: int = NUMBER, on_maps: int = 1, turn: int = 0) -> dict[str, set[int]]:
    """Copy a project and put payloads into every text field of its inputs; return the payloads that each field met."""
    for name in ("notebooks", "book", "data/reference", f"data/editions/{edition}"):
        shutil.copytree(root / name, place / name)
    for name in ("_config.yml", "_toc.yml", "data/sources.yml", "pyproject.toml", "CHANGELOG.md"):
        shutil.copyfile(root / name, place / name)
    spoiler = Spoiler(most, on_maps, turn)
    folder = place / "data" / "editions" / edition
    _described(folder / "edition.yml", spoiler)
    _yaml(folder / "partnership.yml", lambda held: _everywhere(held, spoiler, "partnership", _counted(held)))
    _yaml(place / "data" / "sources.yml", lambda held: {**held, "sources": _sources(held["sources"], spoiler)})
    names = _tables(folder / "snapshot", spoiler)
    _commentary(folder / "commentary", spoiler)
    _partners(folder / "cleared", edition, spoiler, names)
    return spoiler.met


def _described(path: Path, spoiler: Spoiler) -> None:
    fields = ("title", "partnership")
    _yaml(path, lambda held: {**held, **{name: spoiler.spoil(f"edition.{name}", held[name], spoiler.share(1)) for name in fields}, "previous": None})


def _yaml(path: Path, change: Callable[[dict], dict]) -> None:
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(change(held), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _leaves(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the field and text of every text but keys, tags, dates and references to other entries."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(one, f"{field}.{name}" if isinstance(one, (dict, list)) is False else str(name))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, field)
    elif isinstance(value, str) and field.rpartition(".")[2] not in (*_KEPT, "url"):
        yield field, value


def _counted(value: object) -> Counter:
    return Counter(field for field, _ in _leaves(value))


def _everywhere(value: object, spoiler: Spoiler, prefix: str, counted: Counter, field: str = "") -> object:
    if isinstance(value, dict):
        return {name: _everywhere(one, spoiler, prefix, counted, f"{field}.{name}" if not isinstance(one, (dict, list)) else str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, spoiler, prefix, counted, field) for one in value]
    if not isinstance(value, str) or field.rpartition(".")[2] in _KEPT:
        return value
    if field.endswith(".url"):
        return f"javascript:{CALL.format(n=len(value) % NUMBER)}"
    return spoiler.spoil(f"{prefix}.{field}", value, spoiler.share(counted[field]))


def _sources(sources: dict, spoiler: Spoiler) -> dict:
    notes = sum(len(one.get("notes") or []) for one in sources.values())
    made = {}
    for key, one in sources.items():
        texts = {name: spoiler.spoil(f"sources.{name}", one[name], spoiler.share(len(sources))) for name in ("title", "publisher")}
        made[key] = {**one, **texts, "notes": [spoiler.spoil("sources.notes", note, spoiler.share(notes)) for note in one.get("notes") or []]}
    return made


def _tables(snapshot: Path, spoiler: Spoiler) -> dict[object, str]:
    """Spoil the texts of the embedded tables, names alike in all of them, and make the manifest's hashes fit; return the names."""
    manifest = json.loads((snapshot / "view.json").read_text(encoding="utf-8"))
    places = pd.read_parquet(snapshot / "places.parquet")
    names: dict[object, str] = {}
    for column in _NAMES:
        fresh = sorted(set(places[column].dropna()) - names.keys())
        names |= (spoiler.spoil_on_maps if column in ON_MAPS else spoiler.spoil_all)(f"places.{column}", fresh)
    places = places.assign(**{column: places[column].map(lambda name: names.get(name, name)) for column in _NAMES})
    for column in _PLACES:
        values = spoiler.spoil_all(f"places.{column}", sorted(places[column].dropna().unique()))
        places[column] = places[column].map(values)
    _write(snapshot, manifest, "places", places)
    _areas(snapshot, manifest, spoiler, names)
    for table, columns in _TEXTS.items():
        frame = pd.read_parquet(snapshot / f"{table}.parquet")
        for column in columns:
            values = spoiler.spoil_all(f"{table}.{column}", sorted(frame[column].dropna().unique())[:60])
            frame[column] = frame[column].astype(object).map(lambda value, values=values: values.get(value, value))
        _write(snapshot, manifest, table, frame)
    for level in ("lad", "csp"):
        manifest["area"][level] = {code: names.get(name, name) for code, name in manifest["area"][level].items()}
    (snapshot / "view.json").write_text(json.dumps(manifest), encoding="utf-8")
    return names


def _areas(snapshot: Path, manifest: dict, spoiler: Spoiler, names: dict[object, str]) -> None:
    """Spoil the names of forces, partnerships, counties and districts in published tables, as in the lookups; the area's own name stays."""
    frames = {table: pd.read_parquet(snapshot / f"{table}.parquet") for table in ("indicators", "recorded_crime")}
    local = [set(frame.loc[frame["area_kind"].isin(("force", "csp", "county", "district")), "area_name"]) for frame in frames.values()]
    new = sorted(set().union(*local) - {manifest["area"]["name"]} - names.keys())
    spoiled = names | spoiler.spoil_all("published.area_name", new)
    for table, frame in frames.items():
        _write(snapshot, manifest, table, frame.assign(area_name=frame["area_name"].astype(object).map(lambda name: spoiled.get(name, name))))


def _write(snapshot: Path, manifest: dict, table: str, frame: pd.DataFrame) -> None:
    path = snapshot / f"{table}.parquet"
    frame.to_parquet(path, index=False)
    manifest["tables"][table]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()


def _commentary(folder: Path, spoiler: Spoiler) -> None:
    """Write a partnership's words on chapters and an exhibit, without the signs that their reader refuses."""
    folder.mkdir(exist_ok=True)
    for chapter, slot in COMMENTED.items():
        said = {name: spoiler.spoil(f"commentary.{name}", name, spoiler.share(len(COMMENTED))) for name in ("author", "text")}
        author, text = (re.sub("[\x0c\u202e]", "", one).replace("\n", " ") for one in said.values())
        (folder / f"{chapter}.md").write_text(f"## {slot}\nauthor: {author}\ndate: 2026-01-31\n\n{text}\n", encoding="utf-8")


def _partners(folder: Path, edition: str, spoiler: Spoiler, names: dict[object, str]) -> None:
    """Write a released survey and released quotations with payloads in questions, answers, words and who approved them."""
    folder.mkdir(exist_ok=True)
    questions = [spoiler.spoil("survey.question", f"Question {number}: how safe do you feel?", spoiler.share(40)) for number in range(40)]
    answers = [[spoiler.spoil("survey.answer", f"{answer} ({number})", spoiler.share(160)) for answer in ANSWERS] for number in range(40)]
    rows = [(question, answer, 20 + place) for question, said in zip(questions, answers) for place, answer in enumerate(said)]
    frame = pd.DataFrame([*rows, *((question, "all", 86) for question in questions)], columns=["question", "answer", "count"]).assign(is_suppressed=False)
    dimensions = KINDS["survey"].dimensions
    frame = frame.assign(**{name: "all" for name in dimensions if name not in frame})[[*dimensions, "count", "is_suppressed"]]
    _cleared(folder, edition, "survey", frame, spoiler)
    rows = [(name, "all", 30) for place, name in names.items() if place in ("Babergh", "Ipswich", "Mid Suffolk", "East Suffolk", "West Suffolk")]
    fields = KINDS["fire"].dimensions
    frame = pd.DataFrame([{**dict.fromkeys(fields, "all"), "district": name, "count": count} for name, _, count in rows]).assign(is_suppressed=False)
    total = pd.DataFrame([{**dict.fromkeys(fields, "all"), "count": 150, "is_suppressed": False}])
    _cleared(folder, edition, "fire", pd.concat([frame, total], ignore_index=True)[[*fields, "count", "is_suppressed"]], spoiler)
    quotes = [
        {"id": f"q{number:08}", "question": spoiler.spoil("quote.question", "What should change?"), "text": spoiler.spoil("quote.text", "More light"),
         "approver": spoiler.spoil("quote.approver", "Head of Analysis"), "date": "2026-01-31"}
        for number in range(NUMBER)
    ]  # fmt: skip
    (folder / "quotes.json").write_text(json.dumps({"schema": 1, "edition": edition, "quotes": quotes}), encoding="utf-8")


def _cleared(folder: Path, edition: str, kind: str, frame: pd.DataFrame, spoiler: Spoiler) -> None:
    content = table_bytes(frame)
    record = {
        "schema": 1, "kind": kind, "edition": edition, "approver": spoiler.spoil("cleared.approver", "Head of Analysis", spoiler.share(2)), "date": "2026-01-31",
        "is_synthetic": False, "first_month": "2025-01", "last_month": "2025-12", "unit": spoiler.spoil("cleared.unit", "answers", spoiler.share(2)),
        "rule": "partner_under_10", "sha256": hashlib.sha256(content).hexdigest(), "audit": {"cells": len(frame), "is_safe": True},
    }  # fmt: skip
    (folder / f"{kind}.csv").write_bytes(content)
    (folder / f"{kind}.json").write_text(json.dumps(record), encoding="utf-8")
