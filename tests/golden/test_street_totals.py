"""Street-level totals from the raw files, against the mirror's own sanity tables and a recount in plain pandas."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from svd_lib.edition import Area, open_edition
from svd_lib.ingest import tidy, view
from svd_lib.ingest.areas import area_of
from svd_lib.ingest.loaders import open_view, street_by_place
from svd_lib.sources.lock import LockedInput, lock_of, measure

pytestmark = [pytest.mark.mirror, pytest.mark.slow]

ARCHIVES = ("2019-02.zip", "2022-03.zip", "2025-12.zip")
SOURCES = ("ons_lookups", "ons_population", "ons_boundaries")
VIOLENCE = "Violence and sexual offences"
DISTRICTS = {"Babergh": 2044, "East Suffolk": 5949, "Ipswich": 5462, "Mid Suffolk": 2008, "West Suffolk": 5045}
BY_TYPE = {  # all 34 months, calendar 2025
    "Anti-social behaviour": (17779, 4011),
    "Bicycle theft": (1619, 429),
    "Burglary": (6216, 1731),
    "Criminal damage and arson": (14492, 4430),
    "Drugs": (3932, 1379),
    "Other crime": (3703, 1507),
    "Other theft": (10548, 3298),
    "Possession of weapons": (1626, 681),
    "Public order": (12504, 3196),
    "Robbery": (840, 265),
    "Shoplifting": (9688, 3998),
    "Theft from the person": (1037, 262),
    "Vehicle crime": (6590, 1961),
    VIOLENCE: (64260, 21045),
}
QUALITY = [  # force, first month, last month, rows, without location, LSOA outside the force area
    ("suffolk", "2018-10", "2019-02", 25268, 348, 128),
    ("suffolk", "2021-03", "2022-03", 65086, 446, 944),
    ("suffolk", "2024-01", "2024-04", 16287, 81, 185),
    ("suffolk", "2025-01", "2025-12", 48193, 299, 590),
    ("norfolk", "2018-10", "2019-02", 31191, 878, 164),
    ("norfolk", "2021-03", "2022-03", 85840, 1768, 1138),
    ("norfolk", "2024-01", "2024-04", 21706, 403, 182),
    ("norfolk", "2025-01", "2025-12", 67367, 1122, 601),
    ("essex", "2018-10", "2019-02", 84233, 369, 225),
    ("essex", "2021-03", "2022-03", 216436, 1732, 172),
    ("essex", "2024-01", "2024-04", 52837, 1394, 42),
    ("essex", "2025-01", "2025-12", 158217, 2140, 155),
    ("cambridgeshire", "2018-10", "2019-02", 32665, 1025, 199),
    ("cambridgeshire", "2021-03", "2022-03", 89680, 3633, 628),
    ("cambridgeshire", "2024-01", "2024-04", 26521, 917, 144),
    ("cambridgeshire", "2025-01", "2025-12", 84941, 2651, 620),
]
OUTCOMES = {"suffolk": 55150, "norfolk": 73192, "essex": 175854, "cambridgeshire": 72465}


@pytest.fixture(scope="module")
def tables(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> tidy.TidyTables:
    """Return the tidy street tables made from the mirror's files."""
    folder = tmp_path_factory.mktemp("golden") / "data" / "raw"
    for name in ARCHIVES:
        with zipfile.ZipFile(mirror / "police_uk_archive" / name) as archive:
            archive.extractall(folder / "police_uk_archive" / f"{name}.d")
    for source in SOURCES:
        (folder / source).symlink_to(mirror / source)
    inputs = [_locked(path, folder) for source in ("police_uk_archive", *SOURCES) for path in (folder / source).rglob("*") if path.is_file()]
    return tidy.make_tables(tidy.RawFiles(lock_of(inputs).inputs, folder), ["street_counts"])


@pytest.fixture(scope="module")
def area(root: Path, tables: tidy.TidyTables) -> Area:
    """Return the force area of the Suffolk edition."""
    return area_of(open_edition("suffolk-2025", str(root)), tables["places"])


@pytest.fixture(scope="module")
def slices(tables: tidy.TidyTables, area: Area) -> dict[str, pd.DataFrame]:
    """Return the slices of the street tables for Suffolk."""
    return view.slices(tables, area)


@pytest.fixture(scope="module")
def recount(mirror: Path) -> pd.DataFrame:
    """Return every Suffolk street row, read by pandas straight from the zip files."""
    frames = []
    for name in ARCHIVES:
        with zipfile.ZipFile(mirror / "police_uk_archive" / name) as archive:
            members = [member for member in archive.namelist() if member.endswith("-suffolk-street.csv")]
            frames += [pd.read_csv(io.BytesIO(archive.read(member)), dtype=str) for member in members]
    return pd.concat(frames, ignore_index=True)


