"""Published files as records: a few texts that belong together, with where they stand and what the words around say.

Pages and pictures are read by Beautiful Soup, tables by their headings, workbooks as the XML inside them, search indexes and bundles
after decompression, PDF by its text.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, Comment, NavigableString, Tag, XMLParsedAsHTMLWarning

NOT_READ = {".png", ".jpg", ".webp", ".ico", ".woff", ".woff2", ".ttf", ".css", ".wasm", ".map"}
ATTRIBUTES = ("alt", "title", "aria-label", "aria-description", "content", "value", "summary", "label", "placeholder")
BLOCKS = ("p", "li", "h1", "h2", "h3", "h4", "figcaption", "caption", "title", "desc", "text", "dd", "dt", "summary", "option", "button", "label", "blockquote", "a", "span")
END = re.compile(r"(?<=[.!?;])\s+|\n+")


@dataclass(frozen=True)
class Row:
    """Texts that belong together.

    Attributes
    ----------
    where : str
        File, and what in it.
    about : str
        Title, caption, headings, file name.
    fields : tuple of (str, str)
        Heading (empty in running text) and text.
    is_table : bool
        Whether headings say what each text is.
    """

    where: str
    about: str
    fields: tuple[tuple[str, str], ...]
    is_table: bool = False


def read_folder(folder: Path, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield the records of every file; ``words`` says what the exhibit of an id is about."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() not in NOT_READ:
            name = path.relative_to(folder).as_posix()
            about = f"{spaced(name)} {' '.join(said for key, said in words.items() if path.stem.startswith(key))}"
            yield Row(name, about, (("", spaced(name)),))
            yield from read(path.read_bytes(), name, about, words)


def exhibit_words(folder: Path) -> dict[str, str]:
    """Return what each published exhibit says it is about, by id."""
    found = {}
    for path in sorted((folder / "exhibits").glob("*.json")):
        held = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(held, dict) and "title" in held:
            found[path.stem] = " ".join([str(held.get(key, "")) for key in ("title", "subtitle", "note")] + [spaced(one) for one in held.get("sources", [])])
    return found


def read(content: bytes, name: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield the records of one file by what it is."""
    kind = name.rpartition(".")[2].lower()
    if content[:2] == b"\x1f\x8b":
        yield from whole(gzip.decompress(content).decode("utf-8", "replace"), name, about)
    elif content[:4] == b"PK\x03\x04":
        yield from archive(content, name, about, words)
    elif content[:4] == b"%PDF":
        yield from document(content, name, about)
    elif kind == "csv":
        yield from table(list(csv.reader(io.StringIO(content.decode("utf-8", "replace")))), name, about)
    elif kind in ("html", "htm", "svg", "xml"):
        yield from markup(content.decode("utf-8", "replace"), name, about, words)
    else:
        yield from whole(content.decode("utf-8", "replace"), name, about)


def spaced(name: str) -> str:
    """Return a file's name or an id as words."""
    return re.sub(r"[-_/.]+", " ", name)


def table(rows: list[list[str]], where: str, about: str) -> Iterator[Row]:
    """Yield the rows of a table under its headings: its first row of several words and no number."""
    heads: list[str] = []
    for row in rows:
        if not heads and len([cell for cell in row if cell]) > 1 and not any(re.fullmatch(r"[\d,.]+%?", cell) for cell in row):
            heads = row
        else:
            yield Row(where, about, tuple(zip([*heads, *[""] * len(row)], row)), bool(heads))


def sentences(text: str, where: str, about: str) -> Iterator[Row]:
    """Yield the sentences that hold a digit."""
    for part in END.split(" ".join(text.split()) if "\n" not in text else text):
        if any(sign.isdigit() for sign in part):
            yield Row(where, about, (("", part),))


def whole(text: str, where: str, about: str) -> Iterator[Row]:
    """Yield the records of a text that may hold JSON."""
    start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
    try:
        document_, _ = json.JSONDecoder().raw_decode(text[start:]) if start >= 0 else (None, 0)
    except ValueError:
        document_ = None
    yield from values(document_, where, about) if isinstance(document_, (dict, list)) else sentences(text, where, about)


def values(value: object, where: str, about: str) -> Iterator[Row]:
    """Yield each object of JSON with its own plain values, lists of plain values, and the sentences in long texts."""
    if isinstance(value, dict):
        plain = tuple((str(key), str(one)) for key, one in value.items() if isinstance(one, (str, int, float)) and not isinstance(one, bool) and len(str(one)) < 400)
        yield Row(where, about, plain, False)
        inner = f"{about} {' '.join(one for key, one in plain if key in ('title', 'name', 'id', 'caption', 'url', 'subtitle'))}"
        for key, one in value.items():
            yield from values(one, where, f"{inner} {spaced(str(key))}")
    elif isinstance(value, list):
        if value and all(isinstance(one, (str, int, float)) for one in value):
            joined = "".join(map(str, value)) if any("</" in str(one) for one in value) else ""
            yield from markup(joined, where, about, {}) if joined else [Row(where, about, tuple(("", str(one)) for one in value))]
        for one in value:
            yield from values(one, where, about) if isinstance(one, (dict, list)) else ()
    elif isinstance(value, str):
        yield from markup(value, where, about, {}) if "</" in value else sentences(value, where, about)


