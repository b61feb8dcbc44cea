"""Charts: a frame and column names in, a figure out.

Common grammar: no title inside (the exhibit states it), at most four colours, lines labelled where they end, intervals
drawn wherever there are any, a gap in the data drawn as a gap. Every function gives an empty frame an empty figure, so
that a chapter runs for an area whose data are missing and the exhibit can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from svd_lib.figures import style

NO_DATA = "no data held"
_MARKERS = ("o", "s", "D", "^")
_DASHES = ("-", (0, (6, 2)), (0, (2, 2)), (0, (7, 2, 2, 2)))
LABEL_WIDTH = 26
"""Letters in a line of a row's label."""
DOT_ROOM = 0.17
"""Inches from one group's dot to the next group's in the same row."""
MARK_ROOM = 22
"""Units kept between an axis and the words above it for the numbers of dated remarks."""
ROUND_STEPS = (1, 2, 2.5, 5, 10)
"""Steps between ticks that a reader can count in."""


def _drawn(function: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw within the house style; an empty frame gives an empty figure."""

    @style.redrawable
    @wraps(function)
    def inside(frame: pd.DataFrame, *args: object, **options: object) -> Figure:
        with style.style():
            return style.new_figure(1.0)[0] if frame.empty else function(frame, *args, **options)

    return inside


@_drawn
def line_chart(
    frame: pd.DataFrame,
    x: str,
    y: str,
    series: str | None = None,
    lower: str | None = None,
    upper: str | None = None,
    *,
    y_label: str = "",
    reference: float | None = None,
    reference_label: str = "",
    marks: Mapping[object, str] | None = None,
    highlight: str | None = None,
    from_zero: bool = True,
    height: float = 4.0,
) -> Figure:
    """Draw one line a series over time, broken where data are missing.

    Parameters
    ----------
    frame : DataFrame
        One row per date and series.
    x, y : str
        Columns of dates (or years) and values.
    series : str, optional
        Column that names the series, at most four.
    lower, upper : str, optional
        Columns of interval limits, drawn as a band.
    y_label : str
        What is measured, with unit; set above the axis.
    reference, reference_label : float, str, optional
        A horizontal line and its words.
    marks : mapping of date to str, optional
        Dated remarks such as changes of recording, drawn as thin vertical lines.
    highlight : str, optional
        The series drawn strongest; the others recede.
    from_zero : bool, default True
        Whether the axis begins at zero.
    height : float, default 4.0
        Inches.

    Returns
    -------
    Figure

    Notes
    -----
    A date that other rows imply but that is absent or has no value breaks the line; where no series has a value the
    span is shaded and labelled.
    """
    figure, axes = style.new_figure(height)
    wide, low, high = (_wide(frame, x, name, series) for name in (y, lower, upper))
    _shade_gaps(axes, wide)
    colours = _colours(wide.columns, highlight)
    for name in wide.columns:
        if low is not None and high is not None:
            axes.fill_between(wide.index, low[name], high[name], color=colours[name], alpha=0.18, linewidth=0)
        axes.plot(wide.index, wide[name], color=colours[name], zorder=3 + (name == highlight))
        _lone_points(axes, wide[name], colours[name])
    if reference is not None:
        _reference(axes, reference, reference_label)
    _finish_time(axes, wide, y_label, from_zero)
    _mark_dates(axes, marks)
    if len(wide.columns) > 1:
        _end_labels(axes, wide, colours)
    return figure


def index_lines(
    frame: pd.DataFrame,
    x: str = "quarter",
    y: str = "value",
    series: str | None = None,
    lower: str | None = "lower_ci",
    upper: str | None = "upper_ci",
    *,
    base: float = 100.0,
    base_label: str = "",
    y_label: str = "Index",
    marks: Mapping[object, str] | None = None,
    highlight: str | None = None,
    height: float = 4.4,
) -> Figure:
    """Draw index series with interval bands around a base line; see :func:`line_chart`.

    Parameters
    ----------
    base, base_label : float, str
        The index's base and its words, e.g. ``100`` and ``"2014/15 = 100"``.
    """
    low = lower if lower in frame else None
    high = upper if upper in frame else None
    return line_chart(
        frame, x, y, series, low, high, y_label=y_label, reference=base, reference_label=base_label,
        marks=marks, highlight=highlight, from_zero=False, height=height,
    )  # fmt: skip


@_drawn
def interval_plot(
    frame: pd.DataFrame,
    label: str,
    value: str = "value",
    lower: str | None = "lower_ci",
    upper: str | None = "upper_ci",
    group: str | None = None,
    *,
    x_label: str = "",
    reference: float | None = None,
    reference_label: str = "",
    highlight: Sequence[str] = (),
    sort: bool = True,
    from_zero: bool = False,
    top: int = 30,
    precision: int | None = None,
) -> Figure:
    """Draw a dot with its interval for each row, one above another.

    Parameters
    ----------
    frame : DataFrame
        One row per label, or per label and group.
    label, value, lower, upper : str
        Columns of names, values and interval limits; limits that are absent are not drawn.
    group : str, optional
        Column that splits each label into at most four dots.
    x_label : str
        What is measured, with unit.
    reference, reference_label : float, str, optional
        A vertical line and its words.
    highlight : sequence of str
        Labels drawn in the strong colour while the others recede; none means all alike.
    sort : bool, default True
        Whether the largest comes first; else the frame's order is kept.
    from_zero : bool, default False
        Whether the axis begins at zero.
    top : int, default 30
        Labels drawn at most, the largest.
    precision : int, optional
        Decimals of a value printed beside each dot; none printed when not given or when there are groups.

    Returns
    -------
    Figure
    """
    rows = _ordered(frame, label, value, sort, top)
    names = list(dict.fromkeys(rows[label].astype(str)))
    groups = [None] if group is None else list(dict.fromkeys(rows[group]))
    row = max(0.3 if (lines := _label_lines(names)) == 1 else 0.06 + 0.18 * lines, 0.14 + DOT_ROOM * len(groups) if group else 0)
    figure, axes = style.new_figure(0.9 + len(names) * row)
    for position, name in enumerate(groups):
        part = rows if group is None else rows[rows[group] == name]
        offset = 0.0 if group is None else (position - (len(groups) - 1) / 2) * DOT_ROOM / row
        _dots(axes, part, names, label, value, lower, upper, offset, position, highlight, group is not None)
    if reference is not None:
        _vertical(axes, reference, reference_label)
    _finish_rows(axes, names, x_label, from_zero)
    if precision is not None and group is None:
        _values_beside(axes, rows, names, label, value, upper, precision)
    if group is not None:
        _legend(axes, [str(name) for name in groups])
    return figure


@_drawn
def bar_chart(
    frame: pd.DataFrame,
    label: str,
    value: str = "value",
    lower: str | None = None,
    upper: str | None = None,
    *,
    x_label: str = "",
    highlight: Sequence[str] = (),
    sort: bool = True,
    top: int = 30,
    precision: int = 0,
) -> Figure:
    """Draw horizontal bars from zero, with intervals where given and the value written beside each.

    Parameters as :func:`interval_plot`.
    """
    rows = _ordered(frame, label, value, sort, top)
    names = list(rows[label].astype(str))
    figure, axes = style.new_figure(0.8 + len(names) * max(0.36, 0.06 + 0.18 * _label_lines(names)))
    places = np.arange(len(names))
    axes.barh(places, rows[value], height=0.66, color=[_row_colour(name, highlight) for name in names])
    if lower in rows and upper in rows:
        axes.hlines(places, rows[lower], rows[upper], color=style.PAPER, linewidth=4.5)
        axes.hlines(places, rows[lower], rows[upper], color=style.INK, linewidth=1.6)
    _finish_rows(axes, names, x_label, True)
    _values_beside(axes, rows, names, label, value, upper, precision)
    axes.spines["left"].set_visible(True)
    return figure


@_drawn
def share_bars(
    frame: pd.DataFrame,
    label: str,
    part: str,
    value: str = "value",
    *,
    x_label: str = "Per cent",
    parts: Sequence[str] | None = None,
) -> Figure:
    """Draw one bar to 100 per cent a label, split into at most four parts.

    Parameters
    ----------
    frame : DataFrame
        One row per label and part; values are counts or shares and are scaled to 100.
    label, part, value : str
        Columns.
    parts : sequence of str, optional
        Order of the parts; as they come when not given.

    Returns
    -------
    Figure
    """
    order = list(parts or dict.fromkeys(frame[part]))
    wide = frame.pivot_table(index=label, columns=part, values=value, aggfunc="sum", observed=True, sort=False).reindex(columns=order).fillna(0)
    shares = wide.div(wide.sum(axis=1), axis=0) * 100
    figure, axes = style.new_figure(1.2 + len(shares) * max(0.42, 0.06 + 0.18 * _label_lines(map(str, shares.index))))
    left = np.zeros(len(shares))
    for name, colour in zip(order, _four(order)):
        axes.barh(range(len(shares)), shares[name], left=left, height=0.7, color=colour, edgecolor=style.PAPER, linewidth=1.2)
        _share_words(axes, shares[name].to_numpy(), left, style.NIGHT if colour in (style.TEAL, style.ORANGE) else style.PAPER)
        left = left + shares[name].to_numpy()
    _finish_rows(axes, [str(name) for name in shares.index], x_label, True)
    axes.set_xlim(0, 100)
    axes.grid(False)
    _key(axes, [str(name) for name in order], _four(order))
    return figure


@_drawn
def months_compared(
    frame: pd.DataFrame,
    month: str = "month",
    value: str = "value",
    *,
    years: tuple[int, int] | None = None,
    x_label: str = "",
    from_zero: bool = True,
) -> Figure:
    """Compare each calendar month of one year with the same month of another.

    Parameters
    ----------
    frame : DataFrame
        One row per month.
    month, value : str
        Columns of first days of months and of values.
    years : tuple of int, optional
        The two years; the first and last in the frame when not given. Only months held in both are drawn.

    Returns
    -------
    Figure
    """
    when = pd.to_datetime(frame[month])
    early, late = years or (int(when.dt.year.min()), int(when.dt.year.max()))
    wide = frame.assign(_year=when.dt.year, _month=when.dt.month).pivot_table(index="_month", columns="_year", values=value, aggfunc="sum")
    both = wide.reindex(columns=[early, late]).dropna()
    figure, axes = style.new_figure(1.1 + 0.34 * max(len(both), 1))
    places = np.arange(len(both))
    axes.hlines(places, both[early], both[late], color=style.MISSING, linewidth=3, zorder=2)
    axes.scatter(both[early], places, s=52, facecolor=style.PAPER, edgecolor=style.PLUM, linewidth=2, zorder=3, marker="s")
    axes.scatter(both[late], places, s=60, color=style.NAVY, zorder=4)
    _finish_rows(axes, [pd.Timestamp(2000, number, 1).strftime("%B") for number in both.index], x_label, from_zero)
    _points_legend(axes, [(str(early), "s", style.PLUM, False), (str(late), "o", style.NAVY, True)])
    return figure


@_drawn
def control_chart(
    frame: pd.DataFrame,
    x: str,
    value: str = "value",
    centre: str = "centre",
    lower: str = "lower_limit",
    upper: str = "upper_limit",
    signal: str | None = "is_signal",
    *,
    y_label: str = "",
    marks: Mapping[object, str] | None = None,
    height: float = 4.0,
) -> Figure:
    """Draw a process control chart: values, centre line, limits, and points that signal a change.

    Parameters
    ----------
    frame : DataFrame
        One row per date; centre and limits may step.
    x, value, centre, lower, upper : str
        Columns.
    signal : str, optional
        Boolean column of points outside common variation, drawn as squares; text columns name the rule and any text
        is a signal.

    Returns
    -------
    Figure
    """
    figure, axes = style.new_figure(height)
    rows = frame.sort_values(x, kind="stable").set_index(pd.Index(_dates(frame.sort_values(x, kind="stable")[x])))
    wide = _wide(frame, x, value, None)
    _shade_gaps(axes, wide)
    for name, dash in ((lower, (0, (4, 3))), (upper, (0, (4, 3))), (centre, "-")):
        if name in rows:
            axes.step(rows.index, rows[name], where="mid", color=style.SOFT_INK, linewidth=1.1, linestyle=dash)
    axes.plot(wide.index, wide.iloc[:, 0], color=style.NAVY, linewidth=1.5, marker="o", markersize=3.5)
    if signal in rows:
        hit = rows[rows[signal].fillna(False).astype(bool)]
        axes.scatter(hit.index, hit[value], s=46, marker="s", color=style.ORANGE, edgecolor=style.PAPER, zorder=5)
    _finish_time(axes, wide, y_label, False)
    _mark_dates(axes, marks)
    _limit_words(axes, rows, {upper: "upper limit", centre: "average", lower: "lower limit"})
    return figure


@_drawn
def decomposition(
    frame: pd.DataFrame,
    x: str,
    panels: Mapping[str, str],
    *,
    marks: Mapping[object, str] | None = None,
    height: float = 6.0,
) -> Figure:
    """Draw a series and its parts, one panel below another on one time axis.

    Parameters
    ----------
    frame : DataFrame
        One row per date.
    x : str
        Column of dates.
    panels : mapping of column to heading
        What to draw, from the top, e.g. ``{"observed": "Recorded", "trend": "Trend", "seasonal": "Season"}``.

    Returns
    -------
    Figure
    """
    figure, axes = style.new_figure(height, len(panels), 1, sharex=True, squeeze=False)
    figure.get_layout_engine().set(h_pad=0.06)
    for position, ((name, heading), panel) in enumerate(zip(panels.items(), axes[:, 0])):
        wide = _wide(frame, x, name, None)
        _shade_gaps(panel, wide, label=position == 0)
        panel.plot(wide.index, wide.iloc[:, 0], color=style.NAVY, linewidth=1.7)
        _finish_time(panel, wide, heading, False)
        panel.yaxis.set_major_locator(MaxNLocator(3, steps=ROUND_STEPS))
        _mark_dates(panel, marks, words=position == 0)
    return figure


@_drawn
def funnel_plot(
    frame: pd.DataFrame,
    size: str = "denominator",
    value: str = "value",
    label: str | None = None,
    limits: pd.DataFrame | None = None,
    target: float | None = None,
    flag: str | None = None,
    *,
    x_label: str = "Population",
    y_label: str = "",
    height: float = 4.4,
) -> Figure:
    """Draw rates against size within control limits.

    Parameters
    ----------
    frame : DataFrame
        One row per area.
    size, value : str
        Columns of population and rate.
    label : str, optional
        Names, written beside flagged points only.
    limits : DataFrame, optional
        Column ``size`` and pairs of columns ``lower_*``, ``upper_*``, drawn as curves.
    target : float, optional
        The average, drawn as a line.
    flag : str, optional
        Boolean (or text) column of points outside the limits.

    Returns
    -------
    Figure
    """
    figure, axes = style.new_figure(height)
    hit = frame[flag].fillna(False).astype(bool) if flag else pd.Series(False, index=frame.index)
    axes.scatter(frame.loc[~hit, size], frame.loc[~hit, value], s=26, color=style.NAVY, alpha=0.65, linewidth=0)
    axes.scatter(frame.loc[hit, size], frame.loc[hit, value], s=44, color=style.ORANGE, marker="D", edgecolor=style.PAPER)
    if limits is not None and len(limits):
        _funnel_curves(axes, limits, size)
    if target is not None:
        axes.axhline(target, color=style.SOFT_INK, linewidth=1.2)
    _finish_plain(axes, x_label, y_label)
    if label:
        _point_labels(axes, frame[hit].nlargest(8, value), size, value, label)
    return figure


@_drawn
def lorenz_curve(
    frame: pd.DataFrame,
    x: str = "share_of_places",
    y: str = "share_of_crime",
    series: str | None = None,
    *,
    x_label: str = "Per cent of places, from the highest",
    y_label: str = "Per cent of recorded crime",
    marks: Mapping[float, str] | None = None,
) -> Figure:
    """Draw cumulative shares against the line of equal shares.

    Parameters
    ----------
    frame : DataFrame
        Shares in per cent or as proportions (told apart by their maximum).
    x, y : str
        Columns of cumulative shares, both beginning at zero.
    series : str, optional
        Column that names the curves, at most four.
    marks : mapping of float to str, optional
        Points of the x axis, in per cent, to be marked on the first curve with their words.

    Returns
    -------
    Figure
    """
    figure, axes = style.new_figure(4.6)
    factor = 100.0 if float(frame[[x, y]].max().max()) <= 1.0 + 1e-9 else 1.0
    axes.plot([0, 100], [0, 100], color=style.AXIS, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.annotate("equal shares", (72, 72), xytext=(6, -12), textcoords="offset points", color=style.SOFT_INK, fontsize=11)
    groups = [("", frame)] if series is None else list(frame.groupby(series, sort=False, observed=True))
    for position, ((_, part), colour) in enumerate(zip(groups, _four(groups))):
        rows = part.sort_values(x, kind="stable")
        axes.plot(rows[x] * factor, rows[y] * factor, color=colour, linestyle=_DASHES[position % 4])
        if position == 0:
            _curve_marks(axes, rows[x] * factor, rows[y] * factor, marks, colour)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    _finish_plain(axes, x_label, y_label)
    if series is not None:
        _line_key(axes, [str(name) for name, _ in groups])
    return figure


@_drawn
def coverage_strip(frame: pd.DataFrame, month: str, row: str, held: str, *, height: float | None = None) -> Figure:
    """Draw which months are held, one strip a row: filled where they are, hatched where they are not.

    Parameters
    ----------
    frame : DataFrame
        One row per month and strip.
    month, row, held : str
        Columns of first days of months, names of strips, and whether the month is held.

    Returns
    -------
    Figure
    """
    names = list(dict.fromkeys(frame[row].astype(str)))
    figure, axes = style.new_figure(height or 0.8 + 0.45 * len(names))
    for position, name in enumerate(names):
        part = frame[frame[row].astype(str) == name].sort_values(month, kind="stable")
        for kept, first, last in _runs(pd.to_datetime(part[month]), part[held].astype(bool)):
            face = {"color": style.NAVY} if kept else {"facecolor": style.GAP, "edgecolor": style.AXIS, "hatch": "////", "linewidth": 0.6}
            axes.barh(position, last - first, left=first, height=0.6, **face)
    _finish_rows(axes, names, "", False)
    axes.xaxis_date()
    axes.xaxis.set_major_locator(YearLocator(2 if _span_years(frame[month]) > 8 else 1))
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.grid(False)
    _key(axes, ["held", "not held"], [style.NAVY, style.GAP])
    return figure


def _dates(values: pd.Series) -> pd.Index:
    if isinstance(values.dtype, pd.PeriodDtype):
        return pd.DatetimeIndex(values.dt.to_timestamp())
    return pd.Index(values)


def _wide(frame: pd.DataFrame, x: str, y: str | None, series: str | None) -> pd.DataFrame | None:
    """One column a series on a complete grid of dates, so that an absent date is a missing value."""
    if y is None:
        return None
    named = frame[series].astype(str) if series else pd.Series("", index=frame.index)
    table = pd.DataFrame({"x": _dates(frame[x]), "s": named.to_numpy(), "y": frame[y].to_numpy(dtype=float)})
    wide = table.pivot_table(index="x", columns="s", values="y", aggfunc="first", dropna=False).sort_index()
    wide = wide.reindex(columns=list(dict.fromkeys(named)))
    return wide.reindex(_grid(wide.index))


def _grid(index: pd.Index) -> pd.Index:
    if len(index) < 3:
        return index
    if isinstance(index, pd.DatetimeIndex):
        months = index.to_period("M")
        step = int(min((second - first).n for first, second in zip(months[:-1], months[1:])))
        whole = pd.period_range(months[0], months[-1], freq="M")[:: max(step, 1)].to_timestamp()
        return index if not set(index) <= set(whole) else whole
    if pd.api.types.is_numeric_dtype(index):
        step = float(np.diff(index.to_numpy(dtype=float)).min())
        whole = pd.Index(np.arange(index[0], index[-1] + step / 2, step))
        return whole if set(np.round(index, 6)) <= set(np.round(whole, 6)) else index
    return index


def _four(items: Sequence[object]) -> list[str]:
    if len(items) > len(style.CATEGORICAL):
        raise ValueError(f"{len(items)} series are too many for one chart: choose four or split the chart.")
    return list(style.CATEGORICAL[: len(items)])


def _colours(names: Sequence[str], highlight: str | None) -> dict[str, str]:
    if highlight is None or highlight not in names:
        return dict(zip(names, _four(names)))
    others = [style.TEAL, style.PLUM, style.SOFT_INK]
    rest = [name for name in names if name != highlight]
    _four(names)
    return {highlight: style.NAVY} | dict(zip(rest, others))


def _row_colour(name: str, highlight: Sequence[str]) -> str:
    return style.NAVY if not len(highlight) or name in highlight else style.AXIS


def _shade_gaps(axes: Axes, wide: pd.DataFrame, label: bool = True) -> None:
    """Shade spans in which no series has a value, from the last value before to the first after."""
    empty = wide.isna().all(axis=1).to_numpy()
    for is_gap, first, last in _index_runs(empty):
        if not is_gap or first == 0 or last == len(wide) - 1:
            continue
        left, right = wide.index[first - 1], wide.index[last + 1]
        axes.axvspan(left, right, facecolor=style.GAP, edgecolor=style.AXIS, hatch="////", linewidth=0, zorder=0)
        if label and (last - first + 3) / len(wide) > 0.07:
            middle = left + (right - left) / 2
            axes.text(
                middle, 0.5, "\n".join(wrap(NO_DATA, 8)), transform=axes.get_xaxis_transform(), ha="center", va="center",
                fontsize=11, color=style.INK, bbox={"facecolor": style.GAP, "edgecolor": "none", "pad": 2.5},
            )  # fmt: skip


def _index_runs(flags: np.ndarray) -> list[tuple[bool, int, int]]:
    runs: list[tuple[bool, int, int]] = []
    for position, flag in enumerate(flags):
        if runs and runs[-1][0] == flag:
            runs[-1] = (bool(flag), runs[-1][1], position)
        else:
            runs.append((bool(flag), position, position))
    return runs


def _runs(months: pd.Series, held: pd.Series) -> list[tuple[bool, pd.Timestamp, pd.Timestamp]]:
    whole = pd.Series(held.to_numpy(), index=pd.DatetimeIndex(months)).resample("MS").max().astype("boolean").fillna(False)
    ends = whole.index + pd.offsets.MonthBegin(1)
    return [(kept, whole.index[first], ends[last]) for kept, first, last in _index_runs(whole.to_numpy(dtype=bool))]


def _span_years(months: pd.Series) -> float:
    when = pd.to_datetime(months)
    return (when.max() - when.min()).days / 365.25


def _lone_points(axes: Axes, values: pd.Series, colour: str) -> None:
    """Draw a value between two gaps as a dot: a line through one point is invisible."""
    known = values.notna()
    alone = known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)
    if alone.any():
        axes.scatter(values.index[alone], values[alone], s=22, color=colour, zorder=4)


def _reference(axes: Axes, value: float, words: str) -> None:
    axes.axhline(value, color=style.SOFT_INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=1)
    if words:
        axes.annotate(words, (0, value), xycoords=("axes fraction", "data"), xytext=(3, -4), textcoords="offset points",
                      va="top", fontsize=11, color=style.SOFT_INK, zorder=2.5,
                      bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.8})  # fmt: skip


def _vertical(axes: Axes, value: float, words: str) -> None:
    axes.axvline(value, color=style.SOFT_INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=1)
    if words:
        axes.annotate(words, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
                      ha="center", va="bottom", fontsize=11, color=style.SOFT_INK, annotation_clip=False)  # fmt: skip


def _mark_dates(axes: Axes, marks: Mapping[object, str] | None, words: bool = True) -> None:
    """Draw dated remarks as numbered lines, their words below the axis so that they never cover the data."""
    left, right = axes.get_xlim()
    shown = [(when, said) for when, said in sorted((marks or {}).items()) if left <= axes.convert_xunits(when) <= right]
    for number, (when, _) in enumerate(shown, start=1):
        axes.axvline(when, color=style.AXIS, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
        if words:
            axes.annotate(str(number), (when, 1), xycoords=("data", "axes fraction"), xytext=(0, 8), textcoords="offset points",
                          ha="center", va="center", fontsize=11, color=style.PAPER, annotation_clip=False, zorder=6,
                          bbox={"boxstyle": "circle,pad=0.16", "facecolor": style.SOFT_INK, "edgecolor": "none"})  # fmt: skip
    if shown and words:
        _above(axes, axes.get_title("left"), MARK_ROOM)
        said = [line for number, (_, text) in enumerate(shown, start=1) for line in wrap(f"{number}  {text}", style.letters(78), subsequent_indent="    ")]
        axes.figure.supxlabel("\n".join(said), x=0.01, ha="left", fontsize=11, color=style.SOFT_INK, linespacing=1.35)


def _finish_time(axes: Axes, wide: pd.DataFrame, y_label: str, from_zero: bool) -> None:
    axes.grid(axis="y")
    axes.yaxis.set_major_formatter(FuncFormatter(_commas))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if isinstance(wide.index, pd.DatetimeIndex):
        years = (wide.index[-1] - wide.index[0]).days / 365.25
        if years > 2:
            axes.xaxis.set_major_locator(YearLocator(_years_between(years)))
            axes.xaxis.set_major_formatter(DateFormatter("%Y"))
        else:
            axes.xaxis.set_major_formatter(DateFormatter("%b\n%Y"))
            axes.xaxis.set_major_locator(_few_months(wide.index))
    elif pd.api.types.is_numeric_dtype(wide.index):
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    if from_zero and float(np.nanmin(wide.to_numpy())) >= 0:
        axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    _above(axes, y_label)


def _years_between(years: float) -> int:
    """Return how many years lie between labels, so that they fit the width."""
    steps = (1, 2, 4, 8)
    place = 0 if years <= 7 else 1 if years <= 14 else 2
    return steps[place + (style.width() < style.WIDTH)]


def _few_months(index: pd.DatetimeIndex) -> object:
    from matplotlib.dates import MonthLocator

    return MonthLocator(interval=(3 if len(index) <= 14 else 6) * (1 if style.width() == style.WIDTH else 2))


def _above(axes: Axes, words: str, room: float = 12) -> None:
    """Set the axis's words above it, level, where they are read first."""
    if words:
        axes.set_title("\n".join(wrap(words, style.letters(76, 35))), loc="left", x=0.0, fontsize=12, color=style.SOFT_INK, pad=room)


def _commas(value: float, _: object = None) -> str:
    shown = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,g}"
    return shown.replace("-", "−")


