"""The worked example of docs/disclosure.md runs and says what the page says."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_worked_example_runs_and_holds(capsys) -> None:
    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "disclosure.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    names: dict = {}
    exec(compile(block, "docs/disclosure.md", "exec"), names)
    assert len(names["careless"]) >= 2 and names["safe"].empty
    assert len(names["made"].primary) == 2 and names["made"].secondary
    assert "0 after release" in capsys.readouterr().out


def test_the_library_imports_nothing_of_the_project_but_its_errors() -> None:
    for path in (ROOT / "svd_lib" / "disclosure").glob("*.py"):
        for name in re.findall(r"^\s*(?:from|import) (svd_lib[\w.]*)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name.startswith("svd_lib.disclosure") or name in ("svd_lib.errors", "svd_lib.vocabulary"), f"{path.name}: {name}"
