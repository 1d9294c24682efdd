"""From a scene to pages of screenplay: cut at turns, notes as manners and directions, one cue a speaker."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from model.briefs import MAX_TURNS
from model.screenplay import MAX_CUE, Direction, Element, Heading, NotAScriptError, Script, Turn, cast
from training import stage_notes
from training.people import people
from training.places import is_told, opened
from training.records import Line, Scene
from training.stage_notes import Manner, Seen, parts, short, tidy

MIN_TURNS: Final = 4
SPEECH: Final = 100  # words
Loss = Literal["speech shortened", "speech left out", "too few turns", "one speaker"]
Losses = Counter[Loss]
_ORDINALS: Final = {"1ST": "FIRST", "2ND": "SECOND", "3RD": "THIRD", "4TH": "FOURTH", "5TH": "FIFTH"}
_SPOKEN: Final = re.compile(r"\s[A-Z][a-z]+: .*", re.S)  # a transcript inside an opening
_CUT_TO: Final = re.compile(r"\W*(?:cut|flash(?:back)?)s? (?:back )?to:? (?P<where>.+)", re.I | re.S)
Unit = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a dialog and, where the scene says what is seen, as a script of the same turns."""

    dialog: tuple[Turn, ...]
    script: Script | None


def pages(scene: Scene, *, words: int = 220, speech: int = SPEECH, losses: Losses | None = None) -> Iterator[Page]:
    """Yield the pages of ``scene``, each of about ``words`` at most, two speakers or more and four turns or more.

    Pages of one scene are of about one length. A speech is shortened to its first sentences when it is longer than
    ``speech`` words; where even the first is longer, the page ends before it. ``losses`` counts what was lost.
    """
    counted: Losses = Counter() if losses is None else losses
    where, first = _opening(scene)
    staged = scene.opening is not None or any(line.speaker is None or line.noted for line in scene.lines)
    for run in _runs(scene, where, speech, counted):
        for elements in _cut(run, words):
            page = _page(where, [*first, *elements], staged=staged, losses=counted)
            first = []
            where = next((element for element in reversed(elements) if isinstance(element, Heading)), where)
            if page:
                yield page


def _opening(scene: Scene) -> tuple[Heading, list[Element]]:
    where, seen = opened(_SPOKEN.sub("", scene.opening or ""))
    direction = stage_notes.seen(seen)
    return where, [Direction(direction)] if direction else []


def _runs(scene: Scene, where: Heading, longest: int, losses: Losses) -> Iterator[list[Unit]]:
    """Yield the units (a line each) that follow on one another: nothing may be missing in the middle."""
    cues = _cues(scene)
    names = {word.casefold() for speaker in cues for word in re.findall(r"\w+", speaker)}
    run: list[Unit] = []
    for line in scene.lines:
        unit = _speech(line, cues, names, longest, losses) if line.speaker else _seen(line.text, where)
        if unit is None:
            losses["speech left out"] += 1
            yield run
            run = []
        else:
            run += _pieces(unit, longest)
    yield run


def _pieces(unit: Unit, longest: int) -> Iterator[Unit]:
    """Yield the unit whole; a long one, spoken with notes in between, also ends a page after any of its turns."""
    start = 0
    for at, element in enumerate(unit, start=1):
        if at == len(unit) or (isinstance(element, Turn) and _length(unit) > longest):
            yield unit[start:at]
            start = at


def _seen(text: str, where: Heading) -> Unit:
    cut_to = _CUT_TO.fullmatch(text)
    if cut_to and is_told(cut_to["where"]):
        place, rest = opened(cut_to["where"], where)
        return place, *_directions(stage_notes.seen(rest))
    return tuple(_directions(stage_notes.seen(text)))


def _directions(text: str) -> Iterator[Direction]:
    if text:
        yield Direction(text)


def _speech(line: Line, cues: Mapping[str, str], names: set[str], longest: int, losses: Losses) -> Unit | None:
    """Return the turns and directions of a speech: none if nothing is said or seen, None if it cannot be kept."""
    cue, who = cues[line.speaker or ""], _called(line.speaker or "")
    unit: list[Element] = []
    manner: str | None = None
    for part in parts(line.noted or line.text) or (line.text,):
        if isinstance(part, str):
            said = tidy(part)
            speech = short(said, longest)
            if not re.search(r"[\w.?!]", said):
                continue
            if not speech:
                return None
            if speech != said:
                losses["speech shortened"] += 1
            turn = _turn(cue, speech, manner)
            if turn is None:
                return None
            unit.append(turn)
            manner = None
            continue
        match stage_notes.read(part.text, who, names):
            case Manner(text):
                manner = text
            case Seen(text):
                unit.append(Direction(text))
            case None:
                pass
    return _with_last(unit, manner)


