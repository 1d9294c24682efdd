import errno
import gzip
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from training import archives
from training.archives import (
    ChecksumError,
    NotAnArchiveError,
    TooLargeError,
    UnsafeArchiveError,
    extract,
    unpacked,
)
from training.files import NoSpaceError
from training.sources.base import MissingFileError, TruncatedArchiveError

FILES = {"a.csv": "title\nA\n", "deep/b.txt": "goat " * 5000}


def pack(archive: Path, files: dict[str, str]) -> Path:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
        return archive
    with tarfile.open(archive, "w:xz") if archive.suffix == ".xz" else tarfile.open(archive, "w:gz") as tarred:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tarred.addfile(member, io.BytesIO(content.encode()))
    return archive


def content(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
@pytest.mark.parametrize("inner", ["", "set/", "other/"])
def test_an_archive_becomes_a_folder_of_its_name(data: Path, cache: Path, suffix: str, inner: str) -> None:
    pack(data / f"set{suffix}", {f"{inner}{name}": text for name, text in FILES.items()})
    assert content(unpacked(data, cache) / "set") == FILES


def test_folders_and_loose_files_stand_beside_what_was_packed(data: Path, cache: Path) -> None:
    pack(data / "set.zip", FILES)
    (data / "plain").mkdir()
    (data / "plain/c.txt").write_text("c")
    (data / "loose.csv").write_text("l")
    whole = unpacked(data, cache)
    assert sorted(entry.name for entry in whole.iterdir()) == ["loose.csv", "plain", "set"]
    assert (whole / "plain/c.txt").read_text() == "c"


def test_data_without_archives_stays_where_it_is(data: Path, cache: Path) -> None:
    (data / "plain").mkdir()
    assert unpacked(data, cache) == data
    assert not cache.exists()


def test_a_folder_counts_more_than_its_archive(data: Path, cache: Path) -> None:
    pack(data / "set.zip", FILES)
    (data / "set").mkdir()
    assert unpacked(data, cache) == data


def test_one_archive_may_be_the_data(data: Path, cache: Path) -> None:
    pack(data / "other.zip", {"x": "x"})
    whole = unpacked(pack(data / "set.zip", FILES), cache)
    assert [entry.name for entry in whole.iterdir()] == ["set"]


def test_an_archive_is_unpacked_once(data: Path, cache: Path) -> None:
    pack(data / "set.zip", FILES)
    first = unpacked(data, cache)
    before = (first / "set/a.csv").stat()
    assert unpacked(data, cache) == first
    assert (first / "set/a.csv").stat() == before


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_text("title\nB\n")])
def test_what_was_changed_after_unpacking_is_unpacked_anew(
    damage: Callable[[Path], object], data: Path, cache: Path
) -> None:
    pack(data / "one.zip", FILES)
    damage((unpacked(data, cache) / "one" / "a.csv").resolve())
    assert (unpacked(data, cache) / "one" / "a.csv").read_text() == FILES["a.csv"]


def test_a_link_that_is_gone_is_made_again(data: Path, cache: Path) -> None:
    pack(data / "one.zip", FILES)
    (unpacked(data, cache) / "one").unlink()
    assert (unpacked(data, cache) / "one" / "a.csv").is_file()


def test_a_changed_archive_is_unpacked_anew_and_the_old_folder_stays(data: Path, cache: Path) -> None:
    first = unpacked(pack(data / "set.zip", FILES).parent, cache)
    pack(data / "set.zip", {"a.csv": "new"})
    second = unpacked(data, cache)
    assert content(second / "set") == {"a.csv": "new"}
    assert content(first / "set") == FILES


