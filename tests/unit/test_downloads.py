"""The workbooks and the bundle: the same numbers in every format, no formulas, the same bytes every time."""

import csv
import io
import json
import zipfile
from datetime import date

import openpyxl
import pytest
from odfdo import Document

from svd_lib.build import downloads
from svd_lib.build.bundle import csvw, dataset
from svd_lib.build.downloads import files_of, size_words, with_sizes, write_downloads
from svd_lib.build.workbook import Sheet, read_published, safe_text, sheets_of
from svd_lib.build.xlsx import write_xlsx
from svd_lib.edition import open_edition

ABOUT = {"title": "A rate", "subtitle": "Per 1,000", "period": "2025-01/2025-12", "note": "", "attribution": ["Credit."], "sources": ["a"], "columns": {"label": "Place", "value": "Rate"}}
CSV = "label,value,is_suppressed\nNorth & South,1.25,False\n=cmd(),,True\nEast,-3,False\n"


@pytest.fixture
def edition(root, tmp_path):
    out = tmp_path / "out"
    (out / "exhibits").mkdir(parents=True)
    (out / "exhibits" / "trends-a-rate.csv").write_text(CSV)
    (out / "exhibits" / "trends-a-rate.json").write_text(json.dumps(ABOUT))
    (out / "findings.json").write_text("{}")
    return open_edition("suffolk-2025", str(root), str(out))


@pytest.fixture
def site(edition, tmp_path):
    folder = tmp_path / "site"
    (folder / "exhibits").mkdir(parents=True)
    write_downloads(edition, folder)
    return folder


def test_text_never_starts_a_formula():
    assert [safe_text(text) for text in ("=1", "+1", "-x", "@x", "\tx", "x=1")] == ["'=1", "'+1", "'-x", "'@x", "'\tx", "x=1"]


def test_numbers_are_numbers_and_gaps_are_words(edition):
    table = sheets_of(edition, read_published(edition.out_path, ["trends"]))[-1]
    assert table.headings == ("Place", "Rate", "is_suppressed")
    assert table.rows == (("North & South", 1.25, "No"), ("'=cmd()", "[c]", "Yes"), ("East", -3, "No"))


def test_both_workbooks_hold_the_same(edition, site):
    excel = openpyxl.load_workbook(site / f"downloads/{edition.name}.xlsx")
    other = Document(site / f"downloads/{edition.name}.ods").body.tables
    assert excel.sheetnames == [table.name for table in other] == ["Cover", "Contents", "Notes", "Table 1"]
    for sheet, table in zip(excel, other):
        ours = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
        theirs = [[float(cell) if not isinstance(cell, str) else cell for cell in row if cell is not None] for row in table.get_values()]
        assert ours == theirs
    assert list(excel["Table 1"].tables) == ["Table_1"]


def test_the_bundle_describes_every_column_of_every_file(edition, site):
    with zipfile.ZipFile(site / f"downloads/{edition.name}-data.zip") as archive:
        described = json.loads(archive.read("csv-metadata.json"))
        for table in described["tables"]:
            first = next(csv.reader(io.StringIO(archive.read(table["url"]).decode())))
            assert [column["titles"] for column in table["tableSchema"]["columns"]] == first
        assert {"README.txt", "findings.json"} <= set(archive.namelist())
    kinds = [column["datatype"] for column in described["tables"][0]["tableSchema"]["columns"]]
    assert kinds == ["string", "number", {"base": "boolean", "format": "True|False"}]
    assert described == csvw(edition, read_published(edition.out_path, []))


def test_the_same_bytes_at_another_time(edition, site, tmp_path):
    again = tmp_path / "again"
    (again / "exhibits").mkdir(parents=True)
    write_downloads(edition, again)
    for path in sorted((site / "downloads").iterdir()):
        assert path.read_bytes() == (again / "downloads" / path.name).read_bytes(), path.name


def test_kept_downloads_are_the_same_and_are_not_made_again(edition, site, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    sites = [tmp_path / "first", tmp_path / "second"]
    for folder in sites:
        (folder / "exhibits").mkdir(parents=True)
    write_downloads(edition, sites[0], kept)
    monkeypatch.setattr(downloads, "write_xlsx", lambda *_: pytest.fail("made again"))
    write_downloads(edition, sites[1], kept)
    fresh = {path: (site / path).read_bytes() for path in [address for address, *_ in files_of(edition)][:3]}
    assert all((folder / path).read_bytes() == content for folder in sites for path, content in fresh.items())


def test_a_wide_sheet_has_columns_beyond_z(tmp_path):
    write_xlsx(tmp_path / "wide.xlsx", [Sheet("Wide", ("T",), tuple(f"h{n}" for n in range(30)), (tuple(range(30)),))], "T", date(2025, 1, 2))
    assert openpyxl.load_workbook(tmp_path / "wide.xlsx")["Wide"]["AD3"].value == 29


def test_the_dataset_names_edition_date_and_files(edition):
    said = dataset(edition, files_of(edition))
    assert said["@type"] == "Dataset" and said["version"] == edition.name and "31 December 2025" in said["citation"]
    assert len(said["distribution"]) == 4


def test_sizes_are_said_where_a_page_leaves_room(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"0" * 1500)
    assert with_sizes('<span class="sna-size" data-file="x.zip"></span>', tmp_path) == '<span class="sna-size">(2 KB)</span>'
    assert size_words(2_340_000) == "2.3 MB"
