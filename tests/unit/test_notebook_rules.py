"""The notebook lint: each rule with a notebook that breaks it, and one that keeps them all."""

import copy
import json

import pytest

from svd_lib.build import lint

SETUP = "from svd_lib.edition import open_edition\nfrom svd_lib.report.chapter import open_chapter\n\nchapter = open_chapter('good', open_edition(edition, project_dir, out_dir), out_dir)"


def markdown(identity, source):
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": source}


def code(identity, source, tags=()):
    return {"cell_type": "code", "id": identity, "metadata": {"tags": list(tags)}, "source": source, "outputs": [], "execution_count": None}


GOOD = {
    "cells": [
        markdown("title", "# Good"),
        code("parameters", lint.PARAMETERS, ["parameters"]),
        code("setup", SETUP),
        markdown("question", "## How many?"),
        code("counted", "rows = chapter.quoted('good-a-b')"),
        code("shown", "chapter.table('good-rows-count', rows)"),
    ],
    "metadata": {"sna": {"needs": [], "quotes": []}},
}


def problems(tmp_path, notebook, names=()):
    path = tmp_path / "good.ipynb"
    path.write_text(json.dumps(notebook))
    return lint.lint_notebook(path, names)


def with_code(source):
    notebook = copy.deepcopy(GOOD)
    notebook["cells"].append(code("extra", source))
    return notebook


def test_a_good_notebook_keeps_every_rule(tmp_path):
    assert problems(tmp_path, GOOD, ["Atlantis"]) == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def f():\n    return 1\nx = f()", "uses def"),
        ("class A:\n    pass\nx = A()", "uses class"),
        ("x = lambda: 1", "uses lambda"),
        ("for a in b:\n    x = a", "uses for"),
        ("while a:\n    x = 1", "uses while"),
        ("try:\n    x = 1\nexcept E:\n    x = 2", "uses try"),
        ("x = [a for a in b]", "comprehension"),
        ("x = open('f')", "uses 'open'"),
        ("import pandas as pd\nx = pd.read_csv('f')", "calls 'read_csv'"),
        ("import pandas as pd\nx = 1", "imports 'pandas'"),
        ("from svd_lib.ingest import tidy\nx = 1", "imports 'svd_lib.ingest.tidy'"),
        ("x = frame.to_csv('f')", "calls 'to_csv'"),
        ("x = plt.figure()", "uses 'plt'"),
        ("x = frame.sort_values('rate', ascending=False)", "sorts by one column"),
        ("%matplotlib inline\nx = 1", "magic"),
        ("!ls\nx = 1", "shell command"),
        ("x = datetime.now()", "uses 'datetime'"),
        ("x = stamp.now()", "calls 'now'"),
        ("x = stamp.today()", "calls 'today'"),
        ("x = time.time()", "uses 'time'"),
        ("x = os.environ['HOME']", "uses 'os'"),
        ("import requests\nx = requests.get('u')", "imports 'requests'"),
        ("x = request.urlopen('u')", "calls 'urlopen'"),
        ("x = random.random()", "uses 'random'"),
        ("import numpy as np\nx = np.random.default_rng()", "calls 'default_rng'"),
        ("x = frame.sample(3)", "calls 'sample'"),
        ("frame", "must end in"),
        ("print(1)", "must end in"),
        ("chapter.figure('trends-a-b', f)", "beginning with 'good-'"),
        ("chapter.figure('good-A', f)", "beginning with 'good-'"),
        ("\n".join(f"x{n} = {n}" for n in range(11)), "has 11 lines"),
        ("x = (", "not valid Python"),
        ("x = 'E23000025'", "names 'E23000025'"),
        ("x = 'Atlantis'", "names 'Atlantis'"),
    ],
)
def test_a_breach_in_code_is_named(tmp_path, source, complaint):
    assert any(complaint in problem for problem in problems(tmp_path, with_code(source), ["Atlantis"]))


def changed(change):
    notebook = copy.deepcopy(GOOD)
    change(notebook)
    return notebook


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda n: n["cells"].pop(0), "must be the title"),
        (lambda n: n["cells"][1]["metadata"].clear(), "has 0 cells tagged 'parameters'"),
        (lambda n: n["cells"][1].update(source='edition = "x"'), "nothing but edition"),
        (lambda n: n["cells"][4].update(outputs=[{"output_type": "stream"}]), "holds outputs"),
        (lambda n: n["cells"][4].update(execution_count=3), "holds outputs"),
        (lambda n: n["cells"][4].update(id="1c9d8e7f"), "random or repeated"),
        (lambda n: n["cells"][4].update(id="setup"), "random or repeated"),
        (lambda n: n["cells"][2].update(source="\n".join(f"a{i} = {i}" for i in range(9))), "at most 8"),
        (lambda n: n["metadata"].clear(), "sna: {needs"),
        (lambda n: n["cells"][3].update(source="word " * 1500), "1501 words"),
        (lambda n: n["cells"].extend(code(f"c{i}", f"chapter.figure('good-a-b{i}')") for i in range(10)), "has 11 exhibits"),
    ],
)
def test_a_breach_of_form_is_named(tmp_path, change, complaint):
    assert any(complaint in problem for problem in problems(tmp_path, changed(change)))


def test_what_is_folded_away_does_not_count(tmp_path):
    notebook = copy.deepcopy(GOOD)
    notebook["cells"] += [markdown("more", "## More detail"), markdown("long", "word " * 2000)]
    assert problems(tmp_path, notebook) == []
