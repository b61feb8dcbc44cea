"""Where files come from: a mirror folder, or a plain static web server that holds the same tree.

A :class:`Fetcher` is the seam: one that asks the publishers themselves has only to offer the same four methods.
Inside a zip archive on a web server, only the parts that are wanted are read where the server answers byte ranges.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar
from urllib.parse import quote, unquote

from svd_lib.errors import SnaError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

TIMEOUT_SECONDS = (10, 60)
ATTEMPTS = 4
RANGE_BLOCK_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 20


class Fetcher(Protocol):
    """Something that hands out the files of a source by name."""

    address: str

    def names(self, source: str) -> list[str]:
        """Return the names of the files directly in a source's folder, sorted."""
        ...

    def holds(self, source: str, name: str) -> bool:
        """Return whether the file is there."""
        ...

    def read(self, source: str, name: str) -> BinaryIO:
        """Return the whole file as a stream, to be closed by the caller."""
        ...

    def open_archive(self, source: str, name: str) -> BinaryIO:
        """Return an archive as a seekable stream, to be closed by the caller."""
        ...


def open_mirror(mirror: str | Path) -> Fetcher:
    """Return the fetcher for a folder or an http(s) address.

    Raises
    ------
    SnaError
        If the folder does not exist.
    """
    if str(mirror).startswith(("http://", "https://")):
        return HttpMirror(str(mirror))
    return FolderMirror(Path(mirror))


class FolderMirror:
    """A mirror on disk: ``<folder>/<source id>/<name>``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.address = str(self.folder)
        if not self.folder.is_dir():
            raise SnaError(f"The mirror {folder} is not a folder; give the folder that holds one sub-folder per source, or an http address.")

    def names(self, source: str) -> list[str]:
        """Return the names of the files directly in a source's folder, sorted."""
        folder = self.folder / source
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def holds(self, source: str, name: str) -> bool:
        """Return whether the file is there."""
        return (self.folder / source / name).is_file()

    def read(self, source: str, name: str) -> BinaryIO:
        """Return the whole file as a stream.

        Raises
        ------
        SnaError
            If there is no such file.
        """
        try:
            return (self.folder / source / name).open("rb")
        except OSError as error:
            raise SnaError(f"The mirror {self.address} has no readable file {source}/{name} ({error.strerror}); add it there or choose another mirror.") from None

    open_archive = read


class HttpMirror:
    """A mirror on a plain static web server: ``<base address>/<source id>/<name>``.

    Parameters
    ----------
    base : str
        Address of the folder that holds one sub-folder per source.
    wait_seconds : float
        First pause between attempts; it doubles each time.
    """

    def __init__(self, base: str, wait_seconds: float = 0.5) -> None:
        import requests

        self.address = base.rstrip("/")
        self._wait = wait_seconds
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"

    def names(self, source: str) -> list[str]:
        """Return the names in the server's listing of a source's folder, sorted.

        Raises
        ------
        SnaError
            If the server gives no listing.
        """
        reply = self._get(f"{self.address}/{quote(source)}/")
        links = re.findall(r'href="([^"?#]+)"', reply.text) if reply.ok else []
        names = sorted({unquote(link) for link in links if not link.endswith("/") and "/" not in link.lstrip("./")})
        if not names:
            raise SnaError(f"The mirror {self.address} gives no listing of {source}/; use a folder, or an edition that has a lock.")
        return names

    def holds(self, source: str, name: str) -> bool:
        """Return whether the server has the file."""
        return self._attempt(lambda: self._session.head(self._url(source, name), timeout=TIMEOUT_SECONDS, allow_redirects=True)).ok

    def read(self, source: str, name: str) -> BinaryIO:
        """Return the whole file, downloaded to a temporary one.

        Raises
        ------
        SnaError
            If the server does not have the file or keeps failing.
        """
        return self._attempt(lambda: self._download(source, name))

    def open_archive(self, source: str, name: str) -> BinaryIO:
        """Return an archive as a seekable stream: by byte ranges where the server answers them, else downloaded whole."""
        probe = self._get(self._url(source, name), {"Range": "bytes=0-0"}, stream=True)
        total = re.fullmatch(r"bytes 0-0/(\d+)", probe.headers.get("Content-Range", ""))
        probe.close()
        if probe.status_code != 206 or total is None:
            return self.read(source, name)
        return io.BufferedReader(_RangeFile(lambda first, last: self._range(source, name, first, last), int(total[1])), RANGE_BLOCK_BYTES)

    def _url(self, source: str, name: str) -> str:
        return f"{self.address}/{quote(source)}/{quote(name)}"

    def _get(self, url: str, headers: dict[str, str] | None = None, stream: bool = False) -> requests.Response:
        return self._attempt(lambda: self._checked(self._session.get(url, headers=headers, stream=stream, timeout=TIMEOUT_SECONDS)))

    def _range(self, source: str, name: str, first: int, last: int) -> bytes:
        """Return the bytes from first to last, both included."""
        reply = self._get(self._url(source, name), {"Range": f"bytes={first}-{last}"})
        if reply.status_code != 206 or len(reply.content) != last - first + 1:
            raise SnaError(f"The mirror {self.address} answered a wrong byte range of {source}/{name}; try again, or copy the file to a folder.")
        return reply.content

    def _download(self, source: str, name: str) -> BinaryIO:
        reply = self._checked(self._session.get(self._url(source, name), stream=True, timeout=TIMEOUT_SECONDS))
        if reply.status_code == 404:
            raise SnaError(f"The mirror {self.address} has no file {source}/{name}; add it there or choose another mirror.")
        target = tempfile.TemporaryFile()  # noqa: SIM115 - handed to the caller, who closes it
        for chunk in reply.raw.stream(_CHUNK_BYTES, decode_content=False):
            target.write(chunk)
        received, expected = target.tell(), reply.headers.get("Content-Length")
        if expected is not None and received != int(expected):
            target.close()
            raise ConnectionError(f"{source}/{name} stopped after {received} of {expected} bytes")
        target.seek(0)
        return target

    @staticmethod
    def _checked(reply: requests.Response) -> requests.Response:
        """Return the reply, or raise so that the attempt is repeated when the server is merely busy."""
        if reply.status_code == 429 or reply.status_code >= 500:
            raise ConnectionError(f"status {reply.status_code}")
        return reply

    def _attempt(self, call: Callable[[], T]) -> T:
        """Return what the call returns, repeating it while the server is busy or the line breaks."""
        import requests
        import urllib3
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

        passing = (ConnectionError, requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
        attempts = Retrying(
            retry=retry_if_exception_type(passing),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=self._wait, max=20),
            reraise=True,
        )
        try:
            return attempts(call)
        except (*passing, requests.RequestException) as error:
            reason = str(error) if type(error) is ConnectionError else type(error).__name__
            raise SnaError(f"The mirror {self.address} did not answer after {ATTEMPTS} attempts ({reason}); check the address and the network.") from None


class _RangeFile(io.RawIOBase):
    """A read-only, seekable file whose bytes are asked for as they are wanted."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._fetch = fetch
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(f"seek to {base + offset}, before the beginning")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        wanted = min(len(buffer), self._size - self._position)
        if wanted <= 0:
            return 0
        buffer[:wanted] = self._fetch(self._position, self._position + wanted - 1)
        self._position += wanted
        return wanted
