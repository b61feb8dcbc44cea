"""Surveys as survey tools export them: a header of two rows, one column for a closed question, several for one with
many answers, and free text, which is never counted and leaves the vault only by a person's explicit act.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from svd_lib.ingest.partners.extract import Extract, Row
from svd_lib.ingest.partners.identifiers import clean, find_identifiers, identifier_of_header
from svd_lib.ingest.partners.intake import Intake, note_flaws
from svd_lib.ingest.partners.kinds import SYNTHETIC, YES, Kind, plain
from svd_lib.ingest.partners.problems import letters
from svd_lib.ingest.partners.values import Context, Unfit, day_of, is_blank, text_of, trick_of

SINGLE = ("response", "answer", "answers")
OPEN = ("open ended response", "please specify", "comment", "comments", "other please specify", "free text")
LEFT_OUT = ("respondent id", "response id", "collector id", "collector", "date modified", "end date", "completed", "status", "language", "device", "synthetic")
"""Columns of the tool itself; they are read past."""
DATES = ("start date", "date created", "date", "submitted", "started")
SCALES = (
    ("strongly agree", "agree", "neither agree nor disagree", "disagree", "strongly disagree"),
    ("very safe", "fairly safe", "neither safe nor unsafe", "fairly unsafe", "very unsafe"),
    ("very satisfied", "satisfied", "neither satisfied nor dissatisfied", "dissatisfied", "very dissatisfied"),
    ("very important", "fairly important", "not very important", "not at all important"),
    ("always", "often", "sometimes", "rarely", "never"),
    ("a lot", "a little", "not at all"),
    ("yes", "no"),
)
NOT_SAID = ("don't know", "not sure", "prefer not to say", "none of these")
_LISTED = {word for scale in SCALES for word in scale} | set(NOT_SAID)
MOST_ANSWERS = 15
LONGEST_ANSWER = 80
LONGEST_QUESTION = 300
FEWEST_ALIKE = 10
"""Words that fewer people than this chose, and that are on no known scale, are counted as another answer."""
OTHER, NO_ANSWER, CHOSEN, NOT_CHOSEN = "another answer", "no answer", "chosen", "not chosen"
ABOUT_THEM = re.compile(r"\b(age|aged|how old|sex|gender|ethnic\w*|live|district|postcode|role|organisation|who are you|which of these are you|background)\b", re.IGNORECASE)
"""Words of a question about the person who answers."""
READERS = ("themes, first reader", "themes, second reader")
"""Questions under which two people have marked, each alone, what the free-text answers are about: one column a theme."""
THEME, BOTH, ONE, NEITHER = "Theme", "both readers", "one reader", "neither reader"
FEWEST_WORDS = 4


@dataclass
class Column:
    """One column of an export: its question, its second header, and what was answered."""

    place: int
    question: str
    option: str
    answers: Counter = field(default_factory=Counter)
    given: list[str] = field(default_factory=list)
    """What each person answered, in the file's order."""

    @property
    def is_theme(self) -> bool:
        """Whether a reader marked free text in it."""
        return plain(self.question) in READERS

    @property
    def is_open(self) -> bool:
        """Whether its header says that the answer is free text."""
        return plain(self.option) in OPEN or plain(self.question) in OPEN


def take_in_survey(extract: Extract, kind: Kind, context: Context) -> Intake:
    """Check and count an export of a survey tool.

    Parameters
    ----------
    extract : Extract
        From :func:`svd_lib.ingest.partners.extract.open_extract`.
    kind : Kind
        ``survey``.
    context : Context
        For the edition's last day.

    Returns
    -------
    Intake
        Counts by question and answer, and by the answer to the first question about the person; ``texts`` holds free-text
        answers without identifiers.

    Notes
    -----
    A column is a closed question when its second header is "Response" and its answers are few, short and repeated, or
    stand on a known scale. Several columns under one question are options, each chosen or not. All else is free text.
    Themes of free text count when two readers have marked them: how many answers both, one or neither found a theme in.
    """
    intake = Intake(kind)
    note_flaws(extract, intake.report)
    rows = extract.rows()
    (_, first), (_, second) = next(rows, (0, [])), next(rows, (0, []))
    columns, dates, marks = _columns(first, second, intake)
    texts: dict[int, list[str]] = {one.place: [] for one in columns}
    for number, cells in _rows(rows, len(first), intake):
        _note_dates(cells, number, dates, marks, context, intake)
        for one in columns:
            _note_answer(cells[one.place], number, one, texts, intake)
    if not intake.rows:
        intake.report.add("no-rows")
    _check_readers(columns, intake)
    counted = _counted(columns)
    intake.counts = {("question", "answer"): _counts(counted), ("question", "answer", "group"): _counts_by_group(columns, counted)}
    intake.texts = [(one.question, answer) for one in columns if _is_text(one, columns) for answer in texts[one.place]]
    return intake


