"""A data set downloaded to its folder below DATA: resumed where it broke off, never twice, whole or not at all."""

import errno
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from filelock import FileLock
from tqdm import tqdm

from training import archives
from training.archives import NotAnArchiveError
from training.files import NoSpaceError
from training.sources.base import DataSet, Download, FileError, TruncatedArchiveError

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be others a moment later
_PAGES: Final = frozenset({".htm", ".html"})
_TIMEOUT: Final = 30.0  # seconds without a byte


class ByHandError(Exception):
    """Nothing of ``source`` can be downloaded; its ``by_hand`` says how a person gets it."""

    def __init__(self, source: DataSet) -> None:
        super().__init__(source.name)
        self.source = source


class FetchError(Exception):
    """``url`` of ``source`` cannot be downloaded now."""

    def __init__(self, source: DataSet, url: str) -> None:
        super().__init__(f"{source.name}: {url}")
        self.source, self.url = source, url


class OfflineError(FetchError):
    """There is no way to the server: no network, no such host, or nobody who answers."""


class BrokenOffError(FetchError):
    """The connection broke off again and again; what has come is kept, and the next call goes on from there."""


class RefusedError(FetchError):
    """The server answered ``status`` instead of the file (200: a web page in its place)."""

    def __init__(self, source: DataSet, url: str, status: int) -> None:
        super().__init__(source, url)
        self.status = status


class FolderExistsError(FileError):
    """The folder ``path`` exists and lacks files of the data set; it is left as it is."""


class UnexpectedFilesError(FileError):
    """What was downloaded to the folder ``path`` is not the data set as we know it."""


def fetch(source: DataSet, data: Path, *, pause: float = 1.0) -> list[Path]:
    """Return the files of ``data``/NAME, downloaded and unpacked there unless they are there already.

    Refusals that may pass and broken connections are tried thrice more, after ``pause`` seconds, then twice and four
    times as many. What has come so far waits in ``data``/.NAME.part.

    Raises:
        OfflineError, RefusedError, BrokenOffError, ByHandError: see their docstrings.
        FolderExistsError, UnexpectedFilesError, NoSpaceError: likewise.
        NotAnArchiveError, TruncatedArchiveError, UnsafeArchiveError, TooLargeError: an archive is not as published.
    """
    folder, part = data / source.name, data / f".{source.name}.part"
    if not folder.exists():
        if not source.downloads:
            raise ByHandError(source)
        data.mkdir(parents=True, exist_ok=True)
        with FileLock(data / f".{source.name}.lock"):
            if not folder.exists():  # another process may have brought it in the meantime
                _make(source, part, pause).rename(folder)
                shutil.rmtree(part)
    if not source.is_in(folder):
        raise FolderExistsError(folder)
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _make(source: DataSet, part: Path, pause: float) -> Path:
    part.mkdir(exist_ok=True)
    try:
        for download in source.downloads:
            if not (part / download.name).exists():
                _bring(source, download, part / f"{download.name}.part", pause)
        return _put_together(source, part)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NoSpaceError(part) from error
        raise


def _put_together(source: DataSet, part: Path) -> Path:
    """Return a folder with the plain files and what the archives hold."""
    whole, beside = part / "whole", part / "unpacked"
    shutil.rmtree(whole, ignore_errors=True)  # of a process that was killed
    whole.mkdir()
    for file in (part / download.name for download in source.downloads):
        if archives.is_archive(file):
            _unpack(file, beside)
            shutil.copytree(beside, whole, copy_function=shutil.move, dirs_exist_ok=True)
        else:
            shutil.copy2(file, whole)
    if not source.is_in(whole):
        raise UnexpectedFilesError(whole)
    return whole


def _unpack(file: Path, into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    try:
        archives.extract(file, into)
    except (NotAnArchiveError, TruncatedArchiveError):
        file.unlink()  # the next call shall fetch it anew
        raise


def _bring(source: DataSet, download: Download, half: Path, pause: float) -> None:
    """Download a file, over as many connections as are allowed."""
    for wait in (pause, 2 * pause, 4 * pause, None):
        try:
            _go_on(source, download, half)
        except FetchError as error:
            if wait is None or not _passes(error):
                raise
            time.sleep(wait)
        else:
            half.rename(half.with_name(download.name))
            return


def _passes(error: FetchError) -> bool:
    """Say whether the next attempt may succeed."""
    match error:
        case RefusedError():
            return error.status in _PASSING
        case OfflineError():
            return isinstance(error.__cause__, httpx.ConnectTimeout)
        case _:
            return True


def _go_on(source: DataSet, download: Download, half: Path) -> None:
    """Read on where ``half`` ends if the server still has the same file, else from the beginning."""
    tag = half.with_name(f"{half.name}.tag")  # which version of the file ``half`` is of
    have = half.stat().st_size if half.exists() else 0
    version = tag.read_text("utf-8") if tag.exists() else ""
    wanted = {"Range": f"bytes={have}-", "If-Range": version} if have and version else {}
    with _answer(source, download.url, wanted) as answer:
        place = answer.headers.get("Content-Range", "")
        match answer.status_code:
            case HTTPStatus.OK:
                half.unlink(missing_ok=True)
                tag.write_text(_version(answer.headers), "utf-8")
            case HTTPStatus.PARTIAL_CONTENT if place.startswith(f"bytes {have}-"):
                pass
            case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if place == f"bytes */{have}":
                return  # it was whole already
            case HTTPStatus.PARTIAL_CONTENT | HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                half.unlink(missing_ok=True)
                raise BrokenOffError(source, download.url)
            case status:
                raise RefusedError(source, download.url, status)
        _save(source, download, answer, half)


@contextmanager
def _answer(source: DataSet, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
    """Send a request; whatever goes wrong until the answer is read gets a name of ours."""
    plain = {"Accept-Encoding": "identity", **headers}  # the bytes to resume at are those of the file
    try:
        with httpx.stream("GET", url, headers=plain, follow_redirects=True, timeout=_TIMEOUT) as answer:
            yield answer
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise OfflineError(source, url) from error
    except httpx.RequestError as error:
        raise BrokenOffError(source, url) from error


def _version(headers: Mapping[str, str]) -> str:
    """Return what tells this version of the file from another, or nothing: then it cannot be resumed."""
    strong = headers.get("ETag", "W/")
    return headers.get("Last-Modified", "") if strong.startswith("W/") else strong


def _save(source: DataSet, download: Download, answer: httpx.Response, half: Path) -> None:
    """Write all that comes to the end of ``half``."""
    have = half.stat().st_size if half.exists() else 0
    comes = int(answer.headers.get("Content-Length", 0))
    if comes > shutil.disk_usage(half.parent).free:
        raise NoSpaceError(half.parent, comes)
    bar = tqdm(total=have + comes or None, initial=have, desc=download.name, unit="B", unit_scale=True, disable=None)
    with bar, half.open("ab") as file:
        for block in answer.iter_bytes():
            if not file.tell() and _is_page(block) and Path(download.name).suffix not in _PAGES:
                raise RefusedError(source, download.url, answer.status_code)
            file.write(block)
            bar.update(len(block))


def _is_page(beginning: bytes) -> bool:
    return beginning.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))
