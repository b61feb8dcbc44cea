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


def test_options_are_priorities_even_where_the_question_sounds_like_one_about_the_person(monkeypatch):
    rows = pd.DataFrame([("Which of these worry you where you live?: Gangs", "chosen", 30.0), ("Which of these worry you where you live?: Gangs", "not chosen", 70.0), ("How old are you?", "18 to 24", 40.0)], columns=["question", "answer", "count"])
    monkeypatch.setattr(voice, "partner", lambda view, kind, by, without: rows.assign(is_suppressed=False))
    said = voice.answers(None)
    assert voice.who_answered(said)["question"].tolist() == ["How old are you?"] and len(voice.priorities(said)) == 1


def test_priorities_by_group_keep_withheld_groups_in_order_of_age(monkeypatch):
    cells = [("Worry?: Gangs", answer, group, count) for group, pair in {"55 or over": (20.0, 80.0), "18 to 24": (15.0, 25.0), "Under 18": (None, None)}.items() for answer, count in zip(("chosen", "not chosen"), pair)]
    rows = pd.DataFrame(cells, columns=["question", "answer", "group", "count"])
    monkeypatch.setattr(voice, "partner", lambda view, kind, by, without: rows.assign(is_suppressed=rows["count"].isna()))
    by_group = voice.priorities_by_group(None)
    assert by_group["group"].tolist() == ["Under 18", "18 to 24", "55 or over"] and set(by_group["question"]) == {"Gangs"}
    assert by_group["is_suppressed"].tolist() == [True, False, False] and by_group["total"].tolist()[1:] == [40, 100]
    assert pd.isna(by_group["count"][0]) and pd.isna(by_group["total"][0])


def test_themes_count_where_both_readers_found_them(monkeypatch):
    rows = pd.DataFrame([("Theme: Light", "both readers", 40.0), ("Theme: Light", "one reader", 12.0), ("Theme: Light", "neither reader", 48.0), ("Theme: School", "both readers", 60.0), ("Theme: School", "one reader", None), ("Theme: School", "neither reader", None)], columns=["question", "answer", "count"])
    monkeypatch.setattr(voice, "partner", lambda view, kind, by, without: rows.assign(is_suppressed=rows["count"].isna()))
    said = voice.answers(None)
    found = voice.themes(said).set_index("question")
    assert found.index.tolist() == ["School", "Light"] and found["total"]["Light"] == 100 and pd.isna(found["total"]["School"])
    assert found["is_suppressed"].to_dict() == {"School": True, "Light": False}
    assert voice.opinions(said).empty and voice.who_answered(said).empty


def test_an_edition_without_a_survey_has_no_answers(root):
    assert voice.themes(voice.answers(open_view(open_edition("suffolk-2025", str(root))))).empty
    assert voice.priorities_by_group(open_view(open_edition("suffolk-2025", str(root)))).empty
    rows = voice.answers(open_view(open_edition("suffolk-2025", str(root))))
    assert rows.empty and {"total", "is_about_them", "is_option"} <= set(rows.columns)
    assert voice.who_answered(rows).empty and voice.priorities(rows).empty and voice.opinions(rows).empty


def test_searches_stand_beside_both_denominators(root):
    groups = people.searches_beside_groups(open_view(open_edition("suffolk-2025", str(root)))).set_index("group")
    assert list(groups.index) == ["White", "Asian", "Black", "Mixed"]
    assert groups.loc["Black", "searches"] == 123 and groups.loc["Black", "arrests"] == 139
    assert (groups["reference_searches"] == groups.loc["White", "searches"]).all()
    assert groups["residents"].sum() > 700_000
