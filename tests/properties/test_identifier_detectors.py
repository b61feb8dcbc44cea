"""Detectors of identifiers: whatever is generated as one is found wherever it stands; ordinary words are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svd_lib.ingest.partners.forenames import FORENAMES
from svd_lib.ingest.partners.identifiers import find_identifiers, identifier_of_header, is_nhs_number
from svd_lib.ingest.partners.kinds import plain
from svd_lib.ingest.partners.register import KINDS

AROUND = st.sampled_from(["", "it was ", "Call me: ", "see (", "ref,", "x\n", "“"])
AFTER = st.sampled_from(["", ".", " please", ")", ", then", "\n", "”"])
HIDDEN = st.sampled_from(["", "\u200b", "\u00ad", "\u2060"])


@st.composite
def nhs_numbers(draw: st.DrawFn) -> str:
    nine = draw(st.lists(st.integers(0, 9), min_size=9, max_size=9).filter(lambda digits: len(set(digits)) > 1))
    check = 11 - sum(digit * weight for digit, weight in zip(nine, range(10, 1, -1))) % 11
    if check == 10:
        nine[8] = (nine[8] + 1) % 10
        check = 11 - sum(digit * weight for digit, weight in zip(nine, range(10, 1, -1))) % 11
    digits = "".join(map(str, [*nine, 0 if check == 11 else check]))
    gap = draw(st.sampled_from(["", " ", "-"]))
    return f"{digits[:3]}{gap}{digits[3:6]}{gap}{digits[6:]}" if len(digits) == 10 else "943 476 5919"


LETTERS = "ABCDEFGHJKLMNOPRSTUWYZ"
POSTCODES = st.builds(
    lambda area, district, gap, sector, unit, case: case(f"{area}{district}{gap}{sector}{unit}"),
    st.sampled_from(["IP", "NR", "CB", "CO", "E", "W", "SW", "B", "M"]), st.integers(1, 19), st.sampled_from([" ", "", "  "]), st.integers(0, 9),
    st.text("ABDEFGHJLNPQRSTUWXYZ", min_size=2, max_size=2), st.sampled_from([str.upper, str.lower]),
)  # fmt: skip
NINOS = st.builds(
    lambda prefix, digits, gap, suffix: gap.join([prefix, digits[:2], digits[2:4], digits[4:], suffix]),
    st.sampled_from(["AB", "CE", "JG", "PW", "YZ", "ST"]), st.text("0123456789", min_size=6, max_size=6), st.sampled_from(["", " "]), st.sampled_from("ABCD"),
)  # fmt: skip
EMAILS = st.builds(lambda name, host, end: f"{name}@{host}.{end}", st.text("abcdefgz.", min_size=3, max_size=9).map(lambda text: f"a{text.strip('.')}b"), st.sampled_from(["mail", "suffolk", "x-y"]), st.sampled_from(["com", "co.uk", "org"]))
PHONES = st.builds(
    lambda start, digits, gap: f"{start}{digits[:3]}{gap}{digits[3:]}",
    st.sampled_from(["07700", "+44 7700", "0044 7700", "01473", "(01473)", "020 7", "+44 (0)1473"]), st.text("0123456789", min_size=6, max_size=6), st.sampled_from(["", " ", "-"]),
)  # fmt: skip
BORN = st.builds(lambda word, day, month, year: f"{word} {day:02d}/{month:02d}/{year}", st.sampled_from(["DOB", "born", "Date of birth:", "born on"]), st.integers(1, 28), st.integers(1, 12), st.integers(1930, 2020))
NAMES = st.builds(
    lambda form, first, last: form.format(first=first.capitalize(), last=last), st.sampled_from(["Mr {last}", "my name is {first}", "{first} {last}", "a boy called {first} {last}", "Dr {first} {last}"]),
    st.sampled_from(sorted(FORENAMES)), st.sampled_from(["Okafor", "Smith", "O'Neill", "Kowalska", "Begum"]),
)  # fmt: skip
KINDS_OF = {"nhs_number": nhs_numbers(), "postcode": POSTCODES, "national_insurance_number": NINOS, "email": EMAILS, "phone": PHONES, "date_of_birth": BORN, "name": NAMES}


@pytest.mark.parametrize("kind", KINDS_OF)
@settings(max_examples=60)
@given(data=st.data())
def test_an_identifier_is_found_wherever_it_stands_and_however_it_is_hidden(kind: str, data: st.DataObject) -> None:
    found = data.draw(KINDS_OF[kind])
    place = data.draw(st.integers(1, len(found) - 1))
    hidden = found[:place] + data.draw(HIDDEN) + found[place:]
    assert kind in find_identifiers(data.draw(AROUND) + hidden + data.draw(AFTER))


@settings(max_examples=60)
@given(nhs_numbers(), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_no_nhs_number(number: str, place: int, more: int) -> None:
    digits = [digit for digit in number if digit.isdigit()]
    digits[place] = str((int(digits[place]) + more) % 10)
    changed = "".join(digits)
    assert is_nhs_number(number.replace(" ", "").replace("-", ""))
    assert not is_nhs_number(changed) or place == 9 or (more * (10 - place)) % 11 == 0


@settings(max_examples=60)
@given(nhs_numbers())
def test_full_width_digits_hide_nothing(number: str) -> None:
    assert "nhs_number" in find_identifiers(number.translate(str.maketrans("0123456789", "０１２３４５６７８９")))


def test_the_values_of_every_template_are_no_identifiers() -> None:
    for kind in KINDS.values():
        for one in kind.fields:
            assert identifier_of_header(plain(one.name)) is None, one.name
            assert not [word for word in (one.name, *one.also, *one.allowed) if find_identifiers(word)]


ORDINARY = (
    "The street lights on Norwich Road do not work", "Year 11 pupils at King's College", "In 2025 there were 1,234 incidents",
    "between 10 and 17 years old", "Ipswich Town supporters near Portman Road", "Call 999 or 101", "about 20,508 offences since 2019/20",
    "A12 and A14 near the docks", "E01029870", "Robert Street car park", "I feel safe", "March and April are worse than June", "The Grace Hotel and Hope Church",
    "more police on Friday and Saturday nights", "Suffolk County Council", "52.0543", "23:15 on 14/03/2025", "Class 8N and code 105A", "x-ray unit 4b",
    "West Suffolk District Council meets monthly", "Victoria Park", "St John Ambulance volunteers", "between 2 and 3 am", "GCSE 9 to 1",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert find_identifiers(text) == []


@settings(max_examples=150)
@given(st.lists(st.sampled_from(["street", "lights", "police", "school", "young", "people", "night", "bus", "safe", "unsafe", "knife", "drugs", "club", "help", "youth", "worker", "evening", "2025", "12", "park", "centre"]), min_size=1, max_size=12))
def test_words_in_lower_case_and_small_numbers_are_left_alone(words: list[str]) -> None:
    assert find_identifiers(" ".join(words)) == []
