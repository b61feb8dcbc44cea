"""Many areas in one run: how a list is read, and that one failure does not stop the others."""

import io

import pytest

from svd_lib.build import areas
from svd_lib.build.progress import Progress
from svd_lib.errors import SnaError


def test_a_list_is_commas_or_a_file(tmp_path):
    assert areas.read_areas("force:Norfolk, suffolk-2025,force:Norfolk") == ["force:Norfolk", "suffolk-2025"]
    path = tmp_path / "areas.txt"
    path.write_text("# ours\nforce:Norfolk\n\nEssex\n")
    assert areas.read_areas(str(path)) == ["force:Norfolk", "Essex"]


def test_a_long_list_is_not_taken_for_a_file():
    names = [f"district:Somewhere {number}" for number in range(40)]
    assert areas.read_areas(",".join(names)) == names


def test_a_list_that_names_nothing_is_refused():
    with pytest.raises(SnaError, match="names no area"):
        areas.read_areas(" , ")


def test_a_failing_area_is_said_and_the_others_are_tried(root, monkeypatch):
    monkeypatch.setattr(areas.warm, "is_possible", lambda: False)
    said = io.StringIO()
    done = areas.build_areas(["nowhere-2025", "nobody-2025"], None, str(root), 2, Progress(said))
    assert [one.area for one in done] == ["nowhere-2025", "nobody-2025"]
    assert all("There is no edition" in one.problem for one in done)
    assert "(2 of 2 areas)" in said.getvalue()
