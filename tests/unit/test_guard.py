"""The guard in a chapter's kernel: what would differ from run to run is an error of its cell, and reads are recorded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from svd_lib.build import guard

RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
shell.extension_manager.load_extension("svd_lib.build.guard")
for cell in json.load(sys.stdin):
    result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        print("ERROR", type(error).__name__, error)
        break
else:
    print("FINE")
"""


@pytest.fixture
def run(tmp_path):
    """Run cells under the guard; return the last line said and the record."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "table.csv").write_text("1")
    (tmp_path / "elsewhere.csv").write_text("2")
    (tmp_path / "out").mkdir()
    settings = {"record": str(tmp_path / "record"), "readable": [str(tmp_path / "in")], "writable": [str(tmp_path / "out")]}
    environment = {**os.environ, guard.SETTINGS: json.dumps(settings), "IPYTHONDIR": str(tmp_path / "ipython"), "MPLCONFIGDIR": str(tmp_path / "mpl")}

    def run_cells(*cells):
        done = subprocess.run([sys.executable, "-c", RUN], input=json.dumps(cells), env=environment, capture_output=True, text=True)
        return done.stdout.strip().splitlines()[-1], guard.read_record(tmp_path / "record")

    return run_cells


def test_ordinary_work_is_left_alone(run):
    said, _ = run("import numpy as np, pandas as pd", "np.random.default_rng(1).normal(); pd.DataFrame({'a': [1]}).sum()")
    assert said == "FINE"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["from datetime import datetime", "datetime.now()"], "clock"),
        (["import datetime as d; d.date.today()"], "clock"),
        (["import pandas as pd; pd.Timestamp.now()"], "clock"),
        (["import time; time.time()"], "clock"),
        (["import os; os.environ['HOME']"], "environment"),
        (["import os; os.environ.get('HOME')"], "environment"),
        (["import os; os.getenv('HOME')"], "environment"),
        (["import socket; socket.create_connection(('127.0.0.1', 9))"], "network"),
        (["import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"], "network"),
        (["import random; random.random()"], "without a seed"),
        (["import numpy as np; np.random.rand(2)"], "without a seed"),
        (["import numpy as np; np.random.default_rng()"], "without a seed"),
        (["import pandas as pd; pd.Series([1, 2]).sample(1)"], "without a seed"),
        (["import subprocess; subprocess.run(['true'])"], "another program"),
        (["import os; os.system('true')"], "another program"),
    ],
)
def test_what_differs_from_run_to_run_is_an_error_of_its_cell(run, cells, words):
    said, _ = run(*cells)
    assert said.startswith("ERROR") and words in said


def test_an_undeclared_file_is_an_error_and_a_declared_one_is_recorded(run, tmp_path):
    assert run(f"text = open({str(tmp_path / 'in' / 'table.csv')!r}).read()") == ("FINE", ([tmp_path / "in" / "table.csv"], []))
    said, _ = run(f"open({str(tmp_path / 'elsewhere.csv')!r})")
    assert said.startswith("ERROR NotReproducible") and "elsewhere.csv" in said


def test_what_is_written_is_recorded_and_stays_in_the_output_folder(run, tmp_path):
    out = tmp_path / "out"
    said, (_, written) = run(f"import os; open({str(out / '.a')!r}, 'w').close(); os.rename({str(out / '.a')!r}, {str(out / 'a')!r})")
    assert said == "FINE" and written == [out / ".a", out / "a"]
    said, _ = run(f"open({str(tmp_path / 'in' / 'table.csv')!r}, 'w')")
    assert said.startswith("ERROR NotReproducible") and "may not write" in said


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by the system's means")
def test_a_cell_that_asks_for_too_much_memory_is_an_error_of_its_cell(run):
    said, _ = run("from svd_lib.build import guard", "guard.bound_memory(2 * 2**30)", "held = bytearray(3 * 2**30)")
    assert said.startswith("ERROR MemoryError")
    assert run("held = bytearray(2**26)")[0] == "FINE"


def test_importing_a_library_may_do_what_a_cell_may_not(run):
    assert run("import matplotlib.font_manager, pyarrow, duckdb")[0] == "FINE"


def test_without_settings_nothing_is_guarded(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != guard.SETTINGS} | {"IPYTHONDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", RUN], input='["import time; time.time()"]', env=environment, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "FINE"


def test_a_record_that_is_not_there_is_empty():
    assert guard.read_record(Path("/nonexistent")) == ([], [])
