"""Authored pages: what they say of the edition comes from its files, whichever edition it is."""

import re

import pytest

from svd_lib.build import pages
from svd_lib.edition import open_edition
from svd_lib.sources.lock import read_lock


@pytest.fixture
def edition(root):
    return open_edition("suffolk-2025", str(root))


def test_the_sources_table_has_every_source_of_the_lock(edition):
    table = pages.sources_table(edition)
    inputs = read_lock(edition.lock_path).inputs
    assert table.count('<th scope="row">') == len({entry.source for entry in inputs})
    counted = [int(cell) for cell in re.findall(r"<td>(\d+)</td><td><a", table)]
    assert sum(counted) == len(inputs)


def test_every_part_of_the_partnership_can_be_printed(edition):
    content = pages.read_partnership(edition)
    for part, printed in pages.PARTS.items():
        html = printed(content[part], content["sources"])
        assert html.startswith("<") and "None" not in html, part


def test_an_edition_without_a_partnership_file_has_no_parts(edition, tmp_path):
    import dataclasses

    assert pages.read_partnership(dataclasses.replace(edition, folder=tmp_path)) == {}


def test_what_is_not_recorded_says_so():
    row = {"body": "Prisons", "record": "not recorded", "date": None}
    assert pages.PARTS["consultation"]([row], {}).count("Not recorded") == 2


def test_text_is_escaped():
    assert "<script>" not in pages.PARTS["duty_holders"]([{"name": "<script>", "source": None}], {})
