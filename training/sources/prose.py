"""Public-domain novels and story collections: one record a chapter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.sources.base import read_lines

FILE: Final = "books.jsonl"
COLUMNS: Final = ("author", "title", "chapter", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter, its paragraphs parted by blank lines."""

    author: str
    book: str
    text: str


def read(folder: Path) -> Iterator[Chapter]:
    """Yield every chapter of ``folder``.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    for row in read_lines(folder / FILE, COLUMNS):
        yield Chapter(author=row["author"], book=row["title"], text=row["text"])