def _with_last(unit: list[Element], manner: str | None) -> Unit:
    """Return the unit with the manner that stands behind its last words."""
    if manner and unit and isinstance(unit[-1], Turn) and unit[-1].manner is None:
        unit[-1] = Turn(unit[-1].cue, unit[-1].speech, manner)
    return tuple(unit)


def _turn(cue: str, speech: str, manner: str | None) -> Turn | None:
    try:
        return Turn(cue, speech, manner)
    except NotAScriptError:
        return None


def _cues(scene: Scene) -> dict[str, str]:
    """Return the cue of every speaker: the given name of somebody with a full one, if nobody else has it there."""
    speakers = dict.fromkeys(line.speaker for line in scene.lines if line.speaker)
    given = {speaker: _cue(_given(speaker)) for speaker in speakers}
    shared = Counter(given.values())
    return {speaker: cue if shared[cue] == 1 else _cue(speaker) for speaker, cue in given.items()}


def _given(speaker: str) -> str:
    persons = list(people(speaker, (), ()))
    name = persons[0].given if len(persons) == 1 and speaker == speaker.title() else None
    return name if name and speaker.startswith(f"{name} ") else speaker


def _called(speaker: str) -> str:
    name = tidy(_given(speaker)) or "Somebody"
    return name.title() if name.isupper() else name


def _cue(speaker: str) -> str:
    """Return a cue of letters, digits and light punctuation; empty when there are none."""
    bare = re.sub(r"\(.*?\)|\[.*?\]", " ", speaker)
    several = re.split(r"\s*(?:,\s*(?:and\b)?|/|&)\s*", bare)
    named = "ALL" if len(several) > 2 else " and ".join(several)
    words = re.sub(r"[^\w' .-]|_", " ", tidy(named)).upper().split()
    if words:
        words[0] = _ORDINALS.get(words[0], words[0])
    whole = re.sub(r"^[\W\d_]+", "", " ".join(words))
    return whole if len(whole) <= MAX_CUE else whole[: MAX_CUE + 1].rpartition(" ")[0]


def _cut(run: Sequence[Unit], words: int) -> Iterator[list[Element]]:
    """Yield the run in as few pages of about one length as need be."""
    total, turns = sum(map(_length, run)), sum(map(_turns, run))
    target = total / max(1, math.ceil(total / words), math.ceil(turns / MAX_TURNS))
    page: list[Element] = []
    left = total
    for unit in run:
        full = _turns(page) > 0 and _length(page) + _length(unit) / 2 > target and left > target / 2
        if full or _turns(page) + _turns(unit) > MAX_TURNS:
            yield page
            page = []
        page += unit
        left -= _length(unit)
    if page:
        yield page


def _length(elements: Sequence[Element]) -> int:
    return sum(len((one.speech if isinstance(one, Turn) else one.text).split()) for one in elements)


def _turns(elements: Sequence[Element]) -> int:
    return sum(isinstance(one, Turn) for one in elements)


def _page(where: Heading, elements: list[Element], *, staged: bool, losses: Losses) -> Page | None:
    dialog = tuple(Turn(one.cue, one.speech) for one in elements if isinstance(one, Turn))
    if not MIN_TURNS <= len(dialog) <= MAX_TURNS:
        losses["too few turns"] += 1
        return None
    if len(cast(dialog)) < 2:
        losses["one speaker"] += 1
        return None
    while isinstance(elements[-1], Heading):
        elements = elements[:-1]
    return Page(dialog, Script(tuple(_headed(where, elements))) if staged else None)


def _headed(where: Heading, elements: Sequence[Element]) -> Iterator[Element]:
    """Yield the elements under ``where``, of several headings in a row the last one."""
    following = [*elements[1:], None]
    if not isinstance(elements[0], Heading):
        yield where
    for one, after in zip(elements, following, strict=True):
        if not (isinstance(one, Heading) and isinstance(after, Heading)):
            yield one
