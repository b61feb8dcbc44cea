"""Every package is pinned by hash, listed with a licence that may be shipped, and the workflows hold no more rights than they need."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_spec = importlib.util.spec_from_file_location("sbom", ROOT / "tools" / "sbom.py")
sbom = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sbom)


@pytest.fixture(scope="module")
def bill() -> dict:
    return sbom.bill(sbom.LOCK)


def test_the_bill_lists_every_locked_package_and_no_address(bill: dict) -> None:
    pinned = {line.partition("==")[0].lower() for line in sbom.LOCK.read_text(encoding="utf-8").splitlines() if re.match(r"^[A-Za-z0-9]", line)}
    assert {component["name"] for component in bill["components"]} == pinned and len(pinned) > 100
    assert bill["bomFormat"] == "CycloneDX" and all("@" in component["purl"] for component in bill["components"])
    assert "://" not in json.dumps(bill)


def test_every_installed_package_has_a_permissive_or_weak_copyleft_licence(bill: dict) -> None:
    for component in bill["components"]:
        stated = [entry["expression"] for entry in component["licenses"]]
        assert all(sbom.is_acceptable(expression) for expression in stated), component
        assert stated or any(note["name"] == "marker" for note in component["properties"]), component["name"]


@pytest.mark.parametrize(
    ("expression", "fits"),
    [("MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("GPL-2.0-only OR MIT", True), ("MPL-2.0 AND MIT", True), ("AGPL-3.0-only", False)],
)
def test_a_licence_that_may_not_be_shipped_is_told_from_one_that_may(expression: str, fits: bool) -> None:
    assert sbom.is_acceptable(expression) is fits


def test_the_same_lock_gives_the_same_bill(bill: dict) -> None:
    assert sbom.bill(sbom.LOCK) == bill


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-edit.lock"])
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert all("--hash=sha256:" in pin for pin in pins if re.match(r"^[A-Za-z0-9]", pin))
    assert "://" not in text


WIDER = {"publish": {"pages", "id-token"}, "refresh": {"contents", "pull-requests"}}
"""Jobs that may write, and what: one publishes the site, one opens a pull request for a person to read."""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_least_privilege_and_no_secrets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    held = yaml.safe_load(text)
    assert held["permissions"] == {"contents": "read"}
    assert "secrets." not in text and "pull_request_target" not in text
    assert all(re.search(r"@(v\d+|[0-9a-f]{40})\b", line) for line in text.splitlines() if "uses:" in line)
    for name, job in held["jobs"].items():
        wider = {right for right, level in (job.get("permissions") or {}).items() if level == "write"}
        assert wider <= WIDER.get(name, set()), name
