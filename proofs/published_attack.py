"""Attack what two successive editions with made-up partner data publish, as an outsider who has the files and nothing else.

The outsider (``proofs/outsider``) reads, links and bounds without any code or count of the project. The judge, here, holds the tables
before disclosure control: it tells the outsider how the tables are laid out, and which of the outsider's claims happen to be right, so
that no real attacker could do better with these readings; then it looks up which protected counts the ranges give away.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from proofs.outsider.bounding import TINY, Joint
from proofs.outsider.guessing import ALL, Cell, Claim, Layout, claims, folded
from proofs.outsider.reading import Row, exhibit_words, read_folder
from proofs.proof import Proof, Reading, Step
from svd_lib.build.partners import context_of, intake_of, offence_groups, recount
from svd_lib.build.release import protect_table
from svd_lib.edition import find_root, open_edition
from svd_lib.errors import SnaError
from svd_lib.ingest.loaders import View, open_view
from svd_lib.ingest.partners.aggregates import tidy_table
from svd_lib.ingest.partners.cleared import Cleared
from svd_lib.ingest.partners.extract import open_extract
from svd_lib.ingest.partners.kinds import Kind
from svd_lib.ingest.partners.register import KINDS
from svd_lib.ingest.partners.synthetic import setting_of, synthetic_extract

ROOT = find_root(Path(__file__).parent)
EDITIONS = {"suffolk-2022": "suffolk-synthetic-partners-2022", "suffolk-2025": "suffolk-synthetic-partners-2025"}
EDITION = "suffolk-2025"
PROTECTED_BELOW = 10
GUESSED = PROTECTED_BELOW - 2
"""Width of the range that the rule itself leaves to someone who guesses that no withheld count is zero: from one to nine."""
VAGUE = {"people", "offences", "children", "incidents", "outcomes", "assessments", "cases", "answers"}
Counts = Mapping[Cell, int]


@dataclass(frozen=True)
class Published:
    """One edition as published, and the truth behind it for the judge."""

    name: str
    folder: Path
    layouts: Mapping[str, Layout]
    counts: Mapping[str, Counts]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Verdict:
    """What an attack on one table showed.

    Attributes
    ----------
    cells, protected, certain, right : int
        Cells of all editions; protected ones; numbers read from tables; claims that were right.
    recovered : list of (tuple, float, float)
        Protected cells whose range is narrower than the rule asks, with the range.
    """

    cells: int
    protected: int
    certain: int
    right: int
    recovered: list[tuple[Cell, float, float]]


def published(edition: str, build: Path) -> Published:
    """Read a build: its site for the outsider, its tables before disclosure control for the judge."""
    layouts, counts = {}, {}
    for kind in KINDS.values():
        frame = pd.read_parquet(build / "partner-tables" / f"{kind.table}.parquet")
        cells = tuple(frame[list(kind.dimensions)].astype(str).itertuples(index=False, name=None))
        record = json.loads((build / "edition" / "cleared" / f"{kind.id}.json").read_text(encoding="utf-8"))
        terms = {folded(kind.title), folded(kind.table), folded(kind.id.replace("-", " ")), *({folded(kind.unit)} - VAGUE)}
        layouts[kind.id] = Layout(kind.id, tuple(sorted(terms)), kind.dimensions, cells, f"{record['first_month']}/{record['last_month']}")
        counts[kind.id] = dict(zip(cells, frame["count"].astype(int)))
    site = build / "html"
    return Published(edition, site, layouts, counts, tuple(read_folder(site, exhibit_words(site))))


def attack(kind: str, editions: Sequence[Published], extra: Mapping[str, Sequence[Row]] | None = None) -> Verdict:
    """Attack one table as published in some editions, with more records where a leak was planted."""
    joint = Joint([one.layouts[kind] for one in editions])
    truth: dict[int, int] = {}
    certain = right = 0
    for one in editions:
        layout, counts = one.layouts[kind], one.counts[kind]
        truth |= {joint.at(layout, cell): count for cell, count in counts.items()}
        found = claims([*one.rows, *(extra or {}).get(one.name, ())], layout)
        known = [claim for claim in found if _is_right(claim, layout, counts)]
        certain, right = certain + sum(claim.is_certain for claim in known), right + len(known)
        joint.take(layout, known)
        for claim in known:
            if claim.of is not None:
                joint.rows += joint.rows_of(layout, claim)
    _subtract(joint, truth)
    _guess_zeros(joint, truth)
    places = [place for place, count in truth.items() if 0 < count < PROTECTED_BELOW]
    ranges = joint.ranges(places)
    assert ranges is not None, f"what was read of {kind} contradicts its own table"
    names = {place: cell for (_, cell), place in joint.names.items()}
    narrow = [(names[place], low, high) for place, (low, high) in ranges.items() if high - low < PROTECTED_BELOW - TINY]
    return Verdict(len(truth), len(places), certain, right, narrow)


def _guess_zeros(joint: Joint, truth: Mapping[int, int]) -> None:
    """Let the outsider infer from zeros shown that no withheld count beside them is zero, wherever that happens to be right."""
    for layout in joint.layouts:
        for places in joint.zeros_shown(layout):
            if all(truth[place] > 0 for place in places):
                joint.take_least(places)


def _subtract(joint: Joint, truth: dict[int, int]) -> None:
    """Let the outsider subtract a period's counts from those of one that holds it, where nothing grew less, and add the differences to the truth."""
    differences = [(since, part, whole) for since, part, whole in joint.differences if truth[whole] >= truth[part]]
    joint.take_differences(differences)
    truth |= {since: truth[whole] - truth[part] for since, part, whole in differences}


