"""A definition written as the guide says: copied, named in the edition, and the whole report is built by it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from svd_lib.build import stock

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.ci]
EDITION = "suffolk-2025"


def test_a_definition_copied_as_the_guide_says_builds_every_chapter(root: Path, tmp_path: Path) -> None:
    project = stock.copy_project(root, tmp_path / "project")
    guide = (root / "docs" / "how-to" / "definition.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```bash\n(.*?)```", guide, re.DOTALL)
    subprocess.run(["bash", "-ec", commands], cwd=project, check=True)
    version = yaml.safe_load((project / "data/reference/definitions/our-definition.yml").read_text(encoding="utf-8"))["version"]
    described = project / "data" / "editions" / EDITION / "edition.yml"
    described.write_text(re.sub(r"(?m)^definition: .*", f"definition: our-definition@{version}", described.read_text(encoding="utf-8")), encoding="utf-8")
    command = [sys.executable, "-m", "svd_lib.cli", "build", "--project", str(project), "--edition", EDITION]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project)
    assert done.returncode == 0, done.stderr[-2000:]
    html = project / "_build" / EDITION / "html"
    assert len(list(html.glob("*.html"))) > 10
    assert "nothing more: offence codes express it" in (html / "definitions.html").read_text(encoding="utf-8")
