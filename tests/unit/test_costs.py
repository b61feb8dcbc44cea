"""Costs of recorded offences: only unit costs that were read, sexual offences split by the mix of codes."""

import pandas as pd
import pytest

from svd_lib.measures import evaluation
from svd_lib.report import costs, facts, text


def test_only_groups_whose_cost_was_read_are_costed(root):
    levels = pd.DataFrame({"offence": ["Homicide", "Sexual offences", "Stalking and harassment", "Violence without injury"], "count": [2, 100, 5, 9]})
    mix = pd.DataFrame({"offence": "Sexual offences", "offence_subgroup": ["Rape offences", "Other sexual offences"], "offence_count": [1, 3]})
    made = costs.costed(levels, mix, facts.load_facts(root)).set_index("offence")
    assert list(made.index) == ["Homicide", "Sexual offences"]
    assert made.loc["Homicide", "unit_cost"] == pytest.approx(3_200_000)
    assert made.loc["Sexual offences", "unit_cost"] == pytest.approx(0.25 * 39_360 + 0.75 * 6_520)


def test_no_cost_from_memory_enters_a_sum(root):
    known = facts.load_facts(root)
    assert {known[name].tag for name in (*costs.UNIT_COSTS.values(), costs.RAPE, costs.OTHER_SEXUAL)} <= {"verified", "second-hand"}


def test_a_larger_count_or_more_years_show_a_smaller_fall():
    made = evaluation.detectable_fall(pd.DataFrame({"id": ["rare", "often"], "count": [2.0, 400.0]}), (1, 4))
    rare, often = (made.loc[made["id"] == name, "value"].tolist() for name in ("rare", "often"))
    assert rare[0] > 1 > rare[1] and often[0] > often[1]
    # the drawn counts agree: a fall as large as the least visible one is shown about 80 times in 100
    import numpy as np

    rng = np.random.default_rng(1)
    before, after = rng.poisson(400, 20_000), rng.poisson(400 * (1 - often[0]), 20_000)
    shown = np.abs(np.sqrt(before) - np.sqrt(after)) * np.sqrt(2) > 1.96
    assert shown.mean() == pytest.approx(0.8, abs=0.015)


def test_a_point_of_a_funnel_is_worded_by_its_limits():
    assert text.funnel_words({"significance": "High (0.001)"}).startswith("above the limits")
    assert text.funnel_words({"significance": "Low (0.025)"}).startswith("below the limits")
    assert text.funnel_words({"significance": "Not significant"}).startswith("within the limits")
