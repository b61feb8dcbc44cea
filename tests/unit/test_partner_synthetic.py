"""Synthetic partner extracts: seeded, marked in every row, taken in by the real road, and never released into a real edition."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from svd_lib.build import partners, release
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.loaders import open_view, partner, partner_period
from svd_lib.ingest.partners import aggregates, extract, intake, synthetic
from svd_lib.ingest.partners.kinds import ALL, NOT_KNOWN
from svd_lib.ingest.partners.register import KINDS, kind_named

NAMED = [kind for kind in KINDS.values() if not kind.is_survey]


@pytest.fixture(scope="module")
def view(root: Path):
    return open_view(open_edition("suffolk-2025", str(root)))


@pytest.fixture(scope="module")
def setting(view, root: Path) -> synthetic.Setting:
    return synthetic.setting_of(view.table("population"), partners.offence_groups(root), pd.Period("2025-12", "M"), 6)


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.id)
def test_a_made_up_extract_is_taken_whole_and_says_that_it_is_made_up(kind, view, setting, tmp_path: Path) -> None:
    frame = synthetic.synthetic_extract(kind, setting, np.random.default_rng(7))
    assert (frame["synthetic"] == "yes").all() and len(frame) > 50
    path = tmp_path / "x.csv"
    frame.to_csv(path, index=False)
    taken = intake.take_in(extract.open_extract(path), kind, partners.context_of(view))
    assert taken.report.lines() == [] and taken.rows == len(frame) and taken.is_synthetic and len(taken.months) == 6
    table = aggregates.tidy_table(kind, taken.counts, partners.context_of(view).district_names)
    total = table.loc[(table[list(kind.dimensions)] == ALL).all(axis=1), "count"].item()
    assert total == (frame["person_key"].nunique() if kind.counts_people else len(frame))
    for whole, parts in aggregates.relations(kind, table):
        cells = table.set_index(list(kind.dimensions))["count"]
        assert cells[whole] == cells.loc[parts].sum()


def test_the_same_seed_makes_the_same_rows(setting) -> None:
    once, again, other = (synthetic.synthetic_extract(kind_named("fire"), setting, np.random.default_rng(seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(once, again)
    assert not once.equals(other)


def test_size_follows_the_residents_and_the_months(setting) -> None:
    kind = kind_named("education")
    expected = kind.rate * setting.population.sum() / 1000 / 2
    assert abs(len(synthetic.synthetic_extract(kind, setting, np.random.default_rng(3))) - expected) < 5 * expected**0.5


def test_made_up_counts_cannot_enter_a_real_edition(view) -> None:
    origin = release.Origin(kind_named("fire"), ("2025-01", "2025-12"), is_synthetic=True, recount=lambda _: pd.DataFrame())
    with pytest.raises(SnaError, match="synthetic; it cannot be released into suffolk-2025"):
        release.release_table(view.edition, origin, pd.DataFrame(), "A. Person", date(2026, 1, 1))


def test_an_edition_without_the_data_hands_out_no_rows_and_notes_the_table(view) -> None:
    rows = partner(view, "ambulance", ["age_band", "sex"], without=[NOT_KNOWN])
    assert rows.empty and list(rows.columns) == ["age_band", "sex", "count", "is_suppressed"]
    assert "partner_ambulance" in view.used and partner_period(view, "ambulance") == "2025-01/2025-12"


def test_counts_that_a_kind_does_not_yield_are_refused_with_those_it_does(view) -> None:
    with pytest.raises(SnaError, match="not counted by age_band and weekday; they are by month"):
        partner(view, "ambulance", ["age_band", "weekday"])


def test_no_spelling_means_two_things() -> None:
    for kind in KINDS.values():
        for one in kind.fields:
            words = [word for value, also in one.allowed.items() for word in {value, *also}]
            assert len(words) == len(set(words)), f"{kind.id}, {one.name}"
