#!/usr/bin/env python3
"""Picture every page of a built site at phone and desk width, light and dark, and lay the strips side by side to be looked at.

Usage: python tools/screenshots.py SITE FOLDER [PAGE ...]

A page is much taller than a screen: it is cut into strips that stand beside each other on sheets named
``<page>-<width>-<theme>-<number>.png``. Nothing is compared; somebody has to look.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image

from svd_lib.build.browser import BROWSERS

WIDTHS = {"phone": 390, "desk": 1280}
THEMES = ("light", "dark")
STRIP, SHEET_WIDTH = 1500, 1620
SHRUNK = {"phone": 1.0, "desk": 0.62}


def strips(picture: Image.Image) -> list[Image.Image]:
    """Cut a tall picture into strips of one height, the last one shorter."""
    return [picture.crop((0, top, picture.width, min(top + STRIP, picture.height))) for top in range(0, picture.height, STRIP)]


def sheets(parts: list[Image.Image], scale: float) -> list[Image.Image]:
    """Lay strips side by side, as many on a sheet as fit its width."""
    width, height = round(parts[0].width * scale), round(STRIP * scale)
    across = max(1, SHEET_WIDTH // (width + 8))
    made = []
    for first in range(0, len(parts), across):
        group = parts[first : first + across]
        sheet = Image.new("RGB", (len(group) * (width + 8) - 8, height), "#ff00ff")
        for place, part in enumerate(group):
            shrunk = part.resize((width, round(part.height * scale)), Image.Resampling.LANCZOS) if scale != 1 else part
            sheet.paste(shrunk, (place * (width + 8), 0))
        made.append(sheet)
    return made


def picture_pages(site: Path, folder: Path, names: list[str]) -> int:
    """Write the sheets of some pages, all when none is named, and return how many."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=["--no-sandbox"])
        for kind, width in WIDTHS.items():
            for theme in THEMES:
                page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme).new_page()
                for path in sorted(site.glob("*.html")):
                    if names and path.stem not in names:
                        continue
                    page.goto(path.as_uri())
                    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
                    for number, sheet in enumerate(sheets(strips(picture), SHRUNK[kind]), 1):
                        sheet.save(folder / f"{path.stem}-{kind}-{theme}-{number}.png")
                        count += 1
                page.context.close()
        browser.close()
    return count


def main() -> None:
    """Read the command line."""
    reading = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reading.add_argument("site", type=Path)
    reading.add_argument("folder", type=Path)
    reading.add_argument("pages", nargs="*")
    given = reading.parse_args()
    print(f"{picture_pages(given.site.resolve(), given.folder, given.pages)} sheets in {given.folder}")


if __name__ == "__main__":
    main()
