"""Write the bill of materials of a release: every locked package with version and licence, as CycloneDX JSON, without addresses.

    make sbom

Names and versions come from the hashed lock, licences from the metadata of the packages installed here. A package that the lock holds
for another platform or Python only is listed without a licence, and says so. The same lock and environment give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
TARGET = ROOT / "_build" / "sbom.cdx.json"
ELSEWHERE = "locked for another platform or Python; not installed here"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
_WORDS = {
    "MIT": ("mit", "mit license", "the mit license (mit)", "expat"),
    "BSD-3-Clause": ("bsd", "bsd license", "bsd-3-clause", "bsd 3-clause", "new bsd", "modified bsd"),
    "Apache-2.0": ("apache software license", "apache 2.0", "apache license 2.0", "apache-2.0", "apache license, version 2.0"),
    "PSF-2.0": ("python software foundation license", "psf-2.0", "psf"),
    "MPL-2.0": ("mozilla public license 2.0 (mpl 2.0)", "mpl-2.0"),
    "ISC": ("isc license (iscl)", "isc", "isc license"),
}
SPDX = {word: name for name, words in _WORDS.items() for word in words}
PERMISSIVE = {"MIT", "MIT-0", "MIT-CMU", "BSD-3-Clause", "BSD-2-Clause", "0BSD", "Apache-2.0", "PSF-2.0", "Python-2.0", "ISC", "Zlib", "CC0-1.0", "Unlicense", "HPND"}
WEAK_COPYLEFT = {"MPL-2.0", "LGPL-2.1-only", "LGPL-3.0-only", "LGPL-3.0-or-later"}
CHOSEN = {"docutils": "BSD-2-Clause"}
"""Packages of which parts are under several licences, and the one of what is used: docutils' GPL part is an editor's mode."""


def main() -> int:
    """Write the file and print what it holds."""
    content = bill(LOCK)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    listed = [component for component in content["components"] if component["licenses"]]
    print(f"{TARGET.relative_to(ROOT)}: {len(content['components'])} packages, {len(listed)} with a licence, {len(content['components']) - len(listed)} {ELSEWHERE}")
    return 0


def locked(lock: Path) -> list[tuple[str, str, str]]:
    """Return name, version and marker (may be empty) of every package of a lock, sorted."""
    found = (_PINNED.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return sorted((match[1].lower(), match[2], match[3] or "") for match in found if match)


def bill(lock: Path) -> dict[str, object]:
    """Return the bill of materials of a lock as CycloneDX 1.5 has it."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": project["name"], "version": project["version"], "licenses": [{"expression": "MIT"}]},
            "properties": [{"name": "lock", "value": lock.name}, {"name": "lock-sha256", "value": digest}],
        },
        "components": [_component(*package) for package in locked(lock)],
    }


def _component(name: str, version: str, marker: str) -> dict[str, object]:
    licence = licence_of(name)
    notes = ([{"name": "marker", "value": marker}] if marker else []) + ([] if licence else [{"name": "licence", "value": ELSEWHERE}])
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "licenses": [{"expression": licence}] if licence else [],
        "properties": notes,
    }


def licence_of(name: str) -> str:
    """Return the licence of an installed package as an SPDX expression; empty where it is not installed.

    Raises
    ------
    SystemExit
        When an installed package states no licence that is known, so that a new one is looked at by a person.
    """
    try:
        held = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if name in CHOSEN:
        return CHOSEN[name]
    stated = held.get("License-Expression") or ""
    if stated:
        return stated
    classified = [text.rpartition(" :: ")[2] for text in held.get_all("Classifier", []) if text.startswith("License ::") and " :: " in text]
    words = [text for text in classified if text != "OSI Approved"] or [(held.get("License") or "").splitlines()[0] if held.get("License") else ""]
    known = [_spdx(word.strip()) for word in words]
    if not known or not all(known):
        sys.exit(f"{name} states the licence {', '.join(words) or 'nothing'}; read it and add it to tools/sbom.py.")
    return " AND ".join(dict.fromkeys(known))


def _spdx(word: str) -> str:
    """Return a licence's SPDX expression: as it stands where it is one, else by its usual names."""
    known = PERMISSIVE | WEAK_COPYLEFT
    return SPDX.get(word.lower(), word if word and all(one in known for part in parts_of(word) for one in part) else "")


def parts_of(expression: str) -> list[set[str]]:
    """Return an expression's licences: one set for each part that holds, of the choices there are."""
    return [set(re.findall(r"[A-Za-z0-9.-]+", part)) - {"OR", "WITH"} for part in re.split(r"\bAND\b", expression.replace("(", " ").replace(")", " "))]


def is_acceptable(expression: str) -> bool:
    """Tell whether every part of an expression offers a permissive or weak copyleft licence."""
    return all(choices & (PERMISSIVE | WEAK_COPYLEFT) for choices in parts_of(expression))


if __name__ == "__main__":
    sys.exit(main())
