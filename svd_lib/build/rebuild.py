"""A process that builds one edition again and again: its warm processes stay, each build is one line in and one line out.

``python -m svd_lib.build.rebuild EDITION PROJECT JOBS`` builds once for every line on its standard input and answers each with
one line of JSON: ``site`` (the digest of the published site, empty where there is none) and ``problem`` (a sentence, empty
when all is well). It ends when its standard input does. Whoever wants changed code of ours to count starts a new one.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from svd_lib.build import warm
from svd_lib.build.areas import warm_addresses
from svd_lib.build.inputs import prepare_view
from svd_lib.build.progress import Progress
from svd_lib.build.run import build_edition
from svd_lib.edition import open_edition
from svd_lib.errors import SnaError

if TYPE_CHECKING:
    from svd_lib.edition import Edition

GONE = "The building process ended without a word; see what it said above, and save again to start another."


class Rebuilder:
    """The other end of such a process.

    Parameters
    ----------
    edition : Edition
        What is built.
    jobs : int, default 2
        Chapters executed at a time.
    """

    def __init__(self, edition: Edition, jobs: int = 2) -> None:
        self._command = [sys.executable, "-m", __name__, edition.name, str(edition.root), str(jobs)]
        self._process: subprocess.Popen[str] | None = None

    def build(self) -> dict[str, str]:
        """Build what is stale and return ``site`` and ``problem``; start the process where there is none."""
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            self._process.stdin.write("build\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError):
            self.end()
            return {"site": "", "problem": GONE}

    def end(self) -> None:
        """End the process and all it started; the next build starts another, with the code as it then is."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def main(arguments: list[str]) -> int:
    """Answer every line with a build."""
    name, project, jobs = arguments
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts a server in the background has it ignored
    warm.end_with_parent()
    with warm_addresses(Path(project)) as addresses:
        for _ in sys.stdin:
            print(json.dumps(_build(name, project, int(jobs), addresses)), flush=True)
    return 0


def _build(name: str, project: str, jobs: int, addresses: dict[str, str]) -> dict[str, str]:
    problem = ""
    try:
        edition = open_edition(name, project)
        prepare_view(edition, None)
        build_edition(edition, jobs, Progress(), nurseries=warm.Nurseries.at(addresses) if addresses else None)
    except SnaError as error:
        problem = str(error)
    return {"site": _published(Path(project) / "_build" / name / "digest.json"), "problem": problem}


def _published(digest: Path) -> str:
    return json.loads(digest.read_text(encoding="utf-8"))["site"] if digest.is_file() else ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
