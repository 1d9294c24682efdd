"""A writer without a model: scripted, or inventing from the seed; for tests, demos and first steps."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Final

from model.decoder import Chunk, Halt, Sampling
from model.inventions import written
from model.originality import TitleIndex
from model.tasks import Prompt
from model.writer import Writer

Write = Callable[[Prompt, int], str]
_REMEMBERED: Final = 100  # calls


class FakeDecoder:
    """A decoder whose rows are ``write(prompt, seed)``, the next of ``write`` in turn, or inventions.

    One step writes one word of every row; ``gate`` is awaited before each step, so that a test can hold it.
    ``asked`` holds the seeds of the last calls, ``steps`` counts, ``closed`` is set once a call was ended early.
    """

    def __init__(
        self,
        write: Write | Sequence[str] | None = None,
        *,
        name: str = "fake",
        gate: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._write = write
        self._name = name
        self._gate = gate
        self._served = 0
        self.asked: deque[tuple[int, ...]] = deque(maxlen=_REMEMBERED)
        self.steps = 0
        self.closed = asyncio.Event()

    @property
    def name(self) -> str:
        """What the record of every text says wrote it."""
        return self._name

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed, a word at a time; see :class:`model.decoder.Decoder`."""
        self.asked.append(tuple(seeds))
        rows = [self._words(prompt, seed) for seed in seeds]
        finished = False
        try:
            for step in range(max(map(len, rows), default=0)):
                await (self._gate() if self._gate else asyncio.sleep(0))
                self.steps += 1
                for row, words in enumerate(rows):
                    if step < min(len(words), sampling.max_tokens) and row not in halt.rows:
                        yield _chunk(row, words, step, sampling.max_tokens)
            finished = True
        finally:
            if not finished:
                self.closed.set()

    def _words(self, prompt: Prompt, seed: int) -> list[str]:
        return re.findall(r"\n|[^\S\n]*[^\s]+|[^\S\n]+", self._next(prompt, seed)) or [""]

    def _next(self, prompt: Prompt, seed: int) -> str:
        if self._write is None:
            return written(prompt, seed)
        if callable(self._write):
            return self._write(prompt, seed)
        self._served += 1
        return self._write[(self._served - 1) % len(self._write)]


def _chunk(row: int, words: list[str], step: int, max_tokens: int) -> Chunk:
    if step == len(words) - 1:
        return Chunk(row, words[step], 1, "stop")
    return Chunk(row, words[step], 1, "length" if step == max_tokens - 1 else None)


def fake_engine(taken: Iterable[str] = ()) -> Writer:
    """Return a writer over inventions, for whom the titles ``taken`` exist already."""
    return Writer(FakeDecoder(), TitleIndex.of(taken))