def _rows(rows: Iterator[Row], width: int, intake: Intake) -> Iterator[Row]:
    for number, cells in rows:
        intake.rows += 1
        if len(cells) != width:
            intake.report.add("width", row=number)
            continue
        yield number, cells


def _columns(first: Sequence[object], second: Sequence[object], intake: Intake) -> tuple[list[Column], list[int], list[int]]:
    """Return the questions' columns, and the places of dates and marks; a question's words reach over the blanks beside it."""
    found: list[Column] = []
    dates: list[int] = []
    marks: list[int] = []
    question = ""
    for place, cell in enumerate(first):
        question = text_of(cell) if not is_blank(cell) else question
        option = text_of(second[place]) if place < len(second) and not is_blank(second[place]) else ""
        intake.report.labels[place + 1] = f"column {place + 1} ({letters(place + 1)})"
        if plain(question) == SYNTHETIC.name:
            marks.append(place)
        elif plain(question) in DATES:
            dates.append(place)
        elif plain(question) not in LEFT_OUT:
            _check_header(question, option, place + 1, intake)
            found.append(Column(place, clean(question)[:LONGEST_QUESTION], clean(option)[:LONGEST_QUESTION]))
    _check_second_row(found, intake)
    return found, dates, marks


def _check_second_row(columns: list[Column], intake: Intake) -> None:
    """Report columns that stand alone under words that no survey tool writes there: the second header row is missing."""
    times = Counter(one.question for one in columns)
    for one in columns:
        if times[one.question] == 1 and not one.is_theme and plain(one.option) not in ("", *SINGLE, *OPEN):
            intake.report.add("header-second-row", one.place + 1)


def _check_header(question: str, option: str, column: int, intake: Intake) -> None:
    if not question:
        intake.report.add("header-blank", column)
    for words in (question, option):
        kinds = find_identifiers(words)
        promised = identifier_of_header(plain(words)) if len(words) < 40 else None
        if kinds or promised:
            intake.report.add(f"identifier:{promised or kinds[0]}", column)
        elif trick_of(words):
            intake.report.add(trick_of(words), column)


def _note_dates(cells: Sequence[object], number: int, dates: list[int], marks: list[int], context: Context, intake: Intake) -> None:
    if any(plain(text_of(cells[place])) == YES for place in marks):
        intake.is_synthetic = True
    for place in (place for place in dates if not is_blank(cells[place])):
        try:
            day = day_of(cells[place])
        except Unfit as problem:
            intake.report.add(str(problem), place + 1, number)
            continue
        if day > context.last_day:
            intake.report.add("date-too-late", place + 1, number)
        intake.months.add(f"{day:%Y-%m}")


def _note_answer(cell: object, number: int, one: Column, texts: dict[int, list[str]], intake: Intake) -> None:
    one.given.append(NO_ANSWER)
    if is_blank(cell):
        one.answers[NO_ANSWER] += 1
        return
    text = text_of(cell)
    found = find_identifiers(text)
    problem = f"identifier:{found[0]}" if found else trick_of(text)
    if problem:
        intake.report.add(problem, one.place + 1, number)
        return
    one.answers[clean(text)] += 1
    one.given[-1] = clean(text)
    texts[one.place].append(clean(text))


