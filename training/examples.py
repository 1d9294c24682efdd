"""What is learnt from: entries of the four tasks (a brief and the draft it should bring) and plain prose."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Final, Literal

from model import briefs, tasks
from model.briefs import Brief, DialogBrief, PitchBrief, ScriptBrief, StagingBrief, Theme
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from model.screenplay import Script, Turn
from training.cleaning import Show, key

Task = Literal["pitch", "dialog", "script", "staging", "prose"]
TASKS: Final[tuple[Task, ...]] = ("pitch", "dialog", "script", "staging", "prose")
_HELD_OUT: Final = 32  # one work in so many is never trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A brief and the draft it should bring; ``work`` is the play or title it comes from, ``source`` its data set."""

    work: str
    brief: Brief
    draft: Draft
    source: str = ""

    @property
    def task(self) -> Task:
        """Which of the four tasks this is."""
        match self.draft:
            case PitchDraft():
                return "pitch"
            case DialogDraft():
                return "dialog"
            case ScriptDraft():
                return "script" if isinstance(self.brief, ScriptBrief) else "staging"

    @property
    def prompt(self) -> str:
        """What the model reads; no loss is taken on it."""
        return tasks.text(tasks.prompt(self.brief))

    @property
    def completion(self) -> str:
        """What the model is to write."""
        return tasks.completion(self.draft)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of prose of the book ``work``, learnt whole."""

    work: str
    text: str
    source: str = ""

    task: Task = "prose"
    prompt: str = ""

    @property
    def completion(self) -> str:
        """The text itself."""
        return self.text


Example = Entry | Passage


def held_out(work: str) -> bool:
    """Say whether ``work`` is kept for judging; every spelling of a title falls on the same side."""
    return int(sha256(key(work).encode()).hexdigest()[:8], 16) % _HELD_OUT == 0


def pitches(shows: Sequence[Show], themes: Sequence[tuple[Theme, ...]], random: Random) -> Iterator[Entry]:
    """Yield one pitch a show that has a theme, its genre and theme drawn anew."""
    for show, found in zip(shows, themes, strict=True):
        if found:
            brief = PitchBrief(genre=random.choice(show.genres), theme=random.choice(found))
            yield Entry(work=show.title, brief=brief, draft=PitchDraft(title=show.title, summary=show.summary))


def passages(book: str, text: str, words: int = 180) -> Iterator[Passage]:
    """Yield the stretches of whole paragraphs, about ``words`` long, in which people talk."""
    for paragraphs in _stretches(text.split("\n\n"), words):
        talk = sum('"' in paragraph for paragraph in paragraphs)
        if talk * 2 >= len(paragraphs) and len(paragraphs) > 2:
            yield Passage(work=book, text="\n".join(paragraphs))


def _stretches(paragraphs: Iterable[str], words: int) -> Iterator[list[str]]:
    stretch: list[str] = []
    for paragraph in filter(None, (" ".join(part.split()) for part in paragraphs)):
        stretch.append(paragraph)
        if sum(len(part.split()) for part in stretch) >= words:
            yield stretch
            stretch = []


def page_entries(work: str, script: Script, logline: str) -> Iterator[Entry]:
    """Yield the page as a script and as a dialog from its logline, and as the staging of its dialog."""
    dialog = tuple(Turn(turn.cue, turn.speech) for turn in script.turns)
    title, summary = briefs.title(work), briefs.summary(logline)
    yield Entry(work=work, brief=ScriptBrief(title=title, summary=summary), draft=ScriptDraft(script))
    yield Entry(work=work, brief=DialogBrief(title=title, summary=summary), draft=DialogDraft(dialog))
    yield Entry(work=work, brief=StagingBrief(dialog=dialog), draft=ScriptDraft(script))
