"""The published archives below DATA unpacked once, safely and whole, and the data sets found among the folders."""

import errno
import gzip
import json
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import Final

from filelock import FileLock
from tqdm import tqdm

from model.files import replace_text
from training.files import NoSpaceError
from training.sources import known
from training.sources.base import FileError, MissingFileError, TruncatedArchiveError

SUFFIXES: Final = (".tar.xz", ".tar.gz", ".tgz", ".zip")
SUMS: Final = "SHA256SUMS"
LARGEST: Final = 20 * 2**30  # bytes; the largest data set we know unpacks to a tenth
_XZ: Final = b"\xfd7zXZ\x00"
_GZIP: Final = b"\x1f\x8b"
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE: Final = (
    *(EOFError, gzip.BadGzipFile, lzma.LZMAError, tarfile.ReadError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError),  # packed in a way that zipfile does not know, or with a password
)
_LITTER: Final = frozenset({"__MACOSX", ".DS_Store"})


class NotAnArchiveError(FileError):
    """The file at ``path`` is called like an archive and is something else, such as a web page."""


class ChecksumError(FileError):
    """The archive at ``path`` is not the one that the SHA256SUMS beside it describe."""


class UnsafeArchiveError(FileError):
    """A member of the archive at ``path`` would be written outside its folder, or is no plain file."""


class TooLargeError(FileError):
    """The archive at ``path`` unpacks to more than is allowed."""


class NoSourceError(FileError):
    """No data set that we know is in the folder ``path``."""


