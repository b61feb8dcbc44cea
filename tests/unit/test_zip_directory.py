"""The directory of an archive read by ranges, against Python's own zip reader."""

from __future__ import annotations

import io
import zipfile

import pytest
from virtual_archive import Member, SeekableArchive, VirtualArchive

from svd_lib.errors import SnaError
from svd_lib.sources.zip_directory import members, read_directory, runs

TEXTS = [Member(f"2025-01/force-{n}.csv", (f"row of {n}\n" * 500).encode()) for n in range(5)]


class Counted:
    """Ranges of some bytes, counted."""

    def __init__(self, archive: VirtualArchive | bytes) -> None:
        self.archive = archive
        self.size = len(archive) if isinstance(archive, bytes) else archive.bytes
        self.asked: list[tuple[int, int]] = []

    def __call__(self, first: int, last: int) -> bytes:
        self.asked.append((first, last))
        return self.archive[first : last + 1] if isinstance(self.archive, bytes) else self.archive.read(first, last)


def large() -> VirtualArchive:
    """Return an archive of 9.7 GB whose last members lie beyond 4 GiB."""
    fillers = [Member(f"2025-01/filler-{n}.csv", filler_bytes=1_600_000_000) for n in range(6)]
    return VirtualArchive([TEXTS[0], *fillers[:3], TEXTS[1], TEXTS[2], *fillers[3:], TEXTS[3]], b"a note of some length")


def test_directory_and_members_are_those_of_pythons_reader() -> None:
    archive = large()
    read = Counted(archive)
    ours = read_directory(read, archive.bytes, "the archive")
    with zipfile.ZipFile(SeekableArchive(archive)) as theirs:
        listed = {info.filename: (info.header_offset, info.compress_size, info.file_size, info.CRC) for info in theirs.infolist()}
        assert {e.name: (e.begin, e.packed, e.bytes, e.crc) for e in ours.values()} == listed
        wanted = [ours[text.name] for text in TEXTS[:4]]
        assert {e.name: content for e, content in members(read, wanted, "the archive")} == {e.name: theirs.read(e.name) for e in wanted}
    assert archive.bytes > 9_600_000_000 and max(entry.begin for entry in ours.values()) > 2**32
    assert sum(last - first + 1 for first, last in read.asked) < 20_000


def test_neighbours_come_in_one_range_and_strangers_apart() -> None:
    archive = large()
    directory = read_directory(Counted(archive), archive.bytes, "the archive")
    grouped = [[entry.name[-5:-4] for entry in run] for run in runs([directory[text.name] for text in reversed(TEXTS[:4])])]
    assert grouped == [["0"], ["1", "2"], ["3"]]


@pytest.mark.parametrize("note", [b"", b"x" * 300, b"y" * 65535])
def test_a_note_at_the_end_hides_nothing(note: bytes) -> None:
    archive = VirtualArchive(TEXTS, note)
    assert list(read_directory(Counted(archive), archive.bytes, "the archive")) == [text.name for text in TEXTS]


def test_archives_of_pythons_writer_with_descriptors_and_folders() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *args: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    target = Unseekable()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("2025-01/", b"")
        for text in TEXTS:
            zipped.writestr(text.name, text.content)
        zipped.writestr("2025-01/grün.csv", b"with a letter beyond ASCII", zipfile.ZIP_STORED)
    read = Counted(target.getvalue())
    directory = read_directory(read, read.size, "the archive")
    assert "2025-01/" not in directory and directory["2025-01/grün.csv"].method == 0
    assert {e.name: content for e, content in members(read, directory.values(), "x")}["2025-01/force-4.csv"] == TEXTS[4].content


def test_damage_is_named() -> None:
    archive = VirtualArchive(TEXTS)
    whole = archive.read(0, archive.bytes - 1)
    entry = read_directory(Counted(whole), len(whole), "x")[TEXTS[2].name]
    broken = whole[: entry.end - 20] + bytes(10) + whole[entry.end - 10 :]
    with pytest.raises(SnaError, match=r"the archive: member 2025-01/force-2\.csv is damaged"):
        list(members(Counted(broken), [entry], "the archive"))
    for cut in (whole[:-30], b"", b"<html>not a zip</html>" * 50):
        with pytest.raises(SnaError, match="is not a whole zip archive"):
            read_directory(Counted(cut), len(cut), "the archive")
    shorter = whole[: archive.bytes - 22 - archive.directory_bytes] + whole[archive.bytes - 22 - archive.directory_bytes + 8 :]
    with pytest.raises(SnaError, match="directory of the archive is damaged"):
        read_directory(Counted(shorter), len(shorter), "the archive")
