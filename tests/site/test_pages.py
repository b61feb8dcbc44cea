"""Every page of the built site: links, headings, language, whose work it is, and nothing from elsewhere."""

import gzip
import re
from urllib.parse import unquote, urlsplit

import pytest

from svd_lib.build.check import MOST_ENTRIES
from svd_lib.build.provenance import folder_digests
from svd_lib.build.searching import index_site

pytestmark = pytest.mark.site

LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src", "object": "data", "use": "href", "image": "href"}
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
NOT_A_RESOURCE = {"canonical", "next", "prev", "search", "index", "author", "license"}
THIRD_PARTIES = re.compile(r"unpkg|jsdelivr|cdnjs|mathjax|thebe|binder|googleapis|gstatic|googletagmanager|requirejs|fontawesome\.com", re.IGNORECASE)
MOST_BYTES = 300_000
MOST_BEFORE_PAINT = 100_000
ANCHORS_MADE_BY_SCRIPTS = {"#", "#pst-secondary-sidebar", "#__page-toc"}


def each(site):
    return site.pages.items()


def test_there_are_pages(site):
    assert "index.html" in site.pages and len(site.pages) >= 6


def test_every_internal_link_and_anchor_resolves(site):
    broken = []
    for name, page in each(site):
        for link in page.select("a[href]"):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = site.folder / unquote(parts.path) if parts.path else site.folder / name
            if not target.is_file():
                broken.append(f"{name}: {link['href']} leads nowhere")
            elif parts.fragment and target.suffix == ".html" and not _has_anchor(site.pages[target.name], parts.fragment):
                broken.append(f"{name}: {link['href']} has no such anchor")
    assert broken == []


def _has_anchor(page, fragment):
    return page.find(id=unquote(fragment)) is not None


def test_no_page_asks_for_anything_from_elsewhere(site):
    for name, page in each(site):
        for tag, attribute in LOADING.items():
            for element in page.find_all(tag):
                address = element.get(attribute) or ""
                if tag == "link" and set(element.get("rel", [])) & NOT_A_RESOURCE:
                    continue
                assert "//" not in address.removeprefix("data:image/svg+xml"), f"{name} loads {address}"


def test_no_style_or_script_asks_for_anything_from_elsewhere(site):
    for path in sorted(site.folder.rglob("*.css")):
        outside = re.findall(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//[^)\"']+", path.read_text(encoding="utf-8"))
        assert outside == [], path.name
    for name, page in each(site):
        inline = " ".join(script.get_text() for script in page.find_all("script") if not script.get("src"))
        assert not THIRD_PARTIES.search(inline), name


def test_styles_ask_only_for_files_that_are_there(site):
    for path in sorted(site.folder.rglob("*.css")):
        for address in re.findall(r"url\([\"']?([^)\"']+)", path.read_text(encoding="utf-8")):
            if not address.startswith(("data:", "#")):
                assert (path.parent / address.split("?")[0].split("#")[0]).is_file(), f"{path.name}: {address}"


def test_every_page_states_a_policy_before_its_first_script(site):
    for name in site.pages:
        text = (site.folder / name).read_text(encoding="utf-8")
        assert -1 < text.find('http-equiv="Content-Security-Policy"') < text.find("<script"), name
        assert ("'wasm-unsafe-eval'" in text) == (name == "search.html"), name


def test_the_search_index_is_the_same_every_time_and_names_no_host(site, tmp_path):
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for name in site.pages:
        (copy / name).write_bytes((site.folder / name).read_bytes())
    assert index_site(copy) == len(site.pages) - 1
    assert folder_digests(copy / "pagefind") == folder_digests(site.folder / "pagefind")
    named = [found for path in sorted(copy.glob("pagefind/*.js")) for found in re.findall(r"https?:[\\/]+[\w.]+", path.read_text(encoding="utf-8"))]
    assert named and all(found.endswith("site.invalid") or found.endswith(r"site") for found in named), set(named)


def test_pages_are_light(site):
    """Every page and what it loads before first paint, compressed as a server sends it."""
    before_paint = sum(weight(site.folder / "_static" / name) for name in ("report.css", "sna.js"))
    for name in site.pages:
        own = weight(site.folder / name)
        print(f"{name}: {(own + before_paint) / 1000:.1f} KB gzip, of them {before_paint / 1000:.1f} KB styles and script")
        assert own + before_paint <= MOST_BYTES, name
    assert before_paint <= MOST_BEFORE_PAINT


def weight(path):
    return len(gzip.compress(path.read_bytes(), 6))


def test_every_page_says_whose_work_it_is(site):
    for name, page in each(site):
        banner = page.select_one("aside.sna-demonstration")
        assert banner is not None and site.edition.status_line in banner.get_text(" ", strip=True), name


def test_every_page_has_language_title_and_one_first_heading(site):
    titles = [page.title.get_text() for page in site.pages.values()]
    assert len(set(titles)) == len(titles)
    for name, page in each(site):
        assert page.html["lang"] == "en-GB", name
        assert len(page.find_all("h1")) == 1, name


def test_headings_do_not_skip_a_level(site):
    for name, page in each(site):
        levels = [int(heading.name[1]) for heading in page.select("main " + ", main ".join(HEADINGS))]
        assert levels[0] == 1, name
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:])), f"{name}: {levels}"


