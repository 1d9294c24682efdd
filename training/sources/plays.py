"""Public-domain plays: one row a speech or a stage direction, in the order of the book."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile
from pathlib import Path
from typing import Final

from training.records import Line, Scene
from training.sources.base import Source, read_lines, read_table

NAME: Final = "plays"
FILE: Final = "public_domain_plays.jsonl"
SHAKESPEARE: Final = "shakespeare.jsonl"
INDEX: Final = "plays_index.tsv"
COLUMNS: Final = ("author", "play", "act", "scene", "speaker", "text", "text_with_note")
_OF_SHAKESPEARE: Final = 1600  # about
_SAME: Final = {"The Boor": "The Bear", "Countess Julie": "Miss Julia", "The Creditor": "Creditors"}  # translated twice


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


def _plays(path: Path) -> Iterator[Play]:
    rows = read_lines(path, COLUMNS)
    for (author, title), whole in groupby(rows, key=lambda row: (row["author"], row["play"])):
        scenes = tuple(
            tuple(Row(_text(row["speaker"]) or None, _text(row["text"]), _text(row["text_with_note"])) for row in scene)
            for _, scene in groupby(whole, key=lambda row: (row["act"], row["scene"]))
        )
        yield Play(author=author, title=title, scenes=scenes)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def scenes(folder: Path) -> Iterator[Scene]:
    """Yield the scenes of every play of ``folder``, Shakespeare's among them where his file is there.

    Two translations of one play are one work.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    years = _years(folder / INDEX)
    for file in (FILE, SHAKESPEARE):
        if file == FILE or (folder / file).is_file():
            for play in _plays(folder / file):
                written = years.get((play.author, play.title))
                yield from _scenes_of(play, _OF_SHAKESPEARE if file == SHAKESPEARE else written)


def _scenes_of(play: Play, year: int | None) -> Iterator[Scene]:
    for rows in play.scenes:
        opening = tuple(takewhile(lambda row: row.speaker is None, rows))
        lines = tuple(_line(row) for row in rows[len(opening) :])
        if lines:
            yield Scene(
                source=NAME,
                work=_SAME.get(play.title, play.title),
                title=play.title.rstrip("."),
                lines=lines,
                opening=" ".join(row.noted for row in opening) or None,
                year=year,
            )


def _line(row: Row) -> Line:
    return Line(row.speaker, row.text, row.noted or None) if row.speaker else Line(None, row.noted)


def _years(path: Path) -> dict[tuple[str, str], int]:
    """Return the year of every play of the index, by author (with translator, as in the plays) and title."""
    if not path.is_file():
        return {}
    return {
        (_by(row["author"], row["translator"]), row["play"]): int(row["year"])
        for row in read_table(path, ("play", "author", "translator", "year"), tabs=True)
        if row["year"].isdigit()
    }


def _by(author: str, translator: str) -> str:
    return f"{author} (tr. {translator})" if translator else author


SOURCE: Final = Source(
    name=NAME,
    about="plays in the public domain, mostly 1880 to 1929, and Shakespeare's",
    licence="public domain in the United States",
    publishable=True,
    files=(FILE,),
    read=scenes,
    by_hand=f"Write the plays as JSON lines, a speech or direction each, with the keys {', '.join(COLUMNS)} to {FILE}.",
)
