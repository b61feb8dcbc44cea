"""The content security policy of every page: only the site's own files, and inline scripts by their hash."""

from __future__ import annotations

import base64
import hashlib
import re

SEARCHING = "'wasm-unsafe-eval'"
"""What Pagefind needs to run its index, and no page but the search page gets."""
_INLINE = re.compile(r"<(script|style)\b([^>]*)>(.*?)</\1>", re.DOTALL)
_CHARSET = re.compile(r"<meta charset=\"utf-8\"\s*/?>", re.IGNORECASE)
_DATA = ("application/json", "application/ld+json")


def policy_of(page: str, is_search: bool = False) -> str:
    """Return the policy of one page.

    Parameters
    ----------
    page : str
        The whole HTML.
    is_search : bool, default False
        Whether WebAssembly may be compiled.
    """
    scripts, styles = inline_hashes(page)
    may_compile = [SEARCHING] if is_search else []
    parts = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *scripts, *may_compile],
        "style-src": ["'self'", *styles],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in parts.items())


def inline_hashes(page: str) -> tuple[list[str], list[str]]:
    """Return the hashes of a page's inline scripts and of its inline styles, as a policy writes them."""
    found: dict[str, list[str]] = {"script": [], "style": []}
    for kind, attributes, content in _INLINE.findall(page):
        if " src=" not in attributes and not any(kept in attributes for kept in _DATA):
            digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
            found[kind].append(f"'sha256-{digest}'")
    return list(dict.fromkeys(found["script"])), list(dict.fromkeys(found["style"]))


def with_policy(page: str, is_search: bool = False) -> str:
    """Return a page that states its policy before anything that the policy governs."""
    said = policy_of(page, is_search)
    return _CHARSET.sub(lambda found: f'{found[0]}<meta http-equiv="Content-Security-Policy" content="{said}"/>', page, count=1)
