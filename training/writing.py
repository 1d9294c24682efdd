"""What a model writes to a brief: rows straight from it, and drafts through the writer as a member gets them."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from model import tasks
from model.briefs import Brief, PitchBrief
from model.decoder import Chunk, Decoder, Halt, Sampling
from model.drafts import Draft, PitchDraft
from model.engine import Drafted, Finished, NothingOriginalError
from model.engines import PromptTooLongError
from model.genres import GenreWords
from model.originality import TitleIndex, normalise
from model.writer import SAMPLING, Writer

T = TypeVar("T")
Fate = Literal["kept", "unreadable", "taken", "repeated"]


@dataclass(frozen=True, slots=True)
class Row:
    """What the model wrote in one go, and whether it came to an end by itself."""

    text: str
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one brief: its drafts, and the rows that were written to their end, the first attempt first.

    ``computed`` and ``kept`` are tokens, 0 when nothing came of it. ``too_long``: it did not fit into the context.
    """

    brief: Brief
    drafts: tuple[Draft, ...]
    rows: tuple[Row, ...] = ()
    computed: int = 0
    kept: int = 0
    too_long: bool = False

    @property
    def wanted(self) -> int:
        """How many drafts the brief asks for."""
        return self.brief.count if isinstance(self.brief, PitchBrief) else 1


@dataclass(slots=True)
class _Overheard:
    """A decoder that notes what another one writes to its end."""

    decoder: Decoder
    rows: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.decoder.name

    async def decode(
        self, prompt: tasks.Prompt, seeds: Sequence[int], sampling: Sampling, halt: Halt, /
    ) -> AsyncGenerator[Chunk]:
        texts = ["" for _ in seeds]
        async with aclosing(self.decoder.decode(prompt, seeds, sampling, halt)) as chunks:
            async for chunk in chunks:
                texts[chunk.row] += chunk.text
                if chunk.end:
                    self.rows.append(Row(texts[chunk.row], chunk.end == "stop"))
                yield chunk


async def raw(decoder: Decoder, brief: PitchBrief, sampling: Sampling = SAMPLING[PitchBrief]) -> list[Row]:
    """Return one row a pitch, straight from the model; none when the brief does not fit into its context."""
    texts, ended = [""] * brief.count, ["length"] * brief.count
    seeds = [brief.seed * 100 + number for number in range(brief.count)]
    try:
        async for chunk in decoder.decode(tasks.prompt(brief), seeds, sampling, Halt()):
            texts[chunk.row] += chunk.text
            ended[chunk.row] = chunk.end or ended[chunk.row]
    except PromptTooLongError:
        return []
    return [Row(text, end == "stop") for text, end in zip(texts, ended, strict=True)]


def fate(brief: PitchBrief, row: Row, titles: TitleIndex, seen: set[str]) -> Fate:
    """Say what becomes of a raw row; its title is added to those ``seen`` when it is kept."""
    draft = read(brief, row)
    if not isinstance(draft, PitchDraft):
        return "unreadable"
    key = normalise(draft.title)
    if titles.taken(draft.title):
        return "taken"
    if key in seen:
        return "repeated"
    seen.add(key)
    return "kept"


def read(brief: Brief, row: Row) -> Draft | None:
    """Return the draft that ``row`` holds, None when it cannot be read."""
    try:
        return tasks.parse(brief, row.text, finished=row.finished)
    except tasks.UnreadableError:
        return None


async def answer(decoder: Decoder, titles: TitleIndex, brief: Brief, *, genres: GenreWords | None = None) -> Answer:
    """Return what the writer brings for ``brief`` as a member gets it; no drafts when it gives up."""
    overheard = _Overheard(decoder)
    drafts: dict[int, Draft] = {}
    computed = kept = 0
    too_long = False
    try:
        async for event in Writer(overheard, titles, genres).stream(brief):
            if isinstance(event, Drafted):
                drafts[event.slot] = event.draft
            elif isinstance(event, Finished):
                computed, kept = event.computed, event.kept
    except NothingOriginalError:
        drafts.clear()
    except PromptTooLongError:
        too_long = True
    return Answer(
        brief=brief,
        drafts=tuple(drafts[slot] for slot in sorted(drafts)),
        rows=tuple(overheard.rows),
        computed=computed,
        kept=kept,
        too_long=too_long,
    )


def to_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` comes to, also where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
