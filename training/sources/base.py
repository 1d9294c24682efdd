"""What every source is and shares: how it is described, reading a table or a JSON-lines file, and how that fails."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file to fetch: its address, and the name it gets in the source's folder (an archive is unpacked there)."""

    url: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A data set in its published layout; every file of this package that has one calls it ``SOURCE``.

    ``name`` is its folder below DATA and its name in every table; ``files`` are the names or patterns by which a
    folder is recognised as this data set; ``read`` yields its records; ``publishable`` says whether weights trained
    on it may be published. What cannot be downloaded is described for a person in ``by_hand``.
    """

    name: str
    about: str
    licence: str
    publishable: bool
    files: tuple[str, ...]
    read: Callable[[Path], Iterator[Record]]
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""

    def is_in(self, folder: Path) -> bool:
        """Say whether ``folder`` holds this data set."""
        return all(any(folder.glob(pattern)) for pattern in self.files)


class SourceError(Exception):
    """A data set cannot be read as published."""


class MissingFileError(SourceError):
    """The data set has no file at ``path``."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class MissingColumnsError(SourceError):
    """The file at ``path`` lacks ``columns``."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        super().__init__(f"{path}: {', '.join(columns)}")
        self.path, self.columns = path, tuple(columns)


class _Tabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE  # titles have quotation marks of their own


def read_table(path: Path, columns: Sequence[str], *, tabs: bool = False) -> Iterator[dict[str, str]]:
    """Yield the rows of a comma- or tab-separated file with a header, ``columns`` checked before the first row.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    _require_file(path)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, dialect=_Tabs if tabs else csv.excel)
        _require_columns(path, columns, reader.fieldnames or ())
        yield from reader


def read_lines(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file; every one must have ``columns``.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    _require_file(path)
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            _require_columns(path, columns, row)
            yield row


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise MissingFileError(path)


def _require_columns(path: Path, wanted: Sequence[str], found: Sequence[str] | dict[str, Any]) -> None:
    missing = [column for column in wanted if column not in found]
    if missing:
        raise MissingColumnsError(path, missing)
