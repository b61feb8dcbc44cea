"""``sna serve``: the site on this machine, built again at every save, with the browser told.

Pages are served as they were published; the one thing added is the address of a script that listens for the next build.
It is reachable from this machine only. When a build fails, the last good site stays and the page says why.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from svd_lib.build.reach import PACKAGE
from svd_lib.build.rebuild import Rebuilder
from svd_lib.edition import Edition
from svd_lib.errors import SnaError

HOST = "127.0.0.1"
EVENTS, SCRIPT = "/_sna/events", "/_sna/reload.js"
WATCHED = ("notebooks", "book", "data/editions", "data/reference", "data/sources.yml", "_config.yml", "_toc.yml")
MOST_LISTENERS, MOST_THREADS = 32, 96
HEARTBEAT = 10.0
"""Seconds after which a silent listener is written to, to find those that have left."""
PATIENCE = 30.0
"""Seconds that a connection may take over its request."""
DEBOUNCE, STEP = 200, 20
"""Milliseconds: saves closer together than the step count as one, for no longer than the first."""
WAIT = 0.5
"""Seconds that one wait for a save lasts."""
_IGNORED = (".ipynb_checkpoints", "__pycache__")
_SOON, _OFTEN = 0.02, 10

RELOAD = """\
const own = new URL(document.currentScript.src).searchParams.get("site");
const banner = document.createElement("div");
banner.setAttribute("role", "alert");
Object.assign(banner.style, {position: "fixed", inset: "0 0 auto 0", zIndex: 99999, padding: "0.75rem 1rem", background: "#fff4d6",
  color: "#1a1a1a", borderBottom: "3px solid #b35c00", font: "1rem/1.4 sans-serif", whiteSpace: "pre-wrap"});
new EventSource("/_sna/events").onmessage = (event) => {
  const {site, problem} = JSON.parse(event.data);
  if (problem) {
    banner.textContent = "Not built: " + problem + " This page is the last good one.";
    document.body.append(banner);
  } else if (site !== own) {
    location.reload();
  } else {
    banner.remove();
  }
};
"""
EMPTY = "<!doctype html><html lang=en-GB><title>Not built yet</title><body><p>There is no site yet; this page shows it as soon as it is built.</p></body></html>"


class News:
    """What became of the latest build, for all who listen."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number, self._latest = 0, {"site": "", "problem": ""}
        self._listeners = 0
        self.is_over = False

    @property
    def site(self) -> str:
        """Digest of the published site."""
        return self._latest["site"]

    def tell(self, latest: dict[str, str]) -> None:
        """Say what became of a build."""
        with self._changed:
            self._number, self._latest = self._number + 1, latest
            self._changed.notify_all()

    def end(self) -> None:
        """Let every listener go."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    @contextlib.contextmanager
    def listener(self) -> Iterator[bool]:
        """Hold a listener's place; False when all are taken."""
        with self._changed:
            has_place = self._listeners < MOST_LISTENERS
            self._listeners += has_place
        try:
            yield has_place
        finally:
            with self._changed:
                self._listeners -= has_place

    def messages(self) -> Iterator[bytes]:
        """Yield an event now, at every build, and a comment when there has been none for a while."""
        seen = -1
        while not self.is_over:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self.is_over or self._number != seen, HEARTBEAT)
                is_new, seen, latest = seen != self._number, self._number, self._latest
            yield f"data: {json.dumps(latest)}\n\n".encode() if is_new else b": still here\n\n"


