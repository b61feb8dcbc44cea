"""Which edition is worked out again: its folder of tables, its years and its names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Months = tuple[str, str]


@dataclass(frozen=True)
class Setting:
    """One edition as this program knows it.

    Attributes
    ----------
    name : str
        The edition's name.
    year, before : (str, str)
        First and last month of its year and of the year compared with.
    end : str
        Its last day.
    index : str
        Edition of the index of deprivation.
    newest : str
        End of the newest year in the force tables; empty where the edition ends before them.
    """

    name: str
    year: Months
    before: Months
    end: str
    index: str
    newest: str

    @property
    def folder(self) -> Path:
        """The tables that the edition carries."""
        return ROOT / "data" / "editions" / self.name / "snapshot"


NEWEST = Setting("suffolk-2025", ("2025-01-01", "2025-12-01"), ("2021-04-01", "2022-03-01"), "2025-12-31", "imd_2025", "2025-06-01")
EARLIER = Setting("suffolk-2022", ("2021-04-01", "2022-03-01"), ("2018-04-01", "2019-03-01"), "2022-03-31", "imd_2019", "")
EDITIONS = {one.name: one for one in (NEWEST, EARLIER)}
