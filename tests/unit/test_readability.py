"""Flesch's reading ease, and the age of a page's evidence in words."""

import pytest

from svd_lib.build.quotes import ages_words
from svd_lib.report.finding import quote
from svd_lib.report.readability import reading_ease, syllables


@pytest.mark.parametrize(
    ("word", "count"),
    [("the", 1), ("police", 2), ("places", 2), ("walked", 1), ("wanted", 2), ("table", 2), ("neighbourhood", 3), ("crime", 1), ("people", 2), ("harm", 1), ("recorded", 3)],
)
def test_syllables_follow_the_rule(word, count):
    assert syllables(word) == count


def test_short_words_are_easy_and_long_ones_are_not():
    easy = reading_ease("The dog ran. The cat sat. We saw it all.")
    hard = reading_ease("Multidisciplinary collaboration necessitates organisational accountability notwithstanding considerable operational heterogeneity.")
    assert easy > 100 > 60 > hard
    assert reading_ease("") == 100


def test_the_formula_is_flesch_s():
    # eight words, two sentences, eight syllables
    assert reading_ease("We ran to it. He sat on 20.") == pytest.approx(206.835 - 1.015 * 4 - 84.6)


def test_the_age_of_evidence_counts_what_is_recent():
    found = [{"value": 1.0, "age_months": age} for age in (0, 24, 25, 93)] + [{"value": None, "age_months": 0}]
    assert ages_words(found) == "Age of the evidence: 2 of the 4 findings here rest on figures at most 24 months old; the oldest figures end 93 months before this edition does."
    assert ages_words([{"value": None, "age_months": 0}]).startswith("No finding")
    assert ages_words([{"value": 1.0, "age_months": 0}] * 3) == "Age of the evidence: all 3 findings here rest on the newest figures, up to the end of this edition."


def test_a_word_that_a_sentence_was_made_with_can_be_quoted():
    found = {
        "value": 84.0, "lower_ci": 80.0, "upper_ci": 88.0, "confidence": 0.95, "numerator": 1, "denominator": 2, "unit": "", "precision": 0,
        "statement": "It fell.", "period": "2025-01/2025-12", "area": "Here", "words": {"change": "fell", "size": 3},
    }  # fmt: skip
    assert quote(found, "change") == "fell"
