"""Maps: real boundaries where an edition has them, else an equal-area hexagon for each place.

A map is a picture of its table, never the only way to read it: the exhibit carries the names and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from svd_lib.figures import cartogram, style

HATCH = "////"
_POINTS_ACROSS = 300
"""A boundary bends at most about this often across a wide page's map; finer bends cannot be seen and make the page heavy."""
_NO_FILL = {"facecolor": style.GAP, "edgecolor": style.AXIS, "hatch": HATCH}
CLUSTER_STYLES: dict[str, dict[str, object]] = {
    "high-high": {"facecolor": style.PLUM},
    "low-low": {"facecolor": style.NAVY},
    "high-low": {"facecolor": style.ORANGE, "hatch": "////", "edgecolor": style.PLUM},
    "low-high": {"facecolor": style.TEAL, "hatch": "\\\\\\\\", "edgecolor": style.NAVY},
}
"""Fill, and hatching for the two kinds that stand out from their neighbours, so that colour is not the only sign."""


@style.redrawable
def place_map(
    frame: pd.DataFrame,
    value: str = "value",
    boundaries: object | None = None,
    *,
    key: str = "lsoa21cd",
    lon: str = "lon",
    lat: str = "lat",
    group: str | None = "lad24nm",
    labels: str | None = None,
    breaks: Sequence[float] | None = None,
    classes: int = 5,
    legend_title: str = "",
    missing: str = "no data",
    precision: int = 0,
    colours: Sequence[str] | None = None,
) -> Figure:
    """Draw a value by place in classes.

    Parameters
    ----------
    frame : DataFrame
        One row per place with ``key``, ``value`` and, for the cartogram, longitude and latitude.
    value : str
        Column shown; missing values are hatched.
    boundaries : GeoDataFrame, optional
        With the column ``key``; without it the map is a hexagon cartogram.
    key, lon, lat : str
        Columns of codes and representative points.
    group : str, optional
        Column whose borders are drawn and whose names are written, e.g. the district.
    labels : str, optional
        Column of names written instead of those of ``group``, each at the middle of its places.
    breaks : sequence of float, optional
        Upper limits of all classes but the last; quantiles, rounded, when not given.
    classes : int, default 5
        Classes at most, up to five.
    legend_title : str
        The measure and unit.
    missing : str
        Words for places without a value.
    precision : int
        Decimals in the legend.
    colours : sequence of str, optional
        Light to dark, one a class.

    Returns
    -------
    Figure
    """
    with style.style():
        if frame.empty:
            return style.new_figure(1.0)[0]
        limits = list(breaks) if breaks is not None else _quantiles(frame[value], classes, precision)
        palette = list(colours or _ramp(len(limits) + 1))
        number = _class_of(frame[value], limits)
        words = _class_words(frame[value], limits, precision)
        layers = [(number == place, {"facecolor": palette[place]}, words[place]) for place in range(len(palette))]
        return _map(frame, [*layers, (number < 0, _NO_FILL, missing)], boundaries, key, lon, lat, group, labels, legend_title)


@style.redrawable
def category_map(
    frame: pd.DataFrame,
    category: str,
    boundaries: object | None = None,
    *,
    key: str = "lsoa21cd",
    lon: str = "lon",
    lat: str = "lat",
    group: str | None = "lad24nm",
    labels: str | None = None,
    names: Mapping[str, str] | None = None,
    plain: str = "not significant",
    legend_title: str = "",
) -> Figure:
    """Draw a category by place, e.g. the kind of cluster.

    Parameters
    ----------
    frame, boundaries, key, lon, lat, group, labels, legend_title
        As :func:`place_map`.
    category : str
        Column of categories; those of :data:`CLUSTER_STYLES` (any spelling of the hyphen or capitals) have fixed
        looks, others take the palette in order of appearance.
    names : mapping of category to str, optional
        Words for the legend, which also fixes its order.
    plain : str
        The category that recedes; missing ones are taken as it.

    Returns
    -------
    Figure
    """
    with style.style():
        if frame.empty:
            return style.new_figure(1.0)[0]
        found = frame[category].astype("object").where(frame[category].notna(), plain).astype(str)
        order = [*(names or {}), *dict.fromkeys(name for name in found if name not in (names or {}))]
        looks = _looks([name for name in order if _bare(name) != _bare(plain)])
        looks |= {name: {"facecolor": style.GRID} for name in order if _bare(name) == _bare(plain)}
        layers = [(found == name, looks[name], (names or {}).get(name, name)) for name in looks]
        return _map(frame, layers, boundaries, key, lon, lat, group, labels, legend_title, clear=True)


