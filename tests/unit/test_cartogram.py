"""Hexagon layouts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from svd_lib.figures import cartogram


def _points(count: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    town = rng.normal([1.15, 52.05], [0.03, 0.02], (count // 2, 2))
    fields = rng.uniform([0.4, 51.95], [1.7, 52.5], (count - count // 2, 2))
    return pd.DataFrame(np.vstack([town, fields]), columns=["lon", "lat"], index=[f"p{n}" for n in range(count)])


def test_each_place_has_a_cell_of_its_own() -> None:
    points = _points()
    layout = cartogram.hexagons(points["lon"], points["lat"])
    assert layout.index.equals(points.index)
    assert not layout.duplicated().any()
    gaps = np.sqrt(((layout.to_numpy()[:, None] - layout.to_numpy()[None]) ** 2).sum(axis=2))
    assert gaps[~np.eye(len(layout), dtype=bool)].min() > 1 - 1e-5


def test_the_layout_is_the_same_every_time_and_keeps_directions() -> None:
    points = _points()
    first, second = (cartogram.hexagons(points["lon"], points["lat"]) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert np.corrcoef(points["lon"], first["x"])[0, 1] > 0.8
    assert np.corrcoef(points["lat"], first["y"])[0, 1] > 0.8


def test_one_place_and_none_are_drawn_too() -> None:
    assert cartogram.hexagons([1.0], [52.0]).to_numpy().tolist() == [[0.0, 0.0]]
    assert cartogram.hexagons([], []).empty
    assert len(cartogram.hexagons([1.0, 1.0, 1.1], [52.0, 52.0, 52.0]).drop_duplicates()) == 3


def test_borders_of_one_group_are_its_outline() -> None:
    layout = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 0.0]})
    assert len(cartogram.borders(layout, ["a", "a"])) == 10
    assert len(cartogram.borders(layout, ["a", "b"])) == 11
    shared = [edge for edge in cartogram.borders(layout, ["a", "b"]) if np.allclose(edge[:, 0], 0.5)]
    assert len(shared) == 1
