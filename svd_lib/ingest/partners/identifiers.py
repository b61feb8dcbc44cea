"""Finding what names or points at one person: in a cell that does not fit its column, and in every free text.

Each detector looks at text in one form of every letter, without invisible characters, so that a full-width digit or a
zero-width blank hides nothing. A detector says what kind of thing it found, never what it found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from svd_lib.ingest.partners.forenames import FORENAMES

KINDS: dict[str, str] = {
    "nhs_number": "an NHS number",
    "national_insurance_number": "a National Insurance number",
    "postcode": "a full postcode",
    "email": "an e-mail address",
    "phone": "a phone number",
    "date_of_birth": "a date of birth",
    "name": "a person's name",
    "address": "a home address",
    "ip_address": "an internet address",
}
HEADERS: dict[str, re.Pattern[str]] = {
    "name": re.compile(r"\b((fore|first|last|sur|family|full|given|middle|person|patient|pupil|victim|suspect|client)[ ]?names?|names?|surname|forename|initials)\b"),
    "date_of_birth": re.compile(r"\b(dob|d o b|date of birth|birth ?date|birthday|born)\b"),
    "nhs_number": re.compile(r"\bnhs\b"),
    "national_insurance_number": re.compile(r"\b(ni ?(no|number)|nino|national insurance)\b"),
    "email": re.compile(r"\be ?mails?\b"),
    "phone": re.compile(r"\b(tele)?phone|mobile|contact number\b"),
    "postcode": re.compile(r"\bpost ?codes?\b"),
    "address": re.compile(r"\baddress(es)?\b|\bstreet name\b|\bhouse number\b"),
    "ip_address": re.compile(r"\bip( address)?\b"),
}
"""Headers, plain, that promise an identifier whatever the column holds."""

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\uffa0]")
_TEN_DIGITS = re.compile(r"(?<![\d.])(\d{3})[ \-.]?(\d{3})[ \-.]?(\d{4})(?![\d])")
_NINO = re.compile(r"(?<![A-Z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ \-]?\d{2}[ \-]?\d{2}[ \-]?\d{2}[ \-]?[A-D](?![A-Z0-9])", re.IGNORECASE)
_POSTCODE = re.compile(
    r"(?<![A-Z0-9])(GIR ?0AA|(?:[A-PR-UWYZ]\d[A-HJKPSTUW0-9]?|[A-PR-UWYZ][A-HK-Y]\d[ABEHMNPRVWXY0-9]?)[ \-]{0,3}\d[ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.+'%-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\w-]{2,63})+", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\d/])(?<!\d[.,])(?:(?:\+|00)44[ \-.]?(?:\(0\))?[ \-.]?|\(?0)(?:\d[ \-.()]{0,2}){8,9}\d(?!\d)")
_IP = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)")
_DATE = r"(?:\d{1,2}[ ./-](?:\d{1,2}|[A-Z][a-z]{2,8})[ ./-]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}(?:st|nd|rd|th)? (?:of )?[A-Z][a-z]{2,8},? \d{4})"
_BORN = re.compile(rf"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born(?: on)?)\b\W{{0,3}}(?:is |was )?(?:the )?{_DATE}", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b(?:flat |no\.? ?)?\d{1,4}[A-Za-z]?,? (?:[A-Z][\w'’]+ ){1,3}(?:Road|Street|Lane|Avenue|Close|Drive|Way|Court|Crescent|Gardens|Place|Terrace|Grove|Rd|St|Ave)\b"
)
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Dame|Rev|PC|DC|DS|DI|Sgt)\.? ?[A-Z][\w'’\-]+")
_CALLED = re.compile(r"\b(?:[Mm]y name is|[Mm]y name's|[Nn]ame is|[Cc]alled|[Nn]amed|[Kk]nown as|[Ss]igned)[: ]+(?:by )?([A-Z][\w'’\-]+)(?: ([A-Z][\w'’\-]+))?")
_PAIR = re.compile(r"\b(?=([A-Z][a-zà-ÿ'’]+)\s+(?:[A-Z]\.?\s+)?([A-Z][\w'’\-]+)\b)")
"""Two words with capitals, also where the one before has one: "As Jane Example said"."""
_PLACE_WORDS = """
    Street Road Lane Avenue Close Park House School College Hospital Centre Center Station Square Court Hall Green Hill Town Church
    University Academy Ambulance Day Market Bridge Estate Ward District Council Police Club Arms Hotel Place Terrace Grove Way Drive Gardens
    """
_NOT_SURNAMES = frozenset(_PLACE_WORDS.split())


def clean(text: str) -> str:
    """Return a text in one form of every letter and without invisible characters."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def find_identifiers(text: str) -> list[str]:
    """Return which kinds of direct identifier a text holds, as keys of :data:`KINDS`, each once.

    Parameters
    ----------
    text : str
        A cell or a free text.

    Notes
    -----
    A telephone or NHS number is told by its shape and, for the latter, its check digit. A name is told by a title, by
    "called" and its like, or by a common forename before a capital: rare names without either are not found, which is
    why a person reads every quotation before it is released.
    """
    return list(dict.fromkeys(_found(clean(text))))


def _found(text: str) -> Iterator[str]:
    if any(is_nhs_number("".join(match.groups())) for match in _TEN_DIGITS.finditer(text)):
        yield "nhs_number"
    patterns = {
        "national_insurance_number": _NINO, "postcode": _POSTCODE, "email": _EMAIL, "phone": _PHONE, "ip_address": _IP,
        "date_of_birth": _BORN, "address": _ADDRESS,
    }  # fmt: skip
    yield from (kind for kind, pattern in patterns.items() if pattern.search(text))
    if has_name(text):
        yield "name"


def is_nhs_number(digits: str) -> bool:
    """Tell whether ten digits are an NHS number: the last is the check digit of the others, modulo 11."""
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit() or len(set(digits)) == 1:
        return False
    remainder = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1))) % 11
    return (0 if remainder == 11 else remainder) == int(digits[9])


def has_name(text: str) -> bool:
    """Tell whether a text names a person: a title or "called" before a capital, or a common forename before one."""
    if _TITLE.search(text) or _CALLED.search(text):
        return True
    pairs = ((first.casefold(), last) for first, last in _PAIR.findall(text))
    return any(first in FORENAMES and last not in _NOT_SURNAMES for first, last in pairs)


def identifier_of_header(header: str) -> str | None:
    """Return which kind of identifier a plain header promises, or None."""
    return next((kind for kind, pattern in HEADERS.items() if pattern.search(header)), None)
