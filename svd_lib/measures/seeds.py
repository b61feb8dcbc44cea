"""The one seed of the report: every simulation draws from a generator made of it and a name of its own."""

from __future__ import annotations

from typing import Final

import numpy as np

SEED: Final = 20_230_131
"""Stated once, so that anyone can repeat every permutation and resample (the day the Duty came into force)."""


def seeded(name: str) -> np.random.Generator:
    """Return a fresh generator for one exhibit or finding.

    Parameters
    ----------
    name : str
        Its id. Each name has draws of its own, so that adding an exhibit changes no other.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([SEED, *name.encode()])
