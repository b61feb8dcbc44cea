"""Every page in Chromium, from disk: nothing asked for elsewhere, no sideways scrolling, everything within reach."""

import csv

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.site]
NARROW = 320
LEAST_LETTER = 11
MOST_OF_A_MAP = 1_200_000
SMALLEST_LETTER = """() => {
  const sizes = [...document.querySelectorAll("svg.sna-figure")].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll("text")].map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
  });
  return sizes.length ? Math.min(...sizes) : null;
}"""


def opened(page, site, name):
    page.goto((site.folder / name).as_uri())
    page.wait_for_load_state("load")


VIOLATIONS = "window.refused = []; addEventListener('securitypolicyviolation', event => refused.push(event.violatedDirective + ' ' + event.blockedURI));"


def crawled(chromium, site, address):
    """Open every page and return what was asked for and what went wrong."""
    page, asked, problems = chromium.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.add_init_script(VIOLATIONS)
    for name in site.pages:
        page.goto(f"{address}/{name}")
        page.wait_for_load_state("load")
        problems += [f"{name}: {found}" for found in page.evaluate("refused")]
    return asked, problems


def test_pages_ask_only_for_their_own_files_and_break_no_policy(chromium, site):
    own = site.folder.as_uri()
    asked, problems = crawled(chromium, site, own)
    assert [address for address in asked if not address.startswith((own, "data:"))] == []
    assert problems == []


def test_a_served_site_asks_only_its_own_server_and_breaks_no_policy(chromium, site, served):
    asked, problems = crawled(chromium, site, served)
    assert [address for address in asked if not address.startswith((served, "data:"))] == []
    assert problems == []


def test_a_script_from_elsewhere_or_without_hash_is_refused(chromium, site):
    page = chromium.new_page()
    page.add_init_script(VIOLATIONS)
    opened(page, site, "index.html")
    page.evaluate("""() => { const own = document.createElement("script"); own.textContent = "window.ran = true"; document.body.append(own);
        const far = document.createElement("img"); far.src = "https://site.invalid/x.png"; document.body.append(far); }""")
    page.wait_for_function("refused.length >= 2")
    assert page.evaluate("window.ran") is None


