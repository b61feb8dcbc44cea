"""Certainty of evidence by GRADE-like arithmetic: where a study starts, what lowers it, what raises it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import pandas as pd

from svd_lib.errors import SnaError

Design = Literal["rct", "observational", "other"]

START: Final[dict[str, int]] = {"rct": 4, "observational": 2, "other": 1}
LEVELS: Final[dict[int, str]] = {1: "Very low", 2: "Low", 3: "Moderate", 4: "High"}
LOWERING: Final[tuple[str, ...]] = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
RAISING: Final[dict[str, int]] = {"large_effect": 2, "dose_response": 1, "plausible_confounding": 1}
"""What may raise certainty, and by how much at most."""


def certainty(design: Design, down: Mapping[str, int] | None = None, up: Mapping[str, int] | None = None) -> str:
    """Return the certainty of a body of evidence.

    Parameters
    ----------
    design : {"rct", "observational", "other"}
        Starts at High, Low and Very low.
    down : mapping, optional
        Domain -> 1 (serious) or 2 (very serious): ``risk_of_bias, inconsistency, indirectness, imprecision, publication_bias``. Studies
        from other countries only are indirect for the United Kingdom: 1.
    up : mapping, optional
        ``large_effect`` 1 or 2, ``dose_response`` 1, ``plausible_confounding`` 1.

    Returns
    -------
    str
        ``High``, ``Moderate``, ``Low`` or ``Very low``.

    Raises
    ------
    SnaError
        For an unknown design or domain, or a number of steps out of range.

    References
    ----------
    Guyatt et al. (2011), Journal of Clinical Epidemiology 64:383-394.
    """
    if design not in START:
        raise SnaError(f"A study design is {', '.join(START)}; '{design}' is none of these.")
    lowered = _steps(down or {}, dict.fromkeys(LOWERING, 2), "lower")
    raised = _steps(up or {}, RAISING, "raise")
    return LEVELS[min(max(START[design] - lowered + raised, 1), 4)]


def certainty_table(bodies: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return the certainty of several bodies of evidence.

    Parameters
    ----------
    bodies : sequence of mappings
        Each with ``design``, ``down`` and ``up`` as :func:`certainty` takes them; further keys are kept.

    Returns
    -------
    pandas.DataFrame, one row a body
        What was given, and ``certainty``.
    """
    frame = pd.DataFrame([dict(body) for body in bodies])
    return frame.assign(certainty=[certainty(body["design"], body.get("down"), body.get("up")) for body in bodies])


def _steps(given: Mapping[str, int], most: Mapping[str, int], verb: str) -> int:
    for domain, steps in given.items():
        if domain not in most:
            raise SnaError(f"'{domain}' does not {verb} certainty; the domains are {', '.join(most)}.")
        if not 0 <= steps <= most[domain]:
            raise SnaError(f"'{domain}' can {verb} certainty by 0 to {most[domain]} steps, not {steps}.")
    return sum(given.values())