def archive(content: bytes, name: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield the records inside a zip file: a workbook's sheets as tables, everything else by what it is."""
    with zipfile.ZipFile(io.BytesIO(content)) as held:
        shared = [BeautifulSoup(one, "xml").get_text() for one in re.findall(r"<si>.*?</si>", held.read("xl/sharedStrings.xml").decode(), re.DOTALL)] if "xl/sharedStrings.xml" in held.namelist() else []
        for entry in held.namelist():
            inside, inner = held.read(entry), f"{name}!{entry}"
            said = f"{about} {spaced(entry)} {' '.join(one for key, one in words.items() if Path(entry).stem.startswith(key))}"
            if entry.startswith("xl/worksheets/"):
                yield from sheet(inside.decode("utf-8", "replace"), shared, inner, said, words)
            elif entry.endswith("content.xml"):
                yield from spreadsheet(inside.decode("utf-8", "replace"), inner, said, words)
            else:
                yield from read(inside, inner, said, words)


def sheet(text: str, shared: list[str], where: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of a worksheet; the words above its table say what it is about."""
    rows = []
    for row in re.findall(r"<row\b.*?</row>", text, re.DOTALL):
        cells = []
        for kind, inside in re.findall(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", row, re.DOTALL):
            said = re.sub(r"<[^>]+>", "", "".join(re.findall(r"<v>.*?</v>|<t\b[^>]*>.*?</t>", inside, re.DOTALL)))
            cells.append(shared[int(said)] if 't="s"' in kind and said.isdigit() else said)
        rows.append(cells)
    yield from titled(rows, where, about, words)


def spreadsheet(text: str, where: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield the rows of every sheet of an OpenDocument workbook."""
    for held in re.findall(r"<table:table\b.*?</table:table>", text, re.DOTALL):
        rows = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<table:table-cell\b[^>]*?(?:/>|>.*?</table:table-cell>)", row, re.DOTALL)]
                for row in re.findall(r"<table:table-row\b.*?</table:table-row>", held, re.DOTALL)]  # fmt: skip
        yield from titled(rows, where, about, words)


def titled(rows: list[list[str]], where: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield a sheet's table after the lines of one cell above it, which say what it is about."""
    first = next((number for number, row in enumerate(rows) if len([cell for cell in row if cell]) > 1), len(rows))
    title = " ".join(cell for row in rows[:first] for cell in row)
    known = " ".join(said for said in words.values() if said and title and said.split(".")[0][:40].casefold() in title.casefold())
    yield Row(where, about, (("", title),))
    yield from table(rows[first:], where, f"{about} {title} {known}")


def document(content: bytes, where: str, about: str) -> Iterator[Row]:
    """Yield the sentences of a PDF."""
    from pypdf import PdfReader

    for page in PdfReader(io.BytesIO(content)).pages:
        yield from sentences(page.extract_text(), where, about)


def markup(text: str, where: str, about: str, words: Mapping[str, str]) -> Iterator[Row]:
    """Yield attributes, tables, blocks of text, comments and scripts of a page or picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # a picture's text is found by a reader of pages too
        soup = BeautifulSoup(text, "lxml")
    title = soup.title.get_text(" ") if soup.title else ""
    for tag in soup.find_all(True):
        speaking = {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in tag.attrs.items() if key in ATTRIBUTES or key.startswith("data-")}
        is_text = tag.name in BLOCKS and any(sign.isdigit() for sign in tag.get_text()) and tag.find_parent("table") is None and not _has_block(tag)
        if not (speaking or is_text or tag.name in ("script", "table")):
            continue
        around = f"{about} {title} {_exhibit(tag, words)}"
        for key, said in speaking.items():
            if any(sign.isdigit() for sign in said):
                yield from whole(said, f"{where}@{key}", around)
        if tag.name == "script":
            yield from whole(tag.get_text(), f"{where}@script", around)
        elif tag.name == "table":
            yield from _html_table(tag, where, around)
        elif is_text:
            yield from sentences(tag.get_text(" "), where, around)
    loose = [one for one in soup.find_all(string=True) if type(one) is NavigableString and one.parent.name in ("div", "body", "section", "article", "main")]
    for one in [*loose, *soup.find_all(string=lambda held: isinstance(held, Comment))]:
        yield from sentences(str(one), where, f"{about} {title}")


def _has_block(tag: Tag) -> bool:
    return tag.find(("p", "li", "h1", "h2", "h3", "h4", "figcaption")) is not None


def _exhibit(tag: Tag, words: Mapping[str, str]) -> str:
    holder = tag if tag.name == "figure" else tag.find_parent("figure")
    return words.get(str(holder.get("id", "")), "") if holder is not None else ""


def _html_table(held: Tag, where: str, about: str) -> Iterable[Row]:
    caption = held.caption.get_text(" ") if held.caption else ""
    rows = [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(("td", "th"))] for row in held.find_all("tr")]
    return table(rows, where, f"{about} {caption}")
