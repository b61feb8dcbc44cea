"""The data dictionary: every tidy table, partners' included, as its contract states it. Nothing is written by hand twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

from svd_lib.ingest.contracts import CONTRACTS, PARTNER_CONTRACTS, Column, Contract

TYPES = {"str": "text", "int": "whole number", "float": "number", "month": "month (its first day)", "bool": "true or false"}


def dictionary() -> dict[str, object]:
    """Return every table with its columns: type, unit, allowed values, whether it may be empty, meaning."""
    return {"schema": 1, "tables": [_table(contract) for contract in (*CONTRACTS.values(), *PARTNER_CONTRACTS.values())]}


def dictionary_json() -> str:
    """Return :func:`dictionary` as it is published, one column a line so that a change is seen."""
    text = json.dumps(dictionary(), indent=1, ensure_ascii=False)
    return text + "\n"


def limits_in_words(column: Column) -> str:
    """Return what a column may hold, in words; empty when anything of its type."""
    parts = []
    if column.allowed:
        parts.append("one of: " + "; ".join(column.allowed))
    if column.minimum is not None:
        parts.append(f"at least {column.minimum:g}")
    if column.pattern:
        parts.append(f"of the form {column.pattern.strip('^$')}")
    return ", ".join(parts)


def _table(contract: Contract) -> dict[str, object]:
    return {
        "table": contract.table,
        "description": contract.description,
        "key": list(contract.key),
        "columns": list(_columns(contract)),
    }


def _columns(contract: Contract) -> Iterator[dict[str, object]]:
    for name, column in contract.columns.items():
        yield {
            "column": name,
            "type": TYPES[column.dtype],
            "unit": column.unit,
            "limits": limits_in_words(column),
            "may_be_empty": column.nullable,
            "description": column.description,
        }
