"""What people said: a survey's released counts of answers, as shares with what they are shares of.

Only counts leave a partner, so answers cannot be weighted here, and whoever answered chose to.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from svd_lib.ingest.loaders import View, partner

KIND: Final = "survey"
CHOSEN, NOT_CHOSEN, NO_ANSWER = "chosen", "not chosen", "no answer"
ABOUT_THEM: Final = re.compile(r"\b(age|aged|sex|gender|ethnic\w*|live|district|postcode|role|organisation|who are you|which of these are you|background)\b", re.IGNORECASE)
"""Words of a question about the person who answers."""


def answers(view: View) -> pd.DataFrame:
    """Return every closed question's answers.

    Returns
    -------
    pandas.DataFrame, one row a question and answer
        question, answer, count (people; null where withheld), total (people who answered the question; null where any of its
        counts is withheld), is_suppressed, is_about_them, is_option. No rows without a survey.
    """
    rows = partner(view, KIND, by=["question", "answer"], without=[NO_ANSWER])
    if rows.empty:
        return rows.assign(total=pd.Series(dtype="float64"), is_about_them=pd.Series(dtype="bool"), is_option=pd.Series(dtype="bool"))
    total = rows.groupby("question")["count"].transform(lambda counts: counts.sum() if counts.notna().all() else float("nan"))
    about = rows["question"].map(lambda words: bool(ABOUT_THEM.search(str(words))))
    return rows.assign(total=total, is_about_them=about, is_option=rows["answer"].isin([CHOSEN, NOT_CHOSEN]))


def who_answered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to questions about the person who answers."""
    return rows[rows["is_about_them"].astype(bool)].reset_index(drop=True)


def priorities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the options that people could choose, with how many chose each; only those whose total is known."""
    chosen = rows[rows["is_option"].astype(bool) & (rows["answer"] == CHOSEN)].dropna(subset=["count", "total"])
    return chosen.reset_index(drop=True)


def opinions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to all other closed questions."""
    return rows[~rows["is_about_them"].astype(bool) & ~rows["is_option"].astype(bool)].reset_index(drop=True)
