"""What verification says: which promise was proved, or the first difference."""

import dataclasses
import json

import pytest

from svd_lib.build import provenance, verify
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError

ELSEWHERE = {"python": "3.11.2", "system": "Darwin", "machine": "arm64"}


@pytest.fixture
def pair(root, tmp_path):
    """Two built editions with the same small site."""
    edition = open_edition("suffolk-2025", str(root))
    pair = [dataclasses.replace(edition, root=tmp_path / name) for name in ("published", "again")]
    for one in pair:
        site = one.build_path / "html"
        site.mkdir(parents=True)
        (site / "index.html").write_text("<p>One</p>\n<p>Two</p>\n")
        (site / "logo.png").write_bytes(b"\x89PNG\xff")
        (one.build_path / "findings.json").write_text(json.dumps({"findings": {"trends-a-b": {"value": 1}}}))
        made = {"platform": provenance.platform_of_build()}
        provenance.write_json(one.build_path / "provenance.json", made)
        provenance.write_json(one.build_path / "digest.json", provenance.site_digest(one, site))
    return pair


@pytest.fixture
def verdict(pair, monkeypatch):
    """Verify with the second build already made."""
    monkeypatch.setattr(verify, "_copy", lambda edition, folder: pair[1])
    monkeypatch.setattr(verify, "build_edition", lambda *_: None)
    return lambda: verify.verify_edition(pair[0])


def test_equal_sites_prove_the_same_bytes(verdict):
    found = verdict()
    assert found.is_proved and found.promise == "same bytes"
    assert "same bytes, 2 files" in found.words


def test_the_first_difference_is_named_with_its_line(pair, verdict):
    (pair[1].build_path / "html" / "index.html").write_text("<p>One</p>\n<p>Three</p>\n")
    found = verdict()
    assert not found.is_proved
    assert "first difference is in index.html, line 2: '<p>Two</p>' / '<p>Three</p>'" in found.words


def test_a_file_that_only_one_side_has_is_named(pair, verdict):
    (pair[1].build_path / "html" / "extra.html").write_text("")
    assert "extra.html, which only the new build has" in verdict().words


def test_a_picture_that_differs_is_named(pair, verdict):
    (pair[1].build_path / "html" / "logo.png").write_bytes(b"\x89PNG\xff\xff")
    assert "logo.png: 5 bytes / 6 bytes" in verdict().words


def test_a_published_file_changed_afterwards_is_named(pair, verdict):
    (pair[0].build_path / "html" / "index.html").write_text("by hand")
    assert "index.html is not the file that digest.json names" in verdict().words


def test_on_another_platform_findings_are_compared(pair, verdict):
    provenance.write_json(pair[0].build_path / "provenance.json", {"platform": ELSEWHERE})
    (pair[1].build_path / "html" / "index.html").write_text("other bytes")
    found = verdict()
    assert found.is_proved and found.promise == "same findings"
    assert "Darwin arm64, Python 3.11.2" in found.words


def test_on_another_platform_a_different_finding_is_named(pair, verdict):
    provenance.write_json(pair[0].build_path / "provenance.json", {"platform": ELSEWHERE})
    (pair[1].build_path / "findings.json").write_text(json.dumps({"findings": {"trends-a-b": {"value": 2}}}))
    found = verdict()
    assert not found.is_proved
    assert 'the first difference is trends-a-b: {"value": 1} / {"value": 2}' in found.words


def test_without_a_site_there_is_nothing_to_verify(pair, verdict):
    (pair[0].build_path / "digest.json").unlink()
    with pytest.raises(SnaError, match="run 'sna build --edition suffolk-2025' first"):
        verdict()


@pytest.fixture
def stranger(pair, monkeypatch):
    """Verify a published folder with the second build already made."""
    for one in pair:
        site = one.build_path / "html"
        (site / "findings.json").write_text((one.build_path / "findings.json").read_text())
        made = {"schema": 1, "edition": one.name, "definition": "d", "code": "c", "view": {}, "platform": provenance.platform_of_build(), "inputs": [], "packages": {}}
        provenance.write_json(site / "provenance.json", provenance.published_provenance(one, made))
    monkeypatch.setattr(verify, "open_edition", lambda *_: pair[0])
    monkeypatch.setattr(verify, "_copy", lambda edition, folder, with_view: pair[1])
    monkeypatch.setattr(verify, "prepare_view", lambda *_: None)
    monkeypatch.setattr(verify, "build_edition", lambda *_: None)
    monkeypatch.setattr(provenance, "provenance_of", lambda edition: made)
    return lambda: verify.verify_site(pair[0].build_path / "html")


def test_a_site_is_verified_from_what_it_says_of_itself(stranger):
    found = stranger()
    assert found.is_proved and "same bytes, 4 files" in found.words and "Not the same to begin with" not in found.words


def test_a_stranger_is_told_where_a_site_differs(pair, stranger):
    (pair[0].build_path / "html" / "index.html").write_text("<p>One</p>\n<p>Changed</p>\n")
    assert "first difference is in index.html, line 2: '<p>Changed</p>' / '<p>Two</p>'" in stranger().words


def test_a_stranger_with_other_code_is_told_so(pair, stranger):
    path = pair[0].build_path / "html" / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "code": "other"}))
    found = stranger()
    assert not found.is_proved and "Not the same to begin with: the code here is not the code that built the site." in found.words


def test_a_stranger_on_another_platform_compares_findings(pair, stranger):
    path = pair[0].build_path / "html" / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "platform": ELSEWHERE}))
    assert stranger().promise == "same findings"


def test_a_folder_without_provenance_is_refused(tmp_path):
    with pytest.raises(SnaError, match="does not say what it was made from"):
        verify.verify_site(tmp_path)


def test_a_rebuild_has_the_released_counts_and_nothing_from_before_disclosure_control(root, tmp_path, monkeypatch):
    edition = dataclasses.replace(open_edition("suffolk-2025", str(root)), name="made-up-2025", root=tmp_path / "project")
    for name in ("edition/cleared", "partner-tables"):
        folder = edition.build_path / name
        folder.mkdir(parents=True)
        (folder / "fire.csv").write_text("count\n")
    described = (root / "data" / "editions" / "suffolk-2025" / "edition.yml").read_text()
    (edition.build_path / "edition" / "edition.yml").write_text(described.replace("suffolk-2025", "made-up-2025"))
    monkeypatch.setattr(verify.stock, "copy_project", lambda source, target: (target / "data" / "editions").mkdir(parents=True))
    verify._copy(edition, tmp_path / "again")
    again = {path.relative_to(tmp_path / "again").as_posix() for path in (tmp_path / "again" / "_build").rglob("*") if path.is_file()}
    assert "_build/made-up-2025/edition/cleared/fire.csv" in again
    assert not [name for name in again if "partner-tables" in name]
