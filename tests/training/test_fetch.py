import errno
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.training.loopback import Shelf, serving
from training.archives import NotAnArchiveError
from training.fetch import (
    BrokenOffError,
    ByHandError,
    FetchError,
    FolderExistsError,
    OfflineError,
    RefusedError,
    UnexpectedFilesError,
    fetch,
)
from training.files import NoSpaceError
from training.sources.base import DataSet, Download, TruncatedArchiveError

TABLE = b"title\n" + b"The Brass Key\n" * 5000


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(Shelf(files={"/table.csv": TABLE})) as shelf:
        yield shelf


def source(shelf: Shelf, *names: str, files: tuple[str, ...] = ("table.csv",)) -> DataSet:
    downloads = tuple(Download(url=f"{shelf.url}/{name}", name=name) for name in names)
    return DataSet(
        name="keys", about="", licence="", publishable=True, files=files, downloads=downloads, by_hand="ask the baker"
    )


def packed(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return archive.getvalue()


def test_a_file_comes_to_the_folder_of_its_source(shelf: Shelf, tmp_path: Path) -> None:
    assert fetch(source(shelf, "table.csv"), tmp_path / "data") == [tmp_path / "data/keys/table.csv"]
    assert (tmp_path / "data/keys/table.csv").read_bytes() == TABLE
    assert not (tmp_path / "data/.keys.part").exists()


def test_nothing_is_downloaded_twice(shelf: Shelf, tmp_path: Path) -> None:
    first = fetch(source(shelf, "table.csv"), tmp_path)
    assert fetch(source(shelf, "table.csv"), tmp_path) == first
    assert len(shelf.ranges) == 1


def test_archives_are_unpacked_beside_plain_files(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/keys.zip"] = packed({"keys/deep/a.txt": b"a", "keys/b.txt": b"b"})
    fetch(source(shelf, "table.csv", "keys.zip"), tmp_path)
    found = sorted(str(file.relative_to(tmp_path / "keys")) for file in (tmp_path / "keys").rglob("*.*"))
    assert found == ["b.txt", "deep/a.txt", "table.csv"]


def test_a_cut_connection_is_taken_up_where_it_broke_off(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [1000, 5000]
    (file,) = fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert file.read_bytes() == TABLE
    assert shelf.ranges == ["", "bytes=1000-", "bytes=6000-"]


def test_a_later_call_takes_up_what_an_earlier_one_left(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [1000, 1, 1, 1]
    with pytest.raises(BrokenOffError):
        fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert not (tmp_path / "keys").exists()
    (file,) = fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert file.read_bytes() == TABLE
    assert shelf.ranges[-1] == "bytes=1003-"


def test_a_file_that_came_whole_before_the_end_is_not_asked_for_again(shelf: Shelf, tmp_path: Path) -> None:
    half = tmp_path / ".keys.part"
    half.mkdir()
    (half / "table.csv.part").write_bytes(TABLE)
    (half / "table.csv.part.tag").write_text(shelf.version)
    (file,) = fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert file.read_bytes() == TABLE
    assert shelf.ranges == [f"bytes={len(TABLE)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(shelf: Shelf, tmp_path: Path) -> None:
    half = tmp_path / ".keys.part"
    half.mkdir()
    (half / "table.csv.part").write_bytes(TABLE + b"x")
    (half / "table.csv.part.tag").write_text(shelf.version)
    (file,) = fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert file.read_bytes() == TABLE


@pytest.mark.parametrize("version", ['"2"', ""])
def test_halves_of_two_versions_are_never_joined(shelf: Shelf, tmp_path: Path, version: str) -> None:
    shelf.cuts = [1000] * 4
    shelf.version = '"1"' if version else ""  # a server that tells no version cannot be resumed at
    with pytest.raises(BrokenOffError):
        fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    shelf.version, shelf.files["/table.csv"] = version, TABLE.replace(b"Brass", b"Glass")
    (file,) = fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert file.read_bytes() == shelf.files["/table.csv"]


def test_a_refusal_that_passes_is_waited_for(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [503, 500, 429]
    assert fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert len(shelf.ranges) == 4


def test_a_refusal_in_the_middle_loses_nothing(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts, shelf.statuses = [1000], [200, 503]
    assert fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert shelf.ranges == ["", "bytes=1000-", "bytes=1000-"]


def test_a_server_that_goes_on_refusing_is_named_with_its_answer(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [503] * 4
    with pytest.raises(RefusedError) as caught:
        fetch(source(shelf, "table.csv"), tmp_path, pause=0)
    assert caught.value.status == 503


def test_a_file_that_is_not_there_is_asked_for_once(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        fetch(source(shelf, "nothing.csv"), tmp_path)
    assert (caught.value.status, caught.value.url) == (404, f"{shelf.url}/nothing.csv")
    assert len(shelf.ranges) == 1


def test_a_web_page_in_place_of_the_file_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/table.csv"] = b"\n<!DOCTYPE html><title>Log in</title>"
    with pytest.raises(RefusedError) as caught:
        fetch(source(shelf, "table.csv"), tmp_path)
    assert caught.value.status == 200
    shelf.files["/table.csv"] = TABLE
    assert fetch(source(shelf, "table.csv"), tmp_path)


def test_a_web_page_that_is_wanted_comes(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/list.html"] = b"<!DOCTYPE html><title>Episodes</title>"
    assert fetch(source(shelf, "list.html", files=("*.html",)), tmp_path)


def test_without_a_network_the_person_is_told_what_to_get_by_hand(tmp_path: Path) -> None:
    nobody = Shelf(url="http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(OfflineError) as caught:
        fetch(source(nobody, "table.csv"), tmp_path)
    assert (caught.value.source.by_hand, caught.value.url) == ("ask the baker", "http://127.0.0.1:9/table.csv")


def test_what_cannot_be_downloaded_is_told(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ByHandError) as caught:
        fetch(source(shelf), tmp_path)
    assert caught.value.source.by_hand == "ask the baker"


def test_a_folder_that_exists_is_left_as_it_is(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/mine.txt").write_text("mine")
    with pytest.raises(FolderExistsError):
        fetch(source(shelf, "table.csv"), tmp_path)
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["mine.txt"]
    assert shelf.ranges == []


def test_files_that_are_not_the_data_set_do_not_become_it(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedFilesError):
        fetch(source(shelf, "table.csv", files=("other.csv",)), tmp_path)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("content", "error"), [(b"not packed", NotAnArchiveError), (packed({"a": b"a"})[:-4], TruncatedArchiveError)]
)
def test_a_bad_archive_is_fetched_anew_the_next_time(
    shelf: Shelf, tmp_path: Path, content: bytes, error: type[Exception]
) -> None:
    shelf.files["/keys.zip"] = content
    with pytest.raises(error):
        fetch(source(shelf, "keys.zip"), tmp_path)
    shelf.files["/keys.zip"] = packed({"table.csv": TABLE})
    assert fetch(source(shelf, "keys.zip"), tmp_path)


def test_too_little_room_is_told_before_the_download(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 95, 5))
    with pytest.raises(NoSpaceError) as caught:
        fetch(source(shelf, "table.csv"), tmp_path)
    assert caught.value.needed == len(TABLE)


def test_a_disk_that_fills_up_meanwhile_is_told(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(NoSpaceError):
        fetch(source(shelf, "table.csv"), tmp_path)


def _raising(error: httpx.RequestError) -> Callable[..., object]:
    def stream(*_: object, **__: object) -> object:
        raise error

    return stream


@pytest.mark.parametrize(
    ("raised", "error"), [(httpx.ConnectTimeout("slow"), OfflineError), (httpx.ReadTimeout("slow"), BrokenOffError)]
)
def test_silence_of_the_server_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: httpx.RequestError, error: type[FetchError]
) -> None:
    monkeypatch.setattr(httpx, "stream", _raising(raised))
    with pytest.raises(error):
        fetch(source(Shelf(url="http://127.0.0.1"), "table.csv"), tmp_path, pause=0)
