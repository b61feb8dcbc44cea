"""Crime Severity Scores by force, region and country: Office for National Statistics.

Scores, not the weights of the offences. One published set of twenty years ending March; a later edition may differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.errors import SnaError
from svd_lib.ingest.gazetteer import Gazetteer, kind_of
from svd_lib.ingest.published import Raw, marker_of, numbers, read_optional

SOURCE = "ons_css"
MISSING: Final = (":",)
TOTAL: Final = "Total recorded crime"

_SCORES = ("crime-pressure-force-2022-data.csv.gz", ["offence_group", "code", "severity_score", "year_ending"])


def build_severity(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return Crime Severity Scores by area, offence group and year ending March.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``crime_severity_score``, category ``all`` or ``Offence <group>``; a score the
        publisher withholds is null with its marker ``:``. No rows when the file is not held.

    Notes
    -----
    Areas are joined on code: two areas share the name West Midlands.
    """
    scores = read_optional(raw, SOURCE, *_SCORES)
    if scores is None:
        return pd.DataFrame()
    names = Gazetteer.of(tables["places"]).names()
    unknown = sorted(set(scores["code"]) - set(names))
    if unknown:
        raise SnaError(f"{_SCORES[0]} has the area code {unknown[0]}, which no lookup knows; fetch lookups of the same year.")
    ends = pd.to_datetime(scores["year_ending"]).dt.to_period("M").dt.to_timestamp()
    return pd.DataFrame(
        {
            "indicator": "crime_severity_score",
            "source": SOURCE,
            "area_code": scores["code"],
            "area_name": scores["code"].map(names),
            "area_kind": scores["code"].map(kind_of),
            "period_label": "Year ending March " + ends.dt.year.astype(str),
            "period_start": ends - pd.DateOffset(months=11),
            "period_end": ends,
            "category": ("Offence " + scores["offence_group"]).mask(scores["offence_group"] == TOTAL, "all"),
            "value": numbers(scores["severity_score"], _SCORES[0], MISSING),
            "unit": "Crime Severity Score",
            "marker": marker_of(scores["severity_score"], MISSING),
        }
    )
