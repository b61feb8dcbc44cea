"""Exhibits: figures, maps and tables that know their id, title, alt text, sources and data, and are safe to publish."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from svd_lib.disclosure.thresholds import Rule, is_protected, protect, strictest
from svd_lib.errors import SnaError
from svd_lib.figures import tables
from svd_lib.figures.style import Svg
from svd_lib.report import text
from svd_lib.report.choice import Choice
from svd_lib.report.finding import write_json
from svd_lib.sources.registry import Registry, Source

SIGNIFICANT = 7
"""Significant digits of a number in a CSV file: more than any reader needs, fewer than platforms differ in."""
BASIS_WORDS: dict[str, str] = {
    "recorded_by": "Recorded by the area’s police force",
    "located_in": "Located in the area",
}
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Exhibit:
    """One figure or table with everything a page says about it.

    Parameters
    ----------
    id, title, subtitle, alt, period, basis : str
        ``title`` states the finding; ``subtitle`` the measure, area, period and unit; ``alt`` says what the picture
        says (tables have none).
    sources : tuple of Source
        At least one.
    data : DataFrame
        Protected by the strictest rule of the sources.
    note : str
        What the exhibit does not show.
    columns : dict of str to str
        Columns the page shows, with headings.
    precision : int or dict, optional
        Decimals in the page's table.
    svg : Svg, optional
        The picture; none for a table.
    choice : Choice, optional
        Buttons above a table that show one row's headlines at a time.
    mark : str
        Said on the page, in the data file and in the description of an exhibit that rests on made-up data.
    """

    id: str
    title: str
    subtitle: str
    alt: str
    period: str
    basis: str
    sources: tuple[Source, ...]
    data: pd.DataFrame
    note: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    precision: int | Mapping[str, int] | None = None
    svg: Svg | None = None
    choice: Choice | None = None
    mark: str = ""

    def __post_init__(self) -> None:
        blank = [name for name in ("id", "title", "subtitle", "period", "basis") if not str(getattr(self, name)).strip()]
        if self.svg is not None and not self.alt.strip():
            blank.append("alt")
        if not self.sources:
            blank.append("sources")
        if blank:
            raise SnaError(f"Exhibit {self.id!r} cannot be built without {', '.join(blank)}.")
        if self.data.empty:
            raise SnaError(f"Exhibit {self.id!r} has no rows: mend the data or list a known gap.")

    def write(self, folder: Path) -> None:
        """Write ``<id>.csv``, ``<id>.json`` and, for a figure, ``<id>.svg``."""
        folder.mkdir(parents=True, exist_ok=True)
        marked = {"synthetic": "yes"} if self.mark else {}
        csv_frame(self.data.assign(**marked)).to_csv(folder / f"{self.id}.csv", index=False, lineterminator="\n", encoding="utf-8")
        if self.svg is not None:
            (folder / f"{self.id}.svg").write_text(self.svg.file, encoding="utf-8")
            self._write_places(folder / f"{self.id}.places.json")
        write_json(folder / f"{self.id}.json", self.to_dict())

    def _write_places(self, path: Path) -> None:
        """Write a map's outlines, one for each row of the CSV file; the interactive map draws them."""
        places = self.svg.places if self.svg is not None else None
        if places is not None and len(places["places"]) == len(self.data):
            path.write_text(json.dumps(places, separators=(",", ":")) + "\n", encoding="utf-8")

    def to_dict(self) -> dict[str, object]:
        """Return what ``<id>.json`` holds: everything but the data and the picture."""
        return {
            "schema": 1,
            "id": self.id,
            "kind": "table" if self.svg is None else "figure",
            "title": self.title,
            "subtitle": self.subtitle,
            "alt": self.alt,
            "note": self.note,
            "period": self.period,
            "basis": self.basis,
            "sources": [source.id for source in self.sources],
            "attribution": list(attribution_lines(self.sources)),
            "columns": {name: self.columns.get(name, tables.heading(name)) for name in map(str, self.data.columns)},
            "rows": len(self.data),
            "sensitivity": sensitivity(self.sources),
            **({"mark": self.mark} if self.mark else {}),
        }

    def html(self) -> str:
        """Return the exhibit as one HTML ``figure``, complete without scripts or styles."""
        name = escape(self.id)
        mark = f'<p class="sna-synthetic">{escape(self.mark)}</p>' if self.mark else ""
        parts = (
            f'{mark}<figcaption class="sna-caption"><p class="sna-title">{escape(self.title)}</p>'
            f'<p class="sna-subtitle" id="{name}-subtitle">{escape(self.subtitle)}</p></figcaption>',
            self._picture(),
            self._note(),
            source_html(self.sources, self.basis),
            self._downloads(),
        )
        kind = "table" if self.svg is None else "chart"
        return f'<figure class="sna-exhibit sna-exhibit-{kind}" id="{name}">{"".join(parts)}</figure>'

    def _picture(self) -> str:
        if self.svg is None:
            return self._choice() + self._table(f"Table: {self.title}")
        table = self._table(f"Data behind the figure: {self.title}")
        summary = f'<summary>Data table{_hidden(f" of {self.title}")}</summary>'
        label = escape(f"Picture: {self.title}")
        shapes = {"sna-wide": self.svg.page, "sna-narrow": self.svg.narrow} if self.svg.narrow else {"": self.svg.page}
        pictures = "".join(
            f'<div class="sna-picture sna-scroll {shape}" tabindex="0" role="group" aria-label="{label}">{drawn}</div>' for shape, drawn in shapes.items()
        )
        return f'{pictures}<details class="sna-data">{summary}{table}</details>'

    def _choice(self) -> str:
        if self.choice is None:
            return ""
        return self.choice.html(self.id, self.data, tables.texts(self.data, tables.shown_columns(self.data, self.columns or None), self.precision))

    def _table(self, caption: str) -> str:
        table = tables.html_table(self.data, caption, self.columns or None, self.precision, f"{self.id}-table")
        return f'<div class="sna-scroll" tabindex="0" role="group" aria-label="{escape(caption)}">{table}</div>'

    def _note(self) -> str:
        lead = '<span class="sna-lead">What this does not show:</span>'
        return f'<p class="sna-note">{lead} {escape(self.note)}</p>' if self.note else ""

    def _downloads(self) -> str:
        kinds = ["csv"] if self.svg is None else ["csv", "svg"]
        words = {"csv": "data (CSV)", "svg": "picture (SVG)"}
        hidden = _hidden(f" of {self.title}")
        links = [f'<a href="exhibits/{escape(self.id)}.{kind}" download>{words[kind]}{hidden}</a>' for kind in kinds]
        pixels = f'<button type="button" class="sna-png pst-js-only">picture (PNG){hidden}</button>' if self.svg is not None else ""
        first, *others = links
        return f'<p class="sna-downloads">Download: {", ".join([first, *(pixels + other for other in others)])}</p>'


