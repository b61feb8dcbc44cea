"""What a definition of serious violence counts, beside other definitions, other areas and the factors of the Act.

Every count comes from recorded crime by offence code. Where the data have no codes a definition changes nothing; such
data carry the share of their category that meets the definition, as :func:`street_shares` gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import pandas as pd

from svd_lib import vocabulary
from svd_lib.definition import NEEDS, Definition, Group, codes, load_codes, street_share
from svd_lib.errors import SnaError
from svd_lib.measures.rates import proportion


class Fact(Protocol):
    """An authored fact: its words, and how far they were checked."""

    value: str
    tag: str


def compare(definitions: Iterable[Definition], code_rows: pd.DataFrame, base: Definition) -> pd.DataFrame:
    """Return what one area counts under each definition, over the whole period of the rows.

    Parameters
    ----------
    definitions : iterable of Definition
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code`` of one area.
    base : Definition
        The definition the others are set against.

    Returns
    -------
    pandas.DataFrame
        ``definition, short, title, owner, status, codes, count, percent_of_base, is_base, beyond_codes``, most offences first;
        ``beyond_codes`` lists in words what the definition needs that no code holds.
    """
    rows = _code_level(code_rows)
    by_code = rows.groupby("offence_code")["count"].sum()
    base_count = int(by_code.reindex(codes(base)).fillna(0).sum())
    out = pd.DataFrame([_compared(one, by_code) for one in definitions])
    out["percent_of_base"] = out["count"] / base_count * 100 if base_count else float("nan")
    out["is_base"] = out["definition"] == base.name
    return out.sort_values(["count", "definition"], ascending=[False, True]).reset_index(drop=True)


def _compared(one: Definition, by_code: pd.Series) -> dict[str, object]:
    needed = [NEEDS[need].removeprefix("the police's ") for need in one.needs]
    return {
        "definition": one.name,
        "short": one.short,
        "title": one.title,
        "owner": one.owner,
        "status": one.status,
        "codes": len(codes(one)),
        "count": int(by_code.reindex(codes(one)).fillna(0).sum()),
        "beyond_codes": "; ".join(needed) or "nothing",
    }


def headlines(definitions: Iterable[Definition], code_rows: pd.DataFrame, base: Definition, category: str) -> pd.DataFrame:
    """Return every headline that offence codes can give, under each definition.

    Parameters
    ----------
    definitions, code_rows, base
        As :func:`compare`.
    category : str
        Street-level category that stands in for serious violence.

    Returns
    -------
    pandas.DataFrame, one row a definition
        The columns of :func:`compare`, and share, share_lower, share_upper (per cent of the category that meets the
        definition), shared and of_category (offences).
    """
    every = list(definitions)
    shares = pd.concat([street_share(one, code_rows, category).assign(definition=one.name) for one in every], ignore_index=True)
    names = {"value": "share", "lower_ci": "share_lower", "upper_ci": "share_upper"}
    shares = shares.assign(**{name: shares[name] * 100 for name in names}).rename(columns={**names, "numerator": "shared", "denominator": "of_category"})
    kept = shares[["definition", *names.values(), "shared", "of_category"]]
    return compare(every, code_rows, base).merge(kept, how="left", on="definition", validate="one_to_one")


GRAVE_PENALTY, COMMON_SHARE, RARE_SHARE = "life", 0.1, 0.01
"""A group is grave by penalty when an offence in it carries life; common with a tenth of all offences, rare under a hundredth."""


def judged(groups: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Return the groups of a definition with the four statutory factors, each as evidence and judgement in one cell.

    Parameters
    ----------
    groups : pandas.DataFrame
        From :func:`evidence_by_group`, with ``rate`` (offences per 1,000 residents).
    root : pathlib.Path
        Project root, for the weights of all offence codes.

    Returns
    -------
    pandas.DataFrame
        ``group, title, penalty_factor, impact_factor, prevalence_factor, community_factor, judgement`` in words, and the
        columns given. The judgement names the factors that point to serious; harm to the community is not known.
    """
    middle = float(load_codes(root)["css_weight"].median())
    rows = [_judged(row, middle) for row in groups.to_dict("records")]
    return pd.concat([groups.reset_index(drop=True), pd.DataFrame(rows)], axis=1)


