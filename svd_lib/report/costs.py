"""What recorded offences cost society: published unit costs, each with its price base and how far it was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.report.facts import Fact

UNIT_COSTS: Final[Mapping[str, str]] = {
    "Homicide": "cost-homicide-rounded",
    "Violence with injury": "cost-violence-with-injury",
    "Robbery": "cost-robbery",
}
"""Offence group -> the fact that holds its unit cost. A fact from memory enters no sum, so the others have none."""
RAPE, OTHER_SEXUAL = "cost-rape", "cost-other-sexual"
MILLION: Final = 1e6


def costed(levels: pd.DataFrame, mix: pd.DataFrame, facts: Mapping[str, Fact]) -> pd.DataFrame:
    """Return offence groups with the unit cost of one offence.

    Parameters
    ----------
    levels : pandas.DataFrame
        ``offence`` and ``count`` (offences of the newest year).
    mix : pandas.DataFrame
        ``offence, offence_subgroup, offence_count`` of the year by code; it splits sexual offences into rape and others.
    facts : mapping of str to Fact
        Authored facts.

    Returns
    -------
    pandas.DataFrame
        ``offence, number`` and ``unit_cost`` (pounds, in the price base of the source); groups without a cost that was read are
        left out.
    """
    units = {offence: _pounds(facts[name]) for offence, name in UNIT_COSTS.items()}
    units["Sexual offences"] = _sexual(mix, facts)
    rows = levels[levels["offence"].isin(units)]
    return rows[["offence"]].assign(number=rows["count"], unit_cost=rows["offence"].map(units)).reset_index(drop=True)


def _pounds(fact: Fact) -> float:
    return fact.number * (MILLION if fact.unit.startswith("£ million") else 1.0)


def _sexual(mix: pd.DataFrame, facts: Mapping[str, Fact]) -> float:
    """The mean cost of a sexual offence: rape and the others as often as the year by code had them."""
    rows = mix[mix["offence"] == "Sexual offences"]
    rape = rows.loc[rows["offence_subgroup"].str.contains("Rape"), "offence_count"].sum() / rows["offence_count"].sum()
    return rape * _pounds(facts[RAPE]) + (1 - rape) * _pounds(facts[OTHER_SEXUAL])
