"""Spatial weights from a frame of directed pairs: the one way in which a measure learns who neighbours whom."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from svd_lib.errors import SnaError

Style = Literal["row", "binary"]


@dataclass(frozen=True)
class SpatialWeights:
    """Weights of a fixed list of areas, made once and handed to several measures.

    Attributes
    ----------
    ids : pandas.Index, length n
        Areas in the order of the matrix.
    matrix : scipy.sparse.csr_array, shape (n, n)
        Weight of area j (column) in the surroundings of area i (row).
    style : {"row", "binary"}
        Whether each row adds up to one.
    """

    ids: pd.Index
    matrix: sparse.csr_array
    style: Style

    @property
    def islands(self) -> NDArray[np.bool_]:
        """Return True for each area without any neighbour."""
        return np.diff(self.matrix.indptr) == 0

    @property
    def total(self) -> float:
        """Return the sum of all weights."""
        return float(self.matrix.sum())

    def subset(self, keep: NDArray[np.bool_]) -> SpatialWeights:
        """Return the weights among the kept areas, standardised again where rows had to add up to one."""
        matrix = sparse.csr_array(self.matrix[keep][:, keep])
        return SpatialWeights(self.ids[keep], row_standardised(matrix) if self.style == "row" else matrix, self.style)

    def with_self(self) -> SpatialWeights:
        """Return binary-pattern weights in which every area is its own neighbour as well."""
        pattern = sparse.csr_array(self.matrix)
        pattern.data = np.ones_like(pattern.data)
        matrix = sparse.csr_array(pattern + sparse.eye_array(len(self.ids), format="csr"))
        matrix.data = np.ones_like(matrix.data)
        return SpatialWeights(self.ids, row_standardised(matrix) if self.style == "row" else matrix, self.style)


def spatial_weights(neighbours: pd.DataFrame, ids: Sequence[Hashable], style: Style = "row") -> SpatialWeights:
    """Make spatial weights from directed pairs.

    Parameters
    ----------
    neighbours : pandas.DataFrame
        Directed pairs: area in the first column, its neighbour in the second; a third numeric column, where there
        is one, holds weights (otherwise each pair weighs one). Pairs with an area outside ``ids`` are left out.
    ids : sequence, length n
        Areas in the order of the values to be tested; no repeats.
    style : {"row", "binary"}
        ``row`` divides by each area's total, so that an area's surroundings are a mean; ``binary`` leaves the weights.

    Returns
    -------
    SpatialWeights

    Raises
    ------
    SnaError
        If ids repeat, a pair repeats, or no pair joins two of the areas.
    """
    index = pd.Index(ids)
    if not index.is_unique:
        raise SnaError(f"Area {index[index.duplicated()][0]} appears twice; spatial weights need one row an area.")
    pairs = neighbours.drop_duplicates(subset=list(neighbours.columns[:2]))
    if len(pairs) != len(neighbours):
        raise SnaError("A pair of neighbours is listed twice; keep each directed pair once.")
    row, column = index.get_indexer(pairs.iloc[:, 0]), index.get_indexer(pairs.iloc[:, 1])
    inside = (row >= 0) & (column >= 0) & (row != column)
    if not inside.any():
        raise SnaError("No pair of neighbours joins two of the areas; check that both use the same codes.")
    weight = pairs.iloc[:, 2].to_numpy(float) if pairs.shape[1] > 2 else np.ones(len(pairs))
    matrix = sparse.csr_array((weight[inside], (row[inside], column[inside])), shape=(len(index), len(index)))
    matrix.sort_indices()
    return SpatialWeights(index, row_standardised(matrix) if style == "row" else matrix, style)


def row_standardised(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the matrix with every non-empty row adding up to one."""
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    scaled = matrix.copy()
    scaled.data = matrix.data / np.repeat(totals, np.diff(matrix.indptr))
    return scaled


def distance_band_pairs(points: ArrayLike, threshold: float, ids: Sequence[Hashable] | None = None) -> pd.DataFrame:
    """Return directed pairs of points no further apart than a threshold.

    Parameters
    ----------
    points : array-like, shape (n, 2)
        Projected coordinates, metres.
    threshold : float
        Greatest distance, in the points' unit, included.
    ids : sequence, optional
        Names of the points; their positions 0..n-1 when absent.

    Returns
    -------
    pandas.DataFrame
        Columns ``id, neighbour``, both directions, sorted.
    """
    coordinates = np.asarray(points, float)
    found = cKDTree(coordinates).query_pairs(threshold, output_type="ndarray")
    both = np.concatenate([found, found[:, ::-1]])
    return _named_pairs(both, np.arange(len(coordinates)) if ids is None else np.asarray(ids))


def lattice_pairs(rows: int, columns: int, contiguity: Literal["rook", "queen"] = "rook") -> pd.DataFrame:
    """Return directed pairs of the cells of a grid, numbered row by row from 0.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    contiguity : {"rook", "queen"}
        Cells sharing an edge, or an edge or a corner.

    Returns
    -------
    pandas.DataFrame
        Columns ``id, neighbour``, both directions, sorted.
    """
    y, x = np.divmod(np.arange(rows * columns), columns)
    apart_x, apart_y = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    near = (apart_x + apart_y == 1) if contiguity == "rook" else (np.maximum(apart_x, apart_y) == 1)
    return _named_pairs(np.argwhere(near), np.arange(rows * columns))


def _named_pairs(pairs: NDArray[np.int64], names: NDArray) -> pd.DataFrame:
    ordered = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pd.DataFrame({"id": names[ordered[:, 0]], "neighbour": names[ordered[:, 1]]})
