"""The multiverse: every combination once, agreement, variance, ranks."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures import multiverse
from svd_lib.measures.multiverse import (
    agreement,
    curve_summary,
    rank_stability,
    run_specifications,
    specifications,
    variance_by_choice,
)

CHOICES = {"definition": ["a", "b"], "denominator": ["residents", "workday"], "period": [1, 2, 3]}


def _estimate(definition, denominator, period):
    return {"value": (definition == "a") * 2.0 + period * 0.1 - 1.0, "lower_ci": period - 3.0, "upper_ci": 9.0}


def test_every_combination_is_run_once_the_last_choice_fastest():
    table = specifications(CHOICES)
    assert len(table) == 12 and not table.duplicated().any()
    assert table["period"].head(4).tolist() == [1, 2, 3, 1]


def test_agreement_counts_the_side_of_the_first():
    row = agreement(run_specifications(CHOICES, _estimate), lower="lower_ci", upper="upper_ci").iloc[0]
    assert row["share_agreeing"] == 0.5 and row["agreeing_clearly"] == 0


def test_variance_goes_to_the_choice_that_made_it():
    curve = run_specifications(CHOICES, _estimate)
    shares = variance_by_choice(curve, list(CHOICES)).set_index("choice")["share"]
    assert shares.sum() == pytest.approx(1) and shares["denominator"] == pytest.approx(0) and shares["definition"] > 0.9
    with pytest.raises(SnaError, match="full factorial"):
        variance_by_choice(curve.iloc[1:], list(CHOICES))


def test_a_summary_without_p_values_claims_no_significance():
    assert curve_summary(run_specifications(CHOICES, _estimate))["share_significant"] is None


def test_ranks_are_compared_with_the_first_specification():
    curve = pd.DataFrame({"specification": list("AAABBB"), "area": [1, 2, 3] * 2, "value": [3, 2, 1, 1, 2, 3]})
    row = rank_stability(curve, k=1).iloc[0]
    assert row["tau"] == -1 and row["top_jaccard"] == 0
    assert len(rank_stability(pd.concat([curve, curve.tail(3).assign(specification="C")]), k=1, against="pairs")) == 3


def test_a_specification_that_agrees_on_nothing_is_not_agreement():
    assert agreement(pd.DataFrame({"value": [1.0, np.nan, -1.0]}))["share_agreeing"][0] == pytest.approx(1 / 3)


def _choices(seed=1):
    rng = np.random.default_rng(seed)
    places = pd.DataFrame({"lsoa": range(60), "msoa": np.arange(60) // 4, "district": np.arange(60) % 5, "rank": rng.permutation(60) + 1})
    places = places.assign(people=rng.integers(1_000, 2_000, 60), young=rng.integers(200, 500, 60))
    parts = [
        places.assign(definition=name, period=year, count=rng.poisson(places["people"] * 0.05 * (1.5 - places["rank"] / 60) * size))
        for name, size in (("wide", 1.0), ("narrow", 0.3))
        for year in ("new", "old")
    ]
    return pd.concat(parts, ignore_index=True)


PEOPLE = {"residents": "people", "young adults": "young"}


def test_a_curve_of_gradients_holds_every_combination_and_starts_with_the_headlines():
    frame = _choices()
    curve = multiverse.gradient_curve(frame, denominators=PEOPLE, geographies={"small": "lsoa", "large": "msoa"})
    assert len(curve) == 16 and curve.iloc[0][["definition", "population", "period", "geography"]].tolist() == ["wide", "residents", "new", "small"]
    first = frame[(frame["definition"] == "wide") & (frame["period"] == "new")].sort_values("rank")
    top, bottom = first.head(12)[["count", "people"]].sum(), first.tail(12)[["count", "people"]].sum()
    assert curve["value"].iloc[0] == pytest.approx(top["count"] / top["people"] / (bottom["count"] / bottom["people"]))
    found = multiverse.curve_headline(curve).iloc[0]
    assert found["denominator"] == 16 and found["value"] == (curve["value"] > 1).sum() and found["lowest"] == curve["value"].min()
    shares = multiverse.variance_by_choice(curve, ["definition", "population", "period", "geography"])
    assert shares["share"].sum() == pytest.approx(1)


def test_areas_are_ranked_under_every_combination():
    curve = multiverse.area_curve(_choices(), area="district", denominators=PEOPLE)
    assert len(curve) == 8 * 5 and curve["specification"].iloc[0] == "wide, residents, new"
    lead = multiverse.leading_area(curve).iloc[0]
    first = curve[curve["specification"] == "wide, residents, new"].set_index("area")["value"]
    assert lead["leader"] == first.idxmax() and 1 <= lead["value"] <= lead["denominator"] == 8 and lead["lowest_tau"] <= 1


def test_without_places_nothing_is_claimed():
    empty = _choices().head(0)
    curve = multiverse.gradient_curve(empty, denominators=PEOPLE, geographies={"small": "lsoa"})
    assert curve.empty and np.isnan(multiverse.curve_headline(curve)["value"].iloc[0])
    assert multiverse.variance_by_choice(curve, ["definition"]).empty
    assert np.isnan(multiverse.leading_area(multiverse.area_curve(empty, area="district", denominators=PEOPLE))["value"].iloc[0])


def test_one_area_has_no_rank_correlation_and_no_warning():
    import warnings

    curve = pd.DataFrame({"specification": [1, 2], "area": ["only", "only"], "value": [3.0, 4.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = multiverse.rank_stability(curve, k=1)
    assert made["tau"].isna().all() and (made["areas"] == 1).all()


def test_options_without_an_estimate_are_left_out_so_that_the_rest_is_a_full_factorial_again():
    choices = ["definition", "population", "period", "geography"]
    frame = _choices()
    poor = frame["definition"].eq("narrow") & frame["rank"].gt(48)
    curve = multiverse.gradient_curve(frame.assign(count=frame["count"].mask(poor, 0)), denominators=PEOPLE, geographies={"small": "lsoa", "large": "msoa"})
    missing = ~np.isfinite(curve["value"])
    assert missing.any() and not missing[curve["definition"] == "wide"].any()
    complete = multiverse.complete_options(curve, choices)
    assert complete["definition"].unique().tolist() == ["wide"] and len(complete) == 8
    assert multiverse.options_left_out(curve, complete, choices) == ["narrow"]
    assert multiverse.variance_by_choice(complete, choices)["share"].sum() == pytest.approx(1)


def test_a_full_curve_is_left_as_it_is_and_one_without_any_estimate_leaves_nothing():
    curve = multiverse.gradient_curve(_choices(), denominators=PEOPLE, geographies={"small": "lsoa"})
    assert multiverse.complete_options(curve, ["definition"]) is curve and multiverse.options_left_out(curve, curve, ["definition"]) == []
    assert multiverse.complete_options(curve.assign(value=np.nan), ["definition", "population"]).empty
