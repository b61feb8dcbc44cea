"""Residents by district, age and sex: bands that meet the arrest tables, totals that add up."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, residents

AGES = [*(str(age) for age in range(90)), "90+"]
HEAD = "Contents\n\nTable SAPE23DT8a\n\nWard Code 1,Ward Name 1,LA Code (2021 boundaries),LA name (2021 boundaries),All Ages," + ",".join(AGES) + "\n"


def ward(code: str, district: str, total: str, years: dict[str, int]) -> str:
    """Return a row of the ward table."""
    return f'{code},Ward,{district},Town,"{total}",' + ",".join(str(years.get(age, 0)) for age in AGES) + "\n"


def build(raw: RawFolder) -> pd.DataFrame:
    """Return the residents of the made-up folder under the contract."""
    return contracts.validate("indicators", residents.build_residents(raw, {}))


def test_wards_add_up_to_districts_by_band(tmp_path):
    raw = RawFolder(tmp_path)
    text = HEAD + ward("E05000001", "E07000901", "1,203", {"9": 3, "10": 100, "17": 100, "18": 1000}) + ward("E05000002", "E07000901", "5", {"90+": 5})
    raw.add("ons_population", "Mid-2020 Males-Table 1.csv.gz", text + "Tower,City notes" + "," * 94 + "\n")
    values = build(raw).set_index("category")["value"]
    assert values["Age 10 - 17 years|Sex Male"] == 200 and values["Age 18 - 20 years|Sex Male"] == 1000
    assert values["Age 65 years and over|Sex Male"] == 5 and values.sum() == 1208


def test_single_years_that_do_not_add_up_are_refused(tmp_path):
    raw = RawFolder(tmp_path)
    raw.add("ons_population", "Mid-2020 Females-Table 1.csv.gz", HEAD + ward("E05000001", "E07000901", "7", {"9": 6}))
    with pytest.raises(SnaError, match="ward E05000001 do not add up"):
        build(raw)


def test_no_file_no_rows(tmp_path):
    assert residents.build_residents(RawFolder(tmp_path), {}).empty


def test_bands_cover_every_age_once():
    covered = [age for first, last in residents.AGES.values() for age in range(first, last + 1)]
    assert covered == list(range(91))
