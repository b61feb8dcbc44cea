"""The factors behind violence: the reference table, and the frames made of it."""

import pandas as pd
import pytest

from svd_lib.edition import open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest import drivers
from svd_lib.ingest.loaders import open_view
from svd_lib.report import facts, text


@pytest.fixture(scope="module")
def view():
    return open_view(open_edition("suffolk-2025"))


def test_every_level_has_a_risk_and_every_factor_cites_a_fact_that_was_read(root):
    named = drivers.factors(root)
    assert set(named.loc[named["kind"] == "risk", "level"]) == set(drivers.LEVELS)
    known = facts.load_facts(root)
    assert all(known[name].tag in ("verified", "second-hand") for name in named["evidence"])
    assert (named.loc[named["kind"] == "risk", "not_proved"] != "").all()


def test_an_unknown_level_is_refused(tmp_path):
    (tmp_path / "data" / "reference").mkdir(parents=True)
    row = dict.fromkeys(drivers.COLUMNS, "x") | {"indirect": "0", "level": "galaxy"}
    pd.DataFrame([row]).to_csv(tmp_path / "data" / "reference" / "drivers.csv", index=False)
    with pytest.raises(SnaError, match="individual, relationship"):
        drivers.factors(tmp_path)


def test_a_share_of_assessments_has_its_counts_and_a_rate_has_none(view):
    yearly = drivers.yearly_values(view)
    share = yearly[yearly["id"] == "home-violence"]
    assert (100 * share["numerator"] / share["denominator"]).tolist() == pytest.approx(share["value"].tolist())
    assert yearly.loc[yearly["id"] == "absence", "numerator"].isna().all()


def test_the_rest_of_england_leaves_the_area_out():
    rows = [("county", "a", 10.0, 100.0), ("county", "b", 20.0, 100.0), ("country", "e", 300.0, 1000.0)]
    yearly = pd.DataFrame(rows, columns=["area_kind", "area_code", "numerator", "denominator"])
    yearly = yearly.assign(id="x", factor="X", period="2024-04/2025-03", date=pd.Timestamp("2025-03-01"))
    made = drivers.beside_rest_of_england(yearly).iloc[0]
    assert (made["count"], made["population"], made["reference_count"], made["reference_population"]) == (30, 200, 270, 800)
    missing = pd.concat([yearly, yearly.iloc[:2].assign(id="y"), yearly.iloc[2:].assign(id="y")]).query("not (id == 'y' and area_code == 'b')")
    assert drivers.beside_rest_of_england(missing)["id"].tolist() == ["x"]


def test_the_crime_domain_is_never_in_the_model(view):
    areas = drivers.small_areas(view, "Robbery", "2025-01/2025-12")
    assert "crime" not in areas and "crime" not in drivers.MODELLED
    assert len(areas) == 449 and areas[list(drivers.MODELLED)].notna().all().all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1.05, 1.01, 1.08, 2018.0), "rose 5% a year (1% to 8%) since 2018"),
        ((0.91, 0.86, 0.96, 2016.0), "fell 9% a year (4% to 14%) since 2016"),
        ((1.05, 0.99, 1.08, 2018.0), "no clear change since 2018"),
        ((1.05, float("nan"), 1.08, 2018.0), "not enough years"),
    ],
)
def test_a_yearly_change_is_worded_by_its_interval(given, said):
    assert text.yearly_words(*given) == said


def test_a_row_that_cites_no_known_fact_is_refused(root):
    with pytest.raises(SnaError, match="is unknown"):
        facts.with_sources(pd.DataFrame({"evidence": ["nobody-read-this"]}), root)
