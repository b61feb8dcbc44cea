"""A survey's counts: shares of those who answered, nothing from a question with a withheld count, nothing without a survey."""

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.ingest import people, voice
from svd_lib.ingest.loaders import open_view

ROWS = pd.DataFrame(
    [
        ("What is your age?", "16 to 24", 40.0), ("What is your age?", "25 and over", 160.0), ("Which should come first? Youth clubs", "chosen", 120.0),
        ("Which should come first? Youth clubs", "not chosen", 80.0), ("Do you feel safe after dark?", "very safe", 30.0), ("Do you feel safe after dark?", "fairly unsafe", None),
    ],
    columns=["question", "answer", "count"],
).assign(is_suppressed=False)  # fmt: skip


@pytest.fixture
def said(monkeypatch):
    monkeypatch.setattr(voice, "partner", lambda view, kind, by, without: ROWS)
    return voice.answers(None)


def test_each_question_is_sorted_by_what_it_asks(said):
    assert voice.who_answered(said)["answer"].tolist() == ["16 to 24", "25 and over"]
    assert voice.priorities(said)["question"].tolist() == ["Which should come first? Youth clubs"]
    assert set(voice.opinions(said)["question"]) == {"Do you feel safe after dark?"}


def test_a_total_is_known_only_when_every_count_is(said):
    totals = said.drop_duplicates("question").set_index("question")["total"]
    assert totals["What is your age?"] == 200 and totals["Which should come first? Youth clubs"] == 200
    assert pd.isna(totals["Do you feel safe after dark?"])


def test_an_edition_without_a_survey_has_no_answers(root):
    rows = voice.answers(open_view(open_edition("suffolk-2025", str(root))))
    assert rows.empty and {"total", "is_about_them", "is_option"} <= set(rows.columns)
    assert voice.who_answered(rows).empty and voice.priorities(rows).empty and voice.opinions(rows).empty


def test_searches_stand_beside_both_denominators(root):
    groups = people.searches_beside_groups(open_view(open_edition("suffolk-2025", str(root)))).set_index("group")
    assert list(groups.index) == ["White", "Asian", "Black", "Mixed"]
    assert groups.loc["Black", "searches"] == 123 and groups.loc["Black", "arrests"] == 139
    assert (groups["reference_searches"] == groups.loc["White", "searches"]).all()
    assert groups["residents"].sum() > 700_000
