"""Prediction: ties, areas of different size, errors."""

import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.prediction import prediction_accuracy_index, prediction_at, prediction_curve

FRAME = pd.DataFrame({"id": list("abcd"), "seen": [5, 1, 3, 1], "before": [2, 2, 9, 0], "size": [1, 2, 1, 4]})


def test_pessimistic_ties_take_the_place_with_fewer_events_first():
    order = {
        ties: prediction_curve(FRAME, "seen", "before", ties=ties)["id"].tolist()
        for ties in ("pessimistic", "optimistic")
    }
    assert order == {"pessimistic": list("cbad"), "optimistic": list("cabd")}


def test_pai_uses_density_and_area():
    curve = prediction_curve(FRAME, "seen", "before", area="size")
    assert curve["id"].tolist() == list("cabd")
    assert curve["pai"].iloc[0] == pytest.approx(0.3 / (1 / 8))
    assert curve["pei"].iloc[-1] == pytest.approx(1) and (curve["pei"] <= 1 + 1e-12).all()


def test_hit_rate_has_limits_that_hold_it():
    row = prediction_at(prediction_curve(FRAME, "seen", "before"), 2).iloc[0]
    assert row["lower_ci"] < row["value"] < row["upper_ci"]


def test_a_place_without_a_count_is_left_out():
    assert len(prediction_curve(FRAME.assign(seen=[5, np.nan, 3, 1]), "seen", "before")) == 3


def test_errors_say_what_is_wrong():
    with pytest.raises(SnaError, match="nothing to hit"):
        prediction_curve(FRAME.assign(seen=0), "seen", "before")
    with pytest.raises(SnaError, match="cannot be chosen"):
        prediction_at(prediction_curve(FRAME, "seen", "before"), 9)
    with pytest.raises(SnaError, match="share of the area"):
        prediction_accuracy_index(0.5, 0.0)
