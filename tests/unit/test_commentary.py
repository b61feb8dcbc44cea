"""A partnership's words: read in slots, refused in one sentence, inert, and nowhere but in their place."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from svd_lib.build.commentary import noted, says, shown, with_words
from svd_lib.build.words import MOST_WORDS, check_files, read_commentary
from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError

GOOD = """
## chapter
author: Head of Community Safety
date: 2026-03-12

Since 2024 officers walk the town centre.

## trends-one
author: Board
date: 2026-03-13

First line
goes on. See {finding}`trends-rate`.

Second <b>paragraph</b> with **stars** and [a link](https://example.org).
## trends-two
author: Board
date: 2026-03-14
"""


@pytest.fixture
def edition(root: Path, tmp_path: Path) -> Edition:
    made = dataclasses.replace(open_edition("suffolk-2025", str(root)), folder=tmp_path)
    made.commentary_path.mkdir()
    return made


def written(edition: Edition, text: str, name: str = "trends.md") -> Edition:
    (edition.commentary_path / name).write_text(text, encoding="utf-8")
    return edition


def slot(text: str = "Words.", author: str = "Board", day: str = "2026-03-12", name: str = "chapter") -> str:
    return f"## {name}\nauthor: {author}\ndate: {day}\n\n{text}\n"


def notebook(*exhibits: str) -> dict:
    cells = [{"cell_type": "markdown", "source": "# Trends", "metadata": {}}]
    for name in exhibits:
        figure = f'<figure class="sna-exhibit sna-exhibit-chart" id="{name}">x</figure>'
        cells.append({"cell_type": "code", "source": "", "metadata": {}, "outputs": [{"output_type": "display_data", "data": {"text/html": [figure]}}]})
    return {"cells": cells, "metadata": {"kept": 1}}


def test_filled_slots_are_read_and_an_empty_one_is_not(edition: Edition) -> None:
    whole, one = read_commentary(written(edition, GOOD), "trends")
    assert (whole.slot, whole.author, whole.day, whole.line) == ("chapter", "Head of Community Safety", date(2026, 3, 12), 2)
    assert one.slot == "trends-one" and [line for line, _ in one.paragraphs] == [12, 15]
    assert one.paragraphs[0][1] == "First line goes on. See {finding}`trends-rate`."
    assert read_commentary(edition, "voice") == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hello.\n", "commentary/trends.md, line 1: stands in no slot"),
        (slot(name="A Figure"), "line 1: is not an exhibit's id"),
        (slot(author=""), "line 1: has no author"),
        (slot(day="12 March"), "line 1: has no date"),
        (slot(day=""), "line 1: has no date"),
        (slot() + slot(), "the slot chapter is there twice"),
        ("## chapter\nauthor: A\nauthor: B\ndate: 2026-01-01\n\nX.\n", "line 3: says the author a second time"),
        (slot("word " * (MOST_WORDS + 1)), f"holds {MOST_WORDS + 1} words; at most {MOST_WORDS}"),
        (slot("Ring 01473 260000 for help."), "line 5: holds a phone number"),
        (slot("As Sarah Example told us."), "line 5: holds a person's name"),
        (slot("Fine.\n\nWrite to a.person@example.org."), "line 7: holds an e-mail address"),
        (slot("Hid\u200bden."), "line 5: holds a character that cannot be seen"),
        (slot("A new\x0cpage."), "line 5: holds a character that cannot be seen"),
        (slot("Turned \u202e round."), "line 5: holds a character that cannot be seen"),
        (slot(author="a.person@example.org"), "names an author with an e-mail address"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_file_and_line(edition: Edition, text: str, sentence: str) -> None:
    with pytest.raises(SnaError) as problem:
        read_commentary(written(edition, text), "trends")
    assert sentence in str(problem.value) and "\n" not in str(problem.value)
    assert not any(secret in str(problem.value) for secret in ("Sarah", "01473", "example.org"))


def test_a_file_that_is_no_text_is_refused(edition: Edition) -> None:
    (edition.commentary_path / "trends.md").write_bytes(b"## chapter\xff")
    with pytest.raises(SnaError, match="trends.md is not text in UTF-8"):
        read_commentary(edition, "trends")


def test_words_without_a_place_are_refused_not_left_out(edition: Edition) -> None:
    written(edition, GOOD)
    with pytest.raises(SnaError, match=r"line 8: the chapter shows no exhibit trends-one; it shows trends-other\."):
        noted(edition, "trends", notebook("trends-other"))
    with pytest.raises(SnaError, match=r"commentary/trend\.md is of no chapter; commentary files are trends\.md, voice\.md"):
        check_files(written(edition, slot(), "trend.md"), ["trends", "voice"])


def test_a_chapter_carries_its_words_and_one_without_is_as_it_was(edition: Edition) -> None:
    before = notebook("trends-one", "trends-two")
    assert noted(edition, "trends", before) is before
    after = noted(written(edition, GOOD), "trends", before)
    assert after["cells"] == before["cells"] and after["metadata"]["kept"] == 1
    changed = noted(written(edition, GOOD.replace("First", "Last")), "trends", before)
    assert changed["metadata"] != after["metadata"]


def test_words_in_a_handout_stand_after_their_exhibit_and_are_inert(edition: Edition) -> None:
    cells = with_words(written(edition, GOOD), "trends", notebook("trends-one", "trends-two")["cells"], lambda role: f"<q>{role}</q>")
    assert shown(cells) == ["trends-one", "trends-two"]
    texts = ["".join(output["data"]["text/html"]) for cell in cells for output in cell.get("outputs", ())]
    assert len(texts) == 4 and "officers walk" in texts[0] and "sna-exhibit" in texts[1] and "Second" in texts[2] and "trends-two" in texts[3]
    assert "&lt;b&gt;paragraph&lt;/b&gt; with **stars** and [a link](https://example.org)." in texts[2]
    assert "<q>{finding}`trends-rate`</q>" in texts[2] and says(edition) == "Suffolk partnership says" and says(edition) in texts[2]
    assert "Board, 13 March 2026." in texts[2] and 'role="note" aria-labelledby="words-trends-one"' in texts[2]
