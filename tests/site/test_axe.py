"""Axe on every page in both themes, with every folded part open: nothing found, and what axe could not decide is judged by name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from svd_lib.yaml_text import read_yaml

JUDGED = Path(__file__).with_name("axe_judged.yml")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN = "for (const fold of document.querySelectorAll('details')) fold.open = true"


def undecided(response: dict) -> Counter:
    """Count what axe left to people, as "rule: why it could not decide"."""
    return Counter(f"{item['id']}: {reason}" for item in response["incomplete"] for node in item["nodes"] for reason in reasons(node))


def reasons(node: dict) -> set[str]:
    """Return axe's own keys of why it could not decide about one element."""
    checks = [check for kind in ("any", "all", "none") for check in node[kind]]
    return {(check["data"] or {}).get("messageKey") or check["id"] if isinstance(check["data"], dict) else check["id"] for check in checks}


def judged() -> dict[str, str]:
    rows = read_yaml(JUDGED.read_text(encoding="utf-8"))["judged"]
    return {f"{row['rule']}: {row['cannot_tell']}": row["judgement"] for row in rows}


@pytest.mark.browser
@pytest.mark.site
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_what_it_leaves_open_is_judged(chromium, site, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_context(color_scheme=theme).new_page()
    found, open_questions, places = [], Counter(), {}
    for name in site.pages:
        page.goto((site.folder / name).as_uri())
        page.evaluate(OPEN)
        response = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
        found += [f"{name}: {item['id']}: {node['html'][:160]}" for item in response["violations"] for node in item["nodes"][:3]]
        here = undecided(response)
        open_questions += here
        places |= {kind: (name, next(node["html"][:160] for item in response["incomplete"] for node in item["nodes"] if kind.startswith(f"{item['id']}: "))) for kind in here if kind not in places}
    print(f"{len(site.pages)} pages, {theme}: {len(found)} violations; left to people: {dict(sorted(open_questions.items()))}")
    assert found == []
    assert {kind: places[kind] for kind in open_questions if kind not in judged()} == {}


def test_every_judgement_says_why():
    assert all(len(reason.split()) >= 8 for reason in judged().values())


def luminance(colour: tuple[float, float, float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (value / 255 for value in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(block: str) -> dict[str, tuple[float, ...]]:
    """Return a theme's colours by name: three numbers, and a fourth where one is seen through."""
    solid = {name: tuple(int(value[at : at + 2], 16) for at in (0, 2, 4)) for name, value in re.findall(r"--sna-([\w-]+): #([0-9a-f]{6})", block)}
    through = {name: (*map(float, parts.split()), float(share) / 100) for name, parts, share in re.findall(r"--sna-([\w-]+): rgb\(([\d ]+) / (\d+)%\)", block)}
    return {**solid, **through}


@pytest.mark.parametrize("theme", [0, 1])
def test_text_keeps_its_contrast_under_the_shadow_of_an_edge(root, theme):
    style = (root / "book" / "_static" / "sna.css").read_text(encoding="utf-8")
    known = colours(re.findall(r"\{(\s*--sna-paper[^}]*)\}", style)[theme])
    paper, (*edge, share) = known["paper"], known["edge"]
    shadow = tuple(part * (1 - share) + over * share for part, over in zip(paper, edge))
    for name in ("ink", "soft", "strong", "mark"):
        assert contrast(known[name], paper) >= 4.5 and contrast(known[name], shadow) >= 4.5, (name, contrast(known[name], shadow))
