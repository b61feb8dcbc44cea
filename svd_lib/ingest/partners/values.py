"""One cell at a time: a value in, the coarse values that may be counted out; or a code that says why it does not fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from svd_lib.ingest.partners.identifiers import clean, find_identifiers
from svd_lib.ingest.partners.kinds import AGE_BANDS, HOUR_BANDS, NOT_KNOWN, OUTSIDE, WEEKDAYS, Field, plain

Coarse = dict[str, str]
"""Dimension -> value."""
EARLIEST = 2000
LONGEST = 5_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):\d{2}(?::\d{2}(?:\.\d+)?)?)?$")
_BRITISH = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: (\d{1,2}):\d{2}(?::\d{2})?)?$")
_SHORT_YEAR = re.compile(r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$")
_TIME = re.compile(r"^(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?$")
_NUMBER = re.compile(r"^[-+]?\d+(?:[.,]\d+)?$")
_BAND = re.compile(r"^(\d{1,3})\s*(?:-|–|to)\s*(\d{1,3})$")
_KEY = re.compile(r"^[A-Za-z0-9_\-]{8,64}$")
_AREA_CODE = re.compile(r"^[EW]0[0-9]\d{6}$")
_SECTOR = re.compile(r"^[A-Za-z]{1,2}\d[A-Za-z0-9]?(?: ?\d)?$")
_COORDINATE = re.compile(r"^[-+]?\d{1,3}\.\d{3,}(?:\s*,\s*[-+]?\d{1,3}\.\d{3,})?$")


class Unfit(Exception):
    """A cell does not fit its column; the message is a code of the report, never the value."""


@dataclass(frozen=True)
class Context:
    """What cells are read against.

    Parameters
    ----------
    districts : mapping of str to str
        LSOA code, district code or plain district name -> district of the area.
    offence_groups : mapping of str to str
        Offence code -> group.
    last_day : datetime.date
        The edition's last day.
    """

    districts: Mapping[str, str]
    offence_groups: Mapping[str, str]
    last_day: date

    @property
    def district_names(self) -> tuple[str, ...]:
        """The area's districts, sorted."""
        return tuple(sorted(set(self.districts.values())))


def reader_of(one: Field, context: Context) -> Callable[[object], Coarse]:
    """Return the function that reads a column's cells; it raises :class:`Unfit` with a code."""
    readers: dict[str, Callable[[object], Coarse]] = {
        "date": lambda value: _date(value, context.last_day),
        "time": _time,
        "age": _age,
        "area": lambda value: _area(value, context.districts),
        "offence": lambda value: _offence(value, context.offence_groups),
        "person": _person,
    }
    known = readers.get(one.type, lambda value: _category(one, value))

    def read(value: object) -> Coarse:
        if is_blank(value):
            if one.required:
                raise Unfit("missing")
            return dict.fromkeys(one.dimensions, NOT_KNOWN)
        return known(value)

    return read


def is_blank(value: object) -> bool:
    """Tell whether a cell is empty."""
    return value is None or (isinstance(value, str) and not value.strip())


def text_of(value: object) -> str:
    """Return a cell as text: a whole number without its decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def unfit(value: object, code: str) -> Unfit:
    """Return why a cell does not fit: an identifier or a trick, if it holds one, else the code given."""
    text = text_of(value)
    found = find_identifiers(text[:LONGEST])
    return Unfit(f"identifier:{found[0]}" if found else trick_of(text) or code)


def trick_of(text: str) -> str:
    """Return the code of what makes a text unsafe in itself, whatever it says; empty when nothing does."""
    if len(text) > LONGEST:
        return "too-long"
    if clean(text) != unicodedata.normalize("NFKC", text) or _CONTROL.search(text):
        return "control"
    starts_formula = text[:1] in ("=", "+", "-", "@") and not _NUMBER.match(text)
    return "formula-text" if starts_formula and len(text) > 1 else ""


def day_of(value: object) -> date:
    """Return the day that a cell holds.

    Raises
    ------
    Unfit
        When it holds none.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = text_of(value)
    if _NUMBER.match(text):
        raise unfit(value, "date-as-number")
    if _SHORT_YEAR.match(text):
        raise Unfit("date-two-digit-year")
    found = _ISO.match(text) or _BRITISH.match(text)
    if not found:
        raise unfit(value, "date-unreadable")
    first, second, third = (int(part) for part in found.groups()[:3])
    year, month, day = (first, second, third) if first > 31 else (third, second, first)
    if month > 12 >= day >= 1:
        raise Unfit("date-month-first")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unfit("date-unreadable") from None


