"""What one more area costs in a run of many: the slope of seconds over 2, 4, 8 and 16 areas."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import numpy as np

from svd_lib.build import stock
from svd_lib.build.inputs import edition_to_build, prepare_view
from svd_lib.build.progress import Progress
from svd_lib.errors import SnaError

AREAS = (
    "force:Suffolk", "district:Norwich", "district:Ipswich", "force:Norfolk", "district:Babergh", "district:Breckland",
    "force:Cambridgeshire", "district:East Suffolk", "district:Broadland", "district:Mid Suffolk", "district:Great Yarmouth", "force:Essex",
    "district:West Suffolk", "district:North Norfolk", "district:South Norfolk", "district:King's Lynn and West Norfolk",
)  # fmt: skip
COUNTS = (2, 4, 8, 16)


def with_tables(root: Path, project: Path, mirror: Path) -> list[str]:
    """Make every area's tables in a copy of the project and return the areas' editions; an area that cannot be made is named and left out."""
    stock.copy_project(root, project)
    names = []
    for area in AREAS:
        try:
            edition = edition_to_build(area, area, str(mirror), str(project), Progress())
            prepare_view(edition, str(mirror), Progress())
            names.append(edition.name)
        except SnaError as problem:
            print(f"{area} is left out: {problem}", file=sys.stderr)
    return names


def seconds_by_count(root: Path, prepared: Path, names: list[str], folder: Path, jobs: int) -> dict[int, float]:
    """Return areas in a run -> seconds, each run in a fresh copy that holds the tables and nothing else that was built."""
    seconds = {}
    for count in COUNTS:
        if count <= len(names):
            project = stock.copy_project(root, folder / f"areas-{count}")
            for name in names[:count]:
                copy_prepared(prepared, name, project)
            command = [str(Path(sys.executable).with_name("sna")), "build", "--jobs", str(jobs), "--areas", ",".join(names[:count])]
            began = time.perf_counter()
            stock.run(command, project)
            seconds[count] = round(time.perf_counter() - began, 3)
            print(f"{count} areas: {seconds[count]} s", flush=True)
            shutil.rmtree(project)
    return seconds


def copy_prepared(prepared: Path, name: str, project: Path) -> None:
    """Copy what is there of an edition's folder and tables before a build; an edition of the project's own has its folder elsewhere."""
    for part in ("edition", "view"):
        if (source := prepared / "_build" / name / part).is_dir():
            shutil.copytree(source, project / "_build" / name / part)


def slope(seconds: dict[int, float]) -> float:
    """Return the seconds that one more area takes: the least-squares slope."""
    return float(np.polyfit(list(seconds), list(seconds.values()), 1)[0])
