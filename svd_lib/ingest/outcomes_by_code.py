"""What became of recorded offences, by force and offence group: Home Office outcomes open data, 2018/19."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from svd_lib.ingest.arrests import with_forces
from svd_lib.ingest.gazetteer import Gazetteer
from svd_lib.ingest.published import Raw, numbers, read_optional

SOURCE = "home_office_prc"
CHARGED: Final = "Charged/Summonsed"
MISSING: Final = "NA"

DRIVING_CODES: Final = ("37.1", "4.4", "4.6", "4.8", "4.9")
HARASSMENT_CODES: Final = ("8L", "8M", "8Q", "8R")
"""Codes that today's offence groups hold apart and the file's subgroups do not."""

_SUBGROUPS: Final = {
    "Homicide": "Homicide",
    "Violence with injury": "Violence with injury",
    "Violence without injury": "Violence without injury",
    "Harassment": "Stalking and harassment",
    "Rape": "Sexual offences",
    "Other sexual offences": "Sexual offences",
    "Robbery": "Robbery",
    "Possession of weapons offences": "Possession of weapons offences",
}

_FILE = "violence-prosecutions-data.csv.gz"
_COUNT = "force_outcomes_for_offences_recorded_in_quarter"
_COLUMNS = ["financial_year", "force_name", "offence_subgroup", "offence_code", "outcome_group", _COUNT]


def build_outcomes_by_code(raw: Raw, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return outcomes of the violent, sexual, robbery and weapons offences that a force recorded in the year.

    Parameters
    ----------
    raw : Raw
        The raw files.
    tables : mapping
        Holds ``places``.

    Returns
    -------
    pandas.DataFrame
        Columns of table ``indicators``: ``outcomes_of_recorded_offences`` with categories ``Offence <group>`` (every offence
        recorded, whether or not it has an outcome yet) and ``Offence <group>|Outcome <outcome>``; ``charged_percent``
        with category ``Offence <group>``, null with marker ``no offences`` where there is nothing to divide by. Rape
        stands beside Sexual offences, of which it is a part. No rows when the file is not held.

    Notes
    -----
    Counts are of the outcomes given so far to offences recorded in the year, as first published; the file's other count,
    of outcomes given in the year to offences of any year, is not used.
    """
    outcomes = read_optional(raw, SOURCE, _FILE, _COLUMNS)
    if outcomes is None:
        return pd.DataFrame()
    wanted = outcomes[outcomes["offence_subgroup"].isin(_SUBGROUPS)].reset_index(drop=True)
    wanted["count"] = numbers(wanted[_COUNT], _FILE, (MISSING,))
    wanted["group"] = _groups(wanted)
    rape = wanted[wanted["offence_subgroup"] == "Rape"].assign(group="Rape")
    counted = _counted(pd.concat([wanted, rape], ignore_index=True))
    return with_forces(pd.concat([counted, _charged(counted)], ignore_index=True), Gazetteer.of(tables["places"]))


def _groups(outcomes: pd.DataFrame) -> pd.Series:
    groups = outcomes["offence_subgroup"].map(_SUBGROUPS)
    driving = "Death or serious injury caused by illegal driving"
    groups = groups.mask(outcomes["offence_code"].isin(DRIVING_CODES), driving)
    return groups.mask(outcomes["offence_code"].isin(HARASSMENT_CODES), "Stalking and harassment")


def _counted(outcomes: pd.DataFrame) -> pd.DataFrame:
    keys = ["force_name", "financial_year", "group"]
    every = outcomes.groupby(keys)["count"].sum().reset_index().assign(outcome="")
    each = outcomes.groupby([*keys, "outcome_group"])["count"].sum().reset_index().rename(columns={"outcome_group": "outcome"})
    both = pd.concat([every, each], ignore_index=True)
    outcome = ("|Outcome " + both["outcome"]).mask(both["outcome"] == "", "")
    return _dated(both.rename(columns={"count": "value"})).assign(
        indicator="outcomes_of_recorded_offences", category="Offence " + both["group"] + outcome, unit="offences", marker=None
    )


def _charged(counted: pd.DataFrame) -> pd.DataFrame:
    keys = ["force_name", "financial_year", "group"]
    every = counted.loc[counted["outcome"] == ""]
    charged = counted.loc[counted["outcome"] == CHARGED, [*keys, "value"]].rename(columns={"value": "charged"})
    both = every.merge(charged, on=keys, how="left", validate="one_to_one")
    share = 100 * both["charged"].fillna(0.0) / both["value"].where(both["value"] > 0)
    return both.drop(columns="charged").assign(
        indicator="charged_percent",
        value=share.round(6),
        unit="per cent of recorded offences",
        marker=share.isna().map({True: "no offences", False: None}),
    )


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    starts = pd.to_datetime(frame["financial_year"].str[:4] + "-04-01")
    return frame.assign(
        source=SOURCE,
        period_label=frame["financial_year"],
        period_start=starts,
        period_end=starts + pd.DateOffset(months=11),
    )
