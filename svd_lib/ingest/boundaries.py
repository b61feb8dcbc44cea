"""Boundaries of the Office for National Statistics: shapes for maps, representative points, and who borders whom.

The files are GeoJSON in longitude and latitude, generalised and clipped to the coast: good for maps and contiguity,
not for measuring areas. Only some areas' files are held; whatever is not held is absent, never guessed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts
from svd_lib.ingest.published import Raw

SOURCE = "ons_boundaries"
POINT_DECIMALS = 5
"""Decimals of a degree that a representative point keeps: about one metre."""

FINEST: Final = 1 / 600
"""The part of a map's longer side by which a line may move: less than a pixel of a page-wide map."""

_AREAS = ("Polygon", "MultiPolygon")
_WGS84, _BRITISH_GRID = "EPSG:4326", "EPSG:27700"


@dataclass(frozen=True)
class Layer:
    """One kind of boundary: its files, the publisher's columns for code and name, and ours."""

    pattern: str
    published: tuple[str, str]
    columns: tuple[str, str]


LAYERS: Mapping[str, Layer] = {
    "lsoa": Layer("lsoa/*.geojson*", ("LSOA21CD", "LSOA21NM"), ("lsoa21cd", "lsoa21nm")),
    "msoa": Layer("msoa/*.geojson*", ("MSOA21CD", "MSOA21NM"), ("msoa21cd", "msoa21nm")),
    "ward": Layer("ward/*.geojson.gz", ("WD25CD", "WD25NM"), ("ward25cd", "ward25nm")),
    "lad": Layer("boundaries_ltla24.geojson.gz", ("ltla24_code", "ltla24_name"), ("lad24cd", "lad24nm")),
}


def read_boundaries(
    raw: Raw, kind: str, codes: Collection[str] | None = None, tolerance: float | None = None
) -> gpd.GeoDataFrame:
    """Return boundaries for drawing, simplified as one coverage so that shared borders stay shared.

    Parameters
    ----------
    raw : Raw
        The raw files.
    kind : str
        ``lsoa``, ``msoa``, ``ward`` (2025) or ``lad``.
    codes : collection of str, optional
        GSS codes of that kind to keep; all that are held when left out.
    tolerance : float, optional
        Metres by which a line may move (Visvalingam-Whyatt), 0 for no change; when left out, :data:`FINEST` of the longer
        side of what is kept, so that a district keeps more detail than a county.

    Returns
    -------
    geopandas.GeoDataFrame
        Code, name, geometry, sorted by code, in British National Grid metres (EPSG:27700). No rows when no file is held.

    Raises
    ------
    SnaError
        For an unknown kind, an unreadable file or a missing property.
    """
    if kind not in LAYERS:
        raise SnaError(f"There are no boundaries of kind '{kind}'; the kinds are {', '.join(LAYERS)}.")
    layer = LAYERS[kind]
    shapes = _read_layer(raw, layer)
    if codes is not None:
        shapes = shapes[shapes[layer.columns[0]].isin(list(codes))].reset_index(drop=True)
    shapes = shapes.to_crs(_BRITISH_GRID)
    if shapes.empty or tolerance == 0:
        return shapes
    limit = tolerance or FINEST * _longer_side(shapes)
    return shapes.set_geometry(_simplified(shapes.geometry.to_numpy(), limit), crs=_BRITISH_GRID)


def _longer_side(shapes: gpd.GeoDataFrame) -> float:
    left, bottom, right, top = shapes.total_bounds
    return float(max(right - left, top - bottom))


def _simplified(shapes: np.ndarray, tolerance: float) -> np.ndarray:
    thinned = shapely.coverage_simplify(shapes, tolerance)
    return np.where(shapely.is_empty(thinned), shapes, thinned)


def representative_points(raw: Raw) -> pd.DataFrame:
    """Return a point inside every LSOA whose boundary is held.

    Returns
    -------
    pandas.DataFrame
        ``lsoa21cd, lon, lat`` (degrees, WGS 84), one row per LSOA.
    """
    shapes = _read_layer(raw, LAYERS["lsoa"])
    points = shapes.geometry.representative_point()
    return pd.DataFrame(
        {
            "lsoa21cd": shapes["lsoa21cd"],
            "lon": points.x.round(POINT_DECIMALS),
            "lat": points.y.round(POINT_DECIMALS),
        }
    )


def msoa_codes(raw: Raw) -> pd.DataFrame:
    """Return ``msoa21cd, msoa21nm`` of the MSOAs whose boundaries are held."""
    return pd.DataFrame(_read_layer(raw, LAYERS["msoa"])[["msoa21cd", "msoa21nm"]])