class AmbiguousFolderError(FileError):
    """The folder ``path`` may be any of the data sets ``names``; its own name must tell."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        super().__init__(path)
        self.names = names


def is_archive(path: Path) -> bool:
    """Say whether the file is called like an archive that we unpack."""
    return path.name.endswith(SUFFIXES) and path.is_file()


def unpacked(data: Path, cache: Path) -> Path:
    """Return a folder with all that is in ``data``, every archive NAME.zip, NAME.tar.xz … in it as a folder NAME.

    ``data`` may be one archive. Without archives it is the folder itself; else a folder of links, below ``cache``.
    An archive is unpacked once to ``cache``/unpacked and anew when its size or time changes; if SHA256SUMS beside
    it lists it, it must agree. Where there is a folder NAME as well, that one counts. A process that is killed
    leaves nothing that a later one takes for whole.

    Raises:
        MissingFileError: ``data`` does not exist.
        NotAnArchiveError, TruncatedArchiveError, ChecksumError, UnsafeArchiveError, TooLargeError, NoSpaceError:
            see their docstrings.
    """
    if not data.exists():
        raise MissingFileError(data)
    inside = [data] if data.is_file() else sorted(data.iterdir())
    entries = [entry for entry in inside if not entry.name.startswith(".")]
    archives = [entry for entry in entries if is_archive(entry) and not (entry.parent / _stem(entry)).is_dir()]
    if not archives:
        return data
    folders = {entry.name: entry.resolve() for entry in entries if not is_archive(entry)}
    for archive in tqdm(archives, desc="unpacking", unit="archive", disable=None):
        folders[_stem(archive)] = _once(archive, cache.resolve() / "unpacked")
    return _linked(folders, cache.resolve() / "sets")


def extract(archive: Path, into: Path, *, largest: int = LARGEST) -> None:
    """Unpack ``archive`` into the empty folder ``into``; a folder that holds all of it is left out.

    Raises:
        NotAnArchiveError, TruncatedArchiveError, UnsafeArchiveError, TooLargeError, NoSpaceError: see their docstrings.
    """
    with _named_errors(archive, into):
        _unpack(archive, into, largest)
    inside = [entry for entry in into.iterdir() if entry.name not in _LITTER]
    if len(inside) == 1 and inside[0].is_dir():
        for litter in _LITTER:
            shutil.rmtree(into / litter, ignore_errors=True)
        _lift(inside[0])


def located(data: Path) -> dict[str, Path]:
    """Return the folder of every source in ``data``, by its name: DATA/NAME, a folder with its files, or DATA itself.

    Raises:
        NoSourceError, AmbiguousFolderError: see their docstrings.
    """
    if not data.is_dir():
        raise NoSourceError(data)
    sources = known()
    inside = sorted(entry for entry in data.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = {folder.name: folder for folder in inside if folder.name in sources}
    for folder in inside:
        if folder.name not in sources and (name := _recognised(folder, set(sources) - set(found))):
            found[name] = folder
    if not found and (name := _recognised(data, set(sources))):
        found[name] = data
    if not found:
        raise NoSourceError(data)
    return {name: found[name] for name in sources if name in found}


def _recognised(folder: Path, names: set[str]) -> str | None:
    matching = tuple(name for name in sorted(names) if known()[name].is_in(folder))
    if folder.name in matching:
        return folder.name
    if len(matching) > 1:
        raise AmbiguousFolderError(folder, matching)
    return next(iter(matching), None)


def _stem(archive: Path) -> str:
    return next(archive.name.removesuffix(suffix) for suffix in SUFFIXES if archive.name.endswith(suffix))


def _once(archive: Path, shelf: Path) -> Path:
    """Return the folder of this very archive on the shelf: its name tells the archive, so none is ever stale."""
    facts = archive.stat()
    mark = sha256(f"{archive.name} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:12]
    whole = shelf / f"{_stem(archive)}-{mark}"
    half = shelf / f".{whole.name}.half"
    shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf / f".{whole.name}.lock"):
        if not _is_sealed(whole):
            _verify(archive)
            shutil.rmtree(half, ignore_errors=True)  # of a process that was killed
            half.mkdir()
            extract(archive, half)
            shutil.rmtree(whole, ignore_errors=True)  # somebody changed something in it
            half.rename(whole)
            replace_text(_seal(whole), json.dumps(_sizes(whole)))
    return whole


def _is_sealed(folder: Path) -> bool:
    """Say whether the folder holds just what was unpacked to it, by names, sizes and times."""
    try:
        return bool(json.loads(_seal(folder).read_text("utf-8")) == _sizes(folder))
    except (OSError, ValueError):
        return False


def _seal(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.json")


def _sizes(folder: Path) -> dict[str, list[int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}


def _linked(folders: dict[str, Path], shelf: Path) -> Path:
    mark = sha256("\n".join(f"{name}\t{path}" for name, path in sorted(folders.items())).encode()).hexdigest()[:12]
    whole, half = shelf / mark, shelf / f".{mark}.half"
    shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf / f".{mark}.lock"):
        if not all((whole / name).exists() for name in folders):
            shutil.rmtree(half, ignore_errors=True)  # of a process that was killed
            half.mkdir()
            for name, path in folders.items():
                (half / name).symlink_to(path)
            shutil.rmtree(whole, ignore_errors=True)
            half.rename(whole)
    return whole


def _verify(archive: Path) -> None:
    sums = archive.parent / SUMS
    for line in sums.read_text("utf-8", "replace").splitlines() if sums.is_file() else ():
        wanted, _, name = line.partition(" ")
        if name.lstrip(" *") == archive.name:
            with archive.open("rb") as file:
                if file_digest(file, "sha256").hexdigest() != wanted.lower():
                    raise ChecksumError(archive)


def _unpack(archive: Path, into: Path, largest: int) -> None:
    with archive.open("rb") as file:
        begins = file.read(6)
    if begins.startswith(_ZIPS):
        with zipfile.ZipFile(archive) as packed:
            _unpack_zip(packed, archive, into, largest)
    elif begins.startswith((_XZ, _GZIP)):
        with lzma.open(archive) if begins.startswith(_XZ) else gzip.open(archive) as stream:
            _unpack_tar(stream, archive, into, largest)
    else:
        raise NotAnArchiveError(archive)


def _unpack_zip(packed: zipfile.ZipFile, archive: Path, into: Path, largest: int) -> None:
    for name in packed.namelist():
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise UnsafeArchiveError(archive)
    _require_room(archive, into, sum(member.file_size for member in packed.infolist()), largest)
    for name in packed.namelist():
        packed.extract(name, into)


def _unpack_tar(stream: lzma.LZMAFile | gzip.GzipFile, archive: Path, into: Path, largest: int) -> None:
    left = largest
    with tarfile.open(fileobj=stream, mode="r:") as packed:
        for member in packed:
            _require_room(archive, into, member.size, left)
            left -= member.size
            packed.extract(member, into, filter="data")
    while stream.read(2**20):
        pass  # the checksum stands at the end


def _require_room(archive: Path, into: Path, size: int, largest: int) -> None:
    if size > largest:
        raise TooLargeError(archive)
    if size > shutil.disk_usage(into).free:
        raise NoSpaceError(into, size)


@contextmanager
def _named_errors(archive: Path, into: Path) -> Iterator[None]:
    try:
        yield
    except tarfile.FilterError as error:
        raise UnsafeArchiveError(archive) from error
    except _DAMAGE as error:
        raise TruncatedArchiveError(archive) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise NoSpaceError(into) from error
        raise


def _lift(folder: Path) -> None:
    """Move all that is in ``folder`` to where it stands, and remove it."""
    aside = folder.rename(folder.with_name(".lifted"))
    for entry in aside.iterdir():
        entry.rename(folder.parent / entry.name)
    aside.rmdir()
