"""Every page in Chromium, from disk: no violation that axe finds, nothing asked for elsewhere, no sideways scrolling."""

import shutil

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.site]
NARROW = 320
LEAST_LETTER = 11
SMALLEST_LETTER = """() => {
  const sizes = [...document.querySelectorAll("svg.sna-figure")].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll("text")].map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
  });
  return sizes.length ? Math.min(...sizes) : null;
}"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.fail("Chromium is missing; install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(page, site, name):
    page.goto((site.folder / name).as_uri())
    page.wait_for_load_state("load")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium, site, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = chromium.new_context(color_scheme=theme).new_page()
    found = []
    for name in site.pages:
        opened(page, site, name)
        found += [f"{name}: {item['id']}: {item['nodes'][0]['html'][:120]}" for item in Axe().run(page).response["violations"]]
    print(f"{len(site.pages)} pages, {theme}")
    assert found == []


def test_pages_ask_only_for_their_own_files_and_raise_nothing(chromium, site):
    page, asked, problems = chromium.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    for name in site.pages:
        opened(page, site, name)
    own = site.folder.as_uri()
    assert [address for address in asked if not address.startswith((own, "data:"))] == []
    assert problems == []


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


def test_searching_works_from_disk(chromium, site):
    page = chromium.new_page()
    page.goto((site.folder / "search.html").as_uri() + "?q=violence")
    page.wait_for_selector("#search-results li a")
    targets = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.getAttribute('href').split('#')[0].split('?')[0])")
    assert targets and all((site.folder / target).is_file() for target in targets)


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
