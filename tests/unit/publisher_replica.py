"""A loopback server that answers as the publishers are documented to: one host a first folder, with faults on demand."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from virtual_archive import VirtualArchive

Query = dict[str, str]


@dataclass
class Answer:
    """What a publisher answers: bytes, or an archive that is read by ranges."""

    content: bytes | VirtualArchive
    kind: str = "application/octet-stream"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.content.bytes if isinstance(self.content, VirtualArchive) else len(self.content)

    @property
    def version(self) -> str:
        """The ETag: it follows the content."""
        seed = str(self.content.bytes).encode() if isinstance(self.content, VirtualArchive) else self.content
        return f'"{hashlib.sha256(seed).hexdigest()[:16]}"'

    def read(self, first: int, last: int) -> bytes:
        """Return the bytes from first to last, both included."""
        return self.content.read(first, last) if isinstance(self.content, VirtualArchive) else self.content[first : last + 1]


def as_json(value: object, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(json.dumps(value).encode(), "application/json", status, ranges=False)


def redirect(address: str) -> Answer:
    """Return a redirect."""
    return Answer(b"", status=302, headers={"Location": address})


@dataclass
class Fault:
    """What goes wrong with the next request whose address fits: a status, or a body that is cut off."""

    fits: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    times: int = 1


class Replica:
    """The publishers' servers, at ``address``; routes are patterns of ``<host>/<path>``."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, Callable[[str, Query], Answer]]] = []
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self.bytes_sent = 0
        self.seconds_per_chunk = 0.0
        self.address = ""

    def serve(self, pattern: str, answer: Callable[[str, Query], Answer] | Answer | bytes) -> None:
        """Answer addresses that match a pattern; the latest route that fits counts."""
        fixed = Answer(answer) if isinstance(answer, bytes) else answer
        self.routes.insert(0, (pattern, fixed if callable(fixed) else lambda path, query: fixed))

    def answer(self, path: str, query: Query) -> Answer:
        """Return what is answered at an address."""
        route = next((route for pattern, route in self.routes if re.fullmatch(pattern, path)), None)
        return route(path, query) if route else as_json({"error": "not found"}, 404)

    def fault(self, path: str) -> Fault | None:
        """Return the fault that this request meets, and use it up."""
        for fault in self.faults:
            if fault.times and re.search(fault.fits, path):
                fault.times -= 1
                return fault
        return None


class Server(ThreadingHTTPServer):
    """A server that takes it calmly when whoever asked is gone."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: tests kill clients on purpose."""


@contextlib.contextmanager
def running(replica: Replica) -> Iterator[Replica]:
    """Run a replica on a free port of the loopback interface."""
    server = Server(("127.0.0.1", 0), _handler(replica))
    replica.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield replica
    finally:
        server.shutdown()
        server.server_close()


def _handler(replica: Replica) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.lstrip("/")
            replica.asked.append(self.path.lstrip("/"))
            fault = replica.fault(self.path)
            if fault and fault.status:
                self._send(Answer(b"busy", status=fault.status, headers=fault.headers), 0, 3, fault.status, None)
                return
            answer = replica.answer(path, {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()})
            first, last, status = self._wanted(answer)
            self._send(answer, first, last, status, fault.cut_after if fault else None)

        def _wanted(self, answer: Answer) -> tuple[int, int, int]:
            found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            unchanged = self.headers.get("If-Range", answer.version) == answer.version
            if found is None or not answer.ranges or not unchanged or answer.status != 200:
                return 0, answer.size - 1, answer.status
            first, last = int(found[1]), min(int(found[2] or answer.size - 1), answer.size - 1)
            return (first, last, 206) if first <= last else (0, -1, 416)

        def _send(self, answer: Answer, first: int, last: int, status: int, cut_after: int | None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(last - first + 1))
            self.send_header("ETag", answer.version)
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{last}/{answer.size}")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self._body(answer, first, last if cut_after is None else min(last, first + cut_after - 1))
            if cut_after is not None:
                self.close_connection = True
                self.connection.close()

        def _body(self, answer: Answer, first: int, last: int) -> None:
            while first <= last:
                chunk = answer.read(first, min(last, first + 65535))
                self.wfile.write(chunk)
                replica.bytes_sent += len(chunk)
                first += len(chunk)
                if replica.seconds_per_chunk:
                    time.sleep(replica.seconds_per_chunk)

    return Handler


def gzipped(content: bytes) -> Answer:
    """Return an answer that the server packs on the way."""
    return Answer(gzip.compress(content, mtime=0), "text/csv", headers={"Content-Encoding": "gzip"}, ranges=False)
