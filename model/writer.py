"""From a brief to drafts: asks the decoder, reads along, throws out what is taken, and asks again."""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from model import tasks
from model.adapters import Store
from model.briefs import (
    MAX_TITLE,
    BadBriefError,
    Brief,
    DialogBrief,
    LineBrief,
    PitchBrief,
    ScriptBrief,
    StagingBrief,
    require_canonical,
)
from model.decoder import Chunk, Decoder, Halt, Remote, Sampling, Warm
from model.drafts import Draft, ScriptDraft
from model.dresser import Dresser
from model.engine import ANYHOW, Drafted, Event, Finished, NothingOriginalError, Retracted, Terms, Text
from model.genres import GenreWords
from model.grammar import grammar
from model.originality import TitleIndex, is_catalogued, normalise
from model.ranking import merit, typical
from model.staging import stage

SAMPLING: Final[Mapping[type[Brief], Sampling]] = MappingProxyType(
    {
        PitchBrief: Sampling(temperature=0.8, top_p=0.95, min_p=0.08, no_repeat=3, max_tokens=160),
        DialogBrief: Sampling(temperature=0.8, top_p=0.95, min_p=0.08, no_repeat=3, max_tokens=500),
        ScriptBrief: Sampling(temperature=0.8, top_p=0.95, min_p=0.08, no_repeat=3, max_tokens=600),
        LineBrief: Sampling(temperature=0.9, top_p=0.95, min_p=0.05, no_repeat=3, max_tokens=100),
        StagingBrief: Sampling(temperature=0.6, top_p=0.9, max_tokens=900),
    }
)
BOLD: Final = Sampling(temperature=1.05, top_p=0.98, min_p=0.03, no_repeat=3, max_tokens=160)
SPARE: Final = 3  # rows a round beyond those that are missing, at least; as many again if more are
JUDGED: Final = 16  # tokens of a pitch after which it is chosen or dropped
BOUND: Final = 6  # candidates judged for a pitch of a slate, at most
ATTEMPTS: Final = 3  # at a dialog or script
LINES: Final = 4  # speeches of which one is chosen


class Writer:
    """An engine over one decoder; ``titles`` are the shows that exist already, ``genres`` what words speak for."""

    def __init__(
        self, decoder: Decoder, titles: TitleIndex, genres: GenreWords | None = None, store: Store | None = None
    ) -> None:
        """Write with ``decoder`` and the adapters in ``store``.

        Raises:
            AdaptersUnsupportedError: there is a store, and the decoder can do nothing with it.
        """
        self.dresser = Dresser(decoder, store)
        self._titles = titles
        self._genres = genres

    @property
    def name(self) -> str:
        """The checkpoint (and adapter) that writes the next brief."""
        return self.dresser.name

    async def prepare(self) -> None:
        """Put on the active adapter and write a little, so that the first who asks does not wait for that.

        Raises:
            EngineError: the model cannot write.
        """
        await self.dresser.look()
        if isinstance(self.dresser.decoder, Warm):
            await self.dresser.decoder.warm()

    @property
    def remote(self) -> Remote | None:
        """The decoder, if what it is asked may wait in somebody else's line."""
        return self.dresser.decoder if isinstance(self.dresser.decoder, Remote) else None

    async def stream(self, brief: Brief, terms: Terms = ANYHOW, /) -> AsyncGenerator[Event]:
        """Yield events; see :class:`model.engine.Engine`. The same brief and adapter give the same drafts.

        Raises:
            AdapterMissingError, AdapterRefusedError: the adapter that is asked for cannot be worn.
            NothingOriginalError: no candidate was new and readable.
            PromptTooLongError: the brief does not fit into the model's context.
        """
        job = self._job(brief)
        prompt, sampling = tasks.prompt(brief), replace(_sampling(brief), grammar=grammar(brief))
        async with self.dresser.wearing(terms.adapter) as decoder:  # one adapter for all rounds
            while seeds := job.next_round():
                halt = Halt()
                async with aclosing(decoder.decode(prompt, seeds, sampling, halt)) as chunks:
                    async for chunk in chunks:
                        for event in job.read(chunk, halt):
                            yield event
            if not job.kept:
                raise NothingOriginalError
            yield Finished(model=decoder.name, computed=job.computed, kept=job.kept, dropped=dict(job.dropped))

    def _job(self, brief: Brief) -> "_Slate | _Line | _Page":
        match brief:
            case PitchBrief():
                return _Slate(brief, self._titles, self._genres)
            case LineBrief():
                return _Line(brief)
            case _:
                return _Page(brief)


def _sampling(brief: Brief) -> Sampling:
    return BOLD if isinstance(brief, PitchBrief) and brief.preset == "bold" else SAMPLING[type(brief)]


