"""How long a save takes to reach the browser under ``sna serve``."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 600


@contextlib.contextmanager
def served(project: Path, edition: str, jobs: int) -> Iterator[Callable[[Callable[[], object], str], float]]:
    """Serve a built project; yield a function that makes an edit and returns the seconds until the page shows it.

    The function takes the edit and the name of a page. It waits for the server's word that a new site is there, and then
    for the page itself.
    """
    command = [sys.executable, "-m", "svd_lib.cli", "serve", "--project", str(project), "--edition", edition, "--port", "0", "--jobs", str(jobs)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts)
    try:
        address = server.stderr.readline().split("open ")[1].split()[0]
        news = _news(address)
        next(one for one in news if one["site"])
        yield lambda edit, page: _until_shown(edit, address + page, news)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate()


def _heed_interrupts() -> None:
    """Let a process about to start end at Ctrl-C: one begun in the background of a shell inherits that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _until_shown(edit: Callable[[], object], page: str, news: Iterator[dict[str, str]]) -> float:
    began = time.perf_counter()
    edit()
    told = next(news)
    if told["problem"]:
        raise RuntimeError(told["problem"])
    with urllib.request.urlopen(page, timeout=PATIENCE) as answer:
        if told["site"] not in answer.read().decode():
            raise RuntimeError(f"{page} is not of the site that was announced")
    return round(time.perf_counter() - began, 3)


def _news(address: str) -> Iterator[dict[str, str]]:
    with urllib.request.urlopen(f"{address}_sna/events", timeout=PATIENCE) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
