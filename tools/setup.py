#!/usr/bin/env python3
"""Prepare .venv and run the project's commands, with nothing but Python's standard library.

Usage: python3 tools/setup.py [env | env-dev | env-edit | book | test | browser]

``env`` installs what building needs from requirements.lock, ``env-dev`` adds what testing needs, ``env-edit`` adds
JupyterLab. Installation is from hashed locks, with uv if it is there and with venv and pip otherwise, and compiles
bytecode. When the locks have not changed, every ``env`` command returns at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCKS = {"env": "requirements.lock", "env-dev": "requirements-dev.lock", "env-edit": "requirements-edit.lock"}
OLDEST_PYTHON = (3, 11, 2)


class SetupError(Exception):
    """A problem with the machine that one sentence explains."""


def main(arguments: list[str]) -> int:
    """Run the command named and return the exit status."""
    command = arguments[0] if arguments else "env"
    try:
        return COMMANDS[command](arguments[1:])
    except KeyError:
        print(f"tools/setup.py: no command '{command}'; choose one of {', '.join(COMMANDS)}.", file=sys.stderr)
    except SetupError as problem:
        print(f"tools/setup.py: {problem}", file=sys.stderr)
    except subprocess.CalledProcessError as problem:
        print(f"tools/setup.py: '{problem.cmd[0]}' failed with status {problem.returncode}; see its message above.", file=sys.stderr)
    return 2


def ensure(level: str) -> int:
    """Install a lock into .venv unless it is there already."""
    stamp = VENV / f".installed-{level}"
    if _is_current(stamp, level):
        return 0
    _check_python()
    uv = shutil.which("uv")
    if not PYTHON.exists():
        _create_venv(uv)
    _install(uv, ROOT / LOCKS[level])
    stamp.write_text(_fingerprint(level))
    return 0


def _is_current(stamp: Path, level: str) -> bool:
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == _fingerprint(level)


def _fingerprint(level: str) -> str:
    digest = hashlib.sha256(str(ROOT).encode())
    for name in (LOCKS[level], "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(f"Python {wanted} or newer is needed and this is {sys.version.split()[0]}; install one and run it as 'make PYTHON=python3.12'.")


def _create_venv(uv: str | None) -> None:
    print("Creating .venv", flush=True)
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError("Python's venv module is missing; install it with: apt-get install python3-venv") from None
    _run([sys.executable, "-m", "venv", str(VENV)])


def _install(uv: str | None, lock: Path) -> None:
    print(f"Installing {lock.name} (a few minutes the first time)", flush=True)
    if uv:
        install = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--compile-bytecode"]
    else:
        install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, "--require-hashes", "-r", str(lock)])
    _run([*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])


def _run(command: list[str], **options: object) -> int:
    return subprocess.run(command, check=True, cwd=ROOT, **options).returncode


def _book(rest: list[str]) -> int:
    ensure("env")
    return subprocess.run([str(BIN / "sna"), "build", "--edition", "suffolk-2025", *rest], cwd=ROOT).returncode


def _test(rest: list[str]) -> int:
    ensure("env-dev")
    workers = ["-n", "2"] if "-n" not in rest else []
    command = [str(PYTHON), "-m", "pytest", *workers, "--dist", "loadfile", "-m", "not browser and not ci", *rest]
    return subprocess.run(command, cwd=ROOT).returncode


def _browser(rest: list[str]) -> int:
    ensure("env-dev")
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        raise SetupError("Chromium is missing; install it with: apt-get install chromium")
    return subprocess.run([str(PYTHON), "-m", "pytest", "-m", "browser", *rest], cwd=ROOT).returncode


COMMANDS = {
    "env": lambda rest: ensure("env"),
    "env-dev": lambda rest: ensure("env-dev"),
    "env-edit": lambda rest: ensure("env-edit"),
    "book": _book,
    "test": _test,
    "browser": _browser,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
