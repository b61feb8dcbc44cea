"""The benchmark's own arithmetic and flow, with both sides replaced by something quick."""

import contextlib
import importlib.util
import json
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The benchmark with a clock that ticks and sides that write their findings at once."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("bench_build", ROOT / "benchmarks" / "bench_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def publish(project, *_):
        folder = project / "_build" / "suffolk-2025"
        folder.mkdir(parents=True, exist_ok=True)
        (project / "_build" / "executed").mkdir(exist_ok=True)
        (folder / "findings.json").write_text('{"findings": {"a": 1}}')
        return "trends: 45 cells in 3.0 s"

    def run(command, project, *_):
        if "papermill" in command:
            (project / "_build" / "executed" / "trends.ipynb").write_text("{}")
        return ""

    @contextlib.contextmanager
    def served(*_):
        yield lambda edit, page: (edit(), 0.5)[1]

    monkeypatch.setattr(module, "RESULT", tmp_path / "results" / "build.json")
    monkeypatch.setattr(module, "ROOT", ROOT)
    monkeypatch.setattr(module, "_compile", lambda: None)
    monkeypatch.setattr(module, "_sna", publish)
    monkeypatch.setattr(module, "_warm", lambda *_: {"stock_s": 10.0, "sna_s": 11.0, "plain_s": {"trends": 6.0, "geography": 4.0}})
    monkeypatch.setattr(module, "_memory", lambda _: {"stock_MiB": 500.0, "sna_MiB": 300.0})
    monkeypatch.setattr(module, "_areas", lambda _: {"areas": ["a"], "seconds": {"2": 1.0}, "sna_s": 6.0})
    monkeypatch.setattr(module.stock, "build_the_stock_way", publish)
    monkeypatch.setattr(module.stock, "run", run)
    monkeypatch.setattr(module, "serving", types.SimpleNamespace(served=served))
    ticks = iter(range(10_000))
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(ticks)))
    return module


def test_every_figure_is_the_median_of_its_pairs_and_the_raw_timings_are_kept(bench, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["bench", "--pairs", "3", "--mirror", str(tmp_path)])
    assert bench.main() == 0
    result = json.loads(bench.RESULT.read_text())
    assert list(result["figures"]) == list(bench.TARGETS)
    assert result["equal_findings"] and len(result["pairs"]) == 3
    figures = {name: figure["value"] for name, figure in result["figures"].items()}
    assert figures["cold"] == 1.0 and figures["memory"] == 0.6 and figures["warm"] == 1.1 and figures["areas"] == 6.0
    assert figures["serve"] == 0.5 and figures["nothing"] == 1.0
    floors = {name: figure["floor"] for name, figure in result["figures"].items() if "floor" in figure}
    assert floors == {"cold": 6.0, "areas": 5.0, "code": 6.0}, "one worker is busy with the longest chapter; two share all"
    assert all(pair["code"]["executed"] == 1 for pair in result["pairs"])
    said = capsys.readouterr().out
    assert "papermill notebooks/trends.ipynb" in said and "jupyter-book build -W ." in said and "cold     1.000 (at most 0.15; floor 6.000)" in said


def test_unequal_findings_fail(bench, monkeypatch, tmp_path):
    other = lambda project, _: (project / "_build" / "suffolk-2025" / "findings.json").write_text('{"findings": {}}')  # noqa: E731
    own = bench.stock.build_the_stock_way
    monkeypatch.setattr(bench.stock, "build_the_stock_way", lambda project, edition: (own(project, edition), other(project, edition)))
    monkeypatch.setattr(sys, "argv", ["bench", "--pairs", "1", "--only", "nothing"])
    assert bench.main() == 1


def test_the_slope_is_what_one_more_area_costs(bench):
    assert bench.many_areas.slope({2: 12.0, 4: 22.0, 8: 42.0}) == pytest.approx(5.0)


def test_a_missing_mirror_leaves_only_the_areas_out(bench, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "--mirror", str(tmp_path / "absent")])
    assert set(bench.TARGETS) - set(bench._options().only) == {"areas"}
    assert "no mirror" in capsys.readouterr().err
