"""The catalogues of four streaming services: title, genres as listed, description."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.sources.base import MissingFileError, read_table

COLUMNS: Final = ("title", "type", "director", "cast", "listed_in", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One row of a catalogue, as printed there; ``people`` are its cast and directors."""

    title: str
    kind: str
    labels: tuple[str, ...]
    people: tuple[str, ...]
    description: str


def read(folder: Path) -> Iterator[Listing]:
    """Yield every row of every ``*_titles.csv`` in ``folder``, in the order of the file names.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    files = sorted(folder.glob("*_titles.csv"))
    if not files:
        raise MissingFileError(folder / "*_titles.csv")
    for file in files:
        for row in read_table(file, COLUMNS):
            yield Listing(
                title=row["title"] or "",
                kind=row["type"] or "",
                labels=_list(row["listed_in"]),
                people=_list(row["cast"]) + _list(row["director"]),
                description=row["description"] or "",
            )


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
