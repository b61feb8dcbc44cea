"""What pyproject.toml cannot say: a wheel carries the default notebooks, pages and tables, so that it works outside a clone."""

import ast
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
LISTS = ROOT / "svd_lib" / "desk" / "project.py"


def carried(name):
    """Return one of the lists of project files from where it is kept; importing it would need the dependencies."""
    assignments = [node for node in ast.parse(LISTS.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    return next(ast.literal_eval(node.value) for node in assignments if node.targets[0].id == name)


class BuildWithProject(build_py):
    """Copy the default project beside the code; an editable install has the clone itself."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "svd_lib" / "_project"
        shutil.rmtree(target, ignore_errors=True)
        for name in carried("PROJECT_FOLDERS"):
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*carried("LEFT_OUT")))
        for name in carried("PROJECT_FILES"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithProject})