def test_no_page_scrolls_sideways_on_a_narrow_screen(chromium, site):
    page = chromium.new_context(viewport={"width": NARROW, "height": 640}).new_page()
    for name in site.pages:
        opened(page, site, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, name


def test_letters_of_pictures_stay_readable_on_a_narrow_screen(chromium, site):
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    for name in site.pages:
        opened(page, site, name)
        smallest = page.evaluate(SMALLEST_LETTER)
        assert smallest is None or smallest >= LEAST_LETTER, f"{name}: {smallest}"


def test_paper_is_light_and_keeps_the_title(chromium, site):
    page = chromium.new_context(color_scheme="dark").new_page()
    opened(page, site, "trends.html")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--sna-paper').trim()") == "#ffffff"


def test_searching_by_keyboard_leads_to_a_section(chromium, site, served):
    page = chromium.new_page()
    page.goto(f"{served}/search.html")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("deprivation")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sna-search-results li a")
    assert "deprivation" in page.get_by_role("status").inner_text()
    targets = page.eval_on_selector_all("#sna-search-results a", "links => links.map(link => link.getAttribute('href'))")
    assert any("#" in target for target in targets)
    for target in targets:
        path, _, anchor = target.removeprefix("/").partition("#")
        assert site.pages[path].find(id=anchor) if anchor else path in site.pages, target


def test_from_disk_the_search_page_says_what_it_needs(chromium, site):
    page = chromium.new_page()
    page.goto((site.folder / "search.html").as_uri() + "?q=violence")
    assert "needs a web server" in page.get_by_role("status").inner_text()
    assert page.get_by_role("searchbox").is_disabled()


def test_the_skip_link_is_first_and_is_seen(chromium, site):
    page = chromium.new_page()
    opened(page, site, "index.html")
    page.keyboard.press("Tab")
    box = page.evaluate("(() => { const b = document.activeElement.getBoundingClientRect(); return [document.activeElement.textContent.trim(), b.left, b.top] })()")
    assert box[0] == "Skip to main content" and box[1] >= 0 and box[2] >= 0


def test_the_contents_open_on_a_narrow_screen(chromium, site):
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    opened(page, site, "trends.html")
    page.locator(".primary-toggle:visible").click()
    page.locator("nav.sna-contents a:visible").first.wait_for(timeout=5000)
    page.keyboard.press("Escape")
    page.locator("nav.sna-contents").first.wait_for(state="hidden", timeout=5000)


FROM_FRONT_TO_FILE = 25
"""Keys at most, from the first page to one neighbourhood's rate, its table and its CSV file."""


def test_a_neighbourhoods_rate_table_and_file_are_few_keys_away(chromium, site):
    page, pressed = chromium.new_context(accept_downloads=True).new_page(), []

    def press(key):
        page.keyboard.press(key)
        pressed.append(key)

    def tab_to(name):
        while name not in page.evaluate("document.activeElement.matches('a, button') ? document.activeElement.textContent : ''"):
            press("Tab")
            assert len(pressed) <= FROM_FRONT_TO_FILE, (name, pressed)

    opened(page, site, "index.html")
    tab_to("Skip to main content")
    press("Enter")
    tab_to("Find a neighbourhood")
    press("Enter")
    page.wait_for_url("**/geography.html#*")
    tab_to("Find a neighbourhood")
    press("Enter")
    page.get_by_role("combobox").wait_for()
    wanted = page.locator("optgroup option").nth(7).inner_text()
    for letter in wanted[:8]:
        press("Space" if letter == " " else letter)
    row = page.get_by_role("rowheader", name=f"{wanted.split()[0]}").first
    assert "(chosen)" in row.inner_text()
    tab_to("CSV")
    with page.expect_download() as download:
        press("Enter")
    assert download.value.suggested_filename == "geography-lsoa-rate.csv"
    print(f"{len(pressed)} keys")


def test_the_map_shows_the_figures_of_the_csv_and_its_neighbours(chromium, site):
    with (site.folder / "exhibits" / "geography-lsoa-rate.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    page = chromium.new_page()
    opened(page, site, "geography.html")
    page.get_by_role("button", name="Find a neighbourhood on the map").first.click()
    page.get_by_role("combobox").select_option(rows[3]["label"])
    cells = page.locator("#geography-lsoa-rate-explore tr.sna-chosen td").all_inner_texts()
    assert cells[0].replace(",", "") == rows[3]["numerator"]
    assert float(cells[2].replace(",", "")) == pytest.approx(float(rows[3]["value"]), abs=0.051)
    assert page.locator("#geography-lsoa-rate-explore tbody tr").count() > 3
    before = page.locator(".sna-map").first.get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").first.click()
    assert page.locator(".sna-map").first.get_attribute("viewBox") != before
    for path in sorted(site.folder.glob("exhibits/*.places.js")):
        assert path.stat().st_size + (site.folder / "_static" / "explore.js").stat().st_size <= MOST_OF_A_MAP


def test_a_heading_sorts_its_table_and_says_so(chromium, site):
    page = chromium.new_page()
    opened(page, site, "geography.html")
    page.locator("#geography-district-rate details.sna-data > summary").click()
    table = page.locator("#geography-district-rate-table")
    for order, is_rising in (("ascending", True), ("descending", False)):
        table.locator("thead button").nth(1).click()
        assert table.locator("thead th").nth(1).get_attribute("aria-sort") == order
        values = [float(text.replace(",", "")) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
        assert values == sorted(values, reverse=not is_rising) and len(values) > 2


def test_a_picture_can_be_had_as_pixels(chromium, site, tmp_path):
    page = chromium.new_context(accept_downloads=True, color_scheme="dark").new_page()
    opened(page, site, "geography.html")
    with page.expect_download() as download:
        page.locator("#geography-district-rate .sna-png").click()
    download.value.save_as(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(content[16:20]) >= 1200


def test_on_a_phone_no_picture_is_cut_off(chromium, site):
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    for name in site.pages:
        opened(page, site, name)
        cut = page.evaluate("[...document.querySelectorAll('.sna-picture')].filter(box => box.clientWidth && box.scrollWidth > box.clientWidth + 1).map(box => box.ariaLabel)")
        assert cut == [], name


def test_without_scripts_contents_tables_and_pictures_are_there(chromium, site):
    page = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    opened(page, site, "geography.html")
    assert page.locator("nav.sna-contents a").first.is_visible()
    assert page.locator("#geography-district-rate svg.sna-figure").last.is_visible()
    page.locator("#geography-district-rate details.sna-data > summary").click()
    assert page.locator("#geography-district-rate-table").is_visible()
    assert not page.locator(".sna-explore button").first.is_visible()


def test_in_forced_colours_icons_and_pictures_are_seen_and_nothing_scrolls(chromium, site):
    page = chromium.new_context(forced_colors="active", reduced_motion="reduce", viewport={"width": NARROW, "height": 640}).new_page()
    for name in site.pages:
        opened(page, site, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, name
        hidden = page.evaluate("""() => [...document.querySelectorAll('.fa-solid')].filter(icon => icon.offsetParent &&
            getComputedStyle(icon).backgroundColor === getComputedStyle(document.body).backgroundColor).map(icon => icon.className)""")
        assert hidden == [], name
        assert page.evaluate("document.getAnimations().length") == 0, name
