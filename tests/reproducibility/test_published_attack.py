"""The outsider's attack on two published editions: independent, nothing recovered, every planted leak found."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from proofs import published_attack
from proofs.outsider.bounding import Joint
from proofs.outsider.guessing import Claim, Layout, claims
from proofs.outsider.reading import Row

LAYOUT = Layout(
    "visits", ("visits",), ("place", "age"), tuple((place, age) for place in ("Easton", "Weston", "all") for age in ("under 25", "25 and over", "all")), "2025-01/2025-12"
)


def test_the_outsider_imports_nothing_of_the_project(root: Path) -> None:
    modules = list((root / "proofs" / "outsider").glob("*.py"))
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)] + [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert not [name for name in names if name.startswith("svd_lib")], path.name
    assert len(modules) == 4


def row(**fields: str) -> Row:
    return Row("visits.csv", "Visits", tuple(fields.items()), True)


def test_two_sums_and_all_cells_but_one_give_that_one_away() -> None:
    rows = [row(place="Easton", count="12"), row(place="Easton", age="under 25", count="9"), row(age="25 and over", count="40")]
    joint = Joint([LAYOUT])
    found = list(claims(rows, LAYOUT))
    assert len(found) == 3 and all(one.is_certain for one in found) and joint.take(LAYOUT, found) == 3
    hidden, open_ = joint.at(LAYOUT, ("Easton", "25 and over")), joint.at(LAYOUT, ("Weston", "under 25"))
    ranges = joint.ranges([hidden, open_])
    assert ranges[hidden] == pytest.approx((3, 3)) and ranges[open_][1] - ranges[open_][0] > 1000


def test_an_edition_that_shows_what_another_withholds_gives_it_away() -> None:
    months = [Layout("visits", ("visits",), ("month",), (("2025-01",), (month,), ("all",)), period) for month, period in (("2024-12", "2024-12/2025-01"), ("2025-02", "2025-01/2025-02"))]
    joint = Joint(months)
    joint.take(months[0], claims([row(month="2025-01", count="7")], months[0]))
    joint.take(months[1], claims([Row("v.csv", "Visits", (("count", "10"),), True)], months[1]))
    assert joint.ranges([joint.at(months[1], ("2025-02",))])[joint.at(months[1], ("2025-02",))] == pytest.approx((3, 3))


def test_a_share_and_its_whole_give_the_part_away() -> None:
    joint, text = Joint([LAYOUT]), Row("a.html", "Visits", (("", "Of the visits in Easton, 23.4% were by people under 25."),))
    joint.take(LAYOUT, claims([row(place="Easton", count="47")], LAYOUT))
    for claim in claims([text], LAYOUT):
        if claim.of is not None and LAYOUT.cells[claim.of] == ("Easton", "all"):
            joint.rows += joint.rows_of(LAYOUT, claim)
    low, high = joint.ranges([joint.at(LAYOUT, ("Easton", "under 25"))])[joint.at(LAYOUT, ("Easton", "under 25"))]
    assert low <= 11 <= high and high - low < 1


def test_a_group_is_as_large_under_every_question() -> None:
    cells = [("How old are you?", answer, "all") for answer in ("young", "old", "all")]
    cells += [("Safe?", answer, group) for answer in ("yes", "no", "all") for group in ("young", "old", "all")]
    layout = Layout("survey", ("survey",), ("question", "answer", "group"), tuple(cells), "2025-01/2025-12")
    joint = Joint([layout])
    known = {("How old are you?", "young", "all"): 30.0, ("Safe?", "yes", "young"): 26.0}
    joint.take(layout, [Claim(layout.place[cell], count, count, "") for cell, count in known.items()])
    hidden = joint.at(layout, ("Safe?", "no", "young"))
    assert joint.ranges([hidden])[hidden] == pytest.approx((4, 4))


def test_a_difference_between_two_periods_is_a_count_of_its_own() -> None:
    half, year = (Layout("visits", ("visits",), ("place",), (("Easton",), ("Weston",), ("all",)), period) for period in ("2025-01/2025-06", "2025-01/2025-12"))
    joint = Joint([half, year])
    for layout, known in ((half, {"Easton": 12.0, "all": 50.0}), (year, {"Easton": 15.0})):
        joint.take(layout, [Claim(layout.place[(cell,)], count, count, "") for cell, count in known.items()])
    joint.take_differences(joint.differences)
    ranges = joint.ranges([since for since, _, _ in joint.differences])
    easton, _, total = (ranges[since] for since, _, _ in joint.differences)
    assert easton == pytest.approx((3, 3)) and total[0] == pytest.approx(3) and total[1] > 1000


def test_a_year_and_the_extract_that_holds_it_give_nothing_away_and_one_that_lost_months_is_refused() -> None:
    later, refused, lost, careless = published_attack.later_releases(np.random.default_rng(20261126), 1, ["education"])
    assert later.trials > 5 and later.hits == 0
    assert refused.trials == 1 and refused.hits == 0
    assert lost.trials == 1 and lost.hits == 0
    assert careless.kind == "measured" and careless.trials > 5


@pytest.mark.ci
@pytest.mark.site
def test_nothing_is_recovered_from_two_editions_and_every_planted_leak_is_found() -> None:
    editions = published_attack.built()
    verdicts = {kind: published_attack.attack(kind, editions) for kind in published_attack.KINDS}
    print({kind: (one.cells, one.protected, one.certain, one.right) for kind, one in verdicts.items()})
    assert {kind: one.recovered for kind, one in verdicts.items() if one.recovered} == {}
    assert sum(one.protected for one in verdicts.values()) >= 100 and sum(one.certain for one in verdicts.values()) >= 50
    assert [name for name, plant in published_attack.PLANTS.items() if not published_attack.is_found(plant, editions)] == []
    assert len(published_attack.PLANTS) >= 10
