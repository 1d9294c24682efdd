"""Public-domain plays: one row a speech or a stage direction, in the order of the book."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from training.sources.base import read_lines

FILE: Final = "public_domain_plays.jsonl"
COLUMNS: Final = ("author", "play", "act", "scene", "speaker", "text", "text_with_note")


@dataclass(frozen=True, slots=True)
class Row:
    """A speech, or a stage direction when ``speaker`` is None; ``noted`` keeps directions inside the speech."""

    speaker: str | None
    text: str
    noted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A whole play; one tuple of rows a scene."""

    author: str
    title: str
    scenes: tuple[tuple[Row, ...], ...]


def read(folder: Path) -> Iterator[Play]:
    """Yield every play of ``folder`` whole.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    rows = read_lines(folder / FILE, COLUMNS)
    for (author, title), whole in groupby(rows, key=lambda row: (row["author"], row["play"])):
        scenes = tuple(
            tuple(Row(row["speaker"], row["text"] or "", row["text_with_note"] or "") for row in scene)
            for _, scene in groupby(whole, key=lambda row: (row["act"], row["scene"]))
        )
        yield Play(author=author, title=title, scenes=scenes)
