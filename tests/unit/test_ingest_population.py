"""Residents by age: census as it stands, mid-2020 carried over with totals conserved."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import population

CHANGES = pd.DataFrame(
    {
        "lsoa11cd": ["E01000001", "E01000001", "E01000003", "E01000004"],
        "lsoa21cd": ["E01000011", "E01000012", "E01000013", "E01000013"],
        "change_code": ["S", "S", "M", "M"],
        "share": [0.75, 0.25, 1.0, 1.0],
    }
)
AGES = [*(str(age) for age in range(90)), "90+"]


@pytest.fixture
def raw(tmp_path) -> RawFolder:
    """Return a census of one LSOA and mid-2020 estimates of one person of every age in three LSOAs 2011."""
    folder = RawFolder(tmp_path)
    rows = "".join(f"E01000011,{title},10.0\n" for title in population.CENSUS_AGES)
    folder.add("ons_population", "census21_pop.csv.gz", "lsoa21_code,age_group,usual_residents\n" + rows)
    lines = [f"{code}," + ",".join(["4.0"] * 91) for code in ("E01000001", "E01000003", "E01000004")]
    folder.add("ons_population", "population20_lsoa11.csv.gz", "lsoa11_code," + ",".join(AGES) + "\n" + "\n".join(lines) + "\n")
    return folder


def test_bands_cover_every_single_year_once():
    years = [year for first, last in population.MID_2020_AGES.values() for year in range(first, last + 1)]
    assert years == list(range(91))


def test_carried_totals_are_conserved(raw):
    frame = population.build_population(raw, {"place_changes": CHANGES})
    mid = frame[frame["reference"] == "mid_2020"].set_index(["lsoa21cd", "age_group"])["count"]
    assert mid.sum() == pytest.approx(3 * 91 * 4)
    assert mid["E01000011", "10-17"] == pytest.approx(0.75 * 8 * 4)
    assert mid["E01000013", "65+"] == pytest.approx(2 * 26 * 4)
    assert frame[frame["reference"] == "census_2021"]["age_group"].tolist() == list(population.CENSUS_AGES.values())


def test_without_mid_2020_only_the_census(raw):
    raw.paths("ons_population", "population20*")[0].unlink()
    assert set(population.build_population(raw, {"place_changes": CHANGES})["reference"]) == {"census_2021"}


def test_unknown_age_group_and_unknown_lsoa(raw):
    raw.add("ons_population", "census21_pop.csv.gz", "lsoa21_code,age_group,usual_residents\nE01000011,Aged 0,1\n")
    with pytest.raises(SnaError, match="age group 'Aged 0'"):
        population.build_population(raw, {"place_changes": CHANGES})


def test_estimate_of_an_unknown_lsoa_is_refused(raw):
    with pytest.raises(SnaError, match="residents of E01000004"):
        population.build_population(raw, {"place_changes": CHANGES.iloc[:3]})
