"""The registry of sources, ``data/sources.yml``: who publishes what, under which licence, and how it is credited.

Every caption's attribution, every row of the data-sources page and every lock is made from these entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from svd_lib.errors import SnaError
from svd_lib.sources import arcgis, direct, education, fingertips, govuk, nomis
from svd_lib.yaml_text import read_yaml

SENSITIVITIES = ("open", "restricted")
DISCLOSURE_RULES = ("as_published", "nhs_1_7", "partner_under_10", "partner_under_5")
RESTRICTED_RULE = "partner_under_10"
"""The rule of a restricted source that names none."""
EVIDENCE = ("mirror", "documented", "unseen")
MET = ("publisher", "replica", "nothing")
"""What a source's fetcher has met so far: its publisher, a replica of the publisher, or nothing because there is none."""
NATIONS = ("England", "Wales")
FETCHERS: Mapping[str, ModuleType | None] = {
    "arcgis": arcgis,
    "direct": direct,
    "education": education,
    "fingertips": fingertips,
    "govuk": govuk,
    "nomis": nomis,
    "police_archive": None,
}
"""How a file is brought from its publisher; the police archive is no file but many members, and brought by its own module."""
PLACEHOLDERS = {
    "utla_code": r"[EW]\d{8}",
    "archive_month": r"\d{4}-\d{2}",
    "month": r"\d{4}-\d{2}",
    "force_slug": r"[a-z]+(?:-[a-z]+)*",
}
_PARTNER_FIELDS = {
    "licence": "by-agreement", "attribution": ["partner"], "landing_page": None, "cadence": "by agreement", "sensitivity": "restricted",
    "disclosure_rule": "partner_under_10", "evidence": "unseen",
}  # fmt: skip
"""What every partner's extract has in common; its entry states title and publisher."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
_PATTERNS = {"attachment", "publication", "data_set", "link", "sheet"}
_SOURCE_KEYS = {
    "title", "publisher", "licence", "attribution", "landing_page", "cadence", "sensitivity",
    "disclosure_rule", "evidence", "notes", "copied_from", "files", "nations", "met",
}  # fmt: skip
_FILE_KEYS = {
    "pattern", "member", "title", "tables", "period", "publisher_version", "citation", "copied_from", "from", "needed",
    "evidence", "fetch", "replaces", "columns", "read",
}  # fmt: skip


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, or a family of files told apart by county, force or month.

    Parameters
    ----------
    pattern : str
        Path under the source's folder, with placeholders.
    member : str or None
        Path inside the archive, with placeholders; none for a whole file.
    title, period, publisher_version, citation : str
        What it is, the time it speaks of, the publisher's edition, and how it is cited.
    tables : tuple of str
        Tidy tables it feeds.
    copied_from : str
        Where the mirror's copy came from.
    from_month : str or None
        First period end (``YYYY-MM``) of an edition that takes the file.
    needed : bool
        Whether a lock names it.
    evidence : str
        What is known of its format: ``mirror``, ``documented`` or ``unseen``.
    fetch : mapping or None
        How it is brought from its publisher: ``by`` (one of :data:`FETCHERS`) and that fetcher's parameters.
    replaces : tuple of str
        Patterns of files that it stands in for, once it has been fetched.
    columns : mapping
        Our loader's column to the publisher's, where the publisher calls it otherwise.
    read : mapping or None
        How a table without a loader of its own is read: see :mod:`svd_lib.ingest.open_tables`.
    """

    pattern: str
    member: str | None
    title: str
    tables: tuple[str, ...]
    period: str
    publisher_version: str
    citation: str
    copied_from: str
    from_month: str | None
    needed: bool
    evidence: str = "mirror"
    fetch: Mapping[str, Any] | None = None
    replaces: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, Any] | None = None

    def match(self, name: str, member: str | None = None) -> dict[str, str] | None:
        """Return the placeholders' values when the names fit this file, else None."""
        if (self.member is None) != (member is None):
            return None
        outer = self.match_name(name)
        if outer is None or self.member is None:
            return outer
        inner = _regex(self.member).fullmatch(member)
        return {**outer, **inner.groupdict()} if inner else None

    def match_name(self, name: str) -> dict[str, str] | None:
        """Return the placeholders' values when a file or archive name fits, whatever is inside, else None."""
        found = _regex(self.pattern).fullmatch(name)
        return found.groupdict() if found else None

    def serves(self, period_end_month: str) -> bool:
        """Return whether an edition that ends in the month (``YYYY-MM``) takes the file."""
        return self.needed and (self.from_month is None or self.from_month <= period_end_month)


