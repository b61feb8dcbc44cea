"""From the first page to one neighbourhood's figures, its table and its file, as a screen reader is told: roles and names, no selectors, keys only."""

from __future__ import annotations

import csv
import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.site]
MOST_KEYS = 30
FINDER = re.compile("Find a neighbourhood")


class Reader:
    """Someone who has a keyboard, and hears the role and name of what the keyboard is on.

    Parameters
    ----------
    page : playwright.sync_api.Page
        What is read; nothing on it is found but by role and name.
    """

    def __init__(self, page) -> None:
        self.page, self.pressed, self.steps = page, [], []
        self.device = page.context.new_cdp_session(page)
        self.device.send("Accessibility.enable")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.pressed.append(key)
        assert len(self.pressed) <= MOST_KEYS, self.steps

    def hears(self) -> tuple[str, str]:
        """Return role and name, as the browser tells them to a screen reader, of what has the focus."""
        focused = self.device.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]
        (node, *_) = self.device.send("Accessibility.getPartialAXTree", {"objectId": focused["objectId"], "fetchRelatives": False})["nodes"]
        return node["role"]["value"], node.get("name", {}).get("value", "")

    def go_to(self, role: str, name: re.Pattern[str], key: str = "Tab") -> None:
        """Press a key until something of that role and name has the focus."""
        first = len(self.pressed)
        while True:
            heard = self.hears()
            if heard[0] == role and name.search(heard[1]):
                break
            self.press(key)
        self.steps.append(f"{heard[0]} “{heard[1]}” after {len(self.pressed) - first} keys")

    def enter(self) -> None:
        self.press("Enter")


def test_by_roles_and_names_to_a_rate_its_table_and_its_file(chromium, site, tmp_path):
    page = chromium.new_context(accept_downloads=True).new_page()
    page.goto((site.folder / "index.html").as_uri())
    reader = Reader(page)

    reader.go_to("link", re.compile("^Skip to main content$"))
    reader.enter()
    reader.go_to("link", FINDER)
    reader.enter()
    page.wait_for_url("**/geography.html#*")
    reader.go_to("button", FINDER)
    reader.enter()

    choice = page.get_by_role("combobox", name="Neighbourhood")
    choice.wait_for()
    assert reader.hears()[0] == "combobox"
    wanted = choice.get_by_role("option").nth(8).inner_text()
    for letter in wanted[:8]:
        reader.press("Space" if letter == " " else letter)
    figures = page.get_by_role("status").get_by_role("row").filter(has=page.get_by_role("rowheader", name="(chosen)"))
    chosen = figures.get_by_role("rowheader").inner_text().removesuffix(" (chosen)")
    heads = page.get_by_role("status").get_by_role("columnheader").all_inner_texts()
    rate = figures.get_by_role("cell").nth(heads.index("Smoothed rate") - 1).inner_text()
    reader.steps.append(f"hears: {chosen}, smoothed rate {rate}")

    reader.go_to("link", re.compile(r"data file \(CSV\)"))
    with page.expect_download() as download:
        reader.enter()
    download.value.save_as(tmp_path / "rates.csv")
    with (tmp_path / "rates.csv").open(encoding="utf-8") as stream:
        row = next(row for row in csv.DictReader(stream) if row["label"] == chosen)
    assert float(rate.replace(",", "")) == pytest.approx(float(row["value"]), abs=0.051)

    reader.go_to("DisclosureTriangle", re.compile("^Data table"))
    title = reader.hears()[1].removeprefix("Data table of ")
    reader.enter()
    table = page.get_by_role("table", name=f"Data behind the figure: {title}")
    assert table.get_by_role("row").count() > 3 and "Smoothed rate" in " ".join(table.get_by_role("columnheader").all_inner_texts())
    print(f"{len(reader.pressed)} keys, at most {MOST_KEYS}: " + "; ".join(reader.steps))
