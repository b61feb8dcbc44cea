"""Every finding of the cohorts chapter, worked out again by the program that shares no code with the project."""

from __future__ import annotations

import json
from pathlib import Path

import papermill

from proofs.independent import cohorts
from proofs.independent.compare import problems
from proofs.independent.setting import EARLIER, NEWEST


def of_chapter(folder: Path) -> dict:
    """Read the chapter's findings of a build folder."""
    return json.loads((folder / "findings" / "cohorts.json").read_text(encoding="utf-8"))["findings"]


def test_every_finding_is_found_again(suffolk_site):
    assert problems(of_chapter(suffolk_site), cohorts.recompute(NEWEST)) == []


def test_every_finding_of_the_earlier_edition_is_found_again(root, tmp_path):
    given = {"edition": EARLIER.name, "project_dir": str(root), "out_dir": str(tmp_path)}
    papermill.execute_notebook(root / "notebooks" / "cohorts.ipynb", tmp_path / "cohorts.ipynb", given, progress_bar=False, log_output=False)
    assert problems(of_chapter(tmp_path), cohorts.recompute(EARLIER)) == []


def test_the_words_beside_a_finding_are_right_too(suffolk_site):
    figures = cohorts.Figures(NEWEST)
    ranks = figures.read("deprivation").query("index_edition == 'imd_2025' and domain == 'imd' and decile <= 2")["lsoa21cd"]
    people = figures.read("population").query("reference == 'census_2021'")
    share = 100 * people.loc[people["lsoa21cd"].isin(ranks), "count"].sum() / people["count"].sum()
    made = of_chapter(suffolk_site)
    assert f"; {share:.1f}% of residents" in made["cohorts-deprivation-share"]["statement"]
    for name, key, words in (
        ("entrants", "first_time_entrants_rate", "{:.0f}."), ("suspensions", "suspension_rate", "{:.1f}."),
        ("need", "children_in_need_rate", "{:.0f}."), ("neet", "neet_16_17", "{:.1f}%."),
    ):  # fmt: skip
        rows = figures.indicators.query("area_kind == 'region'").sort_values("period_end")
        rows = rows[rows["indicator"] == key]
        assert made[f"cohorts-{name}-level"]["statement"].endswith(words.format(rows["value"].iloc[-1]))
