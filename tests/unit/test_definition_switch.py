"""What definitions count beside each other: sums that can be checked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from svd_lib import definition, definition_switch
from svd_lib.errors import SnaError
from svd_lib.report.facts import Fact

VIOLENCE = "Violence and sexual offences"


def rows(counts: dict[str, int], area: str = "Downshire") -> pd.DataFrame:
    frame = pd.DataFrame({"offence_code": list(counts), "count": list(counts.values())})
    start, end = pd.Timestamp("2017-04-01"), pd.Timestamp("2018-03-01")
    return frame.assign(area_code=area, area_name=area, level="code", period_start=start, period_end=end)


@pytest.fixture
def core(root):
    return definition.load_definition("core", root)


@pytest.fixture
def broad(root):
    return definition.load_definition("broad", root)


def test_definitions_are_compared_with_the_editions_own(core, broad):
    found = definition_switch.compare([core, broad], rows({"2": 5, "8N": 15, "105A": 80}), base=broad).set_index("short")
    assert found["count"].to_dict() == {"Broad set": 20, "Core set": 5}
    assert found.loc["Core set", "percent_of_base"] == 25
    assert list(found["is_base"]) == [True, False]


def test_evidence_names_the_penalty_and_weighs_the_mix(core):
    facts = {"penalty-homicide": Fact("penalty-homicide", "", "life", "", "", "", "verified", "2026-11")}
    found = definition_switch.evidence_by_group(core, rows({"1/4.1/4.10/4.2": 1, "2": 1}), facts).set_index("group")
    assert found.loc["homicide", "severity"] == pytest.approx((7973.39 + 4654.30) / 2)
    assert found.loc["homicide", "penalty"] == "life [verified]"
    assert found.loc["assaults", "penalty"] == "not held"
    assert found["share"].sum() == pytest.approx(1)


def test_share_of_an_offence_group(broad):
    found = definition_switch.offence_group_share(broad, rows({"8N": 30, "105A": 90, "3B": 10})).set_index("offence")
    assert found.loc["Violence with injury", "value"] == 1
    assert found.loc["Violence without injury", "value"] == pytest.approx(0.1)


def test_levels_stand_beside_shares_of_another_year(broad):
    shares = definition_switch.offence_group_share(broad, rows({"8N": 30, "105A": 90, "3B": 10}))
    levels = pd.DataFrame({"offence": ["Violence with injury", "Violence without injury"], "count": [50, 200]})
    found = definition_switch.levels_beside_shares(levels, shares)
    assert list(found["is_mostly_in"]) == [True, False]
    assert list(found["count"]) == [50, 200]


def test_an_area_is_placed_among_all(core):
    both = pd.concat([rows({"2": 1, "105A": 9}), rows({"2": 3, "105A": 7}, "Upshire")])
    found = definition_switch.with_ranges(definition_switch.street_shares({"Core": core}, both, "Downshire")).iloc[0]
    assert (found["value"], found["lowest"], found["highest"], found["pooled"]) == pytest.approx((10, 10, 30, 20))
    assert found["spread"] == "10.0 to 30.0"


def test_rows_without_codes_are_refused(core):
    with pytest.raises(SnaError, match="no rows by offence code"):
        definition_switch.compare([core], rows({"2": 1}).assign(level="group"), core)


def test_the_judgement_follows_the_rule_and_says_when_it_cannot(root):
    middle = definition.load_codes(root)["css_weight"].median()
    groups = pd.DataFrame(
        {
            "title": ["A", "B", "C"], "penalty": ["life [verified]", "5 years [verified]", "not held"], "severity": [middle + 1, middle - 1, float("nan")],
            "count": [900, 95, 5], "share": [0.9, 0.095, 0.005], "rate": [9.0, 0.95, 0.05],
        }
    )  # fmt: skip
    made = definition_switch.judged(groups, root)
    assert made["judgement"].tolist() == ["penalty, harm to victims, how common", "none of those known", "none of those known"]
    assert made["prevalence_factor"].str.rpartition(": ")[2].tolist() == ["common", "between", "rare"]
    assert made["penalty_factor"].iloc[2] == "not held: not judged" and made["impact_factor"].iloc[2] == "no weight held: not judged"
    assert set(made["community_factor"]) == {"not known"}


def test_what_a_definition_needs_is_said_for_every_definition_and_nothing_is_said_to_be_nothing(root, core):
    every = definition.list_definitions(root)
    found = {one.id: definition_switch.needs_of(one) for one in every}
    assert {name: len(table) for name, table in found.items()} == {one.id: max(len(one.needs), 1) for one in every}
    assert found["core"]["what"].tolist() == ["nothing more: offence codes express it"]
    assert "nothing more" not in " ".join(found["suffolk-ten"]["what"])