def _date(value: object, last_day: date) -> Coarse:
    day = day_of(value)
    if day.year < EARLIEST:
        raise Unfit("date-too-early")
    if day > last_day:
        raise Unfit("date-too-late")
    return {"month": f"{day:%Y-%m}", "weekday": WEEKDAYS[day.weekday()]}


def _time(value: object) -> Coarse:
    if isinstance(value, datetime | time):
        return {"hour_band": _band(HOUR_BANDS, value.hour)}
    text = text_of(value)
    found = _TIME.match(text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return {"hour_band": _band(HOUR_BANDS, int(found[1]))}
    if plain(text) in (NOT_KNOWN, "unknown"):
        return {"hour_band": NOT_KNOWN}
    raise unfit(value, "time-as-number" if _NUMBER.match(text) else "time-unreadable")


def _age(value: object) -> Coarse:
    if isinstance(value, date):
        raise Unfit("identifier:date_of_birth")
    text = text_of(value)
    if text in AGE_BANDS or plain(text) in (NOT_KNOWN, "unknown"):
        return {"age_band": text if text in AGE_BANDS else NOT_KNOWN}
    if re.fullmatch(r"[-+]?\d+", text):
        return {"age_band": _age_band(int(text))}
    band = _BAND.match(text)
    if band and (found := _band(AGE_BANDS, int(band[1]))) == _band(AGE_BANDS, int(band[2])) and found:
        return {"age_band": found}
    if _ISO.match(text) or _BRITISH.match(text) or _SHORT_YEAR.match(text):
        raise Unfit("identifier:date_of_birth")
    raise unfit(value, "age-with-unit" if re.match(r"^\d", text) else "age-unreadable")


def _age_band(years: int) -> str:
    if 1900 <= years <= 2100:
        raise Unfit("age-birth-year")
    found = _band(AGE_BANDS, years)
    if not found:
        raise Unfit("age-out-of-range")
    return found


def _band(bands: Mapping[str, tuple[int, int]], number: int) -> str:
    return next((name for name, (least, most) in bands.items() if least <= number <= most), "")


def _area(value: object, districts: Mapping[str, str]) -> Coarse:
    text = text_of(value)
    known = districts.get(text.upper()) or districts.get(plain(text))
    if known:
        return {"district": known}
    if _AREA_CODE.match(text.upper()) or plain(text) in ("outside the area", "outside"):
        return {"district": OUTSIDE}
    if plain(text) in (NOT_KNOWN, "unknown"):
        return {"district": NOT_KNOWN}
    if _COORDINATE.match(text):
        raise Unfit("area-coordinates")
    raise unfit(value, "area-sector" if _SECTOR.match(text) else "area-unknown")


def _offence(value: object, groups: Mapping[str, str]) -> Coarse:
    code = text_of(value).upper()
    if code not in groups:
        raise unfit(value, "code-unknown")
    return {"offence_group": groups[code]}


def _person(value: object) -> Coarse:
    text = text_of(value)
    found = find_identifiers(text)
    if found:
        raise Unfit(f"identifier:{found[0]}")
    if not _KEY.match(text):
        raise Unfit("identifier:name" if re.fullmatch(r"[A-Z][a-z'-]+ [A-Z][a-z'-]+", text) else "key-unsuitable")
    if not (re.search(r"\d", text) and re.search(r"[A-Za-z]", text)):
        raise Unfit("key-is-number")
    return {}


def _category(one: Field, value: object) -> Coarse:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    found = one.spellings.get(plain(text_of(value)))
    if found is None:
        raise unfit(value, "value-unknown")
    return {one.name: found}
