"""The command line: quick to start, one sentence on a problem, its own exit codes."""

import signal
import subprocess
import sys
import time

import pytest

from svd_lib import cli
from svd_lib.errors import SnaError

SCIENTIFIC = ("numpy", "pandas", "matplotlib", "duckdb", "geopandas", "scipy", "papermill", "sphinx", "yaml")


def test_help_imports_nothing_scientific():
    program = "import sys; from svd_lib import cli; cli.parser().format_help(); print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not set(SCIENTIFIC) & set(loaded)


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert stop.value.code == 0
    for name in ("fetch", "ingest", "build", "snapshot", "check", "explain", "doctor", "editions"):
        assert f"\n    {name} " in said


def test_help_is_quick():
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "svd_lib.cli", "--help"], check=True, capture_output=True)
    print(f"sna --help: {time.perf_counter() - began:.2f} s")


def test_a_problem_is_one_sentence_and_its_exit_code(monkeypatch, capsys):
    def refuse(options):
        raise SnaError("data/x.csv, row 3: the month is missing; fill it in.", exit_code=7)

    monkeypatch.setattr(cli, "_editions", refuse)
    assert cli.main(["editions"]) == 7
    assert capsys.readouterr().err == "sna: data/x.csv, row 3: the month is missing; fill it in.\n"


def test_an_unknown_edition_is_refused_with_those_there_are(root, capsys):
    assert cli.main(["build", "--project", str(root), "--edition", "atlantis-2025"]) == 2
    assert "suffolk-2025" in capsys.readouterr().err


def test_an_area_without_data_is_refused(root, capsys):
    assert cli.main(["build", "--project", str(root), "--area", "force:Norfolk"]) == 2
    assert "--mirror" in capsys.readouterr().err


def test_area_and_edition_exclude_each_other():
    with pytest.raises(SystemExit) as stop:
        cli.main(["build", "--area", "force:Norfolk", "--edition", "suffolk-2025"])
    assert stop.value.code == 2


def test_an_interrupt_says_that_nothing_was_lost(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_editions", interrupt)
    heeds = signal.getsignal(signal.SIGINT)
    try:
        assert cli.main(["editions"]) == cli.INTERRUPTED
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # a second one no longer cuts it short
    finally:
        signal.signal(signal.SIGINT, heeds)
    assert "as it was" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end in another way there")
def test_a_reader_who_has_seen_enough_ends_it_quietly(root):
    running = subprocess.Popen([sys.executable, "-m", "svd_lib.cli", "source", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, text=True)
    running.stdout.close()
    assert running.wait(60) == cli.PIPE_CLOSED and running.stderr.read() == ""
    running.stderr.close()


def test_editions_are_listed(root, capsys):
    assert cli.main(["editions", "--project", str(root)]) == 0
    assert "suffolk-2022" in capsys.readouterr().out
