"""Build an edition again from nothing, elsewhere, and compare: the same bytes, or on another platform the same findings."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from svd_lib.build import provenance, stock
from svd_lib.build.inputs import prepare_view
from svd_lib.build.progress import Progress
from svd_lib.build.run import build_edition
from svd_lib.edition import Edition, open_edition
from svd_lib.errors import SnaError

SHOWN = 160
"""Characters shown of a line that differs."""


@dataclass(frozen=True)
class Verdict:
    """What a verification showed.

    Parameters
    ----------
    is_proved : bool
        Whether the promise for this platform holds.
    promise : str
        ``same bytes`` on the platform the site was built on, else ``same findings``.
    words : str
        The verdict as a sentence, with the first difference where there is one.
    """

    is_proved: bool
    promise: str
    words: str


def verify_edition(edition: Edition, jobs: int = 2, progress: Progress | None = None) -> Verdict:
    """Rebuild an edition in a temporary folder and compare it with the published site.

    Parameters
    ----------
    edition : Edition
        One that has been built; its data are taken as the snapshot or view holds them.
    jobs : int, default 2
        Chapters executed at a time.
    progress : Progress, optional
        Told of every step of the build.

    Raises
    ------
    SnaError
        When there is no published site, or the second build fails.
    """
    digest, made = (_read(edition, name) for name in ("digest.json", "provenance.json"))
    with tempfile.TemporaryDirectory(prefix="sna-verify-") as folder:
        again = _copy(edition, Path(folder) / "project")
        build_edition(again, jobs, progress)
        if made["platform"] == provenance.platform_of_build():
            return _compare_bytes(edition, again, digest["files"])
        return _compare_findings(edition, again, made["platform"])


def verify_site(site: Path, project: str = "", mirror: str | None = None, jobs: int = 2, progress: Progress | None = None) -> Verdict:
    """Rebuild a published site that somebody else built, from its own provenance, and compare.

    Parameters
    ----------
    site : pathlib.Path
        The published folder, as it was downloaded.
    project : str, optional
        The project, with the edition's folder and lock in it; the nearest one upwards when empty.
    mirror : str, optional
        Where the sources' files are, for an edition that is not embedded.
    jobs : int, default 2
        Chapters executed at a time.
    progress : Progress, optional
        Told of every step of the build.

    Raises
    ------
    SnaError
        When the folder holds no provenance, the project has no such edition, or the build fails.
    """
    made = _json(site / PROVENANCE, f"{site} holds no {PROVENANCE}, so it does not say what it was made from; give the folder that was published.")
    edition = open_edition(made["edition"], project)
    with tempfile.TemporaryDirectory(prefix="sna-verify-") as folder:
        again = _copy(edition, Path(folder) / "project", with_view=False)
        prepare_view(again, mirror, progress)
        build_edition(again, jobs, progress)
        verdict = _judge(edition.name, (site, again.build_path / "html"), made["platform"])
        own = provenance.published_provenance(again, provenance.provenance_of(again))
    apart = [words for name, words in PREMISES.items() if made[name] != own[name]]
    return verdict if not apart else dataclasses.replace(verdict, words=f"{verdict.words} Not the same to begin with: {'; '.join(apart)}.")


PROVENANCE = "provenance.json"
PREMISES = {
    "code": "the code here is not the code that built the site",
    "lock": "the lock here is not the lock of the site",
    "view": "the tables made here are not those of the site",
    "definition": "the definition here is not the site's",
}
"""What a site says it was made from -> what to say where the same thing here differs."""


def _judge(name: str, sites: tuple[Path, Path], platform: dict[str, str]) -> Verdict:
    """Compare a published site with one built here: every byte, or on another platform the findings in it."""
    if platform == provenance.platform_of_build():
        return _same_bytes(name, sites)
    return _same_findings(name, tuple(_findings_of(site) for site in sites), platform)


def _findings_of(site: Path) -> dict:
    return _json(site / "findings.json", f"{site} holds no findings.json, so there is nothing to compare.")["findings"]


def _json(path: Path, problem: str) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SnaError(problem) from error


def _read(edition: Edition, name: str) -> dict:
    path = edition.build_path / name
    if not path.is_file():
        raise SnaError(f"{path} is not there; run 'sna build --edition {edition.name}' first.")
    return json.loads(path.read_text(encoding="utf-8"))


def _copy(edition: Edition, folder: Path, with_view: bool = True) -> Edition:
    """Copy the project without anything built; an edition made on the fly comes along, and a view of raw files unless it is to be made again."""
    stock.copy_project(edition.root, folder)
    place = folder / "_build" / edition.name
    for name in ("edition", "view")[: 1 + with_view]:
        if (edition.build_path / name).is_dir():
            shutil.copytree(edition.build_path / name, place / name)
    return open_edition(edition.name, str(folder))


def _compare_bytes(edition: Edition, again: Edition, promised: dict[str, str]) -> Verdict:
    sites = (edition.build_path / "html", again.build_path / "html")
    changed = _first_difference(promised, provenance.folder_digests(sites[0]))
    if changed:
        return Verdict(False, "same bytes", f"{edition.name}: {changed} is not the file that digest.json names; build again.")
    return _same_bytes(edition.name, sites)


def _same_bytes(name: str, sites: tuple[Path, Path]) -> Verdict:
    published, built = (provenance.folder_digests(site) for site in sites)
    different = _first_difference(published, built)
    if different:
        where = _first_line(*(site / different for site in sites))
        return Verdict(False, "same bytes", f"{name}: not the same bytes; the first difference is in {different}{where}")
    platform = _words(provenance.platform_of_build())
    return Verdict(True, "same bytes", f"{name}: same bytes, {len(built)} files, rebuilt from nothing on {platform}.")


def _compare_findings(edition: Edition, again: Edition, platform: dict[str, str]) -> Verdict:
    return _same_findings(edition.name, tuple(_read(one, "findings.json")["findings"] for one in (edition, again)), platform)


def _same_findings(name: str, both: tuple[dict, dict], platform: dict[str, str]) -> Verdict:
    published, built = both
    platforms = f"built on {_words(platform)}, rebuilt on {_words(provenance.platform_of_build())}"
    different = _first_difference(published, built)
    if different:
        said = [json.dumps(found.get(different), sort_keys=True, ensure_ascii=False)[:SHOWN] for found in both]
        words = f"not the same findings; the first difference is {different}: {said[0]} / {said[1]} ({platforms})"
        return Verdict(False, "same findings", f"{name}: {words}")
    return Verdict(True, "same findings", f"{name}: same findings, {len(built)} of them; bytes are promised on one platform only ({platforms}).")


def _first_difference(one: dict, other: dict) -> str | None:
    return next((name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)), None)


def _first_line(published: Path, built: Path) -> str:
    """Say where two files part: the first line that differs, or that one of them is absent or not text."""
    if not (published.is_file() and built.is_file()):
        return f", which only the {'published site' if published.is_file() else 'new build'} has."
    try:
        texts = [path.read_text(encoding="utf-8").splitlines() for path in (published, built)]
    except UnicodeDecodeError:
        return f": {published.stat().st_size} bytes / {built.stat().st_size} bytes."
    for number, (one, other) in enumerate(zip_longest(*texts, fillvalue="(no line)"), 1):
        if one != other:
            at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
            start = max(at - 40, 0)
            return f", line {number}: {one[start : start + SHOWN]!r} / {other[start : start + SHOWN]!r}"
    return ": only line ends differ."


def _words(platform: dict[str, str]) -> str:
    return f"{platform['system']} {platform['machine']}, Python {platform['python']}"
