"""From a brief to drafts: asks the decoder, reads along, throws out what is taken, and asks again."""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from model import tasks
from model.briefs import (
    MAX_TITLE,
    BadBriefError,
    Brief,
    DialogBrief,
    PitchBrief,
    ScriptBrief,
    StagingBrief,
    require_canonical,
)
from model.decoder import Chunk, Decoder, Halt, Sampling
from model.drafts import Draft, ScriptDraft
from model.engine import Drafted, Event, Finished, NothingOriginalError, Retracted, Text
from model.originality import TitleIndex, is_catalogued, normalise
from model.staging import stage

SAMPLING: Final[Mapping[type[Brief], Sampling]] = MappingProxyType(
    {
        PitchBrief: Sampling(temperature=0.7, top_p=0.9, max_tokens=160),
        DialogBrief: Sampling(temperature=0.8, top_p=0.9, max_tokens=400),
        ScriptBrief: Sampling(temperature=0.8, top_p=0.9, max_tokens=500),
        StagingBrief: Sampling(temperature=0.6, top_p=0.9, max_tokens=700),
    }
)
SPARE: Final = 3  # rows a round beyond those that are missing
BOUND: Final = 6  # candidates judged for a pitch of a slate, at most
ATTEMPTS: Final = 3  # at a dialog or script


class Writer:
    """An engine over one decoder; ``titles`` are the shows that exist already."""

    def __init__(self, decoder: Decoder, titles: TitleIndex) -> None:
        self._decoder = decoder
        self._titles = titles

    @property
    def name(self) -> str:
        """The checkpoint that writes."""
        return self._decoder.name

    async def stream(self, brief: Brief, /) -> AsyncGenerator[Event]:
        """Yield events; see :class:`model.engine.Engine`. The same brief gives the same drafts.

        Raises:
            NothingOriginalError: no candidate was new and readable.
            PromptTooLongError: the brief does not fit into the model's context.
        """
        job = _Slate(brief, self._titles) if isinstance(brief, PitchBrief) else _Page(brief)
        prompt, sampling = tasks.prompt(brief), SAMPLING[type(brief)]
        while seeds := job.next_round():
            halt = Halt()
            async with aclosing(self._decoder.decode(prompt, seeds, sampling, halt)) as chunks:
                async for chunk in chunks:
                    for event in job.read(chunk, halt):
                        yield event
        if not job.kept:
            raise NothingOriginalError
        yield Finished(model=self.name, computed=job.computed, kept=job.kept, dropped=dict(job.dropped))