@dataclass(frozen=True)
class Source:
    """A publisher's data set, as the registry describes it."""

    id: str
    title: str
    publisher: str
    licence: str
    licence_title: str
    licence_url: str
    attribution: tuple[str, ...]
    landing_page: str | None
    cadence: str
    sensitivity: str
    disclosure_rule: str
    evidence: str
    notes: tuple[str, ...]
    files: tuple[SourceFile, ...]
    nations: tuple[str, ...] = NATIONS
    met: str = "nothing"

    def file_of(self, name: str, member: str | None = None) -> SourceFile:
        """Return the entry that describes a file of this source.

        Raises
        ------
        SnaError
            If no entry fits.
        """
        for entry in self.files:
            if entry.match(name, member) is not None:
                return entry
        shown = f"{name} member {member}" if member else name
        raise SnaError(f"data/sources.yml: source '{self.id}' describes no file '{shown}'; add it to its files.")


@dataclass(frozen=True)
class Registry:
    """Every source, by id.

    Parameters
    ----------
    sources : mapping of str to Source
        Publishers' data sets.
    partners : mapping of str to Source
        Partners' restricted extracts, of which only cleared counts are held.
    """

    sources: Mapping[str, Source]
    partners: Mapping[str, Source] = field(default_factory=dict)

    def source(self, source_id: str) -> Source:
        """Return one source.

        Raises
        ------
        SnaError
            If the registry has no such id.
        """
        known = {**self.partners, **self.sources}
        if source_id not in known:
            raise SnaError(f"data/sources.yml: there is no source '{source_id}'; the sources are {', '.join(sorted(known))}.")
        return known[source_id]

    def attribution(self, source_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the attribution lines that a use of these sources needs, each once, in the sources' order."""
        lines = (line for source_id in source_ids for line in self.source(source_id).attribution)
        return tuple(dict.fromkeys(lines))

    def feeding(self, table: str) -> tuple[str, ...]:
        """Return the ids of the sources that feed a tidy table, sorted."""
        return tuple(sorted(s.id for s in self.sources.values() if any(table in f.tables for f in s.files)))


def read_registry(root: Path) -> Registry:
    """Read and check ``data/sources.yml``.

    Parameters
    ----------
    root : pathlib.Path
        Project root.

    Raises
    ------
    SnaError
        Naming the source and the field that breaks a rule.
    """
    path = root / "data" / "sources.yml"
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SnaError(f"{path} is not there; it is part of the project: restore it from version control.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SnaError(f"data/sources.yml: line {mark.line + 1 if mark else '?'} is not valid YAML; mend the file.") from None
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise SnaError("data/sources.yml: the field 'schema' must be 1.")
    sources = {name: _source(name, values, document) for name, values in document.get("sources", {}).items()}
    partners = {name: _source(name, {**_PARTNER_FIELDS, **values}, document) for name, values in document.get("partners", {}).items()}
    return Registry(sources, partners)


def _source(name: str, values: Mapping[str, Any], document: Mapping[str, Any]) -> Source:
    where = f"data/sources.yml: source '{name}'"
    _only_known(values, _SOURCE_KEYS, where)
    licence = _one_of(values, "licence", tuple(document["licences"]), where)
    lines = document["attribution_lines"]
    if values.get("sensitivity") == "restricted":
        values = {"disclosure_rule": RESTRICTED_RULE, **values}
        if values["disclosure_rule"] == "as_published":
            raise SnaError(f"{where}: a restricted source cannot be published as it is; leave 'disclosure_rule' out for '{RESTRICTED_RULE}'.")
    credit = [_one_of({"attribution": key}, "attribution", tuple(lines), where) for key in values.get("attribution") or ()]
    if not credit:
        raise SnaError(f"{where}: the field 'attribution' is empty; name at least one line.")
    return Source(
        id=name,
        title=_text(values, "title", where),
        publisher=_text(values, "publisher", where),
        licence=licence,
        licence_title=document["licences"][licence]["title"],
        licence_url=document["licences"][licence]["url"],
        attribution=tuple(lines[key] for key in credit),
        landing_page=_address(values, where),
        cadence=_text(values, "cadence", where),
        sensitivity=_one_of(values, "sensitivity", SENSITIVITIES, where),
        disclosure_rule=_one_of(values, "disclosure_rule", DISCLOSURE_RULES, where),
        evidence=_one_of(values, "evidence", EVIDENCE, where),
        notes=tuple(values.get("notes") or ()),
        files=tuple(_file(entry, values, where) for entry in values.get("files") or ()),
        nations=tuple(_one_of({"nations": nation}, "nations", NATIONS, where) for nation in values.get("nations") or NATIONS),
        met=_one_of({"met": values.get("met", "nothing")}, "met", MET, where),
    )


def _file(values: Mapping[str, Any], source: Mapping[str, Any], where: str) -> SourceFile:
    where = f"{where}, file '{values.get('pattern')}'"
    _only_known(values, _FILE_KEYS, where)
    from_month = values.get("from")
    if from_month is not None and not _MONTH.match(str(from_month)):
        raise SnaError(f"{where}: the field 'from' is '{from_month}'; it must be a month like 2025-06.")
    entry = SourceFile(
        pattern=_text(values, "pattern", where),
        member=_text(values, "member", where) if "member" in values else None,
        title=_text(values, "title", where),
        tables=tuple(values.get("tables") or ()),
        period=_text(values, "period", where),
        publisher_version=_text(values, "publisher_version", where),
        citation=_text(values, "citation", where),
        copied_from=str(values.get("copied_from") or source.get("copied_from") or ""),
        from_month=from_month,
        needed=bool(values.get("needed", True)),
        evidence=_one_of({"evidence": values.get("evidence", source.get("evidence"))}, "evidence", EVIDENCE, where),
        fetch=values.get("fetch"),
        replaces=tuple(values.get("replaces") or ()),
        columns=values.get("columns") or {},
        read=values.get("read"),
    )
    _check_file(entry, where)
    _check_fetch(entry, where)
    return entry


def _check_file(entry: SourceFile, where: str) -> None:
    for text in (entry.pattern, entry.member or ""):
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
        if unknown:
            raise SnaError(f"{where}: the placeholder '{{{unknown[0]}}}' is not known; use {', '.join(PLACEHOLDERS)}.")
    if not entry.copied_from and entry.evidence == "mirror":
        raise SnaError(f"{where}: the field 'copied_from' is absent, here and at the source; say where the copy came from.")
    if entry.needed and not entry.tables:
        raise SnaError(f"{where}: no tidy table is named; name one or say 'needed: false'.")


def _check_fetch(entry: SourceFile, where: str) -> None:
    if entry.fetch is None:
        return
    by = _one_of(entry.fetch, "by", tuple(FETCHERS), f"{where}, fetch")
    module = FETCHERS[by]
    _only_known(entry.fetch, {"by", *(module.PARAMETERS if module else ())}, f"{where}, fetch")
    for part in (entry.fetch, entry.read or {}):
        for field_name in _PATTERNS & set(part):
            _check_pattern(field_name, part[field_name], where)


def _check_pattern(field_name: str, pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise SnaError(f"{where}: the field '{field_name}' is no pattern ({error}); correct it.") from None


def _only_known(values: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise SnaError(f"{where}: the field '{unknown[0]}' is not known; take it out or correct its spelling.")


def _text(values: Mapping[str, Any], field: str, where: str) -> str:
    value = values.get(field)
    if not isinstance(value, str) or not value.strip():
        raise SnaError(f"{where}: the field '{field}' must be a text, not {value!r}.")
    return value


def _one_of(values: Mapping[str, Any], field: str, allowed: tuple[str, ...], where: str) -> str:
    value = values.get(field)
    if value not in allowed:
        raise SnaError(f"{where}: the field '{field}' is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def _address(values: Mapping[str, Any], where: str) -> str | None:
    if "landing_page" not in values:
        raise SnaError(f"{where}: the field 'landing_page' is absent; give the address, or null where none is confirmed.")
    value = values["landing_page"]
    if value is not None and not str(value).startswith("https://"):
        raise SnaError(f"{where}: the field 'landing_page' is '{value}'; it must begin with https:// or be null.")
    return value


@cache
def _regex(pattern: str) -> re.Pattern:
    parts = _PLACEHOLDER.split(pattern)
    seen: set[str] = set()
    out = []
    for position, part in enumerate(parts):
        if position % 2 == 0:
            out.append(re.escape(part))
        elif part in seen:
            out.append(f"(?P={part})")
        else:
            seen.add(part)
            out.append(f"(?P<{part}>{PLACEHOLDERS[part]})")
    return re.compile("".join(out))


def expand(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern with its placeholders filled in; those without a value stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), pattern)