def _judged(row: Mapping[str, object], middle: float) -> dict[str, str]:
    penalty = "not judged" if row["penalty"] == "not held" else "grave" if str(row["penalty"]).startswith(GRAVE_PENALTY) else "less grave"
    impact = "not judged" if pd.isna(row["severity"]) else "high" if row["severity"] > middle else "lower"
    common = "common" if row["share"] >= COMMON_SHARE else "rare" if row["share"] < RARE_SHARE else "between"
    points = [name for name, is_so in (("penalty", penalty == "grave"), ("harm to victims", impact == "high"), ("how common", common == "common")) if is_so]
    weight = "no weight held" if pd.isna(row["severity"]) else f"weight {row['severity']:,.0f}"
    return {
        "penalty_factor": f"{row['penalty']}: {penalty}",
        "impact_factor": f"{weight}: {impact}",
        "prevalence_factor": f"{row['count']:,} offences, {row['rate']:.2f} per 1,000: {common}",
        "community_factor": "not known",
        "judgement": ", ".join(points) or "none of those known",
    }


def mix_with_weights(code_rows: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Return the offences of each offence group by code with their severity weights.

    Parameters
    ----------
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code`` of one area.
    root : pathlib.Path
        Project root.

    Returns
    -------
    pandas.DataFrame, one row a code
        ``offence`` (the group), ``offence_subgroup, offence_code, offence_count`` and ``weight`` (points of one offence; codes
        without one are left out).
    """
    counted = _code_level(code_rows).groupby("offence_code")["count"].sum().clip(lower=0).rename("offence_count")
    table = load_codes(root).set_index("offence_code")[["offence_group", "offence_subgroup", "css_weight"]]
    both = table.join(counted, how="inner").reset_index().rename(columns={"offence_group": "offence", "css_weight": "weight"})
    return both.dropna(subset=["weight"])[["offence", "offence_subgroup", "offence_code", "offence_count", "weight"]].reset_index(drop=True)


def needs_of(definition: Definition) -> pd.DataFrame:
    """Return what a definition needs that no offence code expresses: ``need, what``, one row each, or one that says that it needs nothing."""
    if not definition.needs:
        return pd.DataFrame({"need": ["every part"], "what": ["nothing more: offence codes express it"]}, dtype=object)
    return pd.DataFrame({"need": list(definition.needs), "what": [NEEDS[need] for need in definition.needs]}, dtype=object)


def evidence_by_group(definition: Definition, code_rows: pd.DataFrame, facts: Mapping[str, Fact]) -> pd.DataFrame:
    """Return, for each group of a definition, the evidence held on the factors of section 13(6).

    Parameters
    ----------
    definition : Definition
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code`` of one area.
    facts : mapping of str to fact
        Authored facts; ``penalty-<group>`` gives the highest maximum penalty among the group's offences. A group without
        one is "not held".

    Returns
    -------
    pandas.DataFrame
        ``group, title, penalty`` (with how it was checked), ``severity`` (mean severity weight of the group's offences that have one; null without
        any), ``weighted`` (share of the offences that have a weight), ``count, share`` (of all groups), in the
        definition's order.

    Notes
    -----
    A severity weight rests on the sentences that courts gave, so it is a proxy for the penalty and for the harm done,
    and measures neither.
    """
    by_code = _code_level(code_rows).groupby("offence_code")["count"].sum()
    weights = load_codes(definition.root).set_index("offence_code")["css_weight"]
    out = pd.DataFrame([_group_evidence(group, by_code, weights) for group in definition.groups.values()])
    known = [facts.get(f"penalty-{name.replace('_', '-')}") for name in out["group"]]
    out["penalty"] = [f"{fact.value} [{fact.tag}]" if fact else "not held" for fact in known]
    return out.assign(share=out["count"] / max(int(out["count"].sum()), 1))


def _group_evidence(group: Group, by_code: pd.Series, weights: pd.Series) -> dict[str, object]:
    counts = by_code.reindex(list(group.codes)).fillna(0).clip(lower=0)
    known = weights.reindex(list(group.codes))
    weighed = float(counts[known.notna()].sum())
    return {
        "group": group.id,
        "title": group.title,
        "severity": float((counts * known).sum()) / weighed if weighed else float("nan"),
        "weighted": weighed / float(counts.sum()) if counts.sum() else float("nan"),
        "count": int(by_code.reindex(list(group.codes)).fillna(0).sum()),
    }


def offence_group_share(definition: Definition, code_rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each published offence group that meets the definition, with a Wilson interval.

    Parameters
    ----------
    definition, code_rows
        As :func:`svd_lib.definition.street_share`; rows of one area.

    Returns
    -------
    pandas.DataFrame
        ``offence`` (leaf offence group), ``period_start, period_end`` and the result columns, for every group that holds a code
        of the definition and any offence; ``value`` is a proportion.
    """
    rows = _code_level(code_rows)
    groups = load_codes(definition.root).set_index("offence_code")["offence_group"]
    rows = rows.assign(offence=rows["offence_code"].map(groups), is_in=rows["offence_code"].isin(codes(definition)))
    out = rows.groupby("offence")["count"].sum().rename("denominator").to_frame()
    out["numerator"] = rows[rows["is_in"]].groupby("offence")["count"].sum().reindex(out.index)
    out = out[out["numerator"].notna() & (out["denominator"] > 0)].astype("int64").reset_index()
    shares = proportion(out.assign(**_period(rows)), "numerator", "denominator")
    return shares.astype({"numerator": "int64", "denominator": "int64"}).sort_values("denominator", ascending=False, kind="stable")


def street_shares(definitions: Mapping[str, Definition], code_rows: pd.DataFrame, area_code: str) -> pd.DataFrame:
    """Return, for each definition and street-level category, one area's share and its place among all areas.

    Parameters
    ----------
    definitions : mapping of label to Definition
        The labels name the definitions in the result.
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code`` of all areas compared.
    area_code : str
        The area that is set against the others.

    Returns
    -------
    pandas.DataFrame
        ``definition, category``, the area's result columns, and ``areas, lowest, middle, highest, pooled`` (proportions
        over all areas; pooled is all areas' offences together), largest share first within a definition; categories
        that hold no code of a definition are left out.
    """
    found = [_placed(label, one, code_rows, category, area_code) for label, one in definitions.items() for category in _categories(one)]
    out = pd.concat(found, ignore_index=True)
    order = out["definition"].map({label: place for place, label in enumerate(definitions)})
    return out.assign(order=order).sort_values(["order", "value"], ascending=[True, False]).drop(columns="order").reset_index(drop=True)


def levels_beside_shares(levels: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the newest level of each offence group beside the share of it that met the definition in the year by code.

    Parameters
    ----------
    levels : pandas.DataFrame
        ``offence, count`` of one area, from the newest table by offence group.
    shares : pandas.DataFrame
        From :func:`offence_group_share`, of the same force.

    Returns
    -------
    pandas.DataFrame
        ``offence, count, is_mostly_in`` (at least half of the group met the definition) and the result columns of the
        share; groups mostly in first, then by count.

    Notes
    -----
    The two years differ and are not multiplied: how the mix has moved since is not known.
    """
    out = shares.merge(levels[["offence", "count"]], on="offence", how="left", validate="one_to_one")
    out["is_mostly_in"] = out["value"] >= 0.5
    return out.sort_values(["is_mostly_in", "count"], ascending=False).reset_index(drop=True)


def by_partnership(levels: pd.DataFrame, offences: Iterable[str]) -> pd.DataFrame:
    """Return one row per area and one column per offence group, in the order given, largest area first."""
    wanted = list(offences)
    wide = levels[levels["offence"].isin(wanted)].pivot(index="area_name", columns="offence", values="count")
    wide = wide.reindex(columns=wanted).rename_axis(columns=None)
    return wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index].reset_index()


def in_percent(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its proportions (result columns and places among areas) in per cent."""
    names = [name for name in ("value", "lower_ci", "upper_ci", "lowest", "middle", "highest", "pooled", "share") if name in frame]
    return frame.assign(**{name: frame[name] * 100 for name in names})


def with_ranges(shares: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`street_shares` in per cent with ``interval`` and ``spread`` (lowest to highest area) in words."""
    out = in_percent(shares)
    spans = [f"{low:.1f} to {high:.1f}" for low, high in zip(out["lower_ci"], out["upper_ci"], strict=True)]
    spread = [f"{low:.1f} to {high:.1f}" for low, high in zip(out["lowest"], out["highest"], strict=True)]
    return out.assign(interval=spans, spread=spread)


def widest_and_narrowest(compared: pd.DataFrame) -> dict[str, object]:
    """Return the widest definition against the narrowest: ``value`` (times as many), ``numerator, denominator`` and titles."""
    wide, narrow = compared.iloc[0], compared.iloc[-1]
    return {
        "value": wide["count"] / narrow["count"] if narrow["count"] else None,
        "numerator": int(wide["count"]),
        "denominator": int(narrow["count"]),
        "widest": wide["title"],
        "narrowest": narrow["title"],
        "definitions": len(compared),
    }

def codes_per_group(definition: Definition) -> pd.DataFrame:
    """Return ``group, codes`` (how many) and ``remark`` for each group of a definition."""
    rows = [(group.id, len(group.codes), group.note or "counted in full by its codes") for group in definition.groups.values()]
    return pd.DataFrame(rows, columns=["group", "codes", "remark"])


def headings(first: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return table headings: those of the first columns, then each name as its own heading."""
    return {**first, **{name: name for name in names}}


def span_words(every: pd.DataFrame, force: str) -> dict[str, object]:
    """Return how a share in per cent ranges over forces, in words for a sentence.

    Parameters
    ----------
    every : pandas.DataFrame
        ``area_name, numerator, denominator, value`` (per cent), one row per force.
    force : str
        The force set against the others.
    """
    own = every.loc[every["area_name"] == force, "value"]
    words = {"lowest": every["value"].min(), "highest": every["value"].max(), "middle": every["value"].median()}
    return {
        **{name: f"{value:.1f}" for name, value in words.items()},
        "pooled": float(every["numerator"].sum() / every["denominator"].sum() * 100),
        "own": f"{own.iloc[0]:.1f}" if len(own) else "no figure",
        "forces": len(every),
        "force": force,
    }

def _categories(one: Definition) -> list[str]:
    table = load_codes(one.root)
    met = set(table.loc[table["offence_code"].isin(codes(one)), "police_uk_category"])
    return [name for name in vocabulary.CRIME_TYPES if name in met]


def _placed(label: str, one: Definition, code_rows: pd.DataFrame, category: str, area_code: str) -> pd.DataFrame:
    every = street_share(one, code_rows, category)
    own = every[every["area_code"] == area_code]
    return own.assign(
        definition=label,
        areas=len(every),
        lowest=every["value"].min(),
        middle=every["value"].median(),
        highest=every["value"].max(),
        pooled=every["numerator"].sum() / every["denominator"].sum(),
    )


def _code_level(rows: pd.DataFrame) -> pd.DataFrame:
    found = rows[rows["level"] == "code"]
    if found.empty:
        raise SnaError("There are no rows by offence code; composition needs the table of recorded crime by code.")
    return found


def _period(rows: pd.DataFrame) -> dict[str, pd.Timestamp]:
    return {"period_start": rows["period_start"].min(), "period_end": rows["period_end"].max()}