def _locked(path: Path, folder: Path) -> LockedInput:
    source, rest = path.relative_to(folder).as_posix().split("/", 1)
    name, _, member = rest.partition(".d/")
    with path.open("rb") as stream:
        size, digest = measure(stream)
    return LockedInput(source, name if member else rest, member or None, size, digest, "2026-01-01", "mirror")


def test_all_rows_of_suffolk_are_accounted_for_by_kind(slices: dict[str, pd.DataFrame]) -> None:
    own = slices["coverage"].query("dataset == 'street' and force_slug == 'suffolk'")
    assert own["rows_total"].sum() == 154_834
    assert own["rows_in_area"].sum() == 151_813
    assert own["rows_outside_area"].sum() == 1_847
    assert own["rows_no_location"].sum() == 1_174
    assert own["rows_rejected"].sum() == 0
    by_kind = slices["street_counts"].query("force_slug == 'suffolk'").groupby("location")["count"].sum().to_dict()
    assert by_kind == {"in_area": 151_813, "outside_area": 1_847, "none": 1_174}


def test_rows_of_every_force_and_kind_of_file(tables: tidy.TidyTables) -> None:
    coverage = tables["coverage"]
    held = coverage[coverage["status"] == "present"]
    street, outcomes = held[held["dataset"] == "street"], held[held["dataset"] == "outcomes"]
    assert (len(street), street["rows_total"].sum()) == (136, 1_106_468)
    assert (len(outcomes), outcomes["rows_total"].sum()) == (52, 376_661)
    assert outcomes.groupby("force_slug")["rows_total"].sum().to_dict() == OUTCOMES
    assert tables["street_counts"]["count"].sum() == 1_106_468
    kinds = tables["outcome_counts"].groupby("kind")["count"].sum().to_dict()
    assert kinds == {"last_outcome": 1_106_468, "outcome_event": 376_661}


def test_missing_months_are_missing(tables: tidy.TidyTables) -> None:
    coverage = tables["coverage"].query("dataset == 'street' and force_slug == 'suffolk'").set_index("month")
    missing = coverage.index[coverage["status"] == "missing"].strftime("%Y-%m")
    spans = [("2019-03", "2021-02"), ("2022-04", "2023-12"), ("2024-05", "2024-12")]
    assert list(missing) == [str(month) for first, last in spans for month in pd.period_range(first, last, freq="M")]
    assert not tables["street_counts"]["month"].isin(missing).any()


def test_vintage_of_lsoa_by_month(tables: tidy.TidyTables) -> None:
    held = tables["coverage"].query("status == 'present'")
    assert set(held.loc[held["month"] < "2023-01-01", "lsoa_vintage"]) == {"2011"}
    assert set(held.loc[held["month"] > "2023-01-01", "lsoa_vintage"]) == {"2021"}


@pytest.mark.parametrize("crime_type", list(BY_TYPE))
def test_records_by_crime_type(tables: tidy.TidyTables, crime_type: str) -> None:
    counts = tables["street_counts"].query("force_slug == 'suffolk' and crime_type == @crime_type")
    assert (counts["count"].sum(), counts.query("month >= '2025-01-01'")["count"].sum()) == BY_TYPE[crime_type]


def test_violence_of_2025_by_district(slices: dict[str, pd.DataFrame]) -> None:
    street = slices["street_counts"].query("crime_type == @VIOLENCE and month >= '2025-01-01'")
    own = street[street["force_slug"] == "suffolk"]
    assert own["count"].sum() == 21_045
    assert own.groupby("location")["count"].sum().to_dict() == {"in_area": 20_508, "outside_area": 421, "none": 116}
    assert _by_district(own, slices["places"]) == DISTRICTS


def test_rows_of_neighbours_are_counted_apart(slices: dict[str, pd.DataFrame]) -> None:
    street = slices["street_counts"].query("force_slug != 'suffolk'")
    inside = street[street["location"] == "in_area"]
    coverage = slices["coverage"].query("dataset == 'street' and force_slug != 'suffolk'")
    assert 0 < inside["count"].sum() == coverage["rows_in_area"].sum()


@pytest.mark.parametrize(("force", "first", "last", "rows", "nowhere", "outside"), QUALITY)
def test_quality_by_force_and_period(tables: tidy.TidyTables, force: str, first: str, last: str, rows: int, nowhere: int, outside: int) -> None:
    counts = tables["street_counts"].query("force_slug == @force and @first <= month <= @last")
    own = tables["places"].query("force_slug == @force")["lsoa21cd"]
    located = counts[counts["location"] == "lsoa"]
    assert counts["count"].sum() == rows
    assert counts.loc[counts["location"] == "none", "count"].sum() == nowhere
    assert located.loc[~located["lsoa21cd"].isin(own), "count"].sum() == outside