def _end_labels(axes: Axes, wide: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Write each series's name at its end, moved apart so that none overlap, in a margin kept for them."""
    ends = {name: wide[name].dropna() for name in wide.columns if wide[name].notna().any()}
    low, high = axes.get_ylim()
    lines = {name: wrap(str(name), max(9, style.letters(18))) for name in ends}
    step = (high - low) * 0.058
    order = sorted(ends, key=lambda name: ends[name].iloc[-1])
    places = _apart([float(ends[name].iloc[-1]) for name in order], [(len(lines[name]) + 0.45) * step for name in order], low, high)
    for name, place in zip(order, places):
        axes.annotate("\n".join(lines[name]), (1.015, place), xycoords=("axes fraction", "data"), va="center", fontsize=12,
                      fontweight="bold", color=style.TEXT_COLOURS[colours[name]], annotation_clip=False)  # fmt: skip


def _apart(places: list[float], heights: list[float], low: float, high: float) -> list[float]:
    """Move sorted places up until none overlap, then the whole stack down if it left the axis."""
    moved = list(places)
    for position in range(1, len(moved)):
        gap = (heights[position] + heights[position - 1]) / 2
        moved[position] = max(moved[position], moved[position - 1] + gap)
    for position in range(len(moved) - 1, -1, -1):
        ceiling = high - heights[position] / 2 if position == len(moved) - 1 else moved[position + 1] - (heights[position] + heights[position + 1]) / 2
        moved[position] = min(moved[position], ceiling)
    return moved


def _ordered(frame: pd.DataFrame, label: str, value: str, sort: bool, top: int) -> pd.DataFrame:
    if not sort:
        keep = list(dict.fromkeys(frame[label]))[:top]
        return frame[frame[label].isin(keep)]
    rank = frame.groupby(label, sort=False, observed=True)[value].max().sort_values(ascending=False, kind="stable").head(top)
    order = {name: position for position, name in enumerate(rank.index)}
    kept = frame[frame[label].isin(order)]
    return kept.assign(_order=kept[label].map(order).astype(int)).sort_values("_order", kind="stable").drop(columns="_order")


def _dots(
    axes: Axes, part: pd.DataFrame, names: list[str], label: str, value: str, lower: str | None, upper: str | None,
    offset: float, position: int, highlight: Sequence[str], grouped: bool,
) -> None:  # fmt: skip
    places = part[label].astype(str).map({name: number for number, name in enumerate(names)}).to_numpy(dtype=float) + offset
    colours = [style.CATEGORICAL[position]] * len(part) if grouped else [_row_colour(name, highlight) for name in part[label].astype(str)]
    if lower in part and upper in part:
        axes.hlines(places, part[lower], part[upper], color=colours, linewidth=2.2, alpha=0.55, zorder=2)
    axes.scatter(part[value], places, s=46, color=colours, marker=_MARKERS[position % 4], zorder=3)


def _label_lines(names: Iterable[str]) -> int:
    """Return the most lines that a row's label takes."""
    return max((len(wrap(name, style.letters(LABEL_WIDTH))) for name in names), default=1)


def _finish_rows(axes: Axes, names: list[str], x_label: str, from_zero: bool) -> None:
    axes.set_yticks(range(len(names)), ["\n".join(wrap(name, style.letters(LABEL_WIDTH))) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(_commas))
    if from_zero:
        axes.set_xlim(left=0)
    if x_label:
        axes.set_xlabel("\n".join(wrap(x_label, style.letters(60, 28))), loc="left")


def _values_beside(axes: Axes, rows: pd.DataFrame, names: list[str], label: str, value: str, upper: str | None, precision: int) -> None:
    ends = rows[[value, upper]].max(axis=1) if upper in rows else rows[value]
    for name, end, number in zip(rows[label].astype(str), ends, rows[value]):
        if pd.notna(number):
            axes.annotate(f"{number:,.{precision}f}", (end, names.index(name)), xytext=(6, 0), textcoords="offset points",
                          va="center", fontsize=11.5, bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.0}, zorder=2.5)  # fmt: skip
    axes.margins(x=0.12)
    left, right = axes.get_xlim()
    axes.set_xlim(left, max(right, float(np.nanmax(ends)) * 1.12))


def _share_words(axes: Axes, shares: np.ndarray, left: np.ndarray, ink: str) -> None:
    for place, (share, start) in enumerate(zip(shares, left)):
        if share >= (7 if style.width() == style.WIDTH else 12):
            axes.text(start + share / 2, place, f"{share:.0f}%", ha="center", va="center", color=ink, fontsize=11.5, fontweight="bold")


def _key(axes: Axes, names: list[str], colours: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    hatch = {style.GAP: {"hatch": "////", "edgecolor": style.AXIS}}
    handles = [Patch(facecolor=colour, label=name, **hatch.get(colour, {})) for name, colour in zip(names, colours)]
    columns = style.columns(2 if max(map(len, names)) > 18 else 4)
    axes.figure.legend(handles=style.across(handles, columns), loc="outside upper left", ncols=columns, frameon=False,
                       fontsize=12, handlelength=1.0, handleheight=1.0, columnspacing=1.4, borderpad=0.1)  # fmt: skip


def _line_key(axes: Axes, names: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=style.CATEGORICAL[place], linestyle=_DASHES[place], label=name) for place, name in enumerate(names)]
    axes.figure.legend(handles=handles, loc="outside upper left", ncols=style.columns(2), frameon=False, fontsize=12, handlelength=2.6, borderpad=0.1)


def _legend(axes: Axes, names: list[str]) -> None:
    _points_legend(axes, [(name, _MARKERS[place % 4], style.CATEGORICAL[place], True) for place, name in enumerate(names)])


def _points_legend(axes: Axes, points: Sequence[tuple[str, str, str, bool]]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="none", markersize=8, label=name, markerfacecolor=colour if full else style.PAPER, markeredgewidth=2)
        for name, marker, colour, full in points
    ]
    columns = style.columns(4 if sum(map(len, next(zip(*points)))) < 50 else 2)
    axes.figure.legend(handles=style.across(handles, columns), loc="outside upper left", ncols=columns, frameon=False,
                       fontsize=12, handletextpad=0.3, columnspacing=1.4, borderpad=0.1)  # fmt: skip