def make_exhibit(
    identifier: str,
    data: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    sources: Sequence[str],
    registry: Registry,
    period: str,
    basis: str,
    alt: str = "",
    words: Mapping[str, object] | None = None,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    precision: int | Mapping[str, int] | None = None,
    counts: Sequence[str] | None = None,
    note: str = "",
    svg: Svg | None = None,
    choice: Choice | None = None,
    mark: str = "",
) -> Exhibit:
    """Build an exhibit: protect its data, check its words.

    Parameters
    ----------
    identifier, title, subtitle, period, basis, alt, note, columns, precision, svg, choice, mark
        As :class:`Exhibit` has them.
    data : DataFrame
        Unprotected; geometry and index columns are dropped.
    sources : sequence of str
        Ids of the registry.
    registry : Registry
        Where they are described.
    words : mapping, optional
        Numbers and words that alt text may use beside those in the data.
    counts : sequence of str, optional
        Columns of counts, for sources whose rule hides small ones.

    Returns
    -------
    Exhibit

    Raises
    ------
    SnaError
        When something is missing, a source is unknown, the alt text repeats the title or states a number that is not
        in the data, or the picture shows counts that a source's rule hides.
    """
    known = tuple(registry.source(name) for name in sources)
    frame = published_frame(data)
    rule = strictest(source.disclosure_rule for source in known)
    check_words(identifier, words or {}, rule)
    if svg is not None and not is_protected(frame, rule, counts):
        raise SnaError(f"{identifier}: the picture was drawn from counts that the rule {rule.name!r} hides; protect the frame first.")
    if svg is not None:
        check_alt(identifier, alt, title, frame, words or {}, (subtitle, text.period_words(period)))
    return Exhibit(
        id=identifier, title=title, subtitle=subtitle, alt=alt, period=text.iso_period(period), basis=basis, sources=known,
        data=protect(frame, rule, counts), note=note, columns=_columns(identifier, frame, columns), precision=precision, svg=svg,
        choice=choice, mark=mark,
    )  # fmt: skip


