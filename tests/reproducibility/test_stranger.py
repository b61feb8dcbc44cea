"""A stranger with the published folder, the code, the lock and the embedded figures builds the same site."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.ci]


def test_a_published_folder_is_rebuilt_from_its_own_provenance(suffolk_site: Path, root: Path, tmp_path: Path) -> None:
    site = shutil.copytree(suffolk_site / "html", tmp_path / "downloaded")
    done = subprocess.run([sys.executable, "-m", "svd_lib.cli", "verify", "--project", str(root), "--site", str(site)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "same bytes" in done.stdout and "Not the same to begin with" not in done.stdout
