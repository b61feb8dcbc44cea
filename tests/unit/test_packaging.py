"""The environment files agree with each other and name no address."""

import re
import tomllib

import yaml

SEVEN = {"jupyter", "papermill", "nbconvert", "pandas", "seaborn", "statsmodels", "jupyter-book"}


def _locked(path):
    pins = re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", path.read_text(), flags=re.M)
    out = {}
    for name, version in pins:
        out.setdefault(name, set()).add(version)
    return out


def test_environment_names_the_seven_packages_at_the_locked_versions(root):
    pip = yaml.safe_load((root / "environment.yml").read_text())["dependencies"][-1]["pip"]
    pins = dict(line.split("==") for line in pip if "==" in line)
    assert set(pins) == SEVEN
    locked = _locked(root / "requirements-edit.lock")
    assert {name: locked[name] for name in SEVEN} == {name: {version} for name, version in pins.items()}


def test_every_lock_pins_the_same_versions(root):
    base = _locked(root / "requirements.lock")
    for name in ("requirements-dev.lock", "requirements-edit.lock"):
        other = _locked(root / name)
        assert {package: other.get(package) for package in base} == base


def test_locks_carry_hashes_and_no_addresses(root):
    for lock in root.glob("requirements*.lock"):
        text = lock.read_text()
        assert "http" not in re.sub(r"^(aiohttp|httpx|httpcore|httptools)\b.*$", "", text, flags=re.M)
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) > len(_locked(lock))


def test_every_direct_dependency_is_locked(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    name = re.compile(r"^[A-Za-z0-9._-]+")
    wanted = {name.match(line).group().lower() for line in project["dependencies"] + project["optional-dependencies"]["build"]}
    assert wanted <= set(_locked(root / "requirements.lock"))
