"""Run reference cases against the measures: read, adapt, flatten, compare leaf by leaf.

A case is one JSON file (see the README beside the cases). Its adapter calls public measures and returns a structure
shaped like ``expected``; both sides are flattened to the same leaves and each leaf is held to the tolerance whose
prefix names its quantity. A leaf that was expected and not returned is *not run*, and the case fails.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Adapter = Callable[[dict, Path], dict]
Leaves = dict[str, Any]

LETTERS = "abcdefghi"

QUANTITIES: dict[str, str] = {
    "I": r"(^|\.)I$",
    "RSS": r"(^|\.)RSS$",
    "ci": r"limits\.",
    "coef": r"(^|\.)coef\.",
    "components": r"csv\.(seasonal|trend|remainder)\.|trend_(first|last)$|sd_remainder$",
    "counts": r"(^|\.)(n_\w+|argmax|fdr_counties)(\.|$)",
    "each": r"(^|\.)total_bn\.",
    "est": r"(^|\.)(est|mean|yes|quant)(\.|$)|deff$|\.diff$|^sumw$|^kish_neff$",
    "indices": r"(^|\.)obs(\.|$)|^best_m|^break_year$|^pelt_|^ci95_index",
    "labels": r"^labels_in_input_csv\.|^counts_",
    "limits": r"^limits_csv\.",
    "loglik": r"(^|\.)loglik$",
    "marginal_ratio": r"^marginal_ratio\.",
    "mean": r"(^|\.)mean\.",
    "mean_log": r"(^|\.)mean_log\.",
    "monte_carlo_999_ratio_vs_marginal": r"^monte_carlo_999_ratio\.",
    "months": r"(^|\.)(breaks|obs_index\w*)(\.|$)",
    "moran": r"moran\w*\.I$|^raw_moran$",
    "observed": r"^observed",
    "p": r"(^|\.)(p|q|PropC1|PropC2|Dif)\.|^n_|^S_index",
    "pi_width": r"(^|\.)pi_width\.",
    "point": r"(^|\.)(sii|rii)$",
    "ratio_vs_nrc": r"^nrc_ratio",
    "se": r"(^|\.)se(\.|$)|^(ttest|chisq)\.(t|F|df|ndf|ddf|p)$",
    "strengths": r"strength_",
    "theta": r"(^|\.)theta$",
    "total": r"^grand_total",
    "var": r"(^|\.)V$",
    "weights": r"(^|\.)w(\.|$)",
    "z": r"(^|\.)(z|\w+_z)(\.|$)",
}
"""Which leaves a tolerance prefix names."""

SETS = re.compile(r"(^|\.)(secondary|fdr_counties|sig_bh)$")
"""Lists whose order means nothing."""

INFORMATION = re.compile(
    r"(^|\.)(published_scores|extreme_weights|weights_v\w*|obs_verified|note)(\.|$)|^order$|^in_csv_note"
)
"""Context printed beside a case; its inputs hold nothing these numbers could be computed from."""

SKIPPED: dict[str, str] = {
    "A_dsr_dobson": r"_99_8_ci\.(3|7)$",
}
"""Leaves that the cases' README says are wrong in their source, by case id."""

PRINTED_PLACES: dict[str, int] = {r"^esda_first5\.": 7}
"""Expected numbers that their source prints to fewer places than the tolerance asks for."""


@dataclass(frozen=True)
class Leaf:
    """One compared value: what came, what was due, how far apart, and how far is allowed."""

    path: str
    got: Any
    expected: Any
    difference: float
    kind: str
    tolerance: float
    passed: bool


@dataclass
class Outcome:
    """One case's verdict."""

    id: str
    status: str
    leaves: list[Leaf] = field(default_factory=list)
    error: str = ""
    title: str = ""
    source: str = ""
    kind: str = ""

    @property
    def worst(self) -> Leaf | None:
        """Return the leaf nearest to, or furthest beyond, its tolerance."""
        return max(self.leaves, key=lambda leaf: (not leaf.passed, _share_of_limit(leaf)), default=None)

    def line(self) -> str:
        """Return ``id  status  largest difference  tolerance``."""
        worst = self.worst
        numbers = f"{worst.difference:.3g}  {worst.kind} {worst.tolerance:g}" if worst else "-  -"
        return f"{self.id}  {self.status}  {numbers}"


