"""IMSDb screenplays as our spider or script_buddy's keeps them: the typed text, read scene by scene."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model import screenplay
from model.screenplay import Direction, Heading, Turn
from training import layout
from training.layout import Action, Element, Slug, Speech
from training.records import Line, Scene
from training.sources.base import MissingFileError, Source, read_lines

FILE: Final = "screenplays.jsonl"
COLUMNS: Final = ("title", "genres", "writers", "url", "text")
_NO_GENRES: Final = frozenset({"screenplays", "scripts"})
_ARTICLE: Final = re.compile(r"(.+), (The|A|An)", re.IGNORECASE)
_NOTE: Final = re.compile(r"\s*\([^()]*\)")
_MANNER: Final = re.compile(r"\(([^()]+)\)\s*")
_ASIDE: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]](?=(\s*\w)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Screenplay:
    title: str
    genres: tuple[str, ...]
    text: str


def read(folder: Path) -> Iterator[Scene]:
    """Yield every scene of ``screenplays.jsonl``, or else of the ``*.txt`` below ``folder``, film by film.

    A text file's name is its title, the folder it lies in its genre; one that lies in several has them all. What has
    neither a scene heading nor two speeches is no screenplay and is passed over.

    Raises:
        MissingFileError, MissingColumnsError: see their docstrings.
    """
    found = _collected(folder / FILE) if (folder / FILE).is_file() else _texts(folder)
    for film in found:
        yield from _scenes(film)


def dedent(text: str) -> str:
    """Return a screenplay one element a line, no blank lines and no columns: the form of :mod:`model.screenplay`.

    Every line of it can be read by :func:`model.screenplay.read_line`; a text without any element becomes empty.
    """
    return screenplay.lines(line for element in layout.elements(text) for line in _typed(element))


def _collected(file: Path) -> Iterator[_Screenplay]:
    for row in read_lines(file, COLUMNS):
        yield _Screenplay(title=_title(row["title"]), genres=tuple(row["genres"]), text=row["text"])


def _texts(folder: Path) -> Iterator[_Screenplay]:
    files = sorted(file for file in folder.rglob("*.txt") if file.name != "SOURCE.txt")
    if not files:
        raise MissingFileError(folder / FILE)
    genres: dict[str, list[str]] = {}
    for file in files:
        shelf = file.parent.name
        genres.setdefault(file.name, []).extend(
            [shelf] if file.parent != folder and shelf.lower() not in _NO_GENRES else []
        )
    for name, file in {file.name: file for file in files}.items():
        yield _Screenplay(title=_title_of(file), genres=tuple(genres[name]), text=decoded(file.read_bytes()))


def decoded(content: bytes) -> str:
    """Return text as UTF-8 where it is that, else in Windows' western encoding, which such pages mean."""
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig")
    return content.decode("cp1252", errors="replace")


def _title_of(file: Path) -> str:
    return _title(" ".join(re.split(r"[-_\s]+", file.stem)))


def _title(text: str) -> str:
    return _ARTICLE.sub(r"\2 \1", " ".join(text.split()))


def _scenes(film: _Screenplay) -> Iterator[Scene]:
    found = layout.elements(film.text)
    if not any(isinstance(part, Slug) for part in found) and sum(isinstance(part, Speech) for part in found) < 2:
        return
    for opening, parts in _cut(found):
        lines = tuple(line for part in parts for line in _line(part))
        if lines:
            yield Scene(
                source="imsdb", work=film.title, title=film.title, lines=lines, opening=opening, labels=film.genres
            )


def _cut(found: Iterable[Element]) -> Iterator[tuple[str | None, Sequence[Action | Speech]]]:
    opening: str | None = None
    parts: list[Action | Speech] = []
    for part in found:
        if isinstance(part, Slug):
            yield opening, parts
            opening, parts = part.text, []
        else:
            parts.append(part)
    yield opening, parts


def _line(part: Action | Speech) -> Iterator[Line]:
    if isinstance(part, Action):
        yield Line(None, part.text)
    elif text := _NOTE.sub("", part.text).strip():
        yield Line(part.cue, text, part.text if part.text != text else None)


def _typed(element: Element) -> Iterator[screenplay.Element]:
    """Yield the element as scripts here have it; nothing for a speech that is only a direction."""
    match element:
        case Slug(text):
            yield Heading(text)
        case Action(text) if seen := _without_brackets(text):
            yield Direction(seen)
        case Speech(cue, text):
            manner = _MANNER.match(text)
            if speech := text[manner.end() :] if manner else text:
                yield Turn(cue, speech, (manner[1].strip() or None) if manner else None)


def _without_brackets(text: str) -> str:
    commas = _ASIDE.sub(lambda aside: f", {aside[1].strip()}{',' if aside[2] else ''}", text)
    return " ".join(re.sub(r"[()\[\]]", "", commas).split()).strip(" ,")


SOURCE: Final = Source(
    name="imsdb",
    about="Screenplays of imsdb.com with their genres, about 1,300",
    licence="each film's owners; for study only",
    publishable=False,
    files=("*screenplays*",),
    read=read,
    by_hand="Collect them with the spider (training.spider), which is slow on purpose and obeys robots.txt, or put the"
    " text files that you have into imsdb/screenplays/GENRE/TITLE.txt.",
)
