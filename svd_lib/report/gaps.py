"""Known gaps: the questions an edition cannot answer, and the source that would answer each.

A "not available" box is allowed only where ``data/reference/known_gaps.yml`` lists it, so that a box can never hide a
mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
import yaml

from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.yaml_text import read_yaml


@dataclass(frozen=True)
class Gap:
    """One known gap.

    Parameters
    ----------
    id : str
        The exhibit's or finding's id; ``*`` stands for any letters.
    areas : tuple of str
        Where it applies: ``*``, an edition's name or slug, a kind of area (``district``), a code; ``*`` works inside.
    question, needs, source : str
        What is asked, what data would answer it, and who holds them.
    is_conditional : bool
        Whether most editions of those areas have the data, so that it is no gap until a chapter meets it.
    """

    id: str
    areas: tuple[str, ...]
    question: str
    needs: str
    source: str
    is_conditional: bool = False

    def covers(self, exhibit_id: str, edition: Edition) -> bool:
        """Tell whether this gap is about an exhibit of an edition."""
        names = (edition.name, edition.name.rsplit("-", 1)[0], edition.area_kind, edition.area_code)
        here = any(fnmatchcase(name, pattern) for name in names for pattern in self.areas)
        return here and fnmatchcase(exhibit_id, self.id)


def load_gaps(root: Path) -> tuple[Gap, ...]:
    """Read the known gaps of a project.

    Parameters
    ----------
    root : Path
        Project root.

    Returns
    -------
    tuple of Gap
        In the file's order; empty when there is no file.

    Raises
    ------
    SnaError
        When a row lacks its id, areas, needs or source.
    """
    path = root / "data" / "reference" / "known_gaps.yml"
    if not path.exists():
        return ()
    try:
        rows = (read_yaml(path.read_text(encoding="utf-8")) or {}).get("gaps") or []
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SnaError(f"{path}: line {mark.line + 1 if mark else '?'} is not valid YAML; mend the file.") from None
    return tuple(_gap(path, position, row) for position, row in enumerate(rows, start=1))


def _gap(path: Path, position: int, row: dict[str, object]) -> Gap:
    missing = [name for name in ("id", "areas", "needs", "source") if not row.get(name)]
    if missing:
        raise SnaError(f"{path}, gap {position}: {', '.join(missing)} is missing; fill it in.")
    areas = (row["areas"],) if isinstance(row["areas"], str) else tuple(map(str, row["areas"]))
    return Gap(str(row["id"]), areas, str(row.get("question", "")), str(row["needs"]), str(row["source"]), bool(row.get("conditional")))


def find_gap(gaps: Iterable[Gap], exhibit_id: str, edition: Edition) -> Gap:
    """Return the first known gap for an exhibit of an edition.

    Raises
    ------
    SnaError
        When none is listed.
    """
    for gap in gaps:
        if gap.covers(exhibit_id, edition):
            return gap
    raise SnaError(
        f"{exhibit_id!r} has no data in edition {edition.name} and is not a known gap: list it in "
        "data/reference/known_gaps.yml with what it needs and from whom, or mend the data."
    )


def gap_frame(gaps: Iterable[Gap], edition: Edition) -> pd.DataFrame:
    """Return the gaps that an edition is known to have, for a reader; conditional ones stand in the chapter that meets them.

    Parameters
    ----------
    gaps : iterable of Gap
    edition : Edition
        Gaps of other areas or editions are left out.

    Returns
    -------
    pandas.DataFrame
        ``chapter, question, needs, source``, each question once.
    """
    names = (edition.name, edition.name.rsplit("-", 1)[0], edition.area_kind, edition.area_code)
    here = [gap for gap in gaps if not gap.is_conditional and any(fnmatchcase(name, pattern) for name in names for pattern in gap.areas)]
    rows = [(_chapter_words(gap.id), gap.question, gap.needs, gap.source) for gap in here]
    return pd.DataFrame(rows, columns=["chapter", "question", "needs", "source"]).drop_duplicates(ignore_index=True)


def _chapter_words(identifier: str) -> str:
    return "Data quality" if identifier.startswith("data-quality") else identifier.partition("-")[0].capitalize()