def cluster_map(frame: pd.DataFrame, category: str = "cluster", boundaries: object | None = None, **options: object) -> Figure:
    """Draw clusters of high and low values; see :func:`category_map`."""
    return category_map(frame, category, boundaries, **options)


def _bare(name: str) -> str:
    return str(name).lower().replace(" ", "-").replace("–", "-").replace("_", "-")


def _looks(names: Sequence[str]) -> dict[str, dict[str, object]]:
    spare = iter((style.NAVY, style.ORANGE, style.TEAL, style.PLUM, style.LILAC, style.CHARCOAL))
    return {name: CLUSTER_STYLES.get(_bare(name)) or {"facecolor": next(spare)} for name in names}


def _quantiles(values: pd.Series, classes: int, precision: int) -> list[float]:
    known = values.dropna()
    if known.nunique() <= 1:
        return []
    cuts = known.quantile(np.linspace(0, 1, min(classes, known.nunique(), 5) + 1)[1:-1])
    rounded = sorted({round(float(cut), precision) for cut in cuts})
    return [cut for cut in rounded if known.min() <= cut < known.max()]


def _ramp(count: int) -> list[str]:
    choice = {1: (3,), 2: (1, 4), 3: (1, 3, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}[count]
    return [style.FIVE_CLASSES[place] for place in choice]


def _class_of(values: pd.Series, limits: Sequence[float]) -> pd.Series:
    """Class number from 0, upper limits included; -1 for a missing value."""
    found = np.searchsorted(np.asarray(limits, dtype=float), values.to_numpy(dtype=float), side="left")
    return pd.Series(np.where(values.isna(), -1, found), index=values.index)


def _class_words(values: pd.Series, limits: Sequence[float], precision: int) -> list[str]:
    """Words of each class; the step between limits is one unit of the last decimal shown."""
    edge = [f"{limit:,.{precision}f}" for limit in limits]
    if not edge:
        return ["all places" if values.nunique() > 1 else f"{values.dropna().iloc[0]:,.{precision}f}" if values.notna().any() else "no value"]
    middle = [f"over {low} to {high}" for low, high in zip(edge, edge[1:])]
    return [f"up to {edge[0]}", *middle, f"over {edge[-1]}"]


def _map(
    frame: pd.DataFrame, layers: list[tuple[pd.Series, dict[str, object], str]], boundaries: object | None,
    key: str, lon: str, lat: str, group: str | None, labels: str | None, legend_title: str, clear: bool = False,
) -> Figure:  # fmt: skip
    group = group if group in frame else None
    shapes = _polygons(frame, boundaries, key) if boundaries is not None else _hexes(frame, lon, lat)
    figure, axes = style.new_figure(_height(shapes.rings))
    handles = []
    for member, look, words in layers:
        if member.any():
            path = _compound([ring for inside, rings in zip(member, shapes.rings) if inside for ring in rings])
            axes.add_patch(PathPatch(path, linewidth=0.5, **{"edgecolor": style.PAPER, **look}))
            handles.append(Patch(label=words, linewidth=0.6, **{"edgecolor": style.AXIS, **look}))
    _frame(axes, shapes.rings)
    if group:
        lines = _compound(shapes.borders(frame[group].astype(str).tolist()), closed=False)
        axes.add_patch(PathPatch(lines, facecolor="none", edgecolor=style.INK, linewidth=1.3, capstyle="round"))
    named = labels or group
    if named:
        marked = np.logical_or.reduce([member for member, look, _ in layers if look.get("facecolor") != style.GRID]) if clear else None
        kept_clear = _small(shapes.rings) if marked is None and boundaries is not None else marked
        _names(axes, frame[named].astype(str).tolist(), shapes.centres, kept_clear)
    _legend(figure, handles, legend_title)
    drawn = [layer for layer in layers if layer[0].any()]
    number = sum(member.to_numpy().astype(int) * place for place, (member, _, _) in enumerate(drawn))
    figure.sna_places = _outlines(shapes, frame[group].astype(str).tolist() if group else []) | {
        "classes": np.asarray(number, dtype=int).tolist(),
        "legend": [words for _, _, words in drawn],
        "colours": [str(look["facecolor"]) for _, look, _ in drawn],
    }
    return figure


def _outlines(shapes: _Shapes, groups: list[str]) -> dict[str, object]:
    """Return each place's outline, in the frame's order, and the borders of groups, in whole units of a page 1,000 wide."""
    low, high = _extent(shapes.rings)
    scale = 1000 / max(high[0] - low[0], 1e-9)

    def flat(line: np.ndarray) -> list[int]:
        moved = np.column_stack([line[:, 0] - low[0], high[1] - line[:, 1]]) * scale
        return moved.round().astype(int).ravel().tolist()

    return {
        "height": round(float(high[1] - low[1]) * scale),
        "places": [[flat(ring) for ring in rings] for rings in shapes.rings],
        "borders": [flat(line) for line in shapes.borders(groups)] if groups else [],
    }


class _Shapes:
    """The outlines of each place, its centre, and the borders of groups of places."""

    def __init__(self, rings: list[list[np.ndarray]], centres: np.ndarray, borders: object) -> None:
        self.rings, self.centres, self.borders = rings, centres, borders


def _hexes(frame: pd.DataFrame, lon: str, lat: str) -> _Shapes:
    layout = cartogram.hexagons(frame[lon], frame[lat])
    rings = [[cartogram.corners(x, y)] for x, y in layout[["x", "y"]].to_numpy()]
    return _Shapes(rings, layout[["x", "y"]].to_numpy(), lambda groups: cartogram.borders(layout, groups))


def _polygons(frame: pd.DataFrame, boundaries: object, key: str) -> _Shapes:
    """Project, simplify together so that shared edges stay shared, and follow the frame's order."""
    import shapely

    metric = boundaries.set_index(key).reindex(frame[key]).to_crs(27700).geometry
    missing = metric.isna() | metric.is_empty
    if missing.any():
        raise ValueError(f"no boundary for {', '.join(map(str, metric.index[missing][:3]))}: {int(missing.sum())} places of {len(metric)}")
    shapes = metric.to_numpy()
    shapes = shapely.coverage_simplify(shapes, float(np.ptp(metric.total_bounds.reshape(2, 2), axis=0).max()) / (_POINTS_ACROSS * style.width() / style.WIDTH))
    rings = [[np.asarray(ring.coords) for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)] for shape in shapes]
    centres = shapely.get_coordinates(shapely.point_on_surface(shapes))

    def borders(groups: list[str]) -> list[np.ndarray]:
        table = pd.Series(shapes).groupby(groups).agg(lambda part: shapely.union_all(part.to_numpy(), grid_size=1.0))
        lines = shapely.get_parts(shapely.boundary(table.to_numpy()))
        return [np.asarray(line.coords) for line in lines]

    return _Shapes(rings, centres, borders)