def build_neighbours(raw: Raw, tables: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Return the pairs of LSOAs that share a border or a corner, in both directions.

    Parameters
    ----------
    raw : Raw
        The raw files; every county whose LSOA boundaries are held takes part, and pairs cross county borders.
    tables : mapping, optional
        Not used.

    Returns
    -------
    pandas.DataFrame
        Table ``neighbours``. An LSOA without any land border to another has no row.

    Notes
    -----
    Queen contiguity: two shapes are neighbours when they have at least one point in common.
    """
    shapes = _read_layer(raw, LAYERS["lsoa"])
    if shapes.empty:
        return contracts.empty("neighbours")
    return contracts.validate("neighbours", _touching(shapes), "ons_boundaries/lsoa")


def _touching(shapes: gpd.GeoDataFrame) -> pd.DataFrame:
    geometry = shapes.geometry.to_numpy()
    left, right = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    codes = shapes["lsoa21cd"].to_numpy()
    apart = left != right
    return pd.DataFrame({"lsoa21cd": codes[left[apart]], "neighbour_lsoa21cd": codes[right[apart]]})


def _read_layer(raw: Raw, layer: Layer) -> gpd.GeoDataFrame:
    parts = [_read_file(path, layer) for path in raw.paths(SOURCE, layer.pattern)]
    code, name = layer.columns
    if not parts:
        return gpd.GeoDataFrame({code: pd.Series(dtype="str"), name: pd.Series(dtype="str")}, geometry=[], crs=_WGS84)
    shapes = pd.concat(parts, ignore_index=True)
    doubled = shapes.duplicated(code)
    if doubled.any():
        raise SnaError(f"Boundary {shapes.loc[doubled, code].iloc[0]} is in two files of {SOURCE}; keep one of them in the lock.")
    return shapes.sort_values(code, ignore_index=True, kind="stable")


def _read_file(path: Path, layer: Layer) -> gpd.GeoDataFrame:
    features = _features(path)
    for wanted in layer.published:
        if any(not isinstance(feature["properties"].get(wanted), str) for feature in features):
            raise SnaError(f"{path.name} has no property '{wanted}', or one that is no text; has the publisher renamed it?")
    if any(not isinstance(one.get("geometry"), dict) or one["geometry"].get("type") not in _AREAS for one in features):
        raise SnaError(f"{path.name} holds something else than areas; fetch it again.")
    frame = _shaped(features, path)
    renamed = frame.rename(columns=dict(zip(layer.published, layer.columns)))[[*layer.columns, "geometry"]]
    return renamed.set_geometry(_valid(renamed.geometry), crs=_WGS84)


def _shaped(features: list[dict], path: Path) -> gpd.GeoDataFrame:
    """Return features as shapes; every one an area on the globe."""
    kept = [{**one, "properties": {name: value for name, value in one["properties"].items() if name != "geometry"}} for one in features]
    try:
        frame = gpd.GeoDataFrame.from_features(kept, crs=_WGS84)
    except (ValueError, TypeError, LookupError, shapely.errors.ShapelyError) as error:
        raise SnaError(f"{path.name} holds a shape that cannot be drawn ({type(error).__name__}); fetch it again.") from error
    bounds = frame.bounds.to_numpy()
    if not (np.isfinite(bounds).all() and (np.abs(bounds) <= [180, 90, 180, 90]).all() and (shapely.area(frame.geometry.to_numpy()) > 0).all()):
        raise SnaError(f"{path.name} holds a shape without an area, or outside the globe; fetch it again.")
    return frame


def _features(path: Path) -> list[dict]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as stream:
            features = json.load(stream)["features"]
        is_right = isinstance(features, list) and all(isinstance(one["properties"], dict) for one in features)
    except (OSError, EOFError, ValueError, LookupError, TypeError, RecursionError, zlib.error) as error:
        raise SnaError(f"{path.name} cannot be read as GeoJSON ({type(error).__name__}); fetch it again.") from error
    if not features:
        raise SnaError(f"{path.name} holds no boundary; fetch it again.")
    if not is_right:
        raise SnaError(f"{path.name} holds something else than boundaries with properties; fetch it again.")
    return features


def _valid(shapes: gpd.GeoSeries) -> np.ndarray:
    """Return the shapes with the few self-crossing rings mended; valid shapes pass unchanged."""
    geometry = shapes.to_numpy()
    return np.where(shapely.is_valid(geometry), geometry, shapely.make_valid(geometry))
