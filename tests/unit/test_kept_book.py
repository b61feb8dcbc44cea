"""What Sphinx read is used again only while everything that more than one page depends on is the same."""

import pytest

from svd_lib.build.kept_book import DOCTREES, PAGES, KeptBook

FACTS = {"prose of trends": "1", "results of trends": "2", "file book/duty.md": "3", "file book/_static/sna.css": "4", "package sphinx": "7"}


class Planner:
    """As much of the planner as the kept book asks."""

    def __init__(self, build_path, facts):
        self.edition, self._facts = self, facts
        self.build_path = build_path

    def site_facts(self):
        return self._facts


@pytest.fixture
def published(tmp_path):
    """A book kept from a build."""
    book = tmp_path / "fresh"
    (book / "notebooks").mkdir(parents=True)
    (book / "notebooks" / "trends.ipynb").write_text("one")
    (book / "duty.md").write_text("duty")
    kept = KeptBook(Planner(tmp_path, FACTS))
    assert not kept.ready().exists()
    kept.take(book)
    kept.note()
    (kept.folder / PAGES).mkdir()
    (kept.folder / DOCTREES / "notebooks").mkdir(parents=True)
    for name in ("notebooks/trends", "duty"):
        (kept.folder / DOCTREES / f"{name}.doctree").write_text("read")
    return book


def again(tmp_path, **changes):
    return KeptBook(Planner(tmp_path, {**FACTS, **changes}))


@pytest.mark.parametrize("name", ["prose of trends", "file book/duty.md", "file data/editions/suffolk-2025/commentary/trends.md", "file _build/ipswich-2025/edition/commentary/voice.md"])
def test_a_page_s_own_words_leave_all_other_pages_as_they_are(tmp_path, published, name):
    kept = again(tmp_path, **{name: "new"})
    assert kept.ready().is_dir()
    assert (kept.folder / DOCTREES).is_dir()


def test_new_results_have_all_pages_written_but_not_read(tmp_path, published):
    kept = again(tmp_path, **{"results of trends": "new"})
    assert not kept.ready().exists()
    assert (kept.folder / DOCTREES).is_dir()


@pytest.mark.parametrize("change", [{"file book/_static/sna.css": "new"}, {"package sphinx": "8"}, {"module svd_lib.build.theme": "new"}])
def test_what_many_pages_depend_on_has_all_read_again(tmp_path, published, change):
    kept = again(tmp_path, **change)
    assert not kept.ready().exists() and not kept.folder.exists()


def test_an_interrupted_build_has_all_read_again(tmp_path, published):
    again(tmp_path).ready()
    assert not again(tmp_path).ready().exists()
    assert not (tmp_path / "cache" / "site").exists()


def test_only_files_that_changed_are_put_in_place_and_read_again(tmp_path, published):
    kept = again(tmp_path)
    (published / "notebooks" / "trends.ipynb").write_text("two")
    (published / "duty.md").rename(published / "methods.md")
    folder = kept.take(published)
    assert {path.name: path.read_text() for path in folder.rglob("*.*")} == {"trends.ipynb": "two", "methods.md": "duty"}
    assert not (kept.folder / DOCTREES / "notebooks" / "trends.doctree").exists()
