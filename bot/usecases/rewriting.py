"""Have one line of a script said otherwise, and a member's own dialog staged; both survive a restart."""

from dataclasses import replace

import structlog

from bot.app import App
from bot.export import fountain
from bot.stage import Place, Progress, Work, staging_work
from bot.usecases import drafting, limits
from bot.usecases.moderating import require_welcome
from db import guilds, members, pitches, rewrites, scripts, stagings
from db.errors import NotFoundError
from db.ids import GuildId, MemberId, RewriteId, ScriptId, StagingId
from db.rewrites import Rewrite
from db.stagings import Staging
from model.briefs import Brief, LineBrief, StagingBrief
from model.drafts import ScriptDraft
from model.engine import Drafted, EngineError, Finished, NothingOriginalError, Terms
from model.screenplay import Script, Turn, lines, read_turns

log = structlog.get_logger()


class LineChangedError(RuntimeError):
    """Somebody else had the line said otherwise meanwhile."""


def rewrite_work(rewrite_id: RewriteId) -> Work:
    """Return the name of the rewriting of a line."""
    return Work(f"rewrite:{rewrite_id}")


async def spoken(app: App, script_id: ScriptId) -> dict[int, Turn]:
    """Return the spoken lines of a written script by their place among its elements.

    Raises:
        NotFoundError: no such script, or it is not written yet.
    """
    async with app.database.reading() as session:
        script = await scripts.get(session, script_id)
    page = _page(script)
    return {at: element for at, element in enumerate(page.elements) if isinstance(element, Turn)}


async def order_line(app: App, script_id: ScriptId, at: int, *, by: MemberId) -> Rewrite:
    """Order another speech for element ``at``; returns at once.

    Raises:
        NotFoundError: there is no such script, or no spoken line there.
        NotWelcomeError, EnoughPagesError: the member is blocked here, or has asked for enough.
    """
    async with app.database.writing() as session:
        await members.ensure(session, by)
        script = await scripts.get(session, script_id)
        turn = dict(enumerate(_page(script).elements)).get(at)
        if not isinstance(turn, Turn):
            raise NotFoundError("line", at)
        here = (await pitches.get(session, script.pitch_id)).guild_id
        await require_welcome(session, here, by)
        await limits.require_page(session, guild=here, member=by, now=app.now())
        ordered = await rewrites.order(
            session, script_id=script_id, at=at, was=turn.speech, seed=app.new_seed(), asked_by=by, now=app.now()
        )
    _start_line(app, ordered.id)
    return ordered


def _start_line(app: App, rewrite_id: RewriteId) -> None:
    work = rewrite_work(rewrite_id)
    if app.crew.start(work, _write_line(app, rewrite_id)):
        app.stage.publish(work, Progress())


async def _write_line(app: App, rewrite_id: RewriteId) -> None:
    try:
        async with app.database.reading() as session:
            ordered = await rewrites.get(session, rewrite_id)
            script = await scripts.get(session, ordered.script_id)
            pitch = await pitches.get(session, script.pitch_id)
        brief = LineBrief(
            title=pitch.title, summary=pitch.summary, script=_page(script), at=ordered.at, seed=ordered.seed
        )
        page, _ = await _drafted(app, rewrite_work(rewrite_id), brief, app.terms(pitch.guild_id, ordered.asked_by))
        await _replace(app, ordered, page.elements[ordered.at])
    except (EngineError, LineChangedError) as error:
        log.warning("line not rewritten", rewrite=rewrite_id, error=type(error).__name__)
        async with app.database.writing() as session:
            await rewrites.fail(session, rewrite_id, reason=type(error).__name__, now=app.now())
    finally:
        app.stage.end(rewrite_work(rewrite_id))


