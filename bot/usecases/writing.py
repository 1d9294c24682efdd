"""Order a script for a greenlit pitch, have it written, and take up what a crash left behind."""

from dataclasses import replace

import structlog

from bot.app import App
from bot.export import fountain
from bot.stage import Progress, Work, script_work
from bot.usecases import drafting
from bot.usecases.moderating import require_welcome
from bot.usecases.synopsis import so_far
from db import members, pitches, scripts
from db.database import Session
from db.ids import MemberId, PitchId, ScriptId
from db.pitches import Pitch, PitchState
from db.scripts import Script
from model.briefs import ScriptBrief
from model.drafts import ScriptDraft
from model.engine import Drafted, EngineError, Finished, NothingOriginalError, Retracted, Terms, Text

log = structlog.get_logger()
FIRST_PAGE = 1


class NotGreenlitError(ValueError):
    """Only a greenlit pitch gets a script; this one is in ``state``."""

    def __init__(self, pitch: Pitch) -> None:
        super().__init__(f"{pitch.id} is {pitch.state}")
        self.title, self.state = pitch.title, pitch.state


def is_greenlit(pitch: Pitch) -> bool:
    """Say whether the community has chosen a pitch."""
    return pitch.state in {"greenlit", "scripted", "posted"}


async def order_script(app: App, pitch_id: PitchId, *, by: MemberId) -> Script:
    """Return the first page of a greenlit pitch, ordering it if nobody did; a failed one is tried again.

    Raises:
        NotFoundError: no such pitch.
        NotGreenlitError: the community has not chosen it.
    """
    async with app.database.writing() as session:
        await members.ensure(session, by)
        pitch = await pitches.get(session, pitch_id)
        await require_welcome(session, pitch.guild_id, by)
        if not is_greenlit(pitch):
            raise NotGreenlitError(pitch)
        script_id = await order_first_page(app, session, pitch_id, asked_by=by)
        script = await scripts.get(session, script_id)
    if script.state == "drafting":
        start(app, script.id)
    return script


async def order_first_page(app: App, session: Session, pitch_id: PitchId, *, asked_by: MemberId | None) -> ScriptId:
    """Put the order into the caller's transaction; :func:`start` it after the commit."""
    script = await scripts.order(
        session, pitch_id=pitch_id, part=FIRST_PAGE, seed=app.new_seed(), asked_by=asked_by, now=app.now()
    )
    return script.id


def start(app: App, script_id: ScriptId) -> None:
    """Have the script written in the background; harmless if somebody is at it."""
    work = script_work(script_id)
    if app.crew.start(work, write_script(app, script_id)):
        app.stage.publish(work, Progress())


async def write_script(app: App, script_id: ScriptId) -> None:
    """Write a script in ``drafting``; failing leaves its reason in the row."""
    work = script_work(script_id)
    try:
        async with app.database.reading() as session:
            script = await scripts.get(session, script_id)
            pitch = await pitches.get(session, script.pitch_id)
            parts = await scripts.of_pitch(session, script.pitch_id)
        if script.state != "drafting":
            return
        before = next((part.synopsis for part in parts if part.part == script.part - 1), None)
        brief = ScriptBrief(title=pitch.title, summary=before or pitch.summary, seed=script.seed)
        draft, model = await _write(app, work, brief, app.terms(pitch.guild_id, script.asked_by))
        async with app.database.writing() as session:
            await scripts.finish(
                session,
                script_id,
                fountain=fountain.body(draft.script),
                synopsis=so_far(pitch.summary, before, draft.script),
                model=model,
                now=app.now(),
            )
            await pitches.mark(session, pitch.id, PitchState.SCRIPTED, from_states=(PitchState.GREENLIT,))
    except EngineError as error:
        log.warning("script failed", script=script_id, error=type(error).__name__)
        async with app.database.writing() as session:
            await scripts.fail(session, script_id, reason=type(error).__name__, now=app.now())
    finally:
        app.stage.end(work)


async def _write(app: App, work: Work, brief: ScriptBrief, terms: Terms) -> tuple[ScriptDraft, str]:
    written, draft, model = "", None, ""
    async for event in drafting.events(app, work, brief, terms):
        match event:
            case Text(_, text):
                written += text
            case Retracted() | drafting.Restarted():
                written = ""
            case Drafted(_, ScriptDraft() as page):
                draft = page
            case Finished():
                model = event.model
        app.stage.publish(work, Progress(texts=(written,) if written else ()))
    if draft is None:
        raise NothingOriginalError
    return draft, model


async def resume(app: App) -> tuple[Script, ...]:
    """Take up every script that was being written when the bot stopped; return them."""
    async with app.database.reading() as session:
        left = await scripts.unfinished(session)
    for script in left:
        start(app, script.id)
    return left


async def set_thread(app: App, pitch_id: PitchId, thread_id: int | None) -> None:
    """Remember the thread where a show's pages hang, or that it is gone."""
    async with app.database.writing() as session:
        await pitches.set_thread(session, pitch_id, thread_id)


async def place(app: App, script: Script, *, channel_id: int, message_id: int) -> Script:
    """Remember on which message the script is shown."""
    async with app.database.writing() as session:
        await scripts.set_place(session, script.id, channel_id=channel_id, message_id=message_id)
    return replace(script, channel_id=channel_id, message_id=message_id)
