"""A writer without a model: scripted, or inventing from the seed; for tests, demos and first steps."""

import asyncio
import copy
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zlib import crc32

from model import checkpoint
from model.decoder import Chunk, Halt, Sampling
from model.engines import AdapterMissingError
from model.inventions import written
from model.originality import TitleIndex
from model.tasks import Prompt
from model.writer import Writer

Write = Callable[[Prompt, int], str]
_REMEMBERED: Final = 100  # calls


@dataclass(slots=True)
class _Counts:
    """What a double and what it wears count together."""

    served: int = 0
    steps: int = 0
    loaded: set[str] = field(default_factory=set)


class FakeDecoder:
    """A decoder whose rows are ``write(prompt, seed)``, the next of ``write`` in turn, or inventions.

    One step writes one word of every row; ``gate`` is awaited before each step, so that a test can hold it.
    ``asked`` holds the seeds of the last calls, ``steps`` counts, ``closed`` is set once a call was ended early.
    An adapter is its name: with it the same seed gives another text.
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
        self._adapter: str | None = None
        self._counts = _Counts()
        self.asked: deque[tuple[int, ...]] = deque(maxlen=_REMEMBERED)
        self.closed = asyncio.Event()

    @property
    def name(self) -> str:
        """What the record of every text says wrote it."""
        return self._name if self._adapter is None else f"{self._name}+{self._adapter}"

    @property
    def steps(self) -> int:
        """How many steps were written, with adapters and without."""
        return self._counts.steps

    @property
    def loaded(self) -> frozenset[str]:
        """The adapters that can be worn."""
        return frozenset(self._counts.loaded)

    async def decode(
        self, prompt: Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        """Write one row a seed, a word at a time; see :class:`model.decoder.Decoder`.

        Raises:
            AdapterMissingError: what it wears was dropped.
        """
        self.asked.append(tuple(seeds))
        rows = [self._words(prompt, seed) for seed in seeds]
        finished = False
        try:
            for step in range(max(map(len, rows), default=0)):
                await (self._gate() if self._gate else asyncio.sleep(0))
                self._require_loaded(self._adapter)
                self._counts.steps += 1
                for row, words in enumerate(rows):
                    if step < min(len(words), sampling.max_tokens) and row not in halt.rows:
                        yield _chunk(row, words, step, sampling.max_tokens)
            finished = True
        finally:
            if not finished:
                self.closed.set()

    def wearing(self, adapter: str | None) -> "FakeDecoder":
        """Return this decoder with a loaded adapter, or with none; see :class:`model.decoder.Adaptable`."""
        self._require_loaded(adapter)
        worn = copy.copy(self)
        worn._adapter = adapter  # noqa: SLF001 - our own
        return worn

    async def load_adapter(self, folder: Path) -> str:
        """Load an adapter, of which all but its name is only checked; see :class:`model.decoder.Adaptable`."""
        manifest = await asyncio.to_thread(checkpoint.verify, folder)
        self._counts.loaded.add(manifest.name)
        return manifest.name

    async def drop_adapter(self, name: str) -> None:
        """Forget an adapter; see :class:`model.decoder.Adaptable`."""
        self._counts.loaded.discard(name)

    async def warm(self) -> None:
        """Do nothing: the first text takes no longer than others; see :class:`model.decoder.Warm`."""

    def _require_loaded(self, adapter: str | None) -> None:
        if adapter is not None and adapter not in self._counts.loaded:
            raise AdapterMissingError(adapter)

    def _words(self, prompt: Prompt, seed: int) -> list[str]:
        return re.findall(r"\n|[^\S\n]*[^\s]+|[^\S\n]+", self._next(prompt, self._own(seed))) or [""]

    def _own(self, seed: int) -> int:
        return seed if self._adapter is None else seed ^ crc32(self._adapter.encode())

    def _next(self, prompt: Prompt, seed: int) -> str:
        if self._write is None:
            return written(prompt, seed)
        if callable(self._write):
            return self._write(prompt, seed)
        self._counts.served += 1
        return self._write[(self._counts.served - 1) % len(self._write)]


def _chunk(row: int, words: list[str], step: int, max_tokens: int) -> Chunk:
    if step == len(words) - 1:
        return Chunk(row, words[step], 1, "stop")
    return Chunk(row, words[step], 1, "length" if step == max_tokens - 1 else None)


def fake_engine(taken: Iterable[str] = ()) -> Writer:
    """Return a writer over inventions, for whom the titles ``taken`` exist already."""
    return Writer(FakeDecoder(), TitleIndex.of(taken))
