"""The 2019 index on 2021 areas: inherit, or take the main contributor."""

from __future__ import annotations

import pandas as pd
import pytest
from raw_folder import RawFolder

from svd_lib.errors import SnaError
from svd_lib.ingest import contracts, deprivation

CHANGES = pd.DataFrame(
    {
        "lsoa11cd": ["E01000001", "E01000001", "E01000003", "E01000004"],
        "lsoa21cd": ["E01000011", "E01000012", "E01000013", "E01000013"],
        "change_code": ["S", "S", "M", "M"],
        "share": [0.75, 0.25, 1.0, 1.0],
    }
)
TITLES_2019 = ("IMD", "Income", "Employment", "Education", "Health", "Crime", "Housing_and_Access", "Environment")


def imd_2019(ranks: dict[str, int]) -> str:
    """Return a 2019 file in which every domain of an LSOA has the same rank and decile 1."""
    header = ["lsoa11_code", *(f"{t}_decile" for t in TITLES_2019), *(f"{t}_rank" for t in TITLES_2019)]
    lines = [",".join([code, *["1.0"] * 8, *[f"{rank}.0"] * 8]) for code, rank in ranks.items()]
    return ",".join(header) + "\n" + "\n".join(lines) + "\n"


@pytest.fixture
def raw(tmp_path) -> RawFolder:
    """Return a 2019 index and residents that make E01000004 the main contributor of E01000013."""
    folder = RawFolder(tmp_path)
    folder.add("mhclg_iod", "imd2019_england_lsoa11.csv.gz", imd_2019({"E01000001": 10, "E01000003": 30, "E01000004": 40}))
    folder.add(
        "ons_population", "population20_lsoa11.csv.gz", "lsoa11_code,total_population\nE01000001,900\nE01000003,100\nE01000004,300\n"
    )
    return folder


def ranks(raw: RawFolder) -> dict[str, int]:
    """Return the rank of the whole index by LSOA 2021."""
    frame = deprivation.build_deprivation(raw, {"place_changes": CHANGES})
    return frame[frame["domain"] == "imd"].set_index("lsoa21cd")["rank"].to_dict()


def test_split_areas_inherit_and_merged_take_the_main_contributor(raw):
    assert ranks(raw) == {"E01000011": 10, "E01000012": 10, "E01000013": 40}


def test_without_residents_the_lowest_code_decides(raw):
    raw.paths("ons_population")[0].unlink()
    assert ranks(raw)["E01000013"] == 30


def test_eight_domains_and_no_score_for_2019(raw):
    frame = deprivation.build_deprivation(raw, {"place_changes": CHANGES})
    assert frame.groupby("lsoa21cd")["domain"].nunique().unique().tolist() == [8] and frame["score"].isna().all()


def test_no_file_no_rows(tmp_path):
    frame = deprivation.build_deprivation(RawFolder(tmp_path), {"place_changes": CHANGES})
    assert frame.equals(contracts.empty("deprivation"))


def test_renamed_domain_is_named(raw):
    text = imd_2019({"E01000001": 1}).replace("Crime_rank", "crime_rank")
    raw.add("mhclg_iod", "imd2019_england_lsoa11.csv.gz", text)
    with pytest.raises(SnaError, match=r"imd2019_england_lsoa11\.csv\.gz has no column 'Crime_rank'"):
        ranks(raw)


def test_parts_of_domains_stand_beside_them(raw):
    titles = [title.capitalize() for title in deprivation.SUB_DOMAINS]
    header = ["lsoa11_code", *(f"{t}_decile" for t in titles), *(f"{t}_rank" for t in titles)]
    rows = [",".join([code, *["2.0"] * 6, *[f"{n}.0"] * 6]) for n, code in enumerate(("E01000001", "E01000003", "E01000004"), 1)]
    raw.add("mhclg_iod", "imd2019_england_lsoa11_subdomains.csv.gz", ",".join(header) + "\n" + "\n".join(rows) + "\n")
    frame = deprivation.build_deprivation(raw, {"place_changes": CHANGES})
    assert frame[frame["domain"] == "adult_skills"].set_index("lsoa21cd")["rank"].to_dict() == {"E01000011": 1, "E01000012": 1, "E01000013": 3}
    assert frame.groupby("lsoa21cd")["domain"].nunique().unique().tolist() == [14]
