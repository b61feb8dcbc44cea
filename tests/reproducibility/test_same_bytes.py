"""The same edition in another folder, time zone, language, hash seed and number of workers: the same bytes."""

import json
import os
import subprocess
import sys

import pytest

from svd_lib.build import stock

pytestmark = [pytest.mark.site, pytest.mark.slow]
EDITION = "suffolk-2025"
CHANGED = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "4711", "MPLBACKEND": "svg", "COLUMNS": "40"}


@pytest.fixture(scope="module")
def digests(root, tmp_path_factory):
    """Digests of two builds from nothing, in two folders and two environments."""
    made = []
    for name, workers, settings in (("a", "2", {}), ("somewhere else entirely", "1", CHANGED)):
        project = stock.copy_project(root, tmp_path_factory.mktemp("build") / name)
        command = [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--edition", EDITION, "--jobs", workers]
        home = tmp_path_factory.mktemp("home")
        built = subprocess.run(command, cwd=home, env={**os.environ, **settings, "HOME": str(home)}, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        made.append(json.loads((project / "_build" / EDITION / "digest.json").read_text(encoding="utf-8")))
    return made


def test_two_builds_are_byte_for_byte_the_same(digests):
    first, second = (made["files"] for made in digests)
    differing = sorted(name for name in set(first) | set(second) if first.get(name) != second.get(name))
    print(f"{len(first)} files compared")
    assert differing == []


def test_nothing_was_missed(digests):
    assert len(digests[0]["files"]) > 20