def test_data_that_is_nowhere_is_refused(data: Path, cache: Path) -> None:
    with pytest.raises(MissingFileError):
        unpacked(data / "nowhere", cache)


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
def test_half_an_archive_is_refused_and_nothing_of_it_stays_in_use(data: Path, cache: Path, suffix: str) -> None:
    noise = {f"{number}.bin": sha256(bytes([number])).hexdigest() * 200 for number in range(20)}
    archive = pack(data / f"set{suffix}", noise)
    whole = archive.read_bytes()
    for size in (len(whole) // 3, len(whole) * 9 // 10, len(whole) - 5):
        archive.write_bytes(whole[:size])
        with pytest.raises(TruncatedArchiveError):
            unpacked(data, cache)
        assert not [entry for entry in (cache / "unpacked").iterdir() if not entry.name.startswith(".")]
    archive.write_bytes(whole)
    assert content(unpacked(data, cache) / "set") == noise


def test_a_flipped_bit_is_found(data: Path, cache: Path) -> None:
    archive = pack(data / "set.tar.gz", FILES)
    raw = bytearray(archive.read_bytes())
    raw[-6] ^= 1  # in the checksum at the end
    archive.write_bytes(raw)
    with pytest.raises(TruncatedArchiveError):
        unpacked(data, cache)


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
def test_a_web_page_called_like_an_archive_is_none(data: Path, cache: Path, suffix: str) -> None:
    (data / f"set{suffix}").write_text("<html>Please log in</html>")
    with pytest.raises(NotAnArchiveError):
        unpacked(data, cache)


def test_compressed_noise_that_is_no_archive_is_refused(data: Path, cache: Path) -> None:
    (data / "set.tar.gz").write_bytes(gzip.compress(b"not a tar file at all"))
    with pytest.raises(TruncatedArchiveError):
        unpacked(data, cache)


def test_the_sums_beside_an_archive_must_agree(data: Path, cache: Path) -> None:
    archive = pack(data / "set.zip", FILES)
    (data / "SHA256SUMS").write_text(f"{'0' * 64}  other.zip\n{'0' * 64} *set.zip\n")
    with pytest.raises(ChecksumError):
        unpacked(data, cache)
    (data / "SHA256SUMS").write_text(f"{sha256(archive.read_bytes()).hexdigest()}  set.zip\n")
    assert content(unpacked(data, cache) / "set") == FILES


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt"])
def test_a_zip_that_points_outside_is_refused(data: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeArchiveError):
        extract(pack(data / "set.zip", {name: "x"}), _empty(tmp_path))
    assert not (tmp_path / "out.txt").exists()


def test_a_tar_that_points_outside_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchiveError):
        extract(pack(data / "set.tar.gz", {"../out.txt": "x"}), _empty(tmp_path))
    with tarfile.open(data / "link.tar.gz", "w:gz") as tarred:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tarred.addfile(link)
    with pytest.raises(UnsafeArchiveError):
        extract(data / "link.tar.gz", _empty(tmp_path))


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
def test_an_archive_that_swells_beyond_the_limit_is_refused(data: Path, tmp_path: Path, suffix: str) -> None:
    archive = pack(data / f"set{suffix}", {"a": "0" * 600_000, "b": "0" * 600_000})
    with pytest.raises(TooLargeError):
        extract(archive, _empty(tmp_path), largest=1_000_000)
    assert sum(file.stat().st_size for file in (tmp_path / "into").rglob("*")) <= 1_000_000


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
def test_too_little_room_is_told_before_writing(
    data: Path, cache: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(data / f"set{suffix}", FILES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 95, 5))
    with pytest.raises(NoSpaceError) as caught:
        unpacked(data, cache)
    assert caught.value.needed


def test_a_disk_that_fills_up_meanwhile_is_told(data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pack(data / "set.zip", FILES)
    monkeypatch.setattr(zipfile.ZipFile, "extract", full)
    with pytest.raises(NoSpaceError):
        unpacked(data, cache)


def test_what_a_killed_process_left_is_no_data_set(data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: Path, into: Path) -> None:
        (into / "a.csv").write_text("hal")
        raise KeyboardInterrupt

    pack(data / "set.zip", FILES)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "extract", killed)
        with pytest.raises(KeyboardInterrupt):
            unpacked(data, cache)
    assert content(unpacked(data, cache) / "set") == FILES
    assert not list((cache / "unpacked").glob(".*.half"))


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder / "into", ignore_errors=True)
    (folder / "into").mkdir()
    return folder / "into"
