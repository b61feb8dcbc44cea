"""What counts as serious violence: dated, versioned definitions as lists of Home Office offence codes.

A definition is a file ``data/reference/definitions/<id>.yml``. It says which codes are in, under which group and why,
which are out and why, and under ``needs`` what codes cannot express. ``status`` is ``exact`` (the codes are the
definition), ``proposal`` (the owner's words, this project's codes) or ``approximation`` (a text that was not read in
full, or that needs a flag no code has).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from svd_lib import vocabulary
from svd_lib.errors import SnaError

if TYPE_CHECKING:
    import pandas as pd

STATUSES: Final = ("exact", "proposal", "approximation")
NEEDS: Final = {
    "age": "the ages of victims and suspects",
    "domestic abuse": "the police's domestic abuse flag",
    "knife": "the police's knife or sharp instrument flag",
    "firearm": "the police's firearm flag",
    "public space": "where the offence took place",
    "exploitation": "a record of exploitation, such as county lines",
}
"""What no offence code expresses, and what would be needed to apply it."""

CODE_TABLE: Final = Path("data/reference/offence_codes.csv")
FOLDER: Final = Path("data/reference/definitions")

_REQUIRED: Final = ("id", "version", "title", "owner", "dated", "source", "tag", "status", "groups")
_PERIOD: Final = ("period_start", "period_end")


@dataclass(frozen=True)
class Group:
    """One group of a definition: its title and its codes, each with the reason it is in."""

    id: str
    title: str
    codes: dict[str, str]
    note: str = ""


@dataclass(frozen=True)
class Definition:
    """One version of one definition of serious violence.

    ``street_proxy`` lists the street-level categories that stand in for it, in the publisher's spelling; ``note`` says
    what the codes do not reach; ``short`` is the title for a chart; ``root`` is the project it was read from, which also holds the table of codes.
    """

    id: str
    version: str
    title: str
    owner: str
    dated: str
    source: str
    tag: str
    status: str
    groups: dict[str, Group]
    excluded: dict[str, str]
    needs: tuple[str, ...]
    street_proxy: tuple[str, ...]
    root: Path
    note: str = ""
    short: str = ""

    @property
    def name(self) -> str:
        """Return ``id@version``, as an edition names its definition."""
        return f"{self.id}@{self.version}"

    @property
    def is_approximation(self) -> bool:
        """Return whether the definition's text was not read, or needs what codes cannot express."""
        return self.status == "approximation"


def load_definition(name: str, root: Path) -> Definition:
    """Return a definition by ``id`` or ``id@version``.

    Parameters
    ----------
    name : str
        E.g. ``"core@1"``. A version such as 2024-01 may be shortened at the hyphen (``@2024``); without one, the file's is taken.
    root : pathlib.Path
        The project's root.

    Raises
    ------
    SnaError
        When there is no such definition or version, a field is missing, or a code is not in the table of codes.
    """
    wanted, _, version = name.partition("@")
    path = Path(root) / FOLDER / f"{wanted}.yml"
    if not path.is_file():
        raise SnaError(f"There is no definition '{wanted}'; the definitions are {', '.join(_ids(root))}.")
    found = _parse(_content_of(path), path.name, Path(root))
    if version and found.version != version and not found.version.startswith(f"{version}-"):
        raise SnaError(f"Definition '{wanted}' is held as version {found.version}, not {version}; name that version in edition.yml.")
    _check_against_table(found, load_codes(root), path.name)
    return found


def list_definitions(root: Path) -> list[Definition]:
    """Return every definition of the project, by id."""
    return [load_definition(name, root) for name in _ids(root)]


def load_codes(root: Path) -> pd.DataFrame:
    """Return the project's table of offence codes: text, but ``in_core`` and ``in_broad`` true or false and
    ``css_weight`` a number (null where no weight is published)."""
    import pandas as pd

    codes = pd.read_csv(Path(root) / CODE_TABLE, dtype=str, keep_default_na=False)
    for name in ("in_core", "in_broad"):
        codes[name] = codes[name] == "true"
    codes["css_weight"] = pd.to_numeric(codes["css_weight"], errors="coerce")
    return codes