def test_ids_are_used_once(site):
    for name, page in each(site):
        ids = [element["id"] for element in page.find_all(id=True)]
        assert sorted(ids) == sorted(set(ids)), f"{name}: {[i for i in set(ids) if ids.count(i) > 1]}"


def test_pictures_have_alternative_text(site):
    for name, page in each(site):
        for image in page.find_all("img"):
            assert image.get("alt"), name
        for svg in page.select("svg.sna-figure"):
            words = page.find(id=svg["aria-labelledby"])
            assert svg["role"] == "img" and words is not None and words.get_text(strip=True), name


def test_tables_have_captions_and_scopes(site):
    for name, page in each(site):
        for table in page.select("table.sna-table"):
            assert table.caption and table.caption.get_text(strip=True), name
            assert all(cell.get("scope") and cell.get_text(strip=True) for cell in table.find_all("th")), name


def test_buttons_and_links_have_names(site):
    for name, page in each(site):
        for element in page.select("button, a[href]"):
            assert element.get_text(strip=True) or element.get("aria-label"), f"{name}: {element}"


def test_the_first_page_leads_to_every_page(site):
    linked = {urlsplit(link["href"]).path for link in site.pages["index.html"].select("a[href]")}
    assert set(site.pages) - linked <= {"index.html"}


def test_the_navigation_is_short(site):
    entries = site.pages["index.html"].select("nav.sna-contents li.toctree-l1")
    assert 1 < len(entries) <= MOST_ENTRIES


def test_every_exhibit_offers_its_files(site):
    for page in site.pages.values():
        for figure in page.select("figure.sna-exhibit"):
            assert figure.select_one(f'a[href="exhibits/{figure["id"]}.csv"]'), figure["id"]
            assert (site.folder / "exhibits" / f"{figure['id']}.csv").is_file()


def test_nothing_names_a_folder_of_this_machine(site, root):
    for path in sorted(site.folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            assert str(root).encode() not in content, path.name
            assert b"/.next/" not in content and b"ipykernel_" not in content, path.name


def test_the_digest_covers_every_file(site):
    import json

    digest = json.loads((site.edition.build_path / "digest.json").read_text(encoding="utf-8"))
    assert digest["files"] == folder_digests(site.folder)


def test_pages_use_the_figures_colours(root):
    from svd_lib.figures.style import theme_css

    assert theme_css() in (root / "book" / "_static" / "figure-colours.css").read_text(encoding="utf-8")


def test_code_is_not_shown_but_offered(site):
    for name, page in each(site):
        assert not page.select("div.cell_input"), name
    for path in sorted((site.folder / "notebooks").glob("*.ipynb")):
        assert any(page.select(f'a[href="notebooks/{path.name}"]') for page in site.pages.values()), path.name