def _compound(lines: list[np.ndarray], closed: bool = True) -> Path:
    """One path of many rings or lines: a class of hundreds of places is one element of the picture."""
    points, codes = [], []
    for line in lines:
        whole = np.vstack([line, line[:1]]) if closed and not np.array_equal(line[0], line[-1]) else line
        points.append(whole)
        codes += [Path.MOVETO, *[Path.LINETO] * (len(whole) - 2), Path.CLOSEPOLY if closed else Path.LINETO]
    return Path(np.vstack(points), codes)


def _extent(rings: list[list[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    every = np.vstack([ring for place in rings for ring in place])
    return every.min(axis=0), every.max(axis=0)


def _height(rings: list[list[np.ndarray]]) -> float:
    low, high = _extent(rings)
    width, height = np.maximum(high - low, 1e-9)
    return float(np.clip(style.width() * 0.97 * height / width + (1.0 if style.width() == style.WIDTH else 1.6), 3.0, 8.0))


def _frame(axes: Axes, rings: list[list[np.ndarray]]) -> None:
    low, high = _extent(rings)
    pad = (high - low).max() * 0.01
    axes.set(xlim=(low[0] - pad, high[0] + pad), ylim=(low[1] - pad, high[1] + pad), aspect="equal")
    axes.set_axis_off()


def _small(rings: list[list[np.ndarray]]) -> np.ndarray:
    """Tell which places are so small beside the others that a name would hide them."""
    areas = np.array([sum(abs(_area(ring)) for ring in place) for place in rings])
    return areas < areas.mean() / 4


def _area(ring: np.ndarray) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _names(axes: Axes, names: list[str], centres: np.ndarray, kept_clear: np.ndarray | None = None) -> None:
    """Write each name in the middle of its places, or as near to it as leaves the marked places in sight."""
    marked = centres[kept_clear] if kept_clear is not None else centres[:0]
    for name in dict.fromkeys(names):
        inside = np.array([other == name for other in names])
        lines = wrap(name, 16)
        middle = np.median(centres[inside], axis=0)
        spot = _clear_spot(centres[inside], marked, np.ptp(axes.get_xlim()), max(map(len, lines), default=0), len(lines))
        is_inside = bool(np.isclose(np.vstack([middle, centres[inside]]), spot).all(axis=1).any())
        axes.annotate("\n".join(lines), middle, xytext=spot, ha="center", va="center", fontsize=12, fontweight="bold", color=style.INK,
                      arrowprops=None if is_inside else {"arrowstyle": "-", "linewidth": 1, "color": style.INK, "shrinkA": 0, "shrinkB": 0},
                      bbox={"boxstyle": "round,pad=0.2", "facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.92}, zorder=6)  # fmt: skip


def _clear_spot(centres: np.ndarray, marked: np.ndarray, width: float, letters: int, lines: int) -> np.ndarray:
    """Return the middle of some places, else the spot nearest to it, in or just outside them, whose words cover no marked place."""
    middle = np.median(centres, axis=0)
    reach = np.array([0.007 * letters + 0.025, 0.018 * lines + 0.025]) * width
    outside = []
    for far in (1.1, 1.6, 2.2):
        (left, bottom), (right, top) = centres.min(axis=0) - reach * far, centres.max(axis=0) + reach * far
        outside += [(middle[0], top), (middle[0], bottom), (left, middle[1]), (right, middle[1]), (left, top), (right, top), (left, bottom), (right, bottom)]
    nearest = centres[np.argsort(np.linalg.norm(centres - middle, axis=1), kind="stable")]
    spots = np.vstack([middle, nearest, outside])
    covers = [bool((np.abs(marked - spot) < reach).all(axis=1).any()) for spot in spots]
    return spots[covers.index(False)] if False in covers else middle


def _legend(figure: Figure, handles: list[Patch], title: str) -> None:
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    columns = style.columns(3 if longest < 20 else 2) + (longest < 16 and style.width() < style.WIDTH)
    figure.legend(handles=style.across(handles, columns), loc="outside upper left", ncols=columns, frameon=False, title="\n".join(wrap(title, style.letters(70))) or None,
                  alignment="left", fontsize=12, title_fontsize=12, handlelength=1.2, handleheight=1.1, columnspacing=1.4, borderpad=0.1)  # fmt: skip