def codes(definition: Definition) -> tuple[str, ...]:
    """Return the definition's offence codes in the order of its groups."""
    return tuple(code for group in definition.groups.values() for code in group.codes)


def code_list(definition: Definition) -> pd.DataFrame:
    """Return every code the definition mentions, one row each, with the reason it is in or out.

    Returns
    -------
    pandas.DataFrame
        ``offence_code, title, offence_group, police_uk_category, group, group_title, is_in, reason``.
    """
    import pandas as pd

    rows = [(code, group.id, group.title, True, reason) for group in definition.groups.values() for code, reason in group.codes.items()]
    rows += [(code, "", "", False, reason) for code, reason in definition.excluded.items()]
    listed = pd.DataFrame(rows, columns=["offence_code", "group", "group_title", "is_in", "reason"])
    table = load_codes(definition.root)[["offence_code", "title", "offence_group", "police_uk_category"]]
    out = listed.merge(table, on="offence_code", how="left", validate="one_to_one")
    return out[["offence_code", "title", "offence_group", "police_uk_category", "group", "group_title", "is_in", "reason"]]


def counts_by_group(definition: Definition, code_rows: pd.DataFrame) -> pd.DataFrame:
    """Return offences by area and group of the definition, over the whole period of the rows.

    Parameters
    ----------
    definition : Definition
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code``, any areas and quarters.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area_name, group, title, codes, count, period_start, period_end``, one row per area and group in
        the definition's order, zero where no such offence was recorded; the last group is ``all`` (all groups).
    """
    import pandas as pd

    rows = _code_level(code_rows)
    areas = rows[["area_code", "area_name"]].drop_duplicates().sort_values("area_name", kind="stable")
    wanted = [(g.id, g.title, tuple(g.codes)) for g in definition.groups.values()]
    wanted.append(("all", "All groups", codes(definition)))
    parts = []
    for order, (name, title, members) in enumerate(wanted):
        sums = rows[rows["offence_code"].isin(members)].groupby("area_code")["count"].sum()
        count = areas["area_code"].map(sums).fillna(0).astype("int64")
        parts.append(areas.assign(order=order, group=name, title=title, codes=len(members), count=count))
    out = pd.concat(parts).sort_values(["area_name", "order"], kind="stable").drop(columns="order")
    return out.assign(**_period(rows)).reset_index(drop=True)


def street_share(definition: Definition, code_rows: pd.DataFrame, category: str) -> pd.DataFrame:
    """Return the share of a street-level category that meets the definition, for each area, with a Wilson interval.

    Parameters
    ----------
    definition : Definition
    code_rows : pandas.DataFrame
        Rows of ``recorded_crime`` at level ``code``; whole years, so that seasons do not tilt the share.
    category : str
        Street-level category in the publisher's spelling, e.g. ``"Violence and sexual offences"``.

    Returns
    -------
    pandas.DataFrame
        ``area_code, area_name, category, period_start, period_end`` and the result columns; ``value`` is a proportion.

    Raises
    ------
    SnaError
        When the category is none of the publisher's, or holds no recorded code.

    Notes
    -----
    Which category a code belongs to is an unofficial mapping. The interval treats the year's offences as a sample of
    the area's mix; it does not cover a mix that has changed since.
    """
    from svd_lib.measures.rates import proportion

    if category not in vocabulary.CRIME_TYPES:
        raise SnaError(f"'{category}' is no street-level category; the categories are {', '.join(vocabulary.CRIME_TYPES)}.")
    rows = _code_level(code_rows)
    table = load_codes(definition.root)
    inside = rows[rows["offence_code"].isin(table.loc[table["police_uk_category"] == category, "offence_code"])]
    if inside.empty:
        raise SnaError(f"No offence code belongs to the street-level category '{category}'; choose one that holds recorded crime.")
    total = inside.groupby(["area_code", "area_name"])["count"].sum()
    met = inside[inside["offence_code"].isin(codes(definition))].groupby(["area_code", "area_name"])["count"].sum()
    out = total.rename("denominator").to_frame()
    out["numerator"] = met.reindex(out.index).fillna(0).astype("int64")
    out = out[out["denominator"] > 0].reset_index().sort_values("area_name", kind="stable")
    shares = proportion(out.assign(category=category, **_period(inside)), "numerator", "denominator")
    shares = shares.astype({"numerator": "int64", "denominator": "int64"})
    return shares[["area_code", "area_name", "category", *_PERIOD, *vocabulary.RESULT_COLUMNS]]


