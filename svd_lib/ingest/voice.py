"""What people said: a survey's released counts of answers, as shares with what they are shares of.

Only counts leave a partner, so answers cannot be weighted here, and whoever answered chose to.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from svd_lib.ingest.loaders import View, partner
from svd_lib.ingest.partners.survey import ABOUT_THEM, BOTH, CHOSEN, NEITHER, NO_ANSWER, NOT_CHOSEN, ONE, THEME

KIND: Final = "survey"


def answers(view: View) -> pd.DataFrame:
    """Return every closed question's answers.

    Returns
    -------
    pandas.DataFrame, one row a question and answer
        question, answer, count (people; null where withheld), total (people who answered the question; null where any of its
        counts is withheld), is_suppressed, is_about_them, is_option, is_theme. No rows without a survey.
    """
    rows = _totalled(partner(view, KIND, by=["question", "answer"], without=[NO_ANSWER]), ["question"])
    is_option, is_theme = rows["answer"].isin([CHOSEN, NOT_CHOSEN]), rows["answer"].isin([BOTH, ONE, NEITHER])
    about = rows["question"].map(lambda words: bool(ABOUT_THEM.search(str(words)))).astype("bool")
    return rows.assign(is_about_them=about & ~is_option & ~is_theme, is_option=is_option, is_theme=is_theme)


def _totalled(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return rows with how many people answered, null where any of their counts is withheld."""
    if rows.empty:
        return rows.assign(total=pd.Series(dtype="float64"))
    return rows.assign(total=rows.groupby(by)["count"].transform(lambda counts: counts.sum() if counts.notna().all() else np.nan))


def who_answered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to questions about the person who answers."""
    return rows[rows["is_about_them"]].reset_index(drop=True)


def priorities(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the options that people could choose, with how many chose each; only those whose total is known."""
    chosen = rows[rows["is_option"] & (rows["answer"] == CHOSEN)].dropna(subset=["count", "total"])
    return chosen.reset_index(drop=True)


def priorities_by_group(view: View) -> pd.DataFrame:
    """Return the options that people could choose, by the answer to the survey's first question about the person.

    Returns
    -------
    pandas.DataFrame, one row an option and group
        question (the option alone), group, count (people who chose it; null where withheld), total (people of the group who
        answered; null where withheld), is_suppressed. No rows without a survey, or without a question about the person.
    """
    rows = partner(view, KIND, by=["question", "answer", "group"], without=[NO_ANSWER])
    if rows.empty:
        return rows.assign(total=pd.Series(dtype="float64"))
    kept = _totalled(rows[rows["answer"].isin([CHOSEN, NOT_CHOSEN])], ["question", "group"])
    chosen = kept[kept["answer"] == CHOSEN]
    return chosen.assign(question=chosen["question"].str.rpartition(": ")[2]).sort_values(["question", "group"], key=_in_order, ignore_index=True)


def _in_order(words: pd.Series) -> pd.Series:
    """Return words as they sort: by their first number where they have one, "under 18" before "18 to 24"."""
    number = words.str.extract(r"(\d+)")[0].str.zfill(6)
    return number.str.cat(words.where(~words.str.contains("under", case=False), "")).fillna(words)


def opinions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to all other closed questions."""
    return rows[~rows["is_about_them"] & ~rows["is_option"] & ~rows["is_theme"]].reset_index(drop=True)


def themes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the themes of free-text answers, by how many answers both readers found each in.

    Parameters
    ----------
    rows : pandas.DataFrame
        From :func:`answers`.

    Returns
    -------
    pandas.DataFrame, one row a theme, the most frequent first
        question (the theme), both, one, neither (answers; null where withheld), total (answers read; null where a count
        is withheld), is_suppressed.
        No rows without themes.
    """
    marked = rows[rows["is_theme"]].assign(question=lambda frame: frame["question"].str.removeprefix(f"{THEME}: "))
    if marked.empty:
        return pd.DataFrame({name: pd.Series(dtype="object" if name == "question" else "float64") for name in ("question", "both", "one", "neither", "total")})
    wide = marked.pivot(index="question", columns="answer", values="count").reindex(columns=[BOTH, ONE, NEITHER])
    totals = marked.groupby("question")["total"].first()
    named = wide.set_axis(["both", "one", "neither"], axis=1)
    return named.assign(total=totals, is_suppressed=named.isna().any(axis=1)).reset_index().sort_values("both", ascending=False, ignore_index=True, kind="stable")
