"""Small pictures beside one number: a share as squares, a change or a ratio as two bars. The words beside them say the same."""

from __future__ import annotations

SQUARES = 100
_INK, _SOFT = "var(--sna-12436d,#12436d)", "var(--sna-d0d0d0,#d0d0d0)"
_MARK = "var(--sna-801650,#801650)"


def glyph(value: float, unit: str, lower: float | None = None, upper: float | None = None, compared_to: float | None = None) -> str:
    """Return the picture of a number as SVG that screen readers pass over, or nothing where none would help.

    Parameters
    ----------
    value : float
        The number as it is said.
    unit : str
        ``"%"`` draws a hundred squares, ``"times"`` two bars.
    lower, upper : float, optional
        Its interval, drawn as a line.
    compared_to : float, optional
        What an index is compared to, e.g. 100; two bars.
    """
    if unit == "%" and 0 <= value <= 100:
        return _squares(round(value))
    base = 1.0 if unit == "times" else compared_to
    return _bars(base, value, lower, upper) if base and value >= 0 else ""


def _squares(filled: int) -> str:
    cells = "".join(
        f'<rect x="{place % 20 * 10}" y="{place // 20 * 10}" width="8" height="8" fill="{_MARK if place < filled else _SOFT}"/>' for place in range(SQUARES)
    )
    return _svg(198, 48, cells)


def _bars(base: float, value: float, lower: float | None, upper: float | None) -> str:
    scale = 190 / max(base, value, upper or 0.0)
    parts = [f'<rect y="4" width="{base * scale:.1f}" height="14" fill="{_SOFT}"/>', f'<rect y="26" width="{value * scale:.1f}" height="14" fill="{_INK}"/>']
    if lower is not None and upper is not None:
        parts.append(f'<path d="M{lower * scale:.1f} 33H{upper * scale:.1f}" stroke="{_MARK}" stroke-width="4"/>')
    return _svg(198, 48, "".join(parts))


def _svg(width: int, height: int, content: str) -> str:
    return f'<svg class="sna-glyph" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">{content}</svg>'
