"""The published data dictionary says what the contracts say, and every column says enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from svd_lib.ingest.contracts import CONTRACTS, PARTNER_CONTRACTS, Column
from svd_lib.ingest.dictionary import TYPES, dictionary, dictionary_json, limits_in_words
from svd_lib.ingest.tidy import RECIPES

ALL = {**CONTRACTS, **PARTNER_CONTRACTS}


def test_the_committed_file_is_current(root: Path) -> None:
    held = (root / "docs" / "reference" / "data_dictionary.json").read_text(encoding="utf-8")
    assert held == dictionary_json(), "a contract changed; run: .venv/bin/python tools/make_dictionary.py"


def test_every_tidy_table_has_a_contract() -> None:
    assert {table for recipe in RECIPES for table in recipe.tables} == set(CONTRACTS)


def test_every_table_and_column_is_in_the_dictionary() -> None:
    found = {table["table"]: [column["column"] for column in table["columns"]] for table in json.loads(dictionary_json())["tables"]}
    assert found == {name: list(contract.columns) for name, contract in ALL.items()}


@pytest.mark.parametrize("table", sorted(ALL))
def test_a_contract_says_what_its_columns_are(table: str) -> None:
    contract = ALL[table]
    assert contract.description.endswith(".")
    assert contract.key
    assert set(contract.key) <= set(contract.columns)
    for name, column in contract.columns.items():
        assert column.dtype in TYPES, name
        assert len(column.description) >= 4, name
        assert bool(column.unit) == (column.dtype in ("int", "float")), f"{name}: a number, and only a number, has a unit"


def test_limits_are_put_in_words() -> None:
    assert limits_in_words(Column("str", "x", allowed=("a", "b"))) == "one of: a; b"
    assert limits_in_words(Column("int", "x", minimum=1)) == "at least 1"
    assert limits_in_words(Column("str", "x", pattern=r"^E\d$")) == r"of the form E\d"
    assert limits_in_words(Column("str", "x")) == ""
    assert dictionary()["schema"] == 1
