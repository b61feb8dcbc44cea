"""What changed between editions: every cause is told apart, equal numbers are left out."""

import json

import pytest

from svd_lib import cli
from svd_lib.build.difference import KEPT, keep_published, read_issue
from svd_lib.build.earlier import note_build, read_before
from svd_lib.desk.project import copy_default
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.report import changes

FOUND = {
    "value": 10.0, "lower_ci": 9.0, "upper_ci": 11.0, "numerator": 100, "denominator": 10, "unit": "%", "precision": 1, "period": "2025-01/2025-12",
    "basis": "recorded_by", "sources": ["a"], "method": "Byar", "age_months": 0,
}  # fmt: skip


def issue(finding=None, name="definitions-x-rate", definition="d@1", places=("p",), inputs=None, ranking=("A", "B")):
    findings = {} if finding is None else {name: {**FOUND, **finding}}
    return changes.Issue("ed", definition, places, inputs or {"a": "1"}, findings, ranking)


MOVED = {"value": 12.0}


@pytest.mark.parametrize(
    ("after", "causes"),
    [
        (issue({**MOVED, "period": "2026-01/2026-12"}), ("new data",)),
        (issue(MOVED, inputs={"a": "2"}), ("revised data",)),
        (issue(MOVED, definition="d@2"), ("definition",)),
        (issue({**MOVED, "method": "Wilson"}), ("method",)),
        (issue(MOVED), ("method",)),
        (issue({**MOVED, "period": "2026-01/2026-12"}, definition="d@2"), ("new data", "definition")),
    ],
)
def test_each_cause_is_named(after, causes):
    (change,) = changes.compare(issue({}), after)
    assert change.causes == causes
    assert change.before == "10.0% in January to December 2025" and change.after.startswith("12.0%")


def test_a_boundary_touches_only_what_is_located_in_the_area():
    moved = issue({**MOVED, "basis": "located_in"}, name="geography-x-rate", places=("q",))
    (change,) = changes.compare(issue({"basis": "located_in"}, name="geography-x-rate"), moved)
    assert change.causes == ("boundary",)
    (change,) = changes.compare(issue({}, name="geography-x-rate"), issue(MOVED, name="geography-x-rate", places=("q",)))
    assert change.causes == ("method",)


def test_what_stays_is_left_out_and_what_comes_or_goes_is_told():
    assert changes.compare(issue({}), issue({})) == []
    assert changes.compare(issue(None), issue({}))[0].causes == (changes.ADDED,)
    assert changes.compare(issue({}), issue({"value": None}))[0].causes == (changes.GONE,)


def test_the_order_of_recommendations_is_compared():
    assert changes.moved_up_or_down(issue({}), issue({}, ranking=("B", "A"))) == [
        "B: from place 2 to 1, because the number it is ranked by moved.",
        "A: from place 1 to 2, because the number it is ranked by moved.",
    ]
    assert changes.moved_up_or_down(issue({}, ranking=()), issue({})) == []


def test_the_page_escapes_and_counts():
    html = changes.html(issue({}), issue({**MOVED, "unit": "<b>"}), lambda identifier: identifier.split("-")[0])
    assert "1 findings moved (1 by method)" in html and "<b>" not in html and html.count('scope="row"') == 1


def test_the_page_names_findings_in_words_and_leads_to_those_it_has():
    moved = changes.html(issue({}), issue(MOVED), lambda _: "definitions")
    assert '<th scope="row"><a href="definitions.html#finding-definitions-x-rate">Definitions: x rate</a></th>' in moved
    assert '<th scope="row">Definitions: x rate</th>' in changes.html(issue({}), issue(None), lambda _: "definitions")


def test_the_earlier_suffolk_edition_is_kept_and_compared(root, capsys):
    before = read_issue(open_edition("suffolk-2022", str(root)), only_kept=True)
    assert len(before.findings) > 80 and before.ranking
    assert set(before.inputs) & {"police_uk_archive", "ons_pfa_tables"}


def test_an_edition_that_was_never_built_cannot_be_kept(root, tmp_path):
    edition = open_edition("suffolk-2025", str(root), str(tmp_path))
    with pytest.raises(SnaError, match="was not built here"):
        keep_published(edition)


def test_diff_prints_a_count_and_a_line_for_each_change(root, capsys, monkeypatch):
    issues = {"suffolk-2022": issue({}), "suffolk-2025": issue(MOVED)}
    monkeypatch.setattr("svd_lib.build.difference.read_issue", lambda edition: issues[edition.name])
    assert cli.main(["diff", "--project", str(root), "suffolk-2022", "suffolk-2025"]) == 0
    said = capsys.readouterr().out
    assert "definitions-x-rate: 10.0% in January to December 2025 -> 12.0%" in said and "(method)" in said


def test_the_kept_file_is_what_the_edition_published(root):
    kept = json.loads((root / "data" / "editions" / "suffolk-2022" / KEPT).read_text(encoding="utf-8"))
    assert kept["edition"] == "suffolk-2022"
    assert all(found["sensitivity"] == "open" for found in kept["findings"].values())


def test_a_build_that_moves_a_finding_keeps_the_one_before(root, tmp_path, capsys):
    project = copy_default(root, tmp_path / "project")
    edition = open_edition("suffolk-2022", str(project))
    edition.build_path.mkdir(parents=True)
    with pytest.raises(SnaError, match="No earlier build"):
        read_before(edition)
    for value in (10.0, 10.0, 12.0):
        content = {"edition": edition.name, "findings": {"trends-x-rate": {**FOUND, "value": value}}}
        (edition.build_path / "findings.json").write_text(json.dumps(content))
        note_build(edition)
    assert read_before(edition)["findings"]["trends-x-rate"]["value"] == 10.0
    assert cli.main(["diff", "suffolk-2022", "--project", str(project)]) == 0
    assert "trends-x-rate: 10.0% in January to December 2025 -> 12.0%" in capsys.readouterr().out
