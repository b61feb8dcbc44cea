"""Roads beyond one machine and beyond Jupyter Book 1, and what the system refuses: each as far as it can be tried without them."""

from __future__ import annotations

import errno
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from svd_lib import cli
from svd_lib.edition import open_edition
from svd_lib.ingest.loaders import open_view
from svd_lib.sources import swap
from svd_lib.sources.swap import put_back, swap_in

ROOT = Path(__file__).resolve().parents[2]


def load(path: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a program that is no module of a package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, Path(path).stem, module)
    spec.loader.exec_module(module)
    return module


def test_the_snakefile_is_short_and_runs_the_one_command_line() -> None:
    lines = (ROOT / "Snakefile").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    shells = [line for line in lines if "shell:" in line]
    assert len(shells) == 2 and all("{SNA} " in line for line in shells)


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no room left"), (errno.EROFS, "can only be read"), (errno.EACCES, "may not read or write")])
def test_what_the_system_refuses_is_one_sentence(number: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def refuse(_: object) -> int:
        raise OSError(number, "refused", "a/file")

    monkeypatch.setattr(cli, "_editions", refuse)
    assert cli.main(["editions"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("sna: a/file: ") and words in said and said.count("\n") == 1


def test_a_folder_that_could_not_be_copied_whole_is_one_sentence_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    copied = shutil.Error([("a", "b", "[Errno 28] No space left on device: 'a' -> 'b'")] * 3)
    monkeypatch.setattr(cli, "_editions", lambda _: (_ for _ in ()).throw(copied))
    assert cli.main(["editions"]) == 1 and capsys.readouterr().err.startswith("sna: there is no room left on the disk;")


def test_any_other_error_of_the_system_is_a_defect_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_editions", lambda _: (_ for _ in ()).throw(FileNotFoundError(errno.ENOENT, "gone", "b")))
    with pytest.raises(FileNotFoundError):
        cli.main(["editions"])


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_new_folder_or_file_takes_the_old_ones_place(in_one_step: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not in_one_step:
        monkeypatch.setattr(swap, "_exchange", lambda *_: False)
    for name in ("html", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page").write_text(name)
    swap_in(tmp_path / "new", tmp_path / "html")
    assert [path.name for path in tmp_path.iterdir()] == ["html"] and (tmp_path / "html" / "page").read_text() == "new"
    (tmp_path / "file").write_text("first")
    swap_in(tmp_path / "file", tmp_path / "findings.json")
    assert (tmp_path / "findings.json").read_text() == "first"


def test_what_a_stopped_swap_left_aside_gets_its_name_back_or_goes_where_the_new_one_stands(tmp_path: Path) -> None:
    for name in (".html.old", ".exhibits.old", "exhibits"):
        (tmp_path / name).mkdir()
    put_back(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exhibits", "html"]


PAGE = '<article><h1>{}</h1><p><span data-finding="trends-a-b">{}</span></p><figure id="trends-a-map"></figure></article>'


def test_the_exit_road_compares_headings_findings_and_exhibits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    exit_road = load("tools/exit_road.py", monkeypatch)
    edition = type("Built", (), {"build_path": tmp_path})
    other = tmp_path / "other"
    for folder, words in ((tmp_path / "html", ("Trends#", "27.0")), (other, ("Trends #", "27.0"))):
        folder.mkdir()
        (folder / "trends.html").write_text(PAGE.format(*words))
    assert exit_road.problems(edition, other) == []
    (other / "trends.html").write_text(PAGE.format("Trends", "28.0").replace("trends-a-map", "trends-a-bar"))
    assert [line.split(",")[0] for line in exit_road.problems(edition, other)] == ["trends.html: 2 quoted findings differ", "trends.html: 2 exhibits differ"]
    (other / "trends.html").unlink()
    assert exit_road.problems(edition, other) == ["trends.html was not built"]


def test_twice_the_areas_in_twice_the_time_is_a_slope_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    country = load("benchmarks/bench_country.py", monkeypatch)
    assert country.slope({8: 80.0, 16: 160.0, 32: 320.0}) == pytest.approx(1.0)
    assert country.slope({8: 64.0, 16: 256.0}) == pytest.approx(2.0)


def test_a_made_up_area_opens_like_any_other_and_says_what_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    country = load("benchmarks/bench_country.py", monkeypatch)
    (tmp_path / "data" / "editions").mkdir(parents=True)
    for name in ("reference", "sources.yml"):
        (tmp_path / "data" / name).symlink_to(ROOT / "data" / name)
    real = tmp_path / "_build" / "suffolk-2025"
    shutil.copytree(ROOT / "data" / "editions" / "suffolk-2025", real / "edition")
    shutil.copytree(real / "edition" / "snapshot", real / "view")
    edition = open_edition(country.deal_out(tmp_path, "suffolk-2025", 7), str(tmp_path))
    assert edition.name == "made-up-07-2025" and edition.title.startswith("Made-up figures")
    dealt, own = (open_view(one).table("street_counts") for one in (edition, open_edition("suffolk-2025", str(tmp_path))))
    assert dealt["count"].sum() == own["count"].sum() and (dealt["lsoa21cd"].astype(str) != own["lsoa21cd"].astype(str)).mean() > 0.5
