"""The interactive map's own file: outlines, names, figures and neighbours, loaded only when a reader asks for it.

It is a script and not JSON, because a page opened from disk may load scripts but not read files.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from svd_lib.build.cards import page_of
from svd_lib.build.workbook import Published
from svd_lib.edition import Edition

FINDER = "<!-- find a neighbourhood -->"
"""Where the first page's template leaves room for the way to the map."""
SHOWN = ("numerator", "raw_value", "value", "lower_ci", "upper_ci")
KEY, NAME, GROUP = "lsoa21cd", "label", "lad24nm"
OUTLINES, SCRIPT = ".places.json", ".places.js"
PLACES = 1
"""Decimals of the figures beside the map."""


def write_explorable(edition: Edition, exhibits: Sequence[Published], site: Path) -> list[str]:
    """Write the file of each map that can be explored, in place of its outlines, and return the maps' ids.

    A map can be explored when each row has a name and a value.
    """
    made = []
    pairs = _neighbours(edition.view_path / "neighbours.parquet")
    for item in exhibits:
        outlines = site / "exhibits" / f"{item.id}{OUTLINES}"
        if outlines.is_file() and {KEY, NAME, "value"} <= set(item.columns):
            content = json.loads(outlines.read_text(encoding="utf-8")) | _figures(item, pairs)
            text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
            (site / "exhibits" / f"{item.id}{SCRIPT}").write_text(f"snaMap({json.dumps(item.id)},{text});\n", encoding="utf-8")
            made.append(item.id)
    for outlines in site.glob(f"exhibits/*{OUTLINES}"):
        outlines.unlink()
    return made


def _neighbours(path: Path) -> dict[str, list[str]]:
    if not path.is_file():
        return {}
    import pyarrow.parquet as parquet

    found: dict[str, list[str]] = {}
    columns = parquet.read_table(path).to_pydict()
    for place, other in zip(columns[KEY], columns[f"neighbour_{KEY}"]):
        found.setdefault(place, []).append(other)
    return found


def _figures(item: Published, pairs: dict[str, list[str]]) -> dict:
    at = {name: item.columns.index(name) for name in item.columns}
    number = {row[at[KEY]]: place for place, row in enumerate(item.rows)}
    shown = [name for name in SHOWN if name in at]
    return {
        "title": item.about["title"],
        "subtitle": item.about["subtitle"],
        "columns": [item.about["columns"][name] for name in shown],
        "names": [row[at[NAME]] for row in item.rows],
        "groups": [row[at[GROUP]] if GROUP in at else "" for row in item.rows],
        "rows": [[_said(row[at[name]]) for name in shown] for row in item.rows],
        "near": [sorted(number[other] for other in pairs.get(row[at[KEY]], []) if other in number) for row in item.rows],
    }


def _said(text: str) -> str:
    if not text:
        return "[x]"
    value = float(text)
    return f"{value:,.0f}" if value.is_integer() and "." not in text else f"{value:,.{PLACES}f}"


def explore_html(item: Published) -> str:
    """Return the button that asks for the interactive map; without scripts it is not shown."""
    name = escape(item.id)
    return (
        f'<div class="sna-explore pst-js-only"><button type="button" class="sna-button" id="{name}-find" data-explore="{name}" aria-expanded="false" aria-controls="{name}-explore">'
        f'Find a neighbourhood<span class="sna-hidden"> on the map: {escape(item.about["title"])}</span></button><div id="{name}-explore" hidden></div></div>'
    )


def with_finder(page: str, maps: Sequence[str], chapters: Sequence[str]) -> str:
    """Return the first page with a link to the first map that can be explored, where there is one."""
    if not maps:
        return page.replace(FINDER, "")
    link = f'<a href="{page_of(maps[0], chapters)}.html#{maps[0]}-find">Find a neighbourhood</a>'
    return page.replace(FINDER, link)
