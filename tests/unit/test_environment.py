"""The environment of a build: the same arithmetic on every x86-64 processor."""

import platform
import subprocess
import sys

import pytest

from svd_lib.build.environment import ONE_ARITHMETIC, build_environment
from svd_lib.edition import open_edition

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="instructions of x86-64")
ASKED = """
import ctypes, pathlib, numpy
from numpy._core._multiarray_umath import __cpu_baseline__, __cpu_dispatch__, __cpu_features__
print(" ".join(__cpu_dispatch__))
print([name for name in __cpu_dispatch__ if __cpu_features__[name]])
library = next((pathlib.Path(numpy.__file__).parents[1] / "numpy.libs").glob("*openblas*"))
name = ctypes.CDLL(str(library)).scipy_openblas_get_corename64_
name.restype = ctypes.c_char_p
print(name().decode())
"""


@pytest.fixture(scope="module")
def said(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    environment = build_environment(open_edition("suffolk-2025", str(root)), folder, folder)
    return subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


def test_every_instruction_set_that_numpy_chooses_at_run_time_is_named(said):
    assert said[0].split() == ONE_ARITHMETIC["NPY_DISABLE_CPU_FEATURES"].split()


def test_numpy_uses_none_of_them(said):
    assert said[1] == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the library where wheels for Linux keep it")
def test_blas_uses_the_one_kernel(said):
    assert said[2] == ONE_ARITHMETIC["OPENBLAS_CORETYPE"]
