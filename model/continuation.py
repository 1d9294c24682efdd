"""Any text continued by any decoder: as it is, without a task or a filter."""

import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

from model.briefs import MAX_SEED, EmptyTextError, OutOfRangeError
from model.decoder import Decoder, Halt, Sampling
from model.tasks import Span

End = Literal["stop", "length", "truncate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """What is continued, how often, how far and how.

    Raises:
        OutOfRangeError, EmptyTextError: a number or the mark makes no sense.
    """

    prefix: str = ""
    """The beginning; of one longer than the model sees at once it reads the end."""
    samples: int = 1
    """How many texts."""
    batch: int = 8
    """How many of them are written side by side; fewer need less memory."""
    length: int = 200
    """At most so many tokens each, also beyond what the model sees at once."""
    temperature: float = 0.8
    """Below 1 the likely is likelier still, above 1 less so; 0 always takes the likeliest."""
    top_k: int = 0
    """Draw from the so many likeliest tokens; 0 from all."""
    top_p: float = 0.95
    """Draw from the likeliest tokens that hold this much probability together; 0 or 1 from all."""
    truncate: str | None = None
    """End a text before this stands in it; what follows is not even computed."""
    include_prefix: bool = True
    """Give each text with its beginning."""
    seed: int | None = None
    """Of the first text; each further one has the next. By chance if absent."""

    def __post_init__(self) -> None:
        ranges = {"samples": (1, 100_000), "batch": (1, 1024), "length": (1, 100_000), "temperature": (0, 5)}
        for name, (low, high) in {**ranges, "top_k": (0, 1_000_000), "top_p": (0, 1)}.items():
            value = getattr(self, name)
            if not isfinite(value) or not low <= value <= high:
                raise OutOfRangeError(name.replace("_", "-"), value, low, high)
        last = MAX_SEED - self.samples + 1  # every text's own seed can be given again
        if self.seed is not None and not 0 <= self.seed <= last:
            raise OutOfRangeError("seed", self.seed, 0, last)
        if self.truncate == "":
            raise EmptyTextError("mark to truncate at")

    @property
    def sampling(self) -> Sampling:
        """How the decoder draws."""
        return Sampling(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p or 1.0,
            max_tokens=self.length,
            slide=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text, the seed that brings it again, and why it ended."""

    text: str
    seed: int
    end: End


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` continues the text of ``seed``; ``end`` says why it ended there, if it did."""

    seed: int
    text: str
    end: End | None = None


def seeded(asked: Continuation) -> Continuation:
    """Return ``asked`` with a seed, drawn by chance if it has none."""
    return asked if asked.seed is not None else replace(asked, seed=secrets.randbelow(MAX_SEED - asked.samples + 2))


async def pieces(decoder: Decoder, asked: Continuation) -> AsyncGenerator[Piece]:
    """Yield the continuations piece by piece as they are written, without the beginning.

    The same seed gives the same text, alone or among others.

    Raises:
        EngineError: the decoder cannot go on.
    """
    seeds = _seeds(asked)
    for start in range(0, len(seeds), asked.batch):
        async with aclosing(_batch(decoder, asked, seeds[start : start + asked.batch])) as batch:
            async for piece in batch:
                yield piece


async def continuations(decoder: Decoder, asked: Continuation) -> AsyncGenerator[Written]:
    """Yield every text once it is whole, in the order of the seeds.

    Raises:
        EngineError: the decoder cannot go on.
    """
    asked = seeded(asked)
    waited_for = iter(_seeds(asked))
    seed = next(waited_for)
    texts: defaultdict[int, str] = defaultdict(lambda: asked.prefix if asked.include_prefix else "")
    ended: dict[int, Written] = {}
    async with aclosing(pieces(decoder, asked)) as stream:
        async for piece in stream:
            texts[piece.seed] += piece.text
            if piece.end:
                ended[piece.seed] = Written(text=texts.pop(piece.seed), seed=piece.seed, end=piece.end)
            while seed in ended:
                yield ended.pop(seed)
                seed = next(waited_for, -1)


def _seeds(asked: Continuation) -> range:
    first = seeded(asked).seed
    assert first is not None  # noqa: S101 -- it has one now
    return range(first, first + asked.samples)


async def _batch(decoder: Decoder, asked: Continuation, seeds: range) -> AsyncGenerator[Piece]:
    halt = Halt()
    marks = [_Mark(asked.truncate) for _ in seeds]
    prompt = (Span(asked.prefix, foreign=True),)
    async with aclosing(decoder.decode(prompt, seeds, asked.sampling, halt)) as chunks:
        async for chunk in chunks:
            if chunk.row in halt.rows:
                continue
            shown, found = marks[chunk.row].add(chunk.text)
            if found:
                halt.rows.add(chunk.row)
                yield Piece(seeds[chunk.row], shown, "truncate")
            elif chunk.end:
                yield Piece(seeds[chunk.row], shown + marks[chunk.row].held, chunk.end)
            elif shown:
                yield Piece(seeds[chunk.row], shown)


class _Mark:
    """Looks for a string in a text that comes in pieces, and holds back what may be its beginning."""

    def __init__(self, mark: str | None) -> None:
        self._mark = mark
        self.held = ""

    def add(self, text: str) -> tuple[str, bool]:
        """Return what can be shown now, and whether the mark follows it."""
        if self._mark is None:
            return text, False
        shown, found, _ = (self.held + text).partition(self._mark)
        self.held = "" if found else self._beginning(shown)
        return shown[: len(shown) - len(self.held)], bool(found)

    def _beginning(self, text: str) -> str:
        """Return the longest end of ``text`` that is a beginning of the mark."""
        mark = self._mark or ""
        sizes = range(min(len(mark) - 1, len(text)), 0, -1)
        return next((text[-size:] for size in sizes if text.endswith(mark[:size])), "")
