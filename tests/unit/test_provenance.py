"""Provenance and digests: everything that went in, every file that came out, and no clock."""

import json
import re

from svd_lib.build import provenance
from svd_lib.edition import open_edition


def test_provenance_names_inputs_code_packages_and_platform(root):
    made = provenance.provenance_of(open_edition("suffolk-2025", str(root)))
    assert {"inputs", "code", "packages", "platform", "view"} <= set(made)
    assert all({"source", "name", "sha256", "bytes"} <= set(entry) for entry in made["inputs"])
    assert made["packages"]["jupyter-book"] == "1.0.4.post1"
    assert made == provenance.provenance_of(open_edition("suffolk-2025", str(root)))


def test_provenance_holds_no_folder_and_no_time_of_day(root):
    text = json.dumps(provenance.provenance_of(open_edition("suffolk-2025", str(root))))
    assert str(root) not in text
    assert not re.search(r"\d\d:\d\d:\d\d", text)


def test_the_digest_changes_with_content_and_with_names(root, tmp_path):
    edition = open_edition("suffolk-2025", str(root))
    (tmp_path / "a.html").write_text("1")
    first = provenance.site_digest(edition, tmp_path)
    assert set(first["files"]) == {"a.html"}
    (tmp_path / "a.html").write_text("2")
    second = provenance.site_digest(edition, tmp_path)
    (tmp_path / "a.html").rename(tmp_path / "b.html")
    third = provenance.site_digest(edition, tmp_path)
    assert len({first["site"], second["site"], third["site"]}) == 3


def test_the_codes_digest_follows_a_page(root, tmp_path):
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "page.md"
    page.write_text("one")
    before = provenance.code_digest(tmp_path)
    page.write_text("two")
    assert provenance.code_digest(tmp_path) != before


def test_the_log_has_the_commit(root):
    assert re.search(r"^commit \S+", provenance.build_log_heading(open_edition("suffolk-2025", str(root))), flags=re.M)
