"""Progress: what has happened, and how much is left where that is long; only lines where there is no terminal."""

import io

import pytest

from svd_lib.build import progress
from svd_lib.build.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def shown(stream):
    return stream.getvalue().split("\r")[-1].rstrip()


def test_what_is_left_follows_the_last_time_and_the_pace_of_this_one(clock):
    stream = Terminal()
    told = Progress(stream)
    told.expect({"trends": 10, "voice": 2}, {"trends": 20.0, "voice": 4.0}, at_a_time=2, after=3.0)
    assert shown(stream).endswith("0 of 12 cells, about 23 s left")  # the longest chapter, and the site
    clock[0] += 10
    told.cell_done("trends", 5)
    told.cell_done("voice", 2)
    assert shown(stream).endswith("7 of 12 cells, about 17 s left  trends")  # 14 of 24 s done by two in 10 s: slower than 7 s
    told.chapter_done("voice", 4.0)
    clock[0] += 10
    told.cell_done("trends", 10)
    assert shown(stream).endswith("12 of 12 cells, about 3 s left")


def test_a_chapter_that_has_never_run_counts_by_its_cells_and_one_that_is_kept_not_at_all(clock):
    stream = Terminal()
    told = Progress(stream)
    told.expect({"new": 20, "kept": 50}, {"kept": 40.0})
    told.chapter_kept("kept")
    assert shown(stream).endswith(f"0 of 20 cells, about {20 * progress.CELL:.0f} s left")


def test_little_is_not_said_and_much_is_said_in_minutes(clock):
    assert progress.said_left(1.9) == "" and progress.said_left(2.4) == ", about 2 s left"
    assert progress.said_left(89) == ", about 89 s left" and progress.said_left(200) == ", about 3 min left"


def test_files_are_counted_with_what_is_left(clock):
    stream = Terminal()
    told = Progress(stream)
    told.count(1, 11, "first")
    assert shown(stream) == "1 of 11  first"
    clock[0] += 3
    told.count(2, 11, "second")
    assert shown(stream) == "2 of 11, about 27 s left  second"


def test_without_a_terminal_there_are_lines_alone(clock):
    stream = io.StringIO()
    told = Progress(stream)
    told.expect({"trends": 10}, {"trends": 20.0})
    told.cell_done("trends", 5)
    told.count(1, 2, "a file")
    told.step("building the site", 9.0)
    assert stream.getvalue() == "[  0.0 s] building the site\n"