def _seed(seed: int, candidate: int) -> int:
    digest = hashlib.sha256(f"{seed}:{candidate}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


@dataclass(slots=True)
class _Row:
    text: str = ""
    tokens: int = 0
    likely: float = 0.0  # the sum of the log-probabilities
    begun: tuple[str, float, int] | None = None  # what there was when it could be judged: text, log-probability, tokens
    slot: int | None = None
    end: str | None = None


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
        row.likely += chunk.likely
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


class _Line(_Job):
    """One speech said otherwise: the best of ``LINES``, shown when all of them are written."""

    __slots__ = ("_brief",)

    def __init__(self, brief: LineBrief) -> None:
        super().__init__()
        self._brief = brief

    def next_round(self) -> tuple[int, ...]:
        """Return the seeds of the next attempt, or nothing when there is a speech or no attempt left."""
        return () if self.kept or self.candidates >= ATTEMPTS * LINES else self._seeds(self._brief.seed, LINES)

    def read(self, chunk: Chunk, halt: Halt) -> Iterator[Event]:
        """Yield the best speech when the last row has come to the end of its line."""
        row = self._hear(chunk)
        if chunk.row in halt.rows:
            return
        row.end = chunk.end or ("stop" if "\n" in row.text else None)
        if row.end is not None:
            halt.rows.add(chunk.row)
            if len(halt.rows) == len(self.rows):
                yield from self._best()

    def _best(self) -> Iterator[Event]:
        drafts = [(row, draft) for row in self.rows if (draft := self._draft(row))]
        self.dropped["unreadable"] += len(self.rows) - len(drafts)
        fresh = [(row, draft) for row, draft in drafts if draft.script != self._brief.script]
        self.dropped["repeated"] += len(drafts) - len(fresh)
        if fresh:
            row, draft = max(fresh, key=lambda one: typical(one[0].likely, one[0].tokens))
            self.kept = row.tokens
            self.dropped["surplus"] += len(fresh) - 1
            yield Text(0, row.text.removeprefix(" ").partition("\n")[0])
            yield Drafted(0, draft)

    def _draft(self, row: _Row) -> ScriptDraft | None:
        try:
            draft = tasks.parse(self._brief, row.text, finished=row.end == "stop")
        except tasks.UnreadableError:
            return None
        assert isinstance(draft, ScriptDraft)  # noqa: S101 -- what a line brief is parsed to
        return draft


class _Slate(_Job):
    """``count`` pitches with different titles, none of them taken, from at most ``BOUND`` times as many candidates.

    A round begins more rows than are missing. When each has ``JUDGED`` tokens, or its end, the best are seated and
    finished, and the others stopped.
    """

    __slots__ = ("_avoid", "_brief", "_genres", "_keys", "_titles")

    def __init__(self, brief: PitchBrief, titles: TitleIndex, genres: GenreWords | None) -> None:
        super().__init__()
        self._brief = brief
        self._genres = genres
        self._titles = titles
        self._avoid = frozenset(map(normalise, brief.avoid))
        self._keys: dict[int, str] = {}  # slot → key of the title that stands there

    def next_round(self) -> tuple[int, ...]:
        """Return seeds for what is missing and some to spare, or nothing when the slate or the bound is full."""
        missing = self._brief.count - len(self._keys)
        left = BOUND * self._brief.count - (self.candidates - self.dropped["surplus"])
        return self._seeds(self._brief.seed, min(missing + max(missing, SPARE), left)) if missing else ()

    def read(self, chunk: Chunk, halt: Halt) -> Iterator[Event]:
        """Yield what the chunk brings about: a row shows nothing before it was found new, and good enough."""
        row = self._hear(chunk)
        if chunk.row in halt.rows:
            return
        row.end = chunk.end
        if row.slot is not None:
            if chunk.text:
                yield Text(row.slot, chunk.text)
            yield from self._close(row, row.slot)
            return
        if (fate := self._fate(row)) != "new":
            self._drop(chunk.row, fate, halt)
        elif row.begun is None and (row.end is not None or row.tokens >= JUDGED):
            row.begun = row.text, row.likely, row.tokens  # others may be further by now, or not: it is judged by this
        if all(row.slot is not None or number in halt.rows or row.begun for number, row in self._rows()):
            yield from self._seat_best(halt)

    def _rows(self) -> Iterator[tuple[int, _Row]]:
        return iter(enumerate(self.rows))

    def _fate(self, row: _Row) -> str | None:
        title, _ = tasks.partial_pitch(row.text)
        if title is None:
            return "unreadable" if row.end is not None or len(row.text) > MAX_TITLE + 1 else None
        try:
            require_canonical("title", title)
        except BadBriefError:
            return "unreadable"
        if is_catalogued(title):
            return "unreadable"
        return "taken" if normalise(title) in self._avoid or self._titles.taken(title) else "new"

    def _drop(self, row: int, reason: str | None, halt: Halt) -> None:
        if reason is not None:
            self.dropped[reason] += 1
            halt.rows.add(row)

    def _seat_best(self, halt: Halt) -> Iterator[Event]:
        waiting = [(number, row) for number, row in self._rows() if row.slot is None and number not in halt.rows]
        waiting.sort(key=lambda one: -self._merit(one[1]))
        for number, row in waiting:
            title, _ = tasks.partial_pitch(row.text)
            key = normalise(title or "")
            if key in self._keys.values():
                self._drop(number, "repeated", halt)
            elif len(self._keys) == self._brief.count:
                self._drop(number, "surplus", halt)
            else:
                row.slot = next(slot for slot in range(self._brief.count) if slot not in self._keys)
                self._keys[row.slot] = key
                yield Text(row.slot, row.text)
                yield from self._close(row, row.slot)

    def _merit(self, row: _Row) -> float:
        text, likely, tokens = row.begun or (row.text, row.likely, row.tokens)
        fit = self._genres.fit(self._brief.genre, text) if self._genres else 0.0
        return merit(self._brief, text, likely, tokens, fit=fit)

    def _close(self, row: _Row, slot: int) -> Iterator[Event]:
        if row.end is None:
            return
        try:
            draft = tasks.parse(self._brief, row.text, finished=row.end == "stop")
        except tasks.UnreadableError:
            self.dropped["unreadable"] += 1
            del self._keys[slot]
            yield Retracted(slot)
        else:
            self.kept += row.tokens
            yield Drafted(slot, draft)
