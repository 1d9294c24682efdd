"""Pages of screenplay made from the scenes of old plays: cut at turns, speeches short, cast renamed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from model.screenplay import Direction, Element, Heading, NotAScriptError, Script, Turn
from training.cleaning import plain, sentences
from training.places import heading
from training.sources.plays import Play, Row

_SPEECH: Final = 40  # words
_DIRECTION: Final = 24  # words
_MANNER: Final = 5  # words
_PAGE: Final = (70, 150)  # words
_MIN_TURNS: Final = 4
_MAX_CAST: Final = 3
_OLD: Final = re.compile(
    r"\b(thee|thou|thy|thine|doth|hath|hast|art thou|ye|yer|yez|wid|fer|ole|sor|shure|dat|dis|de|di|mair|ower|naw|wuz"
    r"|ez|ain't|o'|an'|th'|em|ter|nae|dinna|ken|oi|zur|allus|prithee|forsooth|methinks|'tis|'twas|verily|egad|sirrah"
    r"|nigger\w*|negro\w*|jew\w*|darky|darkies|chinaman)\b|\B'(e|er|is|im|ave|ere|ow|ad|as|ouse)\b",
    re.I,
)
_GROUP: Final = re.compile(
    r"\b(and|all|both|voices?|others?|crowd|chorus|several|everybody|ladies|gentlemen|men|women)\b|&|,", re.I
)
_NOTE: Final = re.compile(r"\(([^()]*)\)")
_STAGE: Final = re.compile(
    r"\b([RLC]\.?(U|D|C)?\.?E?\.|up stage|down stage|upstage|downstage|curtain|footlights)", re.I
)
_BARE: Final = str.maketrans("", "", "()[]{}<>|\\`_*")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a play with its cast as the play has it: ``opening`` is what its scene shows first."""

    work: str
    opening: str
    script: Script


def pages(play: Play, random: Random) -> Iterator[Page]:
    """Yield the pages of ``play`` that read like talk of our days: two or three speakers, at least four turns."""
    before: Heading | None = None
    for scene in play.scenes:
        opening = _opening(scene)
        before = heading(opening, before)
        for elements in _cut(scene, random):
            page = _page(play.title, opening, before, elements)
            if page:
                yield page


def _opening(scene: tuple[Row, ...]) -> str:
    notes = []
    for row in scene:
        if row.speaker:
            break
        notes.append(row.noted)
    return plain(" ".join(notes)).translate(_BARE)


def _cut(scene: tuple[Row, ...], random: Random) -> Iterator[list[Element]]:
    elements: list[Element] = []
    words, limit = 0, random.randint(*_PAGE)
    for row in scene:
        made = list(_elements(row))
        if row.speaker and not made:  # a chorus, verse or dialect: nothing may be left out in the middle
            yield elements
            elements, words = [], 0
            continue
        elements += made
        words += sum(len((part.speech if isinstance(part, Turn) else part.text).split()) for part in made)
        if words >= limit and isinstance(elements[-1], Turn):
            yield elements
            elements, words, limit = [], 0, random.randint(*_PAGE)
    yield elements


def _elements(row: Row) -> Iterator[Element]:
    if not row.speaker:
        yield from _direction(row.noted)
        return
    speech = _short(row.text, _SPEECH)
    cue = re.sub(r"[^\w' .-]", "", plain(row.speaker)).upper()
    if not speech or _OLD.search(speech) or _GROUP.search(row.speaker) or "\n" in row.text:
        return
    note = _NOTE.match(row.noted)
    manner = _plain_note(note[1]) if note else None
    if manner and len(manner.split()) > _MANNER:
        yield from _direction(manner[0].upper() + manner[1:]) if re.match(r"(?i)(he|she|they) ", manner) else ()
        manner = None
    try:
        yield Turn(cue, speech, manner[0].lower() + manner[1:].rstrip(".!") if manner else None)
    except NotAScriptError:
        return


def _direction(text: str) -> Iterator[Direction]:
    short = _short(re.sub(r"(?i)^\(?scene( [\divx]+)?[ :.—-]*", "", text), _DIRECTION)
    if short and not _STAGE.search(short) and not _OLD.search(short):
        yield Direction(short[0].upper() + short[1:] + ("" if short[-1] in ".!?" else "."))


def _plain_note(text: str) -> str | None:
    note = plain(text).translate(_BARE).strip(" .")
    return None if _STAGE.search(note) or len(note) < 3 else note


def _short(text: str, limit: int) -> str:
    """Return the first whole sentences within ``limit`` words; empty when even the first is longer."""
    kept: list[str] = []
    for sentence in sentences(
        re.sub(r"\s*--+\s*|\s*—+-*\s*", "—", plain(text).translate(_BARE)).replace(". . .", "...")
    ):
        if len(" ".join([*kept, sentence]).split()) > limit:
            break
        kept.append(sentence)
    return " ".join(" ".join(kept).split())


def _page(work: str, opening: str, where: Heading, elements: list[Element]) -> Page | None:
    while elements and isinstance(elements[-1], Direction):
        elements = elements[:-1]
    turns = [element for element in elements if isinstance(element, Turn)]
    cast = {turn.cue for turn in turns}
    if len(turns) < _MIN_TURNS or not 2 <= len(cast) <= _MAX_CAST:
        return None
    if len(elements) > 2 * len(turns):
        return None
    return Page(work, opening, Script((where, *elements)))
