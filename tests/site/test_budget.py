"""How soon a page is seen on a slow phone: 1.6 Mbit/s, 150 ms away, a processor four times slower. Times are printed, shifts asserted."""

import gzip
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.site]
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 1.6e6 / 8}
PAGES = ("index.html", "geography.html", "trends.html")
MOST_SHIFT = 0.05
MOST_REQUESTS = 4
OBSERVE = """window.seen = {largest: 0, shift: 0};
new PerformanceObserver(list => { for (const entry of list.getEntries()) seen.largest = entry.startTime; }).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value; }).observe({type: "layout-shift", buffered: true});"""


class Compressing(SimpleHTTPRequestHandler):
    """A plain web server that compresses what it sends, as every published one does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.translate_path(self.path)
        try:
            content = gzip.compress(Path(path).read_bytes(), 6)
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        for name, value in {"Content-Type": self.guess_type(path), "Content-Encoding": "gzip", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def slow_page(site):
    from playwright.sync_api import sync_playwright

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressing, directory=site.folder))
    Thread(target=server.serve_forever, daemon=True).start()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield partial(measured, browser, f"http://127.0.0.1:{server.server_port}")
        browser.close()
    server.shutdown()


def measured(browser, address, name):
    """Open a page afresh on a slow phone and return times in ms, layout shift and the requests made."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(OBSERVE)
    device = page.context.new_cdp_session(page)
    device.send("Network.enable")
    device.send("Network.emulateNetworkConditions", SLOW)
    device.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{address}/{name}")
    page.wait_for_timeout(1500)
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    seen = page.evaluate("seen")
    page.context.close()
    return {"first paint": first, "largest paint": seen["largest"], "shift": seen["shift"], "asked": asked}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_seen_soon_and_does_not_shift(slow_page, name):
    seen = slow_page(name)
    print(f"{name}: first paint {seen['first paint']:.0f} ms (aim 1,500), largest {seen['largest paint']:.0f} ms (aim 2,500), shift {seen['shift']:.3f}, {len(seen['asked'])} requests")
    assert seen["shift"] <= MOST_SHIFT
    assert len(seen["asked"]) <= MOST_REQUESTS, seen["asked"]
