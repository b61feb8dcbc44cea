"""Hexagon cartograms: one hexagon a place, laid out from representative points, needing no boundary.

A choropleth of neighbourhoods shows mostly fields, because rural neighbourhoods are large; hexagons of one size give
every neighbourhood, and so roughly every 1,500 residents, the same weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

_STEPS = 60
_CORNERS = np.deg2rad(np.arange(30, 390, 60))
_NEIGHBOURS = 6


def hexagons(longitude: Sequence[float], latitude: Sequence[float]) -> pd.DataFrame:
    """Lay out one hexagon of a honeycomb for each point, near where the point lies.

    Parameters
    ----------
    longitude, latitude : sequence of float, length n
        Representative points in degrees.

    Returns
    -------
    DataFrame of n rows
        ``x, y``: the hexagon's centre; neighbouring centres are 1 apart. Row order and index are those of the input.

    Notes
    -----
    The honeycomb's outline is the union of discs about the points, scaled until it holds exactly n cells; cells are
    then given to points so that the sum of squared distances is least (Hungarian method), which keeps neighbours
    together. The same points give the same layout.
    """
    points = _projected(np.asarray(longitude, dtype=float), np.asarray(latitude, dtype=float))
    index = longitude.index if isinstance(longitude, pd.Series) else None
    if len(points) < 2:
        return pd.DataFrame({"x": np.zeros(len(points)), "y": np.zeros(len(points))}, index=index)
    cells, scale = _honeycomb(points)
    cost = ((points[:, None, :] - cells[None, :, :] * scale) ** 2).sum(axis=2) / scale**2
    _, chosen = linear_sum_assignment(np.round(cost, 9))
    placed = cells[chosen]
    return pd.DataFrame({"x": np.round(placed[:, 0], 6), "y": np.round(placed[:, 1], 6)}, index=index)


def corners(x: float, y: float, size: float = 1.0) -> np.ndarray:
    """Return the six corners of a hexagon, shape (6, 2); ``size`` 1 makes neighbours touch."""
    radius = size / np.sqrt(3)
    return np.column_stack([x + radius * np.cos(_CORNERS), y + radius * np.sin(_CORNERS)])


def borders(layout: pd.DataFrame, groups: Sequence[object]) -> list[np.ndarray]:
    """Return the edges between hexagons of different groups, and around the outside.

    Parameters
    ----------
    layout : DataFrame
        From :func:`hexagons`.
    groups : sequence, length n
        The group of each hexagon, e.g. its district.

    Returns
    -------
    list of ndarray, shape (2, 2)
        Line segments, each once.
    """
    group_at = {_cell(x, y): group for (x, y), group in zip(layout[["x", "y"]].to_numpy(), groups)}
    segments = []
    for x, y in layout[["x", "y"]].to_numpy():
        ring = corners(x, y)
        for side in range(_NEIGHBOURS):
            angle = np.deg2rad(60 * (side + 1))
            other = _cell(x + np.cos(angle), y + np.sin(angle))
            mine = group_at[_cell(x, y)]
            if other not in group_at or (group_at[other] != mine and _cell(x, y) < other):
                segments.append(ring[[side, (side + 1) % _NEIGHBOURS]])
    return segments


def _cell(x: float, y: float) -> tuple[int, int]:
    return int(round(x * 2)), int(round(y * 2 / np.sqrt(3)))


def _projected(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Degrees to a plane of equal scale both ways at the middle latitude; good enough for an area of a county's size."""
    if not len(latitude):
        return np.zeros((0, 2))
    middle = np.deg2rad((latitude.min() + latitude.max()) / 2)
    return np.column_stack([(longitude - longitude.min()) * np.cos(middle), latitude - latitude.min()])


def _honeycomb(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Choose n cells of a honeycomb and the scale (plane units per cell) at which they cover the points' outline."""
    tree = cKDTree(points)
    nearest = tree.query(points, k=min(3, len(points)))[0][:, -1]
    reach = max(float(nearest.max()) * 1.1, 1e-9)
    low, high = reach / 200, float(np.ptp(points, axis=0).max()) + reach
    for _ in range(_STEPS):
        scale = np.sqrt(low * high)
        low, high = (scale, high) if len(_covered(tree, points, scale, reach)[0]) >= len(points) else (low, scale)
    cells, distance = _covered(tree, points, low, reach)
    order = np.lexsort((cells[:, 0], cells[:, 1], np.round(distance, 9)))
    return cells[order[: len(points)]], low


def _covered(tree: cKDTree, points: np.ndarray, scale: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Cells, in cell units, whose centre lies within reach of a point, with the distance to the nearest."""
    margin = max(reach, scale)
    (left, bottom), (right, top) = points.min(axis=0) - margin, points.max(axis=0) + margin
    row_height = np.sqrt(3) / 2
    rows = np.arange(np.floor(bottom / scale / row_height), np.ceil(top / scale / row_height) + 1)
    columns = np.arange(np.floor(left / scale), np.ceil(right / scale) + 1)
    grid_columns, grid_rows = np.meshgrid(columns, rows)
    cells = np.column_stack([(grid_columns + (grid_rows % 2) / 2).ravel(), (grid_rows * row_height).ravel()])
    distance = tree.query(cells * scale)[0]
    inside = distance <= max(reach, scale * 0.75)
    return cells[inside], distance[inside]
