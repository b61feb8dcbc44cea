"""The committed summary of the reference cases lists every case, all of them reproduced, with its source."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.spec.__main__ import summarise
from tests.spec.headlines import HEADLINES, RECALLED
from tests.spec.runner import load_adapters, run_case

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT.parent / "shared" / "refcases"
FILES = sorted(CASES.glob("*.json"))
SUMMARY = pd.read_csv(ROOT / "data" / "reference" / "refcase_summary.csv", keep_default_na=False)
QUICK = ("A_rate_byars_exact", "C_gistar_nc", "F_fischetti_salazar_3x3", "H_grade_rules", "H_wdd")


def test_the_summary_holds_45_cases_and_all_pass():
    assert len(SUMMARY) >= 45 and SUMMARY["case"].is_unique
    assert set(SUMMARY["status"]) == {"pass"}
    assert (SUMMARY["source"] != "").all() and (SUMMARY["compared"] > 0).all()


def test_recalled_numbers_are_marked_as_such():
    marked = SUMMARY.loc[SUMMARY["standing"].str.startswith("recalled"), "case"]
    assert set(marked) == set(RECALLED)


def test_the_summary_names_no_folder_of_this_machine():
    assert not re.search(r"/(work|home|tmp)/", (ROOT / "data/reference/refcase_summary.csv").read_text(encoding="utf-8"))


def test_every_headline_belongs_to_a_case_and_was_found():
    listed = SUMMARY.set_index("case")["quantity"]
    assert {case: listed[case] for case in HEADLINES} == HEADLINES


@pytest.mark.skipif(not FILES, reason=f"NO REFERENCE CASES RUN: {CASES} is absent; put the folder there to prove the measures")
def test_the_summary_is_that_of_today():
    assert SUMMARY["case"].to_list() == [path.stem for path in FILES]
    adapters = load_adapters()
    fresh = summarise([run_case(CASES / f"{case}.json", adapters) for case in QUICK])
    kept = SUMMARY.set_index("case").loc[list(QUICK), ["quantity", "expected", "ours", "status"]].astype(str)
    assert fresh.set_index("case")[["quantity", "expected", "ours", "status"]].astype(str).equals(kept)