def run_folder(folder: Path) -> list[Outcome]:
    """Run every case of a folder in order of name."""
    adapters = load_adapters()
    return [run_case(path, adapters) for path in sorted(folder.glob("*.json"))]


def load_adapters() -> dict[str, Adapter]:
    """Return every adapter by case id; a letter without a module has none."""
    found: dict[str, Adapter] = {}
    for letter in LETTERS:
        name = f"tests.spec.adapters_{letter}"
        try:
            found |= importlib.import_module(name).ADAPTERS
        except ModuleNotFoundError as problem:
            if problem.name != name:
                raise
    return found


def run_case(path: Path, adapters: dict[str, Adapter]) -> Outcome:
    """Run one case with its adapter, or with the adapters of its method or its family, of which the best answer counts."""
    case = json.loads(path.read_text(encoding="utf-8"))
    try:
        expected = expected_leaves(case, path.parent)
    except (OSError, KeyError, ValueError) as problem:
        return _describe(Outcome(case["id"], "fail", error=f"{type(problem).__name__}: {problem}"), case)
    named = adapters_for(case["id"], adapters)
    outcomes = [_attempt(case, path.parent, expected, adapter) for adapter in named or family_adapters(case["id"], adapters)]
    best = min(outcomes, key=_badness, default=Outcome(case["id"], "unsupported"))
    if not named and (best.error or any(leaf.got is NOT_RUN for leaf in best.leaves)):
        best = Outcome(case["id"], "unsupported")  # no adapter of the family answers all that is asked
    return _describe(best, case)


def family_adapters(case_id: str, adapters: dict[str, Adapter]) -> list[Adapter]:
    """Return the adapters of the case's family of methods, by the first letter of the id."""
    return [adapter for name, adapter in adapters.items() if name.startswith(f"{case_id[:1]}_")]


def adapters_for(case_id: str, adapters: dict[str, Adapter]) -> list[Adapter]:
    """Return the case's own adapter, else those of cases sharing the longest leading words of the id (at least two)."""
    if case_id in adapters:
        return [adapters[case_id]]
    words = case_id.split("_")
    for length in range(len(words), 1, -1):
        stem = "_".join(words[:length])
        found = [adapter for name, adapter in adapters.items() if name == stem or name.startswith(stem + "_")]
        if found:
            return found
    return []


def _attempt(case: dict, folder: Path, expected: Leaves, adapter: Adapter) -> Outcome:
    try:
        got = got_leaves(adapter(case, folder))
    except Exception as problem:  # an adapter's failure is this case's verdict, whatever it is
        return Outcome(case["id"], "fail", error=f"{type(problem).__name__}: {problem}")
    leaves = [leaf for leaf in _compare(case, expected, got) if leaf]
    status = "pass" if leaves and all(leaf.passed for leaf in leaves) else "fail"
    return Outcome(case["id"], status, leaves, "" if leaves else "nothing was compared")


def _badness(outcome: Outcome) -> tuple[bool, bool, int]:
    return outcome.status != "pass", bool(outcome.error), sum(not leaf.passed for leaf in outcome.leaves)


def _describe(outcome: Outcome, case: dict) -> Outcome:
    source = case.get("source", {})
    outcome.title = case.get("title", "")
    outcome.kind = source.get("kind", "")
    outcome.source = source.get("who") or source.get("repo") or source.get("kind", "")
    return outcome


# --- leaves -----------------------------------------------------------------------------------------------------


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(dotted path, scalar)`` for every scalar of a nest of dicts, lists, arrays, series and frames."""
    if isinstance(value, pd.DataFrame):
        value = {column: value[column].tolist() for column in value.columns}
    elif isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        value = value.tolist()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        yield path, value
        return
    for key, inner in items:
        yield from flatten(inner, f"{path}.{key}" if path else str(key))


def got_leaves(result: dict) -> Leaves:
    """Return an adapter's result as leaves, with the sets sorted and the derived quantities added."""
    return dict(flatten(_with_widths(_sorted_sets(result))))


