"""Exhibits: what cannot be built, and what a page gets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from report_world import make_project

from svd_lib.errors import SnaError
from svd_lib.figures import charts
from svd_lib.report.chapter import Chapter, open_chapter
from svd_lib.report.exhibit import csv_frame

DATA = pd.DataFrame({"lad24nm": ["Northtown", "Southtown"], "value": [27.71234567891, 12.5], "lower_ci": [26.0, 11.0], "upper_ci": [29.0, 14.0]})
GOOD = {
    "title": "Northtown has more violence than Southtown", "subtitle": "Offences per 1,000 residents", "sources": ["police", "people"],
    "alt": "Dot plot: Northtown 27.7, Southtown 12.5 in {period}.", "period": "2025-01/2025-12", "basis": "located_in", "note": "Unreported <violence>.",
}  # fmt: skip


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return open_chapter("trends", make_project(tmp_path))


@pytest.fixture
def picture() -> Figure:
    return charts.interval_plot(DATA, "lad24nm")


def test_a_figure_leaves_with_everything_a_reader_needs(chapter: Chapter, picture: Figure) -> None:
    page = BeautifulSoup(chapter.figure("trends-violence-rate", picture, DATA, **GOOD).html, "lxml")
    figure = page.find("figure", id="trends-violence-rate")
    assert figure.select_one(".sna-title").get_text() == GOOD["title"]
    assert figure.select_one(".sna-subtitle").get_text() == "Offences per 1,000 residents, Testland, January to December 2025"
    svg = figure.svg
    assert svg["role"] == "img"
    assert page.find(id=svg["aria-labelledby"]).get_text() == "Dot plot: Northtown 27.7, Southtown 12.5 in January to December 2025."
    assert page.find(id=svg["aria-describedby"])
    assert figure.details.table.caption
    box = svg.parent
    assert "sna-scroll" in box["class"] and (box["tabindex"], box["role"], box["aria-label"]) == ("0", "group", f"Picture: {GOOD['title']}")
    assert [link["href"] for link in figure.select(".sna-downloads a")] == ["exhibits/trends-violence-rate.csv", "exhibits/trends-violence-rate.svg"]
    assert "Contains public sector information" in figure.select_one(".sna-source").get_text()
    assert "The Publisher & Co" in figure.select_one(".sna-source").get_text()
    assert "Unreported <violence>." in figure.select_one(".sna-note").get_text()
    assert not page.select("[style]")


def test_its_files_are_written(chapter: Chapter, picture: Figure) -> None:
    chapter.figure("trends-violence-rate", picture, DATA, **GOOD)
    folder = chapter.out / "exhibits"
    assert (folder / "trends-violence-rate.csv").read_text(encoding="utf-8").splitlines()[1] == "Northtown,27.71235,26,29"
    assert "<desc>Dot plot" in (folder / "trends-violence-rate.svg").read_text(encoding="utf-8")
    words = json.loads((folder / "trends-violence-rate.json").read_text(encoding="utf-8"))
    assert (words["kind"], words["rows"], words["sources"]) == ("figure", 2, ["police", "people"])
    open_chapter("trends", chapter.edition)
    assert not list(folder.glob("trends-*"))


def test_every_id_on_the_page_is_the_exhibit_s_own(chapter: Chapter, picture: Figure) -> None:
    page = BeautifulSoup(chapter.figure("trends-violence-rate", picture, DATA, **GOOD).html, "lxml")
    ids = [node["id"] for node in page.select("[id]")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("trends-violence-rate") for name in ids)
    used = {node["href"][1:] for node in page.select("use")}
    assert used <= set(ids)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "title"),
        ({"alt": " "}, "alt"),
        ({"sources": []}, "sources"),
        ({"sources": ["unheard"]}, "no source"),
        ({"alt": "Northtown has more violence than Southtown."}, "repeats the title"),
        ({"alt": "Northtown has 28.7."}, "28.7"),
        ({"period": "now"}, "not readable"),
        ({"basis": ""}, "basis"),
        ({"columns": {"rate": "Rate"}}, "no column rate"),
    ],
)
def test_an_exhibit_without_its_parts_is_refused(chapter: Chapter, picture: Figure, change: dict, said: str) -> None:
    with pytest.raises(SnaError, match=said):
        chapter.figure("trends-violence-rate", picture, DATA, **GOOD | change)
    assert not (chapter.out / "exhibits" / "trends-violence-rate.csv").exists()


def test_numbers_in_alt_text_may_come_from_words_given(chapter: Chapter, picture: Figure) -> None:
    chapter.figure("trends-a-b", picture, DATA, **GOOD | {"alt": "The gap is {gap} and the highest 28."}, words={"gap": "15.2"})


def test_a_table_has_caption_scope_and_csv_but_no_picture(chapter: Chapter) -> None:
    options = {name: value for name, value in GOOD.items() if name != "alt"}
    page = BeautifulSoup(chapter.table("trends-places", DATA, **options, columns={"lad24nm": "District", "value": "Rate"}).html, "lxml")
    assert page.svg is None
    assert [header.get_text() for header in page.select("thead th")] == ["District", "Rate"]
    assert [link["href"] for link in page.select(".sna-downloads a")] == ["exhibits/trends-places.csv"]


def test_an_empty_frame_becomes_the_known_gap(chapter: Chapter, picture: Figure) -> None:
    shown = chapter.figure("trends-victims-age", picture, DATA.head(0), **GOOD)
    assert "Not available in this edition" in shown.html and "victims by age" in shown.html
    with pytest.raises(SnaError, match="known gap"):
        chapter.figure("trends-violence-rate", picture, DATA.head(0), **GOOD)
    with pytest.raises(SnaError, match="known gap"):
        chapter.unavailable("trends-unlisted-box", question="?", needs="x", source="y")


def test_a_picture_of_small_counts_is_refused_and_a_table_is_protected(chapter: Chapter, picture: Figure) -> None:
    data = DATA.assign(numerator=[3, 40])
    with pytest.raises(SnaError, match="partner_under_5"):
        chapter.figure("trends-a-b", picture, data, **GOOD | {"sources": ["partner"]})
    options = {name: value for name, value in GOOD.items() if name != "alt"}
    shown = chapter.table("trends-a-c", data, **options | {"sources": ["partner"]})
    assert "[c]" in shown.html
    assert "27.7" not in shown.html
    written = pd.read_csv(chapter.out / "exhibits" / "trends-a-c.csv")
    assert written["numerator"].tolist() == ["[c]", "40"]


def test_csv_numbers_are_rounded_and_dates_iso() -> None:
    data = pd.DataFrame({"month": pd.to_datetime(["2025-01-01"]), "value": [1 / 3], "count": [3.0]})
    assert csv_frame(data).to_csv(index=False) == "month,value,count\n2025-01-01,0.3333333,3\n"


def test_numbers_in_the_data_may_be_negative(chapter: Chapter, picture: Figure) -> None:
    data = pd.DataFrame({"lad24nm": ["A", "B"], "value": [-4.26, np.nan]})
    chapter.figure("trends-a-b", picture, data, **GOOD | {"alt": "A fell by 4.3, or -4.3."})
