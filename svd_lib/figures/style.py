"""One look for every figure: palette, sizes, and SVG that is the same byte for byte wherever it is drawn.

Colours are those of the UK Analysis Function. A figure is saved twice: as a file, with literal colours and a named
font, and for the page, where each known colour becomes a CSS variable (so that dark mode can change it) and text takes
the page's font. Neither uses style attributes, so a strict content security policy shows them as drawn.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from typing import Final, TypeVar
from xml.etree import ElementTree

import matplotlib

matplotlib.use("Agg", force=False)

from matplotlib import rc_context  # noqa: E402
from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

NAVY: Final = "#12436d"
TEAL: Final = "#28a197"
PLUM: Final = "#801650"
ORANGE: Final = "#f46a25"
CHARCOAL: Final = "#3d3d3d"
LILAC: Final = "#a285d1"
CATEGORICAL: Final = (NAVY, TEAL, PLUM, ORANGE)
"""At most four, in this order; a fifth series means the chart should be split."""
SEQUENTIAL: Final = ("#6bace6", "#2073bc", NAVY)
FIVE_CLASSES: Final = ("#d3e5f6", "#9cc7ee", "#5a9bd8", "#2073bc", NAVY)
"""Light to dark, for maps in five classes; the first three steps interpolate the sequential palette to white."""
FOCUS: Final = (NAVY, "#bfbfbf")

TEXT_COLOURS: Final = {NAVY: NAVY, TEAL: "#197168", PLUM: PLUM, ORANGE: "#b3440f", "#595959": "#595959"}
"""The same hues dark enough for words: teal and orange fall short of a contrast of 4.5 to 1 on white."""

INK: Final = "#1f2933"
SOFT_INK: Final = "#595959"
GRID: Final = "#e3e6e9"
AXIS: Final = "#8a8f94"
GAP: Final = "#f1f1f1"
MISSING: Final = "#d0d0d0"
PAPER: Final = "#ffffff"
NIGHT: Final = "#0b1016"
"""Words on the lighter colours, the same in both themes."""

DARK_COLOURS: Final[dict[str, str]] = {
    NAVY: "#7db8f0",
    TEAL: "#45c4b8",
    PLUM: "#e58fbb",
    ORANGE: "#ff9157",
    CHARCOAL: "#c9ced3",
    LILAC: "#c0a9e6",
    "#6bace6": "#2f5f8f",
    "#2073bc": "#4f94d6",
    "#d3e5f6": "#1c2f42",
    "#9cc7ee": "#27486a",
    "#5a9bd8": "#35699c",
    "#bfbfbf": "#5d646b",
    "#197168": "#45c4b8",
    "#b3440f": "#ff9157",
    INK: "#e8eaed",
    SOFT_INK: "#b6bcc2",
    GRID: "#33383e",
    AXIS: "#7f868d",
    GAP: "#23272c",
    MISSING: "#4a4f55",
    PAPER: "#14181c",
}
"""Every colour a figure may use, light to dark. The page defines ``--sna-<hex without #>`` from it."""

WIDTH: Final = 7.2
"""Inches; 518 SVG units. A narrow page keeps that width in px and scrolls the picture, so that no letter is under 11 px."""
NARROW: Final = 4.1
"""Inches of the same figure redrawn for a phone; 295 SVG units, as wide as the narrowest page's column."""
_width: ContextVar[float] = ContextVar("width", default=WIDTH)
FONT: Final = "DejaVu Sans, Verdana, Arial, sans-serif"

_RC: Final = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": AXIS,
    "axes.labelcolor": SOFT_INK,
    "axes.labelsize": 12,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.unicode_minus": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": AXIS,
    "ytick.color": AXIS,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "hatch.linewidth": 0.8,
    "hatch.color": AXIS,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "path.simplify": True,
}

T = TypeVar("T")

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_HEX = re.compile(r"#[0-9a-f]{6}\b", re.IGNORECASE)
_DEFAULTS: Final = {("stroke-linejoin", "round"), ("stroke-linecap", "butt"), ("stroke-miterlimit", "100000"), ("fill-opacity", "1")}


@dataclass(frozen=True)
class Svg:
    """A figure: ``page`` and, for a phone, ``narrow`` to stand in an HTML page, ``file`` to be downloaded.

    ``places`` is the outline of each place of a map, in the order of its frame.
    """

    page: str
    file: str
    narrow: str = ""
    places: dict[str, object] | None = None


def style() -> rc_context:
    """Return the context in which a figure is drawn and saved."""
    return rc_context(_RC)


