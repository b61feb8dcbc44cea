"""Harm, evaluation, prediction and surveys: no effect, known totals, populations that can be counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proofs.proof import Reading, coverage_reading, event_reading, level_reading
from svd_lib.measures import evaluation, harm, prediction, survey


def evaluations(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the level of the displacement difference and the E-test, and power against what is foretold."""
    for mean in (12.0, 80.0):
        draws = rng.poisson([mean, mean, 1.5 * mean, 1.5 * mean, mean / 2, mean / 2, mean, mean], (replications, 8))
        rows = pd.concat([_displacement(row) for row in draws])
        name, setting = "evaluation.weighted_displacement_difference", f"mean {mean:g} crimes before"
        yield level_reading(name, setting, rows["p_value"])
        yield coverage_reading(name, setting, rows["lower_ci"], rows["upper_ci"], 0.0)
    for mean, exposure in ((3.0, 1.0), (10.0, 3.0)):
        pairs = rng.poisson([mean, mean * exposure], (replications, 2))
        rows = pd.concat([evaluation.e_test(a, b, exposure=1.0, reference_exposure=exposure) for a, b in pairs])
        name, setting = "evaluation.e_test", f"mean {mean:g} and {mean * exposure:g} events"
        yield level_reading(name, setting, rows["p_value"])
        yield coverage_reading(
            name, setting, rows["lower_ci"], rows["upper_ci"], 0.0,
            note="normal limits of the difference; the test itself is the E-test's p-value",
        )  # fmt: skip


def _displacement(row: np.ndarray) -> pd.DataFrame:
    pairs = row.reshape(4, 2)
    return evaluation.weighted_displacement_difference(*pairs).iloc[[2]]