def _is_right(claim: Claim, layout: Layout, counts: Counts) -> bool:
    count = counts[layout.cells[claim.cell]]
    whole = 1.0 if claim.of is None else counts[layout.cells[claim.of]]
    return claim.lower * whole - TINY <= count <= claim.upper * whole + TINY


@cache
def built() -> tuple[Published, ...]:
    """Build what is stale of both editions with made-up partner data and read them."""
    for edition in EDITIONS:
        subprocess.run([sys.executable, "-m", "svd_lib.cli", "build", "--quiet", "--edition", edition, "--with-synthetic-partners"], cwd=ROOT, check=True)
    return tuple(published(edition, ROOT / "_build" / twin) for edition, twin in EDITIONS.items())


def editions_attacked(_: np.random.Generator, replications: int) -> list[Reading]:
    """Attack every table in both editions jointly."""
    readings = []
    for kind in KINDS:
        found = attack(kind, built())
        what = f"{kind}: protected counts recovered; {found.cells} cells, {found.certain} numbers read in tables, {found.right} claims right"
        readings.append(Reading("published editions", what, "level", 0.0, len(found.recovered), max(found.protected, 1), is_discrete=True, note="; ".join(str(cell) for cell, _, _ in found.recovered[:3])))
    return readings


def leaks_planted(_: np.random.Generator, replications: int) -> list[Reading]:
    """Plant one leak of each kind and count those that are not found."""
    editions = built()
    missed = [name for name, plant in PLANTS.items() if not is_found(plant, editions)]
    return [Reading("published editions", "planted leaks that the attack misses", "level", 0.0, len(missed), len(PLANTS), is_discrete=True, note=", ".join(missed))]


EARLIER, GROWN, SLID = ("2024-10", "2025-09"), ("2024-10", "2025-12"), ("2025-01", "2025-12")
"""A year that was published; the extract a quarter later that holds all of its months; and one that has lost three of them."""


@dataclass(frozen=True)
class Release:
    """One release of made-up records: how its table is laid out, the true counts, and those published."""

    layout: Layout
    counts: Counts
    shown: Mapping[Cell, float]
    cleared: Cleared


def later_releases(rng: np.random.Generator, replications: int, kinds: Sequence[str] = ()) -> list[Reading]:
    """Release made-up records of each kind, then those of a quarter later, publish every count that is released, and attack both jointly."""
    readings = []
    for kind in kinds or [name for name, one in KINDS.items() if not one.is_survey]:
        found = [attack_releases(kind, rng) for _ in range(replications)]
        recovered, protected, refused, accepted, careless, of_careless = (sum(part) for part in zip(*found))
        readings += [
            Reading("releases", f"{kind}: protected counts and differences recovered from a year and the extract that holds it and a quarter more", "level", 0.0, recovered, max(protected, 1), is_discrete=True),
            Reading("releases", f"{kind}: extracts that hold a published year and a quarter more and were refused", "measured", np.nan, refused, replications, note="No choice of withheld counts was safe; an extract of the new months alone is taken"),
            Reading("releases", f"{kind}: extracts that lost months of a published one and were accepted", "level", 0.0, accepted, replications, is_discrete=True),
            Reading("releases", f"{kind}: protected counts that such extracts would give away if they were accepted", "measured", np.nan, careless, max(of_careless, 1), note="Why they are refused"),
        ]
    return readings