def width() -> float:
    """Return how wide figures are drawn now, in inches."""
    return _width.get()


def letters(count: int, narrow: int = 0) -> int:
    """Return how many letters a line takes now that takes ``count`` on a wide page: in proportion, or as many as given."""
    return count if width() == WIDTH else narrow or max(8, round(count * width() / WIDTH))


def columns(count: int) -> int:
    """Return how many columns a legend has now that has ``count`` on a wide page."""
    return count if width() == WIDTH else max(1, count // 2)


def redrawable(function: Callable[..., Figure]) -> Callable[..., Figure]:
    """Let a figure be drawn again, for a phone; :func:`finalise` does so."""

    @wraps(function)
    def inside(*arguments: object, **options: object) -> Figure:
        figure = function(*arguments, **options)
        figure.sna_redraw = partial(_drawn_narrow, function, arguments, options)
        return figure

    return inside


def _drawn_narrow(function: Callable[..., Figure], arguments: tuple, options: Mapping[str, object]) -> Figure:
    token = _width.set(NARROW)
    try:
        return function(*arguments, **options)
    finally:
        _width.reset(token)


def new_figure(height: float, rows: int = 1, columns: int = 1, **grid: object) -> tuple[Figure, object]:
    """Open an empty figure of the web width, detached from any global state.

    Parameters
    ----------
    height : float
        Inches.
    rows, columns : int, default 1
        Panels.
    **grid
        Passed to :meth:`matplotlib.figure.Figure.subplots`.

    Returns
    -------
    tuple of Figure and Axes (or an array of them)
    """
    figure = Figure(figsize=(width(), height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return figure, figure.subplots(rows, columns, **grid)


def across(handles: Sequence[T], columns: int) -> list[T]:
    """Return a legend's entries in the order that makes them read along its rows; matplotlib fills columns first."""
    return [handle for column in range(columns) for handle in handles[column::columns]]


def finalise(figure: Figure, exhibit_id: str, title: str = "", alt: str = "", described_by: str = "") -> Svg:
    """Turn a figure into deterministic SVG.

    Parameters
    ----------
    figure : Figure
        Drawn within :func:`style`.
    exhibit_id : str
        Prefix of every id in the picture, and the salt of generated ones.
    title, alt : str
        Written into the file's ``<title>`` and ``<desc>``; ``alt`` is also the picture's accessible name on the page.
    described_by : str, optional
        Id of the element of the page that describes the picture further.

    Returns
    -------
    Svg
        The same bytes for the same figure at any time and in any folder.
    """
    root = _drawing(figure, exhibit_id)
    redraw, slim = getattr(figure, "sna_redraw", None), f"{exhibit_id}-narrow"
    drawn = _drawing_or_none(redraw, slim) if redraw else None
    narrow = "" if drawn is None else _page(drawn, slim, alt, described_by)
    return Svg(_page(root, exhibit_id, alt, described_by), _file(root, title, alt), narrow, getattr(figure, "sna_places", None))


def _drawing_or_none(redraw: Callable[[], Figure], prefix: str) -> ElementTree.Element | None:
    """Draw a figure for a phone; None where its words leave no room there, so that the wide picture stands alone and scrolls."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout not applied")
        try:
            return _drawing(redraw(), prefix)
        except UserWarning:
            return None


def _drawing(figure: Figure, prefix: str) -> ElementTree.Element:
    buffer = io.StringIO()
    with rc_context({**_RC, "svg.hashsalt": f"sna-{prefix}"}):
        _lay_out(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(buffer.getvalue())
    _clean(root, prefix)
    return root


def _lay_out(figure: Figure) -> None:
    """Place everything now and for good: saving would draw the whole picture once more only to do so."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasSVG(figure)
        figure.dpi = FigureCanvasSVG.fixed_dpi
        engine.execute(figure)
        figure.set_layout_engine(None)


def watermark(figure: Figure, words: str) -> None:
    """Write words large and pale across a figure that must not be taken for a real one."""
    figure.text(0.5, 0.5, words, ha="center", va="center", rotation=20, fontsize=30, color=MISSING, alpha=0.6, zorder=100)


def theme_css() -> str:
    """Return the CSS that defines the figure colours for light and dark pages.

    Returns
    -------
    str
        ``:root`` and ``html[data-theme="dark"]`` rules of one variable per colour; paper is always light.
    """
    light = "".join(f"--sna-{colour[1:]}:{colour};" for colour in DARK_COLOURS)
    dark = "".join(f"--sna-{colour[1:]}:{other};" for colour, other in DARK_COLOURS.items())
    return f":root{{{light}}}\n@media screen{{html[data-theme=\"dark\"]{{{dark}}}}}\n"


def _clean(root: ElementTree.Element, prefix: str) -> None:
    """Drop what no reader needs, move styles to attributes, round, and prefix every id that is used."""
    for parent in list(root.iter()):
        for child in [node for node in parent if node.tag.endswith(("}metadata", "}style"))]:
            parent.remove(child)
    used = set(re.findall(r"(?:url\(#|\"#)([^)\"]+)", ElementTree.tostring(root, encoding="unicode")))
    for node in root.iter():
        _tidy_attributes(node, prefix, used)
        node.tail = None
        node.text = node.text.strip() if node.text and node.tag.endswith(("}text", "}tspan")) else None
    _drop_empty(root)
    box = root.attrib["viewBox"].split()
    root.attrib.update({"width": box[2], "height": box[3], "stroke-linejoin": "round"})


def _tidy_attributes(node: ElementTree.Element, prefix: str, used: set[str]) -> None:
    for name, value in _style_items(node.attrib.pop("style", "")):
        if (name, value) not in _DEFAULTS:
            node.set(name, value)
    target = node.attrib.pop(f"{{{_XLINK}}}href", None)
    if target:
        node.set("href", f"#{prefix}-{target[1:]}")
    if node.get("transform", "").startswith("rotate(-0 "):
        del node.attrib["transform"]
    name = node.attrib.pop("id", None)
    if name in used:
        node.set("id", f"{prefix}-{name}")
    for key, value in list(node.attrib.items()):
        value = value.replace("url(#", f"url(#{prefix}-") if key == "clip-path" or value.startswith("url(#") else value
        node.set(key, _path(value) if key == "d" else _short(value) if key not in ("id", "href") else value)


def _style_items(text: str) -> list[tuple[str, str]]:
    items = [tuple(part.strip() for part in piece.split(":", 1)) for piece in text.split(";") if ":" in piece]
    flat: list[tuple[str, str]] = []
    for name, value in items:
        if name != "font":
            flat.append((name, value))
            continue
        match = re.match(r"(?:(italic|oblique)\s+)?(?:(bold|[1-9]00)\s+)?([\d.]+)px", value)
        flat += [("font-style", match[1])] if match and match[1] else []
        flat += [("font-weight", match[2])] if match and match[2] else []
        flat += [("font-size", match[3])] if match else []
    return flat


def _short(text: str) -> str:
    return _NUMBER.sub(lambda match: f"{round(float(match[0]), 1) + 0.0:g}" if abs(float(match[0])) < 1e5 else match[0], text)


def _path(text: str) -> str:
    return re.sub(r"\s*([MLCQZHVz])\s*", r"\1", _short(text)).strip()


def _drop_empty(root: ElementTree.Element) -> None:
    for child in list(root):
        _drop_empty(child)
        if _is_invisible(child):
            root.remove(child)


def _is_invisible(node: ElementTree.Element) -> bool:
    if node.tag in (f"{{{_SVG}}}g", f"{{{_SVG}}}defs"):
        return not len(node)
    return node.tag == f"{{{_SVG}}}path" and node.get("fill") == "none" and "stroke" not in node.attrib and "id" not in node.attrib


def _text(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _labelled(root: ElementTree.Element, **children: tuple[str, str]) -> ElementTree.Element:
    copy = ElementTree.fromstring(_text(root))
    for position, (tag, (name, words)) in enumerate(children.items()):
        child = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": name} if name else {})
        child.text = words
        copy.insert(position, child)
    return copy


def _page(root: ElementTree.Element, prefix: str, alt: str, described_by: str) -> str:
    copy = _labelled(root, desc=(f"{prefix}-alt", alt))
    copy.attrib.update({"role": "img", "aria-labelledby": f"{prefix}-alt", "class": "sna-figure"})
    if described_by:
        copy.set("aria-describedby", described_by)
    for node in copy.iter():
        node.attrib.pop("font-family", None)
        for key in ("fill", "stroke"):
            colour = node.get(key, "").lower()
            if colour in DARK_COLOURS:
                node.set(key, f"var(--sna-{colour[1:]},{colour})")
    return _text(copy)


def _file(root: ElementTree.Element, title: str, alt: str) -> str:
    copy = _labelled(root, title=("", title), desc=("", alt))
    copy.set("font-family", FONT)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _text(copy) + "\n"
