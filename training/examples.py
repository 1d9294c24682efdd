"""What is learnt from: entries of the four tasks (a brief and the draft it should bring) and plain prose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from model import tasks
from model.briefs import Brief, ScriptBrief
from model.drafts import DialogDraft, Draft, PitchDraft, ScriptDraft
from training.cleaning import key

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
