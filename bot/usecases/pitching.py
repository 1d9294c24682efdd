"""Open a slate, have it written, and take up what a crash left behind."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.app import App
from bot.stage import Place, Progress, slate_work
from bot.usecases import drafting, limits, moderating
from db import guilds, members, pitches, slates
from db.ids import GuildId, MemberId, SlateId
from db.slates import Slate
from model.briefs import MAX_SEED, PitchBrief, genre, theme
from model.drafts import PitchDraft
from model.engine import Drafted, EngineError, Finished, NothingOriginalError, Retracted, Text
from model.originality import normalise
from model.tasks import partial_pitch

log = structlog.get_logger()
_ROUNDS = 4
_ATTEMPTS = 2  # other slates may take all its titles while one is written


class CalledOffError(RuntimeError):
    """The slate was called off while it was written."""


class NotDraftingError(RuntimeError):
    """There is nothing to call off any more."""


class NotYoursError(PermissionError):
    """Only who asked for it, or a moderator, may do this."""


@dataclass(slots=True)
class _Sheet:
    """The slate while it is written, by round and slot; ``refused`` are titles pitched here before, by key.

    A text is shown once its title is complete and ``new``.
    """

    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    drafts: dict[tuple[int, int], PitchDraft] = field(default_factory=dict)
    new: dict[tuple[int, int], bool] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    dropped: int = 0
    model: str = ""
    coarse: bool = False

    def forget(self, slot: tuple[int, int]) -> None:
        self.texts.pop(slot, None)
        self.new.pop(slot, None)

    def forget_round(self, number: int) -> None:
        for slot in [slot for slot in self.texts if slot[0] == number]:
            self.forget(slot)
        self.drafts = {slot: draft for slot, draft in self.drafts.items() if slot[0] != number}

    def titles(self) -> tuple[str, ...]:
        return *(draft.title for draft in self.drafts.values()), *self.refused.values()

    def shown(self) -> Progress:
        return Progress(texts=tuple(text for slot, text in self.texts.items() if self.new.get(slot)))


async def open_slate(
    app: App,
    brief: PitchBrief,
    *,
    by: MemberId,
    guild: GuildId,
    place: Place | None = None,
    limited: bool = True,
    coarse: bool = False,
) -> Slate:
    """Store what is asked, with the ``place`` of its card, and set the writer to work; returns at once.

    Strong words are allowed where it may be ``coarse``.

    Raises:
        TooCoarseError: the theme's words are too coarse.
        NotWelcomeError: the member is blocked on this server.
        StillWritingError, EnoughTodayError: the member, or the server, has asked for enough; not if not ``limited``.
    """
    moderating.require_decent(brief.theme, coarse=coarse)
    channel_id, message_id = place or (None, None)
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        await moderating.require_welcome(session, guild, by)
        if limited:
            await limits.require_room(session, guild=guild, member=by, now=app.now())
        slate = await slates.create(
            session,
            guild_id=guild,
            asked_by=by,
            genre=brief.genre,
            theme=brief.theme,
            count=brief.count,
            seed=brief.seed,
            preset=brief.preset,
            coarse=coarse,
            now=app.now(),
            channel_id=channel_id,
            message_id=message_id,
        )
    start(app, slate.id)
    return slate


def again(app: App, slate: Slate, *, about: str | None = None) -> PitchBrief:
    """Return the brief of one more slate like this one, ``about`` the same or something else, with its own seed."""
    return PitchBrief(
        genre=genre(slate.genre),
        theme=theme(slate.theme if about is None else about),
        count=slate.count,
        seed=app.new_seed(),
        preset="bold" if slate.preset == "bold" else "tame",
    )


async def call_off(app: App, slate_id: SlateId, *, by: MemberId, moderator: bool = False) -> None:
    """End the writing of a slate; it stays as ``failed``.

    Raises:
        NotFoundError: no such slate.
        NotYoursError: somebody else asked for it, and ``by`` is no ``moderator``.
        NotDraftingError: it is written, or was called off before.
    """
    async with app.database.writing() as session:
        slate = await slates.lock(session, slate_id)
        if slate.asked_by != by and not moderator:
            raise NotYoursError
        if not await slates.fail(session, slate_id, reason=CalledOffError.__name__, now=app.now()):
            raise NotDraftingError
    app.crew.stop(slate_work(slate_id))


def start(app: App, slate_id: SlateId) -> None:
    """Have the slate written in the background; harmless if somebody is at it."""
    work = slate_work(slate_id)
    if app.crew.start(work, write_slate(app, slate_id)):
        app.stage.publish(work, Progress())


async def write_slate(app: App, slate_id: SlateId) -> None:
    """Write the pitches of a slate in ``drafting`` and open it to votes; failing leaves its reason in the row."""
    work = slate_work(slate_id)
    try:
        async with app.database.reading() as session:
            slate = await slates.get(session, slate_id)
        if slate.state != "drafting":
            return
        for _ in range(_ATTEMPTS):
            if await _store(app, slate, await _write(app, slate)):
                return
        raise NothingOriginalError
    except EngineError as error:
        log.warning("slate failed", slate=slate_id, error=type(error).__name__)
        async with app.database.writing() as session:
            await slates.fail(session, slate_id, reason=type(error).__name__, now=app.now())
    finally:
        app.stage.end(work)


async def _write(app: App, slate: Slate) -> _Sheet:
    sheet = _Sheet(coarse=slate.coarse)
    for number in range(_ROUNDS):
        missing = slate.count - len(sheet.drafts)
        if not missing:
            break
        brief = PitchBrief(
            genre=genre(slate.genre),
            theme=theme(slate.theme),
            count=missing,
            seed=(slate.seed + number) % (MAX_SEED + 1),
            avoid=sheet.titles(),
            preset="bold" if slate.preset == "bold" else "tame",
        )
        try:
            await _round(app, slate, brief, sheet, number)
        except NothingOriginalError:
            log.info("a round brought nothing", slate=slate.id, round=number)
    if not sheet.drafts:
        raise NothingOriginalError
    return sheet


async def _round(app: App, slate: Slate, brief: PitchBrief, sheet: _Sheet, number: int) -> None:
    work = slate_work(slate.id)
    async for event in drafting.events(app, work, brief, app.terms(slate.guild_id, slate.asked_by)):
        match event:
            case Text(index, text):
                slot = (number, index)
                sheet.texts[slot] = sheet.texts.get(slot, "") + text
                await _judge(app, sheet, slot)
            case Retracted(index):
                sheet.forget((number, index))
            case Drafted(index, PitchDraft() as draft):
                if not moderating.is_decent(f"{draft.title} {draft.summary}", coarse=sheet.coarse):
                    sheet.refused[normalise(draft.title)] = draft.title
                    sheet.forget((number, index))
                elif await _is_new(app, sheet, draft.title):
                    sheet.drafts[number, index] = draft
            case Finished():
                sheet.dropped += sum(event.dropped.get(reason, 0) for reason in ("taken", "repeated"))
                sheet.model = event.model
            case drafting.Restarted():
                sheet.forget_round(number)
        app.stage.publish(work, sheet.shown())


async def _judge(app: App, sheet: _Sheet, slot: tuple[int, int]) -> None:
    """Refuse a title that was pitched here before, as soon as it is complete: it is never shown."""
    title, _ = partial_pitch(sheet.texts[slot])
    if title is not None and slot not in sheet.new:
        decent = moderating.is_decent(title, coarse=sheet.coarse)
        sheet.new[slot] = decent and await _is_new(app, sheet, title)


async def _is_new(app: App, sheet: _Sheet, title: str) -> bool:
    key = normalise(title)
    if key not in sheet.refused:
        async with app.database.reading() as session:
            taken = await pitches.taken(session, [key])
        if taken:
            sheet.refused[key] = title
    return key not in sheet.refused


async def _store(app: App, slate: Slate, sheet: _Sheet) -> bool:
    """Open the slate with what is still new; ``False`` if nothing is."""
    now = app.now()
    async with app.database.writing() as session:
        if (await slates.lock(session, slate.id)).state != "drafting":
            return True  # another process was faster
        added = 0
        for draft in sheet.drafts.values():
            pitch = await pitches.add(
                session,
                slate_id=slate.id,
                slot=added,
                title=draft.title,
                title_key=normalise(draft.title),
                summary=draft.summary,
            )
            added += pitch is not None
        if not added:
            return False
        rule = await guilds.ensure(session, slate.guild_id)
        await slates.open_slate(
            session,
            slate.id,
            model=sheet.model,
            dropped=sheet.dropped + len(sheet.refused) + len(sheet.drafts) - added,
            now=now,
            closes_at=now + timedelta(hours=rule.voting_hours),
        )
    return True


async def resume(app: App) -> tuple[Slate, ...]:
    """Take up every slate that was being written when the bot stopped; return them."""
    async with app.database.reading() as session:
        left = await slates.unfinished(session)
    for slate in left:
        start(app, slate.id)
    return left
