"""Two hundred script payloads through each text field of every input: the built site, opened in a real browser, runs none and stays whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from payloads import NUMBER, ON_MAPS, Spoiler, crawl, hostile_project, payloads, unsafe_markup

from proofs.script_payloads import ON_A_NAME, TURNS

EDITION = "suffolk-2025"


@pytest.fixture(scope="module")
def hostile(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a project with a payload in every text field and return its site."""
    place = tmp_path_factory.mktemp("hostile")
    met = hostile_project(root, place, EDITION)
    assert len(met) > 30
    assert {field: len(numbers) for field, numbers in met.items() if len(numbers) < NUMBER and field.rpartition(".")[2] not in ON_MAPS} == {}
    command = [sys.executable, "-m", "svd_lib.cli", "build", "--edition", EDITION, "--project", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr[-2000:]
    return place / "_build" / EDITION / "html"


@pytest.mark.ci
def test_no_payload_runs_and_none_breaks_a_page(hostile: Path) -> None:
    found = crawl(hostile)
    print(f"{found.pages} pages, {found.seen} payloads in their text, {len(found.sung)} ran")
    assert found.seen > NUMBER
    assert found.sung == []
    assert found.broken == []


@pytest.mark.ci
def test_every_payload_is_text_and_no_address_is_a_script(hostile: Path) -> None:
    assert unsafe_markup(hostile) == []


def test_there_are_two_hundred_different_payloads() -> None:
    assert len(set(payloads())) == NUMBER


@pytest.mark.parametrize("names", [("Babergh", "East Suffolk", "Ipswich", "Mid Suffolk", "West Suffolk"), ("Suffolk Coastal", "Waveney", "Western Suffolk")])
def test_names_on_maps_meet_every_payload_in_the_turns_of_the_proof(names: tuple[str, ...]) -> None:
    spoilers = [Spoiler(on_maps=ON_A_NAME, turn=turn) for turn in range(TURNS)]
    spoiled = [spoiler.spoil_on_maps("places.name", names) for spoiler in spoilers]
    assert set().union(*(spoiler.met["places.name"] for spoiler in spoilers)) == set(range(NUMBER))
    assert all(text.startswith(name) and text.count("canary(") >= ON_A_NAME for one in spoiled for name, text in one.items())
