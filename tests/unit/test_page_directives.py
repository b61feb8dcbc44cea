"""Authored pages: what they say of the edition comes from its files, whichever edition it is."""

import re

import pytest

from svd_lib.build import pages, proof_results, reference_cases
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.register import KINDS
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


def test_every_kind_of_partner_data_is_listed_with_its_holder_template_and_state(edition):
    table = pages.partner_kinds_table(edition)
    assert table.count('<th scope="row">') == len(KINDS) == table.count("<td>Not held</td>")
    for kind in KINDS.values():
        assert f"<code>sna partner template {kind.id}</code>" in table and kind.unit in table
    assert table.count("no partner&#x27;s file was seen") + table.count("no partner's file was seen") == len(KINDS)


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


def test_a_call_for_views_is_open_only_while_its_dates_say_so(edition):
    call = {"title": "Views", "address": "https://example.org/s", "opened": "2025-10-01", "source": None}
    for closed, state, linked in (("2026-03-01", "Open until 2026-03-01", True), ("2025-12-01", "<td>Closed</td>", False), (None, "Closed, as no closing date", False)):
        html = pages.WHOLE_PARTS["survey"](edition, {"survey": {**call, "closed": closed}})
        assert state in html and ("<a href" in html) is linked
    assert "Not recorded" in pages.WHOLE_PARTS["survey"](edition, {})


def test_every_wish_for_data_has_a_state_and_an_unknown_one_is_refused(edition):
    html = pages.WHOLE_PARTS["data_sets"](edition, {"data_sets": [{"id": "police-victims", "state": "refused", "date": "2026-02-01"}]})
    assert html.count("<td>Not asked</td>") == html.count('<th scope="row">') - 1
    assert "<td>Refused</td><td>2026-02-01</td>" in html
    for wrong in ({"id": "police-victims", "state": "promised"}, {"id": "astrology", "state": "asked"}):
        with pytest.raises(SnaError, match="neither a data set"):
            pages.WHOLE_PARTS["data_sets"](edition, {"data_sets": [wrong]})


def test_every_published_result_stands_in_one_table_with_ours(root):
    rows = reference_cases.read_summary(root / reference_cases.SUMMARY)
    html = reference_cases.reference_tables(rows)
    assert html.count('<th scope="row">') == len(rows) and html.count("<table") == len({row["case"][0] for row in rows})
    assert html.count("recalled, not read at its source") == 2 and "other" not in html.split("<td>")
    assert f"{len(rows)} of {len(rows)} published results" in html


def test_a_difference_is_named_by_its_size():
    row = {"expected": "2.0", "ours": "2.5"}
    assert reference_cases._difference(row) == "0.5"
    assert reference_cases._difference({**row, "ours": "2.0000000001"}) == "less than 1 in a million"
    assert reference_cases._difference({"expected": "High", "ours": "High"}) == "none"
    with pytest.raises(SnaError, match="summary"):
        reference_cases.read_summary(reference_cases.SUMMARY.parent / "none.csv")


def test_the_table_of_proofs_says_which_one_fails():
    row = {"proof": "a", "question": "Is <it> so?", "passed": "no", "within": "2", "bounded": "3", "date": "2026-11-06"}
    table = proof_results.proofs_table([row, {**row, "passed": "yes", "within": "3"}])
    assert '<th scope="row">Is &lt;it&gt; so?</th><td>fails</td><td>2 of 3</td><td>6 November 2026</td>' in table
    assert table.count("<td>holds</td><td>3 of 3</td>") == 1
