"""Rates, proportions, standardised rates, ratios, funnels: counts drawn from stated rates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proofs.proof import Reading, coverage_reading, event_reading, level_reading
from svd_lib.measures import cohorts, funnels, inequality, rates

PEOPLE = 10_000.0


def crude_rates(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of crude rates at few and many events, of proportions and of standardised ratios."""
    for mean in (2.0, 7.0, 15.0, 60.0, 500.0):
        counts = pd.DataFrame({"count": rng.poisson(mean, replications), "population": PEOPLE, "expected": mean})
        found = rates.crude_rate(counts)
        limits = found["lower_ci"], found["upper_ci"]
        yield coverage_reading(
            "rates.crude_rate", f"mean {mean:g} events", *limits, mean / PEOPLE * 1_000, is_discrete=True
        )
        ratio = rates.indirectly_standardised_ratio(counts.assign(area=counts.index), by="area")
        limits = ratio["lower_ci"], ratio["upper_ci"]
        yield coverage_reading(
            "rates.indirectly_standardised_ratio", f"mean {mean:g} events", *limits, 1.0, is_discrete=True
        )
    yield from _proportions(rng, replications)


def _proportions(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    for low, high, size in ((0.01, 0.05, 50), (0.05, 0.15, 80), (0.3, 0.5, 400)):
        share = rng.uniform(low, high, replications)
        found = rates.proportion(pd.DataFrame({"count": rng.binomial(size, share), "total": size}))
        limits = found["lower_ci"], found["upper_ci"]
        setting = f"{low:.0%} to {high:.0%} of {size}"
        yield coverage_reading("rates.proportion", setting, *limits, share, is_discrete=True)
    few = pd.DataFrame({"count": rng.binomial(50, 0.02, replications), "total": 50})
    found = rates.proportion(few)
    yield coverage_reading(
        "rates.proportion", "exactly 2% of 50", found["lower_ci"], found["upper_ci"], 0.02, is_discrete=True, kind="measured",
        note="Wilson's coverage swings about 95% with the share; at single shares near 0 or 1 it is lower",
    )  # fmt: skip


def standardised_rates(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of directly standardised rates over 19 age bands."""
    standard = np.array(list(rates.EUROPEAN_STANDARD_2013.values()), float)
    people = rng.uniform(300, 3_000, 19).round()
    for events in (20.0, 150.0):
        risk = np.linspace(3, 1, 19)
        risk *= events / (people @ risk)
        counts = rng.poisson(people * risk, (replications, 19))
        frame = pd.DataFrame(
            {
                "area": np.repeat(np.arange(replications), 19),
                "count": counts.ravel(),
                "population": np.tile(people, replications),
                "standard_population": np.tile(standard, replications),
            }
        )
        found = rates.directly_standardised_rate(frame, by="area")
        truth = standard @ risk / standard.sum() * 100_000
        yield coverage_reading(
            "rates.directly_standardised_rate", f"mean {events:g} events", found["lower_ci"], found["upper_ci"], truth,
            is_discrete=True, note="Byar's limits of the events, scaled",
        )  # fmt: skip


def rate_ratios(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level and coverage of the ratio of two rates, by each method."""
    few = {"exact": replications // 5, "midp": replications // 10}
    for mean, reference in ((6.0, 12.0), (40.0, 120.0), (300.0, 300.0)):
        for method in ("wald", "midp", "exact"):
            pairs = _pairs(rng, mean, reference, few.get(method, replications))
            found = rates.rate_ratio(pairs, method=method)
            name, setting = f"rates.rate_ratio {method}", f"mean {mean:g} and {reference:g} events"
            yield level_reading(name, setting, found["p_value"])
            yield coverage_reading(
                name, setting, found["lower_ci"], found["upper_ci"], 1.0, is_discrete=method != "wald" or mean < 10
            )
    over = _pairs(rng, 80.0, 80.0, replications, dispersion=2.5)
    found = rates.rate_ratio(over, dispersion=2.5)
    yield level_reading("rates.rate_ratio quasi-Poisson", "mean 80 events, dispersion 2.5 known", found["p_value"])
    yield coverage_reading(
        "rates.rate_ratio quasi-Poisson", "mean 80 events, dispersion 2.5 known", found["lower_ci"], found["upper_ci"], 1.0
    )  # fmt: skip


def _pairs(
    rng: np.random.Generator, mean: float, reference: float, size: int, dispersion: float = 1.0
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "count": counts(rng, np.full(size, mean), dispersion),
            "population": PEOPLE,
            "reference_count": counts(rng, np.full(size, reference), dispersion),
            "reference_population": PEOPLE * reference / mean,
        }
    )


def counts(rng: np.random.Generator, mean: np.ndarray, dispersion: float = 1.0) -> np.ndarray:
    """Return Poisson counts, or negative binomial ones whose variance is the dispersion times the mean."""
    if dispersion == 1.0:
        return rng.poisson(mean).astype(float)
    return rng.poisson(rng.gamma(mean / (dispersion - 1), dispersion - 1)).astype(float)


def risks(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level and coverage of compared risks and of disproportionality."""
    for risk, size, other in ((0.08, 120, 400), (0.3, 200, 200)):
        frame = pd.DataFrame(
            {
                "cases": rng.binomial(size, risk, replications), "total": size,
                "reference_cases": rng.binomial(other, risk, replications), "reference_total": other,
            }
        )  # fmt: skip
        setting = f"risk {risk:g}, {size} and {other} people"
        for comparison, truth in (("risk_ratio", 1.0), ("odds_ratio", 1.0), ("risk_difference", 0.0)):
            found = cohorts.compare_risks(frame, comparison=comparison)
            yield coverage_reading(
                f"cohorts.compare_risks {comparison}", setting, found["lower_ci"], found["upper_ci"], truth
            )
        yield level_reading("cohorts.compare_risks", setting, found["p_value"])
        for method in ("exact", "midp"):
            found = cohorts.compare_risks(frame.head(max(50, replications // 80)), comparison="odds_ratio", method=method)
            name = f"cohorts.compare_risks odds_ratio {method}"
            yield level_reading(name, setting, found["p_value"])
            yield coverage_reading(name, setting, found["lower_ci"], found["upper_ci"], 1.0, is_discrete=True)
    size = max(50, replications // 10)
    for mean in (6.0, 60.0):
        frame = pd.DataFrame({"set": np.repeat(np.arange(size), 2), "group": np.tile(["of interest", "reference"], size)})
        frame = frame.assign(count=rng.poisson(np.tile([mean, 4 * mean], size)), people=np.tile([1_000.0, 4_000.0], size))
        found = cohorts.disproportionality(frame, reference="reference", denominators=["people"], by="set")
        name, setting = "cohorts.disproportionality", f"mean {mean:g} and {4 * mean:g} events"
        yield level_reading(name, setting, found["p_value"])
        yield coverage_reading(name, setting, found["lower_ci"], found["upper_ci"], 1.0, is_discrete=mean < 10)


def repeats(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of the share of victims who are repeat victims, and its ratio to chance without repeats."""
    mean = 0.4
    truth = 100 * (1 - mean * np.exp(-mean) / (1 - np.exp(-mean)))
    found = []
    for _ in range(replications):
        tally = np.bincount(rng.poisson(mean, 600))
        found.append(cohorts.repeat_victimisation(pd.DataFrame({"times": np.arange(len(tally)), "people": tally})))
    rows = pd.concat(found)
    yield coverage_reading(
        "cohorts.repeat_victimisation", "600 people, Poisson mean 0.4", rows["lower_ci"], rows["upper_ci"], truth,
        is_discrete=True,
    )  # fmt: skip


def funnel_labels(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the share of areas labelled high or low though all have the baseline's rate."""
    for kind, sizes in (("rate", (3, 12, 80)), ("proportion", (60, 400)), ("ratio", (12, 80))):
        for size in sizes:
            if kind == "proportion":
                count, base, target = rng.binomial(size, 0.2, replications), float(size), 0.2
            else:
                count, base = rng.poisson(size, replications), PEOPLE if kind == "rate" else float(size)
                target = size / base
            frame = pd.DataFrame({"count": count, "population": base})
            labels = funnels.funnel_points(frame, kind=kind, baseline=target, per=1)["significance"]
            name, setting = f"funnels.funnel_points {kind}", f"size {size}"
            for level, tail in ((0.05, "0.025|0.001"), (0.002, "0.001")):
                happened = labels.str.contains(tail)
                yield event_reading(f"{name}, {1 - level:.1%} limits", setting, happened, nominal=level)


def inequality_by_quantile(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of quintile rate ratios over over-dispersed areas, and of the slope and relative index."""
    people = np.tile(rng.uniform(1_200, 2_200, 20).round(), 5)
    quintile = np.repeat(np.arange(1, 6), 20)
    rate = np.array([0.012, 0.010, 0.008, 0.007, 0.006])
    rows = []
    for _ in range(replications):
        frame = pd.DataFrame({"quantile": quintile, "population": people})
        frame = frame.assign(count=counts(rng, people * rate[quintile - 1], 2.0))
        rows.append(inequality.quantile_rate_ratios(frame).loc[lambda table: table["quantile"] < 5])
    found = pd.concat(rows)
    truth = np.tile(rate[:4] / rate[4], replications)
    yield coverage_reading(
        "inequality.quantile_rate_ratios", "100 areas, dispersion 2 estimated", found["lower_ci"], found["upper_ci"], truth
    )  # fmt: skip
    yield from _slopes(rng, replications)


def _slopes(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    people, rate = np.full(5, 30_000.0), np.linspace(11, 5, 5)
    frame = pd.DataFrame(
        {
            "set": np.repeat(np.arange(replications), 5),
            "quantile": np.tile(np.arange(1, 6), replications),
            "count": rng.poisson(people * rate / 1_000, (replications, 5)).ravel(),
            "population": np.tile(people, replications),
        }
    )
    found = inequality.slope_index(rates.crude_rate(frame), by="set")
    ends = np.polyval(np.polyfit([0.1, 0.3, 0.5, 0.7, 0.9], rate, 1), [0, 1])
    for index, truth in (("SII", ends[1] - ends[0]), ("RII", ends[1] / ends[0])):
        part = found[found["index"] == index]
        yield coverage_reading(
            f"inequality.slope_index {index}", "five quintiles, 150 to 330 events each", part["lower_ci"], part["upper_ci"], truth
        )  # fmt: skip
