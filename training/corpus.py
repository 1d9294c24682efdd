"""What a run learns from: examples to train on, examples held out, and where they come from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, Final

from training.examples import Example, Passage, held_out
from training.records import Text

_SHARE: Final = 0.04  # of a single text, its end, that is kept for judging
_FEWEST: Final = 8  # works that are split by work


class EmptyCorpusError(ValueError):
    """There is nothing to learn from."""


class NothingHeldOutError(ValueError):
    """There is no text to judge a run by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Examples to train on and examples of other works to judge by; ``facts`` is whatever else is known of them.

    ``folder`` is where they are kept, if they are; digest and counts then stand in the facts.
    """

    train: Sequence[Example]
    held_out: Sequence[Example]
    facts: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        if not self.train and not self.held_out:
            raise EmptyCorpusError

    @property
    def digest(self) -> str:
        """A hash of every example, in order."""
        if "digest" in self.facts:
            return str(self.facts["digest"])
        seen = sha256()
        for example in (*self.train, *self.held_out):
            seen.update(f"{example.task}\0{example.prompt}\0{example.completion}\0".encode())
        return seen.hexdigest()

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the entries of each task, for training and held out."""
        if "counts" in self.facts:
            return dict(self.facts["counts"])
        return {
            "train": dict(Counter(example.task for example in self.train)),
            "held-out": dict(Counter(example.task for example in self.held_out)),
        }


def of_texts(texts: Iterable[Text]) -> Corpus:
    """Return plain texts as a corpus: split by work when there are enough of them, else the end of each is held out.

    Raises:
        EmptyCorpusError: there is no text.
    """
    passages = [Passage(work=text.work, text=text.text, source=text.source) for text in texts if text.text.strip()]
    if len({passage.work for passage in passages}) >= _FEWEST:
        kept = [passage for passage in passages if held_out(passage.work)] or passages[-1:]
        chosen = set(map(id, kept))
        return Corpus(train=[passage for passage in passages if id(passage) not in chosen], held_out=kept)
    pairs = [_cut(passage) for passage in passages]
    return Corpus(train=[first for first, _ in pairs], held_out=[last for _, last in pairs if last.text.strip()])


def _cut(passage: Passage) -> tuple[Passage, Passage]:
    """Part the end of a text off, at a line break if one is near."""
    at = len(passage.text) - ceil(len(passage.text) * _SHARE)
    at = max(passage.text.rfind("\n", at - at // 10, at) + 1, 0) or at
    return tuple(  # type: ignore[return-value]
        Passage(work=passage.work, text=text, source=passage.source) for text in (passage.text[:at], passage.text[at:])
    )
