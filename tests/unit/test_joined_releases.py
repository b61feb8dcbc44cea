"""Two editions' tables of one partner together give nothing away, not even by subtraction."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from svd_lib.build.joined_releases import join_earlier
from svd_lib.build.release import protect_table
from svd_lib.disclosure.attack import attack, exact
from svd_lib.errors import SnaError
from svd_lib.ingest.partners.aggregates import tidy_table
from svd_lib.ingest.partners.cleared import Cleared
from svd_lib.ingest.partners.kinds import ALL, Kind
from svd_lib.ingest.partners.register import KINDS

KIND = KINDS["admissions"]
DISTRICTS = ("Northtown", "Southtown", "Easton", "Weston")
HALF, YEAR = ("2025-01", "2025-06"), ("2025-01", "2025-12")


def _people(kind: Kind = KIND, number: int = 700) -> pd.DataFrame:
    """Return made-up rows of a year; few of the second half are of Easton."""
    rng = np.random.default_rng(8)
    months = [f"2025-{month:02}" for month in range(1, 13)]
    chosen = {name: rng.choice(kind.domain(name), number) for name in kind.dimensions if name not in ("month", "district")}
    rows = pd.DataFrame({"month": rng.choice(months, number), "district": rng.choice(DISTRICTS, number), **chosen})
    late = rows.index[(rows["month"] > HALF[1]) & (rows["district"] == "Easton")]
    return rows.drop(late[4:]).reset_index(drop=True)


def _tidy(rows: pd.DataFrame, kind: Kind = KIND) -> pd.DataFrame:
    counts = {one: Counter(rows[list(one)].itertuples(index=False, name=None)) for one in kind.aggregates}
    return tidy_table(kind, counts, DISTRICTS)


def _between(rows: pd.DataFrame, months: tuple[str, str]) -> pd.DataFrame:
    return _tidy(rows[rows["month"].between(*months)])


def _again(months: tuple[str, str]) -> pd.DataFrame:
    return _between(_people(), months)


def _cleared(frame: pd.DataFrame, months: tuple[str, str], earlier: list[Cleared] | None = None, kind: Kind = KIND) -> Cleared:
    made = protect_table(kind, frame, months, earlier or [], _again)
    return Cleared(made.frame, {"first_month": months[0], "last_month": months[1], "audit": made.audit})


@pytest.fixture(scope="module")
def tables() -> tuple[Cleared, pd.DataFrame]:
    rows = _people()
    return _cleared(_tidy(rows[rows["month"] <= HALF[1]]), HALF), _tidy(rows)


def _leaks(after: Cleared, before: Cleared, frame: pd.DataFrame) -> pd.DataFrame:
    """Attack both editions' tables with all that is published of either."""
    joint = join_earlier(KIND, frame, YEAR, [before], _again)
    n = len(frame)
    shown = joint.is_public.copy()
    shown[:n] |= ~after.frame["is_suppressed"].to_numpy()
    small = (joint.system.values >= 1) & (joint.system.values < 10) & ~joint.is_public
    floor = np.where((joint.system.values > 0) & ~joint.is_unpublished, 1.0, 0.0)
    return attack(joint.system, exact(joint.system, shown), small, 8.0, floor=floor)


def _differences(after: Cleared, before: Cleared) -> pd.Series:
    """Subtract the earlier edition's published totals of districts from the present one's."""
    is_total = [after.frame[after.frame["district"] != ALL].set_index("district")["count"], before.frame[before.frame["district"] != ALL].set_index("district")["count"]]
    return (is_total[0] - is_total[1]).dropna()


def test_a_difference_of_two_editions_that_would_leak_is_stopped(tables: tuple[Cleared, pd.DataFrame]) -> None:
    before, frame = tables
    careless, careful = _cleared(frame, YEAR), _cleared(frame, YEAR, [before])
    assert _differences(careless, before)["Easton"] == 4
    assert not _leaks(careless, before, frame).empty
    assert not _differences(careful, before).between(1, 9).any()
    assert _leaks(careful, before, frame).empty
    assert careful.record["audit"]["is_safe"] and careful.record["audit"]["published_before"] > 10
    assert careful.frame["is_suppressed"].mean() < 0.6


def test_the_months_of_an_earlier_total_add_up_to_it_and_its_other_totals_leave_a_difference(tables: tuple[Cleared, pd.DataFrame]) -> None:
    before, frame = tables
    joint = join_earlier(KIND, frame, YEAR, [before], _again)
    extra = joint.system.cells[len(frame) :]
    assert np.allclose(joint.system.relations @ joint.system.values, 0)
    assert any("Easton of " in name for name in extra)
    withheld = {"|".join(row) for row in before.frame.loc[before.frame["is_suppressed"], list(KIND.dimensions)].to_numpy()}
    unpublished = set(joint.system.cells[joint.is_unpublished])
    assert {name for name in extra if " since " in name} <= unpublished
    assert {name.split(" of ")[0] for name in unpublished if " since " not in name} <= withheld
    assert {name.split(" since ")[0] for name in unpublished if " since " in name} & withheld
    shown = before.frame[(before.frame["month"] <= HALF[1]) & before.frame["count"].notna()]["month"]
    public = frame["month"][joint.is_public[: len(frame)] & (frame["month"] != ALL).to_numpy()]
    assert len(shown) > 3 and set(public) == set(shown)


def test_the_same_months_released_again_publish_the_same(tables: tuple[Cleared, pd.DataFrame]) -> None:
    before, _ = tables
    rows = _people()
    again = _cleared(_tidy(rows[rows["month"] <= HALF[1]]), HALF, [before])
    pd.testing.assert_frame_equal(again.frame, before.frame)


def test_extracts_that_share_no_month_are_not_linked(tables: tuple[Cleared, pd.DataFrame]) -> None:
    _, frame = tables
    old = Cleared(frame.assign(count=frame["count"].astype(float), is_suppressed=False), {"first_month": "2023-01", "last_month": "2023-12"})
    joint = join_earlier(KIND, frame, YEAR, [old], _again)
    assert len(joint.system.cells) == len(frame) and not joint.is_public.any()


def test_an_extract_that_lost_some_months_of_an_earlier_one_is_refused(tables: tuple[Cleared, pd.DataFrame]) -> None:
    before, frame = tables
    with pytest.raises(SnaError, match="2025-03 to 2025-12 and an earlier edition published 2025-01 to 2025-06; take an extract that holds all"):
        protect_table(KIND, frame, ("2025-03", "2025-12"), [before], _again)
