"""The Cornell Movie-Dialogs Corpus: short conversations of films, joined to scenes and mended."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from training.records import Line, Scene
from training.sources import convokit
from training.sources.base import Download, read_lines
from training.sources.convokit import Conversation, Meta
from training.sources.recognition import LookedInto

NAME: Final = "movie-corpus"
SUMMARIES: Final = "movie_summaries.jsonl"
_WORDS: Final = 220  # a scene is joined up to here: a page
_TAG: Final = re.compile(r"</?[uib]>", re.I)
_SCRAPS: Final = re.compile(r"\s_ \d+\.$|^\*\s+|\s+\*$|[<>|{}]|\s+\]$")  # page numbers and revision marks
_EMPHASIS: Final = re.compile(r"([*_])(\w[^*_]*)\1")
_BROKEN: Final = re.compile(r"\b(\w{2,})- (\w{2,})\b")
_WORD: Final = re.compile(r"\w+(?:-\w+)*")
_ASIDE: Final = frozenset(
    re.findall(
        r"[\w']+",
        "and or but nor so yet the a an i you he she it we they me him her us them this that these those there here"
        " what who when where why how is are was were do does did can could will would shall should if as for in on at"
        " of to from by with no not yes oh well please my your his our their don't i'm it's let get just",
    )
)
_SMALL: Final = frozenset(re.findall(r"\w+", "a an and as at but by for from in into nor of on or the to vs with"))
_ROMAN: Final = re.compile(r"[ivx]{2,}")


@dataclass(frozen=True, slots=True)
class _Film:
    title: str
    year: int | None
    labels: tuple[str, ...]
    summary: str | None = None


def read(folder: Path) -> Iterator[Scene]:
    """Yield the scenes of every film of ``folder``; none has directions or says where it plays.

    Raises:
        MissingFileError, MissingColumnsError, EncodingError, BrokenLineError, WebPageError: see their docstrings.
    """
    speakers = convokit.metadata(folder / "speakers.json")
    films = _films(folder / SUMMARIES)
    conversations = list(convokit.read(folder))
    words = Counter(word for one in conversations for said in one.utterances for word in _WORD.findall(said.text))
    for index, ours in groupby(conversations, key=lambda one: str(one.meta.get("movie_idx", ""))):
        in_order = sorted(ours, key=lambda one: convokit.number(one.key))
        film = films.get(index) or _film(in_order[0].meta)
        for lines in _joined(_lines(one, speakers, words) for one in in_order):
            yield _scene(film, lines)


def _scene(film: _Film, lines: tuple[Line, ...]) -> Scene:
    return Scene(
        source=NAME,
        work=film.title,
        title=film.title,
        lines=lines,
        summary=film.summary,
        labels=film.labels,
        year=film.year,
    )


def _lines(conversation: Conversation, speakers: Mapping[str, Meta], words: Counter[str]) -> tuple[Line, ...]:
    return tuple(
        Line(speakers.get(said.speaker, {}).get("character_name") or said.speaker, mended(said.text, words))
        for said in conversation.utterances
        if said.text.strip()
    )


def _joined(conversations: Iterable[tuple[Line, ...]]) -> Iterator[tuple[Line, ...]]:
    """Yield neighbours that share a speaker as one scene; nobody talks alone in a scene."""
    scene: tuple[Line, ...] = ()
    for lines in conversations:
        if _cast(scene) & _cast(lines) and _length(scene) + _length(lines) <= _WORDS:
            scene += lines
            continue
        if len(_cast(scene)) > 1:
            yield scene
        scene = lines
    if len(_cast(scene)) > 1:
        yield scene


def _cast(lines: tuple[Line, ...]) -> set[str | None]:
    return {line.speaker for line in lines}


def _length(lines: tuple[Line, ...]) -> int:
    return sum(len(line.text.split()) for line in lines)


def mended(text: str, words: Counter[str]) -> str:
    """Return ``text`` without tags, emphasis, scraps of the page and broken hyphens; ``words`` counts the corpus's."""
    clean = _SCRAPS.sub("", _EMPHASIS.sub(r"\2", _TAG.sub("", text)))
    return " ".join(_BROKEN.sub(lambda match: _whole(match[1], match[2], words), clean).split())


def _whole(first: str, second: str, words: Counter[str]) -> str:
    """Return "break-up" for "break- up", "conference" for "con- ference", and a dash where the speaker broke off."""
    if second.casefold() in _ASIDE:
        return f"{first} - {second}"
    hyphened, closed = f"{first}-{second}", f"{first}{second}"
    return closed if words[closed] > 2 * words[hyphened] else hyphened


def _films(path: Path) -> dict[str, _Film]:
    if not path.is_file():
        return {}
    rows = read_lines(path, ("movie_idx", "title", "summary"))
    return {
        row["movie_idx"]: _Film(row["title"], row.get("year"), tuple(row.get("genres") or ()), row["summary"] or None)
        for row in rows
    }


def _film(meta: Meta) -> _Film:
    year = re.match(r"\d{4}", str(meta.get("release_year", "")))
    labels = tuple(re.findall(r"[\w-]+", str(meta.get("genre") or "")))  # a list, or a list as text
    return _Film(title_case(str(meta.get("movie_name", ""))), int(year[0]) if year else None, labels)


def title_case(name: str) -> str:
    """Return a film's name, all in small letters as the corpus has it, in the capitals of a title."""
    words = name.strip('"').split()
    return " ".join(
        word if at in range(1, len(words) - 1) and word in _SMALL and words[at - 1][-1] != ":" else _capital(word)
        for at, word in enumerate(words)
    )


def _capital(word: str) -> str:
    return word.upper() if _ROMAN.fullmatch(word) else word[:1].upper() + word[1:]


SOURCE: Final = LookedInto(
    name=NAME,
    about="Cornell Movie-Dialogs: conversations from the scripts of 617 films",
    licence="none stated; for research, to be cited (Danescu-Niculescu-Mizil & Lee 2011)",
    publishable=False,
    files=(*convokit.FILES, "speakers.json"),
    read=read,
    holds=lambda folder: convokit.mentions(folder, "movie_i"),  # movie_idx or movie_id
    downloads=(Download(url=f"{convokit.PUBLISHED}/{NAME}/{NAME}.zip", name=f"{NAME}.zip"),),
)
