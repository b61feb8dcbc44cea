"""Fetching from a folder and from a web server: verified, resumable, whole or not at all."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from svd_lib.errors import SnaError
from svd_lib.sources.fetch import fetch_edition, fetch_lock
from svd_lib.sources.lock import Lock, LockedInput, lock_of, verify, write_lock
from svd_lib.sources.mirror import FolderMirror, HttpMirror, open_mirror

MEMBER = "2025-01/2025-01-shire-street.csv"
FILES = {"table one.csv": b"a,b\n1,2\n" * 1000, "deep/shapes.gz": bytes(range(256)) * 50}
ROWS = b"".join(hashlib.sha256(str(n).encode()).hexdigest().encode() + b"\n" for n in range(20_000))


def _entry(name: str, content: bytes, member: str | None = None) -> LockedInput:
    return LockedInput("src", name, member, len(content), hashlib.sha256(content).hexdigest(), "2026-11-22", "first")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Two whole files and an archive of three large members."""
    folder = tmp_path / "mirror"
    for name, content in FILES.items():
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / name).write_bytes(content)
    with zipfile.ZipFile(folder / "src" / "2025-01.zip", "w", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("2025-01/2025-01-other-street.csv", ROWS)
        zipped.writestr(MEMBER, ROWS[::-1])
        zipped.writestr("2025-01/2025-01-third-street.csv", ROWS)
    return folder


@pytest.fixture
def lock() -> Lock:
    return lock_of([*(_entry(name, content) for name, content in FILES.items()), _entry("2025-01.zip", ROWS[::-1], MEMBER)])


class _Server(http.server.SimpleHTTPRequestHandler):
    """A static server; with ``ranges`` it answers byte ranges, and it fails the first ``failures`` requests."""

    ranges = False
    failures = 0
    cut = False
    sent = 0

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        cls = type(self)
        if cls.failures > 0:
            cls.failures -= 1
            self.send_error(503)
            return
        wanted = self.headers.get("Range")
        if cls.ranges and wanted:
            self._send_range(wanted)
        elif cls.cut and not self.path.endswith("/"):
            self._send_cut()
        else:
            super().do_GET()

    def _send_range(self, wanted: str) -> None:
        content = Path(self.translate_path(self.path)).read_bytes()
        first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        type(self).sent += len(part)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def _send_cut(self) -> None:
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:100])
        self.close_connection = True


@pytest.fixture
def server(mirror: Path) -> Iterator[tuple[str, type[_Server]]]:
    """The mirror on a local web server; the class's settings are the test's to change."""
    handler = type("Server", (_Server,), {})
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(mirror)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}", handler
    httpd.shutdown()
    httpd.server_close()


def _leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith(".part")]


def test_a_folder_is_fetched_verified_and_kept(mirror: Path, lock: Lock, tmp_path: Path) -> None:
    raw, seen = tmp_path / "raw", []
    report = fetch_lock(lock, open_mirror(mirror), raw, lambda done, total, name: seen.append((done, total)))
    assert (report.fetched, report.kept) == (3, 0) and report.bytes_written == sum(i.bytes for i in lock.inputs)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (raw / "src/2025-01.zip.d" / MEMBER).read_bytes() == ROWS[::-1]
    assert verify(lock, raw) == [] and not _leftovers(raw)
    again = fetch_lock(lock, open_mirror(mirror), raw)
    assert (again.fetched, again.kept, again.bytes_written) == (0, 3, 0)


