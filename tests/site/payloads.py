"""Two hundred ways to bring a script into a page by text, and a project with one in every text field of its inputs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from itertools import cycle
from pathlib import Path

import pandas as pd
import yaml

CALL = "canary({n})"
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
_LOCAL = {"places": ["label", "msoa21nm", "ward24nm"], "indicators": ["unit", "category"], "place_indicators": ["unit"]}


def payloads() -> list[str]:
    """Return two hundred texts, each calling the canary with its own number."""
    made = [SHAPES[number % len(SHAPES)].format(c=CALL.format(n=number)) for number in range(NUMBER)]
    return [text if number < len(SHAPES) else f"{' ' * (number % 3)}{text}{'&' * (number % 2)}" for number, text in enumerate(made)]


def hostile_project(root: Path, place: Path, edition: str) -> set[int]:
    """Copy a project and put a payload into every text field of its inputs; return the payloads used."""
    for name in ("notebooks", "book", "data/reference", f"data/editions/{edition}"):
        shutil.copytree(root / name, place / name)
    for name in ("_config.yml", "_toc.yml", "data/sources.yml", "pyproject.toml", "CHANGELOG.md"):
        shutil.copyfile(root / name, place / name)
    supply = cycle(payloads())
    used: set[int] = set()

    def spoil(text: object) -> str:
        payload = next(supply)
        used.update(map(int, re.findall(r"canary\((\d+)\)", payload)))
        return f"{text} {payload}"

    folder = place / "data" / "editions" / edition
    _yaml(folder / "edition.yml", lambda held: {**held, "title": spoil(held["title"]), "partnership": spoil(held["partnership"]), "previous": None})
    _yaml(folder / "partnership.yml", lambda held: _everywhere(held, spoil))
    _yaml(place / "data" / "sources.yml", lambda held: {**held, "sources": {key: _source(one, spoil) for key, one in held["sources"].items()}})
    _tables(folder / "snapshot", spoil)
    return used


def _yaml(path: Path, change) -> None:
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(change(held), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _everywhere(value: object, spoil, key: str = "") -> object:
    """Spoil every text but keys, tags, dates and references to other entries."""
    if isinstance(value, dict):
        return {name: _everywhere(one, spoil, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, spoil, key) for one in value]
    kept = key in ("schema", "tag", "source", "read_on", "date", "status", "state", "opens", "closes", "kind", "id", "from_id") or not isinstance(value, str)
    if key == "url":
        return f"javascript:{CALL.format(n=len(str(value)) % NUMBER)}"
    return value if kept else spoil(value)


def _source(source: dict, spoil) -> dict:
    return {**source, "title": spoil(source["title"]), "publisher": spoil(source["publisher"]), "notes": [spoil(note) for note in source.get("notes") or []]}


def _tables(snapshot: Path, spoil) -> None:
    """Spoil names in the embedded tables: one payload a distinct value, and the manifest's hashes made to fit."""
    manifest = json.loads((snapshot / "view.json").read_text(encoding="utf-8"))
    for table, columns in _LOCAL.items():
        path = snapshot / f"{table}.parquet"
        frame = pd.read_parquet(path)
        for column in (name for name in columns if name in frame):
            values = {value: spoil(value) for value in sorted(frame[column].dropna().unique())[:60]}
            frame[column] = frame[column].astype(object).map(lambda value, values=values: values.get(value, value))
        frame.to_parquet(path, index=False)
        manifest["tables"][table]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest["area"]["name"] = manifest["area"]["name"]
    (snapshot / "view.json").write_text(json.dumps(manifest), encoding="utf-8")
