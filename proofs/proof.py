"""What a proof is: named steps of simulation, their readings, and the rule that passes or fails each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

Kind = Literal["level", "coverage", "measured"]

LOWEST, HIGHEST = 0.93, 0.97
"""Bounds of the coverage of a 95% interval; an exact or discrete one may cover more."""

ENOUGH = 2_000
"""Trials from which coverage is held to its bounds as it stands; fewer are allowed three standard errors."""


@dataclass(frozen=True)
class Reading:
    """One simulated figure.

    Attributes
    ----------
    measure : str
        Function and option, such as ``rates.rate_ratio exact``.
    setting : str
        The data simulated.
    kind : {"level", "coverage", "measured"}
        A false-positive rate that has a nominal level; the coverage of an interval; or a rate that is only printed.
    nominal : float
        Level or confidence; NaN where there is none.
    hits, trials : int
        Data sets with a false positive, or whose interval holds the truth, of all those simulated.
    is_discrete : bool
        An exact or discrete method, whose coverage may exceed the upper bound.
    note : str
        Why a reading is as it is, where it is not obvious.
    """

    measure: str
    setting: str
    kind: Kind
    nominal: float
    hits: int
    trials: int
    is_discrete: bool = False
    note: str = ""

    @property
    def share(self) -> float:
        """Return hits over trials."""
        return self.hits / self.trials

    @property
    def error(self) -> float:
        """Return the standard error of the share were the nominal value true."""
        return float(np.sqrt(self.nominal * (1 - self.nominal) / self.trials))

    @property
    def passed(self) -> bool:
        """Return whether the reading is within its bounds."""
        if self.kind == "measured":
            return True
        if self.kind == "level":
            return self.share <= self.nominal + 3 * self.error
        slack = 0.0 if self.trials >= ENOUGH else 3 * self.error
        scale = (1 - self.nominal) / 0.05
        low, high = 1 - (1 - LOWEST) * scale - slack, 1 - (1 - HIGHEST) * scale + slack
        return self.share >= low and (self.is_discrete or self.share <= high)

    def row(self) -> dict[str, object]:
        """Return the reading as it is written down."""
        fields = {name: value for name, value in asdict(self).items() if value != ""}
        if np.isnan(self.nominal):
            fields.pop("nominal")
        return {**fields, "share": round(self.share, 5), "passed": self.passed}


Simulate = Callable[[np.random.Generator, int], Iterable[Reading]]


@dataclass(frozen=True)
class Step:
    """One simulation of a proof, and how often it is repeated in full."""

    name: str
    simulate: Simulate
    replications: int


@dataclass(frozen=True)
class Proof:
    """A proof: the question, the files whose behaviour it covers (globs from the project's root) and its steps.

    ``sampled_by`` names the test that runs its sample, where a step is too long for the suite.
    """

    name: str
    question: str
    covers: Sequence[str]
    steps: Sequence[Step]
    sampled_by: str = ""

    def files(self, root: Path) -> list[Path]:
        """Return the files covered, sorted."""
        return sorted({path for pattern in self.covers for path in root.glob(pattern)})


def level_reading(measure: str, setting: str, p_values: object, *, alpha: float = 0.05, note: str = "") -> Reading:
    """Return how often p-values fall at or below a level; a missing p-value rejects nothing."""
    p = np.asarray(p_values, float)
    return Reading(measure, setting, "level", alpha, int(np.sum(p <= alpha)), p.size, note=note)


def event_reading(
    measure: str, setting: str, happened: object, *, nominal: float = np.nan, kind: Kind = "level", note: str = ""
) -> Reading:
    """Return how often something that should be rare happened, one truth value a data set."""
    marks = np.asarray(happened, bool)
    return Reading(measure, setting, kind, nominal, int(marks.sum()), marks.size, note=note)


def coverage_reading(
    measure: str,
    setting: str,
    lower: object,
    upper: object,
    truth: object,
    *,
    confidence: float = 0.95,
    is_discrete: bool = False,
    kind: Kind = "coverage",
    note: str = "",
) -> Reading:
    """Return how often limits hold the truth; data sets without limits are no trials."""
    low, high, true = np.broadcast_arrays(*(np.asarray(part, float) for part in (lower, upper, truth)))
    known = ~np.isnan(low) & ~np.isnan(high)
    held = (low <= true) & (true <= high) & known
    return Reading(measure, setting, kind, confidence, int(held.sum()), int(known.sum()), is_discrete, note)