async def _replace(app: App, ordered: Rewrite, new: object) -> None:
    """Put the new speech into the script as it is now: other lines may have changed, this one may not."""
    assert isinstance(new, Turn)  # noqa: S101 - the writer answers with the same script but for this speech
    async with app.database.writing() as session:
        page = _page(await scripts.lock(session, ordered.script_id))
        now = page.elements[ordered.at]
        if not isinstance(now, Turn) or now.speech != ordered.was:
            raise LineChangedError
        changed = (*page.elements[: ordered.at], replace(now, speech=new.speech), *page.elements[ordered.at + 1 :])
        if await rewrites.finish(session, ordered.id, became=new.speech, now=app.now()):
            await scripts.rewrite(session, ordered.script_id, fountain.body(Script(changed)))


async def order_staging(app: App, dialog: str, *, by: MemberId, guild: GuildId, place: Place | None = None) -> Staging:
    """Order the scene of a member's own dialog, a turn a line (``NAME: what is said``); returns at once.

    ``place`` is where its card hangs: channel and message.

    Raises:
        NotAScriptError, BadBriefError: it is no dialog that can be staged.
        NotWelcomeError, EnoughPagesError: the member is blocked here, or has asked for enough.
    """
    brief = StagingBrief(dialog=read_turns(dialog), seed=app.new_seed())
    async with app.database.writing() as session:
        await members.ensure(session, by)
        await guilds.ensure(session, guild)
        await require_welcome(session, guild, by)
        await limits.require_page(session, guild=guild, member=by, now=app.now())
        ordered = await stagings.order(
            session,
            guild_id=guild,
            asked_by=by,
            dialog=lines(brief.dialog),
            seed=brief.seed,
            now=app.now(),
            place=place,
        )
    _start_staging(app, ordered.id)
    return ordered


async def staging(app: App, staging_id: StagingId) -> Staging:
    """Return a staging.

    Raises:
        NotFoundError: there is none.
    """
    async with app.database.reading() as session:
        return await stagings.get(session, staging_id)


async def rewritten(app: App, rewrite_id: RewriteId) -> Rewrite:
    """Return a rewrite.

    Raises:
        NotFoundError: there is none.
    """
    async with app.database.reading() as session:
        return await rewrites.get(session, rewrite_id)


def _start_staging(app: App, staging_id: StagingId) -> None:
    work = staging_work(staging_id)
    if app.crew.start(work, _write_staging(app, staging_id)):
        app.stage.publish(work, Progress())


async def _write_staging(app: App, staging_id: StagingId) -> None:
    try:
        ordered = await staging(app, staging_id)
        brief = StagingBrief(dialog=read_turns(ordered.dialog), seed=ordered.seed)
        terms = app.terms(ordered.guild_id, ordered.asked_by)
        page, model = await _drafted(app, staging_work(staging_id), brief, terms)
        async with app.database.writing() as session:
            await stagings.finish(session, staging_id, fountain=fountain.body(page), model=model, now=app.now())
    except EngineError as error:
        log.warning("dialog not staged", staging=staging_id, error=type(error).__name__)
        async with app.database.writing() as session:
            await stagings.fail(session, staging_id, reason=type(error).__name__, now=app.now())
    finally:
        app.stage.end(staging_work(staging_id))


async def _drafted(app: App, work: Work, brief: Brief, terms: Terms) -> tuple[Script, str]:
    page, model = None, ""
    async for event in drafting.events(app, work, brief, terms):
        match event:
            case Drafted(_, ScriptDraft(script)):
                page = script
            case Finished():
                model = event.model
    if page is None:
        raise NothingOriginalError
    return page, model


async def resume(app: App) -> tuple[Staging, ...]:
    """Take up every line and dialog that was being written when the bot stopped; return the dialogs."""
    async with app.database.reading() as session:
        left, more = await rewrites.unfinished(session), await stagings.unfinished(session)
    for each in left:
        _start_line(app, each.id)
    for one in more:
        _start_staging(app, one.id)
    return more


def _page(script: scripts.Script) -> Script:
    if not script.fountain:
        raise NotFoundError("written script", script.id)
    return fountain.read(script.fountain)
