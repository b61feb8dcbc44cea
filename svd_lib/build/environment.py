"""The environment a chapter and the site builder run in: nothing of the user's own settings, nothing of the clock."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path

from svd_lib.edition import Edition

KERNEL_NAME = "python3"
_UNWANTED = ("PYTHONSTARTUP", "PYTHONWARNINGS", "MATPLOTLIBRC", "PYTHONPATH", "JUPYTER_PREFER_ENV_PATH")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ONE_ARITHMETIC = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
"""On x86-64, sums, sorts and logarithms by the instructions every such processor has: a newer one's differ in the last digit."""


def build_environment(edition: Edition, folder: Path, sockets: Path, provisioner: str = "") -> dict[str, str]:
    """Return the environment variables of a build, and write the kernel specification they point to.

    Parameters
    ----------
    edition : Edition
        Its period end is the build's clock.
    folder : pathlib.Path
        A folder of this build for Jupyter's and IPython's own files.
    sockets : pathlib.Path
        A folder with a short path, for the kernels' sockets.
    provisioner : str, optional
        Who starts the kernels, by jupyter_client's name for it; its own way when empty.

    Returns
    -------
    dict of str to str
        A whole environment, to be used in place of the caller's.
    """
    _write_kernel_specification(folder / "jupyter", provisioner)
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    arithmetic = ONE_ARITHMETIC if platform.machine() in ("x86_64", "AMD64") else {}
    return kept | _fixed_settings(edition, folder, sockets) | dict.fromkeys(_THREADS, "1") | arithmetic


def _fixed_settings(edition: Edition, folder: Path, sockets: Path) -> dict[str, str]:
    return {
        "SOURCE_DATE_EPOCH": str(edition.source_date_epoch),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        # Arrow's allocator starts a thread otherwise, and a process with threads cannot safely be forked
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        # freed memory goes back to the system: a third less in each kernel at its peak
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(edition.root / "_build" / ".matplotlib"),
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter" / "config"),
        "JUPYTER_RUNTIME_DIR": str(sockets),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(folder / "ipython"),
    }


def _write_kernel_specification(folder: Path, provisioner: str) -> None:
    """Describe the running Python as a kernel, so that no kernel needs to be installed for the user."""
    target = folder / "kernels" / KERNEL_NAME
    target.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    quiet = ["--HistoryManager.enabled=False", "--log-level=50"]
    guarded = ["--IPKernelApp.extensions=svd_lib.build.guard"]
    specification = {"argv": command + quiet + guarded, "display_name": "Python 3", "language": "python"}
    if provisioner:
        specification["metadata"] = {"kernel_provisioner": {"provisioner_name": provisioner}}
    (target / "kernel.json").write_text(json.dumps(specification), encoding="utf-8")
