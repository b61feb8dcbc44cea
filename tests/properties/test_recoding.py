"""Recoding LSOA 2011 to 2021 conserves every total, whatever the shares, months and counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.ingest.street import recode, seats

KEYS = ["force_slug", "month", "crime_type"]


def changes(residents: list[list[int]]) -> pd.DataFrame:
    """Return place_changes in which area i is split into one part per number of residents."""
    rows = [
        (f"E01{area:06d}", f"E01{area:03d}9{part:02d}", people / sum(parts))
        for area, parts in enumerate(residents)
        for part, people in enumerate(parts)
    ]
    return pd.DataFrame(rows, columns=["lsoa11cd", "lsoa21cd", "share"])


AREAS = st.lists(st.lists(st.integers(1, 3000), min_size=1, max_size=6), min_size=1, max_size=5)
RECORDS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 24), st.integers(0, 4), st.sampled_from(["x", "y"]), st.integers(1, 60)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(residents=AREAS, records=RECORDS)
def test_totals_by_force_month_and_type_are_conserved(residents: list[list[int]], records: list[tuple]) -> None:
    frame = pd.DataFrame(records, columns=["force_slug", "month", "lsoa", "crime_type", "count"])
    frame["lsoa"] = (frame["lsoa"] % len(residents)).map("E01{:06d}".format)
    frame = frame.groupby(["force_slug", "month", "lsoa", "crime_type"], as_index=False)["count"].sum()
    out = recode(frame, changes(residents))
    before, after = frame.groupby(KEYS)["count"].sum(), out.groupby(KEYS)["count"].sum()
    pd.testing.assert_series_equal(before, after, check_dtype=False)
    assert (out["count"] > 0).all()
    assert not out.duplicated([*KEYS, "lsoa21cd"]).any()


@settings(max_examples=150, deadline=None)
@given(residents=AREAS, records=RECORDS)
def test_records_stay_within_the_area_they_came_from(residents: list[list[int]], records: list[tuple]) -> None:
    frame = pd.DataFrame(records, columns=["force_slug", "month", "lsoa", "crime_type", "count"])
    frame["lsoa"] = (frame["lsoa"] % len(residents)).map("E01{:06d}".format)
    lookup = changes(residents)
    home = lookup.set_index("lsoa21cd")["lsoa11cd"]
    out = recode(frame, lookup)
    pd.testing.assert_series_equal(
        frame.groupby("lsoa")["count"].sum(), out.groupby(out["lsoa21cd"].map(home))["count"].sum(), check_names=False, check_dtype=False
    )


@settings(max_examples=150, deadline=None)
@given(residents=st.lists(st.integers(1, 3000), min_size=2, max_size=2), total=st.integers(0, 400))
def test_two_parts_are_never_a_whole_record_from_their_share(residents: list[int], total: int) -> None:
    shares = np.array(residents) / sum(residents)
    assert (np.abs(seats(shares, total)[total] - total * shares) < 1).all()
