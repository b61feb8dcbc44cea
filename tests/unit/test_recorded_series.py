"""Series over time: gaps stay gaps, the newest year stands apart, revisions are found, and only same months are compared."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.figures import panels
from svd_lib.ingest import recorded_series as series
from svd_lib.ingest.loaders import View, open_view
from svd_lib.measures import control_charts, trends


@pytest.fixture(scope="module")
def view(root: Path) -> View:
    return open_view(open_edition("suffolk-2025", str(root)))


def test_newest_year_is_marked_as_standing_beside_the_rolling_years(view: View) -> None:
    years = series.rolling_years(view)
    beside = years.loc[years["is_beside"], "period_end"].unique()
    rolling = years.loc[~years["is_beside"], "period_end"]
    assert [f"{day:%Y-%m}" for day in beside] == ["2025-06"]
    assert (f"{rolling.min():%Y-%m}", f"{rolling.max():%Y-%m}") == ("2014-03", "2019-12")


def test_england_and_wales_is_the_same_forces_in_every_year(view: View) -> None:
    years = series.rolling_years(view, ["Robbery"])
    nation = series.pick(years, role="national")
    assert series.forces_summed(view) == 42
    assert nation["period_end"].nunique() == len(nation) == 25


def test_area_force_comes_with_the_forces_that_record_inside_the_area(view: View) -> None:
    forces = series.compared_forces(view)
    assert list(forces["role"]) == ["force", "neighbour", "neighbour", "neighbour"]
    assert forces["area_code"].iloc[0] == view.area.pfa24cd


def test_largest_revision_is_the_knife_figure_that_a_later_edition_changed(view: View) -> None:
    row = series.largest_revision(series.knife_editions(view)).iloc[0]
    assert (row["first_count"], row["value"]) == (221, 342)
    assert (row["year_before_first"], row["year_before_last"]) == (146, 146)
    assert (row["first_edition"], row["last_edition"]) == ("March 2019", "December 2019")


def test_no_revision_gives_no_row() -> None:
    editions = pd.DataFrame({"period_end": pd.to_datetime(["2018-03-01", "2019-03-01"]), "first_count": [5, 6], "last_count": [5, 6], "change": [0.0, 0.0]})
    assert series.largest_revision(editions).empty


def test_only_months_held_in_both_years_are_compared(view: View) -> None:
    compared = trends.compare_periods(series.same_months(view), by=["pair", "crime_type"], min_dispersion=1.0)
    months = series.pick(compared, crime_type="Robbery").set_index("pair")["months_compared"].to_dict()
    assert months == {
        "Jan-Apr 2025 against Jan-Apr 2024": 4,
        "Jan-Mar 2025 against Jan-Mar 2022": 3,
        "Mar-Dec 2025 against Mar-Dec 2021": 10,
        "Oct-Dec 2025 against Oct-Dec 2018": 3,
        "Jan-Dec 2025 against Apr 2021-Mar 2022": 12,
    }
    assert series.pair_words(series.longest_pair(compared, "Robbery")) == {"later": "January to December 2025", "earlier": "April 2021 to March 2022"}


def test_homicide_years_do_not_overlap(view: View) -> None:
    ends = series.homicide_years(view)["period_end"]
    assert (ends.diff().dropna().dt.days >= 365).all()


def test_changes_of_a_year_are_marked_in_its_middle(view: View) -> None:
    changes = series.recording_changes(view.edition, "offences", view.area.pfa24cd)
    marks = series.marks(changes, series.indexed_groups())
    assert pd.Timestamp("2014-07-01") in marks
    assert all("burglary" not in words for words in marks.values())


def test_panels_break_a_line_where_dates_lie_apart() -> None:
    dates = pd.to_datetime(["2019-06-01", "2019-09-01", "2019-12-01", "2025-06-01"])
    frame = pd.DataFrame({"period_end": dates, "value": [90.0, 95, 100, 120], "lower_ci": 80.0, "upper_ci": 130.0, "offence": "Robbery", "area": "A"})
    axes = panels.index_panels(frame, "period_end", focus="A").axes[0]
    longest = max(len(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "-")
    assert longest == 3


def test_in_units_turns_logarithms_into_counts_and_percentages() -> None:
    parts = pd.DataFrame({"count": [10.0], "trend": [math.log(8)], "seasonal": [math.log(1.25)], "remainder": [0.0]})
    row = trends.in_units(parts).iloc[0]
    assert (row["trend"], row["seasonal"], row["remainder"]) == pytest.approx((8, 25, 0))


def test_signal_summary_leaves_out_the_points_that_made_the_limits() -> None:
    months = pd.date_range("2015-01-01", periods=12, freq="QS")
    values = [10.0, 11, 10, 11, 10, 11, 10, 11, 30, 31, 30, float("nan")]
    frame = pd.concat([pd.DataFrame({"month": months, "value": values, "group": name}) for name in "ab"])
    chart = control_charts.xmr(frame, by="group", baseline_points=8)
    summary = control_charts.signal_summary(chart, by="group", skip=8)
    assert summary[["group", "value", "denominator", "high", "low"]].to_numpy().tolist() == [["a", 3, 3, 3, 0], ["b", 3, 3, 3, 0]]
    alone = control_charts.signal_summary(chart[chart["group"] == "a"], skip=8)
    assert alone[["value", "denominator"]].to_numpy().tolist() == [[3, 3]]


def test_the_schemes_are_compared_over_groups_that_have_both() -> None:
    together = pd.DataFrame({"offence": ["Robbery", "Rape", "Weapons"], "points": [10.0, 90.0, 50.0], "cost": [40.0, 60.0, None]})
    apart = series.schemes_apart(together)
    assert apart[["offence", "groups"]].to_numpy().tolist() == [["Robbery", 2]]
    assert (apart["value"].item(), apart["cost_share"].item()) == (10.0, 40.0)
    assert series.schemes_apart(together.assign(cost=None)).empty


def test_no_comparison_has_no_earlier_months() -> None:
    assert list(series.with_earlier(pd.DataFrame(columns=["pair"])).columns) == ["pair", "earlier"]
