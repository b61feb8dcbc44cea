"""The catalogue in a browser: the built edition among three hundred others, found by keyboard in the list and on the map."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from svd_lib.build.catalogue import RECORD, write_catalogue

pytestmark = [pytest.mark.browser, pytest.mark.site]
OTHERS = 300
MOST_BYTES = 300_000
MOST_KEYS = 20


@pytest.fixture(scope="module")
def catalogue(site, root, tmp_path_factory):
    """A folder with the built site, records of other areas, and the catalogue over all."""
    folder = tmp_path_factory.mktemp("catalogue")
    shutil.copytree(site.folder, folder / site.edition.name / "html", ignore=shutil.ignore_patterns("downloads", "exhibits", "pagefind", "notebooks"))
    own = json.loads((site.folder / RECORD).read_text(encoding="utf-8"))
    for number in range(OTHERS):
        other = {**own, "name": f"place-{number}-2025", "title": f"Place {number} needs assessment", "area": f"Place {number}", "longitude": -5.0 + number % 20 * 0.3, "latitude": 50.0 + number // 20 * 0.3}
        (folder / other["name"] / "html").mkdir(parents=True)
        (folder / other["name"] / "html" / RECORD).write_text(json.dumps(other), encoding="utf-8")
    assert write_catalogue(folder, root) == OTHERS + 1
    return folder


def test_it_is_light(catalogue):
    size = len(gzip.compress((catalogue / "index.html").read_bytes(), 6))
    print(f"{OTHERS + 1} editions: {size / 1000:.0f} KB gzip")
    assert size <= MOST_BYTES


def test_typing_finds_the_edition_and_enter_opens_it(chromium, catalogue, site):
    page, pressed = chromium.new_page(), []
    page.goto((catalogue / "index.html").as_uri())
    field = page.get_by_role("searchbox", name="Name of an area, or a year")

    def press(key):
        page.keyboard.press(key)
        pressed.append(key)

    while not field.evaluate("field => field === document.activeElement"):
        press("Tab")
    for letter in site.edition.area.name[:7]:
        press(letter)
    assert page.get_by_role("status").inner_text() == "1 edition."
    press("Enter")
    press("Enter")
    page.wait_for_url(f"**/{site.edition.name}/html/index.html")
    assert page.get_by_role("heading", level=1).is_visible()
    assert len(pressed) <= MOST_KEYS
    print(f"{len(pressed)} keys")


def test_the_map_has_every_area_as_a_link_with_letters_that_can_be_read(chromium, catalogue, site):
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto((catalogue / "index.html").as_uri())
    links = page.get_by_role("group", name="Map of areas: one hexagon each").get_by_role("link")
    assert links.count() == OTHERS + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert links.first.locator("text").evaluate("text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a") >= 11
    page.get_by_role("link", name=site.edition.area.name, exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{site.edition.name}/html/index.html")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium, catalogue, theme):
    page = chromium.new_context(color_scheme=theme).new_page()
    page.goto((catalogue / "index.html").as_uri())
    assert [f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in Axe().run(page).response["violations"]] == []