def _limit_words(axes: Axes, rows: pd.DataFrame, words: Mapping[str, str]) -> None:
    low, high = axes.get_ylim()
    last = {name: float(rows[name].dropna().iloc[-1]) for name in words if name in rows and rows[name].notna().any()}
    order = sorted(last, key=last.get)
    places = _apart([last[name] for name in order], [(high - low) * 0.06] * len(order), low, high)
    for name, place in zip(order, places):
        axes.annotate(words[name], (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=11,
                      color=style.SOFT_INK, annotation_clip=False)  # fmt: skip


_LIMITS = {"2s": "95% limits", "3s": "99.8% limits"}
"""What a reader calls the curves that the measure names by standard deviations."""


def _funnel_curves(axes: Axes, limits: pd.DataFrame, size: str) -> None:
    along = limits.columns[0] if size not in limits else size
    for position, name in enumerate(sorted(column for column in limits if str(column).startswith("lower_"))):
        other = name.replace("lower_", "upper_", 1)
        for column in (name, other):
            axes.plot(limits[along], limits[column], color=style.SOFT_INK, linewidth=1.1, linestyle=_DASHES[1 + position % 3])
        words = name.removeprefix("lower_").replace("_", " ")
        axes.annotate(_LIMITS.get(words, words), (float(limits[along].iloc[-1]), float(limits[other].iloc[-1])),
                      xytext=(0, 4), textcoords="offset points", ha="right", fontsize=11, color=style.SOFT_INK)  # fmt: skip


def _point_labels(axes: Axes, rows: pd.DataFrame, x: str, y: str, label: str) -> None:
    middle = sum(axes.get_xlim()) / 2
    for _, row in rows.iterrows():
        left = row[x] > middle
        axes.annotate(str(row[label]), (row[x], row[y]), xytext=(-7 if left else 7, 0), textcoords="offset points",
                      ha="right" if left else "left", va="center", fontsize=11, zorder=7,
                      bbox={"boxstyle": "round,pad=0.1", "facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.85})  # fmt: skip


def _curve_marks(axes: Axes, x: pd.Series, y: pd.Series, marks: Mapping[float, str] | None, colour: str) -> None:
    for place, words in (marks or {}).items():
        height = float(np.interp(place, x, y))
        axes.scatter([place], [height], s=50, color=colour, zorder=5)
        axes.annotate("\n".join(wrap(words, style.letters(30))), (place, height), xytext=(9, -4), textcoords="offset points", va="top", fontsize=11.5)


def _finish_plain(axes: Axes, x_label: str, y_label: str) -> None:
    axes.grid(True)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(_commas))
    axes.yaxis.set_major_formatter(FuncFormatter(_commas))
    axes.tick_params(length=0)
    axes.set_xlabel("\n".join(wrap(x_label, style.letters(60, 28))), loc="left")
    _above(axes, y_label)
