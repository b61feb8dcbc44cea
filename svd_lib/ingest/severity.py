"""Crime Severity Scores by force, region and country, and by Community Safety Partnership: Office for National Statistics.

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

_BY_DISTRICT = ("england_crime_severity.csv", ["ltla23_code", "crime_severity_score"])
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


def build_partnership_severity(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the Crime Severity Score of Community Safety Partnerships, year ending March 2023.

    Parameters
    ----------
    raw, tables
        As :func:`build_severity`.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``partnership_severity_score``, of an edition of its own. No rows when the file is not held.

    Notes
    -----
    The file held is by district: a repository's author spread each partnership's score over its districts. A score is
    taken back to a partnership when every district of the partnership, and of no other, carries that one score. Districts
    in two partnerships (East Suffolk), and those listed more than once, give none.
    """
    listed = read_optional(raw, SOURCE, *_BY_DISTRICT)
    if listed is None:
        return pd.DataFrame()
    partnerships = tables["places"][["lad24cd", "csp24cd", "csp_name"]].drop_duplicates()
    alone = partnerships.groupby("lad24cd")["csp24cd"].transform("size") == 1
    once = listed[~listed["ltla23_code"].duplicated(keep=False)].set_index("ltla23_code")["crime_severity_score"]
    scored = partnerships.assign(score=partnerships["lad24cd"].map(once).where(alone))
    summed = scored.groupby(["csp24cd", "csp_name"], as_index=False).agg(
        score=("score", "first"), held=("score", "count"), districts=("score", "size"), different=("score", "nunique")
    )
    whole = summed[(summed["held"] == summed["districts"]) & (summed["different"] == 1)].reset_index(drop=True)
    return _partnership_rows(whole)


def _partnership_rows(whole: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "indicator": "partnership_severity_score",
            "source": SOURCE,
            "area_code": whole["csp24cd"],
            "area_name": whole["csp_name"],
            "area_kind": "csp",
            "period_label": "Year ending March 2023",
            "period_start": pd.Timestamp(2022, 4, 1),
            "period_end": pd.Timestamp(2023, 3, 1),
            "category": "all",
            "value": numbers(whole["score"], _BY_DISTRICT[0], MISSING),
            "unit": "Crime Severity Score",
            "marker": marker_of(whole["score"], MISSING),
        }
    )
