"""Every public command at a terminal: its help, a wrong argument, a missing file, an interruption. No traceback is ever shown."""

from __future__ import annotations

import argparse
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from svd_lib.build import stock
from svd_lib.cli import parser

SNA = [sys.executable, "-m", "svd_lib.cli"]


def leaves(whole: argparse.ArgumentParser, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that does something."""
    nested = [action for action in whole._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested:
        yield before
    for action in nested:
        for name, one in action.choices.items():
            yield from leaves(one, (*before, name))


COMMANDS = sorted(leaves(parser()))


def at_a_terminal(arguments: list[str], folder: Path, until: bytes = b"", answer: bytes = b"", seconds: float = 120) -> tuple[int, str]:
    """Run a command in a pseudo-terminal; once it has said ``until``, type ``answer`` or, without one, Ctrl-C until it stops."""
    master, slave = pty.openpty()
    running = subprocess.Popen([*SNA, *arguments], cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_own_terminal)
    os.close(slave)
    said, ends, is_waiting = b"", time.monotonic() + seconds, bool(until)
    while time.monotonic() < ends:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                more = os.read(master, 4096)
            except OSError:
                break
            said += more
        elif running.poll() is not None:
            break
        if is_waiting and until in said:
            time.sleep(0.3)
            os.write(master, answer or b"\x03")
            is_waiting = not answer
    code = running.wait(30)
    os.close(master)
    return code, said.decode(errors="replace").replace("\r\n", "\n")


def _own_terminal() -> None:
    import fcntl
    import termios

    signal.signal(signal.SIGINT, signal.default_int_handler)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_there_are_commands_to_try():
    assert {("build",), ("new",), ("edit",), ("explain",), ("doctor",)} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_and_a_wrong_option_is_refused(words, capsys):
    one = parser()
    with pytest.raises(SystemExit) as stop:
        one.parse_args([*words, "--help"])
    said = capsys.readouterr().out
    assert stop.value.code == 0 and f"usage: sna {' '.join(words)}" in " ".join(said.split())
    with pytest.raises(SystemExit) as stop:
        parser().parse_args([*words, "--no-such-option"])
    assert stop.value.code == 2 and "usage: sna" in capsys.readouterr().err


NEEDS = {
    ("edit",): ["trends"], ("explain",): ["trends-injury-ratio"], ("fetch",): ["--mirror", "/nowhere"], ("new-chapter",): ["x", "X"],
    ("new-exhibit",): ["trends", "a-b"], ("approve",): ["--take-back"], ("new",): ["--area", "force:Norfolk", "--mirror", "/nowhere"],
}  # fmt: skip


@pytest.mark.parametrize("words", [words for words in COMMANDS if words in NEEDS or words[0] in ("build", "verify", "snapshot", "ingest", "check", "editions")], ids=" ".join)
def test_outside_a_project_one_sentence_says_what_to_do(words, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    code, said = at_a_terminal([*words, *NEEDS.get(words, [])], tmp_path)
    assert code == 2, said
    assert "Traceback" not in said and said.strip().startswith("sna: ") and said.strip().endswith(".")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_build_whose_mirror_is_missing_leaves_other_sites_alone(root, suffolk_site):
    before = (suffolk_site / "html" / "index.html").read_bytes()
    code, said = at_a_terminal(["build", "--area", "force:Norfolk", "--mirror", str(root.parent / "no-such-mirror")], root)
    assert code == 2 and "Traceback" not in said
    assert (suffolk_site / "html" / "index.html").read_bytes() == before


def test_a_build_at_a_terminal_shows_how_much_is_left_and_can_be_stopped_and_loses_nothing(root, tmp_path):
    project = stock.copy_project(root, tmp_path / "project")
    published = project / "_build" / "suffolk-2025" / "html" / "index.html"
    published.parent.mkdir(parents=True)
    published.write_text("the last good site")
    code, said = at_a_terminal(["build"], project, until=b" cells, about ")
    assert code == 130 and "stopped; what was published before is as it was." in said and "Traceback" not in said
    assert published.read_text() == "the last good site"
    assert sorted(path.name for path in (project / "_build" / "suffolk-2025").iterdir() if path.name != "cache") == [".lock", "build.log", "html"]


def test_new_asks_for_what_it_must_and_ctrl_c_stops_it(tmp_path):
    code, said = at_a_terminal(["new"], tmp_path, until=b"Which area?")
    assert code == 130 and "stopped" in said and "Traceback" not in said and list(tmp_path.iterdir()) == []


def test_new_takes_an_answer(tmp_path):
    code, said = at_a_terminal(["new", "--mirror", "/nowhere"], tmp_path, until=b"Which area?", answer=b"force:Norfolk\n")
    assert code == 2 and "/nowhere" in said and "Traceback" not in said
