"""``sna serve`` from beginning to end: a save reaches the browser, a mistake is told and the last good page stays, Ctrl-C ends all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from test_incremental import edit, heed_interrupts, left_running

from svd_lib.build import stock

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.ci, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
EDITION = "suffolk-2025"
PATIENCE = 240


@pytest.fixture
def project(root, suffolk_site, tmp_path):
    copied = stock.copy_project(root, tmp_path / "project")
    shutil.copytree(suffolk_site, copied / "_build" / EDITION)
    return copied


@pytest.fixture
def marker():
    return f"served-{os.getpid()}"


@pytest.fixture
def served(project, marker):
    """The address of a served project."""
    command = [sys.executable, "-m", "svd_lib.cli", "serve", "--project", str(project), "--edition", EDITION, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "SNA_TEST_MARKER": marker}, preexec_fn=heed_interrupts)
    yield process.stderr.readline().split("open ")[1].split()[0], process
    process.kill()
    process.communicate()


def events(address):
    with urllib.request.urlopen(f"{address}_sna/events", timeout=PATIENCE) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def page(address, name):
    with urllib.request.urlopen(address + name, timeout=PATIENCE) as answer:
        return answer.read().decode()


def test_saves_reach_the_page_and_mistakes_do_not(project, served, marker):
    address, process = served
    news = events(address)
    built = next(one for one in news if one["site"])
    assert built["problem"] == "" and f"site={built['site']}" in page(address, "trends.html")
    published = (project / "_build" / EDITION / "html" / "trends.html").read_text(encoding="utf-8")
    assert "_sna" not in published
    began = time.monotonic()
    edit(project, "trends", "markdown", "title", lambda text: text + "\n\nOne more paragraph.")
    new = next(news)
    print(f"prose: {time.monotonic() - began:.1f} s from save to news")
    assert new["problem"] == "" and new["site"] != built["site"]
    assert "One more paragraph." in page(address, "trends.html")
    edit(project, "recommendations", "code", "setup", lambda text: text + "\n1 / 0")
    wrong = next(news)
    assert wrong["site"] == new["site"] and "Chapter 'recommendations', cell" in wrong["problem"] and "ZeroDivisionError" in wrong["problem"]
    assert "One more paragraph." in page(address, "trends.html")
    began = time.monotonic()
    edit(project, "recommendations", "code", "setup", lambda text: text.replace("\n1 / 0", "\n# mended"))
    mended = next(news)
    print(f"code: {time.monotonic() - began:.1f} s from save to news")
    assert mended["problem"] == ""
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert not left_running(marker)
