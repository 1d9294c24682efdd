"""What every source is and shares: how it is described, reading a table or a JSON-lines file, and how that fails."""

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, Final

from training.records import Record

LARGEST_FIELD: Final = 16 * 2**20  # characters; a longer cell is a quotation mark that nothing closes
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to fetch: its address, and the name it gets in the source's folder (an archive is unpacked there)."""

    url: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A folder of files as somebody published them.

    ``name`` is its folder below DATA and its name in every table; ``files`` are the names or patterns by which a
    folder is recognised as this data set, each of one file or of several in place of one another ("a.zip|a.csv");
    ``publishable`` says whether weights trained on it may be published. What cannot be downloaded is described for a
    person in ``by_hand``.
    """

    name: str
    about: str
    licence: str
    publishable: bool
    files: tuple[str, ...]
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""

    def is_in(self, folder: Path) -> bool:
        """Say whether ``folder`` holds this data set."""
        return all(any(any(folder.glob(name)) for name in pattern.split("|")) for pattern in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(DataSet):
    """A data set that is learnt from; every file of this package that has one calls it ``SOURCE``.

    ``read`` yields the records of its folder.
    """

    read: Callable[[Path], Iterator[Record]]


class SourceError(Exception):
    """A data set cannot be read as published."""


class FileError(SourceError):
    """The file at ``path`` is not as published."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class MissingFileError(FileError):
    """The data set has no file at ``path``."""


class MissingColumnsError(SourceError):
    """The file at ``path`` lacks ``columns``."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        super().__init__(f"{path}: {', '.join(columns)}")
        self.path, self.columns = path, tuple(columns)


class EncodingError(SourceError):
    """The file at ``path`` is no text in ``encoding``: the first wrong byte is number ``offset``, in line ``line``."""

    def __init__(self, path: Path, encoding: str, *, line: int, offset: int) -> None:
        super().__init__(f"{path}: {encoding}, line {line}, byte {offset}")
        self.path, self.encoding, self.line, self.offset = path, encoding, line, offset


class BrokenLineError(SourceError):
    """Line ``line`` of the file at ``path`` is cut off, holds NUL bytes, or opens a quotation that nothing closes."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}: line {line}")
        self.path, self.line = path, line


class WebPageError(FileError):
    """The file at ``path`` is a web page, such as a server's error message, saved under the name of a data file."""


class TruncatedArchiveError(FileError):
    """The archive at ``path`` ends too early or is damaged."""


class _Tabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE  # titles have quotation marks of their own


def read_table(path: Path, columns: Sequence[str], *, tabs: bool = False) -> Iterator[dict[str, str]]:
    """Yield the rows of a comma- or tab-separated file with a header, ``columns`` checked before the first row.

    Cells that a row lacks are empty, cells beyond the header are dropped.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    lines = _Lines(path)
    rows = _rows(lines, _Tabs if tabs else csv.excel)
    header = next(rows, [])
    _require_columns(path, columns, header)
    for cells in rows:
        if len(cells) < len(header) and lines.cut_off:
            raise BrokenLineError(path, lines.number)
        cells.extend(repeat("", len(header) - len(cells)))
        yield dict(zip(header, cells, strict=False))


def read_rows(path: Path, *, encoding: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the cells of every row of a comma-separated file, the first included.

    Raises:
        MissingFileError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    lines = _Lines(path, encoding)
    for cells in _rows(lines, csv.excel):
        yield lines.number, cells


def read_lines(path: Path, columns: Sequence[str], *, encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file; every one must have ``columns``.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    lines = _Lines(path, encoding)
    for line in lines:
        if line.isspace():
            continue
        try:
            row = {**json.loads(line)}
        except (json.JSONDecodeError, RecursionError, TypeError) as error:  # TypeError: JSON, but no object
            raise BrokenLineError(path, lines.number) from error
        _require_columns(path, columns, row)
        yield row


def encoding_of(path: Path) -> str:
    """Return UTF-16 or UTF-32 where the first bytes of ``path`` are its mark, else UTF-8 with or without one."""
    with path.open("rb") as file:
        begins = file.read(4)
    return next((encoding for mark, encoding in _MARKS if begins.startswith(mark)), "utf-8-sig")


def wrong_bytes(path: Path, encoding: str) -> EncodingError:
    """Return the error that says where ``path`` stops being text in ``encoding`` (lines and bytes from 1 and 0)."""
    decoder, offset, line = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))(), 0, 1
    with path.open("rb") as file:
        while True:
            block = file.read(2**20)
            pending = len(decoder.getstate()[0])  # bytes of a character that the block before began
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                return EncodingError(path, encoding, line=line, offset=offset - pending + error.start)
            if not block:
                return EncodingError(path, encoding, line=line, offset=offset)
            offset += len(block)


class _Lines:
    """The lines of a file one after the other, each checked to be text; ``number`` counts them from 1."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        if not path.is_file():
            raise MissingFileError(path)
        self.path, self.encoding = path, encoding or encoding_of(path)
        self.number, self.last = 0, ""

    @property
    def cut_off(self) -> bool:
        """Whether the line last read has no end, as where a download broke off."""
        return not self.last.endswith(("\n", "\r"))

    def __iter__(self) -> Iterator[str]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            try:
                for self.number, self.last in enumerate(file, start=1):
                    self._check()
                    yield self.last
            except UnicodeDecodeError as error:
                raise wrong_bytes(self.path, self.encoding) from error

    def _check(self) -> None:
        if self.number == 1 and self.last.lstrip().lower().startswith(("<!doctype html", "<html")):
            raise WebPageError(self.path)
        if "\0" in self.last:
            raise BrokenLineError(self.path, self.number)


def _rows(lines: _Lines, dialect: type[csv.Dialect]) -> Iterator[list[str]]:
    """Yield the rows that are not blank; a quotation mark that nothing closes would swallow all that follows."""
    csv.field_size_limit(LARGEST_FIELD)
    row: list[str] = []
    last: list[str] = []
    try:
        for cells in csv.reader(_gathered(lines, row), dialect):
            last = row.copy()
            row.clear()
            if cells:
                yield cells
    except csv.Error as error:
        raise BrokenLineError(lines.path, lines.number - len(row) + 1) from error
    if _is_open(last, dialect):
        raise BrokenLineError(lines.path, lines.number - len(last) + 1)


def _gathered(lines: Iterable[str], row: list[str]) -> Iterator[str]:
    for line in lines:
        row.append(line)
        yield line


def _is_open(row: Sequence[str], dialect: type[csv.Dialect]) -> bool:
    """Say whether a line set under ``row`` would still belong to it."""
    return bool(row) and len(list(csv.reader([*row[:-1], row[-1].rstrip("\r\n") + "\n", "end"], dialect))) == 1


def _require_columns(path: Path, wanted: Sequence[str], found: Sequence[str] | dict[str, Any]) -> None:
    missing = [column for column in wanted if column not in found]
    if missing:
        raise MissingColumnsError(path, missing)
