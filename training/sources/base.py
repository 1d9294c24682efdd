"""What every source shares: reading a table or a JSON-lines file, and the two ways that can fail."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


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
