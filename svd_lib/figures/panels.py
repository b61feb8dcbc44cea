"""Panels: the same chart for several groups side by side, one area strong among others that recede.

Grammar as :mod:`svd_lib.figures.charts`: no title inside, gaps drawn as gaps, intervals drawn, never colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from svd_lib.figures import style

_LOOKS = {
    "focus": {"color": style.NAVY, "linewidth": 2.4, "linestyle": "-", "marker": "o", "size": 42, "zorder": 5},
    "reference": {"color": style.ORANGE, "linewidth": 1.9, "linestyle": (0, (5, 2)), "marker": "D", "size": 34, "zorder": 4},
    "other": {"color": style.AXIS, "linewidth": 1.1, "linestyle": "-", "marker": "o", "size": 16, "zorder": 3},
}


@style.redrawable
def index_panels(
    frame: pd.DataFrame,
    x: str,
    y: str = "value",
    panel: str = "offence",
    series: str = "area",
    lower: str = "lower_ci",
    upper: str = "upper_ci",
    *,
    focus: str,
    reference: str = "",
    others: str = "other areas",
    base: float = 100.0,
    y_label: str = "",
    marks: Mapping[pd.Timestamp, str] | None = None,
) -> Figure:
    """Draw one panel a group, with a line an area: one area strong, one dashed for reference, the rest thin.

    Parameters
    ----------
    frame : DataFrame
        One row per panel, series and date.
    x, y, panel, series, lower, upper : str
        Columns of dates, values, panels, lines, and interval limits (drawn for the area in focus).
    focus : str
        The area drawn strong.
    reference : str, optional
        The area drawn dashed, such as the country.
    others : str
        What the remaining areas are called together.
    base : float, default 100
        A horizontal line.
    y_label : str
        What is measured; set above the first panel.
    marks : mapping of date to str, optional
        Dated remarks: numbered thin lines, with their words below.

    Returns
    -------
    Figure

    Notes
    -----
    A line stops where dates lie further apart than is usual; a date on its own is drawn as a point with its interval
    and never joined. The span without dates is hatched.
    """
    with style.style():
        if frame.empty:
            return style.new_figure(1.0)[0]
        names = list(dict.fromkeys(frame[panel]))
        across = style.columns(2)
        rows = ceil(len(names) / across)
        figure, axes = style.new_figure(0.9 + 2.4 * rows, rows, across, sharex=True, squeeze=False)
        figure.get_layout_engine().set(h_pad=0.07, w_pad=0.04)
        for place, name in zip(axes.ravel(), names):
            _panel(place, frame[frame[panel] == name], (x, y, lower, upper), series, (focus, reference), base)
            place.set_title(name, loc="left", x=0.0, fontsize=12, fontweight="bold", color=style.INK, pad=20 if marks else 9)
            _marks(place, marks)
        for place in axes.ravel()[len(names) :]:
            place.set_visible(False)
        _words_below(figure, y_label, marks, frame[x])
        _key(figure, focus, reference, others if frame[series].nunique() > 2 else "")
        return figure


def _panel(axes: Axes, rows: pd.DataFrame, columns: Sequence[str], series: str, named: tuple[str, str], base: float) -> None:
    x, y, lower, upper = columns
    axes.axhline(base, color=style.SOFT_INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for name, part in rows.groupby(series, sort=False):
        kind = "focus" if name == named[0] else "reference" if name == named[1] else "other"
        for piece in _unbroken(part.sort_values(x, kind="stable"), x):
            _draw(axes, piece, (x, y, lower, upper), _LOOKS[kind], kind == "focus")
    _hatch_gap(axes, rows[x])
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(YearLocator(4))
    axes.xaxis.set_major_formatter(DateFormatter("%Y"))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.04)


def _draw(axes: Axes, piece: pd.DataFrame, columns: Sequence[str], look: Mapping[str, object], with_interval: bool) -> None:
    x, y, lower, upper = columns
    if len(piece) > 1:
        axes.plot(piece[x], piece[y], color=look["color"], linewidth=look["linewidth"], linestyle=look["linestyle"], zorder=look["zorder"])
        if with_interval:
            axes.fill_between(piece[x], piece[lower], piece[upper], color=look["color"], alpha=0.2, linewidth=0, zorder=2)
        return
    axes.scatter(piece[x], piece[y], s=look["size"], color=look["color"], marker=look["marker"], zorder=look["zorder"])
    if with_interval:
        axes.vlines(piece[x], piece[lower], piece[upper], color=look["color"], linewidth=2.2, alpha=0.6, zorder=look["zorder"])


def _unbroken(part: pd.DataFrame, x: str) -> list[pd.DataFrame]:
    months = part[x].dt.year * 12 + part[x].dt.month
    steps = np.diff(months)
    usual = steps.min() if len(steps) else 0
    breaks = np.flatnonzero(steps > usual) + 1
    edges = [0, *breaks, len(part)]
    return [part.iloc[first:last] for first, last in zip(edges[:-1], edges[1:])]


def _hatch_gap(axes: Axes, dates: pd.Series) -> None:
    when = pd.DatetimeIndex(sorted(dates.unique()))
    steps = np.diff(when.year * 12 + when.month)
    for place in np.flatnonzero(steps > (steps.min() if len(steps) else 0)):
        axes.axvspan(when[place], when[place + 1], facecolor=style.GAP, edgecolor=style.AXIS, hatch="////", linewidth=0, zorder=0)


def _marks(axes: Axes, marks: Mapping[pd.Timestamp, str] | None) -> None:
    for number, when in enumerate(sorted(marks or {}), start=1):
        axes.axvline(when, color=style.AXIS, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(str(number), (when, 1), xycoords=("data", "axes fraction"), xytext=(0, 8), textcoords="offset points",
                      ha="center", va="center", fontsize=11, color=style.PAPER, annotation_clip=False, zorder=6,
                      bbox={"boxstyle": "circle,pad=0.16", "facecolor": style.SOFT_INK, "edgecolor": "none"})  # fmt: skip


def _words_below(figure: Figure, y_label: str, marks: Mapping[pd.Timestamp, str] | None, dates: pd.Series) -> None:
    said = [f"{number}  {when:%Y}: {words}" for number, (when, words) in enumerate(sorted((marks or {}).items()), start=1)]
    gaps = len(_unbroken(pd.DataFrame({"x": sorted(dates.unique())}), "x")) > 1
    said += ["Hatched: no data held. The points beyond stand beside the series and are not joined to it."] if gaps else []
    lines = [line for text in [y_label, *said] if text for line in wrap(text, style.letters(76), subsequent_indent="    ")]
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=11, color=style.SOFT_INK, linespacing=1.35)


def _key(figure: Figure, focus: str, reference: str, others: str) -> None:
    named = {"focus": focus, "reference": reference, "other": others}
    handles = [
        Line2D([], [], color=look["color"], linewidth=look["linewidth"], linestyle=look["linestyle"], label=named[kind])
        for kind, look in _LOOKS.items()
        if named[kind]
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=style.columns(3), frameon=False, fontsize=12, handlelength=2.4, borderpad=0.4)
