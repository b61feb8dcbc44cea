"""The chapter on definitions: plain SQL on the edition's tables and own formulas."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import sqrt

import duckdb
import numpy as np
import pandas as pd
import statsmodels.api as sm
import yaml

from proofs.independent.setting import NEWEST, ROOT, Setting

SNAPSHOT = NEWEST.folder
FORCE = "E23000025"
VIOLENCE = "Violence and sexual offences"
Z = 1.959963984540054


def number(sql: str) -> float:
    return duckdb.sql(sql.format(crime=f"'{SNAPSHOT}/recorded_crime.parquet'", codes=f"read_csv('{ROOT}/data/reference/offence_codes.csv', all_varchar=true)")).fetchall()[0][0]


def code_list(name: str) -> list[str]:
    content = yaml.safe_load((ROOT / f"data/reference/definitions/{name}.yml").read_text(encoding="utf-8"))
    return [code for group in content["groups"].values() for code in group.get("codes") or {}]


def listed(codes: list[str]) -> str:
    return "(" + ", ".join(f"'{code}'" for code in codes) + ")"


def offences(codes: list[str], where: str = f"area_code = '{FORCE}'", category: str = "") -> float:
    inside = f"and offence_code in (select offence_code from {{codes}} where police_uk_category = '{category}')" if category else ""
    chosen = f"and offence_code in {listed(codes)}" if codes else ""
    return number(f"select coalesce(sum(count), 0) from {{crime}} where level = 'code' and {where} {chosen} {inside}")


def residents() -> float:
    return number(f"select sum(count) from '{SNAPSHOT}/population.parquet' where reference = 'census_2021'")


def level(names: str) -> float:
    return number(
        f"select sum(count) from {{crime}} where area_code = '{FORCE}' and level = 'group' and offence in {names} "
        "and publication = 'Police force area tables, year ending June 2025'"
    )


def wilson(k: float, n: float) -> tuple[float, ...]:
    p = k / n
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    limits = ((p + Z**2 / (2 * n) + sign * half) / (1 + Z**2 / n) for sign in (-1, 1))
    return (100 * p, *(100 * limit for limit in limits), k, n)


def byar_rate(k: float, people: float) -> tuple[float, ...]:
    low = k * (1 - 1 / (9 * k) - Z / (3 * sqrt(k))) ** 3
    high = (k + 1) * (1 - 1 / (9 * (k + 1)) + Z / (3 * sqrt(k + 1))) ** 3
    return (*(1000 * x / people for x in (k, low, high)), k, people)


MOSTLY = "('Violence with injury', 'Sexual offences', 'Possession of weapons offences', 'Robbery', 'Homicide')"


def groups_share() -> tuple[float, ...]:
    return wilson(offences(code_list("suffolk-ten"), category=VIOLENCE), offences([], category=VIOLENCE))


def switch_range() -> tuple[float]:
    counts = [offences(code_list(path.stem)) for path in (ROOT / "data/reference/definitions").glob("*.yml")]
    return (max(counts) / min(counts),)


def largest_group() -> tuple[float, ...]:
    content = yaml.safe_load((ROOT / "data/reference/definitions/suffolk-ten.yml").read_text(encoding="utf-8"))
    counts = [offences(list(group["codes"])) for group in content["groups"].values()]
    return wilson(max(counts), sum(counts))


def share_of(name: str, where: str = f"area_code = '{FORCE}'") -> tuple[float, ...]:
    return wilson(offences(code_list(name), where, VIOLENCE), offences([], where, VIOLENCE))


BASKETS = (f"('{VIOLENCE}')", f"('{VIOLENCE}', 'Robbery', 'Possession of weapons')", "('Robbery', 'Possession of weapons')")
YEARS = (("2025-01-01", "2025-12-01"), ("2021-04-01", "2022-03-01"))


@cache
def small_areas(basket: str, year: tuple[str, str]) -> pd.DataFrame:
    """Records, residents, young adults and rank by income of every LSOA."""
    return duckdb.sql(
        f"""select p.lsoa21cd, p.msoa21nm, p.lad24nm, coalesce(c.records, 0) as records, n.people, n.young, d.rank
        from '{SNAPSHOT}/places.parquet' p
        join (select lsoa21cd, sum(count) as people, sum(count) filter (age_group in ('16-24', '25-34')) as young
              from '{SNAPSHOT}/population.parquet' where reference = 'census_2021' group by 1) n using (lsoa21cd)
        join (select lsoa21cd, rank from '{SNAPSHOT}/deprivation.parquet' where domain = 'income'
              and index_edition = (select max(index_edition) from '{SNAPSHOT}/deprivation.parquet')) d using (lsoa21cd)
        left join (select lsoa21cd, sum(count)::double as records from '{SNAPSHOT}/street_counts.parquet' where force_slug = 'suffolk'
              and location = 'in_area' and crime_type in {basket} and month between '{year[0]}' and '{year[1]}' group by 1) c using (lsoa21cd)"""
    ).df()


def gap_of_fifths(basket: str, year: tuple[str, str], people: str, place: str) -> tuple[float, float]:
    """The ratio of the most to the least deprived fifth, and its lower limit from a quasi-Poisson regression."""
    rows = small_areas(basket, year).assign(weighted=lambda frame: frame["rank"] * frame["people"])
    sums = rows.groupby(place)[["records", "people", "young", "weighted"]].sum()
    order = (sums["weighted"] / sums["people"]).rank(method="min")
    fifth = np.ceil(order * 5 / len(sums)).astype(int)
    design = np.column_stack([np.ones(len(sums)), *(fifth == k for k in (1, 2, 3, 4))]).astype(float)
    fit = sm.GLM(sums["records"].to_numpy(), design, family=sm.families.Poisson(), offset=np.log(sums[people].to_numpy())).fit(scale="X2")
    return float(np.exp(fit.params[1])), float(np.exp(fit.params[1] - Z * fit.bse[1]))


def gaps_that_agree() -> tuple[float]:
    chosen = product(BASKETS, YEARS, ("people", "young"), ("lsoa21cd", "msoa21nm"))
    gaps = [gap_of_fifths(*one) for one in chosen]
    assert {ratio > 1 for ratio, _ in gaps} == {low > 1 for _, low in gaps} == {True}
    return (float(len(gaps)),)


def leading_district() -> tuple[float]:
    leaders = []
    for basket, year, people in product(BASKETS, YEARS, ("people", "young")):
        sums = small_areas(basket, year).groupby("lad24nm")[["records", people]].sum()
        leaders.append((sums["records"] / sums[people]).idxmax())
    return (float(leaders.count(leaders[0])),)


EXPECTED = {
    "definitions-multiverse-gradient": gaps_that_agree,
    "definitions-multiverse-leader": leading_district,
    "definitions-groups-offences": lambda: (offences(code_list("suffolk-ten")),),
    "definitions-groups-rate": lambda: byar_rate(offences(code_list("suffolk-ten")), residents()),
    "definitions-largest-group": largest_group,
    "definitions-headline-level": lambda: (level(MOSTLY),),
    "definitions-headline-rate": lambda: byar_rate(level(MOSTLY), residents()),
    "definitions-injury-level": lambda: (level("('Violence with injury')"),),
    "definitions-robbery-level": lambda: (level("('Robbery')"),),
    "definitions-core-share": lambda: share_of("core"),
    "definitions-broad-share": lambda: share_of("broad"),
    "definitions-groups-share": groups_share,
    "definitions-forces-share": lambda: share_of("suffolk-ten", "area_code <> 'btp'"),
    "definitions-switch-range": switch_range,
}


def recompute(setting: Setting) -> dict[str, tuple[float, ...]]:
    """Value, limits, numerator and denominator of every finding of the chapter, by id; for the newest edition alone."""
    assert setting == NEWEST, "this chapter's second computation is of the newest edition"
    return {name: make() for name, make in EXPECTED.items()}
