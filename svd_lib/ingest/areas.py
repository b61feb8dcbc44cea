"""From an area's name or code to its neighbourhoods: force, partnership, county, district, ward, or a list of LSOAs.

A bare name is taken only when everything it could mean covers the same neighbourhoods; otherwise it is refused with
the choices, because a county and the force of the same name can differ by whole towns.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from svd_lib import vocabulary
from svd_lib.edition import Area, Edition
from svd_lib.errors import SnaError

LSOA_LIST_NAME = "lsoas.txt"
"""File beside ``edition.yml`` that holds the codes of an area of kind ``lsoas``."""

_COLUMNS = {
    "force": ("pfa24cd", "pfa_name"),
    "county": ("utla_code", "utla_name"),
    "district": ("lad24cd", "lad24nm"),
    "csp": ("csp24cd", "csp_name"),
    "ward": ("ward24cd", "ward24nm"),
}
"""Kind -> code and name columns of table ``places``, in the order in which a kind is preferred among equals."""

_KIND_WORDS = {
    "force": "police force area",
    "county": "county or unitary",
    "district": "district",
    "csp": "Community Safety Partnership",
    "ward": "ward",
}
_LONGEST_CHOICE_LIST = 8


@dataclass(frozen=True)
class Candidate:
    """One thing that a text can mean."""

    kind: str
    code: str
    name: str
    lsoa21cd: frozenset[str]
    districts: tuple[str, ...]

    @property
    def shown(self) -> str:
        """How a message offers the choice: what to type, and what it is."""
        text = f"ward:{self.name}, {self.districts[0]}" if self.kind == "ward" else f"{self.kind}:{self.name}"
        size = "1 neighbourhood" if len(self.lsoa21cd) == 1 else f"{len(self.lsoa21cd):,} neighbourhoods"
        return f"{text} ({_KIND_WORDS[self.kind]}, {self.code}, {size})"


def resolve_area(
    text: str,
    places: pd.DataFrame,
    place_changes: pd.DataFrame | None = None,
    past_districts: Mapping[str, str] | None = None,
) -> Area:
    """Return the area that a text means.

    Parameters
    ----------
    text : str
        ``kind:name`` or ``kind:code`` with a kind of :data:`svd_lib.vocabulary.AREA_KINDS`, a GSS code, or a bare
        name; ``lsoas:`` takes a comma-separated list or the path of a file with one code a line. A ward's name can
        be followed by a comma and its district's.
    places : pandas.DataFrame
        Tidy table ``places``, one row per LSOA 2021.
    place_changes : pandas.DataFrame, optional
        Tidy table ``place_changes``; with it a list may hold codes of 2011 that were only split or are unchanged.
    past_districts : mapping of str to str, optional
        Name of a district that was merged -> the district of today, see :func:`read_past_districts`.

    Returns
    -------
    Area

    Raises
    ------
    SnaError
        If nothing fits, or several areas that cover different neighbourhoods do; the sentence names the choices.
    """
    kind, _, rest = text.partition(":")
    kind = kind.strip().lower()
    if rest and kind == "lsoas":
        return _area_of_list(rest.strip(), places, place_changes)
    if rest and kind not in vocabulary.AREA_KINDS:
        raise SnaError(f"'{kind}' is not a kind of area; the kinds are {', '.join(vocabulary.AREA_KINDS)}.")
    kinds = (kind,) if rest else tuple(_COLUMNS)
    wanted = (rest or text).strip()
    if vocabulary.LSOA_PATTERN.match(wanted):
        return _area_of_list(wanted, places, place_changes)
    found = candidates(wanted, kinds, places)
    if not found:
        raise SnaError(_nothing_found(wanted, kinds, places, past_districts or {}))
    if len({candidate.lsoa21cd for candidate in found}) > 1:
        raise SnaError(_refusal(wanted, found))
    return _area(found[0].kind, found[0].code, found[0].name, found[0].lsoa21cd, places)


def area_of(edition: Edition, places: pd.DataFrame) -> Area:
    """Return the resolved area of an edition.

    Parameters
    ----------
    edition : Edition
        Its ``area_kind`` and ``area_code``; the codes of a list lie beside its ``edition.yml``.
    places : pandas.DataFrame
        Tidy table ``places``.
    """
    if edition.area_kind != "lsoas":
        return resolve_area(f"{edition.area_kind}:{edition.area_code}", places)
    area = _area_of_list(str(edition.folder / LSOA_LIST_NAME), places, None)
    if area.code != edition.area_code:
        raise SnaError(
            f"{edition.folder / LSOA_LIST_NAME} holds another list ({area.code}) than edition.yml names ({edition.area_code}); correct one of them."
        )
    return area


def read_past_districts(root: Path) -> dict[str, str]:
    """Return the districts of 2018 whose names are gone, each with the district or unitary it lies in today.

    Parameters
    ----------
    root : pathlib.Path
        Project root; reads ``data/reference/past_districts.csv``, computed from the publisher's lookups.
    """
    with (root / "data" / "reference" / "past_districts.csv").open(encoding="utf-8", newline="") as stream:
        return {row["ltla18_name"]: row["lad24nm"] for row in csv.DictReader(stream)}


def slug(area: Area) -> str:
    """Return the area's part of an edition's name: lower case and hyphens, different for areas that share a name."""
    plain = _hyphened(area.name)
    if area.kind == "force":
        return area.force_slug
    if area.kind == "ward":
        return _hyphened(f"{area.name} {' '.join(area.lad.values())} ward")
    if area.kind == "lsoas":
        return f"{plain}-{area.code.removeprefix('lsoas-')}"
    return f"{plain}-{area.kind}" if area.kind == "csp" or plain == area.force_slug else plain


def candidates(wanted: str, kinds: Iterable[str], places: pd.DataFrame) -> list[Candidate]:
    """Return everything of these kinds that a name or code can mean, kinds in their order of preference.

    Parameters
    ----------
    wanted : str
        Name, or GSS code; "ward, district" for a ward.
    kinds : iterable of str
        Kinds to look among.
    places : pandas.DataFrame
        Tidy table ``places``.
    """
    order = [kind for kind in _COLUMNS if kind in set(kinds)]
    found: list[Candidate] = []
    for kind in order:
        rows = _matching(wanted, kind, places)
        code_column, name_column = _COLUMNS[kind]
        for code, part in rows.groupby(code_column, sort=True):
            districts = tuple(sorted(part["lad24nm"].unique()))
            found.append(Candidate(kind, code, part[name_column].iloc[0], frozenset(part["lsoa21cd"]), districts))
    return found


def _matching(wanted: str, kind: str, places: pd.DataFrame) -> pd.DataFrame:
    code_column, name_column = _COLUMNS[kind]
    if vocabulary.GSS_PATTERN.match(wanted.upper()):
        return places[places[code_column] == wanted.upper()]
    names = places[name_column].drop_duplicates()
    hits = names[names.map(_plain) == _plain(wanted)]
    rows = places[places[name_column].isin(hits)]
    if kind == "force" and rows.empty:
        rows = places[places["force_slug"] == vocabulary.force_slug(wanted)]
    if kind == "ward" and rows.empty and "," in wanted:
        ward, _, district = wanted.rpartition(",")
        rows = _matching(ward, "ward", places)
        rows = rows[rows["lad24nm"].map(_plain) == _plain(district)]
    return rows


def _area(kind: str, code: str, name: str, lsoas: Iterable[str], places: pd.DataFrame) -> Area:
    inside = places[places["lsoa21cd"].isin(set(lsoas))]
    forces = inside[["force_slug", "pfa24cd", "pfa_name"]].drop_duplicates()
    if len(forces) != 1:
        raise SnaError(f"The area '{name}' lies in the police force areas {', '.join(sorted(forces['pfa_name']))}; choose neighbourhoods of one force.")
    return Area(
        kind=kind,
        code=code,
        name=name,
        force_slug=forces["force_slug"].iloc[0],
        pfa24cd=forces["pfa24cd"].iloc[0],
        pfa_name=forces["pfa_name"].iloc[0],
        lsoa21cd=tuple(sorted(inside["lsoa21cd"])),
        lad=_named(inside, *_COLUMNS["district"]),
        csp=_named(inside, *_COLUMNS["csp"]),
        utla=_named(inside, *_COLUMNS["county"]),
    )


def _named(rows: pd.DataFrame, code: str, name: str) -> dict[str, str]:
    pairs = rows[[code, name]].drop_duplicates().sort_values(code, kind="stable")
    return dict(zip(pairs[code], pairs[name], strict=True))


def _area_of_list(text: str, places: pd.DataFrame, place_changes: pd.DataFrame | None) -> Area:
    codes, name = _read_list(text)
    known = set(places["lsoa21cd"])
    if place_changes is not None:
        codes = _as_2021(codes, known, place_changes)
    unknown = sorted(set(codes) - known)
    if unknown:
        raise SnaError(f"'{unknown[0]}' is not an LSOA 2021 code ({len(unknown)} of {len(codes)} are not); correct the list.")
    chosen = sorted(set(codes))
    found = hashlib.sha256("\n".join(chosen).encode()).hexdigest()[:8]
    return _area("lsoas", f"lsoas-{found}", name or _list_name(chosen, places), chosen, places)


def _read_list(text: str) -> tuple[list[str], str]:
    """Return the codes and, for a file with a line ``# name: ...``, its name."""
    if all(vocabulary.LSOA_PATTERN.match(part.strip()) for part in text.split(",")):
        return [part.strip() for part in text.split(",")], ""
    path = Path(text).expanduser()
    if not path.is_file():
        raise SnaError(f"'{text}' is neither a list of LSOA codes nor a file; give codes like E01000001,E01000002 or a file with one a line.")
    lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    named = [re.sub(r"^#\s*name:\s*", "", line) for line in lines if re.match(r"^#\s*name:", line)]
    codes = [part for line in lines if not line.startswith("#") for part in re.split(r"[,\s]+", line) if part]
    for row, code in enumerate(codes, 1):
        if not vocabulary.LSOA_PATTERN.match(code):
            raise SnaError(f"{path}: entry {row} is '{code}', not an LSOA code like E01000001; correct it.")
    if not codes:
        raise SnaError(f"{path}: it holds no LSOA code; write one a line.")
    return codes, named[0] if named else ""


