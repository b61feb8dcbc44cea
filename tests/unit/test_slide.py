"""An exhibit taken away: the words that go with it, and a picture of the size of a slide."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from svd_lib.desk import slide
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError


@pytest.fixture(scope="module")
def edition(root: Path, suffolk_site: Path):
    return open_edition("suffolk-2025", str(root))


@pytest.fixture(scope="module")
def figure(edition) -> str:
    return next(path.stem for path in sorted((edition.build_path / "exhibits").glob("geography-*.svg")))


def test_the_sentence_says_what_when_and_from_where(edition, figure):
    facts = json.loads((edition.build_path / "exhibits" / f"{figure}.json").read_text())
    said = slide.sentence(edition, facts)
    assert facts["title"] in said and facts["alt"] in said and "Source: Street-level crime" in said
    assert f"figure {figure}" in said and edition.status_line in said and "police_uk" not in said


def test_a_page_for_a_slide_escapes_its_words(edition, figure):
    facts = json.loads((edition.build_path / "exhibits" / f"{figure}.json").read_text())
    page = slide.slide_html(edition, {**facts, "title": "<script>x</script>"}, "<?xml?><svg></svg>")
    assert "<script>" not in page and "&lt;script&gt;" in page and "<?xml" not in page


def test_what_is_no_figure_is_refused_with_those_there_are(edition, tmp_path):
    with pytest.raises(SnaError, match="no exhibit 'geography-weather'; its chapter has geography-"):
        slide.export_exhibit(edition, "geography-weather", tmp_path)


@pytest.mark.browser
def test_a_picture_has_the_size_of_a_slide(edition, figure, tmp_path):
    picture, words = slide.export_exhibit(edition, figure, tmp_path / "slides")
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert (width, height) == (2 * slide.WIDTH, 2 * slide.HEIGHT) and words.read_text().startswith(json.loads((edition.build_path / "exhibits" / f"{figure}.json").read_text())["title"])
    assert len(list(tmp_path.joinpath("slides").iterdir())) == 2