def attack_releases(name: str, rng: np.random.Generator) -> tuple[int, ...]:
    """Attack two releases; return counts recovered, protected, whether the later was refused, a lossy extract accepted, and what that would give away, of how many."""
    kind, edition = KINDS[name], open_edition(EDITION, str(ROOT))
    view = open_view(edition)
    setting = setting_of(view.table("population"), offence_groups(ROOT), pd.Period(GROWN[1], "M"), months=15)
    records = synthetic_extract(kind, setting, rng)
    first = _released(kind, records, EARLIER, view)
    later, slid = (_if_released(kind, records, months, view, first) for months in (GROWN, SLID))
    found = _recovered([first, later] if later else [first])
    return *found, int(later is None), int(slid is not None), *_recovered([first, _released(kind, records, SLID, view)])


def _if_released(kind: Kind, records: pd.DataFrame, months: tuple[str, str], view: View, first: Release) -> Release | None:
    with contextlib.suppress(SnaError):
        return _released(kind, records, months, view, [first.cleared])
    return None


def _recovered(releases: Sequence[Release]) -> tuple[int, int]:
    """Return how many protected counts, and differences between releases, some releases give away, and how many are protected."""
    joint, truth = Joint([one.layout for one in releases]), {}
    for one in releases:
        truth |= {joint.at(one.layout, cell): count for cell, count in one.counts.items()}
        joint.take(one.layout, [Claim(one.layout.place[cell], count, count, "") for cell, count in one.shown.items()])
    _subtract(joint, truth)
    places = [place for place, count in truth.items() if 0 < count < PROTECTED_BELOW]
    read = joint.ranges(places)
    _guess_zeros(joint, truth)
    guessed = joint.ranges(places)
    assert read is not None and guessed is not None, "what was published contradicts itself"
    narrow = [place for place in places if read[place][1] - read[place][0] < PROTECTED_BELOW - TINY or guessed[place][1] - guessed[place][0] < GUESSED - TINY]
    return len(narrow), len(places)


def _released(kind: Kind, records: pd.DataFrame, months: tuple[str, str], view: View, earlier: Sequence[Cleared] = ()) -> Release:
    """Take the records of some months through the road of a partner's extract, beside earlier releases."""
    context = context_of(view)
    day = next(one.name for one in kind.fields if one.type == "date")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "extract.csv"
        records[records[day].str[:7].between(*months)].to_csv(path, index=False)
        frame = tidy_table(kind, intake_of(open_extract(path), kind, context).counts, context.district_names)
        made = protect_table(kind, frame, months, earlier, lambda some: recount(path, kind, context, some))
    cells = tuple(frame[list(kind.dimensions)].astype(str).itertuples(index=False, name=None))
    shown = dict(zip(cells, made.frame["count"].astype(float)))
    layout = Layout(kind.id, (kind.id,), kind.dimensions, cells, "/".join(months))
    record = {"first_month": months[0], "last_month": months[1], "audit": made.audit}
    return Release(layout, dict(zip(cells, frame["count"].astype(int))), {cell: count for cell, count in shown.items() if not np.isnan(count)}, Cleared(made.frame, record))


PROOF = Proof(
    name="published_attack",
    question="Can anyone work out a protected count from everything that two successive editions with made-up partner data publish?",
    covers=("svd_lib/disclosure/*.py", "svd_lib/build/release.py", "svd_lib/build/joined_releases.py", "svd_lib/build/downloads.py", "svd_lib/build/theme.py", "svd_lib/ingest/partners/*.py", "notebooks/cohorts.ipynb", "notebooks/voice.ipynb", "proofs/outsider/*.py", "proofs/published_attack.py"),
    steps=(Step("editions", editions_attacked, 1), Step("planted", leaks_planted, 1), Step("later-releases", later_releases, 6)),
    sampled_by="tests/reproducibility/test_published_attack.py",
)

KIND = "education"
TITLE = KINDS[KIND].title


