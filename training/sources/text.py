"""Any text of one's own: a file, a folder, a pattern, a one-column table or JSON lines."""

import codecs
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from training.records import Text
from training.sources.base import (
    FileError,
    MissingFileError,
    SourceError,
    encoding_of,
    read_lines,
    read_rows,
    wrong_bytes,
)

NAME: Final = "text"
_IN_FOLDERS: Final = frozenset({".txt", ".md"})
_HEADERS: Final = (
    {"0", "body", "content", "document", "documents", "line", "lines", "lyric", "lyrics", "message", "messages"}
    | {"quote", "quotes", "sentence", "sentences", "story", "stories", "text", "texts", "title", "titles"}
    | {"tweet", "tweets"}
)


class NoTextError(MissingFileError):
    """There is no file, no folder, and nothing that fits the pattern ``path``."""


class EmptyCorpusError(FileError):
    """Nothing but white space is at ``path``."""


class BinaryFileError(FileError):
    """The file at ``path`` holds NUL bytes: it is no plain text, or UTF-16 without its mark."""


class UnknownEncodingError(SourceError):
    """Python knows no encoding of this name."""


class UnknownColumnError(SourceError):
    """The table at ``path`` has several ``columns``, and ``column`` is none of them."""

    def __init__(self, path: Path, column: str | None, columns: Sequence[str]) -> None:
        super().__init__(f"{path}: {column} of {', '.join(columns)}")
        self.path, self.column, self.columns = path, column, tuple(columns)


class LooseCommaError(SourceError):
    """The row that ends in line ``line`` of ``path`` has more cells than the header: a text lacks its quotation marks.

    Reading on would lose what stands behind the comma.
    """

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"{path}: line {line}")
        self.path, self.line = path, line


def read_texts(
    path: Path | str, *, column: str | None = None, delimiter: str | None = None, encoding: str | None = None
) -> Iterator[Text]:
    """Yield the documents at ``path``, none of them blank; tokenizers' control tokens in them are text like any other.

    A folder (``*.txt`` and ``*.md``, at any depth) and a pattern such as ``books/**/*.txt`` bring a document a file;
    ``delimiter`` cuts text files into several, without the white space around it. A ``.csv`` brings one a row: of
    its only column, whose header is skipped if it is ``column`` or a usual one ("text", "lyrics" …), or of the one
    called ``column``. A ``.jsonl`` brings its fields "text", or ``column``. Every line ends in a
    line feed. Files are in
    UTF-8, or UTF-16 and UTF-32 with their mark, unless ``encoding`` is given. A text file is held in memory whole.

    Raises:
        NoTextError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
        EmptyCorpusError, BinaryFileError, UnknownEncodingError, UnknownColumnError, LooseCommaError: likewise.
    """
    encoding = _known(encoding)
    root, files = _files(path)
    found = False
    for file in files:
        for work, text in _documents(file, file.relative_to(root).as_posix(), column, delimiter, encoding):
            if text and not text.isspace():
                found = True
                yield Text(source=NAME, work=work, text=text)
    if not found:
        raise EmptyCorpusError(Path(path))


def _known(encoding: str | None) -> str | None:
    """Return ``encoding``, or None for UTF-8: a mark at the beginning of the file is no part of its text."""
    if encoding is None:
        return None
    try:
        "".encode(encoding)
    except LookupError as error:
        raise UnknownEncodingError(encoding) from error
    return None if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"} else encoding


def _files(path: Path | str) -> tuple[Path, list[Path]]:
    """Return the folder that works are named from, and the files in the order of their names."""
    given = Path(path)
    if given.is_file():
        return given.parent, [given]
    if given.is_dir():
        inside = (file for file in given.rglob("*") if file.suffix.lower() in _IN_FOLDERS and file.is_file())
        return given, sorted(file for file in inside if not _is_hidden(file.relative_to(given)))
    matches = map(Path, glob.iglob(str(path), recursive=True))  # noqa: PTH207 – Path.glob takes no absolute pattern
    files = sorted({match for match in matches if match.is_file()})
    if not files:
        raise NoTextError(given)
    return Path(os.path.commonpath([file.parent for file in files])), files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _documents(
    file: Path, work: str, column: str | None, delimiter: str | None, encoding: str | None
) -> Iterator[tuple[str, str]]:
    """Yield every document of ``file`` with what its work is called."""
    match file.suffix.lower():
        case ".csv":
            return _numbered(work, _cells(file, column, encoding))
        case ".jsonl" | ".ndjson":
            return _numbered(work, _fields(file, column or "text", encoding))
        case _ if delimiter:
            return _numbered(work, (part.strip() for part in _whole(file, encoding).split(delimiter)))
        case _:
            return iter([(work, _whole(file, encoding))])


def _numbered(work: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((f"{work} {number}", text) for number, text in enumerate(texts, start=1))


def _whole(file: Path, encoding: str | None) -> str:
    chosen = encoding or encoding_of(file)
    try:
        text = file.read_text(chosen)
    except UnicodeDecodeError as error:
        if chosen == "utf-8-sig" and b"\0" in file.read_bytes():
            raise BinaryFileError(file) from error
        raise wrong_bytes(file, chosen) from error
    except UnicodeError as error:  # UTF-16 without its mark
        raise BinaryFileError(file) from error
    if "\0" in text:
        raise BinaryFileError(file)
    return text


def _fields(file: Path, column: str, encoding: str | None) -> Iterator[str]:
    for row in read_lines(file, (column,), encoding=encoding):
        if not isinstance(row[column], str):
            raise UnknownColumnError(file, column, [name for name in row if isinstance(row[name], str)])
        yield row[column]


def _cells(file: Path, column: str | None, encoding: str | None) -> Iterator[str]:
    rows = read_rows(file, encoding=encoding)
    _, header = next(rows, (0, []))
    place, is_title = _place(file, header, column)
    if header and not is_title:
        yield header[place]
    for line, cells in rows:
        if len(cells) > len(header):
            raise LooseCommaError(file, line)
        yield cells[place] if place < len(cells) else ""


def _place(file: Path, first: Sequence[str], column: str | None) -> tuple[int, bool]:
    """Return which cell is the text, and whether the first row is a header."""
    names = [cell.strip() for cell in first]
    if column in names:
        return names.index(column), True
    if column is None and len(names) <= 1:
        return 0, "".join(names).lower() in _HEADERS
    raise UnknownColumnError(file, column, names)