class _Handler(BaseHTTPRequestHandler):
    """Answers with a file of the site, the script, or the stream of events; to this machine's own addresses only."""

    server: _Server
    timeout = PATIENCE
    server_version, sys_version = "sna", ""

    def do_GET(self) -> None:
        """Answer a request."""
        name = urlsplit(self.path).path
        if self.headers.get("Host", "").split(":")[0] not in (HOST, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN, "Only for this machine")
        elif name == EVENTS:
            self._stream()
        elif name == SCRIPT:
            self._send(RELOAD.encode(), "text/javascript; charset=utf-8")
        else:
            self._file(unquote(name))

    def _file(self, name: str) -> None:
        path = file_of(self.server.html, name)
        if path is None and name in ("/", "/index.html"):
            self._send(with_script(EMPTY, self.server.news.site), "text/html; charset=utf-8")
        elif path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif path.suffix == ".html":
            self._send(with_script(path.read_text(encoding="utf-8"), self.server.news.site), "text/html; charset=utf-8")
        else:
            self._send(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        for header, value in (("Content-Type", kind), ("Content-Length", str(len(content))), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")):
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        with self.server.news.listener() as has_place:
            if not has_place:
                self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages listen")
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            with contextlib.suppress(OSError):
                for message in self.server.news.messages():
                    self.wfile.write(message)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, html: Path, news: News, port: int) -> None:
        self.html, self.news = html, news
        super().__init__((HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, or not at all when too many are at it."""
        if threading.active_count() > MOST_THREADS:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """A browser that leaves in the middle is no error."""


def file_of(html: Path, name: str) -> Path | None:
    """Return the file of the site at an address, or None; a folder stands for its first page.

    A site is put in another's place by renaming: who asks at that very moment is asked to wait for it.
    """
    for _ in range(_OFTEN):
        place = html.resolve()
        with contextlib.suppress(OSError, ValueError):
            path = (place / name.lstrip("/")).resolve()
            path = path / "index.html" if path.is_dir() else path
            if path.is_file():
                return path if path.is_relative_to(place) else None
        if place.is_dir():
            return None
        time.sleep(_SOON)
    return None


def with_script(page: str, site: str) -> bytes:
    """Return a page that also loads the script which waits for the next build."""
    before, end, after = page.rpartition("</body>")
    return f'{before}<script src="{SCRIPT}?site={site}"></script>{end}{after}'.encode()


@contextlib.contextmanager
def serving(html: Path, news: News, port: int) -> Iterator[str]:
    """Serve a folder to this machine and yield the address of its first page.

    Raises
    ------
    SnaError
        When the port is taken.
    """
    try:
        server = _Server(html, news, port)
    except (OSError, OverflowError) as error:
        raise SnaError(f"Port {port} cannot be used ({error}); give another with --port N, or 0 for any that is free.") from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/"
    finally:
        news.end()
        server.shutdown()
        server.server_close()


def is_watched(name: str) -> bool:
    """Whether a file that changed can matter: not an editor's or the interpreter's own."""
    path = Path(name)
    is_own = any(part in _IGNORED for part in path.parts) or path.name.startswith(".") or path.name.endswith(("~", ".tmp", ".swp", ".pyc"))
    return not is_own


def follow(changes: Iterable[set[str]], rebuilder: Rebuilder, news: News, say: Callable[[str], object], package: Path = PACKAGE) -> None:
    """Build now and after every change, and tell what became of it.

    Parameters
    ----------
    changes : iterable of set of str
        Paths that changed, one set after another.
    rebuilder : Rebuilder
        Builds; ended and started again when a module of ours is among the changes.
    news : News
        Told of every build.
    say : callable
        Told a problem, as a sentence.
    package : pathlib.Path
        Folder of our modules.
    """
    for paths in chain([set()], changes):
        if any(Path(path).is_relative_to(package) for path in paths):
            rebuilder.end()
        latest = rebuilder.build()
        if latest["problem"]:
            say(latest["problem"])
        news.tell({**latest, "site": latest["site"] or news.site})


@contextlib.contextmanager
def saves(places: Iterable[Path]) -> Iterator[Iterator[set[str]]]:
    """Watch files and folders from now on, and give the paths of each save in turn, those during a build included."""
    from watchfiles import watch

    stop, noticed = threading.Event(), queue.SimpleQueue()

    def look() -> None:
        settings = {"debounce": DEBOUNCE, "step": STEP, "rust_timeout": 500, "stop_event": stop, "raise_interrupt": False}
        for changes in watch(*places, watch_filter=lambda _, name: is_watched(name), **settings):
            noticed.put({name for _, name in changes})

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield _each(noticed)
    finally:
        stop.set()
        looking.join(5)


def _each(noticed: queue.SimpleQueue[set[str]]) -> Iterator[set[str]]:
    """Yield what a queue receives, waiting a little at a time: an interrupt that comes just as a wait begins would not end it."""
    while True:
        with contextlib.suppress(queue.Empty):
            yield noticed.get(timeout=WAIT)


def serve_edition(edition: Edition, port: int = 8000, jobs: int = 2) -> None:
    """Serve an edition's site and keep it up to date until interrupted.

    Parameters
    ----------
    edition : Edition
        What is built and served.
    port : int, default 8000
        Of 127.0.0.1; 0 for any that is free.
    jobs : int, default 2
        Chapters executed at a time.

    Raises
    ------
    SnaError
        When the port cannot be used.
    """
    news, rebuilder = News(), Rebuilder(edition, jobs)
    places = [path for path in (*(edition.root / name for name in WATCHED), PACKAGE) if path.exists()]
    with serving(edition.build_path / "html", news, port) as address, saves(places) as changes, contextlib.suppress(KeyboardInterrupt):
        _say(f"{edition.name}: open {address} (Ctrl-C ends)")
        try:
            follow(changes, rebuilder, news, lambda problem: _say(f"sna: {problem}"))
        finally:
            rebuilder.end()
    _say(f"{edition.name}: no longer served; the site is in {edition.build_path / 'html'}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
