#!/usr/bin/env python3
"""Check every page of a built site with the Nu HTML checker, the validator of the W3C.

Usage: python3 tools/validate_html.py [FOLDER]      (default: _build/suffolk-2025/html)

Needs java and npm; the checker is a development dependency that npm brings into _build/.nu, by its pinned version. Where
they are missing this says so and returns 3. Otherwise it returns 0 for no errors and 1 for any.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "_build" / ".nu"
VERSION = "vnu-jar@26.9.27"
JAR = HOME / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
ABSENT = 3


def main(arguments: list[str]) -> int:
    """Check a folder of pages, print what was found, and return the exit status."""
    folder = Path(arguments[0]) if arguments else ROOT / "_build" / "suffolk-2025" / "html"
    missing = [name for name in ("java", "npm") if shutil.which(name) is None]
    if missing:
        print(f"The Nu HTML checker was not run: {' and '.join(missing)} missing.")
        return ABSENT
    if not JAR.is_file():
        HOME.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(HOME), VERSION], check=True)
    pages = sorted(folder.glob("*.html"))
    found = errors_of(pages)
    for error in found:
        print(f"{Path(error['url']).name}, line {error.get('lastLine', '?')}: {error['message']}")
    print(f"Nu HTML checker: {len(found)} errors on {len(pages)} pages")
    return 1 if found or not pages else 0


def errors_of(pages: list[Path]) -> list[dict]:
    """Return what the checker calls errors."""
    command = ["java", "-jar", str(JAR), "--errors-only", "--format", "json", *map(str, pages)]
    said = subprocess.run(command, capture_output=True, text=True).stderr
    return [message for message in json.loads(said)["messages"] if message["type"] == "error"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