def expected_leaves(case: dict, folder: Path) -> Leaves:
    """Return a case's expected values as leaves; CSV names are replaced by what the files hold."""
    expected = _resolve(case["expected"], folder)
    inputs = case["inputs"]
    if "in_csv" in expected:
        frame = read_csv(folder, inputs["csv"])
        expected["in_csv"] = frame[[column for column in expected["in_csv"] if column in frame]]
    if "labels_in_input_csv" in expected:
        expected["labels_in_input_csv"] = [_labels(read_csv(folder, name)) for name in inputs["csv"]]
    if "in_cases" in expected:
        expected["in_cases"] = {name: _answers(given, expected["in_cases"]) for name, given in inputs["cases"].items()}
    if "monte_carlo_999_ratio_vs_marginal_abs" in case["tolerance"]:
        expected["monte_carlo_999_ratio"] = expected["marginal_ratio"]
    if "ci_rel" in case["tolerance"] and "csv" in inputs:
        expected["limits"] = _simulated_limits(read_csv(folder, inputs["csv"]))
    return dict(flatten(_with_widths(_sorted_sets(expected))))


def read_csv(folder: Path, name: str) -> pd.DataFrame:
    """Read a case's CSV; a remark after the name is dropped, and ``NA`` and empty cells are missing."""
    return pd.read_csv(folder / (name.split(".csv")[0] + ".csv"))


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with ``date``, the first of the month, where it has a year and a month (a number)."""
    if not {"year", "month"} <= set(frame.columns):
        return frame
    return frame.assign(date=pd.to_datetime(frame[["year", "month"]].assign(day=1)))


def options_in(text: str, words: dict[str, dict]) -> dict:
    """Return the options that the words of a text stand for, later words first served: ``{"norm": {...}}`` in ``raw_W_norm``."""
    parts = set(re.split(r"[^A-Za-z0-9]+", text))
    return {name: value for word, set_ in words.items() if word in parts for name, value in set_.items()}


def levels_in(names: list[str]) -> dict[str, float]:
    """Return the levels that columns of limits are named after: ``lower_99_8_ci`` gives ``{"99_8": 0.998}``."""
    found = (re.fullmatch(r"(?:lower|upper)_(\d+(?:_\d+)?)_ci", name) for name in names)
    written = dict.fromkeys(match.group(1) for match in found if match)
    return {one: float(f"0.{one.replace('_', '')}") for one in written}


def first_row(frame: pd.DataFrame, names: dict[str, str]) -> dict[str, Any]:
    """Return a frame's first row under a case's names: ``{"I": "value"}`` reads ``value`` and calls it ``I``."""
    return {new: frame[old].iloc[0] for new, old in names.items()}


def columns(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return a frame's columns under a case's names, as :func:`first_row`."""
    return pd.DataFrame({new: frame[old] for new, old in names.items()})


def _resolve(value: Any, folder: Path) -> Any:
    if not isinstance(value, dict):
        return value
    out = {key: _resolve(inner, folder) for key, inner in value.items()}
    if "csv" in out and isinstance(out["csv"], str):
        out["csv"] = _named_columns(out["csv"], read_csv(folder, out["csv"]))
    if "limits_csv" in out:
        out["limits_csv"] = [read_csv(folder, name) for name in out["limits_csv"]]
    return out