def test_recount_by_month_type_and_place_in_plain_pandas(slices: dict[str, pd.DataFrame], recount: pd.DataFrame) -> None:
    own = slices["street_counts"].query("force_slug == 'suffolk'")
    keys = ["month", "crime_type"]
    ours = own.groupby(keys)["count"].sum()
    theirs = recount.assign(month=pd.to_datetime(recount["Month"])).groupby(["month", "Crime type"]).size().rename_axis(keys)
    pd.testing.assert_series_equal(ours, theirs, check_names=False, check_index_type=False)
    late = recount[recount["Month"] >= "2024-01"]
    theirs = late[late["LSOA code"].isin(slices["places"]["lsoa21cd"])].groupby(["Month", "LSOA code", "Crime type"]).size()
    ours = own.query("location == 'in_area' and month >= '2024-01-01'")
    ours = ours.groupby([ours["month"].dt.strftime("%Y-%m"), "lsoa21cd", "crime_type"])["count"].sum()
    pd.testing.assert_series_equal(ours, theirs, check_names=False, check_index_type=False)


def test_recoded_counts_equal_the_2011_counts_area_by_area(tables: tidy.TidyTables, slices: dict[str, pd.DataFrame], recount: pd.DataFrame) -> None:
    early = recount[(recount["Month"] < "2023-01") & recount["LSOA code"].notna()]
    changes = tables["place_changes"]
    group = changes.groupby("lsoa21cd")["lsoa11cd"].min()  # Suffolk has no irregular change: split, merged or unchanged
    home = changes.assign(home=changes["lsoa21cd"].map(group)).drop_duplicates("lsoa11cd").set_index("lsoa11cd")["home"]
    theirs = early.groupby([early["LSOA code"].map(home), "Crime type"]).size()
    ours = tables["street_counts"].query("force_slug == 'suffolk' and location == 'lsoa' and month < '2023-01-01'")
    ours = ours.groupby([ours["lsoa21cd"].map(group), "crime_type"])["count"].sum()
    pd.testing.assert_series_equal(ours, theirs, check_names=False, check_index_type=False)


def test_recount_of_outcomes_in_plain_pandas(tables: tidy.TidyTables, mirror: Path, recount: pd.DataFrame) -> None:
    with zipfile.ZipFile(mirror / "police_uk_archive" / "2022-03.zip") as archive:
        members = [member for member in archive.namelist() if member.endswith("-suffolk-outcomes.csv")]
        events = pd.concat([pd.read_csv(io.BytesIO(archive.read(member)), dtype=str) for member in members])
    kind = recount.dropna(subset="Crime ID").drop_duplicates("Crime ID").set_index("Crime ID")["Crime type"]
    theirs = events.groupby([events["Crime ID"].map(kind).fillna("not held"), "Outcome type"]).size()
    own = tables["outcome_counts"].query("force_slug == 'suffolk' and kind == 'outcome_event'")
    ours = own.groupby([own["crime_type"].fillna("not held"), "outcome"])["count"].sum()
    pd.testing.assert_series_equal(ours, theirs, check_names=False)
    assert round(1 - theirs["not held"].sum() / theirs.sum(), 3) == 0.915


def test_embedded_snapshot_holds_the_same_numbers(root: Path, slices: dict[str, pd.DataFrame]) -> None:
    edition = open_edition("suffolk-2025", str(root))
    embedded = pd.read_parquet(edition.snapshot_path / "street_counts.parquet")
    pd.testing.assert_frame_equal(embedded, slices["street_counts"], check_dtype=False)


def test_selection_of_a_chapter_gives_the_districts(root: Path) -> None:
    found = street_by_place(open_view(open_edition("suffolk-2025", str(root))), VIOLENCE, "2025-01/2025-12", "lad24nm")
    assert found.set_index("lad24nm")["count"].to_dict() == DISTRICTS


def test_snapshots_of_both_editions_are_under_two_mebibytes(root: Path) -> None:
    sizes = [path.stat().st_size for path in (root / "data" / "editions").glob("suffolk-*/snapshot/*")]
    assert 0 < sum(sizes) < 2 * 1024 * 1024


def _by_district(street: pd.DataFrame, places: pd.DataFrame) -> dict[str, int]:
    located = street.dropna(subset="lsoa21cd").merge(places[["lsoa21cd", "lad24nm"]], on="lsoa21cd", validate="many_to_one")
    return located.groupby("lad24nm")["count"].sum().to_dict()
