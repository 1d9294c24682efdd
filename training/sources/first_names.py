"""Given names of the United States with how often they were given (Social Security Administration)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.sources.base import read_table

FILE: Final = "names_1940_2010.csv"
COLUMNS: Final = ("name", "sex", "count_1940_2010")


@dataclass(frozen=True, slots=True)
class FirstName:
    """A name, ``F`` or ``M``, and how many children got it."""

    name: str
    sex: str
    count: int


def read(folder: Path) -> Iterator[FirstName]:
    """Yield the names of ``folder``, the most frequent first as published.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    for row in read_table(folder / FILE, COLUMNS):
        yield FirstName(row["name"], row["sex"], int(row["count_1940_2010"]))
