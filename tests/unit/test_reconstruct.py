"""Quarters recovered from rolling totals, on invented series whose quarters are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.ingest.reconstruct import check_quarters, recover_quarters, scale_to, summarise_check, with_sums

QUARTERS = pd.period_range("2006Q2", "2019Q4", freq="Q")
ENDS = QUARTERS.asfreq("M", "end").to_timestamp()


def series(area: str, offence: str, counts: np.ndarray) -> pd.DataFrame:
    """Return a quarterly series as a long table."""
    return pd.DataFrame({"area_code": area, "offence": offence, "period_end": ENDS, "count": counts})


def rolling(quarters: pd.DataFrame) -> pd.DataFrame:
    """Return the rolling twelve-month totals of a quarterly series, added up by hand."""
    counts = quarters["count"].tolist()
    rows = [(quarters["period_end"].iloc[i], sum(counts[i - 3 : i + 1])) for i in range(3, len(counts))]
    first = quarters.iloc[0]
    return pd.DataFrame(rows, columns=["period_end", "count"]).assign(area_code=first["area_code"], offence=first["offence"])


def anchor_of(quarters: pd.DataFrame) -> pd.DataFrame:
    """Return the four quarters of 2017/18."""
    return quarters[quarters["period_end"].between("2017-06-01", "2018-03-01")]


@pytest.fixture
def truth() -> pd.DataFrame:
    """Return two invented series, one of them small with zeros and a negative quarter."""
    rng = np.random.default_rng(5)
    small = rng.poisson(0.8, len(QUARTERS))
    small[7] = -1
    return pd.concat([series("A", "Robbery", rng.poisson(90, len(QUARTERS))), series("A", "Homicide", small)], ignore_index=True)


def split_totals(truth: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rolling(part) for _, part in truth.groupby("offence")], ignore_index=True)


def test_every_quarter_comes_back_exactly_backwards_and_forwards(truth):
    found = recover_quarters(split_totals(truth), anchor_of(truth))
    both = truth.merge(found, on=["area_code", "offence", "period_end"], validate="one_to_one")
    assert len(both) == len(truth) == 110
    assert (both["count_x"] == both["count_y"]).all()
    assert found["count"].dtype == "int64"
    assert (found["period_start"] + pd.DateOffset(months=2) == found["period_end"]).all()


def test_the_check_covers_every_total_and_finds_no_deviation(truth):
    totals = split_totals(truth)
    checked = check_quarters(recover_quarters(totals, anchor_of(truth)), totals)
    assert len(checked) == len(totals) == 104
    assert (checked["deviation"] == 0).all()
    assert summarise_check(checked)["reconciles"].all()


def test_a_revised_anchor_is_a_constant_deviation_and_does_not_reconcile(truth):
    totals, anchor = split_totals(truth), anchor_of(truth).copy()
    anchor.loc[anchor.index[0], "count"] += 7
    summary = summarise_check(check_quarters(recover_quarters(totals, anchor), totals)).set_index("offence")
    assert summary.loc["Robbery", "max_deviation"] == 7
    assert not summary.loc["Robbery", "reconciles"]
    assert summary.loc["Homicide", "reconciles"]


def test_a_gap_in_the_totals_loses_the_quarters_that_need_them_and_is_never_filled(truth):
    totals = split_totals(truth)
    totals = totals[totals["period_end"] != pd.Timestamp("2012-09-01")]
    found = recover_quarters(totals, anchor_of(truth))
    robbery = found[found["offence"] == "Robbery"].set_index("period_end")["count"]
    exact = truth[truth["offence"] == "Robbery"].set_index("period_end")["count"]
    assert (robbery == exact[robbery.index]).all()
    lost = [end for end in exact.index if end not in robbery.index]
    assert lost == [end for end in exact.index if end.month in (9, 12) and end < pd.Timestamp("2012-09-01")]
    checked = summarise_check(check_quarters(found, totals))
    assert (checked["totals_not_covered"] > 0).all()


def test_a_series_without_an_anchor_is_not_recovered(truth):
    found = recover_quarters(split_totals(truth), anchor_of(truth[truth["offence"] == "Robbery"]))
    assert set(found["offence"]) == {"Robbery"}


def test_two_editions_of_one_total_are_refused(truth):
    totals = split_totals(truth)
    with pytest.raises(SnaError, match="Two totals for Homicide of area A"):
        recover_quarters(pd.concat([totals, totals.iloc[:1]]), anchor_of(truth))


def test_scaling_keeps_whole_numbers_and_the_total():
    assert scale_to(np.array([10, 20, 30, 41]), 100).sum() == 100
    assert scale_to(np.array([5, 5, 5, 5]), 22).tolist() == [6, 6, 5, 5]


def test_summed_groups_are_the_sums_of_their_leaves():
    leaves = pd.DataFrame(
        {"area_code": "A", "offence": ["Homicide", "Violence with injury", "Robbery"], "period_end": ENDS[0], "count": [1, 20, 300]}
    )
    sums = with_sums(leaves).set_index("offence")["count"]
    assert sums["Violence against the person"] == 21
    assert sums["Total recorded crime (excluding fraud)"] == 321
