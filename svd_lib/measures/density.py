"""Kernel density of points on a grid. For display only: published street points are snapped, so no claim below an LSOA rests on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from svd_lib.errors import SnaError


def kernel_density(
    points: ArrayLike,
    grid_x: ArrayLike,
    grid_y: ArrayLike,
    bandwidth: float,
    *,
    weights: ArrayLike | None = None,
    is_intensity: bool = False,
) -> NDArray[np.float64]:
    """Return the Gaussian kernel density of points at the nodes of a grid, without edge correction.

    Parameters
    ----------
    points : array-like, shape (n, 2)
        Projected coordinates, metres.
    grid_x, grid_y : array-like, shapes (gx,), (gy,)
        Coordinates of the nodes.
    bandwidth : float
        Standard deviation of the kernel, in the points' unit.
    weights : array-like, shape (n,), optional
        Weight of each point, such as its harm.
    is_intensity : bool, default False
        Events per unit of area instead of a density that integrates to one.

    Returns
    -------
    array, shape (gx, gy)
        Per square unit of the points' coordinates.

    References
    ----------
    Silverman (1986), Density Estimation, chapter 4.
    """
    where = np.asarray(points, float)
    if bandwidth <= 0 or where.ndim != 2 or where.shape[1] != 2:
        raise SnaError("A kernel density needs points with two coordinates and a bandwidth above zero.")
    mass = np.ones(len(where)) if weights is None else np.asarray(weights, float)
    along_x, along_y = _kernel(grid_x, where[:, 0], bandwidth), _kernel(grid_y, where[:, 1], bandwidth)
    surface = (along_x * mass) @ along_y.T
    return surface if is_intensity else surface / mass.sum()


def density_frame(surface: ArrayLike, grid_x: ArrayLike, grid_y: ArrayLike) -> pd.DataFrame:
    """Return a density surface as one row a node: ``x, y, density``."""
    x, y = np.meshgrid(np.asarray(grid_x, float), np.asarray(grid_y, float), indexing="ij")
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "density": np.asarray(surface, float).ravel()})


def _kernel(grid: ArrayLike, centre: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    apart = (np.asarray(grid, float)[:, None] - centre[None, :]) / bandwidth
    return np.exp(-(apart**2) / 2) / (bandwidth * np.sqrt(2 * np.pi))