@dataclass(frozen=True)
class Target:
    """The protected cell whose count is planted: its values, count, and the words for it."""

    cell: Cell
    count: int
    layout: Layout
    counts: Counts

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Dimension and value, where the value is not a sum."""
        return [(name, value) for name, value in zip(self.layout.dimensions, self.cell) if value != ALL]

    @property
    def words(self) -> str:
        """Its values in words."""
        return ", ".join(value for _, value in self.labels)


def target_of(one: Published) -> Target:
    """Return a protected cell of two dimensions that nothing gives away: the smallest count of the table."""
    layout, counts = one.layouts[KIND], one.counts[KIND]
    inner = [cell for cell, count in counts.items() if 0 < count < PROTECTED_BELOW and sum(value != ALL for value in cell) == 2]
    cell = min(inner, key=lambda cell: (counts[cell], cell))
    return Target(cell, counts[cell], layout, counts)


Plant = Callable[[Target, Path], None]


def is_found(plant: Plant, editions: Sequence[Published]) -> bool:
    """Publish a leak beside the newer edition, or in an earlier issue of it, and say whether its cell is recovered."""
    newest = editions[-1]
    target = target_of(newest)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plant(target, folder)
        rows = list(read_folder(folder, exhibit_words(newest.folder)))
    if plant is _earlier_issue:
        issue = Published("an earlier issue", newest.folder, newest.layouts, newest.counts, rows)
        return any(cell == target.cell for cell, _, _ in attack(KIND, [issue, newest]).recovered)
    return any(cell == target.cell for cell, _, _ in attack(KIND, editions, {newest.name: rows}).recovered)


def _page(folder: Path, body: str) -> None:
    (folder / "planted.html").write_text(f"<html><head><title>{TITLE}</title></head><body>{body}</body></html>", encoding="utf-8")


def _sentence(one: Target, folder: Path) -> None:
    _page(folder, f"<p>{TITLE}: {one.words} came to {one.count} in this year.</p>")


def _alt_text(one: Target, folder: Path) -> None:
    _page(folder, f'<figure><img src="a.svg" alt="{TITLE}. Lowest of all: {one.count}, {one.words}."></figure>')


def _tooltip(one: Target, folder: Path) -> None:
    (folder / "planted.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><desc>{TITLE}</desc><path d="M0 0"><title>{TITLE}: {one.words}: {one.count}</title></path></svg>', encoding="utf-8")


def _csv(one: Target, folder: Path) -> None:
    pd.DataFrame([dict(one.labels) | {"count": one.count}]).to_csv(folder / f"{KINDS[KIND].table}.csv", index=False)


def _workbook(one: Target, folder: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append([TITLE])
    book.active.append([*(name for name, _ in one.labels), "count"])
    book.active.append([*(value for _, value in one.labels), one.count])
    book.active.sheet_state = "hidden" if len(book.sheetnames) > 1 else "visible"
    book.save(folder / "planted.xlsx")


def _pdf(one: Target, folder: Path) -> None:
    import pikepdf

    with pikepdf.new() as held:
        page = held.add_blank_page(page_size=(800, 100))
        font = held.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = held.make_stream(f"BT /F1 9 Tf 10 40 Td ({TITLE}: {one.words}: {one.count}.) Tj ET".encode())
        held.save(folder / "planted.pdf")


def _search_index(one: Target, folder: Path) -> None:
    text = json.dumps({"url": "/cohorts.html", "content": f"{TITLE}. There were {one.count} for {one.words}."})
    (folder / "en_1.pf_fragment").write_bytes(gzip.compress(f"pagefind_dcd{text}".encode()))


def _provenance(one: Target, folder: Path) -> None:
    (folder / "provenance.json").write_text(json.dumps({"tables": {KINDS[KIND].table: [dict(one.labels) | {"rows": one.count}]}}), encoding="utf-8")


def _percentage(one: Target, folder: Path) -> None:
    """A share with decimals enough to give the count away, of a sum that is published."""
    number = next(number for number, value in enumerate(one.cell) if value != ALL)
    whole = one.counts[(*one.cell[:number], ALL, *one.cell[number + 1 :])]
    rows = [dict(one.labels[1:]) | {"count": whole}]
    pd.DataFrame(rows).to_csv(folder / f"{KINDS[KIND].table}.csv", index=False)
    _page(folder, f"<p>{TITLE}: {one.words} made up {100 * one.count / whole:.4f}%.</p>")


def _difference(one: Target, folder: Path) -> None:
    """Every other count of the line and its sum, in two files that each look harmless."""
    number = next(number for number, value in enumerate(one.cell) if value != ALL)
    line = [cell for cell in one.counts if cell != one.cell and cell[:number] + cell[number + 1 :] == one.cell[:number] + one.cell[number + 1 :]]
    for name, cells in (("sum", [cell for cell in line if cell[number] == ALL]), ("rest", [cell for cell in line if cell[number] != ALL])):
        rows = [{dimension: value for dimension, value in zip(one.layout.dimensions, cell) if value != ALL} | {"count": one.counts[cell]} for cell in cells]
        pd.DataFrame(rows).to_csv(folder / f"{KINDS[KIND].table}-{name}.csv", index=False)


def _earlier_issue(one: Target, folder: Path) -> None:
    """An earlier issue of the same edition that did not withhold the cell."""
    _csv(one, folder)


PLANTS: dict[str, Plant] = {
    "sentence": _sentence, "alternative text": _alt_text, "tooltip": _tooltip, "CSV": _csv, "workbook": _workbook, "PDF": _pdf, "search index": _search_index,
    "provenance": _provenance, "percentage of a published sum": _percentage, "difference of two files": _difference, "earlier issue": _earlier_issue,
}  # fmt: skip
