"""Children and young people by county, region and England: Department for Education.

Two files: the Local Authority Interactive Tool (many measures in one long table) and the factors that social workers
identified at the end of an assessment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from svd_lib.errors import SnaError
from svd_lib.ingest.arrests import slug
from svd_lib.ingest.gazetteer import REGIONS, Gazetteer, country, region
from svd_lib.ingest.published import Raw, check_columns, find, marker_of, numbers, read_optional

TOOL_SOURCE, FACTORS_SOURCE = "dfe_lait", "dfe_csc"
MISSING: Final = ("-",)
FACTOR_MARKERS: Final = ("x", "c", "u", "z")
"""Not available, suppressed, unreliable, not applicable."""

OUTSIDE_REGIONS: Final = "not credible: outside the range of its regions"
"""Our marker for a rate of England that no average of its nine regions can give."""

NOT_STATED: Final = "unit not stated in the file"


@dataclass(frozen=True)
class Measure:
    """One measure of the tool: its ``Short Desc``, our id, its unit, and what a year of its labels means."""

    short: str
    indicator: str
    unit: str
    year: str


MEASURES: Final = (
    Measure("FirstYJS", "first_time_entrants_rate", "per 100,000 aged 10-17", "calendar"),
    Measure("ReoffYO", "proven_reoffending_rate", "per cent of young offenders", "calendar"),
    Measure("ReoffYO15-17", "proven_reoffending_rate_15_17", "per cent of young offenders aged 15-17", "calendar"),
    Measure("LAC_Convictions", "looked_after_offending", NOT_STATED, "march"),
    Measure("TotFixedEx", "suspension_rate", "per 100 pupils", "school"),
    Measure("Total_ Pup_FixedEx", "pupils_suspended_rate", "per 100 pupils", "school"),
    Measure("TotPermEx", "exclusion_rate", "per 100 pupils", "school"),
    Measure("SecFixedEx", "secondary_suspension_rate", "per 100 pupils", "school"),
    Measure("SecPermEx", "secondary_exclusion_rate", "per 100 pupils", "school"),
    Measure("TotPerAbNew", "persistent_absence", "per cent of pupils", "calendar"),
    Measure("TotSevPerAbNew", "severe_absence", "per cent of pupils", "calendar"),
    Measure("CIN", "children_in_need_rate", "per 10,000 children", "march"),
    Measure("Section_47", "section_47_rate", "per 10,000 children", "march"),
    Measure("CPP_rate", "child_protection_plan_rate", "per 10,000 children", "march"),
    Measure("LAC", "looked_after_rate", "per 10,000 children", "march"),
    Measure("16-17 NEET", "neet_16_17", "per cent of those aged 16-17", "calendar"),
    Measure("16-17_not known", "activity_not_known_16_17", "per cent of those aged 16-17", "calendar"),
    Measure("HospAd0-14", "injury_admissions_0_14", NOT_STATED, "calendar"),
    Measure("CMH_0-17yrs", "mental_health_admissions_0_17", "per 100,000 aged 0-17", "calendar"),
    Measure("ChildPov", "child_poverty", NOT_STATED, "calendar"),
    Measure("PriFSM", "free_school_meals_primary", "per cent of pupils", "calendar"),
    Measure("SecFSM", "free_school_meals_secondary", "per cent of pupils", "calendar"),
    Measure("AVG_Attain8_Score", "attainment_8", "average score", "calendar"),
    Measure("DAP_KS4_ATT8", "attainment_8_disadvantaged", "average score", "calendar"),
    Measure("SpecFixedEx", "special_school_suspension_rate", "per 100 pupils", "school"),
    Measure("PriFixedEx", "primary_suspension_rate", "per 100 pupils", "school"),
    Measure("CINFixedExclusion", "children_in_need_suspended", "per cent of children in need", "calendar"),
    Measure("CINPermAbsent_3Term", "children_in_need_persistent_absence", NOT_STATED, "calendar"),
    Measure("SEN_TotStat", "pupils_with_a_plan", "per cent of pupils", "calendar"),
    Measure("SEN_TotSENSuP", "pupils_with_support", "per cent of pupils", "calendar"),
    Measure("RefBySource_Police_%", "referrals_from_police", "per cent of referrals", "march"),
    Measure("CPP_Total_Rateper10,000", "referrals_rate", "per 10,000 children", "march"),
    Measure("ReReferral", "repeat_referrals", "per cent of referrals", "march"),
    Measure("CPP_Abuse_Rate", "child_protection_for_abuse_or_neglect_rate", "per 10,000 children", "march"),
    Measure("Children_missing", "looked_after_missing", "per cent of looked-after children", "march"),
    Measure("LACSubstance", "looked_after_substance_misuse", "per cent of looked-after children", "march"),
    Measure("LACStable_2016on", "looked_after_three_placements", "per cent of looked-after children", "march"),
    Measure("LAC_Fixed_ Ex", "looked_after_suspended", "per cent of looked-after pupils", "calendar"),
    Measure("CareLeaversNEET", "care_leavers_neet", NOT_STATED, "march"),
    Measure("Under18concep", "under_18_conception_rate", "per 1,000 girls", "calendar"),
    Measure("Hosp_Adm_Alc_<18yrs", "alcohol_admissions_under_18", "per 100,000 under 18", "three_marches"),
)
"""The measures taken. A label that is a plain year is read as that calendar year (``calendar``) unless the publisher's
year is known to end in March (``march``); ``2023/24`` of a ``school`` measure is September to August, ``2021/22-23/24`` of a
``three_marches`` measure April of the first to March of the last. Which twelve months
a plain year stands for is not said in the file, so the label is what a reader is shown."""

FACTORS: Final = (
    "Alcohol_Misuse_child",
    "Alcohol_Misuse_parent",
    "Drug_Misuse_child",
    "Drug_Misuse_parent",
    "Domestic_Abuse_child",
    "Domestic_Abuse_parent",
    "Domestic_Abuse_person",
    "Mental_Health_child",
    "Mental_Health_parent",
    "Going_missing",
    "Child_sexual_exploitation",
    "Child_criminal_exploitation",
    "Trafficking",
    "Gangs",
    "Socially_unacceptable_behaviour",
    "Self_harm",
    "Neglect",
    "Emotional_Abuse",
    "Physical_Abuse_unknown",
    "Physical_Abuse_child_on_child",
    "Physical_Abuse_adult_on_child",
    "Sexual_Abuse_unknown",
    "Sexual_Abuse_child_on_child",
    "Sexual_Abuse_adult_on_child",
    "Unaccompanied_asylum_seeker",
)
"""Factors kept, in the publisher's column names. An episode can have several: they never add up."""