def _named_columns(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    remark = re.search(r"\.csv\s*\(([^)]*)\)", name)
    named = [word.strip() for word in remark.group(1).split(",")] if remark else []
    kept = [column for column in named if column in frame]
    return frame[kept] if kept else frame.select_dtypes("number")


def _labels(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.select_dtypes(exclude="number").drop(columns=["Area", "area"], errors="ignore")


def _answers(given: Any, key: str) -> Any:
    if isinstance(given, list):
        return [one[key] for one in given]
    texts = {name: value for name, value in given.items() if _is_text(value)}
    return texts or given[key]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and isinstance(value[0], str))


def _simulated_limits(frame: pd.DataFrame) -> list[dict]:
    limits = [column for column in frame if re.search(r"_(lower|upper)cl_\d$", column)]
    rows = frame.loc[frame["sii"].notna(), limits] if "sii" in frame else frame.iloc[:0]
    return [{name: value for name, value in row.items() if not _missing(value)} for row in rows.to_dict("records")]


def _sorted_sets(value: Any, path: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _sorted_sets(inner, f"{path}.{key}" if path else str(key)) for key, inner in value.items()}
    return sorted(value) if SETS.search(path) and not isinstance(value, str) else value


def _with_widths(value: dict) -> dict:
    if not {"lo95", "up95"} <= value.keys():
        return value
    return value | {"pi_width": np.asarray(value["up95"], float) - np.asarray(value["lo95"], float)}


# --- comparison -------------------------------------------------------------------------------------------------


def _compare(case: dict, expected: Leaves, got: Leaves) -> Iterator[Leaf | None]:
    skipped = SKIPPED.get(case["id"])
    for path, due in expected.items():
        if INFORMATION.search(path) or (skipped and re.search(skipped, path)):
            continue
        rule = rule_for(path, due, case["tolerance"])
        if rule is None and _checked_text(due, path, got):
            rule = ("exact", 0.0)
        if rule is not None:
            yield _leaf(path, got.get(path, NOT_RUN), due, *rule)


NOT_RUN = "not run"


def rule_for(path: str, due: Any, tolerance: dict[str, Any]) -> tuple[str, float] | None:
    """Return ``(kind, tolerance)`` of a leaf: the named quantity's, else the case's general one, else none."""
    for key, limit in tolerance.items():
        prefix, kind = _split_key(key, limit)
        if prefix and re.search(QUANTITIES.get(prefix, f"(^|\\.){re.escape(prefix)}(\\.|$)"), path):
            return kind, 0.0 if kind == "exact" else float(limit)
    if tolerance.get("exact") is True:
        return "exact", 0.0
    if isinstance(due, str) and not _is_infinite(due) and not _missing(due):
        return None
    return next(((kind, float(tolerance[kind])) for kind in ("rel", "abs") if kind in tolerance), None)


def _split_key(key: str, limit: Any) -> tuple[str, str]:
    if limit == "exact":
        return key, "exact"
    if key == "months":
        return key, "months"
    match = re.fullmatch(r"(?:(\w+?)_)?(rel|abs)(?:_bn)?", key)
    return (match.group(1) or "", match.group(2)) if match else ("", "")


def _checked_text(due: Any, path: str, got: Leaves) -> bool:
    return isinstance(due, str) and path in got


def _leaf(path: str, got: Any, due: Any, kind: str, limit: float) -> Leaf:
    if got is NOT_RUN and not _missing(due):
        return Leaf(path, NOT_RUN, due, math.inf, kind, limit, False)
    difference = _difference(got, due, kind)
    allowed = _allowed(path, due, kind, limit)
    shown = _relative(difference, due) if kind == "rel" else difference
    return Leaf(path, got, due, shown, kind, limit, difference <= allowed)


def _difference(got: Any, due: Any, kind: str) -> float:
    if _missing(due):
        return 0.0 if _missing(got) or isinstance(got, str) else math.inf
    if kind == "months" and isinstance(due, str):
        return abs((pd.Period(str(got)[:7], "M") - pd.Period(due, "M")).n)
    if isinstance(due, str) and not _is_infinite(due):
        return 0.0 if str(got) == due else math.inf
    number, wanted = _number(got), _number(due)
    if math.isnan(number):
        return math.inf
    return 0.0 if number == wanted else abs(number - wanted)


def _allowed(path: str, due: Any, kind: str, limit: float) -> float:
    if isinstance(due, str) and not _is_infinite(due):
        return limit if kind == "months" else 0.0
    printed = next(
        (0.5000001 * 10.0**-places for pattern, places in PRINTED_PLACES.items() if re.search(pattern, path)), 0
    )
    scale = abs(_number(due)) if kind == "rel" and not _missing(due) and _number(due) != 0 else 1.0
    rounding = 1e-12 * abs(_number(due)) if kind == "abs" and not isinstance(due, str) and not _missing(due) else 0.0
    return max(limit * scale + rounding, printed)


def _relative(difference: float, due: Any) -> float:
    scale = abs(_number(due)) if not _missing(due) else 1.0
    return difference / scale if scale and math.isfinite(scale) else difference


def _share_of_limit(leaf: Leaf) -> float:
    return leaf.difference / leaf.tolerance if leaf.tolerance else leaf.difference


def _number(value: Any) -> float:
    if _is_infinite(value):
        return math.inf if not str(value).startswith("-") else -math.inf
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _missing(value: Any) -> bool:
    return value is None or value == "NA" or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _is_infinite(value: Any) -> bool:
    return isinstance(value, str) and value.lower().lstrip("-") in {"inf", "infinity"}
