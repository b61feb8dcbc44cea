"""Places: values without pattern on a grid, the same shares in two periods, events without near repeats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proofs.nulls.rates import counts
from proofs.proof import Reading, coverage_reading, event_reading, level_reading
from svd_lib.measures import concentration, near_repeat, smoothing, spatial, stability
from svd_lib.measures.spatial_weights import lattice_pairs, spatial_weights

SIDE = 10
AREAS = SIDE * SIDE


def _grids(rng: np.random.Generator, replications: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield names and frames (id, value, numerator, denominator) of areas whose rates have no pattern."""
    ids = np.arange(AREAS)
    people = rng.lognormal(7.3, 0.35, AREAS).round()
    for _ in range(replications):
        mean = people * 0.008 * rng.gamma(4, 0.25, AREAS)
        frame = pd.DataFrame({"id": ids, "numerator": rng.poisson(mean), "denominator": people})
        yield frame.assign(value=rng.normal(size=AREAS), skewed=counts(rng, np.full(AREAS, 12.0), 4.0))


def global_pattern(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of the global tests of spatial pattern."""
    row, binary = (spatial_weights(lattice_pairs(SIDE, SIDE, "queen"), range(AREAS), style) for style in ("row", "binary"))
    p: dict[str, list[float]] = {}
    for frame in _grids(rng, replications):
        found = {
            "morans_i randomisation": spatial.morans_i(frame, row, value="skewed"),
            "morans_i normality": spatial.morans_i(frame, row, inference="normality"),
            "morans_i permutation": spatial.morans_i(frame, row, value="skewed", inference="permutation", permutations=199, rng=rng),
            "morans_i_of_rates randomisation": spatial.morans_i_of_rates(frame, row),
            "morans_i two-sided": spatial.morans_i(frame, row, value="skewed", alternative="two-sided"),
            "getis_ord_g": spatial.getis_ord_g(frame, binary, value="skewed"),
            "gearys_c two-sided": spatial.gearys_c(frame, row, alternative="two-sided"),
        }  # fmt: skip
        for name, table in found.items():
            p.setdefault(name, []).append(table["p_value"].iloc[0])
    for name, values in p.items():
        yield level_reading(f"spatial.{name}", f"{AREAS} areas, no pattern", values)


def local_pattern(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often any area is found after Benjamini-Hochberg, and single areas before it."""
    row, binary = (spatial_weights(lattice_pairs(SIDE, SIDE, "queen"), range(AREAS), style) for style in ("row", "binary"))
    found: dict[str, list[bool]] = {}
    single: dict[str, list[float]] = {}
    for frame in _grids(rng, replications):
        tables = {
            "local_moran permutation": spatial.local_moran(frame, row, value="skewed", rng=rng),
            "local_moran_of_rates permutation": spatial.local_moran_of_rates(frame, row, rng=rng),
            "gi_star permutation": spatial.gi_star(frame, binary, value="skewed", inference="permutation", rng=rng),
        }
        for name, table in tables.items():
            found.setdefault(name, []).append(bool(table["is_significant"].any()))
            single.setdefault(name, []).append(float(table["p_value"].iloc[44]))
    for name, marks in found.items():
        yield event_reading(f"spatial.{name}, any area after Benjamini-Hochberg", f"{AREAS} areas", marks, nominal=0.05)
        yield level_reading(f"spatial.{name}, one area before it", f"{AREAS} areas", single[name])


def local_analytic(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the same with normal tails, for normal and for skewed values."""
    row, binary = (spatial_weights(lattice_pairs(SIDE, SIDE, "queen"), range(AREAS), style) for style in ("row", "binary"))
    found: dict[tuple[str, str], list[bool]] = {}
    for frame in _grids(rng, replications):
        for column in ("value", "skewed"):
            moran = spatial.local_moran(frame, row, value=column, inference="analytic")
            hot = spatial.gi_star(frame, binary, value=column, inference="analytic")
            for name, table in (("local_moran analytic", moran), ("gi_star analytic", hot)):
                found.setdefault((name, column), []).append(bool(table["is_significant"].any()))
    for (name, column), marks in found.items():
        kind = "level" if column == "value" else "measured"
        setting = f"{AREAS} areas, {'normal' if column == 'value' else 'skewed'} values"
        yield event_reading(
            f"spatial.{name}, any area after Benjamini-Hochberg", setting, marks, nominal=0.05, kind=kind,
            note="" if kind == "level" else "normal tails do not hold for skewed values; the permutation form does",
        )  # fmt: skip


def pattern_change(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of tests of change between two periods that differ by chance only."""
    share = rng.gamma(0.7, size=AREAS) + 0.02
    share /= share.sum()
    first, second = (rng.multinomial(1_500, share, replications) for _ in range(2))
    any_place, rho, top, cover = [], [], [], []
    for a, b in zip(first, second, strict=True):
        frame = pd.DataFrame({"id": np.arange(AREAS), "first": a, "second": b})
        tests = stability.point_pattern_test(frame, "first", "second")
        any_place.append(bool(tests["is_significant"].any()))
        cover.append(tests[["lower_ci", "upper_ci"]].to_numpy())
        unrelated = frame.assign(second=rng.permutation(b))
        rho.append(stability.rank_correlation(unrelated, "first", "second")["p_value"].iloc[0])
        top.append(stability.top_overlap(unrelated, "first", "second", k=15)["p_value"].iloc[0])
    limits = np.concatenate(cover)
    yield event_reading(
        "stability.point_pattern_test, any place after Benjamini-Hochberg", "1,500 events in each period", any_place, nominal=0.05
    )  # fmt: skip
    yield coverage_reading(
        "stability.point_pattern_test", "difference of shares, Newcombe", limits[:, 0], limits[:, 1], 0.0, is_discrete=True
    )  # fmt: skip
    yield level_reading("stability.rank_correlation spearman", f"{AREAS} unrelated places", rho)
    yield level_reading("stability.top_overlap", "top 15 of 100 unrelated places", top)


def rank_limits(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of the limits of rank correlations of normal values."""
    correlation = 0.6
    truth = {"spearman": 6 / np.pi * np.arcsin(correlation / 2), "kendall": 2 / np.pi * np.arcsin(correlation)}
    for method, true in truth.items():
        limits = []
        for _ in range(replications):
            x = rng.normal(size=60)
            y = correlation * x + np.sqrt(1 - correlation**2) * rng.normal(size=60)
            row = stability.rank_correlation(pd.DataFrame({"x": x, "y": y}), "x", "y", method=method)
            limits.append(row[["lower_ci", "upper_ci"]].to_numpy()[0])
        low, high = np.array(limits).T
        yield coverage_reading(f"stability.rank_correlation {method}", "60 places, correlation 0.6", low, high, true)


def smoothed_rates(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of smoothed rates, over areas, where true rates vary as the method supposes."""
    people = rng.lognormal(7.3, 0.35, AREAS).round()
    pairs = lattice_pairs(SIDE, SIDE, "queen")
    held: dict[str, list[np.ndarray]] = {"empirical_bayes": [], "spatial_empirical_bayes": []}
    for _ in range(replications):
        rate = 0.008 * rng.gamma(4, 0.25, AREAS)
        frame = pd.DataFrame({"id": np.arange(AREAS), "numerator": rng.poisson(people * rate), "denominator": people})
        for name, table in (
            ("empirical_bayes", smoothing.empirical_bayes(frame)),
            ("spatial_empirical_bayes", smoothing.spatial_empirical_bayes(frame, pairs)),
        ):
            held[name].append(np.column_stack([table["lower_ci"], table["upper_ci"], rate]))
    for name, parts in held.items():
        low, high, true = np.concatenate(parts).T
        yield coverage_reading(f"smoothing.{name}", "100 areas, about 12 events each, rates vary by half", low, high, true)


def concentrations(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often chance passes for concentration, and the coverage of Gini coefficients over places."""
    for mean in (0.4, 5.0):
        marks = []
        for _ in range(replications):
            frame = pd.DataFrame({"count": rng.poisson(mean, 200)})
            marks.append(concentration.concentration_shares(frame, draws=199, rng=rng)["is_concentrated"].to_numpy())
        for place, share in enumerate((0.25, 0.5, 0.8)):
            happened = np.array(marks)[:, place]
            yield event_reading(
                f"concentration.concentration_shares {share:.0%}", f"200 places, mean {mean:g}", happened, nominal=0.025
            )
    big = counts(rng, np.full(400_000, 8.0), 5.0)
    truth = concentration.gini(big)
    limits = []
    for _ in range(replications):
        frame = pd.DataFrame({"count": counts(rng, np.full(300, 8.0), 5.0)})
        limits.append(concentration.gini_coefficients(frame, draws=399, rng=rng)[["lower_ci", "upper_ci"]].to_numpy()[0])
    low, high = np.array(limits).T
    yield coverage_reading("concentration.gini_coefficients", "300 places, mean 8, dispersion 5", low, high, truth)


def near_repeats(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of the Knox test on events whose places and days are unrelated."""
    single, adjusted, margins = [], [], []
    for _ in range(replications):
        days = rng.integers(0, 180, 90)
        frame = pd.DataFrame({"x": rng.uniform(0, 2_000, 90), "y": rng.uniform(0, 2_000, 90)})
        frame = frame.assign(date=pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"))
        table = near_repeat.knox_table(
            frame, space_breaks=(0, 200, 400, np.inf), time_breaks=(0, 7, 14, np.inf), permutations=199, rng=rng
        )
        single.append(table["p_value"].iloc[0])
        adjusted.append(bool((table["p_fdr"] <= 0.05).any()))
        margins.append(table["ratio_permuted"].iloc[0])
    yield level_reading("near_repeat.knox_table, nearest band", "90 unrelated events", single)
    yield event_reading("near_repeat.knox_table, any band after Benjamini-Hochberg", "90 unrelated events", adjusted, nominal=0.05)
    inside = np.abs(np.mean(margins) - 1) < 4 * np.std(margins) / np.sqrt(len(margins))
    yield event_reading(
        f"near_repeat.knox_table, mean ratio {np.mean(margins):.3f}", "departs from 1 beyond its error", [not inside], kind="measured"
    )  # fmt: skip
