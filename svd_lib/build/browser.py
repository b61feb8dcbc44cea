"""Chromium, for what only a browser can make: a printed report, a picture of a page."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from svd_lib.errors import SnaError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LONGEST_SECONDS = 300
ALWAYS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def run_browser(arguments: Sequence[str], target: Path, seconds: float = LONGEST_SECONDS) -> None:
    """Run Chromium without a window, in a profile of its own, until it has written a file.

    Parameters
    ----------
    arguments : sequence of str
        What to make of which page.
    target : pathlib.Path
        The file that must be there afterwards.
    seconds : float, default 300
        The longest it may take.

    Raises
    ------
    SnaError
        When there is no Chromium, or it does not write the file.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SnaError("Chromium is missing; install it with: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="sna-browser-") as profile:
        command = [program, *ALWAYS, f"--user-data-dir={profile}", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise SnaError(f"Chromium did not write {target.name} within {seconds:g} seconds.", exit_code=1) from None
    if done.returncode or not target.is_file():
        raise SnaError(f"Chromium could not write {target.name} (exit code {done.returncode}).", exit_code=1)
