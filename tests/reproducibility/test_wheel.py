"""The built wheel works outside any clone: install, start a project in an empty folder, build another area's site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = [pytest.mark.ci, pytest.mark.mirror]


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel alone; what it depends on is linked from this one, whose own project is not."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    subprocess.run(build, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    packages = Path(subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True).stdout.strip())
    packages.rmdir()
    shutil.copytree(sysconfig.get_path("purelib"), packages, copy_function=os.link, ignore=shutil.ignore_patterns("__editable__*", "serious_violence*", "pip", "pip-*"))
    wheel = next(folder.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run(pip, check=True)
    return python.with_name("sna")


def test_a_new_edition_is_built_outside_any_clone(installed, mirror, tmp_path):
    where = subprocess.run([installed.with_name("python"), "-c", "import svd_lib; print(svd_lib.__path__[0])"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str(installed.parents[1]) in where.stdout
    command = [str(installed), "new", "--area", "force:Norfolk", "--mirror", str(mirror), "--no-open"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "data/editions/norfolk-2025/partnership.yml").is_file()
    page = (tmp_path / "_build/norfolk-2025/html/index.html").read_text()
    assert "Norfolk" in page and "not a publication of the Norfolk partnership" in page
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 2 and again.stderr.endswith("--period-end.\n") and "is there already" in again.stderr