def _check_readers(columns: list[Column], intake: Intake) -> None:
    """Report a theme that one reader alone has marked."""
    times = Counter(plain(one.option) for one in columns if one.is_theme)
    for one in columns:
        if one.is_theme and times[plain(one.option)] != len(READERS):
            intake.report.add("one-reader", one.place + 1)


def _counted(columns: list[Column]) -> dict[str, list[str]]:
    """Return what each person answered to each closed question: its answers, options chosen or not; no free text."""
    found: dict[str, list[str]] = {}
    for one in columns:
        if one.is_theme or _is_text(one, columns):
            continue
        if _is_option(one, columns):
            found[f"{one.question}: {one.option}"] = [NOT_CHOSEN if answer == NO_ANSWER else CHOSEN for answer in one.given]
        else:
            found[one.question] = [_safe_answer(answer, one.answers[answer]) for answer in one.given]
    return found | _themes(columns)


def _themes(columns: list[Column]) -> dict[str, list[str]]:
    """Return in how far two readers found each theme in each person's words; no answer from those who wrote nothing."""
    wrote = [any(answer != NO_ANSWER for answer in said) for said in zip(*(one.given for one in columns if one.is_open))]
    first, second = ({plain(one.option): one for one in columns if plain(one.question) == reader} for reader in READERS)
    return {f"{THEME}: {first[name].option}": [_read(*marks) for marks in zip(wrote, first[name].given, second[name].given)] for name in first if name in second}


def _read(has_written: bool, first: str, second: str) -> str:
    found = (first != NO_ANSWER) + (second != NO_ANSWER)
    return (NEITHER, ONE, BOTH)[found] if has_written else NO_ANSWER


def _counts(counted: dict[str, list[str]]) -> Counter:
    """Count answers by question."""
    return Counter((question, answer) for question, given in counted.items() for answer in given)


def _counts_by_group(columns: list[Column], counted: dict[str, list[str]]) -> Counter:
    """Count answers by question and by the answer to the first question about the person, zeros included; themes apart."""
    options = {f"{one.question}: {one.option}" for one in columns if _is_option(one, columns)}
    about = next((question for question in counted if ABOUT_THEM.search(question) and question not in options), None)
    if about is None:
        return Counter()
    groups, found = counted[about], Counter()
    for question, given in counted.items():
        if question != about and not question.startswith(f"{THEME}: "):
            found.update({(question, answer, group): 0 for answer in set(given) for group in set(groups)})
            found.update((question, answer, group) for answer, group in zip(given, groups))
    return found


def _safe_answer(answer: str, number: int) -> str:
    is_listed = plain(answer) in _LISTED or answer == NO_ANSWER
    return answer if is_listed or number >= FEWEST_ALIKE else OTHER


def _is_option(one: Column, columns: list[Column]) -> bool:
    """Whether a column is one of several options: its cells are blank or repeat the option, or say that it was chosen."""
    beside = [other for other in columns if other.question == one.question and not other.is_open]
    said = {plain(answer) for answer in one.answers if answer != NO_ANSWER}
    return len(beside) > 1 and said <= {plain(one.option), YES, "1", "x", "true", "selected"}


def _is_text(one: Column, columns: list[Column]) -> bool:
    if one.is_open:
        return True
    if _is_option(one, columns):
        return False
    said = {answer: number for answer, number in one.answers.items() if answer != NO_ANSWER}
    if all(plain(answer) in _LISTED for answer in said):
        return False
    is_short = len(said) <= MOST_ANSWERS and all(len(answer) <= LONGEST_ANSWER for answer in said)
    repeated = sum(number for number in said.values() if number >= FEWEST_ALIKE)
    return not (is_short and repeated >= sum(said.values()) / 2)


def candidates(texts: Sequence[tuple[str, str]]) -> dict[str, dict]:
    """Return free-text answers worth quoting by id: four words or more, each once, without anything that names a person.

    Returns
    -------
    dict of str to dict
        Id (``q`` and eight digits of a digest) -> ``question, text``.
    """
    kept = [(question, text) for question, text in texts if len(text.split()) >= FEWEST_WORDS and not find_identifiers(text)]
    return {f"q{hashlib.sha256(f'{question}|{text}'.encode()).hexdigest()[:8]}": {"question": question, "text": text} for question, text in kept}
