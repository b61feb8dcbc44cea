import numpy as np
import pandas as pd
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.near_repeat import knox_table

EVENTS = pd.DataFrame(
    {"x": [0, 0, 50, 500], "y": [0, 0, 0, 0], "date": ["2024-01-01", "2024-01-08", "2024-01-02", "2024-03-01"]}
)
BANDS = {"space_breaks": [0, 1, 100, np.inf], "time_breaks": [0, 7, 14, np.inf]}


def test_bands_hold_their_lower_edge_and_say_so():
    out = knox_table(EVENTS, **BANDS)
    cells = out.set_index(["space_band", "time_band"])["numerator"]
    assert cells[("[0, 1)", "[7, 14)")] == 1  # seven days apart is not within seven days
    assert cells[("[1, 100)", "[0, 7)")] == 2
    assert cells[("[100, inf)", "[14, inf)")] == 3
    assert cells.sum() == 6


def test_pairs_beyond_the_last_edge_are_left_out():
    out = knox_table(EVENTS, space_breaks=[0, 100], time_breaks=[0, 14])
    assert out["numerator"].tolist() == [3]


def test_manhattan_distances_are_longer():
    frame = EVENTS.assign(y=[0, 0, 60, 0])
    near = {
        metric: knox_table(frame, metric=metric, **BANDS)["numerator"].iloc[3] for metric in ("euclidean", "manhattan")
    }
    assert near == {"euclidean": 2, "manhattan": 0}


@pytest.mark.parametrize("space", [[0, 1, 100, np.inf], [0, 20, 40]])
def test_shuffles_counted_by_subtraction_agree_with_the_margins(space):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "x": rng.integers(0, 60, 60),
            "y": 0,
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 40, 60), unit="D"),
        }
    )
    out = knox_table(frame, space_breaks=space, time_breaks=[0, 10, np.inf], rng=np.random.default_rng(2))
    np.testing.assert_allclose(out["expected_permuted"], out["expected_margins"], rtol=0.05)
    assert out["p_value"].between(0.001, 1).all()
    assert (out["p_fdr"] >= out["p_value"]).all()


def test_a_cluster_in_space_and_time_is_found():
    rng = np.random.default_rng(4)
    near = pd.DataFrame({"x": np.repeat(np.arange(30) * 1_000, 2), "y": 0})
    near["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.repeat(rng.integers(0, 300, 30), 2), unit="D")
    out = knox_table(near, space_breaks=[0, 1, np.inf], time_breaks=[0, 7, np.inf], rng=rng).iloc[0]
    assert out["p_value"] == 0.001
    assert out["value"] > 5


def test_an_event_without_a_day_is_refused():
    with pytest.raises(SnaError, match="a place and a day"):
        knox_table(EVENTS.assign(date=[None, "2024-01-08", "2024-01-02", "2024-03-01"]), **BANDS)
    with pytest.raises(SnaError, match="edges rise"):
        knox_table(EVENTS, space_breaks=[0, 0], time_breaks=[0, 7])
