"""The table of published indicators, put together from every publisher that is held.

Not taken: homelessness by district (``mhclg_homelessness``), because the file states no period and a number without a
period cannot be placed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from svd_lib.ingest import contracts
from svd_lib.ingest.admissions import build_admissions
from svd_lib.ingest.arrests import build_arrests, build_searches
from svd_lib.ingest.children import build_assessment_factors, build_interactive_tool
from svd_lib.ingest.fingertips import build_fingertips
from svd_lib.ingest.open_tables import build_open_tables
from svd_lib.ingest.outcomes_by_code import build_outcomes_by_code
from svd_lib.ingest.published import Raw
from svd_lib.ingest.residents import build_residents
from svd_lib.ingest.severity import build_partnership_severity, build_severity

Builder = Callable[[Raw, Mapping[str, pd.DataFrame]], pd.DataFrame]

PARTS: Final[tuple[Builder, ...]] = (
    build_arrests,
    build_searches,
    build_interactive_tool,
    build_assessment_factors,
    build_severity,
    build_partnership_severity,
    build_residents,
    build_admissions,
    build_outcomes_by_code,
    build_fingertips,
    lambda raw, tables: build_open_tables(raw, "indicators"),
)


def build_indicators(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every published indicator of every area that the files held name.

    Parameters
    ----------
    raw : Raw
        The raw files; a publisher whose file is not held is left out.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Table ``indicators``: null values carry the marker that says why.
    """
    parts = [part for part in (build(raw, tables) for build in PARTS) if not part.empty]
    if not parts:
        return contracts.empty("indicators")
    columns = list(contracts.contract("indicators").columns)
    return contracts.validate("indicators", pd.concat([part[columns] for part in parts], ignore_index=True), "the indicator sources")