def _code_level(rows: pd.DataFrame) -> pd.DataFrame:
    found = rows[rows["level"] == "code"]
    if found.empty:
        raise SnaError("There are no rows by offence code; composition needs the table of recorded crime by code (2017/18).")
    return found


def _period(rows: pd.DataFrame) -> dict[str, Any]:
    return {"period_start": rows["period_start"].min(), "period_end": rows["period_end"].max()}


def _ids(root: Path) -> list[str]:
    return sorted(path.stem for path in (Path(root) / FOLDER).glob("*.yml"))


def _content_of(path: Path) -> dict[str, Any]:
    import yaml

    from svd_lib.yaml_text import read_yaml

    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SnaError(f"{path.name} is no valid YAML ({str(error).splitlines()[0]}); correct it.") from None
    if not isinstance(content, dict):
        raise SnaError(f"{path.name} holds no definition; it needs the fields {', '.join(_REQUIRED)}.")
    return content


def _parse(content: dict[str, Any], file: str, root: Path) -> Definition:
    missing = [name for name in _REQUIRED if not content.get(name)]
    if missing:
        raise SnaError(f"{file} lacks {', '.join(missing)}; a definition needs {', '.join(_REQUIRED)}.")
    if content["status"] not in STATUSES:
        raise SnaError(f"{file}: status '{content['status']}' is none of {', '.join(STATUSES)}.")
    unknown = [need for need in content.get("needs", []) if need not in NEEDS]
    if unknown:
        raise SnaError(f"{file}: need '{unknown[0]}' is none of {', '.join(NEEDS)}.")
    groups = {name: _group(name, body, file) for name, body in content["groups"].items()}
    plain = {name: str(content[name]) for name in ("id", "version", "title", "owner", "dated", "source", "tag", "status")}
    return Definition(
        **plain,
        groups=groups,
        excluded=_reasons(content.get("excluded") or {}, file),
        needs=tuple(content.get("needs", [])),
        street_proxy=tuple(content.get("street_proxy", [])),
        root=root,
        note=str(content.get("note", "")),
        short=str(content.get("short") or content["title"]),
    )


def _group(name: str, body: dict[str, Any], file: str) -> Group:
    return Group(name, str(body["title"]), _reasons(body.get("codes") or {}, file), str(body.get("note", "")))


def _reasons(listed: dict[Any, Any], file: str) -> dict[str, str]:
    bare = [code for code, reason in listed.items() if not isinstance(code, str) or not reason]
    if bare:
        raise SnaError(f"{file}: code {bare[0]} needs quotation marks and a reason.")
    return {code: str(reason) for code, reason in listed.items()}


def _check_against_table(found: Definition, table: pd.DataFrame, file: str) -> None:
    inside = codes(found)
    _refuse(inside, lambda code: inside.count(code) > 1, f"{file}: code {{}} stands in two groups; keep it in one.")
    _refuse(found.excluded, lambda code: code in inside, f"{file}: code {{}} is both in and out; decide.")
    known = set(table["offence_code"])
    _refuse((*inside, *found.excluded), lambda code: code not in known, f"{file}: code {{}} is not in {CODE_TABLE}; add it there or correct it.")
    _refuse(found.street_proxy, lambda name: name not in vocabulary.CRIME_TYPES, f"{file}: '{{}}' is no street-level category.")


def _refuse(values: Iterable[str], is_bad: Any, sentence: str) -> None:
    bad = next((value for value in values if is_bad(value)), None)
    if bad is not None:
        raise SnaError(sentence.format(bad))
