"""One stylesheet for the whole site: the theme's styles without the rules that no page uses, then our own.

The book theme ships half a megabyte of styles for everything that any book might hold. A rule stays when every element,
class and id that its selector names occurs in a page or in a script of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

NAME = "report.css"
THEME_STYLES = ("styles/pydata-sphinx-theme.css", "styles/sphinx-book-theme.css")
OWN_STYLES = ("figure-colours.css", "sna.css")
NESTING = ("@media", "@supports", "@layer")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"[\"'(){};]")
_TAG = re.compile(r"<([a-zA-Z][\w-]*)")
_ATTRIBUTE = re.compile(r"\b(class|id)=\"([^\"]*)\"")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_FUNCTION = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")
_NAMED = re.compile(r"([.#])(-?[A-Za-z_][\w-]*)")
_ELEMENT = re.compile(r"(?:^|[\s>+~])([a-zA-Z][\w]*)")
_IGNORED = re.compile(r"\[[^\]]*\]|::?[\w-]+(?:\([^()]*\))?")
_LITERAL = re.compile(r"([\"'`])((?:(?!\1).)*)\1")
_PROPERTY = re.compile(r"(?<=[{;\s])(--[\w-]+)\s*:(?:\"[^\"]*\"|'[^']*'|\((?:[^()\"']|\"[^\"]*\"|'[^']*'|\([^()]*\))*\)|[^;{}\"'()])*;?")
_USE = re.compile(r"var\(\s*(--[\w-]+)")


@dataclass(frozen=True)
class Used:
    """What the pages hold: names of elements, and words that stand as classes or ids."""

    elements: frozenset[str]
    names: frozenset[str]


def used_in(pages: Iterable[str], scripts: Iterable[str] = ()) -> Used:
    """Return the elements, classes and ids of some pages, and those that scripts name in quotes.

    Parameters
    ----------
    pages, scripts : iterable of str
        HTML and JavaScript.
    """
    elements, names = {"html", "body", "dialog"}, set()
    for page in pages:
        elements |= {name.lower() for name in _TAG.findall(page)}
        names |= {name for _, value in _ATTRIBUTE.findall(page) for name in value.split()}
    for _, words in (found for script in scripts for found in _LITERAL.findall(script)):
        elements |= {words} if words.islower() else set()
        names |= {name for _, name in _NAMED.findall(words)} | ({words} if _WORD.fullmatch(words) else set())
    return Used(frozenset(elements), frozenset(names))


def subset(css: str, used: Used) -> str:
    """Return a stylesheet without the rules that cannot match and the custom properties that nothing uses."""
    kept = "\n".join(_rules(_COMMENT.sub("", css), used))
    for _ in range(3):
        wanted = set(_USE.findall(kept))
        kept = _PROPERTY.sub(lambda found, wanted=wanted: found[0] if found[1] in wanted else "", kept)
    return kept


def _rules(css: str, used: Used) -> Iterator[str]:
    for prelude, body in blocks(css):
        if prelude.startswith(NESTING):
            inner = "".join(_rules(body, used))
            if inner:
                yield f"{prelude}{{{inner}}}"
        elif not prelude.startswith("@"):
            selectors = [part for part in _parted(prelude) if _may_match(part, used)]
            if selectors and body.strip():
                yield f"{','.join(selectors)}{{{body.strip()}}}"
        elif prelude.startswith("@page"):
            yield f"{prelude}{{{body}}}"


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """Yield what stands before each pair of outermost braces, and what stands in it; statements without braces are left out."""
    depth, start, opened, quote = 0, 0, 0, ""
    for found in _TOKEN.finditer(css):
        sign = found[0]
        if quote or sign in "\"'":
            quote = "" if sign == quote else quote or sign
        elif sign == "{":
            opened, depth = (found.start(), 1) if not depth else (opened, depth + 1)
        elif sign == "}":
            depth -= 1
            if not depth:
                yield css[start:opened].strip(), css[opened + 1 : found.start()]
                start = found.end()
        elif sign == ";" and not depth:
            start = found.end()


def _parted(prelude: str) -> list[str]:
    """Split a list of selectors at the commas outside brackets."""
    parts, depth, last = [], 0, 0
    for place, sign in enumerate(prelude):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            parts.append(prelude[last:place].strip())
            last = place + 1
    return [*parts, prelude[last:].strip()]


def _may_match(selector: str, used: Used) -> bool:
    bare = _FUNCTION.sub("", selector)
    if not all(name in used.names for _, name in _NAMED.findall(_IGNORED.sub("", bare))):
        return False
    plain = _NAMED.sub("", _IGNORED.sub("", bare))
    return all(name.lower() in used.elements for name in _ELEMENT.findall(plain))


def write_one_stylesheet(static: Path, pages: Iterable[Path]) -> Path:
    """Write the site's one stylesheet beside the files it replaces, and take those away.

    Parameters
    ----------
    static : pathlib.Path
        The site's ``_static`` folder.
    pages : iterable of pathlib.Path
        Every page.
    """
    scripts = [path.read_text(encoding="utf-8") for path in sorted(static.glob("*.js"))]
    used = used_in((path.read_text(encoding="utf-8") for path in pages), scripts)
    highlights = [path.relative_to(static).as_posix() for path in sorted(static.glob("mystnb*.css"))]
    theme = [static / name for name in (*THEME_STYLES, *highlights)]
    own = [static / name for name in OWN_STYLES]
    joined = "".join(path.read_text(encoding="utf-8") for path in theme if path.is_file())
    text = subset(joined, used) + "\n" + "".join(path.read_text(encoding="utf-8") for path in own)
    for path in static.rglob("*.css"):
        path.unlink(missing_ok=True)
    (static / NAME).write_text(text, encoding="utf-8")
    return static / NAME
