"""Reading what is published: every text, table row, attribute, JSON object and file name of a folder, each with what it is about.

A record is a few texts that belong together: a row of a table with its headings, an object of JSON, a sentence, an alternative text, a
tooltip, a file's name. Nothing is rendered or run. Workbooks and other zipped documents are read as the XML inside them, compressed
search indexes as the JSON inside.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

MOST_BYTES = 50_000_000
LONGEST_VALUE = 1_000
"""A longer text in JSON is read as sentences or markup, not as one value of its object."""
SKIPPED = {".png", ".woff", ".woff2", ".ttf", ".eot", ".ico", ".css", ".map", ".parquet", ".jpg", ".webp", ".inv", ".wasm"}
SPEAKING = {"alt", "title", "aria-label", "aria-description", "content", "value", "summary", "placeholder", "label"}
BLOCKS = {"p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "caption", "title", "desc", "text", "dd", "dt", "summary", "blockquote", "label", "option", "button", "div", "a", "tspan"}
CELLS = {"td", "th"}
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_OBJECT = re.compile(r"\{[^{}]{1,4000}\}")


@dataclass(frozen=True)
class Record:
    """A few published texts that belong together.

    Attributes
    ----------
    where : str
        File, and the exhibit in it where there is one.
    about : str
        Words around it: caption, headings, the file's name.
    fields : tuple of (str, str)
        Heading (may be empty) and text.
    """

    where: str
    about: str
    fields: tuple[tuple[str, str], ...]


def read_published(folder: Path, exhibits: Mapping[str, str] | None = None) -> Iterator[Record]:
    """Yield every record of every file under a folder.

    Parameters
    ----------
    folder : pathlib.Path
        The published files.
    exhibits : mapping, optional
        Exhibit's id -> words about it, for files and parts of pages that carry its id.
    """
    known = exhibits or {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        about = f"{_spaced(name)} {_words_of(path.stem, known)}"
        yield Record(name, about, (("", _spaced(name)),))
        if path.suffix.lower() not in SKIPPED and path.stat().st_size <= MOST_BYTES:
            yield from read_bytes(path.read_bytes(), name, about, known)


def read_bytes(content: bytes, name: str, about: str, exhibits: Mapping[str, str] | None = None) -> Iterator[Record]:
    """Yield the records of one file's content; what the content is decides, then the name's ending."""
    if content.startswith(b"\x1f\x8b"):
        yield from _objects(gzip.decompress(content).decode("utf-8", "replace"), name, about)
    elif content.startswith(b"PK\x03\x04"):
        yield from _zipped(content, name, about, exhibits)
    elif content.startswith(b"%PDF"):
        yield from _pdf(content, name, about)
    else:
        yield from _texts(content.decode("utf-8", "replace"), name, about, exhibits or {})


def _texts(text: str, name: str, about: str, exhibits: Mapping[str, str]) -> Iterator[Record]:
    ending = name.rpartition(".")[2].lower()
    if ending in ("html", "htm", "svg", "xml"):
        yield from _markup(text, name, about, exhibits)
    elif ending == "csv":
        yield from _rows(text, name, about)
    elif ending in ("json", "jsonld", "ipynb"):
        yield from _json(text, name, about)
    elif ending == "js":
        yield from _objects(text, name, about)
    else:
        yield from _sentences(text, name, about)


def _spaced(name: str) -> str:
    return re.sub(r"[-_/.]+", " ", name)


def _words_of(stem: str, exhibits: Mapping[str, str]) -> str:
    return " ".join(words for identifier, words in exhibits.items() if stem.startswith(identifier))


def _sentences(text: str, where: str, about: str) -> Iterator[Record]:
    for sentence in _SENTENCE.split(text):
        if any(character.isdigit() for character in sentence):
            yield Record(where, about, (("", sentence),))


def _rows(text: str, where: str, about: str) -> Iterator[Record]:
    rows = csv.reader(io.StringIO(text))
    heads = next(rows, [])
    for row in rows:
        yield Record(where, about, tuple(zip(heads, row)))


def _objects(text: str, where: str, about: str) -> Iterator[Record]:
    """Flat objects of a script or index, each as a sentence, and whole documents of JSON as such."""
    start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
    if start >= 0:
        try:
            document, _ = json.JSONDecoder().raw_decode(text[start:])
        except ValueError:
            pass
        else:
            yield from _values(document, where, about)
            return
    for found in _OBJECT.finditer(text):
        yield Record(where, about, (("", found[0]),))


def _json(text: str, where: str, about: str) -> Iterator[Record]:
    try:
        yield from _values(json.loads(text), where, about)
    except ValueError:
        yield from _sentences(text, where, about)


def _values(value: object, where: str, about: str) -> Iterator[Record]:
    if isinstance(value, Mapping):
        short = ((str(key), _leaf(one)) for key, one in value.items() if not isinstance(one, (Mapping, list)))
        leaves = tuple((key, text) for key, text in short if len(text) <= LONGEST_VALUE)
        inner = " ".join(text for _, text in leaves if not _is_number(text))[:2000]
        yield Record(where, about, leaves)
        for key, one in value.items():
            if isinstance(one, str):
                yield from _text(one, where, f"{about} {inner}")
            yield from _values(one, where, f"{about} {_spaced(str(key))} {inner}")
    elif isinstance(value, list) and value and all(isinstance(one, str) for one in value) and any("</" in one for one in value):
        yield from _text("".join(value), where, about)
    elif isinstance(value, list):
        if value and not isinstance(value[0], (Mapping, list)):
            yield Record(where, about, tuple(("", _leaf(one)) for one in value))
        for one in value:
            yield from _values(one, where, about) if isinstance(one, (Mapping, list)) else _sentences(_leaf(one), where, about)


def _text(text: str, where: str, about: str) -> Iterator[Record]:
    """A text inside JSON: markup where it holds any, as a notebook's output does."""
    yield from _markup(text, where, about, {}) if "</" in text else _sentences(text, where, about)


