"""Made-up extracts of every kind, to try the road and to show the pages; they say nothing about any area.

Sizes follow the area's residents; ages, hours, days and months have plausible shapes chosen by this project. Every row
carries ``synthetic`` = yes, and such a file can never be released into a committed edition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.ingest.partners.kinds import SYNTHETIC, YES, Field, Kind

_MONTH_WEIGHTS = (0.9, 0.85, 0.95, 1.0, 1.1, 1.15, 1.2, 1.15, 1.05, 1.0, 0.9, 0.95)
_WEEKDAY_WEIGHTS = (0.85, 0.8, 0.85, 0.9, 1.1, 1.35, 1.3)
_HOUR_WEIGHTS = (1.6, 1.5, 1.3, 1.0, 0.6, 0.4, 0.3, 0.4, 0.6, 0.6, 0.6, 0.7, 0.8, 0.8, 0.9, 1.1, 1.2, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8)
_AGES_FROM: Mapping[str, tuple[int, int]] = {"youth-justice": (10, 17), "social-care": (0, 17), "probation": (18, 75)}
_FLAG_SHARES: Mapping[str, float] = {"knife": 0.08, "conveyed": 0.7, "under_25": 0.35, "domestic": 0.3, "first_time": 0.4, "casualty": 0.05}
_GROUP_WEIGHTS: Mapping[str, float] = {
    "Violence without injury": 40, "Violence with injury": 30, "Stalking and harassment": 12, "Sexual offences": 8,
    "Possession of weapons offences": 5, "Robbery": 3, "Homicide": 0.05,
}  # fmt: skip
_BLANK_SHARE = 0.03
_SOMETIMES_BLANK = ("area", "ethnicity", "weapon", "location_type", "reason", "tenure")
_PEOPLE_PER_ROW = 0.78


@dataclass(frozen=True)
class Setting:
    """What synthetic extracts are sized and placed by.

    Parameters
    ----------
    population : pandas.Series
        Residents by LSOA 2021 code.
    months : pandas.PeriodIndex
        Months to cover.
    offences : mapping of str to sequence of str
        Offence group -> codes.
    """

    population: pd.Series
    months: pd.PeriodIndex
    offences: Mapping[str, Sequence[str]]


def synthetic_extract(kind: Kind, setting: Setting, rng: np.random.Generator) -> pd.DataFrame:
    """Return a made-up extract with the columns of a kind's template, every row marked.

    Parameters
    ----------
    kind : Kind
        Any but the survey.
    setting : Setting
        Size, places and months.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    pandas.DataFrame
        Text columns; one row an event, in random order of time.
    """
    size = int(rng.poisson(kind.rate * setting.population.sum() / 1000 * len(setting.months) / 12))
    makers = {"date": _dates, "time": _times, "age": _ages, "area": _areas, "offence": _offences, "person": _persons, "category": _categories, "flag": _flags}
    columns = {one.name: makers[one.type](one, kind, setting, size, rng) for one in kind.fields}
    frame = pd.DataFrame(columns)
    for one in kind.fields:
        if not one.required and one.name in _SOMETIMES_BLANK:
            frame.loc[rng.random(size) < _BLANK_SHARE, one.name] = ""
    if kind.counts_people:
        frame = _same_person_same_details(frame)
    return frame.assign(**{SYNTHETIC.name: YES})


def write_synthetic(kind: Kind, setting: Setting, rng: np.random.Generator, path: Path) -> None:
    """Write a made-up extract of any kind as CSV; a survey with the two header rows of a survey tool."""
    made = synthetic_survey(kind, setting, rng) if kind.is_survey else synthetic_extract(kind, setting, rng)
    made.to_csv(path, index=False, header=not kind.is_survey, lineterminator="\n")


def synthetic_survey(kind: Kind, setting: Setting, rng: np.random.Generator) -> pd.DataFrame:
    """Return a made-up export of a survey tool, its two header rows first."""
    size = int(rng.poisson(kind.rate * setting.population.sum() / 1000 * len(setting.months) / 12))
    columns: dict[tuple[str, str], np.ndarray] = {
        ("Start Date", ""): _dates(_DAY, kind, setting, size, rng),
        ("How safe do you feel walking alone after dark?", "Response"): _chosen(_SAFE, (0.12, 0.34, 0.16, 0.24, 0.14), size, rng),
        ("How old are you?", "Response"): _chosen(_AGE_ANSWERS, (0.02, 0.1, 0.16, 0.27, 0.45), size, rng),
    }
    for option, share in _WORRIES.items():
        columns["Which of these worry you where you live?", option] = np.where(rng.random(size) < share, option, "")
    said = _chosen(["", *_REMARKS], [0.5] + [0.5 / len(_REMARKS)] * len(_REMARKS), size, rng)
    columns["What would make the greatest difference?", "Open-Ended Response"] = said
    columns |= {(f"Themes, {reader} reader", theme): mark for reader in ("first", "second") for theme, mark in _read(said, rng).items()}
    columns[SYNTHETIC.name, ""] = np.full(size, YES, dtype=object)
    headers = [[question if place == 0 or question != before else "" for place, (question, before) in enumerate(zip(*_beside(columns)))], [option for _, option in columns]]
    return pd.concat([pd.DataFrame(headers), pd.DataFrame(dict(enumerate(columns.values())))], ignore_index=True)


def _read(said: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the marks of a made-up reader, who overlooks one remark in ten."""
    seen = np.where(rng.random(len(said)) < 0.9, said, "")
    return {theme: np.where(seen == remark, "x", "") for theme, remark in zip(_THEMES, _REMARKS)}


