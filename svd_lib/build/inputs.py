"""From a mirror to an edition's tables: fetch and verify, ingest, slice. The command line's way into the data."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from svd_lib.build.progress import Progress
from svd_lib.edition import Edition, find_root, open_edition
from svd_lib.errors import SnaError


def fetch_inputs(edition: Edition, mirror: str, progress: Progress | None = None) -> None:
    """Bring an edition's inputs into ``data/raw``, each verified against the lock."""
    from svd_lib.sources.fetch import fetch_edition

    progress = progress or Progress()
    progress.step(f"{edition.name}: fetching inputs from {mirror}")
    progress.step(f"{edition.name}: {fetch_edition(edition, mirror, progress.count)}")


def ingest_inputs(edition: Edition, progress: Progress | None = None) -> None:
    """Make the tidy tables and the edition's view of them from ``data/raw``."""
    from svd_lib.ingest.view import refresh_view

    progress = progress or Progress()
    refresh_view(edition, tell=lambda line: progress.step(f"{edition.name}: {line}"))


def ingest_national(archives: Sequence[str], mirror: str | None, edition: str, project: str, progress: Progress | None = None) -> list[str]:
    """Make the tidy parts of all forces in whole archives and return what is held, missing and refused, a line each.

    Parameters
    ----------
    archives : sequence of str
        Paths of monthly archives.
    mirror : str, optional
        Where the lookups of places come from; without it, the raw files of the edition.
    edition, project : str
        As for :func:`svd_lib.edition.open_edition`.
    """
    from svd_lib.ingest import national, tidy
    from svd_lib.ingest.new_edition import national_lookups

    progress = progress or Progress()
    root = find_root(Path(project) if project else None)
    if mirror:
        tables = national_lookups(mirror, root)
    else:
        tables = tidy.make_tables(tidy.RawFiles.of(open_edition(edition, project)), {"places", "place_changes"})
    report = national.ingest_archives([Path(path) for path in archives], tables, root / "data" / "tidy", progress.step)
    return report.lines()


def write_embedded_aggregates(edition: Edition, progress: Progress | None = None) -> None:
    """Compute the aggregates that let an edition build without its raw files."""
    from svd_lib.ingest.view import write_snapshot

    progress = progress or Progress()
    folder = write_snapshot(edition, tell=lambda line: progress.step(f"{edition.name}: {line}"))
    kibibytes = sum(path.stat().st_size for path in folder.iterdir()) / 1024
    progress.step(f"{edition.name}: {folder} holds {kibibytes:.0f} KiB")


def edition_to_build(
    name: str, area: str | None, mirror: str | None, project: str, progress: Progress | None = None
) -> Edition:
    """Return the edition to build: a named one, or one made on the fly for an area.

    Raises
    ------
    SnaError
        When an area is given without a mirror to take its data from, or cannot be resolved.
    """
    if area is None:
        return open_edition(name, project)
    if mirror is None:
        raise SnaError(f"To build '{area}' its data are needed; add --mirror DIR_OR_URL.")
    from svd_lib.ingest.new_edition import temporary_edition

    (progress or Progress()).step(f"{area}: finding the area and its inputs in {mirror}")
    return temporary_edition(area, mirror, find_root(Path(project) if project else None))


def prepare_view(edition: Edition, mirror: str | None, progress: Progress | None = None) -> None:
    """Make the tables that the chapters read: from raw files with a mirror, else the embedded ones as they are.

    Raises
    ------
    SnaError
        When inputs are missing, changed or unreadable, or there is neither a mirror nor anything made before.
    """
    if mirror is not None:
        fetch_inputs(edition, mirror, progress)
        ingest_inputs(edition, progress)
    elif (edition.snapshot_path / "view.json").is_file():
        shutil.rmtree(edition.build_path / "view", ignore_errors=True)
    else:
        _ = edition.area
