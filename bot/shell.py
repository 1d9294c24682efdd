"""What the shell commands ask of the writer directly, without worker or bot."""

from contextlib import aclosing
from typing import Any

from bot.app import random_seed
from bot.export import fountain
from bot.settings import BotSettings
from db import pitches
from db.database import Database
from db.ids import PitchId
from model.briefs import Brief, DialogBrief, ScriptBrief, StagingBrief, summary, title
from model.decoder import Decoder, Halt, Sampling
from model.drafts import DialogDraft, ScriptDraft
from model.engine import Engine, NothingOriginalError, generate
from model.screenplay import lines, read_turns
from model.tasks import Span

Facts = dict[str, Any]


async def script_brief(
    *,
    number: int | None,
    title: str | None,
    summary: str | None,
    dialog: str | None,
    only_dialog: bool,
    seed: int | None,
) -> Brief:
    """Return the brief that the options describe.

    Raises:
        BadBriefError, NotAScriptError: the text can't be used.
        StorageError: the pitch is not to be found.
    """
    seed = random_seed() if seed is None else seed
    if dialog is not None:
        return StagingBrief(dialog=read_turns(dialog), seed=seed)
    if number is not None:
        return await _remembered(number, seed, only_dialog=only_dialog)
    return _asked(title or "", summary or "", seed, only_dialog=only_dialog)


def _asked(name: str, about: str, seed: int, *, only_dialog: bool) -> Brief:
    kind = DialogBrief if only_dialog else ScriptBrief
    return kind(title=title(name), summary=summary(about), seed=seed)


async def _remembered(number: int, seed: int, *, only_dialog: bool) -> Brief:
    database = Database.connect(BotSettings().database())
    try:
        await database.check()
        async with database.reading() as session:
            pitch = await pitches.get(session, PitchId(number))
    finally:
        await database.close()
    return _asked(pitch.title, pitch.summary, seed, only_dialog=only_dialog)


async def write_script(engine: Engine, brief: Brief) -> Facts:
    """Return what the writer makes of the brief: ``text`` (Fountain, or a dialog's lines), ``cast`` and ``seed``.

    Raises:
        EngineError: nothing came of it.
    """
    drafts = await generate(engine, brief)
    match drafts:
        case (ScriptDraft(script), *_):
            return {"text": fountain.body(script), "cast": script.cast, "seed": brief.seed}
        case (DialogDraft(turns), *_):
            return {"text": lines(turns), "cast": sorted({turn.cue for turn in turns}), "seed": brief.seed}
        case _:
            raise NothingOriginalError


async def continue_text(
    decoder: Decoder, prefix: str, samples: int, sampling: Sampling, seed: int | None
) -> tuple[Facts, ...]:
    """Return ``samples`` continuations of ``prefix``, each with ``text``, ``seed`` and why it ended."""
    first = random_seed() if seed is None else seed
    seeds = range(first, first + samples)
    texts = ["" for _ in seeds]
    ends: list[str | None] = [None for _ in seeds]
    async with aclosing(decoder.decode((Span(prefix, foreign=True),), tuple(seeds), sampling, Halt())) as chunks:
        async for chunk in chunks:
            texts[chunk.row] += chunk.text
            ends[chunk.row] = chunk.end or ends[chunk.row]
    return tuple({"text": text, "seed": each, "end": end} for text, each, end in zip(texts, seeds, ends, strict=True))
