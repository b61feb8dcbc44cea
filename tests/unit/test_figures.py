"""Figures: structure, determinism and weight of their SVG."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from shapely import box

from svd_lib.figures import charts, maps, style

QUARTERS = pd.date_range("2014-01-01", periods=24, freq="QS")
SERIES = pd.concat(
    [pd.DataFrame({"quarter": QUARTERS, "value": 100 + n * 9 + np.arange(24.0), "lower_ci": 95.0, "upper_ci": 130.0, "kind": f"Kind {n}"}) for n in range(3)]
)
PLACES = pd.DataFrame(
    {
        "lsoa21cd": [f"E0100000{n}" for n in range(9)], "lon": 1 + np.arange(9) % 3 * 0.1, "lat": 52 + np.arange(9) // 3 * 0.1,
        "lad24nm": ["North"] * 5 + ["South"] * 4, "value": [1.0, 2, 3, 4, 5, 6, 7, np.nan, 9], "cluster": ["high-high", "low-low", "not significant"] * 3,
    }
)  # fmt: skip
ROWS = PLACES.assign(lower_ci=PLACES["value"] - 1, upper_ci=PLACES["value"] + 1)
MONTHS = pd.DataFrame({"month": pd.date_range("2023-01-01", periods=36, freq="MS"), "value": np.arange(36.0) + 50})
CONTROL = MONTHS.assign(centre=60.0, lower_limit=40.0, upper_limit=80.0, is_signal=MONTHS["value"] > 80)

FIGURES: dict[str, Callable[[], Figure]] = {
    "line": lambda: charts.line_chart(SERIES, "quarter", "value", "kind"),
    "index": lambda: charts.index_lines(SERIES, "quarter", "value", "kind", marks={QUARTERS[4]: "New rules"}, base_label="2014 = 100"),
    "dots": lambda: charts.interval_plot(ROWS, "lsoa21cd", reference=4, reference_label="average", precision=1),
    "grouped": lambda: charts.interval_plot(ROWS, "lsoa21cd", group="lad24nm"),
    "bars": lambda: charts.bar_chart(ROWS, "lsoa21cd", lower="lower_ci", upper="upper_ci"),
    "shares": lambda: charts.share_bars(ROWS, "lad24nm", "cluster"),
    "months": lambda: charts.months_compared(MONTHS),
    "control": lambda: charts.control_chart(CONTROL, "month"),
    "parts": lambda: charts.decomposition(MONTHS.assign(trend=50.0), "month", {"value": "Recorded", "trend": "Trend"}),
    "funnel": lambda: charts.funnel_plot(ROWS.assign(denominator=range(1000, 1009), flag=ROWS["value"] > 8), label="lsoa21cd", flag="flag", target=4),
    "lorenz": lambda: charts.lorenz_curve(pd.DataFrame({"share_of_places": [0, 0.5, 1], "share_of_crime": [0, 0.9, 1]}), marks={50: "half"}),
    "coverage": lambda: charts.coverage_strip(MONTHS.assign(row="Street", held=MONTHS["value"] > 60), "month", "row", "held"),
    "hexagons": lambda: maps.place_map(PLACES, legend_title="Offences"),
    "clusters": lambda: maps.cluster_map(PLACES),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_frame_gives_the_same_bytes_without_styles_or_dates(name: str) -> None:
    first, second = (style.finalise(FIGURES[name](), f"trends-{name}", "T", "A") for _ in range(2))
    assert first == second
    for svg in (first.page, first.file):
        assert "style=" not in svg and "<style" not in svg and "date" not in svg.lower()
        assert "<text" in svg
    assert not set(re.findall(r'id="(?!trends-)([^"]*)"', first.page))


@pytest.mark.parametrize("name", FIGURES)
def test_placing_everything_once_gives_what_matplotlib_gives_by_drawing_twice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    once = style.finalise(FIGURES[name](), "trends-x-y")
    monkeypatch.setattr(style, "_lay_out", lambda _: None)
    assert style.finalise(FIGURES[name](), "trends-x-y") == once


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_large_enough_for_a_narrow_page(name: str) -> None:
    svg = style.finalise(FIGURES[name](), "trends-x-y")
    assert min(map(float, re.findall(r'font-size="([\d.]+)px"', svg.page))) >= 11


def test_a_legend_reads_along_its_rows() -> None:
    assert style.across(list("abcde"), 3) == ["a", "d", "b", "e", "c"]
    assert style.across(list("ab"), 4) == ["a", "b"]


@pytest.mark.parametrize("name", FIGURES)
def test_only_colours_that_have_a_dark_twin_are_used(name: str) -> None:
    svg = style.finalise(FIGURES[name](), "trends-x-y")
    literal = set(re.findall(r"(?<![,#\w])(#[0-9a-fA-F]{6})", svg.page))
    assert literal <= {style.NIGHT}
    assert "var(" not in svg.file


@pytest.mark.parametrize(
    "draw",
    [
        lambda empty: charts.line_chart(empty, "quarter", "value", "kind"),
        lambda empty: charts.interval_plot(empty, "kind"),
        lambda empty: charts.control_chart(empty, "quarter"),
        lambda empty: maps.place_map(empty),
        lambda empty: maps.cluster_map(empty),
    ],
)
def test_an_empty_frame_gives_an_empty_figure(draw: Callable[[pd.DataFrame], Figure]) -> None:
    assert draw(SERIES.head(0)).axes[0].lines[:] == []


def test_an_absent_month_breaks_the_line_and_is_named() -> None:
    figure = charts.line_chart(MONTHS.drop(index=range(12, 20)), "month", "value")
    drawn = figure.axes[0].lines[0].get_ydata()
    assert len(drawn) == 36 and np.isnan(drawn[12:20]).all()
    assert [text.get_text() for text in figure.axes[0].texts] == ["no data\nheld"]


def test_a_missing_value_is_never_drawn_as_zero() -> None:
    data = MONTHS.assign(value=MONTHS["value"].where(MONTHS.index != 5))
    drawn = charts.line_chart(data, "month", "value").axes[0].lines[0].get_ydata()
    assert np.isnan(drawn[5]) and not (drawn == 0).any()


def test_months_are_compared_only_where_both_years_hold_them() -> None:
    figure = charts.months_compared(MONTHS.drop(index=[0, 35]), years=(2023, 2025))
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()][0] == "February"
    assert len(figure.axes[0].get_yticklabels()) == 10


def test_a_fifth_series_is_refused() -> None:
    many = pd.concat([SERIES.assign(kind=SERIES["kind"] + suffix) for suffix in "ab"])
    with pytest.raises(ValueError, match="too many"):
        charts.line_chart(many, "quarter", "value", "kind")


def test_labels_at_line_ends_do_not_overlap() -> None:
    places = charts._apart([1.0, 1.1, 1.2, 9.9], [1, 1, 1, 1], 0, 10)
    assert all(second - first >= 1 - 1e-9 for first, second in zip(places, places[1:]))
    assert places[-1] <= 10


def test_classes_include_their_upper_limit_and_missing_is_apart() -> None:
    assert maps._class_of(pd.Series([1.0, 2.0, 2.1, np.nan]), [2.0]).tolist() == [0, 0, 1, -1]
    assert maps._class_words(PLACES["value"], [2.0, 5.0], 0) == ["up to 2", "over 2 to 5", "over 5"]


def test_a_map_follows_boundaries_when_there_are_any() -> None:
    squares = gpd.GeoDataFrame(
        {"lsoa21cd": PLACES["lsoa21cd"], "geometry": [box(x, y, x + 0.1, y + 0.1) for x, y in PLACES[["lon", "lat"]].to_numpy()]}, crs=4326
    )
    real = style.finalise(maps.place_map(PLACES, boundaries=squares), "geography-x-y")
    hexes = style.finalise(maps.place_map(PLACES), "geography-x-y")
    assert real.page != hexes.page and "North" in real.page
    with pytest.raises(ValueError, match="no boundary for E01000008"):
        maps.place_map(PLACES, boundaries=squares[squares["lsoa21cd"] != "E01000008"])


def test_a_name_does_not_hide_the_small_places_of_a_map_on_the_land() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    assert maps._area(square) == 1 and maps._area(square[::-1] * 3 + 7) == -9
    assert maps._small([[square * 10], [square * 10], [square]]).tolist() == [False, False, True]
    assert not maps._small([[square], [square]]).any()


def test_a_map_of_449_places_is_light() -> None:
    rng = np.random.default_rng(5)
    many = pd.DataFrame({"lon": rng.uniform(0.4, 1.7, 449), "lat": rng.uniform(51.9, 52.5, 449), "value": rng.gamma(4, 6, 449), "lad24nm": "A"})
    svg = style.finalise(maps.place_map(many), "geography-violence-rate").page
    assert len(gzip.compress(svg.encode())) < 60_000


def test_every_colour_has_a_dark_twin_and_words_have_contrast() -> None:
    css = style.theme_css()
    assert all(f"--sna-{colour[1:]}:" in css for colour in style.DARK_COLOURS)
    for colour in style.TEXT_COLOURS.values():
        assert _contrast(colour, style.PAPER) >= 4.5
        assert _contrast(style.DARK_COLOURS[colour], style.DARK_COLOURS[style.PAPER]) >= 4.5
    for colour in (*style.CATEGORICAL, style.AXIS):
        assert _contrast(colour, style.PAPER) >= 2.9


def _contrast(first: str, second: str) -> float:
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
