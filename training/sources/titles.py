"""Titles of films, shows and anime that exist already."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.sources.base import read_table

COLUMNS: Final = ("title",)


def read(path: Path) -> Iterator[str]:
    """Yield the titles of a tab-separated file.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    for row in read_table(path, COLUMNS, tabs=True):
        if row["title"]:
            yield row["title"]
