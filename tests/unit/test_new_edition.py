"""An edition for any area, made on the fly without touching a committed one."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from svd_lib.edition import list_editions, open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.areas import area_of
from svd_lib.ingest.new_edition import national_places, temporary_edition
from svd_lib.sources.fetch import fetch_edition
from svd_lib.sources.lock import read_lock
from svd_lib.sources.mirror import open_mirror

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's descriptions without its data."""
    copy = tmp_path_factory.mktemp("project")
    (copy / "data").mkdir()
    shutil.copytree(root / "data/reference", copy / "data/reference")
    shutil.copy(root / "data/sources.yml", copy / "data")
    for edition in list_editions(root):
        folder = copy / "data/editions" / edition.name
        folder.mkdir(parents=True)
        for name in ("edition.yml", "lock.json"):
            shutil.copy(edition.folder / name, folder)
    return copy


@pytest.fixture(scope="module")
def places(project: Path, mirror: Path) -> pd.DataFrame:
    return national_places(open_mirror(mirror), project)


def test_a_force_without_an_edition_gets_one(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    edition = temporary_edition("force:Norfolk", mirror, project, places=places, retrieved=date(2026, 11, 22))
    assert (edition.name, edition.period_end) == ("norfolk-2025", date(2025, 12, 31))
    assert edition.folder == project / "_build/norfolk-2025/edition" and edition.inputs == "raw"
    assert (edition.status, edition.definition) == ("demonstration", open_edition("suffolk-2025", str(project)).definition)
    assert edition.status_line.endswith("not a publication of the Norfolk partnership")
    members = {i.member[8:].split("-", 2)[2] for i in read_lock(edition.lock_path).inputs if i.member}
    assert {"norfolk-street.csv", "suffolk-street.csv", "cambridgeshire-street.csv"} <= members and "essex-street.csv" not in members
    assert open_edition("norfolk", str(project)) == edition
    assert len(area_of(edition, places).lsoa21cd) == 552
    assert {e.name for e in list_editions(project)} == {"suffolk-2022", "suffolk-2025"}


def test_a_force_wider_than_its_county_takes_every_boundary_file(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    edition = temporary_edition("force:Essex", mirror, project, places=places)
    shapes = {i.name for i in read_lock(edition.lock_path).inputs if i.name.startswith("lsoa/")}
    assert shapes == {"lsoa/E10000012.geojson.gz", "lsoa/E06000033.geojson.gz", "lsoa/E06000034.geojson.gz"}


def test_the_same_request_twice_writes_the_same_bytes(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    first = temporary_edition("district:Ipswich", mirror, project, date(2022, 3, 31), places)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    second = temporary_edition("Ipswich", mirror, project, date(2022, 3, 31), places)
    assert second.name == "ipswich-2022" and before == {path.name: path.read_bytes() for path in second.folder.iterdir()}
    assert fetch_edition(second, mirror).fetched > 0


def test_a_list_of_neighbourhoods_keeps_its_list(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    chosen = sorted(places.loc[places["lad24cd"] == "E07000202", "lsoa21cd"])[:3]
    edition = temporary_edition(f"lsoas:{','.join(chosen)}", mirror, project, places=places)
    area = area_of(edition, places)
    assert area.lsoa21cd == tuple(chosen) and area.code == edition.area_code
    assert area.name == "3 neighbourhoods in Ipswich" and edition.partnership == "Ipswich partnership"


def test_a_committed_edition_is_used(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    assert temporary_edition("force:Suffolk", mirror, project, places=places).folder == project / "data/editions/suffolk-2025"
    assert temporary_edition("Suffolk", mirror, project, date(2022, 3, 31), places).name == "suffolk-2022"
    with pytest.raises(SnaError, match="data/editions/suffolk-2025 is another edition of that name"):
        temporary_edition("Suffolk", mirror, project, date(2025, 6, 30), places)


def test_a_force_the_mirror_lacks_is_one_sentence(project: Path, mirror: Path, places: pd.DataFrame) -> None:
    with pytest.raises(SnaError, match="holds no street-level month of force 'kent'"):
        temporary_edition("force:Kent", mirror, project, places=places)
    with pytest.raises(SnaError, match="now lies in West Suffolk"):
        temporary_edition("St Edmundsbury", mirror, project, places=places)
