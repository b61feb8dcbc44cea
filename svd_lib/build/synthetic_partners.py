"""An edition's twin with made-up partner data of every kind, taken through the same road as real data."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from svd_lib.build.partners import context_of, intake_of, offence_groups, recount, write_quote
from svd_lib.build.progress import Progress
from svd_lib.build.provenance import combined_digest, folder_digests
from svd_lib.build.release import Origin, release_table
from svd_lib.edition import SYNTHETIC, Edition, read_edition
from svd_lib.errors import SnaError
from svd_lib.ingest import tidy
from svd_lib.ingest.loaders import open_view
from svd_lib.ingest.partners.aggregates import tidy_table
from svd_lib.ingest.partners.extract import open_extract
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS
from svd_lib.ingest.partners.survey import candidates
from svd_lib.ingest.partners.synthetic import Setting, setting_of, write_synthetic
from svd_lib.ingest.partners.values import Context
from svd_lib.sources.swap import swap_in

SEED = 20230131
"""Seed of synthetic extracts: the day the Duty came into force."""
SYNTHETIC_APPROVER = "nobody: made-up data, released by the build"
QUOTED = 3
"""Made-up quotations that a synthetic build shows."""
TABLES = "partner-tables"
"""Folder of a synthetic build that holds the tidy tables before disclosure control, for its audit."""
_COPIED = ("lock.json", "partnership.yml", "commentary", "snapshot")


def synthetic_name(edition: Edition) -> str:
    """Return the name of an edition's synthetic twin."""
    return f"{edition.slug}-synthetic-partners-{edition.period_end.year}"


def synthetic_edition(edition: Edition, progress: Progress | None = None) -> Edition:
    """Return a twin of an edition with made-up, released partner data of every kind, made again only when need be.

    Parameters
    ----------
    edition : Edition
        Its view or snapshot must be there.
    progress : Progress, optional
        Told of every kind.

    Returns
    -------
    Edition
        In ``_build/<slug>-synthetic-partners-<year>/edition``; never committed.

    Raises
    ------
    SnaError
        When the generator's own files are refused, which would be a defect.
    """
    twin = edition.root / "_build" / synthetic_name(edition)
    made_from = _made_from(edition)
    record = twin / "edition" / "made_from.txt"
    if not (record.is_file() and record.read_text(encoding="utf-8") == made_from):
        _make_twin(edition, twin, made_from, progress or Progress())
    shutil.rmtree(twin / "view", ignore_errors=True)
    if edition.view_path != edition.snapshot_path:
        shutil.copytree(edition.view_path, twin / "view")
    return read_edition(twin / "edition", edition.root)


def _made_from(edition: Edition) -> str:
    """Digest what a twin is made of: the edition, its tables, and the code that makes and protects extracts."""
    package = Path(__file__).parents[1]
    code = [path for part in ("ingest/partners", "disclosure", "build/partners.py", "build/synthetic_partners.py", "build/release.py") for path in _files(package / part)]
    parts = [combined_digest(package, code), folder_digests(edition.view_path), folder_digests(edition.folder), offence_groups(edition.root)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.py"))


def _make_twin(edition: Edition, twin: Path, made_from: str, progress: Progress) -> None:
    twin.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=twin) as scratch:
        folder, tables = Path(scratch, twin.name, "edition"), Path(scratch, TABLES)
        tables.mkdir()
        _copy_description(edition, folder)
        made = read_edition(folder, edition.root)
        view = open_view(edition)
        setting = setting_of(view.table("population"), offence_groups(edition.root), pd.Period(edition.period_end, "M"))
        for number, kind in enumerate(KINDS.values()):
            progress.step(f"{made.name}: making up {kind.title.lower()}")
            _make_up(made, kind, setting, context_of(view), np.random.default_rng([SEED, number]), tables)
        (folder / "made_from.txt").write_text(made_from, encoding="utf-8")
        swap_in(tables, twin / TABLES)
        swap_in(folder, twin / "edition")


def _copy_description(edition: Edition, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in _COPIED:
        source = edition.folder / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.is_file():
            shutil.copyfile(source, folder / name)
    values = yaml.safe_load((edition.folder / "edition.yml").read_text(encoding="utf-8"))
    values |= {"name": synthetic_name(edition), "partner_data": SYNTHETIC, "status": "demonstration", "approved_by": None, "approved_on": None}
    (folder / "edition.yml").write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _make_up(edition: Edition, kind: Kind, setting: Setting, context: Context, rng: np.random.Generator, tables: Path) -> None:
    """Take a made-up extract through the same road as a real one: file, checks, counts, release."""
    with tempfile.TemporaryDirectory(prefix=".extract-", dir=tables) as scratch:
        path = Path(scratch, f"synthetic-{kind.id}.csv")
        write_synthetic(kind, setting, rng, path)
        _release(edition, kind, path, context, tables)


def _release(edition: Edition, kind: Kind, path: Path, context: Context, tables: Path) -> None:
    intake = intake_of(open_extract(path), kind, context)
    if not intake.report.is_empty:
        raise SnaError(f"The synthetic extract of kind {kind.id} was refused: {intake.report.lines()[0]}.")
    frame = tidy_table(kind, intake.counts, context.district_names)
    tidy.write_table(frame, tables / f"{kind.table}.parquet")
    months = (min(intake.months), max(intake.months))
    for name, quote in list(candidates(intake.texts).items())[:QUOTED]:
        write_quote(edition, name, quote, SYNTHETIC_APPROVER, edition.period_end)
    origin = Origin(kind, months, intake.is_synthetic, lambda some: recount(path, kind, context, some))
    release_table(edition, origin, frame, SYNTHETIC_APPROVER, edition.period_end)
