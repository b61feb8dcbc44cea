"""The second book: every block of commands runs or says why not, every file named as proof is there."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from svd_lib.build.chapters import documents_of
from svd_lib.desk.project import copy_default

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "examples")
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?```(?:bash|sh|console)\n(?P<commands>.*?)```", re.S)
MADE = {"explanation/country.md", "reference/commands.md", "reference/features.md", "reference/measures.md"}
"""Pages that ``make docs`` writes."""
MOST_NOT_RUN = 0.1
"""Share of blocks that may be left out, each with its reason."""


def blocks(page: Path) -> list[tuple[str | None, list[str]]]:
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [(match["reason"], [line for line in match["commands"].splitlines() if line.strip()]) for match in found]


def runnable(page: Path) -> list[str]:
    return [line for reason, lines in blocks(page) if reason is None for line in lines]


def test_every_page_is_in_the_contents():
    listed = set(documents_of(yaml.safe_load((DOCS / "_toc.yml").read_text())))
    made = {name.removesuffix(".md") for name in MADE}
    assert {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} | made == listed


def test_pages_that_are_made_can_be_made():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert set(made.GENERATED) == MADE
    for name, page in made.GENERATED.items():
        text = page()
        assert text.startswith("# ") and len(text) > 500, name
        assert not re.search(r"\{\w+\}|\bnan\b", re.sub(r"`[^`]*`|```.*?```", "", text, flags=re.S)), name


def test_blocks_that_are_not_run_say_why():
    for page in PAGES:
        for reason, _ in blocks(page):
            assert reason is None or len(reason.split()) >= 5, f"{page.name}: a block that is not run needs its reason"


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+\.md)[^)]*\)", page.read_text(encoding="utf-8")):
            place = (page.parent / target).resolve()
            assert place.relative_to(DOCS.resolve()).as_posix() in MADE or place.is_file(), f"{page.relative_to(DOCS)}: {target}"


@pytest.mark.parametrize("page", ["rap.md", "assumptions.md"])
def test_every_file_named_as_proof_is_there(page):
    rows = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("|") and "`" in line]
    named = [re.findall(r"`([^`]+)`", row)[-1] for row in rows]
    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_rap_page_has_every_level():
    text = (DOCS / "rap.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)", text, flags=re.M) == ["Baseline", "Silver", "Gold"]


def clone_with_environment(folder: Path) -> Path:
    """A project as a clone is after installation; installing itself is what .ci/run does in a fresh clone."""
    copy_default(ROOT, folder)
    shutil.copytree(ROOT / "tools", folder / "tools")
    for path in (ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("requirements*.lock")):
        shutil.copy(path, folder)
    venv = Path(sys.prefix)
    (folder / ".venv").mkdir()
    for path in venv.iterdir():
        if not path.name.startswith(".installed"):
            (folder / ".venv" / path.name).symlink_to(path)
    program = "import sys; sys.path.insert(0, 'tools'); import setup; (setup.VENV / '.installed-env').write_text(setup._fingerprint('env'))"
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    return folder


@pytest.mark.ci
@pytest.mark.mirror
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_order(page, mirror, tmp_path):
    project = clone_with_environment(tmp_path / "project")
    environment = {**os.environ, "MIRROR": str(mirror), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for line in runnable(page):
        done = subprocess.run(["bash", "-c", line], cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, f"{page.name}: {line}\n{done.stdout[-800:]}{done.stderr[-1500:]}"


def test_few_blocks_are_left_out():
    every = [reason for page in PAGES for reason, _ in blocks(page)]
    left_out = [reason for reason in every if reason]
    print(f"{len(left_out)} of {len(every)} blocks of commands are not run")
    assert len(left_out) <= MOST_NOT_RUN * len(every)