def _beside(columns: Mapping[tuple[str, str], np.ndarray]) -> tuple[list[str], list[str]]:
    """Return each column's question, and the question of the column before it."""
    questions = [question for question, _ in columns]
    return questions, ["", *questions[:-1]]


_DAY = Field("date", "date", "Day")
_SAFE = ("Very safe", "Fairly safe", "Neither safe nor unsafe", "Fairly unsafe", "Very unsafe")
_AGE_ANSWERS = ("Under 18", "18 to 24", "25 to 34", "35 to 54", "55 or over")
_WORRIES = {"Knife crime": 0.38, "Domestic abuse": 0.21, "Drug dealing": 0.47, "Fights at night": 0.29, "Gangs": 0.17}
_REMARKS = (
    "Synthetic answer: more for young people to do in the evenings",
    "Synthetic answer: better lighting on the way home from the station",
    "Synthetic answer: someone to talk to who will still be here next year",
    "Synthetic answer: help earlier, before a child is excluded from school",
    "Synthetic answer: see the same officers often enough to know their faces",
)
_THEMES = ("Things for young people to do", "Light and safe streets", "Someone who stays", "School", "Officers people know")
"""What each remark is about, in their order."""

Maker = Callable[[Field, Kind, Setting, int, np.random.Generator], np.ndarray]


def _chosen(values: Sequence[object], weights: Sequence[float], size: int, rng: np.random.Generator) -> np.ndarray:
    share = np.asarray(weights, float)
    return rng.choice(np.asarray(values, dtype=object), size=size, p=share / share.sum())


def _dates(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    days = pd.date_range(setting.months[0].start_time, setting.months[-1].end_time, freq="D")
    weights = [_MONTH_WEIGHTS[day.month - 1] * _WEEKDAY_WEIGHTS[day.weekday()] for day in days]
    return _chosen(days.strftime("%Y-%m-%d"), weights, size, rng)


def _times(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    hours = _chosen(range(24), _HOUR_WEIGHTS, size, rng)
    return np.array([f"{hour:02d}:{minute:02d}" for hour, minute in zip(hours, rng.integers(0, 60, size))], dtype=object)


def _ages(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    least, most = _AGES_FROM.get(kind.id, (1, 95))
    years = np.arange(least, most + 1)
    weights = np.exp(-(((np.log(years + 6) - np.log(29)) / 0.45) ** 2) / 2) + 0.02
    return _chosen([str(year) for year in years], weights, size, rng)


def _areas(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    weights = setting.population.to_numpy(float) * rng.lognormal(0.0, 0.9, len(setting.population))
    places = _chosen(setting.population.index, weights, size, rng)
    return np.where(rng.random(size) < 0.02, "outside the area", places)


def _offences(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    weights = {code: _GROUP_WEIGHTS[group] / len(codes) for group, codes in setting.offences.items() if group in _GROUP_WEIGHTS for code in codes}
    return _chosen(list(weights), list(weights.values()), size, rng)


def _persons(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    """Most people occur once, some often: the weights of people have a long tail."""
    people = max(1, round(size * _PEOPLE_PER_ROW))
    chosen = _chosen(range(people), rng.lognormal(0.0, 1.0, people), size, rng)
    return np.array([f"synthetic-{number:06d}" for number in chosen], dtype=object)


def _categories(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    return _chosen(list(one.allowed), _SHARES.get(one.name) or [1 / (place + 1) ** 1.2 for place in range(len(one.allowed))], size, rng)


_SHARES: Mapping[str, tuple[float, ...]] = {
    "sex": (0.35, 0.64, 0.01),
    "role": (0.56, 0.44),
    "ethnicity": (0.05, 0.05, 0.04, 0.83, 0.03),
    "risk_level": (0.25, 0.5, 0.2, 0.05),
}


def _flags(one: Field, kind: Kind, setting: Setting, size: int, rng: np.random.Generator) -> np.ndarray:
    share = _FLAG_SHARES.get(one.name, 0.4)
    return _chosen(["yes", "no", ""], [share, 1 - share - 0.04, 0.04], size, rng)


def _same_person_same_details(frame: pd.DataFrame) -> pd.DataFrame:
    """A person keeps age, sex and ethnic group over their rows."""
    steady = [name for name in ("age", "sex", "ethnicity") if name in frame]
    return frame.assign(**{name: frame.groupby("person_key")[name].transform("first") for name in steady})


def setting_of(population: pd.DataFrame, offence_groups: Mapping[str, str], last_month: pd.Period, months: int = 12) -> Setting:
    """Return the setting of an area and period.

    Parameters
    ----------
    population : pandas.DataFrame
        Tidy table ``population`` of the area.
    offence_groups : mapping of str to str
        Offence code -> group.
    last_month : pandas.Period
        Last month to cover.
    months : int, default 12
        Months to cover.
    """
    census = population[population["reference"] == "census_2021"]
    residents = census.groupby("lsoa21cd")["count"].sum()
    codes = pd.Series(list(offence_groups), index=list(offence_groups.values()), dtype=object)
    offences = {str(group): tuple(found) for group, found in codes.groupby(level=0)}
    return Setting(residents, pd.period_range(end=last_month, periods=months, freq="M"), offences)
