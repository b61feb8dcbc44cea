"""The field's words: crime types, offence groups, area kinds, code shapes. Imports nothing of ours."""

from __future__ import annotations

import re
from typing import Final

CRIME_TYPES: Final[tuple[str, ...]] = (
    "Anti-social behaviour",
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Other crime",
    "Other theft",
    "Possession of weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
)
"""Street-level categories of data.police.uk, in the publisher's spelling."""

ASB: Final = "Anti-social behaviour"
VIOLENCE: Final = "Violence and sexual offences"
ROBBERY: Final = "Robbery"
WEAPONS: Final = "Possession of weapons"

OFFENCE_GROUPS: Final[tuple[str, ...]] = (
    "Homicide",
    "Death or serious injury caused by illegal driving",
    "Violence with injury",
    "Violence without injury",
    "Stalking and harassment",
    "Sexual offences",
    "Robbery",
    "Residential burglary",
    "Non-residential burglary",
    "Vehicle offences",
    "Theft from the person",
    "Bicycle theft",
    "Shoplifting",
    "All other theft offences",
    "Criminal damage and arson",
    "Drug offences",
    "Possession of weapons offences",
    "Public order offences",
    "Miscellaneous crimes against society",
)
"""Leaf offence groups of recorded crime since 2017, as the force area tables name them. They add up to
``Total recorded crime (excluding fraud)``."""

VIOLENCE_GROUPS: Final[tuple[str, ...]] = (
    "Homicide",
    "Violence with injury",
    "Violence without injury",
    "Stalking and harassment",
    "Sexual offences",
    "Robbery",
    "Possession of weapons offences",
)
"""Offence groups that a serious-violence assessment follows over time."""

TOTAL_EXCLUDING_FRAUD: Final = "Total recorded crime (excluding fraud)"
VIOLENCE_AGAINST_THE_PERSON: Final = "Violence against the person"

AREA_KINDS: Final[tuple[str, ...]] = ("force", "csp", "county", "district", "ward", "lsoas")

BASES: Final[tuple[str, ...]] = ("recorded_by", "located_in", "published_for")
"""What a number counts: a force's own figures, places inside the area, or what was published for an authority around it."""

RESULT_COLUMNS: Final[tuple[str, ...]] = (
    "numerator",
    "denominator",
    "value",
    "lower_ci",
    "upper_ci",
    "statistic",
    "method",
    "confidence",
)
"""What every measure returns beside the columns that identify a row."""

LSOA_PATTERN: Final = re.compile(r"^[EW]01\d{6}$")
GSS_PATTERN: Final = re.compile(r"^[EWKSN]\d{8}$")

ENGLAND_AND_WALES: Final = "K04000001"


def force_slug(name: str) -> str:
    """Return the publisher's slug for a police force name, e.g. ``"Devon and Cornwall"`` -> ``"devon-and-cornwall"``.

    Parameters
    ----------
    name : str
        A force name in any of the publishers' spellings.

    Returns
    -------
    str
        Lower case, hyphens for blanks, ``&`` read as ``and``; the two forces that the archive abbreviates are mapped.
    """
    plain = re.sub(r"[^a-z]+", "-", name.lower().replace("&", " and ").replace(",", " ")).strip("-")
    return _SLUGS.get(plain, plain)


_SLUGS: Final = {
    "metropolitan-police": "metropolitan",
    "london-city-of": "city-of-london",
    "british-transport-police": "btp",
    "greater-manchester": "greater-manchester",
}


def financial_year(year: int, month: int) -> str:
    """Return the financial year of a month, e.g. ``(2025, 1)`` -> ``"2024/25"``."""
    start = year if month >= 4 else year - 1
    return f"{start}/{(start + 1) % 100:02d}"
