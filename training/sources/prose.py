"""Public-domain novels and story collections: one record a chapter."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.records import Text
from training.sources.base import Source, read_lines

NAME: Final = "prose"
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
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    for row in read_lines(folder / FILE, COLUMNS):
        yield Chapter(author=row["author"], book=row["title"], text=row["text"])


def texts(folder: Path) -> Iterator[Text]:
    """Yield every chapter of ``folder`` as text of its book.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    for chapter in read(folder):
        yield Text(source=NAME, work=chapter.book, text=chapter.text)


SOURCE: Final = Source(
    name=NAME,
    about="novels and stories in the public domain, a record a chapter",
    licence="public domain in the United States",
    publishable=True,
    files=(FILE,),
    read=texts,
    by_hand=f"Write the books as JSON lines, a chapter each, with the keys {', '.join(COLUMNS)} to {FILE}.",
)
