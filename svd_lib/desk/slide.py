"""One exhibit taken away: a picture of the size of a slide, and a sentence with its citation."""

from __future__ import annotations

import json
import tempfile
from html import escape
from pathlib import Path

from svd_lib.build.browser import run_browser
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.report.text import period_words
from svd_lib.sources.registry import read_registry
from svd_lib.sources.swap import swap_in

WIDTH, HEIGHT = 1280, 720
"""Pixels of a slide of 16 by 9; the picture has twice as many each way."""
STYLE = """
body{margin:0;width:1280px;height:720px;font-family:"DejaVu Sans",Verdana,Arial,sans-serif;color:#0b0c0c;background:#fff;display:flex;flex-direction:column}
header{padding:28px 48px 6px} h1{font-size:30px;margin:0 0 8px;line-height:1.2} header p{font-size:19px;margin:0;color:#3d3d3d}
main{flex:1;min-height:0;display:flex;justify-content:center;padding:4px 48px} main svg{width:100%;height:100%}
footer{padding:6px 48px 18px;font-size:14px;color:#3d3d3d} footer p{margin:2px 0}
"""


def export_exhibit(edition: Edition, identifier: str, folder: Path) -> list[Path]:
    """Write a figure as ``<id>.png``, ready for a slide, and ``<id>.txt``, its sentence and citation; return both.

    Parameters
    ----------
    edition : Edition
        A built edition.
    identifier : str
        The exhibit's id.
    folder : pathlib.Path
        Where to.

    Raises
    ------
    SnaError
        When the edition has no such figure, or Chromium is missing.
    """
    source = edition.out_path / "exhibits"
    facts = _facts(edition, source, identifier)
    drawing = source / f"{identifier}.svg"
    if not drawing.is_file():
        raise SnaError(f"{identifier} is a table and has no picture; its data are in {source / identifier}.csv.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sna-slide-") as scratch:
        page, picture, words = (Path(scratch) / name for name in ("slide.html", "slide.png", "slide.txt"))
        page.write_text(slide_html(edition, facts, drawing.read_text(encoding="utf-8")), encoding="utf-8")
        run_browser([f"--screenshot={picture}", f"--window-size={WIDTH},{HEIGHT}", "--force-device-scale-factor=2", "--hide-scrollbars", page.as_uri()], picture)
        words.write_text(sentence(edition, facts), encoding="utf-8")
        return [_placed(made, folder / f"{identifier}{made.suffix}") for made in (picture, words)]


def _facts(edition: Edition, folder: Path, identifier: str) -> dict:
    path = folder / f"{identifier}.json"
    if not path.is_file():
        near = sorted(one.stem for one in folder.glob(f"{identifier.split('-')[0]}-*.svg"))
        raise SnaError(f"{edition.name} as it is built has no exhibit '{identifier}'; its chapter has {', '.join(near) or 'none'}.")
    return json.loads(path.read_text(encoding="utf-8"))


def slide_html(edition: Edition, facts: dict, drawing: str) -> str:
    """Return the page that is photographed: title, subtitle, picture, source and status."""
    svg = drawing[drawing.index("<svg") :]
    note = f"<p>What this does not show: {escape(facts['note'])}</p>" if facts["note"] else ""
    return (
        f'<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><style>{STYLE}</style></head><body>'
        f"<header><h1>{escape(facts['title'])}</h1><p>{escape(facts['subtitle'])}</p></header><main>{svg}</main>"
        f"<footer>{note}<p>Source: {escape(citation(edition, facts))}</p><p>{escape(edition.status_line)}.</p></footer></body></html>"
    )


def citation(edition: Edition, facts: dict) -> str:
    """Return where a figure is from: sources, licence lines, edition and period."""
    registry = read_registry(edition.root)
    named = "; ".join(f"{source.title}, {source.publisher}" for source in map(registry.source, facts["sources"]))
    return f"{named}. {' '.join(facts['attribution'])} In: {edition.title}, figure {facts['id']}."


def sentence(edition: Edition, facts: dict) -> str:
    """Return the text that goes with the picture: what it says, for whom it stands, its period and its citation."""
    parts = [f"{facts['title']}.", f"{facts['subtitle']}.", f"Period: {period_words(facts['period'])}.", facts["alt"], f"Source: {citation(edition, facts)}", f"{edition.status_line}."]
    return "\n".join(part for part in parts if part) + "\n"


def _placed(made: Path, target: Path) -> Path:
    beside = target.with_name(f".{target.name}.new")
    beside.write_bytes(made.read_bytes())
    swap_in(beside, target)
    return target