def _columns(identifier: str, frame: pd.DataFrame, columns: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    try:
        return tables.shown_columns(frame, columns)
    except KeyError as error:
        raise SnaError(f"{identifier}: {error.args[0]}.") from None


def published_frame(data: pd.DataFrame) -> pd.DataFrame:
    """Return a plain copy of a frame: named index levels as columns, geometry dropped, rows renumbered."""
    named = any(name is not None for name in data.index.names)
    frame = pd.DataFrame(data.reset_index(drop=not named))
    geometry = [name for name in frame.columns if str(frame[name].dtype) == "geometry"]
    return frame.drop(columns=geometry).rename(columns=str)


def csv_frame(data: pd.DataFrame) -> pd.DataFrame:
    """Return the data as a CSV file holds them: rounded, ISO dates, plain text that no spreadsheet runs, ``[c]`` where withheld."""
    hidden = data["is_suppressed"].fillna(True).astype(bool) if "is_suppressed" in data else pd.Series(False, index=data.index)
    columns = {text.inert(name): _csv_column(data[name]) for name in data.columns}
    marked = {name: _marked(values, hidden) if tables.is_numeric(values) else values.map(text.inert) for name, values in columns.items()}
    return pd.DataFrame(marked, index=data.index)


def _marked(values: pd.Series, hidden: pd.Series) -> pd.Series:
    """Put the marker of a withheld number where a row is withheld, so that an empty cell or a zero never stands for it."""
    withheld = values.isna() & hidden
    return values.astype(object).mask(withheld, tables.WITHHELD) if withheld.any() else values


def _csv_column(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values):
        whole = values.dropna()
        if len(whole) and bool((whole == whole.round()).all()) and float(whole.abs().max()) < 1e15:
            return values.round().astype("Int64")
        return pd.Series([None if pd.isna(value) else float(f"{value:.{SIGNIFICANT}g}") + 0.0 for value in values], index=values.index, dtype=float)
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%d")
    return values.astype(str) if isinstance(values.dtype, pd.PeriodDtype) else values


def check_alt(identifier: str, alt: str, title: str, data: pd.DataFrame, words: Mapping[str, object], given: Sequence[str] = ()) -> None:
    """Refuse alt text that repeats the title or states a number the exhibit does not hold.

    Parameters
    ----------
    identifier, alt, title : str
        The exhibit's id and words.
    data : DataFrame
        Its data.
    words : mapping
        Values the author computed, e.g. a count of rows.
    given : sequence of str
        Texts whose numbers may be repeated: subtitle and period.

    Raises
    ------
    SnaError
        Naming the number that was not found.
    """
    if not alt.strip():
        raise SnaError(f"Exhibit {identifier!r} cannot be built without alt.")
    if alt.strip().rstrip(".").lower() == title.strip().rstrip(".").lower():
        raise SnaError(f"{identifier}: the alt text repeats the title; say what the picture shows.")
    spoken = " ".join([*map(str, words.values()), *given, *data.columns, *(["95"] if "lower_ci" in data else [])])
    known = {found.rstrip(",") for found in _NUMBER.findall(spoken.replace("−", "-"))}
    numbers, texts = _numbers(data)
    for match in _NUMBER.finditer(alt):
        found = match[0].rstrip(",")
        bare = found.replace(",", "").replace("−", "-")
        is_percent = alt[match.end() :].lstrip().startswith(("%", "per cent"))
        if {found, bare} & (known | texts) or _holds(numbers, bare) or (is_percent and _holds(numbers * 100, bare)):
            continue
        raise SnaError(f"{identifier}: the alt text says {found}, which is not in the exhibit's data; take it from the data or give it in `words`.")


def check_words(identifier: str, words: Mapping[str, object], rule: Rule) -> None:
    """Refuse a number for a sentence that the source's rule would hide in a table.

    Parameters
    ----------
    identifier : str
        The exhibit's or finding's id.
    words : mapping
        Values of placeholders; numbers among them are taken for counts.
    rule : Rule
        The strictest rule of the sources.

    Raises
    ------
    SnaError
        Naming the placeholder, not its value.
    """
    for name, value in words.items():
        number = text.plain(value)
        if isinstance(number, (int, float)) and not isinstance(number, bool) and bool(rule.hides(number)):
            raise SnaError(f"{identifier}: the word '{name}' is a count that the rule {rule.name!r} hides; take it out of the sentence.")


def _numbers(data: pd.DataFrame) -> tuple[np.ndarray, set[str]]:
    numbers: list[np.ndarray] = [np.array([float(len(data))])]
    texts: set[str] = set()
    for name in data.columns:
        values = data[name].dropna()
        if pd.api.types.is_numeric_dtype(values):
            numbers.append(values.to_numpy(dtype=float))
        elif pd.api.types.is_datetime64_any_dtype(values):
            numbers += [values.dt.year.to_numpy(dtype=float), values.dt.day.to_numpy(dtype=float)]
        else:
            texts |= {found.replace(",", "") for found in _NUMBER.findall(" ".join(values.astype(str).unique()))}
    return np.concatenate(numbers), texts


def _holds(numbers: np.ndarray, found: str) -> bool:
    """Whether a number in words equals one of the data, rounded to the decimals that the words have."""
    places = len(found.partition(".")[2])
    close = np.abs(np.abs(numbers) - abs(float(found))) <= 0.5 * 10.0**-places + 1e-9
    return bool(close.any())


def sensitivity(sources: Sequence[Source]) -> str:
    """Return ``"restricted"`` when any source is, else ``"open"``."""
    return "restricted" if any(source.sensitivity == "restricted" for source in sources) else "open"


def attribution_lines(sources: Sequence[Source]) -> tuple[str, ...]:
    """Return the attribution lines of some sources, each once."""
    return tuple(dict.fromkeys(line for source in sources for line in source.attribution))


def source_html(sources: Sequence[Source], basis: str = "") -> str:
    """Return the source and licence line of an exhibit."""
    named = "; ".join(f"{_linked(source)}, {escape(source.publisher)}" for source in sources)
    credit = " ".join(escape(line) for line in attribution_lines(sources))
    stated = f" {BASIS_WORDS[basis]}." if basis in BASIS_WORDS else ""
    return f'<p class="sna-source"><span class="sna-lead">Source:</span> {named}.{stated} {credit}</p>'


def _linked(source: Source) -> str:
    title = escape(source.title)
    return f'<a href="{escape(source.landing_page)}">{title}</a>' if source.landing_page else title


def _hidden(words: str) -> str:
    return f'<span class="sna-hidden">{escape(words)}</span>'


def rule_of(sources: Sequence[Source]) -> Rule:
    """Return the strictest disclosure rule of some sources."""
    return strictest(source.disclosure_rule for source in sources)


def unavailable_html(identifier: str, question: str, needs: str, source: str) -> str:
    """Return the plain box that stands where an edition lacks the data for an exhibit."""
    asked = f" {escape(question)}" if question else ""
    return (
        f'<div class="sna-unavailable" id="{escape(identifier)}" role="note"><p class="sna-title">Not available in this edition.{asked}</p>'
        f"<p>Needs {escape(needs)}, from {escape(source)}.</p></div>"
    )
