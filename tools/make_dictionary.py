"""Write the data dictionary that the contracts make: ``docs/reference/data_dictionary.json``.

    .venv/bin/python tools/make_dictionary.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "data_dictionary.json"


def main() -> int:
    """Write the file and say where it is."""
    sys.path.insert(0, str(ROOT))
    from svd_lib.ingest.dictionary import dictionary_json
    from svd_lib.sources.lock import write_atomically

    write_atomically(TARGET, dictionary_json().encode())
    print(f"{TARGET.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
