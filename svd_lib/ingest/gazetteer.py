"""Names to codes: which area a publisher means by a force, county, district, region or country."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from svd_lib import vocabulary

REGIONS: Final = {
    "E12000001": "North East",
    "E12000002": "North West",
    "E12000003": "Yorkshire and The Humber",
    "E12000004": "East Midlands",
    "E12000005": "West Midlands",
    "E12000006": "East of England",
    "E12000007": "London",
    "E12000008": "South East",
    "E12000009": "South West",
    "E13000001": "Inner London",
    "E13000002": "Outer London",
}
"""Regions of England, and the two parts of London that some publishers list beside them."""

COUNTRIES: Final = {
    "E92000001": "England",
    "W92000004": "Wales",
    vocabulary.ENGLAND_AND_WALES: "England and Wales",
}

_REGION_SPELLINGS: Final = {"east": "E12000006", "london inner": "E13000001", "london outer": "E13000002"}


@dataclass(frozen=True)
class Gazetteer:
    """The areas of table ``places`` by name; every look-up returns ``(code, name)``, or None for a name it lacks."""

    forces: Mapping[str, tuple[str, str]]
    counties: Mapping[str, tuple[str, str]]
    districts: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, places: pd.DataFrame) -> Gazetteer:
        """Return the gazetteer of a ``places`` table."""
        return cls(
            _by(places, "pfa24cd", "pfa_name", vocabulary.force_slug),
            _by(places, "utla_code", "utla_name", plain),
            _by(places, "lad24cd", "lad24nm", plain),
        )

    def force(self, name: str) -> tuple[str, str]:
        """Return a force; one without territory, such as the transport police, has its slug for a code."""
        slug = vocabulary.force_slug(name)
        return self.forces.get(slug, (slug, name))

    def county(self, name: str) -> tuple[str, str] | None:
        """Return a county or unitary authority by name."""
        return self.counties.get(plain(name))

    def district(self, name: str) -> tuple[str, str] | None:
        """Return a district of 2024 by name."""
        return self.districts.get(plain(name))

    def names(self) -> dict[str, str]:
        """Return the name of every code: forces, counties, districts, regions and countries."""
        listed = [*self.districts.values(), *self.counties.values(), *self.forces.values()]
        return {**dict(listed), **REGIONS, **COUNTRIES}


def region(name: str) -> tuple[str, str] | None:
    """Return a region of England, or a part of London, in any publisher's spelling."""
    wanted = plain(name)
    known = {plain(title): code for code, title in REGIONS.items()} | _REGION_SPELLINGS
    code = known.get(wanted)
    return None if code is None else (code, REGIONS[code])


def country(name: str) -> tuple[str, str] | None:
    """Return a country by name, in any case."""
    known = {plain(title): code for code, title in COUNTRIES.items()}
    code = known.get(plain(name))
    return None if code is None else (code, COUNTRIES[code])


def kind_of(code: str) -> str:
    """Return the kind of area a GSS code stands for: force, county, district, region or country."""
    kinds = {"E23": "force", "W15": "force", "E12": "region", "E13": "region", "E92": "country", "W92": "country", "K04": "country"}
    return kinds.get(code[:3], "district" if code[:3] == "E07" else "county")


def plain(name: str) -> str:
    """Return a name in lower case with words only and without ``, City of``, so that spellings of one place meet."""
    short = re.sub(r", (city|county) of$", "", name.lower().strip())
    return re.sub(r"[^a-z0-9]+", " ", short.replace("&", " and ")).strip()


def _by(places: pd.DataFrame, code: str, name: str, key) -> dict[str, tuple[str, str]]:
    pairs = places[[code, name]].drop_duplicates().sort_values(code, kind="stable")
    return {key(title): (gss, title) for gss, title in pairs.itertuples(index=False)}
