"""What a site was made from and what it is: every input, the code, every package; and a digest of every file."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path

from svd_lib.edition import Edition
from svd_lib.sources.lock import write_atomically

PACKAGE = Path(__file__).resolve().parent.parent
"""The folder of ``svd_lib``; it need not lie in the project that is built."""
CODE = ("notebooks/*.ipynb", "book/**/*", "data/reference/**/*", "data/sources.yml", "_config.yml", "_toc.yml")


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by relative path, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def combined_digest(root: Path, paths: Iterable[Path]) -> str:
    """Return one SHA-256 for many files: their relative names and contents."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(root).as_posix()}\0{file_digest(path)}\n".encode())
    return total.hexdigest()


def code_digest(root: Path) -> str:
    """Return one SHA-256 for everything of the project that a site's content depends on, besides the data."""
    paths = {path for pattern in CODE for path in root.glob(pattern) if path.is_file() and "__pycache__" not in path.parts}
    both = combined_digest(PACKAGE.parent, PACKAGE.rglob("*.py")) + combined_digest(root, paths)
    return hashlib.sha256(both.encode()).hexdigest()


def provenance_of(edition: Edition) -> dict:
    """Return the inputs, the code's hash, every package's version and the platform; no clock and no commit.

    Parameters
    ----------
    edition : Edition
        The edition that is built.
    """
    return {
        "schema": 1,
        "edition": edition.name,
        "definition": edition.definition,
        "inputs": _inputs(edition),
        "view": _view(edition),
        "code": code_digest(edition.root),
        "packages": package_versions(),
        "platform": platform_of_build(),
    }


def published_provenance(edition: Edition, made: dict) -> dict:
    """Return what a stranger needs, besides code, lock and sources, to build a site again: it lies in the site itself.

    Parameters
    ----------
    edition : Edition
        The edition that is built.
    made : dict
        From :func:`provenance_of`.

    Notes
    -----
    Packages are left out: the code's lock names them, and more may be installed than a build uses.
    """
    lock = file_digest(edition.lock_path) if edition.lock_path.is_file() else ""
    kept = {name: value for name, value in made.items() if name not in ("inputs", "packages")}
    return {**kept, "lock": lock}


def platform_of_build() -> dict[str, str]:
    """Return what the promise of equal bytes depends on besides code and data: Python, system and machine."""
    return {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}


def _inputs(edition: Edition) -> list[dict]:
    if not edition.lock_path.is_file():
        return []
    return json.loads(edition.lock_path.read_text(encoding="utf-8"))["inputs"]


def _view(edition: Edition) -> dict:
    kind = "raw" if edition.view_path == edition.build_path / "view" else "embedded"
    return {"kind": kind, "files": folder_digests(edition.view_path) if edition.view_path.is_dir() else {}}


def package_versions() -> dict[str, str]:
    """Return every installed package with its version, sorted by name."""
    told = (item.metadata for item in distributions())
    found = {one["Name"].lower().replace("_", "-"): one["Version"] for one in told if one["Name"]}
    return dict(sorted(found.items()))


def site_digest(edition: Edition, site: Path) -> dict:
    """Return the digest of a site: every file of it, and one value for all."""
    files = folder_digests(site)
    total = hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in files.items()).encode()).hexdigest()
    return {"schema": 1, "edition": edition.name, "site": total, "files": files}


def build_log_heading(edition: Edition) -> str:
    """Return the lines at the top of a build's log: the one place where the commit stands."""
    git = ["git", "-C", str(edition.root), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True).stdout.strip() or "unknown"
    except FileNotFoundError:
        commit = "unknown (git is not installed)"
    return f"edition {edition.name}\ncommit {commit}\npython {sys.version.split()[0]} {sys.executable}\n"


def write_json(path: Path, content: object) -> None:
    """Write JSON with a stable order of keys, whole or not at all."""
    write_atomically(path, (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