def test_a_damaged_copy_of_ours_is_fetched_again(mirror: Path, lock: Lock, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    fetch_lock(lock, open_mirror(mirror), raw)
    (raw / "src/table one.csv").write_bytes(b"spoilt")
    assert fetch_lock(lock, open_mirror(mirror), raw).fetched == 1
    assert verify(lock, raw) == []


@pytest.mark.parametrize(("content", "said"), [(b"x" * 8000, "sha256"), (b"x" * 10, "10 bytes where"), (b"x" * 9000, "more than the")])
def test_a_changed_file_is_refused_with_a_sentence(mirror: Path, lock: Lock, tmp_path: Path, content: bytes, said: str) -> None:
    assert len(FILES["table one.csv"]) == 8000
    (mirror / "src/table one.csv").write_bytes(content)
    with pytest.raises(SnaError) as refusal:
        fetch_lock(lock, open_mirror(mirror), tmp_path / "raw")
    sentence = str(refusal.value)
    assert sentence.startswith("src/table one.csv in ") and "has changed" in sentence and said in sentence
    assert "make a new edition" in sentence and "\n" not in sentence
    assert not (tmp_path / "raw/src/table one.csv").exists() and not _leftovers(tmp_path)


def test_a_truncated_archive_is_one_sentence(mirror: Path, lock: Lock, tmp_path: Path) -> None:
    archive = mirror / "src/2025-01.zip"
    archive.write_bytes(archive.read_bytes()[:-5000])
    with pytest.raises(SnaError, match="src/2025-01.zip in .* is not a whole zip archive"):
        fetch_lock(lock, open_mirror(mirror), tmp_path / "raw")
    assert not _leftovers(tmp_path)


def test_a_damaged_member_is_one_sentence(mirror: Path, lock: Lock, tmp_path: Path) -> None:
    archive = mirror / "src/2025-01.zip"
    spoilt = bytearray(archive.read_bytes())
    spoilt[len(spoilt) // 2] ^= 0xFF
    archive.write_bytes(bytes(spoilt))
    with pytest.raises(SnaError, match=f"member {MEMBER} is cut off or damaged"):
        fetch_lock(lock, open_mirror(mirror), tmp_path / "raw")
    assert not _leftovers(tmp_path) and not (tmp_path / "raw/src/2025-01.zip.d" / MEMBER).exists()


def test_an_absent_file_or_member_is_named(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(SnaError, match="has no readable file src/none.csv"):
        fetch_lock(lock_of([_entry("none.csv", b"x")]), open_mirror(mirror), tmp_path / "raw")
    with pytest.raises(SnaError, match="holds no member 2025-01/none.csv"):
        fetch_lock(lock_of([_entry("2025-01.zip", b"x", "2025-01/none.csv")]), open_mirror(mirror), tmp_path / "raw")
    with pytest.raises(SnaError, match="is not a folder"):
        open_mirror(tmp_path / "nowhere")


def test_a_member_that_leads_out_of_the_folder_is_never_written(mirror: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(mirror / "src/evil.zip", "w") as zipped:
        zipped.writestr("../../../escaped.csv", b"boo")
    raw = tmp_path / "deep" / "raw"
    evil = Lock((_entry("evil.zip", b"boo", "../../../../escaped.csv"),))
    with pytest.raises(SnaError, match="outside|no member"):
        fetch_lock(evil, open_mirror(mirror), raw)
    (raw / "src").mkdir(parents=True, exist_ok=True)
    (raw / "src/link").symlink_to(tmp_path)
    with pytest.raises(SnaError, match="would be written outside"):
        fetch_lock(lock_of([_entry("link/table.csv", b"x")]), _Fake(b"x"), raw)
    assert not list(tmp_path.rglob("escaped.csv")) and not (tmp_path / "table.csv").exists()


class _Fake(FolderMirror):
    def __init__(self, content: bytes) -> None:
        self.content, self.address = content, "fake"

    def read(self, source: str, name: str):
        import io

        return io.BytesIO(self.content)


@pytest.mark.parametrize("ranges", [False, True])
def test_a_web_server_gives_the_same_files(server: tuple, lock: Lock, mirror: Path, tmp_path: Path, ranges: bool) -> None:
    address, handler = server
    handler.ranges = ranges
    report = fetch_lock(lock, open_mirror(address), tmp_path / "raw")
    assert report.fetched == 3 and verify(lock, tmp_path / "raw") == [] and not _leftovers(tmp_path)
    whole = (mirror / "src/2025-01.zip").stat().st_size
    assert not ranges or 0 < handler.sent < 0.7 * whole
    names = HttpMirror(address).names("src")
    assert names == ["2025-01.zip", "table one.csv"]
    assert HttpMirror(address).holds("src", "deep/shapes.gz") and not HttpMirror(address).holds("src", "none.csv")


def test_a_busy_server_is_asked_again_and_a_dead_one_named(server: tuple, lock: Lock, tmp_path: Path) -> None:
    address, handler = server
    handler.failures = 2
    assert fetch_lock(lock, HttpMirror(address, wait_seconds=0), tmp_path / "raw").fetched == 3
    handler.failures = 99
    with pytest.raises(SnaError, match=r"did not answer after 4 attempts \(status 503\)"):
        HttpMirror(address, wait_seconds=0).read("src", "table one.csv")
    handler.failures = 0
    with pytest.raises(SnaError, match="has no file src/none.csv"):
        HttpMirror(address, wait_seconds=0).read("src", "none.csv")
    with pytest.raises(SnaError, match="has no file src/none.zip"):
        HttpMirror(address, wait_seconds=0).open_archive("src", "none.zip")
    with pytest.raises(SnaError, match="gives no listing of nothing/"):
        HttpMirror(address, wait_seconds=0).names("nothing")


def test_a_download_that_stops_early_is_not_taken(server: tuple, lock: Lock, tmp_path: Path) -> None:
    address, handler = server
    handler.cut = True
    with pytest.raises(SnaError, match="did not answer after 4 attempts"):
        fetch_lock(lock, HttpMirror(address, wait_seconds=0), tmp_path / "raw")
    assert not list((tmp_path / "raw").rglob("*.csv")) and not _leftovers(tmp_path)


def test_an_edition_is_fetched_by_its_lock(mirror: Path, lock: Lock, tmp_path: Path, root: Path) -> None:
    from dataclasses import replace

    from svd_lib.edition import open_edition

    edition = replace(open_edition("suffolk-2025", str(root)), root=tmp_path, folder=tmp_path / "data/editions/x")
    write_lock(lock, edition.lock_path)
    report = fetch_edition(edition, str(mirror))
    assert str(report) == f"3 input(s) fetched ({report.bytes_written:,} bytes), 0 already there and verified"
    assert verify(lock, tmp_path / "data/raw") == []


@pytest.mark.mirror
def test_members_fetched_by_ranges_equal_those_of_the_folder(root: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    from svd_lib.edition import open_edition
    from svd_lib.sources.lock import read_lock

    public = Path(request.getfixturevalue("public_mirror"))
    entries = [i for i in read_lock(open_edition("suffolk-2025", str(root)).lock_path).inputs if "2025-06-suffolk" in (i.member or "")]
    lock = lock_of(entries)
    handler = type("Server", (_Server,), {"ranges": True})
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(public)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        fetch_lock(lock, open_mirror(f"http://127.0.0.1:{httpd.server_address[1]}"), tmp_path / "raw")
    finally:
        httpd.shutdown()
        httpd.server_close()
    assert verify(lock, tmp_path / "raw") == [] and len(lock.inputs) == 1
    assert handler.sent < 2_000_000


@pytest.fixture(scope="session")
def public_mirror(root: Path) -> Path:
    folder = root.parent / "shared" / "mirror"
    if not folder.is_dir():
        pytest.skip("NOT RUN: the public data mirror is absent (../shared/mirror)")
    return folder
