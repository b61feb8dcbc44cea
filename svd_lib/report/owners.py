"""Who would do it: duty holders by kind, from the edition's partnership file where it names them.

Until an edition is approved every owner is a proposal, whoever it is.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from svd_lib.edition import Edition
from svd_lib.report import text
from svd_lib.yaml_text import read_yaml

KINDS: Final[dict[str, tuple[str, str]]] = {
    "police": (r"constabulary|police(?! and crime)", "the police"),
    "council": (r"county council|unitary", "the county or unitary council"),
    "youth_justice": (r"youth (justice|offending)", "the youth justice service"),
    "probation": (r"probation", "the probation service"),
    "health": (r"integrated care|health board", "the integrated care board"),
    "fire": (r"fire", "the fire and rescue service"),
}
"""Kind of duty holder -> how its name is recognised, and what it is called where no name is recorded."""


def proposed_owners(edition: Edition) -> dict[str, str]:
    """Return a name for each kind of duty holder.

    Parameters
    ----------
    edition : Edition
        Its ``partnership.yml`` need not exist.

    Returns
    -------
    dict of str to str
        ``police, council, youth_justice, probation, health, fire`` and ``partnership``.
    """
    path = edition.partnership_path
    record = read_yaml(path.read_text(encoding="utf-8")) if path.is_file() else {}
    names = [str(holder["name"]) for holder in (record or {}).get("duty_holders") or []]
    owners = {kind: _named(names, pattern, generic) for kind, (pattern, generic) in KINDS.items()}
    return owners | {"partnership": f"the {edition.partnership}"}


def _named(names: list[str], pattern: str, generic: str) -> str:
    return next((name for name in names if re.search(pattern, name, re.IGNORECASE)), generic)


def review_month(edition: Edition, months: int = 12) -> str:
    """Return the month by which a recommendation is looked at again: so many months after the edition's end."""
    return text.month_words(pd.Period(edition.period_end, "M") + months)
