"""The figure of each reference case that its publisher would call the result, for the summary of all cases."""

from __future__ import annotations

from typing import Final

from tests.spec.runner import Leaf, Outcome

HEADLINES: Final[dict[str, str]] = {
    "A_dsr_dobson": "csv.Value.0",
    "A_funnel_significance": "counts_prop.High (0.001)",
    "A_proportion_wilson": "in_csv.upper_95_ci.0",
    "A_rate_byars_exact": "example.lower95",
    "B_changepoint_nile": "break_year",
    "B_glm_forecast": "mean.0",
    "B_negbin_quine": "theta",
    "B_quasipoisson_seatbelts": "coef.law",
    "B_snaive_forecast": "sigma",
    "B_stl_ukdriverdeaths": "periodic.strength_trend",
    "B_xmr_limits": "y.upl",
    "C_eb_marshall_nc": "params74.b",
    "C_gini_generalised": "b.gen",
    "C_gistar_nc": "max_z",
    "C_pai_pei": "nc_at_k.0.PAI",
    "C_sppt_nc": "S_index_bh",
    "D_nb_spatial_nc": "coef.nw",
    "D_repeat_victimisation_bcs1992": "repeat_victims_share_of_victims",
    "E_economic_cost_ho2018": "grand_total_individuals_bn",
    "E_ons_css_method": "fine_days",
    "F_fischetti_salazar_3x3": "bounds.[1,2].1",
    "F_recoverable_despite_two_per_line": "bounds_before.w|b.1",
    "G_raking_api": "mean_api00.est.api00",
    "H_greenbook_discount": "factor.2",
    "H_wdd": "paper.Est_Total",
    "I_multiverse_api": "summary.median_est",
}
"""Case -> path of the compared value; the first compared number of a case that is not listed."""


RECALLED: Final = frozenset({"E_economic_cost_ho2018", "F_fischetti_salazar_3x3"})
"""Cases whose published numbers were recalled and not read at their source, as the README beside the cases says."""

STANDINGS: Final[dict[str, str]] = {
    "reference implementation": "computed with the reference software",
    "peer": "from the tests or examples of a published package",
    "published tool": "output published with the tool",
    "published": "as published",
    "analytic": "worked out from the published formula",
    "arithmetic": "worked out from published constants",
    "epitools": "computed with the reference software",
}
"""How the kind of a source begins -> how its number came here."""


def standing(case_id: str, kind: str) -> str:
    """Return how the published number of a case came here; a recalled one says so first."""
    if case_id in RECALLED or "recalled" in kind.lower():
        return "recalled, not read at its source"
    return next((words for start, words in STANDINGS.items() if kind.lower().startswith(start)), "as published")


def headline(outcome: Outcome) -> Leaf | None:
    """Return the compared value that stands for a case in the summary; None when nothing was compared."""
    named = next((leaf for leaf in outcome.leaves if leaf.path == HEADLINES.get(outcome.id)), None)
    number = next((leaf for leaf in outcome.leaves if not isinstance(leaf.expected, str)), None)
    return named or number or outcome.worst