def _as_2021(codes: list[str], known: set[str], place_changes: pd.DataFrame) -> list[str]:
    """Return 2021 codes for a list that may hold codes of 2011: unchanged ones stay, split ones become their parts."""
    parts = place_changes[place_changes["change_code"].isin(["U", "S"])].groupby("lsoa11cd")["lsoa21cd"].agg(list)
    out: list[str] = []
    for code in codes:
        out.extend([code] if code in known else parts.get(code, [code]))
    return out


def _list_name(codes: list[str], places: pd.DataFrame) -> str:
    districts = sorted(places.loc[places["lsoa21cd"].isin(codes), "lad24nm"].unique())
    where = districts[0] if len(districts) == 1 else ", ".join(districts[:-1]) + " and " + districts[-1]
    count = "One neighbourhood" if len(codes) == 1 else f"{len(codes)} neighbourhoods"
    return f"{count} in {where}"


def _refusal(wanted: str, found: list[Candidate]) -> str:
    shown = "; ".join(candidate.shown for candidate in found[:_LONGEST_CHOICE_LIST])
    more = f"; and {len(found) - _LONGEST_CHOICE_LIST} more" if len(found) > _LONGEST_CHOICE_LIST else ""
    return f"'{wanted}' can mean areas that differ{_difference(found)}; say which: {shown}{more}."


