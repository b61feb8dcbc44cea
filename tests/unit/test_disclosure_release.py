"""One release for all tables of an edition: joint, deterministic, marked, and safe against what was published before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from svd_lib.disclosure.attack import Seen, attack, exact
from svd_lib.disclosure.cube import Cube, cube_system, make_cube
from svd_lib.disclosure.release import limits_below, release, released_margin
from svd_lib.disclosure.rounding import base_of, round_together, seen_rounded
from svd_lib.disclosure.systems import table_system
from svd_lib.disclosure.thresholds import RULES
from svd_lib.errors import SnaError

RULE = RULES["partner_under_10"]
DIMENSIONS = [("ward", "district"), ("kind",), ("year",)]
MARGINS = [("ward", "year"), ("district", "kind", "year"), ("district", "year"), ("kind", "year"), ("year",)]


def _frame(seed: int = 1, years: tuple[int, ...] = (2024, 2025)) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([[f"w{i}" for i in range(8)], ["a", "b", "c"], years], names=["ward", "kind", "year"])
    frame = pd.DataFrame({"count": np.random.default_rng(seed).poisson(6, len(index))}, index=index).reset_index()
    return frame.assign(district=frame["ward"].map(lambda name: f"d{int(name[1]) // 3}"))


def _cube(frame: pd.DataFrame) -> Cube:
    return make_cube(frame, DIMENSIONS)


def _found(cube: Cube, margins: list, shown: np.ndarray, extra: tuple[Seen, ...] = ()) -> pd.DataFrame:
    published = cube_system(cube, margins)
    protected = published.is_published & RULE.hides(published.system.values)
    floor = limits_below(published.system, published.is_published, False)
    return attack(published.system, [*exact(published.system, shown), *extra], protected, RULE.width, floor=floor)


def _shown(cube: Cube, made, margins: list = MARGINS) -> np.ndarray:
    published = cube_system(cube, margins)
    return published.is_published & ~published.system.cells.isin([*made.primary, *made.secondary])


def test_small_counts_alone_leak_and_the_release_does_not() -> None:
    cube = _cube(_frame())
    made = release(cube, MARGINS, RULE)
    published = cube_system(cube, MARGINS)
    small = RULE.hides(published.system.values)
    assert made.primary and made.secondary
    assert len(_found(cube, MARGINS, published.is_published & ~small))
    assert _found(cube, MARGINS, _shown(cube, made)).empty


def test_the_order_of_margins_and_rows_does_not_matter() -> None:
    frame = _frame()
    one = release(_cube(frame), MARGINS, RULE)
    other = release(_cube(frame.sample(frac=1, random_state=3)), MARGINS, RULE)
    assert set(one.secondary) == set(other.secondary)
    for margin in MARGINS:
        pd.testing.assert_frame_equal(one.margin(*margin), other.margin(*margin))


def test_a_withheld_count_is_missing_and_marked_and_a_zero_stays_zero() -> None:
    frame = _frame().assign(count=lambda table: table["count"].where(table["ward"] != "w7", 0))
    made = release(_cube(frame), MARGINS, RULE)
    wards = made.margin("ward", "year")
    assert wards.loc[wards["ward"] == "w7", "count"].eq(0).all()
    assert wards["is_suppressed"].eq(wards["count"].isna()).all()
    shown = wards["count"].dropna()
    assert ((shown == 0) | (shown >= 10)).all()


def test_margins_that_were_not_released_are_refused_by_name() -> None:
    made = release(_cube(_frame()), [("year",)], RULE)
    with pytest.raises(SnaError, match="by ward was not released; released are: year"):
        released_margin(made.table, "ward")


def test_levels_must_nest_and_counts_be_whole() -> None:
    frame = _frame()
    with pytest.raises(SnaError, match="must nest"):
        _cube(frame.assign(district=np.arange(len(frame)) % 2))
    with pytest.raises(SnaError, match="whole count"):
        _cube(frame.assign(count=0.5))
    with pytest.raises(SnaError, match="one level of each dimension"):
        release(_cube(frame), [("ward", "district")], RULE)


def test_members_without_a_row_are_cells_of_none() -> None:
    frame = _frame()
    every = frame[["ward", "district"]].drop_duplicates()
    cube = make_cube(frame[frame["ward"] != "w0"], DIMENSIONS, members={"ward": every})
    wards = release(cube, [("ward", "year")], RULE).margin("ward", "year")
    assert wards.loc[wards["ward"] == "w0", "count"].tolist() == [0, 0]


def test_two_tables_that_share_an_unpublished_total_are_one_system() -> None:
    published = cube_system(_cube(_frame()), [("ward", "year"), ("kind", "year")])
    assert published.is_published.sum() < len(published.system.cells)
    assert np.allclose(published.system.relations @ published.system.values, 0)
    three = cube_system(_cube(_frame()), [("ward", "kind"), ("kind", "year"), ("ward", "year")])
    assert "ward=w0|kind=a|year=2024" in three.system.cells


def test_what_an_earlier_edition_published_is_taken_as_known() -> None:
    older, newer = _frame(years=(2024,)), _frame()
    both = pd.concat([older, newer[newer["year"] == 2025]])
    before = release(_cube(older), [("ward", "kind", "year"), ("ward", "year"), ("year",)], RULE)
    after = release(_cube(both), MARGINS, RULE, earlier=before.table)
    cube = _cube(both)
    published = cube_system(cube, MARGINS, [("ward", "kind", "year")])
    old = published.system.cells.isin(_names(before.table[before.table["count"].notna()]))
    kept = published.system.cells.isin(_names(before.table[before.table["is_suppressed"]]))
    protected = (published.is_published | kept) & RULE.hides(published.system.values) & ~old
    floor = limits_below(published.system, published.is_published, False)
    leaks = []
    for made in (after, release(cube, MARGINS, RULE)):
        shown = published.is_published & ~published.system.cells.isin([*made.primary, *made.secondary]) | old
        leaks.append(len(attack(published.system, exact(published.system, shown), protected, RULE.width, floor=floor)))
    assert leaks[0] == 0 < leaks[1]
    assert "ward=w0|kind=a|year=2025" not in _names(after.table)


def _names(table: pd.DataFrame) -> list[str]:
    rows = table.to_dict("records")
    return ["|".join(f"{level}={row[level]}" for level in row["margin"].split(" x ")) for row in rows]


def test_a_total_over_all_periods_of_an_earlier_edition_is_refused() -> None:
    before = release(_cube(_frame()), [("ward",), ()], RULE)
    with pytest.raises(SnaError, match="level of time"):
        release(_cube(_frame()), MARGINS, RULE, earlier=before.table)


def test_a_dominated_count_is_protected_like_a_small_one() -> None:
    frame = _frame().assign(count=40, largest=5)
    frame.loc[0, "largest"] = 39
    made = release(_cube(frame), [("ward", "kind", "year"), ("kind", "year")], RULE)
    assert "ward=w0|kind=a|year=2024" in made.primary and made.secondary


@pytest.mark.parametrize("rule", ["partner_under_10", "nhs_1_7", "partner_under_5"])
@pytest.mark.parametrize("seed", range(4))
def test_rounded_tables_add_up_and_every_count_lies_within_one_base(rule: str, seed: int) -> None:
    cube, base = _cube(_frame(seed)), base_of(RULES[rule])
    made = release(cube, MARGINS, RULES[rule], method="round")
    assert (made.table["count"] % base == 0).all() and not made.table["is_suppressed"].any()
    published = cube_system(cube, MARGINS)
    counts = np.concatenate([made.margin(*cube.columns(margin))["count"] for margin in published.margins])
    true = published.system.values[published.is_published]
    assert (np.abs(counts - true) < base).all() and (counts == true)[true % base == 0].all()
    by_year, by_kind = made.margin("year")["count"], made.margin("kind", "year").groupby("year")["count"].sum()
    assert (by_year.to_numpy() == by_kind.to_numpy()).all() and made.cost == np.abs(counts - true).sum()


def test_rounded_counts_are_attacked_as_what_their_base_says() -> None:
    published = cube_system(_cube(_frame()), [("ward", "kind", "year"), ("ward", "year"), ("year",)])
    system, shown = published.system, published.is_published
    protected = shown & RULE.hides(system.values)
    rounded = {base: round_together(system, base, shown) for base in (5, base_of(RULE))}
    found = {base: attack(system, seen_rounded(system, counts, base, shown), protected, RULE.width) for base, counts in rounded.items()}
    too_near = protected & (rounded[5] == 0)
    assert base_of(RULE) == 10 and found[10].empty
    assert too_near.any() and set(system.cells[too_near]) <= set(found[5]["cell"])


def test_tables_that_were_published_before_are_not_rounded_and_forty_ones_still_make_forty() -> None:
    cube = _cube(_frame())
    with pytest.raises(SnaError, match="cannot be rounded where an earlier"):
        release(cube, MARGINS, RULE, method="round", earlier=release(cube, [("year",)], RULE).table)
    system = table_system({"total": 40.0, **{f"part {n}": 1.0 for n in range(40)}}, {"total": [f"part {n}" for n in range(40)]})
    far = round_together(system, 10, np.ones(41, bool))
    assert far[0] == 40 and sorted(set(far[1:])) == [0, 10] and far[1:].sum() == 40


def test_a_rate_with_its_denominator_or_a_share_of_a_known_total_gives_a_count_away() -> None:
    cube = _cube(_frame())
    made = release(cube, MARGINS, RULE)
    published, shown = cube_system(cube, MARGINS), _shown(cube, made)
    system = published.system
    place = int(system.positions(made.primary[:1])[0])
    value = system.values[place]
    rate = Seen(place, value - 0.4, value + 0.4, "rate x residents")
    assert made.primary[0] in set(_found(cube, MARGINS, shown, (rate,))["cell"])
    total = int(system.positions(["year=2024"])[0])
    share = Seen(place, (value - 0.5) / system.values[total], (value + 0.5) / system.values[total], "per cent", of=total)
    assert made.primary[0] in set(_found(cube, MARGINS, shown, (share,))["cell"]) or "2025" in made.primary[0]
    wide = Seen(place, max(value - 20, 0) / system.values[total], (value + 20) / system.values[total], "per cent", of=total)
    assert _found(cube, MARGINS, shown, (wide,)).empty