def _leaf(value: object) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-\d.,e+]+", text))


def _zipped(content: bytes, name: str, about: str, exhibits: Mapping[str, str] | None) -> Iterator[Record]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = [entry for entry in archive.infolist() if entry.file_size <= MOST_BYTES]
        shared = _shared_strings(archive) if "xl/sharedStrings.xml" in archive.namelist() else []
        for entry in held:
            inside, inner = archive.read(entry), f"{name}!{entry.filename}"
            if entry.filename.startswith("xl/worksheets/"):
                yield from _sheet(inside.decode("utf-8", "replace"), shared, inner, about)
            else:
                yield from read_bytes(inside, inner, f"{about} {_spaced(entry.filename)}", exhibits)


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    text = archive.read("xl/sharedStrings.xml").decode("utf-8", "replace")
    return [re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<si>(.*?)</si>", text, re.DOTALL)]


def _sheet(text: str, shared: list[str], where: str, about: str) -> Iterator[Record]:
    """Rows of a worksheet, each with the last row of words above it as headings."""
    heads: list[str] = []
    for row in re.findall(r"<row\b.*?</row>", text, re.DOTALL):
        cells = []
        for attributes, inside in re.findall(r"<c\b([^>]*)>(.*?)</c>", row, re.DOTALL):
            value = re.sub(r"<[^>]+>", "", "".join(re.findall(r"<v>.*?</v>|<t\b[^>]*>.*?</t>", inside, re.DOTALL)))
            cells.append(shared[int(value)] if 't="s"' in attributes and value.isdigit() else value)
        if cells and not any(_is_number(cell) for cell in cells):
            heads = cells
        yield Record(where, about, tuple(zip([*heads, *[""] * len(cells)], cells)))


def _pdf(content: bytes, where: str, about: str) -> Iterator[Record]:
    from pypdf import PdfReader  # only where a PDF is published; a reader's tool, not the site's

    for number, page in enumerate(PdfReader(io.BytesIO(content)).pages, 1):
        yield from _sentences(page.extract_text(), f"{where} page {number}", about)


def _markup(text: str, where: str, about: str, exhibits: Mapping[str, str]) -> Iterator[Record]:
    reader = _Reader(where, about, exhibits)
    reader.feed(text)
    reader.close()
    yield from reader.records


@dataclass
class _Table:
    caption: str = ""
    heads: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    is_head: bool = False


class _Reader(HTMLParser):
    """Reads pages and pictures: attributes that speak, blocks of text, table rows, embedded JSON."""

    def __init__(self, where: str, about: str, exhibits: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.where, self.about, self.exhibits = where, about, exhibits
        self.records: list[Record] = []
        self._exhibit: list[str] = []
        self._text: list[str] = []
        self._script: list[str] | None = None
        self._kind = ""
        self._table: _Table | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note attributes, and open tables, rows, scripts and exhibits."""
        given = {name: value or "" for name, value in attrs}
        self._flush()
        if tag == "figure":
            self._exhibit.append(given.get("id", ""))
        for name, value in given.items():
            if (name in SPEAKING or name.startswith("data-")) and any(character.isdigit() for character in value):
                self._speak(value)
        if tag in ("script", "style"):
            self._script, self._kind = [], given.get("type", "")
        if tag == "table":
            self._table = _Table()
        if tag == "tr" and self._table:
            self._table.row, self._table.is_head = [], False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat an empty element as opened and closed."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        """Collect text."""
        (self._script if self._script is not None else self._text).append(data)

    def handle_comment(self, data: str) -> None:
        """A comment is published too."""
        self._speak(data)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened and note what it said."""
        if tag in ("script", "style") and self._script is not None:
            if tag == "script":
                reader = _json if "json" in self._kind else _objects
                self.records += reader("".join(self._script), self._where, self._about)
            self._script = None
        elif tag in CELLS and self._table is not None:
            self._table.row.append(self._taken())
            self._table.is_head |= tag == "th" and len(self._table.row) > 1
        elif tag == "tr" and self._table is not None:
            self._end_row(self._table)
        elif tag == "caption" and self._table is not None:
            self._table.caption = self._taken()
        elif tag == "table":
            self._table = None
        elif tag in BLOCKS:
            self._flush()
        if tag == "figure" and self._exhibit:
            self._exhibit.pop()

    def close(self) -> None:
        """Note the text left at the end."""
        super().close()
        self._flush()

    @property
    def _where(self) -> str:
        return f"{self.where}#{self._exhibit[-1]}" if self._exhibit else self.where

    @property
    def _about(self) -> str:
        return f"{self.about} {' '.join(self.exhibits.get(name, '') for name in self._exhibit)}"

    def _taken(self) -> str:
        said = " ".join("".join(self._text).split())
        self._text = []
        return said

    def _flush(self) -> None:
        if self._table is None:
            self._speak(self._taken())

    def _speak(self, text: str) -> None:
        self.records += _sentences(text, self._where, self._about)

    def _end_row(self, table: _Table) -> None:
        if table.is_head and not table.heads:
            table.heads = table.row
        else:
            heads = [*table.heads, *[""] * len(table.row)]
            self.records.append(Record(self._where, f"{self._about} {table.caption}", tuple(zip(heads, table.row))))
        table.row = []
