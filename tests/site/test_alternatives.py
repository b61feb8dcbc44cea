"""What is said in place of each picture, read from the finished pages and held against the picture's own CSV file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import combinations

import pytest

pytestmark = pytest.mark.site
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
LEAST_WORDS = 8


def said(site):
    """Return ``{id: (title, alternatives)}`` of every exhibit with a picture; the wide and the narrow picture say the same."""
    found = {}
    for page in site.pages.values():
        for figure in page.select("figure.sna-exhibit:has(svg.sna-figure)"):
            alternatives = {page.find(id=svg["aria-labelledby"]).get_text() for svg in figure.select("svg.sna-figure")}
            found[figure["id"]] = (figure.select_one(".sna-title").get_text(), alternatives)
    return found


def rows_of(site, name):
    with (site.folder / "exhibits" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def as_number(text):
    try:
        return abs(float(text))
    except ValueError:
        return None


def in_file(number, is_percent, rows):
    """Tell whether a number in words is a cell, part of a name or date, or the count of rows, of all or of those with one or two marks in common."""
    cells = [cell for row in rows for cell in row.values()]
    values = [value for value in map(as_number, cells) if value is not None]
    marks = [[(name,) for name in rows[0]], combinations(rows[0], 2)]
    counts = {len(rows), *(count for groups in marks for names in groups for count in Counter(tuple(row[name] for name in names) for row in rows).values())}
    bare = number.replace(",", "")
    close = 0.5 * 10.0 ** -len(bare.partition(".")[2]) + 1e-9
    scales = (1, 100) if is_percent else (1,)
    return (
        any(abs(value * scale - float(bare)) <= close for value in values for scale in scales)
        or any(bare in NUMBER.findall(cell) for cell in cells if as_number(cell) is None)
        or ("." not in bare and int(bare) in counts)
    )


def test_no_alternative_is_the_title_and_each_says_something(site):
    every = said(site)
    assert len(every) >= 30
    for name, (title, alternatives) in every.items():
        (words,) = alternatives
        assert words.strip(". ").casefold() != title.strip(". ").casefold(), name
        assert len(words.split()) >= LEAST_WORDS, f"{name}: {words}"


def test_every_number_of_an_alternative_is_in_its_csv(site):
    wrong, checked = [], 0
    for name, (_, (words,)) in said(site).items():
        rows = rows_of(site, name)
        for found in NUMBER.finditer(words):
            number = found[0].rstrip(",")
            checked += 1
            if not in_file(number, words[found.end() :].lstrip().startswith(("%", "per cent")), rows):
                wrong.append(f"{name}: {number} in {words!r}")
    print(f"{checked} numbers in {len(said(site))} alternatives")
    assert wrong == [] and checked >= 40


def test_a_number_from_elsewhere_is_found():
    rows = [{"label": "Ipswich (007G)", "value": "31.4"}, {"label": "Babergh", "value": "0.125"}]
    assert in_file("31", False, rows) and in_file("12.5", True, rows) and in_file("2", False, rows) and in_file("007", False, rows)
    assert not in_file("33", False, rows) and not in_file("31.5", False, rows) and not in_file("12.5", False, rows) and not in_file("9", False, rows)
