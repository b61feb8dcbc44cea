"""Contracts: a frame that keeps them passes typed and sorted, one that breaks them is refused in one sentence."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts


def changes(**columns: list) -> pd.DataFrame:
    """Return two good rows of place_changes with some columns replaced."""
    good = {
        "lsoa11cd": ["E01000002", "E01000001"],
        "lsoa21cd": ["E01000002", "E01000001"],
        "change_code": ["U", "U"],
        "share": [1.0, 1.0],
    }
    return pd.DataFrame({**good, **columns})


def test_good_frame_is_typed_ordered_and_sorted() -> None:
    frame = changes(share=[1, 1])[["share", "change_code", "lsoa21cd", "lsoa11cd"]].assign(extra=0)
    out = contracts.validate("place_changes", frame)
    assert list(out.columns) == list(contracts.contract("place_changes").columns)
    assert out["lsoa11cd"].tolist() == ["E01000001", "E01000002"]
    assert out["share"].dtype == "float64"


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"change_code": ["U", "Q"]}, "column change_code holds 'Q', which its contract does not allow"),
        ({"lsoa21cd": ["E01000002", "E0100"]}, "column lsoa21cd holds 'E0100', which its contract does not allow"),
        ({"share": [1.0, -0.1]}, "column share holds -0.1, which its contract does not allow"),
        ({"share": [1.0, None]}, "column share is empty in 1 row(s); it must be filled"),
        ({"lsoa11cd": ["E01000001"] * 2, "lsoa21cd": ["E01000001"] * 2}, "every key must occur once"),
    ],
)
def test_broken_contract_is_one_sentence_with_table_file_and_value(columns: dict, sentence: str) -> None:
    with pytest.raises(SnaError) as caught:
        contracts.validate("place_changes", changes(**columns), "lookup.csv")
    assert str(caught.value).startswith("Table 'place_changes' from lookup.csv")
    assert sentence in str(caught.value)


def test_missing_column_is_named() -> None:
    with pytest.raises(SnaError, match=r"lacks the column\(s\) share"):
        contracts.validate("place_changes", changes().drop(columns="share"))


def test_unknown_table_is_refused_with_the_choices() -> None:
    with pytest.raises(SnaError, match="no tidy table 'weather'; the tables are places"):
        contracts.contract("weather")


@pytest.mark.parametrize("table", list(contracts.CONTRACTS))
def test_every_contract_is_a_schema_that_an_empty_table_keeps(table: str) -> None:
    rules = contracts.contract(table)
    assert set(rules.key) <= set(rules.columns)
    assert all(column.description for column in rules.columns.values())
    assert contracts.validate(table, contracts.empty(table)).empty
    assert list(contracts.schema(table).columns) == list(rules.columns)


def test_digest_is_stable_and_differs_between_tables() -> None:
    digests = {contracts.digest(table) for table in contracts.CONTRACTS}
    assert len(digests) == len(contracts.CONTRACTS)
    assert contracts.digest("places") == contracts.digest("places")


def test_importing_the_contracts_does_not_import_pandera() -> None:
    check = "import sys, svd_lib.ingest.contracts; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
