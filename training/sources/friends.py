"""Friends in ConvoKit's layout: scenes with their stage notes and, where the summaries lie beside, what happens."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.records import Line, Scene
from training.sources import convokit, friends_summaries
from training.sources.base import Download
from training.sources.convokit import Conversation, Utterance
from training.sources.friends_summaries import SHOW, Episode, work_keys
from training.sources.recognition import LookedInto

NAME: Final = "friends-corpus"
_NOTE: Final = "TRANSCRIPT_NOTE"
_ALL: Final = "#ALL#"
_UNKNOWN: Final = "UNKNOWN"
_SCENE: Final = re.compile(r"[\[(]?\s*scene\b", re.I)
_PAPERWORK: Final = re.compile(
    r"^\W*(end|credits|(opening|closing|end) credits|commercial break|commerical break|to be continued"
    r"|transcriber|dedicated to|<!--|http|the (next|final|first) (one|clip|flashback))\b|^\{|<!--|written by|^\W*$",
    re.I,
)
_SPOKEN: Final = re.compile(r"(?P<speaker>[A-Z][\w' ]{1,30}?) ?[:;] ?(?P<said>.+)", re.S)
Place = tuple[int, int]


def read(folder: Path) -> Iterator[Scene]:
    """Yield every scene; a note that begins another one cuts, the transcriber's own remarks are left out.

    Raises:
        NoSummariesError, MissingFileError, MissingColumnsError, EncodingError, BrokenLineError: see their docstrings.
    """
    told = _Told(folder.parent / friends_summaries.NAME)
    conversations = list(convokit.read(folder))
    titles = {_place(one): one.meta.get("episode_title") or told.title(_place(one)) for one in conversations}
    works = work_keys(titles)
    for one in conversations:
        place = _place(one)
        year, summary = told.year(place), told.summary(place, works[place])
        for opening, lines in _scenes(one):
            yield Scene(
                source=NAME,
                work=works[place],
                title=titles[place] or works[place],
                lines=lines,
                summary=summary,
                opening=opening,
                show=SHOW,
                year=year,
            )


class _Told:
    """What the neighbouring folder says about each episode, if there is one."""

    def __init__(self, folder: Path) -> None:
        found = friends_summaries.episodes(folder) if folder.is_dir() else []
        self.episodes: Mapping[Place, Episode] = {(one.season, one.number): one for one in found}
        self.works = {one.work: one for one in reversed(found)}

    def title(self, place: Place) -> str:
        episode = self.episodes.get(place)
        return episode.title if episode else ""

    def year(self, place: Place) -> int:
        episode = self.episodes.get(place)
        return episode.year if episode else friends_summaries.FIRST_YEAR + place[0] - 1

    def summary(self, place: Place, work: str) -> str | None:
        episode = self.episodes.get(place) or self.works.get(work)
        return episode.summary if episode else None


def _place(conversation: Conversation) -> Place:
    """Return season and episode; the id has them, too (s01_e02_c03_u001)."""
    meta = conversation.meta
    season, episode = (
        convokit.number(f"{meta.get('season', '')} {meta.get('episode', '')}") or convokit.number(conversation.key)[:2]
    )
    return season, episode


@dataclass(frozen=True, slots=True)
class _Opening:
    text: str


def _scenes(conversation: Conversation) -> Iterator[tuple[str | None, tuple[Line, ...]]]:
    opening: str | None = conversation.meta.get("scene_note") or None
    lines: list[Line] = []
    for said in conversation.utterances:
        match _read(said):
            case _Opening(text):
                if lines:
                    yield opening, tuple(lines)
                opening, lines = text, []
            case Line() as line:
                lines.append(line)
            case None:
                pass
    if lines:
        yield opening, tuple(lines)


def _read(said: Utterance) -> Line | _Opening | None:
    if said.speaker != _NOTE:
        return _speech(said)
    note = (said.noted or said.text).strip()
    if _SCENE.match(note):
        return _Opening(note)
    if _PAPERWORK.search(note):
        return None
    spoken = _SPOKEN.fullmatch(note)
    if spoken:
        return Line(spoken["speaker"], re.sub(r"\([^()]*\)\s*", "", spoken["said"]).strip(), spoken["said"])
    return Line(None, note)


def _speech(said: Utterance) -> Line | None:
    if not said.text.strip() or said.speaker == _UNKNOWN:
        return Line(None, said.noted) if said.noted else None
    speaker = "All" if said.speaker == _ALL else said.speaker
    return Line(speaker, said.text, said.noted)


SOURCE: Final = LookedInto(
    name=NAME,
    about="Friends: 3,000 scenes of ten seasons with stage notes",
    licence="transcripts: Warner Bros.; ConvoKit's and EmoryNLP's work on them Apache-2.0",
    publishable=False,
    files=convokit.FILES,
    read=read,
    holds=lambda folder: convokit.mentions(folder, "transcript_with_note"),
    downloads=(Download(url=f"{convokit.PUBLISHED}/{NAME}/{NAME}.zip", name=f"{NAME}.zip"),),
)
