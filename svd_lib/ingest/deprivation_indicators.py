"""What the Indices of Deprivation are made of, by LSOA 2021: the underlying indicators, police-recorded violence among them.

The 2025 edition is by LSOA 2021 as it stands. Of the 2019 edition (LSOA 2011, no crime rates) the rates are carried over
as the index itself is; its counts are left out, because a count of a split area is not the count of each part.
The crime rates of 2025 are the publisher's, on an "at-risk" population and a period of its own: they describe places and
have no part in a model that has crime as its outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.ingest.deprivation import SOURCE, main_contributors
from svd_lib.ingest.published import Raw, numbers, read_optional

SUPPRESSED: Final = "suppressed small count"
"""Our marker for a cell that the publisher leaves blank."""

_AT_RISK: Final = "per 1,000 at-risk population"
_SCALE: Final = "publisher's scale"

INDICATORS_2025: Final[Mapping[str, tuple[str, str]]] = {
    "violence_with_injury_rate_per_1_000_at_risk_population": ("violence_with_injury_rate", _AT_RISK),
    "violence_without_injury_rate_per_1_000_at_risk_population": ("violence_without_injury_rate", _AT_RISK),
    "stalking_and_harassment_rate_per_1_000_at_risk_population": ("stalking_and_harassment_rate", _AT_RISK),
    "public_order_and_possession_of_weapons_rate_per_1_000_at_risk_population": ("public_order_and_weapons_rate", _AT_RISK),
    "burglary_rate_per_1_000_at_risk_properties": ("burglary_rate", "per 1,000 at-risk properties"),
    "theft_rate_per_1_000_at_risk_population": ("theft_rate", _AT_RISK),
    "criminal_damage_rate_per_1_000_at_risk_population": ("criminal_damage_rate", _AT_RISK),
    "anti_social_behaviour_rate_per_1_000_at_risk_population": ("anti_social_behaviour_rate", _AT_RISK),
    "income_domain_numerator": ("income_deprived_people", "people"),
    "income_deprivation_affecting_children_index_idaci_numerator": ("income_deprived_children", "children"),
    "income_deprivation_affecting_older_people_index_idaopi_numerator": ("income_deprived_older_people", "people"),
    "employment_domain_numerator": ("employment_deprived_people", "people"),
    "adult_skills_and_english_language_proficiency_indicator": ("adult_skills_deprived_share", "share of adults"),
    "entry_to_higher_education_indicator": ("not_entering_higher_education_share", "share of young people"),
    "acute_morbidity_indicator": ("acute_morbidity", _SCALE),
    "comparative_illness_and_disability_ratio_indicator": ("comparative_illness_and_disability_ratio", _SCALE),
    "mental_health_indicator": ("mood_and_anxiety_disorders", _SCALE),
    "years_of_potential_life_lost_indicator": ("years_of_potential_life_lost", _SCALE),
    "homelessness_indicator_rate_per_1_000_households": ("homelessness_rate", "per 1,000 households"),
    "core_homelessness_rate_percent_of_households": ("core_homelessness_percent", "per cent of households"),
    "household_overcrowding_indicator_bedrooms": ("overcrowded_households_share", "share of households"),
    "connectivity_score": ("connectivity_score", _SCALE),
    "patient_to_gp_ratio": ("patients_per_gp", "patients per GP"),
}
"""Columns taken of the 2025 edition: the publisher's name, ours, and the unit."""

INDICATORS_2019: Final[Mapping[str, tuple[str, str]]] = {
    "staying_on_in_education_post_16_indicator": ("not_staying_on_in_education_share", "share of young people"),
    "entry_to_higher_education_indicator": ("not_entering_higher_education_share", "share of young people"),
    "adult_skills_and_english_language_proficiency_indicator": ("adult_skills_deprived_share", "share of adults"),
    "acute_morbidity_indicator": ("acute_morbidity", _SCALE),
    "comparative_illness_and_disability_ratio_indicator": ("comparative_illness_and_disability_ratio", _SCALE),
    "mood_and_anxiety_disorders_indicator": ("mood_and_anxiety_disorders", _SCALE),
    "years_of_potential_life_lost_indicator": ("years_of_potential_life_lost", _SCALE),
    "homelessness_indicator_rate_per_1000_households": ("homelessness_rate", "per 1,000 households"),
    "household_overcrowding_indicator": ("overcrowded_households_share", "share of households"),
}
"""Columns taken of the 2019 edition. The editions define several of these differently: never one beside the other."""

_FILE_2025, _FILE_2019 = "imd2025_england_lsoa21_indicators.csv.gz", "imd2019_england_lsoa11_indicators.csv.gz"


def build_deprivation_indicators(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the underlying indicators of each edition that is held.

    Parameters
    ----------
    raw, tables
        As :func:`svd_lib.ingest.deprivation.build_deprivation`.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``place_indicators``, references ``imd_2025`` and ``imd_2019``; a blank cell is null with the
        marker :data:`SUPPRESSED`. England only.
    """
    parts = []
    now = read_optional(raw, SOURCE, _FILE_2025, ["lsoa21_code", *INDICATORS_2025])
    if now is not None:
        parts.append(_long(now.rename(columns={"lsoa21_code": "lsoa21cd"}), INDICATORS_2025, "imd_2025", _FILE_2025))
    then = read_optional(raw, SOURCE, _FILE_2019, ["lsoa11_code", *INDICATORS_2019])
    if then is not None:
        contributors = main_contributors(raw, tables["place_changes"])
        carried = contributors.merge(then, left_on="lsoa11cd", right_on="lsoa11_code", how="inner", validate="many_to_one")
        parts.append(_long(carried, INDICATORS_2019, "imd_2019", _FILE_2019))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _long(wide: pd.DataFrame, columns: Mapping[str, tuple[str, str]], reference: str, file: str) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "lsoa21cd": wide["lsoa21cd"],
                "reference": reference,
                "indicator": indicator,
                "category": "all",
                "value": numbers(wide[published], file, ("",)),
                "unit": unit,
                "marker": pd.Series(SUPPRESSED, index=wide.index, dtype="str").where(wide[published].str.strip() == ""),
                "source": SOURCE,
            }
        )
        for published, (indicator, unit) in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)