def _seed(seed: int, candidate: int) -> int:
    digest = hashlib.sha256(f"{seed}:{candidate}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


@dataclass(slots=True)
class _Row:
    text: str = ""
    tokens: int = 0
    slot: int | None = None


@dataclass(slots=True)
class _Job:
    """What is common to slates and pages: seeds, rows and counts."""

    candidates: int = 0
    computed: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    rows: list[_Row] = field(default_factory=list)

    def _seeds(self, seed: int, count: int) -> tuple[int, ...]:
        first, self.candidates = self.candidates, self.candidates + count
        self.rows = [_Row() for _ in range(count)]
        return tuple(_seed(seed, candidate) for candidate in range(first, self.candidates))

    def _hear(self, chunk: Chunk) -> _Row:
        row = self.rows[chunk.row]
        row.text += chunk.text
        row.tokens += chunk.tokens
        self.computed += chunk.tokens
        return row


class _Page(_Job):
    """One dialog or script, in at most ``ATTEMPTS`` attempts."""

    __slots__ = ("_brief",)

    def __init__(self, brief: DialogBrief | ScriptBrief | StagingBrief) -> None:
        super().__init__()
        self._brief = brief

    def next_round(self) -> tuple[int, ...]:
        """Return the seed of the next attempt, or nothing when there is a draft or no attempt left."""
        return () if self.kept or self.candidates == ATTEMPTS else self._seeds(self._brief.seed, 1)

    def read(self, chunk: Chunk, _halt: Halt) -> Iterator[Event]:
        """Yield what the chunk brings about."""
        row = self._hear(chunk)
        if chunk.text:
            yield Text(0, chunk.text)
        if chunk.end is None:
            return
        try:
            draft = self._draft(row.text, finished=chunk.end == "stop")
        except tasks.UnreadableError:
            self.dropped["unreadable"] += 1
            yield Retracted(0)
        else:
            self.kept = row.tokens
            yield Drafted(0, draft)

    def _draft(self, written: str, *, finished: bool) -> Draft:
        draft = tasks.parse(self._brief, written, finished=finished)
        if isinstance(self._brief, StagingBrief) and isinstance(draft, ScriptDraft):
            return ScriptDraft(stage(self._brief.dialog, draft.script))
        return draft


class _Slate(_Job):
    """``count`` pitches with different titles, none of them taken, from at most ``BOUND`` times as many candidates."""

    __slots__ = ("_avoid", "_brief", "_keys", "_titles")

    def __init__(self, brief: PitchBrief, titles: TitleIndex) -> None:
        super().__init__()
        self._brief = brief
        self._titles = titles
        self._avoid = frozenset(map(normalise, brief.avoid))
        self._keys: dict[int, str] = {}  # slot → key of the title that stands there

    def next_round(self) -> tuple[int, ...]:
        """Return seeds for what is missing and some to spare, or nothing when the slate or the bound is full."""
        missing = self._brief.count - len(self._keys)
        left = BOUND * self._brief.count - (self.candidates - self.dropped["surplus"])
        return self._seeds(self._brief.seed, min(missing + SPARE, left)) if missing else ()

    def read(self, chunk: Chunk, halt: Halt) -> Iterator[Event]:
        """Yield what the chunk brings about: a row shows nothing before its title was found new."""
        row = self._hear(chunk)
        if chunk.row in halt.rows:
            return
        if row.slot is not None:
            if chunk.text:
                yield Text(row.slot, chunk.text)
        elif (fate := self._fate(row.text, ended=chunk.end is not None)) != "new":
            self._drop(chunk.row, fate, halt)
        else:
            row.slot = self._seat(row.text)
            self._halt_surplus(halt)
            yield Text(row.slot, row.text)
        if chunk.end is not None and row.slot is not None:
            yield self._close(row, row.slot, finished=chunk.end == "stop")

    def _fate(self, written: str, *, ended: bool) -> str | None:
        title, _ = tasks.partial_pitch(written)
        if title is None:
            return "unreadable" if ended or len(written) > MAX_TITLE + 1 else None
        try:
            require_canonical("title", title)
        except BadBriefError:
            return "unreadable"
        if is_catalogued(title):
            return "unreadable"
        key = normalise(title)
        if key in self._avoid or self._titles.taken(title):
            return "taken"
        return "repeated" if key in self._keys.values() else "new"

    def _drop(self, row: int, reason: str | None, halt: Halt) -> None:
        if reason is not None:
            self.dropped[reason] += 1
            halt.rows.add(row)

    def _seat(self, written: str) -> int:
        slot = next(slot for slot in range(self._brief.count) if slot not in self._keys)
        title, _ = tasks.partial_pitch(written)
        self._keys[slot] = normalise(title or "")
        return slot

    def _halt_surplus(self, halt: Halt) -> None:
        if len(self._keys) == self._brief.count:
            for number, row in enumerate(self.rows):
                if row.slot is None and number not in halt.rows:
                    self._drop(number, "surplus", halt)

    def _close(self, row: _Row, slot: int, *, finished: bool) -> Event:
        try:
            draft = tasks.parse(self._brief, row.text, finished=finished)
        except tasks.UnreadableError:
            self.dropped["unreadable"] += 1
            del self._keys[slot]
            return Retracted(slot)
        self.kept += row.tokens
        return Drafted(slot, draft)
