"""The table of published figures by neighbourhood, put together from every publisher that is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from svd_lib.ingest import contracts
from svd_lib.ingest.census_tables import build_census_tables
from svd_lib.ingest.deprivation_indicators import build_deprivation_indicators
from svd_lib.ingest.open_tables import build_open_tables
from svd_lib.ingest.published import Raw

PARTS: Final[tuple[Callable[[Raw, Mapping[str, pd.DataFrame]], pd.DataFrame], ...]] = (
    build_census_tables,
    build_deprivation_indicators,
    lambda raw, tables: build_open_tables(raw, "place_indicators"),
)


def build_place_indicators(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every published figure by LSOA 2021.

    Parameters
    ----------
    raw : Raw
        The raw files; a publisher whose file is not held is left out.
    tables : mapping
        Holds ``place_changes``.

    Returns
    -------
    pandas.DataFrame
        Table ``place_indicators``.
    """
    parts = [part for part in (build(raw, tables) for build in PARTS) if not part.empty]
    if not parts:
        return contracts.empty("place_indicators")
    return contracts.validate("place_indicators", pd.concat(parts, ignore_index=True), "the neighbourhood tables")