def power(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield how often a true reduction is found, beside the chance foretold before the action."""
    for reduction in (0.1, 0.25):
        told = evaluation.displacement_power(200, 300, reduction)["power"].iloc[0]
        before, after = rng.poisson([200, 300], (replications, 2)), rng.poisson([200 * (1 - reduction), 300], (replications, 2))
        found = [
            evaluation.weighted_displacement_difference((b[0], a[0]), (b[1], a[1]))["p_value"].iloc[0] <= 0.05
            for b, a in zip(before, after, strict=True)
        ]
        far = abs(np.mean(found) - told) > 0.01 + 3 * np.sqrt(told * (1 - told) / replications)
        yield event_reading(
            "evaluation.displacement_power", f"reduction {reduction:.0%}, power foretold {told:.3f}", found, kind="measured",
            note="departs from what was foretold" if far else "",
        )  # fmt: skip


def severities(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of severity scores, severity by a mix, and costs."""
    weight, mean = np.array([1_800.0, 400.0, 60.0, 8.0]), np.array([3.0, 12.0, 60.0, 150.0])
    frame = pd.DataFrame(
        {
            "set": np.repeat(np.arange(replications), 4),
            "count": rng.poisson(mean, (replications, 4)).ravel(),
            "weight": np.tile(weight, replications),
        }
    )
    found = harm.severity_score(frame, by=["set"])
    yield coverage_reading(
        "harm.severity_score", "four offences, 225 events", found["lower_ci"], found["upper_ci"], mean @ weight,
        is_discrete=True, note="exact and Byar limits of each count, added in quadrature",
    )  # fmt: skip
    costs = harm.economic_cost(frame, number="count", unit_cost="weight")
    total = harm.total_cost(costs, by=["set"])
    yield coverage_reading(
        "harm.total_cost", "four offences", total["lower_ci"], total["upper_ci"], mean @ weight, is_discrete=True,
        note="exact and Byar limits of each count, added in quadrature",
    )  # fmt: skip
    truth = np.tile(mean * weight, replications)
    yield coverage_reading("harm.economic_cost", "3 to 150 events", costs["lower_ci"], costs["upper_ci"], truth, is_discrete=True)


def severity_mixes(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of severity through an offence mix that is itself a sample."""
    share, weight, events = np.array([0.05, 0.25, 0.7]), np.array([900.0, 120.0, 10.0]), 120
    limits = []
    for _ in range(replications):
        mix = pd.DataFrame({"crime_type": "a", "offence_count": rng.multinomial(800, share), "weight": weight})
        counted = pd.DataFrame({"crime_type": ["a"], "count": [rng.poisson(events)]})
        row = harm.severity_by_mix(counted, mix, draws=999, rng=rng)
        limits.append(row[["lower_ci", "upper_ci"]].to_numpy()[0])
    low, high = np.array(limits).T
    yield coverage_reading("harm.severity_by_mix", "120 events, mix of 800 offences", low, high, events * share @ weight)


def hit_rates(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of hit rates of places chosen beforehand."""
    share = np.sort(rng.gamma(0.7, size=80))[::-1]
    share /= share.sum()
    limits, regret = [], []
    for _ in range(replications):
        frame = pd.DataFrame({"before": share, "after": rng.multinomial(400, share)})
        curve = prediction.prediction_curve(frame, "after", "before")
        limits.append(prediction.prediction_at(curve, 10)[["lower_ci", "upper_ci"]].to_numpy()[0])
        chosen = evaluation.targeting_simulation(frame, {"count": "before"}, "after", k=[10])
        regret.append(chosen[["lower_ci", "upper_ci"]].to_numpy()[0])
    for name, parts in (("prediction.prediction_curve", limits), ("evaluation.targeting_simulation", regret)):
        low, high = np.array(parts).T
        yield coverage_reading(name, "10 of 80 places, 400 events", low, high, share[:10].sum(), is_discrete=True)


def _population(rng: np.random.Generator) -> pd.DataFrame:
    """Return a population of 400 clusters of 25 people in two strata, whose members are alike."""
    cluster = np.repeat(np.arange(400), 25)
    alike = rng.normal(0, 0.4, 400)[cluster]
    people = pd.DataFrame({"cluster": cluster, "stratum": np.where(cluster < 120, "a", "b")})
    chance = 1 / (1 + np.exp(-(alike - 0.4 + 0.5 * (people["stratum"] == "a"))))
    return people.assign(
        score=50 + 8 * alike + rng.normal(0, 6, len(people)),
        answer=np.where(rng.random(len(people)) < chance, "yes", "no"),
        half=rng.choice(["first", "second"], len(people)),
    )


def _sample(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return 24 clusters of stratum a and 36 of b, with weights and the clusters there are."""
    chosen = np.r_[rng.choice(120, 24, replace=False), 120 + rng.choice(280, 36, replace=False)]
    sample = people[people["cluster"].isin(chosen)].reset_index(drop=True)
    clusters = np.where(sample["stratum"] == "a", 120, 280)
    return sample.assign(clusters=clusters, weight=clusters / np.where(sample["stratum"] == "a", 24, 36))


DESIGN = survey.SurveyDesign("weight", strata="stratum", cluster="cluster", population="clusters")
ENDLESS = survey.SurveyDesign("weight", strata="stratum", cluster="cluster")
"""For tests: a fixed population of 10,000 always holds some association, so the null is one of an endless population."""


def surveys(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of survey estimates and the level of survey tests on a stratified cluster sample."""
    people = _population(rng)
    people["number"] = np.where(people["answer"] == "yes", 1.0, 0.0)
    scale = {"levels": ["yes", "no"], "positive": ["yes"], "negative": ["no"]}
    yes = people["number"].mean()
    truth = {"mean": people["score"].mean(), "total": people["score"].sum(), "proportions": yes, "likert net": 2 * yes - 1}
    limits: dict[str, list] = {name: [] for name in truth}
    independent, difference = [], []
    for _ in range(replications):
        sample = _sample(rng, people)
        net = survey.likert(sample, "answer", DESIGN, **scale)
        rows = {
            "mean": survey.survey_mean(sample, "score", DESIGN),
            "total": survey.survey_total(sample, "score", DESIGN),
            "proportions": net[net["answer"] == "yes"],
            "likert net": net[net["answer"] == "net"],
        }
        for name, row in rows.items():
            limits[name].append(row[["lower_ci", "upper_ci"]].to_numpy(float)[0])
        drawn = sample.assign(
            unrelated=rng.choice(["x", "y", "z"], len(sample), p=[0.5, 0.3, 0.2]),
            half=rng.choice(["first", "second"], len(sample)),
        )
        independent.append(survey.rao_scott_test(drawn, "answer", "unrelated", ENDLESS)["p_value"].iloc[0])
        difference.append(survey.survey_difference(drawn, "score", "half", ENDLESS)["p_value"].iloc[0])
    for name, parts in limits.items():
        low, high = np.array(parts).T
        yield coverage_reading(f"survey.survey_{name}".replace("survey_likert", "likert"), "60 of 400 clusters", low, high, truth[name])
    yield level_reading("survey.rao_scott_test", "two answers unrelated, 60 clusters", independent)
    yield level_reading("survey.survey_difference", "two halves alike, 60 clusters", difference)


def raked_surveys(rng: np.random.Generator, replications: int) -> Iterator[Reading]:
    """Yield the coverage of a raked mean and of ticks, on simple samples of a known population."""
    people = _population(rng)
    people["number"] = np.where(people["answer"] == "yes", 1.0, 0.0)
    margins = {name: people[name].value_counts().to_dict() for name in ("stratum", "half")}
    design = survey.SurveyDesign("weight", calibrated=("stratum", "half"))
    limits, boxes = [], []
    for _ in range(replications):
        sample = people.sample(400, random_state=rng).reset_index(drop=True)
        sample["weight"] = survey.rake(sample, margins)
        limits.append(survey.survey_mean(sample, "score", design)[["lower_ci", "upper_ci"]].to_numpy()[0])
        box = survey.multiple_response(sample, ["number"], design, base="asked")
        boxes.append(box[["lower_ci", "upper_ci"]].to_numpy(float)[0])
    for name, parts, truth in (("survey_mean raked", limits, people["score"].mean()), ("multiple_response", boxes, people["number"].mean())):
        low, high = np.array(parts).T
        yield coverage_reading(f"survey.{name}", "400 of 10,000 people", low, high, truth)
