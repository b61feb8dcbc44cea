"""The worked examples of docs/examples run, and give what they print."""

import doctest
import warnings
from pathlib import Path

import pytest

EXAMPLES = sorted(path for path in (Path(__file__).resolve().parents[2] / "docs" / "examples").glob("*.md") if path.stem != "index")


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_says(path):
    import pandas as pd

    with pd.option_context("display.width", 120), warnings.catch_warnings():
        warnings.simplefilter("error", category=FutureWarning)
        outcome = doctest.testfile(str(path), module_relative=False, encoding="utf-8", optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted
    assert not outcome.failed, f"{path.name}: {outcome.failed} of {outcome.attempted} examples print something else"
