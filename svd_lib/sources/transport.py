"""Asking publishers' servers politely: retries with back-off, resuming, size limits, the system's certificates and proxies.

Nothing is sent that names a user: no credentials, no cookies, no .netrc. Redirects are followed over http and https alone.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from svd_lib.errors import SnaError
from svd_lib.sources.lock import write_atomically

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
Params = Mapping[str, str | int] | None

AGENT = "serious-violence-needs-assessment (open-source; reads published open data)"
_CHUNK_BYTES = 1 << 16
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class Busy(Exception):
    """A passing fault: the server is busy, the line broke, or an answer was cut off; worth another attempt."""

    def __init__(self, reason: str, wait_seconds: float | None = None, is_unreachable: bool = False) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds
        self.is_unreachable = is_unreachable


class Changed(SnaError):
    """A file at the publisher is another one than before."""


@dataclass(frozen=True)
class Manners:
    """How a transport behaves.

    Parameters
    ----------
    attempts : int
        How often one request is tried.
    wait_seconds : float
        First pause between attempts; it doubles.
    longest_wait_seconds : float
        Longest pause; a server that asks for more is left alone.
    pause_seconds : float
        Least time between two requests to one host.
    timeout_seconds : tuple of float
        For connecting, and between two bytes.
    most_bytes : int
        Largest answer taken.
    """

    attempts: int = 6
    wait_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    pause_seconds: float = 0.25
    timeout_seconds: tuple[float, float] = (15.0, 60.0)
    most_bytes: int = 2 << 30


class Transport:
    """A session with every publisher.

    Parameters
    ----------
    manners : Manners
        Retries, pauses and limits.
    through : str
        Address of a relay that answers for every publisher as ``<through>/<publisher's host>/<path>``: an organisation's
        own relay, or a replica. Empty asks the publishers.
    sleep, clock : callable
        How time passes.
    """

    def __init__(
        self, manners: Manners | None = None, through: str = "", sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.manners = manners or Manners()
        self.through = through.rstrip("/")
        self.bytes_received = 0
        self._sleep, self._clock = sleep, clock
        self._asked: dict[str, float] = {}
        self._unreachable: set[str] = set()
        self._session = _session()

    def address(self, url: str) -> str:
        """Return where a publisher's address is asked: itself, or its place at the relay."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise SnaError(f"{url} is not an http(s) address without a user name; correct data/sources.yml.")
        return f"{self.through}/{url.split('://', 1)[1]}" if self.through and not url.startswith(self.through) else url

    def json(self, url: str, params: Params = None) -> Any:
        """Return the answer as JSON.

        Raises
        ------
        SnaError
            When the publisher does not answer, refuses, or answers something else.
        """
        content = self.content(url, params)
        try:
            return json.loads(content)
        except ValueError:
            raise SnaError(f"{url} answered something that is not JSON; the publisher may have changed the service.") from None

    def content(self, url: str, params: Params = None, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the bytes of an answer, whole."""
        return self._attempt(url, lambda: self._whole(url, params, headers or {}))

    def size(self, url: str) -> tuple[int, str]:
        """Return the size in bytes and the version (ETag or date) of a file whose server answers byte ranges.

        Raises
        ------
        SnaError
            When the server does not answer ranges, so that only the whole file could be brought.
        """
        return self._attempt(url, lambda: self._size(url))

    def range(self, url: str, first: int, last: int, version: str) -> bytes:
        """Return the bytes from first to last, both included, of the version that was measured.

        Raises
        ------
        Changed
            When the file is another one meanwhile.
        """
        return self._attempt(url, lambda: self._range(url, first, last, version))

    def download(self, url: str, part: Path, params: Params = None) -> None:
        """Bring a file to ``part``, going on from where an earlier attempt, or an earlier run, stopped."""
        self._attempt(url, lambda: self._download(url, params, part))

    def _ask(self, url: str, params: Params, headers: Mapping[str, str]) -> requests.Response:
        import requests

        address = self.address(url)
        self._pace(urlsplit(address).netloc)
        try:
            reply = self._session.get(address, params=params, headers=headers, stream=True, timeout=self.manners.timeout_seconds)
        except (requests.exceptions.SSLError, requests.exceptions.TooManyRedirects, requests.exceptions.InvalidSchema) as error:
            raise SnaError(f"{url} cannot be asked safely ({type(error).__name__}); check the address, the clock and the certificates.") from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Busy(type(error).__name__, is_unreachable=True) from None
        except requests.RequestException as error:
            raise SnaError(f"{url} cannot be asked ({type(error).__name__}); check the address in data/sources.yml.") from None
        if reply.status_code in _BUSY:
            reply.close()
            raise Busy(f"status {reply.status_code}", _retry_after(reply.headers.get("Retry-After"), reply.headers.get("Date")))
        return reply

    def _pace(self, host: str) -> None:
        wait = self._asked.get(host, float("-inf")) + self.manners.pause_seconds - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._asked[host] = self._clock()

    def _whole(self, url: str, params: Params, headers: Mapping[str, str]) -> bytes:
        with closing(self._ask(url, params, headers)) as reply:
            _refuse(reply, url)
            return b"".join(self._body(reply, url, 0))

    def _size(self, url: str) -> tuple[int, str]:
        with closing(self._ask(url, None, {"Range": "bytes=0-0"})) as reply:
            _refuse(reply, url)
            total = reply.headers.get("Content-Range", "").rpartition("/")[2]
            if reply.status_code != 206 or not total.isdigit():
                raise SnaError(f"{url} does not answer byte ranges; download it in a browser and take it in with 'sna source add'.")
            self.bytes_received += len(reply.content)
            return int(total), _version(reply)

    def _range(self, url: str, first: int, last: int, version: str) -> bytes:
        headers = {"Range": f"bytes={first}-{last}"} | ({"If-Range": version} if _is_strong(version) else {})
        with closing(self._ask(url, None, headers)) as reply:
            _refuse(reply, url)
            if reply.status_code != 206 or (version and _version(reply) != version):
                raise Changed(f"{url} changed while it was being read; run the command again.")
            content = b"".join(self._body(reply, url, 0))
        if len(content) != last - first + 1:
            raise Busy(f"{len(content)} of {last - first + 1} bytes")
        return content

    def _download(self, url: str, params: Params, part: Path) -> None:
        about = part.with_name(part.name + ".about")
        key = hashlib.sha256(json.dumps([url, sorted((params or {}).items())]).encode()).hexdigest()
        held, version = _held(part, about, key)
        headers = {"Range": f"bytes={held}-", "If-Range": version} if held else {}
        with closing(self._ask(url, params, headers)) as reply:
            if reply.status_code == 416:
                part.unlink(missing_ok=True)
                raise Busy("the part held is longer than the file")
            _refuse(reply, url)
            begin = held if reply.status_code == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {held}-") else 0
            part.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(about, json.dumps({"key": key, "version": _version(reply) if _is_strong(_version(reply)) else ""}).encode())
            with part.open("r+b" if begin else "wb") as stream:
                stream.seek(begin)
                self._pour(reply, url, begin, stream)
        about.unlink(missing_ok=True)

    def _pour(self, reply: requests.Response, url: str, begin: int, stream: BinaryIO) -> None:
        for chunk in self._body(reply, url, begin):
            stream.write(chunk)
        stream.truncate()

    def _body(self, reply: requests.Response, url: str, begin: int) -> Iterator[bytes]:
        """Yield the body as it comes; raise when it ends early or grows too large."""
        import urllib3

        encoded = reply.headers.get("Content-Encoding", "identity") not in ("identity", "")
        expected, received = reply.headers.get("Content-Length"), 0
        try:
            for chunk in reply.raw.stream(_CHUNK_BYTES, decode_content=encoded):
                received += len(chunk)
                self.bytes_received += len(chunk)
                if begin + received > self.manners.most_bytes:
                    raise SnaError(f"{url} is larger than {self.manners.most_bytes:,} bytes; it is not what data/sources.yml describes.")
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Busy(type(error).__name__) from None
        if expected is not None and not encoded and received != int(expected):
            raise Busy(f"{received} of {expected} bytes")

    def _attempt(self, url: str, call: Callable[[], T]) -> T:
        """Return what the call returns, repeating it while the server is busy or the line breaks.

        A host that could not be reached at all is not waited for again.
        """
        host = urlsplit(self.address(url)).netloc
        if host in self._unreachable:
            raise SnaError(f"{url} was not asked: {host} could not be reached a moment ago; check the network.")
        for attempt in range(1, self.manners.attempts + 1):
            try:
                return call()
            except Busy as fault:
                wait = fault.wait_seconds if fault.wait_seconds is not None else self.manners.wait_seconds * 2 ** (attempt - 1)
                if fault.wait_seconds is not None and wait > self.manners.longest_wait_seconds:
                    raise SnaError(f"{url} asks to be left alone for {wait:,.0f} seconds; run the command again later.") from None
                if attempt == self.manners.attempts:
                    self._unreachable |= {host} if fault.is_unreachable else set()
                    raise SnaError(f"{url} did not answer after {attempt} attempts ({fault}); check the network or try again later.") from None
                self._sleep(min(wait, self.manners.longest_wait_seconds))
        raise AssertionError("a transport makes at least one attempt")


def _session() -> requests.Session:
    import requests
    import truststore
    from requests.adapters import HTTPAdapter

    class SystemCertificates(HTTPAdapter):
        """Verifies with the operating system's certificate store."""

        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **options)

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **options)

    class Anonymous(requests.Session):
        """Keeps the environment's proxies and none of its user names."""

        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            prepared_request.headers.pop("Authorization", None)

    session = Anonymous()
    session.auth = lambda request: request
    session.max_redirects = 6
    session.headers.update({"User-Agent": AGENT, "Accept-Encoding": "identity"})
    session.mount("https://", SystemCertificates())
    return session


def _refuse(reply: requests.Response, url: str) -> None:
    if reply.status_code == 404 or reply.status_code == 410:
        raise SnaError(f"{url} is not there any more (status {reply.status_code}); look for it on the landing page and correct data/sources.yml.")
    if not reply.ok:
        raise SnaError(f"{url} answered with status {reply.status_code}; the publisher may have changed the service.")


def _held(part: Path, about: Path, key: str) -> tuple[int, str]:
    """Return how much of the file is held and its version; nothing where it cannot be gone on with safely."""
    try:
        record = json.loads(about.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0, ""
    if record.get("key") != key or not record.get("version") or not part.is_file():
        return 0, ""
    return part.stat().st_size, record["version"]


def _version(reply: requests.Response) -> str:
    return reply.headers.get("ETag") or reply.headers.get("Last-Modified", "")


def _is_strong(version: str) -> bool:
    return bool(version) and not version.startswith("W/")


def _retry_after(value: str | None, now: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for; a date is measured against the server's own clock."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        until, since = (email.utils.parsedate_to_datetime(text).astimezone(UTC) for text in (value, now or ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, (until - since).total_seconds())
