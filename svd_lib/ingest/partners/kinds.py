"""What a kind of partner extract is: its columns, what each is coarsened to, and the counts it yields.

A kind is described as data (:mod:`svd_lib.ingest.partners.register`); template, note, checks, aggregates, contract and
synthetic extract all follow from the description.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

ALL = "all"
NOT_KNOWN = "not known"
OUTSIDE = "outside the area"
YES, NO = "yes", "no"
RULE = "partner_under_10"
"""Disclosure rule of every kind: counts under ten are withheld, then what would reveal them."""

AGE_BANDS: Mapping[str, tuple[int, int]] = {
    "under 10": (0, 9),
    "10 to 17": (10, 17),
    "18 to 24": (18, 24),
    "25 to 34": (25, 34),
    "35 to 49": (35, 49),
    "50 and over": (50, 120),
}
HOUR_BANDS: Mapping[str, tuple[int, int]] = {
    "00:00 to 05:59": (0, 5),
    "06:00 to 11:59": (6, 11),
    "12:00 to 17:59": (12, 17),
    "18:00 to 20:59": (18, 20),
    "21:00 to 23:59": (21, 23),
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TIMES = ("once", "twice", "three times or more")
ROLES = ("victim only", "suspect only", "victim and suspect")

TYPES: Mapping[str, tuple[str, ...]] = {
    "date": ("month", "weekday"),
    "time": ("hour_band",),
    "age": ("age_band",),
    "area": ("district",),
    "offence": ("offence_group",),
    "person": (),
    "category": (),
    "flag": (),
}
"""Type of a column -> the dimensions its values are coarsened to; a category or flag is a dimension of its own name."""
COARSENED = {
    "date": "kept as month and day of the week; the day itself is not kept",
    "time": "kept as a band of three to six hours",
    "age": "kept as an age band",
    "area": "kept as a district; a neighbourhood code is not kept",
    "offence": "kept as the offence group",
    "person": "used to count a person once, then left out",
    "category": "kept as given",
    "flag": "kept as yes, no or not known",
}


@dataclass(frozen=True)
class Field:
    """One column of an extract.

    Parameters
    ----------
    name, type, meaning : str
        Header, one of :data:`TYPES`, and what the column holds.
    required : bool
        Whether every row must have a value; where not, an empty cell is "not known".
    allowed : mapping of str to tuple of str
        For a category: each value, with other spellings that mean it.
    unit : str
        Unit in words.
    also : tuple of str
        Other headers that are read as this column.
    purpose : str
        What the column is for.
    """

    name: str
    type: str
    meaning: str
    required: bool = True
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unit: str = ""
    also: tuple[str, ...] = ()
    purpose: str = ""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions that the column becomes."""
        return (self.name,) if self.type in ("category", "flag") else TYPES[self.type]

    @property
    def coarsening(self) -> str:
        """What becomes of the values, in words."""
        return COARSENED[self.type]

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Every accepted spelling, plain -> the value it means."""
        values = {YES: ("y", "true", "1"), NO: ("n", "false", "0")} if self.type == "flag" else self.allowed
        known = {NOT_KNOWN: ("unknown", "not recorded", "not stated", "nk", "n/k"), **values}
        return {plain(word): value for value, words in known.items() for word in (value, *words)}


SYNTHETIC = Field("synthetic", "flag", "yes in made-up rows; a real extract leaves the column out", False)
"""The column that every file made by the generator carries in every row."""


@dataclass(frozen=True)
class Kind:
    """One kind of partner extract.

    Parameters
    ----------
    id : str
        As ``--kind`` names it.
    title, holder : str
        What it is and who holds it.
    unit : str
        What one row is, in the plural: attendances, offences, people.
    purpose : str
        What the assessment uses it for.
    fields : tuple of Field
        Columns, in the template's order.
    aggregates : tuple of tuple of str
        Tables of counts: each a set of dimensions.
    retention_months : int
        How long an extract is kept before it must be deleted.
    rate : float
        Rows per 1,000 residents a year that a synthetic extract has; made up.
    """

    id: str
    title: str
    holder: str
    unit: str
    purpose: str
    fields: tuple[Field, ...]
    aggregates: tuple[tuple[str, ...], ...]
    retention_months: int = 12
    rate: float = 1.0

    @property
    def table(self) -> str:
        """Name of its tidy table, which is also its id in the registry of sources."""
        return f"partner_{self.id.replace('-', '_')}"

    @property
    def counts_people(self) -> bool:
        """Whether a person is counted once, however many rows there are."""
        return any(one.type == "person" for one in self.fields)

    @property
    def is_survey(self) -> bool:
        """Whether the columns are questions, which differ from file to file."""
        return self.id == "survey"

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Every dimension of the aggregates, each once, in order of appearance."""
        return tuple(dict.fromkeys(name for one in self.aggregates for name in one))

    def field_of(self, dimension: str) -> Field:
        """Return the column that a dimension is made from."""
        return next(one for one in self.fields if dimension in one.dimensions)

    def domain(self, dimension: str) -> tuple[str, ...] | None:
        """Return every value of a dimension in its order, or None where it depends on the file or the area."""
        fixed = {"weekday": WEEKDAYS, "hour_band": (*HOUR_BANDS, NOT_KNOWN), "age_band": (*AGE_BANDS, NOT_KNOWN), "times": TIMES, "role": ROLES}
        if dimension in fixed:
            return fixed[dimension]
        if dimension in ("month", "district", "offence_group", "question", "answer", "group"):
            return None
        one = self.field_of(dimension)
        return (YES, NO, NOT_KNOWN) if one.type == "flag" else (*one.allowed, NOT_KNOWN)


def plain(text: str) -> str:
    """Return a word as headers and values are compared: one form of every letter, lower case, words parted by one blank."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\s_\-]+", " ", folded).split())
