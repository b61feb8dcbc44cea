"""How easy words are to read: Flesch's reading ease with one plain rule for syllables."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z]+(?:[’'][a-z]+)?")
_SENTENCE = re.compile(r"[.!?:;](?=\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")


def syllables(word: str) -> int:
    """Return a word's syllables: groups of vowels, without a silent ending, at least one.

    Parameters
    ----------
    word : str
        Letters.

    Returns
    -------
    int
        ``violence`` 3, ``places`` 2, ``walked`` 1, ``wanted`` 2, ``table`` 2.
    """
    plain = word.lower()
    count = len(_VOWELS.findall(plain))
    if plain.endswith("es") and not re.search(r"(?:[cgsxz]|sh|ch)es$", plain):
        count -= 1 if re.search(r"[^aeiouy]es$", plain) else 0
    elif re.search(r"[^aeioudty]ed$", plain) or re.search(r"[^aeiouyl]e$", plain) or re.search(r"[aeiouy]le$", plain):
        count -= 1
    return max(count, 1)


def reading_ease(words: str) -> float:
    """Return Flesch's reading ease of a text: 60 is plain English, 80 is easy.

    Parameters
    ----------
    words : str
        One or more sentences; colons and semicolons end one too, as a pause does. Numbers count as words of one syllable.

    Returns
    -------
    float
        ``206.835 - 1.015 x words per sentence - 84.6 x syllables per word``; 100 or more for very easy text.

    References
    ----------
    Flesch (1948), A new readability yardstick, Journal of Applied Psychology 32:221-233.
    """
    found = _WORD.findall(words)
    numbers = re.findall(r"(?<![A-Za-z])[£]?\d[\d,.]*%?", words)
    every = len(found) + len(numbers)
    if not every:
        return 100.0
    sentences = max(len(_SENTENCE.findall(words.strip())), 1)
    spoken = sum(map(syllables, found)) + len(numbers)
    return 206.835 - 1.015 * every / sentences - 84.6 * spoken / every