EPISODES: Final = "Episodes_with_assessment_factor"

_FACTORS_FILE = "c3_factors_identified_at_end_of_assessment_*.csv"
_AREA_COLUMNS = [
    "time_period",
    "geographic_level",
    "country_code",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
]
_TOOL_FILE, _TOOL_COLUMNS = "bds_long_*.parquet", ["Short Desc", "Years", "LA and Regions", "Values", "LA Number"]


def build_assessment_factors(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the factors identified at the end of assessment, by county, region and England and year ending March.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``assessment_factor_<factor>`` and ``assessment_episodes``, in episodes; a marker
        (x, c, u, z) stands where there is no number. No rows when the file is not held.
    """
    wide = read_optional(raw, FACTORS_SOURCE, _FACTORS_FILE, [*_AREA_COLUMNS, EPISODES, *FACTORS])
    if wide is None:
        return pd.DataFrame()
    named = _factor_areas(wide, Gazetteer.of(tables["places"]))
    keys = ["area_code", "area_name", "area_kind", "time_period"]
    long = named.melt(id_vars=keys, value_vars=[EPISODES, *FACTORS], var_name="factor", value_name="published")
    file = "c3_factors_identified_at_end_of_assessment"
    ends = pd.to_datetime(long["time_period"] + "-03-01")
    return long[keys[:3]].assign(
        indicator=("assessment_factor_" + long["factor"].map(slug)).mask(long["factor"] == EPISODES, "assessment_episodes"),
        source=FACTORS_SOURCE,
        period_label="Year ending March " + long["time_period"],
        period_start=ends - pd.DateOffset(months=11),
        period_end=ends,
        category="all",
        value=numbers(long["published"], file, FACTOR_MARKERS),
        unit="episodes",
        marker=marker_of(long["published"], FACTOR_MARKERS),
    )


def _factor_areas(wide: pd.DataFrame, gazetteer: Gazetteer) -> pd.DataFrame:
    kinds = {"Local authority": "county", "Regional": "region", "National": "country"}
    kind = wide["geographic_level"].map(kinds)
    if kind.isna().any():
        level = wide.loc[kind.isna(), "geographic_level"].iloc[0]
        raise SnaError(f"c3_factors_identified_at_end_of_assessment has the geographic level '{level}', which is not known.")
    names = gazetteer.names()
    code = wide["new_la_code"].mask(kind == "region", wide["region_code"]).mask(kind == "country", wide["country_code"])
    return wide.assign(
        area_code=code,
        area_kind=kind,
        area_name=[names.get(gss, given or gss) for gss, given in zip(code, wide["la_name"])],
    )


def build_interactive_tool(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tool's measures on young people, by county, region and England.

    Parameters
    ----------
    raw : Raw
        The raw files; the assessment factors give the code of each authority number, where they are held.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``, one indicator for each of :data:`MEASURES`. ``-`` in the file is null with that
        marker. No rows when the file is not held.

    Notes
    -----
    A rate of England below its lowest or above its highest region is not an average of them: it becomes null with the
    marker :data:`OUTSIDE_REGIONS`. In the file held this meets every ``first_time_entrants_rate`` of England, which
    is the sum of its nine regions' rates, to rounding.
    """
    path = find(raw, TOOL_SOURCE, _TOOL_FILE)
    if path is None:
        return pd.DataFrame()
    table = _read_tool(path)
    table = table[table["Short Desc"].isin([measure.short for measure in MEASURES])].reset_index(drop=True)
    frame = _tool_rows(table, path.name).join(_tool_periods(table, path.name))
    return _without_impossible(frame.merge(_tool_areas(raw, tables, table), on="area", how="left", validate="many_to_one"))


def _read_tool(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (pa.ArrowException, OSError) as error:
        raise SnaError(f"{path.name} cannot be read as a Parquet file; fetch it again.") from error
    check_columns(table, path.name, _TOOL_COLUMNS)
    return table


def _tool_rows(table: pd.DataFrame, file: str) -> pd.DataFrame:
    measures = {measure.short: measure for measure in MEASURES}
    wanted = table["Short Desc"].map(measures)
    return pd.DataFrame(
        {
            "indicator": [measure.indicator for measure in wanted],
            "source": TOOL_SOURCE,
            "area": table["LA and Regions"],
            "period_label": table["Years"],
            "category": "all",
            "value": numbers(table["Values"], file, MISSING).round(6),
            "unit": [measure.unit for measure in wanted],
            "marker": marker_of(table["Values"], MISSING),
        }
    )


def _tool_periods(table: pd.DataFrame, file: str) -> pd.DataFrame:
    meaning = {measure.short: measure.year for measure in MEASURES}
    spans = [_span(label, meaning[short], file) for label, short in zip(table["Years"], table["Short Desc"])]
    return pd.DataFrame(spans, columns=["period_start", "period_end"])


def _span(label: str, meaning: str, file: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first days of the first and last month that a year label covers."""
    year = label.split(" ")[0].split("/")[0].split("-")[0]
    if not (year.isdigit() and len(year) == 4):
        raise SnaError(f"{file} has the year label '{label}', which is not a year; check the file.")
    first = pd.Timestamp(int(year), 1, 1)
    if meaning == "three_marches":
        return pd.Timestamp(int(year), 4, 1), pd.Timestamp(int(year) + 3, 3, 1)
    if meaning == "school":
        first = pd.Timestamp(int(year), 9, 1)
    elif meaning == "march":
        first = pd.Timestamp(int(year) - 1, 4, 1)
    return first, first + pd.DateOffset(months=11)


def _tool_areas(raw: Raw, tables: Mapping[str, pd.DataFrame], table: pd.DataFrame) -> pd.DataFrame:
    gazetteer = Gazetteer.of(tables["places"])
    numbered = _authority_codes(raw, gazetteer)
    names = gazetteer.names()
    areas = table[["LA and Regions", "LA Number"]].drop_duplicates("LA and Regions")
    rows = []
    for name, number in areas.itertuples(index=False):
        whole, part = country(name), region(name)
        code, title = whole or part or gazetteer.county(name) or (numbered.get(f"{number:.0f}", f"dfe:{number:.0f}"), name)
        kind = "country" if whole else "region" if part else "county"
        rows.append({"area": name, "area_code": code, "area_name": names.get(code, title), "area_kind": kind})
    return pd.DataFrame(rows)


def _authority_codes(raw: Raw, gazetteer: Gazetteer) -> dict[str, str]:
    """Return the GSS code of each three-digit authority number; of several, the present one, else the latest."""
    columns = ["time_period", "old_la_code", "new_la_code"]
    listed = read_optional(raw, FACTORS_SOURCE, _FACTORS_FILE, columns)
    if listed is None:
        return {}
    present = {code for code, _ in gazetteer.counties.values()}
    pairs = listed[listed["old_la_code"] != ""].assign(present=listed["new_la_code"].isin(present))
    pairs = pairs.sort_values(["present", "time_period"], kind="stable")
    return dict(zip(pairs["old_la_code"], pairs["new_la_code"]))


def _without_impossible(frame: pd.DataFrame) -> pd.DataFrame:
    nine = [code for code in REGIONS if code.startswith("E12")]
    regions = frame[frame["area_code"].isin(nine) & frame["value"].notna()]
    limits = regions.groupby(["indicator", "period_label"])["value"].agg(["size", "min", "max"]).reset_index()
    joined = frame.merge(limits, on=["indicator", "period_label"], how="left", validate="many_to_one")
    national = (joined["area_kind"] == "country") & (joined["size"] == len(nine))
    impossible = national & ((joined["value"] < joined["min"]) | (joined["value"] > joined["max"]))
    joined["value"] = joined["value"].mask(impossible)
    joined["marker"] = joined["marker"].mask(impossible, OUTSIDE_REGIONS)
    return joined.drop(columns=["area", "size", "min", "max"])
