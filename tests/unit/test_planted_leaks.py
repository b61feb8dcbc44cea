"""The auditor reads what is published and finds every leak planted in it, wherever it hides."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from svd_lib.disclosure.cube import cube_system, make_cube
from svd_lib.disclosure.linking import Guarded, guard_cube
from svd_lib.disclosure.published import read_published
from svd_lib.disclosure.release import Release, release
from svd_lib.disclosure.thresholds import RULES
from svd_lib.disclosure.verdict import Verdict, judge

RULE = RULES["partner_under_10"]
MARGINS = [("district", "age_band"), ("district", "month"), ("district",), ("age_band",), ("month",), ()]
DISTRICTS, AGES = ("Northtown", "Southtown", "Easton", "Weston"), ("10 to 17", "18 to 24", "25 and over")
MONTHS = ("2025-01", "2025-02", "2025-03")
SMALL = ("Easton", "10 to 17")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    index = pd.MultiIndex.from_product([DISTRICTS, AGES, MONTHS], names=["district", "age_band", "month"])
    counts = pd.DataFrame({"count": np.random.default_rng(4).poisson(4.2, len(index))}, index=index).reset_index()
    counts.loc[(counts["district"] == SMALL[0]) & (counts["age_band"] == SMALL[1]), "count"] = [3, 2, 2]
    return counts


@pytest.fixture(scope="module")
def table(frame: pd.DataFrame) -> Guarded:
    return guard_cube(cube_system(make_cube(frame, [("district",), ("age_band",), ("month",)]), MARGINS), "Attendances", ("attendances",), RULE)


@pytest.fixture(scope="module")
def made(frame: pd.DataFrame) -> Release:
    return release(make_cube(frame, [("district",), ("age_band",), ("month",)]), MARGINS, RULE)


@pytest.fixture
def site(made: Release, tmp_path: Path) -> Path:
    """Publish every margin as CSV, one as a page, and the totals in a sentence."""
    folder = tmp_path / "html"
    (folder / "exhibits").mkdir(parents=True)
    for margin in MARGINS:
        shown = made.margin(*margin)
        marked = shown.assign(count=shown["count"].map(lambda n: "[c]" if pd.isna(n) else f"{n:.0f}"))
        marked.to_csv(folder / "exhibits" / f"attendances-by-{'-'.join(margin) or 'all'}.csv", index=False)
    total = made.margin()["count"].item()
    (folder / "index.html").write_text(f"<html><body><h1>Attendances</h1><p>There were {total:,.0f} attendances.</p></body></html>")
    return folder


def _judge(table: Guarded, *folders: Path) -> Verdict:
    return judge((record for folder in folders for record in read_published(folder)), [table])


def _cell(verdict: Verdict, *words: str) -> bool:
    return any(all(word in leak.cell for word in words) for leak in verdict.leaks)


def _count(table: Guarded, *key: str) -> int:
    return int(table.system.values[table.place_of[key]])


def test_what_the_release_publishes_gives_nothing_away_and_is_linked(table: Guarded, site: Path) -> None:
    verdict = _judge(table, site)
    assert verdict.leaks == ()
    shown = verdict.tables["Attendances"]["published"]
    assert verdict.protected >= 3 and shown > 20


def test_small_counts_withheld_without_their_complement_are_found(table: Guarded, site: Path, made: Release) -> None:
    frame = made.margin("district", "age_band")
    true = [_count(table, row.district, row.age_band, "all") for row in frame.itertuples()]
    careless = frame.assign(count=[n if n >= 10 else "[c]" for n in true])
    careless.to_csv(site / "exhibits" / "attendances-careless.csv", index=False)
    verdict = _judge(table, site)
    assert _cell(verdict, "Easton", "10 to 17")
    assert any("attendances-careless" in name or "attendances by" in name or "attendances-by" in name for name in verdict.leaks[0].where)


TRUE = 7
"""The count of the small cell over all months: 3 + 2 + 2."""


def _page(site: Path, name: str, body: str) -> None:
    (site / name).write_text(f"<html><head><title>Attendances</title></head><body>{body}</body></html>", encoding="utf-8")


def _in_alt_text(site: Path) -> None:
    _page(site, "a.html", f'<img src="x.svg" alt="Attendances: in Easton, {TRUE} were aged 10 to 17.">')


def _in_a_tooltip(site: Path) -> None:
    (site / "exhibits" / "attendances-map.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"><title>Easton, 10 to 17: {TRUE}</title></path></svg>')


def _in_a_map_attribute(site: Path) -> None:
    _page(site, "b.html", f'<h2>Attendances</h2><path data-tip="Attendances, Easton, 10 to 17, {TRUE}"/>')


def _in_a_sentence(site: Path) -> None:
    _page(site, "c.html", f"<p>Of all attendances, Easton had {TRUE} by people aged 10 to 17.</p>")


def _in_a_file_name(site: Path) -> None:
    (site / "exhibits" / f"attendances-easton-10-to-17-{TRUE}.csv").write_text("nothing\n")


def _in_linked_data(site: Path) -> None:
    data = {"@type": "Dataset", "name": "Attendances", "variableMeasured": [{"name": "Easton, 10 to 17", "value": TRUE}]}
    _page(site, "d.html", f'<script type="application/ld+json">{json.dumps(data)}</script>')


def _in_provenance(site: Path) -> None:
    (site / "provenance.json").write_text(json.dumps({"tables": {"attendances": {"rows": [{"district": "Easton", "age_band": "10 to 17", "n": TRUE}]}}}))


def _in_a_comment(site: Path) -> None:
    _page(site, "e.html", f"<!-- attendances Easton 10 to 17 = {TRUE} -->")


def _in_an_html_table(site: Path) -> None:
    rows = f'<tr><th scope="row">Easton</th><td>10 to 17</td><td>{TRUE}</td></tr>'
    _page(site, "f.html", f"<table><caption>Attendances</caption><tr><th>District</th><th>Age band</th><th>Count</th></tr>{rows}</table>")


def _in_the_search_index(site: Path) -> None:
    fragment = b'pagefind_dcd{"url":"/x","content":"Attendances. Easton had ' + str(TRUE).encode() + b' aged 10 to 17."}'
    (site / "en_1.pf_fragment").write_bytes(gzip.compress(fragment))


def _in_a_workbook(site: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst><si><t>Attendances</t></si><si><t>Easton</t></si><si><t>10 to 17</t></si></sst>")
        cells = f'<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c><v>{TRUE}</v></c>'
        archive.writestr("xl/worksheets/sheet1.xml", f"<sheetData><row>{cells}</row></sheetData>")
    (site / "attendances.xlsx").write_bytes(held.getvalue())


def _in_a_script(site: Path) -> None:
    (site / "map.js").write_text(f'const tips = [{{name: "attendances Easton 10 to 17", count: {TRUE}}}];')


def _as_a_decimal(site: Path) -> None:
    (site / "exhibits" / "attendances-floats.csv").write_text(f"district,age_band,count\nEaston,10 to 17,{TRUE}.0\n")


def _by_a_rate_with_its_denominator(site: Path) -> None:
    rate = round(1000 * TRUE / 2310, 2)
    (site / "exhibits" / "attendances-rate.csv").write_text(f"district,age_band,residents,rate_per_1000\nEaston,10 to 17,2310,{rate}\n")



@pytest.mark.parametrize(
    "plant",
    [
        _in_alt_text, _in_a_tooltip, _in_a_map_attribute, _in_a_sentence, _in_a_file_name, _in_linked_data, _in_provenance, _in_a_comment,
        _in_an_html_table, _in_the_search_index, _in_a_workbook, _in_a_script, _as_a_decimal, _by_a_rate_with_its_denominator,
    ],
)  # fmt: skip
def test_a_planted_leak_is_found_and_named_without_its_value(table: Guarded, site: Path, plant: Callable[[Path], None]) -> None:
    before = {path for path in site.rglob("*") if path.is_file()}
    plant(site)
    verdict = _judge(table, site)
    assert _cell(verdict, "Easton", "10 to 17")
    planted = next(path.name for path in site.rglob("*") if path.is_file() and path not in before)
    leak = next(leak for leak in verdict.leaks if "Easton" in leak.cell and "10 to 17" in leak.cell)
    assert planted in " ".join(leak.where)
    said = leak.sentence.replace(planted, "").replace("10 to 17", "")
    assert f" {TRUE} " not in said


def test_a_percentage_of_a_published_total_is_found(table: Guarded, site: Path) -> None:
    total = next(place for key, place in table.place_of.items() if key == ("all", "all", "all"))
    share = 100 * TRUE / table.system.values[total]
    _page(site, "g.html", f"<p>Attendances of people aged 10 to 17 in Easton were {share:.2f} per cent of all.</p>")
    assert _cell(_judge(table, site), "Easton", "10 to 17")


def test_a_rounded_count_is_found_where_rounding_is_too_fine(table: Guarded, site: Path) -> None:
    (site / "exhibits" / "attendances-rounded.csv").write_text("district,age_band,count rounded to 5\nEaston,10 to 17,5\n")
    assert _cell(_judge(table, site), "Easton", "10 to 17")


def test_two_exhibits_that_are_each_safe_are_found_by_differencing(table: Guarded, site: Path, made: Release) -> None:
    others = [district for district in DISTRICTS if district != "Easton"]
    rows = [f"{district},10 to 17,{_count(table, district, '10 to 17', 'all')}" for district in others]
    total = _count(table, "all", "10 to 17", "all")
    (site / "exhibits" / "attendances-others.csv").write_text("district,age_band,count\n" + "\n".join(rows) + "\n")
    (site / "exhibits" / "attendances-total.csv").write_text(f"age_band,count\n10 to 17,{total}\n")
    verdict = _judge(table, site)
    leak = next(leak for leak in verdict.leaks if "Easton" in leak.cell and "10 to 17" in leak.cell)
    assert len({name for name in leak.where if "attendances" in name}) >= 2


def test_a_cell_an_earlier_edition_published_is_found(table: Guarded, site: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    hidden = [leak for leak in DISTRICTS if leak != "Easton"]
    rows = [f"{district},10 to 17,{_count(table, district, '10 to 17', 'all')}" for district in hidden]
    (earlier / "attendances-before.csv").write_text("district,age_band,count\n" + "\n".join(rows) + f"\nall,10 to 17,{_count(table, 'all', '10 to 17', 'all')}\n")
    assert _judge(table, site).leaks == ()
    assert _cell(_judge(table, site, earlier), "Easton", "10 to 17")


def test_numbers_about_something_else_are_not_linked(table: Guarded, site: Path) -> None:
    _page(site, "h.html", "")
    (site / "h.html").write_text(f"<p>Easton has {TRUE} schools for children aged 10 to 17.</p>")
    assert _judge(table, site).leaks == ()