def _difference(found: list[Candidate]) -> str:
    """Return what the widest choice has and another lacks, in districts, for a choice between two kinds."""
    wide, narrow = (max(found, key=lambda c: len(c.lsoa21cd)), min(found, key=lambda c: len(c.lsoa21cd)))
    extra = sorted(set(wide.districts) - set(narrow.districts))
    if wide.kind == narrow.kind or "ward" in (wide.kind, narrow.kind) or not extra:
        return ""
    return f" (the {wide.kind} includes {', '.join(extra[:3])}{' and others' if len(extra) > 3 else ''}, the {narrow.kind} does not)"


def _nothing_found(wanted: str, kinds: tuple[str, ...], places: pd.DataFrame, past: Mapping[str, str]) -> str:
    sought = f"{_KIND_WORDS[kinds[0]]}" if len(kinds) == 1 else "area"
    known = {_plain(name): now for name, now in past.items()}.get(_plain(wanted))
    merged = f"it was a district until a merger and now lies in {known}" if known else ""
    elsewhere = candidates(wanted, tuple(_COLUMNS), places)
    if elsewhere:
        choices = " or ".join(candidate.shown for candidate in elsewhere[:_LONGEST_CHOICE_LIST])
        return f"There is no {sought} '{wanted}' in 2024{f' ({merged})' if merged else ''}; of that name there is {choices}."
    near = _near_names(wanted, kinds, places)
    hint = merged or (f"near names are {'; '.join(near)}" if near else "look for its present name")
    return f"There is no {sought} '{wanted}' among the areas of 2024; {hint}."


def _near_names(wanted: str, kinds: tuple[str, ...], places: pd.DataFrame) -> list[str]:
    """Return the names most like the wanted one; wards only when a ward is sought, there are thousands."""
    sought = [kind for kind in kinds if kind != "ward"] or list(kinds)
    names = sorted({name for kind in sought for name in places[_COLUMNS[kind][1]].unique()})
    containing = [name for name in names if _plain(wanted) and _plain(wanted) in _plain(name)]
    return (containing + [name for name in difflib.get_close_matches(wanted, names, n=4, cutoff=0.75) if name not in containing])[:5]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower().replace("&", " and ").replace("'", "")).strip()


def _hyphened(name: str) -> str:
    return _plain(name).replace(" ", "-")
