"""Null calibration: what every test and interval does on data whose truth is known."""

from __future__ import annotations

from proofs.nulls import choice, geography, rates, trends
from proofs.proof import Proof, Step

PROOF = Proof(
    name="calibration",
    question="On data without a signal, does every test keep its level; on data with a known truth, does every 95% interval cover it?",
    covers=("svd_lib/measures/*.py", "proofs/proof.py", "proofs/calibration.py", "proofs/nulls/*.py"),
    steps=(
        Step("crude-rates", rates.crude_rates, 20_000),
        Step("standardised-rates", rates.standardised_rates, 4_000),
        Step("rate-ratios", rates.rate_ratios, 20_000),
        Step("risks", rates.risks, 20_000),
        Step("repeats", rates.repeats, 2_000),
        Step("funnel-labels", rates.funnel_labels, 40_000),
        Step("inequality-by-quantile", rates.inequality_by_quantile, 2_000),
        Step("equal-periods", trends.equal_periods, 10_000),
        Step("annual-trends", trends.annual_trends, 10_000),
        Step("regressions", trends.regressions, 2_000),
        Step("newey-west", trends.newey_west, 400),
        Step("predictions", trends.predictions, 400),
        Step("control-limits", trends.control_limits, 4_000),
        Step("rare-events", trends.rare_events, 400),
        Step("level-changes", trends.level_changes, 300),
        Step("forecast-coverage", trends.forecast_coverage, 120),
        Step("forecast-verdicts", trends.forecast_verdicts, 100),
        Step("global-pattern", geography.global_pattern, 2_000),
        Step("local-pattern", geography.local_pattern, 500),
        Step("local-analytic", geography.local_analytic, 2_000),
        Step("pattern-change", geography.pattern_change, 2_000),
        Step("rank-limits", geography.rank_limits, 2_000),
        Step("smoothed-rates", geography.smoothed_rates, 300),
        Step("concentrations", geography.concentrations, 2_000),
        Step("near-repeats", geography.near_repeats, 1_000),
        Step("evaluations", choice.evaluations, 4_000),
        Step("power", choice.power, 2_000),
        Step("severities", choice.severities, 4_000),
        Step("severity-mixes", choice.severity_mixes, 2_000),
        Step("hit-rates", choice.hit_rates, 2_000),
        Step("surveys", choice.surveys, 2_000),
        Step("raked-surveys", choice.raked_surveys, 2_000),
    ),
)
