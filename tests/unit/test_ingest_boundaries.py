"""Contiguity and simplification, on squares whose answers are known."""

from __future__ import annotations

import pytest
import shapely
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import boundaries, contracts

GRID = {f"E010000{row}{column}": (round(1.0 + column * 0.01, 6), round(52.0 + row * 0.01, 6)) for row in range(3) for column in range(3)}


def test_queen_contiguity_of_a_grid_and_an_island(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add_squares("one", {**GRID, "E01000099": (3.0, 53.0)})
    pairs = boundaries.build_neighbours(raw)
    degrees = pairs.groupby("lsoa21cd").size()
    assert degrees["E01000011"] == 8 and degrees["E01000000"] == 3 and degrees["E01000001"] == 5
    assert "E01000099" not in degrees.index


def test_pairs_go_both_ways_and_cross_files(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add_squares("one", {"E01000001": (1.0, 52.0)})
    raw.add_squares("two", {"E01000002": (1.01, 52.0)})
    assert boundaries.build_neighbours(raw).to_numpy().tolist() == [["E01000001", "E01000002"], ["E01000002", "E01000001"]]


def test_no_files_give_empty_frames(tmp_path):
    raw = RawFolder(tmp_path)
    assert boundaries.build_neighbours(raw).equals(contracts.empty("neighbours"))
    assert boundaries.read_boundaries(raw, "msoa").empty
    assert boundaries.representative_points(raw).empty


def test_boundaries_are_metres_and_filtered(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add_squares("one", GRID)
    shapes = boundaries.read_boundaries(raw, "lsoa", ["E01000011", "E01000000"])
    assert shapes["lsoa21cd"].tolist() == ["E01000000", "E01000011"] and shapes.crs == "EPSG:27700"
    assert shapes.area.between(7e5, 8e5).all()


def test_simplification_keeps_shared_borders(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add_squares("one", GRID)
    shapes = boundaries.read_boundaries(raw, "lsoa").geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    whole = boundaries.read_boundaries(raw, "lsoa", tolerance=0).geometry.to_numpy()
    assert shapely.union_all(shapes).area == pytest.approx(shapely.union_all(whole).area, rel=0.05)


def test_one_lsoa_in_two_files_is_refused(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add_squares("one", {"E01000001": (1.0, 52.0)})
    raw.add_squares("two", {"E01000001": (1.0, 52.0)})
    with pytest.raises(SnaError, match="E01000001 is in two files"):
        boundaries.build_neighbours(raw)


def test_unknown_kind_renamed_property_and_broken_file(tmp_path):
    raw = RawFolder(tmp_path)
    with pytest.raises(SnaError, match="no boundaries of kind 'parish'"):
        boundaries.read_boundaries(raw, "parish")
    path = raw.add("ons_boundaries", "lsoa/one.geojson.gz", '{"features": [{"type": "Feature", "properties": {"code": 1}, "geometry": null}]}')
    with pytest.raises(SnaError, match="has no property 'LSOA21CD'"):
        boundaries.build_neighbours(raw)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(SnaError, match="one.geojson.gz cannot be read as GeoJSON"):
        boundaries.build_neighbours(raw)
